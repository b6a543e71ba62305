"""The PDF report as a DICOM object in the study."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from fusion.export.dicom.header import new_object

#: Document title of the object.
TITLE = "facetfusion report"


def write_encapsulated_pdf(path: Path, pdf: bytes, *, source: Dataset, made: datetime) -> None:
    """Write a PDF as an Encapsulated PDF object.

    Parameters
    ----------
    path : Path
        File to write.
    pdf : bytes
        The whole document.
    source : Dataset
        Header that patient and study are taken from.
    made : datetime
        When.
    """
    ds = new_object(path, sop_class_uid=EncapsulatedPDFStorage, source=source, made=made)
    # The object shows no body part of its own; with one it would no longer be the plain IOD.
    for keyword in ("BodyPartExamined", "Laterality"):
        if keyword in ds:
            del ds[keyword]
    ds.Modality = "DOC"
    ds.SeriesNumber = 9007
    ds.SeriesDescription = TITLE
    ds.ConversionType = "WSD"
    ds.AcquisitionDateTime = ""
    ds.BurnedInAnnotation = "YES"
    ds.DocumentTitle = TITLE
    ds.ConceptNameCodeSequence = [CodedConcept("18748-4", "LN", "Diagnostic imaging report")]
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocumentLength = len(pdf)
    ds.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    ds.save_as(path, enforce_file_format=True)
