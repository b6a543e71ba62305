"""Another output is one function and one line: it gets nothing that it could give away."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset

from fusion.annotations.changes import TargetSaved
from fusion.annotations.journal import Journal
from fusion.annotations.reading import Reading
from fusion.annotations.study import StudyKey
from fusion.annotations.target import Target
from fusion.cli import main
from fusion.deidentified.profile import Deidentifier
from fusion.errors import AnnotationError
from fusion.export import handover
from fusion.export.handout import Handout, LeftOut
from fusion.export.handover import EXPORTERS, STUDY_EXPORTERS, Exporter, hand_on
from fusion.findings.readings import NO_SEGMENTATION
from fusion.opening import open_study
from fusion.review import Review
from tests.export.canaries import MARK, Canaries, fill_study, found_in
from tests.export.handed import AGREEING, HOT, HOT_LPS, Read, read_study, target_at
from tests.viewer.marked_study import write_study

EXPORT = Path(handover.__file__).parent


def everything(value: Any, seen: dict[int, Any]) -> Iterator[str]:
    """All text and every moment that can be reached from a value, names of fields aside."""
    if isinstance(value, str | Path | date | Dataset):
        yield str(value)
    elif id(value) not in seen and value is not None:
        seen[id(value)] = value
        if isinstance(value, Mapping):
            parts = [*value.keys(), *value.values()]
        elif isinstance(value, tuple | list | set | frozenset):
            parts = list(value)
        elif dataclasses.is_dataclass(value):
            names = [one.name for one in dataclasses.fields(value)]
            parts = [getattr(value, name) for name in names]
        else:
            parts = list(vars(value).values()) if hasattr(value, "__dict__") else []
        for part in parts:
            yield from everything(part, seen)


def tell_all(handout: Handout, folder: Path) -> tuple[Path, ...]:
    """An exporter that thinks of nothing: it writes down whatever it was given."""
    path = folder / "all.json"
    path.write_text(json.dumps(sorted(set(everything(handout, {}))), ensure_ascii=False), "utf-8")
    return (path,)


def read_by(reader: str, review: Review, path: Path, target: Target) -> Reading:
    key = StudyKey.of(review.fused.ct, review.fused.spect)
    with Journal(path) as journal:
        begun = journal.begin(key, reader=reader).reading
        saved = journal.append(begun, TargetSaved(target), reader=reader, study=key)
    return saved.reading


def refuse(handout: Handout, folder: Path) -> tuple[Path, ...]:
    (folder / "half.txt").write_text("half of it")
    raise AnnotationError("It cannot be said.")


def leave_out(handout: Handout, folder: Path) -> tuple[Path, ...]:
    raise LeftOut(NO_SEGMENTATION())


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    return read_study(tmp_path_factory.mktemp("read"))


def test_a_new_exporter_cannot_leak_what_it_was_not_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canaries = Canaries()
    study = write_study(tmp_path / canaries.word("folder") / "study")
    fill_study(study, canaries)
    review = open_study(study)
    target = target_at(review, HOT, HOT_LPS, note=canaries.word("note"))
    reading = read_by(canaries.word("reader"), review, tmp_path / "journal.db", target)
    monkeypatch.setattr(handover, "EXPORTERS", (Exporter("all", ("all.json",), tell_all),))

    def told(**how: Any) -> str:
        out = tmp_path / f"out{len(how)}"
        assert [
            path.name for path in hand_on(review, reading, out, **how, localisation=AGREEING).paths
        ] == ["all.json"]
        return (out / "all.json").read_text("utf-8")

    today = re.compile(f"{date.today():%Y-?%m-?%d}")
    # It does tell, as long as it may: else this test would prove nothing.
    assert MARK in told()
    assert today.search(told())
    for keeps_suv in (False, True):
        out = tmp_path / f"clean{keeps_suv}"
        hand_on(
            review,
            reading,
            out,
            deidentify=Deidentifier(keeps_suv=keeps_suv),
            localisation=AGREEING,
        )
        assert not found_in(out / "all.json", canaries)
        text = (out / "all.json").read_text("utf-8")
        assert not today.search(text)
        assert "20240311" not in text
        assert (out / "all.json").stat().st_mtime < datetime(1981, 1, 1).timestamp()


def test_what_cannot_be_written_is_said_and_leaves_nothing_behind(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporters = (
        Exporter("sentence", ("half.txt",), refuse),
        Exporter("nothing", ("nothing.txt",), leave_out),
        Exporter("all", ("all.json",), tell_all),
    )
    monkeypatch.setattr(handover, "EXPORTERS", exporters)
    for name in ("half.txt", "nothing.txt", "other.txt"):
        (tmp_path / name).write_text("of an earlier export")
    handed = hand_on(read.review, read.reading, tmp_path, localisation=AGREEING)
    assert {path.name for path in tmp_path.iterdir()} == {"all.json", "other.txt"}
    assert {finding.code: finding.message for finding in handed.findings} == {
        "not-exported": "No sentence was written. It cannot be said.",
        "no-segmentation": "No positive joint has uptake to outline; no SEG.",
    }
    # What comes later can say what is missing.
    assert "No sentence was written. It cannot be said." in (tmp_path / "all.json").read_text()


@pytest.mark.parametrize(("exporter", "code"), [(refuse, 3), (leave_out, 0), (tell_all, 0)])
def test_fuse_does_not_end_well_without_what_it_was_asked_for(
    exporter: Callable, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = write_study(tmp_path / "study")
    one = (Exporter("sentence", ("all.json",), exporter),)
    monkeypatch.setattr(handover, "STUDY_EXPORTERS", one)
    monkeypatch.setattr(handover, "OTHER_FORMATS", ())
    assert main(["fuse", str(study), "--to", str(tmp_path / "out")]) == code


def test_no_two_exporters_write_one_file() -> None:
    names = [name for exporter in EXPORTERS for name in exporter.files]
    assert len(set(names)) == len(names)
    assert set(STUDY_EXPORTERS) <= set(EXPORTERS)


@pytest.mark.slow
def test_exporters_list_what_they_write(read: Read, tmp_path: Path) -> None:
    """Else an older file would stay where none can be written."""
    handed = hand_on(read.review, read.reading, tmp_path, localisation=AGREEING)
    listed = {path for one in EXPORTERS for name in one.files for path in tmp_path.glob(name)}
    assert listed == set(handed.paths) == set(tmp_path.iterdir())


CLOCKS = re.compile(
    r"\b(?:now|utcnow|today|time|localtime|gmtime|ctime)\((?:UTC)?\)|time\.strftime"
)


@pytest.mark.parametrize("path", sorted(EXPORT.rglob("*.py")), ids=lambda path: path.stem)
def test_no_exporter_looks_at_a_clock(path: Path) -> None:
    """The moment of the export is that of the Handout, which de-identification has moved."""
    found = CLOCKS.findall(path.read_text("utf-8"))
    doors = {"handover.py": 2}
    assert found == ["now(UTC)"] * doors.get(path.name, 0)


def test_every_object_is_of_the_moment_of_the_handout(read: Read, tmp_path: Path) -> None:
    handed = hand_on(read.review, read.reading, tmp_path, localisation=AGREEING)
    objects = [pydicom.dcmread(path) for path in handed.paths if path.suffix == ".dcm"]
    moments = {(ds.SeriesDate, ds.SeriesTime, ds.ContentDate, ds.ContentTime) for ds in objects}
    assert len(moments) == 1
    # The structured report is the root: it refers to every image used and to what was made before.
    [report] = [ds for ds in objects if ds.Modality == "SR"]
    referred = {
        one.ReferencedSOPInstanceUID
        for study in report.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    }
    images = {pydicom.dcmread(path).SOPInstanceUID for path in read.study.rglob("*.dcm")}
    before = {
        ds.SOPInstanceUID for ds in objects if ds.Modality in {"NM", "REG", "SEG", "KO", "OT"}
    }
    assert referred == images | before
    assert len(images) > 50
