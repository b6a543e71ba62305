"""What stored pixel values mean: unit, slope and intercept.

``value = slope * stored + intercept`` for every slice. A Real World Value Mapping comes before
Rescale Slope and Intercept and is applied to **stored** values, never on top of them
(PS3.3 C.7.6.16.2.11); without either, NM values are counts.

Units are written the same way everywhere in the program: ``"HU"``, ``"Bq/mL"``, ``"kBq/mL"``,
``"counts"``, ``"counts/s"``, ``"proportional counts"``, ``"proportional counts/s"``,
``"SUVbw g/mL"``. Anything else is shown as the file states it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.uid import (
    EnhancedPETImageStorage,
    LegacyConvertedEnhancedPETImageStorage,
    PositronEmissionTomographyImageStorage,
)

from fusion.dicom.files.instance import items, number, text
from fusion.dicom.pixels.reading import read_frame
from fusion.dicom.series import FrameRef, Kind
from fusion.errors import DicomError
from fusion.findings import Finding
from fusion.findings.volumes import (
    MAPPING_RANGE,
    MAPPING_RANGE_HALF_STATED,
    MAPPING_WITHOUT_UNIT,
    PHILIPS_SUV_FACTOR,
    RESCALE_IN_NM,
    RESCALE_MISSING,
    RESCALE_TYPE_OTHER,
    RESCALE_TYPE_UNSTATED,
    SCALING_DISAGREES,
    SEVERAL_UNITS,
    SLOPE_ZERO,
    UNIT_MISSING,
)

HU = "HU"
BQ_PER_ML = "Bq/mL"
KBQ_PER_ML = "kBq/mL"
COUNTS = "counts"
SUVBW = "SUVbw g/mL"
NOT_STATED = "unit not stated"

PET_CLASSES = frozenset(
    {
        PositronEmissionTomographyImageStorage,
        EnhancedPETImageStorage,
        LegacyConvertedEnhancedPETImageStorage,
    }
)

# Units (0054,1001), PS3.3 C.8.9.1.1.3. GML depends on SUV Type and is handled apart.
_PET_UNITS = {
    "BQML": BQ_PER_ML,
    "KBQML": KBQ_PER_ML,
    "CNTS": COUNTS,
    "CPS": "counts/s",
    "PROPCNTS": "proportional counts",
    "PROPCPS": "proportional counts/s",
}
# SUV Type (0054,1006), PS3.3 C.8.9.1.1.3; absent means body weight.
_SUV_TYPES = {"": SUVBW, "BW": SUVBW, "LBM": "SUVlbm g/mL", "IBW": "SUVibw g/mL"}
# Codes in Measurement Units Code Sequence (UCUM, CID 84), lower case.
_UNIT_CODES = {
    "bq/ml": BQ_PER_ML,
    "bqml": BQ_PER_ML,
    "kbq/ml": KBQ_PER_ML,
    "counts": COUNTS,
    "{counts}": COUNTS,
    "{count}": COUNTS,
    "{counts}/s": "counts/s",
    "{propcounts}": "proportional counts",
    "{propcounts}/s": "proportional counts/s",
    "g/ml{suvbw}": SUVBW,
    "{suvbw}g/ml": SUVBW,
    "[hnsf'u]": HU,
}
#: All units that this program has a word for; any other is text of a file.
UNITS = frozenset(
    {HU, NOT_STATED, *_PET_UNITS.values(), *_SUV_TYPES.values(), *_UNIT_CODES.values()}
)
# Which mapping is used when an object offers several: the one from which most can be computed.
_PREFERENCE = (BQ_PER_ML, KBQ_PER_ML, SUVBW)
_LARGEST = 1e30


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """Unit and scale of the slices of one volume.

    Parameters
    ----------
    unit : str
        Unit of ``slope * stored + intercept``.
    slope, intercept : (k,) ndarray of float64
        Per slice, in the order of the frames.
    findings : tuple of Finding
        Whatever a reader must know about the values; one a code.
    stated_suvbw : float or None
        SUV by body weight of one unit, where the file states a mapping to it beside the one that
        is used.
    """

    unit: str
    slope: npt.NDArray[np.float64]
    intercept: npt.NDArray[np.float64]
    findings: tuple[Finding, ...] = ()
    stated_suvbw: float | None = None


@dataclass(frozen=True, slots=True)
class _Scale:
    unit: str
    slope: float
    intercept: float
    findings: tuple[Finding, ...] = ()
    is_empty: bool = False
    stated_suvbw: float | None = None


def is_unit_code(value: str) -> bool:
    """Whether a code of a unit (UCUM) is one that this program understands."""
    return value.strip().lower() in _UNIT_CODES


def quantity_of(frames: Sequence[FrameRef], *, kind: Kind) -> Quantity:
    """Return unit and scale of the frames of one volume.

    Parameters
    ----------
    frames : sequence of FrameRef
        Slices, in order. Slopes may differ between them (PET often does), units may not.
    kind : Kind
        ``CT``: Hounsfield units by Rescale. ``PET``: Units and Rescale, or a mapping. Anything
        else follows the Nuclear Medicine rules.

    Returns
    -------
    Quantity

    Raises
    ------
    DicomError
        No frames; slices in different units; a slope that is zero, negative or not finite; a
        meaning given as a table or in pieces.
    """
    if not frames:
        raise DicomError("A volume without slices has no unit.")
    per_frame = {
        id(frame.instance): items(frame.instance.dataset, "PerFrameFunctionalGroupsSequence")
        for frame in frames
    }
    scales = [
        _scale(_layers(frame, per_frame[id(frame.instance)]), kind=kind, frame=frame)
        for frame in frames
    ]
    if empty := sum(scale.is_empty for scale in scales):
        if empty == len(scales):
            raise DicomError("Rescale Slope is 0 in every slice; there is nothing to see.")
        first = next(n for n, scale in enumerate(scales) if not scale.is_empty)
        said = (*scales[first].findings, SLOPE_ZERO(slices=empty))
        scales[first] = replace(scales[first], findings=said)
    units = list(dict.fromkeys(scale.unit for scale in scales))
    if len(units) > 1:
        raise DicomError(
            f"The slices of this volume are in different units ({', '.join(units)}); their values "
            "cannot be compared. Export the series again from the workstation."
        )
    findings: dict[str, Finding] = {}
    for scale in scales:
        for finding in scale.findings:
            findings.setdefault(finding.code, finding)
    return Quantity(
        units[0],
        np.array([scale.slope for scale in scales]),
        np.array([scale.intercept for scale in scales]),
        tuple(findings.values()),
        next((scale.stated_suvbw for scale in scales if scale.stated_suvbw is not None), None),
    )


def _layers(frame: FrameRef, per_frame: tuple[Dataset, ...]) -> tuple[Dataset, ...]:
    """Return what describes a frame: its functional groups, the shared ones, the top level."""
    dataset = frame.instance.dataset
    own = per_frame[frame.index : frame.index + 1]
    return (*own, *items(dataset, "SharedFunctionalGroupsSequence")[:1], dataset)


def _scale(layers: tuple[Dataset, ...], *, kind: Kind, frame: FrameRef) -> _Scale:
    dataset = layers[-1]
    _require_no_table(layers)
    if (
        kind is not Kind.CT
        and _states_zero(layers)
        and not read_frame(frame.instance, frame.index).any()
    ):
        # Zero times zero is zero, whatever the slope should have been.
        unit = _pet_unit(layers, []) if kind is Kind.PET else COUNTS
        return _Scale(unit, 1.0, 0.0, is_empty=True)
    rescale = _rescale(layers)
    if kind is Kind.CT:
        return _hounsfield(layers, rescale)
    findings: list[Finding] = []
    mapping = _real_world(layers, findings)
    if mapping is not None:
        if rescale is not None and rescale != (mapping.slope, mapping.intercept):
            findings.append(
                SCALING_DISAGREES(
                    slope=mapping.slope,
                    intercept=mapping.intercept,
                    unit=mapping.unit,
                    rescale_slope=rescale[0],
                    rescale_intercept=rescale[1],
                )
            )
        return replace(mapping, findings=tuple(findings))
    slope, intercept = (1.0, 0.0) if rescale is None else rescale
    is_pet = kind is Kind.PET or text(dataset, "SOPClassUID") in PET_CLASSES
    unit = _pet_unit(layers, findings) if is_pet else COUNTS
    if not is_pet and rescale is not None and rescale != (1.0, 0.0):
        findings.append(RESCALE_IN_NM(slope=slope, intercept=intercept))
    return _Scale(unit, slope, intercept, tuple(findings))


def _hounsfield(layers: tuple[Dataset, ...], rescale: tuple[float, float] | None) -> _Scale:
    if rescale is None:
        return _Scale(
            HU,
            1.0,
            0.0,
            (RESCALE_MISSING(),),
        )
    stated = _transformed(layers, "RescaleType").upper()
    if stated in ("", "HU"):
        return _Scale(HU, *rescale)
    if stated == "US":
        finding = RESCALE_TYPE_UNSTATED()
        return _Scale(HU, *rescale, (finding,))
    finding = RESCALE_TYPE_OTHER(stated=stated)
    return _Scale(stated, *rescale, (finding,))


def _pet_unit(layers: tuple[Dataset, ...], findings: list[Finding]) -> str:
    # Legacy Converted objects keep the attributes of the classic ones in these sequences.
    converted = [
        item
        for layer in layers
        for keyword in (
            "UnassignedPerFrameConvertedAttributesSequence",
            "UnassignedSharedConvertedAttributesSequence",
        )
        for item in items(layer, keyword)
    ]
    places = (layers[-1], *converted)
    stated = next((unit for place in places if (unit := text(place, "Units").upper())), "")
    if not stated:
        findings.append(UNIT_MISSING())
        return NOT_STATED
    if stated == "CNTS" and (0x7053, 0x1000) in layers[-1]:
        findings.append(PHILIPS_SUV_FACTOR())
    if stated == "GML":
        kinds = (text(place, "SUVType").upper() for place in places)
        suv_type = next((word for word in kinds if word), "")
        return _SUV_TYPES.get(suv_type, f"SUV {suv_type} g/mL")
    return _PET_UNITS.get(stated, stated)


def _require_no_table(layers: tuple[Dataset, ...]) -> None:
    if any(items(place, "ModalityLUTSequence") for place in _transformations(layers)):
        raise DicomError(
            "The file gives a meaning to its stored values by a table (Modality LUT); only a "
            "straight line (Rescale Slope and Intercept) is supported. Export the series again "
            "with a slope and an intercept."
        )


def _states_zero(layers: tuple[Dataset, ...]) -> bool:
    return any(number(place, "RescaleSlope") == 0 for place in _transformations(layers))


def _rescale(layers: tuple[Dataset, ...]) -> tuple[float, float] | None:
    for place in _transformations(layers):
        slope, intercept = number(place, "RescaleSlope"), number(place, "RescaleIntercept")
        if slope is None and intercept is None:
            continue
        pair = (1.0 if slope is None else slope, 0.0 if intercept is None else intercept)
        _require_usable(pair[0], pair[1], "Rescale Slope")
        return pair
    return None


def _transformations(layers: tuple[Dataset, ...]) -> list[Dataset]:
    # Enhanced objects: Pixel Value Transformation functional group. Classic ones: the top level.
    grouped = [
        item for layer in layers for item in items(layer, "PixelValueTransformationSequence")
    ]
    return [*grouped, layers[-1]]


def _transformed(layers: tuple[Dataset, ...], keyword: str) -> str:
    return next((word for place in _transformations(layers) if (word := text(place, keyword))), "")


def _real_world(layers: tuple[Dataset, ...], findings: list[Finding]) -> _Scale | None:
    """Return the real-world mapping that applies, or None when there is none with a unit."""
    mappings = next(
        (found for layer in layers if (found := items(layer, "RealWorldValueMappingSequence"))), ()
    )
    with_unit = [(mapping, unit) for mapping in mappings if (unit := _unit_code(mapping))]
    if mappings and not with_unit:
        findings.append(MAPPING_WITHOUT_UNIT())
    if not with_unit:
        return None
    offered = list(dict.fromkeys(unit for _, unit in with_unit))
    chosen = next((unit for unit in _PREFERENCE if unit in offered), offered[0])
    if len(offered) > 1:
        findings.append(SEVERAL_UNITS(offered=tuple(offered), chosen=chosen))
    same = [mapping for mapping, unit in with_unit if unit == chosen]
    lines = {_line(mapping) for mapping in same}
    if len(lines) > 1:
        raise DicomError(
            f"The file maps stored values to {chosen} in {len(lines)} pieces; only one straight "
            "line for all values is supported."
        )
    slope, intercept = lines.pop()
    _check_range(same[0], layers[-1], findings)
    of_suv = {_line(mapping) for mapping, unit in with_unit if unit == SUVBW and unit != chosen}
    is_one = len(of_suv) == 1 and intercept == 0 == next(iter(of_suv))[1]
    stated = next(iter(of_suv))[0] / slope if is_one else None
    return _Scale(chosen, slope, intercept, stated_suvbw=stated)


def _line(mapping: Dataset) -> tuple[float, float]:
    if mapping.get("RealWorldValueLUTData") is not None:
        raise DicomError(
            "The file maps stored values to real-world values by a table; only a straight line "
            "(slope and intercept) is supported."
        )
    slope = number(mapping, "RealWorldValueSlope")
    intercept = number(mapping, "RealWorldValueIntercept")
    if slope is None or intercept is None:
        raise DicomError("A Real World Value Mapping has no slope or no intercept.")
    _require_usable(slope, intercept, "Real World Value Slope")
    return slope, intercept


def _require_usable(slope: float, intercept: float, name: str) -> None:
    if not (0 < slope < _LARGEST and abs(intercept) < _LARGEST):
        raise DicomError(
            f"{name} is {slope:g} (intercept {intercept:g}); expected a positive slope. The values "
            "of this series cannot be trusted."
        )


def _check_range(mapping: Dataset, dataset: Dataset, findings: list[Finding]) -> None:
    first = _first_number(
        mapping, "RealWorldValueFirstValueMapped", "DoubleFloatRealWorldValueFirstValueMapped"
    )
    last = _first_number(
        mapping, "RealWorldValueLastValueMapped", "DoubleFloatRealWorldValueLastValueMapped"
    )
    lowest = number(dataset, "SmallestImagePixelValue")
    highest = number(dataset, "LargestImagePixelValue")
    below = first is not None and lowest is not None and lowest < first
    above = last is not None and highest is not None and highest > last
    if below or above:
        findings.append(
            MAPPING_RANGE(first=first, last=last, lowest=lowest, highest=highest)
            if None not in (first, last, lowest, highest)
            else MAPPING_RANGE_HALF_STATED()
        )


def _first_number(dataset: Dataset, *keywords: str) -> float | None:
    return next((v for word in keywords if (v := number(dataset, word)) is not None), None)


def _unit_code(mapping: Dataset) -> str:
    for unit in items(mapping, "MeasurementUnitsCodeSequence"):
        code = next(
            (
                value
                for keyword in ("CodeValue", "LongCodeValue", "URNCodeValue")
                if (value := text(unit, keyword))
            ),
            "",
        )
        if code:
            return _UNIT_CODES.get(code.lower(), code)
    return ""
