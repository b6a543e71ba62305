"""What the levels of a neck look like: mean bone maps of our own simulated necks.

Built by ``scripts/build_facet_template.py`` from :mod:`sample_data`, whose vertebrae follow
published morphometry (docs/sources.md#joint-layout); nobody's scan is in it. Windows are
in the frame of the spinal canal (:mod:`fusion.facets.automatic.straight`) and in units of a patient
of size 1: ``[s, p, l]``, to the head, to the back, to the left.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from fusion.anatomy import CERVICAL
from fusion.geometry import FloatArray

#: Levels that have a template, from the skull down. The thoracic ones are never reported; they
#: keep the search from taking thoracic levels for cervical ones.
TEMPLATE_LEVELS = (*CERVICAL.levels, *CERVICAL.below)
#: Offsets from the middle between the two joints of a level (s) and from the middle of the canal
#: (p, l) at which a level window is sampled, mm.
WINDOW_S = np.arange(-14.0, 14.1, 2.0)
WINDOW_P = np.arange(-26.0, 22.1, 2.0)
WINDOW_L = np.arange(-28.0, 28.1, 2.0)
#: Half extents of the window about one joint, mm, sampled every 1 mm.
PATCH_HALF = (11, 11, 8)
FILE = CERVICAL.template_file


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """Mean appearance and layout of the levels.

    Parameters
    ----------
    windows : (levels, s, p, l) ndarray of float32
        Mean bone map about each level, mirror symmetric.
    patches : (levels, s, p, l) ndarray of float32
        Mean bone map about the left joint of each level; mirror it for the right.
    offsets_mm : (levels, 3) ndarray of float64
        Where the left joint lies: s from the level's middle (0), p, l.
    normals : (levels, 3) ndarray of float64
        Unit normal of the left joint in (s, p, l), towards the upper bone.
    pitch_mm : (levels - 1,) ndarray of float64
        Distance along the canal from each level to the next below.
    """

    windows: npt.NDArray[np.float32]
    patches: npt.NDArray[np.float32]
    offsets_mm: FloatArray
    normals: FloatArray
    pitch_mm: FloatArray


@cache
def template() -> Template:
    """Return the template that comes with the package."""
    source = resources.files("fusion.facets.automatic").joinpath(FILE)
    with resources.as_file(source) as path, np.load(path) as data:
        return Template(
            data["windows"].astype(np.float32),
            data["patches"].astype(np.float32),
            data["offsets_mm"].astype(np.float64),
            data["normals"].astype(np.float64),
            data["pitch_mm"].astype(np.float64),
        )
