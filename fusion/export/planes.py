"""Three fused planes of the study as PNG."""

from __future__ import annotations

from pathlib import Path

from fusion.export.handout import Handout
from fusion.export.report.pictures import PLANES
from fusion.facets import neck_midline
from fusion.findings import Finding
from fusion.findings.readings import PICTURES_PASS
from fusion.fused import Fused
from fusion.geometry import FloatArray
from fusion.progress import ProgressCallback

#: Bone this near to the canal of the neck is bone of the neck, mm: a joint lies within 25 mm of it,
#: the tip of a spinous process some 50 behind it, teeth and jaw further in front.
NECK_REACH_MM = 40.0
#: In the order of :data:`~fusion.export.report.pictures.PLANES`.
PICTURES = tuple(f"fused_{plane}.png" for plane in PLANES)


def shown_point(
    fused: Fused, *, progress: ProgressCallback | None = None
) -> tuple[FloatArray, Finding]:
    """Choose where the planes pass when nobody said it, and say it.

    Parameters
    ----------
    fused : Fused
        What is shown.
    progress : callable, optional
        Told what is being done; may raise :class:`fusion.errors.Cancelled`.

    Returns
    -------
    point_lps : (3,) ndarray of float64, mm
        In the CT's frame: the hottest bone of the neck, the middle of a neck where nothing stands
        out, or the hottest bone where no neck was found.
    said : Finding
        Which of them it is.
    """
    midline = neck_midline(fused.ct, progress=progress)
    if midline is None:
        return fused.focus_lps, PICTURES_PASS(where="the hottest bone: no neck was found on the CT")
    hottest = fused.hottest_near(midline, NECK_REACH_MM)
    if hottest is not None:
        return hottest, PICTURES_PASS(where="the hottest bone of the neck")
    where = "the middle of the neck, where nothing stands out"
    return midline[len(midline) // 2], PICTURES_PASS(where=where)


def export_planes(handout: Handout, folder: Path) -> tuple[Path, ...]:
    """Write the axial, coronal and sagittal plane through the point that is shown."""
    paths = tuple(folder / name for name in PICTURES)
    for path, shown in zip(paths, handout.pictures.planes, strict=True):
        shown.image.save(path)
    return paths
