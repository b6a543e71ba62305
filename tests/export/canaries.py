"""A study in which everything that can name somebody does so with a word of its own.

A word found in an export then says where it came from.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
from pydicom.datadict import DicomDictionary
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from fusion.deidentified.profile import CHARACTERISTICS, KEPT_TEXT, SHIFTED, action_of

#: In every one of them, and nowhere else.
MARK = "Canaryqzx"
BIRTH_DAY = "19610203"
_TEXT = {"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UT"}
#: Not for values: what the words are written in; and what holds one size of text for items.
_NOT = {"SpecificCharacterSet"} | KEPT_TEXT | SHIFTED


#: Files that are filled with everything.
_WHOLE = {"ct030", "nm"}


@dataclass
class Canaries:
    """Words, UIDs and dates that were put into a study, and where."""

    words: dict[str, str] = field(default_factory=dict)
    uids: dict[str, str] = field(default_factory=dict)
    _numbers: itertools.count = field(default_factory=lambda: itertools.count(1000))

    def word(self, where: str) -> str:
        said = f"{MARK}{next(self._numbers)}"
        self.words[said] = where
        return said

    def uid(self, where: str) -> str:
        said = f"1.2.826.0.1.3680043.9.9999.{next(self._numbers)}"
        self.uids[said] = where
        return said

    def nest(self, where: str) -> Dataset:
        """Return an item that names somebody in a deeper item, privately, and in text."""
        item = Dataset()
        item.PatientName = self.word(f"{where} name")
        item.TextComments = self.word(f"{where} text")
        block = item.private_block(0x0009, self.word(f"{where} creator"), create=True)
        block.add_new(0x01, "LO", self.word(f"{where} private"))
        deeper = Dataset()
        deeper.PersonName = self.word(f"{where} deeper")
        deeper.InstitutionName = self.word(f"{where} deeper institution")
        item.PersonIdentificationCodeSequence = Sequence([deeper])
        return item


def fill(ds: Dataset, canaries: Canaries) -> None:
    """Put a canary into every attribute that can hold one and that the file does not need."""
    for tag, (vr, _, _, retired, keyword) in sorted(DicomDictionary.items()):
        vr = vr.split(" or ")[0]
        if not keyword or keyword in _NOT or tag >> 16 <= 0x0006 or tag >> 16 >= 0x7FE0:
            continue
        if tag in ds and vr not in _TEXT:
            continue
        if vr in _TEXT:
            ds.add(DataElement(tag, vr, canaries.word(keyword)))
        elif action_of(tag) is None or retired or keyword in CHARACTERISTICS:
            continue
        elif vr == "UI":
            ds.add(DataElement(tag, vr, canaries.uid(keyword)))
        elif vr == "DA":
            ds.add(DataElement(tag, vr, BIRTH_DAY))
        elif vr == "SQ":
            ds.add(DataElement(tag, vr, Sequence([canaries.nest(keyword)])))
    for keyword in ("AnatomicRegionSequence", "RequestAttributesSequence"):
        setattr(ds, keyword, Sequence([canaries.nest(keyword)]))
    block = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "OB", canaries.word("private binary").encode() + b"\0")
    block.add_new(0x11, "UN", canaries.word("private unknown").encode() + b"\0")
    ds.add_new(0x60000010, "US", 1)
    ds.add_new(0x60000022, "LO", canaries.word("overlay"))
    ds.add_new(0x50000022, "LO", canaries.word("curve"))
    ds.add_new(0x40000010, "LT", canaries.word("retired group"))


def fill_study(folder: Path, canaries: Canaries) -> None:
    """Fill every file of a study; the same words in all, as one patient's files have them."""
    made: Dataset | None = None
    for path in sorted(folder.glob("*.dcm")):
        ds = pydicom.dcmread(path)
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            canaries.uids[str(ds[keyword].value)] = keyword
        canaries.uids[str(ds.FrameOfReferenceUID)] = "FrameOfReferenceUID"
        if made is None:
            made = Dataset()
            fill(made, canaries)
        # What all files of a patient share in all of them, everything in some: it takes long.
        whole = path.stem in _WHOLE
        for element in made:
            if element.VR in _TEXT if element.tag in ds else whole:
                ds[element.tag] = element
        ds.PatientBirthDate = BIRTH_DAY
        ds.file_meta.SourceApplicationEntityTitle = canaries.word("meta")[:16]
        ds.preamble = canaries.word("preamble").encode().ljust(128, b"\0")
        ds.save_as(path)


def found_in(path: Path, canaries: Canaries) -> list[str]:
    """Return what of the canaries a file's bytes hold, and where it came from."""
    content = path.read_bytes()
    words = {word.decode() for word in re.findall(rb"%s\d*" % MARK.encode(), content)}
    wide = MARK.encode("utf-16-le") in content
    uids = {uid for uid in canaries.uids if uid.encode() in content}
    known = {**canaries.words, **canaries.uids}
    return [f"{path.name}: {known.get(hit, hit)}" for hit in words | uids] + ["UTF-16"] * wide


def texts_of(path: Path) -> str:
    """Return everything that can be read in a DICOM or JSON file, decoded."""
    if path.suffix == ".json":
        return json.dumps(json.loads(path.read_text()), ensure_ascii=False)
    ds = pydicom.dcmread(path)
    return "\n".join(str(element) for element in (*ds.file_meta, *ds.iterall()))
