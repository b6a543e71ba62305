"""The region of uptake of each positive Target, as a DICOM Segmentation on the CT's grid.

The region is a stated rule and not a validated contour: the CT voxels within
:data:`RADIUS_MM` of the Target's point where the functional volume, interpolated there, reaches
:data:`FRACTION` of its maximum inside that sphere.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import highdicom as hd
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from fusion.annotations import Target
from fusion.dicom import Candidate
from fusion.export.dicom import codes
from fusion.export.dicom.header import decimal_string, dress
from fusion.export.dicom.stand_ins import is_multi_frame, slice_image
from fusion.export.dicom.structured_report import tracking_uid
from fusion.fused import Fused
from fusion.geometry import Grid
from fusion.resampling import Resampler
from fusion.software import SHORT_DISCLAIMER, own_version

#: Half of the smallest distance between neighbouring joints of one side (14 mm,
#: docs/sources.md#joint-layout), so that the spheres of two joints do not overlap.
RADIUS_MM = 7.0
#: Share of the maximum in the sphere: a convention without validation for facet joints
#: (docs/sources.md#no-uptake-cut-off).
FRACTION = 0.5
#: The rule in words, for the object and for people.
RULE = (
    f"CT voxels within {RADIUS_MM:g} mm of the target's point where the interpolated uptake "
    f"reaches {FRACTION:.0%} of its maximum there. Not validated."
)


@dataclass(frozen=True, slots=True, eq=False)
class UptakeRegion:
    """The region of one Target.

    Parameters
    ----------
    target : Target
        Whose.
    start : (k, j, i) tuple of int
        First voxel of ``mask`` on the CT's grid.
    mask : (k, j, i) ndarray of bool
        The box around the sphere; empty when the sphere lies outside either volume.
    maximum : float
        Highest uptake in the sphere, in the functional volume's unit; ``nan`` for an empty region.
    """

    target: Target
    start: tuple[int, int, int]
    mask: npt.NDArray[np.bool_] = field(repr=False)
    maximum: float

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.mask.any()


def uptake_region(target: Target, fused: Fused) -> UptakeRegion:
    """Return the region of a Target on the CT's grid.

    Parameters
    ----------
    target : Target
        Its point is the centre of the sphere.
    fused : Fused
        CT, functional volume, and the Registration that joins them.
    """
    grid = fused.ct.grid
    center = np.array(target.point_lps)
    inverse = np.linalg.inv(grid.affine[:3, :3])
    # Half the box: how far the sphere reaches along each index (rows of the inverse).
    reach = RADIUS_MM * np.linalg.norm(inverse, axis=1)
    middle = grid.to_kji(center)
    low = np.maximum(np.ceil(middle - reach), 0).astype(int)
    high = np.minimum(np.floor(middle + reach), np.array(grid.shape) - 1).astype(int)
    start = int(low[0]), int(low[1]), int(low[2])
    if (high < low).any():
        return UptakeRegion(target, start, np.zeros((0, 0, 0), bool), float("nan"))
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_lps(low)
    size = high - low + 1
    shape = int(size[0]), int(size[1]), int(size[2])
    box = Grid(shape, affine, grid.frame_of_reference_uid)
    transform = fused.registration.transform_at(center)
    uptake = Resampler(fused.spect, box, transform=transform).array()
    kji = np.moveaxis(np.indices(shape), 0, -1)
    inside = np.linalg.norm(box.to_lps(kji) - center, axis=-1) <= RADIUS_MM
    inside &= np.isfinite(uptake)
    maximum = float(uptake[inside].max()) if inside.any() else float("nan")
    if not maximum > 0:
        return UptakeRegion(target, start, np.zeros(shape, bool), float("nan"))
    inside[inside] = uptake[inside] >= FRACTION * maximum
    return UptakeRegion(target, start, inside, maximum)


def write_segmentation(
    path: Path, regions: Sequence[UptakeRegion], *, fused: Fused, ct: Candidate
) -> None:
    """Write regions as one binary Segmentation with a segment for each.

    Parameters
    ----------
    path : Path
        File to write.
    regions : sequence of UptakeRegion
        At least one, none of them empty.
    fused : Fused
        As for :func:`uptake_region`.
    ct : Candidate
        What the CT was read from.

    Raises
    ------
    GeometryError
        The CT states no Frame of Reference.
    """
    header = ct.plan.frames[0].instance.dataset
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
        slice_thickness=float(decimal_string(spacing[0])),
        spacing_between_slices=float(decimal_string(spacing[0])),
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
            _description(number, region, fused) for number, region in enumerate(regions, start=1)
        ],
        series_instance_uid=generate_uid(prefix=None),
        series_number=9004,
        sop_instance_uid=generate_uid(prefix=None),
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
    dress(ds, header, description="Uptake of positive targets (not validated)")
    ds.CodingSchemeIdentificationSequence = [codes.scheme_item()]
    ds.save_as(path, enforce_file_format=True)


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


def _description(number: int, region: UptakeRegion, fused: Fused) -> hd.seg.SegmentDescription:
    structure, side, level = codes.site_codes(region.target.joint)
    where = hd.sr.CodedConcept.from_code(structure)
    modifiers = [hd.sr.CodedConcept.from_code(code) for code in (side, level) if code]
    description = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=f"{region.target.joint.name} uptake",
        segmented_property_category=codes.REGION_CATEGORY,
        segmented_property_type=codes.REGION_TYPE,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name=f"{FRACTION:.0%} of maximum in a {RADIUS_MM:g} mm sphere",
            family=Code("threshold", codes.SCHEME, "Threshold relative to the maximum"),
            version=own_version(),
            source="facetfusion",
        ),
        tracking_uid=tracking_uid(region.target),
        tracking_id=region.target.joint.name,
        anatomic_regions=[where],
    )
    description.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = modifiers
    item: Dataset = description
    item.SegmentDescription = f"{RULE} Maximum {region.maximum:.4g} {fused.spect.unit}."
    return description
