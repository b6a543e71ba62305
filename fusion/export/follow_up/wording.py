"""What is said of a comparison, in words that window, paper and command line share."""

from __future__ import annotations

from fusion.anatomy import Joint
from fusion.follow_up import Comparison, Dated, JointChange, Told
from fusion.plain_text import iso_date, plain
from fusion.uptake import RATIO

#: Stands in the place of a number that there is none for.
NOTHING = "–"
#: What the numbers of the table are.
HEADER = (
    "Joint",
    "Earlier, mean × ref.",
    "Later, mean × ref.",
    "Change",
    "95 % limits",
    "Told beyond",
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
        " → ".join(decided(date, one.joint) for date in dates),
    )


def said(one: JointChange) -> str:
    """Return what is said of a joint."""
    if one.told is None:
        return "not measured on both dates"
    return one.told.value


def decided(date: Dated, joint: Joint) -> str:
    """Return what was decided about a joint on one date."""
    decision = date.decision_at(joint)
    if decision is not None:
        return decision.value
    return "not decided" if date.reading is not None else "not read"


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
    """Return the date of a study, or that it does not state one."""
    return iso_date(plain(date.review.study.date)) or "date not stated"


def apart(comparison: Comparison) -> str:
    """Return how far apart the dates are."""
    if comparison.days is None:
        return "not stated"
    return f"{comparison.days} day{'' if comparison.days == 1 else 's'}"


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
