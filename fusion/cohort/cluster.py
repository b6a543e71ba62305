"""A Dask cluster that hands out places: nothing but "run this one", and a word comes back."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from typing import Any

from fusion.cohort.one import MOST_ATTEMPTS, Order, Turn, run_order
from fusion.errors import FusionError
from fusion.json_form import from_json, to_json
from fusion.plain_text import plain

#: How long a scheduler may take to answer, s.
CONNECT_S = 30
WORKERS_DIE = (
    "The workers of the cluster die again and again. Look at their logs, and run the same command "
    "again: what is done stays."
)
SCHEDULER_GONE = (
    "The Dask scheduler went away. Start it and its workers, and run the same command again: what "
    "is done stays."
)


def run_on_worker(order: dict[str, Any]) -> str:
    """Give a place its turn, on the machine of a worker.

    Parameters
    ----------
    order : dict
        An :class:`~fusion.cohort.one.Order` as JSON.
    """
    taken = from_json(Order, order, error=FusionError, what="The order is damaged")
    return run_order(taken).value


@contextmanager
def on_cluster(address: str) -> Iterator[Cluster]:
    """Connect to a scheduler.

    Parameters
    ----------
    address : str
        For example ``tcp://10.0.0.1:8786``.

    Raises
    ------
    FusionError
        Dask is not installed, or nothing answers there.
    """
    try:
        from distributed import Client
    except ImportError as exc:
        raise FusionError(
            "Dask is not installed. Install it with: pip install 'facetfusion[cohort]'. Or work "
            "without it: --workers, or --shard in a job array."
        ) from exc
    # That a scheduler went away is said in a sentence of our own, not as a traceback.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as exc:
        raise FusionError(
            f"No Dask scheduler answers at {plain(address)} (asked for {CONNECT_S} s). Start it "
            "with `dask scheduler`, and give the address that it prints, such as "
            "tcp://10.0.0.1:8786, with --dask. Nothing was written."
        ) from exc
    try:
        yield Cluster(client)
    finally:
        client.close()


class Cluster:
    """A connected cluster.

    Parameters
    ----------
    client : distributed.Client
        The connection.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def submit(self, order: Order) -> Future[Turn]:
        """Begin; a worker that dies takes no study along."""
        promise: Future[Turn] = Future()
        self._send(order, promise, MOST_ATTEMPTS)
        return promise

    def _send(self, order: Order, promise: Future[Turn], attempts: int) -> None:
        # A name of its own: Dask would take one that it knows for done.
        sent = self._client.submit(
            run_on_worker,
            to_json(order),
            key=f"facetfusion-{order.place_id}-{uuid.uuid4().hex[:8]}",
            pure=False,
            retries=0,
        )
        sent.add_done_callback(lambda done: self._ended(done, order, promise, attempts))

    def _ended(self, sent: Any, order: Order, promise: Future[Turn], attempts: int) -> None:
        from distributed import KilledWorker

        try:
            promise.set_result(Turn(sent.result()))
        except KilledWorker:
            # Dask blames the study when workers die under it; that says nothing about the study.
            if attempts > 1:
                self._send(order, promise, attempts - 1)
            else:
                promise.set_exception(FusionError(WORKERS_DIE))
        except CancelledError:
            promise.set_exception(FusionError(SCHEDULER_GONE))
        except BaseException as exc:  # noqa: BLE001 - whoever waits is told
            promise.set_exception(exc)
