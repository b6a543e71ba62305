"""Which reader is shown which case when: it follows from the study and the reader alone."""

from __future__ import annotations

import hmac
import random
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from fusion.reader_study.design import REPEAT_GAP

if TYPE_CHECKING:
    from fusion.reader_study.design import Design


@dataclass(frozen=True, slots=True)
class Presentation:
    """One showing of one case to one reader.

    Parameters
    ----------
    stage : int
        From 1.
    number : int
        Place in the stage, from 1.
    of : int
        How many the stage has.
    case : str
        Name of the case.
    arm : str
        Name of the arm.
    repeat : bool
        Whether the reader has seen the case in this stage before.
    """

    stage: int
    number: int
    of: int
    case: str
    arm: str
    repeat: bool

    @property
    def words(self) -> str:
        """What its reader is told of it."""
        return f"Case {self.number} of {self.of}"

    @property
    def key(self) -> str:
        """What it is called in the files of a study."""
        return f"{self.stage}-{self.number}"


def order_of(design: Design, reader: str) -> tuple[Presentation, ...]:
    """Return everything that a reader is to read, in order.

    Parameters
    ----------
    design : Design
        The study.
    reader : str
        As the design names him.
    """
    blocks = _blocks(design)
    stages = range(len(design.arm))
    return tuple(one for stage in stages for one in _stage(design, reader, blocks, stage))


def _stage(
    design: Design, reader: str, blocks: dict[str, int], stage: int
) -> Iterator[Presentation]:
    dice = _dice(design.seed, "order", reader, str(stage))
    cases = [case.name for case in design.case]
    dice.shuffle(cases)
    # Behind the others there is no room for a repeat.
    room = cases[: max(len(cases) - REPEAT_GAP, 0)]
    shown = _with_repeats(cases, dice.sample(room, design.repeats), dice)
    seen: set[str] = set()
    # Not the same half for every reader: the first arm of a case is not the first of all.
    turn = _dice(design.seed, "turn", reader).randrange(len(design.arm))
    for number, case in enumerate(shown, start=1):
        arm = stage
        if design.order == "crossover":
            arm = (blocks[case] + stage + turn) % len(design.arm)
        yield Presentation(stage + 1, number, len(shown), case, design.arm[arm].name, case in seen)
        seen.add(case)


def _with_repeats(cases: list[str], again: list[str], dice: random.Random) -> list[str]:
    """Put each repeat where there is room: at least :data:`REPEAT_GAP` others after the first."""
    shown = list(cases)
    for case in sorted(again, key=cases.index, reverse=True):
        # Whatever is put in later comes further to the front, and only takes them further apart.
        shown.insert(dice.randint(shown.index(case) + REPEAT_GAP + 1, len(shown)), case)
    return shown


def _blocks(design: Design) -> dict[str, int]:
    """Return which part of the cases each is in: as many in each, for all readers the same."""
    cases = [case.name for case in design.case]
    _dice(design.seed, "blocks").shuffle(cases)
    return {case: place % len(design.arm) for place, case in enumerate(cases)}


def _dice(seed: int, *what: str) -> random.Random:
    digest = hmac.new(str(seed).encode(), "\0".join(what).encode(), sha256).digest()
    return random.Random(digest)
