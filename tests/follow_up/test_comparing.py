"""Two dates as a whole: what is told, what is refused, and what leaves."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from fusion.anatomy import JOINTS, Joint, Side
from fusion.cli import main
from fusion.export import hand_on_comparison
from fusion.facets import Status
from fusion.findings.follow_up import (
    NEW_FUSION,
    NEW_HARDWARE,
    NOT_COMPARABLE_BY_VALUE,
    SCATTER_BEYOND_LIMITS,
    TOO_FEW_INACTIVE,
)
from fusion.follow_up import ChangeLimits, Comparison, Told, compare
from fusion.follow_up.bones import bone_changes, metal_near
from fusion.follow_up.comparing import _shifted, _widened
from fusion.fused import Fused
from fusion.geometry import Grid, Source, Volume
from fusion.uptake import vertebral_bodies
from tests.export.dicom.others import dicom3tools

HOTTER = Joint("C5-C6", Side.LEFT)


@pytest.mark.slow
def test_the_joint_that_is_hotter_is_told_and_no_other(compared: Comparison) -> None:
    told = {one.joint: one.told for one in compared.joints}
    assert told.pop(HOTTER) is Told.HIGHER
    assert set(told.values()) == {Told.NO_CHANGE}
    assert compared.tells
    assert compared.days == 368
    change = compared.at(HOTTER)
    assert change.low_high is not None
    assert change.low_high[0] > 1.2


@pytest.mark.slow
def test_all_joints_shifted_together_are_not_comparable_by_value(compared: Comparison) -> None:
    moved = {joint: math.log(1.14) for joint in JOINTS}
    assert _shifted(moved, JOINTS)[1] == []
    moved = {joint: math.log(1.16) for joint in JOINTS}
    shift, (finding,) = _shifted(moved, JOINTS)
    assert shift == pytest.approx(1.16)
    assert finding.kind is NOT_COMPARABLE_BY_VALUE
    nothing, (finding,) = _shifted(moved, JOINTS[:3])
    assert nothing is None
    assert finding.kind is TOO_FEW_INACTIVE
    # On the whole: a later reference that is half as warm makes all joints twice as warm.
    cold = _colder_bodies(compared)
    again = compare(compared.earlier, cold)
    assert not again.tells
    assert NOT_COMPARABLE_BY_VALUE in [f.kind for f in again.findings]
    assert {one.told for one in again.joints} == {Told.NOT_TOLD}


def _colder_bodies(compared: Comparison):
    """Return the later date with vertebral bodies that take up half as much."""
    later = compared.later
    fused = later.review.fused
    centers = {f.joint: f.center_lps for f in later.localisation.facets if f.center_lps is not None}
    values = fused.spect.values().astype(np.float64)
    places = fused.spect.grid.to_lps(np.moveaxis(np.indices(values.shape), 0, -1))
    for center in vertebral_bodies(centers).values():
        near = np.linalg.norm(places - center, axis=-1) <= 9.0
        values[near] *= 0.5
    spect = replace(fused.spect, stored=values, slope=1.0, intercept=0.0)
    colder = replace(later.review, fused=Fused(fused.ct, spect, fused.registration))
    return replace(later, review=colder)


def test_joints_that_scatter_widen_the_limits() -> None:
    joints = JOINTS[:10]
    limits = {joint: ChangeLimits(0.05, 0.05) for joint in joints}
    sigma = limits[joints[0]].sigma
    quiet = {joint: sigma * (-1) ** n for n, joint in enumerate(joints)}
    assert _widened(limits, quiet, joints) == (limits, [])
    loud = {joint: 2 * change for joint, change in quiet.items()}
    wider, (finding,) = _widened(limits, loud, joints)
    assert finding.kind is SCATTER_BEYOND_LIMITS
    assert wider[joints[0]].sigma > 2 * sigma
    assert _widened(limits, loud, joints[:7]) == (limits, [])


@pytest.mark.slow
def test_a_new_fusion_and_new_metal_are_noted(compared: Comparison) -> None:
    later = compared.later
    assert list(bone_changes(compared.earlier, later)) == []
    facets = tuple(
        replace(f, status=Status.FUSED) if f.joint == HOTTER else f
        for f in later.localisation.facets
    )
    fused = replace(later, localisation=replace(later.localisation, facets=facets))
    (finding,) = bone_changes(compared.earlier, fused)
    assert finding.kind is NEW_FUSION
    assert "Left C5-C6" in finding.message
    ct = later.review.fused.ct
    center = later.localisation.facet("C5-C6", "left").center_lps
    assert center is not None
    stored = ct.stored.copy()
    k, j, i = np.rint(ct.grid.to_kji(center)).astype(int)
    stored[k - 2 : k + 3, j - 2 : j + 3, i - 2 : i + 3] = round(
        (3000 - ct.intercept[k]) / ct.slope[k]
    )
    screwed = replace(later.review, fused=_with_ct(later.review.fused, replace(ct, stored=stored)))
    (finding,) = bone_changes(compared.earlier, replace(later, review=screwed))
    assert finding.kind is NEW_HARDWARE
    assert "Left C5-C6" in finding.message


def _with_ct(fused, ct: Volume):
    return Fused(ct, fused.spect, fused.registration)


def test_metal_is_measured_in_its_ball() -> None:
    stored = np.zeros((40, 40, 40), np.int16)
    stored[20, 20, 20:30] = 2600
    grid = Grid((40, 40, 40), np.diag([1.0, 1.0, 1.0, 1.0])[[2, 1, 0, 3]], None)
    ct = Volume(grid, stored, 1.0, 0.0, "HU", Source("1", "2", "1", ("3",), "CT", ""))
    assert metal_near(ct, np.array([20.0, 20.0, 20.0])) == pytest.approx(10.0)
    assert metal_near(ct, np.array([-30.0, 20.0, 20.0])) == 0.0
    assert metal_near(ct, np.array([-500.0, 20.0, 20.0])) == 0.0


@pytest.fixture(scope="module")
def written(compared: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compared")
    hand_on_comparison(compared, folder)
    return folder


@pytest.mark.slow
def test_every_form_says_the_same(written: Path, compared: Comparison) -> None:
    document = json.loads((written / "comparison.json").read_text("utf-8"))
    rows = list(csv.DictReader(io.StringIO((written / "comparison.csv").read_text("utf-8-sig"))))
    assert len(rows) == len(document["joints"]) == len(JOINTS)
    for row, one in zip(rows, document["joints"], strict=True):
        assert row["said"] == one["said"]
        assert float(row["ratio"]) == pytest.approx(one["ratio"], abs=1e-4)
    page = (written / "comparison.html").read_text("utf-8")
    for sentence in document["answer"]:
        assert sentence in page
    assert "SIMULATED" in page
    assert (written / "comparison.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.slow
def test_the_structured_report_ties_both_dates_by_one_identifier(
    written: Path, compared: Comparison
) -> None:
    path = written / "comparison_structured_report.dcm"
    ds = pydicom.dcmread(path)
    later = compared.later.review
    assert ds.StudyInstanceUID == later.study.study_instance_uid
    groups: dict[str, list[list[str]]] = {}
    for item in _groups(ds):
        said = [_meaning(part) for part in item.ContentSequence]
        uid = next(
            part.UID
            for part in item.ContentSequence
            if _meaning(part) == "Tracking Unique Identifier"
        )
        groups.setdefault(uid, []).append(said)
    assert len(groups) == len(JOINTS)
    for first, second in groups.values():
        assert "Time Point" in first
        assert "Change between the two dates" not in first
        assert "Change between the two dates" in second
    evidence = [*ds.get("CurrentRequestedProcedureEvidenceSequence", [])]
    evidence += [*ds.get("PertinentOtherEvidenceSequence", [])]
    studies = {item.StudyInstanceUID for item in evidence}
    assert studies == {
        d.review.study.study_instance_uid for d in (compared.earlier, compared.later)
    }


@pytest.mark.slow
def test_dciodvfy_finds_no_error_in_it(written: Path) -> None:
    report = dicom3tools("dciodvfy", written / "comparison_structured_report.dcm")
    assert [line for line in report.splitlines() if line.startswith("Error")] == []


def _groups(ds: pydicom.Dataset):
    for item in ds.ContentSequence:
        if _meaning(item) == "Imaging Measurements":
            yield from item.ContentSequence


def _meaning(item: pydicom.Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeMeaning)


@pytest.mark.slow
def test_the_command_refuses_the_wrong_order_before_it_takes_long(
    pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["compare", str(pair[1]), str(pair[0]), "--to", str(tmp_path / "out")]) == 3
    assert "in the other order" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_says_which_of_two_studies_it_speaks_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(tmp_path / "nowhere"), str(tmp_path), "--json"]) == 3
    said = capsys.readouterr()
    assert "The earlier study cannot be opened. " in said.err
    assert '"code": "DicomError"' in said.out  # what programs go by stays


def test_results_are_not_sent_to_a_file_after_minutes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["compare", "nowhere", "nowhere", "--to", str(tmp_path / "file")]) == 3
    assert "is a file; expected a folder. Choose another one with --to." in capsys.readouterr().err
