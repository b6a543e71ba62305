"""The three planes of a radiologist, and which way the patient lies on the screen.

napari's world axes are ``(z, y, x)`` in mm: the patient's LPS axes in reverse order. No array is
ever flipped to get a radiological picture; the camera is oriented instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fusion.geometry import EdgeLetters, edge_letters

if TYPE_CHECKING:
    from napari.components import Camera, Dims


@dataclass(frozen=True, slots=True)
class Plane:
    """A way to cut the patient.

    Parameters
    ----------
    name : str
        As a radiologist says it.
    axis : int
        Axis of ``display_grid`` (k, j, i) that the plane is perpendicular to; also the napari
        world axis (z, y, x) that is scrolled.
    orientation2d : (str, str)
        Where increasing vertical and horizontal world coordinates go on the screen.
    """

    name: str
    axis: int
    orientation2d: tuple[str, str]

    @property
    def order(self) -> tuple[int, int, int]:
        """The napari ``dims.order``: scrolled axis, vertical axis, horizontal axis."""
        vertical, horizontal = (n for n in range(3) if n != self.axis)
        return (self.axis, vertical, horizontal)


#: Seen from the feet: patient left on screen right, posterior at the bottom.
AXIAL = Plane("Axial", 0, ("down", "right"))
#: Seen from the front: patient left on screen right, head at the top.
CORONAL = Plane("Coronal", 1, ("up", "right"))
#: Seen from the patient's left: anterior on screen left, head at the top.
SAGITTAL = Plane("Sagittal", 2, ("up", "right"))
PLANES = (AXIAL, CORONAL, SAGITTAL)


def letters_of(dims: Dims, camera: Camera) -> EdgeLetters:
    """Name the patient direction at each edge of a canvas.

    The directions follow from what the canvas does at this moment (which world axes it displays
    and where its camera sends them), never from the pane's name.

    Parameters
    ----------
    dims : napari.components.Dims
        Of the canvas; three world axes (z, y, x).
    camera : napari.components.Camera
        Of the canvas.
    """
    if dims.ndisplay != 2 or dims.ndim != 3:
        return EdgeLetters("", "", "", "")
    vertical, horizontal = (np.eye(3)[::-1][axis] for axis in dims.displayed)
    _, vertical_goes, horizontal_goes = camera.orientation
    down = vertical if vertical_goes == "down" else -vertical
    right = horizontal if horizontal_goes == "right" else -horizontal
    return edge_letters(right, down)
