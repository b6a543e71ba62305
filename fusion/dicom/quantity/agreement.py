"""Slices of one volume that contradict each other about what their values mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydicom.dataset import Dataset

from fusion.dicom.files.instance import items, text, texts
from fusion.errors import DicomError

_Reading = Callable[[Dataset], object]


def _plain(keyword: str) -> _Reading:
    return lambda dataset: text(dataset, keyword)


def _of_tracer(keyword: str) -> _Reading:
    return lambda dataset: [
        text(item, keyword) for item in items(dataset, "RadiopharmaceuticalInformationSequence")
    ]


def _nuclides(dataset: Dataset) -> object:
    return [
        text(code, "CodeValue")
        for item in items(dataset, "RadiopharmaceuticalInformationSequence")
        for code in items(item, "RadionuclideCodeSequence")
    ]


def _is_decayed(dataset: Dataset) -> object:
    return "DECY" in texts(dataset, "CorrectedImage")


#: What every slice of a volume has to say alike, in the words of a reader, and how it is read: what
#: changes the values themselves, and what only SUV is made from.
_OF_VALUES: dict[str, _Reading] = {
    "Decay Correction": _plain("DecayCorrection"),
    "Corrected Image (DECY)": _is_decayed,
    "Units": _plain("Units"),
    "SUV Type": _plain("SUVType"),
}
_OF_SUV: dict[str, _Reading] = {
    "Patient Weight": _plain("PatientWeight"),
    "Radionuclide Total Dose": _of_tracer("RadionuclideTotalDose"),
    "Radiopharmaceutical Start Time": _of_tracer("RadiopharmaceuticalStartTime"),
    "Radiopharmaceutical Start DateTime": _of_tracer("RadiopharmaceuticalStartDateTime"),
    "Radionuclide Half Life": _of_tracer("RadionuclideHalfLife"),
    "Radionuclide Code": _nuclides,
    "Series Time": _plain("SeriesTime"),
    "Series Date": _plain("SeriesDate"),
}


def differing(headers: Sequence[Dataset], *, values: bool) -> tuple[str, ...]:
    """Return the attributes that the slices of one volume state differently.

    Parameters
    ----------
    headers : sequence of Dataset
        One for each object of the volume.
    values : bool
        Those that change what values mean; else those that only SUV is made from.
    """
    wanted = _OF_VALUES if values else _OF_SUV
    return tuple(name for name, read in wanted.items() if len(_stated(headers, read)) > 1)


def _stated(headers: Sequence[Dataset], read: _Reading) -> set[str]:
    stated = set()
    for header in headers:
        try:
            value = read(header)
        except DicomError:
            value = "cannot be read"
        stated.add(_number_or_text(value))
    return stated


def _number_or_text(value: object) -> str:
    # "70" and "70.00" are one weight, and a list of one is its entry.
    if isinstance(value, list):
        return " | ".join(_number_or_text(entry) for entry in value)
    try:
        return f"{float(str(value)):.9g}"
    except ValueError:
        return str(value)
