"""What every archive can be asked, and what it answers."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from pydicom.dataset import Dataset

from fusion.dicom import Patient, text, texts
from fusion.errors import ArchiveError

_DATES = r"|[0-9]{8}|[0-9]{8}-([0-9]{8})?|-[0-9]{8}"
#: Character sets of one byte, in which archives hold names; letters of others are lost there.
_ONE_BYTE = ("ascii", *(f"iso8859_{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 15)))
#: A UID as PS3.5 section 9 writes it; nothing else from the network is used as one.
UID_PATTERN = r"[0-9]{1,64}|(?=[0-9.]{1,64}$)[0-9]+(?:\.[0-9]+)+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is looked for; an empty field matches everything.

    Parameters
    ----------
    study_instance_uid, patient_id, patient_name : str
        As DICOM matches them; ``*`` and ``?`` stand for letters in a name.
    dates : str
        One day or a span, ``20240101-20240131``.
    modality : str
        That a study holds, for example ``"NM"``.

    Raises
    ------
    ArchiveError
        The dates are written in another way; an archive may take them for none or for any.
    """

    study_instance_uid: str = ""
    patient_id: str = field(default="", repr=False)
    patient_name: str = field(default="", repr=False)
    dates: str = ""
    modality: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(_DATES, self.dates):
            raise ArchiveError(
                f"Expected a day or days as 20240131, 20240101-20240131 or 20240101-; found "
                f"{self.dates!r:.40}."
            )


@dataclass(frozen=True, slots=True)
class FoundStudy:
    """One study as the archive describes it; nothing of it was checked against its images.

    Parameters
    ----------
    study_instance_uid : str
        Its UID.
    patient : Patient
        Whose it states to be.
    issuer : str
        Who issued the patient ID; empty when not stated.
    date, description : str
        As stated.
    modalities : tuple of str
        That it holds.
    count : int or None
        Number of objects; None when the archive does not tell.
    """

    study_instance_uid: str
    patient: Patient
    issuer: str
    date: str
    description: str
    modalities: tuple[str, ...]
    count: int | None

    @classmethod
    def of(cls, answer: Dataset) -> FoundStudy:
        """Take one answer to a search."""
        stated = text(answer, "NumberOfStudyRelatedInstances")
        return cls(
            study_instance_uid=text(answer, "StudyInstanceUID"),
            patient=Patient.of(answer),
            issuer=text(answer, "IssuerOfPatientID"),
            date=text(answer, "StudyDate"),
            description=text(answer, "StudyDescription"),
            modalities=tuple(texts(answer, "ModalitiesInStudy")),
            count=int(stated) if stated.isdecimal() and len(stated) < 10 else None,
        )


@dataclass(frozen=True, slots=True)
class FoundSeries:
    """One series as the archive describes it."""

    series_instance_uid: str
    modality: str
    description: str
    body_part: str
    date: str

    @classmethod
    def of(cls, answer: Dataset) -> FoundSeries:
        """Take one answer to a search."""
        return cls(
            series_instance_uid=text(answer, "SeriesInstanceUID"),
            modality=text(answer, "Modality"),
            description=text(answer, "SeriesDescription"),
            body_part=text(answer, "BodyPartExamined"),
            date=text(answer, "SeriesDate"),
        )


@dataclass(frozen=True, slots=True)
class Listed:
    """One object that the archive says it has.

    Parameters
    ----------
    sop_instance_uid, series_instance_uid, sop_class_uid : str
        Which, where and what.
    also_in : tuple of str
        Series Instance UIDs under which the archive lists the same identifier once more.
    """

    sop_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    also_in: tuple[str, ...] = ()

    @classmethod
    def by_uid(cls, rows: Iterable[Listed]) -> dict[str, Listed]:
        """Take what an archive lists; one that stands in several series counts for the largest."""
        by_uid: dict[str, list[Listed]] = {}
        for row in rows:
            by_uid.setdefault(row.sop_instance_uid, []).append(row)
        sizes = Counter(one.series_instance_uid for same in by_uid.values() for one in same)
        found = {}
        for uid, same in by_uid.items():
            same.sort(key=lambda one: (-sizes[one.series_instance_uid], one.series_instance_uid))
            found[uid] = replace(
                same[0], also_in=tuple(one.series_instance_uid for one in same[1:])
            )
        return found


#: Keeps what arrived: given the UID of an object and its bytes as a file, says whether it was
#: wanted and whole.
Keep = Callable[[str, bytes], bool]
#: Called while something comes of which nothing is kept; may raise what ends the fetching.
GoingOn = Callable[[], None]
#: Told of each file: its path, and an empty string or why it was not taken.
Told = Callable[[Path, str], None]


class NotReached(ArchiveError):  # noqa: N818 - a state of the archive, not a fault
    """Nothing answers where the archive should be; what it holds is not known."""


class NotOffered(ArchiveError):  # noqa: N818 - likewise
    """The archive answers, and does nothing of what was asked."""


class Archive(Protocol):
    """An archive; a way to it is opened for each question and closed again."""

    name: str

    def studies(self, query: Query) -> tuple[FoundStudy, ...]:
        """Search for studies."""

    def series(self, study_instance_uid: str) -> tuple[FoundSeries, ...]:
        """List the series of a study."""

    def objects(self, study_instance_uid: str) -> dict[str, Listed]:
        """List every object of a study by its UID."""

    def fetch(
        self,
        study_instance_uid: str,
        wanted: Sequence[Listed],
        keep: Keep,
        going_on: GoingOn | None = None,
    ) -> str:
        """Fetch objects; what does not come is not kept, and why is said where the archive does."""

    def store(self, files: Sequence[Path], told: Told) -> None:
        """Send files."""

    def commit(self, files: Mapping[str, str]) -> dict[str, bool] | None:
        """Ask the archive to answer for objects (UID: class); None where it cannot be asked."""


def letters_lost(answered: str, ours: str) -> bool:
    """Whether an archive answers a name without its letters: with "?", others or none for them.

    Parameters
    ----------
    answered : str
        The name as the archive states it.
    ours : str
        As the images state it.
    """
    if ours.isascii():
        return False
    if "?" in answered and "?" not in ours:
        return _intact_letters_agree(answered, ours)
    pairs = [(a, b) for a, b in zip(answered.split("="), ours.split("="), strict=False) if a]
    return any(
        kept != b and a.strip("^ ") == kept.strip("^ ")
        for a, b in pairs
        for kept in (b.encode(one, "ignore").decode(one) for one in _ONE_BYTE)
    )


def _intact_letters_agree(answered: str, ours: str) -> bool:
    """Whether a name with "?" in it is ours: each "?" stands where we have a letter to lose."""
    for theirs, own in zip(answered.split("="), ours.split("="), strict=False):
        pairs = zip(_components(theirs), _components(own), strict=False)
        if not all(_may_be_kept_as(a, b) for a, b in pairs if a):
            return False
    return True


def _components(name: str) -> list[str]:
    return [part.strip() for part in unicodedata.normalize("NFC", name.casefold()).split("^")]


def _may_be_kept_as(theirs: str, own: str) -> bool:
    """Whether letters of ASCII stand as they are, and others so, plain, as "?" or not at all."""
    ends = {0}  # how much of theirs may be read so far
    for letter in own:
        kept = {end + 1 for end in ends if theirs[end : end + 1] == letter}
        if not letter.isascii():
            plain = "".join(one for one in unicodedata.normalize("NFKD", letter) if one.isascii())
            kept |= ends | {end + len(plain) for end in ends if theirs.startswith(plain, end)}
            kept |= {
                end
                for start in kept
                for end in range(start, len(theirs) + 1)
                if set(theirs[start:end]) <= {"?"}
            }
        ends = kept
    return len(theirs) in ends


def lost_words(name: str) -> str:
    """Say that an archive does not keep the letters of a name, and what to do.

    Parameters
    ----------
    name : str
        Of the archive.
    """
    return (
        f"The archive {name} does not keep the letters of this patient's name: it answers with "
        "others, or none, in their place, so it cannot be said whether the studies there are of "
        "the same person. Ask who looks after the archive to let it keep names in UTF-8; for "
        "Orthanc the page on archives of the manual says how."
    )


def only_study(archive: Archive, study_instance_uid: str) -> FoundStudy:
    """Return a study by its UID.

    Raises
    ------
    ArchiveError
        The archive has none such or several, or answers with another.
    """
    found = archive.studies(Query(study_instance_uid=study_instance_uid))
    stated = [one.study_instance_uid for one in found]
    if len(stated) > 1 and set(stated) == {study_instance_uid}:
        raise ArchiveError(
            f"The archive {archive.name} has {len(stated)} studies with this identifier, filed "
            "under several patients or several times; whose it is cannot be said. Ask who looks "
            "after the archive to merge them."
        )
    if stated != [study_instance_uid]:
        raise ArchiveError(
            f"The archive {archive.name} has no study with this identifier. Look for it with: "
            f"facetfusion archive find {archive.name}"
        )
    return found[0]


def each(answers: Iterator[Any], make: Callable[[Dataset], Any]) -> tuple[Any, ...]:
    """Turn the answers to a search into a tuple."""
    made = []
    for answer in answers:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they quote what they complain of: birth dates, names
            made.append(make(answer))
    return tuple(made)
