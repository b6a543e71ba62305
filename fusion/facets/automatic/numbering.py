"""Which level is which, how sure that is, and why.

Numbering is a claim. It is **sure** only when C2 is seen, an unbroken count of vertebrae leads from
it to the level, a second piece of evidence agrees, and none speaks against it. A reader's click
**confirms** what the count then reaches without a break. Everything else is **provisional**, and
says so. Where C2 is seen nothing below it moves a level: ribs and lungs are asked afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from fusion.anatomy import CERVICAL, LEVELS, VERTEBRAE, ZYGAPOPHYSIAL_LEVELS
from fusion.facets.automatic.chain import Chain, best_chain, shifted
from fusion.facets.automatic.claims import Claim
from fusion.facets.automatic.column import PLAIN_DEPTH, Rhythm
from fusion.facets.automatic.likeness import SCALES, Likeness
from fusion.facets.automatic.template import TEMPLATE_LEVELS, Template
from fusion.facets.localisation import Evidence
from fusion.facets.states import EvidenceSource, Numbering
from fusion.geometry import FloatArray

# Numbers below were chosen by us on our simulated necks (docs/sources.md#level-numbering).

#: What shows C2 itself. Nothing else makes a numbering sure.
C2_SOURCES = (EvidenceSource.DENS,)
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
#: What a gap beside the canal adds to a level at its height, and a pedicle takes away.
_FORAMEN_GAIN = 0.08
#: Furthest that the gap of a level lies from it, mm; and a distance between two neighbouring levels
#: against the usual one of this patient: beyond, the count is broken.
_FORAMEN_MM, _EVEN_SHARE = 5.5, (0.62, 1.5)
#: The same of the distance between the two pedicles on either side of a level: 0.81 to 1.19 in the
#: real necks at hand, and less where half a vertebra is missing.
_EVEN_SPAN = (0.74, 1.4)
#: The first ribs agree when their own level is within this, mm: less than half the distance between
#: two levels.
_RIBS_AGREE_MM = 7.0
#: What holds levels to the bones that they had when a reader renames them, and how near, mm.
_RENAME_GAIN, _RENAME_MM = 3.0, 1.5
#: The body of a vertebra ends below its lower joint, mm, and what lies behind the canal slopes
#: down: from this far behind on, by this share.
_DISC_BELOW_JOINT_MM, _SLOPE_FROM_P_MM, _SLOPE = 6.5, 10.0, 0.35
#: Beside the canal, mm, joints themselves are the ends of a vertebra.
_BESIDE_L_MM = 11.0
#: A click this near to the end of a vertebra may be meant for either of the two, mm.
_CLICK_SLACK_MM = 3.0
#: How far below the joints of C1 a click on it may lie, and how far above them one on the dens, mm.
_C1_BELOW_MM, _C1_ABOVE_MM = 8.0, 12.0
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
    """The chosen chain, how sure its numbering is, and the evidence.

    Parameters
    ----------
    chain : Chain
        Heights of the levels.
    numbering : Numbering
        Of the count as a whole.
    evidence : tuple of Evidence
        Why.
    clicks_kept : bool
        Whether the reader's clicks agree with each other.
    reached : frozenset of str
        Levels that an unbroken count reaches, from C2 or from the vertebra that was clicked on.
    rival : str
        Another way to number this neck, in a physician's words; empty when there is none.
    contradicted : tuple of str
        What speaks against the reader's clicks.
    clicked : tuple of str
        Vertebrae that the reader named.
    """

    chain: Chain
    numbering: Numbering
    evidence: tuple[Evidence, ...]
    clicks_kept: bool
    reached: frozenset[str] = frozenset(LEVELS)
    rival: str = ""
    contradicted: tuple[str, ...] = ()
    clicked: tuple[str, ...] = ()


def number(
    likeness: Likeness,
    parts: Template,
    claims: Sequence[Claim],
    clicks_spl: Mapping[str, FloatArray],
    *,
    chest: npt.NDArray[np.bool_],
    rhythm: Rhythm,
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
    clicks_spl : mapping of str to (3,) ndarray of float64, mm
        A reader's clicks: vertebra to a place in the straight neck.
    chest : (n,) ndarray of bool
        Heights beside which there is lung: no cervical level lies there.
    rhythm : Rhythm
        Vertebrae one by one, without names.

    Returns
    -------
    Levels or None
        None when nothing fits.
    """
    by_shape = best_chain(likeness, parts, _seen(likeness, rhythm), pedicles=rhythm.counted)
    gains = _seen(likeness, rhythm)
    from_above = any(claim.source is EvidenceSource.DENS for claim in claims)
    if not from_above:
        gains[: TEMPLATE_LEVELS.index(CERVICAL.rib_level), chest] -= _CHEST_COST
    heights = np.arange(gains.shape[1])
    for claim in claims:
        # Where C2 is seen the count goes down from it, and what lies below is asked afterwards.
        if from_above and claim.level == CERVICAL.rib_level:
            continue
        row = TEMPLATE_LEVELS.index(claim.level)
        off = (heights - claim.height_mm) / claim.spread_mm
        gains[row] += _GAIN * claim.weight * np.exp(-0.5 * off**2)
    chain = best_chain(likeness, parts, gains, pedicles=rhythm.counted)
    if chain is None:
        return None
    shifts = {
        name: _off_by(chain, parts, name, point) for name, point in clicks_spl.items()
    }  # fmt: skip
    kept = len(set(shifts.values())) <= 1
    shift = next(iter(shifts.values()), 0) if kept else 0
    if shift:
        renamed = _renamed(chain, likeness, parts, rhythm, shift)
        kept, chain = renamed is not None, renamed or chain
    evidence = _judgement(chain, by_shape, likeness, parts, claims, rhythm)
    count, reached = _count(chain, rhythm, CERVICAL.undivided_level)
    if from_above:
        evidence.append(count)
    if clicks_spl:
        status = Numbering.CONFIRMED if kept else Numbering.PROVISIONAL
        reached = frozenset().union(
            *(_reached(chain, rhythm, level) for level in _nearest_levels(clicks_spl, chain))
        )
    else:
        status = status_of(evidence)
    return Levels(
        chain,
        status,
        tuple(evidence),
        kept,
        reached,
        rival=_rival(chain, parts, claims, evidence),
        contradicted=tuple(
            f"{piece.source}: {piece.saw}" for piece in evidence if piece.agrees is False
        )
        if clicks_spl
        else (),
        clicked=tuple(clicks_spl),
    )


def _seen(likeness: Likeness, rhythm: Rhythm) -> npt.NDArray[np.float32]:
    """Return what levels gain by the gaps beside the canal, whatever their names."""
    gains = _no_gains(likeness)
    first = TEMPLATE_LEVELS.index(CERVICAL.undivided_level)
    gains[first:] -= _FORAMEN_GAIN * np.clip(rhythm.wall, -2.0, 2.0).astype(np.float32)
    return gains


def _count(chain: Chain, rhythm: Rhythm, start: str) -> tuple[Evidence, frozenset[str]]:
    """Count vertebrae one by one from a level downwards."""
    reached = _reached(chain, rhythm, start)
    below = [n for n in ZYGAPOPHYSIAL_LEVELS if n in chain.heights_mm]
    whole = bool(below) and below[0] == start and reached.issuperset(below)
    if whole:
        saw = (
            f"one pedicle between each two levels and a gap for the nerve at each, from {start} to "
            f"{below[-1]}: {len(below) - 1} vertebrae, counted without a break"
        )
    elif reached:
        first = next((n for n in below if n not in reached), below[-1])
        saw = f"the count of vertebrae from C2 downwards breaks off at {first}"
    else:
        first = start
        saw = "no count of single vertebrae leads down from C2"
    level = below[-1] if whole else first
    return (
        Evidence(EvidenceSource.COUNT, saw, level, level, COUNT_WEIGHT, True if whole else None),
        reached,
    )


def _reached(chain: Chain, rhythm: Rhythm, start: str) -> frozenset[str]:
    """Return the levels that an unbroken count from a level reaches, up and down."""
    names = [n for n in ZYGAPOPHYSIAL_LEVELS if n in chain.heights_mm]
    pitches = -np.diff([chain.heights_mm[n] for n in names])
    usual = float(np.median(pitches)) if len(pitches) else CERVICAL.pitch_mm
    spans = {n: rhythm.span(chain.heights_mm[n]) for n in names}
    usual_span = float(np.median([d for d in spans.values() if d] or [CERVICAL.pitch_mm]))

    def plain(level: str) -> bool:
        span = spans[level]
        even = span is None or _EVEN_SPAN[0] <= span / usual_span <= _EVEN_SPAN[1]
        return even and _plain(chain, rhythm, level)

    if start not in names or not plain(start):
        return frozenset()

    def linked(upper: str, lower: str) -> bool:
        high, low = chain.heights_mm[upper], chain.heights_mm[lower]
        even = _EVEN_SHARE[0] * usual <= high - low <= _EVEN_SHARE[1] * usual
        return even and rhythm.between(low, high) == 1

    reached = {start}
    at = names.index(start)
    for order in (names[at:], names[at::-1]):
        for one, other in pairwise(order):
            upper, lower = sorted((one, other), key=names.index)
            if not linked(upper, lower) or not plain(other):
                break
            reached.add(other)
    if CERVICAL.undivided_level in reached:
        reached.update((CERVICAL.occiput_level, CERVICAL.dens_level))
    return frozenset(reached)


def _plain(chain: Chain, rhythm: Rhythm, level: str) -> bool:
    """Tell whether the gap beside the canal of a level is seen plainly, and near it."""
    height = chain.heights_mm[level]
    place, depth = rhythm.gap(height)
    return place is not None and abs(place - height) <= _FORAMEN_MM and depth >= PLAIN_DEPTH


def _nearest_levels(clicks_spl: Mapping[str, FloatArray], chain: Chain) -> list[str]:
    """Return the level below each vertebra that was clicked on, or above where that is not seen."""
    result = []
    for name in clicks_spl:
        n = VERTEBRAE.index(name)
        for row in (n, n - 1, n + 1):
            level = TEMPLATE_LEVELS[row] if 0 <= row < len(TEMPLATE_LEVELS) else ""
            if level in chain.heights_mm and level in ZYGAPOPHYSIAL_LEVELS:
                result.append(level)
                break
    return result


def _off_by(chain: Chain, parts: Template, name: str, point_spl: FloatArray) -> int:
    """Return by how many levels a click moves the names: 0 where it may be on that vertebra."""
    wanted = VERTEBRAE.index(name)
    may_be = _vertebrae_at(chain, parts, point_spl)
    nearest = min(may_be, key=lambda n: abs(n - wanted))
    return wanted - nearest


def _vertebrae_at(chain: Chain, parts: Template, point_spl: FloatArray) -> list[int]:
    """Return which vertebrae a place may be on, by the levels as they are named."""
    s, p, lateral = (float(v) for v in point_spl)
    low = 0.0 if abs(lateral) > _BESIDE_L_MM and p < _SLOPE_FROM_P_MM else _DISC_BELOW_JOINT_MM
    low += _SLOPE * max(p - _SLOPE_FROM_P_MM, 0.0)
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


def _renamed(
    chain: Chain, likeness: Likeness, parts: Template, rhythm: Rhythm, shift: int
) -> Chain | None:
    """Return the same joints under other names: no joint leaves its bone."""
    gains = _seen(likeness, rhythm)
    heights = np.arange(gains.shape[1])
    first = TEMPLATE_LEVELS.index(CERVICAL.undivided_level)
    for name, height in chain.heights_mm.items():
        row = TEMPLATE_LEVELS.index(name) + shift
        if TEMPLATE_LEVELS.index(name) < first or not first <= row < len(TEMPLATE_LEVELS):
            continue
        near = np.exp(-0.5 * ((heights - height) / _RENAME_MM) ** 2)
        gains[row] += (_RENAME_GAIN * near).astype(np.float32)
    return best_chain(likeness, parts, gains, pedicles=rhythm.counted)


def _rival(
    chain: Chain, parts: Template, claims: Sequence[Claim], evidence: Sequence[Evidence]
) -> str:
    """Return how else this neck may be numbered, where C2 and the first ribs tell two stories."""
    ribs = next((c for c in claims if c.source is EvidenceSource.RIBS), None)
    seen = {piece.source: piece for piece in evidence}
    if ribs is None or seen[EvidenceSource.RIBS].agrees is not False:
        return ""
    if EvidenceSource.DENS not in seen or not seen[EvidenceSource.DENS].agrees:
        return ""
    at, _ = _nearest(chain, parts, ribs.height_mm)
    last = TEMPLATE_LEVELS.index(CERVICAL.rib_level)
    count = TEMPLATE_LEVELS.index(at) - 1
    expected = last - 1
    if count == expected:
        return (
            "bone runs out sideways half a level above the place of the first ribs: a rib or a "
            "long transverse process of C7, or a count that is off by one"
        )
    why = (
        "cervical ribs at C7, or six cervical vertebrae"
        if count < expected
        else "eight cervical vertebrae, or first ribs too short to be seen"
    )
    return (
        f"{_NUMBERS[count]} vertebrae lie from C2 down to the first pair of ribs, "
        f"{_NUMBERS[expected]} would be expected: {why}"
    )


_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
#: Weight of an unbroken count: it says how far, not from where, so that it makes no level sure with
#: the dens alone.
COUNT_WEIGHT = 0.4


def _no_gains(likeness: Likeness) -> npt.NDArray[np.float32]:
    return np.zeros((len(TEMPLATE_LEVELS), likeness.score.shape[2]), np.float32)


def judge(
    chain: Chain,
    likeness: Likeness,
    parts: Template,
    claims: Sequence[Claim],
    rhythm: Rhythm,
) -> list[Evidence]:
    """Hold levels that were named elsewhere against what the picture shows.

    Parameters
    ----------
    chain : Chain
        The levels as they are named, for example by :func:`chain_of`.
    likeness, parts, claims, rhythm
        As for :func:`number`.
    """
    by_shape = best_chain(likeness, parts, _seen(likeness, rhythm), pedicles=rhythm.counted)
    return _judgement(chain, by_shape, likeness, parts, claims, rhythm)


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
    rhythm: Rhythm,
) -> list[Evidence]:
    evidence = [_judged(claim, chain, parts) for claim in claims]
    if by_shape is not None:
        evidence.append(_by_shape(by_shape, chain, likeness, parts, rhythm))
    evidence += _atlas_shape(chain, likeness)
    evidence += _uneven(chain, likeness, parts)
    return evidence


def status_of(evidence: Sequence[Evidence]) -> Numbering:
    """Return how sure a numbering is by its evidence, no reader having clicked.

    Without C2 in the field it never is: a rib at C7, or six or eight cervical vertebrae, look the
    same from below.
    """
    agreeing = [e for e in evidence if e.agrees]
    against = [e for e in evidence if e.agrees is False]
    from_c2 = any(e.source in C2_SOURCES for e in agreeing)
    if not from_c2 or against or len(agreeing) < 2 or sum(e.weight for e in agreeing) < SURE_WEIGHT:
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


def _nearest(chain: Chain, parts: Template, height: float) -> tuple[str, float]:
    heights = {level: predicted_mm(chain, parts, level) for level in TEMPLATE_LEVELS}
    level = min(heights, key=lambda name: abs(heights[name] - height))
    return level, heights[level]


def _judged(claim: Claim, chain: Chain, parts: Template) -> Evidence:
    off = abs(predicted_mm(chain, parts, claim.level) - claim.height_mm)
    nearest, _ = _nearest(chain, parts, claim.height_mm)
    slack = _AGREE_MM + (claim.spread_mm - _USUAL_SPREAD_MM) * _SLACK_PER_MM
    if claim.level in (CERVICAL.rib_level, CERVICAL.undivided_level):
        slack = min(slack, _RIBS_AGREE_MM)
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
    rhythm: Rhythm,
) -> Evidence:
    """Judge what the shapes of the vertebrae alone would have said."""
    seen = _seen(likeness, rhythm)
    others = [
        shifted(by_shape, likeness, parts, seen, by, pedicles=rhythm.counted)
        for by in (-2, -1, 1, 2)
    ]
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
    return [Evidence(EvidenceSource.SPACING, saw, level, "unclear", 1.0, False)]
