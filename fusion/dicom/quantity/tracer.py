"""What was injected: a tracer of bone, another one, or one that is not stated."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydicom.dataset import Dataset

from fusion.dicom.files.instance import items, text
from fusion.dicom.series import Kind
from fusion.errors import DicomError
from fusion.findings import Finding, FromFile
from fusion.findings.volumes import NOT_A_BONE_TRACER, TRACER_NOT_STATED

BONE, OTHER, UNSTATED = "bone", "other", "unstated"

# Names, abbreviations and trade names (docs/sources.md#tracers), in capitals, letters only.
_OF_BONE = re.compile(
    r"\b(H?MDP|HDP|HEDP|DPD|PYP|METHYLENE DIPHOSPHON\w*|MEDRON\w*|OXIDRON\w*|OSSEOS\w*"
    r"|BUTEDRON\w*|ETIDRON\w*|\w*PHOSPHON\w*|PYROPHOSPH\w*|TECHNESCAN HDP|TECEOS|OSTEO\w*"
    r"|NAF|SODIUM FLUORIDE|FLUORIDE|BONE)\b"
)
_OF_ELSE = re.compile(
    r"\b(FDG|\w*DEOXYGLUCOSE|FLUDEOXYGLUCOSE|\w*PSMA\w*|PIFLUFOLASTAT|DOTA\w*|OXODOTREOTIDE"
    r"|\w*TREOTIDE?|\w*TREOTATE|FAPI\w*|\w*CHOLINE|F?DOPA|FLUORODOPA|FLUCICLOVINE|FLT|FET"
    r"|FLUORO(ETHYL)?TYROSINE|FLORBET\w*|FLUTEMETAMOL|FES|\w*MIBI|TETROFOSMIN|MYOVIEW|CARDIOLITE"
    r"|PERTECHNETATE|MAA|MACRO ?AGGREGATED\w*|ALBUMIN|HSA|DTPA|PENTETATE|MAG ?3|MERTIATIDE|DMSA"
    r"|SUCCIMER|HIDA|MEBROFENIN|\w*COLLOID|NANOCOLL|EXAMETAZIME|HMPAO|BICISATE|ECD|TILMANOCEPT"
    r"|IOFLUPANE|DATSCAN|MIBG|IOBENGUANE|\w*LEU[CK]OCYTES?|WBC|RED (BLOOD )?CELLS?|RBC"
    r"|TEKTROTYD|HYNIC\w*|PENTETREOTIDE|OCTREOSCAN|CITRATE|CHLORIDE|THALLOUS\w*|IODIDE"
    r"|RUBIDIUM|AMMONIA|METHIONINE|ACETATE|WATER)\b"
)
#: Nuclides that no picture of bone is made with (pain is treated with some of them).
_NO_BONE_NUCLIDE = re.compile(
    r"\b(I 12[345]|12[345] I|I 131|131 I|IN 111|111 IN|TL 201|201 TL|GA 6[78]|6[78] GA"
    r"|LU 177|177 LU|C 11|11 C|N 13|13 N|O 15|15 O|RB 82|82 RB|CU 64|64 CU|ZR 89|89 ZR|XE 133"
    r"|(IODINE|INDIUM|THALLIUM|GALLIUM|LUTETIUM|CARBON|NITROGEN|OXYGEN|RUBIDIUM|COPPER|ZIRCONIUM"
    r"|XENON)( \d+)?)\b"
)
#: Words by which nuclides are written.
_OF_NUCLIDE = re.compile(
    r"M?TC|TECHNETI?UM|F|FLUORINE|I|IODINE|IN|INDIUM|TL|THALLIUM|GA|GALLIUM|LU|LUTETIUM|C|CARBON|N|O"
    r"|NITROGEN|OXYGEN|RB|RUBIDIUM|CU|COPPER|ZR|ZIRCONIUM|XE|XENON|SM|SAMARIUM|RA|RADIUM|M"
    r"|1[1358]|6[478]|8[29]|99|99 ?M|99M|111|12[345]|13[13]|153|177|201|223"
)


@dataclass(frozen=True, slots=True)
class Tracer:
    """What was injected.

    Parameters
    ----------
    kind : str
        ``"bone"``, ``"other"`` or ``"unstated"``.
    name : str
        As the file says it; empty when it does not.
    """

    kind: str
    name: str = ""


def tracer_of(item: Dataset) -> Tracer:
    """Return the tracer that an item of the Radiopharmaceutical Information Sequence names."""
    try:
        names = [text(item, "Radiopharmaceutical")]
        names += [text(c, "CodeMeaning") for c in items(item, "RadiopharmaceuticalCodeSequence")]
        nuclides = [text(c, "CodeMeaning") for c in items(item, "RadionuclideCodeSequence")]
    except DicomError:
        return Tracer(UNSTATED)
    name = next(filter(None, (*names, *nuclides)), "")
    said = " | ".join(_spaced(n) for n in names)
    if _OF_ELSE.search(said):
        return Tracer(OTHER, name)
    if _OF_BONE.search(said):
        return Tracer(BONE, name)
    if _NO_BONE_NUCLIDE.search(" | ".join((said, *(_spaced(n) for n in nuclides)))):
        return Tracer(OTHER, name)
    return Tracer(UNSTATED, name)


def tracer_stated(dataset: Dataset) -> Tracer:
    """Return what a header says was injected; that of its first radiopharmaceutical."""
    found = [tracer_of(i) for i in items(dataset, "RadiopharmaceuticalInformationSequence")]
    known = [tracer for tracer in found if tracer.kind != UNSTATED]
    return next(iter((*known, *found)), Tracer(UNSTATED))


def is_of_bone(dataset: Dataset) -> bool:
    """Tell whether a header states a tracer that shows the turnover of bone."""
    return tracer_stated(dataset).kind == BONE


def about_tracer(dataset: Dataset, *, kind: Kind) -> tuple[Finding, ...]:
    """Return the Finding that a functional volume does not show bone, or may not."""
    if not kind.is_functional:
        return ()
    tracer = tracer_stated(dataset)
    if tracer.kind == OTHER:
        return (NOT_A_BONE_TRACER(tracer=FromFile(tracer.name)),)
    # Nearly every SPECT of a neck is one of bone, and nearly every PET is not.
    if tracer.kind == UNSTATED and kind is Kind.PET:
        return (TRACER_NOT_STATED(),)
    return ()


def is_tracer_word(word: str) -> bool:
    """Whether a word of a tracer's name is one that is known: of the nuclide, or what carries it.

    Parameters
    ----------
    word : str
        Without blanks: ``"Tc-99m"``, ``"MDP"``, ``"[18F]NaF"``.
    """
    said = _spaced(word).strip()
    if _OF_BONE.fullmatch(said) or _OF_ELSE.fullmatch(said):
        return True
    return bool(said) and all(
        _OF_NUCLIDE.fullmatch(one) or _OF_BONE.fullmatch(one) or _OF_ELSE.fullmatch(one)
        for one in said.split()
    )


def _spaced(name: str) -> str:
    # "^99m^Technetium", "Tc-99m_HDP" and "F18-FDG" become words that \b can find.
    words = re.sub(r"[^A-Z0-9]+", " ", name.upper())
    return re.sub(r"(?<=[0-9])(?=[A-Z])|(?<=[A-Z])(?=[0-9]{2})", " ", words)
