"""Error, numbering and time of ``locate`` on necks whose truth is known.

Usage: python -m benchmarks.facets.run [--necks 40]

Random simulated necks: shape, size, tilt, rotation, flexion, facet gap, density, noise, slice
thickness, field, gantry tilt and patient position all vary; the same number is always the same
neck. The template was built from the same family of necks, so this table says whether the method
holds together, not how good it is on people: for that see docs/facets.md.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from fusion.facets.locate import locate
from fusion.facets.numbering import Numbering
from fusion.geometry import Source, Volume
from sample_data.anatomy import build_anatomy, placed
from sample_data.parameters import NeckParameters, ScanParameters, Shape
from sample_data.scanner import acquire_ct, placement

FIELDS = ("whole", "no top", "no bottom", "neck only")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--necks", type=int, default=40)
    args = parser.parse_args()
    rows = [_run(number) for number in range(args.necks)]
    print("\nfield      necks  sure  right  sure and wrong  median mm  p90 mm  seconds")
    for field in (*FIELDS, "all"):
        mine = [r for r in rows if field in (r["field"], "all")]
        if not mine:
            continue
        errors = np.concatenate([r["errors"] for r in mine if r["right"]] or [[np.nan]])
        print(
            f"{field:<10} {len(mine):5}  {sum(r['sure'] for r in mine):4}  "
            f"{sum(r['right'] for r in mine):5}  "
            f"{sum(r['sure'] and not r['right'] for r in mine):14}  "
            f"{np.median(errors):9.2f}  {np.quantile(errors, 0.9):6.2f}  "
            f"{np.median([r['seconds'] for r in mine]):7.1f}"
        )


def _run(number: int) -> dict:
    rng = np.random.default_rng([number, 4711])
    neck = NeckParameters(
        seed=500_000 + number,
        shape=list(Shape)[number % 3],
        size=float(rng.uniform(0.85, 1.15)),
        tilt_deg=float(rng.uniform(-12, 12)),
        rotation_deg=float(rng.uniform(-22, 22)),
        flexion_deg=float(rng.uniform(-12, 12)),
        facet_gap_mm=float(rng.uniform(0.8, 2.6)),
        bone_hu=float(rng.uniform(0.5, 1.2)),
    )
    field = FIELDS[number % len(FIELDS)]
    step = float(rng.choice([1.25, 2.0, 2.5, 3.0, 5.0]))
    top, bottom = {
        "whole": (165, -45),
        "no top": (float(rng.uniform(50, 110)), -50),
        "no bottom": (165, float(rng.uniform(0, 60))),
        "neck only": (100, 0),
    }[field]
    scan = ScanParameters(
        ct_shape=(int((top - bottom) * neck.size / step), 170, 170),
        ct_spacing_mm=(step, 1.3, 1.3),
        ct_top_mm=top,
        ct_noise_hu=float(rng.uniform(10, 70)),
        ct_tilt_deg=float(rng.choice([0, 0, 0, 12])),
        position=str(rng.choice(["HFS", "FFS"])),
    )
    anatomy = build_anatomy(neck)
    image = acquire_ct(anatomy, neck, scan)
    source = Source("1.1", "1.2", "1.1", ("1.3",), "CT", "simulated")
    ct = Volume(image.grid, image.stored, 1.0, 0.0, "HU", source)
    truth = {(j.level, j.side): placed(j.center, placement(neck)) for j in anatomy.spine.joints}
    started = time.perf_counter()
    found = locate(ct)
    seconds = time.perf_counter() - started
    errors = np.array(
        [
            np.linalg.norm(f.center_lps - truth[f.joint.level, f.joint.side.value])
            for f in found.facets
            if f.center_lps is not None and f.joint.is_zygapophysial
        ]
    )
    right = bool(len(errors) and np.median(errors) < 6.5)
    sure = found.numbering is Numbering.SURE
    print(
        f"{number:3} {field:<10} {step:4.2f} mm  {found.numbering.value:<11} "
        f"{'right' if right else 'WRONG'}  median {np.median(errors) if len(errors) else -1:.1f}  "
        f"{seconds:.1f} s",
        flush=True,
    )
    return {"field": field, "errors": errors, "right": right, "sure": sure, "seconds": seconds}


if __name__ == "__main__":
    main()
