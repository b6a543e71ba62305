"""How ``facetfusion facets`` prints what was measured at the joints."""

from __future__ import annotations

from fusion.findings import Finding, info
from fusion.uptake.measuring import Uptake
from fusion.uptake.proposals import GRADE_WORDS, Assessment, Proposal


def not_measured(reason: str) -> Finding:
    """Return the Finding that no uptake was measured, and why."""
    return info("uptake-not-measured", f"No uptake was measured. {reason}")


def uptake_lines(assessment: Assessment) -> list[str]:
    """Return the uptake at every joint and the proposals, for a terminal.

    Parameters
    ----------
    assessment : Assessment
        From :func:`fusion.uptake.proposals.assess`.
    """
    resolution = assessment.uptakes[0].resolution
    return [
        f"Uptake, {assessment.uptakes[0].unit}, at a resolution of {resolution.mm:.0f} mm "
        f"({resolution.source}). Reference: {assessment.reference.words}",
        *(_uptake_line(uptake) for uptake in assessment.uptakes),
        "Proposals, none of them a target (thresholds not validated):",
        *([_proposal_line(p) for p in assessment.proposals] or ["  none"]),
    ]


def _uptake_line(uptake: Uptake) -> str:
    line = f"  {uptake.joint.name:<12} "
    if uptake.maximum is None or uptake.mean is None or uptake.peak is None:
        return line + "outside the functional volume's field"
    line += f"max {uptake.maximum:9.4g}  mean {uptake.mean:9.4g}  peak {uptake.peak:9.4g}"
    if uptake.ratio_to_reference is not None:
        line += f"  {uptake.ratio_to_reference:5.2f} × reference"
    if uptake.ratio_to_other_side is not None:
        line += f"  {uptake.ratio_to_other_side:5.2f} × other side"
    if uptake.spill_share is not None and uptake.spill_from is not None:
        line += f"  {uptake.spill_share:4.0%} from neighbours"
    if uptake.merged_with:
        names = ", ".join(joint.name for joint in uptake.merged_with)
        line += f"  cannot be told from {names}"
    return line


def _proposal_line(proposal: Proposal) -> str:
    place = proposal.joint.name if proposal.joint else proposal.place
    return f"  grade {proposal.grade} ({GRADE_WORDS[proposal.grade]}): {place}. {proposal.reason}"
