"""Text in the character sets of DICOM (PS3.3 C.12.1.1.2, PS3.5 6.1.2), as Unicode.

pydicom decodes the sets of one code each. Code extensions (ISO 2022) it follows only in part: it
does not return to the first set at ``^``, cuts at bytes that are half of a character, and does not
know ISO 2022 IR 58 behind an escape sequence, nor ISO_IR 203. Where one of these may matter, every
text of a header is decoded here, once, and the header says ISO_IR 192 (Unicode) from then on, so
that a name is shown, compared and exported in one way only.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from fusion.dicom.files.instance import PARSE_ERRORS, damage_told
from fusion.plain_text import plain

logger = logging.getLogger(__name__)

UNICODE = "ISO_IR 192"
#: Stands among the doubts about a header for characters that the stated sets do not have.
OUTSIDE_THE_SET = ""

_CHARACTER_SET = BaseTag(0x00080005)
_TEXT_VRS = frozenset({"SH", "LO", "ST", "PN", "LT", "UC", "UT"})
_ONE_VALUE = frozenset({"ST", "LT", "UT"})
_ESC = 0x1B

#: Codecs by the registration number in a defined term (PS3.3 tables C.12-2 to C.12-5). Where a set
#: has only its upper half in DICOM, the codec's lower half is ASCII, as the standard has it.
_CODECS = {
    6: "ascii",
    13: "shift_jis",
    58: "gb2312",
    87: "ascii",
    100: "latin_1",
    101: "iso8859_2",
    109: "iso8859_3",
    110: "iso8859_4",
    126: "iso8859_7",
    127: "iso8859_6",
    138: "iso8859_8",
    144: "iso8859_5",
    148: "iso8859_9",
    149: "euc_kr",
    159: "ascii",
    166: "iso8859_11",
    192: "utf_8",
    203: "iso8859_15",
}
#: Those whose bytes pydicom decodes in the same way when they stand alone.
_PLAIN_TERMS = frozenset(
    {"", "ISO_IR 6", "ISO_IR 192"}
    | {f"ISO_IR {n}" for n in (100, 101, 109, 110, 126, 127, 138, 144, 148, 166)}
)
_TERM = re.compile(r"(?:ISO)?[ _-]*(?:20[0-9]{2})?[ _-]*(?:IR)?[ _-]*([0-9]{1,3})")
#: Names that are no defined terms, and that nobody can misunderstand.
_NAMED = {
    "GB18030": "gb18030",
    "GBK": "gbk",
    "ISO 2022 GBK": "gbk",
    "GB2312": "gb2312",
    "UTF-8": "utf_8",
    "UTF8": "utf_8",
    "UNICODE": "utf_8",
    "LATIN1": "latin_1",
    "LATIN-1": "latin_1",
    "ASCII": "ascii",
    "US-ASCII": "ascii",
    "WINDOWS-1250": "cp1250",
    "WINDOWS-1251": "cp1251",
    "WINDOWS-1252": "cp1252",
    "SHIFT_JIS": "shift_jis",
    "SHIFT-JIS": "shift_jis",
    "BIG5": "big5",
}
#: One character may be several bytes of any kind: never taken apart, no code extensions.
_STAND_ALONE = frozenset({"utf_8", "gb18030", "gbk", "big5"})

# What escape sequences call in (PS3.5 6.1.2.5.1, PS3.3 tables C.12-3 and C.12-4): a set for bytes
# below 128 whose characters have two of them, or a codec for bytes above. The older and the longer
# forms of ISO 2022 are written too.
_TWO_BYTES = {
    b"$B": ("euc_jp", b""),
    b"$@": ("euc_jp", b""),
    b"$(B": ("euc_jp", b""),
    b"$(D": ("euc_jp", b"\x8f"),
    b"$A": ("gb2312", b""),
    b"$(A": ("gb2312", b""),
    b"$(C": ("euc_kr", b""),
}
_ONE_BYTE = frozenset({b"(B", b"(J", b"(I"})
_UPPER_HALF = {
    b")I": 13,
    b"-A": 100,
    b"-B": 101,
    b"-C": 109,
    b"-D": 110,
    b"-F": 126,
    b"-G": 127,
    b"-H": 138,
    b"-L": 144,
    b"-M": 148,
    b"-T": 166,
    b"-b": 203,
    b"$)A": 58,
    b"$)C": 149,
}
#: Which defined term announces an escape sequence.
_ANNOUNCED_BY = {
    **_UPPER_HALF,
    **dict.fromkeys((b"$B", b"$@", b"$(B"), 87),
    **dict.fromkeys((b"$A", b"$(A"), 58),
    b"$(D": 159,
    b"$(C": 149,
}
_ESCAPE = re.compile(rb"\x1b([ -/]*[0-~])")
_CONTROLS = b"\t\n\x0c\r"
#: Where the first set is active again (PS3.5 6.1.2.5.3), by value representation.
_DELIMITERS = {"PN": b"\\^=", **dict.fromkeys(_ONE_VALUE, b"")}


@dataclass(slots=True)
class _Sets:
    """The sets that a header announces, and what is doubtful about its text."""

    first: str
    numbers: frozenset[int]
    doubts: dict[str, None] = field(default_factory=dict)


def make_unicode(dataset: Dataset) -> tuple[str, ...]:
    """Decode the text of a header where pydicom would not decode it rightly.

    Parameters
    ----------
    dataset : Dataset
        Just read; changed in place. From then on it states ISO_IR 192.

    Returns
    -------
    tuple of str
        Character sets that are not known, as stated, and :data:`OUTSIDE_THE_SET` where bytes have
        no meaning in those that are.
    """
    stated = _stated(dataset)
    sets = _understood(stated or "")
    if (stated or "") in _PLAIN_TERMS and not _needs_care(dataset, sets):
        return tuple(sets.doubts)
    _decode_all(dataset, sets)
    return tuple(sets.doubts)


def decoded(value: bytes, vr: str, stated: str) -> str:
    r"""Return one text value as Unicode; several values stay parted by ``\``.

    Parameters
    ----------
    value : bytes
        As stored.
    vr : str
        Value representation: what ends the reach of an escape sequence depends on it.
    stated : str
        Specific Character Set, its values parted by ``\``.
    """
    return _decoded(value, vr, _understood(stated))


def _stated(dataset: Dataset) -> str | None:
    """Return Specific Character Set as one string; None when absent or not text."""
    element = dataset.get_item(_CHARACTER_SET)
    value = None if element is None else element.value
    if isinstance(value, bytes):
        value = value.decode("ascii", errors="replace")
    if value is not None and not isinstance(value, str):
        value = "\\".join(str(part) for part in value)
    return None if value is None else value.strip(" \0")


def _understood(stated: str) -> _Sets:
    sets = _Sets("ascii", frozenset())
    numbers = set()
    for position, part in enumerate(re.split(r"[\\,]", stated)):
        term = part.strip(" \0").upper()
        match = _TERM.fullmatch(term)
        number = int(match[1]) if match and int(match[1]) in _CODECS else None
        codec = _CODECS[number] if number is not None else _NAMED.get(term)
        if codec is None and term:
            sets.doubts[plain(stated.replace("\\", " / "))] = None
            continue
        if number is not None:
            numbers.add(number)
        if position == 0 and codec is not None:
            sets.first = codec
    sets.numbers = frozenset(numbers)
    return sets


def _needs_care(dataset: Dataset, sets: _Sets) -> bool:
    """Whether a text of the top level holds an escape sequence, or bytes outside the one set."""
    for element in dataset.values():
        if not isinstance(element, RawDataElement) or not element.value:
            continue
        value = element.value
        has_escape = _ESC in value
        if (value.isascii() and not has_escape) or _vr(element) not in _TEXT_VRS:
            continue
        if has_escape or sets.first == "ascii" or (sets.first == "latin_1" and _is_unicode(value)):
            return True
        if not _decodes(value, sets.first):
            sets.doubts[OUTSIDE_THE_SET] = None
    return False


def _decodes(value: bytes, codec: str) -> bool:
    try:
        value.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _vr(element: RawDataElement) -> str:
    if element.VR is not None and element.VR != "UN":
        return element.VR
    try:
        return dictionary_VR(element.tag)
    except KeyError:
        return "UN"


def _decode_all(dataset: Dataset, sets: _Sets) -> None:
    for element in list(dataset.values()):
        vr = _vr(element) if isinstance(element, RawDataElement) else element.VR
        if vr == "SQ":
            _decode_items(dataset, element.tag, sets)
        elif vr in _TEXT_VRS and isinstance(element, RawDataElement) and element.value:
            text = _decoded(element.value, vr, sets)
            values = [text] if vr in _ONE_VALUE else [v.strip(" ") for v in text.split("\\")]
            with damage_told():
                dataset[element.tag] = DataElement(
                    element.tag, vr, values if len(values) > 1 else values[0]
                )
    dataset[_CHARACTER_SET] = DataElement(_CHARACTER_SET, "CS", UNICODE)


def _decode_items(dataset: Dataset, tag: BaseTag, sets: _Sets) -> None:
    try:
        with damage_told():
            items = list(dataset[tag].value or ())
    except PARSE_ERRORS as exc:
        logger.info("a sequence cannot be read: %s", type(exc).__name__)
        return  # asked for, it is refused in words
    for item in items:
        if isinstance(item, Dataset):
            own = _stated(item)
            inner = sets if own is None else _understood(own)
            _decode_all(item, inner)
            del item[_CHARACTER_SET]
            sets.doubts.update(inner.doubts)


def _decoded(value: bytes, vr: str, sets: _Sets) -> str:
    value = value.rstrip(b" \0")
    if _ESC not in value and (sets.first in _STAND_ALONE or sets.first == "shift_jis"):
        return _run(value, sets.first, sets)
    attempt = _Sets(sets.first, sets.numbers)
    text = _extended(value, _CONTROLS + _DELIMITERS.get(vr, b"\\"), attempt)
    if attempt.doubts and vr != "PN":
        # Writers put a name into a description with the escape sequences of a name.
        as_name = _Sets(sets.first, sets.numbers)
        other = _extended(value, _CONTROLS + _DELIMITERS["PN"], as_name)
        if not as_name.doubts:
            return other
    sets.doubts.update(attempt.doubts)
    return text


def _extended(value: bytes, delimiters: bytes, sets: _Sets) -> str:
    """Decode a value with code extensions: each run of bytes by the sets that are active there."""
    text: list[str] = []
    two_bytes: tuple[str, bytes] | None = None
    upper, before = sets.first, ""
    position = 0
    while position < len(value):
        if value[position] == _ESC:
            match = _ESCAPE.match(value, position)
            position = match.end() if match else position + 1
            called = match[1] if match else b""
            if called not in _ONE_BYTE and _ANNOUNCED_BY.get(called) not in sets.numbers:
                sets.doubts[OUTSIDE_THE_SET] = None
            if called in _UPPER_HALF:
                upper = _CODECS[_UPPER_HALF[called]]
            elif called in _ONE_BYTE or called in _TWO_BYTES:
                two_bytes = _TWO_BYTES.get(called)
            continue
        if value[position] in (_CONTROLS if two_bytes else delimiters):
            text.append(chr(value[position]))
            two_bytes, before, upper = None, upper, sets.first
            position += 1
            continue
        end = position
        stops = bytes((_ESC,)) + (_CONTROLS if two_bytes else delimiters)
        while end < len(value) and value[end] not in stops:
            end += 1
        run, position = value[position:end], end
        if two_bytes is not None:
            text.append(_pairs(run, two_bytes, upper, delimiters, sets))
        else:
            # A first set without an upper half: the writer did not repeat an escape sequence.
            codec = before if upper == "ascii" and before and not run.isascii() else upper
            upper = codec
            text.append(_run(run, codec, sets))
    return "".join(text)


def _pairs(
    run: bytes, two_bytes: tuple[str, bytes], upper: str, delimiters: bytes, sets: _Sets
) -> str:
    """Decode bytes below 128 two by two, and those above as the upper half says."""
    codec, prefix = two_bytes
    text: list[str] = []
    for part in re.findall(rb"[\x00-\x7f]+|[\x80-\xff]+", run):
        if part[0] >= 0x80:
            text.append(_run(part, upper, sets))
            continue
        if len(part) % 2:
            # A writer who did not leave the set at the delimiter: it stands between two pairs.
            cut = next((n for n in range(0, len(part), 2) if part[n] in delimiters), None)
            if cut is not None:
                sides = (part[:cut], part[cut + 1 :])
                text += [_paired(sides[0], codec, prefix, sets), chr(part[cut])]
                text.append(_paired(sides[1], codec, prefix, sets))
                continue
        text.append(_paired(part, codec, prefix, sets))
    return "".join(text)


def _paired(part: bytes, codec: str, prefix: bytes, sets: _Sets) -> str:
    raised = bytes(byte | 0x80 for byte in part)
    pairs = [prefix + raised[n : n + 2] for n in range(0, len(raised), 2)]
    return _run(b"".join(pairs), codec, sets)


def _is_unicode(run: bytes) -> bool:
    """Whether bytes are UTF-8 beyond ASCII: in Latin-1 a capital with a sign behind each."""
    try:
        run.decode("utf_8")
    except UnicodeDecodeError:
        return False
    return not run.isascii()


def _run(run: bytes, codec: str, sets: _Sets) -> str:
    if codec == "latin_1" and _is_unicode(run):
        # Writers that never heard of another set state this one whatever they write.
        sets.doubts[OUTSIDE_THE_SET] = None
        codec = "utf_8"
    for name in (codec, "utf_8") if codec == "ascii" else (codec,):
        try:
            return run.decode(name)
        except UnicodeDecodeError:
            sets.doubts[OUTSIDE_THE_SET] = None
    # Latin-1 is what most writers mean who state nothing.
    return run.decode("latin_1" if codec == "ascii" else codec, errors="replace")
