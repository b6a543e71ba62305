"""Folders, zips and DICOMDIRs become studies, series and volumes, in an order that files decide."""

from __future__ import annotations

import gc
import random
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._snomed_dict import mapping
from pydicom.sr.codedict import codes
from pydicom.uid import (
    JPEG2000,
    EnhancedCTImageStorage,
    NuclearMedicineImageStorage,
    PositronEmissionTomographyImageStorage,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from fusion import temporary
from fusion.dicom import classify as classify_module
from fusion.dicom.catalog import scan
from fusion.dicom.classify import Planner, classify, names_positron_emitter
from fusion.dicom.files.instance import Instance
from fusion.dicom.pixels.reading import read_plan
from fusion.dicom.series import Catalog, Kind, Series, Study
from fusion.errors import Cancelled, DicomError, GeometryError
from fusion.findings import Severity

from . import ct_objects as ct
from . import nm_objects

COUNT = 4


def only_study(path: Path, **options: object) -> Study:
    (study,) = scan(path, **options).studies
    return study


def only_series(path: Path, **options: object) -> Series:
    (series,) = only_study(path, **options).series
    return series


def summary(catalog: Catalog) -> list[tuple]:
    """What a person sees, without names of files."""
    return [
        (
            study.study_instance_uid,
            series.series_instance_uid,
            series.kind,
            [item.sop_instance_uid for item in series.instances],
            [(plan.volume_id, plan.shape, plan.refusal) for plan in series.volumes],
        )
        for study in catalog.studies
        for series in study.series
    ]


def edit_all(folder: Path, change: Callable[[Dataset], None]) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            dataset = pydicom.dcmread(path)
            change(dataset)
            dataset.save_as(path)


def codes_of(findings) -> list[str]:
    return [finding.code for finding in findings]


# --- real data ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_folder_of_real_data(shared_data):
    kinds = {}
    for folder in sorted(shared_data.iterdir()):
        if folder.is_dir():
            catalog = scan(folder)
            kinds[folder.name] = {
                (series.kind, plan.unit if plan.refusal is None else "refused")
                for study in catalog.studies
                for series in study.series
                for plan in series.volumes
            } or {series.kind for study in catalog.studies for series in study.series}
    assert kinds == {
        "ct_15_encodings": {(Kind.CT, "refused")},
        "ct_biograph64_neck": {(Kind.CT, "HU")},
        "ct_brilliance16_lower_neck": {(Kind.CT, "HU")},
        "ct_hispeed_tilted_uneven": {(Kind.CT, "refused")},
        "ct_planning_cervical_ribs": {(Kind.CT, "HU")},
        "ct_pq2000_head_neck": {(Kind.CT, "HU")},
        "ct_vct_head_to_c2": {(Kind.CT, "HU")},
        "ct_xio_lower_neck": {(Kind.CT, "HU")},
        "neck_meshes_artisynth": set(),
        "nm_planar_bone": {Kind.PLANAR},
        "nm_recon_without_geometry": {(Kind.SPECT, "refused")},
        "nm_xeleris_header": set(),
        "petct_discovery_st": {
            (Kind.CT, "HU"),
            (Kind.PET, "Bq/mL"),
            (Kind.PET, "proportional counts"),
        },
    }


@pytest.mark.parametrize(
    ("folder", "shape", "spacing_mm", "first_lps", "last_z"),
    [
        # Read off the headers with pydicom alone: one series each, every step between sorted
        # positions the same, Image Orientation (Patient) 1, 0, 0, 0, 1, 0.
        (
            "ct_planning_cervical_ribs",
            (141, 512, 512),
            (2.0, 0.9765625),
            (-249.51171875, -464.51171875, -840.0),
            -560.0,
        ),
        ("ct_pq2000_head_neck", (90, 511, 511), (3.0, 1.0), (1.0, -511.0, -267.0), 0.0),
        ("ct_vct_head_to_c2", (76, 512, 512), (1.25, 0.474609), (-124.1, -101.8, -114.25), -20.5),
        ("ct_xio_lower_neck", (46, 512, 512), (3.0, 0.977), (-250.112, -250.112, 61.6), 196.6),
    ],
)
def test_volumes_of_real_cts_lie_where_their_headers_say(
    folder, shape, spacing_mm, first_lps, last_z, shared_data
):
    (plan,) = only_series(shared_data / folder).volumes
    assert (plan.shape, plan.unit, plan.refusal, plan.findings) == (shape, "HU", None, ())
    assert plan.grid.spacing_mm == pytest.approx((spacing_mm[0], spacing_mm[1], spacing_mm[1]))
    assert plan.grid.to_lps([0, 0, 0]) == pytest.approx(first_lps)
    assert plan.grid.to_lps([shape[0] - 1, 0, 0]) == pytest.approx((*first_lps[:2], last_z))


def test_encodings_of_one_image_are_recognised_as_copies(shared_data):
    catalog = scan(shared_data / "ct_15_encodings")
    (series,) = (s for study in catalog.studies for s in study.series if s.kind is Kind.CT)
    # Uncompressed (4 forms) and losslessly compressed (6) are one image; the 4 lossy ones have
    # identifiers of their own; 2 cannot be decoded.
    assert "duplicate-copies" in codes_of(series.findings)
    assert len(series.instances) == 5
    assert codes_of(series.findings).count("unreadable") == 2


def test_a_study_of_three_series(shared_data):
    study = only_study(shared_data / "petct_discovery_st")
    assert [series.kind for series in study.series] == [Kind.PET, Kind.CT, Kind.PET]
    assert [plan.volume_id for series in study.series for plan in series.volumes] == [
        "1.1",
        "2.1",
        "3.1",
    ]
    assert study.findings == ()


# --- kinds ----------------------------------------------------------------------------------------


def instance(**attributes: object) -> Instance:
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return Instance(Path("x"), "x", dataset, "1.2.840.10008.1.2.1", None)


def radiopharmaceutical(code: tuple[str, str, str] | None = None, name: str = "") -> list[Dataset]:
    item = Dataset()
    if code is not None:
        entry = Dataset()
        entry.CodeValue, entry.CodingSchemeDesignator, entry.CodeMeaning = code
        item.RadionuclideCodeSequence = [entry]
    if name:
        item.Radiopharmaceutical = name
    return [item]


PT = PositronEmissionTomographyImageStorage
CT = "1.2.840.10008.5.1.4.1.1.2"
SPECT_TYPE = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]


@pytest.mark.parametrize(
    ("attributes", "kind", "planner"),
    [
        ({"SOPClassUID": CT, "Modality": "CT"}, Kind.CT, Planner.STACK),
        ({"Modality": "CT"}, Kind.CT, Planner.STACK),
        (
            {"SOPClassUID": CT, "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
            Kind.LOCALIZER,
            Planner.STACK,
        ),
        ({"SOPClassUID": CT, "SamplesPerPixel": 3}, Kind.OTHER, Planner.STACK),
        ({"SOPClassUID": EnhancedCTImageStorage}, Kind.CT, Planner.MULTIFRAME),
        ({"SOPClassUID": PT, "Modality": "PT"}, Kind.PET, Planner.STACK),
        ({"SOPClassUID": PT, "ImageType": SPECT_TYPE}, Kind.SPECT, Planner.STACK),
        (
            {
                "SOPClassUID": PT,
                "RadiopharmaceuticalInformationSequence": radiopharmaceutical(
                    ("72454006", "SCT", "^99m^Technetium")
                ),
            },
            Kind.SPECT,
            Planner.STACK,
        ),
        (
            {
                "SOPClassUID": PT,
                "RadiopharmaceuticalInformationSequence": radiopharmaceutical(name="Tc-99m HDP"),
            },
            Kind.SPECT,
            Planner.STACK,
        ),
        (
            {
                "SOPClassUID": PT,
                "RadiopharmaceuticalInformationSequence": radiopharmaceutical(
                    ("C-111A1", "SRT", "^18^Fluorine"), "Fluorodeoxyglucose F^18^"
                ),
            },
            Kind.PET,
            Planner.STACK,
        ),
        (
            {
                "SOPClassUID": PT,
                "RadiopharmaceuticalInformationSequence": radiopharmaceutical(name="68Ga DOTATOC"),
            },
            Kind.PET,
            Planner.STACK,
        ),
        (
            {
                "SOPClassUID": NuclearMedicineImageStorage,
                "Modality": "OT",
                "ImageType": SPECT_TYPE,
            },
            Kind.SPECT,
            Planner.NM,
        ),
        (
            {
                "SOPClassUID": NuclearMedicineImageStorage,
                "Modality": "NM",
                "ImageType": ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"],
            },
            Kind.PROJECTIONS,
            Planner.NM,
        ),
        (
            {
                "SOPClassUID": SecondaryCaptureImageStorage,
                "Modality": "NM",
                "ImageType": ["DERIVED", "PRIMARY", "WHOLE BODY", "EMISSION"],
            },
            Kind.PLANAR,
            Planner.NOBODY,
        ),
        (
            {
                "SOPClassUID": SecondaryCaptureImageStorage,
                "Modality": "NM",
                "ImageType": SPECT_TYPE,
                "SliceVector": [1, 2],
            },
            Kind.OTHER,
            Planner.NOBODY,
        ),
        ({"SOPClassUID": SecondaryCaptureImageStorage, "Modality": "CT"}, Kind.OTHER, None),
        (
            {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.3", "Modality": "RTSTRUCT"},
            Kind.OTHER,
            None,
        ),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11", "Modality": "SR"}, Kind.OTHER, None),
        ({}, Kind.OTHER, None),
    ],
    ids=str,
)
def test_kinds(attributes, kind, planner):
    assert classify(instance(**attributes)) == (kind, planner or Planner.NOBODY)


def test_codes_of_single_photon_emitters_are_those_of_the_standard():
    """Each SCT code names a nuclide of CID 18, no PET nuclide, and its SRT twin is listed."""
    listed = {c for c in classify_module._SINGLE_PHOTON_CODES if c.isdigit()}
    assert len(listed) == 7
    pet = {getattr(codes.cid4020, name).value for name in cid_concepts[4020]["SCT"]}
    known = {getattr(codes.cid18, name).value for name in cid_concepts[18]["SCT"]}
    assert listed <= known
    assert not listed & pet
    twins = {mapping["SCT"][code] for code in listed}
    assert listed | twins == classify_module._SINGLE_PHOTON_CODES


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("77004003", "", True),
        ("C-131A3", "", True),
        ("", "^18^Fluorine", True),
        ("", "FDG", True),
        ("", "68Ga-DOTATATE", True),
        ("72454006", "", False),
        ("", "Technetium Tc-99m oxidronate", False),
        ("", "In-111 and F-18", False),
        ("", "", False),
    ],
)
def test_limits_of_pet_need_a_tracer_that_emits_positrons(code, name, expected) -> None:
    """A SPECT is sometimes stored as PET: what names no positron emitter is judged as a SPECT."""
    tracer, nuclide, header = Dataset(), Dataset(), Dataset()
    nuclide.CodeValue, nuclide.CodeMeaning = code, name
    tracer.RadionuclideCodeSequence = [nuclide]
    header.RadiopharmaceuticalInformationSequence = [tracer]
    assert names_positron_emitter(header) is expected
    assert not names_positron_emitter(Dataset())


def test_localizer_in_the_series_is_split_off(tmp_path):
    def localizer_first(k: int, dataset: Dataset) -> None:
        if k == 0:
            dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]

    ct.write_series(tmp_path, ct.stacked(count=COUNT + 1), edit=localizer_first)
    series = only_study(tmp_path).series
    assert {s.kind: len(s.instances) for s in series} == {Kind.CT: COUNT, Kind.LOCALIZER: 1}
    assert len({s.series_instance_uid for s in series}) == 1
    assert all("series-split" in codes_of(s.findings) for s in series)
    (plan,) = (plan for s in series for plan in s.volumes)
    assert plan.refusal is None
    assert plan.shape[0] == COUNT


def test_nm_volumes_of_one_object(tmp_path):
    nm_objects.write(nm_objects.two_windows(), tmp_path / "x")
    series = only_series(tmp_path)
    assert series.kind is Kind.SPECT
    assert [plan.volume_id for plan in series.volumes] == ["1.1", "1.2"]


def test_enhanced_ct_is_planned(tmp_path):
    ct.write_enhanced(tmp_path / "x", ct.stacked(count=COUNT), order=[2, 0, 3, 1])
    (plan,) = only_series(tmp_path).volumes
    assert plan.refusal is None
    assert plan.shape == (COUNT, ct.ROWS, ct.COLUMNS)


# --- order and numbers ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mixed_study(tmp_path_factory) -> Path:
    """Two studies: one of three CT series in one folder, one of an NM object."""
    folder = tmp_path_factory.mktemp("mixed")
    study = generate_uid()
    for n, number in enumerate((7, 3, None)):
        ct.write_series(folder / str(n), ct.stacked(count=COUNT))

        def change(dataset: Dataset, number: int | None = number) -> None:
            dataset.StudyInstanceUID, dataset.StudyDate = study, "20240202"
            dataset.PatientID = "A"
            if number is not None:
                dataset.SeriesNumber = number

        edit_all(folder / str(n), change)
    dataset = nm_objects.recon()
    dataset.StudyDate, dataset.PatientID = "20240101", "B"
    nm_objects.write(dataset, folder / "nm")
    return folder


def test_order_is_date_then_series_number(mixed_study):
    catalog = scan(mixed_study)
    assert [study.date for study in catalog.studies] == ["20240101", "20240202"]
    numbers = [s.instances[0].dataset.get("SeriesNumber") for s in catalog.studies[1].series]
    assert numbers == [3, 7, None]
    assert [p.volume_id for st in catalog.studies for s in st.series for p in s.volumes] == [
        "1.1",
        "2.1",
        "3.1",
        "4.1",
    ]
    assert {"several-studies", "several-patients"} <= set(codes_of(catalog.findings))


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32))
def test_names_and_folders_of_files_do_not_matter(mixed_study, tmp_path_factory, seed):
    shuffler = random.Random(seed)
    target = tmp_path_factory.mktemp("shuffled")
    names = [f"{n:03d}" for n in range(100)]
    shuffler.shuffle(names)
    for path in mixed_study.rglob("*"):
        if path.is_file():
            name = names.pop()
            place = target / shuffler.choice(["", "a", "a/b/c", "ü"]) / (name + ".x")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place)
    assert summary(scan(target)) == summary(scan(mixed_study))


# --- ways in --------------------------------------------------------------------------------------


def test_zip_is_read_and_its_folder_lives_as_long_as_it_is_needed(mixed_study, tmp_path):
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for file in sorted(mixed_study.rglob("*")):
            target.write(file, file.relative_to(mixed_study))
    catalog = scan(path)
    assert summary(catalog) == summary(scan(mixed_study))
    study = catalog.studies[1]
    assert all("/IM0" in item.label for item in study.series[0].instances)
    plan = study.series[0].volumes[0]
    unpacked = plan.frames[0].instance.path
    assert unpacked.parent.stat().st_mode & 0o777 == 0o700
    del catalog, study
    gc.collect()
    read_plan(plan, study_instance_uid="1", series_instance_uid="2")  # the plan keeps its files
    del plan
    gc.collect()
    assert not unpacked.parent.exists()


def test_one_file(tmp_path):
    written = ct.write_series(tmp_path, ct.stacked(count=COUNT))
    (item,) = only_series(written.paths[1]).instances
    assert item.label == written.paths[1].name


def test_labels_are_relative_to_what_was_opened(tmp_path):
    ct.write_series(tmp_path / "a" / "b", ct.stacked(count=COUNT), names=["1.dcm", "2", "3", "4"])
    labels = {item.label for item in only_series(tmp_path).instances}
    assert labels == {"a/b/1.dcm", "a/b/2", "a/b/3", "a/b/4"}


@pytest.mark.filterwarnings("ignore:Implicitly cleaning up:ResourceWarning")  # of FileSet
def test_dicomdir_of_pydicom_is_followed(shared_data, tmp_path):
    from pydicom.fileset import FileSet

    disc = FileSet()
    for path in sorted((shared_data / "ct_biograph64_neck").iterdir())[:8]:
        dataset = pydicom.dcmread(path)
        dataset.PatientID = dataset.get("PatientID") or "X"
        dataset.StudyID, dataset.StudyDate = "1", dataset.get("StudyDate") or "20200101"
        dataset.StudyTime = dataset.get("StudyTime") or "120000"
        dataset.SeriesNumber = dataset.get("SeriesNumber") or 1
        disc.add(dataset)
    disc.write(tmp_path / "disc")
    del disc
    gc.collect()
    from_index = scan(tmp_path / "disc" / "DICOMDIR")
    from_folder = scan(tmp_path / "disc")
    assert summary(from_index) == summary(from_folder)
    assert len(from_index.studies[0].series[0].instances) == 8
    assert from_index.findings == from_folder.findings == ()


def test_only_what_a_dicomdir_names_is_read(tmp_path):
    from .test_hostile import write_dicomdir

    written = ct.write_series(tmp_path / "a", ct.stacked(count=COUNT))
    ct.write_series(tmp_path / "b", ct.stacked(count=COUNT))
    index = write_dicomdir(tmp_path, [["A", path.name] for path in written.paths])
    assert {item.label[0] for item in only_series(index).instances} == {"a"}
    assert len(scan(tmp_path).studies) == 2


# --- identity and duplicates ----------------------------------------------------------------------


def test_different_patients_in_one_study(tmp_path):
    def change(k: int, dataset: Dataset) -> None:
        dataset.PatientName = "Doe^Jane" if k else "Roe^Richard"
        dataset.PatientID = "1"

    ct.write_series(tmp_path, ct.stacked(count=COUNT), edit=change)
    (finding,) = only_study(tmp_path).findings
    assert (finding.code, finding.severity) == ("patient-mismatch", Severity.ERROR)
    assert "(name)" in finding.message
    assert not {"Doe", "Roe", "Jane", "Richard"} & set(finding.message.replace("^", " ").split())


def test_spelling_and_absence_are_no_difference(tmp_path):
    def change(k: int, dataset: Dataset) -> None:
        dataset.PatientName = ["Doe^Jane", "DOE^JANE^", "Doe^Jane ", ""][k]
        dataset.PatientID = "1" if k else ""

    ct.write_series(tmp_path, ct.stacked(count=COUNT), edit=change)
    assert only_study(tmp_path).findings == ()


def test_patient_is_read(tmp_path):
    def change(k: int, dataset: Dataset) -> None:
        dataset.PatientName, dataset.PatientID = "Doe^Jane", "1"
        dataset.PatientBirthDate, dataset.PatientSex = "19700101", "F"

    ct.write_series(tmp_path, ct.stacked(count=COUNT), edit=change)
    patient = only_study(tmp_path).patient
    assert (patient.name, patient.patient_id) == ("Doe^Jane", "1")
    assert (patient.birth_date, patient.sex) == ("19700101", "F")


def test_copies_are_left_out(tmp_path):
    ct.write_series(tmp_path / "a", ct.stacked(count=COUNT))
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    series = only_series(tmp_path)
    assert len(series.instances) == COUNT
    assert codes_of(series.findings) == ["duplicate-copies"]
    assert series.volumes[0].refusal is None


def test_different_images_with_one_identifier(tmp_path):
    def same_identifier(k: int, dataset: Dataset) -> None:
        dataset.SOPInstanceUID = "1.2.3"

    ct.write_series(tmp_path, ct.stacked(count=COUNT), edit=same_identifier)
    series = only_series(tmp_path)
    assert len(series.instances) == COUNT
    assert codes_of(series.findings) == ["duplicate-uid"]
    assert "duplicate-uid" in codes_of(series.volumes[0].findings)


def test_same_position_and_identifier_with_other_pixels_is_refused(tmp_path):
    written = ct.write_series(tmp_path / "a", ct.stacked(count=COUNT))
    (tmp_path / "b").mkdir()
    shutil.copy(written.paths[1], tmp_path / "b" / "changed")
    edit_all(tmp_path / "b", lambda d: setattr(d, "PixelData", bytes(len(d.PixelData))))
    series = only_series(tmp_path)
    assert "duplicate-uid" in codes_of(series.findings)
    assert all(plan.refusal is not None for plan in series.volumes)


def test_missing_identifiers(tmp_path):
    def without(k: int, dataset: Dataset) -> None:
        del dataset.StudyInstanceUID, dataset.SeriesInstanceUID

    ct.write_series(tmp_path, ct.stacked(count=COUNT), edit=without)
    study = only_study(tmp_path)
    assert codes_of(study.findings) == ["study-uid-missing"]
    assert study.series[0].volumes[0].refusal is None


def test_lossy_compression_is_said(tmp_path):
    written = ct.write_series(tmp_path, ct.stacked(count=COUNT))
    for path in written.paths:
        dataset = pydicom.dcmread(path)
        dataset.compress(JPEG2000, generate_instance_uid=False, j2k_cr=[10])
        dataset.LossyImageCompression = "01"
        dataset.save_as(path)
    (plan,) = only_series(tmp_path).volumes
    assert "lossy-compression" in codes_of(plan.findings)


def test_many_unreadable_files_are_counted(tmp_path):
    for n in range(30):
        (tmp_path / f"{n:02d}.dcm").touch()
    findings = scan(tmp_path).findings
    assert len(findings) == 21
    assert findings[-1].message.startswith("10 more file(s)")


def test_a_series_of_nothing_but_broken_images(tmp_path):
    broken = ct.write_series(tmp_path / "broken", ct.stacked(count=2))
    sound = ct.write_series(tmp_path / "sound", ct.stacked(count=COUNT))
    study = pydicom.dcmread(sound.paths[0]).StudyInstanceUID
    edit_all(tmp_path / "broken", lambda d: setattr(d, "StudyInstanceUID", study))
    for path in broken.paths:
        path.write_bytes(path.read_bytes()[:-1])
    series = only_study(tmp_path).series
    assert [s.kind for s in series] == [Kind.CT, Kind.UNREADABLE]
    assert codes_of(series[1].findings) == ["unreadable"] * 2
    assert series[1].instances == series[1].volumes == ()


# --- spacing and progress -------------------------------------------------------------------------


@pytest.fixture
def without_spacing(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        dataset = nm_objects.recon()
        del dataset.SpacingBetweenSlices
        dataset.SeriesInstanceUID = generate_uid()
        dataset.SOPInstanceUID = generate_uid()
        dataset.SeriesNumber = 1 + ord(name) - ord("a")
        nm_objects.write(dataset, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    ("spacing_mm", "usable"),
    [
        (None, [False, False]),
        ({"2": 3.0}, [False, True]),
        ({"2.1": 3.0}, [False, True]),
        ({"1.1": 3.0, "2": -3.0}, [True, True]),
    ],
    ids=str,
)
def test_spacing_goes_to_the_volume_it_was_given_for(without_spacing, spacing_mm, usable):
    catalog = scan(without_spacing, spacing_mm=spacing_mm)
    plans = [p for st in catalog.studies for s in st.series for p in s.volumes]
    assert [plan.refusal is None for plan in plans] == usable
    if isinstance(spacing_mm, dict) and "1.1" in spacing_mm:
        steps = [plan.grid.affine[:3, 0] for plan in plans]
        assert steps[0] == pytest.approx(-steps[1])


@pytest.mark.parametrize(
    ("spacing_mm", "words"),
    [
        (0.0, "not possible"),
        (float("nan"), "not possible"),
        ({"7.1": 3.0}, "7.1, which does not"),
        (3.0, "2 series would take it"),
        ({"": 3.0, "7": 3.0}, "7, which does not"),
    ],
)
def test_spacing_that_cannot_be_used(without_spacing, spacing_mm, words):
    with pytest.raises(GeometryError, match=words):
        scan(without_spacing, spacing_mm=spacing_mm)


def test_progress_rises_to_one_and_cancels(mixed_study):
    seen: list[float] = []
    scan(mixed_study, progress=lambda fraction, step: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0

    def cancel(fraction: float, step: str) -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        scan(mixed_study, progress=cancel)


def test_nothing_there(tmp_path):
    assert scan(tmp_path).studies == ()
    with pytest.raises(DicomError, match="Check the path"):
        scan(tmp_path / "absent")


def test_what_a_killed_program_unpacked_is_gone_after_the_next_scan(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(temporary, "_YOUNG_S", -1.0)
    left = tmp_path / "tmp" / "facetfusion-left"
    left.mkdir(parents=True)
    (left / "IM1").write_bytes(b"x")
    ct.write_series(tmp_path / "ct", ct.stacked()[:COUNT])
    scan(tmp_path / "ct")
    assert not left.exists()
