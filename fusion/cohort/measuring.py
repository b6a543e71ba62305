"""One study, in a process of its own: found, paired, opened, measured, and put to its place."""

from __future__ import annotations

import re
import shutil
import signal
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fusion.annotations import InputKey
from fusion.cohort.outcomes import StudyOutcome, StudyResult
from fusion.cohort.places import StudyPlace, opened_path
from fusion.cohort.rows import about, joint_rows
from fusion.cohort.settings import Parameters, digest_of
from fusion.cohort.store import Store
from fusion.deidentified import Deidentifier, Readers, deidentified_review, plain_findings
from fusion.dicom import Catalog, Kind, Series, Study, pair, scan
from fusion.errors import (
    ArchiveError,
    ChoiceNeeded,
    DicomError,
    FusionError,
    GeometryError,
    PairingError,
    ProgramFault,
    RegistrationFailed,
    SpacingNeeded,
    as_fault,
)
from fusion.facets import Localisation, Numbering, locate
from fusion.findings import Severity, worst_first
from fusion.findings.alignment import DIFFERENT_FRAMES
from fusion.findings.files import MORE_UNREADABLE, UNREADABLE
from fusion.json_form import from_json
from fusion.opening import OpenOptions, open_study
from fusion.registration import Trust
from fusion.review import Review
from fusion.software import versions
from fusion.temporary import PrivateFolder
from fusion.uptake import Quantification, assess

#: Words of file names and of what devices call things, which may name somebody.
_FILE = re.compile(r"\S+\.(?:dcm|dic|dicom|ima|zip|img|nii)\b", re.IGNORECASE)
_UID = re.compile(r"\b\d+(?:\.\d+){3,}\b")
_REMOVED = "[removed]"
#: So many damaged files are told in a sentence.
_MOST_DAMAGE = 2
#: A description that is one of these alone says nothing about anybody.
_HARMLESS = frozenset(
    [
        "ct",
        "nm",
        "pt",
        "pet",
        "spect",
        "mr",
        "head",
        "neck",
        "bone",
        "axial",
        "study",
        "series",
        "volume",
        "volumes",
        "image",
        "images",
        "file",
        "files",
        "slice",
        "slices",
        "original",
        "primary",
        "derived",
        "secondary",
    ]
)
PROVISIONAL = (
    "The levels are provisional: nothing in this CT proves them. A person has to name a vertebra."
)
NOT_TRUSTED = (
    "The alignment of the two images is not to be trusted. A person has to look at it before "
    "any value is used."
)
NO_JOINT = "No joint was found on the CT."


class _Clock:
    """How long each step takes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.monotonic()

    def lap(self, step: str) -> None:
        now = time.monotonic()
        self.seconds[step] = round(now - self._since, 3)
        self._since = now


def do(order: dict[str, Any]) -> dict[str, Any]:
    """Do one order of :mod:`fusion.cohort.one`; return what its parent has to know.

    Parameters
    ----------
    order : dict
        ``out``, ``place``, ``place_id``, ``parameters``, ``unit`` (number of the pair, or null),
        ``copy_first``.

    Returns
    -------
    dict
        ``units``, the number of pairs, where there are several and none was asked for; else
        the fields of :class:`fusion.cohort.store.Unit`.
    """
    place = from_json(StudyPlace, order["place"], error=FusionError, what="The order is damaged")
    how = from_json(Parameters, order["parameters"], error=FusionError, what="The order is damaged")
    work = _Work(Store(order["out"]), place, how, copy_first=order["copy_first"])
    return work.unit(order["unit"])


class _Work:
    def __init__(
        self, store: Store, place: StudyPlace, how: Parameters, *, copy_first: bool
    ) -> None:
        self.store, self.place, self.how, self.copy_first = store, place, how, copy_first
        self.clock = _Clock()
        self.scratch: PrivateFolder | None = None
        self.catalog: Catalog | None = None
        self.number = 0

    def unit(self, number: int | None) -> dict[str, Any]:
        try:
            path = self._brought()
            meant = OpenOptions(spect=self.place.spect or None, spacing_mm=self.place.spacing_mm)
            catalog = scan(path, spacing_mm=meant.spacings)
            self.clock.lap("scan")
            units = [catalog] if self.place.is_chosen else units_of(catalog)
            if number is None and len(units) > 1:
                return {"units": len(units)}
            self.number = number or 0
            self.catalog = units[self.number]
            return self._measured(self.catalog)
        except (MemoryError, SystemExit, KeyboardInterrupt):
            raise
        except Exception as exc:
            if _is_memory(exc):
                raise MemoryError from exc
            known = exc if isinstance(exc, FusionError) else as_fault(exc)
            reply = self._refused(known, exc)
            return reply | {"is_lasting": not isinstance(exc, ArchiveError)}

    def _brought(self) -> str | Path:
        if not self.copy_first or self.place.path.startswith("archive:"):
            return opened_path(self.place, self.place.path)
        self.scratch = PrivateFolder()
        source, target = Path(self.place.path), self.scratch.path / "study"
        if source.is_dir():
            shutil.copytree(source, target, ignore=_irregular)
        else:
            target = target.with_suffix(source.suffix)
            shutil.copyfile(source, target)
        self.clock.lap("copy")
        return target

    def _measured(self, catalog: Catalog) -> dict[str, Any]:
        options = OpenOptions(
            ct=self.place.ct or None,
            spect=self.place.spect or None,
            register=self.how.register,
            ignore_stored_registration=self.how.ignore_stored_registration,
        )
        review = open_study(catalog, options=options)
        self.clock.lap("open")
        key = key_of(review, self.how)
        # Two folders may hold the same images: one of them is measured, the other waits.
        self._wait_for(key)
        kept = self.store.result(key)
        if kept is not None:
            return _reply(key, kept.outcome, kept.sentence)
        self.store.note("begun", key)
        # Nobody looks at a cohort study by study.
        review = review.with_checked_alignment()
        self.clock.lap("alignment")
        found = locate(review.fused.ct)
        self.clock.lap("joints")
        if all(facet.center_lps is None for facet in found.facets):
            return self._kept(key, "pixels", StudyOutcome.REFUSED, NO_JOINT, review)
        try:
            uptake = assess(
                found.facets,
                review.fused.spect,
                review.fused.registration,
                ct=review.fused.ct,
                reference=self.how.reference,
                settings=self.how.proposals,
            )
        except GeometryError as exc:
            return self._kept(key, "pixels", StudyOutcome.REFUSED, str(exc), review)
        self.clock.lap("uptake")
        why = needs_a_person(review, found, uptake)
        outcome = StudyOutcome.NEEDS_A_PERSON if why else StudyOutcome.OK
        return self._kept(key, "pixels", outcome, why, review, found, uptake)

    def _wait_for(self, key: str) -> None:
        """Lock a key until this process ends; waiting for its twin takes nothing of its time."""
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        self.store.lock(f"k{key}", wait=True)
        signal.setitimer(signal.ITIMER_REAL, left)

    def _refused(self, known: FusionError, original: Exception) -> dict[str, Any]:
        """Keep why a study could not be measured."""
        content = digest_of([self.place.content(), self.number])
        key = digest_of(["files", content, self.how.digest])
        outcome = self._outcome_of(known)
        said = str(known)
        kept = self.store.result(key)
        if kept is not None and kept.outcome is outcome is not StudyOutcome.CRASHED:
            return _reply(key, outcome, said)  # of a run that was killed before it could say so
        if outcome is StudyOutcome.UNREADABLE and isinstance(known, PairingError):
            said = " ".join((said, *(one for one in damage_of(self.catalog) if one not in said)))
        if isinstance(known, ProgramFault):
            traceback.print_exception(original)
        return self._kept(key, "files", outcome, said, None)

    def _outcome_of(self, error: FusionError) -> StudyOutcome:
        if isinstance(error, ProgramFault):
            return StudyOutcome.CRASHED
        if isinstance(error, SpacingNeeded | ChoiceNeeded):
            return StudyOutcome.NEEDS_A_PERSON
        if isinstance(error, DicomError | ArchiveError):
            return StudyOutcome.UNREADABLE
        if isinstance(error, PairingError) and holds_unreadable(self.catalog):
            return StudyOutcome.UNREADABLE
        if isinstance(error, GeometryError | RegistrationFailed) and self._is_question():
            return StudyOutcome.NEEDS_A_PERSON
        return StudyOutcome.REFUSED

    def _is_question(self) -> bool:
        """Whether a pair was chosen, and only where the two images lie to each other is asked."""
        if self.catalog is None:
            return False
        try:
            chosen = pair(self.catalog, ct=self.place.ct or None, spect=self.place.spect or None)
        except FusionError:
            return False
        return any(finding.kind is DIFFERENT_FRAMES for finding in chosen.findings)

    def _kept(
        self,
        key: str,
        known_by: str,
        outcome: StudyOutcome,
        said: str,
        review: Review | None,
        found: Localisation | None = None,
        uptake: Quantification | None = None,
    ) -> dict[str, Any]:
        part = self.store.part()
        how = Deidentifier()
        findings: list[dict[str, str]] = []
        has_page = False
        if review is not None:
            every = worst_first(
                (
                    *review.findings,
                    *(found.findings if found else ()),
                    *(uptake.findings if uptake else ()),
                )
            )
            findings = [one.to_json() for one in worst_first(plain_findings(every, how))]
            if self.how.pages and found is not None and uptake is not None:
                from fusion.cohort.pages.study_page import write_study_page

                clean = deidentified_review(review, how, Readers())
                write_study_page(
                    part, clean, found, uptake, key=key, outcome=outcome, findings=findings
                )
                has_page = True
        self.clock.lap("page")
        sentence = without_names(said, self._names()) if said else ""
        result = StudyResult(
            key=key,
            known_by=known_by,
            outcome=outcome,
            sentence=sentence,
            about=about(review, found, uptake),
            joints=tuple(joint_rows(review, found, uptake)),
            findings=tuple(findings),
            seconds=self.clock.seconds,
            has_page=has_page,
            software=versions(),
        )
        self.store.keep_result(result, part)
        self.store.note("done", key, outcome.value.replace(" ", "-"))
        return _reply(key, outcome, said)

    def _names(self) -> Iterator[str]:
        """Yield everything that a sentence might take from these files."""
        yield from Path(self.place.label).parts
        path = Path(self.place.path)
        yield from path.parts
        if path.is_dir():
            for one in path.rglob("*"):
                yield one.name
                yield str(one.relative_to(path))
        for study in self.catalog.studies if self.catalog else ():
            yield from _of_study(study)


def _reply(key: str, outcome: StudyOutcome, said: str) -> dict[str, Any]:
    return {"key": key, "outcome": outcome.value, "said": said, "is_lasting": True}


def units_of(catalog: Catalog) -> list[Catalog]:
    """Return a catalog for each pair that one place holds; one at least.

    A study that holds both a CT and a functional series is a pair. Beside such studies, one with a
    functional series or something unreadable and no pair is listed too, so that it has its row; a
    CT alone is an earlier examination.
    """
    whole, damaged = [], []
    for study in catalog.studies:
        kinds = {series.kind for series in study.series}
        is_functional = any(kind.is_functional for kind in kinds)
        if Kind.CT in kinds and is_functional:
            whole.append(study)
        elif is_functional or Kind.UNREADABLE in kinds:
            damaged.append(study)
    if not whole:
        return [catalog]
    return [Catalog(catalog.path, (study,), catalog.findings) for study in (*whole, *damaged)]


def key_of(review: Review, how: Parameters) -> str:
    """Return the hash of what is measured, how, and by which version; no identity in it.

    Beside every voxel it holds what else decides the result: unit, place, alignment, and what the
    headers say about the tracer (as Findings).
    """
    volumes = [
        [
            InputKey.of(volume).pixels_sha256,
            InputKey.of(volume).geometry_sha256,
            volume.unit,
            repr(volume.suvbw_per_unit),
            sorted(finding.code for finding in volume.findings),
        ]
        for volume in (review.fused.ct, review.fused.spect)
    ]
    registration = review.fused.registration
    alignment = [
        registration.method.value,
        registration.status.value if registration.status else None,
        [repr(float(v)) for v in registration.transform.matrix.ravel()],
    ]
    return digest_of(["pixels", volumes, alignment, how.digest])


def needs_a_person(review: Review, found: Localisation, uptake: Quantification) -> str:
    """Say what a person has to decide before a value is used; empty for nothing."""
    said = [PROVISIONAL] if found.numbering is Numbering.PROVISIONAL else []
    if review.fused.registration.status is Trust.DO_NOT_TRUST:
        said.append(NOT_TRUSTED)
    about_all = (*review.findings, *found.findings, *uptake.findings)
    said += [one.message for one in worst_first(about_all) if one.severity is Severity.ERROR]
    return " ".join(dict.fromkeys(said))


def holds_unreadable(catalog: Catalog | None) -> bool:
    """Whether something that cannot be read may be what is missing, or nothing is an image."""
    if catalog is None or not catalog.studies:
        return True
    series = [one for study in catalog.studies for one in study.series]
    return any(one.kind is Kind.UNREADABLE for one in series) or bool(damage_of(catalog))


def damage_of(catalog: Catalog | None) -> tuple[str, ...]:
    """Return what is said of files that cannot be read, :data:`_MOST_DAMAGE` of them."""
    if catalog is None:
        return ()
    series = [one for study in catalog.studies for one in study.series]
    findings = [*catalog.findings, *(f for one in series for f in one.findings)]
    findings += [f for one in series for plan in one.volumes for f in plan.findings]
    told = [f.message for f in findings if f.kind in (UNREADABLE, MORE_UNREADABLE)]
    return tuple(dict.fromkeys(told))[:_MOST_DAMAGE]


def without_names(sentence: str, names: Iterable[str]) -> str:
    """Return a sentence without what files are called and what their headers say.

    Parameters
    ----------
    sentence : str
        In the words of the program, with names of files, series or studies among them.
    names : iterable of str
        Everything that may be among them.
    """
    said = _UID.sub(_REMOVED, sentence)
    for name in sorted({name.strip() for name in names}, key=len, reverse=True):
        if len(name) > 1 and name.casefold() not in _HARMLESS and name in said:
            said = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", _REMOVED, said)
    return _FILE.sub(_REMOVED, said)


def _of_study(study: Study) -> Iterator[str]:
    patient = study.patient
    yield from (patient.name, patient.patient_id, patient.birth_date, study.description)
    yield from re.split(r"[\s^=,]+", patient.name)
    yield from (study.date, f"{study.date[:4]}-{study.date[4:6]}-{study.date[6:]}")
    for series in study.series:
        yield from _of_series(series)


def _of_series(series: Series) -> Iterator[str]:
    yield series.description
    yield from (plan.description for plan in series.volumes)
    yield from (instance.label for instance in series.instances)


def _is_memory(exc: BaseException) -> bool:
    cause: BaseException | None = exc
    while cause is not None:
        text = str(cause)
        if isinstance(cause, MemoryError) or "bad_alloc" in text or "Cannot allocate" in text:
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _irregular(folder: str, names: list[str]) -> set[str]:
    """Name what is no file and no folder: a pipe would never end."""
    paths = {name: Path(folder) / name for name in names}
    return {n for n, p in paths.items() if p.is_symlink() or not (p.is_file() or p.is_dir())}
