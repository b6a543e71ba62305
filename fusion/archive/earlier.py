"""Earlier studies of the same person, proposed as answers to the pathway's facts.

Studies are searched by patient ID and held against issuer, name, birth date and sex. Whatever does
not agree, or cannot be compared, is counted and never shown: it may be another person's. Nothing
here is a fact; each proposal is for a reader to confirm.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from fusion.archive.descriptions import (
    NUCLEAR,
    RADIOGRAPHY,
    Described,
    Exam,
    described,
    kinds_named,
    plain_words,
)
from fusion.archive.model import (
    Archive,
    FoundSeries,
    FoundStudy,
    Query,
    letters_lost,
    lost_words,
)
from fusion.archive.protocols.connecting import connect
from fusion.archive.reports import EarlierReading, earlier_readings
from fusion.archive.settings import read_settings
from fusion.dicom import Patient, Study, names_agree, patient_ids_agree, text
from fusion.errors import ArchiveError
from fusion.pathway import ProposedFact
from fusion.plain_text import iso_date, plain

_NAMES: dict[Exam, tuple[str, str, str]] = {
    "radiographs": ("F14", "radiographs", "Radiographs"),
    "mri": ("F15", "mri", "An MRI"),
    "diagnostic_ct": ("F17", "diagnostic_ct", "A CT"),
}
#: What stands for a name where none is known.
_NOBODY = frozenset(
    {
        *("unknown", "unidentified", "anonymous", "anonymized", "anonymised", "noname", "none"),
        *("nn", "unbekannt", "unbekannte", "unbekannter", "anonym", "inconnu", "inconnue"),
        *("anonyme", "anonymise", "desconocido", "desconocida", "anonimo", "anonima"),
    }
)
#: Older than that is nobody who is examined; whose birth is not known was often "born" in 1900.
_OLDEST_YEARS = 120
_WORD_OF_VIEW = {
    "ap": "anteroposterior",
    "lateral": "lateral",
    "flexion": "flexion",
    "extension": "extension",
}


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose earlier studies are looked for.

    Parameters
    ----------
    patient : Patient
        As the study under review states.
    issuer : str
        Of the patient ID.
    study_instance_uid, date : str
        Of the study under review.
    """

    patient: Patient
    issuer: str
    study_instance_uid: str
    date: str

    @classmethod
    def of(cls, study: Study) -> Whose:
        """Take a study that is open or was scanned."""
        datasets = (one.dataset for series in study.series for one in series.instances)
        issuers = {text(ds, "IssuerOfPatientID") for ds in datasets} - {""}
        if len(issuers) > 1:
            raise ArchiveError(
                "The files of this study state several issuers of the patient ID, so it cannot be "
                "said whose earlier studies to look for."
            )
        return cls(
            study.patient, issuers.pop() if issuers else "", study.study_instance_uid, study.date
        )


@dataclass(frozen=True, slots=True)
class Priors:
    """What an archive holds of a person before a study.

    Parameters
    ----------
    proposals : tuple of ProposedFact
        For the reader to confirm, each with date and source.
    to_compare : tuple of FoundStudy
        Earlier SPECT/CT and PET/CT.
    not_shown : mapping
        Why studies under the same ID are not shown, and how many.
    readings_not_shown : mapping
        Why readings that lie in the studies of this person are not shown, and how many.
    later : int
        Studies of the same person after this one; they are no priors.
    readings : tuple of EarlierReading
        Readings with this program, of this study and of earlier ones; nothing of them is set.
    under_review : str
        Study Instance UID of the study under review.
    unread : tuple of str
        Of which studies no reading can be offered, and why, in sentences.
    """

    proposals: tuple[ProposedFact, ...]
    to_compare: tuple[FoundStudy, ...]
    not_shown: dict[str, int]
    later: int
    readings: tuple[EarlierReading, ...] = ()
    under_review: str = ""
    unread: tuple[str, ...] = ()
    readings_not_shown: dict[str, int] = field(default_factory=dict)

    def reading_words(self, archive: str) -> tuple[str, ...]:
        """Return sentences about the readings, each with how to use it.

        Parameters
        ----------
        archive : str
            Its name in archives.toml.
        """
        lines = []
        for one in self.readings:
            take_in, *compare = one.use(archive, self.under_review)
            lines.append(f"To compare: {one.words}. Look at it and take it in: {take_in}")
            lines += [f"  then hold the two dates against each other: {line}" for line in compare]
        return tuple(lines)

    @property
    def not_shown_words(self) -> tuple[str, ...]:
        """Sentences about what is not shown."""
        lines = [
            f"Not shown: {_number(count, 'study', 'studies')} under the same ID, {_why(reason)}."
            for reason, count in sorted(self.not_shown.items())
        ]
        lines += [
            f"Not shown: {_number(count, 'reading', 'readings')} in a study of this person, "
            f"{_why(reason)}."
            for reason, count in sorted(self.readings_not_shown.items())
        ]
        if self.later:
            lines.append(f"Not shown: {_number(self.later, 'study', 'studies')} after this one.")
        return (*lines, *self.unread)


def priors(archive: Archive, whose: Whose, *, issuer: str = "", inbox: Path) -> Priors:
    """Search an archive for what answers the pathway's facts.

    Parameters
    ----------
    archive : Archive
        Where to look.
    whose : Whose
        The person and the study under review.
    issuer : str
        Who issues the patient IDs of this archive where it does not say so.
    inbox : Path
        Where studies arrive.

    Raises
    ------
    ArchiveError
        The study under review does not state who its patient is well enough; or the archive
        cannot be reached.
    """
    _require_identity(whose.patient)
    found = archive.studies(Query(patient_id=whose.patient.patient_id))
    if any(letters_lost(one.patient.name, whose.patient.name) for one in found):
        raise ArchiveError(f"{lost_words(archive.name)} No earlier study is shown.")
    reasons, of_readings = Counter[str](), Counter[str]()
    later, proposals, to_compare = 0, list[ProposedFact](), list[FoundStudy]()
    readings: list[EarlierReading] = []
    unread: list[str] = []
    for study in sorted(found, key=lambda one: (one.date, one.study_instance_uid)):
        is_itself = study.study_instance_uid == whose.study_instance_uid
        doubts = another_person(whose, study, issuer=issuer)
        if doubts:
            reasons[", ".join(doubts)] += 1
        elif not is_itself and _day(study.date) and _day(whose.date) and study.date > whose.date:
            later += 1
        else:
            series = archive.series(study.study_instance_uid)
            try:
                read = earlier_readings(archive, study, series, inbox=inbox)
            except ArchiveError as exc:
                read = ()
                day = iso_date(study.date) or "an unknown day"
                why = str(exc).removesuffix(".")
                unread.append(f"Readings of the study of {day} are not offered: {why}.")
            for reading in read:
                # Once more: a report may lie in a study that is not its own.
                doubts = another_person(whose, reading.stated, issuer=study.issuer or issuer)
                if doubts:
                    of_readings[", ".join(doubts)] += 1
                else:
                    readings.append(reading)
            for about in () if is_itself else _described(study, series):
                if about.exam == "spect_ct" and about.is_neck is not False:
                    to_compare.append(study)
                proposals += _proposed(study, about, whose.date, archive.name)
    return Priors(
        tuple(dict.fromkeys(proposals)),
        tuple(dict.fromkeys(to_compare)),
        dict(reasons),
        later,
        tuple(readings),
        whose.study_instance_uid,
        tuple(unread),
        dict(of_readings),
    )


def priors_of(study: Study, name: str) -> Priors:
    """Search an archive of archives.toml for what answers the pathway's facts.

    Parameters
    ----------
    study : Study
        Under review.
    name : str
        Of the archive.

    Raises
    ------
    ArchiveError
        As :func:`priors` has it, or there is no such archive.
    """
    settings = read_settings()
    issuer = settings.archive(name).issuer
    inbox = settings.place("inbox")
    return priors(connect(settings, name), Whose.of(study), issuer=issuer, inbox=inbox)


def another_person(whose: Whose, study: FoundStudy, *, issuer: str = "") -> tuple[str, ...]:
    """Return what speaks for another person, or cannot be compared; empty when all agrees.

    Parameters
    ----------
    whose : Whose
        The person looked for.
    study : FoundStudy
        What the archive states.
    issuer : str
        Stands for an issuer that is not stated.
    """
    ours, theirs = whose.patient, study.patient
    doubts = []
    if not patient_ids_agree(ours.patient_id, theirs.patient_id):
        doubts.append("patient ID")
    if (whose.issuer or issuer) != (study.issuer or issuer):
        doubts.append("issuer of the ID")
    if not _is_name(ours.name) or not names_agree(ours.name, theirs.name):
        doubts.append("name")
    if not _is_birth(ours.birth_date) or ours.birth_date != theirs.birth_date:
        doubts.append("birth date")
    if ours.sex and theirs.sex and ours.sex.upper() != theirs.sex.upper():
        doubts.append("sex")
    return tuple(doubts)


def _require_identity(patient: Patient) -> None:
    missing = [
        what
        for what, stated in (
            ("patient ID", patient.patient_id.strip()),
            ("name", _is_name(patient.name)),
            ("birth date", _is_birth(patient.birth_date)),
        )
        if not stated
    ]
    if missing:
        raise ArchiveError(
            f"The study does not state {' and '.join(missing)} of its patient, so earlier studies "
            "in an archive cannot be held against it. None were looked for."
        )
    if re.search(r"[*?\\]", patient.patient_id):
        raise ArchiveError(
            "The patient ID holds a character that archives take for a placeholder (*, ?, \\); "
            "none were looked for."
        )


def _described(study: FoundStudy, series: tuple[FoundSeries, ...]) -> Iterator[Described]:
    """Yield what each kind of imaging in a study is, by its own series.

    Where there are several kinds, the description of the study is only that kind's that it names:
    of the others, and whether contrast was given, their own series alone tell. That an operation
    was done is of no kind.
    """
    stated = {one.modality for one in series} | set(study.modalities)
    kinds = [RADIOGRAPHY & stated, {"MR"} & stated, {"CT"} & stated]
    if stated & NUCLEAR or not any(kinds):
        kinds = [stated]  # the CT of a SPECT/CT is no examination of its own
    kinds = [kind for kind in kinds if kind]
    named = kinds_named(study.description)
    if len(kinds) > 1:
        whole = described(tuple(sorted(stated)), study.description)
        yield replace(whole, exam=None)
    for kind in kinds:
        own = [one for one in series if one.modality in kind]
        texts = [part for one in own for part in (one.description, one.body_part)]
        by_series = described(tuple(sorted(kind)), *texts)
        found = described(tuple(sorted(kind)), study.description, *texts)
        if len(kinds) > 1 and (by_series.is_neck is False or named != {found.exam}):
            found = by_series
        yield found if len(kinds) == 1 else replace(found, contrast=by_series.contrast)


def _proposed(
    study: FoundStudy, about: Described, review_date: str, archive: str
) -> Iterator[ProposedFact]:
    if about.is_neck is False:
        return
    day = iso_date(study.date) if _day(study.date) else ""
    when = f"dated {day}" if day else "without a date"
    where = "of the neck" if about.is_neck else "of a region that the archive does not name"
    order = "" if day and study.date < review_date else _UNSURE
    said = plain(study.description) or "no description"
    source = f'archive {archive}: {"/".join(study.modalities)} "{said}", {when}'
    if about.surgery and about.is_neck:
        yield ProposedFact(
            "F10",
            "prior_cervical_surgery",
            True,
            f"The description of an examination {when} speaks of an operation.{order} Confirm that "
            "the neck was operated on, and when.",
            source,
        )
    if about.exam is None or about.exam == "spect_ct":
        return
    fact, key, name = _NAMES[about.exam]
    verb = "are" if name.endswith("s") else "is"
    diagnostic = " Confirm that it is a diagnostic CT." if key == "diagnostic_ct" else ""
    settle = f"{order}{diagnostic} What {'they' if verb == 'are' else 'it'} showed is for the"
    yield ProposedFact(
        fact, key, None, f"{name} {where} {verb} {when}.{settle} reader to say.", source
    )
    if day:
        yield ProposedFact(fact, f"{key}_date", day, f"{name} {where} {verb} {when}.", source)
    if not about.is_neck:
        return  # of whatever was examined
    for view in _WORD_OF_VIEW:
        if view in about.views:
            words = f"The description speaks of a view: {_WORD_OF_VIEW[view]}."
            yield ProposedFact(fact, f"radiograph_{view}", True, words, source)
    if key == "mri" and about.contrast is not None:
        words = f"The description says that contrast was {'' if about.contrast else 'not '}given."
        yield ProposedFact(fact, "mri_contrast", about.contrast, words, source)


def _number(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _why(reason: str) -> str:
    return f"of another person or not to be told from one ({reason} not the same, or not stated)"


_UNSURE = " The dates do not say whether that was before this study."


def _is_name(written: str) -> bool:
    """Whether it names somebody: two people whose name is not known are not one."""
    said = set(plain_words(written).split())
    # "?" and what stands for undecodable bytes are letters that were lost, so any.
    lost = {"?", "\ufffd"}.intersection(written)
    return any(map(str.isalpha, written)) and not lost and not said & _NOBODY


def _is_birth(written: str) -> bool:
    """Whether it is the birth date of somebody: 00000000 and 19000101 stand for none."""
    return _day(written) and 0 <= dt.date.today().year - int(written[:4]) <= _OLDEST_YEARS


def _day(written: str) -> bool:
    """Whether it is a day of the calendar, as DICOM writes one."""
    try:
        dt.datetime.strptime(written, "%Y%m%d")
    except ValueError:
        return False
    return re.fullmatch(r"[0-9]{8}", written) is not None
