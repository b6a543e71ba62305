"""Earlier readings: structured reports of this program that an archive holds of a person.

A reading is offered, with whose it is and how to use it. Nothing of it is taken over here: a
report is read for what it states of itself, and not kept.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from fusion.archive.held.identifiers import Identifiers, identifiers
from fusion.archive.held.inbox import place_of
from fusion.archive.model import Archive, FoundSeries, FoundStudy
from fusion.dicom import PARSE_ERRORS, ReportVersion, items, standing, text
from fusion.errors import ArchiveError, DicomError
from fusion.plain_text import iso_date, person_name, plain

_OURS = "facetfusion"
_OBSERVER = "121008"  # Person Observer Name (DCM)


@dataclass(frozen=True, slots=True)
class EarlierReading:
    """A reading that was sent to an archive, as its structured report states it.

    Parameters
    ----------
    study : FoundStudy
        That it is of, as the archive states it.
    stated : FoundStudy
        Whose it is by the report itself.
    reader : str
        Who read.
    date : str
        Of its last change, ``YYYYMMDD``.
    version : str
        In words, for example ``"Version 2, amends version 1"``.
    which : ReportVersion
        The report, and those that it amends.
    source : Path or None
        Where the report will lie when its study was fetched, if it has to be named: the study
        holds several. Else None.
    """

    study: FoundStudy
    stated: FoundStudy
    reader: str
    date: str
    version: str
    which: ReportVersion
    source: Path | None = None

    @property
    def words(self) -> str:
        """Whose, when, which version, final or not, and of which study."""
        about = f"of the study of {iso_date(self.study.date) or 'an unknown day'}"
        said = plain(self.study.description)
        return (
            f"a reading by {self.reader or 'a reader that is not named'}, {self.version}, "
            f"{'final' if self.which.is_final else 'not final'}, last changed "
            f"{iso_date(self.date) or 'on an unknown day'}, {about}{f' ({said})' if said else ''}"
        )

    def use(self, archive: str, under_review: str) -> tuple[str, ...]:
        """Return the commands that take it in, and hold its date against another.

        Parameters
        ----------
        archive : str
            Its name in archives.toml.
        under_review : str
            Study Instance UID of the study under review, which is not compared with itself.
        """
        address = f"archive:{archive}/{self.study.study_instance_uid}"
        which = "" if self.source is None else f' --from "{self.source}"'
        first = f"facetfusion import {address}{which} --reader NAME"
        if self.study.study_instance_uid == under_review:
            return (first,)
        return first, f"facetfusion compare {address} PATH"


def earlier_readings(
    archive: Archive, study: FoundStudy, series: Iterable[FoundSeries], *, inbox: Path
) -> tuple[EarlierReading, ...]:
    """Return the readings of a study that no other takes the place of.

    Parameters
    ----------
    archive : Archive
        Asked for the structured reports of the study, which are not kept.
    study : FoundStudy
        Which.
    series : iterable of FoundSeries
        Of the study.
    inbox : Path
        Where studies arrive.

    Raises
    ------
    ArchiveError
        The archive does not hand its reports out, or not all of them came: the one that takes the
        place of another may be missing.
    """
    uid = study.study_instance_uid
    reports = {one.series_instance_uid for one in series if one.modality == "SR"}
    wanted = [
        one
        for one in (archive.objects(uid).values() if reports else ())
        if one.series_instance_uid in reports
        and one.sop_class_uid in (Comprehensive3DSRStorage, "")
    ]
    asked = {one.sop_instance_uid for one in wanted}
    came: set[str] = set()
    found: dict[str, EarlierReading] = {}

    def keep(sop_instance_uid: str, content: bytes) -> bool:
        stated = Identifiers(uid, sop_instance_uid)
        if sop_instance_uid not in asked or identifiers(content) != stated:
            return False
        try:
            reading = _read(content, study)
        except (*PARSE_ERRORS, DicomError, AttributeError, TypeError):
            return False  # damaged: it may be the one that takes another's place
        came.add(sop_instance_uid)
        if reading is not None:
            found[sop_instance_uid] = reading
        return True

    why = archive.fetch(uid, wanted, keep) if wanted else ""
    if came != asked:
        raise ArchiveError(
            f"{len(asked - came)} of {len(asked)} reports did not come, or are damaged"
            f"{f' ({why})' if why else ''}"
        )
    stand = standing([one.which for one in found.values()])
    last = sorted(stand, key=lambda one: (found[one].date, one))
    if len(last) < 2:
        return tuple(found[one] for one in last)
    return tuple(replace(found[one], source=place_of(inbox, uid, one)) for one in last)


def _read(content: bytes, study: FoundStudy) -> EarlierReading | None:
    """Return what a structured report of this program states of itself; None for others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they quote what they complain of
        ds = dcmread(io.BytesIO(content), stop_before_pixels=True)
        if ds.get("SOPClassUID") != Comprehensive3DSRStorage or not _is_ours(ds):
            return None
        return EarlierReading(
            study=study,
            stated=FoundStudy.of(ds),
            reader=_observer(ds),
            date=text(ds, "ContentDate"),
            version=_version(ds),
            which=ReportVersion.of(ds),
        )


def _is_ours(ds: Dataset) -> bool:
    return text(ds, "Manufacturer") == text(ds, "ManufacturerModelName") == _OURS


def _version(ds: Dataset) -> str:
    """Return what stands before the description; whether it is final is stated elsewhere."""
    words = plain(text(ds, "SeriesDescription")).partition(":")[0]
    return words.removesuffix(", DRAFT") or "a version that is not stated"


def _observer(ds: Dataset) -> str:
    for item in items(ds, "ContentSequence"):
        if any(
            text(one, "CodeValue") == _OBSERVER for one in items(item, "ConceptNameCodeSequence")
        ):
            return person_name(text(item, "PersonName"))
    return ""
