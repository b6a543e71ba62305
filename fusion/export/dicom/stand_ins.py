"""Images as the exported objects refer to them.

highdicom reads patient, geometry and identifiers from whole image headers and stops at values it
does not like. It is given stand-ins that hold identifiers from the files and geometry from the
:class:`~fusion.geometry.Grid` that was read, and the objects are dressed afterwards
(:func:`fusion.export.dicom.header.dress`).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.valuerep import format_number_as_ds

from fusion.dicom import Candidate, text, uid
from fusion.errors import GeometryError
from fusion.geometry import Volume


def is_multi_frame(candidate: Candidate) -> bool:
    """Whether the slices of a volume are frames of one object."""
    return len({id(frame.instance) for frame in candidate.plan.frames}) < len(candidate.plan.frames)


def instance_references(candidate: Candidate) -> tuple[tuple[str, str], ...]:
    """Return SOP Class and SOP Instance UID of every object of a volume, in slice order."""
    instances = (frame.instance for frame in candidate.plan.frames)
    return tuple(
        dict.fromkeys(
            (uid(one.dataset, "SOPClassUID") or "", one.sop_instance_uid) for one in instances
        )
    )


def slice_image(volume: Volume, candidate: Candidate, k: int) -> Dataset:
    """Return a stand-in for the image that holds slice ``k`` of a volume.

    Parameters
    ----------
    volume : Volume
        As read.
    candidate : Candidate
        What it was read from.
    k : int
        Slice number, counted from 0.

    Raises
    ------
    GeometryError
        The volume states no Frame of Reference.
    """
    frame_of_reference = volume.grid.frame_of_reference_uid
    if frame_of_reference is None:
        raise GeometryError(
            f"The series {candidate.plan.volume_id} states no coordinate system (DICOM Frame of "
            "Reference), so nothing can refer to places in it."
        )
    source = candidate.plan.frames[k].instance.dataset
    ds = Dataset()
    ds.StudyInstanceUID = candidate.study.study_instance_uid
    ds.SeriesInstanceUID = candidate.series.series_instance_uid
    ds.SOPClassUID = uid(source, "SOPClassUID") or ""
    ds.SOPInstanceUID = candidate.plan.frames[k].instance.sop_instance_uid
    ds.Modality = text(source, "Modality")
    ds.FrameOfReferenceUID = frame_of_reference
    ds.PositionReferenceIndicator = ""
    ds.InstanceNumber = k + 1
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"):
        setattr(ds, keyword, "")
    for keyword in ("StudyID", "StudyDate", "StudyTime", "AccessionNumber"):
        setattr(ds, keyword, "")
    _, rows, columns = volume.grid.shape
    spacing = volume.grid.spacing_mm
    _, down, right = volume.grid.directions
    ds.Rows, ds.Columns = rows, columns
    ds.PixelSpacing = [format_number_as_ds(spacing[1]), format_number_as_ds(spacing[2])]
    ds.SliceThickness = format_number_as_ds(spacing[0])
    ds.ImageOrientationPatient = [format_number_as_ds(value) for value in (*right, *down)]
    ds.ImagePositionPatient = [format_number_as_ds(v) for v in volume.grid.to_lps((k, 0, 0))]
    if is_multi_frame(candidate):
        ds.NumberOfFrames = len(candidate.plan.frames)
    return ds


def slices_at(volume: Volume, points_lps: Iterable[npt.ArrayLike]) -> tuple[int, ...]:
    """Return the numbers of the slices nearest to points, the middle slice when there are none."""
    last = volume.grid.shape[0] - 1
    found = {int(np.clip(np.rint(volume.grid.to_kji(point)[0]), 0, last)) for point in points_lps}
    return tuple(sorted(found or {last // 2}))
