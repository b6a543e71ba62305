"""All joints that nothing was said about: which of them a reader may call negative in one go.

Knows nothing of Qt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fusion.anatomy import JOINTS, Joint

if TYPE_CHECKING:
    from fusion.annotations import Reading
    from fusion.facets import Localisation
    from fusion.uptake import Quantification


@dataclass(frozen=True, slots=True)
class Others:
    """Joints without a decision.

    Parameters
    ----------
    cold : tuple of Joint
        In the field of CT and SPECT, and not hot.
    hot : tuple of Joint
        In the field, and hot, or next to something hot: each wants a decision of its own.
    outside : tuple of Joint
        Not found on the CT, or not measured.
    """

    cold: tuple[Joint, ...] = ()
    hot: tuple[Joint, ...] = ()
    outside: tuple[Joint, ...] = ()

    @classmethod
    def of(
        cls,
        found: Localisation | None,
        assessment: Quantification | None,
        reading: Reading | None,
    ) -> Others:
        """Sort the joints that a reading says nothing about.

        Parameters
        ----------
        found : Localisation or None
            The joints on the CT.
        assessment : Quantification or None
            The uptake at them.
        reading : Reading or None
            What was decided.
        """
        suspected = (
            {joint for p in assessment.proposals for joint in p.candidates} if assessment else set()
        )
        cold, hot, outside = [], [], []
        for joint in JOINTS:
            if reading is not None and reading.target_at(joint) is not None:
                continue
            facet = found.facet(joint.level, joint.side) if found else None
            uptake = assessment.uptake_of(joint) if assessment else None
            if (
                facet is None
                or facet.center_lps is None
                or uptake is None
                or uptake.maximum is None
            ):
                outside.append(joint)
            elif joint in suspected:
                hot.append(joint)
            else:
                cold.append(joint)
        return cls(tuple(cold), tuple(hot), tuple(outside))


def names(joints: tuple[Joint, ...]) -> str:
    """Return the names of joints in one line; both sides of a level in one word."""
    levels: dict[str, list[str]] = {}
    for joint in joints:
        levels.setdefault(joint.level, []).append(joint.side.value)
    return ", ".join(
        f"{level} left and right" if len(sides) == 2 else f"{level} {sides[0]}"
        for level, sides in levels.items()
    )
