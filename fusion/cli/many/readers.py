"""``facetfusion readers``: several readers, the same cases, and how far they agree."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
from pathlib import Path
from typing import Any

from fusion import cli
from fusion.cli.study import terminal_progress
from fusion.errors import FusionError
from fusion.plain_text import plain
from fusion.software import DISCLAIMER

#: Version of the JSON of ``readers status``; keys are only ever added.
SCHEMA_VERSION = 1
_WINDOW = ("napari", "qtpy")


def add_readers(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``readers``, and its own commands."""
    parser.description = (
        "A reader study: several readers read the same cases, each blinded and in an order of "
        "their own, and it is worked out how far they agree. " + DISCLAIMER
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    begun = actions.add_parser("new", help="begin a study", description=_new.__doc__)
    begun.set_defaults(run=_new)
    following = actions.add_parser(
        "next", help="read the next cases in a window", description=_next.__doc__
    )
    following.add_argument("--reader", required=True, metavar="NAME", help="who reads")
    following.set_defaults(run=_next, in_window=True)
    status = actions.add_parser(
        "status", help="how far each reader has come", description=_status.__doc__
    )
    status.add_argument("--json", action="store_true", help="print one JSON document")
    status.set_defaults(run=_status)
    results = actions.add_parser(
        "analyse", help="how far the readers agree", description=_analyse.__doc__
    )
    results.add_argument(
        "--to",
        type=Path,
        metavar="DIR",
        help="folder to write to (default: results, beside the study)",
    )
    results.add_argument(
        "--interim",
        action="store_true",
        help="also before everything is read; whoever reads on must not see it",
    )
    results.set_defaults(run=_analyse)
    for one in (begun, following, status, results):
        one.add_argument(
            "study", type=Path, metavar="STUDY", help="the study.toml, or the folder that it is in"
        )


def _new(args: argparse.Namespace) -> int:
    """Begin a study: open every case once, and fix cases and orders. It cannot be changed later."""
    from fusion.reader_study import ReaderStudy

    study = ReaderStudy.begin(args.study, progress=terminal_progress())
    design = study.design
    patients = len({case.patient for case in study.plan.case})
    cli.write_lines(
        "The study has begun. "
        f"Cases: {len(design.case)}, patients: {patients}, readers: {len(design.reader)}, "
        f"stages: {len(design.arm)}.",
        *(
            f"  facetfusion readers next {_quoted(str(study.folder))} --reader {_quoted(reader)}"
            for reader in design.reader
        ),
        DISCLAIMER,
    )
    return cli.OK


def _next(args: argparse.Namespace) -> int:
    """Show a reader the next case in a window, and the one after it when it is finished.

    A finished case does not come back. The window can be closed at any time: what was said is
    saved, and the case goes on the next time.
    """
    from fusion.reader_study import ReaderStudy

    study = ReaderStudy.open(args.study)
    reader = study.design.reader_named(args.reader)
    if study.next_of(reader) is None:
        cli.write_lines("All is read; there is nothing left to do.")
        return cli.OK
    if any(importlib.util.find_spec(name) is None for name in _WINDOW):
        raise FusionError(
            "The window is not installed. Install it with: pip install 'facetfusion[viewer]'."
        )
    # By name, because the core must not depend on the viewer.
    try:
        run = importlib.import_module("viewer.reader_study").run
    except ImportError:
        screen = importlib.import_module("viewer.screen")
        screen.check_screen(instead=screen.AT_A_SCREEN)  # says which library is missing
        raise
    run(study, reader)
    cli.write_lines(f"{plain(reader)}: {study.headway(reader).words}.")
    return cli.OK


def _status(args: argparse.Namespace) -> int:
    """Say how far each reader has come; nothing of what was decided."""
    from fusion.reader_study import ReaderStudy

    study = ReaderStudy.open(args.study)
    found = [study.headway(reader) for reader in study.design.reader]
    if args.json:
        cli.write_json({"schema_version": SCHEMA_VERSION, "readers": [_json(one) for one in found]})
        return cli.OK
    cli.write_lines(*(f"{plain(one.reader)}: {one.words}" for one in found))
    return cli.OK


def _analyse(args: argparse.Namespace) -> int:
    """Work out how far the readers agree, as a page and as tables, once all have finished."""
    from fusion.reader_study import ReaderStudy, write_results

    study = ReaderStudy.open(args.study)
    written = write_results(study, args.to, interim=args.interim)
    cli.write_lines("Written:", *(f"  {path}" for path in written), DISCLAIMER)
    return cli.OK


def _json(headway: Any) -> dict[str, Any]:
    return {
        "reader": headway.reader,
        "stage": headway.stage,
        "stages": headway.stages,
        "finished": headway.finished,
        "of": headway.of,
        "active_minutes": round(headway.minutes, 1),
        "opens_in_hours": round(headway.wait.total_seconds() / 3600, 1),
        "done": headway.done,
    }


def _quoted(name: str) -> str:
    return f'"{plain(name)}"'
