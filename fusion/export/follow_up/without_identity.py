"""A comparison without identity: everything made from it has none."""

from __future__ import annotations

from dataclasses import replace

from fusion.deidentified import (
    Deidentifier,
    Readers,
    about_this,
    deidentified_reading,
    deidentified_review,
    plain_findings,
)
from fusion.findings import worst_first
from fusion.follow_up import Comparison, Dated


def deidentified_comparison(comparison: Comparison, how: Deidentifier) -> Comparison:
    """Return the same comparison without identity.

    Both dates have one key, so that what refers from one to the other still does. Where dates are
    removed, the days between them are removed too.

    Parameters
    ----------
    comparison : Comparison
        Two dates.
    how : Deidentifier
        Of everything that leaves together.
    """
    readers = Readers()
    earlier, later = (_date(date, how, readers) for date in (comparison.earlier, comparison.later))
    findings = (*about_this(how), *plain_findings(comparison.findings, how))
    return replace(
        comparison,
        earlier=earlier,
        later=later,
        findings=worst_first(findings),
        days=comparison.days if how.keeps_suv else None,
    )


def _date(date: Dated, how: Deidentifier, readers: Readers) -> Dated:
    return replace(
        date,
        review=deidentified_review(date.review, how, readers),
        localisation=replace(
            date.localisation, findings=plain_findings(date.localisation.findings, how)
        ),
        uptake=replace(date.uptake, findings=plain_findings(date.uptake.findings, how)),
        reading=date.reading and deidentified_reading(date.reading, how, readers),
    )
