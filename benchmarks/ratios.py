"""What a benchmark measured, as ratios that one table can show."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

#: Names the file that benchmarks add their ratios to; set by ``python -m benchmarks``.
RATIOS_FILE = "FACETFUSION_RATIOS"


@dataclass(frozen=True, slots=True)
class Ratio:
    """One measured ratio.

    Parameters
    ----------
    what : str
        What was timed.
    against : str
        The peer or floor in the same run.
    ratio : float
        Below 1: ours takes less.
    aim : float, optional
        What it should not exceed.
    """

    what: str
    against: str
    ratio: float
    aim: float | None = None


def record(ratios: Sequence[Ratio]) -> None:
    """Add ratios to the file that the environment names, if it names one."""
    name = os.environ.get(RATIOS_FILE)
    if name:
        with Path(name).open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(ratio)) + "\n" for ratio in ratios)


def recorded(path: Path) -> list[Ratio]:
    """Return the ratios of a file."""
    if not path.exists():
        return []
    return [Ratio(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]
