"""A registration held against a rival one, on the same pieces of tissue.

Two registrations see different parts of the CT where the field of the SPECT or PET ends inside it,
and the few points at an edge can weigh more than everything between them. Only points that both
see are compared, and how far chance carries the difference is told by leaving out one block of
tissue after the other (jackknife): a hot joint on one side is one block, the outline of the bones
is all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fusion.geometry import FloatArray
from fusion.registration.fitting import Expectation, Moving, sample


@dataclass(frozen=True, slots=True)
class Rival:
    """How much better than a registration another one makes the pictures agree.

    Parameters
    ----------
    correlation : float
        Under the rival.
    instead_of : float
        Under the registration, over the same points.
    error : float
        Standard error of the difference; infinite where there is too little to tell.
    """

    correlation: float
    instead_of: float
    error: float

    @property
    def gain(self) -> float:
        """By how much the pictures agree better under the rival; negative where worse."""
        return self.correlation - self.instead_of


def against(
    own: Expectation, own_maps: FloatArray, other: Expectation, maps: FloatArray, moving: Moving
) -> Rival:
    """Hold one set of maps against another where both see the functional picture.

    Parameters
    ----------
    own, other : Expectation
        The same points of the CT; what is expected of each under these maps.
    own_maps, maps : (1, 4, 4) ndarray of float64
        Fixed to moving frame, LPS mm.
    moving : Moving
        The functional picture.
    """
    seen = [sample(own, moving, own_maps), sample(other, moving, maps)]
    both = np.isfinite(seen[0]) & np.isfinite(seen[1])
    weight = np.where(both, own.weight, 0).astype(np.float64)
    sums = [
        _sums(one.value, np.where(both, values, 0), weight, own.block)
        for one, values in zip((own, other), seen, strict=True)
    ]
    total = [one.sum(axis=1, keepdims=True) for one in sums]
    before, after = (float(_correlations(one)[0]) for one in total)
    there = sums[0][0] > 0
    count = int(np.count_nonzero(there))
    if count < 2:
        return Rival(after, before, np.inf)
    left_out = [_correlations(all_ - one)[there] for all_, one in zip(total, sums, strict=True)]
    gains = left_out[1] - left_out[0]
    error = float(np.sqrt((count - 1) / count * ((gains - gains.mean()) ** 2).sum()))
    return Rival(after, before, error)


def _sums(
    expected: npt.NDArray[np.float32],
    looked_up: npt.NDArray[np.float32],
    weight: FloatArray,
    block: npt.NDArray[np.int32],
) -> FloatArray:
    """Return for every block what a correlation is made of: (6, blocks)."""
    f, m = expected.astype(np.float64), looked_up.astype(np.float64)
    parts = (weight, weight * f, weight * m, weight * f * f, weight * m * m, weight * f * m)
    return np.stack([np.bincount(block, part) for part in parts])


def _correlations(sums: FloatArray) -> FloatArray:
    """Return the weighted correlation of each column of sums; 0 where nothing varies."""
    weight = np.maximum(sums[0], 1e-12)
    f, m, ff, mm, fm = sums[1:] / weight
    spread = np.maximum(ff - f * f, 0) * np.maximum(mm - m * m, 0)
    varies = spread > 1e-18
    result: FloatArray = np.where(varies, (fm - f * m) / np.sqrt(np.where(varies, spread, 1)), 0)
    return result
