"""Kill, mutilate and break off what talks with an archive, and look at what is left.

python -m benchmarks.archive_hostile kill [--times 200]
python -m benchmarks.archive_hostile pdus [--times 10000] [--broken 1000]

``kill``: a get, a send and a listener are killed (SIGKILL) at random instants. After the next run
that is left alone, each side must hold exactly one whole copy of every object.

``pdus``: a listener in a process of its own is sent mutated PDUs and associations that break off.
No file may lie outside its inbox, none in it may be anything but what was sent whole, it must
still answer, and its memory is read from the system.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pydicom

from fusion.archive.held.inbox import hashed
from tests.export.dicom.others import dcmtk
from tests.export.dicom.pacs import ARCHIVE, CLIENT, Pacs, free_ports, running
from tests.studies import STUDY, write_ct

#: What a child does, given archives.toml and files.
GET = """
import sys
from fusion.archive.protocols.connecting import connect
from fusion.archive.getting import get
from fusion.archive.settings import read_settings
from pathlib import Path
print("begun", flush=True)
settings = read_settings(Path(sys.argv[1]))
get(connect(settings, "pacs"), sys.argv[2], settings=settings)
"""
SEND = """
import sys
from fusion.archive import connect, prepared, read_settings
from fusion.archive.sending import send
from pathlib import Path
import shutil
print("begun", flush=True)
settings = read_settings(Path(sys.argv[1]))
folder = prepared(settings, "key", lambda place: shutil.copytree(sys.argv[2], place))
sent = send(connect(settings, "pacs"), folder)
assert sent.is_whole, sent
"""
LISTEN = """
import sys, time
from fusion.archive.listening import Listener
from fusion.archive.settings import read_settings
from pathlib import Path
with Listener(read_settings(Path(sys.argv[1])), takes_studies=True):
    print("begun", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def child(code: str, *arguments: object, complaints: Path | None = None) -> subprocess.Popen[str]:
    with contextlib.ExitStack() as stack:
        said = None if complaints is None else stack.enter_context(complaints.open("w"))
        started = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    assert started.stdout is not None
    assert started.stdout.readline() == "begun\n"
    return started


def toml(folder: Path, pacs: Pacs | None, port: int) -> Path:
    archive = "[archives]\n"
    if pacs is not None:
        archive = (
            f'[archives.pacs]\nkind = "dimse"\ntitle = "{ARCHIVE}"\nhost = "127.0.0.1"\n'
            f"port = {pacs.dicom_port}\n"
        )
    path = folder / "archives.toml"
    path.write_text(
        f'title = "{CLIENT}"\ninbox = "inbox"\noutbox = "outbox"\n{archive}'
        f'[listen]\nport = {port}\nallow = ["{ARCHIVE}"]\n'
    )
    return path


# ---- Killed -------------------------------------------------------------------------------------


def kill(times: int, seed: int) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name, running(Path(name) / "orthanc") as pacs:
        folder = Path(name)
        write_ct(folder / "ct")
        images = sorted((folder / "ct").iterdir())
        results = as_results(images, folder / "results")
        [port] = free_ports(1)
        path = toml(folder, pacs, port)
        counts = {"get": 0, "send": 0, "listen": 0}
        for n in range(times):
            kind = ("get", "send", "listen")[n % 3]
            counts[kind] += {"get": kill_get, "send": kill_send, "listen": kill_listen}[kind](
                folder, path, pacs, images, results, port, chance
            )
            print(f"\r{n + 1} of {times}", end="", flush=True)
    print("\nkilled before the end:", counts, "- exactly one whole copy each time")


def as_results(images: list[Path], folder: Path) -> Path:
    """The images once more, as something that is sent."""
    folder.mkdir()
    for n, path in enumerate(images):
        header = pydicom.dcmread(path)
        header.SOPInstanceUID = f"{STUDY}.77.{n + 1}"
        header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
        header.SeriesInstanceUID, header.Modality = f"{STUDY}.77", "OT"
        header.save_as(folder / f"{n:03d}.dcm")
    return folder


def ended(process: subprocess.Popen[str], after_s: float) -> int:
    """Kill after a time; says whether it was still running."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after_s)
    running_still = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return int(running_still)


def held(folder: Path) -> list[Path]:
    return sorted((folder / "inbox" / hashed(STUDY)).glob("*.dcm"))


def same(one: list[Path], other: list[Path]) -> bool:
    sets = [
        {str(ds.SOPInstanceUID): ds for ds in map(pydicom.dcmread, each)} for each in (one, other)
    ]
    return len(one) == len(other) and sets[0] == sets[1]


def kill_get(folder, path, pacs, images, results, port, chance) -> int:  # type: ignore[no-untyped-def]
    pacs.forget()
    pacs.store(images)
    clear(folder / "inbox")
    killed = ended(child(GET, path, STUDY), chance.uniform(0, 2.5))
    last = child(GET, path, STUDY)
    last.communicate()
    assert last.returncode == 0
    assert same(held(folder), images)
    return killed


def kill_send(folder, path, pacs, images, results, port, chance) -> int:  # type: ignore[no-untyped-def]
    pacs.forget()
    pacs.store(images)
    clear(folder / "outbox")
    killed = ended(child(SEND, path, results), chance.uniform(0, 2.5))
    last = child(SEND, path, results)
    last.communicate()
    assert last.returncode == 0
    there = [one["00080018"]["Value"][0] for one in pacs.qido(f"studies/{STUDY}/instances")]
    assert len(there) == len(set(there)) == 2 * len(images)
    return killed


def kill_listen(folder, path, pacs, images, results, port, chance) -> int:  # type: ignore[no-untyped-def]
    clear(folder / "inbox")
    listener = child(LISTEN, path, 60)
    sender = subprocess.Popen(storescu(port, images), stdout=-3, stderr=-3)
    killed = ended(listener, chance.uniform(0, 0.6))
    sender.wait()
    listener = child(LISTEN, path, 60)
    subprocess.run(storescu(port, images), check=True, stdout=-3, stderr=-3)
    ended(listener, 0)
    assert same(held(folder), images)
    return killed


def storescu(port: int, files: list[Path]) -> list[str]:
    who = ["-aet", ARCHIVE, "-aec", CLIENT, "127.0.0.1", str(port)]
    return [dcmtk("storescu"), "-R", *who, *map(str, files)]


def clear(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


# ---- Mutilated ----------------------------------------------------------------------------------

#: How long an answer may take, s; what waits for none is a mutation that announced more to come.
PATIENCE_S = 0.3
#: Where a mutation aims: the PDUs of a conversation that stores one object, in their order.
_CALLERS = 3  # of four associations that are allowed: one is left for an echo beside them
_AT_ONCE = 100
AIMS = ("association", "command", "data", "release")


def pdus(times: int, broken: int, seed: int) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_ct(folder / "ct")
        image = min((folder / "ct").iterdir())
        [port] = free_ports(1)
        path = toml(folder, None, port)
        outside = everything(folder)
        recorded = conversation(port, image, folder)
        assert len(recorded) == len(AIMS), [piece[0] for piece in recorded]
        complaints = folder.parent / f"{folder.name}.stderr"
        listener = child(LISTEN, path, 36000, complaints=complaints)
        aimed, reached, answered = Counter[str](), Counter[str](), Counter[str]()
        threads, unanswered = [], 0
        callers = ThreadPoolExecutor(_CALLERS)
        try:
            for first in range(0, times + broken, _AT_ONCE):
                cases = [
                    (mutated if n < times else cut)(recorded, chance)
                    for n in range(first, min(first + _AT_ONCE, times + broken))
                ]
                talks = [callers.submit(talk, port, *case) for case in cases]
                unanswered += subprocess.run(echoscu(port), stdout=-3, stderr=-3).returncode > 0
                threads.append(stated(listener, "Threads"))
                for (_, aim), (came, last) in zip(cases, map(Future.result, talks), strict=True):
                    aimed[aim] += 1
                    reached[aim] += came
                    answered[f"{aim}: {last}"] += 1
                print(f"\r{first + len(cases)} of {times + broken}", end="", flush=True)
            for kept in (folder / "inbox").rglob("*.dcm"):
                kept.unlink()
            until = time.monotonic() + 30
            while subprocess.run(storescu(port, [image]), stdout=-3, stderr=-3).returncode:
                assert time.monotonic() < until, "it does not answer any more"
                time.sleep(1)
            assert same(held(folder), [image])
            peak = stated(listener, "VmHWM") / 1024
            settled = time.monotonic() + 15
            while stated(listener, "Threads") > 4 and time.monotonic() < settled:
                time.sleep(0.1)
            at_rest = stated(listener, "Threads")
        finally:
            callers.shutdown(cancel_futures=True)
            ended(listener, 0)
        exceptions = complaints.read_text().count("Traceback")
        complaints.unlink()
        found = everything(folder) - outside
        strange = [one for one in found if not one.startswith("inbox")]
        assert strange == [], strange
        assert peak < 512, peak
    print("\nreached what they aimed at:", {aim: f"{reached[aim]} of {aimed[aim]}" for aim in AIMS})
    print("last answer:", dict(sorted(answered.items())))
    print(f"echoes beside it that were not answered: {unanswered} of {len(threads)}")
    print(
        f"threads: at most {max(threads)}, at the end {at_rest}; ended by exceptions: {exceptions}"
    )
    print(f"a good object is stored; peak memory {peak:.0f} MB; files outside the inbox: 0")


def stated(process: subprocess.Popen[str], what: str) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split(f"{what}:")[1].split()[0])


def echoscu(port: int) -> list[str]:
    return [dcmtk("echoscu"), "-to", "10", "-aet", ARCHIVE, "-aec", CLIENT, "127.0.0.1", str(port)]


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def conversation(port: int, image: Path, folder: Path) -> list[bytes]:
    """What a sender says to a listener, PDU by PDU, written down by something in between."""
    [between] = free_ports(1)
    said = bytearray()
    with (
        socket.create_server(("127.0.0.1", between)) as server,
        subprocess.Popen(storescu(between, [image]), stdout=-3, stderr=-3) as sender,
    ):
        listener = child(LISTEN, toml(folder, None, port), 60)
        one, _ = server.accept()
        other = socket.create_connection(("127.0.0.1", port))
        one.settimeout(0.05)
        other.settimeout(0.05)
        while sender.poll() is None:
            for source, target in ((one, other), (other, one)):
                with contextlib.suppress(TimeoutError, OSError):
                    piece = source.recv(1 << 20)
                    target.sendall(piece)
                    if source is one:
                        said += piece
        one.close()
        other.close()
        ended(listener, 0)
    clear(folder / "inbox")
    found: list[bytes] = []
    at = 0
    while at < len(said):
        length = 6 + int.from_bytes(said[at + 2 : at + 6], "big")
        found.append(bytes(said[at : at + length]))
        at += length
    return found


def mutated(recorded: list[bytes], chance: random.Random) -> tuple[list[bytes], str]:
    """A conversation of which one PDU is damaged: mostly one that comes after an association."""
    pieces = [bytearray(piece) for piece in recorded]
    [aim] = chance.choices(AIMS, (2, 4, 4, 1))
    victim = pieces[AIMS.index(aim)]
    act = chance.random()
    if act < 0.6:
        for _ in range(chance.choice((1, 1, 2, 8, 64))):
            victim[chance.randrange(min(len(victim), 2000))] = chance.randrange(256)
    elif act < 0.75:
        victim[2:6] = chance.choice((0, 1, 2**31, 2**32 - 1, len(victim) + 50)).to_bytes(4, "big")
    elif act < 0.9:
        del victim[chance.randrange(len(victim)) :]
    else:
        pieces.insert(AIMS.index(aim), chance.choice(pieces))
    return [bytes(piece) for piece in pieces], aim


def cut(recorded: list[bytes], chance: random.Random) -> tuple[list[bytes], str]:
    """A conversation that breaks off within a PDU."""
    [at] = chance.choices(range(len(AIMS)), (2, 4, 4, 1))
    piece = recorded[at]
    return [*recorded[:at], piece[: chance.randrange(len(piece))]], AIMS[at]


def talk(port: int, said: list[bytes], aim: str) -> tuple[bool, str]:
    """Say it as a sender does, each answer awaited; whether the aim was reached, and the answer.

    What breaks off hangs up at once; the others wait for an answer, but not for ever.
    """
    goal, last, reached = AIMS.index(aim), "none", False
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout=10) as way,
    ):
        for at, piece in enumerate(said):
            reached = reached or at == goal
            way.sendall(piece)
            if len(said) < len(AIMS) and at == len(said) - 1:
                return reached, "hung up"
            if at == AIMS.index("command"):
                if at < goal:
                    continue  # command and data are answered together
                way.settimeout(0.02)
            else:
                way.settimeout(PATIENCE_S if at >= goal else 10)
            answer = pdu(way)
            last = ANSWERS.get(answer, last)
            if at < goal and answer not in (2, 4):
                return False, f"before its aim: {ANSWERS.get(answer, 'none')}"
            if answer in (-1, 3, 7):
                break
    return reached, last


#: What the first byte of an answer says; -1 is the end of the connection.
ANSWERS = {2: "accepted", 3: "rejected", 4: "answered", 6: "released", 7: "aborted", -1: "closed"}


def pdu(way: socket.socket) -> int:
    """The kind of the next PDU; -1 when the connection was closed, -2 when nothing came."""
    try:
        head = exactly(way, 6)
        exactly(way, int.from_bytes(head[2:], "big"))
    except TimeoutError:
        return -2
    except OSError:
        return -1
    return head[0]


def exactly(way: socket.socket, count: int) -> bytes:
    content = b""
    while len(content) < count:
        piece = way.recv(count - len(content))
        if not piece:
            raise ConnectionError("closed")
        content += piece
    return content


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("kill", "pdus"))
    parser.add_argument("--times", type=int)
    parser.add_argument("--broken", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    os.environ["TCP_NODELAY"] = "1"
    if args.what == "kill":
        kill(args.times or 200, args.seed)
    else:
        pdus(args.times or 10_000, args.broken, args.seed)


if __name__ == "__main__":
    main()
