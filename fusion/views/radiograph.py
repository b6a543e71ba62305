"""What a C-arm would show of the neck, computed from the CT.

Rays are parallel, so nothing is magnified, and only bone dims them: what is summed along each ray
is how far above soft tissue the CT is. It is no fluoroscopy: it shows how the vertebrae of this
patient are counted on such a picture, and nothing of where a needle goes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fusion.errors import GeometryError
from fusion.geometry import FloatArray, Grid, RigidTransform, Volume, block_around
from fusion.resampling import Resampler
from fusion.views.sight import View, turned

#: Said beside every such picture.
RADIOGRAPH_WORDS = "Computed from the CT; not a fluoroscopy image; not for needle placement."
#: What is taken of the CT, mm from the joints: up and down, to the sides, to the front (bodies and
#: discs, not the jaw) and to the back (spinous processes). Chosen by us.
UP_DOWN_MM, ASIDE_MM, FRONT_MM, BACK_MM = 32.0, 34.0, 42.0, 48.0
#: HU from which tissue dims a ray, and above which nothing dims it more (metal). Chosen by us.
SOFT_HU, MOST_HU = 120.0, 2000.0
#: Side of a pixel, and step along a ray, mm.
PIXEL_MM, STEP_MM = 0.7, 1.0
#: Share of the picture that is darker than :data:`_DARK`; the scale of the picture follows from it.
_DARKEST_SHARE, _DARK = 0.02, 0.12
UNIT = "mm of bone"
#: One mm of bone: HU above soft tissue that dims a ray as 1 mm of cortical bone does.
_BONE_HU = 1000.0


class Radiography:
    """Pictures of one neck through a C-arm that is never there.

    Parameters
    ----------
    ct : Volume
        HU.
    around_lps : (n, 3) array_like of float, mm
        The joints of the neck; at least one.

    Raises
    ------
    GeometryError
        No points, or the CT holds nothing near them.
    """

    def __init__(self, ct: Volume, around_lps: npt.ArrayLike) -> None:
        points = np.asarray(around_lps, dtype=np.float64).reshape(-1, 3)
        if not len(points):
            raise GeometryError("A C-arm view needs the joints: find or mark them first.")
        low = points.min(axis=0) - np.array([ASIDE_MM, FRONT_MM, UP_DOWN_MM])
        high = points.max(axis=0) + np.array([ASIDE_MM, BACK_MM, UP_DOWN_MM])
        self._corners: FloatArray = np.where(list(np.ndindex(2, 2, 2)), high, low)
        part = block_around(ct, self._corners)
        if part is None:
            raise GeometryError("The CT holds nothing near the joints that a C-arm could show.")
        self._frame = ct.grid.frame_of_reference_uid
        self._middle: FloatArray = (low + high) / 2
        bone = (part.values() - np.float32(SOFT_HU)).clip(0, MOST_HU - SOFT_HU)
        bone[_outside(part.grid, low, high)] = 0
        part = replace(
            part, stored=bone / np.float32(_BONE_HU), slope=np.array(1.0), intercept=np.array(0.0)
        )
        self._resampler = Resampler(part, part.grid, transform=RigidTransform.identity())

    def seen_from(self, turn_deg: float, tilt_deg: float = 0.0) -> View:
        """Return the picture from one side.

        Parameters
        ----------
        turn_deg, tilt_deg : float, degrees
            As for :func:`fusion.views.turned`.

        Returns
        -------
        View
            Bone along each ray, mm; ``nan`` where the ray meets nothing of the CT.
        """
        sight = turned(turn_deg, center_lps=self._middle, tilt_deg=tilt_deg)
        reach = np.abs(sight.split(self._corners)).max(axis=0)
        rows, columns = (2 * int(np.ceil(mm / PIXEL_MM)) + 1 for mm in reach[:2])
        grid = sight.grid(
            (rows, columns),
            (PIXEL_MM, PIXEL_MM),
            depths_mm=(-float(reach[2]), float(reach[2]), STEP_MM),
            frame_of_reference_uid=self._frame,
        )
        return View(_summed(self._resampler.on(grid)), UNIT, sight, (PIXEL_MM, PIXEL_MM))


def fluoroscopic(view: View) -> npt.NDArray[np.uint8]:
    """Return a C-arm view as such an apparatus shows it: bone dark, (rows, columns) of grey.

    Parameters
    ----------
    view : View
        From :meth:`Radiography.seen_from`; white where the CT holds nothing.
    """
    bone = np.nan_to_num(view.values, nan=0.0)
    dark = float(np.quantile(bone, 1 - _DARKEST_SHARE))
    scale = max(dark, 1.0) / -np.log(_DARK)
    shade: npt.NDArray[np.uint8] = np.rint(255 * np.exp(-bone / scale)).astype(np.uint8)
    return shade


def _summed(rays: Resampler) -> npt.NDArray[np.float32]:
    """Return the sum along the middle axis, mm; ``nan`` where all of it is."""
    block = rays.array()
    missing = np.isnan(block)
    block[missing] = 0
    total: npt.NDArray[np.float32] = block.sum(axis=1, dtype=np.float32) * np.float32(STEP_MM)
    total[missing.all(axis=1)] = np.nan
    return total


def _outside(grid: Grid, low: FloatArray, high: FloatArray) -> npt.NDArray[np.bool_]:
    """Return which voxels lie outside a box along the patient's axes."""
    outside = np.zeros(grid.shape, np.bool_)
    for axis in range(3):
        # What does not change along an axis of the grid is worked out once for all of it.
        steps = [np.arange(n if grid.affine[axis, m] else 1) for m, n in enumerate(grid.shape)]
        a, b, c = (grid.affine[axis, n] * steps[n] for n in range(3))
        at = a[:, None, None] + b[:, None] + c + grid.affine[axis, 3]
        outside |= (at < low[axis]) | (at > high[axis])
    return outside
