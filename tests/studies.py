"""Small studies on disk: a CT and an NM that belong together, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from tests.dicom import ct_objects as ct
from tests.dicom import nm_objects as nm

STUDY, FRAME = "1.2.3.4.5", "1.2.3.4.5.7"
#: First voxel of the NM volume, so that it covers the CT of :mod:`tests.dicom.ct_objects`.
NM_ORIGIN_LPS = (-70.0, -62.0, -102.0)


def write_ct(
    folder: Path,
    *,
    edit: ct.Edit | None = None,
    positions: np.ndarray | None = None,
    **same: str,
) -> None:
    """Write a CT series of study ``STUDY`` in frame ``FRAME``; ``same`` sets attributes."""

    def shared(k: int, ds: Dataset) -> None:
        ds.StudyInstanceUID, ds.FrameOfReferenceUID = STUDY, FRAME
        ds.PatientName, ds.PatientID, ds.PatientSex = "No^Body", "1", "O"
        ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = "20240311"
        ds.SeriesDescription = "CT bone"
        for keyword, value in same.items():
            setattr(ds, keyword, value)
        if edit is not None:
            edit(k, ds)

    ct.write_series(folder, ct.stacked() if positions is None else positions, edit=shared)


def write_nm(
    folder: Path,
    *,
    name: str = "nm.dcm",
    dataset: Dataset | None = None,
    edit: Callable[[Dataset], None] | None = None,
    **same: object,
) -> Path:
    """Write a reconstructed NM that covers the CT; ``same`` sets attributes."""
    ds = nm.recon() if dataset is None else dataset
    for detector in ds.get("DetectorInformationSequence", []):
        detector.ImagePositionPatient = list(NM_ORIGIN_LPS)
    for keyword, value in same.items():
        setattr(ds, keyword, value)
    if edit is not None:
        edit(ds)
    folder.mkdir(parents=True, exist_ok=True)
    return nm.write(ds, folder / name)
