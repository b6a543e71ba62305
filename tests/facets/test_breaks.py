"""Slices that are missing, or there twice, break the count of vertebrae."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy import ndimage

from benchmarks.facets.run import simulated
from fusion.facets.automatic.canal import find_canal
from fusion.facets.automatic.chain import Chain
from fusion.facets.automatic.claims import Claim
from fusion.facets.automatic.neck import _where_levels_lie
from fusion.facets.automatic.picture import seams as aslant
from fusion.facets.automatic.picture.breaks import breaks
from fusion.facets.automatic.picture.grain import shared_grain
from fusion.facets.automatic.picture.repeats import repeats
from fusion.facets.automatic.picture.stacks import Stack, blurred_stack, planes_between
from fusion.facets.automatic.remarks import break_findings
from fusion.facets.automatic.straight import Frame, straighten
from fusion.facets.automatic.template import template
from fusion.facets.states import WitnessKind
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


def _found(
    hu: np.ndarray,
    *,
    axis: int = 0,
    falling: bool = False,
    step_mm: float = 2.0,
    look: Callable[[Volume, Frame], Sequence[float]] = breaks,
):
    """Breaks of a stack whose canal goes straight up, mm."""
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
    return look(ct, Frame(origins, axes))


def _seams(ct: Volume, frame: Frame) -> np.ndarray:
    return aslant.seams(ct, frame, low_mm=20.0, high_mm=len(frame) - 20.0)


def _leaning(ct: Volume, frame: Frame) -> list[float]:
    """Seams by what changes across a plane."""
    stack = blurred_stack(ct, planes_between(ct, frame, 2.0, len(frame) - 2.0))
    return aslant._leaning(stack.coarse(), 20.0, 120.0)


def _again(ct: Volume, frame: Frame) -> list[float]:
    """Seams by what is there twice."""
    crossed = planes_between(ct, frame, 2.0, len(frame) - 2.0)
    return repeats(ct, crossed, blurred_stack(ct, crossed), low_mm=20.0, high_mm=len(frame) - 20.0)


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


def _turned(hu: np.ndarray) -> np.ndarray:
    """Lay the slices anew, aslant both ways."""
    for degrees, axes in ((8.0, (0, 1)), (-10.0, (0, 2))):
        hu = ndimage.rotate(hu, degrees, axes, reshape=False, order=1, cval=-1000.0)
    return hu


@pytest.mark.parametrize("noise", [0.0, 80.0])
def test_a_stack_that_was_turned_has_no_break(tissue, noise):
    turned = _turned(tissue) + np.random.default_rng(1).normal(0, noise, tissue.shape)
    assert not len(_found(turned, look=_seams))
    assert not len(_found(tissue, look=_seams))


@pytest.mark.parametrize("planes", [4, 9, 15, 18])
def test_nothing_is_said_of_a_short_field(tissue, planes):
    for look in (breaks, _seams, lambda ct, frame: aslant.seams(ct, frame, low_mm=-60, high_mm=99)):
        assert not len(_found(_turned(tissue)[30 : 30 + planes], look=look))


@pytest.mark.parametrize(("axis", "falling"), [(0, False), (1, True)])
def test_slices_that_are_missing_are_found_after_the_stack_was_turned(tissue, falling, axis):
    # Turned about its middle, so that the canal crosses the seam where it was cut.
    cut = _turned(np.concatenate([tissue[:35], tissue[45:]]))
    assert not len(_found(cut))
    for look in (_seams, _leaning):
        assert _found(cut, axis=axis, falling=falling, look=look) == pytest.approx([69.0], abs=3.0)


def test_a_seam_is_looked_for_where_levels_lie_only(tissue):
    # In the skull, above, the change may be greater: it must not hide the seam in the neck.
    skull = np.flip(tissue[61:], axis=2) + np.where(np.arange(60) < 30, 400.0, -400.0)
    cut = _turned(np.concatenate([tissue[:35], tissue[45:61], skull]))

    def below(high_mm: float):
        return lambda ct, frame: aslant.seams(ct, frame, low_mm=20.0, high_mm=high_mm)

    assert _found(cut, look=below(90.0)) == pytest.approx([69.0], abs=3.0)
    assert not len(_found(cut, look=below(65.0)))
    assert [at for at in _found(cut, look=below(139.0)) if at > 90]


def test_levels_lie_below_the_dens_or_above_the_lungs():
    lungs = np.zeros(400, dtype=np.bool_)
    dens = Claim(WitnessKind.DENS, "C2-C3", 250.0, 4.5, 2.5, "dens")
    ribs = Claim(WitnessKind.RIBS, "C7-T1", 150.0, 5.0, 2.5, "ribs")
    assert _where_levels_lie([ribs, dens], lungs) == (92.0, 262.0)
    assert _where_levels_lie([ribs], lungs) == (230.0, 400.0)
    lungs[:120] = True
    assert _where_levels_lie([ribs], lungs) == (119.0, 289.0)


def test_slices_that_are_there_twice_are_found_after_the_stack_was_turned(tissue):
    twice = _turned(np.concatenate([tissue[:45], tissue[35:]]))
    twice += np.random.default_rng(1).normal(0, 40, twice.shape)
    # Aslant, only the middle of the slab is whole in a plane: above where it begins, never below,
    # where levels that are there for the second time would pass for counted.
    (at,) = _found(twice, look=_again)
    assert 87.0 <= at <= 99.0
    assert any(87.0 <= at <= 99.0 for at in _found(twice, look=_seams))
    # Five millimetres apart too much changes to tell.
    assert not len(_found(twice[::2], look=_again, step_mm=4.0))


@pytest.mark.parametrize("number", [pytest.param(8, marks=pytest.mark.thorough), 40])
def test_simulated_vertebrae_that_are_all_alike_are_not_there_twice(number):
    ct, truth = simulated(number)  # slices of 2 and 3 mm, a whole neck
    frame = straighten(ct, find_canal(ct))
    top = frame.to_spl(truth["C2-C3", "left"])[0]
    assert not len(aslant.seams(ct, frame, low_mm=top - 150.0, high_mm=top + 12.0))


def test_grain_is_shared_by_copies_alone(tissue):
    rng = np.random.default_rng(3)
    stack = ndimage.gaussian_filter(tissue, 1.0) + rng.normal(0, 20, tissue.shape)
    stack = np.concatenate([stack[:45], stack[35:]])

    def grain(hu: np.ndarray, *, up: float) -> float:
        values = Stack(hu.astype(np.float32), np.arange(len(hu)) * 2.0, 2.0, (2.0, 2.0))
        return shared_grain(values, (up, 0.0, 0.0), first=36, count=4)

    assert grain(stack, up=10.0) > 0.95
    assert abs(grain(stack, up=13.0)) < 0.15
    assert grain(stack + rng.normal(0, 200, stack.shape), up=10.0) < 0.15
    # Where all is bone or air, nothing is told.
    assert grain(stack + 900.0, up=10.0) == 0.0


def test_what_is_there_twice_above_the_neck_hides_nothing_in_it(tissue):
    twice = _turned(np.concatenate([tissue[:30], tissue[20:56], tissue[46:]]))

    def below(high_mm: float):
        return lambda ct, frame: aslant.seams(ct, frame, low_mm=20.0, high_mm=high_mm)

    assert any(abs(at - 59.0) < 8.0 for at in _found(twice, look=below(100.0)))
    assert all(at <= 100.0 for at in _found(twice, look=below(100.0)))


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
