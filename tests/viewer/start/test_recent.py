"""What was opened before: kept per user, without the patient, and harmless when it is damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fusion
from fusion.annotations.journal import Journal
from fusion.annotations.study import StudyKey
from viewer.start.recent import REMEMBERED, RecentStudies


@pytest.fixture
def recent(tmp_path: Path) -> RecentStudies:
    return RecentStudies(tmp_path / "journal.sqlite")


def test_what_was_read_is_said_with_who_and_how_far(
    recent: RecentStudies, review: fusion.Review, study_folder: Path, tmp_path: Path
) -> None:
    recent.add(study_folder, review)
    ((study, words),) = recent.lines()
    assert Path(study.path) == study_folder
    assert "not read yet" in words
    with Journal(tmp_path / "journal.sqlite") as journal:
        key = StudyKey.of(review.fused.ct, review.fused.spect)
        journal.begin(key, reader="R. Eader")
    ((_, words),) = recent.lines()
    assert "draft, 0 positive" in words
    assert "by R. Eader" in words


def test_nothing_of_the_patient_is_kept(
    recent: RecentStudies, review: fusion.Review, study_folder: Path
) -> None:
    recent.add(study_folder, review)
    kept = recent.path.read_text("utf-8")
    patient = review.pair.ct.patient
    for word in (patient.patient_id, patient.birth_date, *patient.name.split("^")):
        assert not word or word not in kept
    assert recent.path.stat().st_mode & 0o077 == 0


def test_the_last_one_stands_first_and_once(
    recent: RecentStudies, review: fusion.Review, tmp_path: Path
) -> None:
    for n in (*range(REMEMBERED + 3), 5):
        recent.add(tmp_path / str(n), review)
    names = [Path(study.path).name for study in recent.studies]
    assert len(names) == len(set(names)) == REMEMBERED
    assert names[:2] == ["5", str(REMEMBERED + 2)]
    recent.forget(str(tmp_path / "5"))
    assert "5" not in [Path(study.path).name for study in recent.studies]
    assert "(not there now)" in recent.lines()[0][1]


@pytest.mark.parametrize("kept", ["", "{", "[1]", json.dumps({"schema_version": 1})])
def test_a_damaged_list_is_an_empty_one(
    recent: RecentStudies, kept: str, review: fusion.Review, tmp_path: Path
) -> None:
    recent.path.write_text(kept)
    assert recent.lines() == ()
    recent.add(tmp_path, review)
    assert len(recent.studies) == 1
