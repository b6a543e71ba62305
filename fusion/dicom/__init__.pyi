# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .candidate import Candidate, Pair, read_volume
from .catalog import scan
from .files.header import quiet_pydicom, read_header, read_with_pixels
from .files.instance import (
    PARSE_ERRORS,
    Instance,
    damage_told,
    hashed_uid,
    integer,
    items,
    number,
    text,
    texts,
    uid,
)
from .identity import are_comparable, identity_conflicts, names_agree, patient_ids_agree
from .pairing import choose_ct, pair
from .pixels.reading import stored_frames
from .placement import LEAST_COMMON_SHARE, placement_doubt
from .preference import SPATIAL_RESAMPLING
from .quantity.administration import Administration, administered
from .quantity.suv import NUCLIDES
from .quantity.tracer import is_of_bone, is_tracer_word
from .quantity.unit import UNITS, is_unit_code
from .series import Catalog, FrameRef, Kind, Patient, Series, Study, VolumePlan
from .stated_spacing import two_distances
from .stored_registration import find_stored_registration, stored_registration_ignored
from .versions import ReportVersion, standing

__all__ = [
    "LEAST_COMMON_SHARE",
    "NUCLIDES",
    "PARSE_ERRORS",
    "SPATIAL_RESAMPLING",
    "UNITS",
    "Administration",
    "Candidate",
    "Catalog",
    "FrameRef",
    "Instance",
    "Kind",
    "Pair",
    "Patient",
    "ReportVersion",
    "Series",
    "Study",
    "VolumePlan",
    "administered",
    "are_comparable",
    "choose_ct",
    "damage_told",
    "find_stored_registration",
    "hashed_uid",
    "identity_conflicts",
    "integer",
    "is_of_bone",
    "is_tracer_word",
    "is_unit_code",
    "items",
    "names_agree",
    "number",
    "pair",
    "patient_ids_agree",
    "placement_doubt",
    "quiet_pydicom",
    "read_header",
    "read_volume",
    "read_with_pixels",
    "scan",
    "standing",
    "stored_frames",
    "stored_registration_ignored",
    "text",
    "texts",
    "two_distances",
    "uid",
]
