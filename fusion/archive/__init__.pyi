# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .address import fetched, is_address, local_path, parse_address
from .descriptions import described
from .earlier import Priors, priors_of
from .getting import get
from .held.whole import remarks
from .model import Archive, FoundSeries, FoundStudy, Query
from .noting import send_noted
from .preview import Preview, previews
from .protocols.connecting import connect, taking_in
from .reports import EarlierReading
from .sending import NOT_ANSWERED, Sent, prepared
from .settings import Settings, read_settings
from .watching import WorkItem, look, work_list

__all__ = [
    "NOT_ANSWERED",
    "Archive",
    "EarlierReading",
    "FoundSeries",
    "FoundStudy",
    "Preview",
    "Priors",
    "Query",
    "Sent",
    "Settings",
    "WorkItem",
    "connect",
    "described",
    "fetched",
    "get",
    "is_address",
    "local_path",
    "look",
    "parse_address",
    "prepared",
    "previews",
    "priors_of",
    "read_settings",
    "remarks",
    "send_noted",
    "taking_in",
    "work_list",
]
