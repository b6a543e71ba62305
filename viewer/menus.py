"""The menus of the review window: the study, the reading, what its keys do, and help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMessageBox

from fusion.software import DISCLAIMER, own_version
from viewer import _napari
from viewer.kit.menus import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from viewer.kit.keys import Keys
    from viewer.kit.menus import Entry
    from viewer.sitting import Sitting

#: Groups of keys that are menus of their own.
_MENUS = {"The way": "&Steps", "Pictures": "&Pictures", "Alignment": "&Alignment"}


def add_menus(
    window: Sitting,
    groups: Mapping[str, Keys],
    *,
    of: Callable[[str], str],
    helps: Sequence[Entry],
    blinded: bool = False,
) -> None:
    """Put the window's own menus in the place of napari's.

    Parameters
    ----------
    window : Sitting
        What the menus act on.
    groups : mapping of str to Keys
        The keys of the window, which show in the menus what does the same.
    of : callable
        Returns the key that is in the place of a usual one.
    helps : sequence of Entry
        What is in the menu of help.
    blinded : bool
        Without what leads to another study, out of the window, or to another reading.
    """
    panel = window.targets_panel
    study: list[Entry | None] = [
        ("Open another study…", window.start_wanted.emit, ""),
        ("Series of this study…", window.series_wanted.emit, ""),
        ("Compare with another date…", window.compare_wanted.emit, ""),
        None,
        ("Export…", window.choose_export, ""),
        ("Send to the archive…", window.send_results, ""),
        None,
        ("Close", window.close_window, ""),
    ]
    if blinded:
        study = study[-1:]
    reading: list[Entry | None] = [
        ("Read as…", window.ask_reader, ""),
        None,
        ("Undo", window.undo, of("Ctrl+Z")),
        ("Redo", window.redo, of("Ctrl+Shift+Z")),
        ("History…", panel.state.show_history, ""),
        None,
        ("All other joints in the field negative…", panel.ask_others_negative, of("Ctrl+Shift+N")),
        ("Finish…", panel.ask_finish, of("Ctrl+Return")),
        ("Addendum…", panel.ask_addendum, ""),
    ]
    if blinded:
        reading = reading[2:-1]
    keyed: dict[str, list[Entry | None]] = {
        title: [
            (f"{words[:1].upper()}{words[1:]}", act, key)
            for key, (words, act) in groups[group].items()
        ]
        for group, title in _MENUS.items()
    }
    about: list[Entry | None] = [
        *helps,
        ("About facetfusion", lambda: show_about(window), ""),
    ]
    bar = _napari.empty_menu_bar(window.viewer)
    fill(bar, {"&Study": study, "&Reading": reading, **keyed, "&Help": about})


def show_about(window: Sitting) -> QMessageBox:
    """Say what this is, and what it is not."""
    box = QMessageBox(_napari.main_window(window.viewer))
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle("About facetfusion")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(f"facetfusion {own_version()}\n\n{DISCLAIMER}")
    box.open()
    return box
