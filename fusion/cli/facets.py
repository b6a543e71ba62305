"""``facetfusion facets``: the joints of the neck on a CT, and the uptake at them."""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fusion import archive, cli, dicom, facets, uptake
from fusion.anatomy import LEVELS, VERTEBRAE
from fusion.cli.facet_options import (
    add_label_options,
    add_uptake_options,
    label_maps,
    reference_of,
    settings_json,
    settings_line,
    settings_of,
)
from fusion.cli.study import opening_arguments, opening_options, terminal_progress
from fusion.errors import ChoiceNeeded, GeometryError, PairingError, RegistrationFailed
from fusion.findings import Finding, worst_first
from fusion.findings.files import MORE_UNREADABLE, NOT_NEEDED, UNREADABLE
from fusion.findings.joints import (
    FUNCTIONAL_NOT_USED,
    UPTAKE_NOT_MEASURED,
    VERTEBRAE_SEGMENTED,
)
from fusion.findings.volumes import NOT_A_BONE_TRACER, TRACER_NOT_KNOWN, TRACER_NOT_STATED
from fusion.geometry import Volume
from fusion.memory import give_back
from fusion.software import DISCLAIMER

if TYPE_CHECKING:
    from fusion.fused import Fused
    from fusion.review import Review

#: Version of the JSON; keys are only ever added.
SCHEMA_VERSION = 1


def add_facets(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``facets``."""
    parser.description = (
        "Find the facet joints of the neck on the CT of a study, with how sure their "
        "level is and why. Levels that are provisional need a vertebra named by --vertebra. Where "
        "the study holds a SPECT or PET, measure the uptake at every joint and propose which are "
        "active; a proposal is never a target."
    )
    opening_arguments(parser)
    parser.add_argument(
        "--vertebra",
        type=_click,
        action="append",
        default=[],
        metavar="C2=X,Y,Z",
        help="a vertebra you know and a point in it, mm on the CT; may be repeated. Write -x "
        "values as "
        "--vertebra=C2=-1,2,3",
    )
    parser.add_argument(
        "--anomaly",
        type=_anomaly,
        action="append",
        default=[],
        metavar="KIND",
        help="what you know of this spine: cervical-rib, missing-segment, extra-segment, or "
        "fused=C5-C6; may be repeated",
    )
    add_label_options(parser)
    add_uptake_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command; see :func:`register`."""
    said = facets.SpineStatements(
        clicks=dict(args.vertebra),
        anomalies=tuple(args.anomaly),
    )
    reference, settings = reference_of(args), settings_of(args)
    maps = label_maps(args)
    images = _images(args)
    give_back()
    if maps.paths:
        searched = facets.search(images.ct, said, labels=maps, progress=terminal_progress())
        found = searched.located
    else:
        found = facets.locate(images.ct, said, progress=terminal_progress())
    give_back()
    measured, refusal = _assessed(images, found, reference, settings)
    unused, name = images.unused, images.name
    about_uptake = measured.findings if measured is not None else (not_measured(refusal, unused),)
    about = [f for f in images.findings if f.kind is not VERTEBRAE_SEGMENTED or not maps.paths]
    about += _about_tracer(images, args.any_tracer)
    findings = worst_first([*found.findings, *about, *about_uptake])
    if args.json:
        document = _document(found, name, findings, measured)
        cli.write_json({**document, "settings": settings_json(reference, settings)})
    else:
        lines = [] if measured is None else uptake_lines(measured)
        lines += [settings_line(reference, settings)] if lines else []
        cli.write_lines(
            f"CT {name}: {images.why}", *located_lines(found), *lines, *told(findings), DISCLAIMER
        )
    if unused:
        sys.stderr.write(f"facetfusion: {about_uptake[0].message}\n")
    return cli.REFUSED if unused else cli.OK


@dataclass(frozen=True, slots=True, eq=False)
class _Images:
    """What is needed of a study; the headers of all its files, which take much room, are not."""

    ct: Volume
    name: str
    why: str
    findings: tuple[Finding, ...]
    fused: Fused | None = None
    refusal: str = ""
    unused: bool = False


def _images(args: argparse.Namespace) -> _Images:
    """Return the CT, and the functional volume on it or why there is none."""
    progress = terminal_progress()
    spacings = opening_options(args).spacings
    path = archive.local_path(args.path, progress)
    catalog = dicom.scan(path, spacing_mm=spacings, progress=progress)
    review, refusal = _opened(catalog, args)
    if review is not None:
        review = review.with_checked_alignment(progress)
        why = "it goes with the SPECT or PET" if args.ct is None else "chosen by the user"
        fused, name = review.fused, review.pair.ct.name
        return _Images(fused.ct, name, why, review.findings, fused=fused)
    chosen, why = dicom.choose_ct(catalog, ct=args.ct)
    ct = dicom.read_volume(chosen, progress)
    unused = _holds_more(catalog)
    offered = facets.segmentations_offered(catalog, ct.grid.frame_of_reference_uid)
    about = (*ct.findings, *offered)
    return _Images(ct, chosen.name, why, about, refusal=refusal, unused=unused)


def _holds_more(catalog: dicom.Catalog) -> bool:
    """Whether there is a SPECT or PET, or something that cannot be read and may be one."""
    series = [one for study in catalog.studies for one in study.series]
    return any(
        one.kind.is_functional or one.kind is dicom.Kind.UNREADABLE for one in series
    ) or any(
        f.kind in (UNREADABLE, MORE_UNREADABLE)
        for f in (*catalog.findings, *(f for one in series for f in one.findings))
    )


def _opened(catalog: dicom.Catalog, args: argparse.Namespace) -> tuple[Review | None, str]:
    """Return the CT with a functional volume on it; or None, and why."""
    from fusion.opening import open_study

    try:
        review = open_study(catalog, options=opening_options(args), progress=terminal_progress())
    except (PairingError, GeometryError, RegistrationFailed) as exc:
        # Which one is meant is asked, not left out.
        if isinstance(exc, ChoiceNeeded) and args.ct is None:
            raise
        # Whoever says how the SPECT is to be used wants to know why it is not.
        if args.spect or args.register or args.same_frame_by or args.override_mismatch_by:
            raise
        return None, str(exc)
    return review, ""


def _assessed(
    images: _Images,
    found: facets.Localisation,
    reference: uptake.ReferenceChoice,
    settings: uptake.ProposalSettings,
) -> tuple[uptake.Quantification | None, str]:
    fused = images.fused
    if fused is None:
        return None, images.refusal
    if all(facet.center_lps is None for facet in found.facets):
        return None, "No joint was found on the CT."
    try:
        measured = uptake.assess(
            found.facets,
            fused.spect,
            fused.registration,
            ct=fused.ct,
            reference=reference,
            settings=settings,
        )
    except GeometryError as exc:
        return None, str(exc)
    return measured, ""


def _about_tracer(images: _Images, any_tracer: bool) -> list[Finding]:
    """Say that the wish for proposals with any tracer was not needed."""
    if not any_tracer or images.fused is None:
        return []
    withheld = (NOT_A_BONE_TRACER, TRACER_NOT_KNOWN, TRACER_NOT_STATED)
    if any(f.kind in withheld for f in images.fused.spect.findings):
        return []
    what = "The wish for proposals with any tracer (--any-tracer)"
    return [NOT_NEEDED(what=what, why="nothing is withheld for the tracer of this study")]


def _document(
    found: facets.Localisation,
    ct: str,
    findings: tuple[Finding, ...],
    measured: uptake.Quantification | None,
) -> dict[str, Any]:
    document = {
        "schema_version": SCHEMA_VERSION,
        "ct": ct,
        **found.to_json(),
        "findings": [finding.to_json() for finding in findings],
    }
    if measured is not None:
        at = uptake.uptake_json(measured.uptakes)
        for joint in document["joints"]:
            joint["uptake"] = at.get((joint["level"], joint["side"]))
        document["proposals"] = uptake.proposals_json(measured.proposals)
    return document


def told(findings: tuple[Finding, ...]) -> list[str]:
    """Return Findings as lines for a terminal."""
    return [f"{f.severity.label}: {f.message}" for f in findings]


def located_lines(found: facets.Localisation) -> list[str]:
    """Return numbering, witnesses and joints as lines for a terminal."""
    lines = [f"Numbering: {found.numbering.value}"]
    for piece in found.evidence:
        word = {True: "agrees", False: "DISAGREES", None: "does not decide"}[piece.agrees]
        lines.append(f"  {piece.source}: {word}: {piece.saw}")
    for one in found.proposed:
        option = one.anomaly.kind.replace(" ", "-")
        option += f"={one.anomaly.level}" if one.anomaly.level else ""
        lines.append(f"  proposed, not set: {one.anomaly.name} (--anomaly {option}): {one.why}")
    for level in LEVELS:
        for facet in (f for f in found.facets if f.joint.level == level):
            text = f"  {facet.joint.name:<12} {facet.status.value:<14}"
            if facet.center_lps is not None:
                x, y, z = (f"{v:8.1f}" for v in facet.center_lps)
                text += f"{x}{y}{z}  ± {facet.localisation_mm} mm  {facet.numbering.value}"
            lines.append(text.rstrip())
    return lines


def _click(text: str) -> tuple[str, tuple[float, float, float]]:
    name, _, rest = text.partition("=")
    name = name.strip().upper()
    try:
        x, y, z = (float(part) for part in rest.split(","))
    except ValueError:
        x = y = z = math.nan
    if name not in VERTEBRAE[1:] or not math.isfinite(x + y + z):
        raise argparse.ArgumentTypeError(
            f"expected a vertebra and three numbers, for example C2=1.5,-20,-130; found {text}"
        )
    return name, (x, y, z)


def _anomaly(text: str) -> facets.Anomaly:
    kind, _, level = text.partition("=")
    try:
        return facets.Anomaly(kind.strip().replace("-", " "), level.strip().upper())
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc


def not_measured(reason: str, unused: bool = False) -> Finding:
    """Return the Finding that no uptake was measured, and why; an error where data were refused."""
    return (FUNCTIONAL_NOT_USED if unused else UPTAKE_NOT_MEASURED)(reason=reason)


def uptake_lines(assessment: uptake.Quantification) -> list[str]:
    """Return the uptake at every joint and the proposals, for a terminal.

    Parameters
    ----------
    assessment : Quantification
        From :func:`fusion.uptake.proposals.assess`.
    """
    resolution = assessment.uptakes[0].resolution
    return [
        f"Uptake, {assessment.uptakes[0].unit}, at a resolution of {resolution.mm:.0f} mm "
        f"({resolution.source}). Reference: {assessment.reference.words}",
        *(_uptake_line(one) for one in assessment.uptakes),
        "Proposals, none of them a target (thresholds not validated):",
        *([_proposal_line(p) for p in assessment.proposals] or ["  none"]),
    ]


def _uptake_line(one: uptake.Uptake) -> str:
    if one.maximum is None:
        return f"  {one.joint.name:<12} outside the field of the SPECT or PET, not measured"
    parts = list(uptake.measured_texts(one.values, one.unit))
    if one.spill_share is not None and one.spill_from is not None:
        parts.append(f"{one.spill_share:.0%} from neighbours")
    if one.merged_with:
        names = ", ".join(joint.name for joint in one.merged_with)
        parts.append(f"cannot be told from {names}")
    return f"  {one.joint.name:<12} {', '.join(parts)}"


def _proposal_line(proposal: uptake.Proposal) -> str:
    place = proposal.joint.name if proposal.joint else proposal.place
    grade = f"grade {proposal.grade} ({uptake.GRADE_WORDS[proposal.grade]})"
    return f"  {grade}: {place}. {proposal.reason}"
