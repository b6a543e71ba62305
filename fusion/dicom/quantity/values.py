"""What only the values of a volume tell: that they are not HU, or that they show nothing."""

from __future__ import annotations

from fusion.dicom.quantity.hounsfield import hounsfield_findings
from fusion.dicom.series import Kind
from fusion.findings import Finding
from fusion.findings.volumes import NOTHING_STORED
from fusion.geometry import Volume


def value_findings(volume: Volume, kind: Kind) -> tuple[Finding, ...]:
    """Return what the values of a volume tell.

    Parameters
    ----------
    volume : Volume
        As it was read.
    kind : Kind
        What it is.
    """
    if volume.unit == "HU":
        return tuple(hounsfield_findings(volume))
    return _shows_nothing(volume) if kind.is_functional else ()


def _shows_nothing(volume: Volume) -> tuple[Finding, ...]:
    """Say that all voxels hold one value: an empty or wholly saturated picture."""
    first = volume.stored.flat[0]
    slices = zip(volume.stored, volume.slope, volume.intercept, strict=True)
    one = float(first * volume.slope[0] + volume.intercept[0])
    if any((image != first).any() or first * a + b != one for image, a, b in slices):
        return ()
    return (NOTHING_STORED(volume=volume.source.label, value=one, unit=volume.unit or "counts"),)
