"""``facetfusion cohort``: many studies, each measured once, with a row for every pair."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fusion import cli
from fusion.cli.facet_options import add_uptake_options, reference_of, settings_of
from fusion.cli.study import terminal_progress
from fusion.software import DISCLAIMER

if TYPE_CHECKING:
    from fusion.cohort import CohortStatus

#: Version of the JSON of ``cohort``; keys are only ever added.
SCHEMA_VERSION = 1


def add_cohort(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``cohort``."""
    parser.description = (
        "Measure many studies: docs/cohort.md. Each pair of CT and SPECT or PET has a row, also "
        "where it could not be measured. " + DISCLAIMER
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    running = actions.add_parser(
        "run", help="measure what was not measured yet", description=_run.__doc__
    )
    _run_options(running)
    add_uptake_options(running)
    running.set_defaults(run=_run)
    told = actions.add_parser("status", help="tell how far it is", description=_status.__doc__)
    told.add_argument("out", metavar="DIR", help="the cohort's folder")
    told.add_argument("--json", action="store_true", help="print one JSON document")
    told.set_defaults(run=_status)
    page = actions.add_parser("report", help="write tables and page", description=_report.__doc__)
    page.add_argument("out", metavar="DIR", help="the cohort's folder")
    page.add_argument("--json", action="store_true", help="print one JSON document")
    page.set_defaults(run=_report)


def _run_options(parser: argparse.ArgumentParser) -> None:
    from fusion.cohort import StudyLimits, StudyOutcome

    usual = StudyLimits()
    parser.add_argument(
        "root",
        metavar="ROOT",
        help="folder with a folder or zip for each study, or archive:NAME",
    )
    parser.add_argument(
        "--to", dest="out", required=True, metavar="DIR", help="folder of the cohort"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="studies at a time on this machine (usual 1)",
    )
    how.add_argument("--dask", metavar="ADDRESS", help="let the workers of a Dask scheduler do it")
    parser.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="do the I-th of N parts, for job arrays; the one that is last writes the tables",
    )
    parser.add_argument(
        "--from",
        dest="table",
        metavar="TABLE",
        help="CSV that lists the studies: path, and if wanted id, ct, spect, spacing_mm",
    )
    parser.add_argument(
        "--each",
        default="*",
        metavar="PATTERN",
        help="where the folders and zips of the studies lie below ROOT (usual *; for example */*)",
    )
    parser.add_argument(
        "--again",
        action="append",
        type=StudyOutcome,
        choices=[one for one in StudyOutcome if one is not StudyOutcome.NOT_RUN],
        default=[],
        metavar="OUTCOME",
        help='try those again that ended so, for example "crashed"; may be repeated',
    )
    parser.add_argument(
        "--memory",
        type=float,
        default=usual.memory_gb,
        metavar="GB",
        help=f"memory that a study may use (usual {usual.memory_gb:g})",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=usual.seconds,
        metavar="S",
        help=f"time that a study may take (usual {usual.seconds:g})",
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=usual.threads,
        metavar="N",
        help=f"threads of a study (usual {usual.threads})",
    )
    parser.add_argument(
        "--copy-first",
        action="store_true",
        help="copy each study to the scratch disk (TMPDIR) of the machine that measures it",
    )
    parser.add_argument(
        "--no-pages",
        action="store_true",
        help="make no page and no thumbnail of each study",
    )
    parser.add_argument(
        "--register",
        action="store_true",
        help="search for a rigid correction in every study",
    )
    parser.add_argument(
        "--ignore-stored-registration",
        action="store_true",
        help="do not use the alignment that a study comes with",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def _shard(text: str) -> tuple[int, int]:
    first, _, second = text.partition("/")
    if not (first.isdecimal() and second.isdecimal() and 1 <= int(first) <= int(second)):
        raise argparse.ArgumentTypeError(f"expected I/N, for example 1/8; found {text}")
    return int(first), int(second)


def _run(args: argparse.Namespace) -> int:
    """Measure every study that was not measured yet, and write tables and page."""
    from fusion.cohort import Parameters, StudyLimits, run

    done = run(
        args.root,
        args.out,
        parameters=Parameters(
            register=args.register,
            ignore_stored_registration=args.ignore_stored_registration,
            reference=reference_of(args),
            proposals=settings_of(args),
            pages=not args.no_pages,
        ),
        limits=StudyLimits(memory_gb=args.memory, seconds=args.timeout, threads=args.threads),
        workers=args.workers,
        dask=args.dask,
        shard=args.shard,
        table=args.table,
        each=args.each,
        again=args.again,
        copy_first=args.copy_first,
        progress=terminal_progress(),
    )
    if args.json:
        about = {"measured": done.measured, "kept": done.kept}
        page = None if done.report is None else str(done.report)
        cli.write_json({**_status_json(done.status), **about, "report": page})
        return cli.OK
    cli.write_lines(
        *_status_lines(done.status),
        f"{done.measured} measured now, {done.kept} kept.",
        *([f"Report: {done.report}"] if done.report else []),
        DISCLAIMER,
    )
    return cli.OK


def _status(args: argparse.Namespace) -> int:
    """Tell how many studies are done, and what became of them."""
    from fusion.cohort import status

    found = status(args.out)
    if args.json:
        cli.write_json(_status_json(found))
    else:
        cli.write_lines(*_status_lines(found))
    return cli.OK


def _report(args: argparse.Namespace) -> int:
    """Write the tables, the data dictionary, the provenance and the page, as far as it is."""
    from fusion.cohort import report, status

    page = report(args.out)
    if args.json:
        cli.write_json({**_status_json(status(args.out)), "report": str(page)})
    else:
        cli.write_lines(f"Report: {page}", DISCLAIMER)
    return cli.OK


def _status_json(found: CohortStatus) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "places": found.places,
        "done": found.done,
        "studies": found.studies,
        "outcomes": {outcome.value: count for outcome, count in found.outcomes.items()},
    }


def _status_lines(found: CohortStatus) -> list[str]:
    return [
        f"{found.done} of {found.places} folders done, {found.studies} studies:",
        *(f"  {count:>6}  {outcome.value}" for outcome, count in found.outcomes.items()),
    ]
