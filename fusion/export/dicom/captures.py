"""The pictures as Secondary Capture images, and a Key Object Selection that points to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from highdicom import UID, ko, sc, sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes as standard_codes

from fusion.export.dicom.header import dress
from fusion.export.edition import Edition
from fusion.export.handout import Handout
from fusion.software import DISCLAIMER, own_version

#: Files of the pictures, and of the selection.
CAPTURES, SELECTION = "picture_[0-9][0-9].dcm", "key_objects.dcm"


def export_captures(handout: Handout, folder: Path) -> tuple[Path, ...]:
    """Write a Secondary Capture of the overview and of each positive joint in three planes.

    The Key Object Selection points to all of them and comes last.
    """
    pictures = [handout.pictures.overview]
    pictures += [one for _, shown in handout.pictures.joints for one in shown]
    review, edition = handout.review, handout.edition
    source, series = review.pair.ct.header, edition.uid("captures", "series")
    objects: list[Dataset] = [
        sc.SCImage(
            pixel_array=np.asarray(shown.image.convert("RGB")),
            photometric_interpretation="RGB",
            bits_allocated=8,
            coordinate_system="PATIENT",
            study_instance_uid=review.study.study_instance_uid,
            series_instance_uid=series,
            series_number=edition.series_number(9005),
            sop_instance_uid=edition.uid("captures", number),
            instance_number=number,
            manufacturer="facetfusion",
            patient_orientation=shown.orientation,
        )
        for number, shown in enumerate(pictures, start=1)
    ]
    # Before they are dressed: highdicom stops at names and codes that it does not like.
    selected = _selection(objects, edition)
    paths = []
    for number, (shown, ds) in enumerate(zip(pictures, objects, strict=True), start=1):
        dress(ds, source, description="Pictures of targets", edition=edition)
        ds.ImageComments = f"{shown.name}. {DISCLAIMER}"
        ds.BurnedInAnnotation = "YES"
        if "BodyPartExamined" not in ds:
            ds.Laterality = ""
        path = folder / f"picture_{number:02d}.dcm"
        ds.save_as(path, enforce_file_format=True)
        paths.append(path)
    dress(selected, source, description="Pictures of targets", edition=edition)
    selected.save_as(folder / SELECTION, enforce_file_format=True)
    return (*paths, folder / SELECTION)


def _selection(objects: Sequence[Dataset], edition: Edition) -> Dataset:
    content = ko.KeyObjectSelection(
        document_title=standard_codes.DCM.OfInterest,
        referenced_objects=list(objects),
        observer_device_context=sr.ObserverContext(
            observer_type=standard_codes.DCM.Device,
            observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
                uid=UID(edition.uid("device")), name=f"facetfusion {own_version()}"
            ),
        ),
        description=DISCLAIMER,
    )
    document: Dataset = ko.KeyObjectSelectionDocument(
        evidence=list(objects),
        content=content,
        series_instance_uid=edition.uid("selection", "series"),
        series_number=edition.series_number(9006),
        sop_instance_uid=edition.uid("selection", "instance"),
        instance_number=1,
        manufacturer="facetfusion",
    )
    for item in document.ContentSequence:
        # TID 2010 forbids a purpose of reference; highdicom gives "Source" to each image.
        if item.ValueType == "IMAGE":
            item.pop("ConceptNameCodeSequence", None)
    return document
