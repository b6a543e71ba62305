# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .outcomes import Outcome
from .page import report
from .running import CohortRun, run
from .settings import Limits, Parameters
from .store import CohortStatus, status

__all__ = [
    "CohortRun",
    "CohortStatus",
    "Limits",
    "Outcome",
    "Parameters",
    "report",
    "run",
    "status",
]
