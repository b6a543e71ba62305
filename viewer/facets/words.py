"""What is known about the joints, their numbering and their hot spots, in words for the screen.

Knows nothing of Qt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fusion.anatomy import LEVELS
from fusion.facets import DRAGGED, MARKED, Numbering, Status
from fusion.findings.joints import ANOMALIES_RECORDED, CLICKS_DISAGREE, LABELS_CONTRADICTED
from fusion.plain_text import plain
from fusion.uptake import (
    GRADE_WORDS,
    RATIO_TO_REFERENCE,
    Measure,
    every_measure,
    measured_texts,
)
from viewer.facets.model import State
from viewer.kit.text import position_text, shortened
from viewer.kit.theme import BAD, DOUBTFUL, FAINT, GOOD

if TYPE_CHECKING:
    from fusion.annotations import Target
    from fusion.facets import Facet, Localisation, Witness
    from fusion.uptake import Proposal, Uptake
    from viewer.facets.model import FacetsModel


#: Longest names of label maps in the heading, characters.
_NAMES = 60


def heading(facets: FacetsModel) -> tuple[str, str, str]:
    """Return how far the levels are to be trusted, why, and the colour of that.

    Parameters
    ----------
    facets : FacetsModel
        The joints.
    """
    found = facets.localisation
    named = f"{', '.join(facets.said.clicks)} named by the reader" if facets.said.clicks else ""
    if facets.state is State.NOT_STARTED:
        return "Joints not looked for yet", "", FAINT
    if found is None:
        if facets.state is State.LOCATING:
            return "Numbering again …" if facets.renumbering else "Finding the joints …", "", FAINT
        refused = facets.state is State.LABELS_REFUSED
        return "Label map refused: no joints" if refused else "No joints", facets.refusal, BAD
    if facets.state is State.NOTHING_FOUND:
        return "No joints found", facets.refusal, BAD
    texts = [facets.refusal] if facets.refusal else []
    if facets.labels.paths:
        names = ", ".join(path.name for path in facets.labels.paths)
        texts.append(f"Joints from label map {shortened(names, _NAMES)}.")
    texts += [f.message for f in found.findings if f.kind is CLICKS_DISAGREE]
    against = [piece.source for piece in found.evidence if piece.agrees is False]
    dispute = f"Against it: {', '.join(against)}; see Numbering below." if against else ""
    if found.numbering is Numbering.PROVISIONAL:
        # What a recorded anomaly means is the reason where the evidence itself is good.
        kinds = (LABELS_CONTRADICTED, *ANOMALIES_RECORDED)
        said = [f.message for f in found.findings if f.kind in kinds]
        thin = "The evidence in the field is too thin; see Numbering below."
        texts.insert(0, dispute or "\n".join(said) or thin)
        texts.append("Name a vertebra that you know (C2 is best) before using any level.")
        title = "Levels PROVISIONAL – not certain" + (f"; {named}" if named else "")
        return title, "\n".join(texts), DOUBTFUL
    if found.numbering is Numbering.CONFIRMED:
        title = f"Levels confirmed: {named}"
        texts += [dispute] if dispute else []
    else:
        title = "Levels sure"
        agreeing = sum(piece.agrees is True for piece in found.evidence)
        texts.append(f"{agreeing} pieces of evidence agree, none speaks against.")
    color = BAD if facets.spine is None else DOUBTFUL if against else GOOD
    return title, "\n".join(texts), color


def waiting_text(facets: FacetsModel) -> str:
    """Return what is being worked out, or why there is nothing; empty when all is known."""
    if facets.state is State.LOCATING:
        return "Finding the joints …"
    if facets.measuring:
        return "Measuring the uptake …"
    return facets.refusal


def count_against(found: Localisation | None) -> int:
    """Return how many pieces of evidence speak against the numbering."""
    return sum(piece.agrees is False for piece in found.evidence) if found else 0


#: Spill of at least this share of the maximum is said in the row; less is in the words below.
_SPILL_SHOWN = 0.1


NONE = "–"


def columns() -> tuple[Measure, ...]:
    """Return the measures that have a column in the table of the joints."""
    return tuple(measure for measure in every_measure() if measure.heading)


def row_texts(facet: Facet | None, uptake: Uptake | None) -> tuple[str, ...]:
    """Return error, measures and the state of a joint, as its row shows them."""
    error, state = NONE, ""
    if facet is not None:
        error = NONE if facet.localisation_mm is None else f"{facet.localisation_mm:.1f}"
        state = state_words(facet, uptake)
    values = {} if uptake is None else uptake.values
    unit = "" if uptake is None else uptake.unit
    numbers = (
        measure.number(values[measure.name], unit) if measure.name in values else NONE
        for measure in columns()
    )
    return (error, *numbers, state)


def state_words(facet: Facet, uptake: Uptake | None) -> str:
    """Return in a few words what a reader must know about a joint."""
    if facet.status in (Status.OUTSIDE, Status.NOT_FOUND):
        return facet.status.value
    words = [facet.numbering.value]
    if facet.status is not Status.FOUND:
        words.insert(0, facet.status.value)
    if facet.source in (DRAGGED, MARKED):
        words.append("moved" if facet.source == DRAGGED else "marked")
    if uptake is not None:
        if uptake.maximum is None:
            words.append("outside SPECT")
        if uptake.merged_with:
            words.append("not separable")
        if uptake.spill_share is not None and uptake.spill_share >= _SPILL_SHOWN:
            words.append(f"{uptake.spill_share:.0%} spill")
    return ", ".join(words)


def details(facet: Facet, uptake: Uptake | None, *, label: str) -> str:
    """Return everything that is known about a joint, line by line.

    Parameters
    ----------
    facet : Facet
        The joint.
    uptake : Uptake or None
        What was measured at it.
    label : str
        What the functional volume is called.
    """
    error = "" if facet.localisation_mm is None else f", ± {facet.localisation_mm:g} mm"
    lines = [f"{facet.joint.name}: {facet.status.value}{error}, level {facet.numbering.value}"]
    if facet.center_lps is not None:
        lines.append(f"{facet.source}, at {position_text(facet.center_lps)} mm")
    else:
        lines.append("No centre. Put the crosshair on the joint and mark it, if it can be seen.")
    if uptake is not None:
        lines += _uptake_lines(uptake, label)
    return "\n".join(lines)


def _uptake_lines(uptake: Uptake, label: str) -> list[str]:
    if uptake.maximum is None:
        return [f"Outside the field of the {label}: not measured."]
    lines = [f"{label}: {', '.join(measured_texts(uptake.values, uptake.unit))}"]
    if RATIO_TO_REFERENCE.name in uptake.values:
        lines.append(f"Reference: {uptake.reference.kind.value}")
    if uptake.spill_share is not None and uptake.spill_share > 0.005:
        source = f", mostly {uptake.spill_from.name}" if uptake.spill_from else ""
        lines.append(
            f"About {uptake.spill_share:.0%} of the maximum spills in from elsewhere{source}"
        )
    if uptake.merged_with:
        names = ", ".join(joint.name for joint in uptake.merged_with)
        lines.append(
            f"Not separable from {names} at {uptake.resolution.mm:.0f} mm resolution "
            f"({uptake.resolution.source})"
        )
    registration = uptake.registration_mm
    lines.append(
        "Alignment error here: "
        + (
            "not known"
            if registration is None
            else "not to be trusted"
            if np.isinf(registration)
            else f"up to {registration:.1f} mm"
        )
    )
    return lines


#: What became of a piece of evidence: sign, word and colour.
_VERDICTS = {
    True: ("✓", "agrees", GOOD),
    False: ("✗", "DISAGREES", BAD),
    None: ("–", "does not decide", FAINT),
}


def evidence_line(piece: Witness) -> tuple[str, str]:
    """Return what a piece of evidence says, and the colour of its verdict."""
    sign, word, color = _VERDICTS[piece.agrees]
    text = f"{sign} {word}: {plain(piece.source)} (weight {piece.weight:g})\n{plain(piece.saw)}"
    if piece.agrees is False and piece.implies in LEVELS and piece.implies != piece.level:
        text += (
            f"\nIt belongs to {piece.level}, and stands where this numbering has {piece.implies}"
        )
    return text, color


def hot_spot_text(proposal: Proposal) -> str:
    """Return what a proposal says: where, how sure, both uncertainties, and why."""
    where = proposal.joint.name if proposal.joint else proposal.place
    doubts = []
    if not proposal.certain:
        doubts.append("place not certain")
    if proposal.numbering == "provisional":
        doubts.append("level PROVISIONAL")
    title = f"Grade {proposal.grade}, {GRADE_WORDS[proposal.grade]}: {where}"
    if doubts:
        title += f" ({', '.join(doubts)})"
    errors = (
        f"Alignment {_error(proposal.registration_mm)}, joint {_error(proposal.localisation_mm)}"
    )
    return f"{title}\n{errors}\n{plain(proposal.reason)}"


def _error(value: float | None) -> str:
    if value is None:
        return "± not known"
    return "not to be trusted" if np.isinf(value) else f"± {value:.1f} mm"


def proposal_status(proposal: Proposal) -> str:
    """Return whether a proposal names its joint, in a word or two."""
    if proposal.joint is not None:
        return "level?" if proposal.numbering == Numbering.PROVISIONAL else "one joint"
    return (
        "between"
        if len(proposal.candidates) > 1
        else "uncertain"
        if proposal.candidates
        else ("no joint")
    )


def proposal_words(proposal: Proposal) -> str:
    """Return what accepting a proposal takes, before the reason."""
    if not proposal.candidates:
        return "At no joint: there is nothing to accept."
    level = " Its level is PROVISIONAL." if proposal.numbering == Numbering.PROVISIONAL else ""
    if proposal.joint is None:
        names = " or ".join(joint.name for joint in proposal.candidates)
        return f"Not certain: may be {names}. Only you can say which, and it is checked.{level}"
    grade = f"grade {proposal.grade} ({GRADE_WORDS[proposal.grade]})"
    return f"Suggests {proposal.joint.name}, {grade}.{level}"


def is_certain(proposal: Proposal) -> bool:
    """Whether a proposal names one joint, and its level is not provisional."""
    return proposal.joint is not None and proposal.numbering != Numbering.PROVISIONAL


def label_of(facet: Facet, target: Target | None = None) -> str:
    """Return what stands beside the ring of a joint: side, level, and every doubt in words.

    Parameters
    ----------
    facet : Facet
        The joint.
    target : Target, optional
        What the reader decided about it.
    """
    name = facet.joint.name
    if facet.numbering.value == "provisional":
        name += " ?"
    words = [name]
    if facet.status in (Status.FUSED, Status.OBSCURED):
        words.append(f"({facet.status.value})")
    if facet.source in (DRAGGED, MARKED):
        words.append("(moved)" if facet.source == DRAGGED else "(marked)")
    if target is not None:
        words.append(target.decision.value)
    return " ".join(words)
