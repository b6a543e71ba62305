"""How the two volumes look in a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.layers import Image


@dataclass(frozen=True, slots=True)
class Look:
    """How both volumes look; two that are equal make the same picture of the same planes.

    Parameters
    ----------
    ct_shown : bool
        Whether the CT is in the picture.
    ct_limits, spect_limits : (float, float)
        Values at the two ends of the colours.
    weight : float
        Of the SPECT where it has uptake; 0 leaves it out.
    palette : str
        Name of its colour map.
    smooth : bool
        Whether it is interpolated between the voxels of the plane.
    edges : bool
        Whether outlines of bone lie above both.
    """

    ct_shown: bool
    ct_limits: tuple[float, float]
    spect_limits: tuple[float, float]
    weight: float
    palette: str
    smooth: bool
    edges: bool


def look_of(ct: Image, spect: Image, edges: Image | None) -> Look:
    """Return how napari's layers say that the picture looks."""
    return Look(
        bool(ct.visible),
        tuple(ct.contrast_limits),
        tuple(spect.contrast_limits),
        float(spect.opacity) if spect.visible else 0.0,
        str(spect.colormap.name),
        str(spect.interpolation2d) == "linear",
        edges is not None and bool(edges.visible),
    )
