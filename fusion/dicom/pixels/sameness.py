"""Whether two frames hold the same picture: needed where two of them claim one position."""

from __future__ import annotations

import numpy as np

from fusion.dicom.files.functional_groups import functional_group
from fusion.dicom.files.instance import stored_value
from fusion.dicom.pixels.reading import read_frame
from fusion.dicom.series import FrameRef
from fusion.errors import DicomError

#: Attributes that change what stored pixels mean.
_MEANING = (
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "Units",
)
_RESCALE = ("RescaleSlope", "RescaleIntercept", "RescaleType")


def same_pixels(a: FrameRef, b: FrameRef) -> bool:
    """Whether two frames hold the same pixels with the same meaning.

    Reads the files: meant for the few frames that lie at one position. Frames that cannot be read
    count as different, and so do files that describe the same values differently.

    Parameters
    ----------
    a, b : FrameRef
        Frames of the same or of different objects.
    """
    if _meaning(a) != _meaning(b):
        return False
    try:
        return np.array_equal(
            read_frame(a.instance, a.index),
            read_frame(b.instance, b.index),
        )
    except DicomError:
        return False


def _meaning(frame: FrameRef) -> tuple[str, ...]:
    dataset = frame.instance.dataset
    rescale = functional_group(frame, "PixelValueTransformationSequence") or dataset
    mapped = functional_group(frame, "RealWorldValueMappingSequence") or stored_value(
        dataset, "RealWorldValueMappingSequence"
    )
    return (
        str(mapped),
        *(str(stored_value(dataset, keyword)) for keyword in _MEANING),
        *(str(stored_value(rescale, keyword)) for keyword in _RESCALE),
    )
