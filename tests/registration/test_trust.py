"""When a registration is refused, doubted or warned about: every limit at its edge, as a number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fusion.geometry import RigidTransform
from fusion.registration import evidence as evidence_module
from fusion.registration import manual, trust
from fusion.registration.engine import SMALLEST_CORRECTION_MM
from fusion.registration.evidence import LevelMisfit, Opinion, RegistrationEvidence
from fusion.registration.manual import adjusted
from fusion.registration.method import Method
from fusion.registration.neck_field import NeckField
from fusion.registration.pieces import NeckCorrection
from fusion.registration.result import Registration, SearchOutcome, Trust
from fusion.registration.rival import Rival

IDENTITY = RigidTransform.identity()
CENTER = np.array((2.0, 5.0, 10.0))
NECK = NeckField(CENTER, -45.0, 65.0, True)


def shifted(x: float, y: float = 0.0, z: float = 0.0) -> RigidTransform:
    return RigidTransform.from_euler(translation_mm=(x, y, z))


def turned(degrees: float) -> RigidTransform:
    return RigidTransform.from_euler(rotation_deg=(degrees, 0, 0), center_lps=CENTER)


def bent(degrees: float) -> NeckCorrection:
    return NeckCorrection(IDENTITY, turned(degrees), -37.0, 60.0, CENTER)


def spread(translation_mm: float = 0.0, rotation_rad: float = 1e-4) -> np.ndarray:
    """Covariance of one rigid piece: ``translation_mm`` is the standard deviation of a shift."""
    variances = [translation_mm**2 / 3] * 3 + [rotation_rad**2] * 3
    return np.diag(variances)


def pieces_spread(translation_mm: float = 0.0, rotation_rad: float = 1e-4) -> np.ndarray:
    """Covariance of two pieces that shift together and turn each for itself."""
    both = np.zeros((12, 12))
    for first in (0, 6):
        for second in (0, 6):
            both[first : first + 3, second : second + 3] = np.eye(3) * translation_mm**2 / 3
        both[first + 3 : first + 6, first + 3 : first + 6] = np.eye(3) * rotation_rad**2
    return both


#: Every search ends in the same place, and the tissue leaves nothing open.
AGREED = RegistrationEvidence(
    proposal=IDENTITY,
    found=IDENTITY,
    second=IDENTITY,
    reverse=IDENTITY,
    box=IDENTITY,
    pieces=bent(0),
    covariance=np.zeros((6, 6)),
    pieces_covariance=pieces_spread(),
    levels=tuple(LevelMisfit(z, np.zeros(3), 0.5, 0.9) for z in (-40.0, 10.0, 60.0)),
    independent=Opinion(IDENTITY),
    correlation=0.9,
    detail_correlation=0.8,
    mirrored=Rival(0.7, 0.8, 0.001),
    rescaled=Rival(0.6, 0.9, 0.001),
    drop=0.1,
    overlap=1.0,
    neck=NECK,
    modality="NM",
)


def test_limits_are_these() -> None:
    """docs/registration.md, "Status" and "Uncertainty"; docs/sources.md#registration-trust."""
    assert trust.TRUSTED_UNCERTAINTY_MM == 3.0
    assert trust.MIN_CORRELATION == {"NM": 0.8, "PT": 0.63}
    assert trust.MIN_DROP == 0.03
    assert trust.MAX_MIRRORED_GAIN == 0.01
    assert trust.MAX_RESCALED_GAIN == 0.01
    assert trust.SURE_GAIN_ERRORS == 2.0
    assert trust.MAX_DISAGREEMENT_MM == {"second opinion": 4.5, "reverse": 3.0, "neck box": 3.5}
    assert trust.MAX_BEND_DEG == 12.0
    assert (trust.MAX_SHIFT_MM, trust.MAX_ROTATION_DEG) == (40.0, 20.0)
    assert trust.MIN_OVERLAP == 0.9
    assert (trust.NECK_BEND_DEG, trust.NECK_BEND_SIGNIFICANCE) == (1.5, 5.0)
    assert trust.MAX_UNEXPLAINED_MM == 3.5
    assert trust.MAX_INDEPENDENT_MM == 3.0
    assert manual.LARGE_MANUAL_SHIFT_MM == 5.0
    assert SMALLEST_CORRECTION_MM == 0.5
    assert evidence_module.NOTHING_FOUND_MM == 10.0
    columns = ("floor", "blocks", "second opinion", "reverse", "neck box", "pieces", "level")
    assert columns == evidence_module.FEATURES
    assert evidence_module.RIGID_WEIGHTS == (0.5, 0.6, 0.37, 0.0, 0.0, 0.8, 0.1)
    assert evidence_module.NECK_WEIGHTS == (0.5, 1.22, 0.27, 0.0, 0.0, 0.35, 0.15)


@pytest.mark.parametrize(
    ("right", "wrong", "word"),
    [
        ({"correlation": 0.81}, {"correlation": 0.79}, "agree too little"),
        (
            {"correlation": 0.64, "modality": "PT"},
            {"correlation": 0.62, "modality": "PT"},
            "agree too little",
        ),
        ({"correlation": 0.81, "modality": "OT"}, {"correlation": 0.79, "modality": "OT"}, "0.80"),
        ({"drop": 0.031}, {"drop": 0.029}, "hardly a difference"),
        (
            {"mirrored": Rival(0.809, 0.8, 0.001)},
            {"mirrored": Rival(0.811, 0.8, 0.001)},
            "agree better when left and right are exchanged (correlation of details 0.81 instead "
            "of 0.80). Check the sides in the original images",
        ),
        (
            {"rescaled": Rival(0.909, 0.9, 0.001)},
            {"rescaled": Rival(0.916, 0.9, 0.001)},
            "along the body (correlation 0.92 instead of 0.90). The stated size of its",
        ),
        ({"mirrored": None}, {"mirrored": Rival(0.9, 0.8, 0.001)}, "left and right"),
        ({"rescaled": None}, {"rescaled": Rival(0.95, 0.9, 0.001)}, "larger or smaller"),
        # 0.05 is twice a little more, or a little less, than its own error.
        (
            {"mirrored": Rival(0.85, 0.8, 0.0252)},
            {"mirrored": Rival(0.85, 0.8, 0.0248)},
            "left and right",
        ),
        (
            {"rescaled": Rival(0.95, 0.9, 0.0252)},
            {"rescaled": Rival(0.95, 0.9, 0.0248)},
            "larger or smaller",
        ),
        ({"mirrored": Rival(0.9, 0.8, np.inf)}, {"mirrored": Rival(0.9, 0.8, 0.0)}, "left and"),
        ({"second": shifted(4.4)}, {"second": shifted(4.6)}, "knows nothing of bone"),
        (
            {"reverse": shifted(0, 2.9)},
            {"reverse": shifted(0, 3.1)},
            "registering the other way round",
        ),
        ({"box": shifted(0, 0, 3.4)}, {"box": shifted(0, 0, 3.6)}, "the neck alone"),
        ({"second": IDENTITY}, {"second": None}, "knows nothing of bone"),
        ({"pieces": bent(11.9)}, {"pieces": bent(12.1)}, "12°"),
        ({"overlap": 0.91}, {"overlap": 0.89}, "only 89% of the neck lies inside both"),
    ],
)
def test_refused_at_the_edge(right: dict, wrong: dict, word: str) -> None:
    assert trust.objection(replace(AGREED, **right), None) is None
    assert word in trust.objection(replace(AGREED, **wrong), None)


def test_sides_that_may_be_exchanged_by_chance_are_asked_about() -> None:
    """Above 0.01, less than twice its error: a sentence, and no refusal."""
    assert trust.asked(AGREED) == ()
    assert trust.asked(replace(AGREED, mirrored=None)) == ()
    assert trust.asked(replace(AGREED, mirrored=Rival(0.809, 0.8, 0.02))) == ()
    (said,) = trust.asked(replace(AGREED, mirrored=Rival(0.823, 0.8, 0.02)))
    assert said.code == "sides-unsure"
    assert said.message == (
        "The pictures agree a little better when left and right are exchanged (correlation of "
        "details 0.82 instead of 0.80). Uptake on one side alone can do that; so can a picture "
        "whose sides are exchanged. Check the sides in the original images."
    )


def test_implausible_corrections_of_a_hybrid_scanner_are_refused() -> None:
    for right, wrong in ((shifted(39.5), shifted(40.5)), (turned(19.5), turned(20.5))):
        assert trust.objection(AGREED, right) is None
        assert "plausible" in trust.objection(AGREED, wrong)


def test_uncertainty_is_the_weighted_sum() -> None:
    """By hand: 0.5 + 0.6 x 2 (blocks) + 0.37 x 1 (no bone) + 0.1 x 3 (level) = 2.37 mm."""
    assert AGREED.uncertainty_mm(CENTER) == pytest.approx(0.5)
    doubted = replace(
        AGREED,
        covariance=spread(2.0, 0.0),
        second=shifted(0, 1, 0),
        levels=tuple(replace(level, shift_lps=np.array((0, 0, 3.0))) for level in AGREED.levels),
    )
    assert doubted.uncertainty_mm(CENTER) == pytest.approx(2.37)
    # 0.8 mm for every mm between the rigid proposal and the two pieces.
    apart = replace(AGREED, pieces=NeckCorrection(shifted(2), shifted(2), -37.0, 60.0, CENTER))
    assert apart.uncertainty_mm(CENTER) == pytest.approx(0.5 + 1.6)


def test_its_own_uncertainty_alone_refuses() -> None:
    """0.5 + 0.6 x 4.1 = 2.96 mm is trusted, 0.5 + 0.6 x 4.3 = 3.08 mm is not."""
    right, wrong = (replace(AGREED, covariance=spread(mm, 0.0)) for mm in (4.1, 4.3))
    assert trust.objection(wrong, None) is None
    assert trust.uncertain(right) is None
    assert "3.1 mm (limit 3 mm)" in trust.uncertain(wrong)
    assert "different parts of the body pull" in trust.uncertain(wrong)


def test_a_bent_neck_that_explains_too_little_is_refused() -> None:
    """What remains beside the pieces may reach 3.5 mm; a mm between the blocks counts 1.22."""
    moved = replace(AGREED, pieces=bent(4), levels=())
    assert trust.neck_moved(moved)
    points = NECK.reference_points_lps
    least = float(moved.uncertainty_mm(points, neck=moved.pieces).max())
    left = [(3.5 + side - least) / 1.22 for side in (-0.02, 0.02)]
    right, wrong = (replace(moved, pieces_covariance=pieces_spread(mm)) for mm in left)
    assert trust.uncertain(right) is None
    assert "not even a neck that bent" in trust.uncertain(wrong)


def test_a_neck_is_said_to_have_moved_from_these_angles() -> None:
    assert trust.neck_moved(replace(AGREED, pieces=bent(1.4))) is None
    assert "turned by 1.6°" in trust.neck_moved(replace(AGREED, pieces=bent(1.6)))
    # Two pieces, each with this uncertainty: that of the bend is larger by the root of two.
    for times, moved in ((4.9, False), (5.1, True)):
        each = np.radians(3) / times / np.sqrt(2)
        found = replace(AGREED, pieces=bent(3), pieces_covariance=pieces_spread(0, each))
        assert bool(trust.neck_moved(found)) is moved


@pytest.mark.parametrize(
    ("opinion", "code", "words"),
    [
        (Opinion(shifted(2.9)), "second-method-agrees", "ends 2.9 mm away in the neck."),
        (Opinion(shifted(0, 3.1)), "second-method-disagrees", "Check every level by eye."),
        (Opinion(None, "it was lost"), "second-method-silent", "gave no answer: it was lost."),
    ],
)
def test_what_the_independent_method_says_is_said(opinion: Opinion, code: str, words: str) -> None:
    found = replace(AGREED, independent=opinion)
    said = trust.second_method(found)
    assert said.code == code
    assert said.message.startswith("A second, independent method")
    assert said.message.endswith(words)
    assert said.severity.label == ("warning" if code.endswith("disagrees") else "info")
    # A warning, and no refusal.
    assert trust.objection(found, None) is None


def test_the_independent_method_is_measured_where_the_joints_are() -> None:
    """A turn about the neck's centre moves its ends most: 2 r sin(a / 2)."""
    away = replace(AGREED, independent=Opinion(turned(5))).independent_mm
    points = NECK.reference_points_lps - CENTER
    reach = np.hypot(points[:, 1], points[:, 2]).max()
    assert away == pytest.approx(2 * reach * np.sin(np.radians(2.5)))
    assert replace(AGREED, independent=Opinion(turned(5))).to_json()[
        "independent_method_mm"
    ] == pytest.approx(away, abs=0.01)
    assert AGREED.to_json()["independent_method_mm"] == 0.0
    silent = replace(AGREED, independent=Opinion(None, "lost"))
    assert silent.to_json()["independent_method_mm"] is None


def in_use(status: Trust = Trust.NECK_MOTION) -> Registration:
    outcome = SearchOutcome(status, "", IDENTITY, evidence=AGREED)
    return Registration(IDENTITY, Method.CORRELATION, status, start=IDENTITY, search=outcome)


def test_what_a_hand_moved_is_off_by_that_much_more() -> None:
    """The proposal is good to 0.5 mm; 3 mm to the left and 4 mm backwards are 5 mm more."""
    moved = adjusted(in_use(), translation_mm=(3, 4, 0), pivot_lps=CENTER)
    np.testing.assert_allclose(moved.uncertainty_mm_at([CENTER, (20, 0, 30)]), 5.5)
    assert moved.to_json()["uncertainty_mm"][0]["uncertainty_mm"] == 5.5
    # Ten degrees about the vertical through the centre: nothing there, 2 x 30 x sin 5 beside it.
    turn = adjusted(in_use(), rotation_deg=(0, 0, 10), pivot_lps=CENTER)
    beside = CENTER + np.array((0.0, 30.0, 0.0))
    np.testing.assert_allclose(
        turn.uncertainty_mm_at([CENTER, beside]), [0.5, 0.5 + 60 * np.sin(np.radians(5))]
    )
    assert float(moved.with_proposal().uncertainty_mm_at(CENTER)) == pytest.approx(0.5)


def test_the_start_is_off_by_the_distance_and_doubted_from_3_mm() -> None:
    for away, status in ((2.9, Trust.NO_INCONSISTENCY), (3.1, Trust.DO_NOT_TRUST)):
        outcome = SearchOutcome(Trust.NO_INCONSISTENCY, "", IDENTITY, evidence=AGREED)
        start = shifted(0, 0, away)
        found = Registration(
            IDENTITY, Method.CORRELATION, outcome.status, start=start, search=outcome
        ).with_start()
        assert found.status is status
        expected = 0.5 + away if status is Trust.NO_INCONSISTENCY else np.inf
        assert float(found.uncertainty_mm_at(CENTER)) == pytest.approx(expected)


def test_a_neck_correction_and_its_method_go_together() -> None:
    with pytest.raises(ValueError, match="together"):
        Registration(IDENTITY, Method.NECK)
    with pytest.raises(ValueError, match="together"):
        Registration(IDENTITY, Method.CORRELATION, neck=bent(3))


def test_the_sides_are_asked_for_beside_another_doubt_and_not_twice() -> None:
    unsure = replace(AGREED, mirrored=Rival(correlation=0.915, instead_of=0.9, error=0.01))
    assert trust.objection(unsure, None) is None
    for told in ("", "the pictures agree too little afterwards."):
        assert [finding.code for finding in trust.asked(unsure, told=told)] == ["sides-unsure"]
    sure = replace(AGREED, mirrored=Rival(correlation=0.915, instead_of=0.9, error=0.001))
    refused = trust.objection(sure, None)
    assert refused is not None
    assert trust.asked(sure, told=refused) == ()
    assert trust.asked(None) == ()
