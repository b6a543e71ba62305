import json

import pytest

from fusion.cli import main
from sample_data import COARSE_SCAN, HotJoint, NeckParameters, make_study

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    neck = NeckParameters(seed=3, hot_joints=(HotJoint("C4-C5", "right", 60.0),), hot_spots=())
    return make_study(tmp_path_factory.mktemp("uptake"), neck=neck, scan=COARSE_SCAN)


def test_uptake_and_proposals_stand_beside_the_joints(truth, capsys):
    assert main(["facets", str(truth.folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    found = [joint for joint in document["joints"] if joint["center_lps"] is not None]
    assert all(joint["uptake"]["unit"] == "counts" for joint in found)
    hottest = max(found, key=lambda joint: joint["uptake"]["maximum"])
    assert (hottest["level"], hottest["side"]) == ("C4-C5", "right")
    named = [p for p in document["proposals"] if p["level"]]
    assert [(p["level"], p["side"]) for p in named] == [("C4-C5", "right")]
    assert named[0]["numbering"] == hottest["numbering"]
    assert named[0]["is_target"] is False
    assert "uptake-not-validated" in {finding["code"] for finding in document["findings"]}


@pytest.mark.thorough
def test_ct_alone_says_that_nothing_was_measured(truth, capsys):
    assert main(["facets", str(truth.folder / "CT"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {joint["uptake"] for joint in document["joints"]} == {None}
    assert document["proposals"] == []
    assert "uptake-not-measured" in {finding["code"] for finding in document["findings"]}
