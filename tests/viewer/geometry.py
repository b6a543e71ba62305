"""What is wrong with where the widgets of a window stand: overlaps, and words without room."""

from __future__ import annotations

from itertools import combinations

from qtpy.QtCore import QRect, QSize, Qt
from qtpy.QtWidgets import (
    QAbstractScrollArea,
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QGroupBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QWidget,
)

from viewer.kit.labels import ElidedButton, OneLineLabel


def faults(top: QWidget) -> list[str]:
    """Say of everything that is visible in a widget what stands wrongly; empty is right."""
    found = []
    for widget in (top, *top.findChildren(QWidget)):
        if not widget.isVisible() or isinstance(widget, QAbstractSpinBox | QComboBox):
            continue  # what is inside an input is Qt's
        found += _overlaps(widget)
        found += _no_room(widget)
        found += _out_of_sight(widget)
        found += _hint_cut(widget)
    return found


def _children(widget: QWidget) -> list[QWidget]:
    children = widget.children()
    return [
        child
        for child in children
        if isinstance(child, QWidget) and child.isVisible() and not child.isWindow()
    ]


def _overlaps(widget: QWidget) -> list[str]:
    found = []
    children = _children(widget)
    for one, other in combinations(children, 2):
        both = one.geometry().intersected(other.geometry())
        if both.width() > 0 and both.height() > 0:
            found.append(f"{_name(one)} and {_name(other)} overlap by {_size(both)}")
    if not isinstance(widget.parentWidget(), QAbstractScrollArea):
        room = widget.rect()
        for child in children:
            if not room.contains(child.geometry()):
                found.append(f"{_name(child)} {child.geometry()} stands out of {_name(widget)}")
    return found


def _no_room(widget: QWidget) -> list[str]:
    words = _words(widget)
    if not words:
        return []
    metrics = widget.fontMetrics()
    if isinstance(widget, QLabel) and widget.wordWrap():
        needed = widget.heightForWidth(widget.width())
        cut = widget.height() < needed
        return [f"{_name(widget)}: {needed} px high, has {widget.height()}"] if cut else []
    lines = words.replace("&&", "&").split("\n")
    wide = max(metrics.horizontalAdvance(line) for line in lines)
    high = metrics.ascent() + metrics.descent() * len(lines)
    if widget.width() < wide or widget.height() < high:
        return [f"{_name(widget)}: {wide}x{high} px, has {widget.width()}x{widget.height()}"]
    return []


def _out_of_sight(widget: QWidget) -> list[str]:
    """What scrolls up and down only must not be wider than what is seen of it."""
    off = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    if not isinstance(widget, QScrollArea) or widget.horizontalScrollBarPolicy() != off:
        return []
    inside, seen = widget.widget(), widget.viewport().width()
    if inside is None or inside.width() <= seen:
        return []
    return [f"{_name(inside)} in a scroll area is {inside.width()} px wide, seen are {seen}"]


def _hint_cut(widget: QWidget) -> list[str]:
    """What is asked for stands in the empty place where it is typed, all of it."""
    if isinstance(widget, QPlainTextEdit) and not widget.toPlainText():
        margin = int(2 * widget.document().documentMargin())
        room = widget.viewport().size() - QSize(margin, margin)
        hint = widget.placeholderText()
        flags = Qt.TextFlag.TextWordWrap
        needed = widget.fontMetrics().boundingRect(0, 0, room.width(), 10_000, flags, hint)
        if needed.height() > room.height() or needed.width() > room.width():
            return [f"hint {hint!r} needs {needed.height()} px, has {room.height()}"]
    return []


def _words(widget: QWidget) -> str:
    if isinstance(widget, OneLineLabel | ElidedButton):
        return ""  # says itself that something is left out, and all of it in its tip
    if isinstance(widget, QLabel | QPushButton | QCheckBox):
        return str(widget.text())
    return str(widget.title()) if isinstance(widget, QGroupBox) else ""


def _name(widget: QWidget) -> str:
    said = _words(widget) or getattr(widget, "text", str)()
    return f"{type(widget).__name__} {str(said)[:40]!r}"


def _size(rect: QRect) -> str:
    return f"{rect.width()}x{rect.height()} px"
