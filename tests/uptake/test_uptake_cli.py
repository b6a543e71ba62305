import contextlib
import io
import json
import re
from dataclasses import replace

import pytest

from fusion.cli import main
from sample_data import COARSE_SCAN, HotJoint, NeckParameters, make_study

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    neck = NeckParameters(seed=3, hot_joints=(HotJoint("C4-C5", "right", 60.0),), hot_spots=())
    return make_study(tmp_path_factory.mktemp("uptake"), neck=neck, scan=COARSE_SCAN)


@pytest.fixture(scope="module")
def document(truth):
    """What the command prints of the study."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(["facets", str(truth.folder), "--json"]) == 0
    return json.loads(out.getvalue())


def test_uptake_and_proposals_stand_beside_the_joints(document):
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


def test_a_patient_who_moved_in_a_shared_frame_is_said(truth, tmp_path, capsys):
    """The scanner vouches for its own geometry, and the SPECT lies 11 mm from where it should."""
    scan = replace(COARSE_SCAN, misregistration_mm=(0.0, 0.0, 11.0))
    moved = make_study(tmp_path, neck=truth.neck, scan=scan)
    said = (
        r"The images do not confirm the alignment that is in use: the images ask for a "
        r"position (1[0-2]\.\d) mm from it in the neck, so that it may be off by 1\d\.\d mm "
        r"\(limit 3 mm\)\. Check every level by eye\."
    )
    assert main(["facets", str(moved.folder), "--json"]) == 0
    printed = capsys.readouterr()
    assert "Holding the alignment against the images" in printed.err or not printed.err
    document = json.loads(printed.out)
    (found,) = [one for one in document["findings"] if one["code"] == "alignment-doubted"]
    assert found["severity"] == "warning"
    assert re.fullmatch(said, found["message"])
    # How far off the places are is not known, and no proposal is sure of its joint.
    at = [joint["uptake"] for joint in document["joints"] if joint["uptake"]]
    assert {one["registration_mm"] for one in at} == {None}
    assert not any(one["certain"] for one in document["proposals"] if one["candidates"])
    assert main(["facets", str(moved.folder)]) == 0
    assert re.search(f"(?m)^warning: {said}$", capsys.readouterr().out)


def test_the_untouched_study_is_confirmed_and_measured_as_before(document):
    codes = {one["code"] for one in document["findings"]}
    assert {"shared-frame", "alignment-checked", "second-method-agrees"} <= codes
    assert not codes & {"alignment-doubted", "sides-unsure", "possible-neck-motion"}
    at = [joint["uptake"] for joint in document["joints"] if joint["uptake"]]
    assert all(0 < one["registration_mm"] < 3 for one in at)
