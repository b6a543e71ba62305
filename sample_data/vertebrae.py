"""The vertebrae as solids, and the condyles they carry.

Each is put together in the frame of its vertebra (:mod:`sample_data.spine`) and then cut by the
planes of its joints, so that both bones of a joint keep exactly half a gap from its centre.
Dimensions that :class:`sample_data.spine.Form` does not hold are the author's, chosen for
likeness.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sample_data.parameters import NeckParameters, Side
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
from sample_data.spine import (
    CONDYLE_RADII,
    CONDYLE_YAW_DEG,
    ENDPLATE_SLOPE,
    SIGN,
    Form,
    Joint,
    Matrix,
    Spine,
    Vector,
    Vertebra,
)

CORTEX_HU = 950.0
CERVICAL = Material(430.0, 4.6, CORTEX_HU, 1.25, 85.0)
THORACIC = Material(360.0, 5.4, CORTEX_HU, 1.2, 75.0)
#: Inside of the bodies, whose cortex is thinner than that of arch and facets.
CERVICAL_MARROW = Material(340.0, 4.6, texture_hu=75.0)
THORACIC_MARROW = Material(265.0, 5.4, texture_hu=65.0)
_BODY_CORTEX_MM = 0.6
FUSED = Material(420.0, 4.6, CORTEX_HU, 1.2, 60.0)


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
            solids += [_vertebra(vertebra, above, below), _marrow(vertebra)]
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
    z = z - np.float32(ENDPLATE_SLOPE) * y
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
    # Shingles: each inferior process overhangs the superior process below it.
    cy = np.float32(b[1] + 0.8) + t * np.float32(a[1] - b[1] - 1.6)
    waist = 0.80 + 0.20 * np.minimum((2 * t - 1) ** 2, 1.1)
    column = elliptic(x - cx, y - cy, form.pillar_width / 2 * waist, 5.1 * waist)
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


def _marrow(vertebra: Vertebra) -> Solid:
    form = vertebra.form
    half = (form.width / 2, form.depth / 2, form.height / 2 + 3)

    def distance(x: Array, y: Array, z: Array) -> Array:
        body = _body(x, y, z, form, uncinate=False)
        return body + np.float32(_BODY_CORTEX_MM)

    material = CERVICAL_MARROW if vertebra.name.startswith("C") else THORACIC_MARROW
    low = tuple(-h for h in half)
    return Solid(f"{vertebra.name} marrow", material, low, half, distance, vertebra.pose)


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
        mass = smooth_intersection(mass, up.above(x, y, z) + up.gap / 2, 1.8)
        mass = smooth_intersection(mass, np.float32(2.0) - z, 6.0)
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
            stretch=1.7,
        )
        back = capsule(
            ax,
            y,
            z,
            start=(foramen_x + 0.5, half_d + 4.0, -1.0),
            end=(reach, half_d + 1.8, -3.6),
            radius=2.3,
            stretch=1.7,
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
        # The lateral masses are wedges: low in the middle, tall at the side.
        barrel = 1.06 - 0.0035 * z * z
        mass = elliptic(ax - np.float32(17.4), y - np.float32(0.4), 7.6 * barrel, 9.4 * barrel)
        mass = smooth_intersection(mass, np.abs(z) - np.float32(11.0) - 0.12 * (ax - 17), 4.0)
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
        level = z - np.float32(ENDPLATE_SLOPE) * y - np.float32(gap_z)
        return np.maximum(around, np.abs(level) - np.float32(3.6))

    half = (form.width / 2, form.depth / 2)
    result = [
        Solid(
            f"fusion {upper.name}-{lower.name}",
            FUSED,
            (-half[0], -half[1], gap_z - 6),
            (half[0], half[1], gap_z + 6),
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
