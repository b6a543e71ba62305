"""The comparison of two dates as a report, for the screen and for paper."""

from __future__ import annotations

from fusion.anatomy import Joint
from fusion.export.follow_up.wording import HEADER, answer, apart, day, linked, mean_ratio, row
from fusion.export.report.blocks import (
    Report,
    ReportBlock,
    ReportCells,
    ReportLines,
    ReportPictures,
    ReportRows,
    ReportSection,
)
from fusion.export.report.imaging import NOT_STATED, imaging, name
from fusion.export.report.pictures import PictureText, picture
from fusion.export.wording import said_date, said_status
from fusion.follow_up import LIMITS_SOURCE, Comparison, Dated, Told
from fusion.plain_text import plain
from fusion.software import DISCLAIMER, SIMULATED, own_version

_WIDTHS = (0.12, 0.1, 0.1, 0.08, 0.12, 0.12, 0.11, 0.12, 0.13)
#: Joints of which pictures are shown, at most: those with a change first, then the warmest.
_SHOWN = 4
#: Side of the field around a joint, mm, and of its picture, pixels.
_FIELD_MM, _PICTURE_PX = 90.0, 420
#: Stands where nothing about the two dates has to be known beside the numbers.
NO_FINDING = "Nothing was found that a reader has to know beside the numbers."
#: What no number of the table says.
CAUTIONS = (
    "A change is told on the mean of a joint over the reference of the same date, never on the "
    "maximum: noise alone makes 0.85 to 1.18 of a maximum. “No change shown” is not proof that "
    "nothing changed: what lies within the limits cannot be told from chance.",
    "Resolution mixes a joint with its neighbours, and a true change of a small joint is larger "
    "than the one that is measured. Pictures of the two dates are shown beside each other and "
    "never subtracted: where two dates do not lie exactly on each other, the difference looks like "
    "a change.",
)


def comparison_report(comparison: Comparison) -> Report:
    """Return the report of two dates."""
    earlier, later = comparison.earlier, comparison.later
    patient = later.review.patient
    simulated = any(date.review.simulated for date in (earlier, later))
    findings = tuple(f"{f.severity.label.upper()}: {f.message}" for f in comparison.findings)
    limits = (LIMITS_SOURCE, _limits_of_all(comparison), *CAUTIONS)
    sections = (
        ReportSection("Patient and dates", (ReportRows(_identity(comparison)),)),
        ReportSection("Answer", (ReportLines(answer(comparison), strong=True),)),
        ReportSection(
            "Joint by joint",
            (
                ReportCells(
                    HEADER, tuple(row(comparison, one) for one in comparison.joints), _WIDTHS
                ),
            ),
        ),
        ReportSection("Limits of change", (ReportLines(limits),)),
        ReportSection("Findings", (ReportLines(findings or (NO_FINDING,)),)),
        ReportSection("Which joint is which", (ReportLines((linked(comparison),)),)),
        ReportSection("Pictures", _pictures(comparison)),
        ReportSection("Earlier: radiopharmaceutical and imaging", _imaging(earlier)),
        ReportSection("Later: radiopharmaceutical and imaging", _imaging(later)),
    )
    identity = f"{name(patient)} · ID {plain(patient.patient_id) or NOT_STATED}"
    return Report(
        title=f"{_examinations(comparison)} of the neck: two dates compared, joint by joint",
        banners=(SIMULATED,) if simulated else (),
        identity=f"{identity} · {day(earlier)} and {day(later)}",
        sections=tuple(section for section in sections if section.blocks),
        footer=f"{DISCLAIMER} facetfusion {own_version()}.",
    )


def _examinations(comparison: Comparison) -> str:
    both = (comparison.earlier, comparison.later)
    words = " and ".join(dict.fromkeys(date.review.examination for date in both))
    return f"{words[:1].upper()}{words[1:]}"


def _identity(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    patient = comparison.later.review.patient
    return (
        ("Patient", name(patient)),
        ("Patient ID", plain(patient.patient_id) or NOT_STATED),
        ("Born", said_date(patient.birth_date) or NOT_STATED),
        ("Sex", plain(patient.sex) or NOT_STATED),
        ("Earlier study", f"{day(comparison.earlier)}, {_state(comparison.earlier)}"),
        ("Later study", f"{day(comparison.later)}, {_state(comparison.later)}"),
        ("Between them", apart(comparison)),
    )


def _state(date: Dated) -> str:
    if date.reading is None:
        return "not read"
    return f"read by {plain(date.reading.reader)}, {said_status(date.reading)}"


def _limits_of_all(comparison: Comparison) -> str:
    shift = comparison.shift
    if shift is None:
        return "Too few joints without activity to tell whether the dates are comparable by value."
    return (
        f"All joints without activity together changed by {100 * (shift - 1):+.0f} % (beyond 15 % "
        "the dates are not comparable by value)."
    )


def _imaging(date: Dated) -> tuple[ReportBlock, ...]:
    return (ReportLines(imaging(date.review), flowing=True),)


def _pictures(comparison: Comparison) -> tuple[ReportBlock, ...]:
    tops = shared_tops(comparison)
    return tuple(_of_joint(comparison, joint, tops) for joint in _shown(comparison))


def _shown(comparison: Comparison) -> list[Joint]:
    both = [one for one in comparison.joints if comparison.link.of(one.joint) is not None]

    def rank(one: Joint) -> tuple[bool, float]:
        is_told = comparison.at(one).told in (Told.HIGHER, Told.LOWER)
        warmth = [mean_ratio(d, one) or 0.0 for d in (comparison.earlier, comparison.later)]
        return not is_told, -max(warmth)

    return sorted((one.joint for one in both), key=rank)[:_SHOWN]


def shared_tops(comparison: Comparison) -> tuple[float, float] | None:
    """Return the top of each date's colours, so that one colour is one multiple of the reference.

    None where a date has no reference: then the colours of the dates cannot be compared.
    """
    dates = comparison.earlier, comparison.later
    references = [date.uptake.reference.value for date in dates]
    if not references[0] or not references[1]:
        return None
    own = [
        date.review.fused.uptake_range[1] / reference
        for date, reference in zip(dates, (references[0], references[1]), strict=True)
    ]
    return max(own) * references[0], max(own) * references[1]


def _of_joint(
    comparison: Comparison, joint: Joint, tops: tuple[float, float] | None
) -> ReportPictures:
    images = []
    for n, (which, date) in enumerate(
        (("Earlier", comparison.earlier), ("Later", comparison.later))
    ):
        center = date.localisation.facet(joint.level, joint.side).center_lps
        assert center is not None  # both dates have a place for a joint that is linked
        words = PictureText(
            title=f"{which}, {day(date)}: {joint.name}",
            spect_label=date.review.spect_label,
            simulated=date.review.simulated,
        )
        for axis in (0, 2):
            images.append(
                picture(
                    date.review.fused,
                    axis,
                    point_lps=center,
                    words=words,
                    field_mm=_FIELD_MM,
                    side_px=_PICTURE_PX,
                    top=tops and tops[n],
                )
            )
    colours = (
        "one colour is one multiple of the reference on both dates"
        if tops
        else "the colours of the two dates cannot be compared"
    )
    return ReportPictures(f"{joint.name}: earlier, then later; {colours}", tuple(images))
