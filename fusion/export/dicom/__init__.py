"""The DICOM objects that leave."""
