"""What leaves by the command line knows the levels as what leaves by the window does."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pydicom
import pytest

from fusion import archive
from fusion.anatomy import LEVELS, Joint, Side
from fusion.annotations import (
    AlignmentReviewed,
    Answer,
    Decision,
    Journal,
    Measured,
    Origin,
    PathwayLeftOut,
    Reading,
    Spine,
    StudyKey,
    TargetSaved,
    confirming_numbering,
    decide,
)
from fusion.annotations.changes import Finalised
from fusion.cli import main
from fusion.export import hand_on
from fusion.facets import Localisation, SpineStatements, located_as_said
from fusion.opening import open_study
from fusion.review import Review
from fusion.uptake import assess
from sample_data import COARSE_SCAN, make_study
from tests.export.handed import registration_of

READER = "A. Reader"
PITCH_LPS = np.array([0.0, 3.0, -16.0])


@dataclass(frozen=True)
class Disputed:
    """A final reading that was decided on a numbering one level off."""

    study: Path
    journal: Path
    review: Review
    reading: Reading
    located: Localisation


def one_level_off(found: Localisation) -> Localisation:
    """Each joint stands where the one below it is."""
    at = {facet.joint: facet.center_lps for facet in found.facets}

    def below(joint: Joint) -> np.ndarray:
        n = LEVELS.index(joint.level) + 1
        return at[Joint(LEVELS[n], joint.side)] if n < len(LEVELS) else at[joint] + PITCH_LPS

    facets = tuple(replace(one, center_lps=np.array(below(one.joint))) for one in found.facets)
    levels = list(found.midline_lps)
    midline = {
        level: found.midline_lps[levels[n + 1]]
        if n + 1 < len(levels)
        else found.midline_lps[level] + PITCH_LPS
        for n, level in enumerate(levels)
    }
    return replace(found, facets=facets, midline_lps=midline)


@pytest.fixture(scope="module")
def disputed(tmp_path_factory: pytest.TempPathFactory) -> Disputed:
    folder = tmp_path_factory.mktemp("disputed")
    study = make_study(folder / "study", scan=COARSE_SCAN).folder
    review = open_study(study)
    ct, spect = review.fused.ct, review.fused.spect
    found = located_as_said(ct, SpineStatements())
    measured = assess(found.facets, spect, review.fused.registration, ct=ct)
    wrong, key = one_level_off(found), StudyKey.of(ct, spect)
    target = decide(
        Joint("C4-C5", Side.LEFT),
        Decision.POSITIVE,
        reader=READER,
        origin=Origin.JOINT_CLICKED,
        spine=Spine.of(wrong),
        study=key,
        registration=review.fused.registration,
        localisation=wrong,
        grade=3,
        clinically_concordant=Answer.YES,
        inside_operative_bed=Answer.NO,
        uptake=Measured.of_uptake(measured.uptake_of(Joint("C5-C6", Side.LEFT))),
    )
    changes: list[Any] = [
        TargetSaved(target),
        AlignmentReviewed(registration_of(review)),
        confirming_numbering(wrong),
        PathwayLeftOut("not asked"),
        Finalised(),
    ]
    with Journal(folder / "journal.db") as journal:
        reading = journal.begin(key, reader=READER).reading
        for change in changes:
            reading = journal.append(reading, change, reader=READER, study=key).reading
    return Disputed(study, folder / "journal.db", review, reading, found)


def says_disputed(folder: Path) -> None:
    name = "Left C4-C5 (LEVEL DISPUTED)"
    report = pydicom.dcmread(folder / "structured_report.dcm").to_json_dict()
    assert name in json.dumps(report)
    segments = pydicom.dcmread(folder / "uptake_regions.dcm").SegmentSequence
    assert [one.SegmentLabel for one in segments] == [f"{name} uptake"]
    sentence = "LEVELS DISPUTED: the anatomy says otherwise now: Left C4-C5 (now Left C5-C6)."
    assert sentence in (folder / "report.html").read_text("utf-8")
    assert sentence in (folder / "joints.csv").read_text("utf-8-sig")
    cautions = json.loads((folder / "reading.json").read_text("utf-8"))["cautions"]
    assert sentence in cautions


def test_the_command_line_hands_on_what_the_window_does(
    disputed: Disputed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["export", str(disputed.study), "--journal", str(disputed.journal)]
    assert main([*argv, "--to", str(tmp_path / "line")]) == 0
    assert "LEVELS DISPUTED" in capsys.readouterr().out
    says_disputed(tmp_path / "line")
    hand_on(disputed.review, disputed.reading, tmp_path / "window", localisation=disputed.located)
    window, line = (
        {path.relative_to(place): path.read_bytes() for path in place.rglob("*") if path.is_file()}
        for place in (tmp_path / "window", tmp_path / "line")
    )
    assert window.keys() == line.keys()
    assert [str(name) for name in window if window[name] != line[name]] == []


def test_what_is_sent_to_an_archive_says_so(
    disputed: Disputed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def prepared(_settings: object, _key: str, make: Any) -> Path:
        make(tmp_path / "results")
        made.append(tmp_path / "results")
        return made[0]

    sent = SimpleNamespace(states={}, stored_now=0, answered=True, folder=tmp_path, is_whole=True)
    monkeypatch.setattr(archive, "read_settings", lambda: None)
    monkeypatch.setattr(archive, "connect", lambda *_: None)
    monkeypatch.setattr(archive, "prepared", prepared)
    monkeypatch.setattr(archive, "send_noted", lambda *_, **__: sent)
    argv = ["archive", "send", str(disputed.study), "--to", "pacs"]
    assert main([*argv, "--journal", str(disputed.journal)]) == 0
    says_disputed(made[0])


def test_nobody_can_forget_the_joints(disputed: Disputed, tmp_path: Path) -> None:
    handed = hand_on(disputed.review, disputed.reading, tmp_path)
    assert "labels-disputed" in {finding.code for finding in handed.findings}


def test_label_maps_that_are_refused_leave_the_levels_unchecked(
    disputed: Disputed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "none.nii.gz").write_bytes(b"no map")
    argv = ["export", str(disputed.study), "--journal", str(disputed.journal)]
    argv += ["--labels", str(tmp_path / "none.nii.gz"), "--to", str(tmp_path / "out")]
    assert main(argv) == 0
    said = capsys.readouterr().out
    assert "LEVELS UNCHECKED" in said
    assert "The joints could not be located, so no level is checked." in said
    assert "Left C4-C5 (LEVEL UNCHECKED)" in (tmp_path / "out" / "report.html").read_text("utf-8")
