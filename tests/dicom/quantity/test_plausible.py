"""Numbers that no scanner, clock or injector makes: said or refused, never used in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from fusion.cli.study import catalog_json
from fusion.dicom.catalog import scan
from fusion.dicom.placement import common_share, placement_doubt
from fusion.dicom.quantity.suv import suvbw_factor
from fusion.dicom.quantity.tracer import tracer_of
from fusion.dicom.series import Kind, VolumePlan
from fusion.errors import GeometryError
from fusion.geometry import Grid, RigidTransform
from tests.dicom import nm_objects as nm
from tests.dicom.ct_objects import stacked, write_series
from tests.dicom.quantity.test_suv import code, codes, missing, pet
from tests.dicom.quantity.test_suv import nm as nm_header
from tests.studies import write_ct, write_nm


def plans(folder: Path, kind: Kind) -> list[VolumePlan]:
    return [
        plan for study in scan(folder).studies for s in study.series for plan in s.volumes
        if plan.kind is kind
    ]  # fmt: skip


# --- sizes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("spacing", ["1e-9", "1e9", "1e308", "-1e308", "-0.01", "442"])
def test_a_spacing_that_no_camera_has_is_refused_in_words(tmp_path: Path, spacing: str) -> None:
    write_nm(tmp_path, edit=lambda ds: setattr(ds, "SpacingBetweenSlices", spacing))
    [plan] = plans(tmp_path, Kind.SPECT)
    assert plan.grid is None
    assert f"Spacing Between Slices of {float(spacing):g} mm is not possible" in str(plan.refusal)
    assert "expected 0.2 to 60 mm" in str(plan.refusal)
    catalog_json(scan(tmp_path))


@pytest.mark.parametrize("spacing", [1e-9, 1e9, -1e308])
def test_nor_is_one_that_a_person_states(tmp_path: Path, spacing: float) -> None:
    write_nm(tmp_path, dataset=nm.recon(spacing=None))
    with pytest.raises(GeometryError, match=r"is not possible; expected 0\.2 to 60 mm"):
        scan(tmp_path, spacing_mm=spacing)


@pytest.mark.parametrize(
    ("keyword", "value", "words"),
    [
        ("PixelSpacing", [1e-6, 1e-6], "between pixels of 1e-06 mm"),
        ("PixelSpacing", [4800.0, 4400.0], "between pixels of 4800 mm"),
    ],
)
def test_pixels_of_nm(tmp_path: Path, keyword: str, value: list[float], words: str) -> None:
    write_nm(tmp_path, edit=lambda ds: setattr(ds, keyword, value))
    [plan] = plans(tmp_path, Kind.SPECT)
    assert words in str(plan.refusal)


def test_a_position_of_nm_in_another_unit(tmp_path: Path) -> None:
    path = write_nm(tmp_path)
    path.unlink()
    ds = nm.recon()
    ds.DetectorInformationSequence[0].ImagePositionPatient = [-70, -62, 1e7]
    nm.write(ds, tmp_path / "nm.dcm")
    [plan] = plans(tmp_path, Kind.SPECT)
    assert "lies 1e+07 mm away; expected at most 10000 mm" in str(plan.refusal)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda k, ds: setattr(ds, "PixelSpacing", [9e5, 9e5]), "pixels of 900000 mm"),
        (lambda k, ds: setattr(ds, "PixelSpacing", [1e-7, 1e-7]), "pixels of 1e-07 mm"),
        (lambda k, ds: setattr(ds, "ImagePositionPatient", [0, 0, 900 * k]), "slices of 900 mm"),
        (lambda k, ds: setattr(ds, "ImagePositionPatient", [0, 0, 3e9 + k]), "expected at most 10"),
        (lambda k, ds: setattr(ds, "ImagePositionPatient", ["0", "0", "1e300"]), "1e+300 mm away"),
    ],
)
def test_ct_of_an_impossible_size(
    tmp_path: Path, change: Callable[[int, Dataset], None], words: str
) -> None:
    write_series(tmp_path, stacked()[:4], edit=change)
    refusals = [plan.refusal for plan in plans(tmp_path, Kind.CT)]
    assert refusals
    assert all(words in str(refusal) for refusal in refusals)


# --- places -----------------------------------------------------------------------------------


def grid(origin: tuple[float, float, float], mm: float = 4.0, n: int = 50) -> Grid:
    affine = np.array([[0, 0, mm, 0], [0, mm, 0, 0], [mm, 0, 0, 0], [0, 0, 0, 1.0]])
    affine[:3, 3] = origin
    return Grid((n, n, n), affine, "1.2.3")


def test_the_share_is_that_of_a_slow_loop() -> None:
    one, other = grid((-100, -100, -100)), grid((-40, -90, -20), mm=3.0, n=40)
    inside = 0
    for k in range(40):
        for j in range(40):
            for i in range(40):
                point = (-40 + 3 * i, -90 + 3 * j, -20 + 3 * k)
                inside += all(-102 <= c <= 98 for c in point)
    assert common_share(one, other) == pytest.approx(inside / 40**3, abs=0.02)


@pytest.mark.parametrize(
    ("spect", "ct", "words"),
    [
        ((0, 0, 0), (-100, -100, -500), "position of the SPECT is exactly zero"),
        ((0.0, -0.0, -50), (-100, -100, -50), "SPECT is exactly zero"),
        ((-100, -100, -50), (0, 0, -50), "position of the CT is exactly zero"),
        ((-100, -100, 300), (-100, -100, -50), "do not overlap at all"),
        ((-100, -100, 110), (-100, -100, -50), "hardly overlap: at most 2"),
    ],
)
def test_where_a_spect_cannot_lie(
    spect: tuple[float, ...], ct: tuple[float, ...], words: str
) -> None:
    assert words in str(placement_doubt(grid(spect), grid(ct)))


@pytest.mark.parametrize(
    ("spect", "ct"),
    [
        ((0, 0, 0), (0, 0, 0)),
        ((-100, -100, -50), (-100, -100, -50)),
        ((-100, -100, 80), (-100, -100, -50)),
        ((-100, 0, 0), (-100, -100, -50)),
    ],
)
def test_where_it_may(spect: tuple[float, ...], ct: tuple[float, ...]) -> None:
    assert placement_doubt(grid(spect), grid(ct)) is None


def test_a_small_ct_inside_a_large_spect_and_a_registration() -> None:
    large, small = grid((-400, -400, -400), mm=16.0), grid((-20, -20, 0), mm=1.0)
    assert placement_doubt(large, small) is None
    away = np.eye(4)
    away[0, 3] = 5000.0
    assert "do not overlap" in str(placement_doubt(large, small, RigidTransform(away)))


# --- what was injected ------------------------------------------------------------------------


@pytest.mark.parametrize(("dose", "in_mci"), [(20.0, 740), (25.0, 925), (30.0, 1110)])
def test_an_activity_typed_in_millicurie_gives_no_suv(dose: float, in_mci: int) -> None:
    ds = nm_header()
    ds.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = dose
    ds.RadiopharmaceuticalInformationSequence[0].Radiopharmaceutical = "Tc-99m HDP"
    said = missing(ds)
    assert f"the file states {dose:g}, too little in MBq for Tc-99m and 70 kg" in said
    assert f"were it mCi, {in_mci} MBq" in said


def test_nor_does_one_of_pet() -> None:
    ds = pet()
    ds.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = 10
    assert "too little in MBq for F-18 and 80 kg; were it mCi, 370 MBq" in missing(ds)


@pytest.mark.parametrize(
    ("nuclide", "dose", "weight"),
    [
        ("72454006", 300, 110), ("72454006", 1110, 50), ("72454006", 40, 5),
        ("21572004", 111, 110), ("1368003", 7400, 70), ("447553000", 7400, 70),
        ("56609000", 11, 100), ("60057003", 74, 110), ("2008008", 74, 110),
        ("77004003", 60, 100), ("77004003", 14, 3.5), ("35337001", 80, 110),
    ],
)  # fmt: skip
def test_activities_that_guidelines_ask_for_are_believed(
    nuclide: str, dose: float, weight: float
) -> None:
    ds = nm_header()
    ds.PatientWeight = weight
    tracer = ds.RadiopharmaceuticalInformationSequence[0]
    tracer.RadionuclideTotalDose, tracer.RadionuclideCodeSequence = dose, [code(nuclide)]
    assert suvbw_factor(ds, unit="Bq/mL").dose_mbq == dose


@pytest.mark.parametrize(
    ("stated", "late"), [("120800", "8 min"), ("135900", "119 min"), ("180000", "6.0 h")]
)
def test_an_injection_stated_after_the_image_is_not_moved_a_day(stated: str, late: str) -> None:
    ds = nm_header()
    ds.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartTime = stated
    assert f"plausible time of injection (it is stated {late} after the image)" in missing(ds)


def test_a_long_lived_nuclide_may_have_been_injected_the_day_before() -> None:
    ds = nm_header()
    tracer = ds.RadiopharmaceuticalInformationSequence[0]
    tracer.RadionuclideTotalDose, tracer.RadionuclideCodeSequence = 7400, [code("447553000")]
    tracer.RadiopharmaceuticalStartTime = "150000"
    assert suvbw_factor(ds, unit="Bq/mL").interval_h == 21
    tracer.RadiopharmaceuticalStartTime = "120800"
    assert "8 min after the image" in missing(ds)


@pytest.mark.parametrize(
    ("change", "words", "said"),
    [
        (lambda ds: setattr(ds, "PatientWeight", 35), "one Patient Weight", False),
        (lambda ds: setattr(ds, "DecayCorrection", "ADMIN"), "one Decay Correction", True),
        (lambda ds: setattr(ds, "CorrectedImage", ["ATTN"]), "Corrected Image (DECY)", True),
        (lambda ds: setattr(ds, "Units", "CNTS"), "one Units", True),
        (
            lambda ds: setattr(
                ds.RadiopharmaceuticalInformationSequence[0], "RadionuclideTotalDose", 2e8
            ),
            "one Radionuclide Total Dose",
            False,
        ),
    ],
)
def test_slices_that_disagree_give_no_suv(
    change: Callable[[Dataset], None], words: str, said: bool
) -> None:
    first, second = pet(), pet()
    for ds in (first, second):
        ds.CorrectedImage, ds.Units = ["DECY", "ATTN"], "BQML"
    second.PatientWeight = "80.00"  # the same, written otherwise
    assert suvbw_factor(first, unit="Bq/mL", slices=[first, second]).factor is not None
    change(second)
    suv = suvbw_factor(first, unit="Bq/mL", slices=[first, second])
    assert suv.factor is None
    assert words in "; ".join(suv.missing)
    assert ("slices-disagree" in codes(suv)) is said


# --- tracers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Tc-99m HDP", "bone"), ("99mTc-MDP", "bone"), ("Technetium Tc^99m^ medronate", "bone"),
        ("HMDP", "bone"), ("TC99M_OXIDRONATE", "bone"), ("NaF", "bone"),
        ("F18 Sodium fluoride", "bone"),
        ("Tc99m-DPD", "bone"), ("Pyrophosphate", "bone"),
        ("FDG -- fluorodeoxyglucose", "other"), ("Fluorodeoxyglucose F^18^", "other"),
        ("Ga68-PSMA-11", "other"), ("^177^Lu-DOTATATE", "other"), ("99mTc Sestamibi", "other"),
        ("Tc-99m MAA", "other"), ("I-123 MIBG", "other"), ("Tl-201 chloride", "other"),
        ("Natriumfluorid F-18", "bone"), ("Difosfonatos Tc99m", "bone"), ("Oxydronate", "bone"),
        ("Tc99m Leukozyten", "other"), ("Tc-99m Ceretec", "other"), ("Leukoscan", "other"),
        ("99mTc-sulesomab", "other"), ("Scintimun", "other"), ("Besilesomab", "other"),
        ("Lymphoseek", "other"), ("Tilmanocept", "other"), ("Tc99m Depreotide", "other"),
        ("Exametazime", "other"), ("HMPAO", "other"), ("Leucocitos marcados", "other"),
        ("Leucocytes marqués", "other"), ("Antigranulozyten-AK", "other"), ("Nanokolloid", "other"),
        ("Coloide de Tc99m", "other"), ("Tc-99m sulfur colloid", "other"), ("Tetrofosmin", "other"),
        ("Stamicis", "other"), ("Macroagrégats d'albumine", "other"), ("Technegas", "other"),
        ("DTPA", "other"), ("MAG3", "other"), ("Mertiatid", "other"), ("DMSA", "other"),
        ("Tektrotyd", "other"), ("HYNIC-TOC", "other"), ("Octreoscan", "other"),
        ("Pertechnetat", "other"), ("Pertecnetato", "other"), ("Jod-131", "other"),
        ("I-123", "other"), ("Ga-67 Citrat", "other"), ("In-111 Oxin", "other"),
        ("Talio 201", "other"), ("PSMA-I&S", "other"), ("Adreview", "other"),
        ("Tc-99m Rhabarber", "unknown"), ("XYZ-12", "unknown"),
        ("Tc-99m", "unstated"), ("", "unstated"), ("F18", "unstated"), ("Technetium", "unstated"),
        ("99mTc", "unstated"), ("^99m^Technetium", "unstated"), ("Unknown", "unstated"),
    ],
)  # fmt: skip
def test_which_tracer_is_one_of_bone(name: str, kind: str) -> None:
    item = Dataset()
    item.Radiopharmaceutical = name
    assert tracer_of(item).kind == kind


@pytest.mark.parametrize(
    ("name", "code"),
    [("Tc-99m HDP", ""), ("", "tracer-not-stated"), ("Technetium", "tracer-not-stated"),
     ("Rhabarber", "tracer-unknown"), ("Leukozyten", "not-a-bone-tracer")],
)  # fmt: skip
def test_a_spect_without_a_known_tracer_of_bone_says_so(
    name: str, code: str, tmp_path: Path
) -> None:
    item = Dataset()
    item.Radiopharmaceutical = name
    write_nm(tmp_path / "nm", RadiopharmaceuticalInformationSequence=[item])
    [plan] = plans(tmp_path, Kind.SPECT)
    said = [f for f in plan.findings if "tracer" in f.code]
    assert [f.code for f in said] == ([code] if code else [])
    assert all(f.kind.assumption for f in said if f.code == "tracer-not-stated")


def test_another_tracer_is_said_of_the_volume(tmp_path: Path) -> None:
    write_ct(tmp_path / "ct")
    item = Dataset()
    item.Radiopharmaceutical = "Lu-177 DOTATATE"
    write_nm(tmp_path / "nm", RadiopharmaceuticalInformationSequence=[item])
    [plan] = plans(tmp_path, Kind.SPECT)
    assert "The tracer is Lu-177 DOTATATE" in " ".join(f.message for f in plan.findings)
