"""Two readers finish a study with their hands alone: one has a keyboard, the other a mouse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from qtpy.QtTest import QTest

import fusion
from fusion.anatomy.joints import JOINTS
from fusion.annotations.journal import Journal
from fusion.annotations.target import Decision
from tests.viewer.scripted import Hands
from tests.viewer.simulated_neck import make_neck
from viewer import _napari

pytestmark = [pytest.mark.window, pytest.mark.slow]

#: What every hot joint takes, every other joint that wants a decision of its own, and every place
#: that is suggested and faint.
POSITIVE, NEGATIVE, FAINT = 7, 4, 1


def test_a_study_is_finished_by_keys_alone_and_by_mouse_alone(
    open_window: Callable, once: Callable[..., Path], tmp_path: Path
) -> None:
    journal = tmp_path / "journal.sqlite"
    review = fusion.open_study(once("neck", make_neck) / "study")
    window = open_window(review, journal)
    _napari.main_window(window.viewer).resize(1500, 950)
    window.begin(background=False)
    window.facets.start()
    by_keys = Hands(window, "K. Eys")
    by_keys.settled()
    by_keys.read_by_keys()
    by_mouse = Hands(window, "M. Ouse")
    by_mouse.read_by_mouse()
    QTest.qWait(10)
    with Journal(journal) as kept:
        one, other = kept.readings()
    for reading in (one, other):
        assert reading.finalised is not None
        # Whatever the ladder showed as hot is positive, everything else in the field negative.
        for joint in JOINTS:
            target = reading.target_at(joint)
            there = window.targets_panel.ladder.cell(joint).there
            wanted = Decision.POSITIVE if by_keys.is_hot(joint) else Decision.NEGATIVE
            assert (target.decision if target else None) == (wanted if there else None), joint
    hot = len(one.positive)
    assert hot == len(other.positive) >= 1
    places = [p for p in window.facets.assessment.proposals if p.candidates]
    single = {joint for p in places if p.grade > 1 for joint in p.candidates}
    faint = [p for p in places if not single.issuperset(p.candidates)]
    # Two hot joints and nothing beside them: 27 keys, 25 clicks.
    most = 13 + POSITIVE * hot + NEGATIVE * (len(single) - hot) + FAINT * len(faint)
    assert by_keys.clicks == by_mouse.keys == 0
    assert by_keys.keys <= most
    assert by_mouse.clicks <= most
