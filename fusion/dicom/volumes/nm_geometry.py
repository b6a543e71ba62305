"""Where the slices of a Nuclear Medicine reconstruction lie: position, orientation, signed spacing.

Position and orientation stand in the Detector Information Sequence (PS3.3 C.8.4.11). Slice ``k``
lies at ``position + k · spacing · (row × column)`` (C.8.4.15), where Spacing Between Slices is
**signed**: a negative one is kept exactly, and nothing is made positive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from fusion.dicom.files.instance import items, number, numbers, uid
from fusion.dicom.series import Kind
from fusion.dicom.volumes.nm_frames import frame_count
from fusion.dicom.volumes.plausible import (
    field_doubts,
    range_of,
    require_plausible_grid,
    require_plausible_position,
    require_plausible_spacing,
)
from fusion.dicom.volumes.slices import ORIENTATION_TOLERANCE
from fusion.errors import DicomError, GeometryError
from fusion.findings import Finding
from fusion.findings.volumes import (
    SPACING_CHOSEN,
    SPACING_CONTRADICTED,
    SPACING_DISPUTED,
    SPACING_DOUBTFUL,
    SPACING_NEEDED,
    SPACING_ROUNDED,
    SPACING_UNLIKE_PIXELS,
    TOP_LEVEL_GEOMETRY,
    USER_DIRECTION,
    USER_GEOMETRY,
    USER_SPACING_DOUBTFUL,
    USER_SPACING_NOT_USED,
)
from fusion.geometry import FloatArray, Grid, direction_letters, unit_directions

#: Two statements of one position agree when they are this near, mm: one of them may be rounded to
#: one decimal in each coordinate. The one in the standard's place is used.
SAME_POSITION_MM = 0.1
#: A spacing given by a person is doubted when it differs from Slice Thickness by more than this
#: fraction. Overlapping and gapped slices exist, so it is not refused.
SPACING_DOUBT = 0.2
#: A stated spacing is doubted when the stack is longer or shorter than by Slice Thickness by more
#: than so many mm, up to this fraction: one of the two is rounded then (-5 for -4.8 is 8 mm on 40
#: slices). What differs by more means slices that overlap or leave gaps, or a slip.
STACK_DOUBT_MM, ROUNDED_SHARE = 2.0, 0.1
#: A voxel is a cube when its sides differ by no more than this fraction. Where Slice Thickness and
#: pixels make one, a distance that differs by more than :data:`ROUNDED_SHARE` is asked for.
CUBE_SHARE = 0.02
#: So many times longer or shorter than Slice Thickness or a pixel, a distance is none of slices
#: that overlap or leave gaps.
LEAST_LIKELY_TIMES = 3.0
#: A spacing given by a person is that of the file, rounded to one decimal, when they are this
#: near, mm.
SAME_SPACING_MM = 0.05

_TOWARDS = {"L": "left", "R": "right", "A": "front", "P": "back", "H": "head", "F": "feet"}


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Where the first slice lies.

    Parameters
    ----------
    position_lps : (3,) ndarray of float64, mm
        Centre of its first voxel.
    orientation : (6,) ndarray of float64
        Image Orientation (Patient): direction cosines of a row, then of a column.
    findings : tuple of Finding
        What a reader must know about the place where this was stated.
    """

    position_lps: FloatArray
    orientation: FloatArray
    findings: tuple[Finding, ...] = ()

    def grid(
        self,
        shape: tuple[int, int, int],
        in_plane_mm: FloatArray,
        *,
        spacing_mm: float = 1.0,
        frame_of_reference_uid: str | None = None,
    ) -> Grid:
        """Return the grid of slices that lie so far apart along row × column.

        Parameters
        ----------
        shape : (int, int, int)
            Slices, rows, columns.
        in_plane_mm : (2,) ndarray of float64, mm
            Between rows, then between columns.
        spacing_mm : float, mm
            From one slice to the next, with its sign; of no meaning for a single one.
        frame_of_reference_uid : str or None
            What the position refers to.

        Raises
        ------
        GeometryError
            Directions or distances that are none.
        """
        normal = np.cross(*unit_directions(self.orientation))
        return Grid.from_dicom(
            shape,
            position_lps=self.position_lps,
            orientation=self.orientation,
            pixel_spacing_mm=in_plane_mm,
            slice_step_lps=normal * spacing_mm,
            frame_of_reference_uid=frame_of_reference_uid,
        )


@dataclass(frozen=True, slots=True)
class Directions:
    """Which way the slices run with a signed distance, in words for a question.

    Parameters
    ----------
    magnitude : str
        Spacing Between Slices or else Slice Thickness, mm, without sign; ``MM`` where neither is
        stated.
    along, against : str
        Where the slices run with a positive and with a negative distance: ``"feet"``.
    """

    magnitude: str
    along: str
    against: str


def grid_of(
    dataset: Dataset,
    shape: tuple[int, int, int],
    *,
    spacing_mm: float | None,
    order_by_user: bool = False,
) -> tuple[Grid | None, tuple[Finding, ...]]:
    """Return the grid of a multi-frame reconstruction.

    Parameters
    ----------
    dataset : Dataset
        The object.
    shape : (int, int, int)
        Slices, rows, columns.
    spacing_mm : float or None, mm
        Signed distance between slices as a person states it; used only where the file is silent.
    order_by_user : bool
        The file does not say how the slices follow each other, so that a sign in it belongs to
        nothing: the person's ``spacing_mm`` decides the direction, the file the distance.

    Returns
    -------
    Grid or None
        None when a person has to state the spacing.
    tuple of Finding

    Raises
    ------
    GeometryError
        Something is missing or contradictory.
    DicomError
        A value that is not finite, or a wrong count.
    """
    if min(shape) < 1:
        raise GeometryError("Rows or Columns is missing.")
    if shape[0] < 2:
        raise GeometryError("This reconstruction holds a single slice; it is no volume.")
    pose = pose_of(dataset)
    in_plane_mm = pixel_spacing_mm(dataset)
    normal = np.cross(*unit_directions(pose.orientation))
    spacing, findings = _slice_spacing(dataset, normal, spacing_mm, order_by_user)
    if spacing is None:
        return None, (*pose.findings, *findings)
    require_plausible_position(pose.position_lps)
    grid = pose.grid(
        shape,
        in_plane_mm,
        spacing_mm=spacing,
        frame_of_reference_uid=uid(dataset, "FrameOfReferenceUID"),
    )
    require_plausible_grid(grid, kind=Kind.SPECT)
    by_user = any(finding.kind is SPACING_CHOSEN for finding in findings)
    doubts = () if by_user else _distance_doubts(dataset, grid)
    small = field_doubts(grid, kind=Kind.SPECT)
    return grid, (*pose.findings, *findings, *doubts, *small)


def pixel_spacing_mm(dataset: Dataset) -> FloatArray:
    """Return Pixel Spacing: between rows, then between columns, mm (2,).

    Raises
    ------
    GeometryError
        Missing.
    """
    spacing = numbers(dataset, "PixelSpacing", 2)
    if spacing is None:
        raise GeometryError("Pixel Spacing is missing; the size of the voxels is not known.")
    return spacing


def _slice_spacing(
    dataset: Dataset, normal_lps: FloatArray, spacing_mm: float | None, order_by_user: bool
) -> tuple[float | None, tuple[Finding, ...]]:
    """Return the signed spacing along row × column, None when a person has to state it."""
    stated = number(dataset, "SpacingBetweenSlices")
    thickness = _thickness_mm(dataset)
    if spacing_mm is not None:
        require_plausible_spacing(spacing_mm, name="A spacing stated by the user")
    if stated:
        require_plausible_spacing(stated, name="Spacing Between Slices")
        if _is_disputed(dataset):
            return _chosen(dataset, normal_lps, stated, spacing_mm, order_by_user)
        if spacing_mm is None:
            return stated, ()
        if order_by_user:
            return _directed(dataset, normal_lps, distance_mm=abs(stated), spacing_mm=spacing_mm)
        return stated, (USER_SPACING_NOT_USED(stated=stated, spacing_mm=spacing_mm),)
    if spacing_mm is None:
        asked = directions_asked(dataset)
        question = SPACING_NEEDED(
            what="missing" if stated is None else "zero",
            magnitude=asked.magnitude,
            along=asked.along,
            against=asked.against,
        )
        return None, (question,)
    findings = [USER_GEOMETRY(spacing_mm=spacing_mm, towards=_towards(normal_lps * spacing_mm))]
    if thickness and abs(abs(spacing_mm) / thickness - 1) > SPACING_DOUBT:
        findings.append(
            USER_SPACING_DOUBTFUL(
                spacing_mm=spacing_mm, thickness_mm=thickness, limit=SPACING_DOUBT
            )
        )
    return spacing_mm, tuple(findings)


def _directed(
    dataset: Dataset, normal_lps: FloatArray, *, distance_mm: float, spacing_mm: float
) -> tuple[float | None, tuple[Finding, ...]]:
    """Return the distance of the file in the direction of a person, where they agree on it."""
    if abs(abs(spacing_mm) - distance_mm) > SAME_SPACING_MM:
        asked = directions_asked(dataset)
        question = SPACING_CONTRADICTED(
            spacing_mm=abs(spacing_mm),
            magnitude=asked.magnitude,
            along=asked.along,
            against=asked.against,
        )
        return None, (question,)
    spacing = float(np.copysign(distance_mm, spacing_mm))
    return spacing, (USER_DIRECTION(spacing_mm=spacing, towards=_towards(normal_lps * spacing)),)


def _is_disputed(dataset: Dataset) -> bool:
    """Whether Slice Thickness and both pixel spacings agree on another distance than is stated."""
    stated, side_mm = number(dataset, "SpacingBetweenSlices"), _thickness_mm(dataset)
    if not stated or side_mm is None or not _is_off(stated, side_mm):
        return False
    times = max(abs(stated) / side_mm, side_mm / abs(stated))
    # What no slices that overlap or leave gaps explain needs no exact cube against it.
    share = SPACING_DOUBT if times > LEAST_LIKELY_TIMES else CUBE_SHARE
    return bool((np.abs(pixel_spacing_mm(dataset) / side_mm - 1) <= share).all())


def _is_off(stated_mm: float, thickness_mm: float) -> bool:
    return abs(abs(stated_mm) - thickness_mm) > ROUNDED_SHARE * thickness_mm


def _chosen(
    dataset: Dataset,
    normal_lps: FloatArray,
    stated: float,
    spacing_mm: float | None,
    order_by_user: bool,
) -> tuple[float | None, tuple[Finding, ...]]:
    """Return the one of two disputed distances that a person states, or ask which is right."""
    thickness = _thickness_mm(dataset) or abs(stated)
    two = [float(np.copysign(mm, stated)) for mm in (abs(stated), thickness)]
    if spacing_mm is not None and order_by_user:
        two = [float(np.copysign(mm, spacing_mm)) for mm in two]
    for mm in two if spacing_mm is not None else ():
        if abs(mm - (spacing_mm or 0.0)) <= SAME_SPACING_MM:
            towards = _towards(normal_lps * mm)
            return mm, (SPACING_CHOSEN(spacing_mm=mm, towards=towards),)
    question = SPACING_DISPUTED(
        spacing_mm=abs(stated),
        thickness_mm=thickness,
        options=" or ".join(f"--spacing {mm:g}" for mm in two),
        towards=_towards(normal_lps * two[0]),
    )
    return None, (question,)


def directions_asked(dataset: Dataset) -> Directions:
    """Return what + and - mean, for the question for the signed distance.

    Raises
    ------
    GeometryError, DicomError
        As :func:`pose_of`.
    """
    normal = np.cross(*unit_directions(pose_of(dataset).orientation))
    distance = number(dataset, "SpacingBetweenSlices") or _thickness_mm(dataset)
    if _is_disputed(dataset):
        distance = None
    return Directions(
        magnitude=f"{abs(distance):g}" if distance else "MM",
        along=_towards(normal),
        against=_towards(-normal),
    )


def _thickness_mm(dataset: Dataset) -> float | None:
    try:
        thickness = number(dataset, "SliceThickness")
    except DicomError:
        return None  # it places nothing
    if thickness is None or not 0 < abs(thickness) <= range_of(Kind.SPECT).step_mm[1]:
        return None
    return abs(thickness)


def _distance_doubts(dataset: Dataset, grid: Grid) -> tuple[Finding, ...]:
    """Return the doubt about a spacing that the file itself states otherwise."""
    stated, thickness = number(dataset, "SpacingBetweenSlices"), _thickness_mm(dataset)
    if not stated:
        return ()
    pixels_mm = grid.spacing_mm[1:]
    if thickness is None:
        times = np.maximum(abs(stated) / pixels_mm, pixels_mm / abs(stated))
        if times.min() <= LEAST_LIKELY_TIMES:
            return ()
        return (SPACING_UNLIKE_PIXELS(spacing_mm=abs(stated), pixel_mm=float(pixels_mm[0])),)
    length_mm = abs(abs(stated) - thickness) * (grid.shape[0] - 1)
    # Voxels that are cubes with it speak for the spacing.
    is_cube = bool((np.abs(pixels_mm - abs(stated)) * grid.shape[0] < STACK_DOUBT_MM).any())
    if length_mm <= STACK_DOUBT_MM or is_cube:
        return ()
    kind = SPACING_DOUBTFUL if _is_off(stated, thickness) else SPACING_ROUNDED
    return (kind(spacing_mm=abs(stated), thickness_mm=thickness, length_mm=length_mm),)


def _towards(direction_lps: FloatArray) -> str:
    return _TOWARDS[direction_letters(direction_lps)[0]]


def pose_of(dataset: Dataset) -> Pose:
    """Return position and orientation of the first slice.

    Raises
    ------
    GeometryError
        Missing, contradictory.
    DicomError
        Not finite, wrong count.
    """
    stated = [_stated_pose(item) for item in _detectors(dataset)]
    top = _stated_pose(dataset)
    first = next(((p, o) for p, o in stated if p is not None and o is not None), None)
    findings: tuple[Finding, ...] = ()
    if first is None:
        position, orientation = top
        if position is None or orientation is None:
            raise GeometryError(
                "The file does not say where its slices lie in the patient (Image Position and "
                "Image Orientation are missing from the Detector Information Sequence). It cannot "
                "be placed on a CT. Export it from the workstation with its geometry."
            )
        findings = (TOP_LEVEL_GEOMETRY(),)
    else:
        position, orientation = first
        _require_same(top, (position, orientation), "The top level and the detector")
    for other in stated:
        _require_same(other, (position, orientation), "The detectors")
    return Pose(position, orientation, findings)


def states_place(dataset: Dataset) -> bool:
    """Whether an object says anywhere where a slice of it lies."""
    return any(
        _stated_pose(place)[0] is not None
        for place in (dataset, *items(dataset, "DetectorInformationSequence"))
    )


def _detectors(dataset: Dataset) -> tuple[Dataset, ...]:
    """Return the detectors that may place the slices: the one that all frames name, or all.

    Workstations leave the second head of the camera in the list, with the place of its views.
    """
    detectors = items(dataset, "DetectorInformationSequence")
    named = numbers(dataset, "DetectorVector")
    if named is None or len(named) != frame_count(dataset) or np.any(named != named[0]):
        return detectors
    number = int(named[0])
    return detectors[number - 1 : number] if 1 <= number <= len(detectors) else detectors


def _stated_pose(place: Dataset) -> tuple[FloatArray | None, FloatArray | None]:
    return (
        numbers(place, "ImagePositionPatient", 3),
        numbers(place, "ImageOrientationPatient", 6),
    )


def _require_same(
    other: tuple[FloatArray | None, FloatArray | None],
    chosen: tuple[FloatArray, FloatArray],
    who: str,
) -> None:
    position, orientation = other
    if position is not None:
        distance = float(np.linalg.norm(position - chosen[0]))
        if distance > SAME_POSITION_MM:
            raise GeometryError(
                f"{who} state positions of the first slice that lie {distance:.2f} mm apart. "
                "Which one is right is not known; export the reconstruction again."
            )
    if orientation is not None and (np.abs(orientation - chosen[1]).max() > ORIENTATION_TOLERANCE):
        raise GeometryError(
            f"{who} state different orientations of the slices. Which one is right is not known; "
            "export the reconstruction again."
        )
