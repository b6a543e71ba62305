"""Where the detector saw: what a functional volume leaves empty beyond its field is no "no uptake".

Reconstructions fill what they have no data for (slices beyond the detector, corners outside a round
field, columns cut off, the padding of a resampled volume) with one value, mostly zero. Such a part
is told from air, which is zero as well, by its edge: resolution lets uptake fade over several
voxels, and a field ends from one voxel to the next. Only what lies beyond a flat or convex edge is
left out; a zero with uptake around it is a zero that was measured.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.findings.volumes import FIELD_SMALLER
from fusion.geometry.directions import FloatArray, direction_letters
from fusion.geometry.grid import Grid
from fusion.geometry.volume import FieldOfView, Volume, block_of

#: Values this near to the empty value are empty, as a share of the bright ones: less than one step
#: of 16 bits.
_EMPTY = 1e-5
#: Specks that an empty slice may hold: share of its voxels, and their height.
_SPECKS, _SPECK_HEIGHT = 1e-3, 0.02
#: Least area of an edge of the field, mm²: a few voxels are noise.
_EDGE_MM2 = 1000.0
#: At an edge the outermost voxels have at least this share of those so far further in, mm: more
#: than the resolution, so that uptake which fades into air has all its height there,
_EDGE_SHARE, _FURTHER_MM = 0.5, 12.0
#: and they are no fainter than this, as a share of the median of everything that is not empty.
_EDGE_HEIGHT = 0.3
#: Slices across the patient that end with so much of it are an end of the field even where a filter
#: has smoothed it, mm²: a neck has about 10,000, the last slice of a crown less than 4,000.
_SECTION_MM2 = 6000.0
#: Flat pieces of the outline this close in direction are one edge, degrees.
_SAME_DIRECTION_DEG = 5.0
#: What is the same in every slice is written into the pixels (a word, a frame), where it is no more
#: than this share of all that is not empty; nothing that was counted is.
_WRITTEN_SHARE = 0.25
#: Words stand on a ground of their own, which cuts off what was counted behind it and is no edge of
#: the field: so many voxels around them.
_GROUND = 3
#: A block that words and their ground fill by so much is all ground; a frame fills less of its.
_LINE_SHARE = 0.5
#: Fields of fewer planes than this are not believed.
_LEAST_PLANES = 8
#: Words of the patient's directions.
_TOWARDS = {
    "R": "the right", "L": "the left", "A": "the front", "P": "the back",
    "F": "the feet", "H": "the head",
}  # fmt: skip


def with_field_of_view(volume: Volume) -> Volume:
    """Return a functional volume that knows where its detector saw, and says so in a Finding.

    Parameters
    ----------
    volume : Volume
        Looked at once: one that knows it already is returned as it is.
    """
    if volume.seen is not None or volume.source.modality == "CT":
        return volume
    shape = volume.grid.shape
    everything = FieldOfView((0, 0, 0), shape, None)
    bright, filled, written_on = _filled(volume.values())
    if not filled.any():
        return replace(volume, seen=everything)
    low, high = _box(bright, filled, written_on, volume.grid)
    if min(b - a for a, b in zip(low, high, strict=True)) < min(_LEAST_PLANES, *shape):
        return replace(volume, seen=everything)
    part = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    mask = _mask(bright[part], filled[part], written_on[part[1:]], volume.grid.affine[:3, :3])
    seen = FieldOfView(low, high, mask)
    parts = _words(seen, volume.grid)
    if not parts:
        return replace(volume, seen=everything)
    note = FIELD_SMALLER(spect=volume.source.label, parts=parts)
    return replace(volume, seen=seen, findings=(*volume.findings, note))


def seen_part(volume: Volume) -> Volume:
    """Return the smallest block of a volume that holds everything its detector saw.

    Parameters
    ----------
    volume : Volume
        From :func:`with_field_of_view`; without a field, it is returned as it is.
    """
    seen = volume.seen
    if seen is None or (seen.low == (0, 0, 0) and seen.high == volume.grid.shape):
        return volume
    shape = tuple(b - a for a, b in zip(seen.low, seen.high, strict=True))
    part = block_of(volume, seen.low, seen.high)
    return replace(part, seen=FieldOfView((0, 0, 0), (shape[0], shape[1], shape[2]), seen.mask))


def seen_mask(volume: Volume) -> npt.NDArray[np.bool_] | None:
    """Return which voxels the detector saw, (k, j, i); None where it saw all of them."""
    seen = volume.seen
    if seen is None or not seen.is_smaller_than(volume.grid.shape):
        return None
    return seen.within(volume.grid.shape)


def _filled(
    values: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Return values above the empty value, relative to the bright ones, and which are not empty.

    The third array (j, i) holds where every slice has words, or the ground that they stand on.
    """
    finite = np.isfinite(values)
    values = np.where(finite, values, np.float32(0)) if not finite.all() else values
    lowest = float(values.min())
    corners = values[np.ix_(*((0, -1),) * 3)]
    empty = lowest if np.count_nonzero(corners == lowest) > 4 else 0.0
    above = np.abs(values - np.float32(empty))
    height = float(np.percentile(above[::2, ::2, ::2], 99.9)) or float(above.max()) or 1.0
    above /= np.float32(height)
    filled = (above > _EMPTY) & finite
    written = filled[0] & (above == above[0]).all(axis=0)
    ground = np.zeros(written.shape, np.bool_)
    if (
        written.any()
        and len(filled) >= _LEAST_PLANES
        and written.sum() * len(filled) <= _WRITTEN_SHARE * filled.sum()
    ):
        filled &= ~written
        above[:, written] = 0
        ground = _ground_of(written)
    return above, filled, ground


def _ground_of(written: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the ground of words: of each line for itself, and of a frame not what is inside."""
    from scipy import ndimage  # takes its time; few pictures have words in them

    square = np.ones((3, 3), np.bool_)
    ground: npt.NDArray[np.bool_] = ndimage.binary_dilation(written, square, iterations=_GROUND)
    lines, _ = ndimage.label(ground, square)
    for line in ndimage.find_objects(lines):
        if ground[line].mean() >= _LINE_SHARE:
            ground[line] = True
    return ground


def _box(
    bright: npt.NDArray[np.float32],
    filled: npt.NDArray[Any],
    written_on: npt.NDArray[np.bool_],
    grid: Grid,
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return the block within the empty slices, rows and columns at the ends."""
    upright = int(np.abs(grid.affine[2, :3]).argmax())
    faint = _faint(bright, filled)
    low, high = [0, 0, 0], list(grid.shape)
    for axis in range(3):
        others = tuple({0, 1, 2} - {axis})
        count = filled.sum(axis=others)
        plane_size = filled.size // grid.shape[axis]
        empty = (count <= _SPECKS * plane_size) & (bright.max(axis=others) <= _SPECK_HEIGHT)
        empty |= count == 0
        if empty.all():
            continue
        first, last = int(np.argmin(empty)), grid.shape[axis] - 1 - int(np.argmin(empty[::-1]))
        area = float(np.prod(grid.spacing_mm[list(others)]))
        for end, inwards in ((first, 1), (last, -1)):
            if end == (0 if inwards == 1 else grid.shape[axis] - 1):
                continue
            at_end = np.take(filled, end, axis)
            if axis:
                at_end = at_end & ~np.take(written_on, end, axis - 1)
            section = int(at_end.sum()) * area
            deep = _deep(float(grid.spacing_mm[axis]))
            further = min(max(end + deep * inwards, 0), grid.shape[axis] - 1)
            outermost, inner = (np.take(bright, n, axis)[at_end] for n in (end, further))
            edge = section >= _EDGE_MM2 and _is_edge(outermost, inner, faint)
            if edge or (axis == upright and section >= _SECTION_MM2):
                if inwards == 1:
                    low[axis] = end
                else:
                    high[axis] = end + 1
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def _deep(spacing_mm: float) -> int:
    return max(2, int(np.ceil(_FURTHER_MM / spacing_mm)))


def _faint(bright: npt.NDArray[np.float32], filled: npt.NDArray[Any]) -> float:
    return _EDGE_HEIGHT * float(np.median(bright[filled][::7]))


def _is_edge(outermost: npt.NDArray[Any], further_in: npt.NDArray[Any], faint: float) -> bool:
    total = float(outermost.sum())
    return total >= faint * outermost.size and total >= _EDGE_SHARE * float(further_in.sum())


def _mask(
    bright: npt.NDArray[np.float32],
    filled: npt.NDArray[Any],
    written_on: npt.NDArray[np.bool_],
    steps: FloatArray,
) -> npt.NDArray[np.bool_] | None:
    """Return what lies within the slanted and round edges; None where there are none.

    ``steps`` (3, 3) has the mm from one voxel to the next in its columns.
    """
    if filled[np.ix_(*((0, -1),) * 3)].all():
        return None  # all that is filled reaches no further than its eight corners
    outline = _outline(filled)
    if len(outline) < 8:
        return None
    points = outline @ steps.T
    corners = np.array(list(np.ndindex(2, 2, 2))) * (np.array(filled.shape) - 1) @ steps.T
    spacing = float(np.linalg.norm(steps, axis=0).max())
    faint = _faint(bright, filled)
    boxes = _boxes(filled)
    mask: npt.NDArray[np.bool_] | None = None
    for normal in _directions(points):
        reach = float((points @ normal).max())
        if float((corners @ normal).max()) <= reach + spacing:
            continue
        at_edge = _within(filled, boxes, steps, normal, reach - spacing)
        outwards = np.linalg.solve(steps, spacing * normal)
        at_edge = at_edge[~_beside(written_on, at_edge, outwards)]
        area = len(at_edge) * abs(float(np.linalg.det(steps))) / spacing
        inwards = np.linalg.solve(steps, -_deep(spacing) * spacing * normal)
        further = np.rint(at_edge + inwards).astype(np.intp)
        further = further.clip(0, np.array(filled.shape) - 1)
        outermost, inner = (bright[tuple(where.T)] for where in (at_edge, further))
        if area < _EDGE_MM2 or not _is_edge(outermost, inner, faint):
            continue
        if mask is None:
            mask = np.ones(filled.shape, np.bool_)
        along = [
            np.arange(n, dtype=np.float32) * np.float32(steps[:, a] @ normal)
            for a, n in enumerate(filled.shape)
        ]
        limit = np.float32(reach + 0.01 * spacing)
        mask &= along[0][:, None, None] + along[1][:, None] + along[2] <= limit
    return mask


def _beside(
    written_on: npt.NDArray[np.bool_], at_edge: npt.NDArray[np.intp], outwards: npt.NDArray[Any]
) -> npt.NDArray[np.bool_]:
    """Return which voxels at an edge have words, or their ground, in front of them.

    ``outwards`` (3,) leads from a voxel across the depth of an edge, in voxels.
    """
    last = np.array(written_on.shape) - 1
    found = np.zeros(len(at_edge), np.bool_)
    for times in range(4):
        j, i = np.rint(at_edge + times * outwards)[:, 1:].astype(np.intp).clip(0, last).T
        found |= written_on[j, i]
    return found


def _boxes(filled: npt.NDArray[Any]) -> list[tuple[int, slice, slice]]:
    """Return number, rows and columns of the filled voxels of each slice that has any."""
    found = []
    for k, plane in enumerate(filled):
        rows, columns = np.flatnonzero(plane.any(axis=1)), np.flatnonzero(plane.any(axis=0))
        if len(rows):
            box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            found.append((k, *box))
    return found


def _within(
    filled: npt.NDArray[Any],
    boxes: list[tuple[int, slice, slice]],
    steps: FloatArray,
    normal: FloatArray,
    least_mm: float,
) -> npt.NDArray[np.intp]:
    """Return indices of the filled voxels that lie at least so far in a direction, mm.

    Slice by slice, and in each only where it may be: the places of all voxels take 48 bytes each.
    """
    along = [np.arange(n) * (steps[:, a] @ normal) for a, n in enumerate(filled.shape)]
    found = [np.zeros((0, 3), np.intp)]
    for k, rows, columns in boxes:
        j, i, least = along[1][rows], along[2][columns], least_mm - along[0][k]
        far_j, far_i = np.flatnonzero(j + i.max() >= least), np.flatnonzero(j.max() + i >= least)
        if not (len(far_j) and len(far_i)):
            continue
        some = slice(far_j[0], far_j[-1] + 1), slice(far_i[0], far_i[-1] + 1)
        far = j[some[0], None] + i[some[1]] >= least
        at = np.argwhere(filled[k, rows, columns][some] & far)
        at += rows.start + far_j[0], columns.start + far_i[0]
        found.append(np.concatenate([np.full((len(at), 1), k), at], axis=1))
    return np.concatenate(found)


def _outline(filled: npt.NDArray[Any]) -> FloatArray:
    """Return indices whose convex hull is that of all filled voxels: corners slice by slice."""
    from scipy.spatial import ConvexHull, QhullError  # takes its time; a CT has no use for it

    kept: list[npt.NDArray[Any]] = []
    for k, plane in enumerate(filled):
        rows = np.flatnonzero(plane.any(axis=1))
        if not len(rows):
            continue
        first = plane[rows].argmax(axis=1)
        last = plane.shape[1] - 1 - plane[rows, ::-1].argmax(axis=1)
        ends = np.concatenate([np.stack([rows, first], 1), np.stack([rows, last], 1)])
        with suppress(QhullError, ValueError):  # a point or a line is its own outline
            ends = ends[ConvexHull(ends).vertices]
        kept.append(np.concatenate([np.full((len(ends), 1), k), ends], axis=1))
    return np.concatenate(kept).astype(np.float64) if kept else np.zeros((0, 3))


def _directions(points: FloatArray) -> list[FloatArray]:
    """Return the outward directions of the flat pieces of an outline, largest first."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        hull = ConvexHull(points)
    except (QhullError, ValueError):
        return []
    a, b, c = (points[hull.simplices[:, n]] for n in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    left, result = hull.equations[:, :3], []
    same = np.cos(np.radians(_SAME_DIRECTION_DEG))
    while len(left):
        near = left @ left[int(area.argmax())] >= same
        mean = (left[near] * area[near, None]).sum(axis=0)
        if float(area[near].sum()) / 2 >= _EDGE_MM2 / 2:
            result.append(mean / np.linalg.norm(mean))
        left, area = left[~near], area[~near]
    return result


def _words(seen: FieldOfView, grid: Grid) -> str:
    parts = []
    for axis in range(3):
        step = grid.affine[:3, axis]
        for count, sign in ((seen.low[axis], -1), (grid.shape[axis] - seen.high[axis], 1)):
            if count:
                what = f"{count * float(np.linalg.norm(step)):.0f} mm"
                if axis == 0:
                    what = f"{count} slice{'s' if count > 1 else ''} ({what})"
                parts.append(f"{what} towards {_TOWARDS[direction_letters(sign * step)[0]]}")
    if seen.mask is not None:
        share = 1 - float(seen.mask.mean())
        if share:
            among = " of the rest" if parts else " of it"
            parts.append(f"{max(share, 0.001):.1%}{among} beyond a round or slanted edge")
    return ", ".join(parts)
