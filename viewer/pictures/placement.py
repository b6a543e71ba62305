"""Where names stand in a picture: at its margin, on nothing that has to be seen.

Knows rectangles of pixels and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

from viewer.pictures.room import (
    GAP_PX,
    NEAR,
    REACH,
    at_own_height,
    first_at_margin,
    first_on_row,
    on_own_side,
)

if TYPE_CHECKING:
    from fusion.geometry import FloatArray

#: What matters and has no room on one line gets lines of so many letters, then of fewer.
_LETTERS_A_LINE = 30, 16, 9


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in a picture, px; y grows downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> tuple[float, float]:
        """Its middle, (x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2

    def meets(self, other: Box, gap: float = 0.0) -> bool:
        """Whether two rectangles overlap, or come nearer than a gap."""
        return (
            self.x < other.right + gap
            and other.x < self.right + gap
            and self.y < other.bottom + gap
            and other.y < self.bottom + gap
        )

    def within(self, other: Box) -> bool:
        """Whether all of it lies in another."""
        return (
            self.x >= other.x
            and self.y >= other.y
            and self.right <= other.right
            and self.bottom <= other.bottom
        )


@dataclass(frozen=True, slots=True)
class Label:
    """A name that belongs to a place in a picture.

    Parameters
    ----------
    anchor : (x, y) tuple of float, px
        The place.
    size : (width, height) tuple of float, px
        Of the name.
    side : {-1, 0, 1}
        Margin where it should stand: left, the nearer one, right.
    weight : int
        The heavier ones are placed first.
    """

    anchor: tuple[float, float]
    size: tuple[float, float]
    side: int = 0
    weight: int = 0


def place(
    labels: Sequence[Label],
    *,
    room: tuple[float, float],
    taken: Sequence[Box] = (),
    avoid: Sequence[Box] = (),
    unnamed: Sequence[Label] = (),
) -> tuple[Box | None, ...]:
    """Find a place for each name.

    Parameters
    ----------
    labels : sequence of Label
        What has to be named.
    room : (width, height) tuple of float, px
        Of the picture.
    taken : sequence of Box
        What must not be covered: letters, banners, hot spots.
    avoid : sequence of Box
        What is covered only by a name that else had no place: the joints themselves.
    unnamed : sequence of Label
        Places that are drawn and have no name here; their size says nothing.

    Returns
    -------
    tuple of Box or None
        In the order given: at the margin asked for, else at the other, else further in, each as
        near to the height of its place as there is room; None where there is none. No name
        stands at the height of another place of its side, and none nearer to a place of the other
        side than to its own: who reads across would take it for that one's.
    """
    whole = Box(0, 0, *room)
    inside = [label for label in labels if _holds(whole, label.anchor)]
    # Left and right joints of a level lie at nearly one height; their names say the side.
    rows = {
        side: np.array([one.anchor[1] for one in (*inside, *unnamed) if one.side == side], float)
        for side in (-1, 0, 1)
    }
    across = {
        side: _points([one.anchor for one in (*labels, *unnamed) if side and one.side == -side])
        for side in (-1, 0, 1)
    }
    order = sorted(inside, key=lambda label: (-label.weight, label.anchor[1], label.anchor[0]))
    placed: dict[int, Box] = {}
    rings, none = _boxes(avoid), _boxes(())
    used, count = np.concatenate([_boxes(taken), np.zeros((len(order), 4))]), len(taken)
    for label in order:
        box = _found(label, room, rows[label.side], across[label.side], used[:count], rings, none)
        if box is not None:
            placed[id(label)] = box
            used[count] = box.x, box.y, box.width, box.height
            count += 1
    _put_in_order(inside, placed, whole, taken)
    told = {
        id(one): box
        for one in inside
        if (box := placed.get(id(one)))
        and _at_its_place(box, one, rows[one.side], across[one.side])
    }
    return tuple(told.get(id(label)) for label in labels)


def _found(
    label: Label,
    room: tuple[float, float],
    heights: FloatArray,
    across: FloatArray,
    used: FloatArray,
    rings: FloatArray,
    none: FloatArray,
) -> Box | None:
    """Return the first place for a name, where there is one."""
    numbers = (*label.anchor, *label.size, label.side, label.weight)
    around = tuple(map(float, numbers)), tuple(map(float, room)), heights, across, used
    # On rings only at its own margin: further in, it would stand at another joint than its own,
    # and at the other margin on the joints of the other side.
    for avoid, apart, most, columns in (
        (rings, rings, NEAR, 4),
        (none, rings, NEAR, 1),
        (rings, rings, REACH, 4),
        (rings, none, REACH, 2),
        (none, none, REACH, 1),
    ):
        there, x, y = first_at_margin(*around, avoid, apart, most, columns)
        if there:
            return Box(x, y, *label.size)
    if label.weight:
        there, x, y = first_on_row(*around, rings, none)
        if there:
            return Box(x, y, *label.size)
    return None


def _at_its_place(box: Box, label: Label, heights: FloatArray, across: FloatArray) -> bool:
    x, y, width, height, at_x, at_y = map(
        float, (box.x, box.y, box.width, box.height, *label.anchor)
    )
    return bool(
        at_own_height(y + height / 2, at_y, heights)
        and on_own_side(x, y, width, height, at_x, at_y, across)
    )


def load() -> None:
    """Load the compiled loops, or compile them, which the first names would wait for."""
    place([Label((20.0, 20.0), (50.0, 10.0), weight=1)], room=(40.0, 40.0))


def _boxes(boxes: Sequence[Box]) -> FloatArray:
    return np.array([(b.x, b.y, b.width, b.height) for b in boxes], float).reshape(-1, 4)


def _points(points: Sequence[tuple[float, float]]) -> FloatArray:
    return np.array(points, float).reshape(-1, 2)


def place_words(
    texts: Sequence[str],
    label_of: Callable[[int, str], Label],
    placed: Callable[[Sequence[Label]], tuple[Box | None, ...]],
    *,
    misplaced: Callable[[int, Box], bool],
) -> tuple[tuple[str, ...], tuple[Label, ...], tuple[Box | None, ...]]:
    """Find a place for each name; what has no good one on one line gets more lines.

    What matters is then written where it had rather not be than nowhere, the others nowhere.

    Parameters
    ----------
    texts : sequence of str
        The names, on one line.
    label_of : callable
        Returns the label of the name of so many, as it is written.
    placed : callable
        Finds places, as :func:`place` does.
    misplaced : callable
        Whether a name of so many had better not stand there.

    Returns
    -------
    tuple
        What is written, its labels, and where they stand.
    """
    written = list(texts)
    letters = list(_LETTERS_A_LINE)
    while True:
        labels = tuple(label_of(n, text) for n, text in enumerate(written))
        places = placed(labels)
        without = [
            n
            for n, (label, box) in enumerate(zip(labels, places, strict=True))
            if (label.weight if box is None else misplaced(n, box))
        ]
        if not (without and letters):
            kept = (
                None if n in without and not label.weight else box
                for n, (label, box) in enumerate(zip(labels, places, strict=True))
            )
            return tuple(written), labels, tuple(kept)
        most = letters.pop(0)
        for n in without:
            # The doubt of a level stays beside it.
            text = texts[n].replace(" ?", "\xa0?")
            lines = wrap(text, most, break_long_words=False, break_on_hyphens=False)
            written[n] = "\n".join(lines)


def _put_in_order(
    labels: Sequence[Label], placed: dict[int, Box], room: Box, taken: Sequence[Box]
) -> None:
    """Let names above each other follow the order of their places: leaders do not cross."""
    named = sorted((one for one in labels if id(one) in placed), key=lambda one: one.anchor[1])
    for _ in named:  # each round carries one name at least to where it belongs
        settled = True
        for upper, lower in combinations(named, 2):
            first, second = placed[id(upper)], placed[id(lower)]
            column = first.x < second.right and second.x < first.right
            if not column or first.y <= second.y or upper.anchor[1] == lower.anchor[1]:
                continue
            others = [box for key, box in placed.items() if key not in (id(upper), id(lower))]
            moved = replace(first, y=second.y), replace(second, y=first.y)
            free = not moved[0].meets(moved[1], GAP_PX) and all(
                box.within(room)
                and not _covers(box, label.anchor)
                and not any(box.meets(other, GAP_PX) for other in (*taken, *others))
                for box, label in zip(moved, (upper, lower), strict=True)
            )
            if free:
                placed[id(upper)], placed[id(lower)] = moved
                settled = False
        if settled:
            break


def _covers(box: Box, point: tuple[float, float]) -> bool:
    """Whether a name covers what it names."""
    return _holds(Box(box.x - GAP_PX, box.y, box.width + 2 * GAP_PX, box.height), point)


def _holds(box: Box, point: tuple[float, float]) -> bool:
    return box.x <= point[0] <= box.right and box.y <= point[1] <= box.bottom


def leader(
    label: Label, box: Box, *, ring_px: float = 0.0
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return both ends of the line from a name to its place, px; it ends at the ring around it."""
    x, y = label.anchor
    start = min(max(x, box.x - GAP_PX), box.right + GAP_PX), box.y + box.height / 2
    if box.x < x < box.right:  # above or below it
        start = x, box.bottom if box.bottom < y else box.y
    right, down = x - start[0], y - start[1]
    length = (right**2 + down**2) ** 0.5
    share = max(1 - ring_px / length, 0.0) if length else 0.0
    return start, (start[0] + share * right, start[1] + share * down)
