"""The whole patient: every solid in painting order, and the truth about joints and uptake.

A physician's picture of it: skull base to T3, supine on a curved table, arms down, in anatomy
coordinates (LPS mm about the centre of T1; see :mod:`sample_data.spine`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sample_data.head import TOOTH_CENTER, head_solids
from sample_data.neck import disc_solids, girdle_solids, soft_solids
from sample_data.parameters import SIDES, NeckParameters, PatientPosition
from sample_data.solids import Array, Material, Solid
from sample_data.spine import SIGN, Joint, Matrix, Spine, Vector, build_spine
from sample_data.vertebrae import bone_solids

#: Stands for "nothing but uptake": painted into the SPECT only.
_UPTAKE = Material(float("nan"), 0.0)
#: Half thickness and radius of the part of a joint that takes up tracer, mm: articular surfaces
#: and subchondral bone.
JOINT_UPTAKE_MM = (3.5, 5.5)
_CARBON = Material(-250.0, 0.0)
_FOAM = Material(-930.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Uptake:
    """A place of known concentration.

    Parameters
    ----------
    name : str
        What it is.
    center : (3,) ndarray of float64, mm
        Anatomy coordinates.
    suv : float
        True concentration before blurring.
    """

    name: str
    center: Vector
    suv: float


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """A posed patient.

    Parameters
    ----------
    spine : Spine
        Vertebrae and joints.
    tissues : tuple of Solid
        In painting order.
    hot : tuple of Solid
        Uptake only, painted after the tissues.
    joint_suv : tuple of float
        True concentration in each joint of ``spine.joints``.
    spots : tuple of Uptake
        Uptake that is not a joint.
    """

    spine: Spine
    tissues: tuple[Solid, ...]
    hot: tuple[Solid, ...]
    joint_suv: tuple[float, ...]
    spots: tuple[Uptake, ...]


def build_anatomy(neck: NeckParameters) -> Anatomy:
    """Pose the patient and give every joint its uptake.

    Parameters
    ----------
    neck : NeckParameters
        The patient.
    """
    spine = build_spine(neck)
    tissues = [
        *soft_solids(spine),
        *disc_solids(spine),
        *girdle_solids(spine, neck),
        *head_solids(spine),
        *bone_solids(spine, neck),
    ]
    rng = np.random.default_rng([neck.seed, 7])
    wear = {(j.level, j.side): float(rng.uniform(4.0, 7.0)) for j in spine.joints}
    wear |= {(hot.level, hot.side): hot.suv for hot in neck.hot_joints}
    joint_suv = tuple(wear[j.level, j.side] for j in spine.joints)
    spots = tuple(_spot(spine, spot.place, spot.suv) for spot in neck.hot_spots)
    hot = [_joint_uptake(j, suv) for j, suv in zip(spine.joints, joint_suv, strict=True)]
    hot += [_ball(spot) for spot in spots]
    return Anatomy(spine, tuple(tissues), tuple(hot), joint_suv, spots)


def table(position: PatientPosition) -> list[Solid]:
    """Return the couch under the patient: a curved carbon shell around foam.

    Parameters
    ----------
    position : {"HFS", "FFS", "HFP", "FFP"}
        A prone patient has the couch in front.
    """
    direction = np.float32(-1 if position.endswith("P") else 1)
    distance_mm = np.float32(150 if position.endswith("P") else 84)

    def depth(x: Array, y: Array) -> Array:
        # Height of a point above the upper face, towards the floor.
        return y * direction - distance_mm + 0.00075 * x * x

    def outside(x: Array, y: Array, z: Array) -> Array:
        d = depth(x, y)
        return np.maximum(np.abs(d - 11) - 11, np.abs(x) - np.float32(205)) + 0 * z

    def inside(x: Array, y: Array, z: Array) -> Array:
        d = depth(x, y)
        return np.maximum(np.abs(d - 11) - 9.6, np.abs(x) - np.float32(203)) + 0 * z

    low, high = (-208.0, -200.0, -400.0), (208.0, 200.0, 500.0)
    return [
        Solid("couch shell", _CARBON, low, high, outside),
        Solid("couch foam", _FOAM, low, high, inside),
    ]


def _spot(spine: Spine, place: str, suv: float) -> Uptake:
    kind, _, where = place.partition(" ")
    if kind == "tooth":
        sign = SIGN[SIDES[SIDES.index(where)]]
        local, pose = (sign * TOOTH_CENTER[0], *TOOTH_CENTER[1:]), spine.head_pose
    elif kind == "body":
        local, pose = (0.0, 0.0, 0.0), spine.vertebra(where).pose
    else:
        upper, lower = (spine.vertebra(name) for name in where.split("-"))
        local = (0.0, -2.0, lower.form.height / 2 + upper.form.disc_below / 2)
        pose = lower.pose
    return Uptake(place, pose[:3, :3] @ np.array(local) + pose[:3, 3], suv)


def _ball(spot: Uptake) -> Solid:
    c = spot.center.astype(np.float32)

    def distance(x: Array, y: Array, z: Array) -> Array:
        result: Array = np.sqrt((x - c[0]) ** 2 + (y - c[1]) ** 2 + (z - c[2]) ** 2) - np.float32(5)
        return result

    return Solid(
        spot.name,
        replace(_UPTAKE, suv=spot.suv),
        tuple(spot.center - 6),
        tuple(spot.center + 6),
        distance,
    )


def _joint_uptake(joint: Joint, suv: float) -> Solid:
    c, n = joint.center.astype(np.float32), joint.normal.astype(np.float32)
    half, radius = JOINT_UPTAKE_MM

    def distance(x: Array, y: Array, z: Array) -> Array:
        dx, dy, dz = x - c[0], y - c[1], z - c[2]
        d = dx * n[0] + dy * n[1] + dz * n[2]
        across = np.sqrt(np.maximum(dx * dx + dy * dy + dz * dz - d * d, 0))
        result: Array = np.maximum(across - np.float32(radius), np.abs(d) - np.float32(half))
        return result

    return Solid(
        f"{joint.level} {joint.side}",
        replace(_UPTAKE, suv=suv),
        tuple(joint.center - 8),
        tuple(joint.center + 8),
        distance,
    )


def placed(points: Vector, placement: Matrix) -> Vector:
    """Return points of anatomy coordinates in the patient coordinates of a scan."""
    result: Vector = points @ placement[:3, :3].T + placement[:3, 3]
    return result
