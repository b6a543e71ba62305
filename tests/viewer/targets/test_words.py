"""Targets in words; no window is needed."""

from __future__ import annotations

import pytest

from fusion.anatomy.joints import Joint, Side
from fusion.annotations.snapshots import RegistrationSnapshot
from fusion.annotations.target import Decision
from fusion.errors import AnnotationError
from tests.annotations import samples
from viewer.reading.words import target_line
from viewer.targets.new_target import at_joint, at_point
from viewer.targets.words import level_text, uncertainty_text, uptake_text

LEFT_C4 = Joint("C4-C5", Side.LEFT)


def test_what_is_not_known_is_not_written_as_a_number() -> None:
    unknown = RegistrationSnapshot(matrix=samples.IDENTITY, method="manual", uncertainty_mm=None)
    target = samples.target(registration=unknown, uptake=None)
    assert uncertainty_text(target) == "SPECT ?\njoint 1.2"
    assert uptake_text(target) == "not\nmeasured"


def test_a_provisional_level_is_marked_until_the_reader_vouches_for_it() -> None:
    target = samples.target(localisation=samples.localisation("provisional"))
    assert level_text(target, None, confirmed=False, provisional=False) == "provisional"
    assert level_text(target, None, confirmed=True, provisional=False) == ""
    # Decided while the levels were sure, which they are no more.
    sure = samples.target(localisation=samples.localisation("sure"))
    assert level_text(sure, None, confirmed=False, provisional=False) == ""
    assert level_text(sure, None, confirmed=False, provisional=True) == "provisional"
    assert level_text(sure, None, confirmed=True, provisional=True) == ""
    between = samples.placement(margin_mm=1.0)
    doubtful = samples.target(decision=Decision.INDETERMINATE, placement=between)
    assert level_text(doubtful, None, confirmed=True, provisional=False) == "or C6-C7?"
    assert target_line(doubtful).startswith("Left C5-C6 or C6-C7? indeterminate")


def test_while_joints_are_looked_for_none_is_called_missing() -> None:
    with pytest.raises(AnnotationError, match="not known yet"):
        at_joint(LEFT_C4, None, None)
    with pytest.raises(AnnotationError, match="contradict"):
        at_joint(LEFT_C4, None, None, refusal="The joints contradict each other.")


def test_a_point_says_where_it_was_placed() -> None:
    new = at_point((17.0, -3.0, 5.0), registration=None)
    assert new.words == "Point placed at the crosshair: L 17.0  A 3.0  H 5.0 mm"
