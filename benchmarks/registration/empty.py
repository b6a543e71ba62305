"""Simulated bone SPECT of a real CT whose detector did not see all of it, registered from offsets.

Bone, soft tissue and hot joints of the CT are blurred to 10 mm, counted, and left empty where the
detector ends: slices at both ends, and in every other case what lies outside a round field. The
truth is the offset that was applied. Wrong is a result that is accepted and off by more than 4 mm
at any joint.

``nice python -m benchmarks.registration.empty ../shared/data/CT … [--offsets 12]``
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy import ndimage

from benchmarks.registration.hybrid import moved
from fusion.dicom import choose_ct, read_volume, scan
from fusion.geometry import Grid, RigidTransform, Source, Volume, with_field_of_view
from fusion.registration import register
from fusion.resampling import Resampler

#: Edge of the voxels and resolution of the SPECT, mm; counts in a voxel of soft tissue.
EDGE_MM, FWHM_MM, COUNTS = 4.42, 10.0, 14.0
#: Empty slices at both ends together, and radius of the round field, mm.
EMPTY, ROUND_MM = 29, 210.0


def joints(name: str, truth: Path) -> np.ndarray:
    """Return the joints that were put by hand on a CT, (n, 3), LPS mm."""
    (known,) = (one for one in json.loads(truth.read_text())["cts"] if one["folder"] == name)
    return np.array([joint["center_lps"] for joint in known["joints"]], dtype=np.float64)


def simulated(ct: Volume, hot_lps: np.ndarray, *, number: int, is_round: bool) -> Volume:
    """Return the SPECT of a CT, in its frame, with empty slices at both ends."""
    low, high = ct.grid.corners_lps.min(axis=0), ct.grid.corners_lps.max(axis=0)
    middle = (low + high) / 2
    inside = int((high[2] - low[2]) / EDGE_MM)
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]] = EDGE_MM
    affine[:3, 3] = middle - EDGE_MM * (np.array([128, 128, inside + EMPTY]) - 1) / 2
    affine[3, 3] = 1
    grid = Grid((inside + EMPTY, 128, 128), affine, ct.grid.frame_of_reference_uid)
    hu = np.nan_to_num(Resampler(ct, grid, transform=RigidTransform.identity()).array(), nan=-1000)
    uptake = np.where(hu > -300, 1.0, 0.0) + 6.0 * np.clip((hu - 130) / 300, 0, 1)
    kji = np.indices(grid.shape).reshape(3, -1).T
    for point in hot_lps:
        away = np.linalg.norm(grid.to_lps(kji) - point, axis=1).reshape(grid.shape)
        uptake += 30.0 * (away < 5)
    blurred = ndimage.gaussian_filter(uptake, FWHM_MM / 2.3548 / EDGE_MM)
    counts = np.random.default_rng(number).poisson(COUNTS * blurred).astype(np.float32)
    # Reconstructions are smoothed once more.
    counts = ndimage.gaussian_filter(counts, 0.5)
    counts[: EMPTY // 2 + 2] = counts[inside + EMPTY // 2 - 2 :] = 0
    if is_round:
        row, column = (np.arange(128) - 63.5) * EDGE_MM, (np.arange(128) - 63.5) * EDGE_MM
        counts[:, np.hypot(row[:, None], column) > ROUND_MM] = 0
    stored = np.clip(np.rint(counts), 0, 65535).astype(np.uint16)
    source = Source("1", "2", "1", (), "NM", "simulated")
    return Volume(grid, stored, 1.0, 0.0, "counts", source)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cts", nargs="+", type=Path)
    parser.add_argument("--offsets", type=int, default=12)
    options = parser.parse_args()
    for folder in options.cts:
        ct = read_volume(choose_ct(scan(folder))[0])
        points = joints(folder.name, folder.parent / "facets_truth.json")
        chance = np.random.default_rng(12)
        for number in range(options.offsets):
            spect = simulated(ct, points[[2, -3]], number=number, is_round=number % 2 == 1)
            shift, turn = chance.normal(size=3), chance.normal(size=3)
            shift *= 2.0 * number / np.linalg.norm(shift)
            turn *= 0.8 * number / np.linalg.norm(turn)
            truth = RigidTransform.from_euler(
                rotation_deg=turn, translation_mm=shift, center_lps=points.mean(axis=0)
            )
            result = register(ct, with_field_of_view(moved(spect, truth)))
            evidence = result.search.evidence
            line = f"{folder.name} {2 * number} mm {0.8 * number:.1f} deg {result.status.value}"
            if evidence is not None:
                native = truth.inverse().apply(points)
                away = np.linalg.norm(evidence.proposal.apply(native) - points, axis=-1)
                line += f" median {np.median(away):.2f} largest {away.max():.2f}"
            print(line, result.search.recommendation[:80], flush=True)


if __name__ == "__main__":
    main()
