# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .joints import JOINTS, LEVELS, VERTEBRAE, ZYGAPOPHYSIAL_LEVELS, Joint, Side

__all__ = ["JOINTS", "LEVELS", "VERTEBRAE", "ZYGAPOPHYSIAL_LEVELS", "Joint", "Side"]
