"""What the picture says about the numbering, piece by piece.

Every piece looks at bone that the others do not use, and says which level lies at which height of
the straight neck: the dens in its ring, the base of the skull, the first ribs, the tops of the
lungs. None of them is certain: a cervical rib, a fused or an extra vertebra makes one of them lie.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from fusion.anatomy import CERVICAL
from fusion.facets.automatic.column import PLAIN_DEPTH, Rhythm
from fusion.facets.automatic.straight import Frame, bone_map, sample
from fusion.facets.states import WitnessKind
from fusion.geometry import FloatArray, Volume


@dataclass(frozen=True, slots=True)
class Claim:
    """One piece of evidence: what was seen, and which level it puts where.

    Parameters
    ----------
    source : str
        Short name: ``"dens and atlas"``, ``"first ribs"``, …
    level : str
        The level that the piece is about.
    height_mm : float, mm
        Where along the canal that level should lie.
    spread_mm : float, mm
        How far off the piece may be (standard deviation).
    weight : float
        2 for a piece that can carry a numbering with the support of another, 1 for a supporting
        one, below 1 for a weak one.
    saw : str
        One sentence for the reader.
    or_above : bool
        Whether the level may as well lie higher: what would show it there is not in the field.
    """

    source: WitnessKind
    level: str
    height_mm: float
    spread_mm: float
    weight: float
    saw: str
    or_above: bool = False


# Numbers below were chosen by us on our simulated necks and looked at on real CTs
# (docs/sources.md#level-numbering); none is validated.

#: Half width of the dens, of the gap beside it, and where the lateral masses of C1 lie, mm.
_DENS_HALF_MM, _GAP_MM, _MASS_MM = 3.0, (6.0, 9.0), (12.0, 21.0)
#: Contrast of dens against the gaps beside it that counts, and height over which it must hold.
_DENS_CONTRAST = 0.42
_DENS_LENGTH_MM = 7.0
#: Mean contrast and height from which the dens is seen plainly.
_DENS_PLAIN, _DENS_PLAIN_MM = 0.5, 9.0
#: How far below the lower end of the dens in its ring the pedicle of C2 lies, mm: 5 to 18 on three
#: real CTs. That of C3 lies 16 mm and more below that of C2.
_BELOW_DENS_MM = (3.0, 22.0)
#: Two crests of the wall of the canal below the dens that lie nearer to each other than this, with
#: no plain gap between them, are both of C2, mm: C3 lies 16 mm and more below.
_C2_TWIN_MM = 14.0
#: Where ribs pass: lateral, and behind the front of the canal, mm. Clavicles lie in front,
#: shoulder blades further out, the mandible in front and above.
_RIB_L_MM, _RIB_P_MM = (32.0, 52.0), (-14.0, 34.0)
#: Share of the lateral range that must show bone within 5 mm of a height.
_RIB_SHARE = 0.5
#: Share that must be reached somewhere below, for a rib.
_RIB_REACH = 0.8
#: Length without bone beside the spine that ends above the first rib, and the one from which no
#: rib of a level above can have been missed, mm.
_CLEAR_MM, _CLEAR_LEVEL_MM = 5.0, 26.0
#: Furthest that the first ribs of the two sides start from each other, mm.
_RIBS_APART_MM = 13.0
#: From here on the two are no pair, and say nothing, mm: a rib at C7 on one side and none on the
#: other start one level apart, 20 mm at most; a skull and a rib start 150 mm apart.
_NO_PAIR_MM = 30.0
#: A second dens of more than this share of the best one leaves both open.
_DENS_RIVAL = 0.6
#: Window in front of the canal's middle in which a dens is looked for: its back edge, mm.
_DENS_FRONT_MM = -3.0
#: How much bone in the midline counts beyond that of the lateral masses beside it.
_DENS_BEYOND_MASSES = 0.3
#: HU above which smoothed voxels beside the spine count as bone of ribs and skull: like the wall of
#: the canal, above the noise between the shoulders.
_RIB_HU = 170.0
#: Share of the lateral range below which a height is clear of bone, and from which the field counts
#: as there.
_CLEAR_SHARE, _KNOWN_SHARE = 0.25, 0.8
#: Back edge of what has to be in the field beside the spine, mm.
_KNOWN_P_MM = 8.0
#: Length below its highest bone in which a rib must reach right across, mm.
_RIB_STRETCH_MM = 30
#: From the height where ribs start to the C7-T1 joints, mm: measured on our simulated necks and
#: looked at on three real CTs.
_RIB_TO_JOINT_MM = 1.0
#: Quantile of the bone along the spine that is usual for a body, and the least that is one.
_USUAL_QUANTILE, _LEAST_BONE = 0.7, 0.1
#: C2 with its dens is longer than the next longest stretch by this factor.
_C2_LEAD = 1.4
#: Share of the usual bone below which a height is a disc, and how long C2 with its dens may be.
_SOLID_SHARE, _C2_LENGTH_MM = 0.55, (25, 48)
#: From the joint C2-C3 up to the lower end of the undivided stretch, mm.
_C2_TO_JOINT_MM = 2.0
#: Neck below the skull without bone across half of the range on either side, mm, and that share.
_SKULL_CLEAR_MM, _SKULL_CLEAR_SHARE = 35, 0.5
#: From the height where the skull reaches both sides of the spine to the C0-C1 joints, mm.
_SKULL_TO_JOINT_MM = 7.0
#: HU below which a voxel beside the spine is lung or outside air.
_LUNG_HU = -500.0
#: Where lungs pass: lateral, and behind the front of the canal at most, mm.
_LUNG_L_MM, _LUNG_P_MM = (16.0, 52.0), 10.0
#: Share of air of a height deep in the lung, length of that which is a lung, mm, and the share at
#: its top.
_LUNG_DEEP, _LUNG_LENGTH_MM, _LUNG_TOP = 0.2, 12, 0.06
#: Share of air beside the spine from which a height lies in the chest.
_CHEST_AIR = 0.12
#: From the top of the higher lung to the C7-T1 joints, mm.
_LUNG_TO_JOINT_MM = 19.0


def claims(ct: Volume, frame: Frame, rhythm: Rhythm) -> tuple[Claim, ...]:
    """Look for every piece of evidence.

    Parameters
    ----------
    ct : Volume
        HU.
    frame : Frame
        The straight neck.
    rhythm : Rhythm
        Its vertebrae, one by one.
    """
    wide_p, wide_l = np.arange(-46.0, 46.1, 2.0), np.arange(-66.0, 66.1, 2.0)
    hu = sample(ct, frame, wide_p, wide_l)
    beside = _beside(hu, wide_p, wide_l)
    dens = _dens(ct, frame, rhythm)
    found = [
        *dens,
        *_ribs(beside, below_mm=dens[0].height_mm if dens else None),
        *_skull(beside),
        *_undivided(ct, frame),
    ]
    found += _lungs(hu, wide_p, wide_l)
    return tuple(found)


def dens_profile(ct: Volume, frame: Frame) -> FloatArray:
    """Return how much each height looks like a dens between the lateral masses of C1.

    Parameters
    ----------
    ct : Volume
        HU.
    frame : Frame
        The straight neck.

    Returns
    -------
    (n,) ndarray of float64
        Bone in the midline and in the lateral masses, less bone in the gaps between them.
    """
    p, lateral = np.arange(-30.0, 4.1, 1.0), np.arange(-24.0, 24.1, 1.0)
    bone = bone_map(sample(ct, frame, p, lateral))
    bone = ndimage.gaussian_filter(bone, (1.0, 0.7, 0.5))
    off = np.abs(lateral)
    dens = ndimage.uniform_filter1d(bone[:, :, off <= _DENS_HALF_MM].mean(axis=2), 5, axis=1)
    gaps = [
        ndimage.uniform_filter1d(bone[:, :, side & (off >= _GAP_MM[0]) & (off <= _GAP_MM[1])]
                                 .min(axis=2), 5, axis=1)
        for side in (lateral > 0, lateral < 0)
    ]  # fmt: skip
    masses = [
        ndimage.maximum_filter1d(
            ndimage.uniform_filter1d(
                bone[:, :, side & (off >= _MASS_MM[0]) & (off <= _MASS_MM[1])].mean(axis=2),
                7,
                axis=1,
            ),
            9,
            axis=1,
        )
        for side in (lateral > 0, lateral < 0)
    ]
    middle = np.minimum(dens, _DENS_BEYOND_MASSES + np.minimum(masses[0], masses[1]))
    # In front of the canal only: further back the spinal cord has nothing but gaps beside it. The
    # gaps of a dens are open to the canal; the foramina of an artery have a pedicle behind them.
    front = int(np.searchsorted(p, _DENS_FRONT_MM))
    gap = np.maximum(gaps[0], gaps[1])[:, :front]
    gap = np.maximum.accumulate(gap[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((middle[:, :front] - gap).max(axis=1), dtype=np.float64)


def dens_foot_mm(ct: Volume, frame: Frame) -> float | None:
    """Return the lower end of the dens in its ring, mm along the canal, whatever lies below it.

    None where no dens is seen, or two; parameters as for :func:`dens_profile`.
    """
    run = _dens_run(dens_profile(ct, frame))
    return None if run is None else float(run[1][0])


def _dens_run(profile: FloatArray) -> tuple[FloatArray, npt.NDArray[np.int64]] | None:
    """Return the profile, smoothed, and the heights in which it shows a dens, and no second one."""
    profile = ndimage.uniform_filter1d(profile, 5)
    labels, count = ndimage.label(profile > _DENS_CONTRAST)
    runs = []
    for n in range(1, count + 1):
        where = np.flatnonzero(labels == n)
        if len(where) >= _DENS_LENGTH_MM:
            runs.append((float(profile[where].sum()), where))
    if not runs:
        return None
    runs.sort(key=lambda run: -run[0])
    total, where = runs[0]
    other = runs[1][0] if len(runs) > 1 else 0.0
    return None if other > _DENS_RIVAL * total else (profile, where)


def _dens(ct: Volume, frame: Frame, rhythm: Rhythm) -> list[Claim]:
    run = _dens_run(dens_profile(ct, frame))
    if run is None:
        return []
    profile, where = run
    height, ends = _below_c2(float(where[0]), rhythm)
    if height is None:
        return []
    plain = float(profile[where].mean()) >= _DENS_PLAIN and len(where) >= _DENS_PLAIN_MM
    plain = plain and not ends
    return [
        Claim(
            WitnessKind.DENS,
            CERVICAL.undivided_level,
            height,
            4.5,
            2.5 if plain else 1.5,
            f"a rounded bone in the midline between two lateral masses over {len(where)} mm: the "
            "dens in the ring of C1, and the first pedicle below it: C2",
        )
    ]


def _below_c2(dens_mm: float, rhythm: Rhythm) -> tuple[float | None, bool]:
    """Return the gap below C2 by the lower end of its dens in the ring, and whether it is the last.

    The pedicle of C2 is the highest one below its dens. How far below depends on how far the head
    is bent: that the dens lies so and so far above a joint can be a whole level off.
    """
    below = rhythm.pedicles_mm[rhythm.pedicles_mm <= dens_mm - _BELOW_DENS_MM[0]]
    if not len(below) or below[-1] < dens_mm - _BELOW_DENS_MM[1]:
        return None, False
    height, depth = rhythm.gap(float(below[-1]) - 1.0)
    if len(below) < 2:
        # The field ends below C2-C3: its gap is told by the pedicle above alone.
        return (height if depth >= PLAIN_DEPTH else None), True
    if depth < PLAIN_DEPTH and below[-1] - below[-2] < _C2_TWIN_MM:
        # C2 shows twice: its body, and the articular process that hangs from it.
        height, _ = rhythm.gap(float(below[-2]) - 1.0)
    return height, False


@dataclass(frozen=True, slots=True, eq=False)
class _Beside:
    """Share of the range beside the spine that shows bone, by side, and what is in the field."""

    share: tuple[FloatArray, FloatArray]
    known: npt.NDArray[np.bool_]


def _beside(hu: npt.NDArray[np.float32], p: FloatArray, lateral: FloatArray) -> _Beside:
    rows = (p >= _RIB_P_MM[0]) & (p <= _RIB_P_MM[1])
    # Noise between the shoulders must not look like bone.
    smooth = ndimage.gaussian_filter(np.nan_to_num(hu[:, rows], copy=False), (2.0, 0.7, 0.7))
    bone = (smooth > _RIB_HU).any(axis=1)
    bone = ndimage.maximum_filter1d(bone.astype(np.uint8), 9, axis=0) > 0
    off = np.abs(lateral)
    sides = []
    for sign in (1, -1):
        columns = (np.sign(lateral) == sign) & (off >= _RIB_L_MM[0]) & (off <= _RIB_L_MM[1])
        sides.append(bone[:, columns].mean(axis=1).astype(np.float64))
    # The end of the field cuts a tilted neck aslant; near the transverse processes is enough.
    core = np.ix_(
        np.arange(len(hu)),
        (p >= _RIB_P_MM[0]) & (p <= _KNOWN_P_MM),
        np.abs(lateral) <= _RIB_L_MM[1],
    )
    known = np.isfinite(hu[core]).mean(axis=(1, 2)) > _KNOWN_SHARE
    return _Beside((sides[0], sides[1]), known)


@dataclass(frozen=True, slots=True)
class _Onset:
    """The highest bone beside the spine on one side."""

    height_mm: float
    #: Length without bone above it, and whether that ends at the end of the field.
    clear_mm: float
    #: Whether the bone runs right across the range, as a rib does and the tip of a transverse
    #: process or a short cervical rib does not.
    reaches: bool


def _onset(share: FloatArray, known: npt.NDArray[np.bool_], top: int) -> _Onset | None:
    """Look for the highest bone below a height: where C2 is seen no rib lies above it."""
    clear = (share < _CLEAR_SHARE) & known
    run, above = 0, bool((known & ~clear)[top:].any())
    for s in range(top - 1, -1, -1):
        if clear[s]:
            run += 1
            continue
        # Below other bone (the skull, or a rib), only a whole neck without any makes it the first.
        if known[s] and run >= (_CLEAR_LEVEL_MM if above else _CLEAR_MM):
            below = np.flatnonzero(clear[:s])
            end = int(below[-1]) if len(below) else 0
            stretch = share[max(end, s - _RIB_STRETCH_MM) : s + 1]
            crossing = s
            while crossing > 0 and share[crossing] < min(_RIB_SHARE, stretch.max()):
                crossing -= 1
            return _Onset(float(crossing), float(run), bool(stretch.max() >= _RIB_REACH))
        run = 0
        above |= bool(known[s])
    return None


def _ribs(beside: _Beside, *, below_mm: float | None) -> list[Claim]:
    # The petrous bones stand out sideways below the clear inside of the skull, as ribs do.
    top = len(beside.known) if below_mm is None else max(int(below_mm), 0)
    left, right = (_onset(share, beside.known, top) for share in beside.share)
    if left is None or right is None:
        return []
    apart = abs(left.height_mm - right.height_mm)
    if apart > _NO_PAIR_MM:
        return []
    clear = min(left.clear_mm, right.clear_mm)
    height = (left.height_mm + right.height_mm) / 2 + _RIB_TO_JOINT_MM
    weight, spread = 2.5, 5.0
    saw = "bone runs out sideways on both sides from here down and not above: the first ribs"
    if apart > _RIBS_APART_MM or not (left.reaches and right.reaches):
        weight, spread = 0.5, 9.0
        saw = (
            f"bone runs out sideways from heights {apart:.0f} mm apart on the two sides, or not "
            "far: ribs, a cervical rib or long transverse processes"
        )
    elif clear < _CLEAR_LEVEL_MM:
        weight = 1.5
        saw = (
            f"ribs start on both sides, {clear:.0f} mm below the end of the clear part of the "
            "field: probably the first"
        )
    # Where the field ends close above, as aslant beside a neck that is tilted, ribs are missed.
    missed = clear < _CLEAR_LEVEL_MM
    return [Claim(WitnessKind.RIBS, CERVICAL.rib_level, height, spread, weight, saw, missed)]


def _undivided(ct: Volume, frame: Frame) -> list[Claim]:
    """Look for the one long stretch of bone without a disc: C2 with its dens."""
    p, lateral = np.arange(-26.0, -3.9, 1.0), np.arange(-3.0, 3.1, 1.0)
    bone = bone_map(sample(ct, frame, p, lateral)).mean(axis=2)
    # Wherever in the body or the dens bone is densest: their cortex behind, mostly.
    column = ndimage.uniform_filter1d(bone, 5, axis=1).max(axis=1)
    typical = float(np.quantile(column, _USUAL_QUANTILE))
    if typical < _LEAST_BONE:
        return []
    labels, count = ndimage.label(column > _SOLID_SHARE * typical)
    runs = sorted((np.flatnonzero(labels == n) for n in range(1, count + 1)), key=len)
    if len(runs) < 3:
        return []
    longest, second = runs[-1], runs[-2]
    if not (_C2_LENGTH_MM[0] <= len(longest) <= _C2_LENGTH_MM[1]):
        return []
    if len(longest) < _C2_LEAD * len(second):
        return []
    return [
        Claim(
            WitnessKind.DISC,
            CERVICAL.undivided_level,
            float(longest[0]) - _C2_TO_JOINT_MM,
            5.0,
            1.0,
            f"one stretch of {len(longest)} mm of bone without a disc, the next longest is "
            f"{len(second)} mm: C2 with its dens",
        )
    ]


def _skull(beside: _Beside) -> list[Claim]:
    both = np.minimum(*beside.share)
    high = np.flatnonzero((both >= _RIB_SHARE) & beside.known)
    clear = np.flatnonzero((np.maximum(*beside.share) < _CLEAR_SHARE) & beside.known)
    if not len(high) or not len(clear):
        return []
    # The lowest bone on both sides above which there is no long clear stretch again.
    top = high[-1]
    below = clear[clear < top]
    if not len(below):
        return []
    neck_top = int(below[-1])
    start = high[high > neck_top]
    length = int((np.maximum(*beside.share)[: neck_top + 1][::-1] < _SKULL_CLEAR_SHARE).argmin())
    if not len(start) or length < _SKULL_CLEAR_MM:
        return []
    return [
        Claim(
            WitnessKind.SKULL,
            CERVICAL.occiput_level,
            float(start[0]) + _SKULL_TO_JOINT_MM,
            10.0,
            0.5,
            "bone spreads to both sides above a long clear stretch: the base of the skull",
        )
    ]


def _lungs(hu: npt.NDArray[np.float32], p: FloatArray, lateral: FloatArray) -> list[Claim]:
    rows = p <= _LUNG_P_MM
    air = np.nan_to_num(hu[:, rows], nan=0.0) < _LUNG_HU
    tops = []
    for sign in (1, -1):
        columns = (np.sign(lateral) == sign) & (np.abs(lateral) > _LUNG_L_MM[0])
        columns &= np.abs(lateral) < _LUNG_L_MM[1]
        share = air[:, :, columns].mean(axis=(1, 2))
        deep = np.flatnonzero(share > _LUNG_DEEP)
        if len(deep) < _LUNG_LENGTH_MM:
            return []
        # The top of the stretch that reaches the deepest lung; the air around a neck is above it.
        labels, _ = ndimage.label(share > _LUNG_TOP)
        body = np.flatnonzero(labels == labels[deep[0]])
        tops.append(float(body[-1]))
    height = max(tops) + _LUNG_TO_JOINT_MM
    return [
        Claim(
            WitnessKind.LUNGS,
            CERVICAL.rib_level,
            height,
            12.0,
            0.5,
            "the higher lung ends about where it should under T1",
        )
    ]


def chest(ct: Volume, frame: Frame) -> npt.NDArray[np.bool_]:
    """Tell which heights (n,) lie in the chest: lung beside the spine, on either side.

    Parameters
    ----------
    ct : Volume
        HU.
    frame : Frame
        The straight neck.
    """
    p, lateral = np.arange(-46.0, 11.0, 3.0), np.arange(-52.0, 52.1, 3.0)
    air = np.nan_to_num(sample(ct, frame, p, lateral), nan=0.0) < _LUNG_HU
    sides = [air[:, :, (sign * lateral > _LUNG_L_MM[0])].mean(axis=(1, 2)) for sign in (1, -1)]
    deep = np.maximum(*sides) > _CHEST_AIR
    # From the lowest lung up to where it ends; the air around a thin neck is not one with it.
    low = np.flatnonzero(deep[: len(deep) // 2 + 1])
    if not len(low):
        return np.zeros(len(deep), dtype=np.bool_)
    labels, _ = ndimage.label(deep)
    return np.asarray(labels == labels[low[0]], dtype=np.bool_)
