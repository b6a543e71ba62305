"""What is kept on disk: every class, and how it is turned into JSON and back.

The only place, with :mod:`tests.golden.made`, that knows where these names live. When JSON comes
from elsewhere than methods, :func:`as_json` and :func:`back` are what changes, nothing else.
"""

from __future__ import annotations

from typing import Any, get_args

from fusion.annotations.blocks import plan_blocks
from fusion.annotations.changes import Change, Record
from fusion.annotations.changes.canonical import canonical
from fusion.annotations.changes.event import Event
from fusion.annotations.changes.vertebrae import AnatomyForm
from fusion.annotations.journal import Journal
from fusion.annotations.placement import Placement
from fusion.annotations.reading import Reading
from fusion.annotations.rows import row_of
from fusion.annotations.snapshots import LocalisationSnapshot, Measured, RegistrationSnapshot
from fusion.annotations.study import InputKey, StudyKey
from fusion.annotations.target import Target
from fusion.errors import AnnotationError
from fusion.export.dicom.structured_report_reading import read_structured_report
from fusion.export.report.joints import said_place
from fusion.export.tables import read_reading
from fusion.json_form import from_json, to_json
from fusion.pathway.assessment import Assessment

CHANGES = {change.kind: change for change in get_args(Change)}

__all__ = [
    "CHANGES",
    "CLASSES",
    "AnnotationError",
    "Assessment",
    "Event",
    "Journal",
    "as_json",
    "back",
    "canonical",
    "plan_blocks",
    "read_reading",
    "read_structured_report",
    "row_of",
    "said_place",
]

#: Everything that is written and read again, by its name in November 2026.
CLASSES: dict[str, Any] = {
    "Anatomy": AnatomyForm,
    "Event": Event,
    "InputKey": InputKey,
    "LocalisationSnapshot": LocalisationSnapshot,
    "Measured": Measured,
    "Placement": Placement,
    "Reading": Reading,
    "Record": Record,
    "RegistrationSnapshot": RegistrationSnapshot,
    "StudyKey": StudyKey,
    "Target": Target,
    "AlignmentReviewed": CHANGES["alignment-reviewed"],
    "AnomalyRecorded": CHANGES["anomaly-recorded"],
    "Finalised": CHANGES["finalised"],
    "JointMoved": CHANGES["joint-moved"],
    "NumberingConfirmed": CHANGES["numbering-confirmed"],
    "Opened": CHANGES["opened"],
    "PathwayAnswered": CHANGES["pathway-answered"],
    "PathwayLeftOut": CHANGES["pathway-left-out"],
    "Redone": CHANGES["redone"],
    "Relabelled": CHANGES["relabelled"],
    "TargetRemoved": CHANGES["target-removed"],
    "TargetSaved": CHANGES["target-saved"],
    "Undone": CHANGES["undone"],
    "VertebraNamed": CHANGES["vertebra-named"],
}


def as_json(value: Any) -> Any:
    return value.to_json() if hasattr(value, "to_json") else to_json(value)


def back(kind: Any, value: Any) -> Any:
    if kind is Event:
        return Event.read(value)
    if hasattr(kind, "from_json"):
        return kind.from_json(value)
    return from_json(kind, value, error=AnnotationError, what="form")
