"""What pictures are told: names of joints, an alignment that is unusual, what ratios refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from viewer.facets.naming import doubt_of, named_places

if TYPE_CHECKING:
    from viewer.alignment.model import Alignment
    from viewer.facets.model import FacetsModel
    from viewer.pictures.flat.study import FlatStudy
    from viewer.pictures.panes import LinkedPanes
    from viewer.reading.model import ReadingModel


class Captions:
    """Keeps the pictures at what is known.

    Parameters
    ----------
    linked : LinkedPanes
        The three planes.
    study : FlatStudy
        The pictures that are drawn flat.
    facets : FacetsModel
        The joints.
    reading : ReadingModel
        What was decided about them.
    alignment : Alignment
        Where the SPECT is.
    """

    def __init__(
        self,
        linked: LinkedPanes,
        study: FlatStudy,
        *,
        facets: FacetsModel,
        reading: ReadingModel,
        alignment: Alignment,
    ) -> None:
        self._linked, self._study = linked, study
        self._facets, self._reading, self._alignment = facets, reading, alignment
        for changed in (
            facets.events.localisation,
            facets.events.state,
            facets.events.selected,
            reading.events.decided,
        ):
            changed.connect(self._show_names)
        facets.events.assessment.connect(self._show_reference)
        linked.events.point.connect(self._show_looked_at)
        for changed in (linked.events.review, alignment.events.moving):
            changed.connect(self._show_alignment)
        self._show_alignment()
        self._show_names()

    def _show_alignment(self) -> None:
        for pane in self._linked:
            pane.write_alignment(self._alignment.banner)
        self._study.write_alignment(self._alignment.banner)

    def _show_reference(self) -> None:
        found = self._facets.assessment
        self._linked.reference = None if found is None else found.reference.value

    def _show_names(self) -> None:
        facets = self._facets
        self._study.show_names(
            facets.localisation,
            named_places(facets, self._reading),
            joint=facets.selected or facets.joint_at(self._linked.point_lps),
            doubt=doubt_of(facets),
        )

    def _show_looked_at(self) -> None:
        if self._facets.selected is None:
            self._study.look_at(self._facets.joint_at(self._linked.point_lps))
