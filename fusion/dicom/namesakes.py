"""Volumes of one study that have the same name: two beds, or two reconstructions of one scan.

A list that shows one name twice leaves the choice to chance. What tells such volumes apart is said
with the name: where they lie, or how large their voxels are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from fusion.dicom.series import Series, VolumePlan
from fusion.geometry import Grid


def told_apart(listed: Sequence[Series]) -> tuple[Series, ...]:
    """Return the series of a study with what tells volumes of one name apart in their names.

    Parameters
    ----------
    listed : sequence of Series
        The series of one study. Volumes that nothing tells apart keep their name; their numbers
        differ.
    """
    by_name: dict[tuple[str, str], list[VolumePlan]] = {}
    for series in listed:
        for plan in series.volumes:
            if plan.grid is not None:
                by_name.setdefault((plan.kind.value, plan.description), []).append(plan)
    words = {
        plan.volume_id: differing
        for plans in by_name.values()
        if len(plans) > 1
        for plan, differing in zip(plans, _differences(plans), strict=True)
    }
    return tuple(
        replace(series, volumes=tuple(_named(plan, words) for plan in series.volumes))
        for series in listed
    )


def _named(plan: VolumePlan, words: dict[str, str]) -> VolumePlan:
    differing = words.get(plan.volume_id)
    if not differing:
        return plan
    return replace(plan, description=", ".join(filter(None, (plan.description, differing))))


def _differences(plans: Sequence[VolumePlan]) -> list[str]:
    """Say for each of several volumes in what it is unlike the others; empty where in nothing."""
    said = [""] * len(plans)
    for words_of in _WORDS:
        if len(set(said)) == len(plans):
            break
        words = [words_of(plan.grid) for plan in plans if plan.grid is not None]
        if len(set(words)) > 1:
            said = [", ".join(filter(None, pair)) for pair in zip(said, words, strict=True)]
    return said


def _place(grid: Grid) -> str:
    low, high = grid.corners_lps[:, 2].min(), grid.corners_lps[:, 2].max()
    return f"z {low:.0f} to {high:.0f} mm"


def _voxels(grid: Grid) -> str:
    return f"voxels of {' × '.join(f'{mm:.3g}' for mm in grid.spacing_mm)} mm"


_WORDS: tuple[Callable[[Grid], str], ...] = (_place, _voxels)
