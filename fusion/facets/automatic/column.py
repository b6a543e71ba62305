"""Vertebrae seen one by one, without names: where the side wall of the canal is bone.

Beside the canal pedicles and foramina take turns from C2 down: bone, a gap for the nerve, bone. A
joint lies at the height of its foramen, behind it. That turn and turn about is seen on any slice
thickness, in worn necks as well, owes nothing to a template, and has the patient's own period: what
lies between two foramina is one vertebra. So vertebrae are counted here before they are named.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from fusion.facets.automatic.picture.breaks import breaks, distance_axis
from fusion.facets.automatic.straight import Frame, bone_map, sample
from fusion.geometry import FloatArray, Volume

# Numbers below were chosen by us on seven real CTs (docs/sources.md#counting-vertebrae).

#: Where the side wall of the canal is, lateral and behind the middle of the canal, mm: pedicles and
#: the fronts of the pillars, with the foramina between them. The front edge was set with the
#: ArtiSynth neck at hand, whose pedicles lie further in front.
_WALL_L_MM, _WALL_P_MM = (10.0, 16.0), (-10.0, -3.0)
#: Smoothing along the canal, mm (standard deviation).
_SMOOTH_MM = 1.5
#: What varies over more than this is no vertebra; spread of the variation about one height, mm.
_TREND_MM, _SPREAD_MM = 9.0, 20.0
#: Least spread of the profile that is taken for one, of full bone.
_LEAST_SPREAD = 0.02
#: Least distance between two pedicles, mm, and how much higher than the gaps beside it a pedicle
#: has to be, in spreads.
_LEAST_PITCH_MM, _PROMINENCE = 8, 0.45
#: Longest stretch below the lowest pedicle that can be one foramen, mm; or by the usual distance of
#: this patient's pedicles: the foramen after the next begins at one and a half of it.
_LONGEST_MM, _LONGEST_SHARE = 16.0, 1.25
#: Depth of a foramen against the lower of the pedicles beside it, in spreads, from which it is seen
#: plainly.
PLAIN_DEPTH = 0.8
#: A level this near to a break of the stack is not what it looks like, mm: half of the window in
#: which a joint is looked for.
BREAK_REACH_MM = 7.0
#: Furthest that the two side walls may lie apart along the canal, and how far is looked, mm: 1 at
#: most in people as they are and turned, 2 for each 6 degrees by which a picture is sheared aside;
#: there the two joints of one level do not lie at one height, and were a level off.
MOST_SIDES_APART_MM, _APART_REACH_MM = 3, 14
#: From the joint C2-C3 up into the body of C2, mm: nothing is counted above.
IN_C2_MM = 12.0


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """How the side wall of the canal turns from bone to gap and back, along the canal.

    Parameters
    ----------
    wall : (n,) ndarray of float64
        Bone beside the canal at every height, without its trend, in units of its own spread:
        high at pedicles, low at foramina; 0 outside the field.
    pedicles_mm : (m,) ndarray of float64, mm
        Heights of the crests, ascending: one a vertebra.
    first : int
        Lowest height in the field.
    breaks_mm : (b,) ndarray of float64, mm
        Heights at which the stack of slices breaks: nothing is counted across them.
    seams_mm : (s,) ndarray of float64, mm
        Heights at which a stack may break that was turned afterwards: below the body of C2 only, as
        in the skull much changes from plane to plane (:meth:`broken_below`).
    slice_mm : float, mm
        Distance of the slices: a break lies anywhere between two of them.
    sides_apart_mm : int, mm
        How much higher the pedicles of the left side lie than those of the right.
    """

    wall: FloatArray
    pedicles_mm: FloatArray
    first: int = 0
    breaks_mm: FloatArray = field(default_factory=lambda: np.zeros(0))
    seams_mm: FloatArray = field(default_factory=lambda: np.zeros(0))
    slice_mm: float = 0.0
    sides_apart_mm: int = 0

    def whole(self, low_mm: float, high_mm: float) -> bool:
        """Tell whether the stack of slices does not break between two heights, nor close by."""
        reach_mm = BREAK_REACH_MM + self.slice_mm / 2
        near = (self.breaks_mm > low_mm - reach_mm) & (self.breaks_mm < high_mm + reach_mm)
        return not near.any()

    def broken_below(self, top_mm: float) -> Rhythm:
        """Return the same with the seams below a height as breaks."""
        below = self.seams_mm[self.seams_mm <= top_mm]
        return replace(self, breaks_mm=np.union1d(self.breaks_mm, below), seams_mm=below)

    def between(self, low_mm: float, high_mm: float) -> int:
        """Return how many vertebrae lie between two heights."""
        inside = (self.pedicles_mm > low_mm) & (self.pedicles_mm <= high_mm)
        return int(inside.sum())

    @property
    def counted(self) -> npt.NDArray[np.int64]:
        """Number of pedicles at or below every height (n,)."""
        heights = np.arange(len(self.wall))
        return np.searchsorted(self.pedicles_mm, heights, side="right").astype(np.int64)

    def span(self, at_mm: float) -> float | None:
        """Return how far apart the pedicles on either side of a height are, mm, where both are."""
        n = int(np.searchsorted(self.pedicles_mm, at_mm, side="right"))
        if not 0 < n < len(self.pedicles_mm):
            return None
        return float(self.pedicles_mm[n] - self.pedicles_mm[n - 1])

    @property
    def _longest_mm(self) -> float:
        """Longest stretch below the lowest pedicle that can be one foramen, mm."""
        pitches = np.diff(self.pedicles_mm)
        usual = float(np.median(pitches)) if len(pitches) else 0.0
        return max(_LONGEST_MM, _LONGEST_SHARE * usual)

    def gap(self, at_mm: float) -> tuple[float | None, float]:
        """Return the foramen between the pedicles on either side of a height.

        Parameters
        ----------
        at_mm : float, mm
            Along the canal.

        Returns
        -------
        place_mm : float or None
            Its height; None where no pedicle is seen above it, or the field ends there.
        depth : float
            How much lower than the lower of the two pedicles it is, in spreads. At the end of the
            field the pedicle below may be missing.
        """
        below = self.pedicles_mm[self.pedicles_mm <= at_mm]
        above = self.pedicles_mm[self.pedicles_mm > at_mm]
        if not len(above):
            return None, 0.0
        high = int(above[0])
        low = int(below[-1]) if len(below) else self.first
        part = self.wall[low : high + 1]
        if not len(below) and high - low > self._longest_mm:
            return None, 0.0
        place = low + int(part.argmin())
        crest = min(self.wall[low], self.wall[high]) if len(below) else self.wall[high]
        return float(place), float(crest - part.min())


def rhythm(ct: Volume, frame: Frame) -> Rhythm:
    """Look at the side walls of the canal.

    Parameters
    ----------
    ct : Volume
        HU.
    frame : Frame
        The straight neck.
    """
    p = np.arange(_WALL_P_MM[0], _WALL_P_MM[1] + 0.1, 1.0)
    lateral = np.arange(_WALL_L_MM[0], _WALL_L_MM[1] + 0.1, 1.5)
    hu = sample(ct, frame, p, np.concatenate([-lateral[::-1], lateral]))
    inside = np.asarray(np.isfinite(hu).all(axis=(1, 2)), dtype=np.bool_)
    bone = bone_map(hu)
    del hu
    right, left = (
        _rhythm(side.mean(axis=(1, 2)).astype(np.float64), inside).wall
        for side in np.split(bone, 2, axis=2)
    )
    wall = bone.mean(axis=(1, 2)).astype(np.float64)
    del bone
    return replace(
        _rhythm(wall, inside),
        breaks_mm=breaks(ct, frame),
        slice_mm=float(ct.grid.spacing_mm[distance_axis(ct.grid)]),
        sides_apart_mm=apart_mm(left, right),
    )


def apart_mm(left: FloatArray, right: FloatArray) -> int:
    """Return how much higher the left one of two profiles lies where they are most alike, mm.

    Parameters
    ----------
    left, right : (n,) ndarray of float64
        At every mm along the canal; 0 outside the field.
    """
    found = [(0.0, 0)]
    for by in range(-_APART_REACH_MM, _APART_REACH_MM + 1):
        one, other = (left[by:], right[: len(right) - by]) if by >= 0 else (left[:by], right[-by:])
        known = (one != 0) & (other != 0)
        if known.sum() < 2 * _LEAST_PITCH_MM:
            continue
        one, other = one[known], other[known]
        length = float(np.sqrt((one**2).sum() * (other**2).sum()))
        found.append((float(one @ other) / max(length, 1e-6), by))
    return max(found)[1]


def _rhythm(wall: FloatArray, inside: npt.NDArray[np.bool_]) -> Rhythm:
    """Return the rhythm of a profile, as far as it lies in the field."""
    known = np.flatnonzero(inside)
    flat = np.zeros(len(wall))
    if len(known) < _LEAST_PITCH_MM:
        return Rhythm(flat, np.zeros(0))
    first, last = int(known[0]), int(known[-1]) + 1
    part = ndimage.gaussian_filter1d(wall[first:last], _SMOOTH_MM)
    part = part - ndimage.gaussian_filter1d(part, _TREND_MM)
    spread = np.sqrt(ndimage.gaussian_filter1d(part**2, _SPREAD_MM))
    part = part / np.maximum(spread, _LEAST_SPREAD)
    flat[first:last] = part
    return Rhythm(flat, crests(part).astype(np.float64) + first, first)


def crests(profile: FloatArray) -> npt.NDArray[np.int64]:
    """Return the places of the crests of a profile that are far enough apart, and prominent.

    ``scipy.signal.find_peaks(profile, prominence=0.45, distance=8)``, to the last bit: importing
    that takes a tenth of the time of the whole command.

    Parameters
    ----------
    profile : (n,) ndarray of float64
        At every mm.
    """
    change = np.sign(np.diff(profile))
    steps = np.flatnonzero(change)
    # Up, perhaps level, and down: the middle of the top.
    tops = np.flatnonzero((change[steps[:-1]] > 0) & (change[steps[1:]] < 0))
    peaks = (steps[tops] + 1 + steps[tops + 1]) // 2
    kept = np.ones(len(peaks), np.bool_)
    for n in np.argsort(profile[peaks])[::-1]:  # the highest one displaces its neighbours
        if kept[n]:
            kept[np.abs(peaks - peaks[n]) < _LEAST_PITCH_MM] = False
            kept[n] = True
    return np.array([p for p in peaks[kept] if _prominence(profile, p) >= _PROMINENCE], np.int64)


def _prominence(profile: FloatArray, peak: int) -> float:
    """Return how far one has to go down from a peak to come to a higher place, or to an end."""
    height = profile[peak]
    higher = np.flatnonzero(profile > height)
    at = int(np.searchsorted(higher, peak))
    left = higher[at - 1] + 1 if at else 0
    right = higher[at] if at < len(higher) else len(profile)
    return float(height - max(profile[left : peak + 1].min(), profile[peak:right].min()))
