"""Whether two sets of objects state the same patient.

Scanners and workstations spell one person in several ways: in capitals, without accents, with or
without a middle name, in another script. None of that makes two patients; another patient ID,
birth date, sex or name does. What cannot be compared, because one side does not state it, is told
apart from what agrees.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from fusion.dicom.series import Patient

# Letters that Unicode does not take apart, and the two ways in which umlauts are written plainly.
_PLAIN = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})
_EXPANDED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
#: What stands where a character could not be decoded.
_LOST = "\N{REPLACEMENT CHARACTER}"


def identity_conflicts(one: Patient, other: Patient) -> list[str]:
    """Return which parts of two identities are stated by both and differ.

    Parameters
    ----------
    one, other : Patient
        As stated by two objects.

    Returns
    -------
    list of str
        Of ``"patient ID"`` (with a remark when only leading zeros differ), ``"birth date"``,
        ``"name"`` and ``"sex"``.

    Notes
    -----
    Upper and lower case and spaces never count, nor do accents, a middle name, title or script
    that only one side knows. A name that merely begins like the other, is cut short or in another
    order counts as the same only when patient ID or birth date agree.
    """
    differing = []
    ids = _patient_id(one.patient_id), _patient_id(other.patient_id)
    births = _digits(one.birth_date), _digits(other.birth_date)
    if all(ids) and ids[0] != ids[1]:
        only_zeros = ids[0].lstrip("0") == ids[1].lstrip("0")
        differing.append("patient ID" + (" (only in leading zeros)" if only_zeros else ""))
    if all(births) and births[0] != births[1]:
        differing.append("birth date")
    corroborated = (bool(ids[0]) and ids[0] == ids[1]) or (
        bool(births[0]) and births[0] == births[1]
    )
    if _names_differ(one.name, other.name, corroborated=corroborated):
        differing.append("name")
    if {one.sex.upper(), other.sex.upper()} == {"M", "F"}:
        differing.append("sex")
    return differing


def are_comparable(one: Patient, other: Patient) -> bool:
    """Whether both state a patient ID, a birth date, or a name in the same script."""
    return bool(
        (_patient_id(one.patient_id) and _patient_id(other.patient_id))
        or (_digits(one.birth_date) and _digits(other.birth_date))
        or _common_groups(one.name, other.name)
    )


def patient_ids_agree(one: str, other: str) -> bool:
    """Whether two patient IDs are one, without anything else to support it.

    Both have to state one, and letter by letter the same: IDs that differ in capitals can be two
    people's. Blanks around an ID say nothing (PS3.5 section 6.2).
    """
    return bool(one.strip(" ")) and one.strip(" ") == other.strip(" ")


def names_agree(one: str, other: str) -> bool:
    """Whether two names are one, without anything else to support it.

    Both have to state it in the same script. Family and given name have to be spelled alike, in
    capitals or not, with or without accents; a middle name that both state has to agree. Another
    order of the parts, a part that is missing or one that is longer is another name. Where both
    state it in several scripts it has to agree in each: what is one name in Latin letters is
    often several in those of China or Japan.
    """
    agree: dict[str, bool] = {}
    for a, b in _common_groups(one, other):
        if _script(a) == _script(b):
            agree[_script(a)] = agree.get(_script(a), False) or _alike(a, b)
    return bool(agree) and all(agree.values())


def _alike(one: str, other: str) -> bool:
    parts = [[*_parts(name), ""][:2] for name in (one, other)]
    return _parts_agree(one, other) and all(
        _spellings(a) & _spellings(b) for a, b in zip(*parts, strict=True)
    )


def _patient_id(value: str) -> str:
    return re.sub(r"\s+", "", value).casefold()


def _digits(value: str) -> str:
    return re.sub(r"\D", "", value)


def _common_groups(one: str, other: str) -> list[tuple[str, str]]:
    """Pair the spellings that both names have: alphabetic, ideographic, phonetic (PS3.5 6.2.1.1).

    A writer that puts the ideographic spelling first is met by comparing scripts, not places.
    """
    groups = [[g for g in name.split("=") if _spellings(g) != {""}] for name in (one, other)]
    return [(a, b) for a in groups[0] for b in groups[1] if _is_latin(a) == _is_latin(b)]


def _is_latin(value: str) -> bool:
    letters = [char for char in value if char.isalpha()]
    return all("LATIN" in unicodedata.name(char, "") for char in letters)


def _script(value: str) -> str:
    """Return the script of a name; one that mixes in ideographs is ideographic."""
    letters = [char for char in unicodedata.normalize("NFKC", value) if char.isalpha()]
    kinds = [unicodedata.name(char, "").split(" ")[0].split("-")[0] for char in letters]
    if "CJK" in kinds:
        return "CJK"
    kana = {"HIRAGANA", "KATAKANA"}.intersection(kinds)
    return "KANA" if kana else " ".join(sorted(set(kinds)))


def _names_differ(one: str, other: str, *, corroborated: bool) -> bool:
    pairs = _common_groups(one, other)
    return bool(pairs) and not any(_same_name(a, b, corroborated=corroborated) for a, b in pairs)


def _same_name(one: str, other: str, *, corroborated: bool) -> bool:
    if _spellings(one) & _spellings(other) or _parts_agree(one, other):
        return True
    if not corroborated:
        return False
    begins = any(a.startswith(b) or b.startswith(a) for a, b in _pairs(one, other))
    return begins or _same_words(one, other) or _same_but_lost(one, other)


def _parts_agree(one: str, other: str) -> bool:
    """Whether family name, given name and so on agree wherever both state them."""
    parts = [_parts(name) for name in (one, other)]
    if not all(part and part[0] for part in parts):
        return False
    return all(
        _begins_with_the_words_of(a, b)
        for a, b in zip(*parts, strict=False)
        if _spellings(a) != {""} and _spellings(b) != {""}
    )


def _parts(name: str) -> list[str]:
    # "DOE, JOHN" is how some workstations write DOE^JOHN.
    separated = name if "^" in name else name.replace(",", "^", 1)
    return [part.strip() for part in separated.split("^")]


def _begins_with_the_words_of(one: str, other: str) -> bool:
    """Whether the shorter is the longer without its last words ("John" of "John Michael")."""
    if _spellings(one) & _spellings(other):
        return True
    words = sorted((re.split(r"[\s.]+", one), re.split(r"[\s.]+", other)), key=len)
    return all(_spellings(a) & _spellings(b) for a, b in zip(*words, strict=False))


def _same_words(one: str, other: str) -> bool:
    words = [sorted(min(_spellings(word)) for word in re.split(r"[\W_]+", n)) for n in (one, other)]
    return words[0] == words[1]


def _same_but_lost(one: str, other: str) -> bool:
    """Whether the names agree but for letters that could not be decoded."""
    for damaged, whole in ((one, other), (other, one)):
        pattern = r"\w{0,2}".join(
            re.escape(min(_spellings(piece))) for piece in damaged.split(_LOST)
        )
        if _LOST in damaged and any(re.fullmatch(pattern, word) for word in _spellings(whole)):
            return True
    return False


def _pairs(one: str, other: str) -> Sequence[tuple[str, str]]:
    return [(a, b) for a in _spellings(one) for b in _spellings(other)]


def _spellings(value: str) -> set[str]:
    """Return the letters and digits of a name in lower case, umlauts as ``u`` and as ``ue``."""
    composed = unicodedata.normalize("NFKC", value).casefold()
    return {_letters(composed), _letters(composed.translate(_EXPANDED))}


def _letters(value: str) -> str:
    # Accents (U+0300 to U+036F) are dropped; the marks of kana and Indian scripts are letters.
    taken_apart = unicodedata.normalize("NFKD", value.translate(_PLAIN))
    return "".join(
        char
        for char in taken_apart
        if char.isalnum()
        or (unicodedata.category(char)[0] == "M" and not "\u0300" <= char <= "\u036f")
    )
