"""One date: a study, its joints, what was measured at them, and what a reader decided."""

from __future__ import annotations

from dataclasses import dataclass, field

from fusion.anatomy import Joint
from fusion.annotations import Decision, Reading, Target
from fusion.errors import GeometryError
from fusion.facets import Localisation, SpineStatements, located_as_said
from fusion.progress import Progress, ProgressCallback
from fusion.review import Review
from fusion.uptake import Quantification, Uptake, assess


@dataclass(frozen=True, slots=True, eq=False)
class Dated:
    """One date as it stands: its own alignment, joints, measurements and reading.

    Parameters
    ----------
    review : Review
        The study, with the alignment in use.
    localisation : Localisation
        The joints, named and moved as the reading says.
    uptake : Quantification
        What was measured at them.
    reading : Reading or None
        The decisions; None where nobody has read the study.
    """

    review: Review
    localisation: Localisation
    uptake: Quantification
    reading: Reading | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        review: Review,
        reading: Reading | None = None,
        *,
        progress: ProgressCallback | None = None,
    ) -> Dated:
        """Find the joints of a study as its reading says, check its alignment, and measure.

        Parameters
        ----------
        review : Review
            The study.
        reading : Reading, optional
            Of this study.
        progress : callable, optional
            Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

        Raises
        ------
        GeometryError
            No joint was found, or the functional volume does not reach them.
        """
        report = Progress(progress)
        ct, spect = review.fused.ct, review.fused.spect
        said = reading.said if reading is not None else SpineStatements()
        found = located_as_said(ct, said, progress=report.part(0.0, 0.5))
        if all(facet.center_lps is None for facet in found.facets):
            why = " ".join(finding.message for finding in found.findings)
            raise GeometryError(f"No joint was found on the CT of one of the dates. {why}")
        review = review.with_checked_alignment(report.part(0.5, 0.8))
        registration = review.fused.registration
        measured = assess(found.facets, spect, registration, ct=ct, progress=report.part(0.8, 1.0))
        return cls(review, found, measured, reading)

    def uptake_at(self, joint: Joint) -> Uptake | None:
        """Return what was measured at a joint; None where nothing was."""
        found = self.uptake.uptake_of(joint)
        return found if found is not None and found.values else None

    def target_at(self, joint: Joint) -> Target | None:
        """Return the decision about a joint; None where there is none."""
        return None if self.reading is None else self.reading.target_at(joint)

    def decision_at(self, joint: Joint) -> Decision | None:
        """Return what was decided about a joint; None where nothing was."""
        target = self.target_at(joint)
        return None if target is None else target.decision
