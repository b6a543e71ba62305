"""A case of a reader study, as far as its window must know it."""

from __future__ import annotations

from dataclasses import dataclass

from fusion.findings.readings import OTHER_READING, READ_UNDER_ANOTHER_UID

#: What a reader must not learn who reads a case without knowing which it is.
GIVES_AWAY = (OTHER_READING, READ_UNDER_ANOTHER_UID)
#: Why there are no proposals, where the study shows none.
NOT_PROPOSED = "Nothing is proposed here."


@dataclass(frozen=True, slots=True)
class BlindedCase:
    """What a window shows in the place of a patient.

    Parameters
    ----------
    words : str
        For example ``"Case 7 of 40"``.
    proposals : bool
        Whether the program's proposals are shown.
    """

    words: str
    proposals: bool = True
