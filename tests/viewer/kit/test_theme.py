"""One palette, legible on napari's dark background."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QApplication, QLabel

from viewer.kit import theme

VIEWER = Path(__file__).resolve().parents[3] / "viewer"
#: Of napari's dark theme, in which the window stands.
BACKGROUND = "#262930"


def luminance(color: str) -> float:
    """Relative luminance of an sRGB colour, as WCAG 2.1 defines it."""
    parts = (int(color[n : n + 2], 16) / 255 for n in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(
    "name", ["GOOD", "DOUBTFUL", "BAD", "INFO", "PALE", "POSITIVE", "TEXT", "FAINT"]
)
def test_text_can_be_read(name: str) -> None:
    ratio = (luminance(getattr(theme, name)) + 0.05) / (luminance(BACKGROUND) + 0.05)
    assert ratio >= 4.5  # WCAG 2.1, 1.4.3


def test_no_colour_is_defined_beside_the_palette() -> None:
    named = {
        path.relative_to(VIEWER).as_posix()
        for path in VIEWER.rglob("*.py")
        if re.search(r"#[0-9a-fA-F]{6}\b", path.read_text("utf-8"))
    }
    assert named == {"kit/theme.py"}


@pytest.mark.window
def test_a_style_that_is_there_is_not_worked_out_again(qapp: QApplication) -> None:
    label, worked_out = QLabel(), []
    label.ensurePolished()

    class Watch(QObject):
        def eventFilter(self, _: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
            worked_out.append(event.type())
            return False

    watch = Watch()
    theme.restyle(label, "color: red;")
    label.installEventFilter(watch)
    theme.restyle(label, "color: red;")
    assert QEvent.Type.StyleChange not in worked_out
    theme.restyle(label, "color: blue;")
    assert QEvent.Type.StyleChange in worked_out
    assert label.styleSheet() == "color: blue;"
