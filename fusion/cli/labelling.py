"""``facetfusion labels``: the vertebrae as a segmentation program names them, as a witness."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fusion import archive, cli, dicom, facets
from fusion.cli.facets import located_lines, told
from fusion.cli.study import terminal_progress
from fusion.errors import FusionError
from fusion.findings import worst_first
from fusion.software import DISCLAIMER

#: Version of the JSON; keys are only ever added.
SCHEMA_VERSION = 1


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``labels``."""
    usual = facets.Limits()
    parser.description = (
        "Cut the neck out of the CT of a study, let a segmentation program that you have installed "
        "label its vertebrae, check the label map like any other, and take it as a witness of the "
        "levels. Nothing is installed or downloaded, and the program gets no way to the network. "
        + " ".join(program.terms for program in facets.PROGRAMS)
    )
    parser.add_argument("path", metavar="PATH", help="folder, zip, DICOMDIR or file")
    parser.add_argument(
        "--with",
        dest="programs",
        action="append",
        required=True,
        metavar="PROGRAM",
        help=f"{' or '.join(one.name for one in facets.PROGRAMS)}; a second one is a witness "
        "beside the first, which gives the places",
    )
    parser.add_argument(
        "--to", required=True, type=Path, metavar="DIR", help="folder for the label maps"
    )
    parser.add_argument(
        "--program",
        type=Path,
        metavar="FILE",
        help="where the program stands (default: looked for on PATH)",
    )
    parser.add_argument(
        "--ct",
        metavar="VOLUME",
        help="CT to use: number that scan prints, or identifier of the series",
    )
    parser.add_argument(
        "--cpu", action="store_true", help="tell the program to use no graphics processor"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=usual.minutes,
        metavar="N",
        help=f"longest time that a program may run (default: {usual.minutes:g})",
    )
    parser.add_argument(
        "--gigabytes",
        type=float,
        default=usual.gigabytes,
        metavar="N",
        help=f"most memory that it may use (default: {usual.gigabytes:g}; not watched on Windows)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command; see :func:`add_labels`."""
    programs = [facets.program_named(name) for name in dict.fromkeys(args.programs)]
    if args.program is not None and len(programs) > 1:
        raise cli.WrongUsage("--program FILE goes with one --with; run the programs one by one.")
    try:
        limits = facets.Limits(args.minutes, args.gigabytes)
    except FusionError as exc:
        raise cli.WrongUsage(str(exc)) from exc
    for program in programs:  # before anything takes long; the refusal has the terms in it
        facets.find_program(program, at=args.program)
    progress = terminal_progress()
    catalog = dicom.scan(archive.local_path(args.path, progress), progress=progress)
    chosen, why = dicom.choose_ct(catalog, ct=args.ct)
    ct = dicom.read_volume(chosen, progress)
    neck = facets.find_neck(ct, progress=progress)
    if neck is None:
        raise FusionError(facets.no_canal(ct).findings[0].message)
    spines: list[facets.LabelledSpine] = []
    files: list[tuple[facets.Program, tuple[Path, ...]]] = []
    for program in programs:
        sys.stderr.write(f"{program.terms}\n")
        paths = facets.make_labels(
            program,
            neck,
            args.to,
            at=args.program,
            only_processor=args.cpu,
            limits=limits,
            progress=progress,
        )
        files.append((program, paths))
        spines.append(facets.read_labels(paths, ct, label_convention=program.convention))
    found = facets.locate_with_labels(spines[0], ct, neck, others=spines[1:])
    findings = worst_first([*found.findings, *ct.findings])
    if args.json:
        document = {
            "schema_version": SCHEMA_VERSION,
            "ct": chosen.name,
            "label_maps": [
                {"program": program.name, "files": [path.name for path in paths]}
                for program, paths in files
            ],
            **found.to_json(),
            "findings": [finding.to_json() for finding in findings],
        }
        cli.write_json(document)
        return cli.OK
    kept = [
        f"{program.words} labelled the vertebrae. Use its label map with: facetfusion facets PATH "
        + " ".join(f"--labels {args.to / path.name}" for path in paths)
        for program, paths in files
    ]
    cli.write_lines(
        f"CT {chosen.name}: {why}", *kept, *located_lines(found), *told(findings), DISCLAIMER
    )
    return cli.OK
