"""The pathway panel without its widgets: answers, the verdict that follows, and what is recorded.

Not recorded is the absence of a key, as in a facts file; nothing here ever answers for the reader.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.events import EmitterGroup

from fusion.errors import PathwayError
from fusion.pathway import (
    ASKING_ORDER,
    KEY_OF_FACT,
    NOT_ASSESSED,
    OTHER_RED_FLAG,
    QUESTIONS,
    RED_FLAGS,
    Assessment,
    Facts,
    ProposedFact,
    TextLine,
    TextSection,
    Unanswered,
    Verdict,
    check,
    facts_from_values,
    facts_toml,
    label,
    labels,
    next_further_question,
    next_question,
    propose,
    propose_hardware,
    published_pathway,
    read_facts,
    verbatim,
    verdict_sections,
)
from fusion.plain_text import plain, utc_minute

if TYPE_CHECKING:
    from fusion.review import Review

#: Keys in the order of asking, each fact followed by its details. Targets are asked for where
#: they are marked, not here.
KEYS: tuple[str, ...] = tuple(
    key
    for fact in ASKING_ORDER
    for key, asked in QUESTIONS.items()
    if asked.fact == fact and key != "targets"
)
RED_FLAG_KEYS: tuple[str, ...] = tuple(RED_FLAGS.values())

#: Asked for whatever else is answered.
_ALWAYS = frozenset({*RED_FLAGS, OTHER_RED_FLAG})

Recorded = Assessment | Unanswered


def suggestions(review: Review) -> Iterator[ProposedFact]:
    """Yield what the files and the CT of a study suggest; takes seconds on a large CT."""
    pair = review.pair
    yield from propose(review.catalog, pair.spect.study, fused=(pair.ct.series, pair.spect.series))
    if review.fused.ct.unit == "HU":
        yield propose_hardware(review.fused.ct)


class PathwayModel:
    """Answers to the pathway's questions and what follows from them.

    Parameters
    ----------
    keep : callable, optional
        Takes an :class:`Assessment` or :class:`Unanswered` when the reader records it. Without
        it there is no study to record answers with.
    who : callable, optional
        Returns the reader's name, which it may have to ask for; empty when the reader does not say.
    recorded : Assessment or Unanswered, optional
        What is recorded already; its facts are the first answers.
    today : datetime.date, optional
        Later dates are refused; the present day by default.

    Attributes
    ----------
    events : napari.utils.events.EmitterGroup
        ``answers``: an answer changed, and with it the verdict. ``proposals``: what the files
        suggest changed. ``recorded``: something was recorded with the study.
    facts : Facts or None
        The answers; None while they contradict each other or one cannot be read.
    verdict : Verdict or None
        What follows from them.
    problem : str
        Why there are no facts; otherwise empty.
    problem_facts : tuple of str
        F-numbers that the problem is about.
    """

    def __init__(
        self,
        *,
        keep: Callable[[Recorded], None] | None = None,
        who: Callable[[], str] | None = None,
        recorded: Recorded | None = None,
        today: dt.date | None = None,
    ) -> None:
        self.events = EmitterGroup(source=self, answers=None, proposals=None, recorded=None)
        self._keep = keep
        self._who = who or str
        self._today = today or dt.date.today()
        self.recorded = recorded
        self.proposals: tuple[ProposedFact, ...] = ()
        self.facts: Facts | None = None
        self.verdict: Verdict | None = None
        self.problem = ""
        self.problem_facts: tuple[str, ...] = ()
        known = recorded.verdict.facts.recorded() if isinstance(recorded, Assessment) else {}
        self._values: dict[str, Any] = known
        self._check()

    # Answers

    @property
    def values(self) -> dict[str, Any]:
        """What is answered, by key, as a facts file holds it."""
        return dict(self._values)

    def answer(self, key: str, value: bool | str | list[str] | None) -> None:
        """Record an answer; None takes it back to "not recorded".

        Parameters
        ----------
        key : str
            A key of the facts file.
        value : bool, str, list of str or None
            As the facts file holds it. An empty list is an answer: none.
        """
        if self._values.get(key) == value and (key in self._values) == (value is not None):
            return
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value
        self._check()
        self.events.answers()

    def _check(self) -> None:
        try:
            self.facts = facts_from_values(self._values, label="Answers", today=self._today)
            self.problem, self.problem_facts = "", ()
        except PathwayError as exc:
            self.facts = None
            self.problem, self.problem_facts = _in_words(str(exc))
        self.verdict = None if self.facts is None else check(self.facts)

    def is_needed(self, key: str) -> bool:
        """Whether the verdict still hangs on a fact."""
        return self.verdict is not None and QUESTIONS[key].fact in self.verdict.need

    def is_asked(self, key: str) -> bool:
        """Whether a question makes sense: details follow their fact, and moot ones are left out.

        Whatever is answered or suggested is asked, and so are the red flags.
        """
        suggested = any(p.key == key and p.value is not None for p in self.proposals)
        if key in self._values or suggested:
            return True
        asked = QUESTIONS[key]
        if asked.detail_of:
            return self._values.get(asked.detail_of) not in (None, False, "none")
        if self.verdict is None or key != KEY_OF_FACT[asked.fact] or asked.fact in _ALWAYS:
            return True
        return asked.fact in (*self.verdict.need, *self.verdict.not_recorded)

    def next_key(self, *, asked: Iterable[str] = ()) -> str | None:
        """Return the question that decides most, red flags included; then those that add."""
        if self.verdict is None:
            return KEY_OF_FACT[self.problem_facts[0]] if self.problem_facts else None
        asked = tuple(asked)
        return next_question(self.verdict, asked=asked) or next_further_question(
            self.verdict, asked=(*asked, "targets")
        )

    # What the files suggest

    def suggest(self, proposals: Iterable[ProposedFact]) -> None:
        """Add what the files suggest; none of it becomes an answer."""
        self.proposals = tuple(dict.fromkeys((*self.proposals, *proposals)))
        self.events.proposals()

    def can_confirm(self, proposal: ProposedFact) -> bool:
        """Whether a suggestion says something that can be recorded now."""
        if not proposal.key or proposal.value is None or self.is_confirmed(proposal):
            return False
        parent = QUESTIONS[proposal.key].detail_of
        return not parent or self._values.get(parent) not in (None, False, "none")

    def is_confirmed(self, proposal: ProposedFact) -> bool:
        """Whether the answer is what the files suggest."""
        return proposal.value is not None and self._values.get(proposal.key) == proposal.value

    def confirm(self, proposal: ProposedFact) -> None:
        """Record what the files suggest, because the reader says so."""
        if self.can_confirm(proposal):
            self.answer(proposal.key, proposal.value)

    # Recording

    @property
    def can_record(self) -> bool:
        """Whether there is a study to record answers with."""
        return self._keep is not None

    @property
    def changed_since(self) -> bool:
        """Whether the answers differ from those recorded with the study."""
        if isinstance(self.recorded, Assessment):
            return self._values != self.recorded.verdict.facts.recorded()
        return bool(self._values)

    @property
    def state(self) -> str:
        """What is recorded with the study, in a sentence."""
        if isinstance(self.recorded, Assessment):
            when = utc_minute(self.recorded.time)
            said = (
                f"Recorded by {plain(self.recorded.reader)}, {when}: {self.recorded.verdict.words}."
            )
        elif isinstance(self.recorded, Unanswered):
            said = plain(self.recorded.to_json()["text"])
        else:
            said = NOT_ASSESSED
        return f"{said} The answers below are not recorded." if self.changed_since else said

    def show_recorded(self, recorded: Recorded | None) -> None:
        """Show what is recorded with the study now; answers that are not recorded stay.

        Parameters
        ----------
        recorded : Assessment, Unanswered or None
            As it came back from where it is kept.
        """
        if recorded is self.recorded:
            return
        untouched = not self.changed_since
        self.recorded = recorded
        if isinstance(recorded, Assessment) and untouched:
            self._values = recorded.verdict.facts.recorded()
            self._check()
            self.events.answers()
        self.events.recorded()

    def record(self) -> bool:
        """Record the answers with the study.

        Returns
        -------
        bool
            False when the reader does not say who answers for them.

        Raises
        ------
        PathwayError
            There is nothing to record, no study, or the answers contradict each other.
        """
        keep = self._keeper()
        if self.facts is None:
            raise PathwayError(self.problem)
        if not self._values:
            raise PathwayError(
                "No question is answered; answer some, or leave the pathway unanswered with a "
                "reason."
            )
        reader = plain(self._who())
        return bool(reader) and self._recorded(keep, Assessment.of(self.facts, reader=reader))

    def leave_unanswered(self, reason: str) -> bool:
        """Record that the study is read without answering the pathway.

        Parameters
        ----------
        reason : str
            Why.

        Returns
        -------
        bool
            False when the reader does not say who decides so.

        Raises
        ------
        PathwayError
            There is no reason or no study.
        """
        keep = self._keeper()
        if not plain(reason):
            raise PathwayError("Leaving the pathway unanswered needs a reason; say why.")
        reader = plain(self._who())
        return bool(reader) and self._recorded(keep, Unanswered.now(plain(reason), reader=reader))

    def _keeper(self) -> Callable[[Recorded], None]:
        if self._keep is None:
            raise PathwayError("No study is open here to record the answers with; save them.")
        return self._keep

    def _recorded(self, keep: Callable[[Recorded], None], what: Recorded) -> bool:
        keep(what)
        self.show_recorded(what)
        return True

    # Files

    def load(self, path: Path) -> None:
        """Replace the answers by those of a facts file.

        Raises
        ------
        PathwayError
            The file is refused: each complaint with its line. The answers stay as they are.
        """
        self._values = read_facts(path, today=self._today).recorded()
        self._check()
        self.events.answers()

    def save(self, path: Path) -> None:
        """Write the answers as a facts file.

        Raises
        ------
        PathwayError
            The answers contradict each other, or the file can't be written.
        """
        if self.facts is None:
            raise PathwayError(self.problem)
        temporary = ""
        try:
            # Readable by the reader alone, and whole or not at all.
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(facts_toml(self.facts))
            Path(temporary).replace(path)
        except OSError as exc:
            if temporary:
                with suppress(OSError):
                    Path(temporary).unlink()
            raise PathwayError(f"{path}: the answers cannot be written ({exc.strerror}).") from exc

    # What the verdict says

    @property
    def headline(self) -> str:
        """The verdict's words; why there is none."""
        if self.verdict is None:
            return "No answer: the answers cannot all be used."
        return self.verdict.words

    @property
    def sections(self) -> tuple[TextSection, ...]:
        """The answer in the checker's words, each sentence with its facts."""
        if self.verdict is None:
            return (TextSection("", (TextLine(self.problem, self.problem_facts, missing=True),)),)
        return verdict_sections(self.verdict)

    def statements_reading(self, fact: str) -> TextSection:
        """Return every statement that is about a fact, and whether it applies now."""
        lines = []
        for statement in published_pathway().statements:
            if fact in statement.inputs:
                lines.append(
                    TextLine(
                        verbatim(statement), statement.inputs, statement.id, self._use(statement.id)
                    )
                )
        if not lines:
            lines = [TextLine("No sentence of the article depends on it.")]
        return TextSection(
            f"Sentences of the article that depend on: {label(KEY_OF_FACT[fact])}", tuple(lines)
        )

    def _use(self, statement_id: str) -> str:
        if self.verdict is None:
            return "Undecided while the answers cannot all be used."
        if any(statement.id == statement_id for statement in self.verdict.statements):
            return "Applies."
        for item in self.verdict.would_apply:
            if item.name == statement_id:
                return f"Would apply but for what is not recorded: {labels(item.facts)}."
        return "Does not apply to the answers given."


def _in_words(complaint: str) -> tuple[str, tuple[str, ...]]:
    """Return a complaint of the facts file with questions named as on the screen, and which."""
    keys = sorted(QUESTIONS, key=len, reverse=True)
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, keys))})\b(?=[^\"]*(?:\"[^\"]*\"[^\"]*)*$)")
    facts = dict.fromkeys(QUESTIONS[key].fact for key in pattern.findall(complaint))
    named = pattern.sub(lambda found: label(found[1]), complaint)
    return plain(named.replace(" in quotes", "")), tuple(facts)
