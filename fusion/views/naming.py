"""What carries a name in a picture: joints, vertebral bodies, and nerves beside their joint.

A nerve is named at the joint that it supplies, never where it is met: there is no point here that a
needle could be led to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fusion.anatomy import Joint
from fusion.facets import Localisation, Numbering
from fusion.geometry import FloatArray
from fusion.uptake import vertebral_bodies


@dataclass(frozen=True, slots=True, eq=False)
class Landmark:
    """Something with a name at a point.

    Parameters
    ----------
    name : str
        ``"Left C5-C6"`` of a joint, ``"C5"`` of a vertebra.
    point_lps : (3,) ndarray of float64, mm
        Centre of the joint, middle of the vertebral body, in the CT's frame.
    provisional : bool
        Whether its level is not to be trusted.
    joint : Joint or None
        None of a vertebra.
    nerves : tuple of str
        That supply the joint, where they are in the plan.
    """

    name: str
    point_lps: FloatArray
    provisional: bool
    joint: Joint | None = None
    nerves: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The name as it stands in a picture: a provisional one says so."""
        return f"{self.name} ?" if self.provisional else self.name


def landmarks(
    found: Localisation,
    *,
    nerves: Mapping[Joint, Sequence[str]] | None = None,
    bodies: bool = True,
) -> tuple[Landmark, ...]:
    """Return what can be named on a CT whose joints were found.

    Parameters
    ----------
    found : Localisation
        The joints.
    nerves : mapping of Joint to sequence of str, optional
        Names of the nerves of the plan, by the joint that they supply.
    bodies : bool
        Name the vertebrae as well; not where the joints contradict each other.

    Returns
    -------
    tuple of Landmark
        Joints with a centre, from the skull down, left before right; then the vertebrae between
        them.
    """
    whole = found.numbering is Numbering.PROVISIONAL
    centers = {f.joint: f.center_lps for f in found.facets if f.center_lps is not None}
    doubted = {f.joint for f in found.facets if whole or f.numbering is Numbering.PROVISIONAL}
    joints = [
        Landmark(joint.name, center, joint in doubted, joint, tuple((nerves or {}).get(joint, ())))
        for joint, center in centers.items()
    ]
    unsure = {name for joint in doubted & set(centers) for name in joint.level.split("-")}
    if not bodies:
        return tuple(joints)
    vertebrae = [
        Landmark(name, point, whole or name in unsure)
        for name, point in vertebral_bodies(centers).items()
    ]
    return (*joints, *vertebrae)
