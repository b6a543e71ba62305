"""How a cohort is measured, and what one study may use."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from fusion.cohort.outcomes import SCHEMA_VERSION
from fusion.errors import FusionError
from fusion.json_form import to_json
from fusion.software import own_version
from fusion.uptake import ProposalSettings, ReferenceChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What decides the results; part of the key of each study.

    Parameters
    ----------
    register : bool
        Search for a rigid correction in every study.
    ignore_stored_registration : bool
        Do not use the alignment that a study comes with.
    reference : ReferenceChoice
        What ratios refer to.
    proposals : ProposalSettings
        How uptake is measured and proposed.
    pages : bool
        Make a page and a thumbnail of each study.
    """

    register: bool = False
    ignore_stored_registration: bool = False
    reference: ReferenceChoice = field(default_factory=ReferenceChoice)
    proposals: ProposalSettings = field(default_factory=ProposalSettings)
    pages: bool = True

    @property
    def digest(self) -> str:
        """SHA-256 of them, with the version of this program and of what it writes."""
        return _digest(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyLimits:
    """What the process of one study may use.

    Parameters
    ----------
    memory_gb : float
        Address space, GB (10⁹ bytes).
    seconds : float
        From its start to its end.
    threads : int
        Of each library that starts some.

    Raises
    ------
    FusionError
        A limit that no study can keep.
    """

    memory_gb: float = 6.0
    seconds: float = 1800.0
    threads: int = 1

    def __post_init__(self) -> None:
        if not (1.0 <= self.memory_gb < 1e6 and 1.0 <= self.seconds < 1e7 and self.threads >= 1):
            raise FusionError(
                "A study needs at least 1 GB, 1 second and 1 thread; found "
                f"{self.memory_gb:g} GB, {self.seconds:g} s and {self.threads}."
            )


@functools.cache
def _digest(parameters: Parameters) -> str:
    # Asked for each place of a cohort that is done.
    return digest_of([to_json(parameters), own_version(), SCHEMA_VERSION])


def digest_of(content: Any) -> str:
    """Return the SHA-256 of a JSON value."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
