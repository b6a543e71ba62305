"""``facetfusion import``: decisions that were handed on, back into a journal."""

from __future__ import annotations

import argparse
from pathlib import Path

from fusion import cli
from fusion.cli.study import opening_arguments, opening_options, terminal_progress
from fusion.software import DISCLAIMER


def add_import(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``import``."""
    parser.description = (
        "Take a structured report or a reading.json of this program back into a journal. It has "
        "to belong to the study that is open. Shows what would be taken in; --yes takes it in. "
        "Decisions of a structured report become a draft, whose alignment and levels have to be "
        "checked anew; of reading.json the whole history comes back."
    )
    opening_arguments(parser)
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="FILE",
        help="structured report or reading.json (default: the structured report that lies with "
        "the study)",
    )
    parser.add_argument("--reader", required=True, metavar="NAME", help="who takes it in")
    cli.journal_option(parser, "journal to take it into")
    parser.add_argument("--yes", action="store_true", help="take it in")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command; see :func:`register`."""
    from fusion.annotations import Journal, check_name
    from fusion.export import offer, report_beside, take_in
    from fusion.opening import open_study

    check_name(args.reader)
    review = open_study(args.path, progress=terminal_progress(), options=opening_options(args))
    offered = offer(args.source or report_beside(review), review)
    cli.write_lines("It holds:", *(f"  {line}" for line in offered.lines))
    if not args.yes:
        cli.write_lines("Nothing was changed. Take it in with --yes.", DISCLAIMER)
        return cli.OK
    with Journal(args.journal) as journal:
        reading = take_in(offered, journal, reader=args.reader)
        state = "final" if reading.finalised else "a draft"
        cli.write_lines(
            f"Taken into {journal.path}: version {reading.opened.version}, {state}, "
            f"{len(reading.targets)} decisions.",
            DISCLAIMER,
        )
    return cli.OK
