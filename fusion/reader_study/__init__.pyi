# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .activity import ActivityClock, TimeSheet
from .order import Presentation
from .results import write_results
from .showing import shown_case
from .study import BLINDED_MARK, Headway, ReaderStudy, refuse_blinded

__all__ = [
    "BLINDED_MARK",
    "ActivityClock",
    "Headway",
    "Presentation",
    "ReaderStudy",
    "TimeSheet",
    "refuse_blinded",
    "shown_case",
    "write_results",
]
