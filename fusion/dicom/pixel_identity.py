"""Whether two frames hold the same picture: needed where two of them claim one position."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydicom.pixels import pixel_array

from fusion.dicom.functional_groups import functional_group
from fusion.dicom.instance import Instance
from fusion.dicom.series import FrameRef

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
    "Units",
)
_RESCALE = ("RescaleSlope", "RescaleIntercept", "RescaleType")


def same_pixels(a: FrameRef, b: FrameRef) -> bool:
    """Whether two frames hold the same pixels with the same meaning.

    Reads the files: meant for the few that lie at one position. Frames that cannot be decoded
    count as different.

    Parameters
    ----------
    a, b : FrameRef
        Frames of the same or of different objects.
    """
    if _meaning(a) != _meaning(b):
        return False
    same_syntax = a.instance.transfer_syntax_uid == b.instance.transfer_syntax_uid
    if same_syntax and a.index == b.index:
        raw = _raw(a.instance)
        if raw is not None and raw == _raw(b.instance):
            return True
    decoded = _decoded(a)
    other = None if decoded is None else _decoded(b)
    return decoded is not None and other is not None and np.array_equal(decoded, other)


def _meaning(frame: FrameRef) -> tuple[str, ...]:
    dataset = frame.instance.dataset
    rescale = functional_group(frame, "PixelValueTransformationSequence") or dataset
    return (
        *(str(dataset.get(keyword)) for keyword in _MEANING),
        *(str(rescale.get(keyword)) for keyword in _RESCALE),
    )


def _raw(instance: Instance) -> bytes | None:
    """Everything from the pixel data element on; None where that cannot be told."""
    if instance.pixel_tag_offset is None:
        return None
    try:
        with instance.path.open("rb") as file:
            file.seek(instance.pixel_tag_offset)
            return file.read()
    except OSError:
        return None


def _decoded(frame: FrameRef) -> npt.NDArray[np.generic] | None:
    try:
        result: npt.NDArray[np.generic] = pixel_array(frame.instance.path, index=frame.index)
    except (ValueError, AttributeError, NotImplementedError, RuntimeError, MemoryError, OSError):
        return None
    return result
