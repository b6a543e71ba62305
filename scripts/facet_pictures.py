"""Draw what ``facetfusion facets`` finds onto CTs, for docs/facets-evidence.md.

Usage: python scripts/facet_pictures.py OUT_DIR NAME=STUDY_PATH …

Writes ``facets_NAME.png``: two sagittal curves through the joints of each side and one through the
bodies, pulled straight, and an axial picture through each level, with every joint marked.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from fusion.anatomy.joints import LEVELS, Side
from fusion.dicom.candidate import read_volume
from fusion.dicom.catalog import scan
from fusion.dicom.pairing import choose_ct
from fusion.facets.automatic.canal import find_canal
from fusion.facets.automatic.locate import locate
from fusion.facets.automatic.straight import Frame, sample_points, straighten
from fusion.facets.localisation import Localisation
from fusion.geometry import Volume

ZOOM = 3
COLOUR = {"left": (255, 210, 0), "right": (0, 220, 255)}


def main() -> None:
    """Draw every study named on the command line."""
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for argument in sys.argv[2:]:
        name, _, path = argument.partition("=")
        chosen, _ = choose_ct(scan(path))
        ct = read_volume(chosen)
        draw(ct, locate(ct), out / f"facets_{name}.png")
        print(out / f"facets_{name}.png")


def draw(ct: Volume, found: Localisation, path: Path) -> None:
    """Write the picture of one CT."""
    canal = find_canal(ct)
    assert canal is not None
    frame = straighten(ct, canal)
    places = {f.joint: frame.to_spl(f.center_lps) for f in found.facets if f.center_lps is not None}
    if not places:
        return
    top = min(len(frame) - 1, int(max(s[0] for s in places.values())) + 30)
    bottom = max(0, int(min(s[0] for s in places.values())) - 25)
    panels = [
        _sagittal(ct, frame, places, side, bottom, top) for side in (Side.RIGHT, None, Side.LEFT)
    ]
    left = np.hstack([np.asarray(panel) for panel in panels])
    axial = [_axial(ct, frame, places, level) for level in LEVELS]
    axial = [image for image in axial if image is not None]
    while len(axial) % 3:
        axial.append(Image.new("RGB", axial[0].size))
    rows = [
        np.hstack([np.asarray(image) for image in axial[n : n + 3]])
        for n in range(0, len(axial), 3)
    ]
    right = np.vstack(rows)
    height = max(left.shape[0], right.shape[0])
    parts = [np.pad(p, ((0, height - p.shape[0]), (0, 6), (0, 0))) for p in (left, right)]
    picture = Image.fromarray(np.hstack(parts))
    ImageDraw.Draw(picture).text(
        (4, height - 12), f"numbering {found.numbering.value}; yellow: patient's left", fill="white"
    )
    picture.save(path)


def _image(hu) -> Image.Image:
    grey = (np.clip((np.nan_to_num(hu, nan=-200.0) + 200) / 1300, 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _cross(image: Image.Image, x: float, y: float, colour, label: str) -> None:
    draw = ImageDraw.Draw(image)
    draw.line((x - 6, y, x + 6, y), fill=colour)
    draw.line((x, y - 6, x, y + 6), fill=colour)
    draw.text((x + 8, y - 6), label, fill=colour)


def _sagittal(ct: Volume, frame: Frame, places, side: Side | None, bottom: int, top: int):
    """Curve through the joints of one side (or the middle of the canal), pulled straight."""
    s = np.arange(top, bottom, -1 / ZOOM)
    p = np.arange(-28, 26, 1 / ZOOM)
    mine = sorted((v[0], v[2]) for joint, v in places.items() if joint.side is side)
    across = np.interp(s, [m[0] for m in mine], [m[1] for m in mine]) if mine else np.zeros(len(s))
    spl = np.stack(np.broadcast_arrays(s[:, None], p[None], across[:, None]), axis=-1)
    image = _image(sample_points(ct, frame.to_lps(spl)))
    for joint, at in places.items():
        if joint.side is side:
            _cross(
                image,
                (at[1] - p[0]) * ZOOM,
                (top - at[0]) * ZOOM,
                COLOUR[joint.side.value],
                joint.level,
            )
        elif side is None and joint.side is Side.LEFT:
            draw = ImageDraw.Draw(image)
            draw.text((2, (top - at[0]) * ZOOM - 6), joint.level, fill="white")
    return image


def _axial(ct: Volume, frame: Frame, places, level: str):
    """Slice across the canal at the height of a level, patient's left on the right."""
    pair = {joint.side: at for joint, at in places.items() if joint.level == level}
    if not pair:
        return None
    height = np.mean([at[0] for at in pair.values()])
    p, lateral = np.arange(-32, 30, 1 / ZOOM), np.arange(-38, 38, 1 / ZOOM)
    # Tilt the slice so that it holds both joints.
    slope = 0.0
    if len(pair) == 2:
        a, b = pair[Side.LEFT], pair[Side.RIGHT]
        slope = (a[0] - b[0]) / (a[2] - b[2])
    spl = np.stack(
        np.broadcast_arrays(height + slope * lateral[None], p[:, None], lateral[None]), axis=-1
    )
    image = _image(sample_points(ct, frame.to_lps(spl)))
    for side, at in pair.items():
        _cross(image, (at[2] - lateral[0]) * ZOOM, (at[1] - p[0]) * ZOOM, COLOUR[side.value], "")
    ImageDraw.Draw(image).text((3, 3), level, fill="white")
    return image


if __name__ == "__main__":
    main()
