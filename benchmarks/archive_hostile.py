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
from pathlib import Path

import pydicom

from fusion.archive.inbox import hashed
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


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True
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
        listener = child(LISTEN, path, 36000)
        try:
            for n in range(times + broken):
                talk(port, mutated(recorded, chance) if n < times else cut(recorded, chance))
                if n % 100 == 0:
                    print(f"\r{n} of {times + broken}", end="", flush=True)
            until = time.monotonic() + 90
            while subprocess.run(storescu(port, [image]), stdout=-3, stderr=-3).returncode:
                assert time.monotonic() < until, "it does not answer any more"
                time.sleep(1)
            status = Path(f"/proc/{listener.pid}/status").read_text()
            peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
        finally:
            ended(listener, 0)
        found = everything(folder) - outside
        strange = [one for one in found if not one.startswith("inbox")]
        assert strange == [], strange
        assert peak < 512, peak
    print(f"\nstill answers; peak memory {peak:.0f} MB; files outside the inbox: 0")


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
    found, at = [], 0
    while at < len(said):
        length = 6 + int.from_bytes(said[at + 2 : at + 6], "big")
        found.append(bytes(said[at : at + length]))
        at += length
    return found


def mutated(recorded: list[bytes], chance: random.Random) -> bytes:
    pieces = [bytearray(piece) for piece in recorded]
    victim = chance.choice(pieces)
    act = chance.random()
    if act < 0.6:
        for _ in range(chance.choice((1, 1, 2, 8, 64))):
            victim[chance.randrange(min(len(victim), 2000))] = chance.randrange(256)
    elif act < 0.75:
        victim[2:6] = chance.choice((0, 1, 2**31, 2**32 - 1, len(victim) + 50)).to_bytes(4, "big")
    elif act < 0.9:
        del victim[chance.randrange(len(victim)) :]
    else:
        chance.shuffle(pieces)
    return b"".join(pieces)


def cut(recorded: list[bytes], chance: random.Random) -> bytes:
    whole = b"".join(recorded)
    return whole[: chance.randrange(len(whole))]


def talk(port: int, said: bytes) -> None:
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout=5) as way,
    ):
        way.settimeout(0.02)
        way.sendall(said)
        with contextlib.suppress(TimeoutError):
            while way.recv(65536):
                pass


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
