"""What is left to do with files: copies of the images, and when objects were made."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from fusion.deidentified.profile import Deidentifier
from fusion.dicom import Instance, items, quiet_pydicom, stored_frames, text, uid
from fusion.errors import DicomError
from fusion.progress import ProgressCallback
from fusion.review import Review

#: Slope and intercept to HU of the frames of one object; empty where it is no CT.
_Rescale = tuple[tuple[float, float], ...]
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


def write_images(
    review: Review, original: Review, folder: Path, progress: ProgressCallback
) -> tuple[Path, ...]:
    """Write copies of the CT and of the functional series in use, with the headers of a review.

    Parameters
    ----------
    review : Review
        Without identity.
    original : Review
        What it was made from; its instances know where the pixels are.
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
    sources = _instances(original)
    for one in sources:
        if text(one.dataset, "BurnedInAnnotation").upper() == "YES":
            raise DicomError(
                f"{one.label}: the file says that text that identifies somebody is burned into "
                "its pixels, so no copies of the images were written."
            )
    target = folder / IMAGES
    target.mkdir(exist_ok=True)
    rescale = _rescale(original)
    written = []
    pairs = zip(_instances(review), sources, strict=True)
    for number, (instance, source) in enumerate(pairs, start=1):
        path = target / instance.label
        with quiet_pydicom():
            made = _with_pixels(instance, source, rescale.get(id(source), ()))
            made.save_as(path, enforce_file_format=True)
        os.utime(path, _FILE_TIMES)
        written.append(path)
        progress(number / len(sources), "Copying the images")
    return tuple(written)


def _instances(review: Review) -> tuple[Instance, ...]:
    """Return the objects that the CT and the functional volume are made of, each once."""
    frames = (*review.pair.ct.plan.frames, *review.pair.spect.plan.frames)
    return tuple({id(frame.instance): frame.instance for frame in frames}.values())


def _rescale(review: Review) -> dict[int, _Rescale]:
    """Return slope and intercept of every frame of the CT in use, by its object."""
    plan = review.pair.ct.plan
    found: dict[int, list[tuple[float, float]]] = {}
    for k, frame in enumerate(plan.frames):
        number = float(plan.slope[k]), float(plan.intercept[k])
        found.setdefault(id(frame.instance), []).append(number)
    return {key: tuple(numbers) for key, numbers in found.items()}


def _with_pixels(instance: Instance, source: Instance, rescale: _Rescale) -> FileDataset:
    """Return a copy with its pixels decoded and written anew, and nothing else of the file.

    Comments of compressed frames, bits beside those of a pixel (old overlays) and whatever stands
    behind the last one stay behind.
    """
    header: Dataset = copy.copy(instance.dataset)
    layout, padded, frames = stored_frames(source, rescale=rescale)
    content = b"".join(frame.astype(frame.dtype.newbyteorder("<")).tobytes() for frame in frames)
    wide = layout.bits_allocated > 8
    header.add_new("PixelData", "OW" if wide else "OB", content + b"\0" * (len(content) % 2))
    header.HighBit = layout.bits_stored - 1
    header.BitsStored = layout.bits_stored
    if padded:  # the value was one that no pixel can have
        for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit"):
            if keyword in header:
                del header[keyword]
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(uid(header, "SOPClassUID") or "")
    meta.MediaStorageSOPInstanceUID = UID(instance.sop_instance_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return FileDataset(
        "",
        header,
        file_meta=meta,
        preamble=b"\0" * 128,
        is_implicit_VR=False,
        is_little_endian=True,
    )


def settle(paths: Iterable[Path], how: Deidentifier, *, made: datetime) -> None:
    """Treat the moments at which objects and files were made as every other date.

    An export on the day of the study would give its date away otherwise. Libraries look at the
    clock too, and whoever writes another output may forget this.

    Parameters
    ----------
    paths : iterable of Path
        Everything that was written; copies of images excepted.
    how : Deidentifier
        Of the whole export.
    made : datetime
        What stands for the moment of the export.
    """
    for path in paths:
        if path.suffix == ".dcm":
            ds = pydicom.dcmread(path)
            _settle_moments(ds, how, made)
            if ds.get("BurnedInAnnotation") == "YES":
                ds.BurnedInAnnotation = "NO"  # there is text, and it identifies nobody
            how.declare(ds)
            ds.save_as(path, enforce_file_format=True)
        os.utime(path, _FILE_TIMES)


def _settle_moments(ds: Dataset, how: Deidentifier, made: datetime) -> None:
    for keyword in _UNNEEDED:
        if keyword in ds:
            del ds[keyword]
    for item in items(ds, "ContributingEquipmentSequence"):
        if "ContributionDateTime" in item:
            del item.ContributionDateTime
    for keyword in ("SeriesDate", "SeriesTime"):
        if keyword in ds and not how.keeps_suv:
            del ds[keyword]
        elif keyword in ds:
            ds[keyword].value = _element(keyword, made)
    # Most of our objects have to have them.
    ds.ContentDate, ds.ContentTime = f"{made:%Y%m%d}", f"{made:%H%M%S}"


def _element(keyword: str, moment: datetime) -> str:
    return f"{moment:%Y%m%d}" if keyword.endswith("Date") else f"{moment:%H%M%S}"
