"""The fused volume and the transform in the formats of other programs: NIfTI, NRRD and ITK's .tfm.

None of them can say whose it is, what was assumed, or that it is no medical device, as DICOM can;
what fits is put into comments, and none of it identifies anyone.
"""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import SimpleITK as sitk

from fusion.geometry import FloatArray, Grid
from fusion.progress import Progress, ProgressCallback
from fusion.review import Review
from fusion.sitk import image_on, transform_to_sitk
from fusion.software import DISCLAIMER, SHORT_DISCLAIMER, SIMULATED, own_version

#: Length of the description in a NIfTI header, bytes, and the kind of extension that is a comment.
_DESCRIPTION_BYTES, _COMMENT = 80, 6
#: "Aligned to the scanner" in a NIfTI header.
_SCANNER = 1


def write_other_formats(
    review: Review, folder: Path, *, progress: ProgressCallback | None = None
) -> tuple[Path, Path, Path]:
    """Write ``spect_on_ct.nii.gz``, ``spect_on_ct.nrrd`` and ``spect_to_ct.tfm``.

    Parameters
    ----------
    review : Review
        Its functional volume is written on the CT's grid, or on the straight display grid where
        the CT is tilted; ``nan`` outside its field.
    folder : Path
        There already; files of the same names are replaced.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Returns
    -------
    nifti, nrrd, tfm : Path
    """
    report = Progress(progress)
    fused = review.fused
    straight = fused.ct.grid.is_orthogonal and not fused.registration.is_bent
    grid = fused.ct.grid if straight else fused.display_grid
    values = fused.spect_on(grid, report.part(0.0, 0.5))
    nifti = folder / "spect_on_ct.nii.gz"
    nrrd = folder / "spect_on_ct.nrrd"
    tfm = folder / "spect_to_ct.tfm"
    report(0.5, "Writing NIfTI, NRRD and the transform")
    comments = _comments(review)
    _write_nifti(nifti, values, grid, unit=fused.spect.unit, comments=comments)
    report(0.75, "Writing NIfTI, NRRD and the transform")
    image = image_on(values, grid)
    for number, comment in enumerate(comments, start=1):
        image.SetMetaData(f"comment {number}", comment)
    image.SetMetaData("unit", fused.spect.unit)
    sitk.WriteImage(image, str(nrrd), useCompression=True)
    _write_tfm(tfm, review, comments)
    report(1.0, "Done")
    return nifti, nrrd, tfm


def _comments(review: Review) -> tuple[str, ...]:
    """Return what must stand in every file; codes only, because sentences may name people."""
    codes = sorted({finding.code for finding in review.assumptions})
    lines = [DISCLAIMER, f"Made by facetfusion {own_version()}."]
    if review.simulated:
        lines.append(SIMULATED.replace("—", "-"))
    lines.append(f"Alignment: {review.fused.registration.method.value}.")
    if codes:
        lines.append(f"Assumed, see review.json: {', '.join(codes)}.")
    return tuple(lines)


def _write_nifti(
    path: Path,
    values: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    grid: Grid,
    *,
    unit: str,
    comments: tuple[str, ...],
) -> None:
    image = nib.Nifti1Image(values.transpose(2, 1, 0), ras_affine(grid))
    header = image.header
    image.set_sform(ras_affine(grid), _SCANNER)
    image.set_qform(ras_affine(grid), _SCANNER)
    header.set_xyzt_units("mm")
    description = f"{SHORT_DISCLAIMER} facetfusion {own_version()}"
    header["descrip"] = description.encode("ascii")[:_DESCRIPTION_BYTES]
    text = "\n".join((*comments, f"Unit: {unit}.")).encode("utf-8")
    header.extensions.append(nib.nifti1.Nifti1Extension(_COMMENT, text))
    nib.save(image, path)


def ras_affine(grid: Grid) -> FloatArray:
    """Return the affine of NIfTI: indices (i, j, k) to RAS mm, at voxel centres."""
    affine: FloatArray = np.diag([-1.0, -1.0, 1.0, 1.0]) @ grid.affine[:, [2, 1, 0, 3]]
    return affine


def _write_tfm(path: Path, review: Review, comments: tuple[str, ...]) -> None:
    transform = transform_to_sitk(
        review.fused.registration.transform, center_lps=review.fused.ct.grid.center_lps
    )
    sitk.WriteTransform(transform, str(path))
    first, _, rest = path.read_text("ascii").partition("\n")
    lines = [
        *comments,
        "From points of the CT to points of the functional volume, LPS mm: what resampling needs.",
    ]
    if review.fused.registration.is_bent:
        lines.append("The neck correction in use is not in it; registration.json has both parts.")
    said = "".join(f"# {line}\n" for line in lines)
    path.write_text(f"{first}\n{said}{rest}", "utf-8")
