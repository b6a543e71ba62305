# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .handover import Handed, hand_on, write_review
from .review_record import review_json

__all__ = ["Handed", "hand_on", "review_json", "write_review"]
