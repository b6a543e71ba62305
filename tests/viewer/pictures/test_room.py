"""The compiled search for room, held against a loop that looks at one place after the other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from viewer.pictures.placement import Box
from viewer.pictures.room import (
    GAP_PX,
    MARGIN_PX,
    NEAR,
    REACH,
    first_at_margin,
    first_on_row,
)

ROOM = (300.0, 200.0)
_HALF = st.integers(-80, 700).map(lambda n: n / 2)
_POINTS = st.lists(st.tuples(_HALF, _HALF), max_size=4)
_BOXES = st.lists(st.tuples(_HALF, _HALF, st.just(20.0), st.just(16.0)), max_size=5)
_LABELS = st.tuples(
    st.integers(0, 300).map(float),
    st.integers(0, 200).map(float),
    st.sampled_from((30.0, 90.0, 250.0)),
    st.sampled_from((16.0, 32.0)),
    st.sampled_from((-1.0, 0.0, 1.0)),
    st.sampled_from((0.0, 4.0)),
)


def heights(best: float, height: float, reach: float) -> Iterator[float]:
    """One quarter of a name's height at a time, down and up in turn."""
    yield best
    for n in range(1, int(reach / (height / 4)) + 1):
        yield best + n * height / 4
        yield best - n * height / 4


def away(box: Box, point: tuple[float, float]) -> float:
    nearest = np.clip(point, (box.x, box.y), (box.right, box.bottom))
    return float(np.hypot(*np.subtract(nearest, point)))


def free(box: Box, at, rows, across, used) -> bool:
    (x, y), middle = at, box.middle
    return (
        box.within(Box(0, 0, *ROOM))
        and all(abs(middle[1] - y) <= abs(middle[1] - row) for row in rows)
        and all(away(box, at) <= away(box, other) + GAP_PX for other in across)
        and all(
            abs(middle[0] - x) <= abs(middle[0] - other) - abs(x - other) / 4
            for other, row in across
            if abs(row - y) <= NEAR * box.height
        )
        and not any(box.meets(Box(*one), GAP_PX) for one in used)
    )


def arrays(rows, across, *boxes):
    return (
        np.array(rows, float),
        np.array(across, float).reshape(-1, 2),
        *(np.array(some, float).reshape(-1, 4) for some in boxes),
    )


@given(_LABELS, _POINTS, _POINTS, _BOXES, _BOXES, st.sampled_from((NEAR, REACH)))
def test_the_first_place_at_the_margins(label, own, across, used, apart, most) -> None:
    x, y, width, height, side, weight = label
    rows = [row for _, row in own]
    left = side < 0 or (side == 0 and x < ROOM[0] / 2)
    columns = [MARGIN_PX, 2 * MARGIN_PX + width]
    columns += [ROOM[0] - inner - width for inner in columns]
    if not left:
        columns = columns[2:] + columns[:2]
    reach = ROOM[1] if weight and most == REACH else min(most * height, ROOM[1])
    for count, tried in ((4, columns), (2, columns[::2]), (1, columns[:1])):
        good = (
            (at, top)
            for at in tried
            for top in heights(y - height / 2, height, reach)
            for box in (Box(at, top, width, height),)
            if free(box, (x, y), rows, across, used)
            and not (box.x - GAP_PX <= x <= box.right + GAP_PX and box.y <= y <= box.bottom)
            and all(
                away(box, (x, y)) <= away(box, Box(*one).middle) + GAP_PX + 1e-9 for one in apart
            )
        )
        expected = next(good, None)
        rows_, across_, used_, apart_, none = arrays(rows, across, used, apart, [])
        there, *corner = first_at_margin(
            label, ROOM, rows_, across_, used_, none, apart_, most, count
        )
        assert (tuple(corner) if there else None) == expected


@given(_LABELS, _POINTS, _POINTS, _BOXES, _BOXES)
def test_the_first_place_on_the_row(label, own, across, used, rings) -> None:
    x, y, width, height, side, _ = label
    rows = [row for _, row in own]
    first = side or (-1.0 if x < ROOM[0] / 2 else 1.0)
    expected = next(
        (
            (at, top)
            for way in (first, -first)
            for n in range(1, int(ROOM[0] / 6))
            for at in ((x + GAP_PX if way > 0 else x - GAP_PX - width) + way * n * 6,)
            for top in heights(y - height / 2, height, NEAR * height)
            for blocked in (used if way == first else used + rings,)
            if free(Box(at, top, width, height), (x, y), rows, across, blocked)
        ),
        None,
    )
    rows_, across_, used_, rings_, none = arrays(rows, across, used, rings, [])
    there, *corner = first_on_row(label, ROOM, rows_, across_, used_, rings_, none)
    assert (tuple(corner) if there else None) == expected
