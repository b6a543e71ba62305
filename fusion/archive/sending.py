"""Sending results into the study that they belong to, exactly once, and keeping what came of it.

What is sent is kept in the outbox as it was made, so that a second try sends the same objects. The
archive is asked what it has before anything is sent, and again afterwards.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset

from fusion.annotations import ObjectState
from fusion.archive.held.inbox import hashed, written
from fusion.archive.model import Archive, FoundStudy, letters_lost, lost_words, only_study
from fusion.archive.settings import Settings
from fusion.dicom import Patient, identity_conflicts, names_agree, patient_ids_agree, text
from fusion.errors import ArchiveError, disk_reason
from fusion.progress import Progress, ProgressCallback
from fusion.temporary import begun, sweep

#: Modalities of what is sent: structured report, segmentation, registration, key objects, the
#: report as PDF, pictures. The resampled SPECT stays: it is made from what the archive has.
SENT = frozenset({"SR", "SEG", "REG", "KO", "DOC", "OT"})
_RECORD = "sent.json"
_PART = ".part"
#: Raised when the same reading says more than before: what was made earlier is then not sent again.
_FORM = 2

#: What is said where no answer about storage commitment came.
NOT_ANSWERED = (
    "The archive did not answer for keeping them (storage commitment): it cannot be asked, or did "
    "not answer yet. Send again to ask again; nothing is sent twice."
)
#: Writes the results into an existing folder.
Make = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class Result:
    """One object on its way.

    Parameters
    ----------
    path : Path
        The file in the outbox.
    sop_instance_uid, sop_class_uid, modality : str
        What it is.
    """

    path: Path
    sop_instance_uid: str
    sop_class_uid: str
    modality: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of it.

    Parameters
    ----------
    folder : Path
        What was sent, and its record.
    states : mapping
        State of each object by its UID.
    stored_now : int
        How many had to be sent this time.
    answered : bool
        Whether the archive was asked to answer for them and did.
    """

    folder: Path
    states: Mapping[str, ObjectState]
    stored_now: int
    answered: bool

    @property
    def is_whole(self) -> bool:
        """Whether the archive has everything."""
        return all(state in ("there", "answered for") for state in self.states.values())


def prepared(settings: Settings, key: str, make: Make) -> Path:
    """Return the folder of results in the outbox; they are made once for each key.

    Parameters
    ----------
    settings : Settings
        Say where the outbox is.
    key : str
        Of the reading in its present state.
    make : callable
        Makes them.
    """
    outbox = settings.place("outbox")
    folder = outbox / hashed(f"{_FORM}/{key}")
    if folder.exists():
        return folder
    try:
        outbox.mkdir(mode=0o700, parents=True, exist_ok=True)
        sweep(outbox, f"*{_PART}")
        with begun(outbox / f"{uuid.uuid4().hex}{_PART}") as part:
            made = part / "results"
            make(made)
            made.rename(folder)
    except OSError as exc:
        if folder.exists():  # another window was faster: its objects are those that are sent
            return folder
        raise ArchiveError(f"The results cannot be kept for sending ({disk_reason(exc)}).") from exc
    return folder


def send(archive: Archive, folder: Path, *, progress: ProgressCallback | None = None) -> Sent:
    """Send what an archive does not have of a folder of results, and hold it against its list.

    Parameters
    ----------
    archive : Archive
        That has the study.
    folder : Path
        From :func:`prepared`.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Raises
    ------
    ArchiveError
        The archive does not have the study, or states another patient for it; or it cannot be
        reached. What was sent until then is known the next time.
    """
    report = Progress(progress)
    results, header = _results(folder)
    study = text(header, "StudyInstanceUID")
    report(0.0, "Asking the archive")
    _same_person(only_study(archive, study), header, archive.name)
    record = _Record(folder / _RECORD, archive.name)
    there = archive.objects(study)
    waiting = [one for one in results if one.sop_instance_uid not in there]
    by_path = {one.path: one.sop_instance_uid for one in waiting}
    count = [0]

    def told(path: Path, why: str) -> None:
        record.tried(by_path[path], why)
        count[0] += 1
        report(0.1 + 0.7 * count[0] / len(waiting), "Sending")

    if waiting:
        try:
            archive.store([one.path for one in waiting], told)
        finally:
            record.write()
        there = archive.objects(study)
    for one in results:
        uid = one.sop_instance_uid
        record.settle(uid, "there" if uid in there else record.failure(uid))
    record.write()
    held = [one for one in results if one.sop_instance_uid in there]
    report(0.8, "Asking the archive to answer for it")
    asked = {one.sop_instance_uid: one.sop_class_uid for one in held}
    answers = archive.commit(asked) if held else None
    for uid, answer in (answers or {}).items():
        if uid in asked:
            record.settle(uid, "answered for" if answer else "refused")
    record.write()
    report(1.0, "Sent")
    return Sent(folder, record.states(), len(waiting), answers is not None)


def known_states(folder: Path, archive: str) -> tuple[dict[str, ObjectState], int]:
    """Return how the results of a folder stand with an archive, as far as it was told.

    Parameters
    ----------
    folder : Path
        From :func:`prepared`.
    archive : str
        Its name in archives.toml.

    Returns
    -------
    states : dict of str to str
        By SOP Instance UID.
    taken : int
        How often it took one, over all tries.
    """
    record = _Record(folder / _RECORD, archive)
    uids = [one.sop_instance_uid for one in _results(folder)[0]]
    return {uid: record.state(uid) for uid in uids}, sum(map(record.taken, uids))


def _results(folder: Path) -> tuple[list[Result], Dataset]:
    """Return what is to be sent, and one header of it; all of one study."""
    results, headers = [], []
    for path in sorted(folder.glob("*.dcm")):
        header = dcmread(path, stop_before_pixels=True)
        if text(header, "Modality") in SENT:
            uids = text(header, "SOPInstanceUID"), text(header, "SOPClassUID")
            results.append(Result(path, *uids, text(header, "Modality")))
            headers.append(header)
    if not results:
        raise ArchiveError("There is nothing to send: no result of this study could be written.")
    if len({text(header, "StudyInstanceUID") for header in headers}) != 1:
        raise ArchiveError("The results are of several studies; nothing was sent.")
    return results, headers[0]


def _same_person(found: FoundStudy, header: Dataset, name: str) -> None:
    """Refuse to file results under another person; who it is, is not said."""
    ours, issuer = Patient.of(header), text(header, "IssuerOfPatientID")
    if letters_lost(found.patient.name, ours.name):
        raise ArchiveError(f"{lost_words(name)} Nothing was sent.")
    differing = identity_conflicts(found.patient, ours)
    ids = found.patient.patient_id, ours.patient_id
    if not differing and all(ids) and not patient_ids_agree(*ids):
        differing = ["patient ID (in capitals or blanks)"]
    if issuer and found.issuer and issuer != found.issuer:
        differing.append("issuer of the ID")
    named = found.patient.name or ours.name
    if not differing and named and not names_agree(found.patient.name, ours.name):
        differing = ["name"]
    if differing:
        raise ArchiveError(
            f"The archive {name} states another patient for this study than the images that were "
            f"read: {', '.join(differing)} differ. Nothing was sent. Ask who looks after the "
            "archive whether the study was filed anew, and get it again."
        )


class _Record:
    """What was tried with each object and what came of it, kept beside the files."""

    def __init__(self, path: Path, archive: str) -> None:
        self._path = path
        self._all: dict[str, Any] = {}
        if path.exists():
            self._all = json.loads(path.read_text("utf-8"))
        self._objects: dict[str, Any] = self._all.setdefault(archive, {})

    def tried(self, uid: str, why: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        tries = self._of(uid)["tries"]
        tries.append({"when": now, "outcome": why or "taken"})

    def failure(self, uid: str) -> ObjectState:
        """How an object stands that the archive does not list."""
        tries = self._of(uid)["tries"]
        return "refused" if tries and tries[-1]["outcome"] != "taken" else "waiting"

    def settle(self, uid: str, state: ObjectState) -> None:
        self._of(uid)["state"] = state

    def state(self, uid: str) -> ObjectState:
        found: ObjectState = self._objects.get(uid, {}).get("state", "waiting")
        return found

    def taken(self, uid: str) -> int:
        tries = self._objects.get(uid, {}).get("tries", [])
        return sum(one["outcome"] == "taken" for one in tries)

    def states(self) -> dict[str, ObjectState]:
        return {uid: one["state"] for uid, one in self._objects.items()}

    def write(self) -> None:
        try:
            written(self._path, json.dumps(self._all, indent=1))
        except OSError as exc:
            raise ArchiveError(
                f"What was sent could not be written down ({disk_reason(exc)}). The next time the "
                "archive is asked what it has, so that nothing is sent twice."
            ) from exc

    def _of(self, uid: str) -> dict[str, Any]:
        found: dict[str, Any] = self._objects.setdefault(uid, {"state": "waiting", "tries": []})
        return found
