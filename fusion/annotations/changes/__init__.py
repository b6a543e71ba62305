"""What can happen to a reading."""

from __future__ import annotations

from typing import get_args

from fusion.annotations.changes.checks import AlignmentReviewed, PathwayAnswered, PathwayLeftOut
from fusion.annotations.changes.course import Finalised, Opened, Record, Redone, Undone
from fusion.annotations.changes.targets import NewLabel, Relabelled, TargetRemoved, TargetSaved
from fusion.annotations.changes.vertebrae import (
    AnomalyRecorded,
    JointMoved,
    NumberingConfirmed,
    VertebraNamed,
)

__all__ = [
    "KINDS",
    "AlignmentReviewed",
    "AnomalyRecorded",
    "Change",
    "Finalised",
    "JointMoved",
    "NewLabel",
    "NumberingConfirmed",
    "Opened",
    "PathwayAnswered",
    "PathwayLeftOut",
    "Record",
    "Redone",
    "Relabelled",
    "TargetRemoved",
    "TargetSaved",
    "Undone",
    "VertebraNamed",
]

#: Anything that can happen to a reading.
Change = (
    Opened
    | TargetSaved
    | TargetRemoved
    | Relabelled
    | VertebraNamed
    | JointMoved
    | AnomalyRecorded
    | AlignmentReviewed
    | NumberingConfirmed
    | PathwayAnswered
    | PathwayLeftOut
    | Undone
    | Redone
    | Finalised
)
#: The word that stands for each in the journal.
KINDS: tuple[str, ...] = tuple(change.kind for change in get_args(Change))
