"""Every key of the review window, by what it is about."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from viewer.alignment.controls import alignment_keys
from viewer.facets.marks import mark_keys
from viewer.pictures.area import layout_keys
from viewer.pictures.measuring import measuring_keys
from viewer.pictures.mouse import key_actions
from viewer.steps.model import Step
from viewer.targets.keys import target_keys

if TYPE_CHECKING:
    from viewer.kit.keys import Keys
    from viewer.window import ReviewWindow

HELP_KEYS = ("?", "F1")
#: Leads to what needs the reader next.
NEXT_KEY = "S"


def usual_keys(window: ReviewWindow) -> dict[str, Keys]:
    """Return every key, by what it is about, as they are unless they are changed.

    Parameters
    ----------
    window : ReviewWindow
        What the keys act on.
    """
    steps: Keys = {
        f"F{n}": (f"the step {step}", partial(window.show_step, step))
        for n, step in enumerate(Step, start=2)
    }
    card = dict.fromkeys(HELP_KEYS, ("this card", window.show_help))
    return {
        "The way": {
            NEXT_KEY: ("what needs you next: goes there", window.lead_next),
            "Ctrl+E": (
                "state what the step in front asks: the alignment is reviewed, the numbering "
                "confirmed, the answers recorded",
                window.state,
            ),
            **steps,
        },
        "The joint that is chosen": target_keys(window.targets_panel),
        "Pictures": {
            **layout_keys(window.pictures),
            **measuring_keys(window.measuring, window.tell),
            **key_actions(window.linked),
            **mark_keys(window.facets_panel.marks),
        },
        "The window": {
            "Ctrl+Z": ("undo what was done last, whatever it was", window.undo),
            "Ctrl+Shift+Z": ("redo it", window.redo),
            "Escape": (
                "end moving the SPECT; let a dragged joint go where it was; stop naming a vertebra",
                window.cancel,
            ),
            **card,
        },
        "Alignment": {
            "A": ("begin or end moving the SPECT by hand", window.toggle_moving),
            **alignment_keys(window.alignment),
        },
    }
