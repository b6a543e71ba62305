"""Running a cohort: which places have their turn, and who gives it to them."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fusion.cohort.one import Order, Turn, is_kept, run_order
from fusion.cohort.outcomes import StudyOutcome
from fusion.cohort.places import find_places
from fusion.cohort.settings import Parameters, StudyLimits
from fusion.cohort.store import Cohort, CohortStatus, Store, status_of
from fusion.cohort.warm import end_warm_processes
from fusion.errors import FusionError
from fusion.progress import Progress, ProgressCallback

#: How long a run waits before it looks again at a study that another run is at, s.
_BUSY_S = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortRun:
    """What a run did.

    Parameters
    ----------
    status : CohortStatus
        How far the cohort is now; with a shard, that part of it.
    measured, kept : int
        Places that had their turn now, and those that were done already.
    report : Path or None
        The page; None while places of the cohort are not done.
    """

    status: CohortStatus
    measured: int
    kept: int
    report: Path | None


class Crew(Protocol):
    """Whoever gives places their turn."""

    def submit(self, order: Order) -> Future[Turn]:
        """Begin."""


def run(
    root: str | Path,
    out: str | Path,
    *,
    parameters: Parameters | None = None,
    limits: StudyLimits | None = None,
    workers: int = 1,
    dask: str | None = None,
    shard: tuple[int, int] | None = None,
    table: str | Path | None = None,
    each: str = "*",
    again: Sequence[StudyOutcome] = (),
    copy_first: bool = False,
    progress: ProgressCallback | None = None,
) -> CohortRun:
    """Measure every study of a cohort that was not measured yet, and write its tables and page.

    Parameters
    ----------
    root : path
        Folder with a folder or zip for each study; or ``archive:NAME``.
    out : path
        Folder of the cohort; several runs may share it.
    parameters : Parameters, optional
        How studies are measured.
    limits : StudyLimits, optional
        What the process of one study may use.
    workers : int
        Studies at a time on this machine.
    dask : str, optional
        Address of a Dask scheduler, whose workers do the work instead.
    shard : (int, int), optional
        Which part of how many, from 1: for job arrays.
    table : path, optional
        CSV that lists the studies.
    each : str
        Pattern of the folders and zips below ``root``.
    again : sequence of StudyOutcome
        Outcomes of earlier runs that are not kept.
    copy_first : bool
        Copy each study to the scratch disk of the machine that does the work.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Raises
    ------
    FusionError
        There is nothing to measure, or the folder cannot be used.
    """
    store, how = Store(out), parameters or Parameters()
    report = Progress(progress)
    _check(workers, shard)
    places = find_places(str(root), table=table, each=each)
    cohort = Cohort(root=str(root), parameters=how, places=tuple(places))
    mine = places if shard is None else places[shard[0] - 1 :: shard[1]]
    orders = [
        Order(
            out=str(store.folder),
            place=place,
            parameters=how,
            limits=limits or StudyLimits(),
            again=tuple(again),
            copy_first=copy_first,
        )
        for place in mine
    ]
    store.check()
    if dask is not None:
        report(0.0, "Asking the Dask scheduler, half a minute at most")
    # Nothing is made before somebody is there to work.
    with _crew(workers, dask) as crew:
        store.make()
        store.keep_cohort(cohort)
        with store.working():
            waiting = [order for order in orders if not is_kept(store, order)]
            measured = _all(waiting, crew, report, done=len(orders) - len(waiting))
    page = None
    if shard is None or status_of(store, cohort, places).is_complete:
        from fusion.cohort.pages.page import report as write_report

        page = write_report(store.folder)
    return CohortRun(
        status=status_of(store, cohort, mine),
        measured=measured,
        kept=len(orders) - measured,
        report=page,
    )


def _check(workers: int, shard: tuple[int, int] | None) -> None:
    if workers < 1:
        raise FusionError(f"A run needs at least one worker; found {workers}.")
    if shard is not None and not 1 <= shard[0] <= shard[1]:
        raise FusionError(f"A shard is one of 1/N to N/N; found {shard[0]}/{shard[1]}.")


def _all(orders: Sequence[Order], crew: Crew, report: Progress, *, done: int) -> int:
    """Give every place its turn; return how many had it from us."""
    whole, measured = len(orders) + done, 0
    begun, kept = time.monotonic(), done

    def tell() -> None:
        words = f"{done} of {whole} done"
        mine = done - kept
        if mine:
            words += f", {_in_words((time.monotonic() - begun) / mine * (whole - done))} to go"
        report(done / max(1, whole), words)

    tell()
    pending = {crew.submit(order): order for order in orders}
    while pending:
        ready, _ = wait(pending, timeout=1.0, return_when=FIRST_COMPLETED)
        tell()
        busy = []
        for future in ready:
            order = pending.pop(future)
            turn = future.result()
            measured += turn is Turn.DONE
            if turn is Turn.BUSY:
                busy.append(order)
            else:
                done += 1
        if busy and len(busy) == len(ready):
            time.sleep(_BUSY_S)  # another run is at them; nothing tells when it ends
        pending |= {crew.submit(order): order for order in busy}
    report(1.0, f"{done} of {whole} done")
    return measured


def _in_words(seconds: float) -> str:
    """Return a time as people say it, rounded up."""
    minutes = math.ceil(seconds / 60)
    if minutes < 2:
        return "about a minute"
    return f"about {minutes} minutes" if minutes < 120 else f"about {math.ceil(minutes / 60)} hours"


@contextmanager
def _crew(workers: int, dask: str | None) -> Iterator[Crew]:
    if dask is not None:
        from fusion.cohort.cluster import on_cluster

        with on_cluster(dask) as cluster:
            yield cluster
        return
    stop = threading.Event()
    pool = ThreadPoolExecutor(workers)
    try:
        yield _Here(pool, stop)
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
        end_warm_processes()


@dataclass(frozen=True, slots=True)
class _Here:
    """Processes of this machine."""

    pool: ThreadPoolExecutor
    stop: threading.Event

    def submit(self, order: Order) -> Future[Turn]:
        return self.pool.submit(run_order, order, stop=self.stop)
