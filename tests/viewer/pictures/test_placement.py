"""Names stand at the margin and cover nothing that has to be seen."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.pictures.placement import Box, Label, leader, place, place_words

ROOM = (400.0, 300.0)
LETTERS = (Box(2, 140, 20, 20), Box(378, 140, 20, 20), Box(190, 2, 20, 20), Box(190, 278, 20, 20))
BANNER = Box(0, 0, 180, 40)


def test_names_stand_at_their_own_margin_at_the_height_of_what_they_name() -> None:
    left, right, nearer = place(
        [
            Label((150, 100), (90, 16), side=-1),
            Label((150, 100), (90, 16), side=1),
            Label((350, 250), (40, 16)),
        ],
        room=ROOM,
    )
    assert left == Box(6, 92, 90, 16)
    assert right == Box(304, 92, 90, 16)
    assert nearer == Box(354, 242, 40, 16) or nearer.right <= 348


def test_letters_banners_and_hot_spots_stay_visible() -> None:
    hot = Box(300, 130, 100, 60)
    taken = [*LETTERS, BANNER, hot]
    labels = [Label((200, y), (90, 16), side) for y in (20, 150, 152) for side in (-1, 1)]
    boxes = place(labels, room=ROOM, taken=taken)
    assert all(box is not None for box in boxes)
    for box in boxes:
        assert not any(box.meets(other) for other in taken)
    for one, other in itertools.combinations(boxes, 2):
        assert not one.meets(other)


@given(
    st.lists(
        st.tuples(
            st.floats(-50, 450),
            st.floats(-50, 350),
            st.floats(10, 150),
            st.sampled_from((-1, 0, 1)),
        ),
        max_size=16,
    )
)
def test_no_name_ever_covers_another_or_leaves_the_picture(places) -> None:
    labels = [Label((x, y), (width, 15.0), side) for x, y, width, side in places]
    taken = [*LETTERS, BANNER]
    boxes = place(labels, room=ROOM, taken=taken)
    whole = Box(0, 0, *ROOM)
    found = [box for box in boxes if box is not None]
    for box in found:
        assert box.within(whole)
        assert not any(box.meets(other) for other in taken)
    for one, other in itertools.combinations(found, 2):
        assert not one.meets(other)
    for label, box in zip(labels, boxes, strict=True):
        if not (0 <= label.anchor[0] <= 400 and 0 <= label.anchor[1] <= 300):
            assert box is None  # nothing is named that is not seen
    seen = [
        one for one, box in zip(labels, boxes, strict=True) if whole.meets(Box(*one.anchor, 0, 0))
    ]
    for label, box in zip(labels, boxes, strict=True):
        if box is not None:
            alike = [one.anchor[1] for one in seen if one.side == label.side]
            own, *others = (abs(box.middle[1] - y) for y in (label.anchor[1], *alike))
            assert own <= min(others, default=own)
            across = [one.anchor for one in labels if label.side and one.side == -label.side]
            away = [_away(box, at) for at in (label.anchor, *across)]
            assert away[0] <= min(away) + 2


def _away(box: Box, point: tuple[float, float]) -> float:
    """Return how far a name is from a point."""
    x = min(max(point[0], box.x), box.right)
    y = min(max(point[1], box.y), box.bottom)
    return float(np.hypot(point[0] - x, point[1] - y))


def test_the_joint_that_is_looked_at_keeps_its_name_where_room_is_short() -> None:
    labels = [Label((75, 10), (60, 18), -1, weight) for weight in (0, 0, 2)]
    boxes = place(labels, room=(100.0, 20.0))
    assert boxes[2] is not None
    assert boxes[:2] == (None, None)


def test_joints_are_covered_only_where_there_is_no_other_place() -> None:
    label = Label((200, 100), (90, 16), side=-1)
    ring = Box(0, 80, 110, 40)
    (beside,) = place([label], room=ROOM, avoid=[ring])
    assert not beside.meets(ring)
    (upon,) = place([label], room=ROOM, avoid=[Box(0, 0, *ROOM)])
    assert upon == Box(6, 92, 90, 16)


def test_a_name_rather_covers_a_ring_than_stand_beside_another_joint() -> None:
    pillar = [Label((360, y), (76, 16), 1) for y in (60, 110, 160, 210)]
    rings = [Box(338, label.anchor[1] - 22, 44, 44) for label in pillar]
    for label, box in zip(pillar, place(pillar, room=ROOM, avoid=rings), strict=True):
        off = {one.anchor[1]: abs(box.y + 8 - one.anchor[1]) for one in pillar}
        assert min(off, key=off.__getitem__) == label.anchor[1]


def test_a_name_does_not_stand_beside_the_joint_of_the_other_side() -> None:
    right, left = Label((127, 150), (76, 16), -1), Label((249, 150), (76, 16), 1)
    rings = [Box(label.anchor[0] - 22, 128, 44, 44) for label in (right, left)]
    room, hot = (253.0, 285.0), [Box(205, 100, 48, 92)]
    (box,) = place([left], room=room, taken=hot, avoid=rings)
    assert box.x > 127 + 22


def test_no_name_stands_nearer_to_the_other_side_than_to_its_own_joint() -> None:
    """A narrow picture, its right margin taken: each way out led to the joint of the other side."""
    right, left = Label((40, 50), (70, 16), -1, 1), Label((92, 50), (70, 16), 1, 2)
    taken = [Box(100, 0, 85, 240)]
    boxes = place([right, left], room=(185.0, 100.0), taken=taken)
    assert boxes[1] is None
    (free,) = place([left], room=(185.0, 100.0), taken=taken)
    assert free is not None  # there is room, where nothing lies on the other side
    # The same for a place of the other side that has no name.
    unnamed = [Label((40, 50), (0, 0), -1)]
    assert place([left], room=(185.0, 100.0), taken=taken, unnamed=unnamed) == (None,)


def test_a_joint_has_no_name_rather_than_one_at_the_height_of_another() -> None:
    """The joint looked at is placed first; the one above it would have room below it only."""
    taken = [Box(0, 0, 400, 108)]
    labels = [Label((200, 100), (90, 16), 1), Label((200, 120), (90, 16), 1, weight=2)]
    upper, lower = place(labels, room=ROOM, taken=taken)
    assert upper is None
    assert lower == Box(304, 112, 90, 16)


def test_a_leader_ends_at_the_ring() -> None:
    label = Label((200, 100), (80, 16), side=-1)
    start, end = leader(label, Box(6, 92, 80, 16), ring_px=12)
    assert start == (88, 100)
    assert np.hypot(end[0] - 200, end[1] - 100) == 12
    assert leader(label, Box(310, 92, 80, 16))[0] == (308, 100)
    assert leader(label, Box(150, 40, 80, 16)) == ((200, 56), (200, 100))


def test_no_name_stands_at_the_height_of_a_ring_that_has_none() -> None:
    """In the projection only the joint that is looked at is named, in a row of seven ticks."""
    label = Label((250, 140), (90, 16), side=1, weight=2)
    ticks = [Label((250, 140 + 8 * n), (0, 0), 1) for n in (-3, -2, -1, 1, 2, 3)]
    blocked = [LETTERS[1]]  # the letter is where the name would stand
    (free,) = place([label], room=ROOM, taken=blocked)
    assert abs(free.middle[1] - 140) > 4  # beside the next tick
    (kept,) = place([label], room=ROOM, taken=blocked, unnamed=ticks)
    assert kept is not None
    assert abs(kept.middle[1] - 140) <= 4
    # Ticks of the other side say nothing of this one.
    across = [Label((150, one.anchor[1]), (0, 0), -1) for one in ticks]
    assert place([label], room=ROOM, taken=blocked, unnamed=across) == (free,)


def test_a_name_never_lies_on_the_ring_of_the_other_side() -> None:
    """The last way out for the joint that is looked at: towards the other side, not onto it."""
    label = Label((300, 150), (60, 16), side=1, weight=2)
    own, other = Box(290, 140, 20, 20), Box(235, 140, 20, 20)
    # Nothing is free at either margin, nor on its own side, nor between both joints.
    taken = [Box(0, 0, 400, 138), Box(0, 162, 400, 138), Box(0, 138, 80, 24), Box(312, 138, 88, 24)]
    (box,) = place([label], room=ROOM, taken=taken)
    assert box is not None
    assert box.meets(other)  # so it would, where there is no ring
    (box,) = place([label], room=ROOM, taken=taken, avoid=[own, other])
    assert box is None or not box.meets(other)


@pytest.mark.parametrize(("weight", "ring", "lines"), [(0, 60, 2), (0, 20, None), (4, 20, 2)])
def test_a_name_lies_on_a_ring_only_where_it_matters(weight, ring, lines) -> None:
    """On two lines there may be room beside it; else it is said in another picture."""
    rings = [Box(ring, 0, 40, ROOM[1])]

    def label_of(_n: int, text: str) -> Label:
        parts = text.split("\n")
        return Label((ring + 20, 150), (8.0 * max(map(len, parts)), 16.0 * len(parts)), -1, weight)

    written, _, (box,) = place_words(
        ["Right C4-C5"],
        label_of,
        lambda labels: place(labels, room=ROOM, avoid=rings, taken=[Box(120, 0, 300, 300)]),
        misplaced=lambda _n, box: any(box.meets(one) for one in rings),
    )
    assert written == ("Right\nC4-C5",)
    assert (None if box is None else written[0].count("\n") + 1) == lines
    assert (box is not None and box.meets(rings[0])) == (weight > 0)
