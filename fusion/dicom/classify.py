"""What one DICOM object is, and which planner can make volumes of it.

The SOP class decides; Modality only where no SOP class is stated. A picture of a scan (Secondary
Capture) is never taken for the scan, whatever its Modality says.
"""

from __future__ import annotations

import re

from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    DeformableSpatialRegistrationStorage,
    EnhancedCTImageStorage,
    EnhancedPETImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
    LegacyConvertedEnhancedPETImageStorage,
    PositronEmissionTomographyImageStorage,
    SpatialRegistrationStorage,
)

from fusion.dicom.files.header import NM_CLASSES, sop_class_uid
from fusion.dicom.files.instance import Instance, integer, items, text, texts
from fusion.dicom.quantity.suv import NUCLIDES
from fusion.dicom.series import Kind, Planner
from fusion.dicom.volumes import nm

_SECONDARY_CAPTURE = frozenset(
    f"1.2.840.10008.5.1.4.1.1.7{suffix}" for suffix in ("", ".1", ".2", ".3", ".4")
)
_MULTIFRAME_CT = frozenset({EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage})
_MULTIFRAME_PET = frozenset({EnhancedPETImageStorage, LegacyConvertedEnhancedPETImageStorage})
# Nuclear Medicine, PET, and the retired "single-photon emission computed tomography".
_EMISSION = frozenset({"NM", "PT", "ST"})
#: Rigid and affine, and deformable.
REGISTRATION_CLASSES = frozenset({SpatialRegistrationStorage, DeformableSpatialRegistrationStorage})

#: Codes of single-photon emitters (PS3.16 CID 18, and CID 4020 of older files). A PET object that
#: names one holds a SPECT.
_SINGLE_PHOTON_CODES = frozenset(
    code
    for nuclide in NUCLIDES
    if not nuclide.is_positron_emitter
    for code in (nuclide.sct, nuclide.srt)
)
_SINGLE_PHOTON_NAME = re.compile(
    r"technetium|99m[\s-]?tc|tc[\s-]?99m|\b(?:123[\s-]?i|i[\s-]?123|111[\s-]?in|in[\s-]?111"
    r"|177[\s-]?lu|lu[\s-]?177|201[\s-]?tl|tl[\s-]?201|67[\s-]?ga|ga[\s-]?67)\b",
    re.IGNORECASE,
)

_POSITRON_CODES = frozenset(
    code
    for nuclide in NUCLIDES
    if nuclide.is_positron_emitter
    for code in (nuclide.sct, nuclide.srt)
)
_POSITRON_NAME = re.compile(
    r"fluor|fdg|\b(?:18[\s-]?f|f[\s-]?18|68[\s-]?ga|ga[\s-]?68|11[\s-]?c|c[\s-]?11|13[\s-]?n|n[\s-]?13"
    r"|15[\s-]?o|o[\s-]?15|82[\s-]?rb|rb[\s-]?82|64[\s-]?cu|cu[\s-]?64|89[\s-]?zr|zr[\s-]?89"
    r"|124[\s-]?i|i[\s-]?124)\b",
    re.IGNORECASE,
)


def classify(instance: Instance) -> tuple[Kind, Planner]:
    """Tell what an object is and which planner it goes to.

    Parameters
    ----------
    instance : Instance
        Any DICOM object.

    Raises
    ------
    DicomError
        An attribute that decides cannot be read.

    Notes
    -----
    CT images that state an emission modality are neither: nobody knows whether their values are
    densities or uptake.
    """
    dataset = instance.dataset
    sop_class = sop_class_uid(dataset)
    modality = text(dataset, "Modality").upper()
    if sop_class in NM_CLASSES:
        return nm.kind_of(instance), Planner.NM
    if contradicts_itself(dataset):
        return Kind.OTHER, Planner.NOBODY
    if sop_class in _MULTIFRAME_CT:
        return _ct_kind(dataset), Planner.MULTIFRAME
    if sop_class in _MULTIFRAME_PET:
        return _pet_kind(dataset), Planner.MULTIFRAME
    if sop_class == CTImageStorage or (not sop_class and modality == "CT"):
        return _ct_kind(dataset), Planner.STACK
    if sop_class == PositronEmissionTomographyImageStorage or (not sop_class and modality == "PT"):
        return _pet_kind(dataset), Planner.STACK
    if sop_class in REGISTRATION_CLASSES:
        return Kind.REGISTRATION, Planner.NOBODY
    if modality == "NM" and (sop_class in _SECONDARY_CAPTURE or not sop_class):
        kind = nm.kind_of(instance)
        return (Kind.OTHER if kind is Kind.SPECT else kind), Planner.NOBODY
    return Kind.OTHER, Planner.NOBODY


def contradicts_itself(dataset: Dataset) -> bool:
    """Whether an object is stored as CT images and says that they are NM or PET images."""
    return (
        sop_class_uid(dataset) in (CTImageStorage, *_MULTIFRAME_CT)
        and text(dataset, "Modality").upper() in _EMISSION
    )


def _ct_kind(dataset: Dataset) -> Kind:
    if "LOCALIZER" in texts(dataset, "ImageType"):
        return Kind.LOCALIZER
    return Kind.CT if _is_grey(dataset) else Kind.OTHER


def _pet_kind(dataset: Dataset) -> Kind:
    if not _is_grey(dataset):
        return Kind.OTHER
    is_spect = (
        any("RECON TOMO" in value for value in texts(dataset, "ImageType"))
        or text(dataset, "Modality").upper() in ("NM", "ST")
        or any(
            _is_single_photon(item)
            for item in items(dataset, "RadiopharmaceuticalInformationSequence")
        )
    )
    return Kind.SPECT if is_spect else Kind.PET


def _is_grey(dataset: Dataset) -> bool:
    # A fused colour capture may carry the SOP class of its source.
    return integer(dataset, "SamplesPerPixel") in (None, 1)


def names_positron_emitter(dataset: Dataset) -> bool:
    """Whether an object names a tracer that emits positrons, and none that emits single photons."""
    tracers = items(dataset, "RadiopharmaceuticalInformationSequence")
    return any(_names(item, _POSITRON_CODES, _POSITRON_NAME) for item in tracers) and not any(
        _is_single_photon(item) for item in tracers
    )


def _is_single_photon(radiopharmaceutical: Dataset) -> bool:
    return _names(radiopharmaceutical, _SINGLE_PHOTON_CODES, _SINGLE_PHOTON_NAME)


def _names(radiopharmaceutical: Dataset, among: frozenset[str], words: re.Pattern[str]) -> bool:
    codes = items(radiopharmaceutical, "RadionuclideCodeSequence")
    if any(text(code, "CodeValue") in among for code in codes):
        return True
    names = [text(code, "CodeMeaning") for code in codes]
    names.append(text(radiopharmaceutical, "Radiopharmaceutical"))
    return any(words.search(name.replace("^", "")) for name in names)
