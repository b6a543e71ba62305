"""A comparison as JSON, complete, and as a table with one row for each joint."""

from __future__ import annotations

from typing import Any

from fusion.export.follow_up.wording import answer, mean_ratio
from fusion.export.tables import csv_text
from fusion.follow_up import LIMITS_SOURCE, Comparison, Dated, JointChange
from fusion.json_form import rounded
from fusion.software import DISCLAIMER, versions

#: Version of ``comparison.json``; keys are only ever added.
SCHEMA_VERSION = 1
#: Columns of ``comparison.csv``.
COLUMNS = (
    "joint",
    "level",
    "side",
    "said",
    "ratio",
    "low_95",
    "high_95",
    "told_below",
    "told_above",
    "earlier_mean_to_reference",
    "later_mean_to_reference",
    "chance_sigma",
    "days_sigma",
    "earlier_decision",
    "later_decision",
    "spill_from",
    "linked_by",
    "link_apart_mm",
    "earlier_study_instance_uid",
    "later_study_instance_uid",
    "limits",
    "disclaimer",
)


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as one JSON document."""
    return {
        "schema_version": SCHEMA_VERSION,
        "disclaimer": DISCLAIMER,
        "simulated": any(d.review.simulated for d in (comparison.earlier, comparison.later)),
        "earlier": _date(comparison.earlier),
        "later": _date(comparison.later),
        "days": comparison.days,
        "change_is_told": comparison.tells,
        "answer": list(answer(comparison)),
        "inactive_joints_ratio": rounded(comparison.shift, 4),
        "limits": LIMITS_SOURCE,
        "joints": [_joint(comparison, one) for one in comparison.joints],
        "link": {
            "advantage": rounded(comparison.link.advantage, 4),
            "joints": [
                {
                    "joint": one.joint.name,
                    "earlier_to_later_lps": one.transform.matrix.round(6).tolist(),
                    "likeness": rounded(one.likeness, 4),
                    "apart_mm": round(one.apart_mm, 2),
                    "by_picture": one.by_picture,
                }
                for one in comparison.link.joints
            ],
        },
        "findings": [finding.to_json() for finding in comparison.findings],
        "software": versions(),
    }


def _date(date: Dated) -> dict[str, Any]:
    reading = date.reading
    return {
        "study_instance_uid": date.review.study.study_instance_uid,
        "study_date": date.review.study.date,
        "numbering": date.localisation.numbering.value,
        "reference": date.uptake.reference.to_json(),
        "registration": date.review.fused.registration.to_json(),
        "reading": None
        if reading is None
        else {
            "reading_id": reading.reading_id,
            "reader": reading.reader,
            "version": reading.opened.version,
            "status": "final" if reading.finalised else "draft",
        },
    }


def _joint(comparison: Comparison, one: JointChange) -> dict[str, Any]:
    row = _row(comparison, one)
    return {
        key: rounded(value, 4) if isinstance(value, float) else value for key, value in row.items()
    }


def _row(comparison: Comparison, one: JointChange) -> dict[str, Any]:
    low, high = one.low_high or (None, None)
    below, above = one.least or (None, None)
    dates = comparison.earlier, comparison.later
    decisions = [date.decision_at(one.joint) for date in dates]
    link = comparison.link.of(one.joint)
    return {
        "joint": one.joint.name,
        "level": one.joint.level,
        "side": one.joint.side.value,
        "said": None if one.told is None else one.told.value,
        "ratio": one.ratio,
        "low_95": low,
        "high_95": high,
        "told_below": below,
        "told_above": above,
        "earlier_mean_to_reference": mean_ratio(dates[0], one.joint),
        "later_mean_to_reference": mean_ratio(dates[1], one.joint),
        "chance_sigma": one.limits.chance if one.limits else None,
        "days_sigma": one.limits.days if one.limits else None,
        "earlier_decision": decisions[0].value if decisions[0] else None,
        "later_decision": decisions[1].value if decisions[1] else None,
        "spill_from": one.spill_from.name if one.spill_from else None,
        "linked_by": None if link is None else ("pictures" if link.by_picture else "names"),
        "link_apart_mm": None if link is None else link.apart_mm,
    }


def comparison_table(comparison: Comparison) -> str:
    """Return the table: a row for each of the sixteen joints, compared or not."""
    beside = {
        "earlier_study_instance_uid": comparison.earlier.review.study.study_instance_uid,
        "later_study_instance_uid": comparison.later.review.study.study_instance_uid,
        "limits": LIMITS_SOURCE,
        "disclaimer": DISCLAIMER,
    }
    return csv_text(COLUMNS, [{**_row(comparison, one), **beside} for one in comparison.joints])
