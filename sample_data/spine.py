"""The bony spine from C1 to T3: where each vertebra is, its joints, and its solid.

Anatomy coordinates are LPS mm about the centre of the T1 body, for a patient of size 1. Each
vertebra has its own frame: origin in the centre of its body (C1: on the axis of the dens), +x
left, +y posterior, +z along the body to the head. Joints are laid out in the frame of the lower
vertebra and cut both of its neighbours with one plane, so that their centre is exactly midway
between the two surfaces.

Dimensions follow the tables of spec/anatomy_and_safety.md section 5; where those are silent the
numbers are the author's, chosen for likeness.
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
from sample_data.solids import (
    Array,
    Material,
    Solid,
    box,
    capsule,
    chain,
    ellipsoid,
    elliptic,
    frame_axes,
    smooth_intersection,
    smooth_union,
)

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]

SIGN: dict[Side, float] = {"left": 1.0, "right": -1.0}


@dataclass(frozen=True, slots=True)
class Form:
    """Dimensions of one vertebra, mm and degrees.

    ``slope`` and ``facing`` are those of the superior facet: to the transverse plane, and to the
    sagittal plane (below 90 it looks medially), left then right (section 5.5; T1 to T3 are the
    author's).
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
    "C2": Form(18.5, 15.2, 15.0, 4.2, 16, (0, 0), (90, 90), 12.0, 32, 8, True, 24),
    "C3": Form(20.4, 15.2, 12.0, 4.3, 17.2, (51.7, 49.5), (70.9, 69.8), 11.8, 28, 8, True, 26),
    "C4": Form(21.0, 15.4, 11.8, 4.3, 17.4, (45.3, 44.5), (79.8, 77.2), 11.9, 28, 9, True, 26.5),
    "C5": Form(22.0, 15.6, 11.5, 4.4, 17.7, (39.8, 40.5), (90.7, 91.8), 12.2, 30, 10, True, 27.5),
    "C6": Form(23.6, 16.2, 11.6, 4.5, 17.9, (43.2, 42.3), (93.5, 92.3), 12.4, 34, 11, True, 28.5),
    "C7": Form(25.4, 16.6, 12.9, 4.4, 17.9, (45.8, 44.2), (94.3, 94.5), 12.0, 43, 12, False, 33),
    "T1": Form(28.0, 17.2, 14.8, 4.2, 17.3, (52, 51), (96, 96), 12.4, 43, 15, False, 37),
    "T2": Form(27.0, 17.8, 16.4, 4.2, 15.2, (60, 60), (99, 99), 11.5, 40, 22, False, 35, (9.5, 8)),
    "T3": Form(26.0, 18.6, 17.0, 4.2, 13.6, (66, 66), (101, 101), 11, 38, 27, False, 33, (9, 8)),
}

#: Which of the forms above the vertebrae of each neck take, C2 first.
_FORMS_OF = {
    Segmentation.NORMAL: ("C2", "C3", "C4", "C5", "C6", "C7"),
    Segmentation.MISSING: ("C2", "C3", "C5", "C6", "C7"),
    Segmentation.EXTRA: ("C2", "C3", "C4", "C5", "C5", "C6", "C7"),
}

CORTEX_HU = 950.0
CERVICAL = Material(330.0, 4.6, CORTEX_HU, 1.3, 75.0)
THORACIC = Material(260.0, 5.4, CORTEX_HU, 1.2, 65.0)
FUSED = Material(420.0, 4.6, CORTEX_HU, 1.2, 60.0)

#: Forward slope of the lowest cervical body, degrees, supine.
_LOWEST_TILT_DEG = {Shape.LORDOTIC: 18.0, Shape.STRAIGHT: 12.0, Shape.KYPHOTIC: 6.0}
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
            direction = -step * (previous[:3, 2] + rotation[:, 2])
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
    share = {name: 0.0 for name in ("T1", "T2", "T3")}
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
                        form.height / 2 + _disc_above(vertebrae, lower) / 2,
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


def condyle_center(joint: Joint, head_pose: Matrix) -> Vector:
    """Return the centre, in head coordinates, of the condyle that makes a C0-C1 joint."""
    inverse = np.linalg.inv(head_pose)
    center = inverse[:3, :3] @ joint.center + inverse[:3, 3]
    normal = inverse[:3, :3] @ joint.normal
    yaw = np.radians(CONDYLE_YAW_DEG) * SIGN[joint.side]
    turn = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
    weighted = turn @ (np.square(CONDYLE_RADII) * (turn.T @ normal))
    # Support point of the ellipsoid in direction -normal lies half a gap above the joint centre.
    result: Vector = center + normal * joint.gap_mm / 2 + weighted / np.sqrt(normal @ weighted)
    return result


def condyle(x: Array, y: Array, z: Array, *, center: Vector, side: Side, grow: float) -> Array:
    """Return the distance to an occipital condyle in head coordinates, grown by ``grow`` mm."""
    yaw = np.radians(CONDYLE_YAW_DEG) * SIGN[side]
    c, s = np.float32(np.cos(yaw)), np.float32(np.sin(yaw))
    dx, dy, dz = x - np.float32(center[0]), y - np.float32(center[1]), z - np.float32(center[2])
    return (
        ellipsoid(c * dx + s * dy, c * dy - s * dx, dz, center=(0, 0, 0), radii=CONDYLE_RADII)
        - grow
    )


@dataclass(frozen=True, slots=True, eq=False)
class _LocalJoint:
    """A joint seen from the frame of one of its vertebrae."""

    sign: float
    center: Vector
    normal: Vector
    gap: float

    @classmethod
    def of(cls, joint: Joint, pose: Matrix) -> _LocalJoint:
        inverse = np.linalg.inv(pose)
        return cls(
            SIGN[joint.side],
            inverse[:3, :3] @ joint.center + inverse[:3, 3],
            inverse[:3, :3] @ joint.normal,
            joint.gap_mm,
        )

    def above(self, x: Array, y: Array, z: Array) -> Array:
        """Signed distance above the middle plane of the joint."""
        c, n = self.center.astype(np.float32), self.normal.astype(np.float32)
        return (x - c[0]) * n[0] + (y - c[1]) * n[1] + (z - c[2]) * n[2]

    def near(self, x: Array, y: Array, z: Array, radius: float) -> Array:
        """Distance to a cylinder of ``radius`` mm about the axis of the joint."""
        c = self.center.astype(np.float32)
        d = self.above(x, y, z)
        square = (x - c[0]) ** 2 + (y - c[1]) ** 2 + (z - c[2]) ** 2 - d * d
        return np.sqrt(np.maximum(square, 0)) - np.float32(radius)


def bone_solids(spine: Spine, neck: NeckParameters) -> list[Solid]:
    """Return the vertebrae as solids, and bridges where levels are fused."""
    solids = []
    for n, vertebra in enumerate(spine.vertebrae):
        joints = [j for j in spine.joints if vertebra.name in (j.upper, j.lower)]
        above = [_LocalJoint.of(j, vertebra.pose) for j in joints if j.lower == vertebra.name]
        below = [_LocalJoint.of(j, vertebra.pose) for j in joints if j.upper == vertebra.name]
        if vertebra.name == "C1":
            solids.append(_atlas(vertebra, spine))
        else:
            if not below:
                form = vertebra.form
                below = [
                    replace(j, center=j.center - np.array([0, -1.0, form.height + 4.2]))
                    for j in above
                ]
            solids.append(_vertebra(vertebra, above, below))
        if n and any(j.fused and j.lower == vertebra.name for j in joints):
            solids += _bridges(spine.vertebrae[n - 1], vertebra, above, joints)
    return [replace(s, material=_denser(s.material, neck.bone_hu)) for s in solids]


def _denser(material: Material, factor: float) -> Material:
    return replace(
        material,
        hu=material.hu * factor,
        shell_hu=material.shell_hu * (0.4 + 0.6 * factor),
        texture_hu=material.texture_hu * factor,
    )


def _body(x: Array, y: Array, z: Array, form: Form, *, uncinate: bool) -> Array:
    half_w, half_d, half_h = form.width / 2, form.depth / 2, form.height / 2
    # Waist: a body is narrower in the middle than at its endplates.
    waist = 0.94 + 0.06 * np.minimum((z / np.float32(half_h)) ** 2, 1.3)
    u, v = np.abs(x) / (half_w * waist), np.abs(y) / (half_d * waist)
    # Flat behind, round in front.
    power = np.where(y > 0, np.float32(3.4), np.float32(2.3))
    around = ((u**power + v**power) ** (1 / power) - 1) * min(half_w, half_d)
    rise = (0.0105 * x * x if uncinate else 0.002 * x * x) - np.float32(0.5)
    top = z - half_h - rise
    bottom = -half_h - z + 0.004 * x * x + 0.06 * (y + half_d * 0.4) - np.float32(0.2)
    return smooth_intersection(around, np.maximum(top, bottom), 1.6)


def _pillar(
    x: Array,
    y: Array,
    z: Array,
    above: _LocalJoint,
    below: _LocalJoint,
    form: Form,
) -> Array:
    # An oval column from joint to joint, cut by both joint planes.
    a, b = above.center, below.center
    t = (z - np.float32(b[2])) / np.float32(a[2] - b[2])
    cx = np.float32(b[0]) + t * np.float32(a[0] - b[0])
    cy = np.float32(b[1]) + t * np.float32(a[1] - b[1])
    waist = 0.88 + 0.12 * np.minimum((2 * t - 1) ** 2, 1.2)
    column = elliptic(x - cx, y - cy, form.pillar_width / 2 * waist, 4.9 * waist)
    cut = np.maximum(
        above.above(x, y, z) + above.gap / 2,
        below.gap / 2 - below.above(x, y, z),
    )
    return smooth_intersection(column, cut, 1.2)


def _keep_clear(
    d: Array, x: Array, y: Array, z: Array, above: list[_LocalJoint], below: list[_LocalJoint]
) -> Array:
    # Nothing but this vertebra's own side of each joint, within reach of the articular surface.
    for joint in above:
        other = np.maximum(-joint.above(x, y, z) - joint.gap / 2, joint.near(x, y, z, 9.5))
        d = np.maximum(d, -other)
    for joint in below:
        other = np.maximum(joint.above(x, y, z) - joint.gap / 2, joint.near(x, y, z, 9.5))
        d = np.maximum(d, -other)
    return d


def _vertebra(vertebra: Vertebra, above: list[_LocalJoint], below: list[_LocalJoint]) -> Solid:
    form = vertebra.form
    is_axis = vertebra.form_name == "C2"
    cervical = vertebra.name.startswith("C")
    canal_y = form.depth / 2 + form.canal[1] + 0.4

    def distance(x: Array, y: Array, z: Array) -> Array:
        ax = np.abs(x)
        body = _body(x, y, z, form, uncinate=cervical and not is_axis)
        if is_axis:
            body = smooth_union(body, _dens(x, y, z), 4.0)
        elif cervical:
            lip = capsule(
                ax,
                y,
                z,
                start=(form.width / 2 - 1.6, -1.0, form.height / 2 + 0.2),
                end=(form.width / 2 - 1.4, form.depth / 2 - 3.2, form.height / 2 + 1.4),
                radius=1.9,
                stretch=1.25,
            )
            body = smooth_union(body, lip, 2.5)
        arch = _arch(x, ax, y, z, form, canal_y, cervical=cervical, is_axis=is_axis)
        if is_axis:
            arch = smooth_union(arch, _axis_pillars(x, ax, y, z, above, below, form), 2.5)
        else:
            for joint_above, joint_below in zip(above, below, strict=True):
                pillar = _pillar(x, y, z, joint_above, joint_below, form)
                arch = smooth_union(arch, pillar, 2.0)
        canal = elliptic(
            x, y - np.float32(canal_y), form.canal[0] * _taper(y, canal_y), form.canal[1]
        )
        arch = np.maximum(arch, -canal)
        whole = smooth_union(body, arch, 2.0)
        return _keep_clear(whole, x, y, z, above, below)

    back = canal_y + form.spinous + 4
    reach = max(form.transverse, 24) + 7
    low = (-reach, -form.depth / 2 - 4, -form.height / 2 - form.spinous_drop - 13)
    high = (reach, back, form.height / 2 + (31 if is_axis else 13))
    material = CERVICAL if cervical else THORACIC
    return Solid(vertebra.name, material, low, high, distance, vertebra.pose)


def _taper(y: Array, canal_y: float) -> Array:
    # The canal is a rounded triangle: wide in front, narrower towards the spinous process.
    result: Array = np.clip(1.02 - 0.02 * (y - np.float32(canal_y)), 0.8, 1.08)
    return result


def _dens(x: Array, y: Array, z: Array) -> Array:
    stem = capsule(x, y, z, start=(0, -0.8, 4), end=(0, 0.2, 25.0), radius=(5.9, 4.4))
    head = ellipsoid(x, y, z, center=(0, -0.2, 20.5), radii=(5.3, 5.4, 8.5))
    return smooth_union(stem, head, 2.0)


def _axis_pillars(
    x: Array,
    ax: Array,
    y: Array,
    z: Array,
    above: list[_LocalJoint],
    below: list[_LocalJoint],
    form: Form,
) -> Array:
    result: Array | None = None
    for up, down in zip(above, below, strict=True):
        c = up.center
        mass = elliptic(x - np.float32(c[0] * 0.97), y - np.float32(c[1]), 8.2, 8.6)
        mass = smooth_intersection(mass, up.above(x, y, z) + up.gap / 2, 1.4)
        mass = smooth_intersection(mass, np.float32(3.0) - z, 2.0)
        d = down.center
        foot = elliptic(
            x - np.float32(d[0]), y - np.float32(d[1] - 0.4), form.pillar_width / 2, 5.0
        )
        foot = smooth_intersection(
            foot, np.maximum(down.gap / 2 - down.above(x, y, z), z - np.float32(4.5)), 1.4
        )
        both = smooth_union(mass, foot, 2.0)
        result = both if result is None else np.minimum(result, both)
    pars = capsule(ax, y, z, start=(14.5, 5.0, 7.5), end=(16.5, 12.5, -2.0), radius=4.6)
    return pars if result is None else smooth_union(result, pars, 2.0)


def _arch(
    x: Array,
    ax: Array,
    y: Array,
    z: Array,
    form: Form,
    canal_y: float,
    *,
    cervical: bool,
    is_axis: bool,
) -> Array:
    half_w, half_d = form.width / 2, form.depth / 2
    pedicle = capsule(
        ax,
        y,
        z,
        start=(half_w - 2.5, half_d - 3.0, 1.6 if cervical else 3.5),
        end=(form.canal[0] + 3.2, half_d + 4.5, 1.2 if cervical else 3.0),
        radius=2.7,
        stretch=1.3 if cervical else 1.7,
    )
    arch_back = canal_y + form.canal[1]
    lateral = (form.canal[0] + 1.0, canal_y + 1.6, 0.0)
    medial = (0.0, arch_back + 2.6, -2.8)
    axes = frame_axes(np.subtract(medial, lateral))
    lamina = box(
        ax,
        y,
        z,
        center=np.add(lateral, medial) / 2,
        half=(float(np.linalg.norm(np.subtract(medial, lateral))) / 2 + 1.5, 2.3, 5.6),
        rounding=1.8,
        axes=axes,
    )
    arch = smooth_union(pedicle, lamina, 2.0)
    tip_y = canal_y + form.spinous
    tip_z = -2.5 - form.spinous_drop
    stretch = 2.1 if is_axis else 1.9
    spinous = capsule(
        x,
        y,
        z,
        start=(0, arch_back + 2.0, -3.0),
        end=(0, tip_y - (5 if form.bifid else 1), tip_z),
        radius=(2.6, 2.4 if form.bifid else 3.3),
        stretch=stretch,
    )
    if form.bifid:
        fork = capsule(
            ax,
            y,
            z,
            start=(0.8, tip_y - 6.5, tip_z - 0.5),
            end=(5.4 if not is_axis else 6.2, tip_y - 0.5, tip_z - 2.5),
            radius=(2.3, 2.7),
            stretch=1.35,
        )
        # The fork is hollow between its limbs.
        gutter = capsule(
            x,
            y,
            z,
            start=(0, tip_y - 3.0, tip_z - 12),
            end=(0, tip_y + 2.0, tip_z + 6),
            radius=2.3,
        )
        spinous = np.maximum(smooth_union(spinous, fork, 1.5), -gutter)
    arch = smooth_union(arch, spinous, 3.0)
    return smooth_union(arch, _transverse(ax, y, z, form, cervical=cervical, is_axis=is_axis), 1.5)


def _transverse(
    ax: Array, y: Array, z: Array, form: Form, *, cervical: bool, is_axis: bool
) -> Array:
    half_w, half_d, reach = form.width / 2, form.depth / 2, form.transverse
    if not cervical:
        return chain(
            ax,
            y,
            z,
            points=[(14, half_d + 6, 2), (24, half_d + 12, 3.5), (reach, half_d + 17, 4.5)],
            radius=[4.2, 3.8, 4.8],
            stretch=1.25,
        )
    foramen_x, foramen_y = half_w + 4.6, half_d - 3.2
    if is_axis:
        ring = chain(
            ax,
            y,
            z,
            points=[(half_w - 1, 0.5, 1.0), (foramen_x + 4, 2.0, -1), (reach, half_d + 1.5, -3)],
            radius=[2.4, 2.0, 2.6],
        )
        back = capsule(
            ax, y, z, start=(16, half_d + 4, -1), end=(reach, half_d + 1.5, -3), radius=2.4
        )
    else:
        ring = chain(
            ax,
            y,
            z,
            points=[
                (half_w - 1.5, -0.8, -0.5),
                (foramen_x + 1.0, foramen_y - 5.4, -2.6),
                (reach - 2.5, foramen_y - 3.4, -3.2),
                (reach - 1.5, foramen_y + 1.2, -4.4),
                (reach, half_d + 1.8, -3.6),
            ],
            radius=[2.2, 1.9, 2.5, 1.8, 2.7],
            stretch=1.15,
        )
        back = capsule(
            ax,
            y,
            z,
            start=(foramen_x + 0.5, half_d + 4.0, -1.0),
            end=(reach, half_d + 1.8, -3.6),
            radius=2.3,
            stretch=1.2,
        )
    hole = elliptic(ax - np.float32(foramen_x), y - np.float32(foramen_y), 3.1, 2.9)
    result: Array = np.maximum(np.minimum(ring, back), -hole)
    return result


def _atlas(vertebra: Vertebra, spine: Spine) -> Solid:
    upper = [j for j in spine.joints if j.lower == "C1"]
    lower = [_LocalJoint.of(j, vertebra.pose) for j in spine.joints if j.upper == "C1"]
    to_head = np.linalg.inv(spine.head_pose) @ vertebra.pose
    sockets = [(j, condyle_center(j, spine.head_pose)) for j in upper]

    def distance(x: Array, y: Array, z: Array) -> Array:
        ax = np.abs(x)
        front = chain(
            ax,
            y,
            z,
            points=[(14, -5.5, 0), (9, -9.3, 0), (4.5, -11.0, 0), (0, -11.6, 0)],
            radius=[3.2, 2.8, 2.8, 3.3],
            stretch=1.7,
        )
        back = chain(
            ax,
            y,
            z,
            points=[(18, 7, -1), (17.2, 14, -1), (13.5, 21, -1), (7.5, 25.8, -1), (0, 28, -1)],
            radius=[3.0, 2.4, 2.5, 2.9, 3.6],
            stretch=1.35,
        )
        mass = elliptic(ax - np.float32(17.6), y - np.float32(0.4), 7.4, 9.2)
        mass = smooth_intersection(mass, np.abs(z) - np.float32(11.5), 2.0)
        wing = chain(
            ax,
            y,
            z,
            points=[(20, -2, -1), (31, -0.8, -2), (38, 3.8, -2.4), (31, 8.2, -2), (20, 6.5, -1)],
            radius=[3.4, 2.2, 3.6, 2.3, 3.0],
            stretch=1.3,
        )
        hole = elliptic(ax - np.float32(29.0), y - np.float32(3.6), 3.2, 3.0)
        ring = smooth_union(np.minimum(front, back), np.maximum(wing, -hole), 2.0)
        d = smooth_union(ring, mass, 2.5)
        m = to_head.astype(np.float32)
        hx, hy, hz = (m[r, 0] * x + m[r, 1] * y + m[r, 2] * z + m[r, 3] for r in range(3))
        for joint, center in sockets:
            socket = condyle(hx, hy, hz, center=center, side=joint.side, grow=joint.gap_mm)
            d = np.maximum(d, -socket)
        return _keep_clear(d, x, y, z, [], lower)

    return Solid("C1", CERVICAL, (-44, -17, -17), (44, 35, 15), distance, vertebra.pose)


def _bridges(
    upper: Vertebra, lower: Vertebra, above: list[_LocalJoint], joints: list[Joint]
) -> list[Solid]:
    form = lower.form
    gap_z = form.height / 2 + upper.form.disc_below / 2

    def bodies(x: Array, y: Array, z: Array) -> Array:
        around = elliptic(x, y, form.width / 2 - 1.5, form.depth / 2 - 1.2)
        return np.maximum(around, np.abs(z - np.float32(gap_z)) - 3.6)

    half = (form.width / 2, form.depth / 2)
    result = [
        Solid(
            f"fusion {upper.name}-{lower.name}",
            FUSED,
            (-half[0], -half[1], gap_z - 5),
            (half[0], half[1], gap_z + 5),
            bodies,
            lower.pose,
        )
    ]
    for joint in above:
        if not any(j.fused and SIGN[j.side] == joint.sign for j in joints):
            continue

        def facets(x: Array, y: Array, z: Array, joint: _LocalJoint = joint) -> Array:
            thick = np.abs(joint.above(x, y, z)) - np.float32(joint.gap)
            return np.maximum(joint.near(x, y, z, 4.6), thick)

        low = tuple(joint.center - 7)
        high = tuple(joint.center + 7)
        name = f"fused facet {upper.name}-{lower.name}"
        result.append(Solid(name, FUSED, low, high, facets, lower.pose))
    return result
