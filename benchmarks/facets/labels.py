"""Error of joints derived from label maps, on necks whose joints are known.

Usage: python -m benchmarks.facets.labels

Labels are ideal: painted from the simulated necks (four, of different make) and voxelised from the
ArtiSynth meshes (:mod:`benchmarks.meshes`, skipped when absent), on cubic voxels of several sizes.
Real label maps are less clean; the error of the program that made them comes on top.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks import meshes
from fusion.anatomy.joints import ZYGAPOPHYSIAL_LEVELS, Joint, Side
from fusion.facets.labelled.between_bones import joint_between
from fusion.facets.labelled.bone_checks import column_bones, column_problems, dens_problems
from fusion.facets.labelled.maps import Mask, Part, cut_out, masks_of
from fusion.geometry import Grid
from sample_data.anatomy import build_anatomy, placed
from sample_data.parameters import NeckParameters
from sample_data.scanner import placement
from sample_data.vertebrae import bone_solids

BONES = ("C1", "C2", "C3", "C4", "C5", "C6", "C7", "T1", "T2")
EDGES_MM = (0.8, 1.0, 1.5, 2.0, 3.0)
NECKS = (
    NeckParameters(seed=601),
    NeckParameters(seed=602, rotation_deg=20.0, tilt_deg=-10.0, size=1.12),
    NeckParameters(seed=603, shape="kyphotic", size=0.86, facet_gap_mm=1.0),
    NeckParameters(seed=604, shape="straight", flexion_deg=10.0, facet_gap_mm=2.6),
)
#: What counts as an articular process in a painted map: radius about the axis of the joint, and
#: depth below its surface, mm.
PROCESS_MM = (7.5, 6.0)

Truth = dict[tuple[str, str], np.ndarray]


def main() -> None:
    """Print one line for each kind of neck, of label and of voxel."""
    print("neck       labels     voxel mm  joints  found  median mm  p90 mm  max mm")
    for edge in EDGES_MM:
        pooled: dict[tuple[str, str], list[float]] = {}
        for neck, bones, processes, truth in _necks(edge):
            for kind, own in (("vertebrae", {}), ("processes", processes)):
                if kind == "vertebrae" or own:
                    pooled.setdefault((neck, kind), []).extend(_errors(bones, own, truth))
        for (neck, kind), every in pooled.items():
            errors = [error for error in every if np.isfinite(error)]
            print(
                f"{neck:<10} {kind:<10} {edge:8.1f}  {len(every):6}  {len(errors):5}  "
                f"{np.median(errors):9.2f}  {np.quantile(errors, 0.9):6.2f}  {max(errors):6.2f}",
                flush=True,
            )


def _necks(edge: float) -> Iterator[tuple[str, dict[str, Mask], dict[Part, Mask], Truth]]:
    for parameters in NECKS:
        yield "simulated", *_painted(parameters, edge)
    if meshes.MESHES.is_dir():
        yield "ArtiSynth", *_voxelised(edge)


def _grid(low: np.ndarray, high: np.ndarray, edge: float) -> Grid:
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]] = edge
    affine[:3, 3], affine[3, 3] = low, 1
    shape = ((high - low) / edge).astype(int)[::-1]
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)


def _voxelised(edge: float) -> tuple[dict[str, Mask], dict[Part, Mask], Truth]:
    shapes = meshes.read_meshes()
    points = np.concatenate([shapes[bone.lower()][0] for bone in BONES])
    grid = _grid(points.min(axis=0) - 6, points.max(axis=0) + 6, edge)
    low = grid.affine[:3, 3]
    labels = np.zeros(grid.shape, np.uint16)
    for n, bone in enumerate(BONES, start=1):
        labels[meshes.voxelise(shapes[bone.lower()], low, edge, grid.shape)] = n
    return _masks(labels, grid), {}, meshes.joint_centers(shapes)


def _painted(
    parameters: NeckParameters, edge: float
) -> tuple[dict[str, Mask], dict[Part, Mask], Truth]:
    anatomy = build_anatomy(parameters)
    matrix = placement(parameters)
    centers = np.array([placed(v.pose[:3, 3], matrix) for v in anatomy.spine.vertebrae])
    low, high = centers.min(axis=0), centers.max(axis=0)
    grid = _grid(low - (60, 30, 30), np.add(high, (60, 70, 40)), edge)
    points = placed(grid.to_lps(np.moveaxis(np.indices(grid.shape), 0, -1)), np.linalg.inv(matrix))
    labels = np.zeros(grid.shape, np.uint16)
    processes = {}
    for solid in bone_solids(anatomy.spine, parameters):
        if solid.name not in BONES:
            continue
        local = placed(points, np.linalg.inv(solid.pose)).astype(np.float32)
        near = ((local > np.array(solid.low)) & (local < np.array(solid.high))).all(axis=-1)
        inside = np.zeros(grid.shape, bool)
        inside[near] = solid.distance(*local[near].T) < 0
        labels[inside] = BONES.index(solid.name) + 1
        for joint in anatomy.spine.joints:
            if solid.name not in (joint.upper, joint.lower) or joint.upper in ("C0", "C1"):
                continue
            offset = points - joint.center
            along = offset @ joint.normal
            across = np.linalg.norm(offset - along[..., None] * joint.normal, axis=-1)
            part = inside & (across < PROCESS_MM[0]) & (np.abs(along) < PROCESS_MM[1])
            which = "inferior" if solid.name == joint.upper else "superior"
            if part.any():
                processes[Part(solid.name, which, Side(joint.side))] = cut_out(part, grid)
    truth = {(j.level, j.side): placed(j.center, matrix) for j in anatomy.spine.joints}
    return (
        _masks(labels, grid),
        processes,
        {k: v for k, v in truth.items() if k[0] in ZYGAPOPHYSIAL_LEVELS},
    )


def _masks(labels: np.ndarray, grid: Grid) -> dict[str, Mask]:
    masks = masks_of(labels, grid, name="benchmark")
    return {bone: masks[n].largest() for n, bone in enumerate(BONES, start=1)}


def _errors(masks: dict[str, Mask], processes: dict[Part, Mask], truth: Truth) -> list[float]:
    bones = column_bones(masks)
    if column_problems(masks) or not dens_problems(bones)[1]:
        raise SystemExit("the labels of a sound neck were not taken for one")
    errors = []
    for (level, side), center in truth.items():
        joint = Joint(level, Side(side))
        found = joint_between(joint, bones[joint.upper], bones[joint.lower], processes)
        errors.append(np.inf if found is None else float(np.linalg.norm(found.center_lps - center)))
    return errors


if __name__ == "__main__":
    main()
