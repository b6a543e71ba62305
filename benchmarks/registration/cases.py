"""Simulated misregistrations whose truth is known at the twelve joints.

Two sources: the phantom of :mod:`sample_data` with random necks, and the ArtiSynth meshes, an
anatomy that did not shape it (:mod:`benchmarks.registration.artisynth`). Nothing is interpolated
twice: the patient is moved first and scanned then. Every case follows from its number alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from benchmarks.registration import artisynth
from fusion.geometry import Grid, RigidTransform, Source, Volume
from sample_data.anatomy import build_anatomy, placed
from sample_data.parameters import HotJoint, HotSpot, NeckParameters, ScanParameters, Shape
from sample_data.scanner import acquire_ct, acquire_spect, placement, spect_anatomy, spect_to_ct

LEVELS = ("C2-C3", "C3-C4", "C4-C5", "C5-C6", "C6-C7", "C7-T1")
#: What a case is made difficult by. "plain" half of the time.
STRESSES = ("plain", "low counts", "hot foci", "truncated", "neck-only CT", "patchy", "metal")
FWHM_PER_SIGMA = 2.354820045


@dataclass(frozen=True, eq=False)
class Case:
    """One simulated examination.

    ``joints_ct[n]`` and ``joints_spect[n]`` are the same point of the patient.
    """

    name: str
    source: str
    stress: str
    bend_deg: float
    shift_mm: float
    turn_deg: float
    ct: Volume
    spect: Volume
    joints_ct: np.ndarray
    joints_spect: np.ndarray


def cases(source: str, numbers: range, *, cache: Path, bent_every: int = 4) -> Iterator[Case]:
    """Yield the cases with these numbers; every ``bent_every``-th neck bent between the scans.

    Parameters
    ----------
    source : {"phantom", "artisynth"}
    numbers : range
        The same number is always the same case.
    cache : Path
        Folder for the CTs, which are the slow part.
    """
    make = {"phantom": _phantom_case, "artisynth": _artisynth_case}[source]
    for number in numbers:
        rng, *planned = plan(source, number, bent_every=bent_every)
        yield make(number, rng, *planned, cache)


def plan(source: str, number: int, *, bent_every: int = 4) -> tuple:
    """Return the generator, shift (mm), turn (deg), bend (deg) and stress of a case."""
    rng = np.random.default_rng([number, 17 if source == "phantom" else 18])
    direction = rng.normal(size=3)
    shift = direction / np.linalg.norm(direction) * rng.uniform(0, 20)
    axis = rng.normal(size=3)
    turn = axis / np.linalg.norm(axis) * rng.uniform(0, 10)
    bent = number % bent_every == bent_every - 1
    bend = float(rng.choice([-1, 1]) * rng.uniform(2, 8)) if bent else 0.0
    stress = "plain" if rng.random() < 0.4 else str(rng.choice(STRESSES[1:]))
    return rng, shift, turn, bend, stress


def stored(path: Path) -> Case:
    """Read a case that ``export.py`` wrote."""
    with np.load(path) as saved:
        data = {key: saved[key] for key in saved.files}
    source, number = path.stem.split("-")
    _, shift, turn, bend, stress = plan(source, int(number))
    ct, spect = (
        _volume(data[key], Grid(data[key].shape, data[f"{key}_affine"]), unit, modality)
        for key, unit, modality in (("ct", "HU", "CT"), ("spect", "counts", "NM"))
    )
    return Case(
        path.stem, source, stress, bend, float(np.linalg.norm(shift)),
        float(np.linalg.norm(turn)), ct, spect, data["joints_ct"], data["joints_spect"],
    )  # fmt: skip


def _phantom_case(number, rng, shift, turn, bend, stress, cache) -> Case:
    neck_number = number % 16
    neck = _neck(neck_number)
    scan = ScanParameters(
        ct_shape=(110, 150, 150),
        ct_spacing_mm=(2.0, 1.6, 1.6),
        ct_top_mm=160.0,
        spect_shape=(56, 80, 80),
        spect_voxel_mm=float(rng.choice([4.0, 4.42, 4.8])),
        spect_top_mm=float(rng.uniform(165, 210)),
        resolution_mm=float(rng.uniform(8.5, 12.5)),
        counts_per_suv=float(rng.uniform(0.8, 2) if stress == "low counts" else rng.uniform(6, 25)),
        misregistration_mm=tuple(shift),
        misregistration_deg=tuple(turn),
        posture_change_deg=bend,
    )
    if stress == "neck-only CT":
        scan = replace(scan, ct_shape=(64, 100, 100), ct_top_mm=112.0)
    if stress == "truncated":
        scan = replace(scan, spect_shape=(30, 80, 80), spect_top_mm=float(rng.uniform(110, 150)))
    ct = _phantom_ct(neck, neck_number, scan, cache)
    hot = tuple(
        HotJoint(str(rng.choice(LEVELS)), str(rng.choice(["left", "right"])), rng.uniform(15, 70))
        for _ in range(int(rng.integers(0, 4)))
    )
    spots = [HotSpot("tooth right", rng.uniform(5, 40))]
    if stress == "hot foci":
        spots += [HotSpot("tooth left", 200.0), HotSpot("body C4", 60.0)]
    imaged = replace(neck, hot_joints=hot, hot_spots=tuple(spots), seed=number)
    still = build_anatomy(imaged)
    posed = spect_anatomy(imaged, scan) if bend else still
    image = acquire_spect(posed, imaged, scan)
    stored = image.stored
    if stress == "patchy":
        stored = _patchy(stored, image.grid, rng)
    spect = _volume(stored, image.grid, "counts", "NM")
    place, to_spect = placement(neck), spect_to_ct(scan).inverse()
    a = [j for j in still.spine.joints if j.level in LEVELS]
    b = [j for j in posed.spine.joints if j.level in LEVELS]
    joints_ct = np.array([placed(j.center, place) for j in a])
    joints_spect = np.array([to_spect.apply(placed(j.center, place)) for j in b])
    if stress == "metal":
        ct = _with_metal(ct, joints_ct, rng)
    return Case(
        f"phantom-{number:03d}", "phantom", stress, bend, float(np.linalg.norm(shift)),
        float(np.linalg.norm(turn)), ct, spect, joints_ct, joints_spect,
    )  # fmt: skip


def _neck(number: int) -> NeckParameters:
    rng = np.random.default_rng([number, 5])
    return NeckParameters(
        seed=number,
        shape=list(Shape)[number % 3],
        size=float(rng.uniform(0.85, 1.15)),
        tilt_deg=float(rng.uniform(-8, 8)),
        rotation_deg=float(rng.uniform(-12, 12)),
        flexion_deg=float(rng.uniform(-8, 8)),
        facet_gap_mm=float(rng.uniform(1.0, 2.5)),
        bone_hu=float(rng.uniform(0.55, 1.2)),
    )


def _phantom_ct(neck: NeckParameters, number: int, scan: ScanParameters, cache: Path) -> Volume:
    path = cache / f"phantom_{number}_{'x'.join(map(str, scan.ct_shape))}.npz"
    if not path.exists():
        image = acquire_ct(build_anatomy(neck), neck, scan)
        np.savez(path, stored=image.stored, affine=image.grid.affine)
    with np.load(path) as saved:
        stored, affine = saved["stored"], saved["affine"]
    return _volume(stored, Grid(stored.shape, affine), "HU", "CT")


def _artisynth_case(number, rng, shift, turn, bend, stress, cache) -> Case:
    variant = number % 4  # size of the patient and density of the bone
    neck = _artisynth_neck(osteopenic=variant == 3, cache=cache)
    size = (1.0, 0.9, 1.1, 1.0)[variant]
    middle = neck.joints_lps.mean(axis=0)
    ct = _artisynth_ct(neck, variant, size, stress, cache)
    edge = float(rng.choice([4.0, 4.42, 4.8]))
    shape = (30 if stress == "truncated" else 60, 76, 76)
    corner = middle - np.array([(shape[2] - 1) / 2, (shape[1] - 1) / 2, 0]) * edge
    top = middle[2] + (70 if stress == "truncated" else 145) * size + rng.uniform(-8, 8)
    corner[2] = top - (shape[0] - 1) * edge
    affine = np.eye(4)
    affine[:3, :3] = np.eye(3)[:, ::-1] * edge
    affine[:3, 3] = corner
    grid = Grid(shape, affine, "1.2.3")
    truth = RigidTransform.from_euler(rotation_deg=turn, translation_mm=shift, center_lps=middle)
    # Twice as fine as the reconstruction.
    fine = affine.copy()
    fine[:3, 3] -= fine[:3, :3].sum(axis=1) / 4
    fine[:3, :3] /= 2
    fine_shape = tuple(2 * n for n in shape)
    uptake = neck.uptake
    points = _grid_points(fine, fine_shape)
    flat = truth.apply(points)
    flat = middle + (flat - middle) / size
    flat = _unbent(neck, flat, bend)
    z, y, x = np.indices(uptake.shape, sparse=True)
    extra = np.ones_like(uptake)
    for _ in range(int(rng.integers(0, 4))):
        joint = neck.joints_lps[int(rng.integers(12))]
        k, j, i = (joint - artisynth.LOW)[::-1]
        extra[(z - k) ** 2 + (y - j) ** 2 + (x - i) ** 2 < 5**2] = rng.uniform(3, 12)
    if stress == "hot foci":
        for place in ((35, 10, 30), (-35, 10, 30), (60, 70, -110)):
            k, j, i = (np.array(place) - artisynth.LOW)[::-1]
            extra[(z - k) ** 2 + (y - j) ** 2 + (x - i) ** 2 < 7**2] = rng.uniform(20, 60)
    kji = ((flat - artisynth.LOW) / artisynth.EDGE_MM)[..., ::-1]
    concentration = ndimage.map_coordinates(
        uptake * extra, np.moveaxis(kji, -1, 0), order=1, cval=0, prefilter=False
    )
    field = ndimage.gaussian_filter(rng.normal(size=fine_shape), 5.0)
    concentration *= np.exp((0.5 if stress == "patchy" else 0.15) * field / field.std())
    fwhm = rng.uniform(8.5, 12.5)
    sigma = 0.8 * fwhm / FWHM_PER_SIGMA / (edge / 2)
    blurred = ndimage.gaussian_filter(concentration, sigma)
    k, j, i = shape
    mean = blurred.reshape(k, 2, j, 2, i, 2).mean(axis=(1, 3, 5))
    mean *= rng.uniform(0.8, 2) if stress == "low counts" else rng.uniform(6, 25)
    counts = rng.poisson(mean).astype(np.float32)
    counts = ndimage.gaussian_filter(counts, 0.6 * fwhm / FWHM_PER_SIGMA / edge)
    bent = _bent(neck, neck.joints_lps, bend)
    joints_ct = middle + (neck.joints_lps - middle) * size
    joints_spect = truth.inverse().apply(middle + (bent - middle) * size)
    if stress == "metal":
        ct = _with_metal(ct, joints_ct, rng)
    return Case(
        f"artisynth-{number:03d}", "artisynth", stress, bend, float(np.linalg.norm(shift)),
        float(np.linalg.norm(turn)), ct, _volume(counts.astype(np.uint16), grid, "counts", "NM"),
        joints_ct, joints_spect,
    )  # fmt: skip


_NECKS: dict[bool, artisynth.Neck] = {}


def _artisynth_neck(*, osteopenic: bool, cache: Path) -> artisynth.Neck:
    if osteopenic not in _NECKS:
        path = cache / f"artisynth2_{osteopenic}.npz"
        if not path.exists():
            neck = artisynth.build(osteopenic=osteopenic)
            names = ("hu", "uptake", "joints_lps", "pivot_lps", "top_z")
            np.savez(path, **{name: getattr(neck, name) for name in names})
        with np.load(path) as saved:
            _NECKS[osteopenic] = artisynth.Neck(**{name: saved[name] for name in saved.files})
    return _NECKS[osteopenic]


def _artisynth_ct(neck, variant, size, stress, cache) -> Volume:
    path = cache / f"artisynth2_ct_{variant}_{stress == 'neck-only CT'}.npz"
    if not path.exists():
        middle = neck.joints_lps.mean(axis=0)
        small = stress == "neck-only CT"
        shape = (64, 100, 100) if small else (120, 170, 150)
        spacing = np.array([2.0, 1.6, 1.6])
        affine = np.eye(4)
        affine[:3, :3] = np.eye(3)[:, ::-1] * spacing
        affine[:3, 3] = middle - (np.array(shape) - 1)[::-1] / 2 * spacing[::-1]
        affine[2, 3] = middle[2] + (60 if small else 135) * size - (shape[0] - 1) * spacing[0]
        points = middle + (_grid_points(affine, shape) - middle) / size
        kji = ((points - artisynth.LOW) / artisynth.EDGE_MM)[..., ::-1]
        hu = ndimage.map_coordinates(
            ndimage.gaussian_filter(neck.hu, 0.6), np.moveaxis(kji, -1, 0), order=1, cval=-1000
        )
        hu += np.random.default_rng(variant).normal(size=shape) * 20
        np.savez(path, stored=np.rint(hu).astype(np.int16), affine=affine)
    with np.load(path) as saved:
        stored, affine = saved["stored"], saved["affine"]
    return _volume(stored, Grid(stored.shape, affine), "HU", "CT")


def _angle(neck, z, bend_deg):
    share = np.clip((z - neck.pivot_lps[2]) / (neck.top_z - neck.pivot_lps[2]), 0, 1)
    return np.radians(bend_deg) * share


def _bent(neck, points, bend_deg):
    """Rotate about the left-right axis through C7-T1, by a share that grows to the top of C1."""
    angle = _angle(neck, points[..., 2], bend_deg)
    d = points - neck.pivot_lps
    c, s = np.cos(angle), np.sin(angle)
    out = np.stack([d[..., 0], c * d[..., 1] - s * d[..., 2], s * d[..., 1] + c * d[..., 2]], -1)
    return out + neck.pivot_lps


def _unbent(neck, points, bend_deg):
    if not bend_deg:
        return points
    guess = points.copy()
    for _ in range(8):  # the height that decides the angle is that of the unbent point
        angle = -_angle(neck, guess[..., 2], bend_deg)
        d = points - neck.pivot_lps
        c, s = np.cos(angle), np.sin(angle)
        guess = np.stack(
            [d[..., 0], c * d[..., 1] - s * d[..., 2], s * d[..., 1] + c * d[..., 2]], -1
        ) + neck.pivot_lps  # fmt: skip
    return guess


def _grid_points(affine, shape):
    k, j, i = np.meshgrid(*map(np.arange, shape), indexing="ij")
    return np.stack([k, j, i], -1) @ affine[:3, :3].T + affine[:3, 3]


def _patchy(stored, grid, rng):
    field = ndimage.gaussian_filter(rng.normal(size=stored.shape), 10.0 / grid.spacing_mm)
    return rng.poisson(stored * np.exp(0.4 * field / field.std())).astype(np.uint16)


def _with_metal(ct: Volume, joints_ct, rng) -> Volume:
    """Screws in two levels and their streaks."""
    hu = ct.stored.astype(np.float32)
    k, j, i = np.indices(hu.shape, sparse=True)
    spacing = ct.grid.spacing_mm
    start = 2 * int(rng.integers(0, 4))
    for joint in joints_ct[start : start + 4]:
        a, b, c = ct.grid.to_kji(joint)
        along = (j - b) * spacing[1]
        across = np.hypot((k - a) * spacing[0], (i - c) * spacing[2])
        hu[(across < 2.2) & (np.abs(along) < 9)] = 3071
        angle = np.arctan2((j - b) * spacing[1], (i - c) * spacing[2])
        near = np.exp(-0.5 * ((k - a) * spacing[0] / 3) ** 2)
        radius = np.hypot((j - b) * spacing[1], (i - c) * spacing[2])
        hu += near * 250 * np.cos(8 * angle) * np.exp(-radius / 40)
    stored = np.clip(np.rint(hu), -1024, 3071).astype(np.int16)
    return _volume(stored, ct.grid, "HU", "CT")


def _volume(stored, grid: Grid, unit: str, modality: str) -> Volume:
    framed = Grid(grid.shape, grid.affine, "1.2.3")
    source = Source("1.1", "1.2", "1.1", ("1.3",), modality, "simulated")
    return Volume(framed, np.ascontiguousarray(stored), 1.0, 0.0, unit, source)
