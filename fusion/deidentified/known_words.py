"""Free text that a volume is read by, held against what is known: the rest is somebody's words.

The name of a tracer, an energy window and the meaning of a code are free text, in which files hold
names and study numbers as in any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from pydicom.dataset import Dataset
from pydicom.sr._snomed_dict import mapping
from pydicom.sr.codedict import codes

from fusion.dicom import NUCLIDES, is_tracer_word, is_unit_code, text

#: Stands where something was removed that has to be there.
REMOVED = "REMOVED"
#: In the name of an energy window.
_OF_A_WINDOW = frozenset(
    "EM PEAK PHOTOPEAK PRIMARY SCATTER LOWER UPPER LOW HIGH LEFT RIGHT WINDOW WIN KEV EW".split()  # noqa: SIM905
)
#: An energy, or a width in per cent.
_ENERGY = re.compile(r"\d{1,3}(\.\d)?(%|keV)?")
#: Coding schemes of the standard (PS3.16 table 8-1), of which codes are looked up.
_SCHEMES = ("DCM", "SCT", "RADLEX", "FMA", "LN", "UMLS", "NCIt", "MDC", "UCUM")
#: Names of the scheme that SNOMED CT was written in before 2018.
_OLD_SNOMED = ("SRT", "SNM3", "99SDM")


@lru_cache(maxsize=1)
def _meanings() -> dict[tuple[str, str], str]:
    meanings = {
        (scheme, code.value): code.meaning
        for scheme in _SCHEMES
        for code in getattr(codes, scheme).concepts.values()
    }
    old = {
        ("SRT", before): meanings[("SCT", after)]
        for before, after in mapping["SRT"].items()
        if ("SCT", after) in meanings
    }
    nuclides = {code: one.name for one in NUCLIDES for code in (("SCT", one.sct), ("SRT", one.srt))}
    return {**meanings, **old, **nuclides}


def known_words(keyword: str, value: str) -> str | None:
    """Return what is left of a text when all that is not known is taken out.

    Parameters
    ----------
    keyword : str
        ``Radiopharmaceutical``, ``EnergyWindowName``, ``LUTLabel`` or ``LUTExplanation``.
    value : str
        As the file holds it.
    """
    if keyword in ("LUTLabel", "LUTExplanation"):
        return REMOVED
    is_known: Callable[[str], bool] = is_tracer_word
    if keyword == "EnergyWindowName":

        def is_known(word: str) -> bool:
            of_window = re.sub(r"[^A-Z]", "", word.upper()) in _OF_A_WINDOW
            return of_window or bool(_ENERGY.fullmatch(word)) or is_tracer_word(word)

    kept = [word for word in value.split() if all(map(is_known, word.replace("_", " ").split()))]
    return " ".join(kept) or None


def clean_code(item: Dataset, identifier: Callable[[str], str]) -> None:
    """Write a code with the meaning that its scheme gives it; one that is not known loses both.

    Parameters
    ----------
    item : Dataset
        Of a sequence of codes; changed in place.
    identifier : callable
        Returns what stands for a code value, so that equal codes stay equal.
    """
    if "CodeValue" not in item and "CodeMeaning" not in item:
        return
    value, scheme = text(item, "CodeValue"), text(item, "CodingSchemeDesignator")
    meaning = _meanings().get(("SRT" if scheme in _OLD_SNOMED else scheme, value))
    if meaning is None and scheme == "UCUM" and is_unit_code(value):
        meaning = value
    if meaning is None:
        words = text(item, "CodeMeaning").split()
        meaning = " ".join(word for word in words if is_tracer_word(word)) or REMOVED
        item.add_new("CodeValue", "SH", identifier(value)[:16].upper())
        item.add_new("CodingSchemeDesignator", "SH", f"99{REMOVED}")
        if "CodingSchemeVersion" in item:
            del item.CodingSchemeVersion
    # Anew: the element itself is still the source's.
    item.add_new("CodeMeaning", "LO", meaning[:64])
