"""The pathway's questions, with the verdict live beside them.

Every sentence of the verdict is linked to the facts it rests on, and every question to the
sentences that depend on it. All text is plain text: names and notes come from files and people.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QResizeEvent, QShowEvent
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import create_worker

from fusion.errors import FusionError
from fusion.pathway import KEY_OF_FACT, QUESTIONS
from viewer.kit.labels import LinkLabel, plain_label
from viewer.kit.layout import SnugColumn, scrolling
from viewer.kit.message import MessageLine, keep_place
from viewer.kit.theme import BOLD, DOUBTFUL, QUESTION_STYLE, colored, restyle
from viewer.pathway.model import KEYS, RED_FLAG_KEYS, PathwayModel
from viewer.pathway.questions import Question, set_property

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fusion.pathway import ProposedFact, TextLine, TextSection

#: From this width on the verdict stands beside the questions instead of below, px.
SIDE_BY_SIDE = 760
#: Of the questions below those that stand always, at least, px: one of them.
_QUESTION_HEIGHT = 56
#: So many questions are made in one part.
_AT_ONCE = 6


class VerdictView(QWidget):
    """The answer, sentence by sentence.

    Attributes
    ----------
    chosen : Signal
        With the :class:`fusion.pathway.text.TextLine` that the reader chose.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        rows = QWidget()
        self._column = QVBoxLayout(rows)
        self._column.setContentsMargins(0, 0, 6, 0)
        self._column.setSpacing(2)
        self._column.addStretch()
        self.area = scrolling(rows)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.area)
        self._titles: list[QLabel] = []
        self.links: list[LinkLabel] = []
        self._lines: list[TextLine] = []

    @property
    def lines(self) -> tuple[TextLine, ...]:
        """The sentences shown."""
        return tuple(self._lines)

    def show_sections(self, sections: Iterable[TextSection]) -> None:
        """Show an answer; labels are kept, so that place and keyboard focus stay."""
        for _ in self.parts(sections):
            pass

    def parts(self, sections: Iterable[TextSection]) -> Iterator[None]:
        """Show an answer some sentences at a time."""
        titles = links = place = 0
        self._lines = []
        for section in sections:
            if section.title:
                if titles == len(self._titles):
                    self._titles.append(plain_label(wrap=True))
                    self._titles[-1].setObjectName("title")
                self._put(self._titles[titles], place, section.title)
                titles, place = titles + 1, place + 1
            for line in section.lines:
                if links == len(self.links):
                    self.links.append(self._make_link(links))
                text = f"{line.text}\n{line.basis}" if line.basis else line.text
                self._put(self.links[links], place, text)
                self.links[links].setToolTip(
                    f"Statement {line.statement}" if line.statement else ""
                )
                self._lines.append(line)
                links, place = links + 1, place + 1
                if links % _AT_ONCE == 0:
                    yield
        for unused in (*self._titles[titles:], *self.links[links:]):
            unused.hide()

    def _make_link(self, index: int) -> LinkLabel:
        link = LinkLabel()
        link.chosen.connect(lambda: self.chosen.emit(self._lines[index]))
        return link

    def _put(self, label: QLabel, place: int, text: str) -> None:
        if label.text() != text:
            label.setText(text)
        if self._column.indexOf(label) != place:
            self._column.insertWidget(place, label)
        label.show()


class PathwayPanel(QWidget):
    """Questions, verdict, and the buttons that record the answers.

    Parameters
    ----------
    model : PathwayModel
        Holds the answers; two panels may show one model.
    slow : callable, optional
        Returns more of what the files suggest; run in a thread of its own when the panel is
        first shown.
    in_parts : bool
        The questions are made by whoever goes through ``parts``, some at a time.

    Attributes
    ----------
    parts : iterator of None
        Makes the questions; nothing is left of it unless ``in_parts``.
    """

    def __init__(
        self,
        model: PathwayModel,
        *,
        slow: Callable[[], Iterable[ProposedFact]] | None = None,
        in_parts: bool = False,
    ) -> None:
        super().__init__()
        self.model = model
        self._slow = slow
        self._fact = ""
        self.setStyleSheet(QUESTION_STYLE)
        self.state = plain_label(wrap=True)
        self.words = plain_label(wrap=True)
        self.words.setStyleSheet(f"{BOLD} font-size: 14px;")
        # The longest of them has its place from the beginning.
        for label, lines in ((self.state, 2), (self.words, 2)):
            label.setMinimumHeight(lines * label.fontMetrics().lineSpacing() + 4)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.next = QPushButton("Next question")
        self.next.setToolTip("Go to the open question that decides most; red flags always")
        self.next.clicked.connect(self.go_to_next)
        self.questions: dict[str, Question] = {}
        self.verdict = VerdictView()
        self.verdict.chosen.connect(self.choose_line)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(self._make_questions())
        self.splitter.addWidget(self.verdict)
        self.splitter.setChildrenCollapsible(False)
        for place in range(2):
            self.splitter.setStretchFactor(place, 1)
        self._share_room()
        head = QHBoxLayout()
        head.addWidget(self.words, stretch=1)
        head.addWidget(self.next, alignment=Qt.AlignmentFlag.AlignTop)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(self.state)
        column.addLayout(head)
        column.addWidget(self.splitter, stretch=1)
        column.addLayout(self._make_foot())
        self._skipped: set[str] = set()
        model.events.answers.connect(self._on_answers)
        model.events.proposals.connect(self._on_proposals)
        model.events.recorded.connect(self._on_recorded)
        self.destroyed.connect(self._Disconnect(self))
        self.parts = self._ask()
        if not in_parts:
            for _ in self.parts:
                pass

    class _Disconnect:
        """Stops a model that outlives the panel from calling it."""

        def __init__(self, panel: PathwayPanel) -> None:
            self._events = panel.model.events
            self._callbacks = (panel._on_answers, panel._on_proposals, panel._on_recorded)

        def __call__(self, *_: object) -> None:
            for emitter in (self._events.answers, self._events.proposals, self._events.recorded):
                for callback in self._callbacks:
                    emitter.disconnect(callback)

    def _make_questions(self) -> QWidget:
        box = QWidget()
        column = SnugColumn(box)
        column.setContentsMargins(0, 0, 0, 0)
        self.context = plain_label(wrap=True)
        self.context.setObjectName("suggestion")
        rows = QWidget()
        scrolled = QVBoxLayout(rows)
        scrolled.setContentsMargins(0, 0, 6, 0)
        scrolled.setSpacing(4)
        self._pinned, self._scrolled = column, scrolled
        self.targets = plain_label(wrap=True)
        scrolled.addWidget(self.targets)
        scrolled.addWidget(self.context)
        scrolled.addStretch()
        self.area = scrolling(rows)
        self.area.setMinimumHeight(_QUESTION_HEIGHT)
        column.addWidget(self.area, stretch=1)
        return box

    def _ask(self) -> Iterator[None]:
        """Make every question, in the order in which they are asked."""
        places = {True: 0, False: 0}
        for n, key in enumerate(KEYS, start=1):
            pinned = key in RED_FLAG_KEYS
            question = self.questions[key] = Question(key, self.model, compact=pinned)
            question.chosen.connect(self.choose_fact)
            (self._pinned if pinned else self._scrolled).insertWidget(places[pinned], question)
            places[pinned] += 1
            if n % _AT_ONCE == 0:
                yield
        self._show_context()
        yield
        yield from self.verdict.parts(self.model.sections)
        self._show_answers()

    def _make_foot(self) -> QVBoxLayout:
        self.message = MessageLine(lines=2)
        self.record = QPushButton("Record answers")
        self.record.clicked.connect(self._record)
        self.unanswered = QPushButton("Leave unanswered…")
        self.unanswered.setCheckable(True)
        self.reason = QLineEdit()
        self.reason.setPlaceholderText("Why is the pathway left unanswered?  Enter records it")
        self.reason.hide()
        keep_place(self.reason)
        self.unanswered.toggled.connect(self.reason.setVisible)
        self.unanswered.clicked.connect(lambda _checked: self.reason.setFocus())
        self.reason.returnPressed.connect(self._leave_unanswered)
        load, save = QPushButton("Load…"), QPushButton("Save…")
        load.setToolTip("Read answers from a facts file")
        save.setToolTip("Write the answers to a facts file")
        load.clicked.connect(self._ask_load)
        save.clicked.connect(self._ask_save)
        for widget in (self.record, self.unanswered):
            widget.setEnabled(self.model.can_record)
        if not self.model.can_record:
            self.record.setToolTip("No study is open here to record the answers with")
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.record)
        first.addWidget(self.unanswered)
        second.addWidget(load)
        second.addWidget(save)
        foot = QVBoxLayout()
        foot.addWidget(self.message)
        foot.addLayout(first)
        foot.addWidget(self.reason)
        foot.addLayout(second)
        return foot

    # What the model says

    def _on_answers(self) -> None:
        for question in self.questions.values():
            question.update_answer()
        self._show_answers()

    def _show_answers(self) -> None:
        targets = self.model.values.get("targets", [])
        self.targets.setText(
            f"{len(targets)} target(s) from the facts file; marked where the targets are."
        )
        self.targets.setVisible(bool(targets))
        self.words.setText(self.model.headline)
        self._show_verdict()
        self._on_recorded()

    def _on_proposals(self) -> None:
        for question in self.questions.values():
            question.update_answer()
        self._show_context()

    def _show_context(self) -> None:
        context = [f"{p.text} ({p.source})" for p in self.model.proposals if not p.key]
        self.context.setText("\n".join(["From the files:", *context]))
        self.context.setVisible(bool(context))

    def _on_recorded(self) -> None:
        self.state.setText(self.model.state)
        settled = self.model.recorded is not None and not self.model.changed_since
        restyle(self.state, "" if settled else colored(DOUBTFUL))

    def _show_verdict(self) -> None:
        reading = (self.model.statements_reading(self._fact),) if self._fact else ()
        self.verdict.show_sections((*reading, *self.model.sections))
        listed = sum(len(section.lines) for section in reading)
        for place, (link, line) in enumerate(
            zip(self.verdict.links, self.verdict.lines, strict=False)
        ):
            set_property(link, "highlight", place >= listed and self._fact in line.facts)

    # Links

    def choose_line(self, line: TextLine) -> None:
        """Mark a sentence and the facts that it rests on; go to the missing one."""
        self.choose_fact("")
        for link, shown in zip(self.verdict.links, self.verdict.lines, strict=False):
            set_property(link, "highlight", shown == line)
        for question in self.questions.values():
            question.highlight(QUESTIONS[question.key].fact in line.facts)
        if line.facts:
            open_facts = [f for f in line.facts if KEY_OF_FACT[f] not in self.model.values]
            wanted = (open_facts or line.facts) if line.missing else line.facts
            self.go_to(KEY_OF_FACT[wanted[0]], focus=line.missing)

    def choose_fact(self, fact: str) -> None:
        """List the sentences that depend on a fact, and mark it; the empty string ends it."""
        self._fact = fact
        for question in self.questions.values():
            question.highlight(bool(fact) and QUESTIONS[question.key].fact == fact)
        self._show_verdict()
        if fact:
            self.verdict.area.verticalScrollBar().setValue(0)

    def go_to(self, key: str, *, focus: bool = True) -> None:
        """Bring a question into view."""
        question = self.questions.get(key)
        if question is None:  # targets are not asked for here
            return
        if key not in RED_FLAG_KEYS:
            self.area.ensureWidgetVisible(question)
        if focus:
            question.focus_target.setFocus(Qt.FocusReason.OtherFocusReason)

    def go_to_next(self) -> None:
        """Go to the open question that decides most, and on from there when it is left open."""
        key = self.model.next_key(asked=self._skipped)
        if key is None:
            self._skipped.clear()
            key = self.model.next_key()
        if key is None:
            self._say("Every question that can be asked is answered.")
            return
        self._skipped.add(key)
        for question in self.questions.values():
            question.highlight(question.key == key)
        self.go_to(key)

    # Recording and files

    def _say(self, text: str) -> None:
        self.message.say(text)

    def _try(self, action: Callable[[], object]) -> bool:
        """Do something; False when it was refused, or did nothing."""
        self._say("")
        try:
            for question in self.questions.values():
                question.commit()
            return action() is not False
        except FusionError as error:
            self._say(str(error))
            return False

    def _record(self) -> None:
        self._try(self.model.record)

    def add_below(self, widget: QWidget) -> None:
        """Put a further source of suggestions below the questions."""
        self._column.addWidget(widget)

    def record_or_leave(self) -> None:
        """Record the answers; where there are none, ask why the pathway is left unanswered."""
        if self.model.values:
            self.record.click()
        elif self.unanswered.isEnabled():
            self.unanswered.setChecked(True)
            self.reason.setFocus()

    def _leave_unanswered(self) -> None:
        reason = self.reason.text()
        if self._try(lambda: self.model.leave_unanswered(reason)):
            self.unanswered.setChecked(False)
            self.reason.clear()

    def load(self, path: Path) -> None:
        """Replace the answers by those of a facts file; a refusal is shown as its sentence."""
        self._try(lambda: self.model.load(path))

    def save(self, path: Path) -> None:
        """Write the answers to a facts file."""
        self._try(lambda: self.model.save(path))

    def _ask_load(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Facts file", "", "Facts (*.toml)")
        if name and self._may_replace():
            self.load(Path(name))

    def _may_replace(self) -> bool:
        if not (self.model.values and self.model.changed_since):
            return True
        question = "The answers here are not recorded. Replace them by those of the file?"
        return QMessageBox.question(self, "Replace the answers", question) == (
            QMessageBox.StandardButton.Yes
        )

    def _ask_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Facts file", "facts.toml", "Facts (*.toml)")
        if name:
            self.save(Path(name))

    # Qt

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Begin what takes long once somebody looks."""
        super().showEvent(event)
        if self._slow is not None:
            worker = create_worker(_all, self._slow)
            worker.returned.connect(self._on_slow)
            self._slow = None
            worker.start()

    def _on_slow(self, proposals: tuple[ProposedFact, ...]) -> None:
        self.model.suggest(proposals)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Put the verdict beside the questions where there is room."""
        super().resizeEvent(event)
        wide = self.width() >= SIDE_BY_SIDE
        orientation = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self.splitter.orientation() != orientation:
            self.splitter.setOrientation(orientation)
            self._share_room()

    def _share_room(self) -> None:
        beside = self.splitter.orientation() == Qt.Orientation.Horizontal
        self.splitter.setSizes([1000, 1000] if beside else [1100, 900])


def _all(slow: Callable[[], Iterable[ProposedFact]]) -> tuple[ProposedFact, ...]:
    return tuple(slow())
