"""Build fusion/facets/automatic/template.npz from simulated necks. Same code, same file.

Usage: python scripts/build_facet_template.py [--necks 16] [--out FILE]

Each neck is imaged, its canal found and pulled straight with the code that the product uses, and
the bone maps about its true joints are averaged. Left and right are averaged mirrored.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy import ndimage

from fusion.facets.automatic.canal import find_canal
from fusion.facets.automatic.straight import Frame, bone_map, sample_points, straighten
from fusion.facets.automatic.template import (
    FILE,
    PATCH_HALF,
    TEMPLATE_LEVELS,
    WINDOW_L,
    WINDOW_P,
    WINDOW_S,
)
from fusion.geometry import FloatArray, Source, Volume
from sample_data.anatomy import build_anatomy, placed
from sample_data.parameters import NeckParameters, ScanParameters, Shape
from sample_data.scanner import acquire_ct, placement

#: Seeds far from those that tests and benchmarks draw.
FIRST_SEED = 91_000


def main() -> None:
    """Build the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--necks", type=int, default=16)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parents[1] / "fusion/facets/automatic" / FILE
    )
    args = parser.parse_args()
    windows: dict[str, list[FloatArray]] = {level: [] for level in TEMPLATE_LEVELS}
    patches: dict[str, list[FloatArray]] = {level: [] for level in TEMPLATE_LEVELS}
    offsets: dict[str, list[FloatArray]] = {level: [] for level in TEMPLATE_LEVELS}
    normals: dict[str, list[FloatArray]] = {level: [] for level in TEMPLATE_LEVELS}
    pitches = []
    for number in range(args.necks):
        middles = _add_neck(FIRST_SEED + number, windows, patches, offsets, normals)
        pitches.append(-np.diff(middles))
        print(f"neck {number + 1} of {args.necks}")
    np.savez_compressed(
        args.out,
        windows=np.array([np.mean(windows[n], axis=0) for n in TEMPLATE_LEVELS], np.float16),
        patches=np.array([np.mean(patches[n], axis=0) for n in TEMPLATE_LEVELS], np.float16),
        offsets_mm=np.array([np.mean(offsets[n], axis=0) for n in TEMPLATE_LEVELS]),
        normals=np.array([_unit(np.mean(normals[n], axis=0)) for n in TEMPLATE_LEVELS]),
        pitch_mm=np.mean(pitches, axis=0),
    )
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB")


def _add_neck(seed, windows, patches, offsets, normals) -> FloatArray:
    rng = np.random.default_rng(seed)
    neck = NeckParameters(
        seed=seed,
        shape=list(Shape)[seed % 3],
        size=float(rng.uniform(0.9, 1.1)),
        tilt_deg=float(rng.uniform(-5, 5)),
        rotation_deg=float(rng.uniform(-8, 8)),
        flexion_deg=float(rng.uniform(-6, 6)),
        facet_gap_mm=float(rng.uniform(1.2, 2.6)),
    )
    scan = ScanParameters(
        ct_shape=(int(235 * neck.size / 1.25), 150, 150),
        ct_spacing_mm=(1.25, 1.1, 1.1),
        ct_top_mm=170.0,
        ct_noise_hu=12.0,
    )
    anatomy = build_anatomy(neck)
    image = acquire_ct(anatomy, neck, scan)
    source = Source("1.1", "1.2", "1.1", ("1.3",), "CT", "simulated")
    ct = Volume(image.grid, image.stored, 1.0, 0.0, "HU", source)
    canal = find_canal(ct)
    assert canal is not None
    frame = straighten(ct, canal)
    place = placement(neck)
    middles = []
    for level in TEMPLATE_LEVELS:
        pair = {j.side: j for j in anatomy.spine.joints if j.level == level}
        at = {side: frame.to_spl(placed(j.center, place)) for side, j in pair.items()}
        s = (at["left"][0] + at["right"][0]) / 2
        middles.append(s / neck.size)
        window = bone_map(_window(ct, frame, (s, 0, 0), WINDOW_S, WINDOW_P, WINDOW_L, neck.size))
        windows[level].append((window + window[:, :, ::-1]) / 2)
        grids = [np.arange(-h, h + 1.0) for h in PATCH_HALF]
        for side, joint in pair.items():
            patch = bone_map(_window(ct, frame, at[side], *grids, neck.size))
            offset = (at[side] - (s, 0, 0)) / neck.size
            offset[0] = 0.0
            n = int(np.clip(round(s), 0, len(frame) - 1))
            normal = frame.axes_lps[n] @ joint.normal
            if side == "right":
                patch, offset, normal = patch[:, :, ::-1], offset * (1, 1, -1), normal * (1, 1, -1)
            patches[level].append(patch)
            offsets[level].append(offset)
            normals[level].append(normal)
    return np.array(middles)


def _window(ct: Volume, frame: Frame, center, s, p, lateral, size: float):
    spl = np.stack(np.meshgrid(s, p, lateral, indexing="ij"), axis=-1) * size + center
    step = float(np.diff(s[:2])[0]) * size
    hu = np.nan_to_num(sample_points(ct, frame.to_lps(spl)), nan=0.0)
    # Coarse windows average over their voxels instead of picking single points.
    return ndimage.gaussian_filter(hu, 0.4) if step > 1.5 else hu


def _unit(vector: FloatArray) -> FloatArray:
    return vector / np.linalg.norm(vector)


if __name__ == "__main__":
    main()
