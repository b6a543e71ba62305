"""Kinds of input for ``hostile_input.py``: a sound one, ways to damage it, and how it is opened."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

Base = Callable[[Path], None]
Change = Callable[[Path, random.Random], str]
Use = Callable[[Path], None]


def bytes_changed(content: bytes, chance: random.Random) -> tuple[bytes, str]:
    """Return a file with a few bytes changed, cut, doubled, or blanked; and which it was."""
    data = bytearray(content)
    way = chance.choice(("byte", "byte", "bit", "bytes", "cut", "zeros", "doubled", "swapped"))
    at = chance.randrange(len(data))
    length = min(len(data) - at, chance.choice((1, 4, 16, 512, 4096)))
    if way == "byte":
        data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    elif way == "bit":
        data[at] ^= 1 << chance.randrange(8)
    elif way == "bytes":
        for _ in range(chance.randint(2, 20)):
            data[chance.randrange(len(data))] = chance.randrange(256)
    elif way == "cut":
        del data[at:]
    elif way == "zeros":
        data[at : at + length] = bytes(length)
    elif way == "doubled":
        data[at:at] = data[at : at + length]
    else:
        other = chance.randrange(len(data) - length + 1)
        data[at : at + length], data[other : other + length] = (
            data[other : other + length],
            data[at : at + length],
        )
    return bytes(data), f"{way} at {at}, {length}"


# A journal: closed, and as a killed program leaves it, with its log.


def _journal(folder: Path) -> None:
    from fusion.anatomy.joints import JOINTS
    from fusion.annotations.changes import TargetSaved
    from fusion.annotations.journal import Journal
    from tests.annotations.samples import READER, study, target

    with Journal(folder / "journal.sqlite") as journal:
        for reader, count in ((READER, 8), ("Dr B", 3)):
            reading = journal.begin(study(), reader=reader).reading
            for joint in JOINTS[:count]:
                change = TargetSaved(target(joint))
                reading = journal.append(reading, change, reader=reader, study=study()).reading


def _journal_with_log(folder: Path) -> None:
    import shutil

    apart = folder / "apart"
    apart.mkdir()
    _journal(apart)
    keeper = sqlite3.connect(apart / "journal.sqlite")
    keeper.execute("SELECT COUNT(*) FROM events").fetchone()
    from fusion.anatomy.joints import JOINTS
    from fusion.annotations.changes import TargetSaved
    from fusion.annotations.journal import Journal
    from tests.annotations.samples import READER, study, target

    with Journal(apart / "journal.sqlite") as journal:
        reading = journal.begin(study(), reader=READER).reading
        for joint in JOINTS[8:12]:
            change = TargetSaved(target(joint))
            reading = journal.append(reading, change, reader=READER, study=study()).reading
    for file in ("journal.sqlite", "journal.sqlite-wal"):
        shutil.copyfile(apart / file, folder / file)
    keeper.close()
    shutil.rmtree(apart)


def _change_file(name: str) -> Change:
    def change(folder: Path, chance: random.Random) -> str:
        path = folder / name
        content, what = bytes_changed(path.read_bytes(), chance)
        path.write_bytes(content)
        return what

    return change


def _change_journal_rows(folder: Path, chance: random.Random) -> str:
    """Take away or change whole rows, as somebody with another program would."""
    statement = chance.choice(
        (
            "DELETE FROM events WHERE number > 10",
            "DELETE FROM events WHERE number = 5",
            "DELETE FROM events WHERE reading_id = (SELECT reading_id FROM events LIMIT 1)",
            "DELETE FROM events",
            "UPDATE events SET content = CAST(X'ff00fe' AS TEXT) WHERE number = 4",
            "UPDATE events SET kind = 'undone' WHERE number = 3",
            "UPDATE events SET sequence = sequence + 1 WHERE number = 13",
            "UPDATE readings SET study_instance_uid = '9'",
            "UPDATE readings SET ct_pixels = '9'",
            "UPDATE readings SET reading_id = 'x' || reading_id",
            "DROP TABLE events",
            "DROP TABLE readings",
            "DELETE FROM readings",
        )
    )
    file = sqlite3.connect(folder / "journal.sqlite", isolation_level=None)
    triggers = file.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
    ).fetchall()
    for name, _ in triggers:
        file.execute(f"DROP TRIGGER {name}")
    file.execute(statement)
    if "DROP" not in statement:
        for _, sql in triggers:
            file.execute(sql)
    file.close()
    return statement


def _use_journal(*counts: int) -> Use:
    def use(folder: Path) -> None:
        from fusion.annotations.journal import Journal
        from fusion.errors import AnnotationError
        from tests.annotations.samples import study

        path = folder / "journal.sqlite"
        before = path.read_bytes()
        try:
            with Journal(path) as journal:
                found = [len(r.events) for r in journal.readings(study().study_instance_uid)]
        except AnnotationError as exc:
            if any(word in str(exc) for word in ("osteophyte", "Öberg", "C5-C6")):
                raise RuntimeError("the reading is quoted") from exc
            if path.read_bytes() != before:
                raise RuntimeError("a refused journal was changed") from exc
            raise
        if found != list(counts):
            raise RuntimeError(f"silent loss: {found}, not {list(counts)}")

    return use


# Compressed frames of one small slice, in every encoding that GDCM can write.

_ENCODINGS = (
    "JPEGLosslessProcess14",
    "JPEGLosslessProcess14_1",
    "JPEGBaselineProcess1",
    "JPEGExtendedProcess2_4",
    "JPEGLSLossless",
    "JPEGLSNearLossless",
    "JPEG2000Lossless",
    "JPEG2000",
    "RLELossless",
)


def _pixels(folder: Path) -> None:
    import gdcm

    from fusion.errors import FusionError
    from tests.dicom.ct_objects import stacked, write_series

    apart = folder.parent / "made"
    source = write_series(apart, stacked(count=3)).paths[0]
    for name in _ENCODINGS:
        reader = gdcm.ImageReader()
        reader.SetFileName(str(source))
        reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, name)))
        change.SetInput(reader.GetImage())
        if not change.Change():
            continue
        writer = gdcm.ImageWriter()
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        path = folder / f"{name}.dcm"
        writer.SetFileName(str(path))
        writer.Write()
        try:
            _use_pixels(folder)
        except FusionError:  # 16 bits do not fit in every encoding
            path.unlink()


def _change_pixels(folder: Path, chance: random.Random) -> str:
    """Change a compressed frame, mostly where its image is described."""
    from pydicom import dcmread
    from pydicom.encaps import encapsulate, generate_frames

    paths = sorted(folder.iterdir())
    path = chance.choice(paths)
    for other in paths:
        if other != path:
            other.unlink()
    ds = dcmread(path)
    (frame,) = generate_frames(ds.PixelData, number_of_frames=1)
    way = chance.choice(("head", "head", "head", "any", "app", "sizes"))
    if way == "head":
        head, what = bytes_changed(frame[:200], chance)
        frame = head + frame[200:]
    elif way == "any":
        frame, what = bytes_changed(frame, chance)
    elif way == "app":
        what = "segment put in"
        kind = chance.choice((0xE0, 0xE0, 0xE8, 0xEE, 0xFE, 0xC0, 0xC3, 0xC4, 0xDB, 0xDD, 0xF8))
        content = chance.choice((b"JFIF\0", b"Adobe\0", b"mrfx", b"")) + chance.randbytes(14)
        frame = (
            frame[:2] + bytes((0xFF, kind)) + (len(content) + 2).to_bytes(2) + content + frame[2:]
        )
    else:
        what = "a number made extreme"
        at = chance.randrange(2, min(len(frame) - 4, 120))
        wide = chance.choice((1, 2, 4))
        value = chance.choice((0, 1, 256**wide - 1, 256**wide // 2))
        frame = frame[:at] + value.to_bytes(wide) + frame[at + wide :]
    ds.PixelData = encapsulate([frame])
    ds.save_as(path)
    return f"{path.stem}: {what}"


def _use_pixels(folder: Path) -> None:
    from fusion.dicom.files.header import read_header
    from fusion.dicom.pixels.reading import read_frame

    for path in sorted(folder.iterdir()):
        instance = read_header(path, label=path.name)
        assert instance is not None
        read_frame(instance)


KINDS: dict[str, tuple[Base, Change, Use]] = {
    "journal": (_journal, _change_file("journal.sqlite"), _use_journal(9, 4)),
    "journal-rows": (_journal, _change_journal_rows, _use_journal(9, 4)),
    "pixels": (_pixels, _change_pixels, _use_pixels),
    "journal-log": (_journal_with_log, _change_file("journal.sqlite-wal"), _use_journal(13, 4)),
}
