"""What goes before what: the criteria by which a functional volume and a CT are chosen.

In order of weight; the first on which two differ decides, and its words are shown as the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from pydicom.dataset import Dataset

from fusion.dicom.candidate import Candidate
from fusion.dicom.files.instance import items, text, texts
from fusion.dicom.identity import identity_conflicts
from fusion.dicom.quantity.attenuation import attenuation_corrected, is_map_by_name
from fusion.findings.volumes import ATTENUATION_MAP, ATTENUATION_MAP_POSSIBLE
from fusion.geometry import Grid

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

#: Words of a criterion, and how well a volume meets it.
Criteria = tuple[tuple[str, float], ...]


def functional_criteria(one: Candidate, cts: Iterable[Candidate]) -> Criteria:
    """Return what a functional volume is chosen by, given the CTs that it may go with."""
    dataset = one.header
    kinds = [finding.kind for finding in one.plan.findings]
    corrected = attenuation_corrected(dataset)
    quantitative = {"Bq/mL": 2.0, "SUVbw g/mL": 2.0, "counts": 1.0}.get(one.plan.unit, 0.5)
    common = max(common_length(one.grid, ct.grid) for ct in cts)
    is_placed = any(shares_frame(one.grid, ct.grid) for ct in cts)
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


def ct_criteria(one: Candidate, functional: Candidate) -> Criteria:
    """Return what a CT is chosen by, given the functional volume that it is to go with."""
    dataset, label = one.header, functional.label
    common = common_length(functional.grid, one.grid)
    slice_mm = float(np.round(one.grid.spacing_mm[0], 1))
    kernel, name = _sharpness(one)
    return (
        ("a CT rather than an attenuation map", -float(is_map_by_name(dataset))),
        ("in Hounsfield units", float(one.plan.unit == "HU")),
        ("same patient", float(not identity_conflicts(one.patient, functional.patient))),
        ("shares the scanner's coordinate system", float(shares_frame(one.grid, functional.grid))),
        ("of the same day", float(acquired(one) == acquired(functional))),
        (
            f"shows enough of the {label} ({common:.0f} mm)",
            float(common >= MIN_COMMON_LENGTH_MM),
        ),
        ("axial slices rather than a reformat", float(_is_axial(one.grid))),
        ("original slices rather than a reformat", float(_is_original(dataset))),
        (f"thinner slices ({slice_mm:g} mm)", -slice_mm),
        ("sharper kernel", kernel + name / 2),
        (f"covers more of the {label}", float(np.round(common, -1))),
        ("more voxels", float(np.prod(one.grid.shape))),
    )


def _sharpness(one: Candidate) -> tuple[float, float]:
    """Whether kernel and description speak of sharp slices; "bone" in the latter may be the scan.

    The kernel counts more.
    """
    kernel = " ".join(texts(one.header, "ConvolutionKernel"))
    return float(_is_match(_SHARP, kernel)), float(_is_match(_SHARP, one.plan.description))


def _is_original(dataset: Dataset) -> bool:
    return texts(dataset, "ImageType")[:1] != ("DERIVED",)


def _is_axial(grid: Grid) -> bool:
    """Whether the slices face the head or feet, tilted gantry included."""
    normal = np.cross(grid.directions[1], grid.directions[2])
    return int(np.abs(normal).argmax()) == 2


def shares_frame(one: Grid, other: Grid) -> bool:
    """Whether two fields state one Frame of Reference."""
    return (
        one.frame_of_reference_uid is not None
        and one.frame_of_reference_uid == other.frame_of_reference_uid
    )


def common_length(one: Grid, other: Grid) -> float:
    """Return the head-to-foot length two fields share, mm; of the shorter if not comparable."""
    lows, highs = zip(
        *((g.corners_lps[:, 2].min(), g.corners_lps[:, 2].max()) for g in (one, other)),
        strict=True,
    )
    if not shares_frame(one, other):
        return float(min(highs[0] - lows[0], highs[1] - lows[1]))
    return float(max(0.0, min(highs) - max(lows)))


def criteria_of_ct_alone(one: Candidate) -> Criteria:
    """Return what a CT without SPECT or PET is chosen by."""
    dataset = one.header
    slice_mm = float(np.round(one.grid.spacing_mm[0], 1))
    kernel, name = _sharpness(one)
    return (
        ("long enough for a neck", float(head_to_foot(one.grid) >= ENOUGH_NECK_MM)),
        (f"thinnest slices of enough length ({slice_mm:g} mm)", -slice_mm),
        ("more voxels", float(np.prod(one.grid.shape))),
        ("a CT rather than an attenuation map", -float(is_map_by_name(dataset))),
        ("in Hounsfield units", float(one.plan.unit == "HU")),
        ("axial slices rather than a reformat", float(_is_axial(one.grid))),
        ("original slices rather than a reformat", float(_is_original(dataset))),
        ("sharper kernel", kernel + name / 2),
    )


def head_to_foot(grid: Grid) -> float:
    """Return the head-to-foot length of a field, mm."""
    return float(np.ptp(grid.corners_lps[:, 2]))


def acquired(one: Candidate) -> str:
    """Return the day of a volume as DICOM writes it; empty when unknown."""
    dataset = one.header
    for keyword in ("AcquisitionDate", "SeriesDate", "StudyDate"):
        value = text(dataset, keyword)
        if value:
            return value
    return one.study.date
