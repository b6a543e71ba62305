"""The PDF report as a DICOM object in the study."""

from __future__ import annotations

from pathlib import Path

from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from fusion.export.dicom.header import new_object
from fusion.export.edition import Edition

#: Document title of the object.
TITLE = "facetfusion report"


def write_encapsulated_pdf(path: Path, pdf: bytes, *, source: Dataset, edition: Edition) -> None:
    """Write a PDF as an Encapsulated PDF object.

    Parameters
    ----------
    path : Path
        File to write.
    pdf : bytes
        The whole document.
    source : Dataset
        Header that patient and study are taken from.
    edition : Edition
        When it was made, what it is called, which version it is.
    """
    ds = new_object(path, sop_class_uid=EncapsulatedPDFStorage, source=source, edition=edition)
    # The object shows no body part of its own; with one it would no longer be the plain IOD.
    for keyword in ("BodyPartExamined", "Laterality"):
        if keyword in ds:
            del ds[keyword]
    ds.Modality = "DOC"
    ds.SeriesNumber = edition.series_number(9007)
    ds.SeriesDescription = edition.described(TITLE)
    ds.ConversionType = "WSD"
    ds.AcquisitionDateTime = ""
    ds.BurnedInAnnotation = "YES"
    ds.DocumentTitle = edition.described(TITLE)
    ds.ConceptNameCodeSequence = [CodedConcept("18748-4", "LN", "Diagnostic imaging report")]
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocumentLength = len(pdf)
    ds.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    ds.save_as(path, enforce_file_format=True)
