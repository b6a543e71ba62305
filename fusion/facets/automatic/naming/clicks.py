"""What a click says of a vertebra: which one it may be on, and whether that settles the names."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fusion.anatomy import CERVICAL, VERTEBRAE
from fusion.facets.automatic.chain import Chain
from fusion.facets.automatic.column import Rhythm
from fusion.facets.automatic.naming.judging import predicted_mm
from fusion.facets.automatic.template import TEMPLATE_LEVELS, Template
from fusion.geometry import FloatArray

#: The body of a vertebra ends below its lower joint, mm: that much lower than between their joints
#: lie the middles of bodies put by hand (docs/sources.md#counting-vertebrae); and what lies behind
#: the middle of the canal slopes down by this share.
_DISC_BELOW_JOINT_MM, _SLOPE = 2.5, 0.38
#: The pedicle of a vertebra lies above the middle of its body, mm: 3.0 on average in 27 bodies put
#: by hand, 4.1 below to 6.0 above; how far off it may be seen; and where bodies are, mm.
_PEDICLE_UP_MM, _PEDICLE_OFF_MM, _BODY_P_MM = 3.0, 8.0, -5.0
#: Beside the canal, mm, joints themselves are the ends of a vertebra, as far back as this.
_BESIDE_L_MM, _BESIDE_P_MM = 11.0, 10.0
#: A click this near to the end of a vertebra may be meant for either of the two, mm.
_CLICK_SLACK_MM = 3.0
#: How far below the joints of C1 a click on it may lie, and how far above them one on the dens, mm.
_C1_BELOW_MM, _C1_ABOVE_MM = 8.0, 12.0
#: From this far below the joints of C1 up, mm, a click on C1 or C2 settles no level where no dens
#: is seen: if all names were one too low, it would lie on the true C2, and agree.
_OPEN_BELOW_C1_MM = 4.0


def off_by(chain: Chain, parts: Template, name: str, point_spl: FloatArray) -> int:
    """Return by how many levels a click moves the names: 0 where it may be on that vertebra."""
    wanted = VERTEBRAE.index(name)
    may_be = _vertebrae_at(chain, parts, point_spl)
    nearest = min(may_be, key=lambda n: abs(n - wanted))
    return wanted - nearest


def unsettled_click(chain: Chain, parts: Template, clicks_spl: Mapping[str, FloatArray]) -> str:
    """Return the vertebra that was named where no other click settles which one it is."""
    joints_mm = predicted_mm(chain, parts, CERVICAL.dens_level)
    high = [
        name
        for name, point_spl in clicks_spl.items()
        if name in CERVICAL.dens_level.split("-") and point_spl[0] > joints_mm - _OPEN_BELOW_C1_MM
    ]
    return high[0] if high and len(high) == len(clicks_spl) else ""


def click_at_an_end(
    chain: Chain,
    parts: Template,
    clicks_spl: Mapping[str, FloatArray],
    rhythm: Rhythm,
    *,
    dens_seen: bool,
) -> str:
    """Return a vertebra that was named near its end, where no other click settles which one it is.

    If all names were off by one, such a click would agree as well; so would one on a body whose
    pedicle lies beyond the levels that bear its name. C1 and C2, which are one behind the other,
    are told apart by a dens that is seen.
    """
    possible: set[int] | None = None
    for name, point_spl in clicks_spl.items():
        if not _by_its_pedicle(chain, parts, rhythm, name, point_spl):
            return name
        wanted = VERTEBRAE.index(name)
        may_be = _vertebrae_at(chain, parts, point_spl)
        if dens_seen and set(may_be) == {1, 2}:
            may_be = [wanted] if wanted in may_be else may_be
        off = {wanted - n for n in may_be}
        possible = off if possible is None else possible & off
    return next(iter(clicks_spl)) if possible and len(possible) > 1 else ""


def _by_its_pedicle(
    chain: Chain, parts: Template, rhythm: Rhythm, name: str, point_spl: FloatArray
) -> bool:
    """Tell whether the pedicle beside a place on a body lies between the levels of its name."""
    s, p, lateral = (float(v) for v in point_spl)
    n = VERTEBRAE.index(name)
    off = np.abs(rhythm.pedicles_mm - s - _PEDICLE_UP_MM)
    on_a_body = p < _BODY_P_MM and abs(lateral) < _BESIDE_L_MM
    if n < 2 or not on_a_body or not len(off) or off.min() > _PEDICLE_OFF_MM:
        return True
    pedicle_mm = float(rhythm.pedicles_mm[off.argmin()])
    below = predicted_mm(chain, parts, TEMPLATE_LEVELS[n])
    # Above C2 there is no pedicle but its own.
    above = predicted_mm(chain, parts, TEMPLATE_LEVELS[n - 1]) if n > 2 else np.inf
    return below < pedicle_mm <= above


def _vertebrae_at(chain: Chain, parts: Template, point_spl: FloatArray) -> list[int]:
    """Return which vertebrae a place may be on, by the levels as they are named."""
    s, p, lateral = (float(v) for v in point_spl)
    low = _DISC_BELOW_JOINT_MM + _SLOPE * max(p, 0.0)
    if abs(lateral) > _BESIDE_L_MM and p < _BESIDE_P_MM:
        low = 0.0
    upper = predicted_mm(chain, parts, CERVICAL.undivided_level)
    dens = predicted_mm(chain, parts, CERVICAL.dens_level)
    if s > upper - low + _CLICK_SLACK_MM:
        # C1 is a ring about the dens of C2.
        may_be = [2] if s <= dens + _C1_ABOVE_MM else []
        return may_be + ([1] if s > dens - _C1_BELOW_MM else [])
    ends = {
        n: predicted_mm(chain, parts, TEMPLATE_LEVELS[n]) - low
        for n in range(2, len(TEMPLATE_LEVELS))
    }
    found = [
        n
        for n, end in ends.items()
        if end - _CLICK_SLACK_MM <= s
        and (n == 2 or s <= ends[n - 1] + _CLICK_SLACK_MM)
    ]  # fmt: skip
    return found or [len(TEMPLATE_LEVELS)]
