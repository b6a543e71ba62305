"""How long and how many: limits on whoever calls, kept whatever is sent.

pynetdicom counts each connection as an association until its thread has ended, and a connection
that is over before it became one keeps two threads for as long as one may be silent: five callers
that hang up at once shut out everybody for a minute. Here only associations count as such, the
oldest of too many callers that have not said who they are is cut off, and each connection ends
with everything it held, however it ends.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from typing import Any

from pynetdicom import AE
from pynetdicom.fsm import InvalidEventError

from fusion.archive.protocols.wire import HURRIED_LOOP_S, Gauge, is_unknown, tuned

#: Callers that have not said who they are; of more than that the oldest is cut off.
MOST_UNKNOWN = 16
#: How long associations may take to end when nothing is listened to any more, s.
GRACE_S = 2.0
#: How often a connection looks for news before it is an association, s.
_UNHURRIED_LOOP_S = 0.005

logger = logging.getLogger(__name__)


class Entity(AE):  # type: ignore[misc,unused-ignore]
    """What is called; a connection counts against its limit when it has become an association."""

    @property
    def active_associations(self) -> list[Any]:
        """Return the associations that are there, or are being agreed on."""
        return [
            one for one in super().active_associations if not (is_unknown(one) or _is_over(one))
        ]


class Callers:
    """Every connection from its first byte to its last.

    Parameters
    ----------
    gauge : Gauge
        How much they hold.
    """

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._lock = threading.Lock()
        self._here: list[Any] = []

    def came(self, event: Any) -> None:
        """Set up a connection that was just accepted."""
        caller = event.assoc
        self._end_well(caller)
        tuned(event, self._gauge)
        caller.dul._run_loop_delay = _UNHURRIED_LOOP_S
        with self._lock:
            self._here.append(caller)
            idle = [one for one in self._here if is_unknown(one) or _is_over(one)]
        for one in idle[:-MOST_UNKNOWN]:
            cut_off(one)

    def agreed(self, event: Any) -> None:
        """Hurry: it has become an association."""
        event.assoc.dul._run_loop_delay = HURRIED_LOOP_S

    def closed(self, event: Any) -> None:
        """Let both threads of a connection end that is closed."""
        event.assoc.dul.kill_dul()

    def leave(self) -> None:
        """Cut off whoever is still here after a while."""
        until = time.monotonic() + GRACE_S
        while time.monotonic() < until and self._associated():
            time.sleep(0.01)
        with self._lock:
            here = list(self._here)
        for one in here:
            cut_off(one)

    def _associated(self) -> bool:
        with self._lock:
            return any(not is_unknown(one) for one in self._here)

    def _end_well(self, caller: Any) -> None:
        """Have each of the two threads of a connection take the other along when it ends.

        The state machine raises when we answer a caller that is gone or was just told off: what
        was to be said is said to nobody, and that is all.
        """
        serve, exchange = caller.run, caller.dul.run
        wire = caller.dul.socket.socket

        def serve_to_the_end() -> None:
            try:
                serve()
            except Exception as exc:  # noqa: BLE001 - whatever a stranger sent, it ends here
                logger.info("A connection ended by %s.", type(exc).__name__)
            finally:
                caller.dul.kill_dul()
                cut_off(caller)
                caller.dul.join(GRACE_S)
                wire.close()  # pynetdicom forgets one that the other side closed first
                self._gauge.clear(caller)
                with self._lock:
                    self._here.remove(caller)

        def exchange_to_the_end() -> None:
            try:
                exchange()
            except InvalidEventError:
                pass
            except Exception as exc:  # noqa: BLE001 - likewise
                logger.info("A connection ended by %s.", type(exc).__name__)
            finally:
                cut_off(caller)
                caller.dul.to_user_queue.put(None)  # nobody waits for more

        caller.run, caller.dul.run = serve_to_the_end, exchange_to_the_end


def cut_off(caller: Any) -> None:
    """Close the connection under both threads; they see that it is closed and end."""
    way = caller.dul.socket
    if way is not None and way.socket is not None:
        with contextlib.suppress(OSError, AttributeError):
            way.socket.shutdown(socket.SHUT_RDWR)


def _is_over(one: Any) -> bool:
    return bool(one.is_rejected or one.is_aborted or one.is_released)
