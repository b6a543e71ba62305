# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .dicom.structured_report_reading import read_structured_report
from .follow_up.handing import hand_on_comparison
from .follow_up.report import shared_tops
from .follow_up.tables import comparison_json
from .follow_up.without_identity import deidentified_comparison
from .follow_up.wording import HEADER, answer, dates, day, row
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
    "HEADER",
    "Handed",
    "Handout",
    "Insert",
    "Offer",
    "Report",
    "ReportCells",
    "ReportLines",
    "ReportPictures",
    "ReportSection",
    "answer",
    "can_print",
    "comparison_json",
    "csv_text",
    "dates",
    "day",
    "deidentified_comparison",
    "hand_on",
    "hand_on_comparison",
    "offer",
    "read_reading",
    "read_structured_report",
    "report_beside",
    "report_html",
    "review_json",
    "row",
    "shared_tops",
    "shown_point",
    "take_in",
    "write_review",
]
