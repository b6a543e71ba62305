"""What a reader does about the alignment: choose, move by hand, undo, and say it was reviewed.

Knows nothing of Qt. Directions are the patient's: +x left, +y posterior, +z head.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from napari.utils.events import EmitterGroup
from scipy.spatial.transform import Rotation

from fusion.annotations import registration_digest
from fusion.errors import GeometryError
from fusion.geometry import RigidTransform
from fusion.registration import Method, Registration, Trust, adjusted, shared_frame, stated

if TYPE_CHECKING:
    from fusion.annotations import AlignmentReviewed
    from fusion.geometry import FloatArray
    from viewer.pictures.panes import LinkedPanes


class Alignment:
    """The alignment of the study on display, with everything it was before.

    The study itself, and with it the transform in use, is ``linked.review``.

    Parameters
    ----------
    linked : LinkedPanes
        What shows the study.

    Attributes
    ----------
    events : napari.utils.events.EmitterGroup
        ``step`` (another alignment was put into use, which can be undone) and ``moving``.
    words : str
        What a step is called.
    """

    words = "the last change of the alignment"
    #: Begins and ends moving by hand.
    key = "A"

    def __init__(self, linked: LinkedPanes) -> None:
        self.events = EmitterGroup(source=self, step=None, moving=None)
        self._moving = False
        self.linked = linked
        self.opened = linked.review.fused.registration
        self._offer = self.opened
        self._undo: list[Registration] = []
        self._redo: list[Registration] = []
        self._drag_base: Registration | None = None
        self._reviewed: Registration | None = None
        try:
            self._scanner: Registration | None = shared_frame(
                linked.review.fused.ct, linked.review.fused.spect
            )
        except GeometryError:
            self._scanner = None

    @property
    def moving(self) -> bool:
        """Whether mouse, keys and number boxes move the SPECT; they do nothing to it otherwise."""
        return self._moving

    @moving.setter
    def moving(self, moving: bool) -> None:
        if moving != self._moving:
            self._moving = moving
            self.events.moving()

    @property
    def banner(self) -> str:
        """What has to stand in every picture about where the SPECT is; empty for the scanner's."""
        current = self.current
        said = [f"MOVING THE SPECT ({self.key} ends it)"] if self._moving else []
        if current.method is Method.MANUAL:
            shift = current.manual_shift_mm
            said.append("SPECT MOVED BY HAND" + ("" if shift is None else f" {shift:.1f} mm"))
        if current.method is Method.NECK:
            said.append("NECK CORRECTION IN USE")
        if current.status is Trust.DO_NOT_TRUST:
            said.append("ALIGNMENT NOT TO BE TRUSTED")
        return "\n".join(said)

    @property
    def current(self) -> Registration:
        """The Registration in use."""
        return self.linked.review.fused.registration

    @property
    def choices(self) -> dict[str, Registration]:
        """What can be put into use, by name; only what there is."""
        offer, found = self._offer, {}
        if offer.start is not None:
            found["Scanner alignment"] = offer.with_start()
        elif self._scanner is not None:
            found["Scanner alignment"] = self._scanner
        if self.opened.method is Method.STORED:
            found["Stored with the study"] = self.opened
        if offer.search is not None and offer.search.proposal is not None:
            found["Proposal"] = offer.with_proposal()
            if offer.search.neck is not None:
                found["Neck correction"] = offer.with_neck_correction()
        if self._reviewed is not None:
            found["As reviewed"] = self._reviewed
        return found

    def remember(self, review: AlignmentReviewed | None) -> None:
        """Offer again what a reader moved by hand and reviewed, also in an earlier session.

        Parameters
        ----------
        review : AlignmentReviewed or None
            From the reading. What a search proposed is not offered: the search gives it again.
        """
        self._reviewed = None
        if review is None or review.bent:
            return
        center = self.linked.review.fused.ct.grid.center_lps
        by_hand = replace(
            adjusted(self.opened, pivot_lps=center),
            transform=RigidTransform(np.array(review.registration.matrix)),
        )
        again = stated(by_hand, reference=self.reference, points_lps=[center])
        if registration_digest(again) == review.digest:
            self._reviewed = again

    @property
    def reference(self) -> RigidTransform:
        """Where a shift by hand is counted from: the stored alignment, else the scanner's."""
        if self.opened.method is Method.STORED:
            return self.opened.transform
        if self._offer.start is not None:
            return self._offer.start
        return self.opened.transform if self._scanner is None else self._scanner.transform

    def choose(self, name: str) -> None:
        """Put one of :attr:`choices` into use."""
        self._use(self.choices[name])

    def take(self, registration: Registration) -> None:
        """Put the result of a search into use, and keep what it offers."""
        self._offer = registration
        self._use(registration)

    def learn(self, registration: Registration) -> None:
        """Keep what a search in the background found and offers; the SPECT stays where it is.

        Parameters
        ----------
        registration : Registration
            Result of a search. What it says of the scanner's alignment is said from now on, where
            that is still in use.
        """
        if self._offer is not self.opened:
            return  # the reader was first
        self._offer = registration
        checked = registration.with_start()
        if self.current is self.opened and np.array_equal(
            checked.transform.matrix, self.opened.transform.matrix
        ):
            self.opened = checked
            self._show(checked)

    def move(
        self, translation_mm: npt.ArrayLike = (0, 0, 0), rotation_deg: npt.ArrayLike = (0, 0, 0)
    ) -> None:
        """Move the SPECT, as one step that can be undone.

        Parameters
        ----------
        translation_mm : (3,) array_like of float, mm
            Along LPS.
        rotation_deg : (3,) array_like of float, degrees
            About x, y, z through the crosshair, which keeps the uptake under it.
        """
        self._use(self._moved(self.current, translation_mm, rotation_deg))

    def begin_drag(self) -> None:
        """Begin a movement that is one step however often it is updated."""
        self._drag_base = self.current

    def drag_to(self, translation_mm: npt.ArrayLike) -> None:
        """Move the SPECT to a shift (LPS, mm) from where the drag began."""
        if self._drag_base is not None:
            self._show(self._moved(self._drag_base, translation_mm, (0, 0, 0)))

    def end_drag(self) -> None:
        """Make the movement one step that can be undone."""
        base, self._drag_base = self._drag_base, None
        if base is not None and self.current is not base:
            self._undo.append(base)
            self._redo.clear()
            self.linked.events.review()
            self.events.step()

    @property
    def dragging(self) -> bool:
        """Whether the SPECT is following the mouse."""
        return self._drag_base is not None

    def _moved(
        self,
        registration: Registration,
        translation_mm: npt.ArrayLike,
        rotation_deg: npt.ArrayLike,
    ) -> Registration:
        crosshair = self.linked.point_lps
        moved = adjusted(
            registration,
            translation_mm=translation_mm,
            rotation_deg=rotation_deg,
            pivot_lps=crosshair,
        )
        center = self.linked.review.fused.ct.grid.center_lps
        return stated(moved, reference=self.reference, points_lps=[center, crosshair])

    def _use(self, registration: Registration) -> None:
        before = self.current
        if registration is before:
            return
        self._undo.append(before)
        self._redo.clear()
        self._show(registration)
        self.events.step()

    def _show(self, registration: Registration) -> None:
        self.linked.review = self.linked.review.with_registration(registration)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        """Whether a step that was taken back can be done again."""
        return bool(self._redo)

    def undo(self) -> None:
        """Take the last step back."""
        if self._undo:
            self._redo.append(self.current)
            self._show(self._undo.pop())

    def redo(self) -> None:
        """Do again what was taken back last."""
        if self._redo:
            self._undo.append(self.current)
            self._show(self._redo.pop())

    @property
    def shift_mm(self) -> FloatArray:
        """How far tissue that began at the crosshair was shifted from :attr:`reference`, LPS mm."""
        crosshair = self.linked.point_lps
        return self._from_reference(crosshair).apply(crosshair) - crosshair

    @property
    def rotation_deg(self) -> FloatArray:
        """Rotation from :attr:`reference` about x, then y, then z, degrees."""
        return euler_deg(self._from_reference(self.linked.point_lps).matrix[:3, :3])

    def _from_reference(self, point_lps: npt.ArrayLike) -> RigidTransform:
        return self.current.transform_at(point_lps) @ self.reference.inverse()

    def set_shift_mm(self, shift_mm: npt.ArrayLike) -> None:
        """Shift the SPECT until :attr:`shift_mm` is this."""
        self.move(translation_mm=np.asarray(shift_mm, dtype=np.float64) - self.shift_mm)

    def set_rotation_deg(self, rotation_deg: npt.ArrayLike) -> None:
        """Turn the SPECT about the crosshair until :attr:`rotation_deg` is this."""
        goal = RigidTransform.from_euler(rotation_deg=rotation_deg).matrix[:3, :3]
        now = self._from_reference(self.linked.point_lps).matrix[:3, :3]
        self.move(rotation_deg=euler_deg(goal @ now.T))

    @property
    def reviewed_by(self) -> str | None:
        """Who stated that the alignment in use was reviewed."""
        return self.linked.review.alignment_reviewed_by


def euler_deg(rotation: npt.ArrayLike) -> FloatArray:
    """Return the angles about x, y and z of a (3, 3) rotation ``Rz @ Ry @ Rx``, degrees (3,)."""
    angles: FloatArray = Rotation.from_matrix(rotation).as_euler("xyz", degrees=True)
    return angles
