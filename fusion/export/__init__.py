"""Handing on: DICOM objects and pictures made from a fused study."""

#: Where DICOM allows 64 characters only.
SHORT_DISCLAIMER = "Research and education tool. Not a medical device."
#: Stands on every picture and in every file that leaves the program.
DISCLAIMER = f"{SHORT_DISCLAIMER} Not for diagnosis or treatment decisions."
#: Burned into pictures of synthetic data.
SIMULATED = "SIMULATED — not a patient"
