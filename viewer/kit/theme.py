"""The colours of the window by what they mean, its style sheets, and how long it waits.

Colour alone never says anything: a word or a sign stands beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

#: What can be relied on, what has to be looked at, what must not be used.
GOOD, DOUBTFUL, BAD = "#69c779", "#ffb347", "#ff5c5c"
#: What is worth knowing and neither good nor bad, and what lies between quiet and doubtful.
INFO, PALE = "#a9c7e8", "#e8d27a"
#: A joint that a reader called positive; not the red of what is wrong.
POSITIVE = "#ff8a6b"
#: Text, text that matters less, lines and frames, and what stands out from the background.
TEXT, FAINT, LINE, RAISED = "#d0d4da", "#9aa0a8", "#59616b", "#363c44"
#: Behind what is chosen, and behind what belongs to it.
CHOSEN, MARKED = "#2667a8", "#4a4420"
#: Behind the banner of a simulated study.
SIMULATED_BANNER = "#ff8c1a"

#: In pictures: the letters of directions, other words, and the crosshair on dark and on bright.
LETTER, INK = "#ffeb8c", "#ffffff"
CROSSHAIR, DARK_CROSSHAIR = "#59d9ff", "#0060a0"

BOLD = "font-weight: bold;"

#: After a change, wait so long before working out what costs time, ms.
SETTLE_MS = 250


def colored(color: str) -> str:
    """Return the style of text in a colour."""
    return f"color: {color};"


def edged(color: str) -> str:
    """Return the style of a paragraph with a coloured edge at its left."""
    return f"border-left: 4px solid {color}; padding: 2px 2px 2px 6px;"


#: A sentence about what was refused.
REFUSAL_STYLE = f"{colored(BAD)} {edged(BAD)}"

#: Buttons of which one is pressed, notes and tables of a narrow panel.
INPUT_STYLE = f"""
QTableWidget, QTableWidget QHeaderView {{ font-size: 11px; }}
QPlainTextEdit {{ border: 1px solid {LINE}; border-radius: 3px; padding: 1px; }}
QPushButton#choice {{
  padding: 3px 2px;
  border: 1px solid {LINE}; border-radius: 3px; background: {RAISED};
}}
QPushButton#choice:hover {{ background: {LINE}; }}
QPushButton#choice:focus {{ border: 1px solid {TEXT}; }}
QPushButton#choice:disabled {{ color: {FAINT}; border: 1px solid {RAISED}; }}
QPushButton#choice:checked {{
  background: {CHOSEN}; border: 2px solid {TEXT}; color: white; padding: 2px 1px;
}}
QPushButton#choice:checked:disabled {{
  background: {LINE}; border: 2px solid {FAINT}; padding: 2px 1px;
}}
"""

#: What a reader sees of a question at a glance: dashed and grey while nothing is recorded.
QUESTION_STYLE = f"""
QFrame#question {{ border: 0; border-left: 4px dashed {FAINT}; padding-left: 4px; }}
QFrame#question[needed="true"] {{ border-left: 4px dashed {DOUBTFUL}; }}
QFrame#question[recorded="true"] {{ border-left: 4px solid {INFO}; }}
QFrame#question[highlight="true"] {{ background: {MARKED}; }}
QLabel#link {{ padding: 1px 3px; border: 1px solid transparent; }}
QLabel#link:focus {{ border: 1px solid {TEXT}; }}
QLabel#link:hover {{ background: {RAISED}; }}
QLabel#link[highlight="true"] {{ background: {MARKED}; }}
QLabel#title {{ {BOLD} padding-top: 6px; }}
QLabel#note {{ {colored(FAINT)} padding-left: 4px; }}
QLabel#suggestion {{ {colored(INFO)} }}
QRadioButton#open, QLabel#open, QComboBox[open="true"] {{
  {colored(FAINT)} font-style: italic;
}}
"""

#: A window of its own, without napari's theme around it.
PAGE_STYLE = f"""
QMainWindow, QWidget {{ background: #23252b; color: {TEXT}; font-size: 13px; }}
QPushButton {{
  background: {RAISED}; border: 1px solid {LINE}; border-radius: 4px; padding: 6px 14px;
}}
QPushButton:hover {{ background: {LINE}; }}
QPushButton:focus {{ border: 1px solid white; }}
QPushButton:disabled {{ color: {FAINT}; background: transparent; border: 1px dashed {LINE}; }}
QLineEdit, QComboBox {{
  border: 1px solid {FAINT}; border-radius: 3px; padding: 2px 4px; placeholder-text-color: {FAINT};
}}
QLineEdit:focus, QComboBox:focus {{ border: 1px solid white; }}
QCheckBox::indicator {{
  width: 13px; height: 13px; border: 1px solid {FAINT}; border-radius: 3px; background: #23252b;
}}
QCheckBox::indicator:checked {{ background: {CHOSEN}; border: 2px solid white; }}
QCheckBox:focus {{ border: 1px solid white; }}
QListWidget {{ border: 1px solid {LINE}; border-radius: 4px; }}
QListWidget::item {{ padding: 7px; border-bottom: 1px solid {RAISED}; }}
QListWidget::item:hover {{ background: {RAISED}; }}
QListWidget::item:selected {{ background: {CHOSEN}; color: white; }}
"""


def restyle(widget: QWidget, style: str) -> None:
    """Give a widget a style where it has another: Qt works one out anew each time it is given."""
    if widget.styleSheet() != style:
        widget.setStyleSheet(style)


#: A table with many short rows.
DENSE_TABLE_STYLE = f"""
QTableWidget {{ font-size: 11px; }} QHeaderView::section {{ font-size: 11px; }}
QTableWidget::item {{ padding: 0 3px; }}
QTableWidget::item:selected {{ background: {CHOSEN}; color: white; }}
"""
