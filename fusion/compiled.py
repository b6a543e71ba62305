"""Loops that are compiled, and kept compiled on the disk where there is a place for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(**options: Any) -> Callable[[_Function], _Function]:
    """Compile a function when it is first called, without holding other threads up.

    What was compiled is kept beside the code, or in the user's cache folder. Where neither can be
    written, as for a user without a home folder, it is compiled anew each time: slower, the same
    numbers.

    Parameters
    ----------
    **options
        Of ``numba.njit``.
    """

    def compiled_function(function: _Function) -> _Function:
        try:
            made: _Function = njit(cache=True, nogil=True, **options)(function)
        except RuntimeError as exc:
            if "cannot cache" not in str(exc):
                raise
            made = njit(nogil=True, **options)(function)
        return made

    return compiled_function
