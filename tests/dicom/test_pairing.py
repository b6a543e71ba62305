"""Which volumes are chosen, why, and which are never combined; from files on disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from fusion.dicom.candidate import Pair
from fusion.dicom.catalog import scan
from fusion.dicom.pairing import choose_ct, pair
from fusion.dicom.series import Kind
from fusion.errors import ChoiceNeeded, PairingError, SpacingNeeded
from tests.dicom import ct_objects as ct
from tests.dicom import nm_objects as nm
from tests.studies import FRAME, write_ct, write_nm

PATIENT = "Somebody^Else"


def chosen(folder: Path, **options: str) -> Pair:
    return pair(scan(folder), **options)


def codes(result: Pair) -> set[str]:
    return {finding.code for finding in result.findings}


def other_series(description: str, **attributes: object) -> dict[str, object]:
    return {
        "SeriesInstanceUID": f"1.2.3.{len(description)}.{sum(map(ord, description))}",
        "SeriesDescription": description,
        **attributes,
    }


def test_one_of_each_is_taken(tmp_path) -> None:
    write_ct(tmp_path / "ct")
    write_nm(tmp_path / "nm")
    result = chosen(tmp_path)
    assert result.ct.plan.unit == "HU"
    assert result.spect.plan.shape == (nm.SLICES, nm.ROWS, nm.COLUMNS)
    assert codes(result) == {"shared-frame"}
    assert all("only one" in reason for reason in result.reasons)


@pytest.mark.parametrize("corrected_first", [True, False])
def test_attenuation_corrected_over_not(tmp_path, corrected_first) -> None:
    write_ct(tmp_path / "ct")
    names = ("a.dcm", "b.dcm") if corrected_first else ("b.dcm", "a.dcm")
    write_nm(tmp_path, name=names[0], **other_series("SPECT AC", SeriesNumber=4))
    write_nm(
        tmp_path,
        name=names[1],
        **other_series("SPECT NAC", CorrectedImage=["UNIF", "DECY"], SeriesNumber=3),
    )
    result = chosen(tmp_path)
    assert "SPECT AC" in result.spect.plan.description
    assert "attenuation corrected" in result.reasons[0]
    assert "SPECT NAC" in result.reasons[0]


def test_uptake_over_attenuation_map(tmp_path) -> None:
    write_ct(tmp_path / "ct")
    write_nm(tmp_path, name="a.dcm", **other_series("ATTENUATION MAP", SeriesNumber=1))
    write_nm(
        tmp_path, name="b.dcm", **other_series("Bone", CorrectedImage=["UNIF"], SeriesNumber=2)
    )
    result = chosen(tmp_path)
    assert result.spect.series.description == "Bone"
    assert "attenuation map" in result.reasons[0]


@pytest.mark.slow
def test_a_ct_over_an_attenuation_map_stored_as_ct(tmp_path) -> None:
    thin = ct.stacked(count=80, step_mm=1.0)
    write_ct(
        tmp_path / "mu", positions=thin, SeriesInstanceUID="1.2.1", SeriesDescription="CT mu-Map"
    )
    write_ct(tmp_path / "ct", SeriesInstanceUID="1.2.2")
    write_nm(tmp_path)
    result = chosen(tmp_path)
    assert result.ct.series.description == "CT bone"
    assert "attenuation map" in result.reasons[1]
    assert "ct-attenuation-map" not in codes(result)
    assert "ct-attenuation-map" in codes(chosen(tmp_path, ct="1.2.1"))


def test_images_of_two_modalities_at_once_are_neither(tmp_path) -> None:
    write_ct(tmp_path / "x", Modality="NM", SeriesDescription="SPECT as CT")
    write_nm(tmp_path)
    (series,) = [s for s in scan(tmp_path).studies[0].series if s.description == "SPECT as CT"]
    assert (series.kind.value, series.volumes) == ("other", ())
    with pytest.raises(PairingError, match="whether they show density or uptake"):
        chosen(tmp_path)


def test_the_photopeak_over_a_scatter_window_that_comes_first(tmp_path) -> None:
    write_ct(tmp_path / "ct")
    dataset = nm.two_windows()
    dataset.EnergyWindowInformationSequence = dataset.EnergyWindowInformationSequence[::-1]
    write_nm(tmp_path, dataset=dataset)
    result = chosen(tmp_path)
    assert "Tc99m 126-154 keV" in result.spect.plan.description
    assert "photopeak" in result.reasons[0]


def test_slices_over_a_rotating_picture(tmp_path) -> None:
    write_ct(tmp_path / "ct")
    write_nm(tmp_path, name="a.dcm", **other_series("Neck_MIP", SeriesNumber=1))
    write_nm(tmp_path, name="b.dcm", **other_series("Neck", SeriesNumber=2, ImageID="x"))
    assert chosen(tmp_path).spect.series.description == "Neck"


def test_the_bed_of_the_neck_over_the_one_of_the_pelvis(tmp_path) -> None:
    write_ct(tmp_path / "ct", positions=ct.stacked(count=200, step_mm=3.0) - [0, 0, 300])
    for n, bottom in enumerate((-340.0, -102.0)):

        def lie(ds, bottom: float = bottom) -> None:
            ds.DetectorInformationSequence[0].ImagePositionPatient = [-70, -62, bottom]

        write_nm(
            tmp_path,
            name=f"{n}.dcm",
            dataset=nm.recon(spacing=6.0),
            edit=lie,
            **other_series(f"Bed {n}", SpacingBetweenSlices=6.0, SeriesNumber=n),
        )
    result = chosen(tmp_path)
    assert result.spect.series.description == "Bed 1"
    assert "reaches further to the head" in result.reasons[0]


def write_bed(folder: Path, name: str, bottom: float, **attributes: object) -> None:
    def lie(ds) -> None:
        ds.DetectorInformationSequence[0].ImagePositionPatient = [-70, -62, bottom]

    write_nm(folder, name=name, dataset=nm.recon(spacing=6.0), edit=lie, **attributes)


@pytest.mark.parametrize("same_series", [True, False])
def test_two_beds_of_one_name_are_told_apart_and_the_other_is_named(tmp_path, same_series) -> None:
    write_ct(tmp_path / "ct", positions=ct.stacked(count=200, step_mm=3.0) - [0, 0, 300])
    for n, bottom in enumerate((-222.0, -102.0)):
        uid = "1.2.3.4.9" if same_series else f"1.2.3.4.9.{n}"
        write_bed(tmp_path, f"{n}.dcm", bottom, SeriesInstanceUID=uid, SpacingBetweenSlices=6.0)
    catalog = scan(tmp_path)
    names = [
        plan.description
        for series in catalog.studies[0].series
        for plan in series.volumes
        if plan.kind.is_functional
    ]
    # From the first of 20 slices to the last, 6 mm apart: plain arithmetic.
    assert sorted(names) == [
        "Bone SPECT, attenuation corrected, z -102 to 12 mm",
        "Bone SPECT, attenuation corrected, z -222 to -108 mm",
    ]
    result = pair(catalog)
    assert result.spect.plan.description.endswith("z -102 to 12 mm")
    (said,) = [f.message for f in result.findings if f.code == "other-beds"]
    assert "z -222 to -108 mm" in said
    assert "--spect" in said
    other = next(
        plan.volume_id
        for series in catalog.studies[0].series
        for plan in series.volumes
        if plan.description.endswith("-222 to -108 mm")
    )
    named = pair(catalog, spect=other)
    assert named.spect.plan.volume_id == other
    # A part is all that is shown, whoever chose it.
    (said,) = [f.message for f in named.findings if f.code == "other-beds"]
    assert "z -102 to 12 mm" in said


def test_volumes_of_one_name_and_place_are_told_apart_by_their_voxels(tmp_path) -> None:
    write_ct(tmp_path / "ct")
    write_nm(tmp_path, name="a.dcm", SeriesInstanceUID="1.2.3.4.9.1")
    write_nm(
        tmp_path,
        name="b.dcm",
        dataset=nm.recon(nm.volume()[:, ::2, ::2]),
        SeriesInstanceUID="1.2.3.4.9.2",
        PixelSpacing=[2 * nm.DY, 2 * nm.DX],
    )
    names = {
        plan.description
        for series in scan(tmp_path).studies[0].series
        for plan in series.volumes
        if plan.kind.is_functional
    }
    assert len(names) == 2
    assert all(" mm" in name for name in names)


def test_two_volumes_that_nothing_tells_apart_are_a_question(tmp_path) -> None:
    write_ct(tmp_path / "ct")
    write_nm(tmp_path, name="a.dcm", SeriesInstanceUID="1.2.3.4.9.1")
    write_nm(
        tmp_path,
        name="b.dcm",
        dataset=nm.recon(nm.volume()[::-1]),
        SeriesInstanceUID="1.2.3.4.9.2",
    )
    catalog = scan(tmp_path)
    with pytest.raises(ChoiceNeeded, match="Choose one with --spect") as asked:
        pair(catalog)
    assert asked.value.role == "spect"
    numbers = [number for number, _ in asked.value.options]
    assert numbers == ["1.1", "2.1"]
    for number in numbers:
        assert pair(catalog, spect=number).spect.plan.volume_id == number
    # Two copies of one object are no question.
    write_nm(
        tmp_path,
        name="b.dcm",
        dataset=nm.recon(),
        SeriesInstanceUID="1.2.3.4.9.2",
    )
    assert "copies" in chosen(tmp_path).reasons[0]


def test_a_spect_in_the_frame_of_the_ct_over_one_in_a_frame_of_its_own(tmp_path) -> None:
    # The CT lies below zero; what is not placed lies nowhere, and reaches no further than that.
    write_ct(tmp_path / "ct", positions=ct.stacked() - [0, 0, 300])
    for n, frame in enumerate(("9.9", FRAME)):
        write_nm(
            tmp_path,
            name=f"{n}.dcm",
            dataset=nm.recon(nm.volume() + n),
            edit=lambda ds: setattr(
                ds.DetectorInformationSequence[0], "ImagePositionPatient", [-70, -62, -402]
            ),
            SeriesInstanceUID=f"1.2.3.4.9.{n}",
            SpacingBetweenSlices=6.0,
            FrameOfReferenceUID=frame,
        )
    result = chosen(tmp_path)
    assert result.spect.grid.frame_of_reference_uid == FRAME
    assert "coordinate system" in result.reasons[0]
    assert "different-frames" not in codes(result)


def test_two_cts_that_nothing_tells_apart_are_a_question(tmp_path) -> None:
    write_ct(tmp_path / "a", SeriesInstanceUID="1.2.1")
    write_ct(
        tmp_path / "b",
        SeriesInstanceUID="1.2.2",
        edit=lambda k, ds: setattr(ds, "RescaleIntercept", -1000),
    )
    write_nm(tmp_path)
    with pytest.raises(ChoiceNeeded, match="Choose one with --ct"):
        chosen(tmp_path)
    assert chosen(tmp_path, ct="1.2.2").ct.series.series_instance_uid == "1.2.2"
    with pytest.raises(ChoiceNeeded, match="Choose one with --ct"):
        choose_ct(scan(tmp_path))
    # Nor is the first taken where there is no SPECT, as it was.
    (tmp_path / "nm.dcm").unlink()
    with pytest.raises(ChoiceNeeded, match="Choose one with --ct") as asked:
        choose_ct(scan(tmp_path))
    assert asked.value.role == "ct"
    for number, _ in asked.value.options:
        assert choose_ct(scan(tmp_path), ct=number)[0].plan.volume_id == number
    # A copy is no question.
    shutil.rmtree(tmp_path / "b")
    write_ct(tmp_path / "b", SeriesInstanceUID="1.2.2")
    assert "copies" in choose_ct(scan(tmp_path))[1]


def test_where_the_ct_alone_is_wanted_two_spect_alike_are_no_question(tmp_path) -> None:
    write_ct(tmp_path / "ct")
    for n, values in enumerate((nm.volume(), nm.volume()[::-1])):
        write_nm(
            tmp_path,
            name=f"{n}.dcm",
            dataset=nm.recon(values),
            SeriesInstanceUID=f"1.2.3.4.9.{n}",
        )
    catalog = scan(tmp_path)
    with pytest.raises(ChoiceNeeded, match="--spect"):
        pair(catalog)
    found, why = choose_ct(catalog)
    assert found.series.kind is Kind.CT
    assert "each" in why


def test_studies_of_two_people_are_a_question_where_the_ct_alone_is_wanted(tmp_path) -> None:
    """Nobody is named in either, so they may be two people: no CT goes with another's SPECT."""
    for n in (1, 2):
        own = {
            "StudyInstanceUID": f"1.9.{n}",
            "FrameOfReferenceUID": f"1.9.{n}.7",
            "PatientName": "",
            "PatientID": "",
        }
        write_ct(tmp_path / f"ct{n}", SeriesInstanceUID=f"1.9.{n}.1", **own)
        write_nm(tmp_path, name=f"{n}.dcm", SeriesInstanceUID=f"1.9.{n}.2", **own)
    catalog = scan(tmp_path)
    with pytest.raises(ChoiceNeeded):
        pair(catalog)
    with pytest.raises(ChoiceNeeded):
        choose_ct(catalog)


def test_a_functional_volume_inside_the_ct_over_one_beside_it(tmp_path) -> None:
    write_ct(tmp_path / "ct", positions=ct.stacked(count=90))

    def beside(ds) -> None:
        ds.DetectorInformationSequence[0].ImagePositionPatient = [-70, -62, 800]

    write_nm(tmp_path, name="a.dcm", edit=beside, **other_series("Pelvis"))
    write_nm(
        tmp_path,
        name="b.dcm",
        dataset=nm.recon(spacing=6.0),
        **other_series("Neck", SpacingBetweenSlices=6.0),
    )
    assert chosen(tmp_path).spect.series.description == "Neck"


def test_thin_slices_over_thick_and_sharp_over_soft(tmp_path) -> None:
    thick = ct.stacked(count=30, step_mm=5.0)
    thin = ct.stacked(count=120, step_mm=1.25)
    write_ct(tmp_path / "a", positions=thick, SeriesInstanceUID="1.2.1", SeriesDescription="5 mm")
    for uid, kernel in (("1.2.2", "B31s"), ("1.2.3", "B70s")):
        write_ct(
            tmp_path / kernel,
            positions=thin,
            SeriesInstanceUID=uid,
            ConvolutionKernel=kernel,
            SeriesDescription=f"Bone SPECT/CT {kernel}",
        )
    write_nm(tmp_path / "nm", dataset=nm.recon(spacing=6.0), SpacingBetweenSlices=6.0)
    result = chosen(tmp_path)
    assert result.ct.series.description.endswith("B70s")
    assert "sharper kernel" in result.reasons[1]


@pytest.mark.parametrize(("common_mm", "chosen_name"), [(59, "whole neck"), (61, "thin")])
def test_a_thin_ct_needs_60_mm_of_the_functional_volume(tmp_path, common_mm, chosen_name) -> None:
    # 60 mm are about four cervical levels: docs/sources.md#ct-geometry. From the centre of the
    # first slice to that of the last; all of it inside the functional volume.
    thin = ct.stacked(count=common_mm + 1, step_mm=1.0) + np.array([0.0, 0.0, 20.0])
    write_ct(tmp_path / "a", positions=thin, SeriesInstanceUID="1.2.1", SeriesDescription="thin")
    write_ct(
        tmp_path / "b",
        positions=ct.stacked(count=30, step_mm=3.0),
        SeriesInstanceUID="1.2.2",
        SeriesDescription="whole neck",
    )
    write_nm(tmp_path, dataset=nm.recon(spacing=9.0), SpacingBetweenSlices=9.0)
    result = chosen(tmp_path)
    assert result.ct.series.description == chosen_name
    why = "thinner slices (1 mm)" if common_mm > 60 else "shows enough of the SPECT"
    assert why in result.reasons[1]


@pytest.mark.parametrize(("common_mm", "chosen_name"), [(59, "whole"), (61, "finer")])
def test_a_functional_volume_needs_60_mm_of_the_ct(tmp_path, common_mm, chosen_name) -> None:
    # The finer one would win on attenuation correction; it may only where it shows the neck.
    write_ct(tmp_path / "ct", positions=ct.stacked(count=60, step_mm=3.0))
    low_z = ct.ORIGIN_LPS[2]

    def overlap(ds) -> None:
        # The highest slice lies ``common_mm`` above the lowest of the CT.
        bottom = low_z + common_mm - 4.0 * (nm.SLICES - 1)
        ds.DetectorInformationSequence[0].ImagePositionPatient = [-70, -62, bottom]
        ds.SpacingBetweenSlices = 4.0

    def cover(ds) -> None:
        ds.DetectorInformationSequence[0].ImagePositionPatient = [-70, -62, low_z + 10.0]
        ds.SpacingBetweenSlices = 6.0

    write_nm(tmp_path, name="a.dcm", edit=overlap, **other_series("finer", SeriesNumber=1))
    write_nm(
        tmp_path,
        name="b.dcm",
        edit=cover,
        **other_series("whole", CorrectedImage=["UNIF", "DECY"], SeriesNumber=2),
    )
    result = chosen(tmp_path)
    assert result.spect.series.description == chosen_name
    assert ("lies within the CT" in result.reasons[0]) == (common_mm < 60)


def test_a_ct_alone_is_chosen_by_the_same_words_as_a_pair(tmp_path) -> None:
    write_ct(tmp_path / "a", SeriesInstanceUID="1.2.1", SeriesDescription="short")
    long = ct.stacked(count=90, step_mm=1.0)
    write_ct(tmp_path / "b", positions=long, SeriesInstanceUID="1.2.2", SeriesDescription="long")
    catalog = scan(tmp_path)
    best, why = choose_ct(catalog)
    assert best.series.description == "long"
    assert why.startswith("long enough for a neck (next: ")
    best, why = choose_ct(catalog, ct="1.2.1")
    assert (best.series.description, why) == ("short", "chosen by the user")
    with pytest.raises(PairingError, match="No CT volume has the number or UID"):
        choose_ct(catalog, ct="77")


@pytest.mark.parametrize(("length_mm", "chosen_name"), [(79, "long"), (81, "thin")])
def test_a_thin_ct_alone_needs_80_mm(tmp_path, length_mm, chosen_name) -> None:
    thin = ct.stacked(count=length_mm + 1, step_mm=1.0)
    write_ct(tmp_path / "a", positions=thin, SeriesInstanceUID="1.2.1", SeriesDescription="thin")
    long = ct.stacked(count=60, step_mm=2.0)
    write_ct(tmp_path / "b", positions=long, SeriesInstanceUID="1.2.2", SeriesDescription="long")
    assert choose_ct(scan(tmp_path))[0].series.description == chosen_name


def test_no_ct_says_what_was_found(tmp_path) -> None:
    write_nm(tmp_path)
    with pytest.raises(PairingError, match="No CT volume"):
        choose_ct(scan(tmp_path))


def test_a_localizer_is_never_the_ct(tmp_path) -> None:
    write_ct(tmp_path / "a", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    write_nm(tmp_path)
    with pytest.raises(PairingError, match="No CT volume"):
        chosen(tmp_path)


def test_a_ct_in_another_frame_loses_to_one_in_the_same(tmp_path) -> None:
    write_ct(
        tmp_path / "a",
        positions=ct.stacked(count=80, step_mm=0.75),
        SeriesInstanceUID="1.2.1",
        FrameOfReferenceUID="9.9",
        SeriesDescription="diagnostic",
    )
    write_ct(tmp_path / "b", SeriesInstanceUID="1.2.2", SeriesDescription="hybrid")
    write_nm(tmp_path)
    result = chosen(tmp_path)
    assert result.ct.series.description == "hybrid"
    assert "coordinate system" in result.reasons[1]
    other = chosen(tmp_path, ct="1.2.1")
    assert other.ct.series.description == "diagnostic"
    assert "chosen by the user" in other.reasons[1]
    assert "different-frames" in codes(other)


def test_axial_slices_over_a_finer_reformat_that_claims_to_be_original(tmp_path) -> None:
    coronal = ct.ORIENTATIONS["coronal"]
    write_ct(tmp_path / "a", SeriesInstanceUID="1.2.1", SeriesDescription="axial")
    write_ct(
        tmp_path / "b",
        positions=ct.stacked(coronal, count=90, step_mm=0.7) + np.array([0.0, -30.0, 60.0]),
        edit=lambda k, ds: setattr(ds, "ImageOrientationPatient", list(coronal)),
        SeriesInstanceUID="1.2.2",
    )
    write_nm(tmp_path, dataset=nm.recon(spacing=6.0), SpacingBetweenSlices=6.0)
    result = chosen(tmp_path)
    assert result.ct.series.description == "axial"
    assert "axial slices" in result.reasons[1]


def test_a_ct_of_the_same_day_over_a_finer_old_one(tmp_path) -> None:
    thin = ct.stacked(count=80, step_mm=0.75)
    write_ct(tmp_path / "a", positions=thin, SeriesInstanceUID="1.2.1", AcquisitionDate="20190101")
    write_ct(tmp_path / "b", SeriesInstanceUID="1.2.2", SeriesDescription="today")
    write_nm(tmp_path)
    result = chosen(tmp_path)
    assert result.ct.series.description == "today"
    assert "same day" in result.reasons[1]


def test_choice_by_number_and_by_uid(tmp_path) -> None:
    write_ct(tmp_path / "ct")
    write_nm(tmp_path, name="a.dcm", dataset=nm.two_windows())
    catalog = scan(tmp_path)
    volumes = [v for s in catalog.studies[0].series for v in s.volumes if v.kind.is_functional]
    assert len(volumes) == 2
    for volume in volumes:
        result = pair(catalog, spect=volume.volume_id)
        assert result.spect.plan.volume_id == volume.volume_id
    assert pair(catalog).spect.plan.volume_id == volumes[0].volume_id
    uid = next(s.series_instance_uid for s in catalog.studies[0].series if len(s.volumes) == 2)
    assert pair(catalog, spect=uid).spect.plan.volume_id == volumes[0].volume_id
    with pytest.raises(PairingError, match="No SPECT or PET volume has the number"):
        pair(catalog, spect="77")


@pytest.mark.parametrize(
    ("attribute", "value", "word"),
    [
        ("PatientID", "2", "patient ID"),
        ("PatientName", PATIENT, "name"),
        ("PatientSex", "F", None),
    ],
)
def test_different_patients_are_refused(tmp_path, attribute, value, word) -> None:
    write_ct(tmp_path / "ct")
    write_nm(tmp_path, StudyInstanceUID="9.9.9", **{attribute: value})
    if word is None:  # "other" against "female" is no contradiction
        assert "patient-mismatch-overridden" not in codes(chosen(tmp_path))
        return
    with pytest.raises(PairingError, match=f"different patients.*{word}") as caught:
        chosen(tmp_path)
    assert "Somebody" not in str(caught.value)
    result = chosen(tmp_path, override_mismatch_by="Dr A. Reader")
    (finding,) = [f for f in result.findings if f.code == "patient-mismatch-overridden"]
    assert "Dr A. Reader" in finding.message
    with pytest.raises(PairingError):
        chosen(tmp_path, override_mismatch_by="  ")


def test_different_patients_inside_one_study_are_refused_too(tmp_path) -> None:
    write_ct(tmp_path / "ct")
    write_nm(tmp_path, PatientID="2", PatientName=PATIENT)
    with pytest.raises(PairingError, match="different patients"):
        chosen(tmp_path)


def test_other_date_and_other_study_are_findings(tmp_path) -> None:
    write_ct(tmp_path / "ct", AcquisitionDate="20240101")
    write_nm(tmp_path, StudyInstanceUID="9.9.9")
    assert {"different-dates", "different-studies"} <= codes(chosen(tmp_path))


def test_the_scanners_frame_joins_a_spect_and_a_ct_filed_apart(tmp_path) -> None:
    write_nm(tmp_path, StudyInstanceUID="1.9.1")
    write_ct(tmp_path / "a", StudyInstanceUID="1.9.2", SeriesInstanceUID="1.9.2.1")
    earlier = {"StudyInstanceUID": "1.9.3", "SeriesInstanceUID": "1.9.3.1"}
    write_ct(tmp_path / "b", FrameOfReferenceUID="7.7", **earlier)
    result = chosen(tmp_path)
    assert result.ct.study.study_instance_uid == "1.9.2"
    assert codes(result) == {"different-studies", "shared-frame"}
    write_ct(tmp_path / "b", **earlier)
    with pytest.raises(PairingError, match="several of them"):
        chosen(tmp_path)


@pytest.mark.slow
def test_two_complete_studies_are_a_question(tmp_path) -> None:
    for n in (1, 2):
        own = {"StudyInstanceUID": f"1.2.{n}", "FrameOfReferenceUID": f"1.3.{n}"}
        write_ct(tmp_path / f"ct{n}", **own)
        write_nm(tmp_path, name=f"{n}.dcm", SeriesInstanceUID=f"1.4.{n}", **own)
    with pytest.raises(PairingError, match="Several studies"):
        chosen(tmp_path)
    assert chosen(tmp_path, spect="1.4.2").ct.study.study_instance_uid == "1.2.2"


def test_missing_spacing_is_a_question(tmp_path) -> None:
    write_ct(tmp_path / "ct")
    write_nm(tmp_path, dataset=nm.recon(spacing=None))
    catalog = scan(tmp_path)
    with pytest.raises(SpacingNeeded, match="--spacing") as caught:
        pair(catalog)
    assert caught.value.volume_id in str(caught.value)
    answered = pair(scan(tmp_path, spacing_mm=-3.0))
    assert answered.spect.grid.affine[2, 0] == -3.0


def test_a_ct_that_lacks_a_slice_is_used_in_part_where_a_person_asks_for_that_part(
    tmp_path,
) -> None:
    """44 slices of 2 mm, the 39th missing: 74 mm below are whole, the five above are too short."""
    every = ct.stacked(count=44, step_mm=2.0)
    write_ct(tmp_path / "ct", positions=np.delete(every, 38, axis=0))
    write_nm(tmp_path / "nm")
    catalog = scan(tmp_path)
    (whole,) = (s for study in catalog.studies for s in study.series if s.modality == "CT")
    (refused, part) = whole.volumes
    for choice in (None, "2", whole.series_instance_uid, refused.volume_id):
        with pytest.raises(PairingError, match="one slice is missing"):
            pair(catalog, ct=choice)
    with pytest.raises(PairingError) as offered:
        choose_ct(catalog, ct=whole.series_instance_uid)
    assert "and every output says so: --ct 2.2 for CT bone, the 38 slices from z = -104 to " in str(
        offered.value
    )
    result = pair(catalog, ct="2.2")
    assert result.ct.plan is part
    np.testing.assert_allclose(result.ct.grid.corners_lps[:, 2].max(), every[37, 2])
    (note,) = (f for f in part.findings if f.code == "part-of-ct")
    assert note.kind.assumption
    assert "38 of 43 slices, z from -104 to -30 mm" in note.message


def test_what_was_not_looked_into_is_named_where_something_is_missing(tmp_path) -> None:
    write_ct(tmp_path / "study" / "ct")
    write_nm(tmp_path / "elsewhere")
    (tmp_path / "study" / "nm").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PairingError, match=r"No SPECT or PET volume.*link\(s\) lead out.*nm"):
        chosen(tmp_path / "study")


def test_nothing_to_fuse_says_what_was_there(tmp_path) -> None:
    write_ct(tmp_path / "ct")
    with pytest.raises(PairingError, match="No SPECT or PET volume was found; found CT"):
        chosen(tmp_path)


def test_where_both_are_missing_what_to_do_is_said_once(tmp_path) -> None:
    with pytest.raises(PairingError) as refused:
        chosen(tmp_path)
    sentence = "Open what holds both, the CT and the SPECT or PET."
    assert str(refused.value).count(sentence) == 1
    assert str(refused.value).endswith(sentence)
    assert "No SPECT or PET volume was found" in str(refused.value)
    assert "No CT volume was found" in str(refused.value)


@pytest.mark.slow
def test_real_pet_ct(shared_data) -> None:
    result = pair(scan(shared_data / "petct_discovery_st"))
    assert "PET AC" in result.spect.plan.description
    assert result.spect.plan.unit == "Bq/mL"
    assert "attenuation corrected" in result.reasons[0]


@pytest.mark.parametrize("folder", ["nm_recon_without_geometry", "nm_planar_bone"])
def test_real_data_that_cannot_be_fused(shared_data, folder) -> None:
    with pytest.raises(PairingError):
        pair(scan(shared_data / folder))
