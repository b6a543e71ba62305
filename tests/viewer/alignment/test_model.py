"""Moving, choosing and signing the alignment, without a screen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fusion
from fusion.fused import Fused
from fusion.geometry import RigidTransform
from fusion.registration import (
    Method,
    NeckCorrection,
    Quality,
    Registration,
    SearchOutcome,
    Trust,
    adjusted,
)
from tests.viewer.marked_study import BALLS, MIDDLE_LPS
from viewer.alignment.controls import STEP_DEG, STEP_MM, alignment_keys
from viewer.alignment.model import Alignment, euler_deg
from viewer.alignment.words import agreement_text, uncertainty_text
from viewer.pictures.panes import LinkedPanes

IDENTITY = RigidTransform.identity()


@pytest.fixture
def alignment(review: fusion.Review) -> Alignment:
    linked = LinkedPanes(review)
    linked.point_lps = MIDDLE_LPS + BALLS["left"]
    return Alignment(linked)


def found(review: fusion.Review) -> Registration:
    """What a search may bring: a proposal, and a neck apart."""
    proposal = RigidTransform.from_euler(translation_mm=(1, 2, 3))
    z = float(review.fused.focus_lps[2])
    neck = NeckCorrection(proposal, proposal, z - 10, z + 10, review.fused.focus_lps)
    outcome = SearchOutcome(Trust.NECK_MOTION, "", proposal, neck=neck)
    return Registration(proposal, Method.CORRELATION, start=IDENTITY, search=outcome)


def test_undo_brings_back_the_same_bits(alignment: Alignment) -> None:
    linked = alignment.linked
    first = alignment.current
    planes = [np.array(pane.drawn()[1]) for pane in linked]
    alignment.move((3, 0, 0))
    alignment.move(rotation_deg=(0, 4, 0))
    assert not np.array_equal(np.asarray(linked.panes[0].drawn()[1]), planes[0])
    second = alignment.current
    alignment.undo()
    alignment.undo()
    assert alignment.current is first
    assert not alignment.can_undo
    for pane, plane in zip(linked, planes, strict=True):
        np.testing.assert_array_equal(np.asarray(pane.drawn()[1]), plane)
    alignment.redo()
    alignment.redo()
    assert alignment.current is second
    assert not alignment.can_redo
    alignment.undo()
    alignment.move((1, 0, 0))
    assert not alignment.can_redo


def test_moving_interpolates_the_visible_planes_only(
    alignment: Alignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[int, int]] = []
    original = Fused.spect_plane

    def counted(self: Fused, axis: int, index: int) -> np.ndarray:
        made.append((axis, index))
        return original(self, axis, index)

    def whole(self: Fused, progress: object = None) -> np.ndarray:
        raise AssertionError("the whole volume was interpolated")

    monkeypatch.setattr(Fused, "spect_plane", counted)
    monkeypatch.setattr(Fused, "spect_display", whole)
    visible = sorted((pane.plane.axis, pane.index) for pane in alignment.linked)
    alignment.move((2, 0, 0))
    assert sorted(made) == visible
    made.clear()
    alignment.linked.scroll(alignment.linked.panes[0], 1)
    assert made == [(0, alignment.linked.panes[0].index)]


def test_rotation_about_the_crosshair_keeps_the_uptake_under_it(alignment: Alignment) -> None:
    linked = alignment.linked
    linked.point_lps = MIDDLE_LPS + BALLS["left"]
    before = linked.review.fused.sample_at(linked.point_lps).uptake
    for axis in range(3):
        turn = np.zeros(3)
        turn[axis] = 7.0
        alignment.move(rotation_deg=turn)
        assert linked.review.fused.sample_at(linked.point_lps).uptake == pytest.approx(
            before, rel=1e-5
        )
    elsewhere = MIDDLE_LPS + BALLS["posterior"]
    assert linked.review.fused.sample_at(elsewhere).uptake < 0.8 * before


def test_boxes_say_what_they_are_set_to(alignment: Alignment) -> None:
    alignment.set_shift_mm((3.0, -2.0, 1.5))
    np.testing.assert_allclose(alignment.shift_mm, (3.0, -2.0, 1.5), atol=1e-9)
    alignment.set_rotation_deg((4.0, -3.0, 2.0))
    np.testing.assert_allclose(alignment.rotation_deg, (4.0, -3.0, 2.0), atol=1e-9)
    alignment.set_shift_mm((0.0, 0.0, 0.0))
    alignment.set_rotation_deg((0.0, 0.0, 0.0))
    np.testing.assert_allclose(alignment.rotation_deg, 0, atol=1e-9)


def test_angles_are_those_that_made_the_rotation() -> None:
    for angles in ((10, -20, 30), (0, 0, 0), (-80, 45, 170)):
        matrix = RigidTransform.from_euler(rotation_deg=angles).matrix[:3, :3]
        np.testing.assert_allclose(euler_deg(matrix), angles, atol=1e-9)


def test_identity_and_proposal_stay_on_offer(alignment: Alignment) -> None:
    first = alignment.current
    assert list(alignment.choices) == ["Scanner alignment"]
    proposed = found(alignment.linked.review)
    alignment.take(proposed)
    assert list(alignment.choices) == ["Scanner alignment", "Proposal", "Neck correction"]
    alignment.move((9, 0, 0))
    assert "manual-shift" in {finding.code for finding in alignment.linked.review.assumptions}
    alignment.choose("Scanner alignment")
    assert np.array_equal(alignment.current.transform.matrix, np.eye(4))
    assert not alignment.linked.review.assumptions
    alignment.choose("Proposal")
    np.testing.assert_array_equal(alignment.current.transform.matrix, proposed.transform.matrix)
    alignment.choose("Neck correction")
    assert alignment.current.is_bent
    while alignment.can_undo:
        alignment.undo()
    assert alignment.current is first
    assert "Proposal" in alignment.choices


def test_the_neck_correction_is_never_in_use_unless_chosen(alignment: Alignment) -> None:
    alignment.take(found(alignment.linked.review))
    assert not alignment.current.is_bent


def test_a_shift_by_hand_counts_from_the_stored_alignment(study_folder: Path) -> None:
    review = fusion.open_study(study_folder)
    stored = Registration(RigidTransform.from_euler(translation_mm=(8, 0, 0)), Method.STORED)
    alignment = Alignment(LinkedPanes(review.with_registration(stored)))
    assert list(alignment.choices) == ["Scanner alignment", "Stored with the study"]
    alignment.move((0, 1, 0))
    assert alignment.current.manual_shift_mm == pytest.approx(1.0)
    alignment.choose("Stored with the study")
    assert alignment.current is stored
    alignment.choose("Scanner alignment")
    assert np.array_equal(alignment.current.transform.matrix, np.eye(4))
    assert alignment.current.method is Method.SHARED_FRAME


def test_a_drag_is_one_step(alignment: Alignment) -> None:
    first = alignment.current
    alignment.begin_drag()
    for shift in (1.0, 2.0, 6.5):
        alignment.drag_to((shift, 0, 0))
    assert not alignment.can_undo
    alignment.end_drag()
    assert alignment.shift_mm[0] == pytest.approx(6.5)
    assert "manual-shift" in {finding.code for finding in alignment.current.findings}
    alignment.undo()
    assert alignment.current is first
    alignment.begin_drag()
    alignment.end_drag()
    assert not alignment.can_undo


#: What each key does to the picture of the axial, coronal and sagittal pane: LPS directions.
KEYS = {
    "Ctrl+Right": ((1, 0, 0), (1, 0, 0), (0, 1, 0)),
    "Ctrl+Left": ((-1, 0, 0), (-1, 0, 0), (0, -1, 0)),
    "Ctrl+Up": ((0, -1, 0), (0, 0, 1), (0, 0, 1)),
    "Ctrl+Down": ((0, 1, 0), (0, 0, -1), (0, 0, -1)),
    "Ctrl+PgUp": ((0, 0, 1), (0, 1, 0), (1, 0, 0)),
    "Ctrl+PgDown": ((0, 0, -1), (0, -1, 0), (-1, 0, 0)),
}


@pytest.mark.parametrize("key", KEYS)
def test_keys_move_the_picture_their_way(alignment: Alignment, key: str) -> None:
    alignment.moving = True
    keys = alignment_keys(alignment)
    for pane, direction in zip(alignment.linked, KEYS[key], strict=True):
        alignment.linked.active = pane
        before = alignment.shift_mm
        keys[key][1]()
        np.testing.assert_allclose(
            alignment.shift_mm - before, STEP_MM * np.array(direction), atol=1e-9
        )


#: Where clockwise takes what lies to the screen's right: down, in patient directions.
CLOCKWISE = (((1, 0, 0), (0, 1, 0)), ((1, 0, 0), (0, 0, -1)), ((0, 1, 0), (0, 0, -1)))


def test_the_turning_keys_turn_clockwise_on_the_screen(alignment: Alignment) -> None:
    alignment.moving = True
    keys = alignment_keys(alignment)
    for pane, (right, down) in zip(alignment.linked, CLOCKWISE, strict=True):
        alignment.linked.active = pane
        point = alignment.linked.point_lps
        before = alignment.current.transform
        keys["Ctrl+Shift+Right"][1]()
        motion = alignment.current.transform @ before.inverse()
        went = motion.apply(point + 10 * np.array(right)) - point
        expected = 10 * np.array(right) + 10 * np.radians(STEP_DEG) * np.array(down)
        np.testing.assert_allclose(went, expected, atol=1e-3)
        keys["Ctrl+Shift+Left"][1]()
        np.testing.assert_allclose(alignment.current.transform.matrix, before.matrix, atol=1e-9)


def test_nothing_measured_is_said_to_be_so(alignment: Alignment) -> None:
    assert uncertainty_text(alignment.linked.review, MIDDLE_LPS) == "not measured"


def test_agreement_is_said_for_each_alignment_that_was_measured() -> None:
    scanner, found = Quality(0.914, 1.0), Quality(0.973, 1.2)
    status = Trust.NO_INCONSISTENCY
    outcome = SearchOutcome(status, "", IDENTITY, found, scanner)
    searched = Registration(
        IDENTITY, Method.CORRELATION, status, found, start=IDENTITY, search=outcome
    )
    both = "Correlation: 0.914 with the scanner's alignment, 0.973 with the one in use"
    assert agreement_text(searched) == both
    assert agreement_text(searched.with_start()) == (
        "Correlation: 0.914 with the scanner's alignment"
    )
    moved = adjusted(searched, translation_mm=(1, 0, 0), pivot_lps=MIDDLE_LPS)
    assert agreement_text(moved).endswith("not measured since it was moved by hand")
    assert agreement_text(moved.with_proposal()) == both
    assert agreement_text(Registration(IDENTITY, Method.SHARED_FRAME)) == ""
