"""From a path to a Review: find, choose, read, and put the SPECT or PET onto the CT."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fusion.archive import fetched, is_address
from fusion.dicom import (
    Catalog,
    Pair,
    find_stored_registration,
    hashed_uid,
    pair,
    placement_doubt,
    read_volume,
    scan,
    stored_registration_ignored,
    two_distances,
)
from fusion.errors import GeometryError
from fusion.facets import segmentations_offered
from fusion.findings import Finding, PersonName
from fusion.findings.alignment import (
    CHOICE,
    DIFFERENT_FRAMES,
    FRAME_STATED_BY_USER,
    PATIENT_MISMATCH_OVERRIDDEN,
    PLACEMENT_STATED_BY_USER,
)
from fusion.findings.files import FETCHED_WITH_REMARK, NOT_NEEDED, OPENED_WITHOUT_ARCHIVE
from fusion.fused import Fused
from fusion.geometry import Volume
from fusion.memory import keep_little
from fusion.plain_text import plain
from fusion.progress import Progress, ProgressCallback
from fusion.registration import Method, Registration, shared_frame
from fusion.resampling import Interpolation
from fusion.review import Review

#: A CT from skull to pelvis, of 512 x 512; in a larger one, every gap between blocks counts.
_MANY_VOXELS = 500 * 512 * 512
_SAME_FRAME_UNNEEDED = NOT_NEEDED(
    what="A person's word that the images lie in one coordinate system (--same-frame)",
    why="the files place them so themselves",
)
_OVERRIDE_UNNEEDED = NOT_NEEDED(
    what="A person's word for combining different patients (--override-mismatch)",
    why="the files state no difference",
)
_IGNORING_UNNEEDED = NOT_NEEDED(
    what="The wish to ignore a stored registration (--ignore-stored-registration)",
    why="the study comes with none for these images",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOptions:
    """How a study is opened.

    Parameters
    ----------
    ct, spect : str, optional
        Choose a volume by the number that ``facetfusion scan`` prints, or by Series Instance UID.
    spacing_mm : float or mapping of str to float, optional, mm
        Signed distance from one slice to the next along row × column, for functional volumes
        whose file does not state it; by number of the volume or its series where several need
        one. Marked on every export.
    register : bool
        Search for a rigid transform instead of relying on a stored one or on the shared Frame of
        Reference.
    ignore_stored_registration : bool
        Do not use the Spatial Registration that the study comes with.
    interpolation : {"linear", "nearest"}
        How the functional volume is shown between its voxel centres.
    override_mismatch_by : str, optional
        Name of the person who takes responsibility for combining volumes that state different
        patients.
    same_frame_by : str, optional
        Name of the person who states that the two volumes share one Frame of Reference although
        their files do not say so. Marked on every export.
    """

    ct: str | None = None
    spect: str | None = None
    spacing_mm: Mapping[str, float] | float | None = None
    register: bool = False
    ignore_stored_registration: bool = False
    interpolation: Interpolation = "linear"
    override_mismatch_by: str | None = None
    same_frame_by: str | None = None

    @property
    def spacings(self) -> Mapping[str, float] | float | None:
        """Distances between slices; one that names no series is for the volume that is chosen.

        Raises
        ------
        GeometryError
            The volume that is chosen has another distance by its name.
        """
        stated = self.spacing_mm
        if self.spect is None or stated is None:
            return stated
        every = dict(stated) if isinstance(stated, Mapping) else {"": stated}
        unnamed = every.pop("", None)
        if unnamed is None:
            return every
        if every.get(self.spect, unnamed) != unnamed:
            raise GeometryError(two_distances(self.spect, (every[self.spect], unnamed)))
        return {**every, self.spect: unnamed}


def open_study(
    path: str | Path | Catalog,
    *,
    options: OpenOptions | None = None,
    progress: ProgressCallback | None = None,
    **choices: Any,
) -> Review:
    """Open a study: find, choose, read, and put the SPECT or PET onto the CT.

    Parameters
    ----------
    path : path or Catalog
        Folder, zip, DICOMDIR or file; or ``archive:NAME/STUDYUID``, which is fetched first; or what
        was found there already.
    options : OpenOptions, optional
        How.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.
    **choices
        Fields of :class:`OpenOptions`, instead of ``options`` or on top of it:
        ``open_study(path, register=True)``.

    Returns
    -------
    Review

    Raises
    ------
    ArchiveError
        The study cannot be fetched whole from the archive.
    DicomError
        Nothing readable.
    PairingError
        No pair can be combined; see :func:`fusion.dicom.pairing.pair`.
    ChoiceNeeded, SpacingNeeded
        Questions that a person can answer with ``ct``, ``spect`` or ``spacing_mm``.
    GeometryError
        The Frames of Reference differ, no registration was asked for and none is stored; or
        stored ones contradict each other.
    RegistrationFailed
        The search gave nothing trustworthy and there is no shared frame.
    """
    how = replace(options or OpenOptions(), **choices)
    report = Progress(progress)
    about_archive: tuple[Finding, ...] = ()
    if isinstance(path, Catalog):
        catalog = path
    else:
        if is_address(path):
            here, report = fetched(path, report.part(0.0, 0.5)), report.part(0.5, 1.0)
            path = here.folder
            if here.since:
                about_archive = (OPENED_WITHOUT_ARCHIVE(day=here.since),)
            about_archive += tuple(FETCHED_WITH_REMARK(remark=said) for said in here.said)
        catalog = scan(path, spacing_mm=how.spacings, progress=report.part(0.0, 0.4))
    chosen = pair(
        catalog, ct=how.ct, spect=how.spect, override_mismatch_by=how.override_mismatch_by
    )
    if math.prod(chosen.ct.plan.shape) > _MANY_VOXELS:
        keep_little()
    spect_volume = read_volume(chosen.spect, report.part(0.4, 0.5))
    ct_volume = read_volume(chosen.ct, report.part(0.5, 0.8))
    ct_volume, spect_volume, stated = _in_one_frame(ct_volume, spect_volume, how.same_frame_by)
    if stated:  # it says so itself; that they cannot be combined is no longer true
        kept = tuple(f for f in chosen.findings if f.kind is not DIFFERENT_FRAMES)
        chosen = replace(chosen, findings=kept)
    unneeded = _unneeded(catalog, chosen, how, bool(stated))
    registration, about_stored = _registration(
        catalog,
        chosen,
        (ct_volume, spect_volume),
        register=how.register,
        ignore_stored=how.ignore_stored_registration,
        progress=report.part(0.8, 1.0),
    )
    placed = _placed(ct_volume, spect_volume, registration, how.same_frame_by)
    if placed:
        unneeded = tuple(f for f in unneeded if f != _SAME_FRAME_UNNEEDED)
    report(1.0, "Opened")
    choice = CHOICE(reasons=" ".join(chosen.reasons))
    findings = (
        *about_archive,
        *stated,
        *placed,
        *unneeded,
        *about_stored,
        *chosen.findings,
        *chosen.spect.series.findings,
        *chosen.ct.series.findings,
        *chosen.ct.study.findings,
        *catalog.findings,
        *segmentations_offered(catalog, ct_volume.grid.frame_of_reference_uid),
        choice,
    )
    fused = Fused(ct_volume, spect_volume, registration, interpolation=how.interpolation)
    return Review(catalog, chosen, fused, findings)


def _unneeded(
    catalog: Catalog, chosen: Pair, how: OpenOptions, frame_was_stated: bool
) -> tuple[Finding, ...]:
    """Say which words of a person, or which wishes, these files give nothing to do with."""
    found = []
    if _is_said(how.same_frame_by) and not frame_was_stated:
        found.append(_SAME_FRAME_UNNEEDED)
    kinds = {finding.kind for finding in chosen.findings}
    if _is_said(how.override_mismatch_by) and PATIENT_MISMATCH_OVERRIDDEN not in kinds:
        found.append(_OVERRIDE_UNNEEDED)
    if how.ignore_stored_registration and not stored_registration_ignored(catalog, chosen):
        found.append(_IGNORING_UNNEEDED)
    return tuple(found)


def _is_said(name: str | None) -> bool:
    return bool(name and name.strip())


def _registration(
    catalog: Catalog,
    chosen: Pair,
    volumes: tuple[Volume, Volume],
    *,
    register: bool,
    ignore_stored: bool,
    progress: ProgressCallback,
) -> tuple[Registration, tuple[Finding, ...]]:
    """Return the Registration asked for, stored, or promised by a shared frame, in this order."""
    ct, spect = volumes
    if register or ignore_stored:
        about = stored_registration_ignored(catalog, chosen)
        if register:
            from fusion.registration import register as search  # brings much; few studies need it

            return search(ct, spect, progress=progress), about
        return shared_frame(ct, spect), about
    stored, unused = find_stored_registration(catalog, chosen)
    frames = ct.grid.frame_of_reference_uid, spect.grid.frame_of_reference_uid
    shared = frames[0] is not None and frames[0] == frames[1]
    # What we wrote of the scanner's own alignment when the study was handed on says nothing new.
    if stored is not None and not (stored.is_own and stored.moves_nothing and shared):
        from fusion.registration import checked

        brought = Registration(stored.transform, Method.STORED, origin_findings=stored.findings)
        return checked(ct, spect, brought, progress=progress), unused
    try:
        return shared_frame(ct, spect), unused
    except GeometryError as exc:
        if not unused:
            raise
        reasons = " ".join(finding.message for finding in unused)
        raise GeometryError(f"{exc} {reasons}") from exc


def _placed(
    ct: Volume, spect: Volume, registration: Registration, stated_by: str | None
) -> tuple[Finding, ...]:
    """Ask a person where the alignment in use can hardly be right; return what was answered."""
    is_shared = registration.method is Method.SHARED_FRAME
    transform = None if is_shared else registration.transform
    doubt = placement_doubt(spect.grid, ct.grid, transform, label=spect.source.label)
    if doubt is None:
        return ()
    if stated_by and stated_by.strip():
        return (PLACEMENT_STATED_BY_USER(doubt=doubt, who=PersonName(plain(stated_by))),)
    raise GeometryError(
        f"{doubt} They are not shown together. If the files are right all the same, say who takes "
        'responsibility: --same-frame "NAME"; '
        + (
            "or choose other images with --ct and --spect."
            if is_shared
            else "or open the study with --ignore-stored-registration."
        )
    )


def _in_one_frame(
    ct: Volume, spect: Volume, stated_by: str | None
) -> tuple[Volume, Volume, tuple[Finding, ...]]:
    """Put both volumes into the CT's Frame of Reference on the word of a named person."""
    frames = ct.grid.frame_of_reference_uid, spect.grid.frame_of_reference_uid
    if not (stated_by and stated_by.strip()) or (frames[0] is not None and frames[0] == frames[1]):
        return ct, spect, ()
    # A CT without any frame gets one made from its own identity, so that exports can be placed.
    frame = frames[0] or hashed_uid(ct.source.series_instance_uid)
    note = FRAME_STATED_BY_USER(spect=spect.source.label, who=PersonName(plain(stated_by)))
    moved = [
        replace(volume, grid=replace(volume.grid, frame_of_reference_uid=frame))
        for volume in (ct, spect)
    ]
    return moved[0], moved[1], (note,)
