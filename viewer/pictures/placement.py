"""Where names stand in a picture: at its margin, on nothing that has to be seen.

Knows rectangles of pixels and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from textwrap import wrap

#: Between a name and what stands beside it, and from it to the edge of the picture, px.
GAP_PX, MARGIN_PX = 2.0, 6.0
#: How far a name is moved at a time to find room, as a share of its height.
_STEP = 0.25
#: Furthest that a name is moved up or down, in heights of it; and up to where it may rather cover
#: the ring of a joint than be moved on, to stand beside another joint that it is not the name of.
_REACH, _NEAR = 8.0, 2.5
#: How much nearer the middle of a name has to be to the column of its own side, as a share of their
#: distance.
_CLEARLY = 0.25
#: What matters and has no room on one line gets lines of so many letters, then of fewer.
_LETTERS_A_LINE = 30, 16, 9
#: Steps in which the name of the joint that is looked at is moved away from it, px.
_BESIDE_PX = 6.0


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
        side: [one.anchor[1] for one in (*inside, *unnamed) if one.side == side]
        for side in (-1, 0, 1)
    }
    across = {
        side: [one.anchor for one in (*labels, *unnamed) if side and one.side == -side]
        for side in (-1, 0, 1)
    }
    order = sorted(inside, key=lambda label: (-label.weight, label.anchor[1], label.anchor[0]))
    placed: dict[int, Box] = {}
    used = list(taken)
    for label in order:
        clear = [*used, *avoid]
        # On rings only at its own margin: further in, it would stand at another joint than its own,
        # and at the other margin on the joints of the other side.
        tries = (
            (clear, _NEAR, 4, avoid),
            (used, _NEAR, 1, avoid),
            (clear, _REACH, 4, avoid),
            (clear, _REACH, 2, ()),
            (used, _REACH, 1, ()),
        )
        box = next(
            filter(
                None,
                (_first(label, whole, rows[label.side], across[label.side], *one) for one in tries),
            ),
            None,
        )
        if box is None and label.weight:
            box = _on_own_row(label, whole, rows[label.side], across[label.side], used, avoid)
        if box is not None:
            placed[id(label)] = box
            used.append(box)
    _put_in_order(inside, placed, whole, taken)
    told = {
        id(one): box
        for one in inside
        if (box := placed.get(id(one)))
        and _at_own_height(box, one, rows[one.side])
        and _on_own_side(box, one, across[one.side])
    }
    return tuple(told.get(id(label)) for label in labels)


def place_words(
    texts: Sequence[str],
    label_of: Callable[[int, str], Label],
    placed: Callable[[Sequence[Label]], tuple[Box | None, ...]],
    *,
    misplaced: Callable[[int, Box], bool],
) -> tuple[tuple[str, ...], tuple[Label, ...], tuple[Box | None, ...]]:
    """Find a place for each name; what matters and has no room on one line gets more lines.

    Parameters
    ----------
    texts : sequence of str
        The names, on one line.
    label_of : callable
        Returns the label of the name of so many, as it is written.
    placed : callable
        Finds places, as :func:`place` does.
    misplaced : callable
        Whether a name of so many had better be written on more lines than stand there.

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
            if label.weight and (box is None or misplaced(n, box))
        ]
        if not (without and letters):
            return tuple(written), labels, places
        most = letters.pop(0)
        for n in without:
            # The doubt of a level stays beside it.
            text = texts[n].replace(" ?", "\xa0?")
            lines = wrap(text, most, break_long_words=False, break_on_hyphens=False)
            written[n] = "\n".join(lines)


def _at_own_height(box: Box, label: Label, heights: Sequence[float]) -> bool:
    """Whether a name stands nearer to the height of its own place than to that of another."""
    middle = box.middle[1]
    own = abs(middle - label.anchor[1])
    return all(own <= abs(middle - height) for height in heights)


def _on_own_side(box: Box, label: Label, across: Sequence[tuple[float, float]]) -> bool:
    """Whether a name stands nearer to its own place than to any of the other side."""
    own = _away(box, label.anchor)
    if any(own > _away(box, other) + GAP_PX for other in across):
        return False
    # Nor above or below both, unless clearly on its own side.
    rows = [one for one in across if abs(one[1] - label.anchor[1]) <= _NEAR * box.height]
    x, middle = label.anchor[0], box.middle[0]
    return all(
        abs(middle - x) <= abs(middle - other) - abs(x - other) * _CLEARLY for other, _ in rows
    )


def _first(
    label: Label,
    room: Box,
    heights: Sequence[float],
    across: Sequence[tuple[float, float]],
    used: Sequence[Box],
    reach: float,
    columns: int,
    apart: Sequence[Box],
) -> Box | None:
    for box in _candidates(label, room, reach, columns):
        if not box.within(room) or not _at_own_height(box, label, heights):
            continue
        if not _on_own_side(box, label, across):
            continue
        if any(box.meets(other, GAP_PX) for other in used):
            continue
        # Beside its own joint, and not beside another one.
        own = _away(box, label.anchor)
        if all(own <= _away(box, other.middle) + GAP_PX for other in apart):
            return box
    return None


def _on_own_row(
    label: Label,
    room: Box,
    heights: Sequence[float],
    across: Sequence[tuple[float, float]],
    used: Sequence[Box],
    rings: Sequence[Box],
) -> Box | None:
    """Look for room anywhere at the height of a place, from the place outwards.

    On the side of the place it may cover a ring, on the other none: that one is of the other joint
    of its level, and would carry the name of the wrong side.
    """
    (x, y), (width, height) = label.anchor, label.size
    side = label.side or (-1 if x < room.width / 2 else 1)
    most = int(room.width / _BESIDE_PX)
    for way in (side, -side):
        blocked = used if way == side else [*used, *rings]
        near = x + GAP_PX if way > 0 else x - GAP_PX - width
        for n in range(1, most):
            for top in _heights(y - height / 2, height, _NEAR * height):
                box = Box(near + way * n * _BESIDE_PX, top, width, height)
                free = box.within(room) and not any(box.meets(one, GAP_PX) for one in blocked)
                own = _at_own_height(box, label, heights) and _on_own_side(box, label, across)
                if free and own:
                    return box
    return None


def _away(box: Box, point: tuple[float, float]) -> float:
    right = max(box.x - point[0], point[0] - box.right, 0.0)
    down = max(box.y - point[1], point[1] - box.bottom, 0.0)
    return float((right**2 + down**2) ** 0.5)


def _put_in_order(
    labels: Sequence[Label], placed: dict[int, Box], room: Box, taken: Sequence[Box]
) -> None:
    """Let names above each other follow the order of their places: leaders do not cross."""
    named = sorted((one for one in labels if id(one) in placed), key=lambda one: one.anchor[1])
    for _ in named:  # each round carries one name at least to where it belongs
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


def _covers(box: Box, point: tuple[float, float]) -> bool:
    """Whether a name covers what it names."""
    return _holds(Box(box.x - GAP_PX, box.y, box.width + 2 * GAP_PX, box.height), point)


def _holds(box: Box, point: tuple[float, float]) -> bool:
    return box.x <= point[0] <= box.right and box.y <= point[1] <= box.bottom


def _candidates(label: Label, room: Box, most: float, columns: int) -> Iterator[Box]:
    """Yield places no further up or down than so many heights of the name, the best first.

    Those at its own margin; with two columns at the other, too; with four, those beside them.
    """
    (x, y), (width, height) = label.anchor, label.size
    side = label.side or (-1 if x < room.width / 2 else 1)
    far = {-1: MARGIN_PX, 1: room.width - width - MARGIN_PX}
    further = {-1: 2 * MARGIN_PX + width, 1: room.width - 2 * (width + MARGIN_PX)}
    places = (far[side], further[side], far[-side], further[-side])
    for at in places[:: 4 // columns]:
        # A name far from its place is no name, unless it is of the joint that is looked at.
        whole = label.weight and most == _REACH
        reach = room.height if whole else min(most * height, room.height)
        for top in _heights(y - height / 2, height, reach):
            box = Box(at, top, width, height)
            if not _covers(box, (x, y)):
                yield box


def _heights(best: float, height: float, reach: float) -> Iterator[float]:
    step = height * _STEP
    for n in range(int(reach / step) + 1):
        yield best + n * step
        if n:
            yield best - n * step


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
