"""Slices of a reconstruction in files of their own that state where one of them lies, and no more.

Some writers put the position of the first slice into every file, others leave it out of all but
one. Nothing but Instance Number then says how the slices follow each other, and it is free of any
rule that ties it to the patient: they are put in order on the word of a person alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fusion.dicom.files.instance import Instance, integer, uid
from fusion.dicom.volumes.nm_frames import frame_marks
from fusion.dicom.volumes.nm_geometry import (
    Directions,
    directions_asked,
    grid_of,
    pixel_spacing_mm,
    pose_of,
    states_place,
)
from fusion.dicom.volumes.slices import POSITION_TOLERANCE_MM
from fusion.errors import FusionError
from fusion.findings import Finding
from fusion.geometry import Grid


@dataclass(frozen=True, slots=True, eq=False)
class NumberedSlices:
    """Slices in the order of their numbers.

    Parameters
    ----------
    instances : tuple of Instance
        One frame each; Instance Number rises by one.
    placed : int
        Which of them, counted from 0, states its position.
    """

    instances: tuple[Instance, ...]
    placed: int

    def grid(
        self, shape: tuple[int, int, int], *, spacing_mm: float
    ) -> tuple[Grid | None, tuple[Finding, ...]]:
        """Return the grid; arguments, result and errors as :func:`nm_geometry.grid_of`."""
        grid, findings = grid_of(
            self.instances[self.placed].dataset, shape, spacing_mm=spacing_mm, order_by_user=True
        )
        if grid is None or not self.placed:
            return grid, findings
        affine = grid.affine.copy()
        affine[:3, 3] -= self.placed * affine[:3, 0]
        return replace(grid, affine=affine), findings

    def directions_asked(self) -> Directions:
        """Return what + and - mean, as :func:`nm_geometry.directions_asked`."""
        return directions_asked(self.instances[self.placed].dataset)


def slices_by_number(instances: Sequence[Instance]) -> NumberedSlices | None:
    """Return slices in the order of their numbers where they state one position in all.

    Parameters
    ----------
    instances : sequence of Instance
        Reconstructions of one frame each, in any order.

    Returns
    -------
    NumberedSlices or None
        None where positions differ or are missing altogether, where the slices are unlike each
        other, or where their numbers are not one run: whoever reads positions says what is wrong.
    """
    if len(instances) < 2:
        return None
    try:
        numbers = [integer(instance.dataset, "InstanceNumber") for instance in instances]
        if any(number is None for number in numbers):
            return None
        ordered = [one for _, one in sorted(zip(numbers, instances, strict=True), key=_first)]
        run = sorted(number for number in numbers if number is not None)
        if run != list(range(run[0], run[0] + len(run))):
            return None
        if len({_looks(instance) for instance in ordered}) > 1:
            return None
        placed = [n for n, one in enumerate(ordered) if states_place(one.dataset)]
        poses = [pose_of(ordered[n].dataset) for n in placed]
    except FusionError:
        return None
    is_one = len(placed) == 1
    if not is_one and len(placed) < len(ordered):
        return None
    positions = np.array([pose.position_lps for pose in poses])
    if np.ptp(positions, axis=0).max() > POSITION_TOLERANCE_MM:
        return None
    return NumberedSlices(tuple(ordered), placed[0] if is_one else 0)


def _first(pair: tuple[int | None, Instance]) -> int:
    return pair[0] or 0


def _looks(instance: Instance) -> tuple[object, ...]:
    dataset = instance.dataset
    return (
        integer(dataset, "Rows"),
        integer(dataset, "Columns"),
        tuple(pixel_spacing_mm(dataset)),
        uid(dataset, "FrameOfReferenceUID"),
        frame_marks(dataset),
    )
