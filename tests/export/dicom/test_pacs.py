"""What is handed on, stored in a real PACS and fetched again: Orthanc, by DIMSE and by DICOMweb."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from fusion.anatomy.joints import Joint, Side
from fusion.annotations.changes import TargetSaved
from fusion.annotations.journal import Journal, Saved
from fusion.annotations.reading import Reading
from fusion.annotations.target import Decision
from fusion.export.dicom.structured_report import tracking_uid
from fusion.export.dicom.structured_report_reading import read_structured_report
from fusion.export.handover import hand_on
from fusion.export.regions import uptake_region
from fusion.json_form import to_json
from fusion.opening import open_study
from fusion.registration import adjusted
from fusion.review import Review
from tests.annotations import samples
from tests.export.dicom.pacs import Pacs, running
from tests.export.handed import AGREEING, read_study, target_at
from tests.viewer.marked_study import BALLS, MIDDLE_LPS

#: A server is started.
pytestmark = pytest.mark.slow

#: What is handed on for two positive targets: objects of each modality.
WRITTEN = {"NM": 1, "REG": 1, "SR": 1, "SEG": 1, "OT": 1 + 2 * 3, "KO": 1, "DOC": 1}
DOUBTFUL = Joint("C6-C7", Side.RIGHT)


@dataclass(frozen=True)
class Made:
    """A reading with targets of all three decisions, and every object of its study."""

    review: Review
    reading: Reading
    files: list[Path]
    study_instance_uid: str


@dataclass(frozen=True)
class Stored:
    """The same in the archive, and fetched from there."""

    pacs: Pacs
    made: Made
    fetched: list[Path]

    def one(self, modality: str) -> Path:
        [path] = [path for path in self.fetched if modality_of(path) == modality]
        return path


def modality_of(path: Path) -> str:
    return str(pydicom.dcmread(path, specific_tags=["Modality"]).Modality)


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pacs]:
    with running(tmp_path_factory.mktemp("orthanc")) as archive:
        yield archive


@pytest.fixture(scope="module")
def made(pacs: Pacs, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    read = read_study(folder, patient_name="ONE-Müller^Ana", final=False)
    doubt = target_at(
        read.review,
        DOUBTFUL,
        MIDDLE_LPS - BALLS["left"] + (0.0, 0.0, -15.0),
        decision=Decision.INDETERMINATE,
        grade=1,
    )
    with Journal(read.journal) as journal:
        saved = journal.append(
            read.reading, TargetSaved(doubt), reader=samples.READER, study=read.reading.study
        )
    assert isinstance(saved, Saved)
    # Moved by hand, so that a Spatial Registration turned round could not pass for the right one.
    moved = adjusted(
        read.review.fused.registration,
        translation_mm=(1.0, -2.0, 0.5),
        rotation_deg=(1.5, 0.0, -1.0),
        pivot_lps=MIDDLE_LPS,
    )
    review = read.review.with_registration(moved)
    handed = hand_on(review, saved.reading, folder / "out", localisation=AGREEING)
    files = [*sorted(read.study.glob("*.dcm")), *sorted((folder / "out").glob("*.dcm"))]
    assert {target.decision for target in saved.reading.targets} == set(Decision)
    assert len([path for path in handed.paths if path.suffix == ".dcm"]) == sum(WRITTEN.values())
    return Made(review, saved.reading, files, str(review.study.study_instance_uid))


@pytest.fixture(scope="module", params=["DIMSE", "DICOMweb"])
def stored(
    request: pytest.FixtureRequest, pacs: Pacs, made: Made, tmp_path_factory: pytest.TempPathFactory
) -> Stored:
    """Everything stored and fetched by one family of services, the archive empty before."""
    pacs.forget()
    folder = tmp_path_factory.mktemp("fetched") / "study"
    if request.param == "DIMSE":
        said = pacs.store(made.files)
        assert said.count("Received Store Response (Success)") == len(made.files)
        return Stored(pacs, made, pacs.get(made.study_instance_uid, folder))
    answer = pacs.stow(made.files)
    assert len(answer["00081199"]["Value"]) == len(made.files)  # Referenced SOP Sequence
    assert not answer.get("00081198", {}).get("Value")  # Failed SOP Sequence
    return Stored(pacs, made, pacs.wado(made.study_instance_uid, folder))


def test_all_is_one_study_of_one_patient(stored: Stored) -> None:
    count = len(stored.made.files)
    [study] = stored.pacs.qido("studies?includefield=00201208")
    assert study["0020000D"]["Value"] == [stored.made.study_instance_uid]
    assert study["00100010"]["Value"] == [{"Alphabetic": "ONE-Müller^Ana"}]
    assert study["00201208"]["Value"] in ([count], [str(count)])
    series = stored.pacs.qido(f"studies/{stored.made.study_instance_uid}/series")
    modalities = [item["00080060"]["Value"][0] for item in series]
    assert sorted(modalities) == sorted([*WRITTEN, "CT", "NM"])
    found = stored.pacs.find("STUDY", "PatientID=FF-4711", "StudyInstanceUID", "ModalitiesInStudy")
    assert found.count(stored.made.study_instance_uid) == 1
    assert stored.pacs.find("STUDY", "StudyInstanceUID").count("(0020,000d) UI [") == 1


def test_every_object_comes_back_as_it_was_sent(stored: Stored) -> None:
    sent = {ds.SOPInstanceUID: ds for ds in map(pydicom.dcmread, stored.made.files)}
    fetched = {ds.SOPInstanceUID: ds for ds in map(pydicom.dcmread, stored.fetched)}
    assert len(stored.fetched) == len(fetched)
    assert fetched == sent


def test_all_references_are_within_the_study(stored: Stored) -> None:
    there = {
        str(ds.SOPInstanceUID): (str(ds.SOPClassUID), str(ds.SeriesInstanceUID))
        for ds in map(pydicom.dcmread, stored.fetched)
    }
    counted = 0
    for path in stored.fetched:
        ds = pydicom.dcmread(path)
        for item in items(ds):
            if "ReferencedSOPInstanceUID" in item:
                counted += 1
                assert there[item.ReferencedSOPInstanceUID][0] == item.ReferencedSOPClassUID
            if "ReferencedSOPSequence" in item and "SeriesInstanceUID" in item:
                for reference in item.ReferencedSOPSequence:
                    uid = reference.ReferencedSOPInstanceUID
                    assert there[uid][1] == item.SeriesInstanceUID
            if "ReferencedSeriesSequence" in item and "StudyInstanceUID" in item:
                assert item.StudyInstanceUID == stored.made.study_instance_uid
            if "ReferencedFrameOfReferenceUID" in item:
                assert item.ReferencedFrameOfReferenceUID == frame_of_reference(stored)
    assert counted > 100


def test_the_structured_report_gives_the_targets_back(stored: Stored) -> None:
    back = read_structured_report(stored.one("SR"))
    expected = {t.target_id: t for t in stored.made.reading.targets}
    for target in back:
        meant = expected.pop(target.target_id)
        # Hidden characters of a note are not kept; all else is.
        assert to_json(target) | {"note": ""} == to_json(meant) | {"note": ""}
    assert not expected


def test_the_segmentation_gives_the_regions_back(stored: Stored) -> None:
    seg = hd.seg.segread(stored.one("SEG"))
    fused = stored.made.review.fused
    positive = {tracking_uid(t): t for t in stored.made.reading.positive}
    assert seg.number_of_segments == len(positive) == 2
    for number in seg.segment_numbers:
        description = seg.get_segment_description(number)
        region = uptake_region(positive.pop(description.TrackingUID), fused)
        volume = seg.get_volume(segment_numbers=[number], combine_segments=True)
        found = volume.map_indices_to_reference(np.argwhere(volume.array))
        k, j, i = np.nonzero(region.mask)
        meant = fused.ct.grid.to_lps(np.stack([k, j, i], axis=-1) + np.array(region.start))
        assert in_order(found) == pytest.approx(in_order(meant), abs=1e-3)


def test_the_study_opens_from_the_archive_with_the_registration(stored: Stored) -> None:
    review = open_study(stored.fetched[0].parent)
    assert review.fused.ct.grid.affine == pytest.approx(stored.made.review.fused.ct.grid.affine)
    assert review.fused.spect.grid.affine == pytest.approx(
        stored.made.review.fused.spect.grid.affine
    )
    meant = stored.made.review.fused.registration.transform.matrix
    assert not np.allclose(meant, np.eye(4), atol=0.01)
    assert review.fused.registration.transform.matrix == pytest.approx(meant, abs=1e-6)


def items(ds: Dataset) -> Iterator[Dataset]:
    yield ds
    for element in ds:
        if element.VR == "SQ":
            for item in element.value:
                yield from items(item)


def frame_of_reference(stored: Stored) -> str:
    return str(stored.made.review.fused.ct.grid.frame_of_reference_uid)


def in_order(points: np.ndarray) -> np.ndarray:
    rounded = np.round(np.asarray(points, float), 3)
    return rounded[np.lexsort(rounded.T)]
