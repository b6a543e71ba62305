"""Every key of the review window, by what it is about."""

from __future__ import annotations

from dataclasses import dataclass
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
    from collections.abc import Callable

    from viewer.alignment.model import Alignment
    from viewer.kit.keys import Keys
    from viewer.pictures.area import PictureArea
    from viewer.pictures.measuring import Measuring
    from viewer.sitting import Sitting

HELP_KEYS = ("?", "F1")
#: Leads to what needs the reader next.
NEXT_KEY = "S"


#: Keys that go on while they are held: they move the picture or what is seen in it. Everything else
#: happens once a press: a key that is held a moment too long must not take back ten decisions.
REPEATING = frozenset(
    {
        *("PgUp", "PgDown", "[", "]", ".", ",", "+", "-"),
        *("Ctrl+Left", "Ctrl+Right", "Ctrl+Up", "Ctrl+Down", "Ctrl+PgUp", "Ctrl+PgDown"),
        *("Ctrl+Shift+Right", "Ctrl+Shift+Left"),
    }
)


@dataclass(frozen=True, slots=True)
class ByHand:
    """What a window does when a key is pressed that no panel has.

    Parameters
    ----------
    show_card : callable
        Shows the keys.
    begin_moving : callable
        Begins or ends moving the SPECT.
    cancel : callable
        Ends what is being done by hand.
    """

    show_card: Callable[[], object]
    begin_moving: Callable[[], None]
    cancel: Callable[[], None]


def usual_keys(
    window: Sitting,
    *,
    pictures: PictureArea,
    measuring: Measuring,
    alignment: Alignment,
    by_hand: ByHand,
) -> dict[str, Keys]:
    """Return every key, by what it is about, as they are unless they are changed.

    Parameters
    ----------
    window : Sitting
        What the keys act on.
    pictures, measuring, alignment
        Of the window.
    by_hand : ByHand
        What else the window does.
    """
    steps: Keys = {
        f"F{n}": (f"the step {step}", partial(window.show_step, step))
        for n, step in enumerate(Step, start=2)
    }
    card = dict.fromkeys(HELP_KEYS, ("this card", by_hand.show_card))
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
            **layout_keys(pictures),
            **measuring_keys(measuring, window.tell),
            **key_actions(window.linked),
            **mark_keys(window.facets_panel.marks),
        },
        "The window": {
            "Ctrl+Z": ("undo what was done last, whatever it was", window.undo),
            "Ctrl+Shift+Z": ("redo it", window.redo),
            "Escape": (
                "end moving the SPECT; let a dragged joint go where it was; stop naming a vertebra",
                by_hand.cancel,
            ),
            **card,
        },
        "Alignment": {
            "A": ("begin or end moving the SPECT by hand", by_hand.begin_moving),
            **alignment_keys(alignment),
        },
    }
