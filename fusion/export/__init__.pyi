# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .dicom.structured_report_reading import read_structured_report
from .handout import Handout
from .handover import Handed, hand_on, write_review
from .planes import shown_point
from .report.blocks import Report, ReportCells, ReportLines, ReportPictures, ReportSection
from .report.fonts import can_print
from .report.html import Insert, report_html
from .review_record import review_json
from .tables import csv_text, read_reading
from .taking_in import Offer, offer, report_beside, take_in

__all__ = [
    "Handed",
    "Handout",
    "Insert",
    "Offer",
    "Report",
    "ReportCells",
    "ReportLines",
    "ReportPictures",
    "ReportSection",
    "can_print",
    "csv_text",
    "hand_on",
    "offer",
    "read_reading",
    "read_structured_report",
    "report_beside",
    "report_html",
    "review_json",
    "shown_point",
    "take_in",
    "write_review",
]
