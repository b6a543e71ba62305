"""What is worked out of a study: figures, and sentences where there are none."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fusion.anatomy.joints import JOINTS
from fusion.annotations.target import Decision
from fusion.cli import main
from fusion.errors import ReaderStudyError
from fusion.reader_study.analysis import Analysis, Figure, _differences, analysed, figures_of
from fusion.reader_study.comparing import TRUE_JOINTS, between_readers, within_readers
from fusion.reader_study.page import page_html
from fusion.reader_study.ratings import NerveRating, Rating, table_of
from tests.reader_study.begun import Decided, begun, read
from tests.reader_study.designs import design
from tests.reader_study.rated import rated


def figures(ratings: tuple[Rating, ...], nerves: tuple[NerveRating, ...]) -> dict[tuple, Figure]:
    compared = between_readers(ratings, nerves, arm="alone")
    found = figures_of(compared, seed=1)
    return {(one.joints, one.question, one.measure): one for one in found}


def test_twelve_joints_of_each_case_are_compared() -> None:
    compared = between_readers(*rated(4), arm="alone")
    assert len(TRUE_JOINTS) == 12
    assert compared.decisions.shape == (48, 3)
    assert compared.raters == ("Reader A", "Reader B", "Reader C")
    assert len(compared.nerves) == 4


def test_a_case_that_not_all_have_finished_is_not_compared() -> None:
    ratings, nerves = rated(4)
    less = tuple(r for r in ratings if (r.reader, r.case) != ("Reader B", "c02"))
    fewer = tuple(n for n in nerves if (n.reader, n.case) != ("Reader B", "c02"))
    compared = between_readers(less, fewer, arm="alone")
    assert {row[0].case for row in compared.rows} == {"c00", "c01", "c03"}
    assert compared.patients == (1, 2, 4)


def test_repeats_compare_a_reader_with_himself() -> None:
    ratings, nerves = rated(4, repeats=2)
    compared = within_readers(ratings, nerves, arm="alone")
    assert compared.decisions.shape == (2 * 3 * 12, 2)
    for first, second in compared.rows:
        assert (first.reader, first.case, first.level, first.side) == (
            second.reader, second.case, second.level, second.side,
        )  # fmt: skip
        assert (first.repeat, second.repeat) == (False, True)
    assert between_readers(ratings, nerves, arm="alone").decisions.shape == (48, 3)


def test_readers_who_agree_more_have_higher_figures() -> None:
    clear, vague = figures(*rated(noise=0.1)), figures(*rated(noise=1.5))
    for measure in ("agreement", "kappa", "weighted kappa", "Fleiss' kappa", "AC1", "AC2", "alpha"):
        key = ("all joints", "decision", measure)
        assert clear[key].value > vague[key].value + 0.1, measure
        assert vague[key].low < vague[key].value < vague[key].high
        assert (clear[key].observations, clear[key].patients) == (144, 12)
    assert clear["C5-C6", "decision", "AC2"].observations == 24
    assert clear["left", "decision", "AC2"].observations == 72


def test_what_was_not_decided_is_an_answer_of_its_own() -> None:
    ratings, nerves = rated(12, readers=2, noise=0.0)
    silent = tuple(
        replace(r, decision="not decided", grade=None) if r.reader == "Reader B" else r
        for r in ratings
    )
    found = figures(silent, nerves)
    agreement = found["all joints", "decision", "agreement"].value
    true = {(joint.level, joint.side.value) for joint in TRUE_JOINTS}
    mine = [r for r in silent if r.reader == "Reader A" and (r.level, r.side) in true]
    said = [r.decision for r in mine]
    assert agreement == pytest.approx(said.count("not decided") / len(said))
    assert found["all joints", "decision", "agreement"].observations == 144


def test_where_all_say_the_same_a_sentence_says_so() -> None:
    ratings, nerves = rated(12)
    cold = tuple(replace(r, decision="negative", grade=None, ratio=1.2) for r in ratings)
    found = figures(cold, tuple(replace(n, nerves="") for n in nerves))
    kappa = found["all joints", "decision", "kappa"]
    assert (kappa.value, kappa.low, kappa.high) == (None, None, None)
    assert kappa.note == (
        "Not defined: every answer was “negative”, so nothing is left for chance to explain."
    )
    agreement = found["all joints", "decision", "agreement"]
    assert (agreement.value, agreement.low) == (1.0, None)
    assert agreement.note == "No interval: from answers that never differ none follows."
    assert found["all joints", "grade", "alpha"].note == "Not defined: nobody gave an answer."
    icc = found["all joints", "ratio", "ICC(A,1) of the logarithm"]
    assert icc.note == "Not defined: the ratios do not differ from joint to joint."
    assert found["all joints", "nerve plan", "the same plan"].value == 1.0


def test_where_nothing_is_known_a_sentence_says_so() -> None:
    ratings, nerves = rated(12)
    bare = tuple(replace(r, ratio=None, x_mm=None, y_mm=None, z_mm=None) for r in ratings)
    found = figures(bare, nerves)
    assert found["all joints", "ratio", "upper limit of agreement"].note == (
        "Nothing to compare: at no joint has everybody a ratio."
    )
    assert found["all joints", "position", "median, mm"].note == (
        "Nothing to compare: no joint has a place from two."
    )


def test_no_figure_is_a_number_that_is_none() -> None:
    for answers in (rated(2), rated(12, noise=0.0), rated(12, readers=2)):
        for one in figures(*answers).values():
            for value in (one.value, one.low, one.high):
                assert value is None or math.isfinite(value), one
            assert one.note or None not in (one.value, one.low, one.high), one
            assert bool(one.low is not None) <= (one.patients >= 10), one
            if one.low is not None:
                assert one.low <= one.value <= one.high, one


def test_of_few_patients_there_is_no_interval() -> None:
    one = figures(*rated(9))["all joints", "decision", "AC2"]
    assert one.value is not None
    assert (one.low, one.note) == (None, "No interval: 9 patients, and at least 10 are needed.")


def test_positions_and_plans() -> None:
    ratings, nerves = rated(1, readers=2)
    moved = tuple(
        replace(r, x_mm=1.0, y_mm=2.0, z_mm=3.0 + 4.0 * (r.reader == "Reader B")) for r in ratings
    )
    plans = tuple(
        replace(n, nerves="Left C4; Left C5" if n.reader == "Reader A" else "Left C5; Left C6")
        for n in nerves
    )
    found = figures(moved, plans)
    assert found["all joints", "position", "median, mm"].value == pytest.approx(4.0)
    assert found["all joints", "position", "95 % are closer than, mm"].value == pytest.approx(4.0)
    shared = found["all joints", "nerve plan", "nerves in common (Jaccard)"]
    assert shared.value == pytest.approx(1 / 3)
    assert found["all joints", "nerve plan", "the same plan"].value == 0.0


def test_a_difference_between_arms_is_that_of_the_same_patients() -> None:
    first, nerves = rated(20, noise=1.5)
    second, more = rated(20, noise=0.1)
    both = (*first, *(replace(r, arm="with") for r in second))
    plans = (*nerves, *(replace(n, arm="with") for n in more))
    earlier, later = (between_readers(both, plans, arm=arm) for arm in ("alone", "with"))
    found = {one.measure: one for one in _differences(earlier, later, seed=1)}
    assert set(found) == {"agreement", "weighted kappa", "AC2"}
    for one in found.values():
        assert one.arm == "with − alone"
        assert 0 < one.low < one.value < one.high


def test_the_page_is_whole_and_holds_what_was_typed_as_text() -> None:
    ratings, nerves = rated(12, readers=2)
    named = tuple(replace(r, reader=r.reader.replace("Reader A", "<b>A & B")) for r in ratings)
    plans = tuple(replace(n, reader=n.reader.replace("Reader A", "<b>A & B")) for n in nerves)
    compared = between_readers(named, plans, arm="alone")
    found = Analysis(named, plans, tuple(figures_of(compared, seed=1)), (compared,), complete=True)
    page = page_html(design(12, head='readers = ["<b>A & B", "Reader B"]\ntitle = "A <i>"'), found)
    assert "<b>A" not in page
    assert "<i>" not in page
    assert "<h1>A &lt;i&gt;</h1>" in page
    assert "&lt;b&gt;A &amp; B" in page
    assert "nan" not in page.lower().replace("finan", "")
    assert "No reader was shown a case twice in one arm." in page
    assert "Interim" not in page
    assert "* From 12 patients only: the limits may be too close." in page
    assert "Not a medical device" in page


DECIDED: Decided = {
    JOINTS[4]: (Decision.POSITIVE, 2, 3.0, (17.0, 3.0, -15.0)),
    JOINTS[5]: (Decision.NEGATIVE, None, 1.0, (-17.0, 3.0, -15.0)),
}


def test_from_journals_to_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = begun(tmp_path, head='readers = ["Reader A", "Reader B"]')
    for reader in study.design.reader:
        for key in ("1-1", "1-2", "2-1"):
            read(study, reader, key, DECIDED)
    with pytest.raises(ReaderStudyError, match="Not everything is read yet"):
        analysed(study)
    assert main(["readers", "analyse", str(tmp_path)]) == 3
    assert "stage 2 of 2, 1 of 2 cases finished" in capsys.readouterr().err
    early = ["readers", "analyse", str(tmp_path), "--interim", "--to", str(tmp_path / "x")]
    assert main(early) == 0
    assert "Interim" in (tmp_path / "x" / "agreement.html").read_text()
    for reader in study.design.reader:
        read(study, reader, "2-2", DECIDED)
    assert main(["readers", "analyse", str(tmp_path)]) == 0
    results = tmp_path / "results"
    assert sorted(path.name for path in results.iterdir()) == [
        "agreement.csv", "agreement.html", "plans.csv", "ratings.csv",
    ]  # fmt: skip
    with (results / "ratings.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 4 * len(JOINTS)
    (hot,) = (
        r
        for r in rows
        if (r["reader"], r["stage"], r["number"], r["level"], r["side"])
        == ("Reader A", "1", "1", JOINTS[4].level, JOINTS[4].side.value)
    )
    assert (hot["decision"], hot["grade"], hot["ratio"], hot["x_mm"]) == (
        "positive", "2", "3.0", "17.0",
    )  # fmt: skip
    assert sum(r["decision"] == "not decided" for r in rows) == 2 * 4 * (len(JOINTS) - 2)
    with (results / "plans.csv").open(newline="") as file:
        assert {r["nerves"] for r in csv.DictReader(file)} == {
            "Left third occipital nerve (superficial medial branch of C3)"
        }


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "|", "%", "＝"])
def test_a_cell_is_no_formula(start: str) -> None:
    ratings, _ = rated(1, readers=1)
    text = table_of(Rating, [replace(ratings[0], case=f"{start}1+1", x_mm=-2.5, grade=None)])
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["case"], row["x_mm"], row["grade"], row["repeat"]) == (
        f"'{start}1+1", "-2.5", "", "no",
    )  # fmt: skip


def test_the_same_seed_gives_the_same_numbers() -> None:
    once, again = (list(figures(*rated(12)).values()) for _ in range(2))
    assert once == again
    assert np.isfinite(once[0].low)


def test_the_page_tells_how_much_of_the_agreement_is_the_programs_own() -> None:
    ratings, nerves = rated(4, 2)
    # Reader B leaves every joint of the first two cases where reader A has it.
    places = {(r.case, r.level, r.side): r for r in ratings if r.reader == "Reader A"}
    moved = []
    for one in ratings:
        first = places[one.case, one.level, one.side]
        if one.reader == "Reader B" and one.case in ("c00", "c01"):
            one = replace(one, x_mm=first.x_mm, y_mm=first.y_mm, z_mm=first.z_mm)
        moved.append(one)
    compared = between_readers(tuple(moved), nerves, arm="alone")
    found = tuple(figures_of(compared, seed=7))
    page = page_html(design(4), Analysis(tuple(moved), nerves, found, (compared,), True))
    assert page.count("Pairs of points in the very same place: alone 24 of 48.") == 2
    apart = page[page.index("furthest apart") : page.index("the second time")]
    assert apart.count("Reader A, Reader B") == 5
    still = tuple(
        replace(r, x_mm=0.0, y_mm=0.0, z_mm=0.0) if r.x_mm is not None else r for r in moved
    )
    compared = between_readers(still, nerves, arm="alone")
    page = page_html(design(4), Analysis(still, nerves, found, (compared,), True))
    assert "No two readers put a joint at different places." in page


def test_why_there_is_no_interval_is_said_once_a_table() -> None:
    ratings, nerves = rated(4, 2)
    compared = between_readers(ratings, nerves, arm="alone")
    found = tuple(figures_of(compared, seed=7))
    page = page_html(design(4), Analysis(ratings, nerves, found, (compared,), True))
    decision = page[page.index("<h3>Decision") : page.index("<h3>Positive")]
    assert decision.count("No interval: 4 patients, and at least 10 are needed.") == 1
    assert decision.count("no interval ¹") == 8


def test_alpha_tells_how_many_joints_it_rests_on() -> None:
    ratings, nerves = rated(6, 2)
    compared = between_readers(ratings, nerves, arm="alone")
    (alpha,) = [
        one
        for one in figures_of(compared, seed=7)
        if (one.question, one.measure) == ("grade", "alpha")
    ]
    both = sum(all(one.grade is not None for one in row) for row in compared.rows)
    assert 0 < both < len(compared.rows)
    assert alpha.observations == both
