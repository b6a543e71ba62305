"""Words of descriptions in English, German, French and Spanish: what was examined, and how.

A description only ever leads to a proposal that a reader confirms. The words are one table, in
:mod:`fusion.archive.descriptions.vocabulary`; how far a "no", a "planned" or a region reaches is in
:mod:`fusion.archive.descriptions.mention`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from fusion.archive.descriptions.mention import (
    LEVEL,
    OPERATIONS,
    Mention,
    examined,
    mentions,
    stated,
    without_left_out,
)
from fusion.archive.descriptions.plain import field_of, pattern, says

Exam = Literal["radiographs", "mri", "diagnostic_ct", "spect_ct"]

_COMPRESSION = frozenset(["compression", "kompression", "compresion"])
_NUMBER_OF_VIEWS = re.compile(
    r"\b(?:([23]|two|three)(?: (?:or |to )?[23])? ?(?:v|vw|vws|views?)"
    r"|([2-9]|zwei|drei|vier) ?(?:ebenen|eb|ebn|e)"
    r"|([23]|deux|trois|dos|tres) ?(?:inc[a-z]*|proy[a-z]*|p))\b"
)
_TWO = frozenset(("2", "two", "zwei", "deux", "dos"))
#: What joins named views to a number of them: "2 Ebenen und Funktionsaufnahmen" are four.
_ADDED = re.compile(r" (?:[+,] )?(?:\+|und|u|and|et|y|mit|with|avec|con|sowie|plus|mas) ?$")
_NAMED_VIEWS = ("flexion", "extension", "oblique")
_OF_NECK = ("spine of the neck", "neck", "neck in general")
_CERVICAL_SPINE = re.compile(
    rf"(?:{pattern('neck').pattern})(?: [a-z+]+){{0,2}} (?:{pattern('spine').pattern})"
    rf"|(?:{pattern('spine').pattern})(?: [a-z+]+){{0,2}} (?:{pattern('neck').pattern})"
    # Its parts by their letters: "SPINE C/T/L".
    r"|\b(?:spines?|ws|wirbelsaule) (?:, )?c(?: (?:[,+&] |and |und )?(?:th?|d|l|ls|bws|lws)){1,3}\b"
)
#: The letter alone, where nothing else is named: "SPINE-C", but not "spine c/o pain".
_SPINE_C = re.compile(r"\bspines? c\b(?! (?:\d|[fos]\b|w (?!o\b|wo\b|and\b|con|gad|iv\b|,)))")
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
        Whether the words speak of an operation that was done, of the neck or of a part that they
        do not name.
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
    said = [field for field in map(field_of, texts) if field]
    fields = [field for field in said if not says(field, "localizer")] or said
    exam = _exam(modalities, fields)
    is_neck = _is_neck(fields, exam)
    if is_neck:  # what is said of another region is not said of the neck
        fields = [one for one in fields if _is_neck([one], exam) is not False]
    views = [_views(field) for field in fields] if exam == "radiographs" else []
    return Described(
        exam=exam,
        is_neck=is_neck,
        views=frozenset().union(*views),
        surgery=any(_tells_of_surgery(field, exam) for field in fields),
        contrast=_contrast(fields) if exam in ("mri", "diagnostic_ct") else None,
    )


def kinds_named(text: str) -> frozenset[Exam]:
    """Return the kinds of imaging that a description names.

    Parameters
    ----------
    text : str
        Of a study.
    """
    said = field_of(text)
    kinds: tuple[Exam, ...] = ("radiographs", "mri", "diagnostic_ct")
    return frozenset(exam for exam in kinds if says(said, exam))


def _views(said: str) -> set[str]:
    """Return the views that were made; one that is denied or to come anywhere is not among them."""
    named = {view for view in ("ap", "lateral", "flexion", "extension") if _is_made(said, view)}
    return named | _counted_views(said)


def _is_made(said: str, view: str) -> bool:
    made = [one for one in mentions(said, view) if not one.is_complaint()]
    return bool(made) and not any(
        one.is_denied() or one.is_open() or one.is_asked() for one in made
    )


def _counted_views(said: str) -> set[str]:
    """Return what a number of views stands for: two or three are from the front and the side.

    Two that have names of their own (flexion and extension, both obliques) are those, unless the
    names are added to the number. Which four or more "views" are is not said; in German four
    "planes" are those two and both obliques.
    """
    found = _NUMBER_OF_VIEWS.search(said)
    if found is None:
        return set()
    made = (
        one
        for one in stated(said, *_NAMED_VIEWS)
        if not (one.is_open() or one.is_asked() or one.is_complaint())
    )
    named = next(made, None)
    if named and _TWO.intersection(found.groups()):
        return {"ap", "lateral"} if _ADDED.match(said[found.end() : named.start]) else set()
    return {"ap", "lateral"}


def _exam(modalities: tuple[str, ...], fields: list[str]) -> Exam | None:
    said = " ; ".join(fields)
    given = set(modalities)
    if given & NUCLEAR:
        return "spect_ct" if "CT" in given or says(said, "diagnostic_ct") else None
    if any(_is_intervention(field) for field in fields):
        return None
    known = {_BY_MODALITY[one] for one in given if one in _BY_MODALITY}
    if len(known) == 1:
        return known.pop()
    if known or given & _NOT_BONE:
        return None
    if says(said, "paper"):
        return None
    if says(said, "nuclear"):
        return "spect_ct" if says(said, "diagnostic_ct") else None
    spoken: list[Exam] = [
        exam for exam in ("radiographs", "mri", "diagnostic_ct") if says(said, exam)
    ]
    return spoken[0] if len(spoken) == 1 else None


def _is_intervention(said: str) -> bool:
    """Whether it was done by or with pictures: not where it is to come, or was done before."""
    return any(
        not (found.is_to_come() or found.is_marked_done() or found.has_grown())
        for found in stated(said, "intervention", "in theatre")
    )


def _is_neck(fields: list[str], exam: Exam | None) -> bool | None:
    parts = [without_left_out(examined(field), *_OF_NECK) for field in fields]
    said = " ; ".join(parts)
    if says(said, "whole spine") or any(map(_names_the_spine_of_the_neck, parts)):
        return True
    elsewhere, has_contrast = says(said, "other region"), _contrast(fields)
    if says(said, "not the spine"):
        return False
    if says(said, "spine of the neck"):  # only by a code
        return True
    general, spine = says(said, "neck in general"), says(said, "spine")
    if says(said, "neck") or (general and spine):
        # "cervico-thoraco-abdominal" is what lies before the spine, unless it is named.
        return spine or not says(said, "trunk")
    if not elsewhere and (LEVEL.search(said) or _SPINE_C.search(said)):
        return True
    if general:
        # With the head or the chest, or with contrast, it is its soft tissues; in nuclear medicine
        # its bones are seen with them.
        if exam == "spect_ct":
            return True
        return False if elsewhere or has_contrast else None
    return False if elsewhere else None


def _names_the_spine_of_the_neck(said: str) -> bool:
    """Whether a description does; a code alone is no description."""
    found = pattern("spine of the neck").search(said) or _CERVICAL_SPINE.search(said)
    return found is not None and found[0] != said


def _tells_of_surgery(said: str, exam: Exam | None) -> bool:
    return any(
        not (
            found.is_to_come()
            or found.is_elsewhere()
            or _is_asked_about(found)
            or _is_no_operation(found, exam)
        )
        for found in stated(said, *OPERATIONS)
    )


def _is_asked_about(found: Mention) -> bool:
    """Whether it is the operation that is asked about, not what became of it."""
    reach = 0 if found.is_marked_done() else 1
    clause = f"{found.before} ; {found.rest_of_clause}"
    return found.is_asked(reach) and not says(clause, "state of an operation")


def _is_no_operation(found: Mention, exam: Exam | None) -> bool:
    words = found.words
    before, after = found.said[: found.start].split(), found.said[found.end :].split()
    if pattern("surgery").fullmatch(words) is None:
        return not found.says_where_and_that()
    if "ompres" in words:
        # "compression/decompression", "compression C5/6, decompression" ask how narrow it is.
        near = [*_without_levels(before)[-1:], *_without_levels(after)[:1]]
        return bool(_COMPRESSION.intersection(near))
    if pattern("implant").fullmatch(words):
        return found.is_elsewhere() is None
    if pattern("fusion").fullmatch(words):
        if found.is_marked_done():
            return False
        near_words = " ".join([*before[-2:], ";", *after[:2]])
        of_images = exam == "spect_ct" or says(near_words, "images")
        has_level = LEVEL.match(" ".join(after)) is not None
        return found.has_grown_together() or (of_images and not has_level)
    return False


def _without_levels(words: list[str]) -> list[str]:
    levels = r"c?[0-9]{0,2}|at|on|bei|en|a|und|and|or|,|\+"
    return [word for word in words if not re.fullmatch(levels, word)]


def _contrast(fields: list[str]) -> bool | None:
    """Tell whether contrast was given; that it was refused counts more than the exam's name."""
    given = denied = False
    for said in fields:
        of_contrast = list(mentions(said, "contrast"))
        if any(one.is_refused() for one in of_contrast):
            return False
        if says(said, "with or without"):
            continue
        given = given or says(said, "both contrasts") or _ends_with(said, "with at the end")
        denied = denied or says(said, "no contrast") or _ends_with(said, "without at the end")
        for one in of_contrast:
            if one.is_asked():
                continue
            if one.is_denied():
                denied = True
            elif not one.is_open() and not one.is_other_than_contrast():
                given = True
    return True if given else False if denied else None


def _ends_with(said: str, meaning: str) -> bool:
    return re.search(rf"(?:{pattern(meaning).pattern})(?: [,+]|$)", said) is not None
