"""Joints on simulated CTs whose truth is known, and on CTs that nobody here made."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from fusion.anatomy.joints import JOINTS, LEVELS, Joint, Side
from fusion.cli import main
from fusion.dicom.candidate import read_volume
from fusion.dicom.catalog import scan as scan_folder
from fusion.dicom.pairing import choose_ct
from fusion.errors import FusionError
from fusion.facets.automatic.locate import locate, locate_in, weakest
from fusion.facets.automatic.neck import Neck, find_neck
from fusion.facets.localisation import Localisation, Numbering, Status
from fusion.facets.spine_statements import Anomaly, SpineStatements
from fusion.geometry import Grid, Source, Volume
from sample_data import NeckParameters, ScanParameters
from sample_data.anatomy import build_anatomy, placed
from sample_data.scanner import acquire_ct, placement

pytestmark = pytest.mark.slow

COARSE = ScanParameters(
    ct_shape=(105, 130, 130), ct_spacing_mm=(2.0, 1.4, 1.4), ct_top_mm=165.0, ct_noise_hu=25.0
)
LOW_FIELD = ScanParameters(
    ct_shape=(60, 130, 130), ct_spacing_mm=(2.0, 1.4, 1.4), ct_top_mm=68.0, ct_noise_hu=25.0
)


@cache
def _neck(parameters: NeckParameters, scan: ScanParameters) -> Neck:
    """What every numbering of a simulated neck begins from."""
    neck = find_neck(_taken(parameters, scan)[0])
    assert neck is not None
    return neck


@cache
def _taken(neck: NeckParameters, scan: ScanParameters) -> tuple[Volume, dict]:
    anatomy = build_anatomy(neck)
    image = acquire_ct(anatomy, neck, scan)
    source = Source("1.1", "1.2", "1.1", ("1.3",), "CT", "simulated")
    ct = Volume(image.grid, image.stored, 1.0, 0.0, "HU", source)
    truth = {(j.level, j.side): placed(j.center, placement(neck)) for j in anatomy.spine.joints}
    return ct, truth


@cache
def _simulated(neck: NeckParameters, scan: ScanParameters) -> tuple[Volume, dict, Localisation]:
    ct, truth = _taken(neck, scan)
    return ct, truth, locate(ct)


def _errors(found: Localisation, truth: dict) -> np.ndarray:
    return np.array(
        [
            np.linalg.norm(f.center_lps - truth[f.joint.level, f.joint.side.value])
            for f in found.facets
            if f.joint.is_zygapophysial
            and f.center_lps is not None
            and (f.joint.level, f.joint.side.value) in truth
        ]
    )


def test_every_joint_of_a_whole_neck_is_found_and_sure():
    _, truth, found = _simulated(NeckParameters(seed=301), COARSE)
    assert found.numbering is Numbering.SURE
    assert [f.joint for f in found.facets] == list(JOINTS)
    assert all(f.status is Status.FOUND for f in found.facets if f.joint.is_zygapophysial)
    assert np.median(_errors(found, truth)) < 1.5
    assert _errors(found, truth).max() < 4
    agreeing = [e for e in found.evidence if e.agrees]
    assert len({e.source for e in agreeing}) >= 2


@pytest.mark.parametrize(
    ("neck", "scan"),
    [
        (NeckParameters(seed=302, rotation_deg=22.0, tilt_deg=12.0), COARSE),
        pytest.param(
            NeckParameters(seed=303, shape="kyphotic", size=0.87, bone_hu=0.55),
            COARSE,
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            NeckParameters(seed=304, flexion_deg=8.0, size=1.1),
            ScanParameters(
                ct_shape=(46, 150, 150),
                ct_spacing_mm=(5.0, 1.4, 1.4),
                ct_top_mm=165.0,
                position="FFS",
            ),
            marks=pytest.mark.thorough,
        ),
        (NeckParameters(seed=306, cervical_ribs=("left", "right")), LOW_FIELD),
        pytest.param(
            NeckParameters(seed=307, segmentation="missing"), COARSE, marks=pytest.mark.thorough
        ),
    ],
)
def test_levels_are_right_or_provisional(neck, scan):
    _, truth, found = _simulated(neck, scan)
    errors = _errors(found, truth)
    assert len(errors) >= 4
    # Neighbouring joints lie 13 mm apart or more.
    wrong = np.median(errors) > 6.5
    assert not (wrong and found.numbering is Numbering.SURE)
    if found.numbering is Numbering.SURE:
        assert errors.max() < 6.5
    else:
        # One of the two says it in words: for the neck, or for the levels that it names.
        assert {"numbering-provisional", "count-breaks"} & {f.code for f in found.findings}


@pytest.mark.parametrize("cut", [False, True])
def test_a_vertebra_cut_out_of_a_neck_that_is_turned_afterwards_is_not_counted_across(cut):
    ct, truth, _ = _simulated(NeckParameters(seed=301), COARSE)
    ends = [
        round(float(ct.grid.to_kji(truth[level, "left"] * [0, 0, 1])[0]))
        for level in ("C5-C6", "C6-C7")
    ]
    kept = np.r_[0 : min(ends), max(ends) : len(ct.stored)] if cut else np.arange(len(ct.stored))
    stored = ct.stored[kept].astype(np.float32)
    for degrees, axes in ((9.0, (0, 1)), (-8.0, (0, 2))):
        stored = ndimage.rotate(stored, degrees, axes, reshape=False, order=1, cval=-1000.0)
    grid = Grid(stored.shape, ct.grid.affine, ct.grid.frame_of_reference_uid)
    neck = find_neck(Volume(grid, stored.astype(np.int16), 1.0, 0.0, "HU", ct.source))
    assert neck is not None
    assert not len(neck.rhythm.breaks_mm)  # no two slices are no neighbours any more
    assert len(neck.rhythm.seams_mm) == int(cut)
    found = locate_in(neck)
    assert found.numbering is (Numbering.PROVISIONAL if cut else Numbering.SURE)
    assert ("slices-break" in {f.code for f in found.findings}) == cut


def test_side_is_told_from_the_midline_of_the_level_not_from_the_image():
    neck = NeckParameters(seed=302, rotation_deg=22.0, tilt_deg=12.0)
    ct, truth, found = _simulated(neck, COARSE)
    for facet in found.facets:
        if facet.center_lps is None:
            continue
        right = truth[facet.joint.level, facet.joint.side.value]
        other = truth[facet.joint.level, "right" if facet.joint.side is Side.LEFT else "left"]
        assert np.linalg.norm(facet.center_lps - right) < np.linalg.norm(facet.center_lps - other)
    # The bend carries joints of the right side across the middle of the image.
    middle_x = ct.grid.center_lps[0]
    upper = found.facet("C2-C3", "right")
    assert upper.center_lps[0] > middle_x - 12
    assert found.midline_lps["C2-C3"][0] > middle_x + 3


def test_what_lies_outside_the_field_is_said_to():
    _, _, found = _simulated(NeckParameters(seed=305), LOW_FIELD)
    outside = {f.joint.level for f in found.facets if f.status is Status.OUTSIDE}
    assert {"C0-C1", "C1-C2", "C2-C3"} <= outside
    assert all(f.center_lps is None for f in found.facets if f.status is Status.OUTSIDE)


def test_a_click_moves_every_level_and_nothing_overrides_it():
    _, truth = _taken(NeckParameters(seed=301), COARSE)
    neck = _neck(NeckParameters(seed=301), COARSE)
    body = (truth["C4-C5", "left"] + truth["C5-C6", "right"]) / 2
    confirmed = locate_in(neck, SpineStatements({"C5": body}))
    assert confirmed.numbering is Numbering.CONFIRMED
    assert np.median(_errors(confirmed, truth)) < 1.5
    # The reader says that this vertebra is C6: against all evidence, it is.
    moved = locate_in(neck, SpineStatements({"C6": body}))
    assert moved.facet("C5-C6", "left").numbering is Numbering.CONFIRMED
    # What would have to be C2-C3 is no joint that the count reaches, and the dens says otherwise.
    assert moved.facet("C2-C3", "left").numbering is Numbering.PROVISIONAL
    assert "click-contradicted" in {f.code for f in moved.findings}
    for upper, lower in (("C4-C5", "C3-C4"), ("C5-C6", "C4-C5"), ("C6-C7", "C5-C6")):
        shifted = moved.facet(upper, "left").center_lps
        assert np.linalg.norm(shifted - truth[lower, "left"]) < 6


def test_naming_a_vertebra_that_is_named_so_takes_nothing_from_what_is_sure(monkeypatch):
    """Below a level in doubt the click says what the count cannot; above it the dens does."""
    _, truth, plain = _simulated(NeckParameters(seed=301), COARSE)
    neck = _neck(NeckParameters(seed=301), COARSE)
    assert plain.numbering is Numbering.SURE
    monkeypatch.setattr("fusion.facets.automatic.locate._astray", lambda *_: {"C4-C5"})
    levels = ("C2-C3", "C3-C4", "C4-C5", "C5-C6", "C6-C7", "C7-T1")

    def states(said: SpineStatements) -> list[Numbering]:
        found = locate_in(neck, said)
        return [found.facet(level, "left").numbering for level in levels]

    sure, doubt, confirmed = Numbering.SURE, Numbering.PROVISIONAL, Numbering.CONFIRMED
    right = {"C7": (truth["C6-C7", "left"] + truth["C7-T1", "right"]) / 2}
    assert states(SpineStatements()) == [sure, sure, doubt, doubt, doubt, doubt]
    assert states(SpineStatements(right)) == [sure, sure, doubt, confirmed, confirmed, confirmed]
    # After a name that moves the levels, and names that disagree, nothing of that is left.
    moved = {"C6": (truth["C4-C5", "left"] + truth["C5-C6", "right"]) / 2}
    disagree = {"C3": right["C7"], "C6": truth["C3-C4", "left"]}
    assert sure not in states(SpineStatements(moved)) + states(SpineStatements(disagree))
    found = locate_in(neck, SpineStatements(right))
    (breaks,) = [f.message for f in found.findings if f.code == "count-breaks"]
    assert breaks.startswith("C4-C5: ")
    # What rests on the click in part is not called sure as a whole.
    assert found.numbering is doubt
    assert weakest([f for f in found.facets if f.joint.level != "C4-C5"]) is confirmed
    assert weakest([f for f in found.facets if f.joint.level in levels[:2]]) is sure


def test_clicks_that_disagree_are_not_believed():
    _, truth = _taken(NeckParameters(seed=301), COARSE)
    neck = _neck(NeckParameters(seed=301), COARSE)
    low, high = truth["C6-C7", "left"], truth["C3-C4", "left"]
    found = locate_in(neck, SpineStatements({"C3": low, "C6": high}))
    assert found.numbering is Numbering.PROVISIONAL
    assert "clicks-disagree" in {f.code for f in found.findings}


def test_a_click_that_settles_nothing_confirms_nothing(monkeypatch):
    _, truth = _taken(NeckParameters(seed=305), LOW_FIELD)
    neck = _neck(NeckParameters(seed=305), LOW_FIELD)
    click = {"C7": (truth["C5-C6", "left"] + truth["C6-C7", "right"]) / 2}
    believed = locate_in(neck, SpineStatements(click)).facet("C6-C7", "left")
    assert believed.numbering is Numbering.CONFIRMED
    monkeypatch.setattr("fusion.facets.automatic.naming.numbering.unsettled_click", lambda *_: "C7")
    found = locate_in(neck, SpineStatements(click))
    assert found.facet("C6-C7", "left").numbering is Numbering.PROVISIONAL
    said = next(f.message for f in found.findings if f.code == "numbering-provisional")
    assert "C7 was named high up, where no dens is seen" in said


def test_a_click_near_the_end_of_a_vertebra_confirms_nothing():
    _, truth = _taken(NeckParameters(seed=305), LOW_FIELD)
    neck = _neck(NeckParameters(seed=305), LOW_FIELD)
    upper, lower = (
        (truth[level, "left"] + truth[level, "right"]) / 2 for level in ("C5-C6", "C6-C7")
    )
    # In the canal, at the height of the disc above C6.
    found = locate_in(neck, SpineStatements({"C6": upper - 0.15 * (upper - lower)}))
    assert found.facet("C6-C7", "left").numbering is Numbering.PROVISIONAL
    said = next(f.message for f in found.findings if f.code == "numbering-provisional")
    assert "C6 was named so near to its end that the next vertebra may be meant" in said


def test_recorded_fusion_marks_both_joints():
    neck = _neck(NeckParameters(seed=305), LOW_FIELD)
    found = locate_in(neck, SpineStatements(anomalies=(Anomaly("fused", "C6-C7"),)))
    assert [found.facet("C6-C7", side).status for side in Side] == [Status.FUSED] * 2
    assert "anomaly-recorded" in {f.code for f in found.findings}


def test_a_field_without_spine_reports_nothing():
    ct, _, _ = _simulated(NeckParameters(seed=305), LOW_FIELD)
    empty = Volume(ct.grid, np.full_like(ct.stored, 40), 1.0, 0.0, "HU", ct.source)
    found = locate(empty)
    assert {f.status for f in found.facets} == {Status.NOT_FOUND}
    assert [f.code for f in found.findings] == ["no-spine-found"]


@pytest.mark.thorough
def test_numbering_again_gives_what_one_go_gives():
    ct, truth, at_once = _simulated(NeckParameters(seed=305), LOW_FIELD)
    neck = find_neck(ct)
    clicks = {"C7": (truth["C5-C6", "left"] + truth["C6-C7", "right"]) / 2}
    anomaly = Anomaly("fused", "C6-C7")
    numbered = locate_in(neck, SpineStatements(clicks, anomalies=(anomaly,)))
    again = locate_in(neck)  # nothing is left over from what was said before
    for found, expected in (
        (numbered, locate(ct, SpineStatements(clicks, anomalies=(anomaly,)))),
        (again, at_once),
    ):
        assert found.to_json() == expected.to_json()
        for one, other in zip(found.facets, expected.facets, strict=True):
            np.testing.assert_equal(one.center_lps, other.center_lps)
    assert numbered.to_json() != again.to_json()


def test_a_moved_joint_knows_that_it_was_and_the_others_do_not_change():
    _, _, found = _simulated(NeckParameters(seed=301), COARSE)
    joint = Joint("C5-C6", Side.LEFT)
    before = found.facet("C5-C6", "left")
    place = before.center_lps + np.array([1.0, 2.0, -3.0])
    moved = found.with_moved({joint: place})
    after = moved.facet("C5-C6", "left")
    np.testing.assert_array_equal(after.center_lps, place)
    assert (after.source, after.localisation_mm) == ("dragged by the reader", 3.0)
    assert after.numbering is before.numbering
    others = [(a, b) for a, b in zip(moved.facets, found.facets, strict=True) if a.joint != joint]
    assert all(a is b for a, b in others)
    assert [f.code for f in moved.findings if f not in found.findings] == ["joints-moved"]
    assert found.with_moved({}) is found


def test_a_joint_that_was_not_found_can_be_marked():
    _, _, found = _simulated(NeckParameters(seed=305), LOW_FIELD)
    joint = Joint("C2-C3", Side.RIGHT)
    assert found.facet("C2-C3", "right").status is Status.OUTSIDE
    after = found.with_moved({joint: (-17.0, 2.0, 40.0)}).facet("C2-C3", "right")
    assert (after.status, after.source) == (Status.FOUND, "marked by the reader")
    assert after.numbering is found.numbering
    with pytest.raises(FusionError, match="Right C2-C3"):
        found.with_moved({joint: (0.0, np.nan, 0.0)})


def test_a_fused_joint_stays_fused_wherever_it_is_put():
    neck = _neck(NeckParameters(seed=305), LOW_FIELD)
    found = locate_in(neck, SpineStatements(anomalies=(Anomaly("fused", "C6-C7"),)))
    joint = Joint("C6-C7", Side.LEFT)
    place = found.facet("C6-C7", "left").center_lps + 1.0
    assert found.with_moved({joint: place}).facet("C6-C7", "left").status is Status.FUSED


def test_clicks_are_checked():
    ct, truth, _ = _simulated(NeckParameters(seed=305), LOW_FIELD)
    with pytest.raises(FusionError, match="C9"):
        locate(ct, SpineStatements({"C9": truth["C6-C7", "left"]}))
    with pytest.raises(FusionError, match="outside the CT"):
        locate(ct, SpineStatements({"C6": (0, 0, 5000)}))
    beside = truth["C6-C7", "left"] + np.array([50.0, 0.0, 0.0])
    with pytest.raises(FusionError, match="from the spinal canal"):
        locate(ct, SpineStatements({"C6": beside}))


def test_joints_speak_the_vocabulary():
    assert len(JOINTS) == 16
    assert sum(joint.is_zygapophysial for joint in JOINTS) == 12
    joint = Joint("C5-C6", Side.LEFT)
    assert (joint.upper, joint.lower, joint.name) == ("C5", "C6", "Left C5-C6")
    with pytest.raises(ValueError, match="C5-C7"):
        Joint("C5-C7", Side.LEFT)


def test_a_real_neck_on_thick_slices_feet_first_is_numbered(shared_data):
    chosen, _ = choose_ct(scan_folder(str(shared_data / "ct_biograph64_neck")))
    ct = read_volume(chosen)
    found = locate(ct)
    assert found.numbering is Numbering.SURE
    assert {f.joint.level for f in found.facets if f.status is Status.FOUND} == set(LEVELS)
    # Heights read from the pictures in docs/facets-evidence.md.
    assert found.facet("C7-T1", "left").center_lps[2] == pytest.approx(-172, abs=6)
    assert found.facet("C2-C3", "right").center_lps[2] == pytest.approx(-105, abs=6)


def test_command_prints_the_contract(shared_data, capsys):
    path = str(shared_data / "ct_brilliance16_lower_neck")
    assert main(["facets", path, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"joints", "numbering_evidence", "proposals", "findings"} <= set(document)
    joint = document["joints"][-1]
    assert (joint["level"], joint["uptake"]) == ("C7-T1", None)
    assert joint["numbering"] in ("provisional", "sure")
    assert main(["facets", path, "--vertebra", "C7=1,2"]) == 2
    assert "three numbers" in capsys.readouterr().err
