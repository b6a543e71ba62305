"""The folder of a cohort: what is in it, and how several runs share it.

``studies/KEY/`` holds the result of one study, whole or not at all. ``private/`` holds what may
name a patient: where each study lies, the logs, the locks. A lock belongs to the processes that
hold its file open, so it is gone with them, also when they were killed.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fusion.cohort.outcomes import StudyOutcome, StudyResult
from fusion.cohort.places import StudyPlace
from fusion.cohort.settings import Parameters
from fusion.errors import FusionError, disk_reason
from fusion.json_form import from_json, json_text, to_json

_RESULT, _COHORT = "result.json", "cohort.json"
#: Of a study, beside its result.
PAGE, THUMBNAIL = "page.html", "thumbnail.jpg"
#: Between the digits of a key and the name of its folder: enough that two never share one.
KEY_LETTERS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Which studies a cohort has, and how they are measured.

    Parameters
    ----------
    root : str
        What was named.
    parameters : Parameters
        How.
    places : tuple of StudyPlace
        In the order in which they were found.
    """

    root: str
    parameters: Parameters
    places: tuple[StudyPlace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One pair of a place, and where its result lies.

    Parameters
    ----------
    key : str
        Of the result.
    outcome : StudyOutcome
        What became of it.
    said : str
        Why it ended so, in the words of the program; may name files.
    limits : dict of str to float
        Under which it ran, where they decided the outcome.
    is_lasting : bool
        Whether another try would end the same way; an archive that does not answer may tomorrow.
    """

    key: str
    outcome: StudyOutcome
    said: str = ""
    limits: dict[str, float] = field(default_factory=dict)
    is_lasting: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRecord:
    """What is known of a place.

    Parameters
    ----------
    signature : str
        Of its files when it was measured.
    units : tuple of Unit
        Its pairs; at least one.
    """

    signature: str
    units: tuple[Unit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortStatus:
    """How far a cohort is.

    Parameters
    ----------
    places : int
        Folders, zips and addresses.
    done : int
        Of them, measured or refused.
    studies : int
        Pairs, those that are not done counted as one a place.
    outcomes : dict of StudyOutcome to int
        Number of pairs for each outcome.
    """

    places: int
    done: int
    studies: int
    outcomes: dict[StudyOutcome, int]

    @property
    def is_complete(self) -> bool:
        """Whether every place is done."""
        return self.done == self.places


class Store:
    """The folder of a cohort.

    Parameters
    ----------
    folder : path
        Where; :meth:`make` makes it.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).resolve()
        self.private = self.folder / "private"

    def check(self) -> None:
        """Refuse a place where no cohort can be kept; makes nothing.

        Raises
        ------
        FusionError
            It holds something else, is a file, or this system has no locks.
        """
        need_locks()
        if self.folder.exists() and not self.folder.is_dir():
            raise FusionError(
                f"{self.folder} is a file; expected a folder. Choose another one with --to."
            )
        try:
            filled = self.folder.is_dir() and any(self.folder.iterdir())
        except OSError as exc:
            raise FusionError(
                f"The folder of the cohort cannot be read ({disk_reason(exc)})."
            ) from exc
        if filled and not self.private.exists():
            raise FusionError(
                f"{self.folder} is not empty and is not the folder of a cohort. Choose "
                "another one with --to."
            )

    def make(self) -> None:
        """Make the folder, or go on in one that is a cohort's already.

        Raises
        ------
        FusionError
            It cannot be written, or holds something else.
        """
        self.check()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.private.mkdir(mode=0o700, exist_ok=True)
            for name in ("places", "locks", "logs"):
                (self.private / name).mkdir(exist_ok=True)
            (self.folder / "studies").mkdir(exist_ok=True)
        except OSError as exc:
            raise FusionError(
                f"The folder of the cohort cannot be written ({disk_reason(exc)})."
            ) from exc

    def keep_cohort(self, cohort: Cohort) -> None:
        """Write which studies there are."""
        replace_text(self.private / _COHORT, json_text(to_json(cohort)))

    def cohort(self) -> Cohort:
        """Return which studies there are.

        Raises
        ------
        FusionError
            Nothing was run here.
        """
        try:
            content = json.loads((self.private / _COHORT).read_text("utf-8"))
        except (OSError, ValueError) as exc:
            found = (
                f"There is no folder {self.folder}."
                if not self.folder.exists()
                else f"{self.folder} is not the folder of a cohort."
            )
            raise FusionError(
                f"{found} Give the folder that was named with --to in `facetfusion cohort run`, "
                "or run that first."
            ) from exc
        return from_json(Cohort, content, error=FusionError, what="The cohort cannot be read")

    def record(self, place_id: str) -> PlaceRecord | None:
        """Return what is known of a place; None for nothing, or nothing that can be read."""
        with contextlib.suppress(OSError, ValueError, FusionError):
            content = json.loads(self._record_path(place_id).read_text("utf-8"))
            return from_json(
                PlaceRecord, content, error=FusionError, what="A record cannot be read"
            )
        return None

    def keep_record(self, place_id: str, record: PlaceRecord) -> None:
        """Write what is known of a place."""
        replace_text(self._record_path(place_id), json_text(to_json(record)))

    def has_result(self, key: str) -> bool:
        """Whether there is a result."""
        return (self.study_folder(key) / _RESULT).is_file()

    def result(self, key: str) -> StudyResult | None:
        """Return a result; None for none, or one that cannot be read."""
        with contextlib.suppress(OSError, ValueError, FusionError):
            content = json.loads((self.study_folder(key) / _RESULT).read_text("utf-8"))
            return from_json(StudyResult, content, error=FusionError, what="A result is damaged")
        return None

    def keep_result(self, result: StudyResult, made: Path | None = None) -> None:
        """Put a result and its pages to their place, all at once.

        Parameters
        ----------
        result : StudyResult
            What is kept.
        made : Path, optional
            Folder from :meth:`part` with its other files; goes with it.
        """
        part = made if made is not None else self.part()
        place = self.study_folder(result.key)
        write_whole(part / _RESULT, json_text(to_json(result)))
        earlier = self.part() if place.exists() else None
        if earlier is not None:  # of a run under other limits, or not whole
            place.rename(earlier / "earlier")
        part.rename(place)
        if earlier is not None:
            shutil.rmtree(earlier, ignore_errors=True)

    def part(self) -> Path:
        """Make a folder for what is not whole yet."""
        path = self.folder / "studies" / f".{uuid.uuid4().hex[:12]}.part"
        path.mkdir()
        return path

    def _sweep_parts(self) -> None:
        """Remove what killed processes left; only while nobody works here."""
        for path in (self.folder / "studies").glob(".*.part"):
            shutil.rmtree(path, ignore_errors=True)

    def study_folder(self, key: str) -> Path:
        """Return where a result lies."""
        return self.folder / "studies" / key[:KEY_LETTERS]

    def log_path(self, place_id: str, unit: int | None) -> Path:
        """Return where the messages of a process go."""
        return self.private / "logs" / f"{place_id}{'' if unit is None else f'-{unit}'}.log"

    def lock(self, name: str, *, wait: bool = False) -> int | None:
        """Lock a name; the lock lasts as long as the file that is returned is open anywhere.

        Parameters
        ----------
        name : str
            A place or a key.
        wait : bool
            Until another holder lets go of it.

        Returns
        -------
        int or None
            An open file; None where somebody else has the lock.

        Raises
        ------
        FusionError
            Nothing can be locked on this disk.
        """
        import fcntl

        path = self.private / "locks" / f"{name[:KEY_LETTERS]}.lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(handle)
            return None
        except OSError as exc:
            os.close(handle)
            raise FusionError(
                f"Nothing can be locked in {self.folder} ({disk_reason(exc)}), so two runs could "
                "do a study twice. Put the cohort's folder on a disk with file locks."
            ) from exc
        return handle

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Say that somebody works here; what was left half-made goes when nobody else does."""
        import fcntl

        path = self.private / "locks" / "working.lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._sweep_parts()
            fcntl.flock(handle, fcntl.LOCK_SH)
            yield
        finally:
            os.close(handle)

    def note(self, *words: str) -> None:
        """Add a line to the list of what was done, whole even when several write."""
        line = " ".join(words) + "\n"
        handle = os.open(
            self.private / "work.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)

    def _record_path(self, place_id: str) -> Path:
        return self.private / "places" / f"{place_id}.json"


def status(out: str | Path) -> CohortStatus:
    """Tell how far a cohort is; reads what is there and changes nothing.

    Parameters
    ----------
    out : path
        The cohort's folder.

    Raises
    ------
    FusionError
        Nothing was run there.
    """
    store = Store(out)
    cohort = store.cohort()
    return status_of(store, cohort, cohort.places)


def status_of(store: Store, cohort: Cohort, places: Sequence[StudyPlace]) -> CohortStatus:
    """Tell how far some places of a cohort are."""
    outcomes: Counter[StudyOutcome] = Counter()
    done = 0
    for place in places:
        record = store.record(place.id_for(cohort.parameters.digest))
        units = record.units if record else ()
        # Results are not opened here: a cohort that is done is asked often.
        here = [unit.outcome if store.has_result(unit.key) else None for unit in units] or [None]
        outcomes.update(outcome or StudyOutcome.NOT_RUN for outcome in here)
        done += None not in here
    return CohortStatus(
        places=len(places),
        done=done,
        studies=outcomes.total(),
        outcomes={outcome: outcomes[outcome] for outcome in StudyOutcome if outcomes[outcome]},
    )


def need_locks() -> None:
    """Refuse a system where a lock would not end with its process."""
    if importlib.util.find_spec("fcntl") is None:
        raise FusionError("Cohorts are measured on Linux or macOS; this system has no file locks.")


def replace_text(path: Path, text: str) -> None:
    """Write a file, whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}")
    try:
        write_whole(part, text)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
