"""The table of Findings: nothing misspelt, nothing forgotten, nothing that nobody raises."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from fusion.findings import DateText, Finding, FindingKind, Severity, worst_first
from fusion.findings.alignment import DIFFERENT_DATES, DIFFERENT_STUDIES, MANUAL_SHIFT
from fusion.findings.finding import error, info, warning
from fusion.findings.joints import JOINTS_FUSED
from fusion.findings.table import KINDS, PAGES
from fusion.findings.volumes import GANTRY_TILT

ROOT = Path(__file__).resolve().parents[2]
#: Entries whose own words say nothing without what fills them.
ONLY_A_VALUE = {
    "CHOICE", "IMAGES_NOT_COPIED", "PATHWAY_OF_ANOTHER_VERSION", "SERIES_REFUSED", "UNREADABLE"
}  # fmt: skip


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for package in ("fusion", "viewer"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.parent.name != "findings":
                yield path, ast.parse(path.read_text(encoding="utf-8"))


def test_a_finding_is_an_entry_and_its_values() -> None:
    finding = GANTRY_TILT(tilt_deg=12.04)
    assert finding.to_json() == {
        "severity": "info",
        "code": "gantry-tilt",
        "message": "The slices are tilted by 12.0° against the direction in which they are "
        "stacked (gantry tilt). The tilt is kept exactly; the images are resampled for display.",
    }
    assert finding.kind is GANTRY_TILT
    joints = JOINTS_FUSED(joints=("Left C5-C6", "Right C2-C3"))
    assert joints.message.startswith("Left C5-C6, Right C2-C3: without a joint space (fused).")


def test_what_reads_the_same_is_one_finding() -> None:
    repeated = (
        GANTRY_TILT(tilt_deg=12.0),
        DIFFERENT_STUDIES(spect="SPECT"),
        GANTRY_TILT(tilt_deg=12.01),
    )
    assert worst_first(repeated) == (DIFFERENT_STUDIES(spect="SPECT"), GANTRY_TILT(tilt_deg=12.0))
    assert GANTRY_TILT(tilt_deg=12.0) != GANTRY_TILT(tilt_deg=13.0)


@pytest.mark.parametrize(
    "values", [{}, {"tilt": 12.0}, {"tilt_deg": 12.0, "more": 1.0}], ids=["none", "other", "more"]
)
def test_other_values_than_the_words_have_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="gantry-tilt needs tilt_deg"):
        GANTRY_TILT(**values)


def test_a_value_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="needs"):
        Finding(GANTRY_TILT, (("tilt_deg", 12.0), ("tilt_deg", 13.0)))


@pytest.mark.parametrize("entry", [("", "Words."), ("code", "")])
def test_an_entry_needs_a_code_and_words(entry: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="needs a code and words"):
        warning(*entry)


def test_an_entry_cannot_call_a_value_ours_that_it_does_not_have() -> None:
    with pytest.raises(ValueError, match="has no value reason"):
        info("a-code", "Found {what}.", ours="what reason")


def test_severities() -> None:
    entries = info("a", "A."), warning("b", "B."), error("c", "C.")
    assert [kind.severity for kind in entries] == [
        Severity.INFO, Severity.WARNING, Severity.ERROR
    ]  # fmt: skip
    assert [finding.code for finding in worst_first(kind() for kind in entries)] == ["c", "b", "a"]


def test_every_entry_of_a_page_is_in_the_table_once() -> None:
    listed = Counter(name for page in PAGES for name in vars(page) if name in KINDS)
    assert set(listed.values()) == {1}
    folder = ROOT / "fusion" / "findings"
    pages = {path.stem for path in folder.glob("*.py")} - {"__init__", "finding", "table"}
    assert {page.__name__.rpartition(".")[2] for page in PAGES} == pages


def test_codes_are_kebab_case_and_words_are_sentences() -> None:
    for name, kind in KINDS.items():
        assert kind.code == kind.code.lower().strip("-"), name
        assert kind.code.replace("-", "").isalnum(), name
        assert name in ONLY_A_VALUE or kind.pattern.endswith((".", "…")), name
        assert (kind.pattern == "…") == (name in ONLY_A_VALUE), name


def test_every_entry_is_raised_somewhere() -> None:
    used = {
        node.id
        for _, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id in KINDS
    }
    assert used == set(KINDS)


def test_every_call_gives_the_values_that_the_words_have() -> None:
    """Also where no test goes; those that choose among entries are reached by tests of theirs."""
    calls = 0
    for path, tree in sources():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if (kind := KINDS.get(node.func.id)) is None:
                continue
            where = f"{path.name}:{node.lineno}"
            assert not node.args, where
            assert {keyword.arg for keyword in node.keywords} == kind.names, where
            calls += 1
    assert calls > 100


def test_nobody_spells_a_code_or_makes_an_entry_of_its_own() -> None:
    """``finding.kind is GANTRY_TILT`` fails when misspelt, a code in quotes is silent."""
    codes = {kind.code for kind in KINDS.values() if "-" in kind.code}
    codes.remove("anomaly-recorded")  # a change in the journal is called so too
    for path, tree in sources():
        for node in ast.walk(tree):
            where = f"{path.name}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Constant):
                assert node.value not in codes, where
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("Finding", "FindingKind"), where


def test_what_is_an_assumption_stands_on_every_export() -> None:
    assert {kind.code for kind in KINDS.values() if kind.assumption} == {
        "user-geometry",
        "positions-stated-by-user",
        "top-level-geometry",
        "tracer-not-stated",
        "patient-mismatch-overridden",
        "slice-vector-missing",
        "part-of-ct",
        "frame-stated-by-user",
        "placement-stated-by-user",
        "manual-shift",
        "neck-correction-in-use",
        "stored-registration-large",
        "same-patient-stated",
        "order-not-stated",
        "tracer-unknown",
        "reconstruction-not-stated",
        "resolution-unknown",
    }


def test_what_states_a_characteristic_of_the_patient() -> None:
    assert {kind.code for kind in KINDS.values() if kind.of_patient} == {
        "suv-inputs", "suv-not-available", "injection-date-assumed",
            "injection-times-differ",
        "another-delay", "delay-too-different",
    }  # fmt: skip


def test_pattern_shows_where_values_stand() -> None:
    assert MANUAL_SHIFT.pattern.startswith("The alignment was moved by hand by … mm and …°")


def test_values_keep_their_kind() -> None:
    finding = DIFFERENT_DATES(
        spect="SPECT", ct_date=DateText("2024-03-11"), spect_date=DateText("2024-03-12")
    )
    assert {type(value) for name, value in finding.values if name != "spect"} == {DateText}
    assert isinstance(finding.kind, FindingKind)
