# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .ball import LEAST_BALL_MM, MOST_BALL_MM, Ball, measure_ball
from .measures import (
    MAXIMUM,
    OF_VOLUME,
    RATIO,
    RATIO_TO_REFERENCE,
    SUV,
    Measure,
    every_measure,
    is_suv,
    measure_named,
    measured_texts,
    number_text,
    quantity_text,
    unknown_measure,
)
from .measuring import Uptake, measure, uptake_json
from .native import NativeNeck, native_neck
from .proposals import (
    GRADE_WORDS,
    Proposal,
    Quantification,
    assess,
    proposals_json,
)
from .reference import REFERENCE_WORDS
from .settings import (
    NOT_VALIDATED,
    HotSpotSettings,
    ProposalSettings,
    ReferenceChoice,
    ReferenceKind,
    UptakeSettings,
)
from .sharpness import Sharpness, sharpness_of
from .spread import ASSUMED_REGISTRATION_MM, MeanSpread, spread_of_means
from .structures import StructureKind, vertebral_bodies

__all__ = [
    "ASSUMED_REGISTRATION_MM",
    "GRADE_WORDS",
    "LEAST_BALL_MM",
    "MAXIMUM",
    "MOST_BALL_MM",
    "NOT_VALIDATED",
    "OF_VOLUME",
    "RATIO",
    "RATIO_TO_REFERENCE",
    "REFERENCE_WORDS",
    "SUV",
    "Ball",
    "HotSpotSettings",
    "MeanSpread",
    "Measure",
    "NativeNeck",
    "Proposal",
    "ProposalSettings",
    "Quantification",
    "ReferenceChoice",
    "ReferenceKind",
    "Sharpness",
    "StructureKind",
    "Uptake",
    "UptakeSettings",
    "assess",
    "every_measure",
    "is_suv",
    "measure",
    "measure_ball",
    "measure_named",
    "measured_texts",
    "native_neck",
    "number_text",
    "proposals_json",
    "quantity_text",
    "sharpness_of",
    "spread_of_means",
    "unknown_measure",
    "uptake_json",
    "vertebral_bodies",
]
