"""What became of a study of a cohort."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class StudyOutcome(StrEnum):
    """What became of one study; every study of a cohort has one."""

    OK = "ok"
    NEEDS_A_PERSON = "needs a person"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out of memory"
    NOT_RUN = "not run yet"

    @property
    def is_measured(self) -> bool:
        """Whether there are joints with values."""
        return self in (StudyOutcome.OK, StudyOutcome.NEEDS_A_PERSON)


#: What each of them means, for the data dictionary and the page.
OUTCOME_WORDS = {
    StudyOutcome.OK: "measured, with levels that are sure and nothing that asks for a person",
    StudyOutcome.NEEDS_A_PERSON: "a person has to decide something first: what the files do "
    "not state, levels that are provisional, an alignment that is not to be trusted",
    StudyOutcome.REFUSED: "no CT and SPECT or PET that may be combined, or no joint to measure",
    StudyOutcome.UNREADABLE: "files are damaged or are no images",
    StudyOutcome.TIMEOUT: "took longer than allowed and was stopped",
    StudyOutcome.CRASHED: "the process ended by itself",
    StudyOutcome.OUT_OF_MEMORY: "needed more memory than allowed",
    StudyOutcome.NOT_RUN: "its turn has not come",
}
#: Version of ``result.json`` and of how studies are measured: 2 holds every alignment against the
#: images. Keys are only ever added.
SCHEMA_VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """What is kept of one study; it holds no identity.

    Parameters
    ----------
    key : str
        Hash of what was measured, with which parameters, by which version.
    known_by : str
        What the key stands for: ``"pixels"``; ``"files"`` where no pair could be read; ``"place"``
        where the process broke off.
    outcome : StudyOutcome
        What became of it.
    sentence : str
        Why, without identity; empty when there is nothing to say.
    about : dict
        Of the study: columns of ``studies.csv``.
    joints : tuple of dict
        One for each joint: columns of ``joints.csv``.
    findings : tuple of dict
        What a reader must know, without identity.
    seconds : dict of str to float
        How long each step took.
    limits : dict of str to float
        The limits it ran under, where they decided the outcome.
    has_page : bool
        Whether ``page.html`` and ``thumbnail.jpg`` lie beside it.
    software : dict of str to str
        Versions of what measured it.
    schema_version : int
        Of this form.
    """

    key: str
    known_by: str
    outcome: StudyOutcome
    sentence: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    joints: tuple[dict[str, Any], ...] = ()
    findings: tuple[dict[str, str], ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    has_page: bool = False
    software: dict[str, str] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION
