"""A real Dask cluster of several processes, started as docs/cohort.md says."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.cohort.made import make_cohort
from fusion.cohort import Parameters, run
from fusion.errors import FusionError

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
DASK = Path(sys.executable).with_name("dask")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def started(*command: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a part of a cluster, and end it."""
    with (folder / f"{command[0]}-{time.monotonic_ns()}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(DASK), *command], cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, int]]:
    """Start what docs/cohort.md says, on a port of its own; yield address and starting process."""
    port = str(free_port())
    page = (ROOT / "docs" / "cohort.md").read_text("utf-8")
    lines = [line.split()[1:] for line in page.splitlines() if line.startswith("dask ")]
    scheduler, worker = ([word.replace("8786", port) for word in line] for line in lines)
    here = ("--no-dashboard",), ("--no-dashboard", "--local-directory", str(folder / "scratch"))
    with (
        started(*scheduler, *here[0], folder=folder),
        started(*worker, *here[1], folder=folder) as workers,
    ):
        yield f"tcp://127.0.0.1:{port}", workers.pid


@pytest.mark.thorough
@pytest.mark.skipif(not DASK.exists(), reason="Dask is an extra, and is not installed")
def test_a_cluster_does_every_study_although_workers_die(tmp_path: Path) -> None:
    kinds = ("cut", "of-another", "without-spacing", "without-spect", "other-frame")
    expected = make_cohort(tmp_path / "made", 10, necks=1, bad=0.9, kinds=kinds)
    root, out = tmp_path / "made" / "root", tmp_path / "out"
    with cluster(tmp_path) as (address, starter):
        command = (sys.executable, "-m", "fusion.cli", "cohort", "run", str(root))
        runner = subprocess.Popen(
            [*command, "--to", str(out), "--dask", address, "--no-pages"], cwd=ROOT
        )
        until = time.monotonic() + 300
        done = out / "private" / "work.log"
        while time.monotonic() < until and not (done.exists() and "done" in done.read_text()):
            assert runner.poll() is None
            time.sleep(0.2)  # the log is all that tells; 300 s at most
        # Both workers die in the midst of a study; their nannies start others.
        working = [
            int(pid)
            for task in Path(f"/proc/{starter}/task").glob("*/children")
            for pid in task.read_text().split()
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
        assert len(working) == 2
        for pid in working:
            os.kill(pid, signal.SIGKILL)
        assert runner.wait(timeout=300) == 0
    where = (out / "private" / "where.csv").read_text("utf-8-sig").splitlines()
    assert {row["place"]: row["outcome"] for row in csv.DictReader(where)} == expected
    shutil.rmtree(out / "private" / "logs")
    again = run(root, tmp_path / "local", parameters=Parameters(pages=False), workers=2)
    assert again.measured == len(expected)
    for name in ("studies.csv", "joints.csv", "columns.json"):
        assert (out / name).read_bytes() == (tmp_path / "local" / name).read_bytes()


def test_a_scheduler_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="Dask is an extra")
    monkeypatch.setattr("fusion.cohort.cluster.CONNECT_S", 1)
    (tmp_path / "root" / "one").mkdir(parents=True)
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(FusionError, match=f"No Dask scheduler answers at {address}"):
        run(tmp_path / "root", tmp_path / "out", dask=address)
    assert [path.name for path in tmp_path.iterdir()] == ["root"]  # nothing was left behind
