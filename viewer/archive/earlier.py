"""Earlier studies of the same person as answers to the pathway's questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from fusion.archive import Priors, priors_of
from fusion.errors import Cancelled, FusionError
from fusion.plain_text import iso_date, plain
from viewer.archive.choice import ArchiveBox
from viewer.jobs import Job
from viewer.kit.labels import TextLines
from viewer.kit.message import MessageLine
from viewer.kit.text import shortened
from viewer.kit.theme import INFO

if TYPE_CHECKING:
    from fusion.dicom import Study
    from fusion.pathway import ProposedFact
    from fusion.progress import Progress


class EarlierStudies(QWidget):
    """Looks for earlier studies when asked to; what they suggest is confirmed at each question.

    Parameters
    ----------
    study : Study
        Under review.
    suggest : callable
        Takes what is proposed.
    archive : str
        Chosen at first.
    """

    def __init__(
        self,
        study: Study,
        suggest: Callable[[tuple[ProposedFact, ...]], None],
        *,
        archive: str = "",
    ) -> None:
        super().__init__()
        self._study, self._suggest = study, suggest
        self.job: Job | None = None
        self.archives = ArchiveBox(archive)
        self.look_for = QPushButton("Look for earlier studies")
        self.look_for.setToolTip(
            "Search this archive for earlier imaging of the same person. Nothing is answered by "
            "that: each suggestion stands at its question, for you to confirm"
        )
        self.look_for.clicked.connect(self.look)
        self.message = MessageLine(lines=3)
        self.compare = TextLines()
        row = QHBoxLayout()
        row.addWidget(self.look_for)
        row.addWidget(self.archives, stretch=1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.message)
        column.addWidget(self.compare)
        self.message.hide()
        # Never shown here: without a place of its own it would be a window for a moment.
        if self.archives.settings is None:
            self.hide()

    def look(self) -> None:
        """Search the archive that is chosen; pressed again, stop."""
        if self.job is not None:
            self.stop()
            return
        name, study = self.archives.currentText(), self._study

        def work(report: Progress) -> Priors:
            report(0.0, f"Asking the archive {name}")
            return priors_of(study, name)

        self.job = Job(work)
        self.job.done.connect(lambda found: self._on_found(name, found))
        self.job.refused.connect(self._on_refused)
        self.look_for.setText("Stop")
        self._say(f"Asking the archive {name} …")
        self.job.start()

    def stop(self) -> None:
        """Want the answer no longer."""
        if self.job is not None:
            self.job.cancel()
            self._end()
            self._say("Stopped. Nothing was changed.")

    def _on_found(self, name: str, found: Priors) -> None:
        self._end()
        self._suggest(found.proposals)
        self._say(found_words(name, found))
        lines = [
            f"To compare: {iso_date(one.date) or 'no date'} {shortened(plain(one.description), 60)}"
            f" — archive:{name}/{one.study_instance_uid}"
            for one in found.to_compare
        ]
        lines += found.reading_words(name)
        self.compare.show_lines((line, INFO) for line in lines)

    def _on_refused(self, error: FusionError) -> None:
        self._end()
        if not isinstance(error, Cancelled):
            self._say(str(error), refused=True)

    def _end(self) -> None:
        self.job = None
        self.look_for.setText("Look for earlier studies")

    def _say(self, sentence: str, *, refused: bool = False) -> None:
        self.message.show()
        self.message.say(sentence, refused=refused)


def found_words(name: str, found: Priors) -> str:
    """Say how much was found, and how much is not shown and why."""
    count = len(found.proposals)
    if count:
        said = [
            f"The archive {name} suggests {count} answer{'s' if count > 1 else ''}, each at its "
            "question with date and source. Nothing is answered until you confirm it."
        ]
    else:
        said = [f"The archive {name} suggests no answer."]
    return " ".join((*said, *found.not_shown_words))
