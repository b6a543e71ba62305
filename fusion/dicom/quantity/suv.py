"""From activity concentration to SUV by body weight.

``SUVbw = C [Bq/mL] · weight [g] / (dose [Bq] · 2^(−Δt / T½))`` where Δt runs from the injection to
the moment to which the image is decay corrected, and 1 mL weighs 1 g.

The factor exists only when the file states every input and they agree with each other; otherwise
:class:`Suv` names what is missing. Ratios need none of this.

Activity left in the syringe is usually not subtracted from the stated dose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydicom.dataset import Dataset

from fusion.dicom.files.header import NM_CLASSES
from fusion.dicom.files.instance import items, number, text, texts
from fusion.dicom.quantity.agreement import differing
from fusion.dicom.quantity.dose import dose_of
from fusion.dicom.quantity.moments import date_time_of, moment, time_of
from fusion.dicom.quantity.unit import BQ_PER_ML, KBQ_PER_ML, SUVBW, UNITS
from fusion.errors import DicomError
from fusion.findings import Finding, FromFile
from fusion.findings.volumes import (
    DECAY_REFERENCE_ASSUMED,
    HALF_LIFE_DISAGREES,
    INJECTION_DATE_ASSUMED,
    INJECTION_TIMES_DIFFER,
    SERIES_AFTER_ACQUISITION,
    SLICES_DISAGREE,
    SUV_DISAGREES,
    SUV_INPUTS,
    SUV_NOT_AVAILABLE,
)

#: Plausible weight of a patient, kg. Zero is what some cameras write for "not entered". This and
#: the next four: docs/sources.md#suv.
WEIGHT_RANGE_KG = (1.0, 400.0)
#: An image made later than this many half-lives after injection has a wrong time in its header.
MOST_HALF_LIVES = 10
#: The half-life in the file is used when it agrees with the table this well (relative;
#: docs/sources.md#half-life).
HALF_LIFE_TOLERANCE = 0.01

#: Clocks of two devices are taken to differ by no more than this, seconds ...
CLOCKS_APART_S = 2 * 3600.0
#: ... and an image of a nuclide that lives for hours is made within this time of the injection,
#: seconds (docs/sources.md#suv): bone is imaged 2 to 5 h after it.
LONGEST_WAIT_S = 12 * 3600.0

#: Two times of injection are one when they are this near, seconds: one has no seconds.
SAME_TIME_S = 60.0
#: The SUV of the file and the one that is computed agree this well (relative): weights and doses
#: are rounded, and decay is counted to the start or the middle of a bed.
SAME_SUV = 0.05

_HOUR = 3600.0
_DAY = 24 * _HOUR
# Nuclides that live longer than this are often imaged on a later day than that of the injection.
_SAME_DAY_HALF_LIFE_S = 8 * _HOUR
# SRT, SNM3 and 99SDM are older names of the scheme that holds codes such as C-163A8.
_SCHEMES = frozenset({"SCT", "SRT", "SNM3", "99SDM"})


@dataclass(frozen=True, slots=True)
class Nuclide:
    """A radionuclide that images are made with.

    Parameters
    ----------
    name : str
        As written on screen: ``"Tc-99m"``.
    sct, srt : str
        SNOMED CT code and the code of the older scheme (DICOM CID 18 and CID 4020).
    half_life_s : float
        Half-life, seconds.
    is_positron_emitter : bool
        Whether it is imaged by PET; else it emits single photons.
    """

    name: str
    sct: str
    srt: str
    half_life_s: float
    is_positron_emitter: bool = False


#: Half-lives: Tc-99m from NNDC, Nuclear Data Sheets 145 (2017); the others from the European
#: Pharmacopoeia, table 5.7, and Decay Data Evaluation Project values, rounded to 0.1 % or better.
NUCLIDES = (
    Nuclide("Tc-99m", "72454006", "C-163A8", 6.0072 * _HOUR),
    Nuclide("I-123", "21572004", "C-114A4", 13.22 * _HOUR),
    Nuclide("I-131", "1368003", "C-114B1", 8.023 * _DAY),
    Nuclide("In-111", "56609000", "C-145A4", 2.805 * _DAY),
    Nuclide("Lu-177", "447553000", "C-101ED", 6.645 * _DAY),
    Nuclide("Tl-201", "60057003", "C-138A9", 3.042 * _DAY),
    Nuclide("Ga-67", "2008008", "C-131A2", 3.261 * _DAY),
    Nuclide("F-18", "77004003", "C-111A1", 109.77 * 60, is_positron_emitter=True),
    Nuclide("Ga-68", "35337001", "C-131A3", 67.8 * 60, is_positron_emitter=True),
)


@dataclass(frozen=True, slots=True)
class Suv:
    """The factor to SUVbw, or what is missing for it.

    Parameters
    ----------
    factor : float or None
        ``SUVbw [g/mL] = factor * value`` in the unit asked about; None when not computable.
    missing : tuple of str
        The inputs that are missing or contradict each other, as a reader knows them.
    findings : tuple of Finding
        The inputs used, or that there is no SUV; doubts.
    dose_mbq : float or None
        Injected activity as interpreted, MBq.
    interval_h : float or None
        From the injection to the decay reference, hours.
    half_life_s : float or None
        Half-life used, seconds.
    weight_kg : float or None
        Patient Weight, kg.
    decay_reference : str or None
        The moment to which the image is decay corrected, in words.
    """

    factor: float | None
    missing: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    dose_mbq: float | None = None
    interval_h: float | None = None
    half_life_s: float | None = None
    weight_kg: float | None = None
    decay_reference: str | None = None


@dataclass(slots=True)
class _Notes:
    """What is found out along the way."""

    missing: list[str]
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class _Reference:
    """The moment to which values are decay corrected; None means the injection itself."""

    moment: datetime | None
    words: str


def suvbw_factor(
    dataset: Dataset,
    *,
    unit: str,
    acquisitions: Sequence[Dataset] | None = None,
    slices: Sequence[Dataset] = (),
    stated: float | None = None,
) -> Suv:
    """Return the factor from a unit to SUV by body weight.

    Parameters
    ----------
    dataset : Dataset
        Header of one NM or PT object of the volume.
    unit : str
        Unit of the values, as :func:`fusion.dicom.quantity.unit.quantity_of` writes it.
    acquisitions : sequence of Dataset, optional
        Headers of all objects of the series: the acquisition starts with the earliest.
    slices : sequence of Dataset, optional
        Headers of all objects of the volume, where there are several: they have to agree.
    stated : float, optional
        The factor that the file states itself, which is held against the one that is computed.

    Returns
    -------
    Suv
        Never raises for what the header says: an input that cannot be read counts as missing.

    Notes
    -----
    PT: Decay Correction (0054,1102) START refers to the start of the series, or of the earliest
    acquisition when the series is dated later (reprocessed); ADMIN to the injection, so that
    nothing decays; NONE is not supported. Enhanced PET: Decay Correction DateTime (0018,9701).
    NM has no such attribute: ``DECY`` in Corrected Image is required and the start of the
    acquisition is taken as the reference, with a Finding.
    """
    unlike = differing(slices, values=True)
    if unit == SUVBW and not unlike:
        return Suv(1.0, decay_reference="as stored by the scanner")
    notes = _Notes([], [SLICES_DISAGREE(differing=unlike)] if unlike else [])
    unlike += differing(slices, values=False)
    notes.missing += [f"one {name} (the slices state different ones)" for name in unlike]
    scale = {BQ_PER_ML: 1.0, KBQ_PER_ML: 1000.0}.get(unit)
    if scale is None:
        said = f"activity concentration (the values are in {unit})"
        notes.missing.append(said if unit in UNITS else FromFile(said))
    weight = _weight(dataset, notes)
    reference = _reference(dataset, acquisitions or (dataset,), notes)
    tracers = items(dataset, "RadiopharmaceuticalInformationSequence")
    if len(tracers) != 1:
        notes.missing.append(
            "Radiopharmaceutical Information"
            if not tracers
            else f"a single radiopharmaceutical (the file states {len(tracers)})"
        )
        return _unavailable(notes, weight_kg=weight)
    nuclide = nuclide_of(tracers[0])
    dose = _dose_mbq(dataset, tracers[0], nuclide, weight, notes)
    decay, interval, half_life = 1.0, None, None
    if reference is not None and reference.moment is not None:
        if nuclide is None:
            notes.missing.append("the code of a known radionuclide")
        half_life = None if nuclide is None else _half_life(tracers[0], nuclide, notes)
        interval = _interval_s(dataset, tracers[0], reference.moment, half_life, notes)
        if half_life is not None and interval is not None:
            decay = 2.0 ** (-interval / half_life)
    shown = None if interval is None else interval / _HOUR
    if notes.missing or scale is None or weight is None or dose is None or reference is None:
        return _unavailable(
            notes, dose_mbq=dose, interval_h=shown, half_life_s=half_life, weight_kg=weight
        )
    decayed = (
        "values refer to the injection"
        if shown is None or half_life is None
        else f"{shown:.2f} h from injection to {reference.words}, half-life "
        f"{half_life / _HOUR:.3f} h"
    )
    notes.findings.append(SUV_INPUTS(dose=dose, weight_kg=weight, decayed=decayed))
    factor = scale * weight * 1000.0 / (dose * 1e6 * decay)
    if stated is not None and abs(stated / factor - 1) > SAME_SUV:
        notes.findings.append(SUV_DISAGREES(times=stated / factor))
    return Suv(
        factor,
        findings=tuple(notes.findings),
        dose_mbq=dose,
        interval_h=shown,
        half_life_s=half_life,
        weight_kg=weight,
        decay_reference=reference.words,
    )


def _unavailable(
    notes: _Notes,
    *,
    dose_mbq: float | None = None,
    interval_h: float | None = None,
    half_life_s: float | None = None,
    weight_kg: float | None = None,
) -> Suv:
    # What was assumed for an SUV that there is not would be untrue, and in the reader's way.
    reason = SUV_NOT_AVAILABLE(missing=tuple(notes.missing))
    contradicted = [finding for finding in notes.findings if finding.kind is SLICES_DISAGREE]
    return Suv(
        None,
        missing=tuple(notes.missing),
        findings=(*contradicted, reason),
        dose_mbq=dose_mbq,
        interval_h=interval_h,
        half_life_s=half_life_s,
        weight_kg=weight_kg,
    )


def _number(dataset: Dataset, keyword: str) -> float | None:
    try:
        return number(dataset, keyword)
    except DicomError:
        return None


def _weight(dataset: Dataset, notes: _Notes) -> float | None:
    weight = _number(dataset, "PatientWeight")
    if weight is None:
        notes.missing.append("Patient Weight")
    elif not WEIGHT_RANGE_KG[0] <= weight <= WEIGHT_RANGE_KG[1]:
        notes.missing.append(f"a plausible Patient Weight (the file states {weight:g} kg)")
    else:
        return weight
    return None


def _dose_mbq(
    dataset: Dataset,
    tracer: Dataset,
    nuclide: Nuclide | None,
    weight_kg: float | None,
    notes: _Notes,
) -> float | None:
    name = None if nuclide is None else nuclide.name
    dose = dose_of(dataset, tracer, nuclide=name, weight_kg=weight_kg)
    notes.findings += dose.findings
    notes.missing += [dose.problem] if dose.problem else []
    return dose.mbq


def _reference(
    dataset: Dataset, acquisitions: Sequence[Dataset], notes: _Notes
) -> _Reference | None:
    if text(dataset, "SOPClassUID") in NM_CLASSES:
        return _nm_reference(dataset, acquisitions, notes)
    correction = text(dataset, "DecayCorrection").upper()
    if correction == "ADMIN":
        return _Reference(None, "the injection")
    if correction == "START":
        return _start_reference(dataset, acquisitions, notes)
    if not correction and text(dataset, "DecayCorrected").upper() == "YES":
        stated = date_time_of(dataset, "DecayCorrectionDateTime", scanner=dataset)
        if stated is None:
            notes.missing.append("Decay Correction DateTime")
            return None
        return _Reference(stated, "the decay correction time")
    if correction == "NONE" or text(dataset, "DecayCorrected").upper() == "NO":
        notes.missing.append("decay correction (the file says that there was none)")
    else:
        notes.missing.append("Decay Correction")
    return None


def _nm_reference(
    dataset: Dataset, acquisitions: Sequence[Dataset], notes: _Notes
) -> _Reference | None:
    if "DECY" not in texts(dataset, "CorrectedImage"):
        notes.missing.append("decay correction (DECY in Corrected Image)")
        return None
    start = _earliest(acquisitions)
    if start is None:
        notes.missing.append("Acquisition Date and Time")
        return None
    notes.findings.append(DECAY_REFERENCE_ASSUMED())
    return _Reference(start, "the start of the acquisition (assumed)")


def _start_reference(
    dataset: Dataset, acquisitions: Sequence[Dataset], notes: _Notes
) -> _Reference | None:
    series, acquired = moment(dataset, "Series"), _earliest(acquisitions)
    if series is not None and acquired is not None and series > acquired:
        notes.findings.append(SERIES_AFTER_ACQUISITION())
        return _Reference(acquired, "the start of the acquisition")
    if series is not None:
        return _Reference(series, "the start of the series")
    if acquired is not None:
        return _Reference(acquired, "the start of the acquisition")
    notes.missing.append("Series or Acquisition Date and Time")
    return None


def _earliest(datasets: Sequence[Dataset]) -> datetime | None:
    return min(
        (start for ds in datasets if (start := moment(ds, "Acquisition")) is not None), default=None
    )


def nuclide_of(tracer: Dataset) -> Nuclide | None:
    """Return the nuclide that an item of the Radiopharmaceutical Information Sequence codes."""
    for code in items(tracer, "RadionuclideCodeSequence"):
        scheme, value = text(code, "CodingSchemeDesignator").upper(), text(code, "CodeValue")
        if scheme in _SCHEMES:
            known = next((n for n in NUCLIDES if value in (n.sct, n.srt)), None)
            if known is not None:
                return known
    return None


def _half_life(tracer: Dataset, nuclide: Nuclide, notes: _Notes) -> float:
    stated = _number(tracer, "RadionuclideHalfLife")
    if stated is None:
        return nuclide.half_life_s
    if abs(stated / nuclide.half_life_s - 1) <= HALF_LIFE_TOLERANCE:
        return stated
    notes.findings.append(
        HALF_LIFE_DISAGREES(stated=stated, nuclide=nuclide.name, half_life_s=nuclide.half_life_s)
    )
    return nuclide.half_life_s


def _interval_s(
    dataset: Dataset,
    tracer: Dataset,
    reference: datetime,
    half_life_s: float | None,
    notes: _Notes,
) -> float | None:
    injected = date_time_of(tracer, "RadiopharmaceuticalStartDateTime", scanner=dataset)
    if injected is not None:
        notes.findings += _two_times(tracer, injected)
    else:
        clock = time_of(tracer, "RadiopharmaceuticalStartTime")
        if clock is None:
            notes.missing.append("Radiopharmaceutical Start Time")
            return None
        injected = datetime.combine(reference.date(), clock)
        late = (injected - reference).total_seconds()
        if late > 0:
            if not _may_be_day_before(late, half_life_s):
                notes.missing.append(_not_after(late))
                return None
            injected -= timedelta(days=1)
        if late > 0 or (half_life_s is not None and half_life_s > _SAME_DAY_HALF_LIFE_S):
            notes.findings.append(
                INJECTION_DATE_ASSUMED(
                    time=f"{injected:%H:%M}", day="day before" if late > 0 else "day of"
                )
            )
    seconds = (reference - injected).total_seconds()
    if seconds < 0:
        notes.missing.append(_not_after(-seconds))
        return None
    if half_life_s is not None and seconds > MOST_HALF_LIVES * half_life_s:
        notes.missing.append(
            f"a plausible time of injection (it would be {seconds / _HOUR:.1f} h before the image)"
        )
        return None
    return seconds


def _two_times(tracer: Dataset, injected: datetime) -> list[Finding]:
    """Say that the time of injection without a date is another one than that with it."""
    clock = time_of(tracer, "RadiopharmaceuticalStartTime")
    # As it is written, whatever time zone it is of; nobody wrote the other one in that zone.
    written = date_time_of(tracer, "RadiopharmaceuticalStartDateTime", scanner=tracer)
    if clock is None or written is None:
        return []
    apart = min(
        min(late % _DAY, -late % _DAY)
        for late in (
            (datetime.combine(one.date(), clock) - one).total_seconds()
            for one in (written, injected)
        )
    )
    if apart <= SAME_TIME_S:
        return []
    return [INJECTION_TIMES_DIFFER(used=f"{injected:%H:%M}", other=f"{clock:%H:%M}")]


def _may_be_day_before(late_s: float, half_life_s: float | None) -> bool:
    """Whether an injection that is stated after the image can have been on the day before.

    Clocks of injector and camera differ by minutes; and of a nuclide that decays within hours, only
    an image just past midnight was made from the day before.
    """
    waited = _DAY - late_s
    is_short_lived = half_life_s is None or half_life_s <= _SAME_DAY_HALF_LIFE_S
    return late_s > CLOCKS_APART_S and not (is_short_lived and waited > LONGEST_WAIT_S)


def _not_after(late_s: float) -> str:
    late = f"{late_s / 60:.0f} min" if late_s < 2 * _HOUR else f"{late_s / _HOUR:.1f} h"
    return f"a plausible time of injection (it is stated {late} after the image)"
