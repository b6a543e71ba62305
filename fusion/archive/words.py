"""Words of descriptions in English, German, French and Spanish: what was examined, and how.

A description only ever leads to a proposal that a reader confirms. The words are one table, in
:mod:`fusion.archive.vocabulary`.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from fusion.archive.vocabulary import WORDS

Exam = Literal["radiographs", "mri", "diagnostic_ct", "spect_ct"]

_NO = frozenset(
    (
        *(
            "no",
            "without",
            "not",
            "denies",
            "ohne",
            "kein",
            "keine",
            "sans",
            "pas",
            "aucune",
            "aucun",
        ),
        *("sin", "non", "ninguna", "ninguno"),
    )
)
#: After what it denies ("prior surgery: none"); the second only at the end, where it is of nothing
#: that follows.
_NONE = frozenset(("none", "nil", "denied", "nein", "aucune", "aucun", "ninguna", "ninguno"))
_NO_AT_END = frozenset(["no", "non", "keine"])
#: What comes before the words of an operation that is still to come, within a few words.
_TO_COME = frozenset(
    (
        *("before", "planned", "planning", "vor", "geplante", "geplanter", "geplanten", "geplant"),
        *("avant", "prevu", "prevue", "programmee", "antes", "prevista", "programada", "awaiting"),
        *("consider", "candidate", "indikation", "indication"),
    )
)
_COMPRESSION = frozenset(["compression", "kompression", "compresion"])
#: Levels of the neck as people write them: C5, C5/6, C5-C6, C7-T1.
_LEVELS = re.compile(r"\bc ?[1-7]\b")
_NUMBER_OF_VIEWS = re.compile(
    r"\b(?:([23]|two|three)(?: (?:or |to )?[23])? ?(?:v|vw|vws|views?)"
    r"|([2-9]|zwei|drei|vier) ?(?:ebenen|eb|ebn|e)"
    r"|([2-4]|deux|trois|dos|tres) ?(?:incid[a-z]*|proy[a-z]*|p))\b"
)
_TWO = frozenset(("2", "two", "zwei", "deux", "dos"))
_BY_MODALITY: dict[str, Exam] = {
    **dict.fromkeys(("CR", "DX", "RF", "RG"), "radiographs"),
    "MR": "mri",
    "CT": "diagnostic_ct",
}
NUCLEAR = frozenset({"NM", "PT"})
RADIOGRAPHY = frozenset({"CR", "DX", "RF", "RG"})
#: Modalities that are no imaging of bone: ultrasound, angiography, endoscopy, and the like.
_NOT_BONE = frozenset({"US", "XA", "ES", "ECG", "MG", "IO", "OP", "OPT", "XC", "GM", "SM", "PX"})


@dataclass(frozen=True, slots=True)
class Described:
    """What a description says; each field is for a reader to confirm.

    Parameters
    ----------
    exam : str or None
        What was made; None where it cannot be told, or is none that the pathway asks for.
    is_neck : bool or None
        Whether it shows the spine of the neck; None where no region is named.
    views : frozenset of str
        Of ``"ap"``, ``"lateral"``, ``"flexion"`` and ``"extension"``; radiographs only.
    surgery : bool
        Whether the words speak of an operation that was done.
    contrast : bool or None
        Whether contrast was given, where it is said.
    """

    exam: Exam | None
    is_neck: bool | None
    views: frozenset[str]
    surgery: bool
    contrast: bool | None


def described(modalities: tuple[str, ...], *texts: str) -> Described:
    """Read the descriptions of a study or a series.

    Parameters
    ----------
    modalities : tuple of str
        As stated.
    *texts : str
        Body part and descriptions.
    """
    # A field is a sentence of its own: nothing that is said in one runs on in the next.
    said = " ; ".join(filter(None, (_folded(plain_words(one)) for one in texts)))
    exam = _exam(modalities, said)
    views: frozenset[str] = frozenset()
    if exam == "radiographs":
        views = frozenset(
            view for view in ("ap", "lateral", "flexion", "extension") if _says(said, view)
        )
        views |= _counted_views(said)
    return Described(
        exam=exam,
        is_neck=_is_neck(said, exam),
        views=views,
        surgery=_is_after_surgery(said, exam),
        contrast=_contrast(said) if exam in ("mri", "diagnostic_ct") else None,
    )


def plain_words(text: str) -> str:
    """Write a description in small letters without accents, one space between words."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])|_", " ", text.replace("ß", "ss"))
    folded = unicodedata.normalize("NFKD", split).casefold()
    letters = "".join(char for char in folded if not unicodedata.combining(char))
    return re.sub(r"[^a-z0-9]+", " ", letters).strip()


def _folded(plain_text: str) -> str:
    """Write umlauts as one letter, however they were written: "Röntgen", "Roentgen", "Rontgen"."""
    return re.sub("(?<=[aou])e", "", plain_text)


def _counted_views(said: str) -> set[str]:
    """Return what a number of views stands for: two or three are from the front and the side.

    Two that have names of their own (flexion and extension, both obliques) are those. Which four or
    more "views" are is not said; in German four "planes" are those two and both obliques.
    """
    found = _NUMBER_OF_VIEWS.search(said)
    has_names = _says(said, "flexion") or _says(said, "extension") or _says(said, "oblique")
    if found is None or (has_names and _TWO.intersection(found.groups())):
        return set()
    return {"ap", "lateral"}


def _exam(modalities: tuple[str, ...], said: str) -> Exam | None:
    stated = set(modalities)
    if stated & NUCLEAR:
        return "spect_ct" if "CT" in stated or _says(said, "diagnostic_ct") else None
    if _says(said, "intervention"):
        return None
    known = {_BY_MODALITY[one] for one in stated if one in _BY_MODALITY}
    if len(known) == 1:
        return known.pop()
    if known or stated & _NOT_BONE:
        return None
    if _says(said, "nuclear"):
        return "spect_ct" if _says(said, "diagnostic_ct") else None
    spoken: list[Exam] = [
        exam for exam in ("radiographs", "mri", "diagnostic_ct") if _says(said, exam)
    ]
    return spoken[0] if len(spoken) == 1 else None


def _is_neck(said: str, exam: Exam | None) -> bool | None:
    if _says(said, "whole spine"):
        return True
    general, elsewhere = _says(said, "neck in general"), _says(said, "other region")
    of_spine = _says(said, "neck") or _LEVELS.search(said) is not None
    of_spine = of_spine or (general and _says(said, "spine"))
    if _says(said, "not the spine"):
        return False
    if of_spine:
        # "cervico-thoraco-abdominal" is what lies before the spine, unless it is named.
        return not _says(said, "trunk") or _says(said, "spine") or _LEVELS.search(said) is not None
    if general:
        # With the head or the chest, or with contrast, it is its soft tissues; in nuclear medicine
        # its bones are seen with them.
        if exam == "spect_ct":
            return True
        return False if elsewhere or _contrast(said) else None
    return False if elsewhere else None


def _is_after_surgery(said: str, exam: Exam | None) -> bool:
    if _says(said, "before surgery"):
        return False
    return any(_tells_of_surgery(field, exam) for field in said.split(" ; "))


def _tells_of_surgery(said: str, exam: Exam | None) -> bool:
    for found in _pattern("surgery").finditer(said):
        before = said[: found.start()].split()
        after = said[found.end() :].split()
        denied = bool(_NO.intersection(before[-2:]) or _NONE.intersection(after[:1]))
        denied = denied or bool(_TO_COME.intersection(before[-4:]))
        denied = denied or (len(after) == 1 and after[0] in _NO_AT_END)
        of_images = found[0] in ("fusion", "fused") and exam == "spect_ct"
        # "compression/decompression", "compression C5/6, decompression" ask how narrow it is.
        near = [*_without_levels(before)[-1:], *_without_levels(after)[:1]]
        of_both = "ompres" in found[0] and _COMPRESSION.intersection(near)
        if not (of_images or denied or of_both):
            return True
    return False


def _without_levels(words: list[str]) -> list[str]:
    return [
        word for word in words if not re.fullmatch(r"c?[0-9]{0,2}|at|on|bei|en|a|und|and|or", word)
    ]


def _contrast(said: str) -> bool | None:
    if _says(said, "both contrasts"):
        return True
    if _says(said, "no contrast"):
        return False
    return True if _says(said, "contrast") else None


def _says(said: str, meaning: str) -> bool:
    return _pattern(meaning).search(said) is not None


@functools.cache
def _pattern(meaning: str) -> re.Pattern[str]:
    words = {_folded(word.strip()) for language in WORDS[meaning] for word in language.split(",")}
    parts = [re.escape(word).replace(r"\*", "[a-z0-9]*") for word in sorted(words, key=len)[::-1]]
    return re.compile(rf"\b(?:{'|'.join(parts)})\b")
