"""How an archive is spoken with: DIMSE and DICOMweb, encrypted or not."""
