"""Which number means which bone: the label conventions of other programs, and telling them apart.

Ids: docs/sources.md#label-conventions, where the source of each is named. A single number means
nothing (41 is C1 to one program and T3 to another): only the sequence of numbers along the spine
tells a convention, and only where the anatomy agrees with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fusion.anatomy import Side
from fusion.errors import FusionError

#: Every vertebra in order, from the skull down.
COLUMN = (
    *(f"C{n}" for n in range(1, 8)), *(f"T{n}" for n in range(1, 13)),
    *(f"L{n}" for n in range(1, 7)),
)  # fmt: skip


def _run(first: int, step: int, names: tuple[str, ...] = COLUMN[:-1]) -> dict[int, str]:
    return {first + step * n: name for n, name in enumerate(names)}


@dataclass(frozen=True, slots=True, eq=False)
class Convention:
    """One program's numbers.

    Parameters
    ----------
    name : str
        As ``--label-convention`` takes it.
    words : str
        For people.
    vertebrae : mapping of int to str
        Label to vertebra.
    discs : mapping of int to (str, str)
        Label to the vertebrae above and below a disc; evidence for the convention.
    skull : int or None
        Label of the skull.
    """

    name: str
    words: str
    vertebrae: Mapping[int, str]
    discs: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    skull: int | None = None


def _discs(labels: Mapping[int, str]) -> dict[int, tuple[str, str]]:
    return {label: (name, COLUMN[COLUMN.index(name) + 1]) for label, name in labels.items()}


_OLD_RUN = _run(41, -1)
CONVENTIONS = (
    Convention("totalsegmentator", "TotalSegmentator 2", _run(50, -1), skull=91),
    Convention("totalsegmentator-v1", "TotalSegmentator 1", _OLD_RUN),
    Convention("totalsegmentator-mr", "TotalSegmentator vertebrae_mr", _run(25, -1)),
    Convention("verse", "VerSe, SPINEPS or TotalSegmentator vertebrae_pp", _run(1, 1, COLUMN)),
    Convention(
        "totalspineseg",
        "TotalSpineSeg",
        _run(11, 1, COLUMN[:7]) | _run(21, 1, COLUMN[7:19]) | _run(41, 1, COLUMN[19:24]),
        discs=_discs({63: "C2", 64: "C3", 65: "C4", 66: "C5", 67: "C6", 71: "C7"}),
    ),
    Convention(
        "totalspineseg-2024",
        "TotalSpineSeg until September 2024",
        _OLD_RUN,
        discs=_discs({224: "C2", 223: "C3", 222: "C4", 221: "C5", 220: "C6", 219: "C7"}),
    ),
    Convention("cads", "CADS 552", _run(24, -1, COLUMN[:8])),
)
#: SPINEPS ``seg-spine``: articular processes of all vertebrae alike.
PROCESSES = {
    45: ("superior", Side.LEFT),
    46: ("superior", Side.RIGHT),
    47: ("inferior", Side.LEFT),
    48: ("inferior", Side.RIGHT),
}
#: The dens of C2 and metal, which only the CT models of SPINEPS mark.
DENS, METAL = 51, 80
#: Everything else that SPINEPS ``seg-spine`` marks: sacrum, arch, spinous and costal processes,
#: bodies, cord, canal, endplates, disc; of a CT also the plates of the bodies and the parts of the
#: sacrum.
_WITH_PROCESSES = frozenset(
    {26, 41, 42, 43, 44, 49, 50, 60, 61, 62, 100, DENS, 52, 53, 70, 71, 72, 73, 74, METAL}
)


def convention(name: str) -> Convention:
    """Return a convention by its name.

    Raises
    ------
    FusionError
        No such convention.
    """
    for one in CONVENTIONS:
        if one.name == name.strip().lower():
            return one
    known = ", ".join(one.name for one in CONVENTIONS)
    raise FusionError(f"--label-convention is one of {known}; found {name!r}.")


def may_be_processes(labels: frozenset[int]) -> bool:
    """Whether labels are those of a map of articular processes (SPINEPS ``seg-spine``)."""
    return labels >= PROCESSES.keys() and labels <= PROCESSES.keys() | _WITH_PROCESSES
