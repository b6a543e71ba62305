"""Rigid registration of the SPECT or PET to the CT, and how far to trust it.

The CT is turned into what a bone SPECT of it would look like and compared with the SPECT
(:mod:`~fusion.registration.expectation`, docs/sources.md#registration-picture). One
Gauss-Newton search (:mod:`~fusion.registration.fitting`) is fast enough to be asked many times:
from many starts, by another measure, backwards, in the neck alone, in two pieces, level by level
(:mod:`~fusion.registration.search`). How much the answers differ is the evidence
(:mod:`~fusion.registration.evidence`) on which a status and an uncertainty in mm rest.

A similarity measure cannot prove that a registration is right: a left-right flip looks perfect to
all of them (docs/sources.md#registration-accuracy). What is reported here is "no inconsistency
found".
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
