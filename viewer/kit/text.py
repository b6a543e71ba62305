"""Texts, times, places and numbers as every panel writes them. Knows nothing of Qt.

Everything typed or foreign passes :func:`fusion.plain_text.plain` on its way to the screen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from html import escape

import numpy as np
import numpy.typing as npt

from fusion.geometry import PATIENT_LETTERS
from fusion.plain_text import plain

#: Longer texts are cut on the screen, characters; the whole of them is in the history and exports.
SHORT = 240


#: A word that is wider than a panel, which would not be wrapped; paths are, after each slash.
_UNBREAKABLE = re.compile(r"[^\s/\\]{24}(?=[^\s/\\])")


_MAY_BREAK = "\u200b"


def shortened(text: str, limit: int = SHORT) -> str:
    """Return text as one harmless line of at most so many characters, which can be wrapped."""
    line = plain(text)
    line = line if len(line) <= limit else f"{line[: limit - 2].rstrip()} …"
    return _UNBREAKABLE.sub(lambda word: f"{word[0]}{_MAY_BREAK}", line)


def clock(time: datetime) -> str:
    """Return the time of day here, for example ``"17:42:05"``; with the date if not today."""
    local = time.astimezone()
    today = local.date() == datetime.now(local.tzinfo).date()
    return local.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")


def position_text(point_lps: npt.ArrayLike, axes: Sequence[int] = (0, 1, 2)) -> str:
    """Write a position with patient letters instead of signs, for example ``"L 12.5  P 3.0"``.

    Parameters
    ----------
    point_lps : (3,) array_like of float, mm
    axes : sequence of int
        Which of x, y, z.
    """
    point = np.asarray(point_lps, dtype=np.float64)
    return "  ".join(
        f"{PATIENT_LETTERS[axis][int(point[axis] >= 0)]} {abs(point[axis]):.1f}" for axis in axes
    )


def plain_lines(text: str) -> str:
    """Return text with its line breaks, but without hidden characters."""
    return "\n".join(plain(line) for line in text.splitlines())


def plain_tip(text: str) -> str:
    """Return a tooltip that shows its text as it is: Qt would take markup in it for markup."""
    return f"<span>{escape(text)}</span>"
