"""Which level is which, how sure that is, and why.

Numbering is a claim. It is **sure** only when C2 is seen, an unbroken count of vertebrae leads from
it to the level, a second piece of evidence agrees, and none speaks against it. A reader's click
**confirms** what the count then reaches without a break. Everything else is **provisional**, and
says so. Where C2 is seen nothing below it moves a level: ribs and lungs are asked afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from fusion.anatomy import CERVICAL, LEVELS, VERTEBRAE, ZYGAPOPHYSIAL_LEVELS
from fusion.facets.automatic.chain import Chain, best_chain
from fusion.facets.automatic.claims import Claim
from fusion.facets.automatic.column import IN_C2_MM, MOST_SIDES_APART_MM, PLAIN_DEPTH, Rhythm
from fusion.facets.automatic.likeness import SCALES, Likeness
from fusion.facets.automatic.naming.clicks import click_at_an_end, off_by, unsettled_click
from fusion.facets.automatic.naming.judging import (
    gap_gains,
    judgement,
    nearest_level,
    status_of,
)
from fusion.facets.automatic.template import TEMPLATE_LEVELS, Template
from fusion.facets.localisation import Witness
from fusion.facets.states import Numbering, WitnessKind
from fusion.geometry import FloatArray

# Numbers below were chosen by us on our simulated necks (docs/sources.md#level-numbering).

#: What a claim of weight 1 adds to the chain that it points at.
_GAIN = 0.45
#: Cost of a cervical level beside the lungs.
_CHEST_COST = 0.6
#: Furthest that the gap of a level lies from it, mm; and a distance between two neighbouring levels
#: against the usual one of this patient: beyond, the count is broken.
_FORAMEN_MM, _EVEN_SHARE = 5.5, (0.62, 1.5)
#: The same of the distance between the two pedicles on either side of a level: 0.81 to 1.19 in the
#: real necks at hand, and less where half a vertebra is missing.
_EVEN_SPAN = (0.74, 1.4)
#: What holds levels to the bones that they had when a reader renames them, and how near, mm.
_RENAME_GAIN, _RENAME_MM = 3.0, 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The chosen chain, how sure its numbering is, and the evidence.

    Parameters
    ----------
    chain : Chain
        Heights of the levels.
    numbering : Numbering
        Of the count as a whole.
    evidence : tuple of Witness
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
    suggested : tuple of str
        Kinds of anomaly that would explain the other way to number.
    unsettled : str
        A vertebra that was clicked on where its neighbour could be as well; else empty.
    at_end : str
        A vertebra that was clicked on so near to its end that the next may be meant; else empty.
    sure : frozenset of str
        Levels that are sure without the reader's clicks, and stay so; none where clicks move names.
    """

    chain: Chain
    numbering: Numbering
    evidence: tuple[Witness, ...]
    clicks_kept: bool
    reached: frozenset[str] = frozenset(LEVELS)
    rival: str = ""
    contradicted: tuple[str, ...] = ()
    clicked: tuple[str, ...] = ()
    suggested: tuple[str, ...] = ()
    unsettled: str = ""
    at_end: str = ""
    sure: frozenset[str] = frozenset()


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
    by_shape = best_chain(likeness, parts, gap_gains(likeness, rhythm), pedicles=rhythm.counted)
    gains = gap_gains(likeness, rhythm)
    from_above = any(claim.source is WitnessKind.DENS for claim in claims)
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
        name: off_by(chain, parts, name, point) for name, point in clicks_spl.items()
    }  # fmt: skip
    kept = len(set(shifts.values())) <= 1
    shift = next(iter(shifts.values()), 0) if kept else 0
    if shift:
        renamed = _renamed(chain, likeness, parts, rhythm, shift)
        kept, chain = renamed is not None, renamed or chain
    evidence = judgement(chain, by_shape, likeness, parts, claims, rhythm)
    count, reached = _count(chain, rhythm, CERVICAL.undivided_level)
    if from_above:
        evidence.append(count)
    unsettled = "" if from_above else unsettled_click(chain, parts, clicks_spl)
    by_itself = status_of(evidence)
    sure = reached if by_itself is Numbering.SURE and kept and not shift else frozenset()
    if clicks_spl:
        status = Numbering.CONFIRMED if kept and not unsettled else Numbering.PROVISIONAL
        reached = reached_in(chain, rhythm, clicks_spl)
    else:
        status = by_itself
    rival = _rival(chain, parts, claims, evidence)
    levels = Levels(
        chain,
        status,
        tuple(evidence),
        kept,
        reached,
        rival=rival,
        suggested=_suggested(chain, parts, claims) if rival else (),
        contradicted=tuple(
            f"{piece.source}: {piece.saw}" for piece in evidence if piece.agrees is False
        )
        if clicks_spl
        else (),
        clicked=tuple(clicks_spl),
        unsettled=unsettled,
        sure=sure,
    )
    return with_ends_asked(levels, parts, clicks_spl, rhythm, dens_seen=from_above)


def with_ends_asked(
    levels: Levels,
    parts: Template,
    clicks_spl: Mapping[str, FloatArray],
    rhythm: Rhythm,
    *,
    dens_seen: bool,
) -> Levels:
    """Return levels whose names a click near the end of a vertebra does not confirm.

    A vertebra whose own levels are all sure needs no click, and vouches for none beyond a break.

    Parameters
    ----------
    levels : Levels
        Their ``sure`` decides: asked again whenever less of them is left.
    parts : Template
        Distances between levels.
    clicks_spl : mapping of str to (3,) ndarray of float64, mm
        As for :func:`number`.
    rhythm : Rhythm
        Vertebrae one by one, without names.
    dens_seen : bool
        Whether C1 and C2 are told apart by a dens.
    """
    asked = {}
    for name, point_spl in clicks_spl.items():
        own = {n for n in LEVELS if n in levels.chain.heights_mm and name in n.split("-")}
        if not own or not own <= levels.sure:
            asked[name] = point_spl
    at_end = levels.at_end or click_at_an_end(
        levels.chain, parts, asked, rhythm, dens_seen=dens_seen
    )
    if not at_end:
        return levels
    # What is sure stays so; nothing else is reached.
    reached = frozenset() if levels.sure else levels.reached
    return replace(levels, at_end=at_end, numbering=Numbering.PROVISIONAL, reached=reached)


def reached_in(chain: Chain, rhythm: Rhythm, clicked: Collection[str]) -> frozenset[str]:
    """Return the levels that an unbroken count of vertebrae reaches.

    Parameters
    ----------
    chain : Chain
        Heights of the levels.
    rhythm : Rhythm
        Vertebrae one by one, without names.
    clicked : collection of str
        Vertebrae that a reader named: the count starts there, and without any at C2.
    """
    starts = _nearest_levels(clicked, chain) if clicked else [CERVICAL.undivided_level]
    return frozenset().union(*(_reached(chain, rhythm, level) for level in starts))


def broken(chain: Chain, rhythm: Rhythm) -> Rhythm:
    """Return a rhythm with the breaks that matter to the levels of a chain."""
    highest = CERVICAL.undivided_level
    top = chain.heights_mm.get(highest, max(chain.heights_mm.values()))
    return rhythm.broken_below(top + IN_C2_MM)


def _count(chain: Chain, rhythm: Rhythm, start: str) -> tuple[Witness, frozenset[str]]:
    """Count vertebrae one by one from a level downwards."""
    reached = _reached(chain, rhythm, start)
    below = [n for n in ZYGAPOPHYSIAL_LEVELS if n in chain.heights_mm]
    if below == [start]:
        # At the end of a field nothing is counted, and no vertebra below tells where C2 ends.
        saw = f"the field ends below {start}: no vertebra can be counted"
        return Witness(WitnessKind.COUNT, saw, start, start, COUNT_WEIGHT, None), frozenset()
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
        Witness(WitnessKind.COUNT, saw, level, level, COUNT_WEIGHT, True if whole else None),
        reached,
    )


def _reached(chain: Chain, rhythm: Rhythm, start: str) -> frozenset[str]:
    """Return the levels that an unbroken count from a level reaches, up and down."""
    if abs(rhythm.sides_apart_mm) > MOST_SIDES_APART_MM:
        return frozenset()
    rhythm = broken(chain, rhythm)
    names = [n for n in ZYGAPOPHYSIAL_LEVELS if n in chain.heights_mm]
    pitches = -np.diff([chain.heights_mm[n] for n in names])
    usual = float(np.median(pitches)) if len(pitches) else CERVICAL.pitch_mm
    spans = {n: rhythm.span(chain.heights_mm[n]) for n in names}
    usual_span = float(np.median([d for d in spans.values() if d] or [CERVICAL.pitch_mm]))

    def plain(level: str) -> bool:
        height, span = chain.heights_mm[level], spans[level]
        if not rhythm.whole(height, height):
            return False
        even = span is None or _EVEN_SPAN[0] <= span / usual_span <= _EVEN_SPAN[1]
        return even and _plain(chain, rhythm, level)

    if start not in names or not plain(start):
        return frozenset()
    # C2 is known by its dens, another vertebra by a click on it.
    dens = chain.heights_mm.get(CERVICAL.dens_level, chain.heights_mm[start])
    if start == CERVICAL.undivided_level and not rhythm.whole(chain.heights_mm[start], dens):
        return frozenset()

    def linked(upper: str, lower: str) -> bool:
        high, low = chain.heights_mm[upper], chain.heights_mm[lower]
        even = _EVEN_SHARE[0] * usual <= high - low <= _EVEN_SHARE[1] * usual
        return even and rhythm.between(low, high) == 1 and rhythm.whole(low, high)

    reached = {start}
    at = names.index(start)
    for order in (names[at:], names[at::-1]):
        for one, other in pairwise(order):
            upper, lower = sorted((one, other), key=names.index)
            if not linked(upper, lower) or not plain(other):
                break
            reached.add(other)
    if CERVICAL.undivided_level in reached:
        reached.add(CERVICAL.dens_level)
        top = chain.heights_mm.get(CERVICAL.occiput_level, dens)
        if rhythm.whole(chain.heights_mm[CERVICAL.undivided_level], top):
            reached.add(CERVICAL.occiput_level)
    return frozenset(reached)


def _plain(chain: Chain, rhythm: Rhythm, level: str) -> bool:
    """Tell whether the gap beside the canal of a level is seen plainly, and near it."""
    height = chain.heights_mm[level]
    place, depth = rhythm.gap(height)
    return place is not None and abs(place - height) <= _FORAMEN_MM and depth >= PLAIN_DEPTH


def _nearest_levels(clicked: Collection[str], chain: Chain) -> list[str]:
    """Return the level below each vertebra that was clicked on, or above where that is not seen."""
    result = []
    for name in clicked:
        n = VERTEBRAE.index(name)
        for row in (n, n - 1, n + 1):
            level = TEMPLATE_LEVELS[row] if 0 <= row < len(TEMPLATE_LEVELS) else ""
            if level in chain.heights_mm and level in ZYGAPOPHYSIAL_LEVELS:
                result.append(level)
                break
    return result


def _renamed(
    chain: Chain, likeness: Likeness, parts: Template, rhythm: Rhythm, shift: int
) -> Chain | None:
    """Return the same joints under other names: no joint leaves its bone."""
    gains = gap_gains(likeness, rhythm)
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
    chain: Chain, parts: Template, claims: Sequence[Claim], evidence: Sequence[Witness]
) -> str:
    """Return how else this neck may be numbered, where C2 and the first ribs tell two stories."""
    ribs = next((c for c in claims if c.source is WitnessKind.RIBS), None)
    seen = {piece.source: piece for piece in evidence}
    if ribs is None or seen[WitnessKind.RIBS].agrees is not False:
        return ""
    if WitnessKind.DENS not in seen or not seen[WitnessKind.DENS].agrees:
        return ""
    at, _ = nearest_level(chain, parts, ribs.height_mm)
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


def _suggested(chain: Chain, parts: Template, claims: Sequence[Claim]) -> tuple[str, ...]:
    """Return the kinds of anomaly by which C2 and the first ribs would tell one story."""
    ribs = next(c for c in claims if c.source is WitnessKind.RIBS)
    at, _ = nearest_level(chain, parts, ribs.height_mm)
    missing = TEMPLATE_LEVELS.index(CERVICAL.rib_level) - TEMPLATE_LEVELS.index(at)
    # Half a level above the place of the first ribs nothing is missing in the count; two vertebrae
    # too few or too many are no variant of a neck.
    kinds = {-1: ("extra segment",), 0: ("cervical rib",), 1: ("cervical rib", "missing segment")}
    return kinds.get(missing, ())


_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
#: Weight of an unbroken count: it says how far, not from where, so that it makes no level sure with
#: the dens alone.
COUNT_WEIGHT = 0.4


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
