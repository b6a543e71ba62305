"""Every source that the code cites is an entry of docs/sources.md, which a reader can open."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("fusion", "viewer", "sample_data", "tests", "benchmarks", "scripts")
#: ``docs/sources.md#suv``; further entries of the same page follow as ``#codes`` after a comma.
CITED = re.compile(r"docs/sources\.md(?:#| \()([a-z0-9-]+)((?:(?:, | and | to )\s*#[a-z0-9-]+)*)")


def sources() -> list[Path]:
    found = [path for name in FOLDERS for path in sorted((ROOT / name).rglob("*"))]
    return [path for path in found if path.suffix in {".py", ".toml"} and path != Path(__file__)]


def entries() -> set[str]:
    """Return the anchors of the headings, as MyST and GitHub make them."""
    page = (ROOT / "docs" / "sources.md").read_text("utf-8")
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_what_the_code_cites_is_there() -> None:
    known = entries()
    assert {"suv", "nm-geometry", "safety-sentences"} <= known
    cited = set()
    for path in sources():
        text = re.sub(r"\n\s*(?:#:?)?\s*", " ", path.read_text("utf-8"))
        for first, more in CITED.findall(text):
            for entry in (first, *re.findall(r"#([a-z0-9-]+)", more)):
                assert entry in known, f"{path.relative_to(ROOT)} cites #{entry}"
                cited.add(entry)
    assert cited


def test_no_source_lies_outside_the_repository() -> None:
    """A reader can open what a comment, a page or a test refers to."""
    outside = re.compile(
        r"shared/spec|\bspec/|\bspec (?:part|[0-9A-C]|dicom)|\bthe specification\b|\(issue \d+\)"
        r"|(?:anatomy_and_safety|bone_spect|localisation_registration)\.md"
    )
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    for path in [*sources(), *pages]:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            assert not outside.search(line), f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
