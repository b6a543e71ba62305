"""The page of a cohort: what came of every study, plots, and the studies to look at first."""

from __future__ import annotations

import base64
from collections import Counter, defaultdict
from collections.abc import Sequence
from html import escape
from pathlib import Path

from fusion.anatomy import LEVELS
from fusion.cohort.outcomes import OUTCOME_WORDS, StudyOutcome
from fusion.cohort.pages.plots import LEFT, RIGHT, bars_plot, histogram, ratio_plot
from fusion.cohort.provenance import write_provenance
from fusion.cohort.store import KEY_LETTERS, PAGE, THUMBNAIL, Store, replace_text
from fusion.cohort.tables import WHERE_CSV, StudyRow, study_rows, write_tables
from fusion.export import Insert, Report, report_html
from fusion.facets import Numbering
from fusion.registration import Trust
from fusion.software import DISCLAIMER, SIMULATED, own_version
from fusion.uptake import NOT_VALIDATED, RATIO_TO_REFERENCE

REPORT = "report.html"
#: Studies that are shown with a picture: those that most need a look.
WORST = 20
#: Kinds of Findings in the plot of doubts.
_MOST_CODES = 15
_SURE, _NOT_SURE = "level sure", "level provisional"
_COLORS = {_SURE: "#3f8f5f", _NOT_SURE: "#e0a030"}
_STYLE = """
svg { max-width: 100%; height: auto; font-family: system-ui, sans-serif; }
.worst { display: grid; grid-template-columns: repeat(auto-fill, minmax(24rem, 1fr)); gap: .8rem; }
.worst a { display: block; color: inherit; text-decoration: none; border: 1px solid #c9ced6;
  padding: .4rem; font-size: .85rem; }
.worst img { width: 100%; background: #000; }
.studies td:last-child { min-width: 16rem; }
nav { margin: .6rem 0; }
"""


def report(out: str | Path) -> Path:
    """Write tables, provenance and page of a cohort as far as it is.

    Parameters
    ----------
    out : path
        The cohort's folder.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    FusionError
        Nothing was run there.
    """
    store = Store(out)
    cohort = store.cohort()
    rows = study_rows(store, cohort)
    paths = write_tables(store, rows)
    page = store.folder / REPORT
    replace_text(page, page_html(store, rows))
    write_provenance(store, cohort, rows, [*paths, page])
    return page


def page_html(store: Store, rows: Sequence[StudyRow]) -> str:
    """Return the page; nothing is loaded, and nothing runs."""
    waiting = sum(row.outcome is StudyOutcome.NOT_RUN for row in rows)
    document = Report(
        title=f"Cohort of {len(rows)} studies",
        banners=(
            *_simulated(rows),
            "NOT READ: measured by the program alone; nobody has recorded a decision.",
            *((f"NOT COMPLETE: {waiting} of {len(rows)} are not done.",) if waiting else ()),
        ),
        identity="",
        sections=(),
        footer=f"{DISCLAIMER} facetfusion {own_version()}. Columns: columns.json; provenance: "
        "ro-crate-metadata.json.",
    )
    return report_html(document, insert=Insert(_markup(store, rows), _STYLE, ""))


def _simulated(rows: Sequence[StudyRow]) -> tuple[str, ...]:
    """Return the banner of studies that are of no patient; of all, or of how many."""
    opened = [row for row in rows if row.result is not None and row.result.about]
    found = [row for row in opened if row.result and row.result.about.get("simulated")]
    if not found:
        return ()
    if len(found) == len(opened):
        return (SIMULATED,)
    return (
        f"SIMULATED: {len(found)} of the {len(opened)} studies that could be opened are not of "
        "patients (column simulated of studies.csv).",
    )


def worst_of(rows: Sequence[StudyRow]) -> list[StudyRow]:
    """Return the measured studies that most need a look, the one that needs it most first."""
    measured = [row for row in rows if row.has_joints]
    return sorted(measured, key=_need, reverse=True)[:WORST]


def why_worst(row: StudyRow) -> str:
    """Say in a few words what makes a study one to look at."""
    assert row.result is not None
    found = row.result.about.get("joints_found", 0)
    sure = row.result.about.get("joints_sure", 0)
    said = [f"{sure} of {found} levels sure"]
    if found < len(LEVELS) * 2:
        said.append(f"{found} of {len(LEVELS) * 2} joints found")
    largest = _largest_doubt(row)
    if largest is not None:
        said.append(f"alignment ± {largest:.1f} mm")
    said.append(f"{row.warnings} warning{'' if row.warnings == 1 else 's'}")
    return ", ".join(said)


def _need(row: StudyRow) -> tuple[float, ...]:
    assert row.result is not None
    about = row.result.about
    found, sure = about.get("joints_found", 0), about.get("joints_sure", 0)
    place = [joint["localisation_mm"] or 0.0 for joint in row.result.joints]
    return (
        float(row.outcome is StudyOutcome.NEEDS_A_PERSON),
        float(found - sure),
        float(len(LEVELS) * 2 - found),
        float(row.warnings),
        _largest_doubt(row) or 0.0,
        max(place, default=0.0),
    )


def _largest_doubt(row: StudyRow) -> float | None:
    joints = row.result.joints if row.result else ()
    found = [joint["registration_mm"] for joint in joints if joint.get("registration_mm")]
    return max(found, default=None)


def _markup(store: Store, rows: Sequence[StudyRow]) -> str:
    worst = worst_of(rows)
    parts = [
        ("outcomes", "Outcomes", _outcomes(rows)),
        ("ratios", "Ratios by level and side", _ratios(rows)),
        ("certainty", "How sure the levels are", _certainty(rows)),
        ("doubts", "What is doubtful", _doubts(rows)),
        ("time", "Time of a study", _times(rows)),
        ("look", f"The {len(worst)} to look at first", _thumbnails(store, worst)),
        ("studies", "Every study", _studies(rows)),
    ]
    links = " · ".join(f'<a href="#{name}">{escape(title)}</a>' for name, title, _ in parts)
    sections = "".join(
        f'<section id="{name}"><h2>{escape(title)}</h2>{content}</section>'
        for name, title, content in parts
    )
    return f"<nav>{links}</nav>{sections}"


def _outcomes(rows: Sequence[StudyRow]) -> str:
    counts = Counter(row.outcome for row in rows)
    lines = "".join(
        f"<tr><td>{escape(outcome.value)}</td><td>{counts[outcome]:,}</td>"
        f"<td>{escape(OUTCOME_WORDS[outcome])}</td></tr>"
        for outcome in StudyOutcome
        if counts[outcome] or outcome is not StudyOutcome.NOT_RUN
    )
    return _table(("Outcome", "Studies", "What it means"), lines)


def _ratios(rows: Sequence[StudyRow]) -> str:
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        if row.result is None or row.result.about.get("registration_status") == Trust.DO_NOT_TRUST:
            continue  # where it was measured is not known
        for joint in row.result.joints if row.has_joints and row.result else ():
            value = joint.get(RATIO_TO_REFERENCE.name)
            if value is not None and joint["numbering"] != Numbering.PROVISIONAL.value:
                values[joint["level"], joint["side"]].append(value)
    words = (
        f"{RATIO_TO_REFERENCE.how}; only joints whose level is sure, where the alignment may be "
        "trusted"
    )
    return ratio_plot(values, LEVELS, label=words)


def _certainty(rows: Sequence[StudyRow]) -> str:
    sure: Counter[str] = Counter()
    not_sure: Counter[str] = Counter()
    for row in rows:
        for joint in row.result.joints if row.has_joints and row.result else ():
            if joint["numbering"]:
                is_sure = joint["numbering"] != Numbering.PROVISIONAL.value
                (sure if is_sure else not_sure)[joint["level"]] += 1
    bars = [(level, ((_SURE, sure[level]), (_NOT_SURE, not_sure[level]))) for level in LEVELS]
    return bars_plot(bars, _COLORS, label="Joints that have a place on the CT")


def _doubts(rows: Sequence[StudyRow]) -> str:
    codes: Counter[tuple[str, str]] = Counter()
    for row in rows:
        found = row.result.findings if row.result else ()
        codes.update({(one["code"], one["severity"]) for one in found if one["severity"] != "info"})
    colors = {"error": "#8a1c1c", "warning": "#e0a030"}
    bars = [
        (code, ((severity, number),)) for (code, severity), number in codes.most_common(_MOST_CODES)
    ]
    counted = bars_plot(bars, colors, label="Studies with a warning or an error, by its code")
    place = [
        joint["localisation_mm"]
        for row in rows
        for joint in (row.result.joints if row.has_joints and row.result else ())
        if joint["localisation_mm"]
    ]
    aligned = [largest for row in rows if (largest := _largest_doubt(row)) is not None]
    return (
        counted
        + histogram(place, label="Centre of a joint known within (9 of 10), mm", color=LEFT)
        + histogram(aligned, label="Largest doubt of the alignment at a joint of a study, mm")
    )


def _times(rows: Sequence[StudyRow]) -> str:
    steps: Counter[str] = Counter()
    whole = []
    for row in rows:
        if row.result is not None and row.result.seconds:
            steps.update(row.result.seconds)
            whole.append(sum(row.result.seconds.values()))
    each = [(f"{step}, s", (("all", round(total)),)) for step, total in steps.items()]
    return histogram(whole, label="From opening to writing, s") + bars_plot(
        each, {"all": RIGHT}, label="All studies together, by step, s"
    )


def _thumbnails(store: Store, rows: Sequence[StudyRow]) -> str:
    shown = []
    for row in rows:
        assert row.result is not None
        path = store.study_folder(row.result.key) / THUMBNAIL
        picture = ""
        if row.result.has_page and path.is_file():
            content = base64.b64encode(path.read_bytes()).decode("ascii")
            picture = (
                '<img alt="The neck from the left, with its joints, and a coronal plane" '
                f'src="data:image/jpeg;base64,{content}">'
            )
        words = f"<b>{row.name}</b> {escape(row.outcome.value)}: {escape(why_worst(row))}"
        shown.append(f"<a{_href(row)}>{picture}{words}</a>")
    if not shown:
        return "<p>No study was measured.</p>"
    return f'<div class="worst">{"".join(shown)}</div>'


def _studies(rows: Sequence[StudyRow]) -> str:
    lines = []
    for row in rows:
        link = _href(row)
        name = f"<a{link}>{row.name}</a>" if link else row.name
        said = row.result.sentence if row.result else ""
        if row.repeat_of:
            said = f"The same images as {row.repeat_of}. {said}".strip()
        cells = (escape(row.place.name), escape(row.outcome.value), escape(said))
        lines.append(f"<tr><td>{name}</td>{''.join(f'<td>{one}</td>' for one in cells)}</tr>")
    return (
        _table(("Study", "Id", "Outcome", "Why"), "".join(lines))
        + f"<p>Where each study lies is told in private/{WHERE_CSV}, which is not to be handed on. "
        f"Ratios and grades are {NOT_VALIDATED}.</p>"
    )


def _table(header: Sequence[str], lines: str) -> str:
    head = "".join(f'<th scope="col">{one}</th>' for one in header)
    return f'<table class="studies"><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>'


def _href(row: StudyRow) -> str:
    if row.result is None or not row.result.has_page:
        return ""
    return f' href="studies/{row.result.key[:KEY_LETTERS]}/{PAGE}"'
