"""A cohort whose studies live in an archive."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from fusion.archive.settings import Settings
from fusion.cohort import Parameters, StudyOutcome, run
from fusion.errors import FusionError
from tests.archive.conftest import Clinic

pytestmark = [pytest.mark.slow, pytest.mark.thorough]
QUICK = Parameters(pages=False)


def test_each_study_of_an_archive_is_fetched_and_has_its_row(
    clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    done = run("archive:pacs", tmp_path / "out", parameters=QUICK)
    assert done.status.studies == 1
    table = (tmp_path / "out" / "studies.csv").read_text("utf-8-sig")
    (row,) = csv.DictReader(table.splitlines())
    # It came whole and was read; it shows a phantom that is no neck.
    assert (row["known_by"], row["sentence"]) == ("pixels", "No joint was found on the CT.")
    assert clinic.study not in table
    (where,) = csv.DictReader(
        (tmp_path / "out" / "private" / "where.csv").read_text("utf-8-sig").splitlines()
    )
    assert where["place"] == f"archive:pacs/{clinic.study}"
    assert run("archive:pacs", tmp_path / "out", parameters=QUICK).measured == 0


def test_an_archive_without_the_study_is_asked_again(
    clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    table = tmp_path / "table.csv"
    table.write_text("path\narchive:pacs/1.2.3.4\n", "utf-8")
    for _ in range(2):
        done = run(tmp_path, tmp_path / "out", parameters=QUICK, table=table)
        assert done.measured == 1
        assert done.status.outcomes == {StudyOutcome.UNREADABLE: 1}


def test_an_archive_that_is_not_named_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(FusionError, match="nowhere"):
        run("archive:nowhere", tmp_path / "out")
