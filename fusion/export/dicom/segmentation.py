"""The region of uptake of each positive Target, as a DICOM Segmentation on the CT's grid."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.valuerep import format_number_as_ds

from fusion.annotations import Target
from fusion.export.dicom import codes
from fusion.export.dicom.header import dress
from fusion.export.dicom.stand_ins import is_multi_frame, slice_image
from fusion.export.dicom.structured_report import tracking_uid
from fusion.export.handout import Handout, LeftOut
from fusion.export.regions import FRACTION, RADIUS_MM, RULE, UptakeRegion
from fusion.findings.readings import NO_SEGMENTATION
from fusion.software import SHORT_DISCLAIMER, own_version
from fusion.uptake import MAXIMUM, quantity_text

#: Longest Segment Description, characters (ST, PS3.5 table 6.2-1).
_DESCRIPTION_LENGTH = 1024
#: Name of the file.
SEGMENTATION = "uptake_regions.dcm"
#: What its identifiers are made from, beside the reading.
_KIND = "segmentation"


def export_segmentation(handout: Handout, folder: Path) -> tuple[Path, ...]:
    """Write the regions of uptake as one binary Segmentation with a segment for each.

    Raises
    ------
    LeftOut
        There is no region.
    GeometryError
        The CT states no Frame of Reference.
    """
    regions = [region for region in handout.regions if not region.is_empty]
    if not regions:
        raise LeftOut(NO_SEGMENTATION())
    fused, ct, edition = handout.review.fused, handout.review.pair.ct, handout.edition
    first = min(region.start[0] for region in regions)
    last = max(region.start[0] + region.mask.shape[0] for region in regions)
    _, rows, columns = fused.ct.grid.shape
    pixels = np.zeros((last - first, rows, columns, len(regions)), dtype=np.uint8)
    for number, region in enumerate(regions):
        k, j, i = region.start
        depth, height, width = region.mask.shape
        where = slice(k - first, k - first + depth), slice(j, j + height), slice(i, i + width)
        pixels[(*where, number)] = region.mask
    images = [slice_image(fused.ct, ct, k) for k in range(first, last)]
    in_one_object = is_multi_frame(ct)
    positions = [
        hd.PlanePositionSequence(
            coordinate_system=hd.CoordinateSystemNames.PATIENT,
            image_position=[float(v) for v in image.ImagePositionPatient],
        )
        for image in images
    ]
    spacing = fused.ct.grid.spacing_mm
    _, down, right = fused.ct.grid.directions
    measures = hd.PixelMeasuresSequence(
        pixel_spacing=[float(spacing[1]), float(spacing[2])],
        slice_thickness=float(format_number_as_ds(spacing[0])),
        spacing_between_slices=float(format_number_as_ds(spacing[0])),
    )
    orientation = hd.PlaneOrientationSequence(
        coordinate_system=hd.CoordinateSystemNames.PATIENT,
        image_orientation=[float(v) for v in (*right, *down)],
    )
    ds = hd.seg.Segmentation(
        source_images=[_one_object(images, positions, measures, orientation)]
        if in_one_object
        else images,
        pixel_array=pixels,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _description(number, region, handout) for number, region in enumerate(regions, start=1)
        ],
        series_instance_uid=edition.uid(_KIND, "series"),
        series_number=edition.series_number(9004),
        sop_instance_uid=edition.uid(_KIND, "instance"),
        instance_number=1,
        manufacturer="facetfusion",
        manufacturer_model_name="facetfusion",
        software_versions=own_version(),
        device_serial_number=own_version(),
        content_label="UPTAKE",
        content_description=SHORT_DISCLAIMER,
        pixel_measures=measures,
        plane_orientation=orientation,
        plane_positions=positions,
    )
    if in_one_object:  # the stand-in holds some of the frames, so its frame numbers mean nothing
        for groups in ds.PerFrameFunctionalGroupsSequence:
            groups.pop("DerivationImageSequence", None)
    dress(
        ds,
        ct.header,
        description="Uptake (not validated)",
        edition=edition,
    )
    _name_dimensions(ds, edition.uid(_KIND, "dimensions"))
    ds.CodingSchemeIdentificationSequence = [codes.scheme_item()]
    path = folder / SEGMENTATION
    ds.save_as(path, enforce_file_format=True)
    return (path,)


def _name_dimensions(ds: Dataset, name: str) -> None:
    """Give the organisation of the dimensions a name that is the same in equal exports."""
    for item in (*ds.DimensionOrganizationSequence, *ds.DimensionIndexSequence):
        item.DimensionOrganizationUID = name


def _one_object(
    images: Sequence[Dataset],
    positions: Sequence[hd.PlanePositionSequence],
    measures: hd.PixelMeasuresSequence,
    orientation: hd.PlaneOrientationSequence,
) -> Dataset:
    """Return a stand-in for the multi-frame object that holds these slices."""
    whole = copy.deepcopy(images[0])
    whole.NumberOfFrames = len(images)
    shared = Dataset()
    shared.PixelMeasuresSequence = measures
    shared.PlaneOrientationSequence = orientation
    whole.SharedFunctionalGroupsSequence = [shared]
    whole.PerFrameFunctionalGroupsSequence = []
    for position in positions:
        frame = Dataset()
        frame.PlanePositionSequence = position
        whole.PerFrameFunctionalGroupsSequence.append(frame)
    return whole


def _maximum(target: Target) -> Iterator[str]:
    """Yield the maximum as it was measured: what the other files say of the joint."""
    if target.uptake is not None and (value := target.uptake.get(MAXIMUM.name)) is not None:
        yield f"Measured at the joint: {MAXIMUM.text(value, target.uptake.unit)}."


def _description(number: int, region: UptakeRegion, handout: Handout) -> hd.seg.SegmentDescription:
    target, unit = region.target, handout.review.fused.spect.unit
    structure, side, level = codes.site_codes(target.joint)
    where = hd.sr.CodedConcept.from_code(structure)
    modifiers = [hd.sr.CodedConcept.from_code(code) for code in (side, level) if code]
    description = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=f"{handout.name_of(target)} uptake",
        segmented_property_category=codes.REGION_CATEGORY,
        segmented_property_type=codes.REGION_TYPE,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name=f"{FRACTION:.0%} of the highest voxel within {RADIUS_MM:g} mm",
            family=Code("threshold", codes.SCHEME, "Threshold relative to the maximum"),
            version=own_version(),
            source="facetfusion",
        ),
        tracking_uid=tracking_uid(target),
        tracking_id=handout.name_of(target),
        anatomic_regions=[where],
    )
    description.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = modifiers
    item: Dataset = description
    account = handout.account
    said = " ".join(
        (
            *account.of_joint(target.joint).remarks,
            f"{RULE} Outlined from {quantity_text(region.outlined_from, unit)} on.",
            *_maximum(target),
            *handout.cautions,
            account.state,
            account.levels,
            account.alignment,
        )
    )
    item.SegmentDescription = said[:_DESCRIPTION_LENGTH]
    return description
