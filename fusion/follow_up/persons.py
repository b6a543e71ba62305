"""Whether two studies are of one patient, and which of them is the earlier one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from fusion.dicom import are_comparable, identity_conflicts, text
from fusion.errors import PairingError
from fusion.findings import Finding, PersonName
from fusion.findings.files import NOT_NEEDED
from fusion.findings.follow_up import ORDER_NOT_STATED, SAME_PATIENT_STATED
from fusion.plain_text import plain
from fusion.review import Review

_WORD_UNNEEDED = NOT_NEEDED(
    what="A person's word that both studies are of one patient (--same-patient)",
    why="the files say so themselves",
)


@dataclass(frozen=True, slots=True)
class DateOrder:
    """Two dates in their order.

    Parameters
    ----------
    days : int or None
        From the earlier to the later; None where a date is not stated.
    findings : tuple of Finding
        What was taken for granted.
    """

    days: int | None
    findings: tuple[Finding, ...]


def same_patient(
    earlier: Review, later: Review, *, stated_by: str | None = None
) -> tuple[Finding, ...]:
    """Refuse two studies that are not, or not known to be, of one patient.

    Parameters
    ----------
    earlier, later : Review
        The studies.
    stated_by : str, optional
        Who states that both are of one patient, where the files do not say enough to tell. What
        they say is never overridden.

    Returns
    -------
    tuple of Finding
        That it was stated, or that it need not have been.

    Raises
    ------
    PairingError
        Another patient, or perhaps another.
    """
    one, other = earlier.patient, later.patient
    differing = identity_conflicts(one, other)
    issuers = {text(r.pair.ct.header, "IssuerOfPatientID").strip() for r in (earlier, later)}
    if len(issuers - {""}) > 1:
        differing.append("issuer of the patient ID")
    if differing:
        raise PairingError(
            f"The two studies are of different patients (not the same: {', '.join(differing)}). "
            "They are not compared. Choose two studies of one patient."
        )
    if are_comparable(one, other):
        return (_WORD_UNNEEDED,) if (stated_by or "").strip() else ()
    if stated_by is None or not stated_by.strip():
        raise PairingError(
            "The two studies do not state enough of their patient to tell that both are of one "
            "person. They are not compared. If they are, say who takes responsibility: "
            '--same-patient "NAME".'
        )
    return (SAME_PATIENT_STATED(who=PersonName(plain(stated_by))),)


def in_order(earlier: Review, later: Review) -> DateOrder:
    """Refuse one study given twice, or two in the wrong order.

    Raises
    ------
    PairingError
        One study, or the later one first.
    """
    if earlier.study.study_instance_uid == later.study.study_instance_uid:
        raise PairingError("Both are the same study. Choose an earlier and a later one.")
    first, second = _day(earlier), _day(later)
    if first is None or second is None:
        return DateOrder(None, (ORDER_NOT_STATED(),))
    if first > second:
        raise PairingError(
            "The study that was given as the earlier one is the later one. Give them in the other "
            "order."
        )
    return DateOrder((second - first).days, ())


def _day(review: Review) -> date | None:
    """Return when the functional volume was taken; None where that is not stated."""
    header = review.pair.spect.header
    stated = text(header, "AcquisitionDate") or text(header, "SeriesDate") or review.study.date
    try:
        day = date(int(stated[:4]), int(stated[4:6]), int(stated[6:8]))
    except ValueError:
        return None
    # What stands in de-identified studies in the place of a date is none.
    return day if day.year > 1900 else None
