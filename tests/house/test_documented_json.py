"""Every key of the JSON output is documented, and everything documented is there."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fusion.cli import main
from tests.viewer.marked_study import write_study

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "files"
FINDING = {"severity", "code", "message"}


def words(line: str) -> set[str]:
    return set(line.split())


#: Words in code font on the pages that are no keys: values, options, names of files and programs.
NO_KEYS = {
    "scan": {*"ijk", "1", "ct", "null", "spect"},
    "review": words(
        "FACTS NAME Registration Spatial and apart by do facetfusion facts found frame hand "
        "inconsistency json lower manual motion moved neck no not null of possible reference "
        "review rigid shared shift stored toml trust upper"
    ),
    "registration": words(
        "do found inconsistency json motion neck no not null possible registration review trust"
    ),
    "facets": words(
        "assumed confirmed data estimated facetfusion field found from fused not null obscured "
        "outside provisional scan stated sure the validated"
    ),
    "pathway": {"study"},
}
#: Keys that are there only when a file is written, or when the pathway was answered.
WRITTEN = {
    *("outputs", "derived_nm", "spatial_registration", "registration_record", "pictures"),
    *("reader", "time", "reason"),
}
#: Keys that are there only after a search for the alignment.
SEARCHED = words(
    "correlation mutual_information point_lps independent_method_mm "
    "largest_in_neck_mm blocks second_opinion reverse neck_box pieces level detail_correlation "
    "mirrored_correlation mirrored_gain mirrored_gain_error "
    "rescaled_correlation rescaled_gain rescaled_gain_error "
    "correlation_drop_at_8_mm bend_significance neck_overlap neck_found levels z_mm shift_lps_mm "
    "lower_matrix_spect_to_ct_lps upper_matrix_spect_to_ct_lps blends_between_z_mm bend_deg"
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("documented"))


def documented(heading: str, name: str) -> set[str]:
    """Keys in code font in a section of the page, taken apart at dots and without brackets."""
    text = (ROOT / "docs" / "json.md").read_text("utf-8")
    section = text.partition(f"\n{heading}\n")[2].partition("\n##")[0]
    words = re.findall(r"`([^`]+)`", section)
    found = {part for word in words for part in re.split(r"[^A-Za-z0-9_]+", word) if part}
    assert found >= NO_KEYS[name], NO_KEYS[name] - found
    return found - NO_KEYS[name]


def golden(name: str) -> Any:
    """A document of the sample study; tests/golden holds that it is what is written now."""
    text = (GOLDEN / name).read_text("utf-8")
    return json.loads(re.sub(r",(\s*[}\]])", r"\1", text))


def keys(value: Any, *, skip: frozenset[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key not in skip:
                yield from keys(inner, skip=skip)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner, skip=skip)


def test_scan_has_the_documented_keys(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", str(study), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    found = set(keys(document, skip=frozenset())) | FINDING
    assert found == documented("## `scan --json`", "scan") | FINDING


def test_the_record_has_the_documented_keys(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fuse", str(study), "--to", str(tmp_path), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    written = json.loads((tmp_path / "review.json").read_text("utf-8"))
    # Findings have their own shape; versions have names of programs.
    skip = frozenset({"findings", "assumptions", "software"})
    wanted = documented("## `review.json` and `fuse --json`", "review")
    searched = set(keys(golden("registered/printed.json"), skip=skip))
    assert searched == wanted - WRITTEN
    assert set(keys(printed, skip=skip)) == wanted - WRITTEN - SEARCHED
    assert set(keys(written.pop("outputs"), skip=skip)) | {"outputs"} < WRITTEN
    assert written == printed


def test_the_registration_has_the_documented_keys(study: Path, tmp_path: Path) -> None:
    assert main(["fuse", str(study), "--to", str(tmp_path)]) == 0
    written = json.loads((tmp_path / "registration.json").read_text("utf-8"))
    skip = frozenset({"findings", "software"})
    wanted = documented("## `registration.json`", "registration")
    assert set(keys(golden("registered/registration.json.txt"), skip=skip)) == wanted
    assert set(keys(written, skip=skip)) == wanted - SEARCHED


def test_facets_have_the_documented_keys() -> None:
    document = golden("printed/facets.json")
    skip = frozenset({"findings", "midline_lps", "proposed_anomalies"})
    # The sample's neck asks for no anomaly; tests/facets/test_anomalies.py has one that does.
    found = {*keys(document, skip=skip), "proposed_anomalies", "anomaly", "why"}
    assert document["proposed_anomalies"] == []
    assert found == documented("## `facets --json`", "facets")


def test_the_pathway_has_the_documented_keys() -> None:
    document = golden("printed/pathway.json")
    skip = frozenset({"quoted", "facts"})
    assert set(keys(document, skip=skip)) == documented("## `pathway --json`", "pathway")


def test_a_reading_has_the_published_keys() -> None:
    """Every property of the schema is in the sample's, but four.

    Only joints that the images cannot tell apart have the first, only
    a neck whose proposed anomaly the reader dismissed or left open the two after. The sample's
    reading was kept before the last was recorded.
    """
    schema = json.loads((ROOT / "docs" / "reading.schema.json").read_text("utf-8"))
    found = set(keys(golden("final/reading.json.txt"), skip=frozenset({"software"})))
    rare = {"merged_with", "dismissed", "left_open", "uncertainty_share"}
    assert set(properties(schema)) - found == rare


#: Modules that print JSON of their own, and what their dictionaries hold beside keys of it.
PRINTING = ("archive", "doctor", "export", "labelling", "listening", "many/cohort", "many/readers",
            "reading/readings")  # fmt: skip


def test_the_other_commands_have_the_documented_keys() -> None:
    """Read from the code, since an archive, a cohort and a reader study would have to be made."""
    section = (ROOT / "docs" / "json.md").read_text("utf-8").partition("## Other commands")[2]
    keys_column = re.findall(r"^\| `.+?` \| (.*) \|$", section, re.MULTILINE)
    named = set(re.findall(r"`([a-z_]+)(?:\[\])?`", " ".join(keys_column)))
    written = set(top_keys("export/follow_up/tables", "comparison_json"))
    for module in PRINTING:
        for node in ast.walk(tree_of(f"cli/{module}")):
            if isinstance(node, ast.Dict):
                written |= {key.value for key in node.keys if isinstance(key, ast.Constant)}
    assert named - {"facets"} == written


def tree_of(module: str) -> ast.Module:
    return ast.parse((ROOT / "fusion" / f"{module}.py").read_text("utf-8"))


def top_keys(module: str, function: str) -> Iterator[str]:
    """Keys of the dictionary that a function returns, not of those inside."""
    (found,) = (
        node
        for node in tree_of(module).body
        if isinstance(node, ast.FunctionDef) and node.name == function
    )
    last = found.body[-1]
    assert isinstance(last, ast.Return)
    assert isinstance(last.value, ast.Dict)
    yield from (str(key.value) for key in last.value.keys if isinstance(key, ast.Constant))


def properties(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from properties(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from properties(part)


def test_files_of_fuse_are_those_documented(study: Path, tmp_path: Path) -> None:
    assert main(["fuse", str(study), "--to", str(tmp_path)]) == 0
    page = (ROOT / "docs" / "scan-and-fuse.md").read_text("utf-8")
    table = page.partition("## One command from DICOM to fused pictures")[2].partition("\n##")[0]
    named = set(re.findall(r"`([a-z_]+\.(?:json|png|dcm|nii\.gz|nrrd|tfm))`", table))
    assert {path.name for path in tmp_path.iterdir()} == named


def test_a_refusal_is_the_documented_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("no DICOM here")
    assert main(["fuse", str(tmp_path), "--to", str(tmp_path / "out"), "--json"]) == 3
    captured = capsys.readouterr()
    assert set(json.loads(captured.out)) == {"error"}
    assert set(json.loads(captured.out)["error"]) == {"code", "message"}
    assert json.loads(captured.out)["error"]["message"] in captured.err
