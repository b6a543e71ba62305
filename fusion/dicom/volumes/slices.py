"""Slices at known positions, and the exact grid that a regular stack of them spans.

Positions come from Image Position (Patient) and Image Orientation (Patient) alone. Slice Location,
Spacing Between Slices and Instance Number are never used: they are free of any rule that ties them
to the patient (D. Clunie, insight-users 2005-09, 014711).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from fusion.dicom.files.instance import attribute_name, stored_value
from fusion.dicom.pixels.sameness import same_pixels
from fusion.dicom.series import FrameRef
from fusion.dicom.volumes.plausible import require_plausible_position
from fusion.errors import GeometryError
from fusion.findings import Finding
from fusion.findings.volumes import (
    DUPLICATE_SLICE,
    GANTRY_TILT,
    SLICE_POSITIONS_COARSE,
    SLICE_POSITIONS_ROUNDED,
)
from fusion.geometry import FloatArray, Grid, unit_directions

#: Steps between slices, and the place of every slice, may differ from an even grid by this much
#: or by :data:`RELATIVE_TOLERANCE` of the step, whichever is larger (docs/sources.md#ct-geometry).
#: Writers round positions to two to four decimals.
POSITION_TOLERANCE_MM = 0.01
RELATIVE_TOLERANCE = 0.01
#: Some writers round positions to one decimal, so that steps of 1.25 mm read 1.2 and 1.3. Where
#: all of one coordinate are whole multiples of this unit, mm, the stack is even when one line
#: explains every one of them by such rounding alone ...
COARSE_UNIT_MM = 0.1
#: ... and the step is so long, mm, that no missing slice can pass for rounding: one would move the
#: line by a quarter of the step or more, which is over twice the rounding.
LEAST_COARSE_STEP_MM = 0.5
#: Sideways part of a step, as a fraction of the step, from which the gantry counts as tilted
#: (0.57 degrees). The step is kept exactly either way.
SHEAR_TOLERANCE = 0.01
#: CT gantries tilt by up to 30 degrees. Steps that lean more than this against the slices mean
#: that the stated positions and directions contradict each other.
MAX_TILT_DEG = 45.0
#: Direction cosines that differ by less are the same orientation: writers round to four decimals
#: or more, and a value on a rounding boundary may fall either way.
ORIENTATION_TOLERANCE = 2e-4
#: Pixel Spacing that differs by less than this fraction is the same.
SPACING_TOLERANCE = 1e-4

_AXIS_NAMES = "xyz"
#: How many places a refusal names before it counts the rest.
_NAMED = 3


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """One frame and where its pixels are in the patient.

    Parameters
    ----------
    frame : FrameRef
        The stored pixels.
    position_lps : (3,) ndarray of float64, mm
        Image Position (Patient): centre of the first voxel.
    orientation : (6,) ndarray of float64
        Image Orientation (Patient): direction of a row, then of a column.
    pixel_spacing_mm : (2,) ndarray of float64, mm
        Pixel Spacing: between rows, then between columns.
    rows, columns : int
        Size of the image.
    frame_of_reference_uid : str or None
        None when the file states none.
    marks : tuple of (str, str)
        What else the header says that may tell slices at the same position apart, as (name,
        value) for the screen: ``("acquisition", "2")``.

    Raises
    ------
    GeometryError
        Values of the wrong number or that are not finite, a position that is further away than
        any scanner is long, an empty image.
    """

    frame: FrameRef
    position_lps: FloatArray
    orientation: FloatArray
    pixel_spacing_mm: FloatArray
    rows: int
    columns: int
    frame_of_reference_uid: str | None = None
    marks: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for name, keyword, count in (
            ("position_lps", "ImagePositionPatient", 3),
            ("orientation", "ImageOrientationPatient", 6),
            ("pixel_spacing_mm", "PixelSpacing", 2),
        ):
            values = np.array(getattr(self, name), dtype=np.float64)
            if values.shape != (count,) or not np.isfinite(values).all():
                raise GeometryError(
                    f"{attribute_name(keyword)} needs {count} finite numbers; found {values}."
                )
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        require_plausible_position(self.position_lps)
        if self.rows < 1 or self.columns < 1:
            raise GeometryError(f"An image of {self.rows} × {self.columns} pixels is empty.")

    @property
    def label(self) -> str:
        """The file, and the frame where it holds several, as the user knows it."""
        return frame_label(self.frame)

    @property
    def normal(self) -> FloatArray:
        """Row × column direction (3,), as stated: unit length only if the two are exact."""
        return np.cross(self.orientation[:3], self.orientation[3:])

    def lies_like(self, other: Slice) -> bool:
        """Whether both have the same size, spacing, orientation and Frame of Reference."""
        return (
            (self.rows, self.columns) == (other.rows, other.columns)
            and self.frame_of_reference_uid == other.frame_of_reference_uid
            and bool(
                np.abs(self.orientation - other.orientation).max() <= ORIENTATION_TOLERANCE
                and (
                    np.abs(self.pixel_spacing_mm - other.pixel_spacing_mm)
                    <= SPACING_TOLERANCE * np.abs(other.pixel_spacing_mm)
                ).all()
            )
        )


@dataclass(frozen=True, slots=True, eq=False)
class Arrangement:
    """Slices in order and the grid they span, or the reason why they span none.

    Parameters
    ----------
    slices : tuple of Slice
        In order of position along the normal (row × column); repeats that were dropped left out.
    grid : Grid or None
        Slice 0 is ``slices[0]``; None when refused.
    findings : tuple of Finding
        What was handled on the way.
    refusal : str or None
        Why there is no grid: names the slices and says what to do.
    has_repeats : bool
        Whether different images lie at one position, which is then the reason of the refusal.
    """

    slices: tuple[Slice, ...]
    grid: Grid | None
    findings: tuple[Finding, ...] = ()
    refusal: str | None = None
    has_repeats: bool = False

    @property
    def frames(self) -> tuple[FrameRef, ...]:
        """The frames, slice 0 first."""
        return tuple(item.frame for item in self.slices)


def frame_label(frame: FrameRef) -> str:
    """Name a frame as the user knows it: the file, and the frame number where it holds several."""
    frames = stored_value(frame.instance.dataset, "NumberOfFrames")
    if frames is None or str(frames).strip() in ("", "1"):
        return frame.instance.label
    return f"{frame.instance.label} frame {frame.index + 1}"


def arrange(slices: Sequence[Slice]) -> Arrangement:
    """Sort slices by position and build the exact grid that they span.

    The slice axis of the grid is the true step from slice to slice, so that gantry tilt is kept
    exactly. Slices at one position are compared pixel by pixel: identical ones are dropped,
    different ones refused.

    Parameters
    ----------
    slices : sequence of Slice
        In any order; at least one.

    Returns
    -------
    Arrangement
        With a grid, or with a refusal that names the slices concerned.

    Raises
    ------
    ValueError
        No slices at all.
    """
    if not slices:
        raise ValueError("arrange needs at least one slice")
    first = slices[0]
    odd = next((item for item in slices if not item.lies_like(first)), None)
    if odd is not None:
        return _refused(
            slices,
            f"The images {first.label} and {odd.label} differ in size, pixel spacing, orientation "
            "or coordinate system and cannot be slices of one volume. Export them as separate "
            "series.",
        )
    orientation = np.median([item.orientation for item in slices], axis=0)
    try:
        normal = np.cross(*unit_directions(orientation))
    except GeometryError as exc:
        return _refused(slices, f"{first.label}: {exc} Ask for the images to be exported again.")

    ordered = sorted(slices, key=lambda item: float(item.position_lps @ normal))
    ordered, dropped, clash = _without_repeats(ordered, normal)
    if clash is not None:
        return Arrangement(tuple(ordered), None, tuple(dropped), clash, has_repeats=True)
    if len(ordered) == 1:
        return _refused(
            ordered,
            f"The volume is a single slice ({first.label}); the distance to a next one is unknown. "
            "Open the complete series.",
            dropped,
        )

    positions = np.array([item.position_lps for item in ordered])
    origin, step = positions[0], (positions[-1] - positions[0]) / (len(ordered) - 1)
    refusal = _irregular(ordered, positions, normal)
    line = _line_behind_rounding(positions) if refusal is not None else None
    if line is not None:
        (origin, step), refusal = line, None
    tilt_deg = _tilt_deg(step, normal)
    if refusal is not None:
        if tilt_deg is not None and tilt_deg <= MAX_TILT_DEG:
            refusal += f" The gantry was also tilted, by {tilt_deg:.1f}°."
        return _refused(ordered, refusal, dropped)

    if tilt_deg is not None and tilt_deg > MAX_TILT_DEG:
        return _refused(
            ordered,
            f"The positions of the images contradict their orientation: from {ordered[0].label} "
            f"to {ordered[-1].label} the slices move at {tilt_deg:.0f}° to the direction that "
            "they face. Ask for the images to be exported again.",
            dropped,
        )
    findings = list(dropped)
    if tilt_deg is not None:
        findings.append(GANTRY_TILT(tilt_deg=tilt_deg))
    deviation = _deviations(positions, origin, step).max()
    if line is not None:
        findings.append(
            SLICE_POSITIONS_COARSE(step_mm=np.linalg.norm(step), deviation_mm=deviation)
        )
    elif deviation > POSITION_TOLERANCE_MM + 1e-6:
        findings.append(
            SLICE_POSITIONS_ROUNDED(deviation_mm=deviation, step_mm=np.linalg.norm(step))
        )
    try:
        grid = Grid.from_dicom(
            (len(ordered), first.rows, first.columns),
            position_lps=origin,
            orientation=orientation,
            pixel_spacing_mm=np.median([item.pixel_spacing_mm for item in ordered], axis=0),
            slice_step_lps=step,
            frame_of_reference_uid=first.frame_of_reference_uid,
        )
    except GeometryError as exc:
        return _refused(ordered, f"{exc} Ask for the images to be exported again.", dropped)
    return Arrangement(tuple(ordered), grid, tuple(findings))


def even_parts(stack: Arrangement) -> list[Arrangement]:
    """Return what is evenly spaced of a stack that is not as a whole, in order.

    Parameters
    ----------
    stack : Arrangement
        Refused; without images that lie at one position.
    """
    ordered = stack.slices
    if (
        stack.grid is not None
        or stack.has_repeats
        or len(ordered) < 3
        or not ordered[0].normal.any()
    ):
        return []
    positions = np.array([item.position_lps for item in ordered])
    breaks = _uneven_steps(np.diff(positions, axis=0) @ ordered[0].normal) + 1
    runs = np.split(np.arange(len(ordered)), breaks)
    parts = [arrange([ordered[k] for k in run]) for run in runs if 1 < len(run) < len(ordered)]
    return [part for part in parts if part.grid is not None]


def _refused(
    slices: Sequence[Slice], refusal: str, findings: Sequence[Finding] = ()
) -> Arrangement:
    return Arrangement(tuple(slices), None, tuple(findings), refusal)


def _without_repeats(
    ordered: Sequence[Slice], normal: FloatArray
) -> tuple[list[Slice], list[Finding], str | None]:
    """Drop exact repeats; the sentence is the refusal when images at one position differ."""
    kept: list[Slice] = []
    repeats: list[tuple[Slice, Slice]] = []
    for item in ordered:
        if not kept or not _same_place(kept[-1], item):
            kept.append(item)
            continue
        if not same_pixels(kept[-1].frame, item.frame):
            return (
                list(ordered),
                _about_repeats(repeats, normal),
                f"Two different images lie at the same position: {kept[-1].label} and "
                f"{item.label}, both at {_place(item, normal)}. It is not known which one "
                "belongs to the volume; export the phases or reconstructions as separate series.",
            )
        repeats.append((kept[-1], item))
    return kept, _about_repeats(repeats, normal), None


def _about_repeats(repeats: Sequence[tuple[Slice, Slice]], normal: FloatArray) -> list[Finding]:
    if not repeats:
        return []
    named = "; ".join(
        f"{item.label} repeats {first.label} exactly ({_place(item, normal)})"
        for first, item in repeats[:_NAMED]
    )
    more = len(repeats) - _NAMED
    rest = f"; and {more} more of the same kind" if more > 0 else ""
    were = "was" if len(repeats) == 1 else "were"
    return [DUPLICATE_SLICE(repeats=named, rest=rest, were=were)]


def _same_place(a: Slice, b: Slice) -> bool:
    return bool(np.abs(a.position_lps - b.position_lps).max() <= POSITION_TOLERANCE_MM)


def repeats_positions(slices: Sequence[Slice]) -> bool:
    """Whether two of the slices lie at the same position; they must lie alike."""
    normal = slices[0].normal
    ordered = sorted(slices, key=lambda item: float(item.position_lps @ normal))
    return any(_same_place(a, b) for a, b in pairwise(ordered))


def _tilt_deg(step: FloatArray, normal: FloatArray) -> float | None:
    """Angle between step and normal in degrees; None below :data:`SHEAR_TOLERANCE`."""
    along = float(step @ normal)
    sideways = float(np.linalg.norm(step - along * normal))
    if sideways < SHEAR_TOLERANCE * np.linalg.norm(step):
        return None
    return float(np.degrees(np.arctan2(sideways, along)))


def _deviations(positions: FloatArray, origin: FloatArray, step: FloatArray) -> FloatArray:
    """How far each position is from an even grid: largest coordinate, mm (k,).

    By coordinate because writers round each of the three on its own.
    """
    even = origin + np.arange(len(positions))[:, None] * step
    result: FloatArray = np.abs(positions - even).max(axis=1)
    return result


def _line_behind_rounding(positions: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Return origin and step of the even line that was rounded to :data:`COARSE_UNIT_MM`, or None.

    The line is that of least squares; whether rounding explains the positions is decided by the
    line that fits best at its worst position.
    """
    step, origin = np.polyfit(np.arange(len(positions)), positions, 1)
    if np.linalg.norm(step) < LEAST_COARSE_STEP_MM:
        return None
    for coordinate in positions.T:
        units = coordinate / COARSE_UNIT_MM
        is_coarse = bool(np.abs(units - np.rint(units)).max() < 1e-4)
        off = _least_deviation(coordinate) if is_coarse else _deviation_from_ends(coordinate)
        if off > (COARSE_UNIT_MM / 2 if is_coarse else POSITION_TOLERANCE_MM) + 1e-6:
            return None
    return origin, step


def _deviation_from_ends(values: FloatArray) -> float:
    """Largest distance of values from the straight line between the first and the last."""
    return float(np.abs(values - np.linspace(values[0], values[-1], len(values))).max())


def _least_deviation(values: FloatArray) -> float:
    """Largest distance of values from the straight line that makes it smallest."""
    number = np.arange(len(values))
    steps = np.diff(values)
    low, high = float(steps.min()), float(steps.max())
    # The spread about a line is a convex function of its slope.
    for _ in range(100):
        first, second = low + (high - low) / 3, high - (high - low) / 3
        if np.ptp(values - first * number) <= np.ptp(values - second * number):
            high = second
        else:
            low = first
    return float(np.ptp(values - low * number)) / 2


def _irregular(ordered: Sequence[Slice], positions: FloatArray, normal: FloatArray) -> str | None:
    """Say where the slices are not evenly spaced along one straight line; None when they are."""
    steps = np.diff(positions, axis=0)
    along = steps @ normal
    uneven = _uneven_steps(along)
    # As stated in the files: with a tilted gantry longer than measured along the normal.
    lengths = np.linalg.norm(steps, axis=1)
    usual_length = float(np.median(lengths))
    if uneven.size:
        named = _most_telling(lengths, uneven)
        places = [
            f"between {_numbered(ordered, k, normal)} and {_numbered(ordered, k + 1, normal)} "
            f"the step is {lengths[k]:.2f} mm instead of {usual_length:.2f} mm"
            f"{_missing(lengths[k], usual_length)}"
            for k in named
        ]
        rest = uneven.size - len(named)
        more = f"; and at {rest} more {'place' if rest == 1 else 'places'}" if rest else ""
        return (
            f"The slices are not evenly spaced: {'; '.join(places)}{more}. "
            "Open the complete series, or ask for a reconstruction with equal spacing."
        )
    deviations = _deviations(
        positions, positions[0], (positions[-1] - positions[0]) / steps.shape[0]
    )
    worst = int(deviations.argmax())
    if deviations[worst] > _tolerance_mm(along):
        return (
            "The slices do not lie on one straight, even line: "
            f"{_numbered(ordered, worst, normal)} is {deviations[worst]:.2f} mm away from its "
            f"place between the first and the last slice, with steps of {usual_length:.2f} mm. "
            "Ask for a reconstruction with equal spacing."
        )
    return None


def _tolerance_mm(along: FloatArray) -> float:
    return max(POSITION_TOLERANCE_MM, RELATIVE_TOLERANCE * float(np.median(along))) + 1e-6


def _uneven_steps(along: FloatArray) -> npt.NDArray[np.intp]:
    return np.flatnonzero(np.abs(along - float(np.median(along))) > _tolerance_mm(along))


def _most_telling(lengths: FloatArray, uneven: npt.NDArray[np.intp]) -> list[int]:
    """Pick the uneven steps to name: one of each length, at most three, in order of position."""
    seen: dict[float, int] = {}
    for k in uneven.tolist():
        seen.setdefault(round(float(lengths[k]), 2), k)
    return sorted(list(seen.values())[:_NAMED])


def _missing(distance: float, usual: float) -> str:
    times = distance / usual if usual > 0 else 0.0
    count = round(times) - 1
    if count < 1 or abs(times - round(times)) > 2 * RELATIVE_TOLERANCE:
        return ""
    return " (one slice is missing)" if count == 1 else f" ({count} slices are missing)"


def _place(item: Slice, normal: FloatArray) -> str:
    axis = int(np.abs(normal).argmax())
    return f"{_AXIS_NAMES[axis]} = {item.position_lps[axis]:.2f} mm"


def _numbered(ordered: Sequence[Slice], k: int, normal: FloatArray) -> str:
    return f"slice {k + 1} ({_place(ordered[k], normal)}, {ordered[k].label})"
