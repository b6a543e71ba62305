"""What was given to the patient, and when, as a header states it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from pydicom.dataset import Dataset

from fusion.dicom.files.instance import items, number, text
from fusion.dicom.quantity.dose import dose_of
from fusion.dicom.quantity.moments import date_time_of, moment, time_of
from fusion.dicom.quantity.suv import nuclide_of
from fusion.dicom.quantity.tracer import tracer_of
from fusion.errors import DicomError


@dataclass(frozen=True, slots=True)
class Administration:
    """A radiopharmaceutical as it was given; empty or None where the header does not say.

    Parameters
    ----------
    tracer : str
        Name, as the file says it.
    activity_mbq : float or None
        Only where number and unit are believed (:func:`fusion.dicom.quantity.dose.dose_of`).
    route : str
        As the file says it.
    given : time or None
        Time of day, local to the scanner.
    scanned : datetime or None
        Start of the acquisition, local to the scanner.
    interval_h : float or None
        From one to the other, hours; None where the order contradicts it.
    """

    tracer: str
    activity_mbq: float | None
    route: str
    given: time | None
    scanned: datetime | None
    interval_h: float | None


def administered(dataset: Dataset) -> Administration:
    """Return what a header of a functional volume says of its radiopharmaceutical.

    That of several is not told apart: then only the time of the scan is returned.
    """
    scanned = moment(dataset, "Acquisition")
    stated = items(dataset, "RadiopharmaceuticalInformationSequence")
    if len(stated) != 1:
        return Administration("", None, "", None, scanned, None)
    (item,) = stated
    nuclide = nuclide_of(item)
    name = None if nuclide is None else nuclide.name
    activity = dose_of(dataset, item, nuclide=name, weight_kg=_weight_kg(dataset)).mbq
    began = date_time_of(item, "RadiopharmaceuticalStartDateTime", scanner=dataset)
    given = began.time() if began else time_of(item, "RadiopharmaceuticalStartTime")
    if began is None and given is not None and scanned is not None:
        began = datetime.combine(scanned.date(), given)
    hours = None if began is None or scanned is None else (scanned - began).total_seconds() / 3600
    return Administration(
        tracer=tracer_of(item).name,
        activity_mbq=activity,
        route=text(item, "RadiopharmaceuticalRoute"),
        given=given,
        scanned=scanned,
        interval_h=hours if hours is not None and hours > 0 else None,
    )


def _weight_kg(dataset: Dataset) -> float | None:
    try:
        return number(dataset, "PatientWeight")
    except DicomError:
        return None
