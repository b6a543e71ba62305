"""The page that tells how far readers agree: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from fusion.anatomy import ZYGAPOPHYSIAL_LEVELS, Side
from fusion.plain_text import plain
from fusion.reader_study.comparing import GROUPS, TRUE_JOINTS
from fusion.reader_study.ratings import DECISIONS
from fusion.reader_study.statistics.resampling import RESAMPLES
from fusion.software import DISCLAIMER, own_version

if TYPE_CHECKING:
    from fusion.reader_study.analysis import Analysis, Figure
    from fusion.reader_study.comparing import Compared
    from fusion.reader_study.design import Design

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 62em; padding: 0 1em;
  color: #1b1f24; background: #fff; }
h1 { font-size: 1.6em; margin-bottom: 0.2em; } h2 { margin-top: 2em; font-size: 1.2em; }
table { border-collapse: collapse; margin: 0.6em 0; }
th, td { border-bottom: 1px solid #d5d9de; padding: 0.25em 0.7em; text-align: left;
  vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.who, th { white-space: nowrap; } td.what { min-width: 18em; }
.faint { color: #5c6570; } .warn { background: #fff4d6; padding: 0.6em 0.9em; }
svg { max-width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: #1b1f24; }
"""
_QUESTIONS = {
    "decision": "Decision: negative, indeterminate, positive, not decided",
    "positive or not": "Positive or not",
    "grade": "Grade 0 to 3, not graded",
    "ratio": "Uptake over the reference",
    "position": "Place of the joint: how far apart two put it",
    "nerve plan": "Nerves that would be blocked",
}
#: What each figure is, in a sentence.
_EXPLAINED = {
    "agreement": "share of pairs of answers that are the same",
    "kappa": "Cohen; of more than two the mean of the pairs (Light)",
    "weighted kappa": "neighbours agree in part (squares); not decided agrees with itself only",
    "Fleiss' kappa": "chance as all readers together used the answers",
    "free-marginal kappa": "chance as if all answers were equally likely (Randolph)",
    "PABAK": "kappa as it would be without prevalence and bias",
    "AC1": "Gwet; hardly moved by prevalence",
    "AC2": "Gwet, with the same weights as weighted kappa",
    "alpha": "Krippendorff, ordered; what was not answered is left out here",
    "prevalence index": "0: as many positive as not; towards 1 kappa falls without any more "
    "disagreement",
    "bias index": "0: both call as many positive",
    "ICC(A,1) of the logarithm": "two-way, absolute agreement, one reader",
    "nerves in common (Jaccard)": "nerves in both plans over nerves in either",
    "the same plan": "share of pairs with exactly the same nerves",
}
_WORST = 5
#: Places that differ by less are one, mm: both readers left the joint where the program put it.
_SAME_MM = 0.05
#: Of what is said once above a table, beside each number that it is of.
_MARKS = "¹²³⁴⁵"
_PARADOX = (
    "Kappa falls where nearly all joints are alike, also when readers agree: read it beside "
    "agreement, PABAK, AC1 and the prevalence index."
)


def page_html(design: Design, analysis: Analysis) -> str:
    """Return the page.

    Parameters
    ----------
    design : Design
        The study.
    analysis : Analysis
        What was worked out.
    """
    title = plain(design.title) or "Reader study"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p class=faint>{escape(DISCLAIMER)}</p>",
        *_state(analysis),
        *_what_was_read(design, analysis),
        *_between(analysis),
        *_by_joint(analysis),
        *_ratios(analysis),
        *_far_apart(analysis),
        *_section(analysis, "within readers", "The same reader, the second time"),
        *_arms(analysis),
        *_how(),
    ]
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n"
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _state(analysis: Analysis) -> Iterator[str]:
    if not analysis.complete:
        yield (
            "<p class=warn><b>Interim:</b> not everything is read yet. Whoever reads on must not "
            "see this page.</p>"
        )
    few = sorted({f.note for f in analysis.figures if f.low is not None and f.note})
    if few:
        yield f"<p class=warn>* {escape(' '.join(few))}</p>"


def _what_was_read(design: Design, analysis: Analysis) -> Iterator[str]:
    patients = len({one.patient for one in analysis.ratings})
    cases = len({one.case for one in analysis.ratings})
    yield "<h2>What was read</h2>"
    yield (
        f"<p>{cases} cases of {patients} patients, {len(design.reader)} readers, "
        f"{len(design.arm)} arms ({escape(design.order)}), {design.repeats} repeats a stage, "
        f"{design.washout_days} days between stages. {len(TRUE_JOINTS)} joints a case.</p>"
    )
    rows = []
    for reader in design.reader:
        for arm in design.arm:
            mine = [
                r
                for r in analysis.ratings
                if (r.reader, r.arm) == (reader, arm.name) and r.level in ZYGAPOPHYSIAL_LEVELS
            ]
            shown = {(r.stage, r.number): r.minutes for r in mine}
            if not shown:
                continue
            said = [sum(r.decision == d for r in mine) for d in DECISIONS]
            rows.append(
                (
                    f"<td class=who>{escape(plain(reader))}</td>",
                    f"<td class=who>{escape(plain(arm.name))}</td>",
                    _n(str(len(shown))),
                    *(_n(str(one)) for one in said),
                    _n(f"{np.median(list(shown.values())):.1f}"),
                )
            )
    head = ("reader", "arm", "showings", *DECISIONS, "median minutes a case")
    yield _table(head, rows)


def _between(analysis: Analysis) -> Iterator[str]:
    yield from _section(analysis, "between readers", "How far the readers agree", _PARADOX)


def _section(analysis: Analysis, compared: str, heading: str, caution: str = "") -> Iterator[str]:
    found = [f for f in analysis.figures if f.compared == compared and f.joints == GROUPS[0][0]]
    yield f"<h2>{escape(heading)}</h2>"
    yield f"<p class=faint>{escape(caution)}</p>" if caution else ""
    if not found:
        yield f"<p>{_NOTHING[compared]}</p>"
        return
    arms = tuple(dict.fromkeys(f.arm for f in found))
    for question, words in _QUESTIONS.items():
        of_question = [f for f in found if f.question == question]
        measures = tuple(dict.fromkeys(f.measure for f in of_question))
        whole = of_question[0].observations
        missing = [f.note for f in of_question if f.value is not None and f.low is None]
        why = {note: _MARKS[n % len(_MARKS)] for n, note in enumerate(dict.fromkeys(missing))}
        rows = []
        for measure in measures:
            cells = [
                _value(
                    next(f for f in of_question if (f.measure, f.arm) == (measure, arm)),
                    whole=whole,
                    why=why,
                )
                for arm in arms
            ]
            about = _EXPLAINED.get(measure, "")
            what = f"{escape(measure)}<br><span class=faint>{escape(about)}</span>"
            rows.append((f"<td class=what>{what}</td>", *cells))
        yield f"<h3>{escape(words)}</h3>"
        said = [_rests_on(of_question[0]), *(f"{mark} {note}" for note, mark in why.items())]
        if question in ("ratio", "position"):
            said.append(_unmoved(analysis, compared))
        yield f"<p class=faint>{'<br>'.join(map(escape, said))}</p>"
        yield _table(("", *(escape(plain(arm)) for arm in arms)), rows)


_NOTHING = {
    "between readers": "There are no two readers who have finished the same case in one arm.",
    "within readers": "No reader was shown a case twice in one arm.",
}


def _unmoved(analysis: Analysis, name: str) -> str:
    """Say how much of the agreement about places and ratios is the program's own."""
    counts = []
    for compared in analysis.compared:
        if compared.name == name:
            apart = compared.distances[0]
            same = int((apart < _SAME_MM).sum())
            counts.append(f"{plain(compared.arm)} {same} of {len(apart)}")
    return (
        "Place and ratio begin as the program's, and agree by themselves where nobody moves a "
        f"joint. Pairs of points in the very same place: {'; '.join(counts)}."
    )


def _rests_on(figure: Figure) -> str:
    unit = {"position": "pairs of points", "nerve plan": "pairs of plans"}.get(
        figure.question, "joints"
    )
    return f"{figure.observations} {unit} of {figure.patients} patients"


def _value(
    figure: Figure, *, whole: int | None = None, why: Mapping[str, str] | None = None
) -> str:
    """Return a cell: a number and its interval, or a mark for why it has none."""
    if figure.value is None:
        return f"<td>{escape(figure.note)}</td>"
    said = _number(figure, figure.value)
    if whole is not None and figure.observations != whole:
        said += f" <span class=faint>({figure.observations} joints)</span>"
    if figure.low is None or figure.high is None:
        note = f"no interval {why[figure.note]}" if why else figure.note
        return f"<td class=n>{said}<br><span class=faint>{escape(note)}</span></td>"
    limits = f"{_number(figure, figure.low)} to {_number(figure, figure.high)}"
    if figure.note:
        limits += " *"
    return f"<td class=n>{said}<br><span class=faint>{limits}</span></td>"


def _number(figure: Figure, value: float) -> str:
    if figure.measure in ("agreement", "the same plan") and figure.compared != "between arms":
        return f"{100 * value:.1f} %"
    digits = 1 if figure.question == "position" else 2
    return f"{value:.{digits}f}".replace("-", "−")


def _by_joint(analysis: Analysis) -> Iterator[str]:
    found = [f for f in analysis.figures if f.compared == "between readers"]
    groups = [words for words, _ in GROUPS[1:]]
    yield "<h2>By level and side: AC2 of the decision</h2>"
    for arm in dict.fromkeys(f.arm for f in found):
        figures = [
            f
            for f in found
            if (f.arm, f.question, f.measure) == (arm, "decision", "AC2") and f.joints in groups
        ]
        yield f"<h3>{escape(plain(arm))}</h3>"
        yield _forest(figures)


def _forest(figures: Sequence[Figure]) -> str:
    """Draw values with their intervals, one below the other, from -1 or 0 to 1."""
    left, width, step = 90, 420, 24
    low = min([0.0, *(f.low for f in figures if f.low is not None)])
    low = -1.0 if low < -0.5 else -0.5 if low < 0 else 0.0
    height = step * len(figures) + 30

    def x(value: float) -> float:
        return left + width * (min(max(value, low), 1.0) - low) / (1.0 - low)

    drawn = []
    for mark in np.linspace(low, 1.0, 5):
        drawn.append(
            f'<line x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="4" y2="{height - 24}" '
            f'stroke="#d5d9de"/><text x="{x(mark):.1f}" y="{height - 8}" '
            f'text-anchor="middle">{mark:.2f}</text>'
        )
    for row, figure in enumerate(figures):
        y = 14 + step * row
        drawn.append(f'<text x="{left - 10}" y="{y + 4}" text-anchor="end">{figure.joints}</text>')
        if figure.value is None:
            drawn.append(f'<text x="{left + 6}" y="{y + 4}">{escape(figure.note)}</text>')
            continue
        if figure.low is not None and figure.high is not None:
            drawn.append(
                f'<line x1="{x(figure.low):.1f}" x2="{x(figure.high):.1f}" y1="{y}" y2="{y}" '
                'stroke="#1f5f99" stroke-width="2"/>'
            )
        drawn.append(f'<circle cx="{x(figure.value):.1f}" cy="{y}" r="4" fill="#1f5f99"/>')
        drawn.append(
            f'<text x="{left + width + 14}" y="{y + 4}">{_number(figure, figure.value)}</text>'
        )
    return _svg(left + width + 70, height, drawn, "Values with their 95 % intervals")


def _ratios(analysis: Analysis) -> Iterator[str]:
    yield "<h2>Uptake over the reference: two readers at one joint</h2>"
    for compared in analysis.compared:
        if compared.name == "between readers":
            yield f"<h3>{escape(plain(compared.arm))}</h3>"
            yield _bland_altman(compared, analysis)


def _bland_altman(compared: Compared, analysis: Analysis) -> str:
    values = compared.log_ratios
    values = values[np.isfinite(values).all(axis=1)]
    if not len(values):
        return "<p>At no joint has everybody a ratio.</p>"
    pairs = list(combinations(range(values.shape[1]), 2))
    means = np.concatenate([(values[:, a] + values[:, b]) / 2 for a, b in pairs])
    apart = np.concatenate([values[:, a] - values[:, b] for a, b in pairs])
    left, top, width, height = 60, 10, 460, 220
    half = max(float(np.abs(apart).max()) * 1.15, float(np.log(1.1)))
    first, last = float(means.min()), float(means.max())
    first, last = (first - 0.1, last + 0.1)

    def x(value: float) -> float:
        return left + width * (value - first) / (last - first)

    def y(value: float) -> float:
        return top + height * (half - value) / (2 * half)

    drawn = [f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="#f6f7f9"/>']
    for ratio in (1 / 2, 1 / 1.5, 1 / 1.25, 1 / 1.1, 1.0, 1.1, 1.25, 1.5, 2.0):
        at = float(np.log(ratio))
        if abs(at) <= half:
            drawn.append(
                f'<line x1="{left}" x2="{left + width}" y1="{y(at):.1f}" y2="{y(at):.1f}" '
                f'stroke="#d5d9de"/><text x="{left - 6}" y="{y(at) + 4:.1f}" '
                f'text-anchor="end">×{ratio:.2f}</text>'
            )
    for ratio in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0):
        at = float(np.log(ratio))
        if first <= at <= last:
            drawn.append(
                f'<text x="{x(at):.1f}" y="{top + height + 16}" '
                f'text-anchor="middle">{ratio:g}</text>'
            )
    for one in analysis.figures:
        wanted = ("between readers", compared.arm, "ratio")
        if (one.compared, one.arm, one.question) != wanted or one.value is None:
            continue
        if "limit" in one.measure or "factor" in one.measure:
            at = min(max(float(np.log(one.value)), -half), half)
            dash = "" if "factor" in one.measure else ' stroke-dasharray="5 4"'
            drawn.append(
                f'<line x1="{left}" x2="{left + width}" y1="{y(at):.1f}" y2="{y(at):.1f}" '
                f'stroke="#b3541e"{dash}/>'
            )
    drawn += [
        f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="2.5" fill="#1f5f99" fill-opacity="0.5"/>'
        for a, b in zip(means, apart, strict=True)
    ]
    drawn.append(
        f'<text x="{left + width / 2}" y="{top + height + 34}" text-anchor="middle">'
        "mean of two; upwards: one over the other, with their mean and 95 % limits</text>"
    )
    return _svg(left + width + 20, top + height + 44, drawn, "Differences against means")


def _far_apart(analysis: Analysis) -> Iterator[str]:
    yield "<h2>Joints that two readers put furthest apart</h2>"
    yield (
        "<p class=faint>Look at these: a whole level apart means that one of the two numbered the "
        "spine differently.</p>"
    )
    rows = []
    for compared in analysis.compared:
        if compared.name != "between readers":
            continue
        apart, _, who = compared.distances
        for place in np.argsort(apart)[::-1][:_WORST]:
            if apart[place] < _SAME_MM:
                break
            one, other = who[place]
            rows.append(
                (
                    escape(plain(compared.arm)),
                    escape(plain(one.case)),
                    f"{escape(one.side)} {escape(one.level)}",
                    f"{escape(plain(one.reader))}, {escape(plain(other.reader))}",
                    _n(f"{apart[place]:.1f}"),
                )
            )
    if not rows:
        yield "<p>No two readers put a joint at different places.</p>"
        return
    yield _table(("arm", "case", "joint", "readers", "mm apart"), rows)


def _arms(analysis: Analysis) -> Iterator[str]:
    found = [f for f in analysis.figures if f.compared == "between arms"]
    if not found:
        return
    yield "<h2>Does an arm make readers agree more?</h2>"
    yield (
        "<p class=faint>The difference, with the interval of the same drawn patients in both: "
        "where it holds 0, no difference is shown.</p>"
    )
    rows = [
        (escape(plain(f.arm)), f"{escape(f.question)}: {escape(f.measure)}", _value(f))
        for f in found
    ]
    yield _table(("arms", "", "difference"), rows)


def _how() -> Iterator[str]:
    sides = ", ".join(side.value for side in Side)
    yield "<h2>How this was worked out</h2><ul>"
    for sentence in (
        "Readers saw each case without name, date and earlier readings, in an order of their own "
        "that can be made again; what was finished did not come back.",
        f"What is compared is a joint ({len(TRUE_JOINTS)} a case: {ZYGAPOPHYSIAL_LEVELS[0]} to "
        f"{ZYGAPOPHYSIAL_LEVELS[-1]}, {sides}) that all the compared have been shown. A joint that "
        "a reader said nothing of counts as not decided; where one is left out, a line says so.",
        f"Intervals hold 95 %: {RESAMPLES:,} studies were made by drawing patients, not joints; "
        "their spread, on a scale on which it is even (−log(1 − x) for kappas and shares, log for "
        "factors), and Student's t give the limits.",
        f"Made by facetfusion {own_version()}. Rows of every answer: ratings.csv; nerves: "
        "plans.csv; every number of this page and more: agreement.csv.",
        "GRRAS, what this page knows: raters and subjects (above), sampling and blinding (above), "
        "statistics and intervals (above). What it cannot know: how raters and subjects were "
        "chosen, and the readers' training.",
    ):
        yield f"<li>{escape(sentence)}</li>"
    yield "</ul>"


def _n(text: str) -> str:
    return f"<td class=n>{escape(text)}</td>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    heads = "".join(f"<th>{one}</th>" for one in head)
    lines = "\n".join(
        f"<tr>{''.join(c if c.startswith('<td') else f'<td>{c}</td>' for c in row)}</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>\n{lines}\n</tbody></table>"


def _svg(width: float, height: float, drawn: Iterable[str], title: str) -> str:
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" '
        f'aria-label="{escape(title)}">{"".join(drawn)}</svg>'
    )
