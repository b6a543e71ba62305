"""SUV by body weight against worked examples, and against everything that makes it wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping
from pydicom.uid import (
    EnhancedPETImageStorage,
    NuclearMedicineImageStorage,
    PositronEmissionTomographyImageStorage,
)

from fusion.dicom.quantity.moments import date_time_of, moment
from fusion.dicom.quantity.suv import NUCLIDES, Suv, suvbw_factor

TC_99M_S = 21_625.92
F_18_S = 6_586.2


def code(value: str, scheme: str = "SCT") -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, "nuclide"
    return item


def nm() -> Dataset:
    """740 MBq of Tc-99m at 09:00, image at 12:00, 70 kg, decay corrected."""
    ds = Dataset()
    ds.SOPClassUID = NuclearMedicineImageStorage
    ds.AcquisitionDate, ds.AcquisitionTime = "20240311", "120000"
    ds.PatientWeight = 70
    ds.CorrectedImage = ["ATTN", "DECY"]
    tracer = Dataset()
    tracer.RadionuclideTotalDose = 740
    tracer.RadiopharmaceuticalStartTime = "090000"
    tracer.RadionuclideCodeSequence = [code("72454006")]
    ds.RadiopharmaceuticalInformationSequence = [tracer]
    return ds


def pet() -> Dataset:
    """400 MBq of F-18 at 10:00, series and image at 11:00, 80 kg, START."""
    ds = Dataset()
    ds.SOPClassUID = PositronEmissionTomographyImageStorage
    ds.SeriesDate = ds.AcquisitionDate = "20240311"
    ds.SeriesTime = ds.AcquisitionTime = "110000"
    ds.PatientWeight = 80
    ds.DecayCorrection = "START"
    tracer = Dataset()
    tracer.RadionuclideTotalDose = 400e6
    tracer.RadionuclideHalfLife = F_18_S
    tracer.RadiopharmaceuticalStartTime = "100000"
    tracer.RadionuclideCodeSequence = [code("77004003")]
    ds.RadiopharmaceuticalInformationSequence = [tracer]
    return ds


def tracer_of(ds: Dataset) -> Dataset:
    item: Dataset = ds.RadiopharmaceuticalInformationSequence[0]
    return item


def codes(suv: Suv) -> set[str]:
    return {finding.code for finding in suv.findings}


def missing(ds: Dataset, unit: str = "Bq/mL") -> str:
    suv = suvbw_factor(ds, unit=unit)
    assert suv.factor is None
    # Nothing was assumed for it either.
    assert codes(suv) == {"suv-not-available"}
    return "; ".join(suv.missing)


# --- worked examples -------------------------------------------------------------------------


def test_nm_worked_example() -> None:
    # After 3 h of a half-life of 6.0072 h, 740 MBq have become 740 · 0.707410 = 523.48 MBq, and
    # 70 000 g / 523.48e6 Bq = 1.337214e-4 g/Bq.
    suv = suvbw_factor(nm(), unit="Bq/mL")
    assert suv.factor == pytest.approx(1.337214e-4, rel=1e-6)
    assert suv.dose_mbq == 740
    assert suv.interval_h == 3
    assert suv.weight_kg == 70
    assert suv.half_life_s == pytest.approx(TC_99M_S)
    # NM cannot say to which moment decay was corrected.
    assert codes(suv) == {"decay-reference-assumed", "suv-inputs"}


@pytest.mark.parametrize(
    ("correction", "expected"), [("START", 1.3372525370e-4), ("ADMIN", 9.4594594595e-5)]
)
def test_agrees_with_an_independent_program(correction: str, expected: float) -> None:
    # npm @cornerstonejs/calculate-suv gave the first number for 740 MBq, 3 h, 70 kg and a
    # half-life of 21 624.12 s; it ignores ADMIN, where 70 000 / 740e6 is right
    # (docs/sources.md#suv).
    ds = pet()
    ds.SeriesTime = ds.AcquisitionTime = "120000"
    ds.PatientWeight, ds.DecayCorrection = 70, correction
    tracer = tracer_of(ds)
    tracer.RadionuclideTotalDose, tracer.RadionuclideHalfLife = 740e6, 21_624.12
    tracer.RadiopharmaceuticalStartTime = "090000"
    tracer.RadionuclideCodeSequence = [code("72454006")]
    assert suvbw_factor(ds, unit="Bq/mL").factor == pytest.approx(expected, rel=1e-9)


def test_pet_start_worked_example() -> None:
    # One hour of 1.8295 h: 2^(-0.546596) = 0.684633; 80 000 / (400e6 · 0.684633) = 2.921273e-4.
    suv = suvbw_factor(pet(), unit="Bq/mL")
    assert suv.factor == pytest.approx(2.921273e-4, rel=1e-5)
    assert codes(suv) == {"suv-inputs"}
    assert suv.decay_reference == "the start of the series"


def test_pet_admin_does_not_decay() -> None:
    # 80 000 g / 400e6 Bq = 2e-4, whatever the times are.
    ds = pet()
    ds.DecayCorrection = "ADMIN"
    del tracer_of(ds).RadiopharmaceuticalStartTime
    suv = suvbw_factor(ds, unit="Bq/mL")
    assert suv.factor == pytest.approx(2e-4)
    assert suv.interval_h is None


def test_kilobecquerel_give_a_thousand_times_the_factor() -> None:
    one, thousand = (suvbw_factor(nm(), unit=unit).factor for unit in ("Bq/mL", "kBq/mL"))
    assert one is not None
    assert thousand == pytest.approx(1000 * one)


def test_values_that_are_suv_already_keep_their_size() -> None:
    assert suvbw_factor(Dataset(), unit="SUVbw g/mL").factor == 1


def test_real_pet_by_hand(shared_data: Path) -> None:
    path = shared_data / "petct_discovery_st" / "PT_AC" / "0000.dcm"
    suv = suvbw_factor(pydicom.dcmread(path, stop_before_pixels=True), unit="Bq/mL")
    # 07:21:00 to 09:59:47 are 9527 s of a half-life of 6588 s; 91 kg; 588.802304 MBq.
    assert suv.factor == pytest.approx(
        91_000 / (588_802_304 * math.exp(-math.log(2) * 9527 / 6588))
    )


# --- dose ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "dose", "warned"),
    [(nm, 740.0, False), (nm, 740e6, True), (pet, 400e6, False), (pet, 400.0, True)],
)
def test_dose_is_read_in_the_only_unit_it_can_have(
    make: Callable[[], Dataset], dose: float, warned: bool
) -> None:
    ds = make()
    tracer_of(ds).RadionuclideTotalDose = dose
    suv = suvbw_factor(ds, unit="Bq/mL")
    assert suv.factor == pytest.approx(suvbw_factor(make(), unit="Bq/mL").factor)
    assert suv.dose_mbq == (740 if make is nm else 400)
    assert ("dose-unit" in codes(suv)) == warned


@pytest.mark.parametrize("dose", [15_001.0, 203_000.0, 999_999.0, 0.0, 0.74, -740.0])
def test_dose_in_an_unknown_unit_is_not_used(dose: float) -> None:
    ds = nm()
    tracer_of(ds).RadionuclideTotalDose = dose
    assert "Total Dose" in missing(ds)


# --- times -----------------------------------------------------------------------------------


def test_injection_before_midnight() -> None:
    ds = nm()
    ds.AcquisitionTime = "010000"
    tracer_of(ds).RadiopharmaceuticalStartTime = "220000"
    suv = suvbw_factor(ds, unit="Bq/mL")
    assert suv.interval_h == 3
    assert suv.factor == pytest.approx(suvbw_factor(nm(), unit="Bq/mL").factor)
    assert "injection-date-assumed" in codes(suv)


def test_date_and_time_of_injection_outweigh_the_time_alone() -> None:
    ds = nm()
    tracer_of(ds).RadiopharmaceuticalStartTime = "113000"
    tracer_of(ds).RadiopharmaceuticalStartDateTime = "20240311060000.00"
    suv = suvbw_factor(ds, unit="Bq/mL")
    assert suv.interval_h == 6
    (said,) = [f.message for f in suv.findings if f.code == "injection-times-differ"]
    assert "two times of injection, 06:00 with its date and 11:30 without" in said


@pytest.mark.parametrize(
    ("with_date", "without", "differ"),
    [
        ("20240311090000", "090000", False),
        ("20240311090030.5", "0900", False),
        ("20240311090130", "0900", True),
        ("20240310235950", "000010", False),
        # Written in its own zone, or in that of the scanner: one time all the same.
        ("20240311080000+0000", "080000", False),
        ("20240311080000+0000", "090000", False),
        ("20240311080000+0000", "100000", True),
    ],
)
def test_two_times_of_injection_are_held_against_each_other(with_date, without, differ) -> None:
    ds = nm()
    ds.TimezoneOffsetFromUTC = "+0100"
    tracer_of(ds).RadiopharmaceuticalStartDateTime = with_date
    tracer_of(ds).RadiopharmaceuticalStartTime = without
    assert ("injection-times-differ" in codes(suvbw_factor(ds, unit="Bq/mL"))) is differ


@pytest.mark.parametrize(
    ("times", "differ"), [(1, False), (0.96, False), (1.06, True), (2.4, True)]
)
def test_the_suv_of_the_file_is_held_against_the_one_computed(times, differ) -> None:
    own = suvbw_factor(nm(), unit="Bq/mL").factor
    assert own is not None
    suv = suvbw_factor(nm(), unit="Bq/mL", stated=own * times)
    assert suv.factor == own
    said = [f.message for f in suv.findings if f.code == "suv-disagrees"]
    assert len(said) == differ
    assert not differ or f"{times:.2f} times the one computed here" in said[0]


def test_offsets_of_time_zones_are_respected() -> None:
    ds = nm()
    ds.TimezoneOffsetFromUTC = "+0100"
    tracer_of(ds).RadiopharmaceuticalStartDateTime = "20240311080000+0000"
    assert suvbw_factor(ds, unit="Bq/mL").interval_h == 3


@pytest.mark.parametrize("start", ["20240311120100", "20240308000000", "19600116090000"])
def test_impossible_intervals_are_not_used(start: str) -> None:
    # After the image; more than 10 half-lives (60 h) before; a date that was not shifted alike.
    ds = nm()
    tracer_of(ds).RadiopharmaceuticalStartDateTime = start
    assert "plausible time of injection" in missing(ds)


def test_long_lived_nuclide_without_a_date_of_injection_is_doubted() -> None:
    ds = nm()
    tracer_of(ds).RadionuclideCodeSequence = [code("21572004")]
    assert "injection-date-assumed" in codes(suvbw_factor(ds, unit="Bq/mL"))


def test_series_dated_after_the_acquisition_counts_from_the_earliest_acquisition() -> None:
    first, second = pet(), pet()
    second.AcquisitionTime = "110500"
    for ds in (first, second):
        ds.SeriesTime = "153000"
    suv = suvbw_factor(second, unit="Bq/mL", acquisitions=[second, first])
    assert suv.interval_h == 1
    assert "series-after-acquisition" in codes(suv)


def test_series_dated_before_the_acquisition_counts_from_the_series() -> None:
    ds = pet()
    ds.AcquisitionTime = "111500"
    suv = suvbw_factor(ds, unit="Bq/mL")
    assert suv.interval_h == 1
    assert "series-after-acquisition" not in codes(suv)


def test_enhanced_pet_states_its_reference() -> None:
    ds = pet()
    ds.SOPClassUID = EnhancedPETImageStorage
    del ds.DecayCorrection
    ds.DecayCorrected, ds.DecayCorrectionDateTime = "YES", "20240311110000"
    tracer_of(ds).RadionuclideTotalDose = 400
    tracer_of(ds).RadiopharmaceuticalStartDateTime = "20240311100000"
    suv = suvbw_factor(ds, unit="Bq/mL")
    assert suv.factor == pytest.approx(2.921273e-4, rel=1e-5)
    assert codes(suv) == {"suv-inputs"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20240311083000", datetime(2024, 3, 11, 8, 30)),
        ("20240311083000.25", datetime(2024, 3, 11, 8, 30, 0, 250_000)),
        ("202403110830", datetime(2024, 3, 11, 8, 30)),
        ("20240311083000-0500", datetime(2024, 3, 11, 8, 30)),
        ("20240311", None),
        ("20241311083000", None),
        ("nonsense", None),
    ],
)
def test_date_times(text: str, expected: datetime | None) -> None:
    ds = Dataset()
    # LO instead of DT, so that pydicom lets nonsense through as it does from a file.
    ds.add_new("AcquisitionDateTime", "LO", text)
    assert date_time_of(ds, "AcquisitionDateTime", scanner=ds) == expected


def test_old_style_dates_and_times(shared_data: Path) -> None:
    path = shared_data / "nm_recon_without_geometry" / "NM-MONO2-16-13x-heart"
    ds = pydicom.dcmread(path, stop_before_pixels=True)
    assert moment(ds, "Acquisition") == datetime(1993, 11, 24, 9, 53)


# --- whatever is missing has a name ----------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda ds: ds.pop("PatientWeight"), "Patient Weight"),
        (lambda ds: setattr(ds, "PatientWeight", 0), "Patient Weight"),
        (lambda ds: setattr(ds, "PatientWeight", 70_000), "Patient Weight"),
        (lambda ds: setattr(ds, "PatientWeight", "1e309"), "Patient Weight"),
        (lambda ds: ds.pop("CorrectedImage"), "DECY"),
        (lambda ds: ds.pop("AcquisitionDate"), "Acquisition Date and Time"),
        (lambda ds: ds.pop("RadiopharmaceuticalInformationSequence"), "Radiopharmaceutical"),
        (
            lambda ds: ds.RadiopharmaceuticalInformationSequence.append(Dataset()),
            "single radiopharmaceutical",
        ),
        (lambda ds: tracer_of(ds).pop("RadionuclideTotalDose"), "Total Dose"),
        (lambda ds: tracer_of(ds).pop("RadiopharmaceuticalStartTime"), "Start Time"),
        (lambda ds: tracer_of(ds).pop("RadionuclideCodeSequence"), "code of a known radionuclide"),
        # The mistyped code that no validator noticed (docs/sources.md#codes).
        (
            lambda ds: setattr(tracer_of(ds), "RadionuclideCodeSequence", [code("72454003")]),
            "code of a known radionuclide",
        ),
    ],
)
def test_missing_inputs_are_named(edit: Callable[[Dataset], object], words: str) -> None:
    ds = nm()
    edit(ds)
    assert words in missing(ds)


@pytest.mark.parametrize("unit", ["counts", "proportional counts", "unit not stated", "HU"])
def test_no_suv_without_a_concentration(unit: str) -> None:
    assert unit in missing(nm(), unit)


@pytest.mark.parametrize("correction", ["NONE", "", "SOMETIMES"])
def test_pet_without_usable_decay_correction(correction: str) -> None:
    ds = pet()
    ds.DecayCorrection = correction
    assert "ecay" in missing(ds)


# --- half-lives ------------------------------------------------------------------------------


def test_half_life_of_the_file_is_used_when_close() -> None:
    ds = nm()
    tracer_of(ds).RadionuclideHalfLife = 21_636.0
    suv = suvbw_factor(ds, unit="Bq/mL")
    assert suv.half_life_s == 21_636.0
    assert "half-life-disagrees" not in codes(suv)


@pytest.mark.parametrize("sign", [-1, 1])
def test_half_life_of_the_file_may_differ_by_one_percent(sign: int) -> None:
    # Tc-99m 6.0072 h = 21 625.92 s (docs/sources.md#half-life); 0.9 % is rounding, 1.1 % is not.
    for percent, is_used in ((0.9, True), (1.1, False)):
        ds = nm()
        stated = round(21_625.92 * (1 + sign * percent / 100), 1)
        tracer_of(ds).RadionuclideHalfLife = stated
        suv = suvbw_factor(ds, unit="Bq/mL")
        assert suv.half_life_s == pytest.approx(stated if is_used else 21_625.92)
        assert ("half-life-disagrees" in codes(suv)) is not is_used


def test_half_life_of_the_file_is_doubted_when_far() -> None:
    ds = nm()
    tracer_of(ds).RadionuclideHalfLife = F_18_S
    suv = suvbw_factor(ds, unit="Bq/mL")
    assert suv.half_life_s == pytest.approx(TC_99M_S)
    assert "half-life-disagrees" in codes(suv)


def test_codes_of_nuclides_are_those_of_the_standard() -> None:
    by_code = {
        value: (meaning, cids)
        for entries in concepts["SCT"].values()
        for value, (meaning, cids) in entries.items()
    }
    for nuclide in NUCLIDES:
        meaning, cids = by_code[nuclide.sct]
        element, mass = nuclide.name.split("-")
        symbols = {
            "Tc": "Technetium",
            "I": "Iodine",
            "In": "Indium",
            "Lu": "Lutetium",
            "Tl": "Thallium",
            "Ga": "Gallium",
            "F": "Fluorine",
        }
        assert meaning == f"^{mass}^{symbols[element]}"
        assert {18, 4020} & set(cids)
        assert mapping["SCT"][nuclide.sct] == nuclide.srt
    assert len({nuclide.sct for nuclide in NUCLIDES}) == len(NUCLIDES)


@pytest.mark.parametrize("scheme", ["SRT", "SNM3", "99SDM"])
def test_older_coding_schemes_are_understood(scheme: str) -> None:
    ds = nm()
    tracer_of(ds).RadionuclideCodeSequence = [code("C-163A8", scheme)]
    assert suvbw_factor(ds, unit="Bq/mL").factor == suvbw_factor(nm(), unit="Bq/mL").factor
