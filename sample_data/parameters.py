"""What a sample study can be asked to be.

Every default is one neck that a physician would call unremarkable except for its hot joints.
Ranges are wide enough for tests of odd patients and narrow enough that the anatomy stays
connected; outside them the parameters refuse to be built.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, Literal

Side = Literal["left", "right"]
PatientPosition = Literal["HFS", "FFS", "HFP", "FFP"]
Quantity = Literal["counts", "bqml"]

SIDES: tuple[Side, Side] = ("left", "right")
#: Text that must be seen wherever the study is seen (docs/sources.md#safety-sentences).
SIMULATED = "SIMULATED - not a patient"


class Shape(StrEnum):
    """Shape of the neck in the sagittal plane, by its C2-C7 angle."""

    LORDOTIC = "lordotic"
    STRAIGHT = "straight"
    KYPHOTIC = "kyphotic"


#: C2-C7 Cobb angle in degrees, lordosis positive. Lordotic: mean of asymptomatic people in
#: Guo 2018 (docs/sources.md#neck-curvature).
COBB_DEG = {Shape.LORDOTIC: 12.7, Shape.STRAIGHT: 0.0, Shape.KYPHOTIC: -12.0}


class Segmentation(StrEnum):
    """How many vertebrae the neck has."""

    NORMAL = "normal"
    MISSING = "missing"
    EXTRA = "extra"


def levels_of(segmentation: Segmentation) -> tuple[str, ...]:
    """Return the names of the vertebrae, C1 to T3, as counted downwards from C2 (dens).

    A missing segment leaves six cervical vertebrae, an extra one makes eight.
    """
    count = {"normal": 7, "missing": 6, "extra": 8}[segmentation.value]
    return (*(f"C{n}" for n in range(1, count + 1)), "T1", "T2", "T3")


def joint_levels_of(segmentation: Segmentation) -> tuple[str, ...]:
    """Return the markable joint levels, ``"C0-C1"`` down to the joint on T1."""
    names = ("C0", *levels_of(segmentation))
    return tuple(f"{a}-{b}" for a, b in pairwise(names) if not a.startswith("T"))


@dataclass(frozen=True, slots=True)
class HotJoint:
    """A joint with raised uptake.

    Parameters
    ----------
    level : str
        Level pair, for example ``"C5-C6"``.
    side : {"left", "right"}
        Patient side.
    suv : float
        True concentration in the joint and its subchondral bone, before any blurring, where
        soft tissue is about 1 and normal vertebra about 5.
    """

    level: str
    side: Side
    suv: float = 45.0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[CT]\d-[CT]\d", self.level):
            raise ValueError(f"a joint level looks like 'C5-C6'; found {self.level!r}")
        if self.side not in SIDES:
            raise ValueError(f"side is 'left' or 'right'; found {self.side!r}")
        if not 1 <= self.suv <= 500:
            raise ValueError(f"suv must be 1 to 500; found {self.suv}")


@dataclass(frozen=True, slots=True)
class HotSpot:
    """Raised uptake that is not a joint: a disc, a vertebra or a tooth.

    Parameters
    ----------
    place : str
        ``"disc C6-C7"``, ``"body C4"``, ``"tooth left"`` or ``"tooth right"``.
    suv : float
        True concentration before blurring.
    """

    place: str
    suv: float = 25.0

    def __post_init__(self) -> None:
        pattern = r"disc [CT]\d-[CT]\d|body [CT]\d|tooth (left|right)"
        if not re.fullmatch(pattern, self.place):
            raise ValueError(
                "place is 'disc C6-C7', 'body C4', 'tooth left' or 'tooth right'; "
                f"found {self.place!r}"
            )
        if not 1 <= self.suv <= 500:
            raise ValueError(f"suv must be 1 to 500; found {self.suv}")


DEFAULT_HOT_JOINTS = (HotJoint("C5-C6", "left", 60.0), HotJoint("C2-C3", "right", 34.0))
DEFAULT_HOT_SPOTS = (HotSpot("tooth right", 22.0),)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # also refuses NaN
        raise ValueError(f"{name} must be {low} to {high}; found {value}")


@dataclass(frozen=True, slots=True)
class NeckParameters:
    """The patient: anatomy, posture and uptake.

    Parameters
    ----------
    seed : int
        Decides everything random: bone texture, patchiness, image noise.
    shape : Shape
        Lordotic, straight or kyphotic.
    size : float
        Factor on every length of the anatomy, 0.8 to 1.2.
    tilt_deg : float, degrees
        Bend of the neck to the patient's left (positive) between T1 and the head.
    rotation_deg : float, degrees
        Turn of the head towards the patient's left (positive); about half of it between C1 and
        C2, as in life.
    flexion_deg : float, degrees
        Extra bend forward between T1 and the head, on top of ``shape``.
    facet_gap_mm : float, mm
        Distance between the bony surfaces of a facet joint (cartilage and joint space).
    bone_hu : float
        Factor on the density of bone; 0.5 is an osteopenic patient.
    segmentation : Segmentation
        Normal, one cervical vertebra missing, or one extra.
    fused_levels : tuple of str
        Level pairs whose bodies and facets are one bone (congenital fusion).
    cervical_ribs : tuple of {"left", "right"}
        Sides on which the last cervical vertebra carries a rib.
    hot_joints : tuple of HotJoint
        Joints with raised uptake.
    hot_spots : tuple of HotSpot
        Raised uptake elsewhere.

    Raises
    ------
    ValueError
        A value outside its range, or a level that this neck does not have.
    """

    seed: int = 1
    shape: Shape = Shape.LORDOTIC
    size: float = 1.0
    tilt_deg: float = 0.0
    rotation_deg: float = 0.0
    flexion_deg: float = 0.0
    facet_gap_mm: float = 1.8
    bone_hu: float = 1.0
    segmentation: Segmentation = Segmentation.NORMAL
    fused_levels: tuple[str, ...] = ()
    cervical_ribs: tuple[Side, ...] = ()
    hot_joints: tuple[HotJoint, ...] = DEFAULT_HOT_JOINTS
    hot_spots: tuple[HotSpot, ...] = DEFAULT_HOT_SPOTS

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", Shape(self.shape))
        object.__setattr__(self, "segmentation", Segmentation(self.segmentation))
        if self.seed < 0:
            raise ValueError(f"seed must not be negative; found {self.seed}")
        _within("size", self.size, 0.8, 1.2)
        _within("tilt_deg", self.tilt_deg, -25, 25)
        _within("rotation_deg", self.rotation_deg, -40, 40)
        _within("flexion_deg", self.flexion_deg, -20, 20)
        _within("facet_gap_mm", self.facet_gap_mm, 0.5, 4)
        _within("bone_hu", self.bone_hu, 0.3, 1.5)
        joints = joint_levels_of(self.segmentation)
        for hot in self.hot_joints:
            if hot.level not in joints:
                raise ValueError(f"this neck has no joint {hot.level}; it has {', '.join(joints)}")
        for level in self.fused_levels:
            if level not in joints[2:]:
                raise ValueError(f"{level} cannot be fused; possible: {', '.join(joints[2:])}")
        for side in self.cervical_ribs:
            if side not in SIDES:
                raise ValueError(f"side is 'left' or 'right'; found {side!r}")
        for spot in self.hot_spots:
            kind, _, where = spot.place.partition(" ")
            known = {"disc": joints[2:], "body": levels_of(self.segmentation)[1:], "tooth": SIDES}
            if where not in known[kind]:
                raise ValueError(f"this neck has no {spot.place}")


@dataclass(frozen=True, slots=True)
class ScanParameters:
    """The scanner and the way the patient lay in it.

    Parameters
    ----------
    ct_shape : (k, j, i) tuple of int
        Slices, rows and columns of the CT.
    ct_spacing_mm : (k, j, i) tuple of float, mm
        Between slices, rows and columns.
    ct_top_mm : float, mm
        Height of the top CT slice above the centre of T1.
    ct_noise_hu : float
        Standard deviation of the noise in the neck; about twice that between the shoulders.
    ct_tilt_deg : float, degrees
        Gantry tilt.
    spect_shape : (k, j, i) tuple of int
        Slices, rows and columns of the reconstruction.
    spect_voxel_mm : float, mm
        Edge of its cubic voxels.
    spect_top_mm : float, mm
        Height of the top SPECT slice above the centre of T1.
    resolution_mm : float, mm
        Full width at half maximum of the reconstruction.
    counts_per_suv : float
        Mean counts in a voxel of SUV 1: decides the Poisson noise.
    quantity : {"counts", "bqml"}
        Whether the NM object holds plain counts or states Bq/ml by Real World Value Mapping.
    negative_spacing : bool
        Whether frames run against the normal of the slices (negative Spacing Between Slices), as
        GE writes them.
    position : {"HFS", "FFS", "HFP", "FFP"}
        Patient Position; decides the direction cosines.
    shared_frame_of_reference : bool
        Whether CT and SPECT state the same Frame of Reference UID.
    misregistration_mm, misregistration_deg : (3,) tuple of float
        Rigid error of the SPECT: translation, and rotation about the middle of the neck, that
        take SPECT positions to CT positions.
    posture_change_deg : float, degrees
        Extra flexion of the neck during the SPECT, which no rigid transform undoes.
    dose_mbq, weight_kg, uptake_hours : float
        Injected activity, body weight, and time from injection to the scan.

    Raises
    ------
    ValueError
        A value outside its range.
    """

    ct_shape: tuple[int, int, int] = (176, 384, 384)
    ct_spacing_mm: tuple[float, float, float] = (1.25, 0.8, 0.8)
    ct_top_mm: float = 166.0
    ct_noise_hu: float = 24.0
    ct_tilt_deg: float = 0.0
    spect_shape: tuple[int, int, int] = (72, 128, 128)
    spect_voxel_mm: float = 4.42
    spect_top_mm: float = 210.0
    resolution_mm: float = 10.0
    counts_per_suv: float = 14.0
    quantity: Quantity = "counts"
    negative_spacing: bool = True
    position: PatientPosition = "HFS"
    shared_frame_of_reference: bool = True
    misregistration_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    misregistration_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    posture_change_deg: float = 0.0
    dose_mbq: float = 740.0
    weight_kg: float = 74.0
    uptake_hours: float = 3.0

    def __post_init__(self) -> None:
        for name in ("ct_shape", "spect_shape"):
            shape = getattr(self, name)
            if len(shape) != 3 or min(shape) < 8 or max(shape) > 1024:
                raise ValueError(f"{name} needs three sizes of 8 to 1024; found {shape}")
        for spacing in self.ct_spacing_mm:
            _within("ct_spacing_mm", spacing, 0.25, 8)
        _within("ct_top_mm", self.ct_top_mm, -60, 260)
        _within("ct_noise_hu", self.ct_noise_hu, 0, 300)
        _within("ct_tilt_deg", self.ct_tilt_deg, -25, 25)
        _within("spect_voxel_mm", self.spect_voxel_mm, 2, 10)
        _within("spect_top_mm", self.spect_top_mm, -60, 320)
        _within("resolution_mm", self.resolution_mm, 4, 25)
        _within("counts_per_suv", self.counts_per_suv, 0.05, 500)
        _within("posture_change_deg", self.posture_change_deg, -15, 15)
        _within("dose_mbq", self.dose_mbq, 1, 5000)
        _within("weight_kg", self.weight_kg, 5, 300)
        _within("uptake_hours", self.uptake_hours, 0.1, 12)
        if self.quantity not in ("counts", "bqml"):
            raise ValueError(f"quantity is 'counts' or 'bqml'; found {self.quantity!r}")
        if self.position not in ("HFS", "FFS", "HFP", "FFP"):
            raise ValueError(f"position is HFS, FFS, HFP or FFP; found {self.position!r}")
        for value in (*self.misregistration_mm, *self.misregistration_deg):
            _within("misregistration", value, -60, 60)


#: A small, coarse study for tests: a few seconds, a few megabytes, every joint inside.
COARSE_SCAN = ScanParameters(
    ct_shape=(90, 128, 128),
    ct_spacing_mm=(2.0, 1.5, 1.5),
    ct_top_mm=150.0,
    spect_shape=(40, 64, 64),
    spect_voxel_mm=4.8,
    spect_top_mm=165.0,
)


def parameters_json(neck: NeckParameters, scan: ScanParameters) -> dict[str, Any]:
    """Return both parameter sets as plain JSON values."""
    plain: dict[str, Any] = json.loads(json.dumps({"neck": asdict(neck), "scan": asdict(scan)}))
    return plain


def derived_uid(neck: NeckParameters, scan: ScanParameters, *, role: str) -> str:
    """Return the UID of one part of the study: the same parameters give the same UID.

    Parameters
    ----------
    neck, scan : NeckParameters, ScanParameters
        Everything that decides the pixels.
    role : str
        Which UID, for example ``"study"`` or ``"ct/12"``.

    Notes
    -----
    128 bits of a SHA-256 under the UUID root 2.25 (PS3.5 B.2).
    """
    text = json.dumps(parameters_json(neck, scan), sort_keys=True) + "\n" + role
    return f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], 'big')}"
