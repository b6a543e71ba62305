"""Agreement about numbers: intraclass correlation and limits of agreement, from sums over joints.

Formulas: docs/sources.md#agreement.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from fusion.geometry import FloatArray
from fusion.reader_study.statistics.agreement import Scale

#: Of a normal distribution, 95 % lie within so many standard deviations.
_NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class IntraclassCorrelation:
    """ICC(A,1): two-way, absolute agreement, one reader (McGraw and Wong 1996).

    Parameters
    ----------
    readers : int
        How many.
    """

    readers: int

    @property
    def scale(self) -> Scale:
        """Up to one."""
        return Scale.UP_TO_ONE

    def parts(self, values: npt.NDArray[np.float64]) -> FloatArray:
        """Return for each joint: one, its values, their squares' sum, and the square of their sum.

        Parameters
        ----------
        values : (joints, readers) ndarray of float
            Without gaps.
        """
        # The middle makes no difference, and takes away most of what rounding would.
        near = values - values.mean() if len(values) else values
        one = np.ones(len(values))
        return np.column_stack([one, near, (near**2).sum(axis=1), near.sum(axis=1) ** 2])

    def value(self, sums: FloatArray) -> FloatArray:
        """Return ICC(A,1); NaN where all values are one, or there are fewer than two joints."""
        k = float(self.readers)
        n, columns = sums[..., 0], sums[..., 1 : 1 + self.readers]
        squares, rows = sums[..., -2], sums[..., -1]
        with np.errstate(divide="ignore", invalid="ignore"):
            middle = columns.sum(axis=-1) ** 2 / (n * k)
            between = rows / k - middle
            readers = (columns**2).sum(axis=-1) / n - middle
            rest = squares - middle - between - readers
            ms_between = between / (n - 1.0)
            ms_readers = readers / (k - 1.0)
            ms_rest = rest / ((n - 1.0) * (k - 1.0))
            spread = ms_between + (k - 1.0) * ms_rest + k * (ms_readers - ms_rest) / n
            icc = (ms_between - ms_rest) / spread
        # What is left of equal values after rounding is no spread.
        flat = ~(squares - middle > 1e-12 * np.maximum(squares, 1e-300))
        return np.where((n < 2) | flat | ~np.isfinite(icc), np.nan, icc)


@dataclass(frozen=True, slots=True)
class LogDifference:
    """Bland and Altman on logarithms: how many times higher one reader's ratio is than another's.

    Parameters
    ----------
    at : float
        Standard deviations from the mean: 0 the mean itself, -1 and 1 the limits that hold 95 %.
    """

    at: float = 0.0

    @property
    def scale(self) -> Scale:
        """That of ratios."""
        return Scale.FACTOR

    def parts(self, values: npt.NDArray[np.float64]) -> FloatArray:
        """Return for each joint: one, and difference and its square for each pair of readers.

        Parameters
        ----------
        values : (joints, readers) ndarray of float
            Logarithms, without gaps.
        """
        pairs = combinations(range(values.shape[1]), 2)
        apart = np.column_stack([values[:, one] - values[:, other] for one, other in pairs])
        return np.column_stack([np.ones(len(values)), apart, apart**2])

    def value(self, sums: FloatArray) -> FloatArray:
        """Return the factor; of more than two readers with the mean variance of all pairs."""
        n, rest = sums[..., :1], sums[..., 1:]
        pairs = rest.shape[-1] // 2
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = rest[..., :pairs] / n
            variance = (rest[..., pairs:] - n * mean**2) / (n - 1.0)
            spread = np.sqrt(np.maximum(variance, 0.0).mean(axis=-1))
            value = np.exp(mean.mean(axis=-1) + self.at * _NORMAL_95 * spread)
        return np.where(n[..., 0] < (2 if self.at else 1), np.nan, value)


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of what each joint, or each case, adds.

    Parameters
    ----------
    scale : Scale
        Of what is added.
    """

    scale: Scale = Scale.PLAIN

    def parts(self, values: npt.NDArray[np.float64]) -> FloatArray:
        """Return for each row: one, and its value."""
        return np.column_stack([np.ones(len(values)), values])

    def value(self, sums: FloatArray) -> FloatArray:
        """Return the mean; NaN of nothing."""
        n, total = sums[..., 0], sums[..., 1]
        return np.asarray(np.divide(total, n, out=np.full(np.shape(n), np.nan), where=n != 0))
