"""Running one place: a process of its own for each pair, its limits, and what became of it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from fusion.cohort.child import NO_MEMORY, NOT_INSTALLED
from fusion.cohort.outcomes import StudyOutcome, StudyResult
from fusion.cohort.places import StudyPlace
from fusion.cohort.settings import Parameters, StudyLimits, digest_of
from fusion.cohort.store import PlaceRecord, Store, Unit
from fusion.cohort.warm import FROM_OUTSIDE, warm_process
from fusion.errors import FusionError
from fusion.json_form import to_json
from fusion.software import versions

#: A process that something outside ended is started again, this often in all. Only then it is
#: called crashed: killing it says nothing about the study.
MOST_ATTEMPTS = 5
#: Beyond the limit of a study, which its own process keeps, s.
_GRACE_S = 30.0
#: What libraries say when they end the process for want of memory.
_NO_MEMORY_WORDS = ("bad_alloc", "MemoryError", "Cannot allocate memory", "out of memory")


class Turn(StrEnum):
    """What came of giving a place its turn."""

    DONE = "done"
    KEPT = "kept"
    BUSY = "busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Run this one.

    Parameters
    ----------
    out : str
        Folder of the cohort.
    place : StudyPlace
        Which.
    parameters : Parameters
        How.
    limits : StudyLimits
        What a process may use.
    again : tuple of StudyOutcome
        Outcomes that are not kept.
    copy_first : bool
        Copy the files to the scratch disk of the machine that does the work.
    """

    out: str
    place: StudyPlace
    parameters: Parameters
    limits: StudyLimits
    again: tuple[StudyOutcome, ...] = ()
    copy_first: bool = False

    @property
    def place_id(self) -> str:
        """Name of the record and the lock of the place."""
        return self.place.id_for(self.parameters.digest)


def is_kept(store: Store, order: Order) -> bool:
    """Whether a place was done already, and nothing has changed since."""
    record = store.record(order.place_id)
    if record is None or not all(_stays(unit, order) for unit in record.units):
        return False
    return all(store.has_result(unit.key) for unit in record.units) and (
        record.signature == order.place.signature()
    )


def run_order(order: Order, *, stop: threading.Event | None = None) -> Turn:
    """Give a place its turn; its rows are there when this returns, unless somebody else is at it.

    Parameters
    ----------
    order : Order
        Which place, and how.
    stop : threading.Event, optional
        Set from elsewhere to end it.

    Raises
    ------
    Cancelled
        ``stop`` was set.
    """
    store = Store(order.out)
    lock = store.lock(order.place_id)
    if lock is None:
        return Turn.BUSY
    try:
        if is_kept(store, order):
            return Turn.KEPT
        with store.working():
            # Before the files are read: one that changes meanwhile is read again next time.
            signature = order.place.signature()
            place = _Turn(store, order, lock, stop or threading.Event())
            store.keep_record(
                order.place_id, PlaceRecord(signature=signature, units=tuple(place.units()))
            )
        return Turn.DONE
    finally:
        os.close(lock)


def _stays(unit: Unit, order: Order) -> bool:
    """Whether an outcome is kept: it was not asked for again, and more would not help."""
    more = to_json(order.limits)
    grown = any(more.get(name, 0) > value for name, value in unit.limits.items())
    return unit.is_lasting and unit.outcome not in order.again and not grown


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a process ended: its answer, or its exit code and last words."""

    answer: dict[str, Any] | None
    code: int = 0
    last_words: str = ""
    is_late: bool = False
    memory_killed: bool = False


@dataclass(frozen=True, slots=True)
class _Turn:
    store: Store
    order: Order
    lock: int
    stop: threading.Event

    def units(self) -> Iterable[Unit]:
        first = self._unit(None)
        if isinstance(first, Unit):
            return [first]
        units = [self._unit(n) for n in range(first)]
        return [unit for unit in units if isinstance(unit, Unit)]

    def _unit(self, number: int | None) -> Unit | int:
        """Return what became of a pair; of a place with several, their number."""
        ended = _Ended(None)
        for attempt in range(MOST_ATTEMPTS):
            ended = self._process(number, is_first=attempt == 0)
            if ended.answer is not None and "units" in ended.answer:
                return int(ended.answer["units"])
            if ended.answer is not None:
                found = dict(ended.answer)
                return Unit(**found | {"outcome": StudyOutcome(found["outcome"])})
            if ended.code == NOT_INSTALLED:
                raise FusionError(
                    "A process cannot load facetfusion, so nothing is measured. What is lacking "
                    f"stands in {self.store.log_path(self.order.place_id, number)}."
                )
            is_outside = ended.code in FROM_OUTSIDE and not ended.is_late
            if not is_outside or ended.memory_killed:
                break
        return self._failed(number, ended)

    def _failed(self, number: int | None, ended: _Ended) -> Unit:
        """Keep a result for a process that could not write one."""
        limits = self.order.limits
        outcome, said, decided = failure(ended, limits)
        # Its files are not touched: they may be what a process hangs on.
        key = digest_of(["place", self.order.place_id, number or 0])
        result = StudyResult(
            key=key,
            known_by="place",
            outcome=outcome,
            sentence=said,
            limits=decided,
            software=versions(),
        )
        self.store.keep_result(result)
        self.store.note("done", key, outcome.value.replace(" ", "-"))
        return Unit(key=key, outcome=outcome, said=said, limits=decided)

    def _process(self, number: int | None, *, is_first: bool) -> _Ended:
        order, limits = self.order, self.order.limits
        said = {
            "out": order.out,
            "place": to_json(order.place),
            "parameters": to_json(order.parameters),
            "limits": to_json(limits),
            "unit": number,
            "copy_first": order.copy_first,
        }
        path = self.store.log_path(order.place_id, number)
        killed_before = _memory_kills()
        # A twin with the same images may have its time first.
        seconds = 2 * limits.seconds + _GRACE_S
        with (
            path.open("wb" if is_first else "ab") as log,
            warm_process(limits.threads, log.fileno()) as process,
        ):
            ended = process.do(
                said, lock=self.lock, log=log.fileno(), seconds=seconds, stop=self.stop
            )
            if ended.is_late:
                process.end()
        if ended.answer is not None:
            return _Ended(ended.answer)
        return _Ended(
            None,
            code=ended.code,
            last_words=_tail(path),
            is_late=ended.is_late,
            memory_killed=_memory_kills() > killed_before,
        )


def failure(ended: Any, limits: StudyLimits) -> tuple[StudyOutcome, str, dict[str, float]]:
    """Return outcome, sentence and the limit that decided it, of a process without an answer.

    Parameters
    ----------
    ended : object
        ``code``, ``last_words``, ``is_late`` and ``memory_killed``, as of the process.
    limits : StudyLimits
        Under which it ran.
    """
    if ended.is_late or ended.code == -signal.SIGALRM:
        said = (
            f"It took longer than {limits.seconds:g} s and was stopped. If that is too little, "
            "give more with --timeout."
        )
        return StudyOutcome.TIMEOUT, said, {"seconds": limits.seconds}
    lacked = any(words in ended.last_words for words in _NO_MEMORY_WORDS)
    if ended.code == NO_MEMORY or ended.memory_killed or lacked:
        said = (
            f"It needed more than {limits.memory_gb:g} GB of memory. If the machine has more, give "
            "it with --memory."
        )
        return StudyOutcome.OUT_OF_MEMORY, said, {"memory_gb": limits.memory_gb}
    how = f"exit code {ended.code}"
    if ended.code < 0:
        how = f"signal {-ended.code}, {signal.Signals(-ended.code).name}"
    by = "was ended from outside, again and again" if ended.code in FROM_OUTSIDE else "broke off"
    said = (
        f"Its process {by} ({how}), so nothing is known of it. Open it by itself: facetfusion "
        "facets."
    )
    return StudyOutcome.CRASHED, said, {}


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4000))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _memory_kills() -> int:
    """Return how many processes the system ended for want of memory; 0 where it does not say."""
    for path in ("/sys/fs/cgroup/memory.events", "/proc/vmstat"):
        try:
            lines = Path(path).read_text("ascii").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        for line in lines:
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
