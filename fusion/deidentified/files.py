"""What is left to do with files: copies of the images, and when objects were made."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from fusion.deidentified.profile import NO_MOMENT, PIXELS, Deidentifier
from fusion.dicom import PARSE_ERRORS, Instance, items, quiet_pydicom, text, uid
from fusion.errors import DicomError
from fusion.progress import ProgressCallback
from fusion.review import Review

#: Folder of the copies, inside that of the export.
IMAGES = "images"
#: When a library made an object of ours: nobody needs it.
_UNNEEDED = (
    "DateOfSecondaryCapture",
    "TimeOfSecondaryCapture",
    "InstanceCreationDate",
    "InstanceCreationTime",
)
#: Access and change of every file, s: the earliest that a zip can hold, 1980-01-02.
_FILE_TIMES = (315_619_200, 315_619_200)


def write_images(review: Review, folder: Path, progress: ProgressCallback) -> tuple[Path, ...]:
    """Write copies of the CT and of the functional series in use, with the headers of a review.

    Parameters
    ----------
    review : Review
        Already without identity; its instances still know where the pixels are.
    folder : Path
        Of the export; the copies go into a folder inside.
    progress : callable
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Returns
    -------
    tuple of Path

    Raises
    ------
    DicomError
        A file says that identity is burned into its pixels, or its pixels cannot be read.
    """
    frames = (*review.pair.ct.plan.frames, *review.pair.spect.plan.frames)
    instances = tuple({id(frame.instance): frame.instance for frame in frames}.values())
    for one in instances:
        if text(one.dataset, "BurnedInAnnotation").upper() == "YES":
            raise DicomError(
                f"{one.label}: the file says that text that identifies somebody is burned into "
                "its pixels, so no copies of the images were written."
            )
    target = folder / IMAGES
    target.mkdir(exist_ok=True)
    written = []
    for number, instance in enumerate(instances, start=1):
        path = target / instance.label
        with quiet_pydicom():
            _with_pixels(instance).save_as(path, enforce_file_format=True)
        os.utime(path, _FILE_TIMES)
        written.append(path)
        progress(number / len(instances), "Copying the images")
    return tuple(written)


def _with_pixels(instance: Instance) -> FileDataset:
    header: Dataset = copy.copy(instance.dataset)
    try:
        whole = pydicom.dcmread(instance.path, force=True)
        for keyword in PIXELS:
            if keyword in whole:
                header[keyword] = whole[keyword]
    except PARSE_ERRORS as exc:
        raise DicomError(f"{instance.label}: its pixels cannot be read.") from exc
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(uid(header, "SOPClassUID") or "")
    meta.MediaStorageSOPInstanceUID = UID(instance.sop_instance_uid)
    meta.TransferSyntaxUID = UID(instance.transfer_syntax_uid)
    if meta.TransferSyntaxUID.is_deflated:  # few programs read it
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return FileDataset(
        "",
        header,
        file_meta=meta,
        preamble=b"\0" * 128,
        is_implicit_VR=meta.TransferSyntaxUID.is_implicit_VR,
        is_little_endian=meta.TransferSyntaxUID.is_little_endian,
    )


def settle(paths: Iterable[Path], how: Deidentifier) -> None:
    """Treat the moments at which objects and files were made as every other date.

    An export on the day of the study would give its date away otherwise.

    Parameters
    ----------
    paths : iterable of Path
        Everything that was written; copies of images excepted.
    how : Deidentifier
        Of the whole export.
    """
    for path in paths:
        if path.suffix == ".dcm":
            ds = pydicom.dcmread(path)
            _settle_moments(ds, how)
            if ds.get("BurnedInAnnotation") == "YES":
                ds.BurnedInAnnotation = "NO"  # there is text, and it identifies nobody
            how.declare(ds)
            ds.save_as(path, enforce_file_format=True)
        os.utime(path, _FILE_TIMES)


def _settle_moments(ds: Dataset, how: Deidentifier) -> None:
    for keyword in _UNNEEDED:
        if keyword in ds:
            del ds[keyword]
    for item in items(ds, "ContributingEquipmentSequence"):
        if "ContributionDateTime" in item:
            del item.ContributionDateTime
    if how.keeps_suv:
        for keyword in ("SeriesDate", "ContentDate"):
            if keyword in ds:
                ds[keyword].value = how.shift_element(ds[keyword])
        return
    for keyword in ("SeriesDate", "SeriesTime"):
        if keyword in ds:
            del ds[keyword]
    # Most of our objects have to have them.
    ds.ContentDate, ds.ContentTime = f"{NO_MOMENT:%Y%m%d}", f"{NO_MOMENT:%H%M%S}"
