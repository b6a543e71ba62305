"""What an NM object says once more, frame by frame, about the place of its slices.

The standard has one place for it: the detector, for the first slice. Programs that rewrite objects
add what belongs to other kinds: functional groups of each frame, a list of slice locations, a
detector for each slice. Nothing is read from there; what contradicts the detector is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fusion.dicom.files.functional_groups import functional_group
from fusion.dicom.files.instance import items, number, numbers
from fusion.dicom.series import FrameRef
from fusion.dicom.volumes.slices import ORIENTATION_TOLERANCE
from fusion.errors import GeometryError
from fusion.geometry import FloatArray, Grid

#: Two statements of the place of a slice agree when they are this near, mm: lists are rounded, and
#: a rounded distance adds up.
SAME_PLACE_MM = 0.5
#: Sizes of a pixel agree when the picture is no larger or smaller by more than so many mm.
SAME_SIZE_MM = 1.0

_AGAIN = "Which one is right is not known; export the reconstruction again."


@dataclass(frozen=True, slots=True)
class OtherDistance:
    """From one slice to the next as the file has it where it should not stand.

    Parameters
    ----------
    mm : float, mm
        Along row × column, with its sign, where that is known.
    is_signed : bool
        Whether the sign is known.
    where : str
        What states it, in a physician's words, in the plural.
    """

    mm: float
    is_signed: bool
    where: str


def other_distance(grid: Grid, frames: Sequence[FrameRef]) -> OtherDistance | None:
    """Return the distance that the file itself states where the grid has another.

    Parameters
    ----------
    grid : Grid
        With the distance that a person stated.
    frames : sequence of FrameRef
        Slice by slice, slice 0 first.

    Returns
    -------
    OtherDistance or None
        None where nothing but the distance of the grid is stated, and where what is stated makes no
        even run from its first slice: that is no matter of the distance.

    Raises
    ------
    DicomError
        As :func:`require_one_place`.
    """
    first, steps = grid.to_lps((0, 0, 0)), np.arange(len(frames))
    normal = np.cross(grid.directions[2], grid.directions[1])
    used_mm = float((grid.to_lps((1, 0, 0)) - first) @ normal)
    found: list[OtherDistance] = []
    for stated, where in (
        (_by_frame(frames), "the positions of the file's frames (functional groups)"),
        (_by_detector(frames), "the positions of the file's detectors"),
    ):
        known = [position for position in stated if position is not None]
        if len(known) < len(frames):
            continue
        along = np.array(known) - first
        mm = float(along[-1] @ normal) / steps[-1]
        if np.abs(along - steps[:, None] * mm * normal).max() <= SAME_PLACE_MM:
            found.append(OtherDistance(mm, True, where))
    locations = _locations(frames)
    if locations is not None:
        mm = float(locations[-1]) / steps[-1]
        if np.abs(locations - steps * mm).max() <= SAME_PLACE_MM:
            where = "the file's slice locations (Slice Location Vector)"
            found.append(OtherDistance(mm, False, where))
    for other in found:
        off_mm = abs(other.mm - (used_mm if other.is_signed else abs(used_mm))) * steps[-1]
        # One place for all slices is no distance.
        if off_mm > SAME_PLACE_MM < abs(other.mm) * steps[-1]:
            return other
    macro = functional_group(frames[0], "PixelMeasuresSequence")
    distance = None if macro is None else number(macro, "SpacingBetweenSlices")
    if distance:
        off_mm = abs(abs(distance) - abs(used_mm)) * steps[-1]
        if off_mm > SAME_SIZE_MM:
            return OtherDistance(abs(distance), False, "the file's functional groups")
    return None


def require_one_place(grid: Grid, frames: Sequence[FrameRef]) -> None:
    """Refuse frames that state another place than the one that was read.

    Parameters
    ----------
    grid : Grid
        As the detector, or the top level, states it.
    frames : sequence of FrameRef
        Slice by slice, slice 0 first.

    Raises
    ------
    GeometryError
        A frame, a list of slice locations or a detector contradicts the grid.
    DicomError
        One of them holds what is no number.
    """
    _require_same_size(grid, frames[0])
    _require_same_orientation(grid, frames)
    _require_same_positions(grid, _by_frame(frames), "by its own frame (functional groups)")
    _require_same_positions(grid, _by_detector(frames), "by a detector of its own")
    _require_same_locations(grid, frames)


def _require_same_size(grid: Grid, frame: FrameRef) -> None:
    macro = functional_group(frame, "PixelMeasuresSequence")
    if macro is None:
        return
    size, distance = numbers(macro, "PixelSpacing", 2), number(macro, "SpacingBetweenSlices")
    stated = [abs(distance or 0.0), *((0.0, 0.0) if size is None else size)]
    for axis, (mm, found) in enumerate(zip(stated, grid.spacing_mm, strict=True)):
        length = grid.shape[axis] if axis else grid.shape[0] - 1
        if mm and abs(mm - found) * length > SAME_SIZE_MM:
            what = "its slices" if axis == 0 else "its pixels"
            raise GeometryError(
                f"The file states twice and differently how far {what} lie apart: {found:g} mm, "
                f"and {mm:g} mm in its functional groups. {_AGAIN}"
            )


def _require_same_orientation(grid: Grid, frames: Sequence[FrameRef]) -> None:
    directions = grid.directions
    expected = np.concatenate([directions[2], directions[1]])
    for frame in frames:
        macro = functional_group(frame, "PlaneOrientationSequence")
        stated = None if macro is None else numbers(macro, "ImageOrientationPatient", 6)
        if stated is not None and np.abs(stated - expected).max() > ORIENTATION_TOLERANCE:
            raise GeometryError(
                "The file states the orientation of its slices twice and differently: once for "
                f"all, and by a frame of its own (functional groups). {_AGAIN}"
            )


def _by_frame(frames: Sequence[FrameRef]) -> list[FloatArray | None]:
    macros = (functional_group(frame, "PlanePositionSequence") for frame in frames)
    return [None if one is None else numbers(one, "ImagePositionPatient", 3) for one in macros]


def _by_detector(frames: Sequence[FrameRef]) -> list[FloatArray | None]:
    """Return the positions of detectors where there is one for each frame of the object."""
    dataset = frames[0].instance.dataset
    detectors = items(dataset, "DetectorInformationSequence")
    if len(detectors) == 1 or len(detectors) != number(dataset, "NumberOfFrames"):
        return []
    return [numbers(detectors[one.index], "ImagePositionPatient", 3) for one in frames]


def _require_same_positions(grid: Grid, stated: Sequence[FloatArray | None], how: str) -> None:
    known = [(k, position) for k, position in enumerate(stated) if position is not None]
    if not known:
        return
    # One position for all is that of the first slice, repeated.
    if len(known) > 1 and np.ptp([p for _, p in known], axis=0).max() <= SAME_PLACE_MM:
        known = [(0, known[0][1])]
    apart = [float(np.linalg.norm(grid.to_lps((k, 0, 0)) - position)) for k, position in known]
    worst = int(np.argmax(apart))
    if apart[worst] > SAME_PLACE_MM:
        raise GeometryError(
            f"The file states the place of its slices twice and differently: slice "
            f"{known[worst][0] + 1} lies {apart[worst]:.1f} mm away from where the position of the "
            f"first slice and the distance between slices put it, {how}. {_AGAIN}"
        )


def _require_same_locations(grid: Grid, frames: Sequence[FrameRef]) -> None:
    """Compare a list of slice locations by its steps: where it begins and its sign mean nothing."""
    along = _locations(frames)
    if along is None:
        return
    expected = np.arange(len(frames)) * grid.spacing_mm[0]
    if along.max() > SAME_PLACE_MM and np.abs(along - expected).max() > SAME_PLACE_MM:
        raise GeometryError(
            "The file states the place of its slices twice and differently: its list of slice "
            f"locations (Slice Location Vector) does not rise by {grid.spacing_mm[0]:g} mm from "
            f"one to the next. {_AGAIN}"
        )


def _locations(frames: Sequence[FrameRef]) -> FloatArray | None:
    """Return how far each slice lies from the first by a list of slice locations, mm (n,)."""
    dataset = frames[0].instance.dataset
    stated = numbers(dataset, "SliceLocationVector")
    if stated is None or len(stated) != number(dataset, "NumberOfFrames"):
        return None
    along: FloatArray = np.abs(stated[[one.index for one in frames]] - stated[frames[0].index])
    return along
