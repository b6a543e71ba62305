"""The statement file is the document, word for word and whole; what is ours is kept apart."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

from fusion.errors import PathwayError
from fusion.pathway import statements as module
from fusion.pathway.facts.facts import KEY_OF_FACT, QUESTIONS
from fusion.pathway.statements import load_statements, parse_statements, published_pathway

PATHWAY = published_pathway()

#: The document line by line, as SHA-256: not ours to ship, and its wording is held all the same.
LINES = Path(__file__).with_name("document_lines.toml")

#: The page around the article: not sentences about imaging.
FURNITURE = {
    "What is the role of CT/SPECT (Computed Tomography/Single Photon Emission Computed "
    "Tomography) fusion study in diagnosing and managing cervical pain?",
    "Medical Advisory BoardAll articles are reviewed for accuracy by our Medical Advisory Board",
    "Article Review Status",
    "Submitted",
    "Under Review",
    "Approved",
    "Personalize",
    "Help us tailor your experience",
    "Which best describes you? Your choice helps us use language that's most understandable for "
    "you.",
    "Have a follow-up question?",
    "Our Medical A.I. is used by practicing medical doctors at top research institutions around "
    "the world. Ask any follow up question and get world-class guideline-backed answers "
    "instantly.",
}
#: What the page writes into the line of its date.
AFTER_THE_DATE = "View editorial policy"

#: SHA-256 of parent line, sentence and citations of every statement, joined by newlines.
TEXT_DIGEST = {
    "S1": "5c4587c2bc4f96e0e922ce6500218ebc0da950e86ad5695a974b21f4724dc4fc",
    "S2": "35b76f8e00dba150cc1d9f6654e0c0748b014c9fb92d54cac711a60d8e59451b",
    "S3": "449bec6348eca1d5ec45317629be68a748d7857f0f3e7d4d8d917004c32975ca",
    "S4": "fd30d25596242d8911e030304c57693c9f9e2107c3f273759431d567e80b3698",
    "S5": "700af777a4da75d5c57db0206335aaecdd8a39e0d9108c5d7dd1be45ff3a23ca",
    "S6": "f41f6d419e7765d312a731f26eb3d81a12553f714933cb8c7acebe8eb3439272",
    "S7": "e1265bd241e0ab28a9ca5b578d4e3c08197bf55b5fbbadba53fe8f8d65bab627",
    "S8": "f60c70f4fa9b18f777d906e9e19de48494c78a771686ea7993bbeb4626429648",
    "S9": "1d1613a475328788467648707cdf7f4c265bee0c0481cae3fc2478b77d719556",
    "S10": "653ab24fdc41be9e9f4b36d714a9df1960c71a28b45fb54f7ab2f0efcb6ff399",
    "S11": "3c3174c3952986a1ba541afe0352f8933515cbf7655309689d6293423333b05b",
    "S12": "ce3999d01a5a4c7ba3356f0cd6d905c4fad55fc5f28f9336c56c01ddc6cd55a6",
    "S13": "8a746f61ef1cc587affccf0abf244b6c010aaa92b83971d8a3f3b94d82bf47ec",
    "S14": "c4db26a449a591290599195c08e61d8709cde55431791eaafa695d421f1889cd",
    "S15": "823b5761acdff6771f6cef0944343d8895dd19eae095da7e41a4320b74726cfd",
    "S16": "20a1d4999e023548d631f02dc602519f8f55ef4d6ccdbe450cc9fc6613bf1ef5",
    "S17": "00218c90a9d4f831659da3fb72dd8ca0c31e465c33f075ec302843c57fa20ace",
    "S18": "df2785153da6f087d3b5a8136747e7d3c0e93c26612074e2b8ac84a4f27a877f",
    "S19": "3f848a004b1f85e490f83299c03eeaddbfcfdcd87266c02999f91f42d353ecb6",
    "S20": "94af44d0fcf4bf057e896c3493cd721c9ee252e4bda9898fff105cfcd9d1118e",
    "S21": "38d811d05fbba8f44f2dc3c86e646b5ef287e9201b0384d6723927b32f5a599c",
    "S22": "e88fe8229185b61a178b819fa7635fd66cc08d4f4c84cbf3f0f081e27dd9cfe6",
    "S23": "f18916d5ecc7a2fe3537b834e62d18833164f69d9fb42e8be88444fe07974a0e",
    "S24": "dee5e2382a528a24c3022e57318e7bb9f8d793cfcc91433f8b69fdde66cbe983",
    "S25": "a9806d61e153114e4352f6220de860c31119110ddda92dcb66827c0679070bf5",
    "S26": "4831a0cadca0a75654d24310686b68e5fddc2e5311678633439f19aa4d437581",
    "S27": "c1beeb3691ad21b6a8190fce3a5c157a771ea7a6cf1e543cc4ac035553a9c880",
}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(scope="module")
def lines() -> dict[str, tuple[int, ...]]:
    """Citation numbers of every line of the document, by its digest, in order."""
    found = tomllib.loads(LINES.read_text(encoding="utf-8"))["lines"]
    by_digest = {line["sha256"]: tuple(line["cites"]) for line in found}
    assert len(by_digest) == len(found)
    return by_digest


def test_every_text_is_unchanged_since_it_was_compared_with_the_document() -> None:
    texts = {s.id: digest(f"{s.parent}\n{s.text}\n{s.citation}") for s in PATHWAY.statements}
    assert texts == TEXT_DIGEST


def test_every_text_equals_the_document_byte_for_byte(lines: dict[str, tuple[int, ...]]) -> None:
    for statement in PATHWAY.statements:
        whole = f"{statement.text}{AFTER_THE_DATE if statement.id == 'S27' else ''}"
        assert digest(whole) in lines, statement.id
        assert lines[digest(whole)] == statement.cites, statement.id
        assert not statement.parent or digest(statement.parent) in lines, statement.id


def test_no_sentence_of_the_document_is_missing(lines: dict[str, tuple[int, ...]]) -> None:
    ours = {s.text for s in PATHWAY.statements} | {s.parent for s in PATHWAY.statements}
    headings = {part for s in PATHWAY.statements for part in s.section.split(" / ")}
    dated = {f"{PATHWAY.statement('S27').text}{AFTER_THE_DATE}"}
    assert set(map(digest, ours | headings | FURNITURE | dated)) >= set(lines)


def test_parents_stand_above_their_children(lines: dict[str, tuple[int, ...]]) -> None:
    """Between a parent and its child stand other children of that parent and nothing else."""
    order = list(lines)
    for statement in PATHWAY.statements:
        if not statement.parent.endswith(":"):
            continue
        siblings = {digest(s.text) for s in PATHWAY.statements if s.parent == statement.parent}
        above, below = order.index(digest(statement.parent)), order.index(digest(statement.text))
        assert above < below, statement.id
        assert set(order[above + 1 : below]) <= siblings, statement.id


def test_there_are_27_statements_in_order() -> None:
    assert [s.id for s in PATHWAY.statements] == [f"S{n}" for n in range(1, 28)]


def test_conditions_read_only_the_facts_their_statement_names() -> None:
    """A reader who sees a statement's facts sees everything of its own condition."""
    shared = {"F1", "F2"}  # in_scope
    derived = {
        "red_flag": {"F7a", "F7b", "F7c"},
        "standard_imaging": {"F15", "F17", "F18"},
        "scenario_a": {"F15", "F17", "F18"},
        "scenario_b": {"F10", "F12", "F15", "F17", "F18"},
        "scenario_c": {"F5", "F20", "F15", "F17", "F18"},
        "scenario_d": {"F6", "F14", "F15", "F17", "F18"},
        "earlier_imaging": {"F14", "F15", "F17"},
        "treatment_planned": {"F22"},
        "surgery_planned": {"F22"},
        "in_scope": shared,
        "supported": set(),
    }
    for statement in PATHWAY.statements:
        for name in statement.when.names:
            read = derived[name] if name in derived else {QUESTIONS[name].fact}
            assert read <= set(statement.inputs) | shared, (statement.id, name)
        assert all(fact in KEY_OF_FACT for fact in statement.inputs)


def test_every_derived_name_is_explained() -> None:
    for name in module.VOCABULARY:
        assert name in QUESTIONS or name in PATHWAY.terms, name


def test_probable_references_say_that_they_are_probable() -> None:
    assert PATHWAY.source.reference_label == "probable; not stated by the article"
    cited = {number for s in PATHWAY.statements for number in s.cites}
    assert cited == {reference.number for reference in PATHWAY.references} == set(range(1, 9))


def test_our_words_never_use_the_ratings_of_the_acr() -> None:
    ours = " ".join(
        [v.words + v.explanation for v in PATHWAY.verdicts.values()]
        + [g.text for g in PATHWAY.gaps]
        + [n.text for n in PATHWAY.notes]
        + [r.text for r in PATHWAY.readings]
    ).lower()
    assert "appropriate" not in ours


class TestAnotherFile:
    @pytest.fixture
    def text(self) -> str:
        path = Path(module.__file__).with_name("statements.toml")
        return path.read_text(encoding="utf-8")

    def test_is_read_from_a_path(self, text: str, tmp_path: Path) -> None:
        other = tmp_path / "other.toml"
        other.write_text(text.replace('version = "1.0.0"', 'version = "9"'), encoding="utf-8")
        assert load_statements(other).source.version == "9"

    @pytest.mark.parametrize(
        ("old", "new", "reason"),
        [
            ("schema_version = 1", "schema_version = 2", "schema_version is 2"),
            ('when = "in_scope and red_flag"', 'when = "in_scope and red_flags"', "'red_flags'"),
            (
                'when = "in_scope and red_flag"',
                "when = \"__import__('os').system('id')\"",
                "something other than",
            ),
            ("radiographs != 'none' or", "radiographs != 'never' or", "'never' is not an answer"),
            ("radiographs != 'none' or", "radiographs or", "compare it instead"),
            ("radiographs != 'none' or", "red_flag == 'none' or", "no list of answers"),
            ("radiographs != 'none' or", "radiographs in 'none' or", "write =="),
            ("radiographs != 'none' or", "radiographs != 1 or", "answers in quotes"),
            ('when = "in_scope and red_flag"', 'when = "in_scope and"', "cannot be read"),
            ('when = "in_scope and red_flag"', "when = 3", "a condition is text"),
            ('id = "S5"', 'id = "S4"', "statement S4 stands there twice"),
            ('because = ["S24"]', 'because = ["S99"]', "mentions S99"),
            ("cites = [8]", "cites = [9]", "S25 cites 9"),
            ('inputs = ["F19"]', 'inputs = ["F99"]', "no such fact"),
            ("[verdicts.NOT_YET]", "[verdicts.LATER]", "expected words for"),
            ('effect = ["BASE"]', 'effect = ["MAYBE"]', "effect"),
            ('procedure = "secondary-imaging"', 'procedure = "first"', "procedure"),
            ("[fit]", "[fit", "cannot be read as a file of statements"),
        ],
    )
    def test_is_refused_with_the_reason(self, text: str, old: str, new: str, reason: str) -> None:
        assert old in text
        with pytest.raises(PathwayError, match=re.escape(reason)):
            parse_statements(text.replace(old, new, 1), label="other.toml")

    def test_that_cannot_be_read_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(PathwayError, match="cannot be read"):
            load_statements(tmp_path / "absent.toml")
        (tmp_path / "latin.toml").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(PathwayError, match="UTF-8"):
            load_statements(tmp_path / "latin.toml")
