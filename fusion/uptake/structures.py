"""What else lies beside the joints: discs, bodies, uncovertebral joints, arches.

Placed by the joints themselves, in the frame of the spine at each level (along it to the head, to
the back, to the left), because necks tilt, turn and bend. Offsets are for a neck whose joints lie
17.5 mm from the midline (docs/sources.md#joint-layout) and scale with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from fusion.anatomy import CERVICAL, LEVELS, ZYGAPOPHYSIAL_LEVELS, Joint, Side
from fusion.geometry import FloatArray

#: Middle of a disc in front of the midpoint between the joints of its level: half a canal (7) and
#: half a body (8), mm (docs/sources.md#vertebral-bodies-and-canal).
DISC_FORWARD_MM = 15.0
#: Uncovertebral joint: beside and in front of the midpoint, mm: edge of a body 22 wide
#: (docs/sources.md#vertebral-bodies-and-canal).
UNCOVERTEBRAL_MM = (11.0, 12.0)
#: Lamina and spinous process of a vertebra: to the back and to the side, mm.
LAMINA_MM = (13.0, 11.0)
SPINOUS_BACK_MM = 24.0
#: The parotid and submandibular glands reach down to about here; the thyroid lies below.
LAST_GLAND_LEVEL = "C4-C5"
#: Middle of the dens above the midpoint between the C1-C2 joints, mm.
DENS_ABOVE_MM = 8.0


class StructureKind(StrEnum):
    """What kind of structure a place is."""

    JOINT = "joint"
    DISC = "disc"
    BODY = "vertebral body"
    UNCOVERTEBRAL = "uncovertebral joint"
    DENS = "dens"
    ARCH = "posterior arch"
    BEYOND = "beyond the joints"
    OUTSIDE = "not cervical"


#: How far from its centre a structure reaches, mm: half its longest extent
#: (docs/sources.md#vertebral-bodies-and-canal, #pillar, #facet-surfaces).
EXTENT_MM = {
    StructureKind.JOINT: 8.0,
    StructureKind.DISC: 10.0,
    StructureKind.BODY: 10.0,
    StructureKind.UNCOVERTEBRAL: 6.0,
    StructureKind.DENS: 8.0,
    StructureKind.ARCH: 8.0,
    StructureKind.BEYOND: 14.0,
}


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """A place that uptake can belong to.

    Parameters
    ----------
    kind : StructureKind
        What it is.
    name : str
        In words, for example ``"Left C5-C6"`` or ``"disc C5-C6"``.
    center_lps : (3,) ndarray of float64, mm
        In the CT's frame.
    level : str or None
        Level of a joint, disc or uncovertebral joint.
    side : Side or None
        Side of what has one.
    joint : Joint or None
        The joint, where it is one that has a centre on this CT.
    """

    kind: StructureKind
    name: str
    center_lps: FloatArray
    level: str | None = None
    side: Side | None = None
    joint: Joint | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Rung:
    """One level: the midpoint between its joints, and its directions (along, back, left)."""

    level: str
    middle: FloatArray
    along: FloatArray
    back: FloatArray
    left: FloatArray
    half_width_mm: float

    def at(self, along: float, back: float, left: float) -> FloatArray:
        return self.middle + along * self.along + back * self.back + left * self.left


def structures(centers_lps: Mapping[Joint, FloatArray]) -> tuple[Structure, ...]:
    """Return everything that uptake near these joints can belong to.

    Parameters
    ----------
    centers_lps : mapping of Joint to (3,) ndarray of float64, mm
        Joints with a centre, in the CT's frame; at least one.

    Returns
    -------
    tuple of Structure
        The joints; levels between them that were not found; discs, bodies, uncovertebral joints
        and arches; and what follows above the highest joint and below the lowest.
    """
    rungs = _rungs(centers_lps)
    scale = _scale(rungs)
    result = [
        Structure(StructureKind.JOINT, joint.name, center, joint.level, joint.side, joint)
        for joint, center in centers_lps.items()
    ]
    result += [
        Structure(
            StructureKind.JOINT,
            f"{Joint(rung.level, side).name} (not found)",
            rung.at(0, 0, side.sign * rung.half_width_mm),
            rung.level,
            side,
        )
        for rung in rungs
        for side in Side
        if Joint(rung.level, side) not in centers_lps
    ]
    result += _beyond(rungs)
    for rung in rungs:
        if rung.level in ZYGAPOPHYSIAL_LEVELS:
            result += _at_disc(rung, scale)
        elif rung.level == CERVICAL.dens_level:
            result.append(
                Structure(
                    StructureKind.DENS,
                    "dens (C1-C2, midline)",
                    rung.at(DENS_ABOVE_MM * scale, 0, 0),
                )
            )
    result += _vertebrae(rungs, scale)
    return tuple(result)


def elsewhere_words(point_lps: FloatArray, centers_lps: Mapping[Joint, FloatArray]) -> str:
    """Say what uptake away from every cervical structure may belong to; never what it is.

    Parameters
    ----------
    point_lps : (3,) ndarray of float64, mm
        In the CT's frame.
    centers_lps : mapping of Joint to (3,) ndarray of float64, mm
        Joints with a centre; at least one.
    """
    rungs = _rungs(centers_lps)
    near = min(rungs, key=lambda rung: float(np.linalg.norm(point_lps - rung.middle)))
    away = point_lps - near.middle
    along, back = float(away @ near.along), float(away @ near.back)
    if near is rungs[-1] and along < -CERVICAL.pitch_mm / 2:
        may = "a vertebra further down (body, joint or marrow), a rib or a shoulder"
        return f"below the levels that are numbered; it may be {may}, a gland or a tumour"
    if near is rungs[0] and along > CERVICAL.pitch_mm / 2:
        may = "a vertebra further up, the skull, the jaw, teeth or a sinus"
        return f"above the levels that are numbered; it may be {may}, a gland or a tumour"
    if back > SPINOUS_BACK_MM:
        return "behind the spine; it may be muscle, skin or a tumour"
    if LEVELS.index(near.level) <= LEVELS.index(LAST_GLAND_LEVEL):
        may = "a salivary gland (parotid, submandibular), the jaw or teeth"
    else:
        may = "the thyroid, the larynx, a vessel, a rib or a shoulder"
    return f"beside or in front of the spine; it may be {may}, a lymph node or a tumour"


def vertebral_bodies(centers_lps: Mapping[Joint, FloatArray]) -> dict[str, FloatArray]:
    """Return the middle of each vertebral body that the joints show, from above: (3,), mm.

    Parameters
    ----------
    centers_lps : mapping of Joint to (3,) ndarray of float64, mm
        Joints with a centre, in the CT's frame.
    """
    if not centers_lps:
        return {}
    found = {
        s.name.split()[-1]: s.center_lps
        for s in structures(centers_lps)
        if s.kind is StructureKind.BODY
    }
    return {name: found[name] for name in CERVICAL.vertebrae if name in found}


def body_centers(centers_lps: Mapping[Joint, FloatArray]) -> FloatArray:
    """Return the middles of the vertebral bodies C3 to C7 that the joints show: (n, 3), mm."""
    found = vertebral_bodies(centers_lps)
    bodies = [found[name] for name in CERVICAL.reference_bodies if name in found]
    return np.array(bodies, dtype=np.float64).reshape(-1, 3)


def _scale(rungs: Sequence[_Rung]) -> float:
    widths = [r.half_width_mm for r in rungs if r.level in ZYGAPOPHYSIAL_LEVELS]
    widths = widths or [r.half_width_mm for r in rungs]
    return float(np.clip(np.median(widths) / CERVICAL.half_width_mm, 0.75, 1.3))


def _rungs(centers: Mapping[Joint, FloatArray]) -> list[_Rung]:
    rows = [n for n, level in enumerate(LEVELS) if any(Joint(level, s) in centers for s in Side)]
    across: dict[int, FloatArray] = {}
    for n in rows:
        pair = [centers.get(Joint(LEVELS[n], side)) for side in Side]
        if pair[0] is not None and pair[1] is not None:
            across[n] = (pair[0] - pair[1]) / 2
    middles, halves = {}, {}
    for n in range(rows[0], rows[-1] + 1):
        halves[n] = _between(n, across) if across else np.array([CERVICAL.half_width_mm, 0.0, 0.0])
        sides = [
            centers[Joint(LEVELS[n], side)] - side.sign * halves[n]
            for side in Side
            if Joint(LEVELS[n], side) in centers
        ]
        if sides:
            middles[n] = np.mean(sides, axis=0)
    return [
        _rung(n, _between(n, middles), halves[n], middles) for n in range(rows[0], rows[-1] + 1)
    ]


def _between(n: int, known: Mapping[int, FloatArray]) -> FloatArray:
    rows = sorted(known)
    return np.array([np.interp(n, rows, [known[r][axis] for r in rows]) for axis in range(3)])


def _rung(n: int, middle: FloatArray, half: FloatArray, middles: Mapping[int, FloatArray]) -> _Rung:
    # The joints of C0-C1 and C1-C2 lie in front of the others and say nothing of the direction.
    first = LEVELS.index(ZYGAPOPHYSIAL_LEVELS[0])
    straight = [r for r in sorted(middles) if r >= first]
    near = sorted(straight, key=lambda r: abs(r - max(n, first)))[:3]
    along = np.array([0.0, 0.0, 1.0])
    if len(near) > 1:
        along = middles[min(near)] - middles[max(near)]
    along = along / np.linalg.norm(along)
    left = half - (half @ along) * along
    left = left / np.linalg.norm(left)
    back = np.cross(along, left)
    return _Rung(LEVELS[n], middle, along, back, left, float(np.linalg.norm(half)))


def _beyond(rungs: Sequence[_Rung]) -> list[Structure]:
    result = []
    for rung, step, word in ((rungs[0], 1, "above"), (rungs[-1], -1, "below")):
        for side in Side:
            at = rung.at(step * CERVICAL.pitch_mm, 0, side.sign * rung.half_width_mm)
            name = f"{word} {Joint(rung.level, side).name}"
            result.append(Structure(StructureKind.BEYOND, name, at, None, side))
    return result


def _at_disc(rung: _Rung, scale: float) -> list[Structure]:
    level = rung.level
    disc = rung.at(0, -DISC_FORWARD_MM * scale, 0)
    result = [Structure(StructureKind.DISC, f"disc {level}", disc, level)]
    if level in CERVICAL.uncovertebral:
        beside, forward = (v * scale for v in UNCOVERTEBRAL_MM)
        for side in Side:
            at = rung.at(0, -forward, side.sign * beside)
            name = f"{side.value.capitalize()} uncovertebral joint {level}"
            result.append(Structure(StructureKind.UNCOVERTEBRAL, name, at, level, side))
    return result


def _vertebrae(rungs: Sequence[_Rung], scale: float) -> list[Structure]:
    """Return bodies and arches: half way between two levels, or half a pitch beyond the last."""
    result = []
    facets = [rung for rung in rungs if rung.level in ZYGAPOPHYSIAL_LEVELS]
    half = CERVICAL.pitch_mm * scale / 2
    places: list[tuple[str, _Rung, float]] = []
    for upper, lower in pairwise(facets):
        gap = float(np.linalg.norm(upper.middle - lower.middle))
        places.append((lower.level.split("-")[0], lower, gap / 2))
    if facets:
        places.append((facets[0].level.split("-")[0], facets[0], half))
        places.append((facets[-1].level.split("-")[1], facets[-1], -half))
    for name, rung, along in places:
        body = rung.at(along, -DISC_FORWARD_MM * scale, 0)
        result.append(Structure(StructureKind.BODY, f"vertebral body {name}", body))
        back, beside = (v * scale for v in LAMINA_MM)
        for left in (-beside, beside):
            at = rung.at(along, back, left)
            result.append(Structure(StructureKind.ARCH, f"posterior arch {name}", at))
        spinous = rung.at(along, SPINOUS_BACK_MM * scale, 0)
        result.append(Structure(StructureKind.ARCH, f"posterior arch {name}", spinous))
    return result
