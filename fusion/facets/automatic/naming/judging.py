"""What the picture says for and against a numbering, and how sure it makes it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fusion.anatomy import CERVICAL
from fusion.facets.automatic.chain import Chain, best_chain, shifted
from fusion.facets.automatic.claims import Claim
from fusion.facets.automatic.column import Rhythm
from fusion.facets.automatic.likeness import Likeness
from fusion.facets.automatic.template import TEMPLATE_LEVELS, Template
from fusion.facets.localisation import Witness
from fusion.facets.states import ONE_FAMILY, Numbering, WitnessKind

# Numbers below were chosen by us on our simulated necks (docs/sources.md#level-numbering).

#: Weight of agreeing evidence from which a numbering is sure.
SURE_WEIGHT = 3.0
#: What shows C2 itself. Nothing else makes a numbering sure.
C2_SOURCES = (WitnessKind.DENS,)
#: Levels whose distances vary with the posture of the head.
_UPPER = (CERVICAL.occiput_level, CERVICAL.dens_level)
#: A claim agrees within this distance, mm: half the distance between two levels.
_AGREE_MM = 8.0
#: A weak claim speaks against a numbering from this distance on, mm.
_WEAK_AGAINST_MM = 28.0
#: Lead of the best numbering by the shapes alone over its neighbours that counts as evidence.
_FORM_LEAD = 0.30
#: What a gap beside the canal adds to a level at its height, and a pedicle takes away.
_FORAMEN_GAIN = 0.08
#: The first ribs agree when their own level is within this, mm: less than half the distance between
#: two levels.
_RIBS_AGREE_MM = 7.0
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


def judge(
    chain: Chain,
    likeness: Likeness,
    parts: Template,
    claims: Sequence[Claim],
    rhythm: Rhythm,
) -> list[Witness]:
    """Hold levels that were named elsewhere against what the picture shows.

    Parameters
    ----------
    chain : Chain
        The levels as they are named, for example by a label map.
    likeness, parts, claims, rhythm
        As for :func:`fusion.facets.automatic.naming.numbering.number`.
    """
    by_shape = best_chain(likeness, parts, gap_gains(likeness, rhythm), pedicles=rhythm.counted)
    return judgement(chain, by_shape, likeness, parts, claims, rhythm)


def judgement(
    chain: Chain,
    by_shape: Chain | None,
    likeness: Likeness,
    parts: Template,
    claims: Sequence[Claim],
    rhythm: Rhythm,
) -> list[Witness]:
    """Return what every claim and the shapes say about a chain; ``by_shape`` is theirs alone."""
    evidence = [_judged(claim, chain, parts) for claim in claims]
    if by_shape is not None:
        evidence.append(_by_shape(by_shape, chain, likeness, parts, rhythm))
    evidence += _atlas_shape(chain, likeness)
    evidence += _uneven(chain, likeness, parts)
    return evidence


def status_of(evidence: Sequence[Witness]) -> Numbering:
    """Return how sure a numbering is by its evidence, no reader having clicked.

    Without C2 in the field it never is: a rib at C7, or six or eight cervical vertebrae, look the
    same from below.
    """
    agreeing = [e for e in evidence if e.agrees]
    against = [e for e in evidence if e.agrees is False]
    from_c2 = any(e.source in C2_SOURCES for e in agreeing)
    weights = [e.weight for e in agreeing if e.source not in ONE_FAMILY]
    weights += sorted(e.weight for e in agreeing if e.source in ONE_FAMILY)[-1:]
    if not from_c2 or against or len(weights) < 2 or sum(weights) < SURE_WEIGHT:
        return Numbering.PROVISIONAL
    return Numbering.SURE


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


def nearest_level(chain: Chain, parts: Template, height: float) -> tuple[str, float]:
    """Return the level that lies nearest to a height (mm) along the canal, and its own height."""
    heights = {level: predicted_mm(chain, parts, level) for level in TEMPLATE_LEVELS}
    level = min(heights, key=lambda name: abs(heights[name] - height))
    return level, heights[level]


def _judged(claim: Claim, chain: Chain, parts: Template) -> Witness:
    above = predicted_mm(chain, parts, claim.level) - claim.height_mm
    off = abs(above)
    nearest, _ = nearest_level(chain, parts, claim.height_mm)
    slack = _AGREE_MM + (claim.spread_mm - _USUAL_SPREAD_MM) * _SLACK_PER_MM
    if claim.level in (CERVICAL.rib_level, CERVICAL.undivided_level):
        slack = min(slack, _RIBS_AGREE_MM)
    agrees: bool | None
    if off <= slack:
        agrees, nearest = True, claim.level
    elif claim.or_above and above > 0:
        agrees = None
    elif claim.weight >= _STRONG_WEIGHT:
        agrees = False
    else:
        agrees = None if off < _WEAK_AGAINST_MM else False
    return Witness(claim.source, claim.saw, claim.level, nearest, claim.weight, agrees)


def _by_shape(
    by_shape: Chain,
    chain: Chain,
    likeness: Likeness,
    parts: Template,
    rhythm: Rhythm,
) -> Witness:
    """Judge what the shapes of the vertebrae alone would have said."""
    seen = gap_gains(likeness, rhythm)
    others = [
        shifted(by_shape, likeness, parts, seen, by, pedicles=rhythm.counted)
        for by in (-2, -1, 1, 2)
    ]
    lead = by_shape.total - max((o.total for o in others if o is not None), default=-np.inf)
    common = [n for n in by_shape.heights_mm if n in chain.heights_mm]
    off = [abs(by_shape.heights_mm[n] - chain.heights_mm[n]) for n in common]
    same = bool(common) and float(np.median(off)) < _AGREE_MM
    name = common[0] if common else next(iter(by_shape.heights_mm))
    implied, _ = nearest_level(chain, parts, by_shape.heights_mm[name])
    strong = lead >= _FORM_LEAD
    agrees = True if same and strong else (False if not same and strong else None)
    saw = (
        "the shapes of the vertebrae alone give this numbering"
        if same
        else "the shapes of the vertebrae alone give another numbering"
    ) + f" ({_led_by(lead)} better than one or two levels off; from {_FORM_LEAD:.2f} on it counts)"
    return Witness(WitnessKind.SHAPES, saw, name, name if same else implied, 1.0, agrees)


def _led_by(lead: float) -> str:
    """Return how much better a numbering fits: cut off, so that it reads as what it counts as."""
    return f"fits {np.floor(lead * 100) / 100:.2f}"


def _atlas_shape(chain: Chain, likeness: Likeness) -> list[Witness]:
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
    return [Witness(WitnessKind.ATLAS, saw, level, level, 0.5, True)]


def _uneven(chain: Chain, likeness: Likeness, parts: Template) -> list[Witness]:
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
    # What lies below the neck is never reported; ribs make it look like nothing in the template.
    own = [n for n, name in enumerate(names) if name not in CERVICAL.below]
    dimmest = min(own, key=lambda n: like[n], default=worst)
    if abs(off[worst]) > _UNEVEN_MM:
        level = names[worst + 1]
        saw = f"{names[worst]} and {level} are {-np.diff(heights)[worst]:.0f} mm apart"
    elif like[dimmest] < _DIM_SHARE * float(np.median(like)):
        level = names[dimmest]
        saw = f"nothing like a pair of joints is seen at {level}"
    else:
        return []
    saw += ": a vertebra may be missing, extra or fused, or the count has slipped"
    return [Witness(WitnessKind.SPACING, saw, level, "unclear", 1.0, False)]


def gap_gains(likeness: Likeness, rhythm: Rhythm) -> npt.NDArray[np.float32]:
    """Return what levels gain by the gaps beside the canal, whatever their names."""
    gains = np.zeros((len(TEMPLATE_LEVELS), likeness.score.shape[2]), np.float32)
    first = TEMPLATE_LEVELS.index(CERVICAL.undivided_level)
    gains[first:] -= _FORAMEN_GAIN * np.clip(rhythm.wall, -2.0, 2.0).astype(np.float32)
    return gains
