"""``facetfusion scan``, ``fuse`` and ``review``."""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import importlib.util
import math
import sys
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusion import cli
from fusion.errors import FusionError
from fusion.findings import Finding, Severity, worst_first
from fusion.findings.readings import NOT_EXPORTED
from fusion.plain_text import iso_date, person_name, plain
from fusion.progress import Progress
from fusion.software import DISCLAIMER

if TYPE_CHECKING:
    from fusion.dicom import Catalog, Series, Study, VolumePlan
    from fusion.opening import OpenOptions
    from fusion.pathway import Assessment

#: Version of the JSON of ``scan``; keys are only ever added.
SCHEMA_VERSION = 1
#: Longest list of Findings of one kind on a terminal; all of them are in the JSON.
_SHOWN_FINDINGS = 30


def add_scan(scan: argparse.ArgumentParser) -> None:
    """Add the options of ``scan``."""
    scan.description = _scan.__doc__
    scan.add_argument("path", metavar="PATH", help="folder, zip, DICOMDIR or file")
    _spacing(scan)
    scan.add_argument("--json", action="store_true", help="print one JSON document")
    scan.set_defaults(run=_scan)


def add_fuse(fuse: argparse.ArgumentParser) -> None:
    """Add the options of ``fuse``."""
    fuse.description = _fuse.__doc__
    opening_arguments(fuse)
    fuse.add_argument("--to", required=True, metavar="DIR", help="folder for the results")
    fuse.add_argument(
        "--at",
        type=_point,
        metavar="X,Y,Z",
        help="point in mm on the CT (left, back, head) that the pictures pass through (default: "
        "the hottest bone of the neck)",
    )
    fuse.add_argument(
        "--facts",
        type=Path,
        metavar="FACTS.toml",
        help="store the pathway's answer to these facts with the results (needs --reader)",
    )
    fuse.add_argument("--reader", metavar="NAME", help="who recorded the facts")
    fuse.add_argument("--json", action="store_true", help="print review.json on standard output")
    fuse.set_defaults(run=_fuse)


def add_review(review: argparse.ArgumentParser) -> None:
    """Add the options of ``review``."""
    from fusion.cli.facet_options import add_label_options

    review.description = _review.__doc__
    opening_arguments(review, optional=True)
    review.add_argument(
        "--journal",
        type=cli.journal_path,
        metavar="FILE",
        help="journal to keep the reading in (default: that of the user)",
    )
    review.add_argument(
        "--reader",
        metavar="NAME",
        help="who reads: begin or resume that reading at once (default: the window asks when "
        "something is to be recorded)",
    )
    add_label_options(review)
    review.set_defaults(run=_review, in_window=True)


def opening_arguments(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """Add the arguments that say which study is opened, and how; perhaps it is chosen later."""
    words = "folder, zip, DICOMDIR or file"
    if optional:
        words += " (default: the start page asks)"
    parser.add_argument("path", nargs="?" if optional else None, metavar="PATH", help=words)
    volume_arguments(parser)
    alignment_arguments(parser)


def volume_arguments(parser: argparse._ActionsContainer, *, of: str = "") -> None:
    """Add the arguments that choose CT and SPECT; ``of`` says of which of two studies."""
    before, whose = (f"--{of}-", f" of the {of} study") if of else ("--", "")
    parser.add_argument(
        f"{before}ct",
        metavar="VOLUME",
        help=f"CT{whose} to use: number that scan prints, or identifier of the series",
    )
    parser.add_argument(
        f"{before}spect",
        metavar="VOLUME",
        help=f"SPECT or PET{whose} to use: number or identifier of the series",
    )
    _spacing(parser, f"{before}spacing", whose)


def alignment_arguments(parser: argparse._ActionsContainer) -> None:
    """Add the arguments that say how a SPECT is put onto its CT, and on whose word."""
    parser.add_argument(
        "--register",
        action="store_true",
        help="search for a rigid correction instead of relying on a stored one or on the "
        "scanner's own alignment",
    )
    parser.add_argument(
        "--ignore-stored-registration",
        action="store_true",
        help="do not use the alignment that the study comes with",
    )
    parser.add_argument(
        "--interpolation",
        choices=("linear", "nearest"),
        default="linear",
        help="how the SPECT is shown between its voxel centres (default: linear)",
    )
    parser.add_argument(
        "--override-mismatch",
        dest="override_mismatch_by",
        metavar="NAME",
        help="combine volumes that state different patients, on the responsibility of NAME",
    )
    parser.add_argument(
        "--same-frame",
        dest="same_frame_by",
        metavar="NAME",
        help="place images that lie in different coordinate systems (DICOM Frame of Reference), or "
        "state none, as if in one, on the word of NAME",
    )


def _spacing(
    parser: argparse._ActionsContainer, option: str = "--spacing", whose: str = ""
) -> None:
    parser.add_argument(
        option,
        dest=f"{option.strip('-').replace('-', '_')}_mm",
        type=_distance,
        action=_Distances,
        metavar="[SERIES=]MM",
        help=f"distance between slices in mm, with its sign, for SPECT files{whose} that do not "
        "state it: positive when the next slice lies along row x column, negative when against "
        "it. Where several series need one, repeat it with the number of each that scan prints: "
        f"{option} 3=-4.42",
    )


class _Distances(argparse.Action):
    """Collects distances by the series that they are for; the empty name stands for none named."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Add one."""
        known = getattr(namespace, self.dest) or {}
        name, distance = values
        if name in known and known[name] != distance:
            parser.error(
                f"{option_string} is given as {known[name]:g} and as {distance:g} mm"
                + (f" for {name}" if name else "; say for which series: SERIES=MM")
            )
        setattr(namespace, self.dest, {**known, name: distance})


def _distance(string: str) -> tuple[str, float]:
    name, is_named, number = string.rpartition("=")
    # One number alone: a comma in it can only be its decimal point.
    try:
        distance = float(number.replace(",", ".", 1))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number of mm, found {string}") from None
    if not math.isfinite(distance):
        raise argparse.ArgumentTypeError(f"expected a number of mm, found {string}")
    if is_named and not name.strip():
        raise argparse.ArgumentTypeError(f"expected SERIES=MM, found {string}")
    return name.strip(), distance


def _point(string: str) -> tuple[float, float, float]:
    parts = [float(part) for part in string.split(",")]
    if len(parts) != 3:
        raise argparse.ArgumentTypeError("expected three numbers: X,Y,Z in mm")
    return parts[0], parts[1], parts[2]


def opening_options(args: argparse.Namespace) -> OpenOptions:
    """Return what :func:`opening_arguments` asked for; what a command does not ask is as usual."""
    from fusion.opening import OpenOptions

    names = [field.name for field in fields(OpenOptions) if hasattr(args, field.name)]
    return OpenOptions(**{name: getattr(args, name) for name in names})


def assessed(path: Path | None, *, reader: str | None, option: str) -> Assessment | None:
    """Return the pathway's answer to a facts file; None when none was given.

    Called before a study is opened, because wrong facts should not cost that time.

    Parameters
    ----------
    path : Path or None
        ``FACTS.toml``.
    reader : str or None
        Who recorded the facts.
    option : str
        The option that names the reader, for the message when it is missing.

    Raises
    ------
    WrongUsage
        Nobody who recorded the facts.
    PathwayError
        Unusable facts.
    """
    from fusion.pathway import Assessment, read_facts

    if path is None:
        return None
    if not (reader or "").strip():
        raise cli.WrongUsage(f"Say with {option} who recorded the facts.")
    facts = read_facts(path, today=dt.date.today())
    return Assessment.of(facts, reader=str(reader))


def _scan(args: argparse.Namespace) -> int:
    """List studies, series and volumes: what each is, its geometry, its unit, its Findings."""
    from fusion.archive import local_path
    from fusion.dicom import scan

    path = local_path(args.path, terminal_progress())
    catalog = scan(path, spacing_mm=args.spacing_mm, progress=terminal_progress())
    if args.json:
        cli.write_json(catalog_json(catalog))
    else:
        cli.write_lines(*_catalog_lines(catalog))
    return cli.OK if catalog.studies else _nothing_found(catalog)


def _nothing_found(catalog: Catalog) -> int:
    warnings = " ".join(f.message for f in catalog.findings[:3] if f.severity is not Severity.INFO)
    text = f"facetfusion: no DICOM objects were found under {catalog.path}. {warnings}"
    sys.stderr.write(f"{plain(text).strip()}\n")
    return cli.REFUSED


def _fuse(args: argparse.Namespace) -> int:
    """Open a study, put the SPECT or PET onto the CT, and write pictures and DICOM."""
    from fusion.export import review_json, shown_point, write_review
    from fusion.opening import open_study
    from fusion.pathway import NOT_ASSESSED

    assessment = assessed(args.facts, reader=args.reader, option="--reader")
    progress = terminal_progress()
    review = open_study(args.path, progress=progress.part(0.0, 0.7), options=opening_options(args))
    review = review.with_assessment(assessment)
    point, said = args.at, tuple[Finding, ...]()
    if point is None:
        point, where = shown_point(review.fused, progress=progress.part(0.7, 0.8))
        said = (where,)
    handed = write_review(review, args.to, point_lps=point, progress=progress.part(0.8, 1.0))
    handed = replace(handed, findings=(*handed.findings, *said))
    missing = any(finding.kind is NOT_EXPORTED for finding in handed.findings)
    outcome = cli.REFUSED if missing else cli.OK
    if args.json:
        for finding in handed.findings:
            sys.stderr.write(f"facetfusion: {finding.message}\n")
        cli.write_json(review_json(review))
        return outcome
    cli.write_lines(
        *review.pair.reasons,
        f"Registration: {review.fused.registration.method.words}",
        *_finding_lines(worst_first((*handed.findings, *review.findings)), indent=""),
        assessment.verdict.words if assessment else NOT_ASSESSED,
        "Written:",
        *(f"  {path}" for path in handed.paths),
        DISCLAIMER,
    )
    return outcome


def _review(args: argparse.Namespace) -> int:
    """Open a study in a window, or a start page that lists what was opened before."""
    from fusion.annotations import check_name
    from fusion.cli.facet_options import label_options

    if any(importlib.util.find_spec(name) is None for name in ("napari", "qtpy")):
        raise FusionError(
            "The window is not installed. Install it with: pip install 'facetfusion[viewer]'. Or "
            "work without a window: facetfusion fuse."
        )
    if args.reader is not None:
        check_name(args.reader)
    labels = label_options(args)
    # By name, because the core must not depend on the viewer.
    try:
        run = importlib.import_module("viewer.app").run
    except ImportError:
        importlib.import_module("viewer.screen").check_screen()  # says which library is missing
        raise
    reading = {"journal": args.journal, "reader": args.reader or ""}
    return int(run(args.path, **reading, **labels, options=opening_options(args)))


def terminal_progress() -> Progress:
    """Return a Progress that shows one line on a terminal, and says nothing elsewhere."""
    if not sys.stderr.isatty():
        return Progress()
    last = [0.0]

    def show(fraction: float, step: str) -> None:
        now = time.monotonic()
        if now - last[0] < 0.1 and fraction < 1:
            return
        last[0] = now
        sys.stderr.write(f"\r\x1b[K{fraction:4.0%}  {step}")
        if fraction >= 1:
            sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()

    return Progress(show)


def catalog_json(catalog: Catalog) -> dict[str, Any]:
    """Return the JSON of ``scan``; keys are documented in docs/json.md."""
    return {
        "schema_version": SCHEMA_VERSION,
        "path": catalog.path,
        "studies": [_study_json(study) for study in catalog.studies],
        "findings": [finding.to_json() for finding in worst_first(catalog.findings)],
    }


def _study_json(study: Study) -> dict[str, Any]:
    patient = study.patient
    return {
        "study_instance_uid": study.study_instance_uid,
        "patient": {
            "name": patient.name,
            "id": patient.patient_id,
            "birth_date": patient.birth_date,
            "sex": patient.sex,
        },
        "date": study.date,
        "description": study.description,
        "series": [_series_json(series) for series in study.series],
        "findings": [finding.to_json() for finding in worst_first(study.findings)],
    }


def _series_json(series: Series) -> dict[str, Any]:
    findings = [*series.findings, *(f for plan in series.volumes for f in plan.findings)]
    return {
        "series_instance_uid": series.series_instance_uid,
        "modality": series.modality,
        "kind": series.kind.value,
        "description": series.description,
        "instances": len(series.instances),
        "volumes": [_volume_json(plan) for plan in series.volumes],
        "findings": [finding.to_json() for finding in worst_first(findings)],
    }


def _volume_json(plan: VolumePlan) -> dict[str, Any]:
    grid = plan.grid
    return {
        "id": plan.volume_id,
        "kind": plan.kind.value,
        "description": plan.description,
        "shape": list(plan.shape),
        "affine_lps": None if grid is None else grid.affine.tolist(),
        "spacing_mm": None if grid is None else [round(float(v), 6) for v in grid.spacing_mm],
        "frame_of_reference_uid": None if grid is None else grid.frame_of_reference_uid,
        "unit": plan.unit,
        "suvbw_per_unit": plan.suvbw_per_unit,
        "refusal": plan.refusal,
        "findings": [finding.to_json() for finding in worst_first(plan.findings)],
    }


def _catalog_lines(catalog: Catalog) -> list[str]:
    lines = []
    for study in catalog.studies:
        patient = study.patient
        lines += [
            f"Study {iso_date(study.date) or 'without date'}  {study.description}".rstrip(),
            f"  patient: {person_name(patient.name) or 'no name'}  ID "
            f"{patient.patient_id or 'none'}",
            *_finding_lines(study.findings, indent="  "),
        ]
        for series in study.series:
            count = len(series.instances)
            lines.append(
                f"  {series.kind.value:<11} {series.description or series.modality}"
                f"  ({count} object{'s' if count != 1 else ''})"
            )
            for plan in series.volumes:
                lines += _volume_lines(plan)
            lines += _finding_lines(series.findings, indent="      ")
    lines += _finding_lines(catalog.findings, indent="")
    return lines


def _volume_lines(plan: VolumePlan) -> list[str]:
    k, j, i = plan.shape
    lines = [f"    {plan.volume_id}: {plan.description}  {k} × {j} × {i}  {plan.unit}".rstrip()]
    if plan.grid is not None:
        spacing = " × ".join(f"{v:.2f}" for v in plan.grid.spacing_mm)
        lines[0] += f"  {spacing} mm"
    if plan.refusal:
        lines.append(f"      refused: {plan.refusal}")
    return lines + _finding_lines(plan.findings, indent="      ")


def _finding_lines(findings: tuple[Finding, ...], *, indent: str) -> list[str]:
    ordered = worst_first(findings)
    lines = [f"{indent}{f.severity.label}: {f.message}" for f in ordered[:_SHOWN_FINDINGS]]
    if len(ordered) > _SHOWN_FINDINGS:
        lines.append(f"{indent}… and {len(ordered) - _SHOWN_FINDINGS} more (see --json)")
    return lines
