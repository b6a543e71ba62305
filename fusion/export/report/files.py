"""The report as HTML, as PDF, and as a DICOM object that holds the PDF."""

from __future__ import annotations

from pathlib import Path

from fusion.export.dicom.encapsulated_pdf import write_encapsulated_pdf
from fusion.export.handout import Handout
from fusion.export.report.content import make_report
from fusion.export.report.html import report_html
from fusion.export.report.pdf import report_pdf

#: Names of the files.
HTML, PDF, ENCAPSULATED_PDF = "report.html", "report.pdf", "report_pdf.dcm"


def export_report(handout: Handout, folder: Path) -> tuple[Path, ...]:
    """Write the report for the screen, for paper, and for an archive; the three say the same."""
    report = make_report(handout)
    html, pdf, encapsulated = (folder / name for name in (HTML, PDF, ENCAPSULATED_PDF))
    html.write_text(report_html(report), "utf-8")
    content = report_pdf(report)
    pdf.write_bytes(content)
    header = handout.review.pair.ct.header
    write_encapsulated_pdf(encapsulated, content, source=header, edition=handout.edition)
    return html, pdf, encapsulated
