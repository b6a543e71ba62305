"""Pictures of the worst cases: sagittal CT with the uptake as registered, and the joints.

``python -m benchmarks.registration.failures FOLDER source:number ...``. Left the rigid proposal,
right the neck correction. Green: the true joint on the CT; red: where the registration puts it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from benchmarks.registration.cases import Case, cases
from fusion.registration import Registration, register

EDGE_MM = 0.8
SIZE = (260, 200)  # rows to the feet, columns to the back


def picture(case: Case, result: Registration, *, neck: bool) -> Image.Image:
    middle = case.joints_ct.mean(axis=0)
    rows, columns = np.meshgrid(*(np.arange(n) - n / 2 for n in SIZE), indexing="ij")
    x = np.full(SIZE, case.joints_ct[::2, 0].mean())
    points = np.stack([x, middle[1] + columns * EDGE_MM, middle[2] - rows * EDGE_MM], axis=-1)
    used = result.with_neck_correction() if neck else result.with_proposal()
    if neck:
        native = np.empty_like(points)
        for row in range(SIZE[0]):  # one transform a height
            native[row] = used.transform_at(points[row, 0]).inverse().apply(points[row])
    else:
        native = used.transform.inverse().apply(points)

    def look_up(volume, at):
        index = np.moveaxis(volume.grid.to_kji(at), -1, 0)
        return ndimage.map_coordinates(volume.values(), index, order=1, cval=np.nan)

    hu = np.nan_to_num((look_up(case.ct, points) + 300) / 1300).clip(0, 1)
    uptake = np.nan_to_num(look_up(case.spect, native))
    uptake = (uptake / (np.percentile(uptake, 99.5) or 1)).clip(0, 1)
    red = np.clip(hu * 0.75 + 0.6 * uptake, 0, 1)
    green = np.clip(hu * 0.75 + 0.3 * np.clip(2 * uptake - 1, 0, 1), 0, 1)
    rgb = np.stack([red, green, hu * 0.75 * (1 - 0.5 * uptake)], axis=-1)
    image = Image.fromarray((255 * rgb).astype(np.uint8))
    draw = ImageDraw.Draw(image)

    def mark(point, colour):
        row = SIZE[0] / 2 - (point[2] - middle[2]) / EDGE_MM
        column = SIZE[1] / 2 + (point[1] - middle[1]) / EDGE_MM
        draw.ellipse([column - 2, row - 2, column + 2, row + 2], outline=colour)

    for on_ct, on_spect in zip(case.joints_ct[::2], case.joints_spect[::2], strict=True):
        mark(on_ct, (60, 255, 60))
        found = used.transform_at(on_ct).apply(on_spect)
        mark(found, (255, 40, 40))
    return image


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    cache = Path("/tmp/facetfusion-registration")
    cache.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:]:
        source, number = name.split(":")
        (case,) = cases(source, range(int(number), int(number) + 1), cache=cache)
        result = register(case.ct, case.spect)
        native = result.search.proposal.inverse().apply(case.joints_ct)
        rigid = np.linalg.norm(native - case.joints_spect, axis=1)
        corrected = result.search.neck.to_native(case.joints_ct)
        bent = np.linalg.norm(corrected - case.joints_spect, axis=1)
        sheet = Image.new("RGB", (2 * SIZE[1] + 6, SIZE[0] + 30), (20, 20, 20))
        sheet.paste(picture(case, result, neck=False), (0, 30))
        sheet.paste(picture(case, result, neck=True), (SIZE[1] + 6, 30))
        draw = ImageDraw.Draw(sheet)
        title = f"{case.name}, {case.stress}, bent {case.bend_deg:.1f} deg: {result.status}"
        draw.text((4, 2), title)
        draw.text((4, 15), f"rigid: largest error {rigid.max():.1f} mm")
        draw.text((SIZE[1] + 10, 15), f"neck correction: {bent.max():.1f} mm")
        sheet.save(folder / f"registration_{case.name}.png", optimize=True)
        print(case.name, result.status, rigid.max().round(2), bent.max().round(2))


if __name__ == "__main__":
    main()
