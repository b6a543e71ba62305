"""Long work in parts: the event loop has its turn after each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QObject, QTimer

from viewer.kit.turns import Turns

pytestmark = pytest.mark.window


class Work:
    """Says what was done, in its order."""

    def __init__(self, parts: int = 3) -> None:
        self.said: list[str] = []
        self.owner = QObject()
        self.turns = Turns(self.work(parts), self.owner)
        self.turns.done.connect(lambda: self.said.append("done"))

    def work(self, parts: int) -> Iterator[None]:
        for n in range(parts):
            self.said.append(f"part {n}")
            # As a key or a mouse would be, that came while this part was done.
            QTimer.singleShot(0, lambda n=n: self.said.append(f"key {n}"))
            yield


def test_what_came_during_a_part_is_answered_before_the_next(qtbot: QtBot) -> None:
    work = Work()
    work.turns.start()
    assert work.said == []
    qtbot.waitUntil(lambda: not work.turns.running)
    assert work.said == ["part 0", "key 0", "part 1", "key 1", "part 2", "key 2", "done"]


def test_the_rest_can_be_done_at_once_and_is_done_once(qtbot: QtBot) -> None:
    work = Work()
    work.turns.start()
    qtbot.waitUntil(lambda: "part 1" in work.said)
    work.turns.finish()
    assert not work.turns.running
    work.turns.finish()
    qtbot.wait(30)  # in which a part that is done twice would be
    assert [one for one in work.said if "key" not in one] == ["part 0", "part 1", "part 2", "done"]


def test_after_a_part_that_fails_none_follows(qtbot: QtBot) -> None:
    def work() -> Iterator[None]:
        yield
        raise RuntimeError("a bug")

    turns = Turns(work(), owner := QObject())
    with pytest.raises(RuntimeError):
        turns.finish()
    assert not turns.running
    turns.start()
    qtbot.wait(30)  # in which a further part would be done
    owner.deleteLater()


def test_a_part_that_fails_in_its_turn_is_told(qtbot: QtBot) -> None:
    bug = RuntimeError("a bug")

    def work() -> Iterator[None]:
        yield
        raise bug

    turns = Turns(work(), owner := QObject())
    told: list[object] = []
    turns.failed.connect(told.append)
    turns.done.connect(lambda: told.append("done"))
    turns.start()
    qtbot.waitUntil(lambda: not turns.running)
    assert told == [bug]
    owner.deleteLater()
