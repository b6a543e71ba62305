"""Asks for the other date of the patient whose study is open, and compares the two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fusion.annotations import Journal, Reading, StudyKey, latest
from fusion.errors import PairingError
from fusion.follow_up import Comparison, Dated, check_pair, compare
from fusion.opening import OpenOptions, open_study
from viewer.kit.labels import plain_label
from viewer.kit.text import plain_tip

if TYPE_CHECKING:
    from fusion.progress import Progress
    from fusion.review import Review

#: A study that was opened before: its path, how it is opened, and two lines about it.
Offer = tuple[str, OpenOptions, str]
#: Which study is asked for.
ANOTHER = "Choose an earlier or later study of the same patient."
FIRST, SECOND = (
    "Choose the first of two studies of one patient.",
    "Choose the second study of the same patient.",
)


class OtherDateDialog(QDialog):
    """Asks which study is the other date.

    Whether it is of this patient is seen when it is opened: the list holds no name and no number
    of a patient.

    Parameters
    ----------
    parent : QWidget
        The window.
    offers : sequence of Offer
        Studies that were opened before.
    chosen : callable
        Told path and options.
    words : str
        Which one is asked for.
    """

    def __init__(
        self,
        parent: QWidget,
        offers: Sequence[Offer],
        chosen: Callable[[Path, OpenOptions], None],
        *,
        words: str = ANOTHER,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Compare with another date")
        self.resize(640, 420)
        self._offers, self._chosen = tuple(offers), chosen
        column = QVBoxLayout(self)
        column.addWidget(
            plain_label(
                f"{words} Another patient's is refused. Which date is the earlier one is told from "
                "the files.",
                wrap=True,
            )
        )
        self.list = QListWidget()
        self.list.setAccessibleName("Studies that were opened before")
        for path, _, words in self._offers:
            item = QListWidgetItem(words)
            item.setToolTip(plain_tip(path))
            self.list.addItem(item)
        self.list.itemActivated.connect(self._take)
        self.list.itemClicked.connect(self._take)
        column.addWidget(self.list)
        buttons = QHBoxLayout()
        self.folder, self.cancel = QPushButton("Open a folder…"), QPushButton("Cancel")
        self.folder.clicked.connect(lambda: self.ask_folder())
        self.cancel.clicked.connect(self.reject)
        buttons.addWidget(self.folder)
        buttons.addStretch()
        buttons.addWidget(self.cancel)
        column.addLayout(buttons)

    def _take(self, item: QListWidgetItem) -> None:
        path, options, _ = self._offers[self.list.row(item)]
        self.choose(Path(path), options)

    def ask_folder(self) -> None:
        """Ask for a folder."""
        folder = QFileDialog.getExistingDirectory(self, "Folder with the other date")
        if folder:
            self.choose(Path(folder), OpenOptions())

    def choose(self, path: Path, options: OpenOptions) -> None:
        """Take a study."""
        if self.result() == QDialog.DialogCode.Accepted:
            return  # a click and its activation are one choice
        self.accept()
        self._chosen(path, options)


def compared(
    here: Review,
    known: Dated | None,
    reading: Reading | None,
    other: tuple[Path, OpenOptions],
    *,
    journal: Path,
    progress: Progress,
) -> Comparison:
    """Open the other date and hold the two against each other; in a worker's thread.

    Parameters
    ----------
    here : Review
        The study that is open.
    known : Dated or None
        The same with its joints and measurements, where the window has them.
    reading : Reading or None
        Of the study that is open.
    other : (Path, OpenOptions)
        The other date.
    journal : Path
        Where its readings are.
    progress : Progress
        Told the fraction done.

    Raises
    ------
    FusionError
        It cannot be opened, is of another patient, or cannot be compared.
    """
    path, options = other
    there = open_study(path, progress=progress.part(0.0, 0.2), options=options)
    first, _ = in_their_order(here, there)
    reading_there = reading_of(there, journal)
    mine = known or Dated.of(here, reading, progress=progress.part(0.2, 0.45))
    its = Dated.of(there, reading_there, progress=progress.part(0.45, 0.7))
    dates = (mine, its) if first is here else (its, mine)
    return compare(*dates, progress=progress.part(0.7, 1.0))


def compared_at(
    paths: Sequence[tuple[Path, OpenOptions]], *, journal: Path, progress: Progress
) -> Comparison:
    """Open two dates and hold them against each other; in a worker's thread.

    Parameters
    ----------
    paths : two of (Path, OpenOptions)
        In any order.
    journal, progress
        As for :func:`compared`.

    Raises
    ------
    FusionError
        As for :func:`compared`.
    """
    (path, options), other = paths
    here = open_study(path, progress=progress.part(0.0, 0.15), options=options)
    return compared(
        here,
        None,
        reading_of(here, journal),
        other,
        journal=journal,
        progress=progress.part(0.15, 1.0),
    )


def in_their_order(here: Review, there: Review) -> tuple[Review, Review]:
    """Return two studies, the earlier one first.

    Raises
    ------
    PairingError
        They are of different patients, or one study.
    """
    try:
        check_pair(there, here)
    except PairingError as error:
        try:
            check_pair(here, there)
        except PairingError:
            raise error from None
        return here, there
    return there, here


def reading_of(review: Review, journal: Path) -> Reading | None:
    """Return the last reading of a study; None where there is none, or more than one reader's."""
    if not journal.exists():
        return None
    key = StudyKey.of(review.fused.ct, review.fused.spect)
    with Journal(journal) as kept:
        found = latest(kept.readings(key.study_instance_uid), key)
    return found[0] if len(found) == 1 else None
