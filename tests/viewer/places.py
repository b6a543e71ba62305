"""Every text that somebody in front of the program can read, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from napari.components.overlays import TextOverlay
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QListWidget,
    QTableWidget,
    QTabWidget,
    QTreeWidget,
    QWidget,
)

from viewer.window import ReviewWindow

_PROPERTIES = (
    "windowTitle", "windowFilePath", "text", "toPlainText", "toolTip", "statusTip", "whatsThis",
    "accessibleName", "accessibleDescription", "placeholderText", "objectName", "title",
)  # fmt: skip


def _said_by(widget: QWidget) -> Iterator[tuple[str, str]]:
    for name in _PROPERTIES:
        read = getattr(widget, name, None)
        if callable(read):
            yield name, str(read())
    for action in widget.actions():
        yield "action", f"{action.text()} {action.toolTip()}"
    if isinstance(widget, QComboBox):
        yield from (("item", widget.itemText(n)) for n in range(widget.count()))
    elif isinstance(widget, QListWidget):
        items = [widget.item(n) for n in range(widget.count())]
        yield from (("item", f"{item.text()} {item.toolTip()}") for item in items)
    elif isinstance(widget, QTableWidget):
        cells = [
            widget.item(r, c) for r in range(widget.rowCount()) for c in range(widget.columnCount())
        ]
        yield from (("item", f"{cell.text()} {cell.toolTip()}") for cell in cells if cell)
    elif isinstance(widget, QTreeWidget):
        yield from (
            ("item", widget.topLevelItem(n).text(0)) for n in range(widget.topLevelItemCount())
        )
    elif isinstance(widget, QTabWidget):
        yield from (
            ("item", f"{widget.tabText(n)} {widget.tabToolTip(n)}") for n in range(widget.count())
        )


def on_screen(window: ReviewWindow | None = None) -> Iterator[tuple[str, str]]:
    """Yield the place and the words of everything that any widget or picture says."""
    for top in QApplication.topLevelWidgets():
        for widget in (top, *top.findChildren(QWidget)):
            for name, words in _said_by(widget):
                if words.strip():
                    yield f"{type(widget).__name__}.{name}", words
    if window is not None:
        for pane in window.linked:
            for name, overlay in pane.model.canvas.overlays.items():
                if isinstance(overlay, TextOverlay) and overlay.text:
                    yield f"picture.{name}", overlay.text
            for layer in pane.model.layers:
                yield "layer", f"{layer.name} {layer.metadata} {layer.source}"


def in_files(folder: Path, *, besides: str = "") -> Iterator[tuple[str, str]]:
    """Yield names and contents of all files below a folder, as text of one byte a character."""
    for path in sorted(folder.rglob("*")):
        yield "file name", path.name
        if path.is_file() and not (besides and path.name.startswith(besides)):
            yield f"file {path.name}", path.read_bytes().decode("latin-1")
