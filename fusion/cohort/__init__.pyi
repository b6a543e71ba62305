# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .outcomes import StudyOutcome
from .pages.page import report
from .running import CohortRun, run
from .settings import Parameters, StudyLimits
from .store import CohortStatus, status

__all__ = [
    "CohortRun",
    "CohortStatus",
    "Parameters",
    "StudyLimits",
    "StudyOutcome",
    "report",
    "run",
    "status",
]
