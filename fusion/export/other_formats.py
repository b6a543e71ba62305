"""The fused volume and the transform in the formats of other programs: NIfTI, NRRD and ITK's .tfm.

None of them can say whose it is, what was assumed, or that it is no medical device, as DICOM can;
what fits is put into comments, and none of it identifies anyone.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.openers import ImageOpener

from fusion.export.handout import Handout
from fusion.geometry import FloatArray, Grid
from fusion.review import Review
from fusion.software import DISCLAIMER, SHORT_DISCLAIMER, SIMULATED, own_version
from fusion.temporary import PrivateFolder

NIFTI, NRRD, TFM = "spect_on_ct.nii.gz", "spect_on_ct.nrrd", "spect_to_ct.tfm"
#: Length of the description in a NIfTI header, bytes, and the kind of extension that is a comment.
_DESCRIPTION_BYTES, _COMMENT = 80, 6
#: "Aligned to the scanner" in a NIfTI header.
_SCANNER = 1


def export_volumes(handout: Handout, folder: Path) -> tuple[Path, Path]:
    """Write the functional volume on the CT's grid; ``nan`` outside its field.

    On the straight display grid where the CT is tilted, or upper and lower neck are apart.
    """
    review, report = handout.review, handout.progress
    fused = review.fused
    straight = fused.ct.grid.is_orthogonal and not fused.registration.is_bent
    grid = fused.ct.grid if straight else fused.display_grid
    comments = (*_comments(review), f"Unit: {fused.spect.unit}.")
    # Written as they are made: the whole as float32 takes twice what the CT does.
    with ImageOpener(str(folder / NIFTI), "wb") as nifti, (folder / NRRD).open("wb") as nrrd:
        _nifti_header(grid, comments).write_to(nifti)
        nrrd.write(_nrrd_header(grid, comments))
        with gzip.GzipFile("", "wb", fileobj=nrrd, mtime=0) as packed:
            for part in fused.spect_slabs_on(grid, report):
                content = part.astype("<f4", copy=False).tobytes()
                nifti.write(content)
                packed.write(content)
    return folder / NIFTI, folder / NRRD


def export_transform(handout: Handout, folder: Path) -> tuple[Path]:
    """Write the transform in use; of a neck correction the rigid proposal."""
    # Here alone: nothing else that is exported needs its 80 MiB.
    import SimpleITK as sitk

    from fusion.sitk import transform_to_sitk

    review = handout.review
    transform = transform_to_sitk(
        review.fused.registration.transform, center_lps=review.fused.ct.grid.center_lps
    )
    path = folder / TFM
    # The library ends the whole process where a path is no UTF-8, as the user's folder may be.
    private = PrivateFolder()
    sitk.WriteTransform(transform, str(private.path / TFM))
    first, _, rest = (private.path / TFM).read_text("ascii").partition("\n")
    lines = [
        *_comments(review),
        f"From points of the CT to points of the {review.spect_label}, LPS mm, as resampling "
        "needs.",
    ]
    if review.fused.registration.is_bent:
        lines.append("The neck correction in use is not in it; registration.json has both parts.")
    said = "".join(f"# {line}\n" for line in lines)
    path.write_text(f"{first}\n{said}{rest}", "utf-8")
    return (path,)


def _comments(review: Review) -> tuple[str, ...]:
    """Return what must stand in every file; codes only, because sentences may name people."""
    codes = sorted({finding.code for finding in review.assumptions})
    lines = [DISCLAIMER, f"Made by facetfusion {own_version()}."]
    if review.simulated:
        lines.append(SIMULATED.replace("—", "-"))
    lines.append(f"Alignment: {review.fused.registration.method.words}.")
    if codes:
        lines.append(f"Assumed, see review.json: {', '.join(codes)}.")
    return tuple(lines)


def _nifti_header(grid: Grid, comments: tuple[str, ...]) -> nib.Nifti1Header:
    header = nib.Nifti1Header(endianness="<")
    header.set_data_dtype(np.float32)
    header.set_data_shape(grid.shape[::-1])
    header.set_slope_inter(1, 0)
    header.set_sform(ras_affine(grid), _SCANNER)
    header.set_qform(ras_affine(grid), _SCANNER)
    header.set_xyzt_units("mm")
    description = f"{SHORT_DISCLAIMER} facetfusion {own_version()}"
    header["descrip"] = description.encode("ascii")[:_DESCRIPTION_BYTES]
    text = "\n".join(comments).encode("utf-8")
    header.extensions.append(nib.nifti1.Nifti1Extension(_COMMENT, text))
    return header


def _nrrd_header(grid: Grid, comments: tuple[str, ...]) -> bytes:
    """Return the header of an NRRD file (format definition, teem.sourceforge.net/nrrd)."""

    def vector(values: FloatArray) -> str:
        return "(" + ",".join(repr(float(value)) for value in values) + ")"

    steps = grid.affine[:3, :3].T[::-1]  # of i, j and k
    lines = [
        "NRRD0004",
        "type: float",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {' '.join(map(str, grid.shape[::-1]))}",
        f"space directions: {' '.join(map(vector, steps))}",
        "kinds: domain domain domain",
        "endian: little",
        "encoding: gzip",
        f"space origin: {vector(grid.affine[:3, 3])}",
        *(f"comment {number}:={comment}" for number, comment in enumerate(comments, start=1)),
    ]
    return ("\n".join(lines) + "\n\n").encode("utf-8")


def ras_affine(grid: Grid) -> FloatArray:
    """Return the affine of NIfTI: indices (i, j, k) to RAS mm, at voxel centres."""
    affine: FloatArray = np.diag([-1.0, -1.0, 1.0, 1.0]) @ grid.affine[:, [2, 1, 0, 3]]
    return affine
