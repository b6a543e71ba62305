"""Whether a joint that was not found lies in the field of the CT: two different things to a reader.

Outside the field nothing can be seen, and a larger field helps; in the field somebody has to look.
"""

from __future__ import annotations

import numpy as np

from fusion.anatomy import Joint
from fusion.facets.automatic.chain import Chain
from fusion.facets.automatic.naming.judging import predicted_mm
from fusion.facets.automatic.straight import Frame
from fusion.facets.automatic.template import Template
from fusion.facets.states import Status
from fusion.geometry import Grid

#: Where a joint lies beside and behind the middle of the canal, mm (docs/sources.md#joint-layout).
_BESIDE_MM, _BEHIND_MM = 20.0, 4.0
#: Nearer to the end of the field than this a joint is cut by it, mm: half the window in which a
#: joint is looked for.
_CUT_MM = 7.0


def status_of_missing(
    joint: Joint, chain: Chain, frame: Frame, parts: Template, grid: Grid
) -> Status:
    """Return *not found* for a joint that should lie in the field, *outside field* for any other.

    Parameters
    ----------
    joint : Joint
        A joint that has no place.
    chain : Chain
        Heights of the levels that have one.
    frame, parts : Frame, Template
        The straight neck, and distances between levels.
    grid : Grid
        Of the CT.
    """
    height = predicted_mm(chain, parts, joint.level)
    side = joint.side.sign * _BESIDE_MM
    reach = [[height + off, _BEHIND_MM, side] for off in (-_CUT_MM, _CUT_MM)]
    inside = grid.contains(frame.to_lps(np.array(reach))).all()
    return Status.NOT_FOUND if inside else Status.OUTSIDE
