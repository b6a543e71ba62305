"""From solids to images: CT numbers with blur and noise, and counts with 10 mm resolution.

Anatomy coordinates become patient coordinates by a similarity (``placement``): the size of the
patient, and where the couch put them. Pixels come out in the order in which the file stores them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from fusion.geometry import Grid, RigidTransform
from sample_data.anatomy import Anatomy, build_anatomy, table
from sample_data.parameters import SIMULATED, NeckParameters, PatientPosition, ScanParameters
from sample_data.solids import Solid
from sample_data.spine import Matrix

#: Where the centre of T1 of a patient of size 1 lies in the coordinates of the CT, mm: off the
#: isocentre in every direction, as in life, so that a sign error shows.
T1_LPS = (2.5, 22.0, -263.5)
#: Direction cosines that each Patient Position gives a gantry without table tricks
#: (PS3.3 C.7.3.1.1.2): rows run to the right of somebody who faces the gantry.
ORIENTATION: dict[PatientPosition, tuple[float, ...]] = {
    "HFS": (1, 0, 0, 0, 1, 0),
    "FFS": (-1, 0, 0, 0, 1, 0),
    "HFP": (-1, 0, 0, 0, -1, 0),
    "FFP": (1, 0, 0, 0, -1, 0),
}
FWHM_PER_SIGMA = 2.354820045
#: Blur of the CT in the plane, mm (standard deviation): a soft kernel.
CT_BLUR_MM = 0.45
#: Of the resolution, the part that is blurred before counting; the rest is the filter after.
_BEFORE_COUNTING = 0.8
#: CT number of the burned-in text: readable in every window and below any bone threshold.
TEXT_HU = 90.0
_CHUNK = 1_500_000


@dataclass(frozen=True, slots=True, eq=False)
class Image3:
    """An image as a file stores it.

    Parameters
    ----------
    stored : (k, j, i) ndarray of int16 or uint16
        Pixels in file order.
    grid : Grid
        Where they are; ``grid.affine[:3, 0]`` runs from frame to frame.
    orientation : (6,) tuple of float
        Image Orientation (Patient).
    """

    stored: npt.NDArray[Any]
    grid: Grid
    orientation: tuple[float, ...]


def placement(neck: NeckParameters) -> Matrix:
    """Return the similarity from anatomy to CT coordinates."""
    matrix = np.diag([neck.size, neck.size, neck.size, 1.0])
    matrix[:3, 3] = T1_LPS
    return matrix


def spect_to_ct(scan: ScanParameters) -> RigidTransform:
    """Return the transform that takes SPECT positions to CT positions."""
    middle = np.add(T1_LPS, (0, -12, 60))
    return RigidTransform.from_euler(
        rotation_deg=scan.misregistration_deg,
        translation_mm=scan.misregistration_mm,
        center_lps=middle,
    )


def ct_grid(neck: NeckParameters, scan: ScanParameters) -> tuple[Grid, tuple[float, ...]]:
    """Return the grid of the CT in file order, and its direction cosines."""
    slices, rows, columns = scan.ct_shape
    dz, dy, dx = scan.ct_spacing_mm
    orientation = np.array(ORIENTATION[scan.position], dtype=np.float64)
    tilt = np.radians(scan.ct_tilt_deg)
    x, y = orientation[:3], orientation[3:]
    feed = np.cross(x, y)
    # A tilted gantry turns the rows about x while the couch still moves along the table.
    y = np.cos(tilt) * y + np.sin(tilt) * feed
    top = T1_LPS[2] + scan.ct_top_mm * neck.size
    middle_z = top - dz * (slices - 1) / 2
    first = np.array([0.0, 0.0, middle_z]) - feed * dz * (slices - 1) / 2
    corner = first - x * dx * (columns - 1) / 2 - y * dy * (rows - 1) / 2
    cosines = tuple(float(v) for v in np.round([*x, *y], 9))
    grid = Grid.from_dicom(
        scan.ct_shape,
        position_lps=np.round(corner, 4),
        orientation=cosines,
        pixel_spacing_mm=(dy, dx),
        slice_step_lps=feed * dz,
    )
    return grid, cosines


def spect_grid(neck: NeckParameters, scan: ScanParameters) -> tuple[Grid, tuple[float, ...]]:
    """Return the grid of the SPECT in file order, and its direction cosines."""
    slices, rows, columns = scan.spect_shape
    d = scan.spect_voxel_mm
    cosines = ORIENTATION[scan.position]
    x, y = np.array(cosines[:3]), np.array(cosines[3:])
    normal = np.cross(x, y) * (-1 if scan.negative_spacing else 1)
    top = T1_LPS[2] + scan.spect_top_mm * neck.size
    middle_z = top - d * (slices - 1) / 2
    first = np.array([0.0, 0.0, middle_z]) - normal * d * (slices - 1) / 2
    corner = first - x * d * (columns - 1) / 2 - y * d * (rows - 1) / 2
    grid = Grid.from_dicom(
        scan.spect_shape,
        position_lps=np.round(corner, 4),
        orientation=cosines,
        pixel_spacing_mm=(d, d),
        slice_step_lps=normal * d,
    )
    return grid, tuple(float(v) for v in cosines)


def acquire_ct(anatomy: Anatomy, neck: NeckParameters, scan: ScanParameters) -> Image3:
    """Take the CT.

    Parameters
    ----------
    anatomy : Anatomy
        The posed patient.
    neck, scan : NeckParameters, ScanParameters
        Size and seed; the scanner.

    Returns
    -------
    Image3
        HU as int16.
    """
    grid, cosines = ct_grid(neck, scan)
    rng = np.random.default_rng([neck.seed, 1])
    spacing = grid.spacing_mm
    texture = _random_field(rng, grid.shape, 1.1 / spacing)
    hu = np.full(grid.shape, -1000.0, np.float32)
    to_voxel = np.linalg.inv(grid.affine) @ placement(neck)
    for solid in (*table(scan.position), *anatomy.tissues):
        _paint_hu(hu, solid, to_voxel, neck.size, texture)
    hu = ndimage.gaussian_filter(hu, CT_BLUR_MM / spacing, mode="nearest", truncate=3)
    hu += _ct_noise(rng, grid, scan, hu)
    _burn(hu, grid, TEXT_HU, ground=-1000.0, height=11)
    stored = np.clip(np.rint(hu), -1024, 3071).astype(np.int16)
    return Image3(stored, grid, cosines)


def acquire_spect(anatomy: Anatomy, neck: NeckParameters, scan: ScanParameters) -> Image3:
    """Take the SPECT: blur, count, filter.

    Parameters
    ----------
    anatomy : Anatomy
        The posed patient, in the posture of the SPECT.
    neck, scan : NeckParameters, ScanParameters
        Size and seed; the scanner.

    Returns
    -------
    Image3
        Counts as uint16.
    """
    grid, cosines = spect_grid(neck, scan)
    rng = np.random.default_rng([neck.seed, 2])
    fine = _halved(grid)
    patient = spect_to_ct(scan).inverse().matrix @ placement(neck)
    to_voxel = np.linalg.inv(fine.affine) @ patient
    suv = np.zeros(fine.shape, np.float32)
    patchy = _random_field(rng, grid.shape, 6.0 / grid.spacing_mm)
    patchy = np.repeat(np.repeat(np.repeat(patchy, 2, 0), 2, 1), 2, 2)
    for solid in anatomy.tissues:
        _paint_suv(suv, solid, to_voxel, neck.size)
    suv *= np.exp(0.12 * patchy)
    for solid in anatomy.hot:
        _paint_suv(suv, solid, to_voxel, neck.size)
    counts = count(suv, grid, scan, rng)
    _burn(counts, grid, scan.counts_per_suv, ground=0.0, height=9)
    stored = np.clip(np.rint(counts), 0, 65535).astype(np.uint16)
    return Image3(stored, grid, cosines)


def count(
    suv: npt.NDArray[np.float32], grid: Grid, scan: ScanParameters, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Turn concentrations into a reconstruction.

    Parameters
    ----------
    suv : (2k, 2j, 2i) ndarray of float32
        True concentration on voxels of half the edge.
    grid : Grid
        The reconstruction.
    scan : ScanParameters
        Resolution and counts.
    rng : numpy.random.Generator
        Source of the Poisson noise.

    Returns
    -------
    (k, j, i) ndarray of float32
        Counts after the filter.
    """
    edge = scan.spect_voxel_mm
    total = scan.resolution_mm / FWHM_PER_SIGMA
    # Averaging over a voxel is itself a blur of variance edge² / 12.
    before = np.sqrt(max((_BEFORE_COUNTING * total) ** 2 - edge**2 / 12, 0.0))
    blurred = ndimage.gaussian_filter(suv, before / (edge / 2), mode="nearest", truncate=3)
    k, j, i = grid.shape
    mean = blurred.reshape(k, 2, j, 2, i, 2).mean(axis=(1, 3, 5)) * scan.counts_per_suv
    counts = rng.poisson(np.maximum(mean, 0)).astype(np.float32)
    after = total * np.sqrt(1 - _BEFORE_COUNTING**2)
    filtered: npt.NDArray[np.float32] = ndimage.gaussian_filter(
        counts, after / edge, mode="constant", truncate=4
    )
    return filtered


def spect_anatomy(neck: NeckParameters, scan: ScanParameters) -> Anatomy:
    """Return the patient in the posture of the SPECT."""
    return build_anatomy(replace(neck, flexion_deg=neck.flexion_deg + scan.posture_change_deg))


def _halved(grid: Grid) -> Grid:
    affine = grid.affine.copy()
    affine[:3, 3] -= affine[:3, :3].sum(axis=1) / 4
    affine[:3, :3] /= 2
    k, j, i = (2 * n for n in grid.shape)
    return Grid((k, j, i), affine)


def _random_field(
    rng: np.random.Generator, shape: tuple[int, int, int], sigma: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    # Smooth noise of mean 0 and standard deviation 1.
    field = rng.standard_normal(shape, dtype=np.float32)
    field = ndimage.gaussian_filter(field, sigma, mode="wrap", truncate=3)
    result: npt.NDArray[np.float32] = field / field.std()
    return result


def _blocks(
    shape: tuple[int, int, int], solid: Solid, to_voxel: Matrix
) -> Iterable[tuple[tuple[slice, slice, slice], list[npt.NDArray[np.float32]]]]:
    """Yield the parts of a grid that a solid can reach, and local coordinates there."""
    local_to_voxel = to_voxel @ solid.pose
    corners = np.array(
        [
            [x, y, z, 1.0]
            for x in (solid.low[0], solid.high[0])
            for y in (solid.low[1], solid.high[1])
            for z in (solid.low[2], solid.high[2])
        ]
    )
    reach = corners @ local_to_voxel.T
    low = np.maximum(np.floor(reach[:, :3].min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(reach[:, :3].max(axis=0)).astype(int) + 2, shape)
    if np.any(high <= low):
        return
    matrix = np.linalg.inv(local_to_voxel)
    per_slice = int((high[1] - low[1]) * (high[2] - low[2]))
    step = max(1, _CHUNK // per_slice)
    for start in range(low[0], high[0], step):
        stop = min(start + step, int(high[0]))
        ranges = [(start, stop), (int(low[1]), int(high[1])), (int(low[2]), int(high[2]))]
        axes = np.meshgrid(
            *(np.arange(a, b, dtype=np.float64) for a, b in ranges), indexing="ij", sparse=True
        )
        local = []
        for row in matrix[:3]:
            # Leaving out what does not matter keeps the arrays small on a grid along the axes.
            value: Any = np.full((1, 1, 1), row[3])
            for factor, axis in zip(row[:3], axes, strict=True):
                if abs(factor) > 1e-9:
                    value = value + factor * axis
            local.append(value.astype(np.float32))
        yield (slice(start, stop), slice(*ranges[1]), slice(*ranges[2])), local


def _coverage(d: npt.NDArray[np.float32], edge: float) -> npt.NDArray[np.float32]:
    # Share of a voxel on the inner side of a surface at signed distance d.
    return np.clip(np.float32(0.5) - d / np.float32(edge), 0, 1)


def _paint(
    volume: npt.NDArray[np.float32],
    solid: Solid,
    to_voxel: Matrix,
    size: float,
    value: Callable[[Any, npt.NDArray[np.float32], float], Any],
) -> None:
    edge = float(abs(np.linalg.det(to_voxel[:3, :3])) ** (-1 / 3)) * size
    for block, (x, y, z) in _blocks(volume.shape, solid, to_voxel):
        d = solid.distance(x, y, z) * np.float32(size)
        share = _coverage(d, edge)
        part = volume[block]
        part += share * (value(block, d, edge) - part)


def _paint_hu(
    volume: npt.NDArray[np.float32],
    solid: Solid,
    to_voxel: Matrix,
    size: float,
    texture: npt.NDArray[np.float32],
) -> None:
    material = solid.material

    def value(block: Any, d: npt.NDArray[np.float32], edge: float) -> Any:
        inside: Any = np.float32(material.hu)
        if material.texture_hu:
            inside = inside + np.float32(material.texture_hu) * texture[block]
        if not material.shell_mm:
            return inside
        core = _coverage(d + np.float32(material.shell_mm), edge)
        return material.shell_hu + core * (inside - np.float32(material.shell_hu))

    _paint(volume, solid, to_voxel, size, value)


def _paint_suv(
    volume: npt.NDArray[np.float32], solid: Solid, to_voxel: Matrix, size: float
) -> None:
    _paint(volume, solid, to_voxel, size, lambda block, d, edge: np.float32(solid.material.suv))


def _ct_noise(
    rng: np.random.Generator,
    grid: Grid,
    scan: ScanParameters,
    hu: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    # Noise grows where the shoulders are in the beam, and streaks from side to side there.
    if scan.ct_noise_hu == 0:
        return np.zeros(grid.shape, np.float32)
    spacing = grid.spacing_mm
    heights = grid.to_lps(
        np.stack(
            [
                np.arange(grid.shape[0]),
                *(np.full(grid.shape[0], (n - 1) / 2) for n in grid.shape[1:]),
            ],
            axis=1,
        )
    )[:, 2]
    shoulders = np.clip((T1_LPS[2] + 28 - heights) / 45, 0, 1).astype(np.float32)
    grain = _random_field(rng, grid.shape, np.array([0.25, 0.62, 0.62]) / spacing)
    streak = _random_field(rng, grid.shape, np.array([0.25, 0.6, 13.0]) / spacing)
    weight = (1 + 0.9 * shoulders)[:, None, None]
    noise = grain * weight + streak * (1.2 * shoulders)[:, None, None]
    # Air far from the patient is quieter than tissue.
    quiet = np.where(hu < -900, np.float32(0.35), np.float32(1))
    result: npt.NDArray[np.float32] = noise * quiet * np.float32(scan.ct_noise_hu)
    return result


def _burn(
    volume: npt.NDArray[np.float32], grid: Grid, value: float, *, ground: float, height: int
) -> None:
    """Write the text into a corner of every slice, on a ground that keeps it readable.

    It is written as the file stores the rows and, where that differs, once more as the usual
    radiological view shows them (anterior at the top, patient left on the right). Slices so small
    that the text would take more than a quarter of them carry it in the header alone.
    """
    mask = _text_mask(height, grid.shape[1], grid.shape[2])
    if mask is None:
        return
    rows, columns = mask.shape
    flip = tuple(axis for axis, lps in ((1, 1), (2, 0)) if grid.affine[lps, axis] < 0)
    for view in (volume, np.flip(volume, flip)) if flip else (volume,):
        corner = view[:, 1 : 1 + rows, 1 : 1 + columns]
        corner[...] = ground
        corner[:, mask] = value


def _text_mask(height: int, rows: int, columns: int) -> npt.NDArray[np.bool_] | None:
    # The largest letters, on one line or two, that leave the slice to the patient.
    for size in range(height, 6, -1):
        font = ImageFont.load_default(size)
        for lines in ([SIMULATED], SIMULATED.split(" - ")):
            length = int(max(font.getlength(line) for line in lines)) + 1
            tall = (size + 1) * len(lines)
            if length > columns - 2 or tall > rows / 4:
                continue
            picture = Image.new("L", (length, tall))
            draw = ImageDraw.Draw(picture)
            for n, line in enumerate(lines):
                draw.text((0, n * (size + 1) - 1), line, fill=255, font=font)
            mask: npt.NDArray[np.bool_] = np.asarray(picture) > 95
            return mask
    return None
