"""What is looked for in an archive, and searches that are kept. Knows nothing of widgets.

Kept searches name no patient: what was looked for tells who was examined.
"""

from __future__ import annotations

import datetime as dt
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from fusion.archive import Query, described
from fusion.errors import ArchiveError
from fusion.plain_text import iso_date, person_name, plain

if TYPE_CHECKING:
    from fusion.archive import Archive, FoundStudy

SCHEMA_VERSION = 1
#: Studies that are listed; whoever looks for more has to say more of what is looked for.
MOST_LISTED = 500
#: Modalities that can be asked for.
MODALITIES = ("NM", "PT", "CT")
#: Spans of days that can be asked for: words, and days back from today; None for any.
SPANS: tuple[tuple[str, int | None], ...] = (
    ("any date", None),
    ("today", 0),
    ("since yesterday", 1),
    ("last 7 days", 6),
    ("last 30 days", 29),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for.

    Parameters
    ----------
    name : str
        Under which it is kept; empty for one that is not.
    days : int or None
        Today and so many days before; None for any date.
    modalities : tuple of str
        The study has to hold every one of them.
    neck : bool
        Studies whose description names another region only are left out.
    """

    name: str = ""
    days: int | None = None
    modalities: tuple[str, ...] = ()
    neck: bool = False


#: What a reader of SPECT/CT looks for every day.
BUILT_IN = (
    Wanted(name="Today, NM and CT, neck", days=0, modalities=("NM", "CT"), neck=True),
    Wanted(name="Today, NM and CT", days=0, modalities=("NM", "CT")),
    Wanted(name="Last 7 days, NM and CT, neck", days=6, modalities=("NM", "CT"), neck=True),
    Wanted(name="Last 7 days, PET and CT, neck", days=6, modalities=("PT", "CT"), neck=True),
)


@dataclass(frozen=True, slots=True)
class FoundStudies:
    """What an archive holds of it.

    Parameters
    ----------
    archive : str
        Its name.
    studies : tuple of FoundStudy
        The latest first.
    left_out : int
        Studies that are not listed: they lack a modality, or their description names another
        region.
    """

    archive: str
    studies: tuple[FoundStudy, ...]
    left_out: int

    @property
    def words(self) -> str:
        """How much was found."""
        count = len(self.studies)
        said = f"{count} stud{'y' if count == 1 else 'ies'} in the archive {self.archive}."
        if self.left_out:
            said += f" {self.left_out} more without these modalities, or of another region."
        if not count:
            said += " Ask for more days, fewer modalities, or another spelling of the name."
        return said


def search(
    archive: Archive, asked: Wanted, *, patient_id: str = "", name: str = "", today: dt.date
) -> FoundStudies:
    """Search an archive.

    Parameters
    ----------
    archive : Archive
        Where.
    asked : Wanted
        For what.
    patient_id : str
        Letter by letter.
    name : str
        Of the patient, or how it begins.
    today : datetime.date
        From which days are counted.

    Raises
    ------
    ArchiveError
        Nothing was said, or more was found than can be looked through; or the archive refuses.
    """
    dates = ""
    if asked.days is not None:
        first = today - dt.timedelta(days=asked.days)
        dates = f"{first:%Y%m%d}" + ("" if first == today else f"-{today:%Y%m%d}")
    name = name.strip()
    query = Query(
        patient_id=patient_id.strip(),
        patient_name=name if not name or "*" in name else f"{name}*",
        dates=dates,
        modality=asked.modalities[0] if asked.modalities else "",
    )
    if not (query.patient_id or query.patient_name or query.dates):
        raise ArchiveError(
            "Say what to look for: a patient's ID or name, or days. A whole archive is not listed."
        )
    found = archive.studies(query)
    listed = [one for one in found if _is_meant(one, asked)]
    if len(listed) > MOST_LISTED:
        raise ArchiveError(
            f"{len(listed)} studies match, more than can be looked through. Ask for fewer days, or "
            "for a patient."
        )
    listed.sort(key=lambda one: (one.date, one.study_instance_uid), reverse=True)
    return FoundStudies(archive.name, tuple(listed), len(found) - len(listed))


def _is_meant(study: FoundStudy, asked: Wanted) -> bool:
    # An archive that does not tell the modalities is not taken to lack them.
    if study.modalities and not set(asked.modalities) <= set(study.modalities):
        return False
    return not asked.neck or described(study.modalities, study.description).is_neck is not False


def cells(study: FoundStudy) -> tuple[str, ...]:
    """Return a found study as a row of text: date, patient, ID, birth, modalities, count, words."""
    patient = study.patient
    return (
        iso_date(study.date) or "no date",
        person_name(patient.name) or "no name",
        plain(patient.patient_id) or "no ID",
        iso_date(patient.birth_date) or "not stated",
        ", ".join(study.modalities) or "not stated",
        "?" if study.count is None else str(study.count),
        plain(study.description) or "no description",
    )


# ---- Kept ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """What the file holds."""

    schema_version: int
    searches: tuple[Wanted, ...]


_FORM = TypeAdapter(_File)


class KeptSearches:
    """Searches of this user, after those that come with the program.

    Parameters
    ----------
    path : Path
        The file; it may be absent.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def all(self) -> tuple[Wanted, ...]:
        """Every search with a name; of a file that cannot be read, none."""
        try:
            own = _FORM.validate_json(self.path.read_bytes()).searches
        except (OSError, ValidationError):
            own = ()
        return (*BUILT_IN, *own)

    def keep(self, asked: Wanted, name: str) -> Wanted:
        """Keep a search under a name, in the place of one of the same name.

        Raises
        ------
        ArchiveError
            It has no name, that of one that comes with the program, or cannot be written.
        """
        kept = replace(asked, name=plain(name)[:60])
        if not kept.name or kept.name in {one.name for one in BUILT_IN}:
            raise ArchiveError("Give the search a name of its own, for example: Tuesday, NM.")
        own = [one for one in self.all[len(BUILT_IN) :] if one.name != kept.name]
        whole = _File(schema_version=SCHEMA_VERSION, searches=(*own, kept))
        beside = self.path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(_FORM.dump_json(whole, indent=1))
            beside.replace(self.path)
        except OSError as exc:
            with suppress(OSError):
                beside.unlink()
            raise ArchiveError(f"The search cannot be kept ({exc.strerror}).") from exc
        return kept
