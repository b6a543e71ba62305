"""The whole way once, on the sample study: made, opened, joints found, one recorded, handed on."""

from __future__ import annotations

import importlib
import tempfile
import time
from pathlib import Path
from typing import Any

from fusion.annotations import (
    Decision,
    Journal,
    Measured,
    Origin,
    Spine,
    StudyKey,
    TargetSaved,
    decide,
)
from fusion.errors import Cancelled, as_fault
from fusion.export import hand_on
from fusion.facets import locate
from fusion.findings.readings import NOT_EXPORTED
from fusion.opening import open_study
from fusion.progress import Progress, ProgressCallback
from fusion.self_test.check import Check, CheckOutcome
from fusion.uptake import assess

#: How far a joint may lie from where the sample study was made to have it, mm.
LARGEST_ERROR_MM = 6.0
_WHAT = "sample study, from DICOM to the export"
_REMEDY = "Install facetfusion again; if that does not help, send this page to who maintains it."


def trial_check(progress: ProgressCallback | None = None) -> Check:
    """Make a small sample study, find its joints, record the hottest and hand it on.

    What comes out is held against what the study was made with. Compiled code is kept on the disk,
    so that the first study of a reader does not wait for it.

    Parameters
    ----------
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.
    """
    begun = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory(prefix="facetfusion-trial-") as name:
            said = _tried(Path(name), Progress(progress))
    except Cancelled:
        raise
    except Exception as exc:  # noqa: BLE001 - whatever it is, it is what was looked for
        return Check(_WHAT, CheckOutcome.FAILS, str(as_fault(exc)), _REMEDY)
    if said:
        return Check(_WHAT, CheckOutcome.FAILS, said, _REMEDY)
    return Check(
        _WHAT, CheckOutcome.WORKS, f"all as it was made, in {time.perf_counter() - begun:.0f} s"
    )


def _tried(folder: Path, report: Progress) -> str:
    """Return what is wrong; empty where nothing is."""
    sample: Any = importlib.import_module("sample_data")
    truth = sample.make_study(folder, scan=sample.COARSE_SCAN, progress=report.part(0.0, 0.3))
    review = open_study(truth.folder, progress=report.part(0.3, 0.4))
    ct, spect = review.fused.ct, review.fused.spect
    found = locate(ct, progress=report.part(0.4, 0.6))
    measured = assess(found.facets, spect, review.fused.registration, ct=ct)
    off = {
        facet.joint.name: float(((facet.center_lps - made.center_lps) ** 2).sum() ** 0.5)
        for facet in found.facets
        if facet.center_lps is not None
        for made in [truth.joint(facet.joint.level, facet.joint.side)]
    }
    if len(off) < len(found.facets):
        return f"{len(found.facets) - len(off)} of {len(found.facets)} joints were not found"
    if wrong := [name for name, mm in off.items() if mm > LARGEST_ERROR_MM]:
        return f"{', '.join(wrong)} {'was' if len(wrong) == 1 else 'were'} found elsewhere"
    made_hot = {(made.level, made.side) for made in truth.neck.hot_joints}
    proposed = [one.joint for one in measured.proposals if one.joint is not None]
    if {(joint.level, joint.side) for joint in proposed} != made_hot:
        return "the joints that are proposed are not those that were made hot"
    hot = proposed[0]
    (uptake,) = [one for one in measured.uptakes if one.joint == hot]
    study, spine = StudyKey.of(ct, spect), Spine.of(found)
    with Journal(folder / "journal.sqlite") as journal:
        reading = journal.begin(study, reader="Self-test").reading
        target = decide(
            hot,
            Decision.POSITIVE,
            reader="Self-test",
            origin=Origin.JOINT_CLICKED,
            spine=spine,
            study=study,
            registration=review.fused.registration,
            localisation=found,
            grade=3,
            uptake=Measured.of_uptake(uptake),
        )
        saved = journal.append(reading, TargetSaved(target), reader="Self-test", study=study)
        handed = hand_on(
            review,
            saved.reading,
            folder / "export",
            localisation=found,
            progress=report.part(0.6, 1.0),
        )
    left_out = [f.message for f in handed.findings if f.kind is NOT_EXPORTED]
    return left_out[0] if left_out else ""
