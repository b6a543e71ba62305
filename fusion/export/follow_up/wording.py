"""What is said of a comparison, in words that window, paper and command line share."""

from __future__ import annotations

from fusion.anatomy import Joint
from fusion.dicom import text
from fusion.follow_up import Comparison, Dated, JointChange, Told
from fusion.plain_text import iso_date, plain
from fusion.uptake import RATIO

#: Stands in the place of a number that there is none for.
NOTHING = "–"
NOT_DECIDED, NOT_READ = "not decided", "not read"
#: What the numbers of the table are.
HEADER = (
    "Joint",
    "Earlier, mean × ref.",
    "Later, mean × ref.",
    "Change",
    "95 % limits",
    "Told below / above",
    "Said",
    "Maximum (not told)",
    "Decided",
)


def number(value: float) -> str:
    """Return a ratio as people read it."""
    return f"{value:.{RATIO.decimals}f}"


def mean_ratio(date: Dated, joint: Joint) -> float | None:
    """Return the mean of a joint over the reference on one date."""
    return _over_reference(date, joint, "mean")


def _over_reference(date: Dated, joint: Joint, measure: str) -> float | None:
    found, reference = date.uptake_at(joint), date.uptake.reference.value
    if found is None or not reference or measure not in found.values:
        return None
    return found.values[measure] / reference


def row(comparison: Comparison, one: JointChange) -> tuple[str, ...]:
    """Return one joint as a row under :data:`HEADER`."""
    dates = comparison.earlier, comparison.later
    means = [mean_ratio(date, one.joint) for date in dates]
    maxima = [_over_reference(date, one.joint, "maximum") for date in dates]
    limits, least = one.low_high, one.least
    return (
        one.joint.name,
        *(NOTHING if value is None else number(value) for value in means),
        NOTHING if one.ratio is None else f"× {number(one.ratio)}",
        NOTHING if limits is None else f"{number(limits[0])} to {number(limits[1])}",
        NOTHING if least is None else f"{number(least[0])} / {number(least[1])}",
        said(one),
        NOTHING
        if maxima[0] is None or maxima[1] is None
        else f"{number(maxima[0])} → {number(maxima[1])}",
        _decided_on_both(comparison, one.joint),
    )


def said(one: JointChange) -> str:
    """Return what is said of a joint."""
    if one.told is None:
        return "not measured on both dates"
    return one.told.value


def _decided_on_both(comparison: Comparison, joint: Joint) -> str:
    both = [decided(date, joint) for date in (comparison.earlier, comparison.later)]
    if both[0] == both[1] and both[0] in (NOT_DECIDED, NOT_READ):
        return both[0]
    return " → ".join(both)


def decided(date: Dated, joint: Joint) -> str:
    """Return what was decided about a joint on one date."""
    decision = date.decision_at(joint)
    if decision is not None:
        return decision.value
    return NOT_DECIDED if date.reading is not None else NOT_READ


def sentence(one: JointChange) -> str:
    """Return a joint that is higher or lower, with number and limits, in a sentence."""
    limits = one.low_high
    assert one.ratio is not None
    assert limits is not None
    words = (
        f"{one.joint.name}: {said(one)}, × {number(one.ratio)} "
        f"(95 % limits {number(limits[0])} to {number(limits[1])})."
    )
    if one.spill_from is not None:
        words += (
            f" {one.spill_from.name} changed more and adds to it: this may be its change, not one "
            "of this joint."
        )
    return words


def answer(comparison: Comparison) -> tuple[str, ...]:
    """Return what the comparison says, in sentences."""
    if not comparison.tells:
        return ("No change is told: the dates are not comparable by value. See the findings.",)
    told = [one for one in comparison.joints if one.told in (Told.HIGHER, Told.LOWER)]
    calm = sum(one.told is Told.NO_CHANGE for one in comparison.joints)
    rest = f"{calm} other joints: no change shown." if told else f"{calm} joints: no change shown."
    return (*map(sentence, told), rest + " That is not proof that nothing changed.")


def day(date: Dated) -> str:
    """Return the date of a study, or why there is none."""
    return iso_date(plain(date.review.study.date)) or f"date {_why_none(date)}"


def _why_none(date: Dated) -> str:
    removed = text(date.review.pair.ct.header, "PatientIdentityRemoved") == "YES"
    return "removed" if removed else "not stated"


def apart(comparison: Comparison) -> str:
    """Return how far apart the dates are."""
    if comparison.days is None:
        return _why_none(comparison.later)
    return f"{comparison.days} day{'' if comparison.days == 1 else 's'}"


def dates(comparison: Comparison) -> str:
    """Return both dates and how far apart they are, as a heading has it."""
    known = comparison.days is not None
    between = f"{apart(comparison)} apart" if known else f"days between them {apart(comparison)}"
    return f"{day(comparison.earlier)} and {day(comparison.later)}, {between}"


def linked(comparison: Comparison) -> str:
    """Return how the dates were linked, and what confirms the levels."""
    by_picture = [one for one in comparison.link.joints if one.by_picture]
    most = max((one.apart_mm for one in by_picture), default=0.0)
    words = (
        f"{len(by_picture)} of {len(comparison.link.joints)} joints were found again on the later "
        f"CT within {most:.1f} mm of the joint of the same name (limit 6 mm)"
    )
    if comparison.link.advantage is None:
        return f"{words}; too few joints to try names one level off."
    return f"{words}; names one or two levels off fit worse."
