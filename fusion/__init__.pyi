from .dicom.catalog import scan
from .errors import (
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
from .findings import Finding, Severity
from .fused import Fused, Sample
from .geometry.grid import Grid
from .geometry.transform import RigidTransform
from .geometry.volume import Volume
from .opening import open_study
from .registration.result import Registration
from .review import Review
from .sitk import from_sitk, to_sitk, transform_from_sitk, transform_to_sitk

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
    "from_sitk",
    "open_study",
    "scan",
    "to_sitk",
    "transform_from_sitk",
    "transform_to_sitk",
]
