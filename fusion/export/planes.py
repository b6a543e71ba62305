"""Three fused planes of the study as PNG."""

from __future__ import annotations

from pathlib import Path

from fusion.export.handout import Handout
from fusion.export.report.pictures import PLANES

#: In the order of :data:`~fusion.export.report.pictures.PLANES`.
PICTURES = tuple(f"fused_{plane}.png" for plane in PLANES)


def export_planes(handout: Handout, folder: Path) -> tuple[Path, ...]:
    """Write the axial, coronal and sagittal plane through the point that is shown."""
    paths = tuple(folder / name for name in PICTURES)
    for path, shown in zip(paths, handout.pictures.planes, strict=True):
        shown.image.save(path)
    return paths
