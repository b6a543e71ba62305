"""Moving the functional volume by hand, and the two halves of a neck in the picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest

import fusion
from fusion.errors import FusionError
from fusion.export.handover import write_review
from fusion.export.review_record import review_json
from fusion.geometry import RigidTransform
from fusion.registration import (
    Method,
    NeckCorrection,
    Quality,
    Registration,
    SearchOutcome,
    Trust,
    adjusted,
    stated,
)
from tests.viewer.marked_study import MIDDLE_LPS, write_study

IDENTITY = RigidTransform.identity()
SHARED = Registration(IDENTITY, Method.SHARED_FRAME, start=IDENTITY)


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> fusion.Review:
    return fusion.open_study(write_study(tmp_path_factory.mktemp("manual")))


def by_hand(registration: Registration, shift_mm: float) -> Registration:
    moved = adjusted(registration, translation_mm=(shift_mm, 0, 0), pivot_lps=MIDDLE_LPS)
    return stated(moved, reference=IDENTITY, points_lps=[MIDDLE_LPS])


def test_rotation_leaves_the_pivot_in_place_and_comes_after_what_was_there() -> None:
    first = Registration(
        RigidTransform.from_euler(translation_mm=(3, -2, 5)), Method.CORRELATION, start=IDENTITY
    )
    turned = adjusted(first, rotation_deg=(0, 0, 90), pivot_lps=MIDDLE_LPS)
    there = first.transform.inverse().apply(MIDDLE_LPS)
    np.testing.assert_allclose(turned.transform.apply(there), MIDDLE_LPS, atol=1e-9)
    # Counter-clockwise seen from the head: what lay to the left (x) comes to lie behind (y).
    left = first.transform.inverse().apply(MIDDLE_LPS + np.array((10, 0, 0)))
    np.testing.assert_allclose(
        turned.transform.apply(left), MIDDLE_LPS + np.array((0, 10, 0)), atol=1e-9
    )
    assert turned.method is Method.MANUAL


@pytest.mark.parametrize(("shift_mm", "code"), [(5.0, "manual-adjustment"), (5.1, "manual-shift")])
def test_more_than_5_mm_by_hand_is_a_warning(shift_mm: float, code: str) -> None:
    moved = by_hand(SHARED, shift_mm)
    assert [finding.code for finding in moved.findings] == [code]
    assert moved.manual_shift_mm == pytest.approx(shift_mm)


def test_a_rotation_counts_where_it_moves_most() -> None:
    turned = adjusted(SHARED, rotation_deg=(0, 0, 10), pivot_lps=(0, 0, 0))
    turned = stated(turned, reference=IDENTITY, points_lps=[(0, 0, 0), (60, 0, 0)])
    assert turned.manual_shift_mm == pytest.approx(2 * 60 * np.sin(np.radians(5)))


def test_the_statement_is_made_anew_and_goes_with_the_manual_transform() -> None:
    moved = by_hand(by_hand(SHARED, 4.0), 4.0)
    assert [finding.code for finding in moved.findings] == ["manual-shift"]
    assert moved.with_start() == SHARED


def test_a_thousand_small_steps_stay_a_rotation() -> None:
    moved = SHARED
    for _ in range(1000):
        moved = adjusted(moved, rotation_deg=(0.5, -0.3, 0.2), pivot_lps=MIDDLE_LPS)
    rotation = moved.transform.matrix[:3, :3]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-13)


def test_exports_say_that_it_was_moved_by_hand(review: fusion.Review, tmp_path: Path) -> None:
    write_review(review.with_registration(by_hand(review.fused.registration, 7.25)), tmp_path)
    record = json.loads((tmp_path / "review.json").read_text("utf-8"))
    assert "manual-shift" in {finding["code"] for finding in record["assumptions"]}
    assert record["registration"]["manual_shift_mm"] == 7.25
    assert record["alignment_reviewed_by"] is None
    readable = json.loads((tmp_path / "registration.json").read_text("utf-8"))
    assert "manual-shift" in {finding["code"] for finding in readable["findings"]}
    written = pydicom.dcmread(tmp_path / "spatial_registration.dcm")
    assert written.SeriesDescription == "SPECT to CT by hand, 7.2 mm"
    step = written.RegistrationSequence[1].MatrixRegistrationSequence[0]
    assert "by hand, 7.2 mm" in step.FrameOfReferenceTransformationComment
    assert len(step.FrameOfReferenceTransformationComment) <= 64
    assert step.RegistrationTypeCodeSequence[0].CodeValue == "125025"


def test_any_other_transform_withdraws_the_reviewed_statement(review: fusion.Review) -> None:
    said = review.with_alignment_reviewed(" R. Eader ")
    assert review_json(said)["alignment_reviewed_by"] == "R. Eader"
    assert said.with_assessment(None).alignment_reviewed_by == "R. Eader"
    assert (
        said.with_registration(by_hand(said.fused.registration, 1.0)).alignment_reviewed_by is None
    )
    assert said.with_alignment_reviewed(None).alignment_reviewed_by is None
    with pytest.raises(FusionError, match="who reviewed"):
        review.with_alignment_reviewed("  ")


def test_moving_by_hand_gives_the_picture_of_a_study_opened_so(review: fusion.Review) -> None:
    ct = review.fused.ct_display()
    moved = review.with_registration(by_hand(review.fused.registration, 3.0))
    fresh = fusion.Fused(review.fused.ct, review.fused.spect, moved.fused.registration)
    for axis in range(3):
        np.testing.assert_array_equal(
            moved.fused.spect_plane(axis, 20), fresh.spect_plane(axis, 20)
        )
    assert moved.fused.ct_display() is ct


@pytest.fixture(scope="module")
def bent(review: fusion.Review) -> fusion.Review:
    z = float(MIDDLE_LPS[2])
    upper = RigidTransform.from_euler(
        rotation_deg=(6, 0, 0), translation_mm=(2, 0, 0), center_lps=MIDDLE_LPS
    )
    neck = NeckCorrection(IDENTITY, upper, z - 10, z + 10, MIDDLE_LPS)
    outcome = SearchOutcome(Trust.NECK_MOTION, "", IDENTITY, neck=neck)
    found = Registration(IDENTITY, Method.CORRELATION, start=IDENTITY, search=outcome)
    return review.with_registration(found.with_neck_correction())


def test_the_neck_correction_is_in_every_plane_and_in_the_values(bent: fusion.Review) -> None:
    whole = bent.fused.spect_display()
    for axis, index in ((0, 45), (1, 30), (2, 40)):
        np.testing.assert_allclose(
            bent.fused.spect_plane(axis, index), whole.take(index, axis), rtol=2e-5
        )
    # Oracle: one point at a time, through the transform of its own height.
    for kji in ((5, 30, 40), (31, 28, 36), (50, 33, 30)):
        point = bent.fused.display_grid.to_lps(kji)
        there = bent.fused.registration.transform_at(point)
        rigid = bent.with_registration(Registration(there, Method.CORRELATION))
        expected = rigid.fused.sample_at(point).uptake
        assert whole[kji] == pytest.approx(expected, rel=1e-4)
        assert bent.fused.sample_at(point).uptake == pytest.approx(expected, rel=1e-6)


def test_the_neck_correction_stands_on_every_export(bent: fusion.Review) -> None:
    assert "neck-correction-in-use" in {finding.code for finding in bent.assumptions}
    assert not bent.fused.registration.with_start().findings


def test_by_hand_after_the_neck_correction_goes_on_from_the_pivot(bent: fusion.Review) -> None:
    head = MIDDLE_LPS + np.array((0, 0, 40))
    moved = adjusted(bent.fused.registration, translation_mm=(0, 0, 0), pivot_lps=head)
    np.testing.assert_allclose(
        moved.transform.matrix, bent.fused.registration.transform_at(head).matrix, atol=1e-12
    )
    assert not moved.is_bent


def test_steps_that_rounding_leaves_behind_do_not_hang(review: fusion.Review) -> None:
    """A rotation of a rotation back leaves steps of 1e-18 voxels along a row."""
    moved = review.fused.registration
    for axis, angle in ((0, 0.5), (1, 0.5), (2, 0.5), (2, -0.5), (1, -0.5), (0, -0.5)):
        turn = np.zeros(3)
        turn[axis] = angle
        moved = adjusted(moved, rotation_deg=turn, pivot_lps=MIDDLE_LPS)
        turned = review.with_registration(moved)
        for plane in range(3):
            turned.fused.spect_plane(plane, 25)
    for plane in range(3):
        np.testing.assert_allclose(
            turned.fused.spect_plane(plane, 25), review.fused.spect_plane(plane, 25), rtol=1e-4
        )


def test_no_inconsistency_is_not_said_of_what_a_hand_moved() -> None:
    for status, left in (
        (Trust.NO_INCONSISTENCY, None),
        (Trust.NECK_MOTION, Trust.NECK_MOTION),
        (Trust.DO_NOT_TRUST, Trust.DO_NOT_TRUST),
    ):
        found = Registration(
            IDENTITY, Method.CORRELATION, status, search=SearchOutcome(status, "", IDENTITY)
        )
        assert by_hand(found, 1.0).status is left


def test_choosing_the_proposal_again_restores_what_the_search_said() -> None:
    agreement = Quality(0.97, 1.2)
    for status in Trust:
        outcome = SearchOutcome(status, "", IDENTITY, agreement, Quality(0.9, 0.8))
        found = Registration(
            IDENTITY, Method.CORRELATION, status, agreement, start=IDENTITY, search=outcome
        )
        moved = by_hand(by_hand(found, 2.0), 1.0)
        assert moved.quality is None
        assert moved.status is (None if status is Trust.NO_INCONSISTENCY else status)
        assert moved.with_proposal() == found
        assert moved.with_start().status is status
        assert moved.with_start().quality == Quality(0.9, 0.8)
