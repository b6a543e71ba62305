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
    from fusion.uptake import Proposal, Quantification

#: Highest grade of a suggested place that may be called negative by a tick of its own. Whatever is
#: hotter takes a decision about each joint, with side and level said.
FAINT_GRADE = 1


@dataclass(frozen=True, slots=True, eq=False)
class FaintPlace:
    """A place that is suggested, and hardly hotter than the reference.

    Parameters
    ----------
    proposal : Proposal
        What is suggested there.
    joints : tuple of Joint
        Those that it may be, nothing is said about, and nothing hotter is at.
    """

    proposal: Proposal
    joints: tuple[Joint, ...]


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
    faint : tuple of FaintPlace
        With joints in the field that are beside something faint only, hottest first.
    """

    cold: tuple[Joint, ...] = ()
    hot: tuple[Joint, ...] = ()
    outside: tuple[Joint, ...] = ()
    faint: tuple[FaintPlace, ...] = ()

    @property
    def suspected(self) -> tuple[Joint, ...]:
        """Those that something suggested may belong to, hot or faint."""
        return (*self.hot, *(joint for place in self.faint for joint in place.joints))

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
        proposals = assessment.proposals if assessment else ()
        hottest: dict[Joint, Proposal] = {}
        for proposal in sorted(proposals, key=lambda p: -p.grade):  # the order within a grade stays
            for joint in proposal.candidates:
                hottest.setdefault(joint, proposal)
        cold, hot, outside = [], [], []
        faint: dict[int, list[Joint]] = {}
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
            elif joint not in hottest:
                cold.append(joint)
            elif hottest[joint].grade > FAINT_GRADE:
                hot.append(joint)
            else:
                faint.setdefault(proposals.index(hottest[joint]), []).append(joint)
        places = [FaintPlace(proposals[n], tuple(faint[n])) for n in sorted(faint)]
        return cls(tuple(cold), tuple(hot), tuple(outside), tuple(places))


def names(joints: tuple[Joint, ...]) -> str:
    """Return the names of joints in one line; both sides of a level in one word."""
    levels: dict[str, list[str]] = {}
    for joint in joints:
        levels.setdefault(joint.level, []).append(joint.side.value)
    return ", ".join(
        f"{level} left and right" if len(sides) == 2 else f"{level} {sides[0]}"
        for level, sides in levels.items()
    )
