"""Segmentations of vertebrae that a study brings along: offered to the reader, never taken unasked.

What another program named is a witness only when a reader takes it; a study that holds one should
not keep that to itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.uid import SegmentationStorage

from fusion.anatomy import VERTEBRAE
from fusion.dicom import PARSE_ERRORS, Catalog, Instance, uid
from fusion.errors import FusionError
from fusion.findings import Finding
from fusion.findings.joints import VERTEBRAE_SEGMENTED

#: Label Map Segmentation Storage (PS3.6); pydicom 3.0 has no name for it.
LABEL_MAP_STORAGE = "1.2.840.10008.5.1.4.1.1.66.7"
#: So many vertebrae of the neck make it one of the neck: a tumour may be drawn in one of them.
_LEAST_BONES = 2


def segmentations_offered(
    catalog: Catalog, frame_of_reference_uid: str | None
) -> tuple[Finding, ...]:
    """Return what to say of the segmentations of cervical vertebrae that lie on this CT.

    Parameters
    ----------
    catalog : Catalog
        What was found under the path.
    frame_of_reference_uid : str or None
        Of the CT; a Segmentation that states another one, or none, is not offered.
    """
    if not frame_of_reference_uid:
        return ()
    found = []
    for series, instance in _segmentations(catalog):
        if uid(instance.dataset, "FrameOfReferenceUID") != frame_of_reference_uid:
            continue
        bones = _bones(instance)
        if len(bones) >= _LEAST_BONES:
            found.append(
                VERTEBRAE_SEGMENTED(
                    series=series, first=bones[0], last=bones[-1], file=instance.label
                )
            )
    return tuple(found)


def _segmentations(catalog: Catalog) -> Iterator[tuple[str, Instance]]:
    for study in catalog.studies:
        for series in study.series:
            for instance in series.instances:
                kind = uid(instance.dataset, "SOPClassUID")
                if kind in (SegmentationStorage, LABEL_MAP_STORAGE):
                    yield series.description or "Segmentation", instance


def _bones(instance: Instance) -> tuple[str, ...]:
    """Return the cervical vertebrae, and T1, that its segments name, from the top."""
    # It loads highdicom, which only a study that holds a Segmentation needs.
    from fusion.facets.labelled.segments import bones_named

    try:
        named = bones_named(instance.dataset, instance.label)
    # What cannot be read says so when a reader takes it.
    except (*PARSE_ERRORS, FusionError):
        return ()
    return tuple(bone for bone in VERTEBRAE if bone in named)
