"""How much each place along the straight neck looks like each level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from fusion.facets.automatic.straight import Frame, bone_map, sample
from fusion.facets.automatic.template import WINDOW_L, WINDOW_P, WINDOW_S, Template
from fusion.geometry import FloatArray, Volume

#: Sizes of the patient that are tried.
SCALES = (0.84, 0.92, 1.0, 1.08, 1.16)
#: The canal of a patient may sit deeper or shallower than that of the template, mm.
_SHIFTS_P_MM = (-4.0, -2.0, 0.0, 2.0, 4.0)
#: Step along the canal at which likeness is computed, mm.
STEP_MM = 1.0
#: Blur along the canal of the map and the template, mm (standard deviation): lets one template
#: serve thin and 5 mm slices.
_BLUR_MM = 1.2
#: Share of the plain correlation; the rest is that of what changes from height to height.
_PLAIN_WEIGHT = 0.4
#: Voxel edge across the canal, and how far beyond the largest window is sampled, mm.
_ACROSS_MM, _MARGIN_MM = 1.5, 6.0
#: Blur across the canal of the map (voxels of 1.5 mm) and of the template (of 2 mm).
_BLUR_ACROSS, _TEMPLATE_BLUR_ACROSS = 0.6, 0.3
#: Share of a slice, and of the heights of a window, that must be in the field.
_SLICE_SHARE, _WINDOW_SHARE = 0.6, 0.62
#: Places that are compared at once: all of a neck; of a whole spine they would take much room.
_TOGETHER = 400
#: Keeps an even window, which correlates with nothing, from dividing by zero.
_TINY = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """Correlation of the neck with every level's template.

    Parameters
    ----------
    score : (scales, levels, n) ndarray of float32
        -1 to 1, at every mm along the canal; ``nan`` where too little of the window is in the
        field.
    shift_p_mm : (scales, levels, n) ndarray of float32
        How far behind the template's place the best fit lies.
    """

    score: npt.NDArray[np.float32]
    shift_p_mm: npt.NDArray[np.float32]


def likeness(ct: Volume, frame: Frame, parts: Template) -> Likeness:
    """Compare every place along the canal with every level.

    Parameters
    ----------
    ct : Volume
        HU.
    frame : Frame
        The straight neck.
    parts : Template
        What levels look like.
    """
    low, high = WINDOW_P[0] * max(SCALES) - _MARGIN_MM, WINDOW_P[-1] * max(SCALES) + _MARGIN_MM
    p = np.arange(low, high + 1, _ACROSS_MM)
    lateral = np.arange(WINDOW_L[0] * max(SCALES), WINDOW_L[-1] * max(SCALES) + 1, _ACROSS_MM)
    hu = sample(ct, frame, p, lateral)
    inside = np.isfinite(hu).mean(axis=(1, 2)) > _SLICE_SHARE
    bone = bone_map(hu)
    del hu  # as large, beside all that follows
    bone = ndimage.gaussian_filter(bone, (_BLUR_MM, _BLUR_ACROSS, _BLUR_ACROSS), output=bone)
    return _compare(bone, inside, p, lateral, parts)


def _compare(
    bone: npt.NDArray[np.float32],
    inside: npt.NDArray[np.bool_],
    p: FloatArray,
    lateral: FloatArray,
    parts: Template,
) -> Likeness:
    n = len(bone)
    score = np.full((len(SCALES), len(parts.windows), n), np.nan, np.float32)
    shift = np.zeros_like(score)
    windows = ndimage.gaussian_filter(
        parts.windows, (0, _BLUR_MM / 2, *(2 * [_TEMPLATE_BLUR_ACROSS]))
    )
    half = len(WINDOW_S) // 2
    for a, scale in enumerate(SCALES):
        at = np.rint(np.arange(n)[:, None] + WINDOW_S * scale).astype(int)
        known = (at >= 0) & (at < n)
        known[known] &= inside[at[known]]
        enough = (known.sum(axis=1) >= _WINDOW_SHARE * len(WINDOW_S)) & known[:, half]
        # Places that have the same part of their window in the field share their patterns.
        patterns = []
        for row in np.unique(known[enough], axis=0):
            places = np.flatnonzero(enough & (known == row).all(axis=1))
            patterns.append((_Pattern.of(windows, row), places, at[places][:, row]))
        for shift_mm in _SHIFTS_P_MM:
            rows = (WINDOW_P * scale + shift_mm - p[0]) / _ACROSS_MM
            columns = (WINDOW_L * scale - lateral[0]) / _ACROSS_MM
            plane = _planes(bone, rows, columns).reshape(n, -1)
            for pattern, places, heights in patterns:
                for first in range(0, len(places), _TOGETHER):
                    some = places[first : first + _TOGETHER]
                    value = pattern.correlation(plane, heights[first : first + _TOGETHER])
                    better = ~(score[a][:, some] >= value)
                    score[a][:, some] = np.where(better, value, score[a][:, some])
                    shift[a][:, some] = np.where(better, shift_mm, shift[a][:, some])
    return Likeness(score, shift)


@dataclass(frozen=True, slots=True, eq=False)
class _Pattern:
    """Templates made ready for correlation: as they are, and without what all heights share.

    A neck is a column of bone whatever the height; what tells one height from another is what is
    left after the mean over the window's heights is taken off.

    Parameters
    ----------
    both : (2, levels, heights, m) ndarray of float32
        The two, each of mean 0 and length 1; the second of mean 0 over the heights as well.
    """

    both: npt.NDArray[np.float32]

    @classmethod
    def of(cls, windows: npt.NDArray[np.float32], known: npt.NDArray[np.bool_]) -> _Pattern:
        part = windows[:, known].reshape(len(windows), int(known.sum()), -1)
        plain = part - part.mean(axis=(1, 2), keepdims=True)
        both = np.stack([plain, part - part.mean(axis=1, keepdims=True)])
        return cls(both / np.linalg.norm(both, axis=(2, 3), keepdims=True))

    def correlation(
        self, planes: npt.NDArray[np.float32], at: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float32]:
        """Return the correlation (levels, places) with the planes (n, m) at heights (places, h)."""
        heights = at.shape[1]
        windows = planes[at].reshape(len(at), -1)
        alike = windows @ self.both.reshape(-1, windows.shape[1]).T
        square = np.square(planes, dtype=np.float64).sum(axis=1)[at].sum(axis=1)
        total = planes.sum(axis=1, dtype=np.float64)[at].sum(axis=1)
        summed = windows.reshape(len(at), heights, -1).sum(axis=1)
        # The lengths of the window less its mean, and less its mean over the heights.
        shared = total**2 / windows.shape[1], np.square(summed).sum(axis=1) / heights
        lengths = np.sqrt(np.maximum(square - shared, 0.0)) + _TINY
        weights = np.array([[_PLAIN_WEIGHT], [1 - _PLAIN_WEIGHT]]) / lengths
        result = (alike.reshape(len(at), 2, -1) * weights.T[:, :, None]).sum(axis=1).T
        return np.asarray(result, dtype=np.float32)


def _planes(
    bone: npt.NDArray[np.float32], rows: FloatArray, columns: FloatArray
) -> npt.NDArray[np.float32]:
    # Separable linear interpolation of every slice.
    for axis, where in ((1, rows), (2, columns)):
        low = np.clip(np.floor(where).astype(int), 0, bone.shape[axis] - 2)
        part = np.clip(where - low, 0, 1).astype(np.float32)
        shape = [1, 1, 1]
        shape[axis] = len(where)
        part = part.reshape(shape)
        bone = bone.take(low, axis) * (1 - part) + bone.take(low + 1, axis) * part
    return bone
