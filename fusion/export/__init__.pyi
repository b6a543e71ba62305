# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .dicom.structured_report_reading import read_structured_report
from .handover import Handed, hand_on, write_review
from .review_record import review_json
from .tables import read_reading

__all__ = [
    "Handed",
    "hand_on",
    "read_reading",
    "read_structured_report",
    "review_json",
    "write_review",
]
