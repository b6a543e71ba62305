# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .cervical import CERVICAL
from .codes import (
    BONE_CODES,
    LEVEL_CODES,
    PROCESS_CODES,
    SIDE_CODES,
    UPPER_JOINT_CODES,
    VERTEBRA_CODE,
)
from .joints import JOINTS, LEVELS, VERTEBRAE, ZYGAPOPHYSIAL_LEVELS, Joint, Side

__all__ = [
    "BONE_CODES",
    "CERVICAL",
    "JOINTS",
    "LEVELS",
    "LEVEL_CODES",
    "PROCESS_CODES",
    "SIDE_CODES",
    "UPPER_JOINT_CODES",
    "VERTEBRAE",
    "VERTEBRA_CODE",
    "ZYGAPOPHYSIAL_LEVELS",
    "Joint",
    "Side",
]
