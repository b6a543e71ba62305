"""Findings: what a reader must know about the data.

The pages of this room (:mod:`~fusion.findings.files`, :mod:`~fusion.findings.volumes`,
:mod:`~fusion.findings.alignment`, :mod:`~fusion.findings.joints`,
:mod:`~fusion.findings.readings`, :mod:`~fusion.findings.follow_up`) are one table. A new Finding
is one entry on a page, and one call of it with the values that its words need.
"""

from fusion.findings.finding import (
    DateText,
    Finding,
    FindingKind,
    FromFile,
    PersonName,
    Severity,
    worst_first,
)

__all__ = [
    "DateText",
    "Finding",
    "FindingKind",
    "FromFile",
    "PersonName",
    "Severity",
    "worst_first",
]
