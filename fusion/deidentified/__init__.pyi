# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .files import settle, write_images
from .profile import NO_MOMENT, Deidentifier
from .reading import Readers, deidentified_reading
from .review import about_this, deidentified_review, plain_findings

__all__ = [
    "NO_MOMENT",
    "Deidentifier",
    "Readers",
    "about_this",
    "deidentified_reading",
    "deidentified_review",
    "plain_findings",
    "settle",
    "write_images",
]
