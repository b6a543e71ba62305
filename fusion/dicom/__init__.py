"""Reading DICOM: from a folder, zip or DICOMDIR to Volumes with exact geometry."""
