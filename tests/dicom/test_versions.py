"""Which of several versions of a report stand."""

from __future__ import annotations

import pytest

from fusion.dicom import ReportVersion, standing


def version(name: str, *amends: str) -> ReportVersion:
    """F1 is final, D2 a draft."""
    return ReportVersion(name, frozenset(amends), name.startswith("F"))


@pytest.mark.parametrize(
    ("versions", "stand"),
    [
        ([], set()),
        ([version("F1"), version("F2", "F1")], {"F2"}),
        # Who only has a draft of an addendum still has the final reading.
        ([version("F1"), version("D2", "F1")], {"F1", "D2"}),
        ([version("D1"), version("D2", "D1")], {"D2"}),
        ([version("D1"), version("F2", "D1")], {"F2"}),
        ([version("F1"), version("D2", "F1"), version("D3", "D2")], {"F1", "D3"}),
        ([version("F1"), version("D2", "F1"), version("F3", "D2")], {"F3"}),
        ([version("F1"), version("F2", "F1"), version("D3", "F2")], {"F2", "D3"}),
        # What is not here takes nobody's place, and two readers stand beside each other.
        ([version("F2", "F1"), version("F7")], {"F2", "F7"}),
        # A report that amends itself, or two that amend each other: damaged, and nothing is lost.
        ([version("F1", "F1")], {"F1"}),
        ([version("F1", "F2"), version("F2", "F1"), version("D3", "D3")], {"F1", "F2", "D3"}),
    ],
)
def test_a_final_report_gives_way_to_a_final_one_only(
    versions: list[ReportVersion], stand: set[str]
) -> None:
    assert standing(versions) == stand
    assert standing(versions[::-1]) == stand
