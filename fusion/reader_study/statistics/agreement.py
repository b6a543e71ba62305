"""Agreement about categories, from counts that can be summed over joints, and so over patients.

Each statistic has two halves: what one joint adds (:meth:`parts`), and the value of a sum of parts
(:meth:`value`). Resampling patients then resamples sums, and never goes back to the joints.

Codes are whole numbers from 0; -1 is no answer, which only those statistics take that say so.
Formulas: docs/sources.md#agreement.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fusion.geometry import FloatArray
from fusion.reader_study.statistics.weights import nominal

#: Codes of joints × readers.
Codes = npt.NDArray[np.int64]


class Scale(StrEnum):
    """On what scale the errors of a number are alike on both sides."""

    PLAIN = "plain"
    #: It is a share or a kappa: never more than 1, and the closer to 1 the surer.
    UP_TO_ONE = "up to one"
    #: It is a ratio.
    FACTOR = "factor"


class Statistic(Protocol):
    """A number that is worked out from sums over joints."""

    @property
    def scale(self) -> Scale:
        """On what scale its interval is made."""
        ...

    def parts(self, data: Any, /) -> FloatArray:
        """Return what each joint adds, joints × parts."""
        ...

    def value(self, sums: FloatArray) -> FloatArray:
        """Return the number for sums of parts, ... × parts; NaN where it is not defined."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Categorical:
    """What statistics of categories have in common.

    Parameters
    ----------
    count : int
        Of the categories.
    given : (count, count) ndarray of float, optional
        Agreement of two answers; those of answers without order by default.
    """

    count: int
    given: FloatArray | None = None

    @property
    def scale(self) -> Scale:
        """Up to one, all of them."""
        return Scale.UP_TO_ONE

    @property
    def weights(self) -> FloatArray:
        """Agreement of two answers, count × count."""
        return nominal(self.count) if self.given is None else self.given

    def _counts(self, codes: Codes) -> FloatArray:
        """Return how often each category was chosen at each joint, joints × categories."""
        return np.asarray((codes[..., None] == np.arange(self.count)).sum(axis=1), float)


@dataclass(frozen=True, slots=True, eq=False)
class PairTables(_Categorical):
    """What is worked out from the table of two readers, and is the mean of all pairs of readers."""

    def parts(self, codes: Codes) -> FloatArray:
        """Return for each joint the table of each pair of readers, with a 1 at their answers."""
        q = self.count
        tables = []
        for one, other in combinations(range(codes.shape[1]), 2):
            cell = codes[:, one] * q + codes[:, other]
            tables.append((cell[:, None] == np.arange(q * q)).astype(float))
        return np.concatenate(tables, axis=1)

    def _tables(self, sums: FloatArray) -> FloatArray:
        return sums.reshape(*sums.shape[:-1], -1, self.count, self.count)

    def value(self, sums: FloatArray) -> FloatArray:
        """Return the mean over the pairs of readers; NaN where it is not defined for one."""
        return np.asarray(self.of_tables(self._tables(sums)).mean(axis=-1))

    def of_tables(self, tables: FloatArray) -> FloatArray:
        """Return the value of tables, ... × count × count."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, eq=False)
class Kappa(PairTables):
    """Cohen's kappa, weighted where weights are given; of more than two readers Light's mean."""

    def of_tables(self, tables: FloatArray) -> FloatArray:
        """Return kappa; not defined where both readers used one and the same category only."""
        apart = 1.0 - self.weights
        seen = (apart * tables).sum(axis=(-2, -1))
        total = tables.sum(axis=(-2, -1))
        rows, columns = tables.sum(axis=-1), tables.sum(axis=-2)
        chance = np.einsum("...i,ij,...j->...", rows, apart, columns)
        return 1.0 - _divided(total * seen, chance)


@dataclass(frozen=True, slots=True, eq=False)
class PrevalenceIndex(PairTables):
    """How unequally often two readers agree on yes (code 1) and on no (code 0), 0 to 1."""

    def of_tables(self, tables: FloatArray) -> FloatArray:
        """Return the index (Byrt 1993)."""
        return _divided(np.abs(tables[..., 0, 0] - tables[..., 1, 1]), tables.sum(axis=(-2, -1)))


@dataclass(frozen=True, slots=True, eq=False)
class BiasIndex(PairTables):
    """How unequally often two readers say yes, 0 to 1."""

    def of_tables(self, tables: FloatArray) -> FloatArray:
        """Return the index (Byrt 1993)."""
        return _divided(np.abs(tables[..., 0, 1] - tables[..., 1, 0]), tables.sum(axis=(-2, -1)))


@dataclass(frozen=True, slots=True, eq=False)
class _OfAll(_Categorical):
    """What is worked out from how often each category was chosen, with every reader answering."""

    def parts(self, codes: Codes) -> FloatArray:
        """Return for each joint: one, the share of agreeing pairs, and the counts."""
        counts, readers = self._counts(codes), codes.shape[1]
        # A reader agrees with each other reader, and not with himself.
        alike = (counts * (counts @ self.weights - 1.0)).sum(axis=1)
        one = np.ones(len(codes))
        return np.column_stack([one, alike / (readers * (readers - 1)), counts])

    @staticmethod
    def _observed(sums: FloatArray) -> FloatArray:
        return _divided(sums[..., 1], sums[..., 0])


@dataclass(frozen=True, slots=True, eq=False)
class Observed(_OfAll):
    """Share of pairs of answers that agree, 0 to 1."""

    def value(self, sums: FloatArray) -> FloatArray:
        """Return the share."""
        return self._observed(sums)


@dataclass(frozen=True, slots=True, eq=False)
class FleissKappa(_OfAll):
    """Fleiss' kappa: chance as all readers together used the categories."""

    def value(self, sums: FloatArray) -> FloatArray:
        """Return kappa; not defined where only one category was used."""
        counts = sums[..., 2:]
        total = counts.sum(axis=-1)
        chance_apart = (counts * (total[..., None] - counts)).sum(axis=-1)
        return 1.0 - _divided((1.0 - self._observed(sums)) * total**2, chance_apart)


@dataclass(frozen=True, slots=True, eq=False)
class FreeMarginalKappa(_OfAll):
    """Randolph's kappa, which of two categories is PABAK: chance as if all were equally likely."""

    def value(self, sums: FloatArray) -> FloatArray:
        """Return kappa; defined wherever somebody answered."""
        return (self.count * self._observed(sums) - 1.0) / (self.count - 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class GwetAC(_Categorical):
    """Gwet's AC1, with weights AC2; answers may be missing (-1)."""

    def parts(self, codes: Codes) -> FloatArray:
        """Return for each joint: has it two answers, their agreement, has it one, and shares."""
        counts = self._counts(codes)
        answers = counts.sum(axis=1)
        alike = (counts * (counts @ self.weights - 1.0)).sum(axis=1)
        two = answers >= 2
        pairs = np.where(two, answers * (answers - 1.0), 1.0)
        share = counts / np.maximum(answers, 1.0)[:, None]
        return np.column_stack([two, np.where(two, alike / pairs, 0.0), answers >= 1, share])

    def value(self, sums: FloatArray) -> FloatArray:
        """Return AC; not defined where no joint has two answers."""
        q = self.count
        used = _divided(sums[..., 3:], sums[..., 2:3])
        chance = self.weights.sum() / (q * (q - 1.0)) * (used * (1.0 - used)).sum(axis=-1)
        return _divided(_divided(sums[..., 1], sums[..., 0]) - chance, 1.0 - chance)


@dataclass(frozen=True, slots=True, eq=False)
class KrippendorffAlpha(_Categorical):
    """Krippendorff's alpha; answers may be missing (-1).

    Parameters
    ----------
    ordinal : bool
        The categories are in order; distances come from how often those between were used.
    """

    ordinal: bool = False

    def parts(self, codes: Codes) -> FloatArray:
        """Return for each joint its table of pairs of answers, each reader's weighing the same."""
        counts = self._counts(codes)
        answers = counts.sum(axis=1)
        pairs = counts[:, :, None] * counts[:, None, :]
        place = np.arange(self.count)
        pairs[:, place, place] -= counts
        pairs /= np.where(answers >= 2, answers - 1.0, np.inf)[:, None, None]
        return np.asarray(pairs.reshape(len(codes), -1))

    def value(self, sums: FloatArray) -> FloatArray:
        """Return alpha; not defined where only one category was used."""
        pairs = sums.reshape(*sums.shape[:-1], self.count, self.count)
        used = pairs.sum(axis=-1)
        apart = self._distance(used)
        seen = (pairs * apart).sum(axis=(-2, -1))
        chance = (used[..., :, None] * apart * used[..., None, :]).sum(axis=(-2, -1))
        return 1.0 - _divided((used.sum(axis=-1) - 1.0) * seen, chance)

    def _distance(self, used: FloatArray) -> FloatArray:
        if not self.ordinal:
            return np.asarray(1.0 - np.eye(self.count))
        middle = np.cumsum(used, axis=-1) - used / 2.0
        return np.asarray((middle[..., :, None] - middle[..., None, :]) ** 2)


def _divided(value: FloatArray, by: FloatArray) -> FloatArray:
    """Divide; NaN where there is nothing to divide by."""
    value, by = np.broadcast_arrays(np.asarray(value, float), np.asarray(by, float))
    return np.asarray(np.divide(value, by, out=np.full(by.shape, np.nan), where=by != 0))
