"""What keys decide: side letter, level digit, decision, grade, pain; on the page that shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fusion.anatomy import LEVELS, Side
from fusion.annotations import Answer, Decision
from viewer.kit.keys import Keys

if TYPE_CHECKING:
    from viewer.kit.choice import Choice
    from viewer.targets.panel import TargetsPanel

_SIDES = {"R": Side.RIGHT, "L": Side.LEFT}
_DECISIONS = {"P": Decision.POSITIVE, "N": Decision.NEGATIVE, "I": Decision.INDETERMINATE}
_ANSWERS = {"Y": Answer.YES, "U": Answer.NO, "K": Answer.NOT_RECORDED}


def target_keys(panel: TargetsPanel) -> Keys:
    """Return what each key does to the joint that is chosen.

    A key decides only while the page of the ladder is in front; the first press brings it there.

    Parameters
    ----------
    panel : TargetsPanel
        What the keys act on.
    """
    form = panel.form

    def press(choice: Choice, value: object) -> Callable[[], None]:
        def act() -> None:
            if not panel.bring_form():
                return
            if choice.buttons[value].isEnabled():
                choice.press(value)
            else:
                form.explain()

        return act

    def digit(number: int) -> Callable[[], None]:
        def act() -> None:
            if not panel.bring_form():
                return
            choice: Choice = form.level
            value: object = LEVELS[number]
            if form.target is not None and number in form.grade.buttons:
                choice, value = form.grade, number
            if choice.buttons[value].isEnabled():
                choice.press(value)
            else:
                form.explain()

        return act

    keys: Keys = {
        "H": ("next hot joint", lambda: panel.next_hot(1)),
        "Shift+H": ("last hot joint", lambda: panel.next_hot(-1)),
        "T": ("next joint down the ladder", lambda: panel.next_joint(1)),
        "Shift+T": ("next joint up the ladder", lambda: panel.next_joint(-1)),
        "G": ("back to the joint that is chosen", form.go_back),
    }
    for key, side in _SIDES.items():
        keys[key] = (f"side: {side}", press(form.side, side))
    for number, level in enumerate(LEVELS):
        grade = f"; once decided: grade {number}" if number in form.grade.buttons else ""
        keys[str(number)] = (f"level: {level}{grade}", digit(number))
    for key, decision in _DECISIONS.items():
        keys[key] = (f"{decision}: saves", press(form.decision, decision))
    for key, answer in _ANSWERS.items():
        keys[key] = (f"fits the pain: {answer}", press(form.pain, answer))
    for key, answer in _ANSWERS.items():
        keys[f"Shift+{key}"] = (f"in an operative bed: {answer}", press(form.bed, answer))
    keys["Ctrl+Shift+N"] = (
        "all other joints in the field negative: names them and asks once",
        panel.ask_others_negative,
    )
    keys["Ctrl+Return"] = ("finish: read everything back and make it final", panel.ask_finish)
    return keys
