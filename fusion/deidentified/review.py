"""An opened study whose headers, findings and names hold no identity."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import Any

from fusion.anatomy import JOINTS, LEVELS, VERTEBRAE
from fusion.deidentified.profile import Deidentifier
from fusion.deidentified.reading import REMOVED, WITHHELD, Readers, deidentified_answer, described
from fusion.dicom import (
    UNITS,
    Candidate,
    Catalog,
    FrameRef,
    Instance,
    Patient,
    Series,
    Study,
    text,
)
from fusion.findings import DateText, Finding, FromFile, PersonName, Severity
from fusion.findings.alignment import PATIENT_MISMATCH_OVERRIDDEN
from fusion.findings.readings import DE_IDENTIFIED, DE_IDENTIFIED_FOR_SUV, FACE_NOT_REMOVED
from fusion.fused import Fused
from fusion.geometry import Grid, Volume
from fusion.pathway import Assessment, Unanswered, check, facts_from_values
from fusion.review import Review

#: Study Description of synthetic data: what is shown must go on saying so.
SIMULATED = "SIMULATED, not a patient"
#: Text that identifies nobody, wherever it comes from.
_OF_NOBODY = frozenset({"", *VERTEBRAE, *LEVELS, *(joint.name for joint in JOINTS), *UNITS})
#: Stands in a Finding for somebody, and for a date.
_INSTEAD = {PersonName: "a named person", DateText: "[date removed]"}
#: Stands where the words of a Finding are those of a file or a person.
_WITHHELD_WORDS = (
    "A finding ({code}) about the original files; its words are withheld, because they may name "
    "files or people."
)


def about_this(how: Deidentifier) -> tuple[Finding, ...]:
    """Return what a reader of a de-identified export must know."""
    about = DE_IDENTIFIED_FOR_SUV if how.keeps_suv else DE_IDENTIFIED
    return (about(), FACE_NOT_REMOVED())


def plain_findings(findings: tuple[Finding, ...], how: Deidentifier) -> tuple[Finding, ...]:
    """Return Findings without what identifies somebody.

    Numbers, names of joints, units and words of this program stay; text of files and people goes.
    Where nothing else would be left, what is merely informative is left out.

    Parameters
    ----------
    findings : tuple of Finding
        As found.
    how : Deidentifier
        Of the whole export.
    """
    return tuple(plain for finding in findings if (plain := _plain_finding(finding, how)))


def _plain_finding(finding: Finding, how: Deidentifier) -> Finding | None:
    kind = finding.kind
    values = {
        name: _plain_value(value, name in kind.ours.split()) for name, value in finding.values
    }
    nothing_left = kind.words.strip("{}") in values and REMOVED in values.values()
    if not nothing_left and (how.keeps_suv or not kind.of_patient):
        return kind(**values)
    if kind.severity < Severity.WARNING:
        return None
    return replace(kind, words=_WITHHELD_WORDS.format(code=kind.code), ours="")()


def _plain_value(value: Any, is_ours: bool) -> Any:
    if isinstance(value, tuple):
        return tuple(_plain_value(one, is_ours) for one in value)
    if isinstance(value, FromFile):
        return _INSTEAD.get(type(value), REMOVED)
    return value if isinstance(value, Real) or is_ours or value in _OF_NOBODY else REMOVED


def deidentified_review(review: Review, how: Deidentifier, readers: Readers) -> Review:
    """Return the same study, as it is open, without identity.

    Parameters
    ----------
    review : Review
        As opened, with its Registration.
    how : Deidentifier
        Of the whole export.
    readers : Readers
        Of the whole export.
    """
    return _Work(review, how, readers).done()


class _Work:
    def __init__(self, review: Review, how: Deidentifier, readers: Readers) -> None:
        self.review = review
        self.how = how
        self.readers = readers
        self.instances: dict[int, Instance] = {}
        # Files of one patient may state the identity in more than one way. Those of two, put
        # together by a named person, stay two.
        self.are_two = any(f.kind is PATIENT_MISMATCH_OVERRIDDEN for f in review.pair.findings)
        first = how.header(review.pair.ct.header)
        self.patient = first.PatientName, first.PatientID

    def done(self) -> Review:
        review = self.review
        ct = self._candidate(review.pair.ct, "CT")
        spect = self._candidate(review.pair.spect, review.spect_label)
        in_use = review.fused.registration
        registration = replace(
            in_use,
            lasting_findings=plain_findings(in_use.lasting_findings, self.how),
            origin_findings=plain_findings(in_use.origin_findings, self.how),
            choice_findings=plain_findings(in_use.choice_findings, self.how),
        )
        fused = Fused(
            self._volume(review.fused.ct, "CT"),
            self._volume(review.fused.spect, review.spect_label),
            registration,
            interpolation=review.fused.interpolation,
        )
        pair = replace(
            review.pair,
            ct=ct,
            spect=spect,
            reasons=(),
            findings=plain_findings(review.pair.findings, self.how),
        )
        reviewed_by = review.alignment_reviewed_by
        return replace(
            review,
            catalog=Catalog("", (ct.study,)),
            pair=pair,
            fused=fused,
            opening_findings=(
                *about_this(self.how),
                *plain_findings(review.opening_findings, self.how),
            ),
            assessment=self._assessment(),
            alignment_reviewed_by=reviewed_by and self.readers.name(reviewed_by),
        )

    def _assessment(self) -> Assessment | Unanswered | None:
        given = self.review.assessment
        if given is None:
            return None
        reader, time = self.readers.name(given.reader), self.how.moment(given.time)
        if isinstance(given, Unanswered):
            return Unanswered(REMOVED, reader, time)
        answer = deidentified_answer(given.to_json(), self.how, self.readers)
        if answer is None:
            return Unanswered(WITHHELD, reader, time)
        return Assessment(check(facts_from_values(answer["facts"])), reader, time)

    def _candidate(self, candidate: Candidate, label: str) -> Candidate:
        frames = tuple(
            FrameRef(self._instance(frame.instance, label), frame.index)
            for frame in candidate.plan.frames
        )
        header = frames[0].instance.dataset
        plan = replace(
            candidate.plan,
            description=label,
            frames=frames,
            grid=candidate.plan.grid and self._grid(candidate.plan.grid),
            unit=described("unit", candidate.plan.unit),
            suvbw_per_unit=self._suv(candidate.plan.suvbw_per_unit),
            findings=plain_findings(candidate.plan.findings, self.how),
        )
        series = Series(
            self.how.uid(candidate.series.series_instance_uid),
            candidate.series.modality,
            candidate.series.kind,
            label,
            tuple({id(frame.instance): frame.instance for frame in frames}.values()),
            (plan,),
            plain_findings(candidate.series.findings, self.how),
        )
        study = Study(
            self.how.uid(candidate.study.study_instance_uid),
            Patient.of(header),
            text(header, "StudyDate"),
            text(header, "StudyDescription"),
            (series,),
            plain_findings(candidate.study.findings, self.how),
        )
        return Candidate(study, series, plan)

    def _instance(self, instance: Instance, label: str) -> Instance:
        if id(instance) not in self.instances:
            header = self.how.header(instance.dataset)
            header.SOPInstanceUID = self.how.uid(instance.sop_instance_uid)
            if not self.are_two:
                header.PatientName, header.PatientID = self.patient
            if self.review.simulated:
                header.StudyDescription = SIMULATED
            name = f"{label.lower()}_{len(self.instances) + 1:04d}.dcm"
            # Where the original lies may name the patient, and nothing made from this needs it.
            self.instances[id(instance)] = Instance(
                Path(name), name, header, instance.transfer_syntax_uid, None
            )
        return self.instances[id(instance)]

    def _suv(self, factor: float | None) -> float | None:
        # With the dose, which stays, the factor would give the weight away.
        return factor if self.how.keeps_suv or factor == 1.0 else None

    def _grid(self, grid: Grid) -> Grid:
        frame = grid.frame_of_reference_uid
        return replace(grid, frame_of_reference_uid=frame and self.how.uid(frame))

    def _volume(self, volume: Volume, label: str) -> Volume:
        source = volume.source
        return replace(
            volume,
            grid=self._grid(volume.grid),
            unit=described("unit", volume.unit),
            source=replace(
                source,
                study_instance_uid=self.how.uid(source.study_instance_uid),
                series_instance_uid=self.how.uid(source.series_instance_uid),
                sop_instance_uids=tuple(map(self.how.uid, source.sop_instance_uids)),
                description=label,
            ),
            suvbw_per_unit=self._suv(volume.suvbw_per_unit),
            findings=plain_findings(volume.findings, self.how),
        )
