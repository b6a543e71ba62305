"""Whether photons lost in the patient were accounted for, and which volumes are no uptake at all.

Pairing prefers attenuation-corrected volumes and must never offer an attenuation map (a picture of
density, made from a CT or a transmission source) as uptake.
"""

from __future__ import annotations

import re

from pydicom.dataset import Dataset

from fusion.dicom.files.instance import items, text, texts
from fusion.findings import Finding
from fusion.findings.volumes import ATTENUATION_MAP, ATTENUATION_MAP_POSSIBLE

# Names that workstations give to reconstructions: "AC", "CTAC", and GE's image identifiers
# "IRAC", "IRACSC", "IRACSCRR" (iterative, attenuation, scatter, resolution) and "IRNC" (none),
# with a running number behind them ("IRAC001_DS").
_AC = r"(CT ?)?(IR)?AC(SC)?(RR)?\d*"
_NOT_CORRECTED = re.compile(
    r"\b(IRN(A)?C\w*|UNCORR\w*"
    rf"|(NO|NON|NOT|N|UN|W O|WO|WITHOUT|OHNE|SANS) ?({_AC}|ATT(N|EN\w*)?)"
    rf"|{_AC} (OFF|NONE))\b"
)
_CORRECTED = re.compile(rf"\b({_AC}(?! JOINTS?\b)|ATT(N|EN\w*)? ?CORR\w*)\b")
# Short for "not corrected", and for much else: counts only where nothing claims the opposite.
_PERHAPS_NOT_CORRECTED = re.compile(r"\bNC\b")
_MAP = re.compile(
    r"\b((CT|(CT ?)?ACM?|MUE?|U|ATT(N|EN(UATION)?)?|TX|TRANSMISSION) ?MAPS?\d*"
    r"|ATTENUATION COEFF\w*|TRANSMISSION)\b"
)


def attenuation_corrected(dataset: Dataset) -> bool | None:
    """Tell whether an NM or PT object was corrected for attenuation.

    Parameters
    ----------
    dataset : Dataset
        Header.

    Returns
    -------
    bool or None
        None when nothing is said about it.

    Notes
    -----
    Read in this order: Attenuation Correction Method (0054,1101) and Attenuation Corrected
    (0018,9759); a name that denies it (``NAC``, ``IRNC``, …); ``ATTN`` in Corrected Image
    (0028,0051); a name that claims it (``AC``, ``IRAC``, …); ``NC``. A name that denies it
    outweighs ``ATTN``: a GE Discovery ST series called "PET NAC", in proportional counts and
    without a method, was found to carry ``ATTN``.
    """
    method = text(dataset, "AttenuationCorrectionMethod").upper()
    stated = text(dataset, "AttenuationCorrected").upper()
    names = _names(dataset)
    if method == "NONE" or stated == "NO" or _NOT_CORRECTED.search(names):
        return False
    if method or stated == "YES" or "ATTN" in texts(dataset, "CorrectedImage"):
        return True
    if _CORRECTED.search(names):
        return True
    return False if _PERHAPS_NOT_CORRECTED.search(names) else None


def attenuation_map(dataset: Dataset) -> Finding | None:
    """Return a Finding when an NM object is, or may be, an attenuation map.

    Parameters
    ----------
    dataset : Dataset
        Header.

    Returns
    -------
    Finding or None
        Code :data:`ATTENUATION_MAP` when Image Type, the unit or the name says so;
        :data:`ATTENUATION_MAP_POSSIBLE` when only the Radiopharmaceutical does (a GE Xeleris
        workstation was found to write "ATTENUATION MAPS" there for an emission reconstruction).
    """
    if "TRANSMISSION" in texts(dataset, "ImageType"):
        reason = "its Image Type says TRANSMISSION"
    elif is_map_by_name(dataset):
        reason = "its name says so"
    elif any(
        text(unit, "CodeValue") in {"/cm", "1/cm", "cm-1"}
        for mapping in items(dataset, "RealWorldValueMappingSequence")
        for unit in items(mapping, "MeasurementUnitsCodeSequence")
    ):
        reason = "its values are in 1/cm"
    else:
        tracers = items(dataset, "RadiopharmaceuticalInformationSequence")
        if any(_MAP.search(_spaced(text(item, "Radiopharmaceutical"))) for item in tracers):
            return ATTENUATION_MAP_POSSIBLE()
        return None
    return ATTENUATION_MAP(reason=reason)


def is_map_by_name(dataset: Dataset) -> bool:
    """Whether the name of a series says that it is an attenuation map."""
    return _MAP.search(_names(dataset)) is not None


def _names(dataset: Dataset) -> str:
    return " | ".join(_spaced(text(dataset, word)) for word in ("SeriesDescription", "ImageID"))


def _spaced(name: str) -> str:
    # "AC-Map", "mu_map", "µMap" and "TOMO_EM_IRACSCRR" become words that \b can find. Both signs
    # for micro have the Greek capital as their upper case.
    return re.sub(r"[^A-Z0-9]+", " ", name.upper().replace("\N{GREEK CAPITAL LETTER MU}", "MU"))
