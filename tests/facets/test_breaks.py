"""Slices that are missing, or there twice, break the count of vertebrae."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from fusion.facets.automatic.chain import Chain
from fusion.facets.automatic.picture.breaks import breaks
from fusion.facets.automatic.remarks import break_findings
from fusion.facets.automatic.straight import Frame
from fusion.facets.automatic.template import template
from fusion.geometry import Grid, Source, Volume

#: Where the stack is cut, slice of 80; and how many slices are taken out or there twice.
AT, SLICES = 40, 10


@pytest.fixture(scope="module")
def tissue() -> np.ndarray:
    """Tissue that changes over some mm in every direction, 80 slices, in air."""
    rng = np.random.default_rng(5)
    hu = ndimage.gaussian_filter(rng.normal(0, 1, (80, 60, 60)), 3.0)
    hu = 60 + 120 * hu / hu.std()
    hu[:, :, :6] = -1000
    return hu


def _found(hu: np.ndarray, *, axis: int = 0, falling: bool = False, step_mm: float = 2.0):
    """Breaks of a stack whose canal goes straight up, and the length of the stack, mm."""
    n = len(hu)
    affine = np.zeros((4, 4))
    # Columns are the axes of the array: the stack along z, then y and x.
    affine[2, axis], affine[1, (axis + 1) % 3], affine[0, (axis + 2) % 3] = step_mm, 2, 2
    affine[3, 3] = 1
    if falling:
        affine[2, axis], affine[2, 3], hu = -step_mm, (n - 1) * step_mm, hu[::-1]
    hu = np.transpose(hu, np.argsort([axis, (axis + 1) % 3, (axis + 2) % 3]))
    source = Source("1.1", "1.2", "1.1", ("1.3",), "CT", "drawn")
    ct = Volume(
        Grid(hu.shape, affine, "1.9"), np.ascontiguousarray(hu).astype(np.int16), 1.0, 0.0, "HU",
        source,
    )  # fmt: skip
    z = np.arange(0.0, (n - 1) * step_mm)
    origins = np.column_stack([np.full_like(z, 60), np.full_like(z, 60), z])
    axes = np.tile(np.array([[0, 0, 1.0], [0, 1.0, 0], [1.0, 0, 0]]), (len(z), 1, 1))
    return breaks(ct, Frame(origins, axes))


@pytest.mark.parametrize("noise", [0.0, 60.0])
def test_a_stack_as_it_was_made_has_no_break(tissue, noise):
    assert not len(_found(tissue + np.random.default_rng(1).normal(0, noise, tissue.shape)))


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
def test_slices_that_are_missing_are_a_break_whatever_the_order_and_the_axis(tissue, axis, falling):
    cut = np.concatenate([tissue[:AT], tissue[AT + SLICES :]])
    assert _found(cut, axis=axis, falling=falling) == pytest.approx([2 * AT - 1], abs=1.0)


@pytest.mark.parametrize("step_mm", [1.0, 2.0])
def test_slices_that_are_there_twice_are_a_break(tissue, step_mm):
    twice = np.concatenate([tissue[: AT + SLICES], tissue[AT:]])
    assert _found(twice, step_mm=step_mm) == pytest.approx([step_mm * (AT + SLICES - 0.5)], abs=1.0)


def test_thick_slices_that_are_there_twice_are_told_by_their_likeness(tissue):
    # Every fifth slice has nothing in common with the next: no jump can be seen.
    thick = tissue[::5]
    twice = np.concatenate([thick[:9], thick[6:]])
    assert not len(_found(thick, step_mm=5.0))
    assert _found(twice, step_mm=5.0) == pytest.approx([5 * 8.5], abs=1.0)


def test_one_part_of_the_picture_that_changes_at_once_is_no_break(tissue):
    mandible = tissue.copy()
    mandible[AT:, :20, 20:40] += 700
    assert not len(_found(mandible))


def test_a_reader_is_told_where_the_stack_breaks_unless_it_is_below_the_neck():
    names = ("C2-C3", "C3-C4", "C4-C5", "C5-C6", "C6-C7", "C7-T1")
    chain = Chain({name: 110.0 - 16 * n for n, name in enumerate(names)}, 1.0, 2)
    (finding,) = break_findings(chain, template(), np.array([60.0]))
    assert "jumps between two neighbouring slices at C5-C6" in finding.message
    assert not break_findings(chain, template(), np.array([-20.0]))
