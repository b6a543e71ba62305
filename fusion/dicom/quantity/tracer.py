"""What was injected: a tracer of bone, another one, an unknown one, or one that is not stated."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from pydicom.dataset import Dataset

from fusion.dicom.files.instance import items, text
from fusion.dicom.series import Kind
from fusion.errors import DicomError
from fusion.findings import Finding, FromFile
from fusion.findings.volumes import (
    NOT_A_BONE_TRACER,
    TRACER_ASSUMED,
    TRACER_NOT_KNOWN,
    TRACER_NOT_STATED,
)

BONE, OTHER, UNKNOWN, UNSTATED = "bone", "other", "unknown", "unstated"

# Names, abbreviations and trade names (docs/sources.md#tracers), in capitals, letters only.
_OF_BONE = re.compile(
    r"\b(H?MDP|HDP|HEDP|DPD|PYP|MEDRON\w*|OX[IY]DRON\w*|OSSEOS\w*|BUTEDRON\w*|ETIDRON\w*"
    r"|\w*(PH|F)OS(PH|F)ON\w*|(PYRO|PIRO)(PH|F)OS(PH|F)\w*|TECEOS|OSTEO\w*|NAF"
    r"|\w*FLUORIDE?|FLUORURE|FLUORURO|BONE|KNOCHEN\w*|SKELET\w*|OSSEUSE?|HUESO|OSEO)\b"
)
_OF_ELSE = re.compile(
    r"\b("
    # Sugars, amino acids, receptors of tumours, brain, heart.
    r"FDG|\w*(DEOXY|DESOXY)GLU[CK]OSE|\w*PSMA\w*|PIFLUFOLASTAT|DOTA\w*|\w*REOTID[EA]?"
    r"|\w*TREOTATE?|\w*TREOTATO|OCTREO\w*|OCTREOSCAN|TEKTROTYD|HYNIC\w*|FAPI\w*|\w*CHOLINE?"
    r"|F?DOPA|FLUORODOPA|FLUCICLOVINE?|FLT|FET|FLUORO(ETHYL)?TYROSINE?|FLORBET\w*|FLUTEMETAMOL|FES"
    r"|METHIONINE?|A[CZ]ETATE?|NEOSPECT|NEOTECT|EXENDIN\w*|BOMBESIN\w*|EDDA|RGD"
    r"|IOFLUPANE?|DATSCAN|TRODAT|I?BZM|IMP|BMIPP|BICISATE?|NEUROLITE|ECD"
    r"|\w*MIBI|CARDIOLITE|STAMICIS|TETROFOSMIN\w*|MYOVIEW|RUBIDIUM|AMMONIA|AMMONIAK|WATER"
    # Blood, marrow, infection, lymph.
    r"|\w*LEU[CKQ]O\w*|GLOBULES? BLANCS?|WBC|(RED|WHITE) (BLOOD )?CELLS?|RBC|ER[YI]TRO\w*"
    r"|ERYTHRO\w*|HEMATIES?|\w*GRANULO[CZ]\w*|\w+MAB|S[CZ]INTIMUN\w*|NEUTROSPEC|CEA SCAN"
    r"|CERETEC|\w*[EH]XAMETAZIM\w*|HM ?PAO|OXIN\w*|TROPOLON\w*|UBIQUICIDIN\w*|UBI"
    r"|\w*CIPROFLOXACIN\w*|INFECTON|TILMANOCEPT\w*|LYMPHOSEEK|\w*[CK]OLL?OID\w*|NANO[CK]OLL\w*"
    r"|NANO(CIS|TOP|SCAN)|ALBURES|HEPATOCIS|SENTI SCINT|SENTISCINT|PH[YI]TATE?|SULE?FUR|SULPHUR"
    r"|\w*ALBUMIN\w*|HSA"
    # Lung, kidney, liver, thyroid, adrenals, and bare salts.
    r"|MAA|MA[CK]RO ?AGGREGA\w*|MA[CK]ROAGREGA\w*|MACROSALB|PULMOCIS|TECHNEGAS|DTPA|PENTETA?T\w*"
    r"|MAG ?3|MERTIATID\w*|NEPHROMAG|DMSA|SUC?CIMER\w*|RENOCIS|HIPPURAN\w*|EDTA|\w*HIDA|BRIDA"
    r"|MEBROFENIN\w*|CHOLETEC|PERTE[CK]H?NE[CT]\w*|M?IBG|IOBENGUAN\w*|ADREVIEW|CITRATE?|CITRATO"
    r"|CHLORIDE?|CHLORURE|CLORURO|THALLOUS\w*|[IJ]ODIDE?|IODURE|YODURO"
    r")\b"
)
#: Nuclides that no picture of bone is made with (pain is treated with some of them).
_NO_BONE_NUCLIDE = re.compile(
    r"\b([IJ] 12[345]|12[345] [IJ]|[IJ] 131|131 [IJ]|IN 111|111 IN|TL 201|201 TL|GA 6[78]|6[78] GA"
    r"|LU 177|177 LU|C 11|11 C|N 13|13 N|O 15|15 O|RB 82|82 RB|CU 64|64 CU|ZR 89|89 ZR|XE 133"
    r"|(IODINE|JOD|IODE|YODO|INDIUM|INDIO|TH?ALLIUM|TALIO|GALLIUM|GALIO|LUTETIUM|CARBON|NITROGEN"
    r"|OXYGEN|RUBIDIUM|COPPER|ZIRCONIUM|XENON)( \d+)?)\b"
)
#: Words that say of a tracer no more than its nuclide, or nothing.
_SAYS_NOTHING = re.compile(
    r"\b(M?TC|M?TE[CK]H?NE[TCZ]\w*|TECNECIO|FLUORINE?|FLUOR|RADIO\w*|TRACER|NUCLIDE?|ISOTOPE?|SOLUTION"
    r"|INJE[CK]TION\w*|MBQ|MCI|NONE|UNKNOWN|OTHER|UNSPECIFIED|NOT|SPECIFIED|STATED|UNBEKANNT|NULL|NA"
    r"|[A-Z]|\d+)\b"
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
        ``"bone"``, ``"other"``, ``"unknown"`` (a name that says nothing here) or ``"unstated"``.
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
    is_named = bool(_SAYS_NOTHING.sub("", said).replace("|", "").strip())
    return Tracer(UNKNOWN if is_named else UNSTATED, name)


def tracer_stated(dataset: Dataset) -> Tracer:
    """Return what a header says was injected; that of its first radiopharmaceutical."""
    found = [tracer_of(i) for i in items(dataset, "RadiopharmaceuticalInformationSequence")]
    known = [tracer for tracer in found if tracer.kind in (BONE, OTHER)]
    known += [tracer for tracer in found if tracer.kind == UNKNOWN]
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
    if tracer.kind == UNKNOWN:
        return (TRACER_NOT_KNOWN(tracer=FromFile(tracer.name)),)
    # Nearly every SPECT of a neck is one of bone, and nearly every PET is not.
    if tracer.kind == UNSTATED:
        return (TRACER_NOT_STATED() if kind is Kind.PET else TRACER_ASSUMED(),)
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
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    words = re.sub(r"[^A-Z0-9]+", " ", plain.upper())
    return re.sub(r"(?<=[0-9])(?=[A-Z])|(?<=[A-Z])(?=[0-9]{2})", " ", words)
