"""A process that holds the program and gives each study a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fusion.cohort import Parameters, StudyLimits
from fusion.cohort.child import NOT_INSTALLED
from fusion.cohort.places import StudyPlace
from fusion.cohort.store import Store
from fusion.cohort.warm import Ended, WarmProcess, end_warm_processes, warm_process
from fusion.errors import Cancelled
from fusion.json_form import to_json

pytestmark = pytest.mark.slow

GONE_S = 60
NOTHING = subprocess.DEVNULL


@pytest.fixture(scope="module")
def process() -> Iterator[WarmProcess]:
    made = WarmProcess(1, NOTHING)
    yield made
    made.end()


def order(folder: Path) -> dict[str, Any]:
    """Of a study that holds nothing."""
    (folder / "one").mkdir(parents=True, exist_ok=True)
    Store(folder / "out").make()
    place = StudyPlace(path=str(folder / "one"), label="one")
    return {
        "out": str(folder / "out"),
        "place": to_json(place),
        "parameters": to_json(Parameters()),
        "limits": to_json(StudyLimits()),
        "unit": None,
        "copy_first": False,
    }


def done(
    process: WarmProcess, folder: Path, said: dict[str, Any], stop: threading.Event | None = None
) -> Ended:
    with (folder / "lock").open("wb") as lock, (folder / "log").open("wb") as log:
        files = {"lock": lock.fileno(), "log": log.fileno()}
        return process.do(said, **files, seconds=300, stop=stop or threading.Event())


def test_a_study_that_ends_badly_takes_nothing_along(process: WarmProcess, tmp_path: Path) -> None:
    at_once = to_json(StudyLimits()) | {"seconds": 0.001}
    late = done(process, tmp_path, order(tmp_path) | {"limits": at_once})
    assert (late.answer, late.code) == (None, -signal.SIGALRM)
    assert process.is_alive
    ended = done(process, tmp_path, order(tmp_path))
    assert ended.answer is not None
    assert ended.answer["outcome"] == "unreadable"


def test_a_broken_order_is_in_the_log_of_its_study(process: WarmProcess, tmp_path: Path) -> None:
    ended = done(process, tmp_path, order(tmp_path) | {"place": {}})
    assert (ended.answer, ended.code) == (None, 1)
    assert "FusionError" in (tmp_path / "log").read_text("utf-8")


def test_who_stops_waits_for_nobody(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled), warm_process(1, NOTHING) as process:
        done(process, tmp_path, order(tmp_path), stop)
    assert not process.is_alive


def test_a_process_is_lent_again_until_it_is_ended(tmp_path: Path) -> None:
    with warm_process(1, NOTHING) as first:
        done(first, tmp_path, order(tmp_path))
    with warm_process(1, NOTHING) as again, warm_process(1, NOTHING) as other:
        assert again is first
        assert other is not first
    with warm_process(2, NOTHING) as more_threads:
        assert more_threads not in (first, other)
    end_warm_processes()
    assert not any(one.is_alive for one in (first, other, more_threads))


def test_one_that_was_killed_is_replaced_and_says_how_it_ended(tmp_path: Path) -> None:
    with warm_process(1, NOTHING) as process:
        os.kill(process._process.pid, signal.SIGKILL)
        ended = done(process, tmp_path, order(tmp_path))
        assert (ended.answer, ended.code) == (None, -signal.SIGKILL)
    with warm_process(1, NOTHING) as other:
        assert other is not process
        assert done(other, tmp_path, order(tmp_path)).answer is not None
    end_warm_processes()


def test_nothing_stays_when_the_runner_is_gone(process: WarmProcess, tmp_path: Path) -> None:
    gone = WarmProcess(1, NOTHING)
    assert done(gone, tmp_path, order(tmp_path)).answer is not None
    gone._runner.close()
    until = time.monotonic() + GONE_S
    while gone.is_alive and time.monotonic() < until:
        time.sleep(0.05)  # the process ends by itself; nothing else tells
    assert not gone.is_alive


def test_a_program_that_cannot_be_loaded_is_no_fault_of_a_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['socket'] = None\n", "utf-8"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with (tmp_path / "start").open("wb") as start:
        process = WarmProcess(1, start.fileno())
    ended = done(process, tmp_path, order(tmp_path))
    process.end()
    assert (ended.answer, ended.code) == (None, NOT_INSTALLED)
    assert "socket" in (tmp_path / "start").read_text("utf-8")


def test_what_lies_in_the_folder_one_works_in_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fusion").mkdir()
    (tmp_path / "fusion" / "__init__.py").write_text("raise SystemExit('another fusion')", "utf-8")
    monkeypatch.chdir(tmp_path)
    process = WarmProcess(1, NOTHING)
    assert done(process, tmp_path, order(tmp_path)).answer is not None
    process.end()
