"""The vocabulary: vertebrae, sides, levels and joints of the neck.

Twelve zygapophysial joints (C2-C3 to C7-T1, both sides) and four that can be marked but have no
medial branch (C0-C1 and C1-C2); see docs/sources.md#joints.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fusion.anatomy.cervical import CERVICAL


class Side(StrEnum):
    """Side of the patient, never of the picture."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def sign(self) -> int:
        """+1 for the patient's left, where x grows; -1 for the right."""
        return 1 if self is Side.LEFT else -1


#: From the skull down; ``C0`` is the occiput.
VERTEBRAE = CERVICAL.vertebrae
#: Every level that can be marked, from the skull down.
LEVELS = CERVICAL.levels
#: Levels whose joints are zygapophysial and have a medial branch block.
ZYGAPOPHYSIAL_LEVELS = CERVICAL.zygapophysial_levels


@dataclass(frozen=True, slots=True, order=True)
class Joint:
    """A level pair and a side, nothing more.

    Parameters
    ----------
    level : str
        One of :data:`LEVELS`, for example ``"C5-C6"``.
    side : Side
        Side of the patient.

    Raises
    ------
    ValueError
        No such level or side.
    """

    level: str
    side: Side

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"a joint level is one of {', '.join(LEVELS)}; found {self.level!r}")
        object.__setattr__(self, "side", Side(self.side))

    @property
    def upper(self) -> str:
        """Name of the vertebra above, ``"C0"`` for the occiput."""
        return self.level.split("-")[0]

    @property
    def lower(self) -> str:
        """Name of the vertebra below."""
        return self.level.split("-")[1]

    @property
    def is_zygapophysial(self) -> bool:
        """Whether this is a true facet joint (not C0-C1 or C1-C2)."""
        return self.level in ZYGAPOPHYSIAL_LEVELS

    @property
    def name(self) -> str:
        """Side and level in full, for example ``"Left C5-C6"``."""
        return f"{self.side.value.capitalize()} {self.level}"


#: Every joint that can be marked: from the skull down, left before right.
JOINTS = tuple(Joint(level, side) for level in LEVELS for side in Side)
