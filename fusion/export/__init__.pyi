# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .dicom.structured_report_reading import read_structured_report
from .handover import Handed, hand_on, write_review
from .planes import shown_point
from .report.fonts import can_print
from .review_record import review_json
from .tables import read_reading
from .taking_in import Offer, offer, report_beside, take_in

__all__ = [
    "Handed",
    "Offer",
    "can_print",
    "hand_on",
    "offer",
    "read_reading",
    "read_structured_report",
    "report_beside",
    "review_json",
    "shown_point",
    "take_in",
    "write_review",
]
