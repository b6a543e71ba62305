"""Reading a label map from NIfTI, and refusing every header that leaves its place open.

NIfTI states positions in RAS (x to the patient's right is negative); here everything is LPS. A
file may state its place twice, by a matrix (sform) and by a quaternion (qform); programs differ in
which they believe, so a file whose two statements differ is refused. Format: NIfTI-1 and NIfTI-2,
https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h and nifti2.h.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from fusion.errors import FusionError, GeometryError
from fusion.facets.labelled.maps import MAX_LABEL_VOXELS, LabelMap, as_labels, masks_of
from fusion.findings import Finding
from fusion.findings.joints import LABELS_UNIT_ASSUMED, LABELS_WITHOUT_FRAME
from fusion.geometry import DIRECTION_TOLERANCE, FloatArray, Grid
from fusion.plain_text import plain

SUFFIXES = (".nii", ".nii.gz")
#: The two statements of place agree when no corner moves by more than this, mm. The quaternion is
#: stored as float32 without its first component, which loses up to 4e-4 rad near half a turn.
_AGREE_MM = 0.5
#: Relative difference of a voxel edge and the length of its column that is rounding.
_EDGE_TOLERANCE = 0.01
#: NIfTI datatype codes of real numbers.
_DTYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8",
    256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
}  # fmt: skip
#: ``xform`` codes: 1 scanner, 2 aligned to another file of the patient; 3 and 4 are atlases.
_IN_PATIENT = (1, 2)
#: Most bytes of values: 1024 slices of 512 × 512 as float32.
_MAX_BYTES, _PIECE = 2**30, 2**24
_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, slots=True, eq=False)
class _Header:
    shape: tuple[int, int, int]
    dtype: np.dtype[np.generic]
    offset: int
    slope: float
    intercept: float
    pixdim: tuple[float, ...]
    units: int
    qform_code: int
    sform_code: int
    quaternion: tuple[float, ...]
    sform: FloatArray


def is_nifti(path: Path) -> bool:
    """Whether a file's name says that it is NIfTI."""
    return path.name.lower().endswith(SUFFIXES)


def read_nifti(path: Path) -> LabelMap:
    """Read a label map.

    Parameters
    ----------
    path : Path
        ``.nii`` or ``.nii.gz``.

    Raises
    ------
    GeometryError
        The file does not say where it lies in the patient, says it twice and differently, or lies
        askew (not orthonormal).
    FusionError
        No label map in NIfTI, or a damaged one.
    """
    name = plain(path.name)
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            size = None if packed else path.stat().st_size
            stream: BinaryIO = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]
            header = _header(stream, name=name)
            labels = _labels(stream, header, size=size, name=name)
    except (OSError, EOFError, zlib.error, struct.error) as exc:
        raise FusionError(f"{name} cannot be read as NIfTI: it is damaged or cut short.") from exc
    grid = Grid(header.shape, _affine(header, name=name))
    return LabelMap(name, grid, masks_of(labels, grid, name=name), findings=_findings(header, name))


def _header(stream: BinaryIO, *, name: str) -> _Header:
    first = stream.read(4)
    for order in "<>":
        if len(first) == 4 and struct.unpack(f"{order}i", first)[0] in (348, 540):
            break
    else:
        raise FusionError(f"{name} is not NIfTI: it does not begin with a NIfTI header.")
    version_2 = struct.unpack(f"{order}i", first)[0] == 540
    data = first + stream.read((540 if version_2 else 348) - 4)

    def at(offset: int, layout: str) -> tuple[float, ...]:
        return struct.unpack_from(order + layout, data, offset)

    if version_2:
        magic, dims, code = data[4:7], at(16, "8q"), at(12, "h")[0]
        pixdim, offset = at(104, "8d"), int(at(168, "q")[0])
        slope, intercept = at(176, "2d")
        qcode, scode = (int(v) for v in at(344, "2i"))
        quaternion, rows, units = at(352, "6d"), at(400, "12d"), int(at(500, "i")[0])
    else:
        magic, dims, code = data[344:347], at(40, "8h"), at(70, "h")[0]
        pixdim, offset = at(76, "8f"), int(at(108, "f")[0])
        slope, intercept = at(112, "2f")
        qcode, scode = (int(v) for v in at(252, "2h"))
        quaternion, rows, units = at(256, "6f"), at(280, "12f"), data[123]
    if magic not in ((b"n+2",) if version_2 else (b"n+1",)):
        raise FusionError(f"{name} is not NIfTI in one file (.nii or .nii.gz).")
    counts = [int(n) for n in dims]
    if not 3 <= counts[0] <= 7 or any(n != 1 for n in counts[4 : counts[0] + 1]):
        raise FusionError(
            f"{name} has {counts[0]} dimensions of sizes {counts[1 : counts[0] + 1]}; a label map "
            "has three."
        )
    shape = counts[3], counts[2], counts[1]
    if min(shape) < 1 or float(np.prod([float(n) for n in shape])) > MAX_LABEL_VOXELS:
        raise FusionError(f"{name} states {shape} voxels, which no label map of a neck has.")
    if code not in _DTYPES:
        raise FusionError(f"{name} holds values of NIfTI type {code}; labels are whole numbers.")
    dtype = np.dtype(order + _DTYPES[int(code)])
    smallest = 544 if version_2 else 352
    if not smallest <= offset <= 2**20:
        raise FusionError(f"{name} states that its values begin at byte {offset}: it is damaged.")
    sform = np.eye(4)
    sform[:3] = np.array(rows).reshape(3, 4)
    return _Header(
        shape, dtype, offset, slope, intercept, pixdim, units & 7, qcode, scode, quaternion, sform
    )


def _labels(
    stream: BinaryIO, header: _Header, *, size: int | None, name: str
) -> npt.NDArray[np.uint16]:
    slope = header.slope if np.isfinite(header.slope) else 0.0
    intercept = header.intercept if np.isfinite(header.intercept) else 0.0
    if slope not in (0.0, 1.0) or (slope == 1.0 and intercept != 0.0):
        raise FusionError(
            f"{name} scales its values (slope {slope:g}, intercept {intercept:g}); labels are "
            "stored as they are. Write the label map without scaling."
        )
    wanted = int(np.prod(header.shape)) * header.dtype.itemsize
    if size is not None and size < header.offset + wanted:
        raise EOFError
    stream.seek(header.offset)
    if wanted > _MAX_BYTES:
        raise FusionError(
            f"{name} states {wanted / 2**30:.1f} GiB of values, which no label map of a neck has."
        )
    # Memory that is not written to is not taken: a packed file that claims more than it holds
    # costs no more than it holds.
    values = np.empty(header.shape, header.dtype)
    view, filled = values.reshape(-1).view(np.uint8).data, 0
    while filled < wanted:
        count = stream.readinto(view[filled : filled + _PIECE])  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        filled += count
    return as_labels(values, name=name)


def _affine(header: _Header, *, name: str) -> FloatArray:
    if header.units not in (0, 2):
        unit = {1: "metres", 3: "micrometres"}.get(header.units, f"unit {header.units}")
        raise GeometryError(f"{name} states its place in {unit}; write it in millimetres.")
    edges = np.array(header.pixdim[1:4])
    if not np.isfinite(edges).all() or edges.min() <= 0:
        raise GeometryError(f"{name} states voxel edges of {edges.tolist()} mm.")
    atlas = [c for c in (header.sform_code, header.qform_code) if c > 2]
    if atlas:
        raise GeometryError(
            f"{name} lies in the space of an atlas (xform code {atlas[0]}), not of the patient. "
            "Give the label map as it was made on the patient's CT."
        )
    by_matrix = _checked(header.sform, edges, name) if header.sform_code in _IN_PATIENT else None
    by_quaternion = (
        _checked(_from_quaternion(header, edges, name), edges, name)
        if header.qform_code in _IN_PATIENT
        else None
    )
    if by_matrix is None and by_quaternion is None:
        raise GeometryError(
            f"{name} does not state where it lies in the patient (sform and qform are both "
            "empty). Left and right cannot be told. Write it again from the CT with its geometry."
        )
    if by_matrix is not None and by_quaternion is not None:
        last = np.array([(*corner, 1) for corner in np.ndindex(2, 2, 2)], dtype=np.float64)
        last[:, :3] *= np.array(header.shape[::-1]) - 1
        apart = float(np.abs(last @ (by_matrix - by_quaternion).T).max())
        if apart > _AGREE_MM:
            raise GeometryError(
                f"{name} states its place twice and differently: sform and qform put a corner "
                f"{apart:.1f} mm apart. Programs differ in which they believe, so neither is "
                "taken. Write it again from the CT with one geometry."
            )
    ras = by_matrix if by_matrix is not None else by_quaternion
    assert ras is not None
    return np.asarray((_RAS_TO_LPS @ ras)[:, [2, 1, 0, 3]], dtype=np.float64)


def _checked(affine: FloatArray, edges: FloatArray, name: str) -> FloatArray:
    if not np.isfinite(affine).all():
        raise GeometryError(f"{name} states a position that is not a number.")
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if lengths.min() <= 0 or np.abs(lengths / edges - 1).max() > _EDGE_TOLERANCE:
        raise GeometryError(
            f"{name} states voxel edges of {np.round(edges, 4).tolist()} mm and, by its matrix, "
            f"of {np.round(lengths, 4).tolist()} mm."
        )
    directions = affine[:3, :3] / lengths
    skew = float(np.abs(directions.T @ directions - np.eye(3)).max())
    if skew > DIRECTION_TOLERANCE:
        raise GeometryError(
            f"The axes of {name} are not perpendicular (cosine {skew:.4f}), for example because "
            "of a tilted gantry. Write it again on an upright grid."
        )
    return affine


def _from_quaternion(header: _Header, edges: FloatArray, name: str) -> FloatArray:
    b, c, d, *offset = header.quaternion
    square = 1.0 - (b * b + c * c + d * d)
    if not square >= -1e-3:
        raise GeometryError(f"The quaternion of {name} is no rotation.")
    a = float(np.sqrt(max(square, 0.0)))
    b, c, d = np.array([b, c, d]) / np.sqrt(a * a + b * b + c * c + d * d)
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
        ]
    )
    flip = -1.0 if header.pixdim[0] < 0 else 1.0
    affine = np.eye(4)
    affine[:3, :3] = rotation * edges * (1.0, 1.0, flip)
    affine[:3, 3] = offset
    return affine


def _findings(header: _Header, name: str) -> tuple[Finding, ...]:
    findings = [LABELS_WITHOUT_FRAME(name=name)]
    if header.units == 0:
        findings.append(LABELS_UNIT_ASSUMED(name=name))
    return tuple(findings)
