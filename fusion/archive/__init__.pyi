# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .address import is_address, local_path, parse_address
from .earlier import Priors, Whose, priors
from .getting import get
from .model import Archive, FoundSeries, FoundStudy, Query
from .protocols.connecting import connect, taking_in
from .sending import Sent, State, prepared, send
from .settings import Settings, read_settings
from .watching import WorkItem, look, work_list

__all__ = [
    "Archive",
    "FoundSeries",
    "FoundStudy",
    "Priors",
    "Query",
    "Sent",
    "Settings",
    "State",
    "Whose",
    "WorkItem",
    "connect",
    "get",
    "is_address",
    "local_path",
    "look",
    "parse_address",
    "prepared",
    "priors",
    "read_settings",
    "send",
    "taking_in",
    "work_list",
]
