# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .hot_spots import HotSpotSettings
from .measuring import NOT_VALIDATED, Uptake, UptakeSettings, uptake_json
from .proposals import (
    GRADE_WORDS,
    Proposal,
    ProposalSettings,
    Quantification,
    assess,
    proposals_json,
)
from .reference import ReferenceChoice, ReferenceKind
from .structures import StructureKind

__all__ = [
    "GRADE_WORDS",
    "NOT_VALIDATED",
    "HotSpotSettings",
    "Proposal",
    "ProposalSettings",
    "Quantification",
    "ReferenceChoice",
    "ReferenceKind",
    "StructureKind",
    "Uptake",
    "UptakeSettings",
    "assess",
    "proposals_json",
    "uptake_json",
]
