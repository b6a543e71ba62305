"""Necks that do not have seven vertebrae: no name is sure that no count can give."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from fusion.anatomy.joints import LEVELS
from fusion.dicom import choose_ct, read_volume, scan
from fusion.facets.anomalies import (
    levels_in_doubt,
    proposal_findings,
    proposed_anomalies,
    with_anomalies,
)
from fusion.facets.automatic.claims import Claim
from fusion.facets.automatic.locate import locate_in
from fusion.facets.automatic.neck import Neck, find_neck
from fusion.facets.localisation import Localisation, Numbering
from fusion.facets.spine_statements import Anomaly, SpineStatements
from fusion.findings import Severity
from fusion.geometry import Source, Volume
from sample_data import NeckParameters, ScanParameters
from sample_data.anatomy import build_anatomy, placed
from sample_data.scanner import acquire_ct, placement

pytestmark = pytest.mark.slow

WHOLE = ScanParameters(
    ct_shape=(105, 130, 130), ct_spacing_mm=(2.0, 1.4, 1.4), ct_top_mm=165.0, ct_noise_hu=25.0
)


@cache
def _seen(parameters: NeckParameters) -> tuple[Neck, dict[str, np.ndarray]]:
    """A neck, and the true centre of each of its left joints by the level counted from C2."""
    anatomy = build_anatomy(parameters)
    image = acquire_ct(anatomy, parameters, WHOLE)
    ct = Volume(
        image.grid, image.stored, 1.0, 0.0, "HU", Source("1.1", "1.2", "1.1", ("1.3",), "CT", "sim")
    )
    truth = {
        j.level: placed(j.center, placement(parameters))
        for j in anatomy.spine.joints
        if j.side == "left"
    }
    return find_neck(ct), truth


def _places(found: Localisation, truth: dict[str, np.ndarray]) -> dict[str, tuple[str, Numbering]]:
    """Level as reported to the true level of the nearest joint, and how sure its name is."""
    return {
        f.joint.level: (
            min(truth, key=lambda level: np.linalg.norm(truth[level] - f.center_lps)),
            f.numbering,
        )
        for f in found.facets
        if f.center_lps is not None and f.joint.side.value == "left"
    }


@pytest.mark.parametrize(
    ("segmentation", "kind", "sure", "last"),
    [
        ("missing", "missing segment", ("C2-C3", "C3-C4", "C4-C5", "C5-C6"), "C6-T1"),
        pytest.param(
            "extra",
            "extra segment",
            ("C2-C3", "C3-C4", "C4-C5", "C5-C6", "C6-C7"),
            "C7-C8",
            marks=pytest.mark.thorough,
        ),
    ],
)
def test_a_recorded_count_keeps_what_c2_gives_and_doubts_the_rest(segmentation, kind, sure, last):
    neck, truth = _seen(NeckParameters(seed=307, segmentation=segmentation))
    unrecorded = locate_in(neck)
    assert unrecorded.numbering is Numbering.PROVISIONAL
    found = locate_in(neck, SpineStatements(anomalies=(Anomaly(kind),)))
    places = _places(found, truth)
    for level in sure:
        assert places[level] == (level, Numbering.SURE)
    doubtful = LEVELS[LEVELS.index(sure[-1]) + 1]
    assert places[doubtful] == (last, Numbering.PROVISIONAL)
    assert places["C7-T1"][1] is Numbering.PROVISIONAL
    assert found.numbering is Numbering.PROVISIONAL
    finding = next(f for f in found.findings if f.code == "anomaly-recorded")
    assert finding.severity is Severity.WARNING
    assert doubtful in finding.message
    assert "counted down from C2" in finding.message


def test_a_click_on_c2_does_not_name_what_an_extra_vertebra_shifts():
    neck, truth = _seen(NeckParameters(seed=308, segmentation="extra"))
    c2 = (truth["C1-C2"] + truth["C2-C3"]) / 2 - (16, 4, 0)
    found = locate_in(neck, SpineStatements({"C2": c2}, anomalies=(Anomaly("extra segment"),)))
    places = _places(found, truth)
    assert places["C6-C7"] == ("C6-C7", Numbering.CONFIRMED)
    assert places["C7-T1"] == ("C7-C8", Numbering.PROVISIONAL)


def test_a_recorded_cervical_rib_takes_the_ribs_out_of_the_count():
    neck, truth = _seen(NeckParameters(seed=306, cervical_ribs=("left", "right")))
    assert locate_in(neck).numbering is Numbering.PROVISIONAL
    found = locate_in(neck, SpineStatements(anomalies=(Anomaly("cervical rib"),)))
    # C2 is in the field and plain: what the ribs say is not needed.
    assert found.numbering is Numbering.SURE
    assert all(level == true for level, (true, _) in _places(found, truth).items())
    ribs = next(piece for piece in found.evidence if piece.source == "first ribs")
    assert ribs.weight <= 0.5
    assert ribs.agrees is not False
    assert "of C7 or of T1" in ribs.saw


@pytest.mark.parametrize(
    ("kinds", "clicked", "expected"),
    [
        ((), (), ()),
        (("cervical rib",), (), ()),
        (("extra segment",), (), ("C7-T1",)),
        (("missing segment",), (), ("C6-C7", "C7-T1")),
        (("missing segment",), ("C4",), ("C6-C7", "C7-T1")),
        (("missing segment", "extra segment"), (), ("C6-C7", "C7-T1")),
        # A click below the change vouches for its own two levels only.
        (("missing segment",), ("C7",), LEVELS[:6]),
        (("extra segment",), ("T1",), LEVELS[:7]),
        (("extra segment",), ("C2", "T1"), ()),
    ],
)
def test_which_names_are_in_doubt(kinds, clicked, expected):
    assert levels_in_doubt([Anomaly(kind) for kind in kinds], clicked) == expected


def test_what_lies_below_is_no_evidence_when_the_count_is_not_seven():
    below = Claim("first ribs", "C7-T1", 30.0, 5.0, 2.5, "ribs")
    above = Claim("dens and atlas", "C1-C2", 130.0, 5.0, 2.5, "dens")
    assert with_anomalies((below, above), [Anomaly("extra segment")]) == (above,)
    assert with_anomalies((below, above), [Anomaly("fused", "C5-C6")]) == (below, above)


# --- what the program proposes ------------------------------------------------------------------


def test_ribs_at_c7_are_proposed_and_taking_it_makes_the_neck_sure():
    neck, _ = _seen(NeckParameters(seed=306, cervical_ribs=("left", "right")))
    found = locate_in(neck)
    proposed = {one.anomaly.name for one in found.proposed}
    assert "cervical rib" in proposed
    # Nothing is set: the numbering is what it was without a proposal.
    assert found.numbering is Numbering.PROVISIONAL
    said = next(f for f in found.findings if f.code == "anomaly-proposed")
    assert "has set none: cervical rib" in said.message
    [said] = found.to_json()["proposed_anomalies"][:1]
    assert (said["anomaly"], set(said)) == ("cervical rib", {"anomaly", "level", "why"})
    taken = locate_in(neck, SpineStatements(anomalies=(Anomaly("cervical rib"),)))
    assert not [one for one in taken.proposed if one.anomaly.kind != "fused"]
    assert taken.numbering is Numbering.SURE


@pytest.mark.parametrize(
    ("suggested", "solid", "recorded", "expected"),
    [
        ((), (), (), []),
        (("cervical rib", "missing segment"), (), (), ["cervical rib", "missing segment"]),
        (
            ("extra segment",),
            ("C5-C6", "C3-C4"),
            (),
            ["extra segment", "fused C3-C4", "fused C5-C6"],
        ),
        (("cervical rib",), ("C5-C6",), (Anomaly("fused", "C5-C6"),), ["cervical rib"]),
    ],
)
def test_what_is_recorded_is_not_proposed_again(suggested, solid, recorded, expected):
    proposed = proposed_anomalies(suggested, "the ribs", solid, recorded)
    assert [one.anomaly.name for one in proposed] == expected
    reasons = {one.why for one in proposed}
    assert len(proposal_findings(proposed)) == len(reasons)


def test_a_real_neck_with_ribs_at_c7(shared_data):
    """The left rib and right bar of a real C7 are proposed, never set, and explain the count."""
    chosen, _ = choose_ct(scan(str(shared_data / "ct_planning_cervical_ribs")))
    neck = find_neck(read_volume(chosen))
    found = locate_in(neck)
    assert [one.anomaly.kind for one in found.proposed] == ["cervical rib", "missing segment"]
    assert found.numbering is Numbering.PROVISIONAL
    taken = locate_in(neck, SpineStatements(anomalies=(Anomaly("cervical rib"),)))
    assert (taken.numbering, taken.proposed) == (Numbering.SURE, ())
    six = locate_in(neck, SpineStatements(anomalies=(Anomaly("missing segment"),)))
    by_level = {f.joint.level: f.numbering for f in six.facets}
    assert by_level["C5-C6"] is Numbering.SURE
    assert by_level["C6-C7"] is by_level["C7-T1"] is Numbering.PROVISIONAL
