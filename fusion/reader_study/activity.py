"""How long a reader was at a case: from one thing done to the next, without the pauses."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

#: Whoever does nothing for so long has gone, s: that much of a pause counts, and no more.
PAUSE_S = 60.0


@dataclass(slots=True)
class ActivityClock:
    """Sums up the time in which something was done.

    Attributes
    ----------
    seconds : float
        So far.
    """

    seconds: float = 0.0
    _last: float | None = field(default=None, repr=False)

    def note(self, now_s: float) -> None:
        """Take down that something was done.

        Parameters
        ----------
        now_s : float, s
            On a clock that only goes forward.
        """
        if self._last is not None:
            self.seconds += min(max(now_s - self._last, 0.0), PAUSE_S)
        self._last = now_s


class TimeSheet:
    """The times of one reader: a line for each sitting and case, added to and never changed.

    Parameters
    ----------
    path : Path
        The file; made when something is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, presentation: str, sitting: str, seconds: float) -> None:
        """Write how long a sitting at a case has taken so far; it is on disk when this returns.

        Parameters
        ----------
        presentation : str
            Key of what was shown.
        sitting : str
            Names the sitting: of several lines the longest counts.
        seconds : float
            In which something was done.
        """
        line = {"shown": presentation, "sitting": sitting, "active_s": round(seconds, 1)}
        with self.path.open("ab") as file:
            # A line that was cut off by a crash ends here, and spoils no other.
            file.write(b"\n" + json.dumps(line).encode("ascii") + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def seconds(self) -> dict[str, float]:
        """Return how long each presentation took, over all its sittings."""
        longest: dict[tuple[str, str], float] = {}
        text = self.path.read_bytes() if self.path.exists() else b""
        for line in text.splitlines():
            try:
                found = json.loads(line)
                key, seconds = (found["shown"], found["sitting"]), float(found["active_s"])
            except (ValueError, KeyError, TypeError):
                continue  # empty, or cut off
            longest[key] = max(longest.get(key, 0.0), seconds)
        sums: dict[str, float] = {}
        for (shown, _), seconds in longest.items():
            sums[shown] = sums.get(shown, 0.0) + seconds
        return sums
