"""Rigid registration of the functional volume to the CT, and how far to trust it.

The CT is turned into what a bone SPECT of it would look like and compared with the SPECT
(:mod:`~fusion.registration.expectation`, ../shared/spec/localisation_registration.md part B). One
Gauss-Newton search (:mod:`~fusion.registration.fitting`) is fast enough to be asked many times:
from many starts, by another measure, backwards, in the neck alone, in two pieces, level by level
(:mod:`~fusion.registration.search`). How much the answers differ is the evidence
(:mod:`~fusion.registration.evidence`) on which a status and an uncertainty in mm rest.

A similarity measure cannot prove that a registration is right: a left-right flip looks perfect to
all of them. What is reported here is "no inconsistency found".
"""

from fusion.registration.engine import checked, register, shared_frame
from fusion.registration.evidence import LevelMisfit, RegistrationEvidence
from fusion.registration.manual import LARGE_MANUAL_SHIFT_MM, adjusted, displacement, stated
from fusion.registration.pieces import NeckCorrection
from fusion.registration.result import (
    TRUSTED_UNCERTAINTY_MM,
    Method,
    Quality,
    Registration,
    Status,
    Verdict,
)

__all__ = [
    "LARGE_MANUAL_SHIFT_MM",
    "TRUSTED_UNCERTAINTY_MM",
    "LevelMisfit",
    "Method",
    "NeckCorrection",
    "Quality",
    "Registration",
    "RegistrationEvidence",
    "Status",
    "Verdict",
    "adjusted",
    "checked",
    "displacement",
    "register",
    "shared_frame",
    "stated",
]
