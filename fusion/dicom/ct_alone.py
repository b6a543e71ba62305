"""Which CT to look at when the study may hold no functional volume."""

from __future__ import annotations

import numpy as np

from fusion.dicom.pairing import Candidate, pair
from fusion.dicom.series import Catalog, Kind
from fusion.dicom.volumes.nm_geometry import SPACING_NEEDED
from fusion.errors import PairingError, SpacingNeeded


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
    every = [
        Candidate(study, series, plan)
        for study in catalog.studies
        for series in study.series
        for plan in series.volumes
        if plan.kind is Kind.CT
    ]
    functional = any(
        plan.kind.is_functional and plan.refusal is None
        for study in catalog.studies
        for series in study.series
        for plan in series.volumes
    )
    if functional and ct is None:
        chosen = pair(catalog)
        return chosen.ct, "it goes with the functional volume"
    if ct is not None:
        every = [
            one
            for one in every
            if ct in (one.plan.volume_id, one.series.series_instance_uid)
            or one.plan.volume_id.startswith(f"{ct}.")
        ]
    usable = [one for one in every if one.plan.refusal is None and one.plan.grid is not None]
    if not usable:
        raise _no_ct(every)
    if ct is None and len({one.study.study_instance_uid for one in usable}) > 1:
        options = "; ".join(f"study of {c.study.date or 'unknown date'}: {c.name}" for c in usable)
        raise PairingError(f"Several studies hold a CT; choose one with --ct. {options}.")
    best = max(usable, key=_preference)
    if ct is not None:
        return best, "chosen by the user"
    return best, "the only CT" if len(usable) == 1 else "thinnest slices of enough length"


def _preference(one: Candidate) -> tuple[bool, float, float]:
    spacing = one.grid.spacing_mm
    corners = one.grid.corners_lps[:, 2]
    length = float(corners.max() - corners.min())
    return length >= 80.0, -float(np.round(spacing[0], 1)), float(np.prod(one.grid.shape))


def _no_ct(every: list[Candidate]) -> Exception:
    for one in every:
        if any(finding.code == SPACING_NEEDED for finding in one.plan.findings):
            reason = one.plan.refusal or "the slice spacing is missing."
            return SpacingNeeded(f"CT volume {one.name}: {reason}", volume_id=one.plan.volume_id)
    if every:
        reasons = "; ".join(f"{one.name}: {one.plan.refusal}" for one in every[:5])
        return PairingError(f"No CT volume can be used. {reasons}")
    return PairingError(
        "No CT volume was found. Joints are found on a CT; scan lists what is there."
    )
