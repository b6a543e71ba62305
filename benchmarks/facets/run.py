"""Error, numbering and time of ``locate`` on necks whose truth is known.

Usage: python -m benchmarks.facets.run [--necks 100] [--first 0] [--out FILE]

Random simulated necks: shape, size, tilt, rotation, flexion, facet gap, density, noise, slice
thickness, field, gantry tilt and patient position all vary; the same number is always the same
neck. The template was built from the same family of necks, so this table says whether the method
holds together, not how good it is on people: for that see :mod:`benchmarks.facets.meshes` and
docs/facets-evidence.md.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.facets.report import measured, print_tables
from fusion.facets.automatic.locate import locate
from fusion.geometry import Source, Volume
from sample_data.anatomy import build_anatomy, placed
from sample_data.parameters import NeckParameters, ScanParameters, Shape
from sample_data.scanner import acquire_ct, placement

FIELDS = ("whole", "no C1 to C3", "no T1", "neck only")


def main() -> None:
    """Run the necks and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--necks", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--out", type=Path, help="add a line of JSON for each neck to this file")
    args = parser.parse_args()
    results = []
    for number in range(args.first, args.first + args.necks):
        ct, truth = simulated(number)
        started = time.process_time()
        found = locate(ct)
        seconds = time.process_time() - started
        name = f"{number:3} {ct.grid.spacing_mm.max():.2f} mm"
        field = FIELDS[number % len(FIELDS)]
        results.append(measured(name, found, truth, seconds, field))
        print(results[-1].line(), flush=True)
        if args.out:
            results[-1].save(args.out, "simulated", float(ct.grid.spacing_mm.max()))
    print_tables(results)


def simulated(number: int) -> tuple[Volume, dict]:
    """Return the CT of a neck and its true joint centres, (level, side) to (3,) LPS mm."""
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
    step = float(rng.choice([1.25, 2.0, 2.5, 3.0, 5.0]))
    top, bottom = {
        "whole": (165, -45),
        "no C1 to C3": (float(rng.uniform(50, 110)), -50),
        "no T1": (165, float(rng.uniform(0, 60))),
        "neck only": (100, 0),
    }[FIELDS[number % len(FIELDS)]]
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
    return ct, truth


if __name__ == "__main__":
    main()
