"""Fused pictures: axial, coronal and sagittal planes with everything a reader needs on them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from fusion.fused import Fused
from fusion.geometry import FloatArray, direction_letters
from fusion.palettes import DEFAULT_PALETTE, palette
from fusion.software import DISCLAIMER, SIMULATED

PLANES = ("axial", "coronal", "sagittal")
#: What stays the same all over each of them.
_AXES = ("z", "y", "x")
#: Window of the CT in the pictures, HU: bone.
BONE_WINDOW_HU = (-350.0, 1150.0)
#: Share of the colour in the blend, 0 to 1.
BLEND = 0.5
#: Longer side of the image area, pixels.
IMAGE_SIDE = 880
_MARGIN = 44
_BAR = 120
_FOOT = 92
_INDENT = 12
#: Height of a line of a warning.
_WARNING_PX = 20
_INK = (225, 225, 225)
_FAINT = (150, 150, 150)
_BACKGROUND = (0, 0, 0)
_WARN = (255, 190, 60)


@dataclass(frozen=True, slots=True)
class PictureText:
    """Words on every picture.

    Parameters
    ----------
    title : str
        Which study and series; no more identity than the user wants on paper.
    spect_label : str
        ``"SPECT"`` or ``"PET"``.
    simulated : bool
        Burn in that the data are not of a patient.
    warnings : tuple of str
        Short sentences that must stand on every export (geometry stated by a user, …).
    """

    title: str
    spect_label: str = "SPECT"
    simulated: bool = False
    warnings: tuple[str, ...] = ()


def picture(
    fused: Fused,
    axis: int,
    *,
    point_lps: npt.ArrayLike,
    words: PictureText,
    field_mm: float | None = None,
    side_px: int = IMAGE_SIDE,
    top: float | None = None,
) -> Image.Image:
    """Draw one fused plane.

    Parameters
    ----------
    fused : Fused
        What to show.
    axis : {0, 1, 2}
        0 axial, 1 coronal, 2 sagittal, as in :data:`PLANES`.
    point_lps : (3,) array_like of float, mm
        The plane passes through this point; a cross marks it.
    words : PictureText
        Words on the picture.
    field_mm : float, optional, mm
        Side of the square around the point that is shown; the whole plane by default.
    side_px : int
        Longer side of the image area, pixels.
    top : float, optional
        Uptake at the upper end of the colours; that of the study by default.
    """
    colours = fused.uptake_range if top is None else (0.0, top)
    grid = fused.display_grid
    kji = np.rint(grid.to_kji(point_lps)).astype(int).clip(0, np.array(grid.shape) - 1)
    ct = fused.ct_plane(axis, int(kji[axis]))
    spect = fused.spect_plane(axis, int(kji[axis]))
    down, right = (n for n in range(3) if n != axis)
    # Display axes run to the head, to posterior and to the left; the head is drawn at the top.
    flip = down == 0
    column = int(kji[right])
    row = (ct.shape[0] - 1 - int(kji[down])) if flip else int(kji[down])
    if flip:
        ct, spect = ct[::-1], spect[::-1]
    spacing = grid.spacing_mm[down], grid.spacing_mm[right]
    if field_mm is not None:
        rows = _around(row, ct.shape[0], field_mm / spacing[0])
        columns = _around(column, ct.shape[1], field_mm / spacing[1])
        ct, spect = ct[rows, columns], spect[rows, columns]
        row, column = row - rows.start, column - columns.start
    height, width = _pixels(ct.shape, spacing, side_px)
    scale = height / (ct.shape[0] * grid.spacing_mm[down])
    blended = _blend(_sized(ct, (height, width)), _sized(spect, (height, width)), colours)
    across = width + 2 * _MARGIN + _BAR
    warnings = _wrapped(words.warnings, across - 2 * _INDENT)
    foot = _FOOT + _WARNING_PX * max(len(warnings) - 1, 0)
    canvas = Image.new("RGB", (across, height + 2 * _MARGIN + foot), _BACKGROUND)
    canvas.paste(Image.fromarray(blended), (_MARGIN, _MARGIN))
    draw = ImageDraw.Draw(canvas)
    box = (_MARGIN, _MARGIN, _MARGIN + width, _MARGIN + height)
    downward = -grid.directions[down] if flip else grid.directions[down]
    _letters(draw, box, downward, grid.directions[right])
    cross = (
        box[0] + (column + 0.5) * width / ct.shape[1],
        box[1] + (row + 0.5) * height / ct.shape[0],
    )
    _cross(draw, cross)
    _scale_bar(draw, box, scale)
    _color_bar(canvas, draw, box, colours, (words.spect_label, fused.spect.unit))
    name, value = _AXES[axis], grid.to_lps(kji)[2 - axis]
    first = f"{PLANES[axis].capitalize()}  {name} = {value:.1f} mm (LPS)   {words.title}"
    _words(draw, box, canvas.width, first=first, warnings=warnings)
    if words.simulated:
        _simulated(draw, box)
    return canvas


def _around(middle: int, length: int, voxels: float) -> slice:
    """Return as many indices around one as are asked for, moved inward at the edges."""
    count = int(np.clip(round(voxels), 1, length))
    start = int(np.clip(middle - count // 2, 0, length - count))
    return slice(start, start + count)


def _pixels(shape: tuple[int, ...], spacing: tuple[float, float], side_px: int) -> tuple[int, int]:
    size = np.array(shape) * np.array(spacing)
    height, width = np.maximum(1, np.rint(size * side_px / size.max())).astype(int)
    return int(height), int(width)


def _sized(plane: npt.NDArray[np.float32], size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Scale a plane to pixels: linear inside the field, and the field's edge kept sharp."""
    inside = np.isfinite(plane)
    filled = Image.fromarray(np.where(inside, plane, 0).astype(np.float32))
    weight = Image.fromarray(inside.astype(np.float32))
    target = (size[1], size[0])
    values = np.asarray(filled.resize(target, Image.Resampling.BILINEAR))
    share = np.asarray(weight.resize(target, Image.Resampling.BILINEAR))
    result = np.full(size, np.nan, dtype=np.float32)
    kept = share >= 0.5
    result[kept] = values[kept] / share[kept]
    return result


def _blend(
    ct: npt.NDArray[np.float32], spect: npt.NDArray[np.float32], colours: tuple[float, float]
) -> npt.NDArray[np.uint8]:
    low, high = BONE_WINDOW_HU
    gray = (np.nan_to_num(ct, nan=low).clip(low, high) - low) / (high - low)
    bottom, top = colours
    inside = np.isfinite(spect)
    level = np.zeros(spect.shape, dtype=np.int64)
    scaled = (spect[inside] - bottom) / (top - bottom)
    level[inside] = np.minimum(scaled.clip(0, 1) * 256, 255).astype(np.int64)
    alpha = np.where(level > 0, BLEND, 0.0)[..., None]
    color = palette(DEFAULT_PALETTE)[level]
    # CT keeps its full brightness where there is no colour; the field's edge is drawn dotted.
    rgb = gray[..., None] * (1 - alpha) + color * alpha
    rgb[_edge(inside)] = 0.45
    return np.asarray(np.rint(rgb * 255), dtype=np.uint8)


def _edge(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    edge = np.zeros_like(inside)
    edge[1:] |= inside[1:] != inside[:-1]
    edge[:, 1:] |= inside[:, 1:] != inside[:, :-1]
    rows, columns = np.indices(inside.shape)
    dotted: npt.NDArray[np.bool_] = edge & ((rows + columns) // 4 % 2 == 0)
    return dotted


def font(size: int) -> Any:
    """Return the font of every picture, ``size`` pixels high."""
    return ImageFont.load_default(size)


def _letters(
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    down_lps: FloatArray,
    right_lps: FloatArray,
) -> None:
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    places = {
        direction_letters(-down_lps): (middle[0], box[1] - 22),
        direction_letters(down_lps): (middle[0], box[3] + 22),
        direction_letters(-right_lps): (box[0] - 22, middle[1]),
        direction_letters(right_lps): (box[2] + 22, middle[1]),
    }
    for letters, place in places.items():
        draw.text(place, letters, font=font(28), fill=_INK, anchor="mm")


def _cross(draw: ImageDraw.ImageDraw, center: tuple[float, float]) -> None:
    x, y = center
    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        draw.line((x + 10 * dx, y + 10 * dy, x + 26 * dx, y + 26 * dy), fill=(90, 220, 90), width=2)


def _scale_bar(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], scale: float) -> None:
    length = next((mm for mm in (100, 50, 20, 10, 5) if mm * scale < 0.4 * (box[2] - box[0])), 1)
    x, y = box[0] + 14, box[3] - 16
    draw.line((x, y, x + length * scale, y), fill=_INK, width=3)
    draw.text((x, y - 8), f"{length} mm", font=font(18), fill=_INK, anchor="ls")


def _color_bar(
    canvas: Image.Image,
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    colours: tuple[float, float],
    words: tuple[str, str],
) -> None:
    label, unit = words
    height = min(360, box[3] - box[1] - 40)
    x, y = box[2] + _MARGIN + 8, box[1] + 20
    ramp = palette(DEFAULT_PALETTE)[np.linspace(255, 0, max(height, 2)).astype(int)]
    strip = np.rint(np.repeat(ramp[:, None], 18, axis=1) * 255).astype(np.uint8)
    canvas.paste(Image.fromarray(strip), (x, y))
    bottom, top = colours
    for share in (0.0, 0.5, 1.0):
        value = bottom + share * (top - bottom)
        place = (x + 24, y + (1 - share) * (len(ramp) - 1))
        draw.text(place, _number(value), font=font(16), fill=_INK, anchor="lm")
    draw.text((x, y + len(ramp) + 10), label, font=font(16), fill=_INK, anchor="la")
    draw.text((x, y + len(ramp) + 30), unit, font=font(14), fill=_FAINT, anchor="la")


def drawable(line: str) -> str:
    """Replace what the built-in font cannot draw, so that no empty boxes appear."""
    plain = line.replace("—", "-").replace("–", "-").replace("−", "-").replace("…", "...")
    return "".join(c if c in "×°·µ" or c.isascii() else "?" for c in _unaccented(plain))


def _unaccented(line: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", line) if not unicodedata.combining(c))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _words(
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    width: int,
    *,
    first: str,
    warnings: list[str],
) -> None:
    room = width - 2 * _INDENT
    y = box[3] + 44
    draw.text((_INDENT, y), _fit(first, font(18), room), font=font(18), fill=_INK, anchor="la")
    for n, line in enumerate(warnings):
        draw.text((_INDENT, y + 24 + _WARNING_PX * n), line, font=font(16), fill=_WARN)
    y += 48 + _WARNING_PX * max(len(warnings) - 1, 0)
    draw.text((_INDENT, y), _fit(DISCLAIMER, font(15), room), font=font(15), fill=_FAINT)


def _simulated(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int]) -> None:
    # Beside the letter in the middle, never over it.
    room = (box[0] + box[2]) / 2 - 30
    said = drawable(SIMULATED)
    size_px = next((n for n in range(22, 8, -1) if font(n).getlength(said) < room), 8)
    draw.text((_INDENT, 10), said, font=font(size_px), fill=_WARN, anchor="la")


def _wrapped(sentences: Sequence[str], width: int) -> list[str]:
    """Break sentences into lines that fit; what makes a picture doubtful is never cut."""
    lines: list[str] = []
    for word in drawable("  ".join(sentences)).split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font(16).getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(_fit(word, font(16), width))
    return [line for line in lines if line.strip()]


def _fit(line: str, font: Any, width: int) -> str:
    """Shorten a line to what fits, marking the cut."""
    line = drawable(line)
    if font.getlength(line) <= width:
        return line
    while line and font.getlength(line + "...") > width:
        line = line[:-1]
    return line + "..."
