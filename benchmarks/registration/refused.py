"""What must be refused, beside what must be accepted: simulated SPECT of real CTs, right and wrong.

The SPECT is made of the whole CT (bone, marrow, soft tissue, 11 mm, counts); registered is another
reconstruction of it: other voxels, other noise, a smaller field. The truth is the offset that was
applied. Wrong SPECTs are mirrored, of somebody else, of another part, scaled, backwards, empty.

``nice python -m benchmarks.registration.refused ../shared/data [--only KIND …] [--shared]``
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from benchmarks.registration.hybrid import moved
from fusion.dicom import choose_ct, read_volume, scan
from fusion.errors import RegistrationFailed
from fusion.geometry import Grid, RigidTransform, Source, Volume, with_field_of_view
from fusion.registration import register
from fusion.resampling import Resampler

#: Edge of the voxels and resolution of the SPECT, mm; counts in a voxel of soft tissue.
EDGE_MM, FWHM_MM, COUNTS = 4.42, 11.0, 14.0
#: Necks whose joints were put by hand, and scans of other parts of the body.
NECKS = ("ct_planning_cervical_ribs", "ct_biograph64_neck", "ct_pq2000_head_neck")
OTHER_PARTS = ("ct_brilliance16_lower_neck", "ct_xio_lower_neck", "ct_vct_head_to_c2")

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Neck:
    """A real CT, its joints, and another reconstruction of it."""

    name: str
    ct: Volume
    joints: Array
    again: Volume


def read_neck(data: Path, name: str) -> Neck:
    ct = read_volume(choose_ct(scan(data / name))[0])
    known = json.loads((data / "facets_truth.json").read_text())["cts"]
    (one,) = (one for one in known if one["folder"] == name)
    joints = np.array([joint["center_lps"] for joint in one["joints"]], dtype=np.float64)
    return Neck(name, ct, joints, another_reconstruction(ct, joints))


def another_reconstruction(ct: Volume, joints: Array) -> Volume:
    """Return the CT on other voxels, smoother, noisier, in a smaller field."""
    low, high = ct.grid.corners_lps.min(axis=0) + 2, ct.grid.corners_lps.max(axis=0) - 2
    middle = joints.mean(axis=0)
    low = np.maximum(low, middle - np.array([170, 140, 95]))
    high = np.minimum(high, middle + np.array([170, 140, 100]))
    spacing = np.array([1.3, 1.3, 2.5])
    shape = tuple(int(n) for n in ((high - low) / spacing)[::-1])
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]] = spacing[::-1]
    affine[:3, 3], affine[3, 3] = low, 1
    grid = Grid(shape, affine, ct.grid.frame_of_reference_uid)
    hu = np.nan_to_num(Resampler(ct, grid, transform=RigidTransform.identity()).array(), nan=-1000)
    hu = ndimage.gaussian_filter(hu, (0.3, 0.6, 0.6))
    hu += np.random.default_rng(5).normal(size=hu.shape) * 18
    stored = np.clip(np.rint(hu), -1024, 3071).astype(np.int16)
    return Volume(grid, stored, 1.0, 0.0, "HU", replace(ct.source))


def simulated(
    ct: Volume,
    joints: Array,
    *,
    seed: int = 0,
    bones: float = 1.0,
    empty: bool = False,
    fwhm_mm: float = FWHM_MM,
) -> Volume:
    """Return the bone SPECT of a CT, or one whose uptake is elsewhere (``bones`` near 0)."""
    rng = np.random.default_rng(seed)
    low, high = ct.grid.corners_lps.min(axis=0), ct.grid.corners_lps.max(axis=0)
    count = int((high[2] - low[2]) / EDGE_MM)
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]] = EDGE_MM
    affine[:3, 3] = (low + high) / 2 - EDGE_MM * (np.array([128, 128, count]) - 1) / 2
    affine[3, 3] = 1
    grid = Grid((count, 128, 128), affine, ct.grid.frame_of_reference_uid)
    fine = Grid((count * 2, 256, 256), _finer(affine), ct.grid.frame_of_reference_uid)
    hu = np.nan_to_num(Resampler(ct, fine, transform=RigidTransform.identity()).array(), nan=-1000)
    body = ndimage.binary_opening(hu > -300, iterations=2)  # without the table
    bone = ndimage.gaussian_filter(np.clip((hu - 150) / 350, 0, 2) * body, 0.5)
    marrow = ndimage.binary_closing(bone > 0.15, iterations=2) & (hu < 150)
    uptake = body * rng.uniform(0.8, 1.2) + bones * (6.0 * bone + 1.5 * marrow)
    kji = np.indices(fine.shape, dtype=np.float32).reshape(3, -1).T
    lps = fine.to_lps(kji).reshape(*fine.shape, 3)
    hot: list[tuple[Array, float, float]] = [(joints[2], 5.0, 25.0 * bones)]
    if bones < 0.5:  # sparse: glands and a few lesions, hardly anything else
        top = joints[:2].mean(axis=0)
        hot += [(top + np.array([s * 38, -15, 8]), 11.0, 20.0) for s in (1, -1)]
        hot += [(top + np.array([s * 25, -35, -18]), 8.0, 14.0) for s in (1, -1)]
        hot += [(joints[rng.integers(len(joints))] + rng.normal(size=3) * 6, 5.0, 60.0)]
    for point, radius, more in hot:
        uptake += more * (np.linalg.norm(lps - point, axis=-1) < radius) * body
    blurred = ndimage.gaussian_filter(uptake, 0.85 * fwhm_mm / 2.3548 / (EDGE_MM / 2))
    mean = blurred.reshape(count, 2, 128, 2, 128, 2).mean(axis=(1, 3, 5))
    counts = rng.poisson(COUNTS * mean).astype(np.float32)
    counts = ndimage.gaussian_filter(counts, 0.5 * fwhm_mm / 2.3548 / EDGE_MM)
    if empty:  # what the detector did not see, at both ends
        padded = np.zeros((count + 20, 128, 128), np.float32)
        padded[10:-10] = counts
        affine = affine.copy()
        affine[2, 3] -= 10 * EDGE_MM
        grid, counts = Grid(padded.shape, affine, grid.frame_of_reference_uid), padded
    stored = np.clip(np.rint(counts), 0, 65535).astype(np.uint16)
    source = Source("1", "2", "1", (), "NM", "simulated")
    return Volume(grid, stored, 1.0, 0.0, "counts", source)


def _finer(affine: Array) -> Array:
    fine = affine.copy()
    fine[:3, :3] /= 2
    fine[:3, 3] -= fine[:3, :3].sum(axis=1) / 2
    return fine


def with_stored(spect: Volume, stored: Array, affine: Array | None = None) -> Volume:
    grid = spect.grid
    if affine is not None:
        grid = Grid(grid.shape, affine, grid.frame_of_reference_uid)
    kept = np.ascontiguousarray(stored.astype(np.uint16))
    return Volume(grid, kept, 1.0, 0.0, spect.unit, spect.source)


def flipped(axis: int) -> Callable[[Volume, Neck], Volume]:
    """Return a fault that exchanges the two ends of an axis about the middle of the body."""

    def fault(spect: Volume, neck: Neck) -> Volume:
        affine = spect.grid.affine.copy()
        world = 2 - axis
        body = spect.stored > np.percentile(spect.stored, 60)
        there = np.nonzero(body.any(axis=tuple({0, 1, 2} - {axis})))[0]
        middle = (there[0] + there[-1]) / 2
        step = affine[world, axis]
        affine[world, 3] += step * (2 * middle - (spect.grid.shape[axis] - 1))
        return with_stored(spect, np.flip(spect.stored, axis), affine)

    return fault


def scaled(factors: tuple[float, float, float]) -> Callable[[Volume, Neck], Volume]:
    def fault(spect: Volume, neck: Neck) -> Volume:
        stretch = np.diag([*factors, 1.0])
        middle = neck.joints.mean(axis=0)
        stretch[:3, 3] = middle - stretch[:3, :3] @ middle
        return with_stored(spect, spect.stored, stretch @ spect.grid.affine)

    return fault


def backwards(spect: Volume, neck: Neck) -> Volume:
    """Slices in reverse order on the same positions."""
    return with_stored(spect, spect.stored[::-1])


def shuffled(spect: Volume, neck: Neck) -> Volume:
    """Every pair of neighbouring blocks of four slices exchanged."""
    order = np.arange(len(spect.stored)) ^ 4
    return with_stored(spect, spect.stored[np.minimum(order, len(order) - 1)])


def half_empty(spect: Volume, neck: Neck) -> Volume:
    """The lower half of the neck was not seen."""
    stored = spect.stored.copy()
    stored[: int(spect.grid.to_kji(neck.joints.mean(axis=0))[0])] = 0
    return with_stored(spect, stored)


def side_empty(spect: Volume, neck: Neck) -> Volume:
    stored = spect.stored.copy()
    stored[:, :, int(spect.grid.to_kji(neck.joints.mean(axis=0))[2]) :] = 0
    return with_stored(spect, stored)


def uniform(spect: Volume, neck: Neck) -> Volume:
    """Uptake that is the same everywhere in the body."""
    body = ndimage.gaussian_filter((spect.stored > COUNTS / 2).astype(np.float32), 1.0)
    return with_stored(spect, np.random.default_rng(3).poisson(20 * body))


def noise(spect: Volume, neck: Neck) -> Volume:
    return with_stored(spect, np.random.default_rng(4).poisson(8, size=spect.stored.shape))


def cylinder(spect: Volume, neck: Neck) -> Volume:
    """A quality phantom instead of a patient."""
    lps = spect.grid.to_lps(np.indices(spect.grid.shape).reshape(3, -1).T) - neck.joints.mean(0)
    inside = (np.hypot(lps[:, 0], lps[:, 1]) < 90).reshape(spect.grid.shape)
    rods = (np.hypot(lps[:, 0] - 40, lps[:, 1]) < 15).reshape(spect.grid.shape)
    return with_stored(spect, np.random.default_rng(6).poisson(30.0 * inside + 60 * rods))


def as_pet(spect: Volume) -> Volume:
    return replace(spect, source=replace(spect.source, modality="PT"))


def neck_only(spect: Volume, neck: Neck) -> Volume:
    """Only the middle of the neck: skull and shoulders, which tell heights apart, are cut off."""
    heights = spect.grid.to_kji(neck.joints)[:, 0]
    low, high = int(heights.min()) - 1, int(heights.max()) + 2
    affine = spect.grid.affine.copy()
    affine[2, 3] += low * affine[2, 0]
    stored = np.ascontiguousarray(spect.stored[low:high])
    grid = Grid(stored.shape, affine, spect.grid.frame_of_reference_uid)
    return Volume(grid, stored, 1.0, 0.0, spect.unit, spect.source)


FAULTS: dict[str, Callable[[Volume, Neck], Volume]] = {
    "left and right exchanged": flipped(2),
    "front and back exchanged": flipped(1),
    "head and foot exchanged": flipped(0),
    "slices backwards": backwards,
    "slices in a wrong order": shuffled,
    "1.1 times too large": scaled((1.1, 1.1, 1.1)),
    "1.1 times too high": scaled((1.0, 1.0, 1.1)),
    "1.1 times too wide": scaled((1.1, 1.1, 1.0)),
    "0.9 times too large": scaled((0.9, 0.9, 0.9)),
    "lower half empty": half_empty,
    "left half empty": side_empty,
    "uniform": uniform,
    "noise": noise,
    "cylinder": cylinder,
}


@dataclass(frozen=True, eq=False)
class Tried:
    """One case: what goes in, and where the joints truly are (None: nowhere)."""

    kind: str
    neck: Neck
    spect: Volume
    truth: RigidTransform | None


def offset(neck: Neck, number: int, seed: int = 12) -> RigidTransform:
    rng = np.random.default_rng([seed, number])
    shift, turn = rng.normal(size=3), rng.normal(size=3)
    return RigidTransform.from_euler(
        rotation_deg=turn * 0.8 * number / np.linalg.norm(turn),
        translation_mm=shift * 2.0 * number / np.linalg.norm(shift),
        center_lps=neck.joints.mean(axis=0),
    )


def cases(data: Path, only: list[str]) -> Iterator[Tried]:
    def wanted(kind: str) -> bool:
        return not only or any(kind.startswith(one) for one in only)

    necks = [read_neck(data, name) for name in NECKS]
    for at, neck in enumerate(necks):
        spect = simulated(neck.ct, neck.joints, seed=at)
        if wanted("right"):
            gap = simulated(neck.ct, neck.joints, seed=at, empty=True)
            for number in range(at, 12, 3):
                truth = offset(neck, number)
                yield Tried("right, empty ends", neck, moved(gap, truth), truth)
        if wanted("sparse"):
            for number in range(3):
                few = simulated(neck.ct, neck.joints, seed=number, bones=(0.0, 0.1, 0.3)[number])
                truth = offset(neck, number * 3)
                yield Tried(f"sparse {number}", neck, moved(few, truth), truth)
        if wanted("level"):
            for step in (-18.0, 16.0):
                truth = RigidTransform.from_euler(translation_mm=(0, 0, step))
                yield Tried("level, whole", neck, moved(spect, truth), truth)
                small = neck_only(spect, neck)
                yield Tried("level, neck only", neck, moved(small, truth), truth)
        for kind, fault in FAULTS.items():
            if wanted(kind):
                yield Tried(kind, neck, fault(spect, neck), None)
        if wanted("as PET"):
            yield Tried("as PET, mirrored", neck, as_pet(flipped(2)(spect, neck)), None)
            yield Tried("as PET, front and back", neck, as_pet(flipped(1)(spect, neck)), None)
        if wanted("somebody"):
            other = necks[(at + 1) % len(necks)]
            theirs = simulated(other.ct, other.joints, seed=9)
            shift = other.joints.mean(axis=0) - neck.joints.mean(axis=0)
            there = moved(theirs, RigidTransform.from_euler(translation_mm=shift))
            yield Tried("somebody else", neck, _in_frame(there, neck), None)
        if wanted("another part"):
            part = read_volume(choose_ct(scan(data / OTHER_PARTS[at]))[0])
            middle = part.grid.center_lps
            theirs = simulated(part, np.tile(middle, (12, 1)), seed=9)
            shift = middle - neck.joints.mean(axis=0)
            there = moved(theirs, RigidTransform.from_euler(translation_mm=shift))
            yield Tried("another part", neck, _in_frame(there, neck), None)


def _in_frame(volume: Volume, neck: Neck) -> Volume:
    grid = Grid(volume.grid.shape, volume.grid.affine, neck.ct.grid.frame_of_reference_uid)
    return Volume(grid, volume.stored, 1.0, 0.0, volume.unit, volume.source)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--apart", action="store_true", help="each in a frame of its own")
    options = parser.parse_args()
    for tried in cases(options.data, options.only):
        spect, neck = tried.spect, tried.neck
        if options.apart:
            grid = Grid(spect.grid.shape, spect.grid.affine, "9.9")
            spect = Volume(grid, spect.stored, 1.0, 0.0, spect.unit, spect.source)
        line = f"{tried.kind:26s} {neck.name[3:14]:12s}"
        try:
            result = register(neck.again, with_field_of_view(spect))
        except RegistrationFailed as exc:
            print(f"{line} refused: {str(exc)[:150]}", flush=True)
            continue
        evidence = result.search.evidence if result.search else None
        line += f"{result.status.value if result.status else '-':24s}"
        if evidence is not None:
            line += f"r {evidence.correlation:.3f} detail {evidence.detail_correlation:.3f} "
            if tried.truth is not None:
                native = tried.truth.inverse().apply(neck.joints)
                away = np.linalg.norm(evidence.proposal.apply(native) - neck.joints, axis=-1)
                line += f"off {np.median(away):.2f} to {away.max():.2f} "
        print(line, result.search.recommendation[:130] if result.search else "", flush=True)


if __name__ == "__main__":
    main()
