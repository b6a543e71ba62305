"""A cohort of small made studies, some of them bad, run as a user runs it."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cohort.made import make_cohort
from fusion.cohort import Parameters, StudyLimits, StudyOutcome, report, run, status
from fusion.errors import FusionError
from tests.dicom import nm_objects as nm
from tests.studies import write_ct, write_nm

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("joints.csv", "studies.csv", "columns.json")
QUICK = Parameters(pages=False)
#: Words that stand in the files of the made studies or in their places.
IDENTITY = ("DOE", "JANE", "NM_RECON", "OSEM", "LOW DOSE")


@pytest.fixture(scope="session")
def made(once: Callable[..., Any]) -> tuple[Path, dict[str, str]]:
    """Four studies: one that is measured, three that are not."""

    def make(folder: Path) -> tuple[Path, dict[str, str]]:
        kinds = ("cut", "of-another", "without-spacing")
        expected = make_cohort(folder / "made", 4, necks=1, kinds=kinds)
        return folder / "made" / "root", expected

    found: tuple[Path, dict[str, str]] = once("cohort", make)
    return found


@pytest.fixture(scope="session")
def whole(made: tuple[Path, dict[str, str]], once: Callable[..., Any]) -> Path:
    """The same, run whole with its pages."""

    def make(folder: Path) -> Path:
        run(made[0], folder / "out", workers=2)
        return folder / "out"

    found: Path = once("cohort-run", make)
    return found


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))


def outcomes(out: Path) -> dict[str, str]:
    return {row["place"]: row["outcome"] for row in rows_of(out / "private" / "where.csv")}


def test_every_study_has_a_row_and_its_outcome(
    made: tuple[Path, dict[str, str]], whole: Path
) -> None:
    assert outcomes(whole) == made[1]
    assert len(rows_of(whole / "studies.csv")) == len(made[1])
    found = status(whole)
    assert found.is_complete
    assert found.outcomes == {
        StudyOutcome.OK: 1,
        StudyOutcome.NEEDS_A_PERSON: 1,
        StudyOutcome.REFUSED: 1,
        StudyOutcome.UNREADABLE: 1,
    }


def test_each_that_is_not_ok_says_why(whole: Path) -> None:
    said = {row["outcome"]: row["sentence"] for row in rows_of(whole / "studies.csv")}
    assert said["ok"] == ""
    assert "bytes" in said["unreadable"]
    assert said["unreadable"].count("[removed]") == 1  # one damaged file, told once
    assert "different patients" in said["refused"]
    assert "spacing" in said["needs a person"]


@pytest.mark.thorough
def test_the_joints_are_those_of_the_command_facets(
    made: tuple[Path, dict[str, str]], whole: Path
) -> None:
    study = next(name for name, outcome in made[1].items() if outcome == "ok")
    done = subprocess.run(
        [sys.executable, "-m", "fusion.cli", "facets", str(made[0] / study), "--json"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    joints = json.loads(done.stdout)["joints"]
    rows = rows_of(whole / "joints.csv")
    assert len(rows) == len(joints) == 16
    for row, joint in zip(rows, joints, strict=True):
        assert (row["level"], row["side"]) == (joint["level"], joint["side"])
        place = [float(row[f"{axis}_lps_mm"]) for axis in "xyz"]
        assert place == joint["center_lps"]
        assert round(float(row["maximum"]), 4) == joint["uptake"]["maximum"]
        ratio = joint["uptake"]["ratio_to_reference"]
        assert round(float(row["ratio_to_reference"]), 4) == ratio


def test_nothing_that_may_be_handed_on_names_anybody(whole: Path) -> None:
    files = [path for path in whole.rglob("*") if path.is_file() and "private" not in path.parts]
    assert {path.name for path in files} >= {*TABLES, "report.html", "page.html", "result.json"}
    for path in files:
        if path.suffix in {".csv", ".json"}:
            text = path.read_text("utf-8-sig")
            assert not [word for word in IDENTITY if word in text], path.name
        if path.suffix == ".html":
            # Pictures are letters too.
            text = "".join(part.partition('"')[2] for part in path.read_text().split("base64,"))
            assert not [word for word in IDENTITY if word in text], path.name
    assert (whole / "private").stat().st_mode & 0o077 == 0


def test_a_finished_cohort_is_kept_and_not_touched(
    made: tuple[Path, dict[str, str]], whole: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in (whole / "studies").rglob("*")}
    tables = {name: (whole / name).read_bytes() for name in TABLES}
    done = run(made[0], whole)
    assert (done.measured, done.kept) == (0, 4)
    assert {path: path.stat().st_mtime_ns for path in (whole / "studies").rglob("*")} == before
    assert {name: (whole / name).read_bytes() for name in TABLES} == tables


@pytest.mark.thorough
def test_the_same_images_elsewhere_are_measured_once(
    made: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    study = next(name for name, outcome in made[1].items() if outcome == "ok")
    for name in ("first", "second"):
        shutil.copytree(made[0] / study, tmp_path / "root" / name)
    done = run(tmp_path / "root", tmp_path / "out", parameters=QUICK, workers=2)
    assert done.status.studies == 2
    first, second = rows_of(tmp_path / "out" / "studies.csv")
    assert (first["repeat_of"], second["repeat_of"]) == ("", first["study"])
    assert {row["study"] for row in rows_of(tmp_path / "out" / "joints.csv")} == {first["study"]}
    log = (tmp_path / "out" / "private" / "work.log").read_text().splitlines()
    assert sum(line.startswith("begun") for line in log) == 1


@pytest.mark.thorough
def test_killed_again_and_again_the_tables_are_the_same(
    made: tuple[Path, dict[str, str]], whole: Path, tmp_path: Path
) -> None:
    """The runner dies while a study is being measured, and with it what it started."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "fusion.cli", "cohort", "run", str(made[0]), "--to"]
    for times in range(1, 4):
        process = subprocess.Popen([*command, str(out), "--workers", "2"], cwd=ROOT)
        until_begun(out, process, times)
        process.kill()
        process.wait()
    whole_ones = (out / "studies").glob("[!.]*")
    assert [path for path in whole_ones if not (path / "result.json").is_file()] == []
    subprocess.run([*command, str(out), "--workers", "2"], cwd=ROOT, check=True)
    for name in TABLES:
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    assert not list((out / "studies").glob("*.part"))


@pytest.mark.thorough
def test_a_process_that_is_killed_has_another_turn(
    made: tuple[Path, dict[str, str]], whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "fusion.cli", "cohort", "run", str(made[0]), "--to", str(out)]
    process = subprocess.Popen(command, cwd=ROOT)
    killed = 0
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until:
        # The last is a study, when one is measured; else the process that holds the program.
        for child in children_of(process.pid)[-1:] if killed < 3 else ():
            until_begun(out, process, killed + 1)
            kill(child)
            killed += 1
        time.sleep(0.1)  # processes of processes are found by looking; 120 s at most
    assert process.wait(timeout=120) == 0
    assert killed == 3
    for name in TABLES:
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name


def until_begun(out: Path, process: subprocess.Popen[bytes], times: int) -> None:
    """Wait until studies were begun so many times, all runs together."""
    log = out / "private" / "work.log"
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        lines = log.read_text().splitlines() if log.exists() else []
        if sum(line.startswith("begun") for line in lines) >= times:
            return
        time.sleep(0.02)  # the log is all that tells; 120 s at most
    pytest.fail(f"nothing was begun for the {times}. time")


def children_of(pid: int) -> list[int]:
    """Return what a runner started: processes that hold the program, and theirs, the studies."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in task.read_text().split()]
    return found + [one for child in found for one in children_of(child)]


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.thorough
def test_two_runs_on_one_folder_do_no_study_twice(
    made: tuple[Path, dict[str, str]], whole: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "fusion.cli", "cohort", "run", str(made[0]), "--to"]
    both = [subprocess.Popen([*command, str(tmp_path / "out")], cwd=ROOT) for _ in range(2)]
    assert [process.wait(timeout=300) for process in both] == [0, 0]
    log = (tmp_path / "out" / "private" / "work.log").read_text().split()
    keys = [key for word, key in itertools.pairwise(log) if word == "done"]
    assert len(keys) == len(set(keys)) == 4
    for name in TABLES:
        assert (tmp_path / "out" / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.thorough
def test_shards_make_one_cohort(
    made: tuple[Path, dict[str, str]], whole: Path, tmp_path: Path
) -> None:
    first = run(made[0], tmp_path, shard=(1, 2))
    assert (first.status.places, first.report) == (2, None)
    assert not (tmp_path / "studies.csv").exists()
    part = report(tmp_path)
    assert "NOT COMPLETE: 2 of 4 are not done." in part.read_text("utf-8")
    assert run(made[0], tmp_path, shard=(2, 2)).report == tmp_path / "report.html"
    for name in TABLES:
        assert (tmp_path / name).read_bytes() == (whole / name).read_bytes(), name


def test_a_table_names_the_studies(made: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    bad = next(name for name, outcome in made[1].items() if outcome == "refused")
    table = tmp_path / "table.csv"
    table.write_text(f"path,id\n{bad},=P-07\n", "utf-8")
    run(made[0], tmp_path / "out", table=table)
    (row,) = rows_of(tmp_path / "out" / "studies.csv")
    assert row["id"] == "'=P-07"  # no formula
    assert row["outcome"] == "refused"


@pytest.mark.thorough
def test_limits_decide_and_more_is_tried_again(
    made: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    study = next(name for name, outcome in made[1].items() if outcome == "ok")
    shutil.copytree(made[0] / study, tmp_path / "root" / "one")
    short = StudyLimits(seconds=1.0)
    run(tmp_path / "root", tmp_path / "out", parameters=QUICK, limits=short)
    (row,) = rows_of(tmp_path / "out" / "studies.csv")
    assert row["outcome"] == "timeout"
    assert "took longer than 1 s" in row["sentence"]
    kept = run(tmp_path / "root", tmp_path / "out", parameters=QUICK, limits=short)
    assert kept.measured == 0
    done = run(tmp_path / "root", tmp_path / "out", parameters=QUICK)
    assert done.measured == 1
    assert done.status.outcomes == {StudyOutcome.OK: 1}


@pytest.mark.thorough
def test_bad_disks_and_enormous_files_have_their_outcome(tmp_path: Path) -> None:
    kinds = ("hanging", "breaking", "enormous")
    expected = make_cohort(tmp_path / "made", 3, necks=1, bad=1.0, kinds=kinds)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "fusion.cli", "cohort", "run", str(tmp_path / "made" / "root")),
            *("--to", str(tmp_path / "out"), "--timeout", "60", "--memory", "2", "--workers", "3"),
        ],
        cwd=ROOT,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "benchmarks" / "cohort" / "bad_disk")},
    )
    assert done.returncode == 0
    assert outcomes(tmp_path / "out") == expected


def test_the_provenance_is_a_crate_and_holds(whole: Path) -> None:
    from rocrate.rocrate import ROCrate

    crate = ROCrate(str(whole))
    assert crate.root_dataset["mentions"].type == "CreateAction"
    # What RO-Crate 1.1 demands of a root; of the day, the year alone.
    root = json.loads((whole / "ro-crate-metadata.json").read_text("utf-8"))["@graph"][1]
    assert root["@id"] == "./"
    assert re.fullmatch(r"20\d\d", root["datePublished"])
    assert root["license"]
    files = [one for one in crate.get_entities() if one.type == "File"]
    assert {one.id for one in files} >= {*TABLES, "report.html"}
    for one in files:
        content = (whole / one.id).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one["sha256"]


def test_the_parquet_says_the_same(whole: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is an extra")
    table = parquet.read_table(whole / "joints.parquet").to_pylist()
    rows = rows_of(whole / "joints.csv")
    assert [one["joint"] for one in table] == [row["joint"] for row in rows]
    assert [one["maximum"] for one in table] == [float(row["maximum"]) for row in rows]


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    (tmp_path / "root" / "a").mkdir(parents=True)
    with pytest.raises(FusionError, match="not the folder of a cohort"):
        run(tmp_path / "root", tmp_path / "out")
    with pytest.raises(FusionError, match=r"is not the folder of a cohort.*or run that first"):
        status(tmp_path / "out")


def test_a_choice_between_two_that_are_alike_needs_a_person(tmp_path: Path) -> None:
    folder = tmp_path / "root" / "a"
    write_ct(folder / "ct")
    for n, values in enumerate((nm.volume(), nm.volume()[::-1])):
        write_nm(folder, name=f"{n}", dataset=nm.recon(values), SeriesInstanceUID=f"1.2.3.4.9.{n}")
    run(tmp_path / "root", tmp_path / "out", parameters=QUICK)
    (row,) = rows_of(tmp_path / "out" / "studies.csv")
    assert row["outcome"] == "needs a person"
    assert "could be meant" in row["sentence"]


def test_a_patient_who_moved_between_the_scans_needs_a_person(tmp_path: Path) -> None:
    """The files say that both images share a frame; the images say that they do not."""
    make_cohort(tmp_path / "made", 1, necks=1, bad=1.0, kinds=("moved",))
    run(tmp_path / "made" / "root", tmp_path / "out", parameters=QUICK)
    (row,) = rows_of(tmp_path / "out" / "studies.csv")
    assert row["outcome"] == "needs a person"
    assert row["registration_status"] == "do not trust"
    assert "The alignment of the two images is not to be trusted." in row["sentence"]
    assert "alignment-doubted" in row["findings"].split("; ")
    # How far off the places are is not known, and nothing says so.
    joints = rows_of(tmp_path / "out" / "joints.csv")
    assert {joint["registration_mm"] for joint in joints} == {""}


def test_what_was_opened_says_how_far_the_alignment_is_known(whole: Path) -> None:
    (good,) = [row for row in rows_of(whole / "studies.csv") if row["outcome"] == "ok"]
    assert good["registration_status"] == "no inconsistency found"
    joints = rows_of(whole / "joints.csv")
    assert all(0 < float(joint["registration_mm"]) < 6 for joint in joints)
    largest = max(float(joint["registration_mm"]) for joint in joints)
    (page,) = [
        page.read_text("utf-8")
        for page in (whole / "studies").glob("*/page.html")
        if page.parent.name.startswith(good["study"])
    ]
    assert f"no inconsistency found; up to ± {largest:.1f} mm at a joint." in page


def test_the_page_begins_with_what_became_of_the_studies(whole: Path) -> None:
    page = (whole / "report.html").read_text("utf-8")
    titles = re.findall("<h2>(.*?)</h2>", page)
    assert titles[:2] == ["Outcomes", "Ratios by level and side"]
    assert "The 1 to look at first" in titles
    assert "private/where.csv" in page
