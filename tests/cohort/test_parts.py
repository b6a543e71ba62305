"""Parts of a cohort that need no study."""

from __future__ import annotations

import os
import signal
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from fusion.cohort.child import NO_MEMORY
from fusion.cohort.measuring import units_of, without_names
from fusion.cohort.one import Order, Turn, failure, is_kept, run_order
from fusion.cohort.outcomes import OUTCOME_WORDS, StudyOutcome, StudyResult
from fusion.cohort.pages.page import _ratios, _simulated
from fusion.cohort.pages.plots import _round_factors, bars_plot, histogram, ratio_plot
from fusion.cohort.places import StudyPlace, find_places
from fusion.cohort.running import _in_words
from fusion.cohort.settings import Parameters, StudyLimits
from fusion.cohort.store import Cohort, PlaceRecord, Store, Unit
from fusion.cohort.tables import StudyRow, dictionary, joint_columns, study_rows, write_tables
from fusion.dicom import Catalog, Kind, Patient, Series, Study
from fusion.errors import FusionError
from fusion.uptake import every_measure

LIMITS = StudyLimits(memory_gb=2, seconds=60)


def ended(code: int, words: str = "", **more: bool) -> SimpleNamespace:
    return SimpleNamespace(
        **{"code": code, "last_words": words, "is_late": False, "memory_killed": False, **more}
    )


@pytest.mark.parametrize(
    ("how", "outcome", "words"),
    [
        (ended(-signal.SIGALRM), "timeout", "took longer than 60 s"),
        (ended(-signal.SIGKILL, is_late=True), "timeout", "took longer than 60 s"),
        (ended(NO_MEMORY), "out of memory", "more than 2 GB"),
        (ended(-signal.SIGKILL, memory_killed=True), "out of memory", "more than 2 GB"),
        (ended(-signal.SIGABRT, "std::bad_alloc"), "out of memory", "more than 2 GB"),
        (ended(-signal.SIGSEGV), "crashed", "broke off (signal 11, SIGSEGV)"),
        (ended(-signal.SIGKILL), "crashed", "ended from outside, again and again (signal 9"),
        (ended(1), "crashed", "exit code 1"),
    ],
)
def test_how_a_process_ended_decides_the_outcome(
    how: SimpleNamespace, outcome: str, words: str
) -> None:
    found, said, _ = failure(how, LIMITS)
    assert found == outcome
    assert words in said


def test_every_outcome_is_explained() -> None:
    assert set(OUTCOME_WORDS) == set(StudyOutcome)
    page = (Path(__file__).parents[2] / "docs" / "cohort.md").read_text("utf-8")
    for outcome in set(StudyOutcome) - {StudyOutcome.NOT_RUN}:
        assert f"| {outcome.value} |" in page


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("CT 1.1 (Doe neck): bad.", "CT 1.1 ([removed]): bad."),
        ("sub/DOE.dcm: cut.", "[removed]: cut."),
        ("Study 1.2.840.113619.2.5 is one.", "Study [removed] is one."),
        ("of 1950-02-03: two", "of [removed]: two"),
        ("The CT shows no joint.", "The CT shows no joint."),
        ("Doehler is another word.", "Doehler is another word."),
        ("Export 4 images of the CT again.", "Export 4 images of the CT again."),
    ],
)
def test_sentences_lose_what_files_say(sentence: str, expected: str) -> None:
    names = ("Doe neck", "Doe", "CT", "images", "1950-02-03", "", "x")
    assert without_names(sentence, names) == expected


def test_places_are_folders_and_zips(tmp_path: Path) -> None:
    for name in ("b", "a", ".hidden", "site/p1"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "c.zip").write_bytes(b"")
    (tmp_path / "list.csv").write_text("")
    assert [one.label for one in find_places(str(tmp_path))] == ["a", "b", "c.zip", "site"]
    assert [one.label for one in find_places(str(tmp_path), each="*/*")] == ["site/p1"]
    with pytest.raises(FusionError, match="--each"):
        find_places(str(tmp_path), each="none*")
    with pytest.raises(FusionError, match="is a file; a cohort begins at a folder"):
        find_places(str(tmp_path / "list.csv"))


def test_what_is_no_root_is_told_as_it_is(tmp_path: Path) -> None:
    nowhere, empty = tmp_path / "nowhere", tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FusionError, match=f"There is no folder {nowhere}. Give the folder that"):
        find_places(str(nowhere))
    with pytest.raises(FusionError, match=f"{empty} holds nothing, and no folder or zip"):
        find_places(str(empty))
    (empty / "notes.txt").write_text("", "utf-8")
    (empty / "more").mkdir()
    with pytest.raises(FusionError, match=r"holds 1 folders? and 1 files?, and no .* 'none\*'"):
        find_places(str(empty), each="none*")
    for pattern in ("/abs*", ""):
        with pytest.raises(FusionError, match=r"--each says where .* for example \*/\*; found"):
            find_places(str(empty), each=pattern)
    with pytest.raises(FusionError, match=r"nowhere\.csv cannot be read \(.*\)\. It is a CSV"):
        find_places(str(empty), table=tmp_path / "nowhere.csv")


def test_a_folder_that_is_none_of_a_cohort_is_told(tmp_path: Path) -> None:
    with pytest.raises(FusionError, match="There is no folder"):
        Store(tmp_path / "nowhere").cohort()
    with pytest.raises(FusionError, match="is not the folder of a cohort"):
        Store(tmp_path).cohort()
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(FusionError, match="is a file; expected a folder"):
        Store(tmp_path / "file").make()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "about a minute"),
        (61, "about 2 minutes"),
        (7140, "about 119 minutes"),
        (7141, "about 2 hours"),
        (7201, "about 3 hours"),
    ],
)
def test_the_time_to_go_is_never_told_shorter(seconds: float, words: str) -> None:
    assert _in_words(seconds) == words


@pytest.mark.parametrize(("low", "high"), [(0.8, 2.9), (1.4, 1.9), (3, 4000), (0.011, 0.012)])
def test_ticks_are_round_and_within(low: float, high: float) -> None:
    ticks = _round_factors(low, high)
    assert 2 <= len(ticks) <= 10
    assert ticks == sorted(set(ticks))
    assert all(low <= tick <= high and len(f"{tick:g}".strip("0.")) <= 4 for tick in ticks)


def test_images_in_the_root_make_it_one_place(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "IM0001").write_bytes(b"\0" * 128 + b"DICM" + b"\0" * 10)
    assert [one.label for one in find_places(str(tmp_path))] == ["."]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file\na\n", "the column path"),
        ("path\n", "Found 0 rows"),
        ("path,name\na,b\n", "the columns name"),
        ("path,id\na,1\nb,1\n", "the same id"),
        ("path\na\na\n", "say the same"),
        ("path,id\n,1\n", "Line 2 of the table of studies has no path"),
        ("path,spacing_mm\na,wide\n", "spacing_mm is no number"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, words: str) -> None:
    table = tmp_path / "table.csv"
    table.write_text(text, "utf-8")
    with pytest.raises(FusionError, match=words):
        find_places(str(tmp_path), table=table)


@pytest.mark.parametrize(
    "text",
    [
        "path,id,spacing_mm\na,P1,4.42\nb,P2,\n",
        "\ufeffpath;id;spacing_mm\r\na;P1;4,42\r\nb;P2;\r\n;;\r\n",
        "path\tid\tspacing_mm\na\tP1\t4,42\nb\tP2\n",
        'path,id,spacing_mm\n"a","P1","4,42"\nb,P2,,\n,,,\n',
    ],
)
def test_a_table_that_a_spreadsheet_saved_says_the_same(tmp_path: Path, text: str) -> None:
    table = tmp_path / "table.csv"
    table.write_text(text, "utf-8", newline="")
    found = find_places(str(tmp_path), table=table)
    assert [(one.label, one.name, one.spacing_mm) for one in found] == [
        ("a", "P1", 4.42),
        ("b", "P2", None),
    ]


def test_the_line_of_a_row_is_that_of_the_file(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("path;id\na;1\n\n;;\n;2\n", "utf-8")
    with pytest.raises(FusionError, match="Line 5 of the table"):
        find_places(str(tmp_path), table=table)


def test_a_file_that_changes_changes_the_signature(tmp_path: Path) -> None:
    path = tmp_path / "study" / "a.dcm"
    path.parent.mkdir()
    path.write_bytes(b"one")
    place = StudyPlace(label="study", path=str(path.parent))
    before = place.signature(), place.content()
    assert (place.signature(), place.content()) == before
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    assert place.signature() != before[0]
    assert place.content() != before[1]


def study_of(uid: str, *kinds: Kind) -> Study:
    series = tuple(Series(f"{uid}.{n}", "", kind, "", ()) for n, kind in enumerate(kinds))
    return Study(uid, Patient("", "", ""), "", "", series)


def test_each_date_with_both_images_is_a_study_of_the_cohort() -> None:
    both, later = study_of("1", Kind.CT, Kind.SPECT), study_of("2", Kind.CT, Kind.PET)
    alone, lone = study_of("3", Kind.CT), study_of("4", Kind.SPECT)
    damaged = study_of("5", Kind.CT, Kind.UNREADABLE)
    catalog = Catalog("", (both, alone, later, lone, damaged))
    found = [[study.study_instance_uid for study in one.studies] for one in units_of(catalog)]
    assert found == [["1"], ["2"], ["4"], ["5"]]
    only = Catalog("", (alone, lone))
    assert units_of(only) == [only]


def order_of(store: Store, path: Path, **more: object) -> Order:
    place = StudyPlace(label=path.name, path=str(path))
    order = Order(out=str(store.folder), place=place, parameters=Parameters(), limits=LIMITS)
    return replace(order, **more)  # type: ignore[arg-type]


def test_what_is_kept_and_what_is_tried_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "out")
    store.make()
    (tmp_path / "study").mkdir()
    order = order_of(store, tmp_path / "study")
    unit = Unit(key="ab" * 32, outcome=StudyOutcome.TIMEOUT, limits={"seconds": 60.0})
    assert not is_kept(store, order)
    store.keep_record(order.place_id, PlaceRecord(signature=order.place.signature(), units=(unit,)))
    assert not is_kept(store, order)  # without its result
    store.keep_result(StudyResult(key=unit.key, known_by="place", outcome=StudyOutcome.TIMEOUT))
    assert is_kept(store, order)
    assert not is_kept(store, replace(order, again=(StudyOutcome.TIMEOUT,)))
    assert is_kept(store, replace(order, limits=replace(LIMITS, seconds=59.0)))
    assert not is_kept(store, replace(order, limits=replace(LIMITS, seconds=61.0)))
    (tmp_path / "study" / "new").write_text("x")
    assert not is_kept(store, order)


def test_a_place_that_another_is_at_is_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "out")
    store.make()
    (tmp_path / "study").mkdir()
    order = order_of(store, tmp_path / "study")
    lock = store.lock(order.place_id)
    assert lock is not None
    assert run_order(order) is Turn.BUSY
    os.close(lock)
    assert store.lock(order.place_id) is not None


def test_what_a_killed_process_left_goes_when_nobody_works(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.make()
    with store.working():
        left = store.part()
        with Store(tmp_path).working():
            assert left.is_dir()
    with store.working():
        assert not left.exists()


def test_a_damaged_result_is_no_result(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.make()
    result = StudyResult(key="cd" * 32, known_by="files", outcome=StudyOutcome.REFUSED)
    store.keep_result(result)
    assert store.result(result.key) == result
    path = store.study_folder(result.key) / "result.json"
    path.write_text(path.read_text()[:-20])
    assert store.result(result.key) is None


def test_two_rows_of_one_hash_have_names_of_their_own(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.make()
    places = tuple(StudyPlace(label=name, path=f"/nowhere/{name}") for name in "ba")
    cohort = Cohort(root="", parameters=Parameters(), places=places)
    result = StudyResult(key="ef" * 32, known_by="pixels", outcome=StudyOutcome.OK)
    store.keep_result(result)
    for place in places:
        unit = Unit(key=result.key, outcome=result.outcome)
        store.keep_record(
            place.id_for(cohort.parameters.digest), PlaceRecord(signature="", units=(unit,))
        )
    first, second = study_rows(store, cohort)
    assert (first.place.label, first.name, first.repeat_of) == ("a", "efefefefefef", "")
    assert (second.name, second.repeat_of) == ("efefefefefef-2", "efefefefefef")


def test_the_dictionary_names_every_column_and_measure(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.make()
    place = StudyPlace(label="a", path="/nowhere/a")
    write_tables(store, [StudyRow("a", place, None, None)])
    for name, table in dictionary()["tables"].items():
        heads = (tmp_path / name).read_text("utf-8-sig").splitlines()[0].split(",")
        assert heads == [column["name"] for column in table["columns"]]
        assert all(column["description"] for column in table["columns"])
    assert {one.name for one in every_measure()} <= {column.name for column in joint_columns()}


def test_plots_are_whole_and_hold_every_value() -> None:
    values = {("C2-C3", "left"): [1.0, 2.0, 4.0], ("C2-C3", "right"): [0.5]}
    drawn = ET.fromstring(ratio_plot(values, ("C2-C3",), label="a < b"))
    circles = [one for one in drawn.iter() if one.tag == "circle"]
    assert len(circles) == 4
    height = {round(float(one.attrib["cy"])) for one in circles}
    assert len(height) == 4
    bars = ET.fromstring(
        bars_plot([("x & y", (("a", 3), ("b", 1)))], {"a": "#000", "b": "#111"}, label="")
    )
    widths = [float(one.attrib["width"]) for one in bars.iter("rect")][:2]
    assert widths[0] == pytest.approx(3 * widths[1])
    counts = [one.text for one in ET.fromstring(histogram([1, 1, 2, 8], label="")).iter("title")]
    assert sum(int(str(text).rpartition(" ")[2]) for text in counts) == 4
    assert "<p>" in ratio_plot({}, (), label="")
    assert "<p>" in histogram([], label="")


@pytest.mark.parametrize(
    "limits", [{"memory_gb": 0.5}, {"seconds": 0.0}, {"threads": 0}, {"seconds": float("nan")}]
)
def test_limits_that_no_study_can_keep_are_refused(limits: dict[str, float]) -> None:
    with pytest.raises(FusionError, match="at least 1 GB"):
        StudyLimits(**limits)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("simulated", "banner"),
    [
        ([True, True], ("SIMULATED — not a patient",)),
        ([False, False], ()),
        ([True, False, False], ("SIMULATED: 1 of the 3 studies that could be opened are not of",)),
    ],
)
def test_the_banner_tells_how_many_are_simulated(
    simulated: list[bool], banner: tuple[str, ...]
) -> None:
    place = StudyPlace(label="a", path="/a")
    rows = [
        StudyRow(
            str(n),
            place,
            None,
            StudyResult(
                key=str(n), known_by="pixels", outcome=StudyOutcome.OK, about={"simulated": one}
            ),
        )
        for n, one in enumerate(simulated)
    ]
    unread = StudyResult(key="x", known_by="files", outcome=StudyOutcome.UNREADABLE)
    found = _simulated([*rows, StudyRow("x", place, None, unread)])
    assert [words in one for words, one in zip(banner, found, strict=True)] == [True] * len(banner)


def test_values_measured_where_nobody_knows_are_not_in_the_plot_of_ratios() -> None:
    joint = {"level": "C5-C6", "side": "left", "numbering": "sure", "ratio_to_reference": 2.0}
    rows = [
        StudyRow(
            status,
            StudyPlace(label="a", path="/a"),
            None,
            StudyResult(
                key=status,
                known_by="pixels",
                outcome=StudyOutcome.NEEDS_A_PERSON,
                about={"registration_status": status},
                joints=(joint,),
            ),
        )
        for status in ("no inconsistency found", "possible neck motion", "do not trust")
    ]
    assert "C5-C6 (n = 2)" in _ratios(rows)
