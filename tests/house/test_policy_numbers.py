"""Every number that decides what is refused, trusted, warned of or called left, right or a level.

Values are literals: a changed constant fails here, by name, and its source has to be read again.
What a number does is tested at its edge beside the code that uses it.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

SOURCES = Path(__file__).parents[2] / "docs" / "sources.md"
OURS = "ours"

#: Module of fusion, name, value, and the section of docs/sources.md that the comment in the code
#: names ("ours": chosen or measured by us).
NUMBERS: tuple[tuple[str, str, Any, str], ...] = (
    # Grids and slices.
    ("geometry", "DIRECTION_TOLERANCE", 0.001, OURS),
    ("geometry", "ALIGNMENT_TOLERANCE_MM", 0.01, OURS),
    ("geometry", "MAX_VOXELS", 1_073_741_824, OURS),
    ("self_test.machine", "LEAST_FREE_BYTES", 2_147_483_648, OURS),
    ("self_test.machine", "LEAST_MEMORY_BYTES", 3_221_225_472, OURS),
    ("self_test.trial", "LARGEST_ERROR_MM", 6.0, OURS),
    ("resampling.resampler", "_PARALLEL_TOLERANCE_VOXELS", 1e-6, OURS),
    ("dicom.volumes.slices", "POSITION_TOLERANCE_MM", 0.01, "ct-geometry"),
    ("dicom.volumes.slices", "RELATIVE_TOLERANCE", 0.01, "ct-geometry"),
    ("dicom.volumes.slices", "COARSE_UNIT_MM", 0.1, "ct-geometry"),
    ("dicom.volumes.slices", "LEAST_COARSE_STEP_MM", 0.5, "ct-geometry"),
    ("dicom.volumes.slices", "SHEAR_TOLERANCE", 0.01, "ct-geometry"),
    ("dicom.volumes.slices", "MAX_TILT_DEG", 45.0, "ct-geometry"),
    ("dicom.volumes.slices", "ORIENTATION_TOLERANCE", 0.0002, "ct-geometry"),
    ("dicom.volumes.slices", "SPACING_TOLERANCE", 0.0001, "ct-geometry"),
    ("dicom.volumes.nm_geometry", "SAME_POSITION_MM", 0.1, "nm-geometry"),
    ("dicom.volumes.nm_geometry", "SPACING_DOUBT", 0.2, "nm-geometry"),
    ("dicom.volumes.nm_frames", "MAX_FRAMES", 65_535, OURS),
    # Which CT with which functional volume.
    ("dicom.pairing", "MIN_COMMON_LENGTH_MM", 60.0, "ct-geometry"),
    ("dicom.pairing", "ENOUGH_NECK_MM", 80.0, OURS),
    ("dicom.pairing", "_SAME_TOP_MM", 50.0, OURS),
    ("dicom.stored_registration", "ORTHONORMAL_TOLERANCE", 0.001, OURS),
    ("dicom.stored_registration", "SAME_MM", 0.01, OURS),
    ("dicom.stored_registration", "NOTABLE_SHIFT_MM", 5.0, "level-error"),
    # Values.
    ("dicom.quantity.suv", "WEIGHT_RANGE_KG", (1.0, 400.0), "suv"),
    ("dicom.quantity.dose", "SURELY_BQ", 1_000_000.0, "suv"),
    ("dicom.quantity.dose", "SURELY_MBQ", 15_000.0, "suv"),
    ("dicom.quantity.dose", "LEAST_DOSE_MBQ", 1.0, "suv"),
    ("dicom.quantity.suv", "MOST_HALF_LIVES", 10, "suv"),
    ("dicom.quantity.suv", "HALF_LIFE_TOLERANCE", 0.01, "half-life"),
    ("dicom.quantity.suv", "_SAME_DAY_HALF_LIFE_S", 28_800.0, OURS),
    ("dicom.quantity.unit", "_LARGEST", 1e30, OURS),
    ("dicom.pixels.reading", "PADDING_HU", -1024.0, "pixel-reading"),
    ("dicom.pixels.padding", "MAX_PADDING_HU", -900.0, "pixel-reading"),
    # What others may make us hold, and when a study that came is looked at.
    ("archive.protocols.wire", "LARGEST_PDU_BYTES", 131_072, OURS),
    ("archive.protocols.wire", "MOST_IN_MEMORY_BYTES", 268_435_456, OURS),
    ("archive.watching", "QUIET_S", 5.0, OURS),
    # Reader studies.
    ("reader_study.design", "REPEAT_GAP", 10, OURS),
    ("reader_study.design", "LARGEST_FILE_BYTES", 1_048_576, OURS),
    ("reader_study.activity", "PAUSE_S", 60.0, OURS),
    ("reader_study.statistics.resampling", "RESAMPLES", 2000, OURS),
    ("reader_study.statistics.resampling", "LEAST_PATIENTS", 10, OURS),
    ("reader_study.statistics.resampling", "MOST_UNDEFINED", 0.05, OURS),
    # Hostile and damaged files.
    ("dicom.pixels.layout", "MAX_DECODED_BYTES", 2_147_483_648, "damaged-files"),
    ("dicom.pixels.decoder_process", "MEMORY_BYTES", 536_870_912, OURS),
    ("dicom.pixels.decoder_process", "MEMORY_PER_PIXEL_BYTES", 32, OURS),
    ("dicom.pixels.decoder_process", "TIME_S", 2.0, OURS),
    ("dicom.pixels.decoder_process", "TIME_PER_MEGAPIXEL_S", 0.5, OURS),
    ("dicom.files.header", "MAX_SEQUENCE_DEPTH", 32, "damaged-files"),
    ("dicom.files.header", "MAX_ELEMENT_BYTES", 16_777_216, "damaged-files"),
    ("dicom.files.header", "MAX_INFLATED_BYTES", 536_870_912, "damaged-files"),
    ("dicom.files.header", "MAX_INFLATION_RATIO", 100, "damaged-files"),
    ("dicom.files.header", "RATIO_FREE_BYTES", 67_108_864, "damaged-files"),
    ("dicom.files.archive", "MAX_FILES", 200_000, "damaged-files"),
    ("dicom.files.archive", "MAX_UNPACKED_BYTES", 17_179_869_184, "damaged-files"),
    ("dicom.files.archive", "MAX_RATIO", 100, "damaged-files"),
    ("dicom.files.archive", "RATIO_FREE_BYTES", 67_108_864, "damaged-files"),
    ("pathway.facts.facts_file", "LARGEST_FILE_BYTES", 262_144, OURS),
    # How far an alignment is trusted.
    ("registration.trust", "TRUSTED_UNCERTAINTY_MM", 3.0, "level-error"),
    ("registration.trust", "MIN_CORRELATION", {"NM": 0.8, "PT": 0.63}, OURS),
    ("registration.trust", "MIN_DROP", 0.03, "registration-trust"),
    (
        "registration.trust",
        "MAX_DISAGREEMENT_MM",
        {"second opinion": 4.5, "reverse": 3.0, "neck box": 3.5},
        OURS,
    ),
    ("registration.trust", "MAX_BEND_DEG", 12.0, OURS),
    ("registration.trust", "MAX_SHIFT_MM", 40.0, "registration-trust"),
    ("registration.trust", "MAX_ROTATION_DEG", 20.0, "registration-trust"),
    ("registration.trust", "MIN_OVERLAP", 0.9, "registration-trust"),
    ("registration.trust", "NECK_BEND_DEG", 1.5, OURS),
    ("registration.trust", "NECK_BEND_SIGNIFICANCE", 5.0, OURS),
    ("registration.trust", "MAX_UNEXPLAINED_MM", 3.5, OURS),
    (
        "registration.evidence",
        "RIGID_WEIGHTS",
        (0.5, 0.6, 0.37, 0.0, 0.0, 0.8, 0.1),
        OURS,
    ),
    (
        "registration.evidence",
        "NECK_WEIGHTS",
        (0.5, 1.22, 0.27, 0.0, 0.0, 0.35, 0.15),
        OURS,
    ),
    ("registration.evidence", "NOTHING_FOUND_MM", 10.0, OURS),
    ("registration.engine", "SMALLEST_CORRECTION_MM", 0.5, OURS),
    ("registration.manual", "LARGE_MANUAL_SHIFT_MM", 5.0, OURS),
    ("registration.neck_field", "HALF_WIDTH_MM", 45.0, OURS),
    ("dicom.placement", "LEAST_COMMON_SHARE", 0.25, OURS),
    # Where a count of vertebrae breaks.
    ("facets.automatic.picture.breaks", "JUMP", 1.4, "breaks-in-a-stack"),
    ("facets.automatic.picture.breaks", "_PARTS", 3, "breaks-in-a-stack"),
    ("facets.automatic.picture.breaks", "_LEFT_OUT", 2, "breaks-in-a-stack"),
    ("facets.automatic.picture.breaks", "_LEAST_HU", 15.0, OURS),
    ("facets.automatic.picture.breaks", "SAME", 0.5, OURS),
    ("facets.automatic.picture.breaks", "_STILL_HU", 4.0, OURS),
    ("facets.automatic.picture.breaks", "_SAME_MM", 8.0, OURS),
    ("facets.automatic.picture.breaks", "_APART_MM", (8.0, 30.0), OURS),
    ("facets.automatic.picture.values", "MOST_NOISE_HU", 135.0, OURS),
    ("facets.automatic.picture.values", "_SHIFT_HU", 45.0, "counting-vertebrae"),
    ("facets.automatic.column", "BREAK_REACH_MM", 7.0, OURS),
    ("facets.automatic.column", "_PROMINENCE", 0.45, "counting-vertebrae"),
    ("facets.automatic.column", "PLAIN_DEPTH", 0.8, "counting-vertebrae"),
    ("facets.automatic.column", "_WALL_P_MM", (-10.0, -3.0), "counting-vertebrae"),
    ("facets.automatic.claims", "_C2_TWIN_MM", 14.0, OURS),
    ("facets.automatic.claims", "_NO_PAIR_MM", 30.0, OURS),
    ("facets.automatic.numbering", "_FORAMEN_MM", 5.5, "counting-vertebrae"),
    ("facets.automatic.numbering", "_EVEN_SHARE", (0.62, 1.5), "counting-vertebrae"),
    ("facets.automatic.numbering", "_EVEN_SPAN", (0.74, 1.4), "counting-vertebrae"),
    ("facets.automatic.numbering", "COUNT_WEIGHT", 0.4, OURS),
    ("facets.automatic.judging", "SURE_WEIGHT", 3.0, "level-numbering"),
    ("facets.automatic.judging", "_AGREE_MM", 8.0, OURS),
    ("facets.automatic.judging", "_RIBS_AGREE_MM", 7.0, OURS),
    ("facets.automatic.judging", "_UNEVEN_MM", 4.2, OURS),
    ("facets.automatic.locate", "_FORAMEN_OFF_MM", 6.0, "counting-vertebrae"),
    ("facets.automatic.locate", "_TOGETHER_OFF_MM", 3.5, "counting-vertebrae"),
    ("facets.automatic.locate", "METAL_SHARE", 0.004, OURS),
    ("facets.automatic.locate", "_FUSED_GAP", 0.08, OURS),
    # Label maps.
    ("facets.labelled.nifti", "_AGREE_MM", 0.5, OURS),
    ("facets.labelled.nifti", "_EDGE_TOLERANCE", 0.01, OURS),
    ("facets.labelled.nifti", "_IN_PATIENT", (1, 2), OURS),
    ("facets.labelled.maps", "MAX_LABEL", 4095, OURS),
    ("facets.labelled.maps", "MAX_LABELS", 500, OURS),
    ("facets.labelled.maps", "MAX_LABEL_VOXELS", 268_435_456, OURS),
    ("facets.labelled.maps", "_PIECE_SHARE", 0.05, OURS),
    ("facets.labelled.spine", "COARSE_MM", 2.0, "label-quality"),
    ("facets.labelled.spine", "_ON_CT", 0.5, OURS),
    ("facets.labelled.subregions", "_IN_BONES", 0.5, OURS),
    ("facets.labelled.subregions", "_FOOT_SHARE", 0.25, OURS),
    ("facets.labelled.subregions", "_FOOT_MM", 4.0, OURS),
    ("facets.labelled.locate_labelled", "_DENS_WEIGHT", 0.5, OURS),
    ("facets.labelled.locate_labelled", "_SAME_SHARE", 0.4, OURS),
    ("facets.programs.neck_file", "_MOST_VOXELS", 8_000_000, "segmentation-programs"),
    ("facets.programs.label_run", "_LARGEST_BYTES", 1_073_741_824, OURS),
    ("facets.labelled.bone_checks", "_LEAST_DESCENT_MM", 4.0, OURS),
    ("facets.labelled.bone_checks", "_DENS_SHORT_MM", 3.0, OURS),
    (
        "facets.labelled.bone_checks",
        "_PITCH_MM",
        {"C": (7.0, 28.0), "T": (10.0, 38.0), "L": (18.0, 58.0)},
        "label-conventions",
    ),
    ("facets.labelled.between_bones", "_LATERAL_MM", (8.0, 28.0), "joint-layout"),
    ("facets.labelled.between_bones", "_BEHIND_WALL_MM", (-2.0, 22.0), OURS),
    ("facets.labelled.between_bones", "_WIDEST_MM", 7.0, OURS),
    ("facets.labelled.between_bones", "_REACH_MM", 9.0, "facet-surfaces"),
    ("facets.labelled.locate_labelled", "LABEL_WEIGHT", 2.0, "label-quality"),
    ("facets.labelled.locate_labelled", "_HIDING_MM", 9.0, OURS),
    ("facets.labelled.locate_labelled", "_CLICK_MM", 8.0, OURS),
    ("facets.labelled.locate_labelled", "_SAME_MM", 6.5, OURS),
    ("facets.labelled.bone_checks", "_VOLUME_CM3", (2.0, 45.0), OURS),
    ("facets.labelled.bone_checks", "_OTHER_VOLUME_CM3", (4.0, 160.0), OURS),
    ("facets.labelled.between_bones", "_FACING", -0.35, OURS),
    ("facets.labelled.between_bones", "_FEWEST_MM2", 25.0, "facet-surfaces"),
    ("facets.localisation", "READER_MM", 2.0, OURS),
    # Side and level of a reader's mark.
    ("annotations.spine", "BETWEEN_LEVELS_MM", 3.0, "level-error"),
    ("annotations.spine", "NEAR_MIDLINE_MM", 3.0, OURS),
    ("annotations.spine", "JOINT_REACH_MM", 12.75, "facet-surfaces"),
    ("annotations.spine", "_LEAST_LEFTWARD", 0.26, OURS),
    ("annotations.spine", "_MIDLINE_TOLERANCE_MM", 6.0, OURS),
    ("annotations.snapshots", "_ROTATION_TOLERANCE", 0.0001, OURS),
    # What leaves the program, and what the pictures show.
    ("export.regions", "RADIUS_MM", 7.0, "joint-layout"),
    ("export.regions", "FRACTION", 0.5, "no-uptake-cut-off"),
    ("export.account", "SAID_SPILL", 0.1, OURS),
    ("export.account", "WHOLE_SPHERE", 0.9, OURS),
    ("export.dicom.structured_report_reading", "_COORDINATE_TOLERANCE_MM", 0.001, OURS),
    ("export.report.pictures", "BONE_WINDOW_HU", (-350.0, 1150.0), OURS),
    ("export.page.crop", "CT_MM", (0.7, 0.85, 1.0, 1.2), OURS),
    ("export.page.crop", "MOST_BYTES", 2_250_000, OURS),
    ("export.page.crop", "SPECT_MM", 2.0, OURS),
    ("export.page.crop", "AROUND_MM", (30.0, 34.0, 18.0), OURS),
    ("export.page.crop", "HU_RANGE", (-500.0, 1540.0), OURS),
    ("fused", "FOCUS_BONE_HU", 150.0, OURS),
    ("fused", "BONE_MARGIN_MM", 6.0, OURS),
    ("fused", "DISPLAY_PERCENTILE", 99.9, OURS),
    ("fused", "DISPLAY_SHARE_OF_HOTTEST_BONE", 0.5, OURS),
    ("views.radiograph", "SOFT_HU", 120.0, OURS),
    ("views.radiograph", "MOST_HU", 2000.0, OURS),
    ("views.radiograph", "UP_DOWN_MM", 32.0, OURS),
    ("views.radiograph", "ASIDE_MM", 34.0, OURS),
    ("views.radiograph", "FRONT_MM", 42.0, OURS),
    ("views.radiograph", "BACK_MM", 48.0, OURS),
    ("pathway.facts.hardware", "METAL_HU", 2500.0, OURS),
    ("pathway.facts.hardware", "SMALLEST_PIECE_MM3", 50.0, OURS),
    ("pathway.facts.hardware", "PEEL_MM", 5.0, OURS),
    ("deidentified.profile", "_OLDEST_YEARS", 89, OURS),
    # Uptake, and what is plausible.
    ("uptake.measuring", "ONE_ML_RADIUS_MM", 6.2035, OURS),
    ("uptake.native", "UPTAKE_BONE_HU", 130.0, OURS),
    ("uptake.native", "REACH_MM", 90.0, OURS),
    ("uptake.native", "LEAST_REACH_MM", 20.0, OURS),
    ("uptake.reference", "BODY_RADIUS_MM", 7.0, OURS),
    ("uptake.reference", "LEAST_BONE", 0.5, OURS),
    ("uptake.reference", "ACTIVE_TIMES_MEDIAN", 1.5, OURS),
    ("uptake.reference", "LEAST_VOXELS", 8, OURS),
    ("uptake.resolution", "FACET_VARIANCE_MM2", 7.0, "partial-volume"),
    ("uptake.resolution", "FACET_SIZE_MM", (12.0, 12.0, 6.0), OURS),
    ("uptake.resolution", "RESOLUTIONS_MM", (6.0, 18.0), "bone-spect-resolution"),
    ("uptake.resolution", "ASSUMED_RESOLUTION_MM", 10.0, "bone-spect-resolution"),
    ("uptake.structures", "DISC_FORWARD_MM", 15.0, "vertebral-bodies-and-canal"),
    ("uptake.structures", "UNCOVERTEBRAL_MM", (11.0, 12.0), "vertebral-bodies-and-canal"),
    ("uptake.structures", "LAMINA_MM", (13.0, 11.0), OURS),
    ("uptake.structures", "SPINOUS_BACK_MM", 24.0, OURS),
    ("uptake.structures", "DENS_ABOVE_MM", 8.0, OURS),
    ("uptake.measures", "RATIO_DECIMALS", 2, OURS),
    ("uptake.measures", "SUV_DECIMALS", 2, OURS),
    ("uptake.measures", "SIGNIFICANT_DIGITS", 3, OURS),
    ("uptake.hot_spots", "_COMPONENT_95", 1.23, OURS),
    ("uptake.hot_spots", "_NORMAL_95", 1.96, OURS),
    ("uptake.hot_spots", "_SUMMIT_VOXELS", 0.15, OURS),
    ("uptake.hot_spots", "_JOINTS_AROUND", 4, OURS),
    ("uptake.activity", "_FIT_MM", 28.0, OURS),
    ("uptake.activity", "_CLEARLY", 0.005, OURS),
    ("registration.trust", "MAX_INDEPENDENT_MM", 3.0, OURS),
    ("registration.expectation", "BONE_RAMP_HU", (120.0, 350.0), OURS),
    ("registration.expectation", "SOFT_TISSUE_UPTAKE", 0.15, OURS),
    ("registration.expectation", "BODY_HU", -300.0, OURS),
    ("dicom.quantity.dose", "BONE_MBQ_PER_KG", (1.5, 60.0), "injected-activity"),
    ("dicom.quantity.dose", "MBQ_PER_MCI", 37.0, "injected-activity"),
    ("dicom.quantity.suv", "CLOCKS_APART_S", 7200.0, "half-life"),
    ("dicom.quantity.suv", "LONGEST_WAIT_S", 43200.0, "suv"),
    ("dicom.quantity.hounsfield", "APART_HU", (975.0, 1130.0), "hounsfield-units"),
    ("dicom.quantity.hounsfield", "_LEAST_APART_HU", 700.0, "hounsfield-units"),
    ("dicom.quantity.hounsfield", "_NOTABLE", 0.2, "hounsfield-units"),
    ("dicom.volumes.plausible", "FURTHEST_MM", 10000.0, "plausible-geometry"),
    ("dicom.continuation", "MOST_SLICES", 5, OURS),
    ("dicom.stored_registration", "LAST_ROW_TOLERANCE", 1e-09, OURS),
    ("geometry.field_of_view", "_EMPTY", 1e-05, OURS),
    ("geometry.field_of_view", "_EDGE_MM2", 1000.0, OURS),
    ("geometry.field_of_view", "_EDGE_HEIGHT", 0.3, OURS),
    ("geometry.field_of_view", "_SECTION_MM2", 6000.0, OURS),
    ("geometry.field_of_view", "_WRITTEN_SHARE", 0.25, OURS),
    ("geometry.field_of_view", "_LEAST_PLANES", 8, OURS),
    ("annotations.target", "GRADES", (0, 1, 2, 3), OURS),
    ("annotations.target", "MAX_NOTE", 10000, OURS),
    ("annotations.target", "MAX_NAME", 200, OURS),
    ("cli", "OK", 0, OURS),
    ("cli", "USAGE", 2, OURS),
    ("cli", "REFUSED", 3, OURS),
    ("cli", "FAULT", 70, OURS),
    ("cli", "STOPPED", 130, OURS),
    ("pathway.facts.hardware", "BODY_HU", -300.0, OURS),
    ("pathway.facts.dates", "EARLIEST_YEAR", 1900, OURS),
)


@pytest.mark.parametrize(
    ("module", "name", "value", "source"), NUMBERS, ids=[f"{m}.{n}" for m, n, _, _ in NUMBERS]
)
def test_a_number_of_policy_is_what_its_source_says(
    module: str, name: str, value: Any, source: str
) -> None:
    found = getattr(importlib.import_module(f"fusion.{module}"), name)
    where = "docs/sources.md#" + source if source != OURS else "the comment above it (ours)"
    assert found == value, (
        f"fusion.{module}.{name} is {found}, was {value}: is this change meant? See {where}."
    )


def test_every_source_is_a_section_of_the_page() -> None:
    sections = {
        re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        for title in re.findall(r"^## (.+)$", SOURCES.read_text("utf-8"), re.MULTILINE)
    }
    assert {source for *_, source in NUMBERS} - {OURS} <= sections


def test_no_number_is_listed_twice() -> None:
    names = [(module, name) for module, name, _, _ in NUMBERS]
    assert len(names) == len(set(names))
