"""The pictures as Secondary Capture images, and a Key Object Selection that points to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from highdicom import UID, ko, sc, sr
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes as standard_codes
from pydicom.uid import generate_uid

from fusion.export.dicom.header import dress
from fusion.software import DISCLAIMER, own_version


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """One picture that is handed on.

    Parameters
    ----------
    name : str
        What it shows, for example ``"Left C5-C6, axial"``; ASCII.
    orientation : (str, str)
        Where the rows and the columns of the picture point: ``("L", "P")`` for an axial one.
    image : PIL.Image.Image
        RGB, with everything burned in.
    """

    name: str
    orientation: tuple[str, str]
    image: Image.Image = field(repr=False)


def write_captures(
    folder: Path, captures: Sequence[Capture], *, source: Dataset, study_instance_uid: str
) -> tuple[tuple[Path, ...], Path]:
    """Write one Secondary Capture for each picture, and a Key Object Selection of all.

    Parameters
    ----------
    folder : Path
        Existing folder.
    captures : sequence of Capture
        At least one.
    source : Dataset
        Header that patient and study are taken from.
    study_instance_uid : str
        The study.

    Returns
    -------
    (tuple of Path, Path)
        The captures in order, and the selection.
    """
    series, moment = generate_uid(prefix=None), datetime.now()
    objects: list[Dataset] = []
    for number, capture in enumerate(captures, start=1):
        ds = sc.SCImage(
            pixel_array=np.asarray(capture.image.convert("RGB")),
            photometric_interpretation="RGB",
            bits_allocated=8,
            coordinate_system="PATIENT",
            study_instance_uid=study_instance_uid,
            series_instance_uid=series,
            series_number=9005,
            sop_instance_uid=generate_uid(prefix=None),
            instance_number=number,
            manufacturer="facetfusion",
            patient_orientation=capture.orientation,
        )
        objects.append(ds)
    # Before they are dressed: highdicom stops at names and codes that it does not like.
    selected = _selection(objects)
    paths = []
    for number, (capture, made) in enumerate(zip(captures, objects, strict=True), start=1):
        dress(made, source, description="Pictures of targets", moment=moment)
        made.ImageComments = f"{capture.name}. {DISCLAIMER}"
        made.BurnedInAnnotation = "YES"
        if "BodyPartExamined" not in made:
            made.Laterality = ""
        path = folder / f"picture_{number:02d}.dcm"
        made.save_as(path, enforce_file_format=True)
        paths.append(path)
    selection = folder / "key_objects.dcm"
    dress(selected, source, description="Pictures of targets")
    selected.save_as(selection, enforce_file_format=True)
    return tuple(paths), selection


def _selection(objects: Sequence[Dataset]) -> Dataset:
    content = ko.KeyObjectSelection(
        document_title=standard_codes.DCM.OfInterest,
        referenced_objects=list(objects),
        observer_device_context=sr.ObserverContext(
            observer_type=standard_codes.DCM.Device,
            observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
                uid=UID(), name=f"facetfusion {own_version()}"
            ),
        ),
        description=DISCLAIMER,
    )
    document: Dataset = ko.KeyObjectSelectionDocument(
        evidence=list(objects),
        content=content,
        series_instance_uid=generate_uid(prefix=None),
        series_number=9006,
        sop_instance_uid=generate_uid(prefix=None),
        instance_number=1,
        manufacturer="facetfusion",
    )
    for item in document.ContentSequence:
        # TID 2010 forbids a purpose of reference; highdicom gives "Source" to each image.
        if item.ValueType == "IMAGE":
            item.pop("ConceptNameCodeSequence", None)
    return document
