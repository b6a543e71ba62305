"""What is written of the names in a picture, on how many lines, and what is in their way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from textwrap import wrap

from viewer.pictures.flat.shown import Named, Shown
from viewer.pictures.placement import Box, Label

#: What matters and has no room on one line gets lines of so many letters, then of fewer.
_LETTERS_A_LINE = 30, 16, 9


def margin_of(one: Named, shown: Shown) -> int:
    """Return the margin where a name should stand: on its own side, or of front and back.

    Names of joints stand behind and those of bodies in front of the spine, seen from the side.
    """
    right = shown.view.sight.right_lps
    if abs(right[0]) >= abs(right[1]):
        return one.side * (1 if right[0] > 0 else -1) or -1
    return (1 if one.ring_mm else -1) * (1 if right[1] > 0 else -1)


def in_the_way(box: Box | None, one: Named, names: Sequence[Named], rings: Sequence[Box]) -> bool:
    """Whether a name has no place, or one on the ring of another joint."""
    return box is None or any(
        box.meets(ring)
        for other, ring in zip(names, rings, strict=True)
        if other.point_lps is not one.point_lps
    )


def brief(one: Named) -> Named:
    """Return a name without the nerves that were put behind it."""
    return replace(one, text=one.text.removesuffix(f": {', '.join(one.nerves)}"), nerves=())


def written_names(
    names: Sequence[Named],
    label_of: Callable[[Named, str], Label],
    placed: Callable[[Sequence[Label]], tuple[Box | None, ...]],
    rings: Sequence[Box],
) -> tuple[list[str], list[Label], tuple[Box | None, ...]]:
    """Find a place for each name; what matters and has no room on one line gets more lines.

    So does a name with nerves that would lie on a joint, its own included: on one line it would
    begin beside the joint of the other side.

    Returns
    -------
    tuple
        What is written, its labels, and where they stand.
    """
    written = [one.text for one in names]
    letters = list(_LETTERS_A_LINE)
    while True:
        labels = [label_of(one, text) for one, text in zip(names, written, strict=True)]
        places = placed(labels)
        without = [
            n
            for n, (label, box) in enumerate(zip(labels, places, strict=True))
            if label.weight
            and (box is None or (names[n].nerves and any(box.meets(ring) for ring in rings)))
        ]
        if not (without and letters):
            return written, labels, places
        most = letters.pop(0)
        for n in without:
            # The doubt of a level stays beside it.
            text = names[n].text.replace(" ?", "\xa0?")
            lines = wrap(text, most, break_long_words=False, break_on_hyphens=False)
            written[n] = "\n".join(lines)
