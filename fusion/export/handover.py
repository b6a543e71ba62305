"""Handing on: everything that is known about a study and its reading, in forms others can read.

:func:`hand_on` writes all of it into one folder; the viewer and the command line both use it. What
cannot be written for this study (a CT without Frame of Reference has no place in a structured
report) is left out and said, and the rest is written.

Another output is a module with one function that takes a :class:`~fusion.export.handout.Handout`
and a folder, and one line in :data:`EXPORTERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy.typing as npt

from fusion.annotations import Reading
from fusion.deidentified import (
    Deidentifier,
    Readers,
    about_this,
    deidentified_reading,
    deidentified_review,
    plain_findings,
    settle,
    write_images,
)
from fusion.errors import Cancelled, DicomError, FusionError, disk_advice, disk_reason
from fusion.export.dicom.captures import CAPTURES, SELECTION, export_captures
from fusion.export.dicom.derived_nm import DERIVED_NM, export_derived_nm
from fusion.export.dicom.segmentation import SEGMENTATION, export_segmentation
from fusion.export.dicom.spatial_registration import (
    REGISTRATION_RECORD,
    SPATIAL_REGISTRATION,
    export_registration_record,
    export_spatial_registration,
)
from fusion.export.dicom.structured_report import STRUCTURED_REPORT, export_structured_report
from fusion.export.fhir import FHIR, export_fhir
from fusion.export.handout import Handout, LeftOut
from fusion.export.other_formats import NIFTI, NRRD, TFM, export_transform, export_volumes
from fusion.export.page.page import INTERACTIVE, export_interactive
from fusion.export.planes import PICTURES, export_planes
from fusion.export.report.files import ENCAPSULATED_PDF, HTML, PDF, export_report
from fusion.export.review_record import REVIEW_RECORD, export_review_record
from fusion.export.staging import staged
from fusion.export.tables import READING, TABLE, export_reading, export_table
from fusion.facets import Labels, Localisation, SpineStatements, located_as_said
from fusion.findings import Finding, worst_first
from fusion.findings.readings import IMAGES_NOT_COPIED, NOT_EXPORTED
from fusion.progress import Progress, ProgressCallback
from fusion.review import Review

#: Share of the time that locating the joints takes.
_LOCATING_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Exporter:
    """One output.

    Parameters
    ----------
    what : str
        As in "No structured report was written".
    files : tuple of str
        Names of all that it may write, as glob patterns; older ones are removed first.
    write : callable
        Given a Handout and an existing folder, returns the files it wrote. Raises
        :class:`~fusion.export.handout.LeftOut` where there is nothing to write, and any other
        FusionError where it cannot be written for this study.
    takes : float
        Share of the time, beside 1 for a quick one.
    """

    what: str
    files: tuple[str, ...]
    write: Callable[[Handout, Path], tuple[Path, ...]]
    takes: float = 1.0


#: What is known of a study without a reading.
STUDY_EXPORTERS = (
    Exporter("fused pictures", PICTURES, export_planes, takes=2),
    Exporter("SPECT on the CT's slices", (DERIVED_NM,), export_derived_nm, takes=6),
    Exporter("Spatial Registration", (SPATIAL_REGISTRATION,), export_spatial_registration),
    Exporter("registration record", (REGISTRATION_RECORD,), export_registration_record),
    # It names those before it.
    Exporter("review record", (REVIEW_RECORD,), export_review_record),
)
#: For other programs, beside them, where there is no reading.
OTHER_FORMATS = (
    Exporter("SPECT on the CT's slices as NIfTI and NRRD", (NIFTI, NRRD), export_volumes, takes=6),
    Exporter("transform as .tfm", (TFM,), export_transform),
)
#: Everything, in the order in which it is written; later ones say what earlier ones could not.
EXPORTERS = (
    *STUDY_EXPORTERS,
    Exporter("segmentation", (SEGMENTATION,), export_segmentation),
    Exporter("pictures of the joints", (CAPTURES, SELECTION), export_captures, takes=4),
    # It refers to those before it: the root of everything that an archive holds of a reading.
    Exporter("structured report", (STRUCTURED_REPORT,), export_structured_report),
    Exporter("report", (HTML, PDF, ENCAPSULATED_PDF), export_report, takes=3),
    Exporter("interactive report", (INTERACTIVE,), export_interactive, takes=3),
    Exporter("report for health records", (FHIR,), export_fhir),
    Exporter("reading as JSON", (READING,), export_reading),
    Exporter("table of the joints", (TABLE,), export_table),
)


@dataclass(frozen=True, slots=True)
class Handed:
    """What was written.

    Parameters
    ----------
    paths : tuple of Path
        Every file.
    findings : tuple of Finding
        What was left out and why, and what differs from the data that the reading was made on.
    """

    paths: tuple[Path, ...]
    findings: tuple[Finding, ...]


def write_review(
    review: Review,
    folder: str | Path,
    *,
    point_lps: npt.ArrayLike | None = None,
    progress: ProgressCallback | None = None,
) -> Handed:
    """Write what is known of a study without a reading, and the same for other programs.

    :data:`STUDY_EXPORTERS` and :data:`OTHER_FORMATS`.

    Parameters
    ----------
    review : Review
        The study as it is open.
    folder : path
        Made when absent; files of the same names are replaced.
    point_lps : (3,) array_like of float, optional, mm
        The pictures pass through it; the hottest bone by default.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Raises
    ------
    FusionError
        The folder cannot be written.
    """
    handout = Handout.of(
        review, None, made=datetime.now(UTC), point_lps=point_lps, localisation=None
    )
    exporters = (*STUDY_EXPORTERS, *OTHER_FORMATS)
    with _placed(exporters, Path(folder)) as (part, at_place):
        return at_place(_written(exporters, handout, part, progress=Progress(progress)))


def hand_on(
    review: Review,
    reading: Reading | None,
    folder: str | Path,
    *,
    point_lps: npt.ArrayLike | None = None,
    localisation: Localisation | None = None,
    labels: Labels = Labels(),  # noqa: B008 - frozen
    deidentify: Deidentifier | None = None,
    with_images: bool = False,
    progress: ProgressCallback | None = None,
) -> Handed:
    """Write every form of a study and its reading: :data:`EXPORTERS`.

    Parameters
    ----------
    review : Review
        The study as it is open.
    reading : Reading or None
        The decisions; None when nobody has read the study.
    folder : path
        Made when absent; files of the same names are replaced.
    point_lps : (3,) array_like of float, optional, mm
        The three fused pictures pass through it; the hottest bone by default.
    localisation : Localisation, optional
        The joints as they are numbered now, to hold side and level of every target against. They
        are located here, as the reading says of the spine, where they are not known.
    labels : Labels
        The label maps that they are to be taken from then.
    deidentify : Deidentifier, optional
        Take identity out of everything that is written (docs/exports.md).
    with_images : bool
        Write de-identified copies of the CT and of the functional series too.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Raises
    ------
    AnnotationError
        The reading is of another study, or of other data than those open; or the anatomy gives a
        target of a draft another side or level now.
    FusionError
        The folder cannot be written; or copies are asked for without de-identification; or the
        folder of a de-identified export holds something.
    """
    report, target, now = Progress(progress), Path(folder), datetime.now(UTC)
    if with_images and deidentify is None:
        raise FusionError("Copies of the images are only written de-identified.")
    if localisation is None:
        said = reading.said if reading else SpineStatements()
        first, report = report.part(0.0, _LOCATING_SHARE), report.part(_LOCATING_SHARE, 1.0)
        localisation = located_as_said(review.fused.ct, said, labels=labels, progress=first)
    if deidentify is None:
        handout = Handout.of(
            review, reading, made=now, point_lps=point_lps, localisation=localisation
        )
        with _placed(EXPORTERS, target) as (part, at_place):
            handed = _written(EXPORTERS, handout, part, progress=report)
            every = worst_first([*handed.findings, *_nowhere(reading, localisation)])
            return at_place(replace(handed, findings=every))
    # What cannot be de-identified stops here: nothing below knows the original.
    readers = Readers()
    clean_reading = reading and deidentified_reading(reading, deidentify, readers)
    clean = deidentified_review(review, deidentify, readers)
    handout = Handout.of(
        clean,
        clean_reading,
        # Without a time zone: which one it was is removed as well.
        made=deidentify.moment(now).replace(tzinfo=None),
        point_lps=point_lps,
        localisation=localisation,
    )
    with _placed(EXPORTERS, target, alone=True) as (part, at_place):
        handed = _written(
            EXPORTERS,
            handout,
            part,
            clean=lambda findings: plain_findings(findings, deidentify),
            progress=report.part(0.0, 0.7 if with_images else 1.0),
        )
        settle(handed.paths, deidentify, made=handout.edition.made)
        paths, findings = handed.paths, [*about_this(deidentify), *handed.findings]
        findings += plain_findings(_nowhere(reading, localisation), deidentify)
        if with_images:
            try:
                paths += write_images(clean, review, part, report.part(0.7, 1.0))
            except DicomError as exc:
                findings.append(IMAGES_NOT_COPIED(reason=str(exc)))
        return at_place(Handed(paths, worst_first(findings)))


def _written(
    exporters: Sequence[Exporter],
    handout: Handout,
    folder: Path,
    *,
    progress: Progress,
    clean: Callable[[tuple[Finding, ...]], tuple[Finding, ...]] = tuple,
) -> Handed:
    """Run exporters one after the other; what one of them cannot write is a Finding.

    Parameters
    ----------
    clean : callable
        Put Findings into the words that may stand in the files.
    """
    findings = list(handout.findings)
    handout = replace(handout, findings=clean(handout.findings))
    whole, done = sum(one.takes for one in exporters), 0.0
    for exporter in exporters:
        part = progress.part(done / whole, (done + exporter.takes) / whole)
        part(0.0, f"Writing the {exporter.what}")
        try:
            paths = exporter.write(replace(handout, progress=part), folder)
            handout = replace(handout, written=(*handout.written, *paths))
        except Cancelled:
            raise
        except FusionError as exc:
            _remove(exporter, folder)
            said = exc.finding if isinstance(exc, LeftOut) else _not_written(exporter, exc)
            findings.append(said)
            handout = replace(handout, findings=(*handout.findings, *clean((said,))))
        done += exporter.takes
    progress(1.0, "Done")
    return Handed(handout.written, worst_first(findings))


def _nowhere(reading: Reading | None, localisation: Localisation) -> tuple[Finding, ...]:
    """Return why the decisions of a reading could be held against no joint."""
    is_known = any(facet.center_lps is not None for facet in localisation.facets)
    return () if is_known or not (reading and reading.targets) else localisation.findings


def _not_written(exporter: Exporter, why: FusionError) -> Finding:
    return NOT_EXPORTED(what=exporter.what, reason=str(why))


def _remove(exporter: Exporter, folder: Path) -> None:
    for pattern in exporter.files:
        for path in folder.glob(pattern):
            path.unlink()


@contextmanager
def _placed(
    exporters: Sequence[Exporter], folder: Path, *, alone: bool = False
) -> Iterator[tuple[Path, Callable[[Handed], Handed]]]:
    """Yield a folder to write into, and what says where its files will be; errors in words.

    See :func:`fusion.export.staging.staged`.
    """
    names = tuple(name for exporter in exporters for name in exporter.files)
    try:
        with staged(folder, names=names, alone=alone) as part:

            def at_place(handed: Handed) -> Handed:
                paths = tuple(folder / path.relative_to(part) for path in handed.paths)
                return replace(handed, paths=paths)

            yield part, at_place
    except OSError as exc:
        raise FusionError(
            f"The export could not be written to {folder}: {disk_reason(exc)}. {disk_advice(exc)}"
        ) from exc
