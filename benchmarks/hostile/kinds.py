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
    # A frame cut to nothing cannot be put into an item.
    ds.PixelData = encapsulate([frame or bytes(2)])
    ds.save_as(path)
    return f"{path.stem}: {what}"


def _use_pixels(folder: Path) -> None:
    from fusion.dicom.files.header import read_header
    from fusion.dicom.pixels.reading import read_frame

    for path in sorted(folder.iterdir()):
        instance = read_header(path, label=path.name)
        assert instance is not None
        read_frame(instance)


# Headers: elements changed in a way that knows what they are.


def _study(folder: Path) -> None:
    from tests.dicom import ct_objects as ct
    from tests.studies import write_ct, write_nm

    write_ct(folder / "CT", positions=ct.stacked(count=4))
    write_nm(folder / "NM")


def _change_header(folder: Path, chance: random.Random) -> str:
    """Change one file of a study."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return _change_elements(chance.choice(paths), chance)


def _change_elements(path: Path, chance: random.Random) -> str:
    """Change bytes of a header, one element, or put one in."""
    content = path.read_bytes()
    way = chance.choice(
        ("bytes", "value", "value", "vr", "length", "inserted", "deflated", "zeros")
    )
    if way == "bytes":
        head, what = bytes_changed(content[:2500], chance)
        content = head + content[2500:]
    elif way == "zeros":
        at = chance.randrange(132, min(len(content), 2500))
        content, what = content[:at] + bytes(chance.choice((8, 4096, 2**22))), f"zeros at {at}"
    else:
        places = _elements(content)
        at, vr, start, length = chance.choice(places)
        what = f"{way} of {content[at : at + 4].hex()} {vr}"
        if way == "value":
            content = content[:start] + _value(length, chance) + content[start + length :]
        elif way == "vr":
            new = chance.choice((b"\x01\x02", b"SQ", b"UN", b"OB", b"US", b"FD", b"PN", b"??"))
            content = content[: at + 4] + new + content[at + 6 :]
        elif way == "length":
            new = chance.choice((0, 1, 0xFFFF, 0xFFFE, length + 1, length * 2 & 0xFFFF))
            content = content[: at + 6] + new.to_bytes(2, "little") + content[at + 8 :]
        elif way == "deflated":
            content, what = _deflated(content, chance), "deflated"
        else:
            piece = _sequence(chance.choice((1, 30, 500, 20_000)), chance)
            content = content[:at] + piece + content[at:]
    path.write_bytes(content)
    return f"{path.name}: {what}"


def _elements(content: bytes) -> list[tuple[int, str, int, int]]:
    """Return place, VR, and place and length of the value, of the elements before the pixels."""
    found, at = [], 132
    while at + 8 < len(content) and content[at : at + 4] != b"\xe0\x7f\x10\x00":
        vr = content[at + 4 : at + 6].decode("latin-1")
        if vr in ("OB", "OW", "SQ", "UN", "UT"):
            start, length = at + 12, int.from_bytes(content[at + 8 : at + 12], "little")
        else:
            start, length = at + 8, int.from_bytes(content[at + 6 : at + 8], "little")
        if length > len(content):  # of undefined length: what is inside comes next
            start, length = start + 8, 0
        found.append((at, vr, start, length))
        at = start + length
    return found


def _value(length: int, chance: random.Random) -> bytes:
    texts = (
        "1e308",
        "-1e308",
        "nan",
        "inf",
        "0",
        "-1",
        "1e-9",
        "9" * 16,
        "\\" * 5,
        "1\\2",
        "",
        "x",
    )
    made = chance.choice(
        (
            bytes(length),
            b"\xff" * length,
            chance.randbytes(length),
            chance.choice(texts).encode().ljust(length)[:length],
            b"\x1b[2J\x1b]0;x\x07".ljust(length)[:length],
            b"\xe2\x80\xae<script>".ljust(length)[:length],
        )
    )
    return made.ljust(length, b" ")[:length]


def _sequence(items: int, chance: random.Random) -> bytes:
    """Return a sequence with many items, one of undefined length, or one inside the other."""
    tag = b"\x08\x00\x12\x21SQ\0\0"
    item = b"\xfe\xff\x00\xe0"
    if chance.random() < 0.5:
        inside = b""
        for _ in range(min(items, 2000)):
            inside = (
                tag
                + (8 + len(inside)).to_bytes(4, "little")
                + item
                + len(inside).to_bytes(4, "little")
                + inside
            )
        return inside
    return tag + (8 * items).to_bytes(4, "little") + (item + bytes(4)) * items


def _deflated(content: bytes, chance: random.Random) -> bytes:
    import zlib

    start = 132 + 12 + int.from_bytes(content[140:144], "little")
    meta = content[132:start].replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99")
    grown = len(meta) - (start - 132)
    meta = (
        meta[:8] + (int.from_bytes(meta[8:12], "little") + grown).to_bytes(4, "little") + meta[12:]
    )
    at = meta.find(b"1.2.840.10008.1.2.1.99")
    meta = meta[: at - 2] + (22).to_bytes(2, "little") + meta[at:]
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    body = content[start:] + bytes(chance.choice((0, 2**20, 2**25)))
    return content[:132] + meta + packer.compress(body) + packer.flush()


def _use_scan(folder: Path) -> None:
    import json

    from fusion.cli.study import catalog_json
    from fusion.dicom import scan

    json.dumps(catalog_json(scan(folder)), allow_nan=False)


def _use_open(folder: Path) -> None:
    from fusion.deidentified import Deidentifier, Readers, deidentified_review
    from fusion.export import review_json
    from fusion.opening import open_study

    review = open_study(folder)
    review_json(review)
    deidentified_review(review, Deidentifier(), Readers())


# Zips.


def _zip(folder: Path) -> None:
    import shutil
    import zipfile

    _study(folder / "study")
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    with zipfile.ZipFile(folder / "study.zip", "w") as made:
        for n, path in enumerate(sorted((folder / "study").rglob("*.*"))):
            if path.is_file():
                made.write(path, path.relative_to(folder), compress_type=methods[n % 4])
    shutil.rmtree(folder / "study")


def _change_zip(folder: Path, chance: random.Random) -> str:
    """Change a zip, mostly its list and the headers of its files."""
    path = folder / "study.zip"
    content = bytearray(path.read_bytes())
    if chance.random() < 0.4:
        changed, what = bytes_changed(bytes(content), chance)
        path.write_bytes(changed)
        return what
    kind = chance.choice((b"PK\x01\x02", b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"))
    places = [n for n in range(len(content)) if content[n : n + 4] == kind]
    at = chance.choice(places) + chance.randrange(4, 46)
    wide = chance.choice((1, 2, 4))
    value = chance.choice((0, 1, 256**wide - 1, 256**wide // 2, chance.randrange(256**wide)))
    content[at : at + wide] = value.to_bytes(wide, "little")
    path.write_bytes(content)
    return f"{kind!r} at {at}"


def _use_zip(folder: Path) -> None:
    from fusion.dicom import scan

    scan(folder / "study.zip")


# Label maps, readings, structured reports, facts.


def _nifti(folder: Path) -> None:
    import nibabel
    import numpy as np

    labels = np.zeros((12, 12, 12), np.uint8)
    for n in range(7):
        labels[3:9, 3:9, n + 2] = 44 + n
    image = nibabel.Nifti1Image(labels, np.diag([2.0, 2.0, 2.0, 1.0]))
    image.set_qform(image.affine, 1)
    image.set_sform(image.affine, 1)
    nibabel.save(image, folder / "labels.nii")


def _change_nifti(folder: Path, chance: random.Random) -> str:
    path = folder / "labels.nii"
    content = bytearray(path.read_bytes())
    at = chance.randrange(0, 352)
    value = chance.choice(
        (b"\0\0\xc0\x7f", b"\0\0\x80\x7f", b"\xff\xff\xff\x7f", b"\xff\xff", b"\0\0", b"\x80")
    )
    if chance.random() < 0.3:
        content[:352] = bytes_changed(bytes(content[:352]), chance)[0]
    else:
        at -= at % len(value)
        content[at : at + len(value)] = value
    path.write_bytes(content)
    return f"at {at}"


def _use_nifti(folder: Path) -> None:
    from fusion.facets.labelled.nifti import read_nifti

    read_nifti(folder / "labels.nii")


def _reading(folder: Path) -> None:
    import gzip

    golden = Path(__file__).parents[2] / "tests" / "golden"
    for name, kept in (("reading.json", "reading_2026_11.json.gz"), ("facts.toml", "")):
        packed = golden / (kept or "facts_2026_11.toml")
        content = packed.read_bytes()
        (folder / name).write_bytes(gzip.decompress(content) if kept else content)
    report = (golden / "structured_report_2026_11.dcm.gz").read_bytes()
    (folder / "report.dcm").write_bytes(gzip.decompress(report))


def _change_reading(folder: Path, chance: random.Random) -> str:
    path = folder / chance.choice(("reading.json", "facts.toml", "report.dcm"))
    if path.suffix == ".json" and chance.random() < 0.3:
        deep = 200_000
        content, what = b'{"schema_version":1,"reading":' + b"[" * deep + b"]" * deep + b"}", "deep"
    elif path.suffix == ".dcm" and chance.random() < 0.3:
        content, what = _deflated(path.read_bytes(), chance), "deflated"
    else:
        content, what = bytes_changed(path.read_bytes(), chance)
    path.write_bytes(content)
    return f"{path.name} {what}"


def _use_reading(folder: Path) -> None:
    from fusion.errors import FusionError
    from fusion.export import read_reading, read_structured_report
    from fusion.pathway import read_facts

    refusals = []
    for read, name in (
        (read_reading, "reading.json"),
        (read_structured_report, "report.dcm"),
        (read_facts, "facts.toml"),
    ):
        try:
            read(folder / name)
        except FusionError as exc:
            refusals.append(exc)
    if refusals:
        raise refusals[0]


# Objects beside the images: a Spatial Registration, an index, a label map as SEG.


def _registration(folder: Path) -> None:
    import numpy as np

    from tests.dicom import registration_objects as reg
    from tests.studies import FRAME, write_ct, write_nm

    write_ct(folder / "CT")
    write_nm(folder / "NM", FrameOfReferenceUID="1.2.3.99")
    (folder / "REG").mkdir()
    here = reg.Side(FRAME, matrices=(np.eye(4),))
    there = reg.Side("1.2.3.99", matrices=(reg.turn(5.0, shift=(1.0, 2.0, 3.0)),))
    reg.write(reg.registration(FRAME, (here, there)), folder / "REG" / "reg.dcm")


def _changed_beside(name: str) -> Change:
    def change(folder: Path, chance: random.Random) -> str:
        return _change_elements(sorted((folder / name).rglob("*.*"))[0], chance)

    return change


def _dicomdir(folder: Path) -> None:
    import shutil

    from pydicom.fileset import FileSet

    _study(folder / "source")
    disc = FileSet()
    for path in sorted((folder / "source").rglob("*.dcm")):
        disc.add(path)
    disc.write(folder / "disc")
    shutil.rmtree(folder / "source")


def _change_dicomdir(folder: Path, chance: random.Random) -> str:
    path = folder / "disc" / "DICOMDIR"
    if chance.random() < 0.5:
        content, what = bytes_changed(path.read_bytes(), chance)
        path.write_bytes(content)
        return what
    content = path.read_bytes()
    at = content.find(b"\x04\x00\x00\x15CS", chance.randrange(len(content) // 2))
    names = (b"..\\..\\etc\\x", b"C:\\A", b"/etc/passwd", b"\0\0", b"DICOMDIR", b"A" * 200, b"")
    name = chance.choice(names)
    name += b" " * (len(name) % 2)
    length = int.from_bytes(content[at + 6 : at + 8], "little")
    content = (
        content[: at + 6] + len(name).to_bytes(2, "little") + name + content[at + 8 + length :]
    )
    path.write_bytes(content)
    return f"names {name[:20]!r}"


def _use_dicomdir(folder: Path) -> None:
    from fusion.dicom import scan

    scan(folder / "disc" / "DICOMDIR")


def _segmentation(folder: Path) -> None:
    import numpy as np

    from fusion.geometry import Grid
    from tests.facets import label_maps

    grid = Grid((24, 12, 12), np.diag([2.0, 2.0, 2.0, 1.0])[[2, 1, 0, 3]], label_maps.FRAME)
    masks = {}
    for n, name in enumerate(("C2", "C3", "C4", "C5", "C6", "C7")):
        masks[name] = np.zeros(grid.shape, np.bool_)
        masks[name][3 * n : 3 * n + 2, 3:9, 3:9] = True
    (folder / "SEG").mkdir()
    for kind in ("BINARY", "LABELMAP"):
        label_maps.write_segmentation(folder / "SEG" / f"{kind}.dcm", masks, grid, kind=kind)


def _change_segmentation(folder: Path, chance: random.Random) -> str:
    paths = sorted((folder / "SEG").iterdir())
    path = chance.choice(paths)
    for other in paths:
        if other != path:
            other.unlink()
    if chance.random() < 0.5:
        return _change_elements(path, chance)
    content, what = bytes_changed(path.read_bytes(), chance)
    path.write_bytes(content)
    return f"{path.name}: {what}"


def _use_segmentation(folder: Path) -> None:
    from fusion.facets.labelled.segments import read_segmentation
    from tests.facets import label_maps

    for path in sorted((folder / "SEG").iterdir()):
        read_segmentation(path, frame_of_reference_uid=label_maps.FRAME)


KINDS: dict[str, tuple[Base, Change, Use]] = {
    "journal": (_journal, _change_file("journal.sqlite"), _use_journal(9, 4)),
    "journal-rows": (_journal, _change_journal_rows, _use_journal(9, 4)),
    "pixels": (_pixels, _change_pixels, _use_pixels),
    "journal-log": (_journal_with_log, _change_file("journal.sqlite-wal"), _use_journal(13, 4)),
    "header": (_study, _change_header, _use_scan),
    "open": (_study, _change_header, _use_open),
    "zip": (_zip, _change_zip, _use_zip),
    "nifti": (_nifti, _change_nifti, _use_nifti),
    "registration": (_registration, _changed_beside("REG"), _use_open),
    "dicomdir": (_dicomdir, _change_dicomdir, _use_dicomdir),
    "segmentation": (_segmentation, _change_segmentation, _use_segmentation),
    "reading": (_reading, _change_reading, _use_reading),
}
