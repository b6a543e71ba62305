"""Whose study it is and how it was made, as the headers say it; nothing is filled in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset

from fusion.dicom import Patient, administered, items, number, text, texts
from fusion.errors import DicomError
from fusion.export.handout import Handout
from fusion.export.wording import said_date
from fusion.geometry import Volume
from fusion.plain_text import person_name, plain
from fusion.review import Review

NOT_STATED = "not stated"
#: Defined terms of Corrected Image (0028,0051) in PS3.3 C.8.4 and C.8.9, in words.
_CORRECTED = {
    "ATTN": "attenuation",
    "SCAT": "scatter",
    "DECY": "decay",
    "UNIF": "uniformity",
    "COR": "centre of rotation",
    "NRGY": "energy",
    "LIN": "linearity",
    "MOTN": "motion",
    "DTIM": "dead time",
    "CLN": "count loss",
    "RAN": "randoms",
    "NORM": "detector normalisation",
    "DCAL": "sensitivity by dose calibrator",
    "SLSENS": "slice sensitivity",
    "RADL": "non-uniform radial sampling",
}
_COLLIMATOR = {"PARA": "parallel holes", "FANB": "fan beam", "CONE": "cone beam", "PINH": "pinhole"}
#: Enumerated Values of Patient's Sex (0010,0040) in PS3.3 C.7.1.1, in words.
_SEXES = {"M": "male", "F": "female", "O": "other"}
_ROUTE = {"IV": "intravenous"}


def identity(handout: Handout) -> tuple[tuple[str, str], ...]:
    """Return patient, order and reading, each with what the files say."""
    review, reading = handout.review, handout.reading
    patient, header = review.patient, review.pair.ct.header
    referring = person_name(text(header, "ReferringPhysicianName"))
    age = _age(text(header, "PatientAge"))
    return (
        ("Patient", name(patient)),
        ("Patient ID", plain(patient.patient_id) or NOT_STATED),
        ("Born", (said_date(patient.birth_date) or NOT_STATED) + (f", {age}" if age else "")),
        ("Sex", _SEXES.get(patient.sex.strip().upper(), plain(patient.sex)) or NOT_STATED),
        ("Study date", said_date(review.study.date) or NOT_STATED),
        ("Study", plain(review.study.description) or NOT_STATED),
        ("Accession number", plain(text(header, "AccessionNumber")) or NOT_STATED),
        ("Referring physician", referring or NOT_STATED),
        ("Reading", handout.account.state),
        ("Reader", plain(reading.reader) if reading else "none"),
    )


def name(patient: Patient) -> str:
    """Return the patient's name; ``"not stated"`` when there is none."""
    return person_name(patient.name) or NOT_STATED


def one_line(handout: Handout) -> str:
    """Return patient and study on one line."""
    patient, date = handout.review.patient, said_date(handout.review.study.date)
    day = f"study of {date}" if date[:1].isdigit() else "study date not stated"
    return f"{name(patient)} · ID {plain(patient.patient_id) or NOT_STATED} · {day}"


def _age(value: str) -> str:
    """Return an age (``"055Y"``) in words; empty when it is no age."""
    unit = {"Y": "years", "M": "months", "W": "weeks", "D": "days"}.get(value[-1:])
    return f"{int(value[:-1])} {unit} old" if unit and value[:-1].isdigit() else ""


def imaging(review: Review) -> tuple[str, ...]:
    """Return what was given and how both volumes were made, in sentences."""
    spect, ct = review.pair.spect.header, review.pair.ct.header
    given = administered(spect)
    scanned = given.scanned
    # A date that stands for one that was removed.
    date = "" if scanned is None or scanned.year <= 1900 else f"{scanned:%Y-%m-%d %H:%M}"
    interval = "" if given.interval_h is None or not date else f"{given.interval_h:.1f} h"
    parts = (
        ("Radiopharmaceutical", plain(given.tracer) or NOT_STATED),
        ("Activity", NOT_STATED if given.activity_mbq is None else f"{given.activity_mbq:.0f} MBq"),
        ("Route", _ROUTE.get(given.route.upper(), plain(given.route)) or NOT_STATED),
        ("Injected at", f"{given.given:%H:%M}" if given.given and date else NOT_STATED),
        ("Scan began", date or NOT_STATED),
        ("From injection to scan", interval or NOT_STATED),
        (review.spect_label, _joined(_functional(review.fused.spect, spect))),
        ("CT", _joined(_computed(review.fused.ct, ct))),
    )
    return tuple(f"{label}: {value}." for label, value in parts)


def _functional(volume: Volume, header: Dataset) -> Iterator[str]:
    yield plain(volume.source.description)
    yield _maker(header)
    for detector in _items(header, "DetectorInformationSequence")[:1]:
        kind = text(detector, "CollimatorType")
        kind = _COLLIMATOR.get(kind, "")
        named = plain(text(detector, "CollimatorGridName"))
        yield f"collimator {named or kind}" if named or kind else ""
    yield _window(header)
    for rotation in _items(header, "RotationInformationSequence")[:1]:
        views, each = (
            _number(rotation, key) for key in ("NumberOfFramesInRotation", "ActualFrameDuration")
        )
        if views and each:
            yield f"{views:.0f} views of {each / 1000:g} s"
    yield plain(text(header, "ReconstructionMethod"))
    yield plain(text(header, "DerivationDescription"))
    done = [_CORRECTED[term] for term in texts(header, "CorrectedImage") if term in _CORRECTED]
    yield f"corrected for {', '.join(done)}" if done else "corrections not stated"
    yield _voxels(volume)
    yield f"values in {plain(volume.unit)}"


def _computed(volume: Volume, header: Dataset) -> Iterator[str]:
    yield plain(volume.source.description)
    yield _maker(header)
    volts, exposure = _number(header, "KVP"), _number(header, "Exposure")
    yield f"{volts:g} kVp" if volts else "kVp not stated"
    yield f"{exposure:g} mAs" if exposure else ""
    kernel = plain(" ".join(texts(header, "ConvolutionKernel")))
    yield f"kernel {kernel}" if kernel else ""
    contrast = plain(text(header, "ContrastBolusAgent"))
    yield f"contrast {contrast}" if contrast else ""
    yield _voxels(volume)


def _window(header: Dataset) -> str:
    found = [
        (_number(limits, "EnergyWindowLowerLimit"), _number(limits, "EnergyWindowUpperLimit"))
        for window in (header, *_items(header, "EnergyWindowInformationSequence"))
        for limits in _items(window, "EnergyWindowRangeSequence")
    ]
    said = [f"{low:g} to {high:g}" for low, high in found if low is not None and high is not None]
    return f"energy window {', '.join(said)} keV" if said else ""


def _voxels(volume: Volume) -> str:
    count = " × ".join(str(n) for n in volume.grid.shape)
    size = " × ".join(f"{mm:.3g}" for mm in volume.grid.spacing_mm)
    return f"{count} voxels of {size} mm"


def _maker(header: Dataset) -> str:
    made = (text(header, "Manufacturer"), text(header, "ManufacturerModelName"))
    return plain(" ".join(part for part in made if part))


def _joined(parts: Iterator[str]) -> str:
    return "; ".join(part for part in parts if part) or NOT_STATED


def _number(dataset: Dataset, keyword: str) -> float | None:
    try:
        return number(dataset, keyword)
    except DicomError:
        return None


def _items(dataset: Dataset, keyword: str) -> Sequence[Dataset]:
    try:
        return items(dataset, keyword)
    except DicomError:
        return ()
