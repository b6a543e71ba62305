"""The answer first: what was found, how sure it is, and which nerves follow from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fusion.annotations import BlockPlan, Decision, Target
from fusion.export.handout import Handout
from fusion.export.report.blocks import ReportBlock, ReportCells, ReportLines
from fusion.export.report.joints import beside, said_alignment, said_answer, said_place, said_ratio
from fusion.export.wording import said_pathway
from fusion.plain_text import plain

#: Said of positive joints that come first in the block plan.
FIRST = "Positive, matches the pain, not in an operative bed"


def impression(handout: Handout) -> tuple[ReportBlock, ...]:
    """Return joint, decision, ratio, pain and certainty of all but the negative joints.

    Those that match the pain and lie in no operative bed stand first, by grade.
    """
    if not handout.targets:
        known = ReportLines((*handout.account.undecided, *beside()))
        return (ReportLines((NOTHING_DECIDED,), strong=True), known)
    rows = tuple(_row(handout, target) for target in _by_weight(handout.targets, handout.plan))
    header = ("Joint", "Decision", "Uptake", "Matches pain", "Operative bed", "How sure")
    blocks: list[ReportBlock] = []
    if not handout.positive:
        blocks.append(ReportLines((NOTHING_POSITIVE,), strong=True))
    if rows:
        blocks.append(ReportCells(header, rows, (0.105, 0.125, 0.12, 0.09, 0.09, 0.47)))
    negative = [handout.name_of(t) for t in handout.targets if t.decision is Decision.NEGATIVE]
    lines = [f"Negative: {', '.join(negative)}."] if negative else []
    lines.append(" ".join((handout.account.levels, *handout.account.level_remarks)))
    beneath = [f"Imaging pathway: {_ended(said_pathway(handout.assessment))}", *beside()]
    return (
        *blocks,
        ReportLines(tuple(map(plain, lines))),
        ReportLines(tuple(map(plain, beneath)), flowing=True),
    )


#: Stand in place of a list of joints.
NOTHING_DECIDED = "No decision about any joint is recorded."
NOTHING_POSITIVE = "No joint is called positive."


def _by_weight(targets: Sequence[Target], plan: BlockPlan) -> list[Target]:
    shown = [target for target in targets if target.decision is not Decision.NEGATIVE]
    return sorted(
        shown,
        key=lambda target: (
            target.decision is not Decision.POSITIVE,
            bool(plan.why_apart(target.joint)),
            -(target.grade or 0),
        ),
    )


def _row(handout: Handout, target: Target) -> tuple[str, ...]:
    account = handout.account.of_joint(target.joint)
    grade = "" if target.grade is None else f", grade {target.grade}"
    return (
        account.label,
        f"{target.decision.value}{grade}",
        said_ratio(target),
        said_answer(target.clinically_concordant),
        said_answer(target.inside_operative_bed),
        " ".join(_sure(target, account.remarks)),
    )


def _sure(target: Target, remarks: Sequence[str]) -> Iterator[str]:
    yield said_alignment(target)
    yield said_place(target)
    yield from remarks


def block_plan(handout: Handout) -> tuple[ReportBlock, ...]:
    """Return joint, side and nerves, what is set apart, and how they are counted."""
    plan, label = handout.plan, handout.account.of_joint
    if not handout.positive:
        return (ReportLines((NOTHING_POSITIVE,)),)
    wanted = _wanted(handout)
    blocks: list[ReportBlock] = []
    if wanted:
        titles = ("Joint", "Side", "Nerves that usually supply it")
        blocks.append(ReportLines((f"{FIRST}: {_counted(plan)}",), strong=True))
        blocks.append(ReportCells(titles, wanted, (0.2, 0.08, 0.72)))
    else:
        blocks.append(ReportLines((f"{FIRST}: none.",), strong=True))
    if plan.set_apart:
        rows = tuple(
            (
                label(one.joint).label,
                one.joint.side.value,
                ", ".join(nerve.name for nerve in one.nerves) or f"none: {one.why_none}",
                _sentence(one.why),
            )
            for one in plan.set_apart
        )
        blocks.append(ReportLines((f"Set apart: {_number(rows)}.",), strong=True))
        header = ("Joint", "Side", "Nerves that usually supply it, not proposed", "Why set apart")
        blocks.append(ReportCells(header, rows, (0.2, 0.08, 0.4, 0.32)))
    return (*blocks, ReportLines(plan.notices, flowing=True))


def _wanted(handout: Handout) -> tuple[tuple[str, ...], ...]:
    """Return a row for each joint of the plan that is not set apart."""
    plan = handout.plan
    without = dict(plan.without_nerves)
    apart = {one.joint for one in plan.set_apart}
    rows = []
    for joint in (target.joint for target in handout.positive if target.joint not in apart):
        names = [block.nerve.name for block in plan.nerves if joint in block.joints]
        said = ", ".join(names) or f"none: {without[joint]}"
        rows.append((handout.account.of_joint(joint).label, joint.side.value, said))
    return tuple(rows)


def _counted(plan: BlockPlan) -> str:
    """Return both counts, and why they are no multiple of each other."""
    said = f"{plan.counts}."
    if shared := [block for block in plan.nerves if len(block.joints) > 1]:
        names = ", ".join(block.name for block in shared)
        said += f" {names} supplies two of the joints and is counted once."
        if len(shared) > 1:
            said = said.replace("supplies two", "each supply two").replace("is counted", "count")
    return said


def _number(rows: Sequence[object]) -> str:
    return f"{len(rows)} positive joint{'' if len(rows) == 1 else 's'}"


def _ended(said: str) -> str:
    return said if said.endswith((".", "?", "!")) else f"{said}."


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
