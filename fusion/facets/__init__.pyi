# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .anomalies import proposal_findings
from .automatic.locate import locate, locate_in, neck_midline, no_canal
from .automatic.neck import Neck, checked_clicks, find_neck
from .labelled.conventions import CONVENTIONS, convention
from .labelled.locate_labelled import check_clicks, locate_with_labels
from .labelled.offered import segmentations_offered
from .labelled.spine import LabelledSpine, read_labels
from .localisation import (
    AUTOMATIC,
    FROM_PROCESSES,
    FROM_VERTEBRAE,
    LABEL_MAP,
    Facet,
    Localisation,
    Witness,
)
from .programs.label_run import find_program, make_labels
from .programs.program import PROGRAMS, Program, program_named
from .programs.supervised import Limits
from .searching import Labels, Searched, located_as_said, search
from .spine_statements import (
    ANOMALIES,
    EVERY_ANOMALY,
    Anomaly,
    ProposedAnomaly,
    SpineStatements,
)
from .states import DRAGGED, LOCALISATION_SHARE, MARKED, Numbering, Status, WitnessKind

__all__ = [
    "ANOMALIES",
    "AUTOMATIC",
    "CONVENTIONS",
    "DRAGGED",
    "EVERY_ANOMALY",
    "FROM_PROCESSES",
    "FROM_VERTEBRAE",
    "LABEL_MAP",
    "LOCALISATION_SHARE",
    "MARKED",
    "PROGRAMS",
    "Anomaly",
    "Facet",
    "LabelledSpine",
    "Labels",
    "Limits",
    "Localisation",
    "Neck",
    "Numbering",
    "Program",
    "ProposedAnomaly",
    "Searched",
    "SpineStatements",
    "Status",
    "Witness",
    "WitnessKind",
    "check_clicks",
    "checked_clicks",
    "convention",
    "find_neck",
    "find_program",
    "locate",
    "locate_in",
    "locate_with_labels",
    "located_as_said",
    "make_labels",
    "neck_midline",
    "no_canal",
    "program_named",
    "proposal_findings",
    "read_labels",
    "search",
    "segmentations_offered",
]
