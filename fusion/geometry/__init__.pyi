# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .directions import (
    DIRECTION_TOLERANCE,
    PATIENT_LETTERS,
    EdgeLetters,
    FloatArray,
    direction_letters,
    edge_letters,
    unit_directions,
)
from .field_of_view import seen_mask, seen_part, with_field_of_view
from .grid import ALIGNMENT_TOLERANCE_MM, MAX_VOXELS, Grid, canonical_view, enclosing_grid
from .nearness import near_mask
from .transform import RigidTransform
from .volume import FieldOfView, Source, Volume, averaged, block_around, block_of

__all__ = [
    "ALIGNMENT_TOLERANCE_MM",
    "DIRECTION_TOLERANCE",
    "MAX_VOXELS",
    "PATIENT_LETTERS",
    "EdgeLetters",
    "FieldOfView",
    "FloatArray",
    "Grid",
    "RigidTransform",
    "Source",
    "Volume",
    "averaged",
    "block_around",
    "block_of",
    "canonical_view",
    "direction_letters",
    "edge_letters",
    "enclosing_grid",
    "near_mask",
    "seen_mask",
    "seen_part",
    "unit_directions",
    "with_field_of_view",
]
