"""Ratios of resampling to the time of writing its result, in one run.

128³ onto 512×512×300 (315 MB of float32). "Writing the result" is what nobody can go below: making
a new array of that size and writing every value once (``numpy.full``, one thread). Two other
measures stand beside it: the same with as many threads as we use, and writing into an array that
has already been touched, which spares the operating system's share and which no function that
returns a new array can reach.

Every round times each job once, one after the other, so that other load hits all alike; a ratio is
the median over rounds of ratios within a round, the one in brackets that of the best times. The
processor's own time is printed too: it counts both threads, and hardly feels other load.

``python -m benchmarks.resampling``
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count

import numpy as np
import SimpleITK as sitk

from benchmarks.ratios import Ratio, record
from fusion.geometry import Grid, RigidTransform, Source, Volume
from fusion.resampling import Resampler

SHAPE = (300, 512, 512)
REPETITIONS = 15
SLOW_REPETITIONS = 3
FRESH, THREADS, TOUCHED = "new array, numpy.full", "new array, all threads", "touched array, fill"


def _grid(shape, spacing, frame="1.2.3") -> Grid:
    affine = np.eye(4)
    affine[:3, :3] = np.eye(3)[:, ::-1] * np.array(spacing)
    affine[:3, 3] = -(np.array(shape)[::-1] - 1) / 2 * np.array(spacing)[::-1]
    return Grid(shape, affine, frame)


def fresh() -> np.ndarray:
    """Write every value of a new array once, with all threads."""
    out = np.empty(SHAPE, np.float32)
    _fill(out)
    return out


def _fill(out: np.ndarray) -> None:
    slabs = [out[k : k + 32] for k in range(0, len(out), 32)]
    with ThreadPoolExecutor(max_workers=min(8, cpu_count() or 1)) as pool:
        list(pool.map(lambda slab: slab.fill(1.0), slabs))


def _image(array: np.ndarray, grid: Grid) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(grid.spacing_mm[::-1].tolist())
    image.SetOrigin(grid.affine[:3, 3].tolist())
    return image


def main() -> None:
    moving_grid, fixed_grid = _grid((128, 128, 128), (4.0, 4.0, 4.0)), _grid(SHAPE, (1.0, 0.8, 0.8))
    values = np.random.default_rng(0).normal(size=moving_grid.shape).astype(np.float32)
    source = Source("1", "2", "1", ("3",), "NM", "")
    moving = Volume(moving_grid, values, 1.0, 0.0, "counts", source)
    turned = RigidTransform.from_euler(rotation_deg=(4, -6, 5), translation_mm=(3, -2, 5))
    shifted = RigidTransform.from_euler(translation_mm=(3, -2, 5))
    resamplers = {
        "axis-aligned": Resampler(moving, fixed_grid, transform=shifted),
        "rotated": Resampler(moving, fixed_grid, transform=turned),
    }
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(cpu_count() or 1)
    image, reference = _image(values, moving_grid), sitk.Image(*SHAPE[::-1], sitk.sitkUInt8)
    reference.SetSpacing(fixed_grid.spacing_mm[::-1].tolist())
    reference.SetOrigin(fixed_grid.affine[:3, 3].tolist())

    def itk(transform: RigidTransform) -> sitk.Image:
        affine = sitk.AffineTransform(3)
        inverse = transform.inverse().matrix
        affine.SetMatrix(inverse[:3, :3].ravel().tolist())
        affine.SetTranslation(inverse[:3, 3].tolist())
        return sitk.Resample(image, reference, affine, sitk.sitkLinear, 0.0, sitk.sitkFloat32)

    for name, transform in (("axis-aligned", shifted), ("rotated", turned)):
        ours, theirs = resamplers[name].array(), sitk.GetArrayFromImage(itk(transform))
        inside = np.isfinite(ours) & (theirs != 0)
        print(f"{name}: largest difference to SimpleITK {np.abs(ours - theirs)[inside].max():.1e}")
    touched = fresh()
    oblique = RigidTransform.from_euler(rotation_deg=(20, -16, 25), translation_mm=(3, -2, 5))
    slicing = Resampler(moving, fixed_grid, transform=oblique)
    jobs: dict[str, Callable[[], object]] = {
        FRESH: lambda: np.full(SHAPE, np.float32(1)),
        THREADS: fresh,
        TOUCHED: lambda: touched.fill(1.0),
        "ours, axis-aligned": resamplers["axis-aligned"].array,
        "ours, rotated": resamplers["rotated"].array,
        "ours, one oblique slice": lambda: slicing.plane(0, 150),
        "SimpleITK, axis-aligned": lambda: itk(shifted),
        "SimpleITK, rotated": lambda: itk(turned),
    }
    times: dict[str, list[float]] = {name: [] for name in jobs}
    processor: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(REPETITIONS):
        for name, job in jobs.items():
            if name.startswith("SimpleITK") and len(times[name]) == SLOW_REPETITIONS:
                continue
            start, busy = time.perf_counter(), time.process_time()
            job()
            times[name].append(time.perf_counter() - start)
            processor[name].append(time.process_time() - busy)
    floors = (FRESH, THREADS, TOUCHED)
    print(
        f"{'':24s}{'median s':>10s}{'best CPU s':>12s}"
        + "".join(f"{'x ' + name:>26s}" for name in floors)
    )
    for name, seconds in times.items():
        print(
            f"{name:24s}{float(np.median(seconds)):10.4f}{min(processor[name]):12.4f}"
            + "".join(f"{_ratio(seconds, times[floor]):>26s}" for floor in floors)
        )
    peers = (("axis-aligned", "SimpleITK, axis-aligned"), ("rotated", "SimpleITK, rotated"))
    for name, peer in peers:
        for against in (FRESH, peer):
            ratio = _within(times[f"ours, {name}"], times[against])
            record([Ratio(f"128³ onto 512×512×300, {name}", against, ratio)])


def _within(seconds: list[float], other: list[float]) -> float:
    return float(np.median([one / two for one, two in zip(seconds, other, strict=False)]))


def _ratio(seconds: list[float], floor: list[float]) -> str:
    return f"{_within(seconds, floor):.2f} ({min(seconds) / min(floor):.2f})"


if __name__ == "__main__":
    main()
