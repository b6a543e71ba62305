"""``facetfusion archive listen``, ``watch`` and ``worklist``."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import threading
import time
import warnings
from pathlib import Path

from fusion import archive, cli
from fusion.errors import FusionError
from fusion.software import DISCLAIMER

_LOOK_S = 2.0


def listen(args: argparse.Namespace) -> int:
    """Take in what archives send, until stopped; see [listen] in archives.toml."""
    return _until_stopped(args, prepares=False)


def watch(args: argparse.Namespace) -> int:
    """Take in what archives send and prepare complete studies for reading; nothing is sent."""
    return _until_stopped(args, prepares=True)


def worklist(args: argparse.Namespace) -> int:
    """List the studies that were prepared, were refused or are incomplete, and why."""
    items = archive.work_list(archive.read_settings())
    if args.json:
        cli.write_json({"schema_version": 1, "studies": [_item_json(one) for one in items]})
    else:
        cli.write_lines(*(map(_line, items)), *([] if items else ["Nothing came yet."]))
    return cli.OK


def _say_nothing_of_connections() -> None:
    """Keep to itself why a connection ended: the words of libraries may quote a patient's name."""
    threading.excepthook = lambda _: None
    warnings.simplefilter("ignore")


def _until_stopped(args: argparse.Namespace, *, prepares: bool) -> int:
    settings = archive.read_settings()
    _say_nothing_of_connections()
    with archive.taking_in(settings):
        assert settings.listen is not None  # or there were no Listener
        sys.stderr.write(
            f"Listening on {settings.listen.host}, port {settings.listen.port}; Ctrl-C stops. "
            f"{DISCLAIMER}\n"
        )
        looked: dict[Path, tuple[float, float]] = {}
        until = None if args.seconds is None else time.monotonic() + args.seconds
        while until is None or time.monotonic() < until:
            time.sleep(min(_LOOK_S, args.seconds or _LOOK_S))
            if prepares:
                prepare_complete(settings, looked)
    return cli.OK


def prepare_complete(
    settings: archive.Settings, looked: dict[Path, tuple[float, float]] | None = None
) -> None:
    """Prepare what is complete by now, and say so without identity.

    Parameters
    ----------
    settings : Settings
        Say where studies arrive.
    looked : dict, optional
        As :func:`fusion.archive.look` has it.
    """
    archives = [archive.connect(settings, name) for name in settings.archives]
    for item in archive.look(settings, archives, _prepare, looked=looked):
        cli.write_lines(_line(item))
        sys.stdout.flush()


def _prepare(folder: Path, target: Path) -> None:
    from fusion.export import hand_on
    from fusion.opening import open_study

    review = open_study(folder)
    hand_on(review, None, target)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        outcome = cli.main(["facets", str(folder), "--json"])
    if outcome != cli.OK:
        raise FusionError("The joints could not be found; open the study to see why.")
    (target / "joints.json").write_text(said.getvalue(), "utf-8")


def _line(item: archive.WorkItem) -> str:
    state = item.state
    if item.waiting:
        said = f"{item.waiting} `facetfusion archive watch` asks again each minute while it runs."
    elif item.refusal:
        said = (
            f"{item.refusal} It is tried again when something is added to it, and when "
            "`facetfusion archive watch` is started anew; what can be opened of it opens with: "
            f"facetfusion review {item.folder}"
        )
    else:
        return f"{item.folder}: {state}"
    return f"{item.folder}: {state}. {said}"


def _item_json(item: archive.WorkItem) -> dict[str, object]:
    return {
        "folder": item.folder,
        "images": item.images,
        "state": item.state,
        "refusal": item.refusal,
        "waiting": item.waiting,
    }
