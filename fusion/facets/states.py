"""What a CT shows of a joint, and how far its level is to be trusted: words for both."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What became of a joint."""

    FOUND = "found"
    OUTSIDE = "outside field"
    FUSED = "fused"
    OBSCURED = "obscured"


class Numbering(StrEnum):
    """How far the level of a joint is to be trusted."""

    SURE = "sure"
    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"
