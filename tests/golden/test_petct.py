"""The same for a real PET/CT, of which nothing is copied here but hashes of what is written.

A hash cannot tell what differs: run the test on the version before and on this one with
``GOLDEN_TEXTS=folder`` and compare the two folders.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.golden import made, stored
from tests.golden.conftest import written
from tests.golden.normal import Normal, arithmetic

pytestmark = pytest.mark.thorough


def _summary(texts: dict[str, str]) -> dict[str, object]:
    return {
        name: {"lines": text.count("\n"), "sha256": hashlib.sha256(text.encode()).hexdigest()}
        for name, text in texts.items()
    }


def test_what_is_written_of_a_real_study(shared_data: Path, tmp_path: Path) -> None:
    before = stored.FOLDER / "petct_discovery_st.json"
    if not stored.rewriting() and json.loads(before.read_text())["arithmetic"] != arithmetic():
        pytest.skip("this processor differs in the last bit from the one of the golden files")
    study = shared_data / "petct_discovery_st"
    journal, to = tmp_path / "journal.sqlite", tmp_path / "export"
    made.read_real(study, journal)
    normal = Normal(study, {"study": study, "to": to})
    printed = made.run("export", study, "--to", to, "--journal", journal, "--json")
    texts, exact = written(normal, to, printed)
    normal.begin("scan")
    texts["scan.json"] = normal.json(made.run("scan", study, "--json"))
    texts["facets.json"] = normal.json(made.run("facets", study, "--json"))
    if keep := os.environ.get("GOLDEN_TEXTS"):
        for name, text in texts.items():
            (Path(keep) / name).write_text(text, "utf-8")
    shutil.rmtree(to)
    now = {"arithmetic": arithmetic(), "texts": _summary(texts), "bulk data": exact}
    said = stored.check(before.name, json.dumps(now, indent=1) + "\n", context=2)
    assert not said, said
