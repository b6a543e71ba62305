"""The whole neck at a glance: a maximum intensity projection with the decisions along a rail."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from fusion.anatomy import Side
from fusion.annotations import Decision, Target
from fusion.export.report.pictures import drawable, font
from fusion.fused import Fused
from fusion.geometry import Grid
from fusion.software import DISCLAIMER, SIMULATED

#: Spacing of the projection, mm: finer than a SPECT resolution element, coarse enough to be quick.
SPACING_MM = 2.0
#: How much is shown above and below the Targets, and to both sides of them, mm.
UP_DOWN_MM = 70.0
ACROSS_MM = 60.0
_SCALE = 4
_MARGIN = 40
_RAIL = 400
#: Letters in a line of a warning, which the two rails alone have room for; height of a line.
_WARNING_LETTERS, _WARNING_PX = 62, 24
_INK = (225, 225, 225)
_FAINT = (150, 150, 150)
_WARN = (255, 190, 60)
#: Colours of the decisions in every picture.
COLORS = {
    Decision.POSITIVE: (255, 120, 60),
    Decision.NEGATIVE: (120, 170, 255),
    Decision.INDETERMINATE: (240, 220, 90),
}


def overview(
    fused: Fused,
    targets: Sequence[Target],
    *,
    spect_label: str,
    simulated: bool,
    warnings: Sequence[str] = (),
) -> Image.Image:
    """Draw the functional volume from the front, with a rail of the decided joints beside it.

    Dark is high uptake; the patient's left is on the right of the picture.

    Parameters
    ----------
    fused : Fused
        What to show; the projection covers the CT's field, or the part of it around the Targets.
    targets : sequence of Target
        Each has a mark at its point and a line to its name on its own side.
    spect_label : str
        ``"SPECT"`` or ``"PET"``.
    simulated : bool
        Burn in that the data are not of a patient.
    warnings : sequence of str
        What makes the levels doubtful; burnt in.
    """
    grid = _field(_coarse(fused.display_grid), targets)
    uptake = fused.spect_on(grid)
    highest = np.nanmax(np.nan_to_num(uptake, nan=0.0), axis=1)[::-1]  # the head at the top
    width, height = highest.shape[1] * _SCALE, highest.shape[0] * _SCALE
    lines = [line for said in warnings for line in textwrap.wrap(said, _WARNING_LETTERS)]
    below = 2 * _MARGIN + 40 + _WARNING_PX * len(lines)
    canvas = Image.new("RGB", (width + 2 * _RAIL, height + below), (0, 0, 0))
    canvas.paste(_gray(highest, fused.uptake_range[1], (width, height)), (_RAIL, _MARGIN))
    draw = ImageDraw.Draw(canvas)
    letters = (("R", _RAIL - 18), ("L", _RAIL + width + 18))
    for letter, x in letters:
        draw.text((x, _MARGIN + height - 16), letter, font=font(26), fill=_INK, anchor="mm")
    draw.text((_RAIL + width / 2, _MARGIN - 18), "H", font=font(26), fill=_INK, anchor="mm")
    for target, row in _labelled(targets, grid, height):
        _mark(draw, target, grid, row, (width, height))
    words = f"{spect_label}, maximum from the front, within the CT's field"
    place = (12, _MARGIN + height + 8)
    draw.text(place, drawable(words), font=font(19), fill=_FAINT, anchor="la")
    draw.text((place[0], place[1] + 24), DISCLAIMER, font=font(17), fill=_FAINT, anchor="la")
    for n, line in enumerate(lines):
        at = (12, place[1] + 52 + _WARNING_PX * n)
        draw.text(at, drawable(line), font=font(19), fill=_WARN, anchor="la")
    if simulated:
        draw.text((12, 8), drawable(SIMULATED), font=font(24), fill=_WARN, anchor="la")
    return canvas


def _coarse(fine: Grid) -> Grid:
    """Return a grid over the same field with isotropic spacing."""
    extent = (np.array(fine.shape) - 1) * fine.spacing_mm
    count = np.maximum(1, np.floor(extent / SPACING_MM).astype(int) + 1)
    affine = fine.affine.copy()
    affine[:3, :3] *= SPACING_MM / fine.spacing_mm
    shape = int(count[0]), int(count[1]), int(count[2])
    return Grid(shape, affine, fine.frame_of_reference_uid)


def _field(grid: Grid, targets: Sequence[Target]) -> Grid:
    """Return the part of a grid around the Targets; all of it when there are none."""
    if not targets:
        return grid
    kji = grid.to_kji(np.array([target.point_lps for target in targets]))
    reach = np.array([UP_DOWN_MM, np.inf, ACROSS_MM]) / SPACING_MM
    last = np.array(grid.shape) - 1
    low = np.clip(np.floor(kji.min(axis=0) - reach), 0, last).astype(int)
    high = np.clip(np.ceil(kji.max(axis=0) + reach), low, last).astype(int)
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_lps(low)
    count = high - low + 1
    shape = int(count[0]), int(count[1]), int(count[2])
    return Grid(shape, affine, grid.frame_of_reference_uid)


def _gray(plane: npt.NDArray[np.float32], top: float, size: tuple[int, int]) -> Image.Image:
    level = 255 - np.rint((plane / top).clip(0, 1) * 255).astype(np.uint8)
    return Image.fromarray(level).resize(size, Image.Resampling.BILINEAR).convert("RGB")


def _place(target: Target, grid: Grid, height: int) -> tuple[float, float]:
    k, _, i = grid.to_kji(target.point_lps)
    return _RAIL + (i + 0.5) * _SCALE, _MARGIN + height - (k + 0.5) * _SCALE


def _labelled(targets: Sequence[Target], grid: Grid, height: int) -> list[tuple[Target, float]]:
    """Return each Target with the height of its name, moved down where names would touch."""
    rows: list[tuple[Target, float]] = []
    for side in Side:
        mine = sorted(
            (target for target in targets if target.joint.side is side),
            key=lambda target: -target.point_lps[2],
        )
        heights = apart([_place(target, grid, height)[1] for target in mine], 34)
        rows += zip(mine, heights, strict=True)
    return rows


def apart(heights: Sequence[float], least: float) -> list[float]:
    """Return heights from the top down, moved down where two would lie nearer than ``least``."""
    moved: list[float] = []
    for y in heights:
        moved.append(max(y, moved[-1] + least) if moved else y)
    return moved


def _mark(
    draw: ImageDraw.ImageDraw, target: Target, grid: Grid, row: float, size: tuple[int, int]
) -> None:
    x, y = _place(target, grid, size[1])
    color = COLORS[target.decision]
    to_left = target.joint.side.sign > 0  # the patient's left is on the right of the picture
    end = _RAIL + size[0] + 34 if to_left else _RAIL - 34
    draw.line((x, y, end, row), fill=color, width=1)
    draw.ellipse((x - 6, y - 6, x + 6, y + 6), outline=color, width=2)
    label = drawable(f"{target.joint.name} {target.decision.value}")
    anchor = "lm" if to_left else "rm"
    draw.text((end + (4 if to_left else -4), row), label, font=font(30), fill=color, anchor=anchor)
