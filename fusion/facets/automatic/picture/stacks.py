"""The planes of a CT about the spinal canal, as they lie in the file."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from fusion.facets.automatic.picture.breaks import HU, crossed_planes, distance_axis
from fusion.facets.automatic.picture.stretch import Picture
from fusion.facets.automatic.straight import Frame
from fusion.geometry import FloatArray, Volume

#: Half extent of what is looked at about the canal, with the skin; its voxels, least distance of
#: its planes, and blur within them (standard deviation), mm.
_HALF_MM, _EDGE_MM, _STEP_MM, _BLUR_MM = 80.0, 2.0, 2.5, 2.0
#: Voxels that make one where the picture need not be sharp.
COARSE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Planes about the canal: HU (n, y, x), their heights along it (n,), and distances, mm."""

    hu: Picture
    heights_mm: FloatArray
    step_mm: float
    edges_mm: tuple[float, float]

    def coarse(self) -> Stack:
        """Return the same in larger voxels."""
        n, height, width = self.hu.shape
        sizes = (n, height // COARSE, COARSE, width // COARSE, COARSE)
        hu = self.hu[:, : sizes[1] * COARSE, : sizes[3] * COARSE].reshape(sizes).mean(axis=(2, 4))
        edges = (self.edges_mm[0] * COARSE, self.edges_mm[1] * COARSE)
        return replace(self, hu=hu, edges_mm=edges)

    def middle(self, half_mm: float) -> Stack:
        """Return the part that is no further from the middle, mm."""
        cut = [
            max(int(n / 2 - half_mm / edge), 0)
            for n, edge in zip(self.hu.shape[1:], self.edges_mm, strict=True)
        ]
        hu = self.hu[:, cut[0] : self.hu.shape[1] - cut[0], cut[1] : self.hu.shape[2] - cut[1]]
        return replace(self, hu=hu)


def blurred_stack(ct: Volume, crossed: FloatArray) -> Stack:
    """Return planes in voxels of about 2 mm, some of them taken together, blurred.

    Parameters
    ----------
    ct : Volume
        HU.
    crossed : (n, 4) ndarray of float64
        Planes that the canal crosses, from :func:`planes_between`.
    """
    together = together_of(ct)
    count = len(crossed) // together
    stack = _stack(ct, crossed[: count * together], half_mm=_HALF_MM, edge_mm=_EDGE_MM)
    heights = stack.heights_mm.reshape(count, together).mean(axis=1)
    hu = stack.hu.reshape(count, together, *stack.hu.shape[1:]).mean(axis=1)
    blur = [0.0, *(_BLUR_MM / edge for edge in stack.edges_mm)]
    hu = ndimage.gaussian_filter(hu, blur, truncate=2.0)
    return Stack(hu, heights, stack.step_mm * together, stack.edges_mm)


def sharp_stack(ct: Volume, crossed: FloatArray, *, half_mm: float) -> Stack:
    """Return planes as they are, voxel for voxel; parameters as for :func:`blurred_stack`."""
    return _stack(ct, crossed, half_mm=half_mm, edge_mm=0.0)


def planes_between(ct: Volume, frame: Frame, low_mm: float, high_mm: float) -> FloatArray:
    """Return the planes (n, 4) that the canal crosses between two heights along it, mm."""
    crossed = crossed_planes(ct, frame, distance_axis(ct.grid))
    return crossed[(crossed[:, 0] >= low_mm) & (crossed[:, 0] <= high_mm)]


def together_of(ct: Volume) -> int:
    """Return how many planes of a CT make one of :func:`blurred_stack`."""
    return max(round(_STEP_MM / float(ct.grid.spacing_mm[distance_axis(ct.grid)])), 1)


def _stack(ct: Volume, crossed: FloatArray, *, half_mm: float, edge_mm: float) -> Stack:
    axis = distance_axis(ct.grid)
    others = [n for n in range(3) if n != axis]
    windows, blocks = [], []
    for n in others:
        spacing = float(ct.grid.spacing_mm[n])
        block = max(round(edge_mm / spacing), 1)
        middle = float(crossed[:, 1 + n].mean())
        low = int(max(middle - half_mm / spacing, 0))
        high = int(min(middle + half_mm / spacing + 1, ct.grid.shape[n]))
        windows.append(slice(low, low + max(high - low, 0) // block * block))
        blocks.append(block)
    sizes = [(w.stop - w.start) // b for w, b in zip(windows, blocks, strict=True)]
    planes = np.rint(crossed[:, 1 + axis]).astype(int)
    stored = np.moveaxis(ct.stored, axis, 0)
    result = np.zeros((len(planes), *sizes), np.float32)
    for at, plane in enumerate(planes):
        part = stored[plane][windows[0], windows[1]].astype(np.float32)
        k = plane if axis == 0 else windows[0]
        slope, intercept = ct.slope[k], ct.intercept[k]
        if axis:
            slope, intercept = slope[:, None], intercept[:, None]
        part = np.clip(part * np.float32(slope) + np.float32(intercept), *HU)
        result[at] = part.reshape(sizes[0], blocks[0], sizes[1], blocks[1]).mean(axis=(1, 3))
    edges = [b * float(ct.grid.spacing_mm[n]) for b, n in zip(blocks, others, strict=True)]
    return Stack(result, crossed[:, 0], float(ct.grid.spacing_mm[axis]), (edges[0], edges[1]))
