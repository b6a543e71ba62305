"""What this user opened before, and how far each reading is.

A file of the user's, beside the journal: where the study is, when it was opened, and its
identifier, by which the journal knows its readings. No name, no birth date, no number of a patient.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from fusion.annotations import Journal, default_path
from fusion.archive import is_address, parse_address
from fusion.errors import AnnotationError
from fusion.plain_text import iso_date
from viewer.kit.text import clock, shortened
from viewer.reading.words import known_state

if TYPE_CHECKING:
    from fusion.review import Review

#: How many studies are remembered.
REMEMBERED = 20
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentStudy:
    """One study that was opened.

    Parameters
    ----------
    path : str
        Folder, zip or DICOMDIR; or the address of a study in an archive.
    study_instance_uid : str
        DICOM identifier.
    ct, spect : str
        Identifiers of the series that were shown.
    date : str
        Of the study, as the files have it; may be empty.
    opened : datetime
        When it was opened last.
    """

    path: str
    study_instance_uid: str
    ct: str
    spect: str
    date: str
    opened: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """What the file holds."""

    schema_version: int
    studies: tuple[RecentStudy, ...]


_FORM = TypeAdapter(_File)


class RecentStudies:
    """The list of studies that were opened, the last one first.

    Parameters
    ----------
    journal : Path, optional
        The journal that keeps the readings; the list stands beside it. That of the user by default.
    """

    def __init__(self, journal: Path | None = None) -> None:
        self._journal = journal or default_path()
        self.path = self._journal.with_name("recent.json")

    @property
    def studies(self) -> tuple[RecentStudy, ...]:
        """What was opened; nothing where the list cannot be read: no reading hangs on it."""
        try:
            return _FORM.validate_json(self.path.read_bytes()).studies
        except (OSError, ValidationError):
            return ()

    def add(self, path: Path, review: Review) -> None:
        """Remember that a study was opened; a list that cannot be written is left as it is."""
        ct, spect = review.fused.ct.source, review.fused.spect.source
        now = RecentStudy(
            path=str(path if is_address(path) else path.absolute()),
            study_instance_uid=ct.study_instance_uid,
            ct=ct.series_instance_uid,
            spect=spect.series_instance_uid,
            date=review.pair.ct.study.date,
            opened=datetime.now(UTC),
        )
        self._write(now, *(s for s in self.studies if s.path != now.path))

    def forget(self, path: str) -> None:
        """Take a study off the list; nothing else is touched."""
        self._write(*(study for study in self.studies if study.path != path))

    def _write(self, *studies: RecentStudy) -> None:
        whole = _File(schema_version=SCHEMA_VERSION, studies=studies[:REMEMBERED])
        beside = self.path.with_suffix(f".{os.getpid()}.tmp")
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Readable by this user alone: names of folders may tell who was examined.
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(_FORM.dump_json(whole, indent=1))
            beside.replace(self.path)

    def lines(self) -> tuple[tuple[RecentStudy, str], ...]:
        """Return each study with two lines: where it is, and what was read of it, by whom.

        Raises
        ------
        AnnotationError
            The journal cannot be read.
        """
        studies = self.studies
        if not studies or not self._journal.exists():
            return tuple((study, self._line(study, ())) for study in studies)
        with Journal(self._journal) as journal:
            return tuple((study, self._line(study, _read(journal, study))) for study in studies)

    def _line(self, study: RecentStudy, said: tuple[str, ...]) -> str:
        path = Path(study.path)
        if is_address(path):
            there, name = "", f"archive {parse_address(study.path)[0]}"
        else:
            there = "" if path.exists() else "  (not there now)"
            name = shortened("/".join(path.parts[-2:]), 90)
        states = "; ".join(said) or "not read yet"
        dated = f"study of {iso_date(study.date) or 'no date'} · opened {clock(study.opened)}"
        return f"{name}{there}\n{states} · {dated}"


def _read(journal: Journal, study: RecentStudy) -> tuple[str, ...]:
    """Return what was read of a study, the last version of each reading."""
    try:
        found = journal.readings(study.study_instance_uid)
    except AnnotationError as error:
        return (str(error),)
    amended = {reading.opened.amends for reading in found}
    return tuple(
        f"{known_state(reading)}, by {shortened(reading.reader, 40)}"
        for reading in found
        if reading.reading_id not in amended
    )
