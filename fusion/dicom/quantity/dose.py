"""The injected activity: in which unit it is stated, and whether anybody injects that much.

DICOM has no place for the unit of Radionuclide Total Dose, and people type what their injector
shows. An activity is believed only where it is plausible for the nuclide, the tracer and the weight
of the patient (docs/sources.md#injected-activity); 20 mCi written as 20 is not.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.uid import (
    LegacyConvertedEnhancedPETImageStorage,
    PositronEmissionTomographyImageStorage,
)

from fusion.dicom.files.instance import number, text
from fusion.dicom.quantity.tracer import BONE, tracer_of
from fusion.errors import DicomError
from fusion.findings import Finding
from fusion.findings.volumes import DOSE_UNIT

#: A dose of at least this is in Bq, whatever the object type prescribes ...
SURELY_BQ = 1e6
#: ... and one of at most this in MBq. Between them the unit cannot be known.
SURELY_MBQ = 15_000.0
#: No image is made of less.
LEAST_DOSE_MBQ = 1.0
#: Plausible activity by nuclide, MBq for each kg of the patient: half of the least that guidelines
#: ask for, and twice the most (docs/sources.md#injected-activity).
MBQ_PER_KG = {
    "Tc-99m": (0.75, 60.0),
    "I-123": (0.5, 15.0),
    "I-131": (0.2, 250.0),
    "In-111": (0.1, 12.0),
    "Lu-177": (4.0, 300.0),
    "Tl-201": (0.4, 8.0),
    "Ga-67": (0.4, 12.0),
    "F-18": (0.45, 25.0),
    "Ga-68": (0.4, 12.0),
}
#: The same of Tc-99m with a tracer of bone, of which more is given.
BONE_MBQ_PER_KG = (1.5, 60.0)
#: One millicurie, MBq.
MBQ_PER_MCI = 37.0

_DOSE_IN_BQ = frozenset(
    {PositronEmissionTomographyImageStorage, LegacyConvertedEnhancedPETImageStorage}
)


@dataclass(frozen=True, slots=True)
class Dose:
    """The injected activity.

    Parameters
    ----------
    mbq : float or None
        None when it is missing or not believed.
    problem : str or None
        What a reader would have to supply, when it is None.
    findings : tuple of Finding
        That the unit is not the prescribed one.
    """

    mbq: float | None
    problem: str | None = None
    findings: tuple[Finding, ...] = ()


def dose_of(
    dataset: Dataset, tracer: Dataset, *, nuclide: str | None, weight_kg: float | None
) -> Dose:
    """Return the injected activity that a header states.

    Parameters
    ----------
    dataset, tracer : Dataset
        Header, and the item of its Radiopharmaceutical Information Sequence.
    nuclide : str or None
        As in :data:`MBQ_PER_KG`; None when not known: then only the unit is looked at.
    weight_kg : float or None
        Of the patient.
    """
    try:
        dose = number(tracer, "RadionuclideTotalDose")
    except DicomError:
        dose = None
    if dose is None:
        return Dose(None, "Radionuclide Total Dose")
    in_bq = dose >= SURELY_BQ
    if dose < LEAST_DOSE_MBQ or SURELY_MBQ < dose < SURELY_BQ:
        return Dose(
            None,
            f"a Radionuclide Total Dose in a known unit (the file states {dose:g}, which is "
            "plausible neither in Bq nor in MBq)",
        )
    mbq = dose / 1e6 if in_bq else dose
    # PS3.3: MBq in NM (C.8.4.10.1.7) and Enhanced PET, Bq in classic PET (C.8.9.2).
    prescribed_bq = text(dataset, "SOPClassUID") in _DOSE_IN_BQ
    if (doubt := _implausible(mbq, tracer, nuclide, weight_kg)) is not None:
        return Dose(None, f"a plausible Radionuclide Total Dose ({_stated(dose, in_bq)}{doubt})")
    if in_bq == prescribed_bq:
        return Dose(mbq)
    unlike = DOSE_UNIT(
        dose=dose,
        unit="Bq" if in_bq else "MBq",
        prescribed="Bq" if prescribed_bq else "MBq",
        dose_mbq=mbq,
    )
    return Dose(mbq, findings=(unlike,))


def _stated(dose: float, in_bq: bool) -> str:
    return f"the file states {dose:g}" + (f" Bq, {dose / 1e6:g} MBq" if in_bq else "")


def _implausible(
    mbq: float, tracer: Dataset, nuclide: str | None, weight_kg: float | None
) -> str | None:
    """Say why nobody injects that much or that little; None when it may be."""
    if nuclide is None or weight_kg is None:
        return None
    is_bone = nuclide == "Tc-99m" and tracer_of(tracer).kind == BONE
    least, most = BONE_MBQ_PER_KG if is_bone else MBQ_PER_KG[nuclide]
    if least <= mbq / weight_kg <= most:
        return None
    word = "little" if mbq / weight_kg < least else "much"
    doubt = f", too {word} in MBq for {nuclide} and {weight_kg:g} kg"
    if least <= mbq * MBQ_PER_MCI / weight_kg <= most:
        doubt += f"; were it mCi, {mbq * MBQ_PER_MCI:g} MBq"
    return doubt
