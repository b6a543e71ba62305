"""Put tens of thousands of words into a study, hand it on without identity, and look for them.

Every file is filled on its own: each text, UID, date, code and sequence of the dictionary, private
blocks, overlays, the bits beside the pixels, comments in compressed frames, names of folders; the
reading has them in names, notes and answers. Then every byte that was written is searched, unpacked
where it is packed.

Run: ``nice python benchmarks/identity.py [--files 14]``
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pydicom
from pydicom.datadict import DicomDictionary
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless

from fusion.deidentified.profile import Deidentifier
from fusion.export.handover import hand_on
from fusion.opening import open_study
from tests.deidentified.test_deidentified import Export
from tests.export.canaries import MARK, Canaries, fill
from tests.viewer.marked_study import write_study

#: Written into the bits beside those of the pixels; four bits a pixel.
_BESIDE_PIXELS = 0xA000


class Filled(Export):
    """A study of which some files are filled to the brim."""

    def __init__(self, folder: Path, files: int, *, keep_suv: bool) -> None:
        self.canaries = Canaries()
        self.study = write_study(folder / self.canaries.word("folder") / "study")
        for n, path in enumerate(sorted(self.study.glob("*.dcm"))):
            ds = pydicom.dcmread(path)
            if n < files or ds.Modality == "NM":
                _fill(ds, self.canaries, n)
            ds.save_as(path)
        self.review = open_study(self.study)
        self.journal = folder / "journal.db"
        self.reading = self._read()
        self.how = Deidentifier(keeps_suv=keep_suv)
        self.folder = folder / "out"
        self.handed = hand_on(
            self.review, self.reading, self.folder, deidentify=self.how, with_images=True
        )


def _fill(ds: pydicom.Dataset, canaries: Canaries, n: int) -> None:
    patient = {key: ds[key] for key in ("PatientName", "PatientID", "PatientBirthDate")}
    kept = {key: ds[key] for key in ("StudyDescription", "SeriesDescription") if key in ds}
    fill(ds, canaries)
    for key, element in {**patient, **kept}.items():
        ds[key] = element  # or the files are of several patients, and of several series
    for tag, (vr, _, _, retired, keyword) in DicomDictionary.items():
        if (
            vr == "CS"
            and keyword
            and not retired
            and tag not in ds
            and 0x0008 <= tag >> 16 < 0x5000
        ):
            ds.add_new(tag, "CS", canaries.word(f"code {keyword}").upper())
    ds.file_meta.SourceApplicationEntityTitle = canaries.word("meta")[:16]
    ds.preamble = canaries.word("preamble").encode().ljust(128, b"\0")
    if ds.Modality != "CT":
        return
    pixels = ds.pixel_array.astype(np.int16)
    if n % 3 == 0:
        # Twelve bits, and something in the four above them.
        pixels = (pixels - pixels.min()).clip(0, 4095)
        ds.RescaleIntercept = -1024
        ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 12, 11, 0
        ds.PixelData = (pixels.astype(np.uint16) | _BESIDE_PIXELS).tobytes()
    else:
        _compress(ds, canaries, JPEGLSLossless if n % 3 == 1 else JPEG2000Lossless)


def _compress(ds: pydicom.Dataset, canaries: Canaries, syntax: pydicom.uid.UID) -> None:
    ds.compress(syntax, generate_instance_uid=False)
    (frame,) = generate_frames(ds.PixelData, number_of_frames=1)
    said = canaries.word("comment of a frame").encode()
    if syntax == JPEGLSLossless:
        comment = b"\xff\xfe" + (len(said) + 2).to_bytes(2) + said
        frame = frame[:2] + comment + frame[2:]
    else:
        end = 4 + int.from_bytes(frame[4:6])
        comment = b"\xff\x64" + (len(said) + 4).to_bytes(2) + b"\0\1" + said
        frame = frame[:end] + comment + frame[end:]
    ds.PixelData = encapsulate([frame + canaries.word("tail of a frame").encode()])


def _contents(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    yield content
    if path.suffix == ".gz":
        yield gzip.decompress(content)
    for start in re.finditer(rb"stream\r?\n", content):  # of a PDF, also inside a DICOM object
        try:
            yield zlib.decompressobj().decompress(content[start.end() :])
        except zlib.error:
            continue


def leaks(export: Filled) -> list[str]:
    """Return where a word, UID or bit of the study is found in what was handed on."""
    found = []
    known = {**export.canaries.words, **export.canaries.uids}
    for path in sorted(p for p in export.folder.rglob("*") if p.is_file()):
        name = str(path.relative_to(export.folder))
        for content in _contents(path):
            hits = re.findall(rb"(?i)%s\d*" % MARK.encode(), content)
            hits += re.findall(rb"1\.2\.826\.0\.1\.3680043\.9\.9999\.\d+", content)
            if re.search(MARK.encode("utf-16-le"), content):
                hits.append(b"as UTF-16")
            for hit in set(hits):
                text = hit.decode()
                where = known.get(text) or known.get(text.capitalize(), "")
                found.append(f"{name}: {text} ({where})")
        if MARK.lower() in name.lower():
            found.append(f"{name}: its name")
        if path.suffix == ".dcm" and "images" in path.parts:
            ds = pydicom.dcmread(path)
            is_short = ds.get("BitsStored") == 12
            if is_short and (np.frombuffer(ds.PixelData, np.uint16) & 0xF000).any():
                found.append(f"{name}: bits beside the pixels")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=14, help="slices that are filled")
    options = parser.parse_args()
    failed = 0
    for keep_suv in (False, True):
        with tempfile.TemporaryDirectory() as scratch:
            export = Filled(Path(scratch), options.files, keep_suv=keep_suv)
            found = leaks(export)
            count = len(export.canaries.words) + len(export.canaries.uids)
            files = sum(path.is_file() for path in export.folder.rglob("*"))
            print(f"keep SUV {keep_suv}: {count} words and UIDs, {files} files, {len(found)} found")
            for line in found[:40]:
                print(f"  {line}")
            failed += len(found)
    return min(1, failed)


if __name__ == "__main__":
    sys.exit(main())
