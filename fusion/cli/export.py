"""``facetfusion export``: the study and its reading in every form that others can read."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fusion import cli
from fusion.cli.facet_options import add_label_options, label_maps
from fusion.cli.study import assessed, opening_arguments, opening_options, terminal_progress
from fusion.errors import AnnotationError
from fusion.plain_text import plain
from fusion.software import DISCLAIMER

if TYPE_CHECKING:
    from fusion.annotations import Reading, StudyKey

#: Version of the JSON of ``export``; keys are only ever added.
SCHEMA_VERSION = 1


def add_export(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``export``."""
    parser.description = (
        "Write a study and its reading, as recorded in the journal, in every form: "
        "DICOM SR, Segmentation, Spatial Registration, resampled SPECT, pictures, PDF, HTML, JSON "
        "and CSV. Without a reading the same files say that there is none."
    )
    opening_arguments(parser)
    parser.add_argument("--to", required=True, type=Path, metavar="DIR", help="folder to write to")
    parser.add_argument(
        "--journal",
        type=cli.journal_path,
        metavar="FILE",
        help="journal to take the reading from (default: that of the user)",
    )
    parser.add_argument(
        "--reader",
        metavar="NAME",
        help="whose reading, when there are several of this study; with --facts, who recorded them",
    )
    parser.add_argument(
        "--version",
        dest="reading_version",
        type=int,
        metavar="N",
        help="which version of the reading (default: the last)",
    )
    parser.add_argument(
        "--facts",
        type=Path,
        metavar="FACTS.toml",
        help="answer the pathway with these facts, where the reading holds no answer",
    )
    add_label_options(parser)
    parser.add_argument(
        "--deidentify",
        action="store_true",
        help="take identity out of everything: DICOM PS3.15 Basic Profile; dates, notes and "
        "names are removed; DIR must be empty",
    )
    parser.add_argument(
        "--deidentify-keep-suv",
        action="store_true",
        help="as --deidentify, but keep weight, size, sex and age, and shift all dates by one "
        "unknown number of days instead of removing them, so that SUV can be computed",
    )
    parser.add_argument(
        "--with-images",
        action="store_true",
        help="with --deidentify: write de-identified copies of the CT and SPECT too",
    )
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command; see :func:`register`."""
    from fusion.annotations import StudyKey
    from fusion.deidentified import Deidentifier
    from fusion.export import hand_on
    from fusion.opening import open_study

    deidentify = None
    if args.deidentify or args.deidentify_keep_suv:
        deidentify = Deidentifier(keeps_suv=args.deidentify_keep_suv)
    elif args.with_images:
        raise cli.WrongUsage("--with-images goes with --deidentify: only such copies are written.")
    assessment = assessed(args.facts, reader=args.reader, option="--reader")
    show = terminal_progress()
    review = open_study(args.path, progress=show.part(0.0, 0.3), options=opening_options(args))
    if assessment is not None:
        review = review.with_assessment(assessment)
    key = StudyKey.of(review.fused.ct, review.fused.spect)
    reading = meant_reading(args.journal, key, args.reader, version=args.reading_version)
    handed = hand_on(
        review,
        reading,
        args.to,
        labels=label_maps(args),
        deidentify=deidentify,
        with_images=args.with_images,
        progress=show.part(0.3, 1.0),
    )
    if args.json:
        cli.write_json(
            {
                "schema_version": SCHEMA_VERSION,
                "files": [str(path) for path in handed.paths],
                "findings": [finding.to_json() for finding in handed.findings],
            }
        )
        return cli.OK
    cli.write_lines(
        *(f"{finding.severity.label}: {finding.message}" for finding in handed.findings),
        _whose(reading),
        "Written:",
        *(f"  {path}" for path in handed.paths),
        DISCLAIMER,
    )
    return cli.OK


def _whose(reading: Reading | None) -> str:
    if reading is None:
        return "No reading of this study is in the journal; the files say so."
    state = "final" if reading.finalised else "a draft"
    count = len(reading.targets)
    return (
        f"Reading by {plain(reading.reader)}, version {reading.opened.version}, {state}: "
        f"{count} decision{'' if count == 1 else 's'}."
    )


def meant_reading(
    path: Path | None, key: StudyKey, reader: str | None, *, version: int | None = None
) -> Reading | None:
    """Return a version, or the last, of the one reading of a study that is meant; None for none."""
    from fusion.annotations import Journal, default_path, latest, same_name, versions_of

    if path is None and not default_path().exists():
        return None  # an export makes no journal
    if path is not None and not path.exists():
        raise AnnotationError(f"There is no journal {path}.")
    with Journal(path) as journal:
        known = journal.readings(key.study_instance_uid)
    meant = latest(known, key)
    if reader is not None:
        meant = tuple(one for one in meant if same_name(one.reader, reader))
        if not meant:
            raise AnnotationError("The journal holds no reading of this study by that reader.")
    if len(meant) > 1:
        names = "; ".join(
            f"{plain(one.reader)} ({'final' if one.finalised else 'draft'})" for one in meant
        )
        raise AnnotationError(
            f"The journal holds {len(meant)} readings of this study: {names}. They are not "
            "merged; choose one with --reader."
        )
    if not meant and known:
        sys.stderr.write(
            "facetfusion: the journal holds readings of this study, but of other series; choose "
            "theirs with --ct and --spect to export them.\n"
        )
    if version is None:
        return meant[0] if meant else None
    every = versions_of(meant[0], known) if meant else ()
    for one in every:
        if one.opened.version == version:
            return one
    there = ", ".join(str(one.opened.version) for one in every) or "none"
    raise AnnotationError(f"The reading has no version {version}; there is: {there}.")
