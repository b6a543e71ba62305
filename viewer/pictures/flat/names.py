"""What is written of the names in a picture, and what is in their way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from viewer.pictures.flat.shown import Named, Shown
from viewer.pictures.placement import Box, Label, place_words


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
) -> tuple[tuple[str, ...], tuple[Label, ...], tuple[Box | None, ...]]:
    """Find a place for each name, as :func:`viewer.pictures.placement.place_words` does.

    A name with nerves that would lie on a joint, its own included, gets more lines, too: on one
    line it would begin beside the joint of the other side.
    """
    return place_words(
        [one.text for one in names],
        lambda n, text: label_of(names[n], text),
        placed,
        misplaced=lambda n, box: bool(names[n].nerves) and any(box.meets(ring) for ring in rings),
    )
