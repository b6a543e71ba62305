"""Which frames of one multi-frame NM reconstruction make up which volume.

An NM object numbers its frames in parallel lists ("vectors"): the energy window, the gate and the
slice that each frame belongs to. One volume is made of all frames that agree in everything but the
slice (PS3.3 C.8.4.8). Order in the file is trusted only where the vectors confirm it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from fusion.dicom.files.instance import (
    attribute_name,
    integer,
    items,
    number,
    numbers,
    stored_value,
    text,
)
from fusion.errors import DicomError
from fusion.findings import Finding
from fusion.findings.volumes import (
    FRAME_POINTER_DISAGREES,
    FRAME_POINTER_INCOMPLETE,
    FRAME_POINTER_MISSING,
    SLICE_COUNT_MISSING,
    SLICE_VECTOR_MISSING,
    VECTORS_LEFT_OVER,
)

#: Frame numbers and slice numbers are 16-bit in NM.
MAX_FRAMES = 65_535

SLICE_VECTOR = "SliceVector"
# What splits a reconstruction into volumes, in the order of PS3.3 C.8.4.8, and how to call it.
_SPLITTING = {
    "EnergyWindowVector": ("energy window", "NumberOfEnergyWindows"),
    "DetectorVector": ("detector", "NumberOfDetectors"),
    "PhaseVector": ("phase", "NumberOfPhases"),
    "RotationVector": ("rotation", "NumberOfRotations"),
    "RRIntervalVector": ("heart beat interval", "NumberOfRRIntervals"),
    "TimeSlotVector": ("gate", "NumberOfTimeSlots"),
    "TimeSliceVector": ("time slice", "NumberOfTimeSlices"),
}
_VIEWS = "AngularViewVector"
# Those that number projections; gates and times belong to reconstructions as well.
_OF_PROJECTIONS = ("EnergyWindowVector", "DetectorVector", "RotationVector", _VIEWS)


@dataclass(frozen=True, slots=True)
class FrameGroup:
    """The frames of one volume.

    Parameters
    ----------
    frames : tuple of int
        Frame numbers counted from 0, slice 0 first.
    description : str
        What tells this volume apart (``"gate 3 of 8"``); empty for the only one.
    refusal : str or None
        Why the order of the slices is not known.
    is_numbered : bool
        Whether the file says that the frames are slices, and in which order. Where nothing does,
        they stand in the order of the file, which only a person can vouch for.
    """

    frames: tuple[int, ...]
    description: str
    refusal: str | None = None
    is_numbered: bool = True


def frame_count(dataset: Dataset) -> int:
    """Return Number of Frames, 1 when absent.

    Raises
    ------
    DicomError
        Not a whole number between 1 and :data:`MAX_FRAMES`.
    """
    count = integer(dataset, "NumberOfFrames")
    if count is None:
        return 1
    if not 1 <= count <= MAX_FRAMES:
        raise DicomError(f"Number of Frames is {count}; expected 1 to {MAX_FRAMES}.")
    return count


def frame_groups(dataset: Dataset) -> tuple[tuple[FrameGroup, ...], tuple[Finding, ...]]:
    """Split the frames of a reconstruction into volumes.

    Parameters
    ----------
    dataset : Dataset
        Header of an NM RECON TOMO or RECON GATED TOMO object.

    Returns
    -------
    groups : tuple of FrameGroup
        At least one; in the order of energy window, …, gate.
    findings : tuple of Finding
        What the writer left out or contradicted, where the frames are known all the same.

    Raises
    ------
    DicomError
        The vectors do not say which frame is which.
    """
    count = frame_count(dataset)
    slices = _slices(dataset, count)
    left_over = _left_over(dataset, slices, count)
    splitting = {
        keyword: values
        for keyword in _SPLITTING
        if keyword not in left_over
        and (values := _vector(dataset, keyword, count)) is not None
        and len(set(values)) > 1
    }
    views = None if _VIEWS in left_over else _vector(dataset, _VIEWS, count)
    if views is not None and len(set(views)) > 1:
        raise DicomError(
            "The frames are numbered as views around the patient (Angular View Vector), which a "
            "reconstruction does not have."
        )
    findings = list(_pointer_findings(dataset, {*splitting, SLICE_VECTOR}))
    if left_over:
        findings.append(
            VECTORS_LEFT_OVER(
                vectors=" and ".join(attribute_name(word) for word in left_over), count=count
            )
        )
    is_numbered = (
        slices is not None
        or integer(dataset, "NumberOfSlices") is not None
        or bool(splitting)
        or count == 1
    )
    if slices is None:
        slices = (
            _assumed_slices(dataset, count, splits=bool(splitting))
            if is_numbered
            else tuple(range(1, count + 1))
        )
        findings.append(SLICE_VECTOR_MISSING(count=count))
    expected = integer(dataset, "NumberOfSlices")
    if expected is None:
        findings.append(SLICE_COUNT_MISSING())
    keys = list(zip(*splitting.values(), strict=True)) or [()] * count
    members: dict[tuple[int, ...], list[int]] = {}
    for n, key in enumerate(keys):
        members.setdefault(key, []).append(n)
    groups = tuple(
        FrameGroup(
            tuple(frames),
            _description(dataset, splitting, key),
            _slice_refusal([slices[n] for n in frames], expected),
            is_numbered,
        )
        for key, frames in sorted(members.items())
    )
    return groups, tuple(findings)


def frame_marks(dataset: Dataset) -> tuple[tuple[str, str], ...]:
    """Return what tells a single-frame object apart from others at the same position.

    Parameters
    ----------
    dataset : Dataset
        Header of an NM object with one frame.

    Returns
    -------
    tuple of (str, str)
        Names and values for the screen: ``("gate", "3")``.
    """
    vectors = ((words, _vector(dataset, keyword, 1)) for keyword, (words, _) in _SPLITTING.items())
    marks = [(words, str(values[0])) for words, values in vectors if values]
    if name := text(dataset, "ImageID"):
        marks.append(("image", name))
    return tuple(marks)


def _vector(dataset: Dataset, keyword: str, count: int) -> tuple[int, ...] | None:
    """Return a vector with one entry a frame; None when absent or when it says nothing."""
    values = numbers(dataset, keyword)
    if values is None:
        return None
    if np.abs(values).max() > MAX_FRAMES or np.any(values != np.rint(values)):
        raise DicomError(
            f"{attribute_name(keyword)} holds values that are no frame or slice numbers."
        )
    if len(values) != count:
        if np.all(values == values[0]):
            return None
        raise DicomError(
            f"{attribute_name(keyword)} has {len(values)} entries for {count} frames; which frame "
            "is which is not known."
        )
    return tuple(values.astype(int).tolist())


def _left_over(dataset: Dataset, slices: tuple[int, ...] | None, count: int) -> tuple[str, ...]:
    """Return the vectors that a workstation kept from the projections.

    Only where nothing depends on them: when the slices alone number every frame once, from 1 to
    the last, no other vector can part them into complete volumes.
    """
    if slices != tuple(range(1, count + 1)):
        return ()
    sizes = {word: numbers(dataset, word) for word in _OF_PROJECTIONS}
    return tuple(word for word, v in sizes.items() if v is not None and len(v) != count)


def _slices(dataset: Dataset, count: int) -> tuple[int, ...] | None:
    values = numbers(dataset, SLICE_VECTOR)
    if values is not None and len(values) != count:
        raise DicomError(
            f"Slice Vector has {len(values)} entries for {count} frames; which frame is which "
            "slice is not known."
        )
    return _vector(dataset, SLICE_VECTOR, count)


def _assumed_slices(dataset: Dataset, count: int, *, splits: bool) -> tuple[int, ...]:
    stated = integer(dataset, "NumberOfSlices")
    if stated != count or splits:
        raise DicomError(
            "The file does not number its slices (Slice Vector is missing), and "
            + (
                "its frames belong to several volumes."
                if splits
                else f"its {count} frames cannot be taken in order: Number of Slices is "
                f"{'missing' if stated is None else stated}."
            )
        )
    return tuple(range(1, count + 1))


def _slice_refusal(slices: Sequence[int], expected: int | None) -> str | None:
    count = len(slices) if expected is None else expected
    if list(slices) == list(range(1, count + 1)):
        return None
    commonest, times = Counter(slices).most_common(1)[0]
    if times > 1:
        reason = f"slice {commonest} occurs {times} times"
    elif len(slices) != count:
        reason = f"it holds {len(slices)} of {count} slices"
    elif list(slices) == list(range(count, 0, -1)):
        reason = f"its slices are numbered backwards, {count} to 1"
    elif sorted(slices) == list(range(1, count + 1)):
        reason = "its slices are numbered out of order"
    else:
        reason = f"its slices are numbered {min(slices)} to {max(slices)} instead of 1 to {count}"
    return (
        f"Which slice is the first is not certain: {reason} (Slice Vector). Reading it anyway "
        "could turn the neck upside down. Export the reconstruction again."
    )


def _pointer_findings(dataset: Dataset, needed: Set[str]) -> tuple[Finding, ...]:
    """Compare Frame Increment Pointer with the vectors that the frames were split by."""
    value = stored_value(dataset, "FrameIncrementPointer")
    entries = value if hasattr(value, "__iter__") else [value] if value else []
    try:
        pointed = {Tag(entry) for entry in entries}
    except (ValueError, TypeError, OverflowError):
        pointed = set()
    if not pointed:
        return (FRAME_POINTER_MISSING(),)
    unnamed = sorted(attribute_name(word) for word in needed if Tag(word) not in pointed)
    absent = sorted(
        attribute_name(word)
        for word in _SPLITTING
        if Tag(word) in pointed and numbers(dataset, word) is None
    )
    findings = []
    if unnamed:
        findings.append(FRAME_POINTER_INCOMPLETE(vectors=" and ".join(unnamed)))
    if absent:
        findings.append(FRAME_POINTER_DISAGREES(vectors=" and ".join(absent)))
    return tuple(findings)


def _description(
    dataset: Dataset, splitting: dict[str, tuple[int, ...]], key: tuple[int, ...]
) -> str:
    parts = []
    for (keyword, values), index in zip(splitting.items(), key, strict=True):
        words, total_keyword = _SPLITTING[keyword]
        total = max(integer(dataset, total_keyword) or 0, max(values))
        window = _energy_window(dataset, index) if keyword == "EnergyWindowVector" else ""
        parts.append(f"{words} {index} of {total}" + (f": {window}" if window else ""))
    return ", ".join(parts)


def _energy_window(dataset: Dataset, index: int) -> str:
    windows = items(dataset, "EnergyWindowInformationSequence")
    if not 1 <= index <= len(windows):
        return ""
    window = windows[index - 1]
    limits = []
    for item in items(window, "EnergyWindowRangeSequence"):
        try:
            low = number(item, "EnergyWindowLowerLimit")
            high = number(item, "EnergyWindowUpperLimit")
        except DicomError:
            continue
        if low is not None and high is not None:
            limits.append(f"{low:.0f}-{high:.0f}")
    keV = f"{' + '.join(limits)} keV" if limits else ""
    return " ".join(filter(None, (text(window, "EnergyWindowName"), keV)))
