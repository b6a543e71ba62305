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
    bone = ndimage.gaussian_filter(bone_map(hu), (_BLUR_MM, _BLUR_ACROSS, _BLUR_ACROSS))
    return _compare(bone, inside, p, lateral, parts)


def _compare(
    bone: npt.NDArray[np.float32],
    inside: npt.NDArray[np.bool_],
    p: FloatArray,
    lateral: FloatArray,
    parts: Template,
) -> Likeness:
    n = len(bone)
    levels = len(parts.windows)
    score = np.full((len(SCALES), levels, n), np.nan, np.float32)
    shift = np.zeros_like(score)
    windows = ndimage.gaussian_filter(
        parts.windows, (0, _BLUR_MM / 2, *(2 * [_TEMPLATE_BLUR_ACROSS]))
    )
    half = len(WINDOW_S) // 2
    whole = np.ones(len(WINDOW_S), bool)
    for a, scale in enumerate(SCALES):
        offsets = WINDOW_S * scale
        for shift_mm in _SHIFTS_P_MM:
            rows = (WINDOW_P * scale + shift_mm - p[0]) / _ACROSS_MM
            columns = (WINDOW_L * scale - lateral[0]) / _ACROSS_MM
            plane = _planes(bone, rows, columns)
            complete = _Pattern.of(windows, whole)
            for s in range(n):
                at = np.rint(s + offsets).astype(int)
                known = (at >= 0) & (at < n)
                known[known] &= inside[at[known]]
                if known.sum() < _WINDOW_SHARE * len(at) or not known[half]:
                    continue
                pattern = complete if known.all() else _Pattern.of(windows, known)
                value = pattern.correlation(plane[at[known]])
                better = ~(score[a, :, s] >= value)
                score[a, better, s] = value[better]
                shift[a, better, s] = shift_mm
    return Likeness(score, shift)


@dataclass(frozen=True, slots=True, eq=False)
class _Pattern:
    """Templates made ready for correlation: as they are, and without what all heights share.

    A neck is a column of bone whatever the height; what tells one height from another is what is
    left after the mean over the window's heights is taken off.
    """

    plain: npt.NDArray[np.float32]
    varying: npt.NDArray[np.float32]

    @classmethod
    def of(cls, windows: npt.NDArray[np.float32], known: npt.NDArray[np.bool_]) -> _Pattern:
        part = windows[:, known]
        flat = part.reshape(len(part), -1)
        plain = flat - flat.mean(axis=1, keepdims=True)
        varying = (part - part.mean(axis=1, keepdims=True)).reshape(len(part), -1)
        return cls(
            plain / np.linalg.norm(plain, axis=1, keepdims=True),
            varying / np.linalg.norm(varying, axis=1, keepdims=True),
        )

    def correlation(self, window: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        plain = (window - window.mean()).ravel()
        varying = (window - window.mean(axis=0)).ravel()
        result: npt.NDArray[np.float32] = _PLAIN_WEIGHT * (self.plain @ plain) / (
            np.linalg.norm(plain) + _TINY
        ) + (1 - _PLAIN_WEIGHT) * (self.varying @ varying) / (np.linalg.norm(varying) + _TINY)
        return result


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
