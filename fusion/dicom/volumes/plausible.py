"""Which sizes a volume of a kind can have: a header may state anything, a scanner cannot.

The ranges are wide: they tell a voxel from a slip of the unit or of the decimal point, and from
noise (docs/sources.md#plausible-geometry).
"""

from __future__ import annotations

from dataclasses import dataclass

from fusion.dicom.series import Kind
from fusion.errors import GeometryError
from fusion.findings import Finding
from fusion.findings.volumes import FIELD_TOO_SMALL
from fusion.geometry import FloatArray, Grid

#: No position is further from the origin of a scanner than this, mm.
FURTHEST_MM = 10_000.0
#: A volume whose longest side is shorter than this holds no part of a person, mm.
SMALLEST_FIELD_MM = 40.0


@dataclass(frozen=True, slots=True)
class Range:
    """What is plausible of one kind of volume.

    Parameters
    ----------
    pixel_mm, step_mm : (float, float), mm
        Least and most distance between pixels and between slices.
    side_mm : float, mm
        Longest side.
    doubtful_mm : float, mm
        A longest side shorter than this is doubted.
    """

    pixel_mm: tuple[float, float]
    step_mm: tuple[float, float]
    side_mm: float
    doubtful_mm: float


# The field of a CT is up to 500 mm wide, 50 in centimetres, and a magnified one is 60 mm or more.
_CT = Range((0.05, 5.0), (0.05, 25.0), 3000.0, 55.0)
# A camera or ring sees 300 to 800 mm, 30 to 80 in centimetres, and is never magnified to less.
_FUNCTIONAL = Range((0.2, 30.0), (0.2, 60.0), 3500.0, 90.0)
_WORDS = {Kind.CT: "CT", Kind.SPECT: "SPECT", Kind.PET: "PET"}


def range_of(kind: Kind) -> Range:
    """Return what is plausible of a kind of volume."""
    return _FUNCTIONAL if kind.is_functional else _CT


def require_plausible_grid(grid: Grid, *, kind: Kind) -> None:
    """Refuse a volume of a size that no scanner of its kind makes.

    Raises
    ------
    GeometryError
        Names the number, what would be plausible, and what to do.
    """
    wanted, word = range_of(kind), _WORDS.get(kind, "volume")
    step, *pixels = (float(v) for v in grid.spacing_mm)
    sides = [n * mm for n, mm in zip(grid.shape, (step, *pixels), strict=True)]
    for name, values, (least, most) in (
        ("A distance between slices", [step], wanted.step_mm),
        ("A distance between pixels", pixels, wanted.pixel_mm),
        ("A side of the volume", sides, (0.0, wanted.side_mm)),
    ):
        for value in values:
            if not least <= value <= most:
                raise GeometryError(
                    f"{name} of {value:g} mm is not possible in a {word}; expected {least:g} to "
                    f"{most:g} mm. The header is wrong or in another unit. Ask for the series to "
                    "be exported again."
                )
    if max(sides) < SMALLEST_FIELD_MM:
        raise GeometryError(
            f"The longest side of the volume is {max(sides):.3g} mm, which holds no part of a "
            f"person that a {word} shows; expected {SMALLEST_FIELD_MM:g} mm or more. The header is "
            "wrong or in another unit (centimetres). Ask for the series to be exported again."
        )
    require_plausible_position(grid.affine[:3, 3])


def field_doubts(grid: Grid, *, kind: Kind) -> tuple[Finding, ...]:
    """Return the doubt about a volume of a size that a slip of the unit makes."""
    longest = max(n * float(mm) for n, mm in zip(grid.shape, grid.spacing_mm, strict=True))
    if longest >= range_of(kind).doubtful_mm:
        return ()
    return (FIELD_TOO_SMALL(volume=_WORDS.get(kind, "volume"), longest_mm=longest),)


def require_plausible_spacing(spacing_mm: float, *, name: str) -> None:
    """Refuse a signed distance between NM slices that no camera makes.

    Raises
    ------
    GeometryError
        Names the number, and what would be plausible.
    """
    least, most = _FUNCTIONAL.step_mm
    if not least <= abs(spacing_mm) <= most:
        raise GeometryError(
            f"{name} of {spacing_mm:g} mm is not possible; expected {least:g} to {most:g} mm, with "
            "either sign. The header is wrong or in another unit. Ask for the series to be "
            "exported again."
        )


def require_plausible_position(position_lps: FloatArray) -> None:
    """Refuse a position further away than any scanner is long.

    Raises
    ------
    GeometryError
        Says how far.
    """
    far = float(abs(position_lps).max())
    if far > FURTHEST_MM:
        raise GeometryError(
            f"Image Position (Patient) lies {far:g} mm away; expected at most {FURTHEST_MM:g} mm. "
            "The header is wrong or in another unit. Ask for the series to be exported again."
        )
