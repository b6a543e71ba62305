"""What the program writes and prints about the sample study, frozen.

The files under ``files`` were written by an earlier version of this program and are compared with
what it writes now, normalised as :mod:`tests.golden.normal` says. Nothing in them changes by
accident. Where a change is meant::

    REWRITE_GOLDEN=1 .venv/bin/python -m pytest tests/golden

writes them anew (not the journal of ``test_old_journal.py``, which is never written anew); look at
``git diff tests/golden`` line by line, and say why in the commit.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

import pytest

from tests.golden import stored
from tests.golden.conftest import EXPORTS, Sample, written
from tests.golden.made import FACTS, run
from tests.golden.normal import arithmetic

pytestmark = pytest.mark.slow

#: Statements of the pathway that are shown in full.
EXPLAINED = ("S1", "S15", "S20")


@pytest.mark.parametrize("name", EXPORTS)
def test_what_is_exported(sample: Sample, name: str) -> None:
    texts, _ = sample.exported(name)
    first = {} if name == "final" else sample.exported("final")[0]
    # What the reading does not change stands in the first folder only, and of the rest what does.
    told = {
        file: stored.relative(text, first[file], "final") if file in first else text
        for file, text in texts.items()
    }
    stored.check_all(told, folder=name)


@pytest.mark.parametrize("name", EXPORTS)
def test_bulk_data_bit_by_bit(sample: Sample, name: str) -> None:
    _, exact = sample.exported(name)
    now = {"arithmetic": arithmetic(), "pixels of the study": sample.normal({}).inputs, **exact}
    path = stored.FOLDER / "bits" / f"{name}.json"
    if not stored.rewriting():
        before = json.loads(path.read_text("utf-8"))
        if before["arithmetic"] != now["arithmetic"]:
            pytest.skip("this processor differs in the last bit from the one of the golden files")
    said = stored.check(f"bits/{name}.json", json.dumps(now, indent=1) + "\n")
    assert not said, said


def test_fused_with_a_search_for_the_alignment(sample: Sample, tmp_path: Path) -> None:
    printed = run("fuse", sample.study, "--register", "--to", tmp_path, "--json")
    texts, _ = written(sample.normal({"to": tmp_path}), tmp_path, printed)
    stored.check_all(texts, folder="registered")


def test_what_is_printed(sample: Sample) -> None:
    study, normal = sample.study, sample.normal({"facts": FACTS})
    pathway = ("pathway", FACTS, "--study", study)
    texts = {
        "scan.json": normal.json(run("scan", study, "--json")),
        "scan.txt": normal.text(run("scan", study)),
        "facets.json": normal.json(run("facets", study, "--json")),
        "pathway.json": normal.json(run(*pathway, "--json")),
        "pathway.txt": normal.text(run(*pathway)),
        "facts_template.txt": normal.text(run("pathway", "--facts-template")),
    }
    for statement in EXPLAINED:
        texts[f"{statement}.txt"] = normal.text(run("pathway", "--explain", statement))
    stored.check_all(texts, folder="printed")


def test_what_the_journal_holds(sample: Sample) -> None:
    with sqlite3.connect(sample.journals["all"]) as journal:
        schema = journal.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        events = journal.execute("SELECT * FROM events ORDER BY number").fetchall()
        pragmas = [
            journal.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version")
        ]
    journal.close()
    normal = sample.normal({})
    normal.begin("journal")
    lines = [f"application_id {pragmas[0]}, user_version {pragmas[1]}"]
    lines += [sql for (sql,) in schema]
    chained: dict[str, str] = {}
    for number, reading, sequence, kind, content, digest in events:
        # The text itself is what is hashed: one byte more, and an old journal is refused.
        chained[reading] = hashlib.sha256(
            f"{chained.get(reading, '')}\n{content}".encode()
        ).hexdigest()
        assert digest == chained[reading], number
        lines += [f"-- {number} {normal.text(reading)} {sequence} {kind} {normal.text(digest)}"]
        lines += [normal.text(content).replace(',"', ',\n"')]
    stored.check_all({"journal.txt": "\n".join(lines) + "\n"}, folder="journal")
