"""The six steps of a reading, each with its state and what it lacks.

Knows nothing of widgets. All of it is derived from the reading, the joints and the alignment as
they are now; nothing here is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from fusion.annotations import NOT_BEGUN, Lacking
from fusion.facets import Numbering
from fusion.findings import Severity
from fusion.registration import Trust
from viewer.facets.model import State
from viewer.reading.words import known_state
from viewer.targets.others import Others, names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fusion.anatomy import Joint
    from fusion.annotations import Lack
    from viewer.facets.model import FacetsModel
    from viewer.reading.model import ReadingModel


class Step(StrEnum):
    """A step of the way, in its order."""

    OPEN = "Open"
    ALIGN = "Align"
    LEVELS = "Levels"
    JOINTS = "Joints"
    PATHWAY = "Pathway"
    FINISH = "Finish"


class Standing(Enum):
    """How far a step is; the sign stands beside its name."""

    DONE = "✓"
    OPEN = "·"
    DOUBTFUL = "!"
    BUSY = "…"


class Act(StrEnum):
    """What takes an item away, beyond looking at its step."""

    LOOK = "look"
    READER = "say who reads"
    OTHERS = "call the others negative"
    FINALISE = "make it final"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a step lacks.

    Parameters
    ----------
    words : str
        A sentence without a full stop.
    step : Step
        Where it is done.
    act : Act
        What is done there.
    joint : Joint or None
        Which, where it is about one.
    needed : bool
        Whether the reading cannot be final without.
    """

    words: str
    step: Step
    act: Act = Act.LOOK
    joint: Joint | None = None
    needed: bool = True


@dataclass(frozen=True, slots=True)
class StepState:
    """One step as it stands.

    Parameters
    ----------
    step : Step
        Which.
    mark : Standing
        How far it is.
    words : str
        The same in a word or two.
    items : tuple of Item
        What it lacks.
    """

    step: Step
    mark: Standing
    words: str
    items: tuple[Item, ...] = ()

    @property
    def tip(self) -> str:
        """What it lacks, a line each."""
        return "\n".join(f"{item.words}." for item in self.items) or f"{self.words}."


class Way:
    """The six steps of the reading on display.

    Parameters
    ----------
    facets : FacetsModel
        The joints and the uptake at them.
    reading : ReadingModel
        The reading.
    """

    def __init__(self, facets: FacetsModel, reading: ReadingModel) -> None:
        self._facets, self._reading = facets, reading

    @property
    def final(self) -> bool:
        """Whether the reading is final."""
        reading = self._reading.reading
        return reading is not None and reading.finalised is not None

    @property
    def steps(self) -> tuple[StepState, ...]:
        """All of them as they stand now, in their order."""
        lacks = NOT_BEGUN if self._reading.reading is None else self._reading.lacks
        return (
            self._open(),
            self._align(_of(lacks, Lacking.ALIGNMENT)),
            self._levels(_of(lacks, Lacking.LEVELS)),
            self._joints(_of(lacks, Lacking.JOINT)),
            self._pathway(_of(lacks, Lacking.PATHWAY)),
            self._finish(len(lacks)),
        )

    @property
    def items(self) -> tuple[Item, ...]:
        """Everything that is lacking, in the order of the steps."""
        return tuple(item for state in self.steps for item in state.items)

    @property
    def next(self) -> Item | None:
        """The next thing that needs the reader; None when the reading is final."""
        return next(iter(self.items), None)

    def _open(self) -> StepState:
        model = self._reading
        review = model.linked.review
        found = (*model.findings, *review.findings)
        warnings = sum(finding.severity >= Severity.WARNING for finding in found)
        items = []
        if model.reading is None:
            known = model.known[-1:]
            before = f", which was read before ({known_state(known[0])})" if known else ""
            items.append(Item(f"Say who reads this study{before}", Step.OPEN, Act.READER))
        words = f"{warnings} warning{'s' if warnings != 1 else ''}" if warnings else "opened"
        mark = Standing.DOUBTFUL if warnings else Standing.OPEN if items else Standing.DONE
        return StepState(Step.OPEN, mark, words, tuple(items))

    def _align(self, lacks: Sequence[Lack]) -> StepState:
        registration = self._reading.linked.review.fused.registration
        items = tuple(map(item_of, lacks))
        if registration.status is Trust.DO_NOT_TRUST:
            return StepState(Step.ALIGN, Standing.DOUBTFUL, "do not trust", items)
        if items:
            return StepState(Step.ALIGN, Standing.OPEN, "not reviewed", items)
        if not self._reading.linked.review.alignment_reviewed_by:
            # Nothing is lacking in a final reading, and yet the SPECT can be moved.
            return StepState(Step.ALIGN, Standing.DOUBTFUL, "not as reviewed")
        return StepState(Step.ALIGN, Standing.DONE, "reviewed")

    def _levels(self, lacks: Sequence[Lack]) -> StepState:
        found, state = self._facets.localisation, self._facets.state
        items = tuple(map(item_of, lacks))
        if state is State.LOCATING:
            return StepState(Step.LEVELS, Standing.BUSY, "searching", items)
        if found is None:
            words = "not searched" if state is State.NOT_STARTED else "none found"
            return StepState(Step.LEVELS, Standing.DOUBTFUL, words, items)
        if items:
            provisional = found.numbering is Numbering.PROVISIONAL
            mark = Standing.DOUBTFUL if provisional else Standing.OPEN
            words = "PROVISIONAL" if provisional else "not confirmed"
            return StepState(Step.LEVELS, mark, words, items)
        return StepState(Step.LEVELS, Standing.DONE, "confirmed")

    def _joints(self, lacks: Sequence[Lack]) -> StepState:
        facets, reading = self._facets, self._reading.reading
        items = [*map(item_of, lacks)]
        if facets.assessment is None:
            busy = facets.measuring or facets.state is State.LOCATING
            mark, words = (
                (Standing.BUSY, "measuring") if busy else (Standing.DOUBTFUL, "not measured")
            )
            return StepState(Step.JOINTS, mark, words, tuple(items))
        others = Others.of(facets.localisation, facets.assessment, reading)
        if not self.final:
            # Faint places are part of what is asked once, as long as that is to come.
            single = others.hot if others.cold else others.suspected
            items += [
                Item(
                    f"{joint.name} is hot, or beside something hot, and not decided",
                    Step.JOINTS,
                    joint=joint,
                    needed=False,
                )
                for joint in self._hottest_first(single)
            ]
            if others.cold:
                items.append(
                    Item(
                        f"Nothing is said about {names(others.cold)}",
                        Step.JOINTS,
                        Act.OTHERS,
                        needed=False,
                    )
                )
        decided = len(reading.targets) if reading else 0
        words = f"{decided} of {decided + len(others.suspected) + len(others.cold)}"
        if others.hot and not self.final:
            words = f"{len(others.hot)} hot open"
        mark = Standing.DONE if not items else Standing.DOUBTFUL if lacks else Standing.OPEN
        return StepState(Step.JOINTS, mark, words, tuple(items))

    def _hottest_first(self, joints: Sequence[Joint]) -> Iterator[Joint]:
        found = self._facets.assessment
        said = [joint for p in found.proposals for joint in p.candidates] if found else []
        yield from sorted(joints, key=lambda joint: said.index(joint) if joint in said else 99)

    def _pathway(self, lacks: Sequence[Lack]) -> StepState:
        items = tuple(map(item_of, lacks))
        if items:
            return StepState(Step.PATHWAY, Standing.OPEN, "not answered", items)
        return StepState(Step.PATHWAY, Standing.DONE, "recorded")

    def _finish(self, count: int) -> StepState:
        if self.final:
            return StepState(Step.FINISH, Standing.DONE, "FINAL")
        words = f"{count} missing" if count else "read back"
        item = Item("Read everything back and make the reading final", Step.FINISH, Act.FINALISE)
        return StepState(Step.FINISH, Standing.OPEN, words, (item,))


#: Where what is lacking is done.
_STEPS = {
    Lacking.ALIGNMENT: Step.ALIGN,
    Lacking.LEVELS: Step.LEVELS,
    Lacking.JOINT: Step.JOINTS,
    Lacking.PATHWAY: Step.PATHWAY,
}


def item_of(lack: Lack) -> Item:
    """Return what leads to where a reading's lack is done."""
    return Item(lack.words, _STEPS[lack.about], joint=lack.joint)


def _of(lacks: Sequence[Lack], about: Lacking) -> tuple[Lack, ...]:
    return tuple(lack for lack in lacks if lack.about is about)
