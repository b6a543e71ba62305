"""What a multi-frame object says about one of its frames (PS3.3 C.7.6.16).

A functional group macro stands either in the item of the frame itself or, when it is the same for
all of them, in the shared item.
"""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from fusion.dicom.files.instance import stored_value
from fusion.dicom.series import FrameRef


def functional_group(frame: FrameRef, keyword: str) -> Dataset | None:
    """Return the functional group macro that applies to a frame.

    Parameters
    ----------
    frame : FrameRef
        A frame of a multi-frame object.
    keyword : str
        Of the macro's sequence, for example ``"PlanePositionSequence"``.

    Returns
    -------
    Dataset or None
        The first item of the macro; None when the object has none for this frame.
    """
    dataset = frame.instance.dataset
    candidates = (
        _item(dataset, "PerFrameFunctionalGroupsSequence", frame.index),
        _item(dataset, "SharedFunctionalGroupsSequence", 0),
    )
    for groups in candidates:
        macro = None if groups is None else _item(groups, keyword, 0)
        if macro is not None:
            return macro
    return None


def _item(dataset: Dataset, keyword: str, index: int) -> Dataset | None:
    # By index rather than through instance.items, which would walk all frames for each frame.
    value = stored_value(dataset, keyword)
    if not isinstance(value, DicomSequence) or not 0 <= index < len(value):
        return None
    return value[index]
