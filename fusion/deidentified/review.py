"""An opened study whose headers, findings and names hold no identity."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fusion.deidentified.profile import Deidentifier
from fusion.deidentified.reading import REMOVED, WITHHELD, Readers, deidentified_answer, described
from fusion.dicom import Candidate, Catalog, FrameRef, Instance, Patient, Series, Study, text
from fusion.findings import Finding, Severity, info, warning
from fusion.fused import Fused
from fusion.geometry import Grid, Volume
from fusion.pathway import Assessment, Unanswered, check, facts_from_values
from fusion.review import Review

#: Findings whose words are this program's own, with numbers and names of attributes at most. A
#: new code has to be looked at before its words may leave.
PLAIN_CODES = frozenset(
    [
        "ct-attenuation-map",
        "ct-straightened",
        "decay-reference-assumed",
        "decided-on-another-alignment",
        "decided-on-another-numbering",
        "different-frames",
        "different-studies",
        "dose-unit",
        "frame-pointer-missing",
        "gantry-tilt",
        "half-life-disagrees",
        "images-ask-elsewhere",
        "labels-disputed",
        "levels-provisional",
        "levels-unchecked",
        "little-overlap",
        "lossy-compression",
        "manual-adjustment",
        "manual-shift",
        "mapping-range",
        "mapping-without-unit",
        "neck-correction-in-use",
        "no-segmentation",
        "no-uptake-region",
        "patient-mismatch",
        "patient-not-compared",
        "philips-suv-factor",
        "pixel-padding",
        "pixel-padding-ignored",
        "possible-neck-motion",
        "registered",
        "registration-not-needed",
        "registration-rejected",
        "registration-same-frame",
        "rescale-in-nm",
        "rescale-missing",
        "second-method-agrees",
        "second-method-disagrees",
        "second-method-silent",
        "series-after-acquisition",
        "several-patients",
        "several-studies",
        "shared-frame",
        "slice-count-missing",
        "slice-positions-coarse",
        "slice-positions-rounded",
        "slice-vector-missing",
        "stored-registration-by-images",
        "stored-registration-checked",
        "stored-registration-doubted",
        "stored-registration-ignored",
        "stored-registration-large",
        "stored-registration-of-others",
        "stored-registration-rounded",
        "study-uid-missing",
        "top-level-geometry",
        "unit-missing",
        "user-geometry",
        "user-spacing-doubtful",
        "user-spacing-not-used",
    ]
)
#: The same for Findings that state a patient characteristic.
SUV_CODES = frozenset({"suv-inputs", "suv-not-available", "injection-date-assumed"})
#: Findings that name a person or a date, in words without them.
REWORDED = {
    "frame-stated-by-user": "The files do not say that the CT and the functional volume share a "
    "Frame of Reference; they are placed as if they did, on the word of a named person. Check the "
    "alignment.",
    "patient-mismatch-overridden": "The CT and the functional volume state different patients; "
    "combined on the responsibility of a named person.",
    "different-dates": "The CT and the functional volume are of different days; posture and "
    "uptake may differ.",
}
#: Study Description of synthetic data: what is shown must go on saying so.
SIMULATED = "SIMULATED, not a patient"
_ABOUT = "Names, identifiers, notes and private data were removed (DICOM PS3.15 Basic Profile)."
_DATES = (
    " Dates and times were removed too; 1900-01-01 stands where there has to be one.",
    " Every date was moved by the same unknown number of days, times of day stay, and weight, "
    "size, sex and age were kept, so that SUV can be computed.",
)
_FACE = (
    "CT images of a neck can show the face, by which people can be recognised; pictures and images "
    "were not defaced. Text burned into the images, if there is any, was not looked for."
)


def about_this(how: Deidentifier) -> tuple[Finding, ...]:
    """Return what a reader of a de-identified export must know."""
    about = info("de-identified", _ABOUT + _DATES[how.keeps_suv])
    return (about, warning("face-not-removed", _FACE))


def plain_findings(findings: tuple[Finding, ...], how: Deidentifier) -> tuple[Finding, ...]:
    """Return Findings in words that identify nobody; what is merely informative may be left out.

    Parameters
    ----------
    findings : tuple of Finding
        As found.
    how : Deidentifier
        Of the whole export.
    """
    plain = []
    for finding in findings:
        if finding.code in PLAIN_CODES or (finding.code in SUV_CODES and how.keeps_suv):
            plain.append(finding)
        elif finding.code in REWORDED:
            plain.append(replace(finding, message=REWORDED[finding.code]))
        elif finding.severity >= Severity.WARNING:
            message = (
                f"A finding ({finding.code}) about the original files; its words are withheld, "
                "because they may name files or people."
            )
            plain.append(replace(finding, message=message))
    return tuple(plain)


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
        self.are_two = any(f.code == "patient-mismatch-overridden" for f in review.pair.findings)
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
            unit=described(candidate.plan.unit),
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
            unit=described(volume.unit),
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
