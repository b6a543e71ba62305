"""Which of several reports stand: those that no other takes the place of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pydicom.dataset import Dataset

from fusion.dicom.files.instance import items, text, uid


@dataclass(frozen=True, slots=True)
class ReportVersion:
    """What a structured report states of itself and of those before it.

    Parameters
    ----------
    sop_instance_uid : str
        Which it is.
    amends : frozenset of str
        SOP Instance UIDs of its predecessor documents (PS3.3 section C.17.2).
    is_final : bool
        Whether its reading was finalised.
    """

    sop_instance_uid: str
    amends: frozenset[str]
    is_final: bool

    @classmethod
    def of(cls, ds: Dataset) -> ReportVersion:
        """Return what a data set states."""
        return cls(
            uid(ds, "SOPInstanceUID") or "",
            frozenset(
                uid(one, "ReferencedSOPInstanceUID") or ""
                for study in items(ds, "PredecessorDocumentsSequence")
                for series in items(study, "ReferencedSeriesSequence")
                for one in items(series, "ReferencedSOPSequence")
            ),
            text(ds, "PreliminaryFlag") == "FINAL",
        )


def standing(versions: Collection[ReportVersion]) -> frozenset[str]:
    """Return the SOP Instance UIDs of the reports that no other takes the place of.

    A final report stands until another final one amends it, at once or by way of drafts; a draft
    until anything does.

    Parameters
    ----------
    versions : collection of ReportVersion
        All reports of one study.
    """
    known = {one.sop_instance_uid: one for one in versions}
    before = {uid: _before(uid, known) for uid in known}
    return frozenset(
        uid
        for uid, one in known.items()
        if not any(
            # Two that amend each other are damaged: both stand.
            uid in before[other] and other not in before[uid]
            for other, later in known.items()
            if later.is_final or not one.is_final
        )
    )


def _before(uid: str, known: Mapping[str, ReportVersion]) -> set[str]:
    """Return the reports that one amends, and those that they amend."""
    found: set[str] = set()
    waiting = set(known[uid].amends)
    while waiting:
        other = waiting.pop()
        if other in known and other not in found:
            found.add(other)
            waiting |= known[other].amends
    return found
