"""One undo for everything: the last thing that a person did here is taken back, whatever it was.

Knows nothing of widgets. What a reader says stands in the journal, where the SPECT is does not;
each keeps its own steps, and this keeps the order in which they were made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fusion.annotations import Redone, TargetSaved, Undone
from fusion.errors import AnnotationError
from viewer.reading.words import change_words, difference_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.utils.events import EmitterGroup

    from fusion.annotations import Event
    from viewer.reading.model import ReadingModel

NOTHING_TO_UNDO, NOTHING_TO_REDO = "There is nothing to undo.", "There is nothing to redo."


class Steps(Protocol):
    """Something that is done in steps which can be taken back.

    Attributes
    ----------
    events : napari.utils.events.EmitterGroup
        ``step``: a new step was made.
    words : str
        What a step of it is called, as in "Undone: a movement of the SPECT".
    """

    events: EmitterGroup
    words: str

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""

    @property
    def can_redo(self) -> bool:
        """Whether a step that was taken back can be done again."""

    def undo(self) -> None:
        """Take the last step back."""

    def redo(self) -> None:
        """Do again what was taken back last."""


class UndoAll:
    """The order of what was said and what was moved.

    Parameters
    ----------
    reading : ReadingModel
        What a reader says.
    other : Steps
        What moves without being said: the SPECT.
    """

    def __init__(self, reading: ReadingModel, other: Steps) -> None:
        self._reading, self._other = reading, other
        self._done: list[tuple[object, int]] = []
        self._undone: list[tuple[object, int]] = []
        self._at = (reading.reading.reading_id, 0) if reading.reading else ("", 0)
        self._busy = False
        self._group: int | None = None
        reading.events.changed.connect(self._on_reading)
        other.events.step.connect(self._on_other)

    def _on_other(self) -> None:
        if not self._busy:
            self._done.append((self._other, 1))
            self._undone.clear()

    def _on_reading(self) -> None:
        reading = self._reading.reading
        if reading is None:
            return
        if reading.reading_id != self._at[0]:
            # Another reader's reading, or another version: what was said in it before is below.
            self._done = [step for step in self._done if step[0] is self._other]
            self._undone.clear()
            self._at = (reading.reading_id, reading.sequence)
            return
        new = [event for event in reading.events if event.sequence > self._at[1]]
        self._at = (reading.reading_id, reading.sequence)
        made = [event for event in new if not isinstance(event.change, Undone | Redone)]
        if self._busy or not made:
            return
        self._undone.clear()
        if self._group is None:
            self._done += [(self._reading, 1)] * len(made)
        else:
            self._group += len(made)

    def begin_group(self) -> None:
        """Let everything that is said until :meth:`end_group` be one step."""
        self._group = 0

    def end_group(self) -> None:
        """End what :meth:`begin_group` began."""
        count, self._group = self._group, None
        if count:
            self._done.append((self._reading, count))

    def undo(self) -> str:
        """Take the last step back; returns what it was, in words.

        Raises
        ------
        AnnotationError
            There is nothing to undo, or the journal refuses.
        """
        who, count = self._done[-1] if self._done else (self._reading, 1)
        if who is self._other and self._other.can_undo:
            self._busied(self._other.undo)
            words = self._other.words
        else:
            reading = self._reading
            if not reading.can_undo:
                raise AnnotationError(self._why_not(NOTHING_TO_UNDO))
            done = reading.reading.done[-count:] if reading.reading else ()
            self._busied(lambda: reading.undo(count))
            words = self._taken_back(done)
        if self._done:
            self._done.pop()
        self._undone.append((who, count))
        return f"Undone: {words}."

    def redo(self) -> str:
        """Do again what was taken back last; returns what it was, in words.

        Raises
        ------
        AnnotationError
            There is nothing to redo, or the journal refuses.
        """
        who, count = self._undone[-1] if self._undone else (self._reading, 1)
        if who is self._other and self._other.can_redo:
            self._busied(self._other.redo)
            words = self._other.words
        else:
            reading = self._reading
            if not reading.can_redo:
                raise AnnotationError(self._why_not(NOTHING_TO_REDO))
            self._busied(lambda: reading.redo(count))
            done = reading.reading.done[-count:] if reading.reading else ()
            words = "; ".join(change_words(event.change) for event in done)
        if self._undone:
            self._undone.pop()
        self._done.append((who, count))
        return f"Done again: {words}."

    def _taken_back(self, events: Sequence[Event]) -> str:
        """Say what was taken back; of a joint that is still decided, which answer."""
        reading, (first, *others) = self._reading.reading, events
        change = first.change
        if reading is not None and isinstance(change, TargetSaved) and not others:
            now = reading.target_at(change.target.joint)
            if now is not None:
                return difference_of(change.target, now)
        return "; ".join(change_words(event.change) for event in events)

    def _why_not(self, nothing: str) -> str:
        reading = self._reading.reading
        if reading is not None and reading.finalised:
            return f"{nothing} The reading is final; an addendum can be made on the page Finish."
        return nothing

    def _busied(self, action: Callable[[], None]) -> None:
        self._busy = True
        try:
            action()
        finally:
            self._busy = False
