"""The fused volume and the transform in the formats of other programs: NIfTI, NRRD and ITK's .tfm.

None of them can say whose it is, what was assumed, or that it is no medical device, as DICOM can;
what fits is put into comments, and none of it identifies anyone.
"""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import SimpleITK as sitk

from fusion.export.handout import Handout
from fusion.geometry import FloatArray, Grid
from fusion.review import Review
from fusion.sitk import image_on, transform_to_sitk
from fusion.software import DISCLAIMER, SHORT_DISCLAIMER, SIMULATED, own_version

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
    values = fused.spect_on(grid, report.part(0.0, 0.5))
    comments = (*_comments(review), f"Unit: {fused.spect.unit}.")
    _write_nifti(folder / NIFTI, values, grid, comments)
    report(0.75, "Writing for other programs")
    image = image_on(values, grid)
    for number, comment in enumerate(comments, start=1):
        image.SetMetaData(f"comment {number}", comment)
    sitk.WriteImage(image, str(folder / NRRD), useCompression=True)
    return folder / NIFTI, folder / NRRD


def export_transform(handout: Handout, folder: Path) -> tuple[Path]:
    """Write the transform in use; of a neck correction the rigid proposal."""
    review = handout.review
    transform = transform_to_sitk(
        review.fused.registration.transform, center_lps=review.fused.ct.grid.center_lps
    )
    path = folder / TFM
    sitk.WriteTransform(transform, str(path))
    first, _, rest = path.read_text("ascii").partition("\n")
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


def _write_nifti(
    path: Path,
    values: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    grid: Grid,
    comments: tuple[str, ...],
) -> None:
    image = nib.Nifti1Image(values.transpose(2, 1, 0), ras_affine(grid))
    header = image.header
    image.set_sform(ras_affine(grid), _SCANNER)
    image.set_qform(ras_affine(grid), _SCANNER)
    header.set_xyzt_units("mm")
    description = f"{SHORT_DISCLAIMER} facetfusion {own_version()}"
    header["descrip"] = description.encode("ascii")[:_DESCRIPTION_BYTES]
    text = "\n".join(comments).encode("utf-8")
    header.extensions.append(nib.nifti1.Nifti1Extension(_COMMENT, text))
    nib.save(image, path)


def ras_affine(grid: Grid) -> FloatArray:
    """Return the affine of NIfTI: indices (i, j, k) to RAS mm, at voxel centres."""
    affine: FloatArray = np.diag([-1.0, -1.0, 1.0, 1.0]) @ grid.affine[:, [2, 1, 0, 3]]
    return affine
