"""Stored values become numbers with a unit, or are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    EnhancedPETImageStorage,
    LegacyConvertedEnhancedPETImageStorage,
    NuclearMedicineImageStorage,
    PositronEmissionTomographyImageStorage,
)

from fusion.dicom.files.instance import Instance
from fusion.dicom.quantity.unit import Quantity, quantity_of
from fusion.dicom.series import FrameRef, Kind
from fusion.errors import DicomError


def frames(*datasets: Dataset) -> list[FrameRef]:
    return [FrameRef(Instance(Path("x"), "x", ds, "", None)) for ds in datasets]


def header(sop_class: str, **attributes: object) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID = sop_class
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def nm(**attributes: object) -> Dataset:
    return header(NuclearMedicineImageStorage, **attributes)


def pet(**attributes: object) -> Dataset:
    return header(PositronEmissionTomographyImageStorage, **attributes)


def ct(**attributes: object) -> Dataset:
    return header(CTImageStorage, **attributes)


def mapping(slope: float, unit: str | None = "Bq/ml", *, intercept: float = 0.0) -> Dataset:
    item = Dataset()
    item.RealWorldValueSlope, item.RealWorldValueIntercept = slope, intercept
    if unit is not None:
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = unit, "UCUM", unit
        item.MeasurementUnitsCodeSequence = [code]
    return item


def of(*datasets: Dataset, kind: Kind = Kind.SPECT) -> Quantity:
    return quantity_of(frames(*datasets), kind=kind)


def codes(quantity: Quantity) -> list[str]:
    return [finding.code for finding in quantity.findings]


def value(quantity: Quantity, stored: float, k: int = 0) -> float:
    return float(quantity.slope[k] * stored + quantity.intercept[k])


# The four cases of docs/sources.md#units, with 4000 stored.


def test_nm_without_any_scale_is_counts() -> None:
    quantity = of(nm())
    assert (quantity.unit, value(quantity, 4000), codes(quantity)) == ("counts", 4000, [])


def test_nm_with_rescale_is_scaled_counts_and_says_so() -> None:
    quantity = of(nm(RescaleSlope=0.5, RescaleIntercept=0))
    assert (quantity.unit, value(quantity, 4000)) == ("counts", 2000)
    assert codes(quantity) == ["rescale-in-nm"]


def test_nm_with_real_world_values_has_their_unit() -> None:
    quantity = of(nm(RealWorldValueMappingSequence=[mapping(2.5)]))
    assert (quantity.unit, value(quantity, 4000), codes(quantity)) == ("Bq/mL", 10000, [])


def test_real_world_values_apply_to_stored_values_never_on_top_of_rescale() -> None:
    quantity = of(
        nm(
            RescaleSlope=0.5,
            RescaleIntercept=0,
            RealWorldValueMappingSequence=[mapping(2.5)],
        )
    )
    assert (quantity.unit, value(quantity, 4000)) == ("Bq/mL", 10000)
    (finding,) = quantity.findings
    assert finding.code == "scaling-disagrees"
    assert "2.5" in finding.message
    assert "0.5" in finding.message


def test_agreeing_scales_need_no_finding() -> None:
    quantity = of(
        nm(RescaleSlope=2.5, RescaleIntercept=0, RealWorldValueMappingSequence=[mapping(2.5)])
    )
    assert codes(quantity) == []


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        ("Bq/ml", "Bq/mL"),
        ("Bq/mL", "Bq/mL"),
        ("kBq/ml", "kBq/mL"),
        ("{counts}", "counts"),
        ("{counts}/s", "counts/s"),
        ("{propcounts}", "proportional counts"),
        ("g/ml{SUVbw}", "SUVbw g/mL"),
        ("g/ml{SUVlbm}", "g/ml{SUVlbm}"),
        ("1/cm", "1/cm"),
    ],
)
def test_unit_codes(code: str, unit: str) -> None:
    assert of(nm(RealWorldValueMappingSequence=[mapping(1, code)])).unit == unit


def test_mapping_without_unit_is_not_used() -> None:
    quantity = of(nm(RealWorldValueMappingSequence=[mapping(2.5, None)]))
    assert (quantity.unit, value(quantity, 4000)) == ("counts", 4000)
    assert codes(quantity) == ["mapping-without-unit"]


def test_of_several_units_the_concentration_is_used() -> None:
    quantity = of(nm(RealWorldValueMappingSequence=[mapping(0.001, "g/ml{SUVbw}"), mapping(2.5)]))
    assert (quantity.unit, value(quantity, 4000)) == ("Bq/mL", 10000)
    assert codes(quantity) == ["several-units"]
    assert quantity.stated_suvbw == pytest.approx(0.001 / 2.5)
    assert of(nm(RealWorldValueMappingSequence=[mapping(2.5)])).stated_suvbw is None


@pytest.mark.parametrize("kind", [Kind.CT, Kind.SPECT, Kind.PET])
@pytest.mark.parametrize("grouped", [False, True])
def test_a_meaning_given_as_a_table_is_refused(kind: Kind, grouped: bool) -> None:
    table = Dataset()
    table.LUTDescriptor, table.ModalityLUTType = [4096, 0, 16], "HU"
    ds = {Kind.CT: ct, Kind.SPECT: nm, Kind.PET: pet}[kind](RescaleSlope=1, RescaleIntercept=0)
    place = Dataset() if grouped else ds
    place.ModalityLUTSequence = [table]
    if grouped:
        ds.SharedFunctionalGroupsSequence = [Dataset()]
        ds.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence = [place]
    with pytest.raises(DicomError, match=r"by a table \(Modality LUT\)"):
        of(ds, kind=kind)


def test_mapping_in_pieces_is_refused() -> None:
    with pytest.raises(DicomError, match="2 pieces"):
        of(nm(RealWorldValueMappingSequence=[mapping(2.5), mapping(3.5)]))


def test_mapping_by_table_is_refused() -> None:
    item = mapping(2.5)
    item.RealWorldValueLUTData = [0.0, 1.0]
    with pytest.raises(DicomError, match="table"):
        of(nm(RealWorldValueMappingSequence=[item]))


@pytest.mark.parametrize(("first", "last", "warned"), [(0, 4000, False), (0, 3999, True)])
def test_values_outside_the_mapped_range_are_reported(first: int, last: int, warned: bool) -> None:
    item = mapping(2.5)
    item.add_new("RealWorldValueFirstValueMapped", "US", first)
    item.add_new("RealWorldValueLastValueMapped", "US", last)
    ds = nm(RealWorldValueMappingSequence=[item])
    ds.add_new("SmallestImagePixelValue", "US", 0)
    ds.add_new("LargestImagePixelValue", "US", 4000)
    assert codes(of(ds)) == (["mapping-range"] if warned else [])


@pytest.mark.parametrize("slope", [0.0, -1.0, "1e309"])
def test_unusable_slopes_are_refused(slope: object) -> None:
    for ds, kind in (
        (nm(RescaleSlope=slope, RescaleIntercept=0), Kind.SPECT),
        (pet(Units="BQML", RescaleSlope=slope, RescaleIntercept=0), Kind.PET),
        (ct(RescaleSlope=slope, RescaleIntercept=-1024), Kind.CT),
    ):
        with pytest.raises(DicomError):
            of(ds, kind=kind)


@pytest.mark.parametrize("slope", [0.0, -2.0, float("nan"), float("inf")])
def test_unusable_mappings_are_refused(slope: float) -> None:
    with pytest.raises(DicomError):
        of(nm(RealWorldValueMappingSequence=[mapping(slope)]))


# --- PET -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("units", "suv_type", "unit"),
    [
        ("BQML", None, "Bq/mL"),
        ("CNTS", None, "counts"),
        ("CPS", None, "counts/s"),
        ("PROPCNTS", None, "proportional counts"),
        ("PROPCPS", None, "proportional counts/s"),
        ("GML", None, "SUVbw g/mL"),
        ("GML", "BW", "SUVbw g/mL"),
        ("GML", "LBM", "SUVlbm g/mL"),
        ("GML", "LBMJANMA", "SUV LBMJANMA g/mL"),
        ("1CM", None, "1CM"),
    ],
)
def test_pet_units(units: str, suv_type: str | None, unit: str) -> None:
    ds = pet(Units=units, RescaleSlope=1, RescaleIntercept=0)
    if suv_type:
        ds.SUVType = suv_type
    assert of(ds, kind=Kind.PET).unit == unit


def test_pet_slopes_may_differ_between_slices() -> None:
    quantity = of(
        *(pet(Units="BQML", RescaleSlope=s, RescaleIntercept=0) for s in (0.5, 2.0)), kind=Kind.PET
    )
    assert [value(quantity, 100, k) for k in (0, 1)] == [50, 200]


def test_mixed_units_are_refused() -> None:
    slices = [pet(Units=u, RescaleSlope=1, RescaleIntercept=0) for u in ("BQML", "CNTS")]
    with pytest.raises(DicomError, match="different units"):
        of(*slices, kind=Kind.PET)


def test_pet_without_unit_says_so() -> None:
    quantity = of(pet(RescaleSlope=1, RescaleIntercept=0), kind=Kind.PET)
    assert (quantity.unit, codes(quantity)) == ("unit not stated", ["unit-missing"])


def test_philips_factor_is_mentioned_and_not_applied() -> None:
    ds = pet(Units="CNTS", RescaleSlope=2, RescaleIntercept=0)
    ds.add_new((0x7053, 0x0010), "LO", "Philips PET Private Group")
    ds.add_new((0x7053, 0x1000), "DS", "0.000551")
    quantity = of(ds, kind=Kind.PET)
    assert (quantity.unit, value(quantity, 10), codes(quantity)) == (
        "counts",
        20,
        ["philips-suv-factor"],
    )


def test_pet_class_counts_although_the_tracer_is_single_photon() -> None:
    # SPECT stored as a PET series, as some software does.
    ds = pet(Units="BQML", RescaleSlope=3, RescaleIntercept=0)
    assert of(ds, kind=Kind.SPECT).unit == "Bq/mL"


def test_enhanced_pet_reads_its_functional_groups_frame_by_frame() -> None:
    def group(slope: float) -> Dataset:
        item = Dataset()
        item.RealWorldValueMappingSequence = [mapping(slope)]
        return item

    ds = header(EnhancedPETImageStorage, NumberOfFrames=3)
    ds.PerFrameFunctionalGroupsSequence = [group(s) for s in (1.0, 2.0, 3.0)]
    instance = Instance(Path("x"), "x", ds, "", None)
    quantity = quantity_of([FrameRef(instance, n) for n in (2, 0)], kind=Kind.PET)
    assert quantity.unit == "Bq/mL"
    assert quantity.slope.tolist() == [3.0, 1.0]


def test_legacy_converted_pet_keeps_its_unit_and_rescale() -> None:
    ds = header(LegacyConvertedEnhancedPETImageStorage, NumberOfFrames=2)
    converted, shared = Dataset(), Dataset()
    converted.Units = "BQML"
    shared.UnassignedSharedConvertedAttributesSequence = [converted]
    ds.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for slope in (0.5, 0.25):
        transformation, group = Dataset(), Dataset()
        transformation.RescaleSlope, transformation.RescaleIntercept = slope, 0
        group.PixelValueTransformationSequence = [transformation]
        groups.append(group)
    ds.PerFrameFunctionalGroupsSequence = groups
    instance = Instance(Path("x"), "x", ds, "", None)
    quantity = quantity_of([FrameRef(instance, n) for n in (0, 1)], kind=Kind.PET)
    assert (quantity.unit, quantity.slope.tolist()) == ("Bq/mL", [0.5, 0.25])


# --- CT --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "unit", "expected"),
    [
        (lambda ds: None, "HU", []),
        (lambda ds: setattr(ds, "RescaleType", "HU"), "HU", []),
        (lambda ds: setattr(ds, "RescaleType", "US"), "HU", ["rescale-type"]),
        (lambda ds: setattr(ds, "RescaleType", "MGML"), "MGML", ["rescale-type"]),
    ],
)
def test_ct_is_in_hounsfield_units(
    edit: Callable[[Dataset], None], unit: str, expected: list[str]
) -> None:
    ds = ct(RescaleSlope=1, RescaleIntercept=-1024)
    edit(ds)
    quantity = of(ds, kind=Kind.CT)
    assert (quantity.unit, value(quantity, 1024), codes(quantity)) == (unit, 0, expected)


def test_ct_without_rescale_is_taken_as_is_with_a_warning() -> None:
    quantity = of(ct(), kind=Kind.CT)
    assert (quantity.unit, value(quantity, 40), codes(quantity)) == ("HU", 40, ["rescale-missing"])


def test_no_frames_is_an_error() -> None:
    with pytest.raises(DicomError):
        quantity_of([], kind=Kind.CT)


# --- real files ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "kind", "unit"),
    [
        ("PT_AC", Kind.PET, "Bq/mL"),
        ("PT_NAC", Kind.PET, "proportional counts"),
        ("CT", Kind.CT, "HU"),
    ],
)
def test_real_series_have_the_units_they_state(
    folder: str, kind: Kind, unit: str, shared_data: Path
) -> None:
    paths = sorted((shared_data / "petct_discovery_st" / folder).iterdir())[::15]
    datasets = [pydicom.dcmread(path, stop_before_pixels=True) for path in paths]
    quantity = of(*datasets, kind=kind)
    assert quantity.unit == unit
    assert quantity.findings == ()
    np.testing.assert_allclose(quantity.slope, [float(ds.RescaleSlope) for ds in datasets])
