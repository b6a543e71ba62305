"""Reading a label map from NIfTI, and refusing every header that leaves its place open.

NIfTI states positions in RAS (x to the patient's right is negative); here everything is LPS. A
file may state its place twice, by a matrix (sform) and by a quaternion (qform); programs differ in
which they believe, so a file whose two statements differ is refused. Format: NIfTI-1 and NIfTI-2,
https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h and nifti2.h.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

import numpy as np
import numpy.typing as npt

from fusion.errors import FusionError, GeometryError
from fusion.facets.labelled.maps import MAX_LABEL_VOXELS, LabelMap, as_labels, masks_of
from fusion.findings import Finding
from fusion.findings.joints import LABELS_UNIT_ASSUMED, LABELS_WITHOUT_FRAME
from fusion.geometry import DIRECTION_TOLERANCE, FloatArray, Grid
from fusion.plain_text import plain

if TYPE_CHECKING:
    # Imported where a header is read: opening a study waits for no library that it does not need.
    from nibabel.nifti1 import Nifti1Header

SUFFIXES = (".nii", ".nii.gz")
#: The two statements of place agree when no corner moves by more than this, mm. The quaternion is
#: stored as float32 without its first component, which loses up to 6e-4 of it near half a turn.
_AGREE_MM = 0.5
#: Relative difference of a voxel edge and the length of its column that is rounding.
_EDGE_TOLERANCE = 0.01
#: ``xform`` codes: 1 scanner, 2 aligned to another file of the patient; 3 and 4 are atlases.
_IN_PATIENT = (1, 2)
#: Codes of the unit of length: not stated, and millimetres.
_UNIT_UNKNOWN, _MILLIMETRES = 0, 2
#: Furthest byte at which values may begin; extensions of the header stand before them.
_MAX_OFFSET = 2**20
#: Most bytes of values: 1024 slices of 512 × 512 as float32.
_MAX_BYTES, _PIECE = 2**30, 2**24
_BYTE_ORDERS: tuple[Literal["little", "big"], ...] = ("little", "big")
_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


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
            shape = _shape(header, name=name)
            labels = _labels(stream, header, shape, size=size, name=name)
    except (OSError, EOFError, zlib.error) as exc:
        raise FusionError(f"{name} cannot be read as NIfTI: it is damaged or cut short.") from exc
    grid = Grid(shape, _affine(header, shape, name=name))
    return LabelMap(name, grid, masks_of(labels, grid, name=name), findings=_findings(header, name))


def _header(stream: BinaryIO, *, name: str) -> Nifti1Header:
    """Read the header of either version and byte order; its extensions are not looked at."""
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header

    first = stream.read(4)
    kinds: tuple[type[Nifti1Header], ...] = (Nifti1Header, Nifti2Header)
    sizes = {
        kind.sizeof_hdr.to_bytes(4, order): (kind, order)
        for kind in kinds
        for order in _BYTE_ORDERS
    }
    if first not in sizes:
        raise FusionError(f"{name} is not NIfTI: it does not begin with a NIfTI header.")
    kind, order = sizes[first]
    block = first + stream.read(kind.sizeof_hdr - 4)
    if len(block) < kind.sizeof_hdr:
        raise EOFError
    # Its own checks repair what they can and log the rest; here what is wrong is refused.
    header = kind(block, order, check=False)
    if header["magic"].item() != kind.single_magic:
        raise FusionError(f"{name} is not NIfTI in one file (.nii or .nii.gz).")
    # nifti1.h: the third axis is turned where pixdim[0] is negative; 0 is taken for 1.
    header["pixdim"][0] = -1.0 if header["pixdim"][0] < 0 else 1.0
    return header


def _shape(header: Nifti1Header, *, name: str) -> tuple[int, int, int]:
    count, *sizes = (int(n) for n in header["dim"])
    if not 3 <= count <= 7 or any(n != 1 for n in sizes[3:count]):
        raise FusionError(
            f"{name} has {count} dimensions of sizes {sizes[:count]}; a label map has three."
        )
    shape = sizes[2], sizes[1], sizes[0]
    if min(shape) < 1 or float(np.prod([float(n) for n in shape])) > MAX_LABEL_VOXELS:
        raise FusionError(f"{name} states {shape} voxels, which no label map of a neck has.")
    return shape


def _dtype(header: Nifti1Header, *, name: str) -> np.dtype[np.generic]:
    try:
        dtype: np.dtype[np.generic] | None = header.get_data_dtype()
    except KeyError:
        dtype = None
    if dtype is None or dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise FusionError(
            f"{name} holds values of NIfTI type {int(header['datatype'])}; labels are whole "
            "numbers."
        )
    return dtype


def _labels(
    stream: BinaryIO,
    header: Nifti1Header,
    shape: tuple[int, int, int],
    *,
    size: int | None,
    name: str,
) -> npt.NDArray[np.uint16]:
    dtype = _dtype(header, name=name)
    # The smallest is the header and the four bytes that say whether extensions follow. A number
    # that is none fails the comparison too.
    offset = float(header["vox_offset"])
    if not header.single_vox_offset <= offset <= _MAX_OFFSET:
        raise FusionError(f"{name} states that its values begin at byte {offset:g}: it is damaged.")
    slope, intercept = (
        float(v) if np.isfinite(v) else 0.0 for v in (header["scl_slope"], header["scl_inter"])
    )
    if slope not in (0.0, 1.0) or (slope == 1.0 and intercept != 0.0):
        raise FusionError(
            f"{name} scales its values (slope {slope:g}, intercept {intercept:g}); labels are "
            "stored as they are. Write the label map without scaling."
        )
    wanted = int(np.prod(shape)) * dtype.itemsize
    if size is not None and size < offset + wanted:
        raise EOFError
    stream.seek(int(offset))
    if wanted > _MAX_BYTES:
        raise FusionError(
            f"{name} states {wanted / 2**30:.1f} GiB of values, which no label map of a neck has."
        )
    # Memory that is not written to is not taken: a packed file that claims more than it holds
    # costs no more than it holds.
    values = np.empty(shape, dtype)
    view, filled = values.reshape(-1).view(np.uint8).data, 0
    while filled < wanted:
        count = stream.readinto(view[filled : filled + _PIECE])  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        filled += count
    return as_labels(values, name=name)


def _affine(header: Nifti1Header, shape: tuple[int, int, int], *, name: str) -> FloatArray:
    """Return the matrix from (k, j, i) to LPS mm, or refuse."""
    if (unit := _length_unit(header)) not in (_UNIT_UNKNOWN, _MILLIMETRES):
        stated = {1: "metres", 3: "micrometres"}.get(unit, f"unit {unit}")
        raise GeometryError(f"{name} states its place in {stated}; write it in millimetres.")
    edges = np.array(header["pixdim"][1:4], dtype=np.float64)
    if not np.isfinite(edges).all() or edges.min() <= 0:
        raise GeometryError(f"{name} states voxel edges of {edges.tolist()} mm.")
    codes = int(header["sform_code"]), int(header["qform_code"])
    atlas = [code for code in codes if code > max(_IN_PATIENT)]
    if atlas:
        raise GeometryError(
            f"{name} lies in the space of an atlas (xform code {atlas[0]}), not of the patient. "
            "Give the label map as it was made on the patient's CT."
        )
    by_matrix = by_quaternion = None
    if codes[0] in _IN_PATIENT:
        by_matrix = _checked(header.get_sform(), edges, name)
    if codes[1] in _IN_PATIENT:
        by_quaternion = _checked(_qform(header, name), edges, name)
    if by_matrix is None and by_quaternion is None:
        raise GeometryError(
            f"{name} does not state where it lies in the patient (sform and qform are both "
            "empty). Left and right cannot be told. Write it again from the CT with its geometry."
        )
    if by_matrix is not None and by_quaternion is not None:
        last = np.array([(*corner, 1) for corner in np.ndindex(2, 2, 2)], dtype=np.float64)
        last[:, :3] *= np.array(shape[::-1]) - 1
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
            "of a tilted gantry. Write it again on upright slices."
        )
    return affine


def _qform(header: Nifti1Header, name: str) -> FloatArray:
    try:
        return np.asarray(header.get_qform(), dtype=np.float64)
    except ValueError as exc:
        raise GeometryError(f"The quaternion of {name} is no rotation.") from exc


def _length_unit(header: Nifti1Header) -> int:
    # The lowest three bits; what unit of time the file states is of no interest.
    return int(header["xyzt_units"]) & 7


def _findings(header: Nifti1Header, name: str) -> tuple[Finding, ...]:
    findings = [LABELS_WITHOUT_FRAME(name=name)]
    if _length_unit(header) == _UNIT_UNKNOWN:
        findings.append(LABELS_UNIT_ASSUMED(name=name))
    return tuple(findings)
