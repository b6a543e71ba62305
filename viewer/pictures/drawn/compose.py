"""CT, SPECT and outlines of bone put together at the pixels of the screen, in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fusion.compiled import compiled
from viewer.pictures.look import Look

if TYPE_CHECKING:
    from fusion.geometry import FloatArray

#: Where the outlines of bone are this strong they are drawn in full.
_FULL_EDGE = 0.6
_NOTHING = np.zeros((1, 1), np.float32)


@dataclass(frozen=True, slots=True)
class Cut:
    """Which places of a plane the pixels of a picture show.

    Parameters
    ----------
    first : (float, float)
        Row and column of the plane in the middle of the first pixel.
    step : (float, float)
        Rows and columns of the plane from one pixel to the next.
    shape : (int, int)
        Rows and columns of the picture.
    """

    first: tuple[float, float]
    step: tuple[float, float]
    shape: tuple[int, int]


def compose(
    out: npt.NDArray[np.uint32],
    cut: Cut,
    look: Look,
    *,
    ct: npt.NDArray[Any],
    spect: npt.NDArray[np.float32],
    edges: npt.NDArray[np.uint8] | None,
    colors: FloatArray,
    edge_color: tuple[float, float, float, float],
) -> None:
    """Fill a picture.

    Where there is uptake each pixel is ``(1 - weight) * CT + weight * SPECT``, else the CT. Values
    are interpolated before they become colours, as a graphics card does it.

    Parameters
    ----------
    out : (rows, columns) ndarray of uint32
        Filled with ``0xffRRGGBB``.
    cut, look : Cut, Look
        Which places, and how they look.
    ct, spect, edges : (rows, columns) ndarray
        Planes: HU; uptake, ``nan`` outside the field; 1 on the outlines.
    colors : (256, 4) ndarray
        Of the SPECT, RGBA from 0 to 1; an entry without opacity leaves the CT.
    edge_color : RGBA
        Of the outlines, 0 to 1.
    """
    table = np.rint(np.asarray(colors) * 255).astype(np.float32)
    table[:, 3] *= look.weight / 255
    low, high = look.ct_limits
    bottom, top = look.spect_limits
    has_edges = look.edges and edges is not None
    # One type of everything: each further one would have the loop compiled once more.
    _fill(
        out,
        _plain(ct if look.ct_shown else _NOTHING),
        _plain(spect if look.weight > 0 else _NOTHING),
        _plain(edges if has_edges and edges is not None else _NOTHING),
        ct.shape,
        tuple(float(value) for value in (*cut.first, *cut.step)),
        (look.ct_shown, look.weight > 0, has_edges, look.smooth),
        tuple(float(v) for v in (low, 255 / (high - low), bottom, 256 / (top - bottom))),
        table,
        np.array(edge_color, np.float32) * np.array([255, 255, 255, 1], np.float32),
    )


def _plain(plane: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(plane, dtype=np.float32)


def load() -> None:
    """Load the compiled loop, or compile it, which the first picture would wait for."""
    nothing = np.zeros((2, 2), np.float32)
    compose(
        np.zeros((1, 1), np.uint32),
        Cut((0.0, 0.0), (1.0, 1.0), (1, 1)),
        Look(True, (0.0, 1.0), (0.0, 1.0), 0.5, "", smooth=True, edges=False),
        ct=nothing,
        spect=nothing,
        edges=None,
        colors=np.zeros((256, 4)),
        edge_color=(0.0, 0.0, 0.0, 0.0),
    )


@compiled()
def _at(plane: Any, r: int, r1: int, c: int, c1: int, wr: Any, wc: Any) -> Any:
    """Value between four neighbours."""
    upper = plane[r, c] * (1 - wc) + plane[r, c1] * wc
    lower = plane[r1, c] * (1 - wc) + plane[r1, c1] * wc
    return upper * (1 - wr) + lower * wr


@compiled()
def _fill(
    out: Any,
    ct: Any,
    spect: Any,
    edges: Any,
    shape: Any,
    where: Any,
    shown: Any,
    scale: Any,
    table: Any,
    edge_color: Any,
) -> None:
    row0, column0, row_step, column_step = where
    has_ct, has_spect, has_edges, smooth = shown
    low, ct_scale, bottom, spect_scale = scale
    rows, columns = shape
    height, width = out.shape
    left = np.empty(width, np.int32)
    share = np.empty(width, np.float32)
    for x in range(width):
        at = column0 + x * column_step
        if at < -0.5 or at > columns - 0.5:
            left[x] = -1
        else:
            at = min(max(at, 0.0), columns - 1.0)
            left[x] = min(int(at), max(columns - 2, 0))
            share[x] = at - left[x]
    for y in range(height):
        at = row0 + y * row_step
        if at < -0.5 or at > rows - 0.5:
            out[y] = 0xFF000000
            continue
        at = min(max(at, 0.0), rows - 1.0)
        r = min(int(at), max(rows - 2, 0))
        wr = np.float32(at - r)
        r1 = min(r + 1, rows - 1)
        for x in range(width):
            c = left[x]
            if c < 0:
                out[y, x] = 0xFF000000
                continue
            wc, c1 = share[x], min(c + 1, columns - 1)
            grey = np.float32(0.0)
            if has_ct:
                grey = np.float32((_at(ct, r, r1, c, c1, wr, wc) - low) * ct_scale)
                if not grey > 0:  # also where the CT has no value
                    grey = np.float32(0.0)
                elif grey > 255:
                    grey = np.float32(255.0)
            red = green = blue = grey
            if has_spect:
                if smooth:
                    uptake = np.float32(_at(spect, r, r1, c, c1, wr, wc))
                else:
                    uptake = spect[r1 if wr >= 0.5 else r, c1 if wc >= 0.5 else c]
                if not np.isnan(uptake):
                    step = int(min(max((uptake - bottom) * spect_scale, 0.0), 255.0))
                    weight = table[step, 3]
                    red += (table[step, 0] - red) * weight
                    green += (table[step, 1] - green) * weight
                    blue += (table[step, 2] - blue) * weight
            if has_edges:
                strength = _at(edges, r, r1, c, c1, wr, wc) / _FULL_EDGE
                weight = np.float32(min(strength, 1.0)) * edge_color[3]
                red += (edge_color[0] - red) * weight
                green += (edge_color[1] - green) * weight
                blue += (edge_color[2] - blue) * weight
            out[y, x] = (
                0xFF000000 | (int(red + 0.5) << 16) | (int(green + 0.5) << 8) | int(blue + 0.5)
            )
