"""Handing on: DICOM objects and pictures made from a fused study."""

#: Stands on every picture and in every file that leaves the program.
DISCLAIMER = (
    "Research and education tool. Not a medical device. Not for diagnosis or treatment decisions."
)
#: Burned into pictures of synthetic data.
SIMULATED = "SIMULATED — not a patient"
