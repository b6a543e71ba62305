"""One reading handed on twice is one set of objects; an addendum takes the place of the first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest

from fusion.annotations.changes import AlignmentReviewed, Finalised, PathwayLeftOut, TargetSaved
from fusion.annotations.finishing import missing
from fusion.annotations.journal import Journal, Saved, versions_of
from fusion.annotations.reading import Reading, replay
from fusion.annotations.study import StudyKey
from fusion.deidentified import Deidentifier, Readers, deidentified_reading, deidentified_review
from fusion.export.account import Account
from fusion.export.dicom.captures import export_captures
from fusion.export.dicom.derived_nm import export_derived_nm
from fusion.export.dicom.encapsulated_pdf import write_encapsulated_pdf
from fusion.export.dicom.segmentation import export_segmentation
from fusion.export.dicom.spatial_registration import export_spatial_registration
from fusion.export.dicom.structured_report import export_structured_report
from fusion.export.edition import Edition
from fusion.export.handout import Handout
from fusion.opening import open_study
from fusion.registration import Method, adjusted
from fusion.review import Review
from tests.annotations.necks import localised, spine
from tests.annotations.samples import READER
from tests.export.handed import HOT, HOT_LPS, read_study, target_at
from tests.viewer.marked_study import MIDDLE_LPS

NOW = datetime(2026, 11, 30, 9, 0, 0, tzinfo=UTC)
EXPORTERS = (
    export_structured_report,
    export_segmentation,
    export_captures,
    export_spatial_registration,
    export_derived_nm,
)


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Review, Reading, Reading]:
    """A final reading, and its addendum."""
    read = read_study(tmp_path_factory.mktemp("editions"))
    key = StudyKey.of(read.review.fused.ct, read.review.fused.spect)
    first = read.reading
    with Journal(read.journal) as journal:
        second = journal.addendum(first, reader=READER, reason="looked again", study=key)
        assert first.alignment is not None
        assert first.numbering is not None
        for change in (
            TargetSaved(replace(second.targets[0], grade=3)),
            first.alignment.change,
            first.numbering.change,
            PathwayLeftOut("as before"),
            Finalised(),
        ):
            saved = journal.append(second, change, reader=READER, study=key)
            assert isinstance(saved, Saved)
            second = saved.reading
    return read.review, first, second


def written(handout: Handout, folder: Path, *exporters: object) -> dict[str, Path]:
    folder.mkdir()
    paths = [path for export in exporters or EXPORTERS for path in export(handout, folder)]  # type: ignore[operator]
    pdf = folder / "report_pdf.dcm"
    if not exporters:
        header = handout.review.pair.ct.header
        write_encapsulated_pdf(pdf, b"%PDF-1.4", source=header, edition=handout.edition)
        paths.append(pdf)
    return {path.name: path for path in paths}


def test_the_same_reading_is_the_same_objects(
    versions: tuple[Review, Reading, Reading], tmp_path: Path
) -> None:
    review, first, _ = versions
    one = written(Handout.of(review, first, made=NOW, localisation=None), tmp_path / "one")
    time.sleep(1.1)  # times of PDF and DICOM have whole seconds: a clock looked at would differ
    later = datetime(2027, 3, 1, 17, 30, 0, tzinfo=UTC)
    two = written(Handout.of(review, first, made=later, localisation=None), tmp_path / "two")
    assert len(one) >= 10
    assert {name: path.read_bytes() for name, path in one.items()} == {
        name: path.read_bytes() for name, path in two.items()
    }
    made = [pydicom.dcmread(path) for path in one.values()]
    assert len({ds.SOPInstanceUID for ds in made}) == len(made)
    # Pictures are one series; every other object has its own.
    assert len({ds.SeriesInstanceUID for ds in made}) == 7
    assert {ds.SOPInstanceUID[:5] for ds in made} == {"2.25."}


def test_an_addendum_takes_the_place_of_what_it_amends(
    versions: tuple[Review, Reading, Reading], tmp_path: Path
) -> None:
    review, first, second = versions
    assert versions_of(second, versions[1:]) == (first, second)
    kinds = export_structured_report, export_segmentation
    old = written(Handout.of(review, first, made=NOW, localisation=None), tmp_path / "old", *kinds)
    new = written(Handout.of(review, second, made=NOW, localisation=None), tmp_path / "new", *kinds)
    before, after = (pydicom.dcmread(one["structured_report.dcm"]) for one in (old, new))
    assert "PredecessorDocumentsSequence" not in before
    [study] = after.PredecessorDocumentsSequence
    [series] = study.ReferencedSeriesSequence
    [instance] = series.ReferencedSOPSequence
    assert study.StudyInstanceUID == before.StudyInstanceUID
    assert series.SeriesInstanceUID == before.SeriesInstanceUID
    assert instance.ReferencedSOPInstanceUID == before.SOPInstanceUID
    assert instance.ReferencedSOPClassUID == before.SOPClassUID
    assert (before.SeriesNumber, after.SeriesNumber) == (9003, 9013)
    assert before.SeriesDescription == "Version 1: Facet joint targets"
    assert after.SeriesDescription == "Version 2, amends 1: Facet joint targets"
    assert after.SeriesInstanceUID != before.SeriesInstanceUID
    segments = pydicom.dcmread(new["uptake_regions.dcm"])
    assert segments.SeriesDescription == "Version 2, amends 1: Uptake (not validated)"
    assert segments.SeriesNumber == 9014


def test_every_series_of_a_reading_says_its_version_first(
    versions: tuple[Review, Reading, Reading], tmp_path: Path
) -> None:
    """The list of OHIF shows 25 letters of a description: two versions have to differ in them."""
    review, first, second = versions
    for reading, begins in ((first, "Version 1: "), (second, "Version 2, amends 1: ")):
        handout = Handout.of(review, reading, made=NOW, localisation=None)
        files = written(handout, tmp_path / begins[:9])
        said = {name: pydicom.dcmread(path).SeriesDescription for name, path in files.items()}
        assert len(said) > len(EXPORTERS)
        assert {name: one for name, one in said.items() if not one.startswith(begins)} == {}


def test_a_draft_is_named_so_and_is_another_object_at_every_change(
    versions: tuple[Review, Reading, Reading], tmp_path: Path
) -> None:
    review, first, _ = versions
    drafts = [
        Handout.of(review, _until(first, n), made=NOW, localisation=None)
        for n in (len(first.events) - 1, 4)
    ]
    names = {draft.edition.uid("structured report", "instance") for draft in drafts}
    assert len(names) == 2
    assert drafts[0].edition.described("Facet joint targets") == (
        "Version 1, DRAFT: Facet joint targets"
    )
    assert drafts[0].edition.made == first.events[-2].time


def _until(reading: Reading, events: int) -> Reading:
    return replay(reading.reading_id, reading.events[:events])


def test_what_is_not_the_readings_own_makes_other_objects(
    versions: tuple[Review, Reading, Reading],
) -> None:
    review, first, _ = versions
    moved = adjusted(
        review.fused.registration, translation_mm=(3.0, 0, 0), pivot_lps=tuple(MIDDLE_LPS)
    )
    elsewhere = Handout.of(review.with_registration(moved), first, made=NOW, localisation=None)
    assert (
        elsewhere.edition.seed
        != Handout.of(review, first, made=NOW, localisation=None).edition.seed
    )


def test_a_final_reading_says_the_same_wherever_it_is_handed_on(
    versions: tuple[Review, Reading, Reading],
) -> None:
    """The window knows the joints as they are numbered now, the command line does not."""
    review, first, _ = versions
    assert Account.of(review, first, localisation=localised()) == Account.of(review, first)
    draft = _until(first, len(first.events) - 3)  # nobody has confirmed the levels yet
    known = Account.of(review, draft, localisation=localised())
    assert known != Account.of(review, draft)
    seeds = {
        Edition.of(draft, review.fused.registration, made=NOW, said=said).seed
        for said in (known.sentences, Account.of(review, draft).sentences)
    }
    assert len(seeds) == 2


def test_without_a_reading_every_export_is_its_own(
    versions: tuple[Review, Reading, Reading],
) -> None:
    review = versions[0]
    one, two = (Handout.of(review, None, made=NOW, localisation=None).edition for _ in range(2))
    assert one.uid("x") != two.uid("x")
    assert one.uid("x") == one.uid("x") != one.uid("y")


def test_two_exports_without_identity_cannot_be_joined(
    versions: tuple[Review, Reading, Reading], tmp_path: Path
) -> None:
    review, _, second = versions
    found = []
    for name in ("one", "two"):
        how, readers = Deidentifier(), Readers()
        handout = Handout.of(
            deidentified_review(review, how, readers),
            deidentified_reading(second, how, readers),
            made=how.moment(NOW).replace(tzinfo=None),
            localisation=None,
        )
        paths = written(handout, tmp_path / name, export_structured_report)
        found.append(pydicom.dcmread(paths["structured_report.dcm"]))
    one, two = found
    assert one.SOPInstanceUID != two.SOPInstanceUID
    open_uid = Handout.of(review, second, made=NOW, localisation=None).edition.uid(
        "structured report", "instance"
    )
    assert open_uid not in {one.SOPInstanceUID, two.SOPInstanceUID}
    for ds in found:  # what it amends is in no export without identity
        assert "PredecessorDocumentsSequence" not in ds
        assert "TimezoneOffsetFromUTC" not in ds


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("new_york")
@pytest.mark.parametrize(
    ("stated", "study_date", "offset", "content"),
    [
        ("", "20261127", "-0500", "20261127 231900"),
        # In summer: one offset holds for the study and for what is said of it.
        ("", "20260701", "-0400", "20261128 001900"),
        ("+0930", "20261127", "+0930", "20261128 134900"),
        ("nonsense", "20261127", "-0500", "20261127 231900"),
    ],
)
def test_moments_say_their_time_zone(
    stated: str, study_date: str, offset: str, content: str, tmp_path: Path
) -> None:
    source = pydicom.Dataset()
    source.StudyDate, source.StudyInstanceUID = study_date, "1.2.3"
    if stated:
        source.TimezoneOffsetFromUTC = stated
    moment = datetime(2026, 11, 28, 4, 19, 0, tzinfo=UTC)
    path = tmp_path / "report.dcm"
    write_encapsulated_pdf(path, b"%PDF", source=source, edition=Edition(made=moment))
    ds = pydicom.dcmread(path)
    assert ds.TimezoneOffsetFromUTC == offset
    assert f"{ds.ContentDate} {ds.ContentTime[:6]}" == content
    assert f"{ds.SeriesDate} {ds.SeriesTime[:6]}" == content


def test_our_own_registration_beside_the_study_changes_nothing(tmp_path: Path) -> None:
    read = read_study(tmp_path, final=False)
    handout = Handout.of(read.review, read.reading, made=NOW, localisation=None)
    export_spatial_registration(handout, read.study)
    again = open_study(read.study)
    registration = again.fused.registration
    assert registration.method is Method.SHARED_FRAME
    assert np.array_equal(registration.transform.matrix, np.eye(4))
    key = StudyKey.of(again.fused.ct, again.fused.spect)
    said = missing(read.reading, spine=spine(), study=key, registration=registration)
    assert not [item for item in said if "alignment" in item]
    # Somebody else's, which says the same, is told of.
    foreign = pydicom.dcmread(read.study / "spatial_registration.dcm")
    foreign.Manufacturer = "Somebody"
    foreign.save_as(read.study / "spatial_registration.dcm")
    assert open_study(read.study).fused.registration.method is Method.STORED


def test_an_alignment_by_hand_that_was_handed_on_is_the_reviewed_one_again(tmp_path: Path) -> None:
    """A matrix that went through a DICOM object, 16 characters a number, is still the same."""
    read = read_study(tmp_path, final=False)
    moved = adjusted(
        read.review.fused.registration,
        translation_mm=(2.0 / 3, 0, 1.0 / 7),
        rotation_deg=(1.0 / 3, 0.7, 0.1),
        pivot_lps=tuple(MIDDLE_LPS),
    )
    review = read.review.with_registration(moved)
    reviewed = AlignmentReviewed.of(moved, HOT_LPS)
    export_spatial_registration(Handout.of(review, None, made=NOW, localisation=None), read.study)
    again = open_study(read.study).fused.registration
    assert again.method is Method.STORED
    assert not np.array_equal(again.transform.matrix, moved.transform.matrix)
    assert reviewed.covers(again)
    target = target_at(review, HOT, HOT_LPS)
    aligned = replace(target, registration=reviewed.registration)
    assert aligned.registration.same_alignment(again, HOT_LPS)
