"""The spine from C1 to T3: where each vertebra is, its dimensions and its joints.

Anatomy coordinates are LPS mm about the centre of the T1 body, for a patient of size 1. Each
vertebra has its own frame: origin in the centre of its body (C1: on the axis of the dens), +x
left, +y posterior, +z along the body to the head. Joints are laid out in the frame of the lower
vertebra and cut both of its neighbours with one plane, so that their centre is exactly midway
between the two surfaces.

Dimensions follow docs/sources.md, #vertebral-bodies-and-canal to #neck-curvature; where those are
silent the numbers are the author's, chosen for likeness.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fusion.geometry import RigidTransform
from sample_data.parameters import (
    COBB_DEG,
    SIDES,
    NeckParameters,
    Segmentation,
    Shape,
    Side,
    levels_of,
)

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]

SIGN: dict[Side, float] = {"left": 1.0, "right": -1.0}


@dataclass(frozen=True, slots=True)
class Form:
    """Dimensions of one vertebra, mm and degrees.

    ``slope`` and ``facing`` are those of the superior facet: to the transverse plane, and to the
    sagittal plane (below 90 it looks medially), left then right
    (docs/sources.md#facet-orientation; T1 to T3 are the author's).
    """

    width: float
    depth: float
    height: float
    disc_below: float
    joint_x: float
    slope: tuple[float, float]
    facing: tuple[float, float]
    pillar_width: float
    spinous: float
    spinous_drop: float
    bifid: bool
    transverse: float
    canal: tuple[float, float] = (11.7, 7.2)


FORMS: dict[str, Form] = {
    "C2": Form(18.5, 15.2, 15.0, 4.2, 16, (0, 0), (90, 90), 12.0, 31, 9, True, 24),
    "C3": Form(20.4, 15.2, 12.0, 4.3, 17.2, (51.7, 49.5), (70.9, 69.8), 11.8, 26, 10, True, 26),
    "C4": Form(21.0, 15.4, 11.8, 4.3, 17.4, (45.3, 44.5), (79.8, 77.2), 11.9, 27, 11, True, 26.5),
    "C5": Form(22.0, 15.6, 11.5, 4.4, 17.7, (39.8, 40.5), (90.7, 91.8), 12.2, 29, 13, True, 27.5),
    "C6": Form(23.6, 16.2, 11.6, 4.5, 17.9, (43.2, 42.3), (93.5, 92.3), 12.4, 34, 15, True, 28.5),
    "C7": Form(25.4, 16.6, 12.9, 4.4, 17.9, (45.8, 44.2), (94.3, 94.5), 12.0, 42, 18, False, 33),
    "T1": Form(28.0, 17.2, 14.8, 4.2, 17.3, (52, 51), (96, 96), 12.4, 41, 23, False, 37),
    "T2": Form(27.0, 17.8, 16.4, 4.2, 15.2, (60, 60), (99, 99), 11.5, 38, 28, False, 35, (9.5, 8)),
    "T3": Form(26.0, 18.6, 17.0, 4.2, 13.6, (66, 66), (101, 101), 11, 36, 32, False, 33, (9, 8)),
}

#: Which of the forms above the vertebrae of each neck take, C2 first.
_FORMS_OF = {
    Segmentation.NORMAL: ("C2", "C3", "C4", "C5", "C6", "C7"),
    Segmentation.MISSING: ("C2", "C3", "C5", "C6", "C7"),
    Segmentation.EXTRA: ("C2", "C3", "C4", "C5", "C5", "C6", "C7"),
}

#: Forward slope of the lowest cervical body, degrees, supine.
_LOWEST_TILT_DEG = {Shape.LORDOTIC: 13.0, Shape.STRAIGHT: 8.0, Shape.KYPHOTIC: 3.0}
#: Endplates slope forwards in the frame of their vertebra, which follows the back wall; facets
#: are laid out against that frame (docs/sources.md#facet-orientation).
ENDPLATE_SLOPE = float(np.tan(np.radians(6.0)))
#: The column leans forwards by this more than its back walls do, degrees.
_LEAN_DEG = 4.0
#: From the centre of the C2 body to the ring of C1, and from there to the base of the skull.
_C1_ABOVE_C2_MM = 20.5
_HEAD_ABOVE_C1_MM = 13.0
#: Radii of an occipital condyle and its yaw (condyles converge forwards).
CONDYLE_RADII = (6.5, 11.5, 8.5)
CONDYLE_YAW_DEG = 24.0


@dataclass(frozen=True, slots=True, eq=False)
class Vertebra:
    """One vertebra in place: its name as counted from C2, the form it takes, and its pose."""

    name: str
    form_name: str
    pose: Matrix

    @property
    def form(self) -> Form:
        """Dimensions; those of C2 for C1, which has none of its own."""
        return FORMS.get(self.form_name, FORMS["C2"])


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """One facet (or C0-C1, C1-C2) joint in anatomy coordinates.

    ``normal`` is the unit normal of the surface of the lower bone: upwards and mostly backwards.
    """

    upper: str
    lower: str
    side: Side
    center: Vector
    normal: Vector
    gap_mm: float
    fused: bool = False

    @property
    def level(self) -> str:
        """Level pair, for example ``"C5-C6"``."""
        return f"{self.upper}-{self.lower}"


@dataclass(frozen=True, slots=True, eq=False)
class Spine:
    """Every vertebra from C1 to T3, the head's pose, and the joints, cranial first."""

    vertebrae: tuple[Vertebra, ...]
    head_pose: Matrix
    joints: tuple[Joint, ...]

    def vertebra(self, name: str) -> Vertebra:
        """Return one vertebra by name."""
        return next(v for v in self.vertebrae if v.name == name)

    def joint(self, level: str, side: Side) -> Joint:
        """Return one joint by level pair and side."""
        return next(j for j in self.joints if (j.level, j.side) == (level, side))

    def centre_line(self) -> tuple[Vector, Matrix]:
        """Return heights (n,), ascending, and x, y, turn in radians (n, 3) along the neck."""
        poses = [*(v.pose for v in reversed(self.vertebrae)), self.head_pose]
        rows = [(p[2, 3], p[0, 3], p[1, 3], np.arctan2(p[1, 0], p[0, 0])) for p in poses]
        table = np.array(rows)
        return table[:, 0], table[:, 1:]


def build_spine(neck: NeckParameters) -> Spine:
    """Pose the vertebrae and lay out their joints.

    Parameters
    ----------
    neck : NeckParameters
        Shape, posture, segmentation, facet gap.
    """
    names = levels_of(neck.segmentation)
    forms = ("C1", *_FORMS_OF[neck.segmentation], "T1", "T2", "T3")
    angles = _angles(neck, names)
    poses: dict[str, Matrix] = {}
    first = names.index("T1")
    poses["T1"] = _pose(np.zeros(3), angles["T1"])
    for step, order in ((-1, range(first - 1, 0, -1)), (1, range(first + 1, len(names)))):
        for n in order:
            previous, form = poses[names[n - step]], FORMS[forms[n]]
            other = FORMS[forms[n - step]]
            disc = form.disc_below if step < 0 else other.disc_below
            rotation = _rotation(angles[names[n]])
            lean = np.radians(_LEAN_DEG)
            axis = [0.0, -np.sin(lean), np.cos(lean)]
            direction = -step * (previous[:3, :3] @ axis + rotation @ axis)
            direction /= np.linalg.norm(direction)
            distance = form.height / 2 + disc + other.height / 2
            poses[names[n]] = _pose(previous[:3, 3] + direction * distance, angles[names[n]])
    c2 = poses["C2"]
    poses["C1"] = _pose(c2[:3, 3] + c2[:3, 2] * _C1_ABOVE_C2_MM, angles["C1"])
    c1 = poses["C1"]
    head = _pose(c1[:3, 3] + c1[:3, 2] * _HEAD_ABOVE_C1_MM, angles["head"])
    vertebrae = tuple(Vertebra(n, f, poses[n]) for n, f in zip(names, forms, strict=True))
    return Spine(vertebrae, head, _joints(vertebrae, neck))


def _angles(neck: NeckParameters, names: tuple[str, ...]) -> dict[str, Vector]:
    # Forward slope, bend to the left, turn to the left of every vertebra and of the head.
    cervical = [n for n in names if n.startswith("C")]
    lowest = _LOWEST_TILT_DEG[neck.shape]
    slopes = {"T1": lowest + 3, "T2": lowest + 1, "T3": lowest - 2}
    share = dict.fromkeys(("T1", "T2", "T3"), 0.0)
    for n, name in enumerate(cervical[1:]):
        fraction = 1 - n / (len(cervical) - 2)  # C2 is 1, the lowest cervical vertebra 0
        slopes[name] = lowest - fraction * COBB_DEG[neck.shape]
        share[name] = 0.12 + 0.88 * fraction
    slopes["head"] = 0.25 * slopes["C2"]
    slopes["C1"] = (slopes["C2"] + slopes["head"]) / 2 - 2
    share["head"] = share["C1"] = 1.0
    turn = {name: 0.5 * part for name, part in share.items()} | {"C1": 0.95, "head": 1.0}
    return {
        name: np.array(
            [
                slopes[name] + share[name] * neck.flexion_deg,
                share[name] * neck.tilt_deg,
                turn[name] * neck.rotation_deg,
            ]
        )
        for name in slopes
    }


def _rotation(angles: Vector) -> Matrix:
    rotation: Matrix = RigidTransform.from_euler(rotation_deg=angles).matrix[:3, :3]
    return rotation


def _pose(origin: Vector, angles: Vector) -> Matrix:
    pose = np.eye(4)
    pose[:3, :3] = _rotation(angles)
    pose[:3, 3] = origin
    return pose


def _joints(vertebrae: tuple[Vertebra, ...], neck: NeckParameters) -> tuple[Joint, ...]:
    gap = neck.facet_gap_mm / neck.size
    result = []
    names = ("C0", *(v.name for v in vertebrae))
    for upper, lower in zip(names, vertebrae, strict=False):
        for side in SIDES:
            sign = SIGN[side]
            if upper == "C0":
                center = np.array([sign * 15.5, -1.5, 6.5])
                normal = np.array([-sign * 0.42, 0.0, 0.9])
            elif upper == "C1":
                # Laid out in the frame of C2, between its shoulders and the lateral mass of C1.
                center = np.array([sign * 16.0, 0.5, 12.5])
                normal = np.array([sign * 0.36, 0.05, 0.93])
            else:
                form = lower.form
                n = SIDES.index(side)
                center = np.array(
                    [
                        sign * form.joint_x,
                        form.depth / 2 + 6.3,
                        form.height / 2 + _disc_above(vertebrae, lower) / 2 + 0.8,
                    ]
                )
                inward = np.cos(np.radians(form.facing[n]))
                up = np.cos(np.radians(form.slope[n]))
                normal = np.array([-sign * inward, np.sqrt(1 - inward**2 - up**2), up])
            normal = normal / np.linalg.norm(normal)
            joint = Joint(
                upper,
                lower.name,
                side,
                lower.pose[:3, :3] @ center + lower.pose[:3, 3],
                lower.pose[:3, :3] @ normal,
                gap,
            )
            result.append(replace(joint, fused=joint.level in neck.fused_levels))
    return tuple(result)


def _disc_above(vertebrae: tuple[Vertebra, ...], lower: Vertebra) -> float:
    return vertebrae[vertebrae.index(lower) - 1].form.disc_below
