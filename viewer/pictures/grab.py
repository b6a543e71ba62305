"""What the left button can take hold of in a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fusion.geometry import FloatArray


class Grab(Protocol):
    """Something in a pane that the left button can take hold of, in place of the crosshair.

    Attributes
    ----------
    cursor : str
        How napari draws the mouse while it is above it.
    """

    cursor: str

    def press(self, point_lps: FloatArray) -> None:
        """Take hold of it at a point, LPS mm."""

    def move(self, point_lps: FloatArray) -> None:
        """Carry it to a point, LPS mm."""

    def release(self) -> None:
        """Let it go where it is."""
