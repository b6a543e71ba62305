# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .hot_spots import HotSpotSettings
from .measuring import NOT_VALIDATED, Uptake, UptakeSettings, uptake_json
from .proposals import GRADE_WORDS, Assessment, Proposal, ProposalSettings, assess, proposals_json
from .reference import REFERENCE_WORDS, ReferenceChoice, ReferenceKind
from .structures import Kind

__all__ = [
    "GRADE_WORDS",
    "NOT_VALIDATED",
    "REFERENCE_WORDS",
    "Assessment",
    "HotSpotSettings",
    "Kind",
    "Proposal",
    "ProposalSettings",
    "ReferenceChoice",
    "ReferenceKind",
    "Uptake",
    "UptakeSettings",
    "assess",
    "proposals_json",
    "uptake_json",
]
