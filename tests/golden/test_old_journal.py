"""What an earlier version wrote is still read, and read the same, byte for byte.

Written by facetfusion 0.1.0 in November 2026 and never written anew, by no command:

- ``journal_2026_11.sqlite``: what :func:`tests.golden.made.read_sample` recorded, every kind of
  event in it; ``reading_2026_11.json.gz`` and ``structured_report_2026_11.dcm.gz``: the export of
  its first version, as it was.
- ``forms_2026_11.txt``: one line for each thing that is kept, a class name and its canonical JSON,
  with values that are easily written another way (1e-07, -0.0, 1e+22, hidden characters).

If one of these tests fails, readings of our users cannot be opened any more, or are refused as
changed because the hash of an event no longer fits.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.golden import kept

HERE = Path(__file__).parent
JOURNAL = HERE / "journal_2026_11.sqlite"
FORMS = [
    tuple(line.split(" ", 1))
    for line in (HERE / "forms_2026_11.txt").read_text("ascii").splitlines()
]
#: Every kind of event that version 0.1.0 wrote.
KINDS = {
    *("opened", "target-saved", "target-removed", "relabelled", "vertebra-named", "joint-moved"),
    *("anomaly-recorded", "alignment-reviewed", "numbering-confirmed", "pathway-answered"),
    *("pathway-left-out", "undone", "redone", "finalised"),
}
#: Joint, decision and grade of the present targets, by reader and version.
DECISIONS = {
    ("Dr. Åsa Öberg", 1, "final"): {
        ("Right C2-C3", "positive", 3),
        ("Left C4-C5", "indeterminate", 1),
        ("Right C4-C5", "negative", 1),
        ("Left C5-C6", "positive", 3),
        ("Right C5-C6", "negative", 0),
    },
    ("Dr. Åsa Öberg", 2, "final"): {
        ("Right C2-C3", "indeterminate", 2),
        ("Left C4-C5", "indeterminate", 1),
        ("Right C4-C5", "negative", 1),
        ("Left C5-C6", "positive", 3),
        ("Right C5-C6", "negative", 0),
    },
    ("R. Eader", 1, "draft"): {("Left C5-C6", "positive", 2)},
}


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A copy: opening a journal may write into it."""
    return Path(shutil.copy(JOURNAL, tmp_path / "journal.sqlite"))


def rows(path: Path) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    found = connection.execute(
        "SELECT reading_id, sequence, kind, content, hash FROM events ORDER BY number"
    ).fetchall()
    connection.close()
    return found


def file_content(path: Path, kind: str) -> Any:
    """What the first event of a kind holds in the file."""
    return next(json.loads(row[3])["change"] for row in rows(path) if row[2] == kind)


def test_the_old_journal_holds_every_kind_of_event_and_its_chain_is_whole(journal: Path) -> None:
    events = rows(journal)
    assert {kind for _, _, kind, _, _ in events} == KINDS
    assert set(kept.CHANGES) == KINDS
    before: dict[str, str] = {}
    for reading, _, _, content, digest in events:
        text = f"{before.get(reading, '')}\n{content}"
        assert hashlib.sha256(text.encode()).hexdigest() == digest
        before[reading] = digest


def test_the_old_journal_says_the_same(journal: Path) -> None:
    events = rows(journal)
    last = {reading: digest for reading, _, _, _, digest in events}
    with kept.Journal(journal) as file:
        readings = file.readings()
    found = {
        (r.reader, r.opened.version, "final" if r.finalised else "draft"): {
            (t.joint.name, str(t.decision), t.grade) for t in r.targets
        }
        for r in readings
    }
    assert found == DECISIONS
    assert {reading.reading_id: reading.digest for reading in readings} == last
    first, amended, draft = readings
    assert list(first.said.clicks) == ["C2"]
    assert [joint.name for joint in first.said.moved] == ["Right C4-C5"]
    assert [(a.kind, a.level, a.note) for a in first.said.anomalies] == [
        ("fused", "C3-C4", "block vertebra")
    ]
    assert amended.said == first.said
    assert amended.opened.amends == first.reading_id
    assert amended.opened.amends_digest == first.digest
    assert amended.opened.reason == "seen again with the surgeon"
    answer = first.pathway.change.assessment
    assert answer.words == "Supported by the pathway as a secondary examination"
    assert amended.pathway.change.reason == "the facts did not change"
    assert (draft.pathway, draft.alignment, draft.numbering) == (None, None, None)
    plan = kept.plan_blocks(first.targets, fused={"C3-C4"})
    assert [block.name for block in plan.nerves] == [
        "Left C5 medial branch",
        "Left C6 medial branch",
    ]
    assert [one.why for one in plan.set_apart] == ["whether it matches the pain is not recorded"]
    assert list(plan.supplying) == [
        "Left C5 medial branch",
        "Left C6 medial branch",
        "Right third occipital nerve (superficial medial branch of C3)",
    ]


def test_no_old_error_of_a_place_becomes_a_bound(journal: Path) -> None:
    """Until 30 November 2026 it was an expected error, without a share of joints beside it."""
    with kept.Journal(journal) as file:
        first, amended, _ = file.readings()
        again = file.addendum(amended, reader="R. Eader", reason="once more", study=amended.study)
    targets = [*first.targets, *amended.targets, *again.targets]
    assert all(target.localisation.confidence_mm for target in targets)
    for target in targets:
        said = kept.said_place(target)
        assert "Joint off by about" in said
        assert "(expected error, no bound)." in said
        assert kept.row_of(target)["localisation_uncertainty_is"] == "expected error, no bound"


def test_the_old_answer_of_the_pathway_is_still_the_answer(journal: Path) -> None:
    """Where statements change on purpose, the answer of before stands and is not used anew.

    It was then worded with the numbers of statements and facts; that, too, stays as it was.
    """
    with kept.Journal(journal) as file:
        answer = file.readings()[0].pathway.change.assessment
    assert isinstance(answer, kept.Assessment)
    given = file_content(journal, "pathway-answered")["assessment"]
    assert kept.as_json(answer) == given
    assert kept.as_json(kept.back(kept.Assessment, given)) == given


def test_every_event_is_written_as_it_was(journal: Path) -> None:
    for _, sequence, kind, content, _ in rows(journal):
        event = kept.back(kept.Event, json.loads(content))
        assert event.change.kind == kind
        assert kept.canonical(kept.as_json(event)) == content, sequence


def test_an_old_reading_goes_on(journal: Path) -> None:
    before = rows(journal)
    with kept.Journal(journal) as file:
        first, amended, draft = file.readings()
        saved = file.append(
            draft,
            kept.CHANGES["pathway-left-out"]("still open"),
            reader=draft.reader,
            study=draft.study,
        )
        assert saved.reading.pathway.change.reason == "still open"
        third = file.addendum(amended, reader="R. Eader", reason="once more", study=amended.study)
        assert [t.joint for t in third.targets] == [t.joint for t in amended.targets]
        assert file.begin(first.study, reader=first.reader).reading == third
    events = rows(journal)
    assert len(events) == len(before) + 2
    assert events[: len(before)] == before
    with kept.Journal(journal) as file:
        assert [reading.sequence for reading in file.readings()][-2:] == [draft.sequence + 1, 1]


def test_a_changed_byte_is_noticed(journal: Path) -> None:
    content = journal.read_bytes()
    before = b"C3 was clicked where C2 is"
    assert before in content
    journal.write_bytes(content.replace(before, b"C4 was clicked where C2 is"))
    with pytest.raises(kept.AnnotationError, match="not what was"):
        kept.Journal(journal)


def test_an_old_export_is_read(tmp_path: Path, journal: Path) -> None:
    with kept.Journal(journal) as file:
        first = file.readings()[0]
    for name in ("reading_2026_11.json", "structured_report_2026_11.dcm"):
        (tmp_path / name).write_bytes(gzip.decompress((HERE / f"{name}.gz").read_bytes()))
    assert kept.read_reading(tmp_path / "reading_2026_11.json") == first
    document = json.loads((tmp_path / "reading_2026_11.json").read_text("ascii"))
    assert kept.as_json(first) == document["reading"]
    targets = kept.read_structured_report(tmp_path / "structured_report_2026_11.dcm")
    # Hidden characters of a note are not in a structured report.
    assert {target.shown_note for target in targets} == {t.shown_note for t in first.targets}
    read = {target.joint: replace(target, note="") for target in targets}
    assert read == {target.joint: replace(target, note="") for target in first.targets}


def test_the_forms_are_of_every_class_that_is_kept() -> None:
    assert {name for name, _ in FORMS} == set(kept.CLASSES)
    assert set(kept.CLASSES.values()) >= set(kept.CHANGES.values())


@pytest.mark.parametrize(
    ("name", "text"), FORMS, ids=[f"{n}-{name}" for n, (name, _) in enumerate(FORMS)]
)
def test_a_form_is_written_as_it_was(name: str, text: str) -> None:
    value = kept.back(kept.CLASSES[name], json.loads(text))
    assert kept.canonical(kept.as_json(value)) == text
