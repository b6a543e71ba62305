"""A stretch of slices beside what it is moved to: along a straight line, voxels aside, in parts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fusion.geometry import FloatArray

Picture = npt.NDArray[np.float32]
#: How far a stretch is moved: planes up, voxels aside in y and in x.
Move = tuple[float, float, float]


def moved(
    hu: Picture, move: Move, *, first: int, count: int, by: int = 0
) -> tuple[Picture, Picture]:
    """Return planes of a stack and those they are moved to, the part that both show.

    Parameters
    ----------
    hu : (n, y, x) ndarray of float32
        The stack.
    move : (float, float, float)
        Planes up, at least 0; voxels aside in y and in x; linear between voxels.
    first, count : int
        The stretch; it ends where the stack has nothing to move to.
    by : int
        Take planes so many further up in its place, beside the same.
    """
    up, y, x = move
    whole = int(np.floor(up))
    share = np.float32(up - whole)
    last = min(len(hu) - whole - (1 if share else 0), first + count)
    planes = slice(first + whole, max(last, first) + whole)
    other = hu[planes]
    if share:
        other = (1 - share) * other + share * hu[planes.start + 1 : planes.stop + 1]
    one = hu[first + by : max(last, first) + by]
    # Aside: whole voxels by slicing, the rest between two neighbours.
    for axis, along in ((1, y), (2, x)):
        one, other = _aside(one, other, along, axis)
    return one, other


def by_part(values: npt.NDArray[np.generic], parts: int) -> FloatArray:
    """Return the sums (parts * parts,) of planes (n, y, x) over the parts of the picture."""
    edges = [np.arange(parts) * size // parts for size in values.shape[1:]]
    summed = np.add.reduceat(values.sum(axis=0, dtype=np.float64), edges[0], axis=0)
    return np.asarray(np.add.reduceat(summed, edges[1], axis=1).ravel())


def _aside(one: Picture, other: Picture, by: float, axis: int) -> tuple[Picture, Picture]:
    """Return the part that is in both pictures when the second is moved back along an axis."""
    whole = int(np.floor(by))
    share = np.float32(by - whole)
    size = one.shape[axis]
    low, high = max(0, -whole), size - max(0, whole + (1 if share else 0))

    def cut(values: Picture, start: int, stop: int) -> Picture:
        return values[:, start:stop] if axis == 1 else values[:, :, start:stop]

    moved = cut(other, low + whole, high + whole)
    if share:
        moved = (1 - share) * moved + share * cut(other, low + whole + 1, high + whole + 1)
    return cut(one, low, high), moved
