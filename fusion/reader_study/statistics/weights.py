"""How much two different answers still agree: 1 for the same answer, 0 for nothing in common."""

from __future__ import annotations

import numpy as np

from fusion.geometry import FloatArray


def nominal(count: int) -> FloatArray:
    """Return weights for answers without order: every difference counts alike.

    Parameters
    ----------
    count : int
        Of the categories.
    """
    return np.eye(count)


def quadratic(count: int, *, apart: int = 0) -> FloatArray:
    """Return weights for answers in order: two steps apart count four times as much as one.

    Parameters
    ----------
    count : int
        Of the categories.
    apart : int
        So many of the last categories are in no order with the others ("not decided"): they agree
        with themselves and with nothing else.
    """
    ordered = count - apart
    weights = np.eye(count)
    if ordered > 1:
        steps = np.subtract.outer(np.arange(ordered), np.arange(ordered))
        weights[:ordered, :ordered] = 1.0 - (steps / (ordered - 1.0)) ** 2
    return weights
