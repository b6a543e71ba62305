"""facetfusion: review of fused bone SPECT/CT of the neck.

Research and education software. Not a medical device.

>>> import fusion
>>> review = fusion.open_study("path/to/dicom")  # doctest: +SKIP
>>> review.sample_at(review.focus_lps)  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fusion.errors import (
    AnnotationError,
    Cancelled,
    DicomError,
    FusionError,
    GeometryError,
    PairingError,
    PathwayError,
    RegistrationFailed,
    SpacingNeeded,
)
from fusion.findings import Finding, Severity

if TYPE_CHECKING:
    from fusion.dicom.catalog import scan
    from fusion.fused import Fused, Sample
    from fusion.geometry import Grid, RigidTransform, Volume
    from fusion.opening import open_study
    from fusion.registration import Registration
    from fusion.review import Review

#: Names whose modules load large libraries; imported on first use, so that ``facetfusion --help``
#: does not wait for them.
_LAZY = {
    "Fused": "fusion.fused",
    "Grid": "fusion.geometry",
    "Registration": "fusion.registration",
    "Review": "fusion.review",
    "RigidTransform": "fusion.geometry",
    "Sample": "fusion.fused",
    "Volume": "fusion.geometry",
    "open_study": "fusion.review",
    "scan": "fusion.dicom.catalog",
}

__all__ = [
    "AnnotationError",
    "Cancelled",
    "DicomError",
    "Finding",
    "Fused",
    "FusionError",
    "GeometryError",
    "Grid",
    "PairingError",
    "PathwayError",
    "Registration",
    "RegistrationFailed",
    "Review",
    "RigidTransform",
    "Sample",
    "Severity",
    "SpacingNeeded",
    "Volume",
    "open_study",
    "scan",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
