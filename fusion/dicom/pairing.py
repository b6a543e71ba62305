"""Which functional volume with which CT, and may the two be combined.

The choice is the one a nuclear medicine physician would make, criterion by criterion; the first
criterion on which the chosen volume beats the next best is the reason that is shown. A person can
choose otherwise, by number or UID. Volumes of different patients are never combined unless a
named person takes responsibility for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID

from fusion.dicom.candidate import Candidate, Pair
from fusion.dicom.files.header import sop_class_uid
from fusion.dicom.files.instance import items, text, texts
from fusion.dicom.identity import are_comparable, identity_conflicts
from fusion.dicom.pixels.sameness import same_pixels
from fusion.dicom.quantity.attenuation import (
    attenuation_corrected,
    is_map_by_name,
)
from fusion.dicom.series import Catalog, Kind, Series
from fusion.dicom.volumes.nm import QUESTIONS
from fusion.errors import ChoiceNeeded, PairingError, SpacingNeeded
from fusion.findings import DateText, Finding, PersonName
from fusion.findings.alignment import (
    CT_ATTENUATION_MAP,
    DIFFERENT_DATES,
    DIFFERENT_FRAMES,
    DIFFERENT_STUDIES,
    OTHER_BEDS,
    PATIENT_MISMATCH_OVERRIDDEN,
    PATIENT_NOT_COMPARED,
    PATIENT_NOT_COMPARED_IN_STUDY,
    SHARED_FRAME,
)
from fusion.findings.files import (
    ARCHIVE_MEMBER_REFUSED,
    ARCHIVE_MEMBER_UNREADABLE,
    ARCHIVE_NOT_OPENED,
    ARCHIVE_OF_OTHERS,
    DICOMDIR_MISSING,
    FOLDER_UNREADABLE,
    LINKS_NOT_FOLLOWED,
    UNREADABLE,
)
from fusion.findings.volumes import (
    ATTENUATION_MAP,
    ATTENUATION_MAP_POSSIBLE,
    PART_OF_CT,
)
from fusion.geometry import Grid
from fusion.plain_text import iso_date

#: A CT that shows less than this length of the functional volume (head to foot, mm) is only
#: taken when there is no other: about four cervical levels (docs/sources.md#ct-geometry).
MIN_COMMON_LENGTH_MM = 60.0
#: Of a study without functional volume, a CT of at least this length (mm, ours) goes before a
#: shorter one with thinner slices.
ENOUGH_NECK_MM = 80.0
#: Derivation Code "Spatial resampling" (PS3.16 CID 7203, DCM).
SPATIAL_RESAMPLING = "113085"
#: Words in a convolution kernel or description that mean a sharp (bone) reconstruction.
_SHARP = re.compile(r"bone|sharp|\b[BH]r?[67]\d|\bedge|\blung|\bY[A-E]\b|\bU[79]\d", re.IGNORECASE)


# An energy window below the photopeak, as the description of one of several volumes names it, and
# pictures that look through the patient instead of cutting slices.
_SCATTER_WINDOW = re.compile(r"energy window \d+ of \d+: [^,]*(scatter|compton)", re.IGNORECASE)
_PROJECTED = re.compile(r"\bMIPS?\b|maximum intensity|\bcine\b", re.IGNORECASE)
#: Fields that end within this distance of each other at the head reach as high, mm.
_SAME_TOP_MM = 50.0

#: Beds of one scan share less than this part of their length.
_BED_SHARE = 0.5

#: What was not looked into may hold what was looked for.
_UNSEEN = (
    ARCHIVE_NOT_OPENED,
    ARCHIVE_OF_OTHERS,
    ARCHIVE_MEMBER_REFUSED,
    ARCHIVE_MEMBER_UNREADABLE,
    DICOMDIR_MISSING,
    FOLDER_UNREADABLE,
    LINKS_NOT_FOLLOWED,
    UNREADABLE,
)
#: Modalities of images that somebody may look for.
_IMAGES = ("CT", "NM", "PT", "OT")
#: What people may take for such a volume, and is none.
_LOOKALIKES = {
    "CT": (Kind.LOCALIZER, Kind.OTHER, Kind.UNREADABLE),
    "SPECT or PET": (Kind.PLANAR, Kind.PROJECTIONS, Kind.OTHER, Kind.UNREADABLE),
}


def pair(
    catalog: Catalog,
    *,
    ct: str | None = None,
    spect: str | None = None,
    override_mismatch_by: str | None = None,
) -> Pair:
    """Choose the CT and the functional volume.

    Parameters
    ----------
    catalog : Catalog
        What was found.
    ct, spect : str, optional
        A person's choice: the number that ``scan`` prints (``"2"`` or ``"2.1"``) or a Series
        Instance UID.
    override_mismatch_by : str, optional
        Name of the person who takes responsibility for combining two volumes that state
        different patients. Recorded as a Finding.

    Raises
    ------
    PairingError
        Nothing to combine, an unknown choice, or different patients.
    ChoiceNeeded
        Several volumes are alike in everything that the choice goes by, and hold other pixels; or
        several studies hold both.
    SpacingNeeded
        The only obstacle is a slice spacing that the file does not state.
    """
    cts, functionals, problems = [], [], []
    try:
        functionals = _candidates(catalog, _is_functional, spect, "SPECT or PET")
    except PairingError as exc:
        problems.append(str(exc))
    try:
        cts = _candidates(catalog, _is_ct, ct, "CT")
    except PairingError as exc:
        problems.append(str(exc))
    if problems:
        raise PairingError(" ".join(problems))
    if ct is None and spect is None:
        cts, functionals = _same_study(cts, functionals)
    chosen_spect, why_spect = _best(functionals, lambda one: _functional_criteria(one, cts))
    chosen_ct, why_ct = _best(cts, lambda one: _ct_criteria(one, chosen_spect), role="ct")
    reasons = (
        f"{chosen_spect.label} {chosen_spect.name}: "
        + ("chosen by the user." if spect else why_spect),
        f"CT {chosen_ct.name}: " + ("chosen by the user." if ct else why_ct),
    )
    findings = [
        *_identity(chosen_ct, chosen_spect, override_mismatch_by),
        *_frames(chosen_ct, chosen_spect),
        *_about_ct(chosen_ct),
        *_other_beds(chosen_spect, functionals, chosen_ct),
    ]
    return Pair(chosen_ct, chosen_spect, reasons, tuple(findings))


def _is_ct(kind: Kind) -> bool:
    return kind is Kind.CT


def _is_functional(kind: Kind) -> bool:
    return kind.is_functional


def _of_kind(catalog: Catalog, wanted: Callable[[Kind], bool]) -> list[Candidate]:
    """Return all volumes of a kind, refused ones included."""
    return [
        Candidate(study, series, plan)
        for study in catalog.studies
        for series in study.series
        for plan in series.volumes
        if wanted(plan.kind)
    ]


def _candidates(
    catalog: Catalog, wanted: Callable[[Kind], bool], choice: str | None, noun: str
) -> list[Candidate]:
    every = _of_kind(catalog, wanted)
    if choice is not None:
        matching = [c for c in every if _matches(c, choice)]
        if not matching:
            known = ", ".join(c.name for c in every) or "none"
            raise PairingError(
                f"No {noun} volume has the number or UID that was asked for. Found: {known}."
            )
        every = matching
    # A part of a CT is used where a person asks for that very part.
    usable = [
        c
        for c in every
        if c.plan.refusal is None
        and c.plan.grid is not None
        and (c.plan.volume_id == choice or not _is_part(c))
    ]
    if not usable:
        raise _nothing_usable(every, catalog, noun)
    return usable


def _is_part(candidate: Candidate) -> bool:
    return any(finding.kind is PART_OF_CT for finding in candidate.plan.findings)


def _matches(candidate: Candidate, choice: str) -> bool:
    volume_id = candidate.plan.volume_id
    return choice in (volume_id, candidate.series.series_instance_uid) or volume_id.startswith(
        f"{choice}."
    )


def _why_none(series: Series) -> list[str]:
    """Say why a series that looks like images is no volume."""
    said = [finding.message for finding in series.findings]
    if said or series.kind is not Kind.OTHER or series.modality not in _IMAGES:
        return said
    kinds = dict.fromkeys(UID(sop_class_uid(one.dataset)).name for one in series.instances)
    return [f"{' and '.join(list(kinds)[:2])}, which is not read as a volume."]


def _nothing_usable(every: Sequence[Candidate], catalog: Catalog, noun: str) -> Exception:
    for candidate in every:
        if any(f.kind in QUESTIONS for f in candidate.plan.findings):
            reason = candidate.plan.refusal or "The slice spacing is missing."
            return SpacingNeeded(
                f"{noun} volume {candidate.name}: {reason}", volume_id=candidate.plan.volume_id
            )
    if every:
        whole = [c for c in every if not _is_part(c)][:5]
        reasons = "; ".join(f"{c.name}: {c.plan.refusal}" for c in whole)
        parts = "; or ".join(
            f"--ct {c.plan.volume_id} for {c.plan.description}" for c in every if _is_part(c)
        )
        offer = (
            " What is whole of it can be used where that is enough, and every output says so: "
            f"{parts}."
            if parts
            else ""
        )
        return PairingError(f"No {noun} volume can be used. {reasons}{offer}")
    refused = dict.fromkeys(
        ": ".join(filter(None, (series.description or series.modality, reason)))
        for study in catalog.studies
        for series in study.series
        for reason in _why_none(series)
        if series.kind in _LOOKALIKES[noun]
    )
    found = sorted({series.kind.words for study in catalog.studies for series in study.series})
    unseen = [f.message for f in catalog.findings if f.kind in _UNSEEN]
    said = [*list(refused)[:3], *unseen[:3]]
    detail = " " + " ".join(said) if said else ""
    return PairingError(
        f"No {noun} volume was found; found {', '.join(found) or 'no DICOM objects'}.{detail}"
    )


def _same_study(
    cts: list[Candidate], functionals: list[Candidate]
) -> tuple[list[Candidate], list[Candidate]]:
    """Keep to the one study that holds both; several are a question, not a guess."""
    both = {c.study.study_instance_uid for c in cts} & {
        c.study.study_instance_uid for c in functionals
    }
    if len(both) > 1:
        options = "; ".join(
            f"study of {iso_date(c.study.date) or 'unknown date'}: {c.name}"
            for c in functionals
            if c.study.study_instance_uid in both
        )
        raise ChoiceNeeded(
            "Several studies hold both a CT and a SPECT or PET; choose one with --spect and --ct, "
            f"or open its folder alone. {options}.",
            role="spect",
            options=_options(c for c in functionals if c.study.study_instance_uid in both),
        )
    if both:
        (only,) = both
        return (
            [c for c in cts if c.study.study_instance_uid == only],
            [c for c in functionals if c.study.study_instance_uid == only],
        )
    if len(_studies(cts, functionals)) > 2:
        # One scanner's own frame joins a SPECT and a CT that were filed as two studies.
        joined = (
            [c for c in cts if any(_shared_frame(c.grid, f.grid) for f in functionals)],
            [f for f in functionals if any(_shared_frame(c.grid, f.grid) for c in cts)],
        )
        if all(joined) and len(_studies(*joined)) == 2:
            return joined
        raise PairingError(
            "The CT and the SPECT or PET are in different studies, and there are several of them; "
            "choose with --ct and --spect."
        )
    return cts, functionals


def _studies(*candidates: Sequence[Candidate]) -> set[str]:
    return {c.study.study_instance_uid for group in candidates for c in group}


Criteria = tuple[tuple[str, float], ...]


def _best(
    candidates: Sequence[Candidate],
    criteria: Callable[[Candidate], Criteria],
    *,
    role: str = "spect",
) -> tuple[Candidate, str]:
    """Return the candidate that leads on the first criterion that differs, and that criterion.

    Several that differ on none are a question, unless they are copies of each other.
    """
    if len(candidates) == 1:
        return candidates[0], "the only one that can be used."
    scored = [(criteria(c), c) for c in candidates]
    ranked = sorted(scored, key=lambda pair: [-score for _, score in pair[0]])
    (first, chosen), (second, runner_up) = ranked[0], ranked[1]
    for (label, mine), (_, other) in zip(first, second, strict=True):
        if mine != other:
            return chosen, f"{label} (next: {runner_up.name})."
    alike = [one for marks, one in ranked if marks == first]
    if all(_is_copy(chosen, other) for other in alike[1:]):
        return chosen, f"one of several copies (next: {runner_up.name})."
    raise ChoiceNeeded(
        f"Several {chosen.label} could be meant, and nothing in their headers says which: "
        f"{'; '.join(one.name for one in alike)}. Choose one with --{role}.",
        role=role,
        options=_options(alike),
    )


def _is_copy(one: Candidate, other: Candidate) -> bool:
    frames = one.plan.frames, other.plan.frames
    return (
        len(frames[0]) == len(frames[1])
        and bool(np.allclose(one.grid.affine, other.grid.affine))
        and all(same_pixels(a, b) for a, b in zip(*frames, strict=True))
    )


def _options(candidates: Iterable[Candidate]) -> tuple[tuple[str, str], ...]:
    """Return number and words of what can be chosen."""
    return tuple(
        (c.plan.volume_id, f"{c.name}, study of {iso_date(c.study.date) or 'unknown date'}")
        for c in candidates
    )


def _other_beds(
    chosen: Candidate, functionals: Iterable[Candidate], ct: Candidate
) -> list[Finding]:
    """Name volumes of the same scan that show another part of the CT: other beds of the table."""
    name = text(chosen.header, "SeriesDescription")
    beds = [
        one
        for one in functionals
        if one is not chosen
        and one.plan.kind is chosen.plan.kind
        and text(one.header, "SeriesDescription") == name
        and _shared_frame(one.grid, chosen.grid)
        and _common_length(one.grid, chosen.grid) < _BED_SHARE * _length(one.grid)
        and _common_length(one.grid, ct.grid) > 0
    ]
    if not beds:
        return []
    return [
        OTHER_BEDS(
            spect=chosen.label,
            chosen=chosen.name,
            others="; ".join(bed.name for bed in beds),
        )
    ]


def _length(grid: Grid) -> float:
    """Head-to-foot length of a field, mm."""
    return float(np.ptp(grid.corners_lps[:, 2]))


def _functional_criteria(one: Candidate, cts: Iterable[Candidate]) -> Criteria:
    dataset = one.header
    kinds = [finding.kind for finding in one.plan.findings]
    corrected = attenuation_corrected(dataset)
    quantitative = {"Bq/mL": 2.0, "SUVbw g/mL": 2.0, "counts": 1.0}.get(one.plan.unit, 0.5)
    common = max(_common_length(one.grid, ct.grid) for ct in cts)
    is_placed = any(_shared_frame(one.grid, ct.grid) for ct in cts)
    top_mm = float(one.grid.corners_lps[:, 2].max()) if is_placed else 0.0
    names = " ".join((one.plan.description, *texts(dataset, "ImageType")))
    return (
        (
            "tracer uptake rather than an attenuation map",
            -float(ATTENUATION_MAP in kinds) - 0.5 * (ATTENUATION_MAP_POSSIBLE in kinds),
        ),
        ("slices rather than a picture through the patient", -float(_is_match(_PROJECTED, names))),
        (
            "the photopeak rather than scatter",
            -float(_is_match(_SCATTER_WINDOW, one.plan.description)),
        ),
        ("as reconstructed rather than a resampled copy", -float(_is_resampled(dataset))),
        ("lies within the CT", float(common >= MIN_COMMON_LENGTH_MM)),
        ("attenuation corrected", {True: 2.0, None: 1.0, False: 0.0}[corrected]),
        ("all gates and the main energy window together", -_part_number(one)),
        (f"in {one.plan.unit}", quantitative),
        ("shares the scanner's coordinate system", float(is_placed)),
        ("reaches further to the head", float(np.round(top_mm / _SAME_TOP_MM))),
        ("covers more of the CT", float(np.round(common, -1))),
        ("finer voxels", -float(np.round(np.prod(one.grid.spacing_mm), 3))),
    )


def _is_match(pattern: re.Pattern[str], words: str) -> bool:
    return pattern.search(words.replace("_", " ")) is not None


def _is_resampled(dataset: Dataset) -> bool:
    """Whether the object says that it is a copy on another grid, as our own derived NM does."""
    return any(
        text(code, "CodeValue") == SPATIAL_RESAMPLING
        for code in items(dataset, "DerivationCodeSequence")
    )


def _part_number(one: Candidate) -> float:
    """Which of the volumes that share their first object this is; 0 for a volume of its own."""
    first = one.plan.frames[0].instance
    sharing = [p for p in one.series.volumes if p.frames and p.frames[0].instance is first]
    return float(sharing.index(one.plan))


def _ct_criteria(one: Candidate, functional: Candidate) -> Criteria:
    dataset, label = one.header, functional.label
    common = _common_length(functional.grid, one.grid)
    slice_mm = float(np.round(one.grid.spacing_mm[0], 1))
    # The kernel counts more than the description: "bone" there may be the kind of scan.
    kernel = " ".join(texts(dataset, "ConvolutionKernel"))
    sharpness = [float(_is_match(_SHARP, words)) for words in (kernel, one.plan.description)]
    image_type = texts(dataset, "ImageType")
    return (
        ("a CT rather than an attenuation map", -float(is_map_by_name(dataset))),
        ("in Hounsfield units", float(one.plan.unit == "HU")),
        ("same patient", float(not identity_conflicts(one.patient, functional.patient))),
        ("shares the scanner's coordinate system", float(_shared_frame(one.grid, functional.grid))),
        ("of the same day", float(_acquired(one) == _acquired(functional))),
        (
            f"shows enough of the {label} ({common:.0f} mm)",
            float(common >= MIN_COMMON_LENGTH_MM),
        ),
        ("axial slices rather than a reformat", float(_is_axial(one.grid))),
        ("original slices rather than a reformat", float(image_type[:1] != ("DERIVED",))),
        (f"thinner slices ({slice_mm:g} mm)", -slice_mm),
        ("sharper kernel", sharpness[0] + sharpness[1] / 2),
        (f"covers more of the {label}", float(np.round(common, -1))),
        ("more voxels", float(np.prod(one.grid.shape))),
    )


def _is_axial(grid: Grid) -> bool:
    """Whether the slices face the head or feet, tilted gantry included."""
    normal = np.cross(grid.directions[1], grid.directions[2])
    return int(np.abs(normal).argmax()) == 2


def _shared_frame(one: Grid, other: Grid) -> bool:
    return (
        one.frame_of_reference_uid is not None
        and one.frame_of_reference_uid == other.frame_of_reference_uid
    )


def _common_length(one: Grid, other: Grid) -> float:
    """Head-to-foot length that two fields share, mm; the shorter field when not comparable."""
    lows, highs = zip(
        *((g.corners_lps[:, 2].min(), g.corners_lps[:, 2].max()) for g in (one, other)),
        strict=True,
    )
    if not _shared_frame(one, other):
        return float(min(highs[0] - lows[0], highs[1] - lows[1]))
    return float(max(0.0, min(highs) - max(lows)))


def _identity(ct: Candidate, spect: Candidate, override_by: str | None) -> list[Finding]:
    findings, label = [], spect.label
    differing = identity_conflicts(ct.patient, spect.patient)
    if differing and not (override_by and override_by.strip()):
        raise PairingError(
            f"The CT and the {label} state different patients ({', '.join(differing)} differ). "
            "They are not combined. If they truly belong to one person, say who takes "
            "responsibility: "
            '--override-mismatch "NAME".'
        )
    if differing:
        findings.append(
            PATIENT_MISMATCH_OVERRIDDEN(
                spect=label, differing=tuple(differing), who=PersonName(override_by)
            )
        )
    findings += _unverified(ct, spect)
    if ct.study.study_instance_uid != spect.study.study_instance_uid:
        findings.append(DIFFERENT_STUDIES(spect=label))
    dates = [_acquired(one) for one in (ct, spect)]
    if all(dates) and dates[0] != dates[1]:
        ct_date, spect_date = (DateText(iso_date(date)) for date in dates)
        findings.append(DIFFERENT_DATES(spect=label, ct_date=ct_date, spect_date=spect_date))
    return findings


def _unverified(ct: Candidate, spect: Candidate) -> list[Finding]:
    """Say when nothing tells whether two volumes show one person."""
    if are_comparable(ct.patient, spect.patient):
        return []
    if ct.study.study_instance_uid == spect.study.study_instance_uid:
        return [PATIENT_NOT_COMPARED_IN_STUDY(spect=spect.label)]
    return [PATIENT_NOT_COMPARED(spect=spect.label)]


def _acquired(one: Candidate) -> str:
    dataset = one.header
    for keyword in ("AcquisitionDate", "SeriesDate", "StudyDate"):
        value = text(dataset, keyword)
        if value:
            return value
    return one.study.date


def _about_ct(ct: Candidate) -> list[Finding]:
    if not is_map_by_name(ct.header):
        return []
    return [CT_ATTENUATION_MAP()]


def _frames(ct: Candidate, spect: Candidate) -> list[Finding]:
    kind = SHARED_FRAME if _shared_frame(ct.grid, spect.grid) else DIFFERENT_FRAMES
    return [kind(spect=spect.label)]


def choose_ct(catalog: Catalog, *, ct: str | None = None) -> tuple[Candidate, str]:
    """Choose the CT: the one that would be fused, or the best of a study that holds only CT.

    Parameters
    ----------
    catalog : Catalog
        What was found.
    ct : str, optional
        A person's choice: the number that ``scan`` prints, or a Series Instance UID.

    Returns
    -------
    tuple of (Candidate, str)
        The CT, and why this one.

    Raises
    ------
    PairingError
        No CT that can be used, an unknown choice, or CTs of several studies and no choice.
    SpacingNeeded
        The only obstacle is a slice spacing that the file does not state.
    """
    has_functional = any(one.plan.refusal is None for one in _of_kind(catalog, _is_functional))
    if has_functional and ct is None:
        both = pair(catalog)
        return both.ct, f"it goes with the {both.spect.label}"
    usable = _candidates(catalog, _is_ct, ct, "CT")
    if ct is None and len({one.study.study_instance_uid for one in usable}) > 1:
        options = "; ".join(
            f"study of {iso_date(c.study.date) or 'unknown date'}: {c.name}" for c in usable
        )
        raise PairingError(f"Several studies hold a CT; choose one with --ct. {options}.")
    best = max(usable, key=_preference)
    if ct is not None:
        return best, "chosen by the user"
    return best, "the only CT" if len(usable) == 1 else "thinnest slices of enough length"


def _preference(one: Candidate) -> tuple[bool, float, float]:
    spacing = one.grid.spacing_mm
    corners = one.grid.corners_lps[:, 2]
    length = float(corners.max() - corners.min())
    return length >= ENOUGH_NECK_MM, -float(np.round(spacing[0], 1)), float(np.prod(one.grid.shape))
