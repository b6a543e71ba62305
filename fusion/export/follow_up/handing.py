"""A comparison written in every form, at once or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fusion.errors import FusionError, disk_reason
from fusion.export.dicom.encapsulated_pdf import write_encapsulated_pdf
from fusion.export.edition import Edition
from fusion.export.follow_up.report import comparison_report
from fusion.export.follow_up.structured_report import COMPARISON_REPORT, write_comparison_report
from fusion.export.follow_up.tables import comparison_json, comparison_table
from fusion.export.report.html import report_html
from fusion.export.report.pdf import report_pdf
from fusion.export.staging import staged
from fusion.follow_up import Comparison
from fusion.json_form import write_json
from fusion.progress import Progress, ProgressCallback

#: Names of the files.
HTML, PDF, ENCAPSULATED = "comparison.html", "comparison.pdf", "comparison_pdf.dcm"
TABLE, DOCUMENT = "comparison.csv", "comparison.json"
_NAMES = (HTML, PDF, ENCAPSULATED, TABLE, DOCUMENT, COMPARISON_REPORT)


def hand_on_comparison(
    comparison: Comparison, folder: str | Path, *, progress: ProgressCallback | None = None
) -> tuple[Path, ...]:
    """Write a comparison as PDF, HTML, CSV, JSON and DICOM (structured report, PDF).

    Parameters
    ----------
    comparison : Comparison
        Two dates.
    folder : path
        Made when absent; files of the same names are replaced.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Returns
    -------
    tuple of Path
        Every file.

    Raises
    ------
    FusionError
        The folder cannot be written.
    """
    report, place = Progress(progress), Path(folder)
    try:
        with staged(place, names=_NAMES, alone=False) as part:
            report(0.0, "Drawing the pictures")
            content = comparison_report(comparison)
            report(0.4, "Writing the report")
            (part / HTML).write_text(report_html(content), "utf-8")
            pdf = report_pdf(content)
            (part / PDF).write_bytes(pdf)
            report(0.7, "Writing tables and DICOM")
            (part / TABLE).write_bytes(comparison_table(comparison).encode("utf-8-sig"))
            write_json(part / DOCUMENT, comparison_json(comparison))
            edition = Edition(made=datetime.now(UTC))
            header = comparison.later.review.pair.ct.header
            write_encapsulated_pdf(part / ENCAPSULATED, pdf, source=header, edition=edition)
            write_comparison_report(part / COMPARISON_REPORT, comparison, edition)
            report(1.0, "Done")
    except OSError as exc:
        raise FusionError(
            f"The comparison could not be written to {place}: {disk_reason(exc)}. Free some space "
            "or choose another folder."
        ) from exc
    return tuple(place / name for name in _NAMES)
