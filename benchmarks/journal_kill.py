"""Kill a process that is deciding about joints, at random instants, and look at what it left.

A child makes, changes, removes, undoes and redoes Targets in one reading and prints an
acknowledgement after each change, or after several made together, that the journal reported as
saved. The parent kills it with
SIGKILL after a random time, opens the journal (sometimes only after several children), and checks:
every acknowledged event is there, with the content that was acknowledged; of changes that were made
together all are there or none; the hash chain and the
replay hold; and ``PRAGMA integrity_check`` says ok. The next child goes on with the same reading
and the same file, so that damage would pile up.

``--torn`` also plays power loss: before the next child starts, the write-ahead log is cut off or
overwritten from a random place on, because a change that was not acknowledged may never have
reached the disk, and one that was is in the file itself. It is not done where the file has changed
since the last acknowledgement: the log is on disk before anything of it goes there.

Run: ``python benchmarks/journal_kill.py [--kills 1000] [--torn] [--seed 1]``
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

#: Longest life of a child after its first acknowledgement, s; it saves several hundred times.
LONGEST_S = 0.15
#: Begins the note of changes that are made together, which says last how many they are.
TOGETHER = "together"
#: A child is killed before its first acknowledgement this often: while opening the file.
EARLY = 0.15


def child(path: Path, seed: int) -> None:
    from fusion.anatomy.joints import JOINTS
    from fusion.annotations.changes import TargetRemoved, TargetSaved
    from fusion.annotations.journal import Journal, Saved
    from tests.annotations.samples import READER, study, target

    chance = random.Random(seed)
    with Journal(path) as journal:
        reading = journal.begin(study(), reader=READER).reading
        while True:
            act = chance.random()
            if act < 0.15 and reading.done:
                result = journal.undo(reading, reader=READER, study=study())
            elif act < 0.25 and reading.undone:
                result = journal.redo(reading, reader=READER, study=study())
            elif act < 0.35:
                many = chance.sample(JOINTS, chance.randint(2, 8))
                note = f"{TOGETHER} {chance.random()} {len(many)}"
                changes = []
                for joint in many:
                    known = reading.target_at(joint)
                    kept = {"target_id": known.target_id} if known else {}
                    changes.append(TargetSaved(target(joint, note=note, **kept)))
                result = journal.append(reading, *changes, reader=READER, study=study())
            else:
                joint = chance.choice(JOINTS)
                present = reading.target_at(joint)
                if present is None:
                    change = TargetSaved(target(joint, note=f"note {chance.random()}"))
                elif act < 0.5:
                    change = TargetRemoved(present.target_id, joint)
                else:
                    change = TargetSaved(replace(present, grade=chance.choice((1, 2, 3)), note=""))
                result = journal.append(reading, change, reader=READER, study=study())
            assert isinstance(result, Saved), result
            reading = result.reading
            line = {"sequence": reading.sequence, "digest": reading.digest, "file": digest_of(path)}
            os.write(1, (json.dumps(line) + "\n").encode())  # one write: whole or not at all


def run_and_kill(path: Path, chance: random.Random) -> list[dict]:
    arguments = [sys.executable, __file__, "--child", str(path), str(chance.randrange(2**31))]
    started = time.monotonic()
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    first = b""
    if chance.random() < EARLY:
        time.sleep(chance.uniform(0.08, 0.25))
    else:
        first = process.stdout.readline()
        time.sleep(chance.uniform(0, LONGEST_S))
    process.send_signal(signal.SIGKILL)
    rest, complaint = process.communicate()
    if process.returncode != -signal.SIGKILL:
        raise SystemExit(
            f"the child ended by itself after {time.monotonic() - started:.2f} s:\n"
            f"{complaint.decode()}"
        )
    lines = (first + rest).decode().split("\n")
    return [json.loads(line) for line in lines[:-1]]  # the last is empty or cut off


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tear(path: Path, acknowledged: str, chance: random.Random) -> bool:
    """Spoil the log, if nothing of it has gone into the file since the last acknowledged change."""
    log = Path(f"{path}-wal")
    if not log.exists() or not log.stat().st_size or digest_of(path) != acknowledged:
        return False
    with log.open("r+b") as file:
        start = chance.randrange(log.stat().st_size)
        if chance.random() < 0.5:
            file.truncate(start)
        else:
            file.seek(start)
            file.write(chance.randbytes(log.stat().st_size - start))
    return True


def check(path: Path, acknowledged: dict[int, str]) -> tuple[int, int, bool]:
    """Return (acknowledged events lost, events present, integrity).

    Some of the changes that were made together count as no integrity.
    """
    from fusion.annotations.changes import TargetSaved
    from fusion.annotations.journal import Journal

    connection = sqlite3.connect(path)
    (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    digests: dict[int, str] = {}
    together: Counter[str] = Counter()
    with Journal(path) as journal:
        for reading in journal.readings():  # checks the chain and replays
            digest = ""
            for event in reading.events:
                digest = event.chained(digest)
                digests[event.sequence] = digest
                if isinstance(event.change, TargetSaved):
                    together[event.change.target.note] += 1
    parted = any(
        count != int(note.split()[-1]) for note, count in together.items() if TOGETHER in note
    )
    lost = sum(digests.get(n) != digest for n, digest in acknowledged.items())
    return lost, len(digests), verdict == "ok" and not parted


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--torn", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the journal is made")
    # A new file now and then, so that making one is killed as well, and histories stay short.
    parser.add_argument("--fresh-every", type=int, default=10)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    lost = corrupt = events = total = torn = 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        acknowledged: dict[int, str] = {}
        for kill in range(options.kills):
            path = Path(folder) / f"{kill // options.fresh_every}.sqlite"
            if kill % options.fresh_every == 0:
                acknowledged = {}
            lines = run_and_kill(path, chance)
            acknowledged.update({line["sequence"]: line["digest"] for line in lines})
            total += len(lines)
            if options.torn and lines:
                torn += tear(path, lines[-1]["file"], chance)
            if not path.exists():
                continue
            # Mostly leave the recovery to the next child, as a real program would.
            if chance.random() < 0.3 or kill % options.fresh_every == options.fresh_every - 1:
                missing, present, intact = check(path, acknowledged)
                lost += missing
                corrupt += not intact
                events = max(events, present)
            if kill % options.fresh_every == options.fresh_every - 1:
                for file in Path(folder).glob(f"{path.name}*"):
                    file.unlink()
    print(
        f"{options.kills} kills, {total} acknowledged changes, {torn} torn logs, longest history "
        f"{events} events: {lost} acknowledged changes lost, {corrupt} corrupt files "
        f"({time.monotonic() - started:.0f} s)"
    )
    return 1 if lost or corrupt else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        sys.exit(main())
