"""What a C-arm would show of this neck, with the pillars and the decided joints marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

from fusion.anatomy import JOINTS, ZYGAPOPHYSIAL_LEVELS, Joint, Side
from fusion.annotations import Target
from fusion.export.report.overview import COLORS, apart
from fusion.export.report.pictures import drawable, font
from fusion.geometry import FloatArray, Volume
from fusion.software import DISCLAIMER, SIMULATED
from fusion.views import RADIOGRAPH_WORDS, Radiography, View, fluoroscopic, turned_words

#: The two pictures: from the front, and from the patient's left, degrees as for
#: :func:`fusion.views.turned`.
AP_DEG, LATERAL_DEG = 0.0, 90.0
_SCALE, _MARGIN, _RAIL, _LINE = 3, 40, 230, 30
_INK, _FAINT, _WARN, _PILLAR = (225, 225, 225), (150, 150, 150), (255, 190, 60), (90, 220, 90)


def c_arm_pair(
    ct: Volume,
    centers_lps: Mapping[Joint, FloatArray],
    targets: Sequence[Target],
    *,
    simulated: bool,
    warnings: Sequence[str] = (),
) -> tuple[Image.Image, Image.Image]:
    """Draw the neck as a C-arm would show it, from the front and from the patient's left.

    Parameters
    ----------
    ct : Volume
        HU.
    centers_lps : mapping of Joint to (3,) ndarray of float, mm
        Joints of this CT, in its frame; a line through those of one side marks its pillar.
    targets : sequence of Target
        Each has a ring and its name.
    simulated : bool
        Burn in that the data are not of a patient.
    warnings : sequence of str
        What makes the levels doubtful; burnt in.

    Raises
    ------
    GeometryError
        No joint, or none of them on the CT.
    """
    radiography = Radiography(ct, list(centers_lps.values()))
    front, side = (
        _drawn(
            radiography.seen_from(turn),
            centers_lps,
            targets,
            words=turned_words(turn),
            said=[*([SIMULATED] if simulated else []), *warnings],
        )
        for turn in (AP_DEG, LATERAL_DEG)
    )
    return front, side


def _drawn(
    view: View,
    centers_lps: Mapping[Joint, FloatArray],
    targets: Sequence[Target],
    *,
    words: str,
    said: Sequence[str],
) -> Image.Image:
    shade = fluoroscopic(view)
    width, height = shade.shape[1] * _SCALE, shade.shape[0] * _SCALE
    across = width + 2 * _RAIL
    lines = [line for one in said for line in _wrapped(one, across)]
    foot = [*_wrapped(f"C-arm view {words}. {RADIOGRAPH_WORDS} {DISCLAIMER}", across)]
    canvas = Image.new("RGB", (across, height + 2 * _MARGIN + _LINE * len((*lines, *foot)) + 12))
    canvas.paste(
        Image.fromarray(shade).resize((width, height), Image.Resampling.BILINEAR).convert("RGB"),
        (_RAIL, _MARGIN),
    )
    draw = ImageDraw.Draw(canvas)
    box = (_RAIL, _MARGIN, _RAIL + width, _MARGIN + height)
    for letter, x, y in _edges(view, box):
        draw.text((x, y), letter, font=font(30), fill=_INK, anchor="mm")
    _pillars(draw, view, centers_lps)
    _rings(draw, view, targets, box)
    for n, (line, color) in enumerate([*((s, _WARN) for s in lines), *((s, _FAINT) for s in foot)]):
        at = (10, box[3] + _MARGIN + _LINE * n)
        draw.text(at, drawable(line), font=font(24), fill=color, anchor="la")
    return canvas


def _edges(view: View, box: tuple[int, int, int, int]) -> list[tuple[str, float, float]]:
    letters, middle = view.letters, (box[0] + box[2]) / 2
    return [
        (letters.top, middle, box[1] - 18),
        (letters.bottom, middle, box[3] + 18),
        # In the corners, where no name leads across them.
        (letters.left, box[0] - 18, box[3] - 16),
        (letters.right, box[2] + 18, box[3] - 16),
    ]


def _place(view: View, point_lps: Sequence[float] | FloatArray) -> tuple[float, float]:
    row, column, _ = view.place(np.asarray(point_lps, dtype=np.float64))
    return _RAIL + (float(column) + 0.5) * _SCALE, _MARGIN + (float(row) + 0.5) * _SCALE


def _pillars(draw: ImageDraw.ImageDraw, view: View, centers: Mapping[Joint, FloatArray]) -> None:
    for side in Side:
        line = [
            _place(view, centers[joint])
            for joint in JOINTS
            if joint in centers and joint.side is side and joint.level in ZYGAPOPHYSIAL_LEVELS
        ]
        if len(line) > 1:
            draw.line(line, fill=_PILLAR, width=2)
        for x, y in line:
            draw.line((x - 5, y, x + 5, y), fill=_PILLAR, width=2)


def _rings(
    draw: ImageDraw.ImageDraw,
    view: View,
    targets: Sequence[Target],
    box: tuple[int, int, int, int],
) -> None:
    """Ring the decided joints, with their names beside the picture: each on its own side of it."""
    middle = (box[0] + box[2]) / 2
    places = [(target, _place(view, target.point_lps)) for target in targets]
    # From the side both joints of a level lie behind each other: the left ones are named right.
    from_front = abs(float(view.sight.right_lps[0])) > 0.5
    for to_right in (False, True):
        mine = [
            (target, place)
            for target, place in places
            if (place[0] >= middle if from_front else target.joint.side is Side.LEFT) is to_right
        ]
        rows = apart([y for _, (_, y) in mine], 40)
        for (target, (x, y)), row in zip(mine, rows, strict=True):
            color = COLORS[target.decision]
            end = box[2] + 30 if to_right else box[0] - 30
            draw.ellipse((x - 9, y - 9, x + 9, y + 9), outline=color, width=3)
            draw.line((x + (9 if to_right else -9), y, end, row), fill=color, width=1)
            draw.text(
                (end + (4 if to_right else -4), row),
                drawable(target.joint.name),
                font=font(36),
                fill=color,
                anchor="lm" if to_right else "rm",
            )


def _wrapped(sentence: str, width: int) -> list[str]:
    lines: list[str] = []
    for word in drawable(sentence).split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font(24).getlength(longer) <= width - 20:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
