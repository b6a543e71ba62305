"""Which level is which, how sure that is, and why.

Numbering is a claim. It is **sure** only when at least two independent pieces of evidence of
enough weight agree and none speaks against it; a reader's click **confirms** it; everything else
is **provisional**, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fusion.anatomy import CERVICAL, VERTEBRAE
from fusion.facets.automatic.chain import Chain, best_chain, shifted
from fusion.facets.automatic.claims import Claim
from fusion.facets.automatic.likeness import SCALES, Likeness
from fusion.facets.automatic.template import TEMPLATE_LEVELS, Template
from fusion.facets.localisation import Evidence
from fusion.facets.states import EvidenceSource, Numbering

# Numbers below were chosen by us on our simulated necks (docs/sources.md#level-numbering).

#: Weight of agreeing evidence from which a numbering is sure.
SURE_WEIGHT = 3.0
#: Levels whose distances vary with the posture of the head.
_UPPER = (CERVICAL.occiput_level, CERVICAL.dens_level)
#: A claim agrees within this distance, mm: half the distance between two levels.
_AGREE_MM = 8.0
#: A weak claim speaks against a numbering from this distance on, mm.
_WEAK_AGAINST_MM = 28.0
#: What a claim of weight 1 adds to the chain that it points at.
_GAIN = 0.45
#: Lead of the best numbering by the shapes alone over its neighbours that counts as evidence.
_FORM_LEAD = 0.30
#: Cost of a cervical level beside the lungs.
_CHEST_COST = 0.6
#: What keeps a chain to a reader's clicks.
_CLICK_GAIN, _CLICK_COST = 5.0, 1000.0
#: With clicks the distances between levels are held tighter, so that all levels follow and none is
#: squeezed in between to keep another where it looked better.
_CLICK_STIFFNESS = 4.0
#: Spread of a claim, mm, from which on it may lie further off and still agree, and by how much
#: for each mm more.
_USUAL_SPREAD_MM, _SLACK_PER_MM = 5.0, 0.6
#: Claims of at least this weight speak against a numbering that they do not agree with.
_STRONG_WEIGHT = 1.0
#: Likeness of C1 on C2 that counts, its lead over any other height, and how near to it others
#: are not counted, mm.
_ATLAS_LIKENESS, _ATLAS_LEAD, _ATLAS_REACH_MM = 0.22, 0.05, 20.0
#: Largest deviation of a distance between two levels from what the others suggest, mm.
_UNEVEN_MM = 4.2
#: Share of the usual likeness below which a level is not recognised.
_DIM_SHARE = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The chosen chain, how sure its numbering is, and the evidence."""

    chain: Chain
    numbering: Numbering
    evidence: tuple[Evidence, ...]
    clicks_kept: bool


def number(
    likeness: Likeness,
    parts: Template,
    claims: Sequence[Claim],
    clicks_mm: Mapping[str, float],
    *,
    chest: npt.NDArray[np.bool_],
) -> Levels | None:
    """Choose one solution over all levels.

    Parameters
    ----------
    likeness : Likeness
        How much each height looks like each level.
    parts : Template
        Distances between levels.
    claims : sequence of Claim
        Independent evidence.
    clicks_mm : mapping of str to float, mm
        A reader's clicks: vertebra to height along the canal.
    chest : (n,) ndarray of bool
        Heights beside which there is lung: no cervical level lies there.

    Returns
    -------
    Levels or None
        None when nothing fits.
    """
    nothing = _no_gains(likeness)
    by_shape = best_chain(likeness, parts, nothing)
    gains = nothing.copy()
    gains[: TEMPLATE_LEVELS.index(CERVICAL.rib_level), chest] -= _CHEST_COST
    heights = np.arange(gains.shape[1])
    # Nothing pulls against a reader's click.
    for claim in () if clicks_mm else claims:
        row = TEMPLATE_LEVELS.index(claim.level)
        off = (heights - claim.height_mm) / claim.spread_mm
        gains[row] += _GAIN * claim.weight * np.exp(-0.5 * off**2)
    for vertebra, height in clicks_mm.items():
        _keep_to_click(gains, vertebra, height)
    stiffness = _CLICK_STIFFNESS if clicks_mm else 1.0
    chain = best_chain(likeness, parts, gains, stiffness=stiffness)
    if chain is None:
        return None
    kept = all(_click_kept(chain, v, h) for v, h in clicks_mm.items())
    evidence = _judgement(chain, by_shape, likeness, parts, claims)
    if clicks_mm:
        status = Numbering.CONFIRMED if kept else Numbering.PROVISIONAL
    else:
        status = status_of(evidence)
    return Levels(chain, status, tuple(evidence), kept)


def _no_gains(likeness: Likeness) -> npt.NDArray[np.float32]:
    return np.zeros((len(TEMPLATE_LEVELS), likeness.score.shape[2]), np.float32)


def judge(
    chain: Chain, likeness: Likeness, parts: Template, claims: Sequence[Claim]
) -> list[Evidence]:
    """Hold levels that were named elsewhere against what the picture shows.

    Parameters
    ----------
    chain : Chain
        The levels as they are named, for example by :func:`chain_of`.
    likeness, parts, claims
        As for :func:`number`.
    """
    by_shape = best_chain(likeness, parts, _no_gains(likeness))
    return _judgement(chain, by_shape, likeness, parts, claims)


def chain_of(heights_mm: Mapping[str, float], parts: Template) -> Chain:
    """Return levels whose heights are known, at the patient's size that their distances show.

    Parameters
    ----------
    heights_mm : mapping of str to float, mm
        Level to height along the canal.
    parts : Template
        Distances between levels.
    """
    names = [name for name in TEMPLATE_LEVELS if name in heights_mm]
    scale_index = int(np.abs(np.array(SCALES) - 1.0).argmin())
    if len(names) > 1:
        first, last = TEMPLATE_LEVELS.index(names[0]), TEMPLATE_LEVELS.index(names[-1])
        length = heights_mm[names[0]] - heights_mm[names[-1]]
        scale = length / float(parts.pitch_mm[first:last].sum())
        scale_index = int(np.abs(np.array(SCALES) - scale).argmin())
    return Chain({name: float(heights_mm[name]) for name in names}, 0.0, scale_index)


def _judgement(
    chain: Chain,
    by_shape: Chain | None,
    likeness: Likeness,
    parts: Template,
    claims: Sequence[Claim],
) -> list[Evidence]:
    evidence = [_judged(claim, chain, parts) for claim in claims]
    if by_shape is not None:
        evidence.append(_by_shape(by_shape, chain, likeness, parts, _no_gains(likeness)))
    evidence += _atlas_shape(chain, likeness)
    evidence += _uneven(chain, likeness, parts)
    return evidence


def status_of(evidence: Sequence[Evidence]) -> Numbering:
    """Return how sure a numbering is by its evidence, no reader having clicked."""
    agreeing = [e for e in evidence if e.agrees]
    against = [e for e in evidence if e.agrees is False]
    if against or len(agreeing) < 2 or sum(e.weight for e in agreeing) < SURE_WEIGHT:
        return Numbering.PROVISIONAL
    return Numbering.SURE


def _windows(vertebra: str) -> list[tuple[int, tuple[int, int]]]:
    above, below = CERVICAL.click_windows.get(vertebra, CERVICAL.click_window)
    n = VERTEBRAE.index(vertebra)
    rows = []
    if n >= 1:
        rows.append((n - 1, above))
    rows.append((n, below))
    return rows


def _keep_to_click(gains: npt.NDArray[np.float32], vertebra: str, height: float) -> None:
    places = np.arange(gains.shape[1]) - height
    for row, (low, high) in _windows(vertebra):
        inside = (places >= low) & (places <= high)
        gains[row] += np.where(inside, _CLICK_GAIN, -_CLICK_COST).astype(np.float32)


def _click_kept(chain: Chain, vertebra: str, height: float) -> bool:
    found = False
    for row, (low, high) in _windows(vertebra):
        at = chain.heights_mm.get(TEMPLATE_LEVELS[row])
        if at is None:
            continue
        if not low <= at - height <= high:
            return False
        found = True
    return found


def predicted_mm(chain: Chain, parts: Template, level: str) -> float:
    """Return the height of a level, continued by the template beyond the ends of the chain, mm."""
    if level in chain.heights_mm:
        return chain.heights_mm[level]
    names = [name for name in TEMPLATE_LEVELS if name in chain.heights_mm]
    row = TEMPLATE_LEVELS.index(level)
    first, last = TEMPLATE_LEVELS.index(names[0]), TEMPLATE_LEVELS.index(names[-1])
    pitch = parts.pitch_mm * chain.scale
    if row < first:
        return chain.heights_mm[names[0]] + float(pitch[row:first].sum())
    return chain.heights_mm[names[-1]] - float(pitch[last:row].sum())


def _nearest(chain: Chain, parts: Template, height: float) -> tuple[str, float]:
    heights = {level: predicted_mm(chain, parts, level) for level in TEMPLATE_LEVELS}
    level = min(heights, key=lambda name: abs(heights[name] - height))
    return level, heights[level]


def _judged(claim: Claim, chain: Chain, parts: Template) -> Evidence:
    off = abs(predicted_mm(chain, parts, claim.level) - claim.height_mm)
    nearest, _ = _nearest(chain, parts, claim.height_mm)
    slack = _AGREE_MM + (claim.spread_mm - _USUAL_SPREAD_MM) * _SLACK_PER_MM
    agrees: bool | None
    if off <= slack:
        agrees, nearest = True, claim.level
    elif claim.weight >= _STRONG_WEIGHT:
        agrees = False
    else:
        agrees = None if off < _WEAK_AGAINST_MM else False
    return Evidence(claim.source, claim.saw, claim.level, nearest, claim.weight, agrees)


def _by_shape(
    by_shape: Chain,
    chain: Chain,
    likeness: Likeness,
    parts: Template,
    nothing: npt.NDArray[np.float32],
) -> Evidence:
    """Judge what the shapes of the vertebrae alone would have said."""
    others = [shifted(by_shape, likeness, parts, nothing, by) for by in (-2, -1, 1, 2)]
    lead = by_shape.total - max((o.total for o in others if o is not None), default=-np.inf)
    common = [n for n in by_shape.heights_mm if n in chain.heights_mm]
    off = [abs(by_shape.heights_mm[n] - chain.heights_mm[n]) for n in common]
    same = bool(common) and float(np.median(off)) < _AGREE_MM
    name = common[0] if common else next(iter(by_shape.heights_mm))
    implied, _ = _nearest(chain, parts, by_shape.heights_mm[name])
    strong = lead >= _FORM_LEAD
    agrees = True if same and strong else (False if not same and strong else None)
    saw = (
        "the shapes of the vertebrae alone give this numbering"
        if same
        else "the shapes of the vertebrae alone give another numbering"
    ) + f" (lead {lead:.2f} over its neighbours; {_FORM_LEAD:.2f} counts)"
    return Evidence(EvidenceSource.SHAPES, saw, name, name if same else implied, 1.0, agrees)


def _atlas_shape(chain: Chain, likeness: Likeness) -> list[Evidence]:
    """Judge whether C1 on C2 looks like that, and nothing else in the neck does."""
    level = CERVICAL.dens_level
    height = chain.heights_mm.get(level)
    if height is None:
        return []
    row = likeness.score[chain.scale_index, TEMPLATE_LEVELS.index(level)]
    here = float(np.nan_to_num(row[int(height)]))
    elsewhere = np.abs(np.arange(len(row)) - height) > _ATLAS_REACH_MM
    other = float(np.nanmax(row[elsewhere], initial=0.0))
    if here < _ATLAS_LIKENESS or here - other < _ATLAS_LEAD:
        return []
    saw = (
        f"C1 on C2 is recognised here (likeness {here:.2f}) and nowhere else (at most {other:.2f})"
    )
    return [Evidence(EvidenceSource.ATLAS, saw, level, level, 0.5, True)]


def _uneven(chain: Chain, likeness: Likeness, parts: Template) -> list[Evidence]:
    """Object when levels are crowded, or too far apart, or one of them looks like none.

    So it shows when a neck has a vertebra more or less than seven, or two that are fused.
    """
    names = [n for n in chain.heights_mm if n not in (*_UPPER, TEMPLATE_LEVELS[-1])]
    if len(names) < 3:
        return []
    rows = [TEMPLATE_LEVELS.index(name) for name in names]
    heights = np.array([chain.heights_mm[name] for name in names])
    off = -np.diff(heights) - parts.pitch_mm[rows[:-1]] * chain.scale
    off = off - np.median(off)
    like = np.array(
        [
            np.nan_to_num(likeness.score[chain.scale_index, row, int(height)])
            for row, height in zip(rows, heights, strict=True)
        ]
    )
    worst = int(np.abs(off).argmax())
    dimmest = int(like.argmin())
    if abs(off[worst]) > _UNEVEN_MM:
        level = names[worst + 1]
        saw = f"{names[worst]} and {level} are {-np.diff(heights)[worst]:.0f} mm apart"
    elif like[dimmest] < _DIM_SHARE * float(np.median(like)):
        level = names[dimmest]
        saw = f"nothing like a pair of joints is seen at {level}"
    else:
        return []
    saw += ": a vertebra may be missing, extra or fused, or the count has slipped"
    return [Evidence(EvidenceSource.SPACING, saw, level, "unclear", 1.0, False)]
