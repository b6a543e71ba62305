"""Names in every character set that DICOM knows: one name, however it is written.

The byte strings of PS3.5 annexes H, I and K, and what the standard says that they read.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from fusion.dicom.catalog import scan
from fusion.dicom.files.character_sets import OUTSIDE_THE_SET, decoded, make_unicode
from fusion.dicom.pairing import pair
from fusion.export.dicom.header import new_object
from fusion.export.edition import Edition
from tests.studies import write_ct, write_nm

JAPANESE = b"\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"
KOREAN = (
    b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"
)
CHINESE = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab"
LATIN = "Œuvre^Žofie".encode("iso8859-15")
STANDARD = {
    "H.3.1": (
        "\\ISO 2022 IR 87", b"Yamada^Tarou=" + JAPANESE, "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    "H.3.2": (
        "ISO 2022 IR 13\\ISO 2022 IR 87",
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=" + JAPANESE.replace(b"\x1b(B", b"\x1b(J"),
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    ),
    "I.2": ("\\ISO 2022 IR 149", KOREAN, "Hong^Gildong=洪^吉洞=홍^길동"),
    "K.2": ("\\ISO 2022 IR 58", CHINESE, "Zhang^XiaoDong=张^小东"),
    "J.1": ("ISO_IR 192", "Wang^XiaoDong=王^小東".encode(), "Wang^XiaoDong=王^小東"),
    "J.3": ("GB18030", "Wang^XiaoDong=王^小东".encode("gb18030"), "Wang^XiaoDong=王^小东"),
    "latin 9": ("ISO_IR 203", LATIN, "Œuvre^Žofie"),
    "latin 9 called in": ("\\ISO 2022 IR 203", b"\x1b-b" + LATIN, "Œuvre^Žofie"),
    "set of value 1 again": (
        "ISO 2022 IR 100\\ISO 2022 IR 149", b"\xe7^\x1b$)C\xa4\xba^\xe7", "ç^ㅊ^ç",
    ),
    "Greek after Latin": ("ISO 2022 IR 100\\ISO 2022 IR 126", b"\xc4^\x1b-F\xc4", "Ä^Δ"),
    "JIS X 0212": ("\\ISO 2022 IR 159", b"\x1b$(D0!\x1b(B", "丂"),
    "half of a character is a backslash": ("\\ISO 2022 IR 87", b"\x1b$B%\\%=\x1b(B^X", "ボソ^X"),
    "the same in GBK": ("GBK", "許^靈".encode("gbk"), "許^靈"),
    "escape not repeated": ("\\ISO 2022 IR 58", b"\x1b$)A\xd5\xc5^\xd0\xa1\xb6\xab", "张^小东"),
    "set not left at ^": ("\\ISO 2022 IR 87", b"\x1b$B;3ED^B@O:\x1b(B", "山田^太郎"),
}  # fmt: skip


@pytest.mark.parametrize("case", STANDARD)
def test_names_of_the_standard(case: str) -> None:
    stated, value, name = STANDARD[case]
    assert decoded(value, "PN", stated) == name


def header(stated: str | None, value: bytes, *, vr: str = "PN", tag: int = 0x00100010) -> Dataset:
    ds = Dataset()
    for where, what, raw in ((0x00080005, "CS", (stated or "").encode()), (tag, vr, value)):
        if what != "CS" or stated is not None:
            ds[where] = RawDataElement(Tag(where), what, len(raw), raw, 0, False, True)
    return ds


@pytest.mark.parametrize(
    "term", ["UTF-8", "ISO-IR 192", "iso_ir 192", "ISO_IR 192", "ISO 2022 IR 192"]
)
def test_a_misspelt_term_that_is_understood_raises_no_doubt(term: str) -> None:
    ds = header(term, "Müller^Jürgen".encode())
    assert make_unicode(ds) == ()
    assert str(ds.PatientName) == "Müller^Jürgen"


@pytest.mark.parametrize(
    ("stated", "value", "name", "doubts"),
    [
        (None, b"\x1b$)C\xb1\xe8^\x1b$)C\xb1\xcd\xbc\xf8", "김^귀순", (OUTSIDE_THE_SET,)),
        (None, "Müller".encode(), "Müller", (OUTSIDE_THE_SET,)),
        # Unicode under the name of the only set that its writer knew.
        ("ISO_IR 100", "Müller^Łucja".encode(), "Müller^Łucja", (OUTSIDE_THE_SET,)),
        ("ISO_IR 100", "MÜLLER^Ágatha ß".encode("latin-1"), "MÜLLER^Ágatha ß", ()),
        ("ISO_IR 144", "ТАТА".encode("iso8859_5"), "ТАТА", ()),
        (None, "Müller".encode("latin-1"), "Müller", (OUTSIDE_THE_SET,)),
        ("ISO 2022 IR 6, IS", b"Doe", "Doe", ("ISO 2022 IR 6, IS",)),
        (None, b"Doe^John", "Doe^John", ()),
        ("ISO_IR 100", "Müller".encode("latin-1"), "Müller", ()),
    ],
)
def test_what_the_file_does_not_announce_is_said(
    stated: str | None, value: bytes, name: str, doubts: tuple[str, ...]
) -> None:
    ds = header(stated, value)
    assert make_unicode(ds) == doubts
    assert str(ds.PatientName) == name


def test_bytes_that_are_no_unicode_are_said() -> None:
    assert make_unicode(header("ISO_IR 192", b"M\xfcller")) == (OUTSIDE_THE_SET,)


def test_a_description_is_parted_and_joined_as_its_kind_asks() -> None:
    several = header("\\ISO 2022 IR 87", b"\x1b$B;3\x1b(B\\B", vr="LO", tag=0x0008103E)
    make_unicode(several)
    assert list(several.SeriesDescription) == ["山", "B"]
    one = header("\\ISO 2022 IR 87", b"a\\b\x1b$B;3\x1b(B", vr="LT", tag=0x00104000)
    make_unicode(one)
    assert one.PatientComments == "a\\b山"


def test_items_of_sequences_are_decoded_too() -> None:
    ds = header("\\ISO 2022 IR 58", CHINESE)
    inner = header(None, b"\x1b$)A\xd5\xc5", vr="LO", tag=0x00080104)
    other = header("ISO_IR 100", b"\xe7", vr="LO", tag=0x00080104)
    ds.AnatomicRegionSequence = [inner, other]
    assert make_unicode(ds) == ()
    assert [item.CodeMeaning for item in ds.AnatomicRegionSequence] == ["张", "ç"]
    assert "SpecificCharacterSet" not in other


def test_one_person_in_two_character_sets_is_one_patient(tmp_path: Path) -> None:
    write_ct(tmp_path / "ct", PatientName="张^小东", SpecificCharacterSet="ISO_IR 192")
    name = CHINESE.split(b"=")[1]

    def stamp(ds: Dataset) -> None:
        ds.SpecificCharacterSet, ds.PatientID = ["", "ISO 2022 IR 58"], "1"
        ds[0x00100010] = header(None, name)._dict[0x00100010]

    write_nm(tmp_path / "nm", edit=stamp)
    chosen = pair(scan(tmp_path))
    assert chosen.spect.patient.name == chosen.ct.patient.name == "张^小东"
    assert not any("character-set" in f.code for f in chosen.spect.study.findings)

    made = new_object(
        tmp_path / "out.dcm",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.88.34",
        source=chosen.spect.header,
        edition=Edition(made=datetime(2026, 11, 29)),
    )
    made.save_as(tmp_path / "out.dcm", enforce_file_format=True)
    written = (tmp_path / "out.dcm").read_bytes()
    assert "张^小东".encode() in written
    assert b"\x1b" not in written
    assert pydicom.dcmread(tmp_path / "out.dcm").SpecificCharacterSet == "ISO_IR 192"
