"""The start page: open a folder, a zip, a study of an archive; go on; try the sample study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMainWindow,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fusion.errors import AnnotationError
from fusion.software import DISCLAIMER
from viewer.archive.page import ArchivePage
from viewer.kit.labels import plain_label
from viewer.kit.message import MessageLine
from viewer.kit.text import plain_tip, shortened
from viewer.kit.theme import BOLD, DOUBTFUL, PAGE_STYLE, colored

if TYPE_CHECKING:
    from viewer.start.recent import RecentStudies, RecentStudy

_NOTHING_YET = "Nothing was opened yet."
_SIZE = (980, 620)


class StartPage(QMainWindow):
    """What can be opened, and what was opened before.

    Parameters
    ----------
    recent : RecentStudies
        What was opened before.

    Attributes
    ----------
    chosen : Signal
        With the Path that is to be opened.
    again : Signal
        With the RecentStudy that is to be opened again.
    sample_wanted : Signal
        The simulated study is wanted.
    """

    chosen = Signal(object)
    again = Signal(object)
    sample_wanted = Signal()
    compare_wanted = Signal()

    def __init__(self, recent: RecentStudies) -> None:
        super().__init__()
        self.setWindowTitle("facetfusion")
        self.setStyleSheet(PAGE_STYLE)
        self.setAcceptDrops(True)
        self._recent = recent
        self._shown: tuple[RecentStudy, ...] = ()
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(28, 22, 28, 16)
        column.setSpacing(10)
        title = plain_label("Bone SPECT/CT of the neck")
        title.setStyleSheet(f"{BOLD} font-size: 22px;")
        column.addWidget(title)
        column.addLayout(self._make_buttons())
        column.addWidget(plain_label("Or drop a folder or a zip here."))
        heading = plain_label("Opened before")
        heading.setStyleSheet(f"{BOLD} font-size: 14px; padding-top: 8px;")
        column.addWidget(heading)
        self.list = QListWidget()
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Studies that were opened before")
        self.list.itemActivated.connect(self._open_row)
        self.list.itemClicked.connect(self._open_row)
        column.addWidget(self.list, stretch=1)
        self.message = MessageLine(lines=4)
        column.addWidget(self.message)
        disclaimer = plain_label(DISCLAIMER)
        disclaimer.setStyleSheet(colored(DOUBTFUL))
        column.addWidget(disclaimer)
        self.setCentralWidget(centre)
        self.resize(*_SIZE)
        self.refresh()

    def _make_buttons(self) -> QHBoxLayout:
        self.folder = QPushButton("Open a folder…   Ctrl+O")
        self.file = QPushButton("Open a zip or DICOMDIR…   Ctrl+Shift+O")
        self.archive = QPushButton("Open from the archive…   Ctrl+Shift+A")
        self.sample = QPushButton("Sample study (simulated)")
        self.compare = QPushButton("Compare two dates…")
        self.compare.setToolTip("Two studies of one patient, joint by joint")
        self.sample.setToolTip("Makes a simulated neck in about twenty seconds; not a patient")
        row = QHBoxLayout()
        for button, act in (
            (self.folder, self.ask_folder),
            (self.file, self.ask_file),
            (self.compare, self.compare_wanted.emit),
            (self.archive, self.ask_archive),
            (self.sample, self.sample_wanted.emit),
        ):
            button.clicked.connect(lambda _checked=False, act=act: act())
            button.setMinimumHeight(44)
            row.addWidget(button)
        for key, act in (
            ("Ctrl+O", self.ask_folder),
            ("Ctrl+Shift+O", self.ask_file),
            ("Ctrl+Shift+A", self.ask_archive),
        ):
            QShortcut(QKeySequence(key), self).activated.connect(act)
        return row

    def refresh(self) -> None:
        """Show what was opened before, as the journal has it now."""
        self.list.clear()
        try:
            lines = self._recent.lines()
        except AnnotationError as error:
            self.tell(str(error))
            lines = ()
        self._shown = tuple(study for study, _ in lines)
        for study, words in lines:
            item = QListWidgetItem(words)
            item.setToolTip(plain_tip(study.path))
            self.list.addItem(item)
        if not lines:
            item = QListWidgetItem(_NOTHING_YET)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)

    def tell(self, sentence: str, *, refused: bool = True) -> None:
        """Tell why something was not opened, or what is being done."""
        self.message.say(shortened(sentence, 1500), refused=refused)

    def ask_folder(self) -> None:
        """Ask for a folder."""
        folder = QFileDialog.getExistingDirectory(self, "Folder with a SPECT/CT study")
        if folder:
            self._choose(Path(folder))

    def ask_file(self) -> None:
        """Ask for a zip or a DICOMDIR."""
        name, _ = QFileDialog.getOpenFileName(
            self, "Zip or DICOMDIR with a SPECT/CT study", "", "Studies (*.zip DICOMDIR);;All (*)"
        )
        if name:
            self._choose(Path(name))

    def ask_archive(self) -> ArchivePage:
        """Look for a study in an archive."""
        page = ArchivePage(self, self._recent.path.with_name("searches.json"))
        page.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        page.chosen.connect(self._choose)
        page.open()
        return page

    def _choose(self, path: Path) -> None:
        self.message.say("")
        self.chosen.emit(path)

    def _open_row(self, item: QListWidgetItem) -> None:
        row = self.list.row(item)
        if row < len(self._shown):
            self.message.say("")
            self.again.emit(self._shown[row])

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Take one folder or file of this computer."""
        urls = event.mimeData().urls()
        if len(urls) == 1 and urls[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Open what was dropped."""
        event.acceptProposedAction()
        self._choose(Path(event.mimeData().urls()[0].toLocalFile()))
