"""How far a long operation is, and the way to stop it."""

from __future__ import annotations

from collections.abc import Callable

#: What people pass in: told ``(fraction 0..1, what is being done)``; raising
#: :class:`fusion.errors.Cancelled` from it stops the operation.
ProgressCallback = Callable[[float, str], None]


class Progress:
    """A stretch of a callback's way from 0 to 1; itself such a callback.

    Parameters
    ----------
    tell : callable or None
        Told how far the whole is; None when nobody listens.
    low, high : float
        The stretch that belongs to this part of the work.
    """

    __slots__ = ("_high", "_low", "_tell")

    def __init__(
        self, tell: ProgressCallback | None = None, low: float = 0.0, high: float = 1.0
    ) -> None:
        self._tell = tell
        self._low = low
        self._high = high

    def __call__(self, fraction: float, step: str) -> None:
        """Report how far this part is, 0 to 1, and what is being done."""
        if self._tell is not None:
            self._tell(self._low + (self._high - self._low) * fraction, step)

    def part(self, low: float, high: float) -> Progress:
        """Return the stretch from ``low`` to ``high`` of this one, for a smaller operation."""
        return Progress(self, low, high)
