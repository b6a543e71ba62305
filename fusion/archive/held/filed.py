"""Under whom an archive files a study, and whose its files here state to be."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.datadict import tag_for_keyword

from fusion.archive.held.identifiers import values
from fusion.archive.held.inbox import Inbox, hashed, stamp_at, written
from fusion.archive.model import letters_lost
from fusion.dicom import (
    PARSE_ERRORS,
    Patient,
    damage_told,
    identity_conflicts,
    patient_ids_agree,
)
from fusion.errors import DicomError

_IDENTITY = ["SpecificCharacterSet", "PatientName", "PatientID", "PatientBirthDate", "PatientSex"]
_IDENTITY_TAGS = frozenset(filter(None, map(tag_for_keyword, _IDENTITY)))
#: What is read of a file to see whose it is; one whose header is longer is read as a whole.
_HEAD_BYTES = 2**16


class Filed:
    """Under whom an archive files a study now, held against whose its files here state to be.

    An archive that corrects whose a study is keeps its identifiers, so that by them alone what
    came before the correction would stand for what came after it. But some correct their list and
    not their files: what came since and states the other patient still is noted, not asked for
    again each time.
    """

    def __init__(self, inbox: Inbox, study: str, patient: Patient) -> None:
        self._place = _filed_note(inbox, study)
        self._patient = patient
        stated = [patient.patient_id, patient.name, patient.birth_date, patient.sex]
        self._key = hashed(json.dumps(stated))
        #: What was found for those who are written alike: of a study nearly all files are.
        self._known: dict[tuple[tuple[int, bytes], ...], list[str] | None] = {}
        self._has_lost_letters = False
        noted = _noted(self._place)
        self._came = noted["files"] if noted["patient"] == self._key else {}

    def is_old(self, path: Path) -> bool:
        """Whether a file states another patient or is damaged, and did not come like that now."""
        return not self._is_noted(path) and self._differing(path) is not None

    def note(self, came: Iterable[Path]) -> None:
        """Note what of that which came is still otherwise; nothing is said of what is not."""
        folder = self._place.parent / self._place.stem
        kept = {name: said for name, said in self._came.items() if self._is_noted(folder / name)}
        for path in came:
            kept.pop(path.name, None)
            differing = self._differing(path)
            if differing is not None:
                kept[path.name] = {"state": stamp_at(path), "differing": differing}
        if kept:
            written(self._place, json.dumps({"patient": self._key, "files": kept}))
        else:
            self._place.unlink(missing_ok=True)

    def contradicted(self, name: str) -> Iterator[str]:
        """Say in what the list of the archive contradicts what came from it."""
        noted = _noted(self._place)["files"].values()
        found = dict.fromkeys(part for said in noted for part in said["differing"])
        if found:
            yield (
                f"The archive {name} lists this study under another patient than its files state, "
                f"also after they were fetched anew; what differs: {', '.join(found)}. "
                "Make sure whose it is, and ask who looks after the archive to correct it."
            )
        if self._has_lost_letters:
            yield (
                f"The archive {name} lists this study under a name with others, or none, in the "
                "place of letters that the files state, so the names cannot be held against each "
                "other. Ask who looks after the archive to let it keep names in UTF-8."
            )

    def _is_noted(self, path: Path) -> bool:
        noted = self._came.get(path.name)
        return noted is not None and noted["state"] == stamp_at(path)

    def _differing(self, path: Path) -> list[str] | None:
        """Return in what a file differs, nothing for a damaged one; None where it does not."""
        try:
            with path.open("rb") as file:
                stated = values(file.read(_HEAD_BYTES), _IDENTITY_TAGS)
        except (OSError, MemoryError):
            return None  # of this machine or not there; it says nothing about what the file holds
        key = None if stated is None else tuple(sorted(stated.items()))
        if key is None or key not in self._known:
            found = self._compared(path)
            if key is None or found == []:
                return found
            self._known[key] = found
        return self._known[key]

    def _compared(self, path: Path) -> list[str] | None:
        try:
            with damage_told(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they quote what they complain of
                header = dcmread(path, specific_tags=_IDENTITY, stop_before_pixels=True)
            stated = Patient.of(header)
        except (OSError, MemoryError):
            return None
        except (*PARSE_ERRORS, DicomError):
            return []
        differing = identity_conflicts(stated, self._patient)
        if letters_lost(self._patient.name, stated.name):
            self._has_lost_letters = True
            differing = [one for one in differing if one != "name"]
        ids = stated.patient_id, self._patient.patient_id
        if not differing and all(ids) and not patient_ids_agree(*ids):
            differing = ["patient ID (only in capitals or blanks)"]
        return differing or None


def _filed_note(inbox: Inbox, study: str) -> Path:
    return inbox.root / f"{hashed(study)}.filed"


def _noted(place: Path) -> dict[str, Any]:
    try:
        noted = json.loads(place.read_text("utf-8"))
        files = {
            name: {
                "state": tuple(said["state"]),
                "differing": [str(part) for part in said["differing"]],
            }
            for name, said in noted["files"].items()
        }
        return {"patient": noted["patient"], "files": files}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {"patient": "", "files": {}}
