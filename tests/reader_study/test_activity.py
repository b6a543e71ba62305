"""How long a reader was at a case."""

from __future__ import annotations

from pathlib import Path

from fusion.reader_study.activity import ActivityClock, TimeSheet


def test_of_a_pause_sixty_seconds_count() -> None:
    clock = ActivityClock()
    for now in (100.0, 110.0, 170.0, 1000.0, 1005.0, 1004.0):
        clock.note(now)
    assert clock.seconds == 10.0 + 60.0 + 60.0 + 5.0


def test_nothing_counts_before_something_is_done() -> None:
    clock = ActivityClock()
    clock.note(5e6)
    assert clock.seconds == 0.0


def test_the_longest_of_each_sitting_is_summed(tmp_path: Path) -> None:
    sheet = TimeSheet(tmp_path / "time.jsonl")
    assert sheet.seconds() == {}
    for shown, sitting, seconds in (
        ("1-1", "a", 15.0), ("1-1", "a", 30.04), ("1-1", "b", 4.0), ("1-2", "b", 9.0),
    ):  # fmt: skip
        sheet.add(shown, sitting, seconds)
    assert sheet.seconds() == {"1-1": 34.0, "1-2": 9.0}


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    sheet = TimeSheet(tmp_path / "time.jsonl")
    sheet.add("1-1", "a", 15.0)
    with sheet.path.open("ab") as file:
        file.write(b'\n{"shown": "1-1", "sit')
    sheet.add("1-1", "b", 5.0)
    assert sheet.seconds() == {"1-1": 20.0}
