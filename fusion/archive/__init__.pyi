# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .address import is_address, local_path, parse_address
from .earlier import Priors, Whose, priors
from .getting import get
from .model import Archive, FoundSeries, FoundStudy, Query
from .noting import send_noted
from .protocols.connecting import connect, taking_in
from .sending import Sent, prepared
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
    "send_noted",
    "taking_in",
    "work_list",
]
