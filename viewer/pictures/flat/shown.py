"""What a flat picture shows: colours, names, and the words that stand in it. Knows no widgets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fusion.geometry import FloatArray
from fusion.palettes import palette
from fusion.views import View

#: Grey of what lies outside the field, 0 to 255: neither black (no uptake) nor white.
OUTSIDE = 56


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A place with a name in a picture.

    Parameters
    ----------
    point_lps : (3,) ndarray of float64, mm
        In the CT's frame.
    text : str
        Its name; every doubt in it.
    color : str
        Of ring and name.
    ring_mm : float, mm
        Radius of the ring around it; 0 for a dot.
    side : {-1, 0, 1}
        Side of the patient that it lies on: right, middle, left.
    chosen : bool
        Whether it is the one that is looked at.
    dashed : bool
        Whether its level is doubtful.
    decided : bool
        Whether a reader decided about it.
    positive : bool
        Whether a reader called it positive.
    nerves : tuple of str
        Of the plan, that supply it.
    """

    point_lps: FloatArray
    text: str
    color: str
    ring_mm: float = 0.0
    side: int = 0
    chosen: bool = False
    dashed: bool = False
    decided: bool = False
    positive: bool = False
    nerves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture as it is to be drawn.

    Parameters
    ----------
    rgb : (rows, columns, 3) ndarray of uint8
        Colours.
    view : View
        Where each pixel lies.
    caption : str
        In the upper left corner.
    hot : (rows, columns) ndarray of bool or None
        What no name may cover.
    bright : bool
        Whether the picture is white where nothing is.
    """

    rgb: npt.NDArray[np.uint8]
    view: View
    caption: str
    hot: npt.NDArray[np.bool_] | None = None
    bright: bool = False


def levels(values: npt.NDArray[np.floating], limits: tuple[float, float]) -> npt.NDArray[np.uint8]:
    """Return values as steps 0 to 255 between two limits; ``nan`` becomes 0."""
    low, high = limits
    scaled = (np.nan_to_num(values, nan=low).astype(np.float32) - low) * (255 / (high - low))
    steps: npt.NDArray[np.uint8] = scaled.clip(0, 255).astype(np.uint8)
    return steps


def grey(
    values: npt.NDArray[np.floating], limits: tuple[float, float], *, inverse: bool = False
) -> npt.NDArray[np.uint8]:
    """Return values in grey, (rows, columns, 3); what is ``nan`` in the grey of outside."""
    step = levels(values, limits)
    if inverse:
        step = 255 - step
    step = np.where(np.isnan(values), np.uint8(OUTSIDE), step)
    return np.repeat(step[..., None], 3, axis=-1)


def colored(
    values: npt.NDArray[np.floating], limits: tuple[float, float], name: str
) -> npt.NDArray[np.uint8]:
    """Return values in a DICOM colour map, (rows, columns, 3)."""
    table = np.rint(palette(name) * 255).astype(np.uint8)
    rgb: npt.NDArray[np.uint8] = table[levels(values, limits)]
    rgb[np.isnan(values)] = OUTSIDE
    return rgb


def blended(
    ct: npt.NDArray[np.uint8],
    uptake: npt.NDArray[np.floating],
    limits: tuple[float, float],
    *,
    name: str,
    weight: float,
) -> npt.NDArray[np.uint8]:
    """Return ``(1 - weight) * CT + weight * SPECT`` where there is uptake, and the CT elsewhere.

    Parameters
    ----------
    ct : (rows, columns, 3) ndarray of uint8
        The CT in grey.
    uptake : (rows, columns) ndarray
        ``nan`` outside the field.
    limits : (low, high) tuple of float
        Of the colour map.
    name : str
        Of the colour map.
    weight : float
        Of the SPECT, 0 to 1.
    """
    step = levels(uptake, limits)
    table = palette(name).astype(np.float32) * np.float32(255 * weight)
    table[0] = 0
    share = np.full(256, 1 - weight, np.float32)
    share[0] = 1
    return (ct * share[step][..., None] + table[step]).astype(np.uint8)
