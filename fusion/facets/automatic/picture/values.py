"""Whether the values of a CT are what bone is told by: their noise, and where soft tissue lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from fusion.geometry import FloatArray, Volume

#: Slices that are looked at, and HU between which the mean of a neighbourhood is soft tissue.
_SLICES, _SOFT_HU = 12, (-300.0, 350.0)
#: Neighbourhood over which the mean is taken, voxels.
_AROUND = 5
#: Standard deviation of the noise, HU, above which pedicles and gaps are not told from each other.
#: On three real necks to which noise was added levels were right up to 120 and wrong from 150.
MOST_NOISE_HU = 135.0
#: Fat and muscle, HU, and how far from there they may be found before values count as shifted.
_FAT_HU, _MUSCLE_HU, _SHIFT_HU = -100.0, 50.0, 45.0
#: Furthest shift that is looked for, HU, its step, and the half width of either peak.
_FURTHEST_HU, _STEP_HU, _PEAK_HU = 250.0, 5.0, 25.0
#: Share of the soft tissue that has to lie in the two peaks, for them to be believed, and in the
#: lesser of them: 5.7 % at least on six real CTs. Muscle alone, with porous marrow for the other
#: peak (0.8 %), was taken for fat that is 145 HU too high.
_BELIEVED_SHARE, _LEAST_SHARE = 0.4, 0.03
#: Shifts that are as good as the best one, of what that one reaches: their middle is taken.
_NEAR_BEST = 0.98


@dataclass(frozen=True, slots=True)
class CtValues:
    """Noise of a CT, and how far its soft tissue lies from where it belongs.

    Parameters
    ----------
    noise_hu : float
        Standard deviation of the noise from voxel to voxel, HU.
    shift_hu : float
        How much higher fat and muscle are than they should be; 0 where they cannot be told or lie
        about right.
    """

    noise_hu: float
    shift_hu: float

    @property
    def too_noisy(self) -> bool:
        """Whether single vertebrae can no longer be told."""
        return self.noise_hu > MOST_NOISE_HU


def values_of(ct: Volume) -> CtValues:
    """Look at the soft tissue of a CT.

    Parameters
    ----------
    ct : Volume
        HU.
    """
    count = ct.grid.shape[0]
    rows = np.unique(np.linspace(0.1 * count, 0.9 * (count - 1), _SLICES).astype(int))
    mean, rough, apart = (np.concatenate(part) for part in zip(*_soft(ct, rows), strict=True))
    even = rough < np.quantile(rough, 0.6) if len(rough) else rough > 0
    if even.sum() < 1000:
        return CtValues(0.0, 0.0)
    steps = np.abs(apart[even])
    noise = float(np.median(steps[np.isfinite(steps)]) / 0.6745 / np.sqrt(2))
    return CtValues(noise, _shift(mean[even]))


def _soft(ct: Volume, rows: npt.NDArray[np.int64]) -> Iterator[tuple[FloatArray, ...]]:
    """Yield mean, roughness and step from the voxel beside it, of the soft tissue of each slice."""
    for row in rows:  # one after the other: together they take more room than the rest of a search
        hu = ct.stored[row].astype(np.float32) * ct.slope[row] + ct.intercept[row]
        mean = ndimage.uniform_filter(hu, _AROUND)
        soft = (mean > _SOFT_HU[0]) & (mean < _SOFT_HU[1])
        # Edges of fat and air are no noise.
        rough = np.abs(mean)
        rough[:, 2:] = np.abs(mean[:, 2:] - mean[:, :-2])
        rough = ndimage.uniform_filter(rough, 3)
        apart = np.full(hu.shape, np.nan)
        apart[:, 1:] = hu[:, 1:] - hu[:, :-1]
        yield mean[soft], rough[soft], apart[soft]


def _shift(values: npt.NDArray[np.float32]) -> float:
    """Return how far the peaks of fat and muscle lie from their places, HU."""
    shifts = np.arange(-_FURTHEST_HU, _FURTHEST_HU + 1, _STEP_HU)
    values = np.sort(values)

    def share(center: float) -> float:
        low, high = np.searchsorted(values, (center - _PEAK_HU, center + _PEAK_HU))
        return float(high - low) / len(values)

    fat = np.array([share(_FAT_HU + by) for by in shifts])
    muscle = np.array([share(_MUSCLE_HU + by) for by in shifts])
    both = np.sqrt(fat * muscle)
    best = int(both.argmax())
    shift = float(shifts[both >= _NEAR_BEST * both[best]].mean())
    least = min(fat[best], muscle[best])
    believed = fat[best] + muscle[best] >= _BELIEVED_SHARE and least >= _LEAST_SHARE
    if not believed or abs(shift) < _SHIFT_HU:
        return 0.0
    return round(shift)
