"""``facetfusion journal``: whether a journal is whole, and what is whole of a damaged one."""

from __future__ import annotations

import argparse
from pathlib import Path

from fusion import cli
from fusion.errors import AnnotationError


def add_journal(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``journal``."""
    parser.description = (
        "Check every event of a journal against the hash of all before it. A "
        "damaged one is left as it is."
    )
    parser.add_argument(
        "journal",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="the journal (default: that of the user)",
    )
    parser.add_argument(
        "--copy",
        type=Path,
        metavar="NEW",
        help="copy what is whole into a new journal",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command; see :func:`register`."""
    from fusion.annotations import copied_whole, default_path, journal_damage
    from fusion.reader_study import refuse_blinded

    path: Path = args.journal or default_path()
    if not path.exists():
        raise AnnotationError(f"There is no journal {path}.")
    damage = journal_damage(path)
    if args.copy is not None:
        refuse_blinded(path)
        copied = copied_whole(path, args.copy)
        cli.write_lines(
            f"{args.copy} holds {copied.events} of at least {copied.seen} events, in "
            f"{len(copied.readings)} readings. Keep {path} as it is: what is not whole stands "
            "there only."
            if damage
            else f"{args.copy} holds all {copied.events} events of {len(copied.readings)} readings."
        )
        return cli.OK
    if damage:
        raise AnnotationError(damage)
    cli.write_lines(f"{path} is whole.")
    return cli.OK
