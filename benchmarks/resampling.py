"""Ratios of resampling to the time of writing its result, in one run.

128³ onto 512×512×300 (315 MB of float32). The floor is what nobody can go below: making a fresh
array of that size and writing every value once, with as many threads as we use. The measure of
issue 3 is the plain ``numpy`` fill of an array that has already been touched, in one thread (there
SimpleITK stands at 16 to 30); both ratios are printed.

``python -m benchmarks.resampling``
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count

import numpy as np
import SimpleITK as sitk

from fusion.geometry import Grid, RigidTransform, Source, Volume
from fusion.resampling import Resampler

SHAPE = (300, 512, 512)
REPETITIONS = 7


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
        "writing a fresh result (floor)": fresh,
        "filling a touched array": lambda: _fill(touched),
        "the same, numpy.fill (issue 3)": lambda: touched.fill(1.0),
        "ours, axis-aligned": resamplers["axis-aligned"].array,
        "ours, rotated": resamplers["rotated"].array,
        "ours, one oblique slice": lambda: slicing.plane(0, 150),
    }
    times = {name: _times(job, 0) for name, job in jobs.items()}
    for _ in range(REPETITIONS):  # interleaved: other load hits all alike
        for name, job in jobs.items():
            times[name] += _times(job, 1)
    for name, transform in (("axis-aligned", shifted), ("rotated", turned)):
        times[f"SimpleITK, {name}"] = _times(lambda t=transform: itk(t), 2)
    floor = min(times["writing a fresh result (floor)"])
    plain = min(times["the same, numpy.fill (issue 3)"])
    print(f"{'':32s} {'best s':>8s} {'median s':>8s} {'x fresh':>8s} {'x fill':>8s}")
    for name, seconds in times.items():
        best, middle = min(seconds), float(np.median(seconds))
        print(f"{name:32s} {best:8.4f} {middle:8.4f} {best / floor:8.2f} {best / plain:8.2f}")


def _times(job: Callable[[], object], count: int) -> list[float]:
    result = []
    for _ in range(count):
        start = time.perf_counter()
        job()
        result.append(time.perf_counter() - start)
    return result


if __name__ == "__main__":
    main()
