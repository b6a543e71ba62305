"""``facetfusion doctor``: what this machine has and lacks, and the whole way once."""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from fusion import cli, self_test
from fusion.cli.study import terminal_progress
from fusion.software import DISCLAIMER, versions

#: Version of the JSON; keys are only ever added.
SCHEMA_VERSION = 1


def add_doctor(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``doctor``."""
    parser.description = (
        "Check what this machine has and lacks: packages, folders, disk, letters and a screen; "
        "then make a small sample study, find its joints and hand a reading of it on. Exit code 3 "
        "where something does not work."
    )
    parser.add_argument(
        "--quick", action="store_true", help="leave the sample study out: answers in two seconds"
    )
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="write a page (HTML) that can be printed"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    checks = []

    def take(check: self_test.Check) -> None:
        checks.append(check)
        _tell(check, args)

    with ThreadPoolExecutor(1) as beside:  # the window is tried while the sample study is made
        window = beside.submit(self_test.window_check)
        for check in self_test.machine_checks():
            take(check)
        if not args.quick:
            take(self_test.trial_check(terminal_progress()))
        take(window.result())
    if args.page is not None:
        self_test.write_page(args.page, checks, when=datetime.now())
    whole = self_test.worst(checks)
    if args.json:
        cli.write_json(
            {
                "schema_version": SCHEMA_VERSION,
                "outcome": whole.name.lower(),
                "checks": [
                    {
                        "what": check.what,
                        "outcome": check.outcome.name.lower(),
                        "found": check.found,
                        "remedy": check.remedy,
                    }
                    for check in checks
                ],
                "software": versions(),
            }
        )
    else:
        page = [f"Written: {args.page}"] if args.page is not None else []
        cli.write_lines(self_test.ANSWER[whole], *page, DISCLAIMER)
    return cli.REFUSED if whole is self_test.CheckOutcome.FAILS else cli.OK


def _tell(check: self_test.Check, args: argparse.Namespace) -> None:
    if not args.json:
        found = check.found.rstrip(".")
        remedy = f". {check.remedy}" if check.remedy else ""
        cli.write_lines(f"{check.outcome.value}: {check.what}: {found}{remedy}")
