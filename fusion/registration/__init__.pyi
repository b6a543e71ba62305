# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .engine import checked, register
from .evidence import LevelMisfit, RegistrationEvidence
from .manual import LARGE_MANUAL_SHIFT_MM, adjusted, displacement, stated
from .method import Method
from .pieces import NeckCorrection
from .result import Quality, Registration, SearchOutcome, Trust
from .shared import shared_frame
from .trust import TRUSTED_UNCERTAINTY_MM, UNCERTAINTY_SHARE

__all__ = [
    "LARGE_MANUAL_SHIFT_MM",
    "TRUSTED_UNCERTAINTY_MM",
    "UNCERTAINTY_SHARE",
    "LevelMisfit",
    "Method",
    "NeckCorrection",
    "Quality",
    "Registration",
    "RegistrationEvidence",
    "SearchOutcome",
    "Trust",
    "adjusted",
    "checked",
    "displacement",
    "register",
    "shared_frame",
    "stated",
]
