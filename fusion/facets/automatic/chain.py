"""One solution for all levels: which height along the canal is which level.

Dynamic programming over the levels from the occiput to T3. A level may be missing only where it
would lie outside the field; evidence (ribs, skull base, a reader's click) enters as a gain for a
level at a height, so that it moves the whole chain and never a single level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fusion.anatomy import CERVICAL
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
        Evidence beyond likeness: what is gained by a level at a height.
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
    levels, n = unary.shape
    heights = np.arange(n)
    total = np.full((levels, n), -np.inf)
    back = np.full((levels, n), -1, dtype=np.int64)
    required = TEMPLATE_LEVELS.index(must) if must else None
    for level in range(levels):
        # Start here: every level above is outside the field, or costs.
        start = np.zeros(n)
        above = heights.astype(np.float64)
        for missed in range(level - 1, -1, -1):
            above = above + pitch[missed]
            start -= _MISSING_COST * (above < n - _EDGE_MM)
        if required is not None and level > required:
            start[:] = -np.inf
        value, source = start, np.full(n, -1, dtype=np.int64)
        if level:
            spread = CERVICAL.pitch_spread_mm[level - 1]
            for off in range(-_PITCH_REACH_MM, _PITCH_REACH_MM + 1):
                step = round(float(pitch[level - 1])) + off
                exact = step - pitch[level - 1]
                if step < 4 or step >= n:
                    continue
                cost = np.full(n - step, _PITCH_COST * (exact / spread) ** 2)
                if pedicles is not None and level in _COUNTED_ROWS:
                    cost += _COUNT_COST * np.abs(pedicles[step:] - pedicles[: n - step] - 1)
                other = np.full(n, -np.inf)
                other[: n - step] = total[level - 1, step:] - cost
                better = other > value
                value = np.where(better, other, value)
                source = np.where(better, heights + step, source)
        total[level] = value + unary[level]
        back[level] = source
    final = total.copy()
    for level in range(levels):
        below = heights.astype(np.float64)
        for missed in range(level, levels - 1):
            below = below - pitch[missed]
            final[level] -= _MISSING_COST * (below > _EDGE_MM)
        if required is not None and level < required:
            final[level] = -np.inf
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
