"""The first place of many that has room for a name: compiled, since a picture asks thousands."""

from __future__ import annotations

from typing import Any

import numpy as np

from fusion.compiled import compiled

#: Between a name and what stands beside it, and from it to the edge of the picture, px.
GAP_PX, MARGIN_PX = 2.0, 6.0
#: How far a name is moved at a time to find room, as a share of its height.
_STEP = 0.25
#: Furthest that a name is moved up or down, in heights of it; and up to where it may rather cover
#: the ring of a joint than be moved on, to stand beside another joint that it is not the name of.
REACH, NEAR = 8.0, 2.5
#: How much nearer the middle of a name has to be to the column of its own side, as a share of their
#: distance.
_CLEARLY = 0.25
#: Steps in which the name of the joint that is looked at is moved away from it, px.
_BESIDE_PX = 6.0


@compiled()
def meets_any(x: float, y: float, width: float, height: float, boxes: Any) -> bool:
    """Whether a box comes nearer than the gap to any of (n, 4) boxes: x, y, width, height."""
    for n in range(len(boxes)):
        if (
            x < boxes[n, 0] + boxes[n, 2] + GAP_PX
            and boxes[n, 0] < x + width + GAP_PX
            and y < boxes[n, 1] + boxes[n, 3] + GAP_PX
            and boxes[n, 1] < y + height + GAP_PX
        ):
            return True
    return False


@compiled()
def away(x: float, y: float, width: float, height: float, at_x: float, at_y: float) -> float:
    """Distance from a box to a point, px."""
    right = max(x - at_x, at_x - (x + width), 0.0)
    down = max(y - at_y, at_y - (y + height), 0.0)
    return float(np.sqrt(right * right + down * down))


@compiled()
def at_own_height(middle: float, own_y: float, heights: Any) -> bool:
    """Whether a name stands nearer to the height of its own place than to that of another."""
    own = abs(middle - own_y)
    nearer = True
    for height in heights:
        nearer &= own <= abs(middle - height)
    return nearer


@compiled()
def on_own_side(
    x: float, y: float, width: float, height: float, at_x: float, at_y: float, across: Any
) -> bool:
    """Whether a name stands nearer to its own place than to any of the other side."""
    own = away(x, y, width, height, at_x, at_y)
    middle = x + width / 2
    for n in range(len(across)):
        other_x, other_y = across[n, 0], across[n, 1]
        if own > away(x, y, width, height, other_x, other_y) + GAP_PX:
            return False
        # Nor above or below both, unless clearly on its own side.
        level = abs(other_y - at_y) <= NEAR * height
        if level and abs(middle - at_x) > abs(middle - other_x) - abs(at_x - other_x) * _CLEARLY:
            return False
    return True


@compiled()
def _free(
    box: Any, anchor: Any, room: Any, heights: Any, across: Any, used: Any, avoid: Any
) -> Any:
    """Whether a name may stand there."""
    x, y, width, height = box
    at_x, at_y = anchor
    return (
        x >= 0
        and y >= 0
        and x + width <= room[0]
        and y + height <= room[1]
        and at_own_height(y + height / 2, at_y, heights)
        and on_own_side(x, y, width, height, at_x, at_y, across)
        and not meets_any(x, y, width, height, used)
        and not meets_any(x, y, width, height, avoid)
    )


@compiled()
def _covers(box: Any, anchor: Any) -> Any:
    """Whether a name covers what it names."""
    x, y, width, height = box
    return x - GAP_PX <= anchor[0] <= x + width + GAP_PX and y <= anchor[1] <= y + height


@compiled()
def first_at_margin(
    label: Any,
    room: Any,
    heights: Any,
    across: Any,
    used: Any,
    avoid: Any,
    apart: Any,
    most: float,
    columns: int,
) -> Any:
    """Look for room at the margins, no further up or down than so many heights of the name.

    At its own margin; with two columns at the other, too; with four, beside those.

    Parameters
    ----------
    label : tuple of float
        Place (x, y), size (width, height), side and weight.
    room : (float, float)
        Width and height of the picture.
    heights, across : (n,) and (n, 2) ndarray
        Of the places of its side; of the places of the other.
    used, avoid : (n, 4) ndarray
        What it may not cover.
    apart : (n, 4) ndarray
        Boxes to whose middle it may not be nearer than to its own place.
    most : float
        In heights of the name.
    columns : {1, 2, 4}
        How many.

    Returns
    -------
    (bool, float, float)
        Whether there is room, and the upper left corner.
    """
    at_x, at_y, width, height, side, weight = label
    if side == 0:
        side = -1.0 if at_x < room[0] / 2 else 1.0
    left, right = MARGIN_PX, room[0] - width - MARGIN_PX
    inner_left, inner_right = 2 * MARGIN_PX + width, room[0] - 2 * (width + MARGIN_PX)
    own, beside, other, other_beside = left, inner_left, right, inner_right
    if side > 0:
        own, beside, other, other_beside = right, inner_right, left, inner_left
    # A name far from its place is no name, unless it is of the joint that is looked at.
    reach = room[1] if weight > 0 and most == REACH else min(most * height, room[1])
    step = height * _STEP
    for column in range(columns):
        x = (own, beside, other, other_beside)[column] if columns == 4 else (own, other)[column]
        for n in range(int(reach / step) + 1):
            for way in range(2 if n else 1):
                y = at_y - height / 2 + (n * step if way == 0 else -n * step)
                box = (x, y, width, height)
                if _covers(box, (at_x, at_y)):
                    continue
                if not _free(box, (at_x, at_y), room, heights, across, used, avoid):
                    continue
                # Beside its own joint, and not beside another one.
                reached = away(x, y, width, height, at_x, at_y)
                good = True
                for k in range(len(apart)):
                    middle_x = apart[k, 0] + apart[k, 2] / 2
                    middle_y = apart[k, 1] + apart[k, 3] / 2
                    if reached > away(x, y, width, height, middle_x, middle_y) + GAP_PX:
                        good = False
                        break
                if good:
                    return True, x, y
    return False, 0.0, 0.0


@compiled()
def first_on_row(
    label: Any, room: Any, heights: Any, across: Any, used: Any, rings: Any, none: Any
) -> Any:
    """Look for room anywhere at the height of a place, from the place outwards.

    On the side of the place it may cover a ring, on the other none: that one is of the other joint
    of its level, and would carry the name of the wrong side. Parameters and result are those of
    :func:`first_at_margin`; ``none`` is no box.
    """
    at_x, at_y, width, height, side, _ = label
    if side == 0:
        side = -1.0 if at_x < room[0] / 2 else 1.0
    step = height * _STEP
    for turn in range(2):
        way = side if turn == 0 else -side
        blocked = none if turn == 0 else rings
        near = at_x + GAP_PX if way > 0 else at_x - GAP_PX - width
        for outwards in range(1, int(room[0] / _BESIDE_PX)):
            x = near + way * outwards * _BESIDE_PX
            for n in range(int(NEAR * height / step) + 1):
                for up in range(2 if n else 1):
                    y = at_y - height / 2 + (-n * step if up else n * step)
                    box = (x, y, width, height)
                    if _free(box, (at_x, at_y), room, heights, across, used, blocked):
                        return True, x, y
    return False, 0.0, 0.0
