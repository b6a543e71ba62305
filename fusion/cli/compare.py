"""``facetfusion compare``: two dates of one patient, joint by joint."""

from __future__ import annotations

import argparse
import contextlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fusion import cli
from fusion.cli.study import (
    alignment_arguments,
    opening_options,
    terminal_progress,
    volume_arguments,
)
from fusion.errors import Cancelled, FusionError, ProgramFault
from fusion.progress import Progress
from fusion.software import DISCLAIMER

if TYPE_CHECKING:
    from fusion.follow_up import Comparison

#: Options of the commands that open one study; each of two has its own.
_CHOOSES = re.compile(r"(?<!\S)--(ct|spect|spacing)\b")


def add_compare(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``compare``."""
    from fusion.follow_up import COMPARING_TAKES

    parser.description = (
        "Compare two bone SPECT/CT or PET/CT of one patient, joint by joint: higher, lower or no "
        "change shown, with number and 95 % limits. Both studies keep their own alignment, joints "
        "and reading; the CTs are linked by the names of the joints, and refused where pictures "
        f"and names disagree. It takes {COMPARING_TAKES}."
    )
    paths = "folder, zip, DICOMDIR or file"
    parser.add_argument("earlier", metavar="EARLIER", help=f"the earlier study: {paths}")
    parser.add_argument("later", metavar="LATER", help=f"the later study: {paths}")
    for which in ("earlier", "later"):
        volume_arguments(parser, of=which)
    alignment_arguments(
        parser.add_argument_group("how both studies are opened", "each option holds for both")
    )
    parser.add_argument(
        "--same-patient",
        dest="same_patient_by",
        metavar="NAME",
        help="compare studies that do not state enough to tell that they are of one patient, on "
        "the responsibility of NAME; never where they state different patients",
    )
    cli.journal_option(parser, "journal to take the readings of both studies from")
    parser.add_argument(
        "--reader", metavar="NAME", help="whose readings, when there are several of a study"
    )
    parser.add_argument(
        "--to",
        type=Path,
        metavar="DIR",
        help="folder to write PDF, HTML, CSV, JSON and DICOM to",
    )
    parser.add_argument(
        "--deidentify",
        action="store_true",
        help="take identity out of everything that is written and printed: DICOM PS3.15 Basic "
        "Profile; dates, the days between them and names are removed; DIR must be empty",
    )
    parser.add_argument(
        "--deidentify-keep-suv",
        action="store_true",
        help="as --deidentify, but keep weight, size, sex and age, and shift all dates by one "
        "unknown number of days instead of removing them, so that the days between them stay",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from fusion.annotations import StudyKey
    from fusion.cli.export import meant_reading
    from fusion.deidentified import Deidentifier
    from fusion.export import comparison_json, deidentified_comparison, hand_on_comparison
    from fusion.follow_up import COMPARING_TAKES, Dated, check_pair, compare
    from fusion.opening import open_study

    if args.to is not None and args.to.exists() and not args.to.is_dir():
        raise FusionError(f"{args.to} is a file; expected a folder. Choose another one with --to.")
    deidentify = None
    if args.deidentify or args.deidentify_keep_suv:
        deidentify = Deidentifier(keeps_suv=args.deidentify_keep_suv)
        if args.to is not None and args.to.is_dir() and any(args.to.iterdir()):
            raise FusionError(
                f"{args.to} holds something. What is written without identity goes into an empty "
                "folder. Choose another one with --to."
            )
    show = terminal_progress()
    show(0.0, f"Comparing two dates takes {COMPARING_TAKES}")
    options = opening_options(args)
    reviews = []
    for n, which in enumerate(("earlier", "later")):
        part = _of(which, show.part(0.1 * n, 0.1 * (n + 1)))
        own = {name: getattr(args, f"{which}_{name}") for name in ("ct", "spect", "spacing_mm")}
        with _told_of(which):
            reviews.append(
                open_study(getattr(args, which), options=replace(options, **own), progress=part)
            )
    check_pair(*reviews, same_patient_by=args.same_patient_by)
    dates = []
    for n, review in enumerate(reviews):
        key = StudyKey.of(review.fused.ct, review.fused.spect)
        reading = meant_reading(args.journal, key, args.reader)
        part = _of(("earlier", "later")[n], show.part(0.2 + 0.2 * n, 0.4 + 0.2 * n))
        dates.append(Dated.of(review, reading, progress=part))
    found = compare(*dates, same_patient_by=args.same_patient_by, progress=show.part(0.6, 0.8))
    written: tuple[Path, ...] = ()
    if args.to is not None:
        written = hand_on_comparison(
            found, args.to, deidentify=deidentify, progress=show.part(0.8, 1.0)
        )
    show(1.0, "Done")
    if deidentify is not None:
        found = deidentified_comparison(found, deidentify)
    if args.json:
        document = comparison_json(found)
        cli.write_json({**document, "files": [str(path) for path in written]})
    else:
        cli.write_lines(*comparison_lines(found), *(f"Written: {path}" for path in written))
    return cli.OK


def _of(which: str, part: Progress) -> Progress:
    """Return a progress that says of which of the two studies its steps are."""
    return Progress(lambda fraction, step: part(fraction, f"The {which} study: {step}"))


@contextlib.contextmanager
def _told_of(which: str) -> Iterator[None]:
    """Say of which of the two studies an error speaks, and its options; it stays of its kind."""
    try:
        yield
    except (Cancelled, ProgramFault):
        raise
    except FusionError as exc:
        said = _CHOOSES.sub(rf"--{which}-\1", str(exc))
        exc.args = (f"The {which} study cannot be opened. {said}", *exc.args[1:])
        raise


def comparison_lines(found: Comparison) -> list[str]:
    """Return a comparison for a terminal."""
    from fusion.export import HEADER, answer, dates, row
    from fusion.follow_up import LIMITS_SOURCE

    rows = [HEADER, *(row(found, one) for one in found.joints)]
    widths = [max(len(line[n]) for line in rows) for n in range(len(HEADER))]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in rows
    ]
    return [
        dates(found),
        *answer(found),
        *table,
        LIMITS_SOURCE,
        *(f"{finding.severity.label}: {finding.message}" for finding in found.findings),
        DISCLAIMER,
    ]
