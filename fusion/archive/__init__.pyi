# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .connecting import connect
from .getting import get, is_address, local_path, parse_address
from .model import Archive, FoundSeries, FoundStudy, Query
from .settings import Settings, read_settings

__all__ = [
    "Archive",
    "FoundSeries",
    "FoundStudy",
    "Query",
    "Settings",
    "connect",
    "get",
    "is_address",
    "local_path",
    "parse_address",
    "read_settings",
]
