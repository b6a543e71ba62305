"""A comparison written in every form, at once or not at all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from fusion.annotations import StudyKey
from fusion.deidentified import NO_MOMENT, Deidentifier, settle
from fusion.dicom import text
from fusion.errors import FusionError, disk_advice, disk_reason
from fusion.export.dicom.encapsulated_pdf import write_encapsulated_pdf
from fusion.export.edition import Edition
from fusion.export.follow_up.report import comparison_report
from fusion.export.follow_up.structured_report import COMPARISON_REPORT, write_comparison_report
from fusion.export.follow_up.tables import comparison_json, comparison_table
from fusion.export.follow_up.without_identity import deidentified_comparison
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
    comparison: Comparison,
    folder: str | Path,
    *,
    deidentify: Deidentifier | None = None,
    progress: ProgressCallback | None = None,
) -> tuple[Path, ...]:
    """Write a comparison as PDF, HTML, CSV, JSON and DICOM (structured report, PDF).

    Who hands on the same comparison twice gets the same files, byte for byte, unless without
    identity.

    Parameters
    ----------
    comparison : Comparison
        Two dates.
    folder : path
        Made when absent; files of the same names are replaced.
    deidentify : Deidentifier, optional
        Take identity out of everything that is written (docs/exports.md).
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Returns
    -------
    tuple of Path
        Every file.

    Raises
    ------
    FusionError
        The folder cannot be written; or it holds something, and identity is to be taken out.
    """
    report, place = Progress(progress), Path(folder)
    edition = edition_of(comparison)
    if deidentify is not None:
        # Nothing below knows the original.
        made = deidentify.moment(edition.made).replace(tzinfo=None)
        comparison = deidentified_comparison(comparison, deidentify)
        edition = replace(edition_of(comparison), made=made)
    try:
        with staged(place, names=_NAMES, alone=deidentify is not None) as part:
            report(0.0, "Drawing the pictures")
            content = comparison_report(comparison)
            report(0.4, "Writing the report")
            (part / HTML).write_text(report_html(content), "utf-8")
            pdf = report_pdf(content)
            (part / PDF).write_bytes(pdf)
            report(0.7, "Writing tables and DICOM")
            (part / TABLE).write_bytes(comparison_table(comparison).encode("utf-8-sig"))
            write_json(part / DOCUMENT, comparison_json(comparison))
            header = comparison.later.review.pair.ct.header
            write_encapsulated_pdf(part / ENCAPSULATED, pdf, source=header, edition=edition)
            write_comparison_report(part / COMPARISON_REPORT, comparison, edition)
            if deidentify is not None:
                settle((part / name for name in _NAMES), deidentify, made=edition.made)
            report(1.0, "Done")
    except OSError as exc:
        raise FusionError(
            f"The comparison could not be written to {place}: {disk_reason(exc)}. "
            f"{disk_advice(exc)}"
        ) from exc
    return tuple(place / name for name in _NAMES)


def edition_of(comparison: Comparison) -> Edition:
    """Return what the objects of a comparison share: the same each time it is handed on."""
    content: list[Any] = [comparison_json(comparison)]
    for date in (comparison.earlier, comparison.later):
        fused, reading = date.review.fused, date.reading
        content += [StudyKey.of(fused.ct, fused.spect).digest, reading and reading.digest]
    # Everything that is compared and said.
    seed = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return Edition(made=made_at(comparison), seed=seed)


def made_at(comparison: Comparison) -> datetime:
    """Return when the content of a comparison came about; never what a clock says.

    That is the last event of the readings. Where nobody has read, it is when the later functional
    volume was taken: the rest follows from the data alone.
    """
    readings = [date.reading for date in (comparison.earlier, comparison.later) if date.reading]
    if readings:
        return max(reading.events[-1].time for reading in readings)
    header = comparison.later.review.pair.spect.header
    for what in ("Acquisition", "Series", "Study"):
        moment = _moment(header, what)
        if moment is not None:
            return moment
    return NO_MOMENT.replace(tzinfo=None)


def _moment(header: Dataset, what: str) -> datetime | None:
    day, time = text(header, f"{what}Date"), text(header, f"{what}Time")[:6]
    zone = text(header, "TimezoneOffsetFromUTC")
    for said, form in (
        (f"{day} {time} {zone}", "%Y%m%d %H%M%S %z"),
        (f"{day} {time}", "%Y%m%d %H%M%S"),
        (day, "%Y%m%d"),
    ):
        try:
            return datetime.strptime(said, form)
        except ValueError:
            continue
    return None
