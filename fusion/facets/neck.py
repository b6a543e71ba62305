"""What the CT alone says about a neck: worked out once, numbered as often as the reader likes.

Finding the canal, pulling the neck straight and comparing it with the template take most of the
time and depend on nothing that a reader says. A click on a vertebra or a recorded anomaly changes
only what follows, see :func:`fusion.facets.locate.locate_in`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fusion.facets.canal import find_canal
from fusion.facets.evidence import Claim, chest, claims
from fusion.facets.likeness import Likeness, likeness
from fusion.facets.straight import Frame, straighten
from fusion.facets.template import Template, template
from fusion.findings import Progress
from fusion.geometry import Volume


@dataclass(frozen=True, slots=True, eq=False)
class Neck:
    """A neck before its levels have names.

    Parameters
    ----------
    ct : Volume
        HU.
    frame : Frame
        The straight neck.
    parts : Template
        What levels and joints look like.
    scores : Likeness
        How much each height looks like each level.
    claims : tuple of Claim
        What the picture says about the numbering.
    chest : (n,) ndarray of bool
        Heights beside which there is lung.
    """

    ct: Volume
    frame: Frame
    parts: Template
    scores: Likeness
    claims: tuple[Claim, ...]
    chest: npt.NDArray[np.bool_]

    @property
    def slice_mm(self) -> float:
        """Largest distance between neighbouring voxels of the CT, mm."""
        return float(self.ct.grid.spacing_mm.max())


def find_neck(ct: Volume, *, progress: Progress | None = None) -> Neck | None:
    """Do all that depends on the CT alone.

    Parameters
    ----------
    ct : Volume
        HU, any orientation, slice thickness and field.
    progress : Progress, optional
        Told what is being done.

    Returns
    -------
    Neck or None
        None when there is no spinal canal on this CT.
    """
    report = progress or (lambda fraction, step: None)
    report(0.0, "Looking for the spinal canal")
    canal = find_canal(ct)
    if canal is None:
        return None
    report(0.5, "Pulling the neck straight")
    frame = straighten(ct, canal)
    parts = template()
    report(0.75, "Comparing levels")
    scores = likeness(ct, frame, parts)
    seen = claims(ct, frame, scale=1.0)
    return Neck(ct, frame, parts, scores, seen, chest(ct, frame))
