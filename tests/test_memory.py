"""What is measured and given back of a program's memory."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fusion.memory import give_back

ROOT = Path(__file__).parents[1]


def test_the_search_for_garbage_passes_over_what_was_there_and_nothing_else() -> None:
    code = (
        "import gc, weakref\n"
        "from fusion.memory import pass_over_libraries\n"
        "class Ring: pass\n"
        "pass_over_libraries()\n"
        "assert gc.get_freeze_count() > 5000 and gc.isenabled()\n"
        "ring = Ring(); ring.itself = ring; gone = weakref.ref(ring); del ring\n"
        "gc.collect()\n"
        "assert gone() is None\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is that of Linux")
def test_what_is_freed_between_blocks_in_use_is_given_back() -> None:
    def resident_mib() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

    # Small enough for the heap; every eighth stays in use.
    blocks = [bytes(60_000) for _ in range(4000)]
    full = resident_mib()
    kept = blocks[::8]
    del blocks
    give_back()
    assert full - resident_mib() > 100
    assert len(kept) == 500


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is that of Linux")
def test_a_peak_is_that_of_a_command_and_its_children_together() -> None:
    child = "held = b'x' * (150 << 20); import time; time.sleep(1)"  # seen while both hold it
    program = (
        "import subprocess, sys; held = b'x' * (100 << 20); "
        f"subprocess.run([sys.executable, '-c', {child!r}]); sys.exit(3)"
    )
    # From a small process: one that was just forked off still counts as large as this one.
    words = [sys.executable, "-c", program]
    measuring = f"from benchmarks.memory import measured; print(measured({words!r}))"
    said = subprocess.run(
        [sys.executable, "-c", measuring], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    found = re.fullmatch(r"Spent\(peak_mib=(.*), processor_s=(.*), code=3\)\n", said)
    assert found is not None, said
    assert 250 < float(found[1]) < 350
    assert float(found[2]) > 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is that of Linux")
def test_where_little_is_kept_what_lies_below_a_block_in_use_is_given_back_at_once() -> None:
    code = (
        "from pathlib import Path\n"
        "from fusion.memory import keep_little\n"
        "def mib(): return int(Path('/proc/self/statm').read_text().split()[1]) * 4096 / 2**20\n"
        "keep_little()\n"
        "large = b'x' * (31 * 2**20)\n"
        "del large  # after which the allocator keeps all that is smaller\n"
        "blocks, kept = [], []\n"
        "for _ in range(10):\n"
        "    blocks.append(b'x' * (6 * 2**20))\n"
        "    kept.append(b'x' * 60_000)\n"
        "full = mib()\n"
        "del blocks\n"
        "assert full - mib() > 50, (full, mib())\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
