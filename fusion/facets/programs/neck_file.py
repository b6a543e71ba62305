"""The neck, cut out of a CT and written as NIfTI: all that another program is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from fusion.anatomy import LEVELS
from fusion.errors import FusionError
from fusion.facets.automatic.canal import search_grid
from fusion.facets.automatic.naming.numbering import number
from fusion.facets.automatic.neck import Neck
from fusion.geometry import Volume, block_around
from fusion.resampling import Resampler
from fusion.sitk import image_on

#: How far beyond the midline of the joints the cut reaches, to the left and right, the front and
#: back, the feet and head, mm: a whole vertebra of the largest adult, T2 below and C1 above.
_BESIDE_MM, _FRONT_MM, _BACK_MM, _BELOW_MM, _ABOVE_MM = 55.0, 45.0, 75.0, 45.0, 50.0
#: From this many voxels on SPINEPS asks for a further model, which it would download
#: (docs/sources.md#segmentation-programs); then the cut is written with voxels of this edge, mm.
_MOST_VOXELS, _EDGE_MM = 200**3, 1.0
#: What is written where the CT has no voxel, and the range that int16 and every reader holds, HU.
_AIR_HU, _RANGE_HU = -1024.0, (-1024.0, 32_000.0)


def write_neck(neck: Neck, path: Path) -> None:
    """Write the neck of a CT for another program: HU as int16, no word about the patient.

    Parameters
    ----------
    neck : Neck
        From :func:`fusion.facets.automatic.neck.find_neck`.
    path : Path
        ``.nii.gz``.

    Raises
    ------
    FusionError
        No level of the neck was found, so that nobody knows where to cut.
    """
    part = _cut(neck)
    grid = part.grid
    if not grid.is_orthogonal or np.prod(grid.shape) > _MOST_VOXELS:
        grid = search_grid(grid, _EDGE_MM)
        values = Resampler(part, grid).array()
    else:
        values = part.values()
    whole = np.rint(np.clip(np.nan_to_num(values, nan=_AIR_HU), *_RANGE_HU)).astype(np.int16)
    sitk.WriteImage(image_on(whole, grid), str(path))


def _cut(neck: Neck) -> Volume:
    levels = number(neck.scores, neck.parts, neck.claims, {}, chest=neck.chest, rhythm=neck.rhythm)
    if levels is None:
        raise FusionError(
            "No level of the neck was found on this CT, so no neck can be cut out of it for "
            "another program. Run the program yourself on the CT, and give its label map with "
            "facetfusion facets --labels FILE."
        )
    heights = [h for level, h in levels.chain.heights_mm.items() if level in LEVELS]
    middle = neck.frame.to_lps([(height, 0.0, 0.0) for height in heights])
    low = middle.min(axis=0) - np.array([_BESIDE_MM, _FRONT_MM, _BELOW_MM])
    high = middle.max(axis=0) + np.array([_BESIDE_MM, _BACK_MM, _ABOVE_MM])
    box = np.stack([low, high])
    corners = np.array([[box[a, 0], box[b, 1], box[c, 2]] for a, b, c in np.ndindex(2, 2, 2)])
    part = block_around(neck.ct, corners)
    assert part is not None  # the midline lies on the CT
    return part
