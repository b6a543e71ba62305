"""Two CTs of one neck are linked by names and pictures, and a slipped level is refused."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.follow_up.pairs import Date, date, localised
from fusion.errors import GeometryError
from fusion.follow_up.linking import LevelsDisagree, Link, link
from sample_data import NeckParameters

SPACING = (2.0, 1.3, 1.3)


@pytest.fixture(scope="module")
def dates() -> tuple[Date, Date]:
    """One neck in two postures, poses and fields."""
    one = NeckParameters(seed=4, flexion_deg=-6.0, tilt_deg=2.0)
    other = NeckParameters(seed=4, flexion_deg=8.0, tilt_deg=-3.0, rotation_deg=6.0)
    return (
        date(one, spacing=SPACING, pose_seed=1, noise_hu=20),
        date(other, spacing=(2.5, 1.2, 1.2), pose_seed=2, noise_hu=20),
    )


def linked(dates: tuple[Date, Date], *, shift: int = 0, error_mm: float = 1.5) -> Link:
    rng = np.random.default_rng(3)
    places = [
        localised(dates[0].truth, rng, error_mm),
        localised(dates[1].truth, rng, error_mm, shift=shift),
    ]
    return link((dates[0].ct, places[0]), (dates[1].ct, places[1]))


@pytest.mark.slow
def test_joints_are_found_again_and_points_go_there_and_back(dates: tuple[Date, Date]) -> None:
    found = linked(dates)
    errors = [
        np.linalg.norm(one.transform.apply(dates[0].truth[one.joint]) - dates[1].truth[one.joint])
        for one in found.joints
    ]
    assert np.median(errors) <= 0.5
    assert max(errors) <= 1.5
    assert all(one.by_picture for one in found.joints)
    assert found.advantage is not None
    assert found.advantage > 0.1
    for joint, center in dates[0].truth.items():
        there = found.to_later(center)
        assert np.linalg.norm(there - dates[1].truth[joint]) <= 1.5
        assert np.linalg.norm(found.to_earlier(there) - center) <= 0.5


@pytest.mark.slow
@pytest.mark.parametrize("shift", [-1, 2])
def test_names_that_slipped_are_refused(dates: tuple[Date, Date], shift: int) -> None:
    with pytest.raises(LevelsDisagree, match="Nothing is compared: check the levels of both"):
        linked(dates, shift=shift)


@pytest.mark.slow
def test_one_joint_far_from_its_name_is_refused(dates: tuple[Date, Date]) -> None:
    rng = np.random.default_rng(3)
    moved = dict(dates[1].truth)
    joint = next(j for j in moved if j.level == "C4-C5")
    moved[joint] = moved[joint] + np.array([0.0, 9.0, 0.0])
    places = localised(dates[0].truth, rng, 0.5), localised(moved, rng, 0.5)
    with pytest.raises(LevelsDisagree, match=f"{joint.name} more than 6 mm"):
        link((dates[0].ct, places[0]), (dates[1].ct, places[1]))


def test_too_few_common_joints_are_refused(dates: tuple[Date, Date]) -> None:
    rng = np.random.default_rng(3)
    few = dict(list(dates[1].truth.items())[:3])
    places = localised(dates[0].truth, rng, 0.5), localised(few, rng, 0.5)
    with pytest.raises(GeometryError, match="Only 3 joints have a place on both dates; 4 are"):
        link((dates[0].ct, places[0]), (dates[1].ct, places[1]))
