"""Which functional volume with which CT, and may the two be combined.

The choice is the one a nuclear medicine physician would make, criterion by criterion; the first
criterion on which the chosen volume beats the next best is the reason that is shown. A person can
choose otherwise, by number or UID. Volumes of different patients are never combined unless a
named person takes responsibility for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from pydicom.uid import UID

from fusion.dicom.candidate import Candidate, Pair
from fusion.dicom.files.header import sop_class_uid
from fusion.dicom.files.instance import text
from fusion.dicom.identity import are_comparable, identity_conflicts
from fusion.dicom.pixels.sameness import same_pixels
from fusion.dicom.preference import (
    Criteria,
    acquired,
    common_length,
    criteria_of_ct_alone,
    ct_criteria,
    functional_criteria,
    head_to_foot,
    shares_frame,
)
from fusion.dicom.quantity.attenuation import is_map_by_name
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
    IMAGES_OF_OTHERS,
    LINKS_NOT_FOLLOWED,
    UNREADABLE,
)
from fusion.findings.volumes import (
    PART_OF_CT,
)
from fusion.plain_text import iso_date

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
    IMAGES_OF_OTHERS,
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
    chosen_ct, chosen_spect, reasons = _chosen(catalog, ct=ct, spect=spect)
    findings = [
        *_identity(chosen_ct, chosen_spect, override_mismatch_by),
        *_frames(chosen_ct, chosen_spect),
        *_about_ct(chosen_ct),
        # Whoever names a bed sees a part all the same.
        *_other_beds(
            chosen_spect,
            _candidates(catalog, _is_functional, None, "SPECT or PET"),
            chosen_ct,
        ),
    ]
    return Pair(chosen_ct, chosen_spect, reasons, tuple(findings))


def _chosen(
    catalog: Catalog, *, ct: str | None = None, spect: str | None = None
) -> tuple[Candidate, Candidate, tuple[str, str]]:
    """Return CT, functional volume, and why each; whose they are is not looked at."""
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
        # What to do is said once, also where both are missing.
        if not all(_of_kind(catalog, wanted) for wanted in (_is_ct, _is_functional)):
            problems.append("Open what holds both, the CT and the SPECT or PET.")
        raise PairingError(" ".join(problems))
    if ct is None and spect is None:
        cts, functionals = _same_study(cts, functionals)
    chosen_spect, why_spect = _best(functionals, lambda one: functional_criteria(one, cts))
    chosen_ct, why_ct = _best(cts, lambda one: ct_criteria(one, chosen_spect), role="ct")
    reasons = (
        f"{chosen_spect.label} {chosen_spect.name}: "
        + ("chosen by the user." if spect else why_spect),
        f"CT {chosen_ct.name}: " + ("chosen by the user." if ct else why_ct),
    )
    return chosen_ct, chosen_spect, reasons


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
            [c for c in cts if any(shares_frame(c.grid, f.grid) for f in functionals)],
            [f for f in functionals if any(shares_frame(c.grid, f.grid) for c in cts)],
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
        if one.plan is not chosen.plan
        and one.plan.kind is chosen.plan.kind
        and text(one.header, "SeriesDescription") == name
        and shares_frame(one.grid, chosen.grid)
        and common_length(one.grid, chosen.grid) < _BED_SHARE * head_to_foot(one.grid)
        and common_length(one.grid, ct.grid) > 0
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
    dates = [acquired(one) for one in (ct, spect)]
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


def _about_ct(ct: Candidate) -> list[Finding]:
    if not is_map_by_name(ct.header):
        return []
    return [CT_ATTENUATION_MAP()]


def _frames(ct: Candidate, spect: Candidate) -> list[Finding]:
    kind = SHARED_FRAME if shares_frame(ct.grid, spect.grid) else DIFFERENT_FRAMES
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
        No CT that can be used, or an unknown choice.
    ChoiceNeeded
        Several CTs are alike in everything that the choice goes by, or of several studies.
    """
    has_functional = any(one.plan.refusal is None for one in _of_kind(catalog, _is_functional))
    if has_functional and ct is None:
        return _ct_of_pair(catalog)
    usable = _candidates(catalog, _is_ct, ct, "CT")
    if ct is None and len({one.study.study_instance_uid for one in usable}) > 1:
        options = "; ".join(
            f"study of {iso_date(c.study.date) or 'unknown date'}: {c.name}" for c in usable
        )
        raise ChoiceNeeded(
            f"Several studies hold a CT; choose one with --ct. {options}.",
            role="ct",
            options=_options(usable),
        )
    best, why = _best(usable, criteria_of_ct_alone, role="ct")
    return best, "chosen by the user" if ct is not None else why.removesuffix(".")


def _ct_of_pair(catalog: Catalog) -> tuple[Candidate, str]:
    """Return the CT that would be fused; which SPECT is meant is asked only where it depends."""
    try:
        ct, spect, _ = _chosen(catalog)
    except ChoiceNeeded as exc:
        if exc.role == "ct":
            raise
        pairs = [_chosen(catalog, spect=number)[:2] for number, _ in exc.options]
        if len({spect.study.study_instance_uid for _, spect in pairs}) > 1:
            raise  # studies of two people, maybe
    else:
        if not identity_conflicts(ct.patient, spect.patient):
            return ct, f"it goes with the {spect.label}"
        # The CT is wanted alone; what else is here says nothing about which.
        return _only_ct(catalog), f"the only one; the {spect.label} states another patient"
    cts = {ct.plan.volume_id: ct for ct, _ in pairs}
    if len(cts) == 1:
        return pairs[0][0], f"it goes with each {pairs[0][1].label} that could be meant"
    raise ChoiceNeeded(
        "Several CT could be meant, and nothing says which, as several SPECT or PET could be: "
        f"{'; '.join(words for _, words in _options(cts.values()))}. Choose one with --ct.",
        role="ct",
        options=_options(cts.values()),
    )


def _only_ct(catalog: Catalog) -> Candidate:
    cts = _candidates(catalog, _is_ct, None, "CT")
    if len(cts) > 1:
        raise ChoiceNeeded(
            "Several CT could be meant, and the images state different patients: "
            f"{'; '.join(words for _, words in _options(cts))}. Choose one with --ct.",
            role="ct",
            options=_options(cts),
        )
    return cts[0]
