"""Makes a simulated bone SPECT/CT of a neck, as DICOM, with its truth.

Anatomy, then scanner, then DICOM: :mod:`sample_data.anatomy`, :mod:`sample_data.scanner`,
:mod:`sample_data.dicom`; :func:`make_study` does all three. Every image says "SIMULATED - not a
patient" where a human looks.
"""

from sample_data.parameters import (
    COARSE_SCAN,
    SIMULATED,
    HotJoint,
    HotSpot,
    NeckParameters,
    ScanParameters,
    Segmentation,
    Shape,
)
from sample_data.study import JointTruth, Truth, make_study

__all__ = [
    "COARSE_SCAN",
    "SIMULATED",
    "HotJoint",
    "HotSpot",
    "JointTruth",
    "NeckParameters",
    "ScanParameters",
    "Segmentation",
    "Shape",
    "Truth",
    "make_study",
]
