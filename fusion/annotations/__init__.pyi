# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .blocks import BlockPlan, plan_blocks
from .changes import (
    AlignmentReviewed,
    AnomalyRecorded,
    Change,
    JointMoved,
    NumberingConfirmed,
    Opened,
    PathwayAnswered,
    PathwayLeftOut,
    Redone,
    Relabelled,
    TargetRemoved,
    TargetSaved,
    Undone,
    VertebraNamed,
)
from .changes.event import Event
from .deciding import decide, revise
from .finishing import (
    NUMBERING_WORDS,
    Difference,
    LevelDoubt,
    confirming_numbering,
    differences,
    doubts_about_levels,
    finalise,
    missing,
    relabelling,
)
from .journal import Conflict, Journal, Saved, copied_whole, journal_damage, latest
from .marking import check_marked
from .placement import Point
from .reading import Reading, replay
from .snapshots import Measured, RegistrationSnapshot, registration_digest
from .spine import LabelChange, Spine, label_changes
from .storage import default_path
from .study import StudyKey, changed_input
from .target import GRADES, MAX_NAME, Answer, Decision, Origin, Target, check_name

__all__ = [
    "GRADES",
    "MAX_NAME",
    "NUMBERING_WORDS",
    "AlignmentReviewed",
    "AnomalyRecorded",
    "Answer",
    "BlockPlan",
    "Change",
    "Conflict",
    "Decision",
    "Difference",
    "Event",
    "JointMoved",
    "Journal",
    "LabelChange",
    "LevelDoubt",
    "Measured",
    "NumberingConfirmed",
    "Opened",
    "Origin",
    "PathwayAnswered",
    "PathwayLeftOut",
    "Point",
    "Reading",
    "Redone",
    "RegistrationSnapshot",
    "Relabelled",
    "Saved",
    "Spine",
    "StudyKey",
    "Target",
    "TargetRemoved",
    "TargetSaved",
    "Undone",
    "VertebraNamed",
    "changed_input",
    "check_marked",
    "check_name",
    "confirming_numbering",
    "copied_whole",
    "decide",
    "default_path",
    "differences",
    "doubts_about_levels",
    "finalise",
    "journal_damage",
    "label_changes",
    "latest",
    "missing",
    "plan_blocks",
    "registration_digest",
    "relabelling",
    "replay",
    "revise",
]
