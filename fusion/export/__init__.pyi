# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .files import review_json, write_review
from .handover import Handed, hand_on
from .other_formats import write_other_formats

__all__ = ["Handed", "hand_on", "review_json", "write_other_formats", "write_review"]
