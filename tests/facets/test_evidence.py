"""The page of evidence counts each CT alike, and never hides a joint that is wrong and sure."""

from __future__ import annotations

import pytest

from benchmarks.facets.evidence import calibrating, covering_factor, placed, print_wrong


def case(ct: str, errors_mm: list[float], *, numbering: str = "sure") -> dict:
    """Return a case whose joints are stated to be 2 mm off, put by a hand unsure by 1 mm."""
    return {
        "name": f"{ct} as it is",
        "numbering": numbering,
        "normal": True,
        "c2": True,
        "slice_mm": 2.0,
        "wrong_and_sure": [["C5-C6", "left"]] if max(errors_mm) > 7.5 else [],
        "joints": [
            {
                "level": "C5-C6",
                "side": "left",
                "error_mm": error,
                "hand_mm": 1.0,
                "stated_mm": 2.0,
                "numbering": numbering,
            }
            for error in errors_mm
        ],
    }


def test_factor_is_the_smallest_that_covers_nine_joints_in_ten() -> None:
    joints = list(placed(case("one", [float(n) for n in range(1, 11)])))
    assert covering_factor(joints, less_hand=False) == 4.5
    assert covering_factor(joints, less_hand=True) == 4.0


def test_a_ct_of_many_joints_does_not_outvote_one_of_few() -> None:
    many = placed(case("many", [1.0] * 98))
    few = placed(case("few", [4.0, 6.0]))
    assert covering_factor([*many, *few], less_hand=False) == 3.0


def test_only_provisional_joints_are_left_out_when_they_are_another_joint() -> None:
    sure = list(placed(case("one", [1.0, 9.0])))
    provisional = list(placed(case("one", [1.0, 9.0], numbering="provisional")))
    assert [j.error_mm for j in calibrating(sure)] == [1.0, 9.0]
    assert [j.error_mm for j in calibrating(provisional)] == [1.0]


def test_a_case_that_is_wrong_and_sure_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    print_wrong([case("one", [1.0, 2.0]), case("two", [5.0, 9.0])])
    printed = capsys.readouterr().out
    assert "| two as it is | C5-C6 left | 7.0, 9.0 |" in printed
    assert "one" not in printed
