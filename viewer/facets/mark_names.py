"""Where the names of the rings stand in a pane: at its margin, on nothing that has to be seen."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from viewer.pictures.drawn.overlays import width_px
from viewer.pictures.pane import WORDS_PT
from viewer.pictures.placement import Box, Label, place, place_words

if TYPE_CHECKING:
    from viewer._napari import Mark
    from viewer.pictures.pane import Pane

#: Height of a name, and width of a letter of it, where there is room, screen pixels.
LINE_PX, _LETTER_PX = 18.0, 10.0


def with_names_placed(pane: Pane, marks: list[Mark]) -> list[Mark]:
    """Put the words of marks at the margin of a pane, on nothing that has to be seen.

    Words for which there is no room are left out; the heavier ones come first, and get more lines
    rather than no place.
    """
    camera = pane.model.scene.camera
    height, width = (float(size) for size in pane.model.canvas.size)
    zoom, middle = float(camera.zoom), camera.center[-2:]
    down = 1.0 if camera.orientation2d[0] == "down" else -1.0
    at = [
        (
            width / 2 + (mark.center[1] - float(middle[1])) * zoom,
            height / 2 + (mark.center[0] - float(middle[0])) * zoom * down,
        )
        for mark in marks
    ]
    scale = pane.text_scale
    named = [(mark, anchor) for mark, anchor in zip(marks, at, strict=True) if mark.text]

    def label_of(n: int, text: str) -> Label:
        (mark, anchor), lines = named[n], text.split("\n")
        size = max(_width(line, scale) for line in lines), len(lines) * scale * LINE_PX
        return Label(anchor, size, int(np.sign(mark.text_shift_mm)), mark.weight)

    rings = [
        Box(x - r, y - r, 2 * r, 2 * r)
        for mark, (x, y) in zip(marks, at, strict=True)
        for r in (mark.radius_mm * zoom,)
    ]
    taken = [*pane.taken_px(), *pane.hot_px()]
    written, _, places = place_words(
        [mark.text for mark, _ in named],
        label_of,
        partial(place, room=(width, height), taken=taken, avoid=rings),
        misplaced=lambda _n, box: any(box.meets(ring) for ring in rings),
    )
    words = iter(zip(written, places, strict=True))
    result = []
    for mark, (x, y) in zip(marks, at, strict=True):
        text, box = next(words) if mark.text else ("", None)
        if box is None:
            result.append(replace(mark, text=""))
            continue
        ends = box.right <= x
        result.append(
            replace(
                mark,
                text=text,
                text_shift_mm=((box.right if ends else box.x) - x) / zoom,
                text_drop_mm=(box.y + box.height / 2 - y) / zoom * down,
                text_ends=ends,
                leader=True,
            )
        )
    return result


def _width(text: str, scale: float) -> float:
    """Return how wide a name is, px; as it is drawn, since it is placed by its middle."""
    drawn = width_px(text, WORDS_PT * scale)
    return (scale * len(text) * _LETTER_PX if drawn is None else drawn) + 4


def down_mm(pane: Pane, pixels: float) -> float:
    """Return how far down the screen goes along the vertical world coordinate, mm."""
    camera = pane.model.scene.camera
    return pixels / float(camera.zoom) * (1 if camera.orientation2d[0] == "down" else -1)
