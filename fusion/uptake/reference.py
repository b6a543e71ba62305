"""What uptake is compared with: ordinary bone of this neck, the other side, or a chosen region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.geometry import FloatArray
from fusion.uptake.native import NativeNeck
from fusion.uptake.settings import ReferenceChoice, ReferenceKind
from fusion.uptake.structures import body_centers

#: Radius of the part of a vertebral body that is taken, mm: bodies are 15 mm deep and 12 high.
BODY_RADIUS_MM = 7.0
#: Least share of bone of a voxel of ordinary bone.
LEAST_BONE = 0.5
#: Voxels above this many times the median are active and left out. Not validated.
ACTIVE_TIMES_MEDIAN = 1.5
#: Fewer voxels than this are no reference.
LEAST_VOXELS = 8

_OTHER_SIDE = "Maximum of the same joint of the other side, joint by joint."
_REGION = "Mean of {voxels} voxels within {radius_mm:g} mm of a point on the CT."
_COLD_REGION = "The chosen region holds no voxel with uptake."
_BONE = (
    "Mean of {voxels} voxels of the vertebral bodies C3 to C7 that are at least half bone on the "
    "CT; {left_out} above {times:g} times their median left out as active (not validated)."
)
_NO_CT = "Without a CT ordinary bone cannot be told."
_TOO_FEW = (
    "Only {voxels} voxels of the vertebral bodies C3 to C7 lie in both fields; {needed} are needed."
)
_COLD_BONE = "The vertebral bodies show no uptake."
#: Everything that is said of a reference, with ``{names}`` for numbers.
REFERENCE_WORDS = (_OTHER_SIDE, _REGION, _COLD_REGION, _BONE, _NO_CT, _TOO_FEW, _COLD_BONE)


@dataclass(frozen=True, slots=True)
class Reference:
    """What the ratios of a study refer to.

    Parameters
    ----------
    kind : ReferenceKind
        What was chosen.
    value : float or None
        Mean, in the unit of the volume; None where it differs from joint to joint (other side) or
        could not be measured.
    voxels : int
        Native voxels that it is the mean of.
    left_out : int
        Voxels that were left out as active.
    words : str
        How it was measured, or why it could not be, for the report.
    """

    kind: ReferenceKind
    value: float | None
    voxels: int
    left_out: int
    words: str

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "kind": self.kind.value,
            "value": None if self.value is None else round(self.value, 4),
            "voxels": self.voxels,
            "voxels_left_out_as_active": self.left_out,
            "words": self.words,
        }


def measure_reference(neck: NativeNeck, choice: ReferenceChoice) -> Reference:
    """Measure a reference on the native voxels.

    Parameters
    ----------
    neck : NativeNeck
        Joints, values and bone.
    choice : ReferenceChoice
        Which one.
    """
    if choice.kind is ReferenceKind.OTHER_SIDE:
        return Reference(choice.kind, None, 0, 0, _OTHER_SIDE)
    if choice.kind is ReferenceKind.REGION:
        return _region(neck, choice)
    return _bone(neck, choice.kind)


def _region(neck: NativeNeck, choice: ReferenceChoice) -> Reference:
    inside = _on_ct_within(neck, np.array([choice.center_lps]), choice.radius_mm) & neck.seen
    values = neck.values[inside]
    if not len(values) or values.mean() <= 0:
        return Reference(choice.kind, None, len(values), 0, _COLD_REGION)
    words = _REGION.format(voxels=len(values), radius_mm=choice.radius_mm)
    return Reference(choice.kind, float(values.mean()), len(values), 0, words)


def _bone(neck: NativeNeck, kind: ReferenceKind) -> Reference:
    if neck.bone_share is None:
        return Reference(kind, None, 0, 0, _NO_CT)
    centers = dict(zip(neck.joints, neck.centers_ct_lps, strict=True))
    bodies = body_centers(centers)
    inside = _on_ct_within(neck, bodies, BODY_RADIUS_MM) & neck.seen
    values = neck.values[inside & (neck.bone_share >= LEAST_BONE)]
    if len(values) < LEAST_VOXELS:
        words = _TOO_FEW.format(voxels=len(values), needed=LEAST_VOXELS)
        return Reference(kind, None, len(values), 0, words)
    ordinary = values[values <= ACTIVE_TIMES_MEDIAN * np.median(values)]
    if not len(ordinary) or ordinary.mean() <= 0:
        return Reference(kind, None, 0, len(values), _COLD_BONE)
    left_out = len(values) - len(ordinary)
    words = _BONE.format(voxels=len(ordinary), left_out=left_out, times=ACTIVE_TIMES_MEDIAN)
    return Reference(kind, float(ordinary.mean()), len(ordinary), left_out, words)


def _on_ct_within(
    neck: NativeNeck, centers_ct: FloatArray, radius_mm: float
) -> npt.NDArray[np.bool_]:
    """Return which voxels lie within a radius of points of the CT, slice by slice."""
    inside = np.zeros(neck.values.shape, dtype=np.bool_)
    for part, points in zip(inside, neck.points_lps, strict=True):
        on_ct = neck.to_ct(points)
        for center in centers_ct:
            part |= np.square(on_ct - center).sum(axis=-1) <= radius_mm**2
    return inside
