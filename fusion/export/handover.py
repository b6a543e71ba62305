"""Handing on: everything that is known about a study and its reading, in forms others can read.

:func:`hand_on` writes all of it into one folder; the viewer and the command line both use it. What
cannot be written for this study (a CT without Frame of Reference has no place in a structured
report) is left out and said, and the rest is written.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from fusion.anatomy import JOINTS
from fusion.annotations import (
    BlockPlan,
    Decision,
    PathwayAnswered,
    PathwayLeftOut,
    Reading,
    RegistrationSnapshot,
    StudyKey,
    Target,
    changed_input,
    doubts_about_levels,
    plan_blocks,
)
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
from fusion.errors import AnnotationError, DicomError, FusionError, disk_reason
from fusion.export.dicom.captures import Capture, write_captures
from fusion.export.dicom.encapsulated_pdf import write_encapsulated_pdf
from fusion.export.dicom.segmentation import RULE, UptakeRegion, uptake_region, write_segmentation
from fusion.export.dicom.stand_ins import slice_image, slices_at
from fusion.export.dicom.structured_report import ReportSource, write_structured_report
from fusion.export.files import write_review
from fusion.export.report.content import (
    Pictures,
    Report,
    ReportFacts,
    make_report,
    said_date,
    said_moment,
)
from fusion.export.report.html import report_html
from fusion.export.report.overview import overview
from fusion.export.report.pdf import report_pdf
from fusion.export.report.pictures import PLANES, PictureText, picture
from fusion.export.tables import reading_document, write_json, write_table
from fusion.facets import Localisation
from fusion.findings import Finding, worst_first
from fusion.findings.readings import (
    DECIDED_ON_ANOTHER_ALIGNMENT,
    IMAGES_NOT_COPIED,
    NO_SEGMENTATION,
    NO_UPTAKE_REGION,
    NOT_EXPORTED,
)
from fusion.pathway import NOT_ASSESSED, Unanswered, assessment_json
from fusion.plain_text import plain
from fusion.progress import Progress, ProgressCallback
from fusion.review import Review
from fusion.software import versions

#: Side of the field that a picture of one joint shows, mm.
FIELD_MM = 90.0
_PICTURE_PX = 420
#: Where rows and columns of the pictures point, in the order of :data:`PLANES`.
ORIENTATIONS = ("L", "P"), ("L", "F"), ("P", "F")


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


def hand_on(
    review: Review,
    reading: Reading | None,
    folder: str | Path,
    *,
    point_lps: npt.ArrayLike | None = None,
    localisation: Localisation | None = None,
    deidentify: Deidentifier | None = None,
    with_images: bool = False,
    progress: ProgressCallback | None = None,
) -> Handed:
    """Write every form of a study and its reading.

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
        The joints as they are numbered now, to hold side and level of every target against.
    deidentify : Deidentifier, optional
        Take identity out of everything that is written (docs/exports.md).
    with_images : bool
        Write de-identified copies of the CT and of the functional series too.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Returns
    -------
    Handed

    Raises
    ------
    AnnotationError
        The reading is of another study, or of other data than those open; or the anatomy gives a
        target of a draft another side or level now.
    FusionError
        The folder cannot be written; or copies are asked for without de-identification; or the
        folder of a de-identified export holds something.
    """
    report = Progress(progress)
    target = Path(folder)
    if with_images and deidentify is None:
        raise FusionError("Copies of the images are only written de-identified.")
    try:
        if deidentify is None:
            return _Work(
                review, reading, target, report, point_lps=point_lps, localisation=localisation
            ).done()
        _need_empty(target)
        try:
            return _deidentified(
                review,
                reading,
                target,
                report,
                point_lps=point_lps,
                localisation=localisation,
                how=deidentify,
                with_images=with_images,
            )
        except BaseException:
            # Half of it still tells when it was made, and looks like the whole.
            _empty(target)
            raise
    except OSError as exc:
        raise FusionError(
            f"The export could not be written to {folder}: {disk_reason(exc)}. Free some space "
            "or choose another folder."
        ) from exc


def _need_empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise FusionError(
            f"{folder} is not empty. A de-identified export needs a folder of its own, so that "
            "nothing lies beside it that still names the patient."
        )


def _empty(folder: Path) -> None:
    """Remove what was written into a folder that was empty before."""
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(OSError):  # the rest is removed all the same, and what stays is said below
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    if folder.is_dir() and any(folder.iterdir()):
        raise FusionError(
            f"{folder} holds a part of a de-identified export that was stopped, and could not be "
            "emptied. It is not complete: delete it."
        )


def _deidentified(
    review: Review,
    reading: Reading | None,
    folder: Path,
    progress: Progress,
    *,
    point_lps: npt.ArrayLike | None,
    localisation: Localisation | None,
    how: Deidentifier,
    with_images: bool,
) -> Handed:
    readers = Readers()
    clean_reading = reading and deidentified_reading(reading, how, readers)
    clean = deidentified_review(review, how, readers)
    handed = _Work(
        clean,
        clean_reading,
        folder,
        progress.part(0.0, 0.7 if with_images else 1.0),
        point_lps=point_lps,
        localisation=localisation,
        deidentifier=how,
    ).done()
    settle(handed.paths, how)
    paths, findings = handed.paths, [*about_this(how), *handed.findings]
    if with_images:
        try:
            paths += write_images(clean, folder, progress.part(0.7, 1.0))
        except DicomError as exc:
            findings.append(IMAGES_NOT_COPIED(reason=str(exc)))
    return Handed(paths, worst_first(findings))


class _Work:
    def __init__(
        self,
        review: Review,
        reading: Reading | None,
        folder: Path,
        progress: Progress,
        *,
        point_lps: npt.ArrayLike | None,
        localisation: Localisation | None,
        deidentifier: Deidentifier | None = None,
    ) -> None:
        self.doubts = doubts_about_levels(reading, localisation)
        self.deidentifier = deidentifier
        self.review = review
        self.reading = reading
        self.folder = folder
        self.progress = progress
        self.point_lps = point_lps
        self.paths: list[Path] = []
        self.findings: list[Finding] = list(self.doubts)
        found = reading.targets if reading else ()
        self.targets = sorted(found, key=lambda target: JOINTS.index(target.joint))
        self.header = review.pair.ct.plan.frames[0].instance.dataset
        self.study_instance_uid = review.study.study_instance_uid

    @property
    def positive(self) -> list[Target]:
        return [t for t in self.targets if t.decision is Decision.POSITIVE]

    def done(self) -> Handed:
        self._check()
        self.folder.mkdir(parents=True, exist_ok=True)
        # The fused volume, the Registration, and the three planes.
        outputs = write_review(
            self.review,
            self.folder,
            point_lps=self.point_lps,
            progress=self.progress.part(0.0, 0.5),
        )
        self.paths += outputs.paths
        said = self.reading.anomalies if self.reading else ()
        plan = plan_blocks(self.targets, fused={said.level for said in said if said.level})
        self.progress(0.5, "Drawing the joints")
        pictures = [self._pictures(target) for target in self.positive]
        whole = overview(
            self.review.fused,
            self.targets,
            spect_label=self.review.spect_label,
            simulated=self.review.simulated,
            warnings=tuple(finding.message for finding in self.doubts),
        )
        regions = [uptake_region(target, self.review.fused) for target in self.positive]
        self.progress(0.7, "Writing DICOM objects")
        self._attempt("structured report", "structured_report.dcm", self._structured_report)
        self._segmentation(regions)
        self._captures(pictures, whole)
        self.progress(0.85, "Writing the report")
        self._report(plan, pictures, whole)
        self._tables(plan, regions)
        self.progress(1.0, "Done")
        return Handed(tuple(self.paths), worst_first(self.findings))

    def _check(self) -> None:
        """Refuse a reading of other data: its points would be shown on the wrong pictures."""
        if self.reading is None:
            return
        now = StudyKey.of(self.review.fused.ct, self.review.fused.spect)
        differences = changed_input(self.reading.study, now)
        if not self.reading.study.same_series(now) or differences:
            why = " ".join(finding.message for finding in differences)
            raise AnnotationError(
                "The reading was made on other data than those that are open, so nothing was "
                f"exported. {why}".strip()
            )
        in_use = self.review.fused.registration
        others = [
            target.joint.name
            for target in self.targets
            if target.registration.matrix
            # A bent neck has a matrix for each place.
            != RegistrationSnapshot.of(in_use, target.point_lps).matrix
        ]
        if others:
            self.findings.append(DECIDED_ON_ANOTHER_ALIGNMENT(joints=tuple(others)))

    def _attempt(self, what: str, name: str, write: Callable[[Path], None]) -> None:
        path = self.folder / name
        path.unlink(missing_ok=True)  # never leave an older file where none could be written
        try:
            write(path)
        except FusionError as exc:
            self.findings.append(NOT_EXPORTED(what=what, reason=str(exc)))
        else:
            self.paths.append(path)

    def _words(self, title: str) -> PictureText:
        return PictureText(
            title=title,
            spect_label=self.review.spect_label,
            simulated=self.review.simulated,
            warnings=tuple(f.message for f in (*self.doubts, *self.review.assumptions)),
        )

    def _pictures(self, target: Target) -> Pictures:
        images = tuple(
            picture(
                self.review.fused,
                axis,
                point_lps=target.point_lps,
                words=self._words(target.joint.name),
                field_mm=FIELD_MM,
                side_px=_PICTURE_PX,
            )
            for axis in range(len(PLANES))
        )
        return Pictures(f"{target.joint.name}, {', '.join(PLANES)}", images)

    def _structured_report(self, path: Path) -> None:
        review, reading = self.review, self.reading
        images = [slice_image(review.fused.spect, review.pair.spect, 0)]
        numbers = slices_at(review.fused.ct, [target.point_lps for target in self.targets])
        images += [slice_image(review.fused.ct, review.pair.ct, k) for k in numbers]
        source = ReportSource(
            header=self.header,
            images=images,
            reader=reading.reader if reading else "",
            statements=(
                self._status(),
                *(finding.message for finding in self.doubts),
                self._pathway_words(),
            ),
            is_final=bool(reading and reading.finalised),
            simulated=review.simulated,
            suv_proven=review.fused.spect.suvbw_per_unit is not None,
        )
        write_structured_report(path, self.targets, source)

    def _status(self) -> str:
        if self.reading is None:
            return "Nobody has recorded a decision on this study."
        opened = self.reading.opened
        final = self.reading.finalised
        if final is None:
            return f"Draft, version {opened.version}, not finalised."
        return (
            f"Version {opened.version}, finalised by {plain(final.reader)}, "
            f"{said_moment(final.time)} UTC."
        )

    def _assessment(self) -> dict[str, Any] | None:
        """Return the answer stored with the reading, else the one given with the study."""
        event = self.reading.pathway if self.reading else None
        if event is not None and isinstance(event.change, PathwayAnswered):
            return event.change.assessment
        if event is not None and isinstance(event.change, PathwayLeftOut):
            return Unanswered(event.change.reason, event.reader, event.time).to_json()
        given = self.review.assessment
        return None if given is None else assessment_json(given)

    def _pathway_words(self) -> str:
        assessment = self._assessment()
        if assessment is None:
            return NOT_ASSESSED
        return plain(str(assessment.get("words") or assessment["text"]))

    def _segmentation(self, regions: list[UptakeRegion]) -> None:
        filled = [region for region in regions if not region.is_empty]
        for region in regions:
            if region.is_empty:
                self.findings.append(NO_UPTAKE_REGION(joint=region.target.joint.name))
        path = self.folder / "uptake_regions.dcm"
        if not filled:
            path.unlink(missing_ok=True)
            self.findings.append(NO_SEGMENTATION())
            return
        self._attempt(
            "segmentation",
            path.name,
            lambda path: write_segmentation(
                path, filled, fused=self.review.fused, ct=self.review.pair.ct
            ),
        )

    def _captures(self, pictures: list[Pictures], whole: Any) -> None:
        for old in self.folder.glob("picture_[0-9][0-9].dcm"):
            old.unlink()
        captures = [Capture("Overview", ORIENTATIONS[1], whole)]
        captures += [
            Capture(f"{target.joint.name}, {PLANES[axis]}", ORIENTATIONS[axis], image)
            for target, shown in zip(self.positive, pictures, strict=True)
            for axis, image in enumerate(shown.images)
        ]
        paths, selection = write_captures(
            self.folder,
            captures,
            source=self.header,
            study_instance_uid=self.study_instance_uid,
        )
        self.paths += [*paths, selection]

    def _report(self, plan: BlockPlan, pictures: list[Pictures], whole: Any) -> None:
        report = self._content(plan, pictures, whole)
        html = self.folder / "report.html"
        html.write_text(report_html(report), "utf-8")
        content = report_pdf(report)
        pdf = self.folder / "report.pdf"
        pdf.write_bytes(content)
        wrapped = self.folder / "report_pdf.dcm"
        write_encapsulated_pdf(wrapped, content, source=self.header)
        self.paths += [html, pdf, wrapped]

    def _content(self, plan: BlockPlan, pictures: list[Pictures], whole: Any) -> Report:
        review = self.review
        return make_report(
            ReportFacts(
                patient=review.patient,
                study=(
                    ("Study date", said_date(review.study.date) or "not stated"),
                    ("Study", plain(review.study.description) or "not stated"),
                    ("CT", _series(review.fused.ct.source.description, review.fused.ct.grid.shape)),
                    (
                        review.spect_label,
                        _series(
                            review.fused.spect.source.description, review.fused.spect.grid.shape
                        )
                        + f", {review.fused.spect.unit}",
                    ),
                    ("Reading", self._status()),
                    ("Reader", plain(self.reading.reader) if self.reading else "none"),
                ),
                done=self._done(),
                assumptions=(*self.doubts, *review.assumptions),
                findings=self._findings(),
                reading=self.reading,
                assessment=self._assessment(),
                plan=plan,
                pictures=tuple(pictures),
                overview=Pictures("The neck from the front, with the decisions", (whole,)),
                simulated=review.simulated,
            )
        )

    def _findings(self) -> tuple[Finding, ...]:
        """Everything to be said in a file; those of the review are clean already."""
        own = tuple(self.findings)
        if self.deidentifier is not None:
            own = plain_findings(own, self.deidentifier)
        return (*own, *self.review.findings)

    def _done(self) -> tuple[str, ...]:
        review, reading = self.review, self.reading
        said = [
            f"The {review.spect_label} was put onto the CT by: "
            f"{review.fused.registration.method.value}"
            + (
                f" ({review.fused.registration.status.value})"
                if review.fused.registration.status
                else ""
            )
            + ".",
        ]
        if reading is not None and reading.alignment is not None:
            event = reading.alignment
            said.append(f"Alignment reviewed by {plain(event.reader)}.")
        else:
            said.append("The alignment has not been reviewed by a reader.")
        if reading is not None and reading.numbering is not None:
            confirmed = reading.numbering.change.words
            said.append(f"{_sentence(confirmed)} ({plain(reading.numbering.reader)}).")
        else:
            said.append("The numbering of the levels has not been confirmed by a reader.")
        said += _said_of_spine(reading)
        pathway = reading.pathway if reading else None
        if pathway is not None and isinstance(pathway.change, PathwayLeftOut):
            said.append(f"{_sentence(pathway.change.words)}.")
        if self.positive:
            said.append(f"Regions of uptake: {RULE}")
        return tuple(said)

    def _tables(self, plan: BlockPlan, regions: list[UptakeRegion]) -> None:
        review = self.review
        assessment = self._assessment()
        path = self.folder / "reading.json"
        about = {
            "simulated": review.simulated,
            "study_instance_uid": self.study_instance_uid,
            "patient": {
                "name": review.patient.name,
                "id": review.patient.patient_id,
                "birth_date": review.patient.birth_date,
                "sex": review.patient.sex,
            },
            "registration": json.loads(json.dumps(review.fused.registration.to_json())),
            "pathway": assessment_json(None) if assessment is None else assessment,
            "blocks": plan.to_json(),
            "uptake_regions": {
                "rule": RULE,
                "regions": [
                    {
                        "joint": region.target.joint.name,
                        "target_id": region.target.target_id,
                        "voxels": int(region.mask.sum()),
                        "maximum": None if region.is_empty else region.maximum,
                    }
                    for region in regions
                ],
            },
            "findings": [f.to_json() for f in worst_first(self._findings())],
            "software": versions(),
        }
        write_json(path, reading_document(self.reading, about=about))
        rows = self.folder / "joints.csv"
        write_table(rows, self.targets, study_instance_uid=self.study_instance_uid)
        self.paths += [path, rows]


def _said_of_spine(reading: Reading | None) -> list[str]:
    """Return what the reader said about the spine itself; it decides the levels."""
    if reading is None:
        return []
    said = [f"{_sentence(anomaly.words)}." for anomaly in reading.anomalies]
    if reading.clicks:
        said.append(f"Vertebrae named by the reader: {', '.join(reading.clicks)}.")
    if reading.moved:
        moved = sorted(reading.moved, key=JOINTS.index)
        said.append(f"Joints placed by the reader: {', '.join(j.name for j in moved)}.")
    return said


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _series(description: str, shape: tuple[int, int, int]) -> str:
    size = " × ".join(str(n) for n in shape)
    return f"{plain(description) or 'no description'}, {size} voxels"
