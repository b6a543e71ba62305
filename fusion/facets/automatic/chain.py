"""One solution for all levels: which height along the canal is which level.

Dynamic programming over the levels from the occiput to T3. A level may be missing only where it
would lie outside the field; evidence (ribs, skull base, a reader's click) enters as a gain for a
level at a height, so that it moves the whole chain and never a single level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.anatomy import CERVICAL
from fusion.compiled import compiled
from fusion.facets.automatic.likeness import SCALES, Likeness
from fusion.facets.automatic.template import TEMPLATE_LEVELS, Template
from fusion.geometry import FloatArray

#: Likeness below which a height speaks against being a level.
_FAIR_SCORE = 0.08
#: Cost of a distance that differs from the template's by the spread that is usual there.
_PITCH_COST = 0.05
#: Furthest from the template's distance that is considered, mm.
_PITCH_REACH_MM = 9
#: Cost of leaving out a level that would lie in the field.
_MISSING_COST = 0.3
#: Cost per step of scale away from an average patient.
_SCALE_COST = 0.04
#: Cost of each pedicle that is missing, or one too many, between two neighbouring levels.
_COUNT_COST = 0.3
#: How near the end of the field a level may be missed, mm.
_EDGE_MM = 7.0


#: Rows of the template that have exactly one pedicle between them and the one above: below C2-C3.
_COUNTED_ROWS = range(
    TEMPLATE_LEVELS.index(CERVICAL.undivided_level) + 1,
    TEMPLATE_LEVELS.index(CERVICAL.rib_level) + 1,
)


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Heights of the levels.

    Parameters
    ----------
    heights_mm : dict of str to float
        Level to height along the canal, for the levels in the field.
    total : float
        Sum of likeness and gains, less costs.
    scale_index : int
        Which of :data:`fusion.facets.automatic.likeness.SCALES` fits the patient.
    """

    heights_mm: dict[str, float]
    total: float
    scale_index: int

    @property
    def scale(self) -> float:
        """Size of the patient against the template."""
        return SCALES[self.scale_index]


def best_chain(
    likeness: Likeness,
    parts: Template,
    gains: npt.NDArray[np.float32],
    *,
    only: tuple[str, float] | None = None,
    slack_mm: float = 4.0,
    pedicles: npt.NDArray[np.int64] | None = None,
) -> Chain | None:
    """Return the best assignment of heights to levels.

    Parameters
    ----------
    likeness : Likeness
        How much each height looks like each level.
    parts : Template
        Distances between levels.
    gains : (levels, n) ndarray of float32
        Beyond likeness: what is gained by a level at a height.
    only : (str, float), optional
        Consider only chains that have this level within ``slack_mm`` of this height, mm.
    slack_mm : float, mm
        See ``only``.
    pedicles : (n,) ndarray of int, optional
        Number of pedicles at or below every height: one lies between two neighbouring levels.

    Returns
    -------
    Chain or None
        None when no chain is possible.
    """
    best: Chain | None = None
    for a in range(len(SCALES)):
        unary = np.nan_to_num(likeness.score[a] - _FAIR_SCORE, nan=0.0) + gains
        if only is not None:
            row = TEMPLATE_LEVELS.index(only[0])
            allowed = np.abs(np.arange(unary.shape[1]) - only[1]) <= slack_mm
            unary[row, ~allowed] = -np.inf
        chain = _solve(
            unary, parts.pitch_mm * SCALES[a], a, must=only and only[0], pedicles=pedicles
        )
        if chain is not None and (best is None or chain.total > best.total):
            best = chain
    return best


def _solve(
    unary: npt.NDArray[np.float32],
    pitch: FloatArray,
    scale_index: int,
    *,
    must: str | None,
    pedicles: npt.NDArray[np.int64] | None,
) -> Chain | None:
    final, back = _totals(
        unary,
        pitch,
        np.asarray(CERVICAL.pitch_spread_mm),
        TEMPLATE_LEVELS.index(must) if must else -1,
        np.zeros(0, dtype=np.int64) if pedicles is None else pedicles,
        (_COUNTED_ROWS.start, _COUNTED_ROWS.stop),
    )
    level, s = (int(v) for v in np.unravel_index(int(final.argmax()), final.shape))
    best = float(final[level, s])
    if not np.isfinite(best):
        return None
    found = {}
    while True:
        found[TEMPLATE_LEVELS[level]] = float(s)
        s_above = int(back[level, s])
        if s_above < 0:
            break
        level, s = level - 1, s_above
    ordered = {name: found[name] for name in TEMPLATE_LEVELS if name in found}
    return Chain(ordered, best - _SCALE_COST * abs(scale_index - len(SCALES) // 2), scale_index)


@compiled()
def _totals(
    unary: Any, pitch: Any, spreads: Any, required: int, pedicles: Any, counted: Any
) -> Any:
    """Return the best total (levels, n) of chains that end at each height, and the one above it.

    ``required`` is the row of a level that may not be missing, or -1; ``counted`` the first of the
    rows between which pedicles are counted, and one past the last. Without pedicles none are.
    """
    levels, n = unary.shape
    total = np.full((levels, n), -np.inf)
    back = np.full((levels, n), -1, dtype=np.int64)
    for level in range(levels):
        # Start here: every level above is outside the field, or costs.
        value = np.zeros(n)
        source = back[level]
        for s in range(n):
            above = float(s)
            for missed in range(level - 1, -1, -1):
                above += pitch[missed]
                if above < n - _EDGE_MM:
                    value[s] -= _MISSING_COST
        if required >= 0 and level > required:
            value[:] = -np.inf
        if level:
            nearest = int(np.rint(pitch[level - 1]))
            for step in range(nearest - _PITCH_REACH_MM, nearest + _PITCH_REACH_MM + 1):
                if step < 4 or step >= n:
                    continue
                off = (step - pitch[level - 1]) / spreads[level - 1]
                for s in range(n - step):
                    cost = _PITCH_COST * (off * off)
                    if len(pedicles) and counted[0] <= level < counted[1]:
                        cost += _COUNT_COST * abs(pedicles[s + step] - pedicles[s] - 1)
                    other = total[level - 1, s + step] - cost
                    if other > value[s]:
                        value[s] = other
                        source[s] = s + step
        for s in range(n):
            total[level, s] = value[s] + unary[level, s]
    final = total.copy()
    for level in range(levels):
        for s in range(n):
            below = float(s)
            for missed in range(level, levels - 1):
                below -= pitch[missed]
                if below > _EDGE_MM:
                    final[level, s] -= _MISSING_COST
            if required >= 0 and level < required:
                final[level, s] = -np.inf
    return final, back


def shifted(
    chain: Chain,
    likeness: Likeness,
    parts: Template,
    gains: npt.NDArray[np.float32],
    by: int,
    *,
    pedicles: npt.NDArray[np.int64] | None = None,
) -> Chain | None:
    """Return the best chain that calls the same heights ``by`` levels lower (or higher, < 0)."""
    names = [name for name in chain.heights_mm if name not in ("C0-C1", "C1-C2")]
    best: Chain | None = None
    for name in names:
        row = TEMPLATE_LEVELS.index(name) + by
        if not 0 <= row < len(TEMPLATE_LEVELS):
            continue
        other = best_chain(
            likeness,
            parts,
            gains,
            only=(TEMPLATE_LEVELS[row], chain.heights_mm[name]),
            pedicles=pedicles,
        )
        if other is not None and (best is None or other.total > best.total):
            best = other
    return best
