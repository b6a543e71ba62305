"""The joints on the CT and the uptake at them, as the reading says now.

Knows nothing of widgets. Everything that takes long happens in a thread of its own while the
window stays usable; what is not known yet is None, never what was true before.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from napari.utils.events import EmitterGroup
from qtpy.QtCore import QTimer

from fusion.annotations import Spine
from fusion.errors import AnnotationError, FusionError
from fusion.facets import (
    Labels,
    Localisation,
    Numbering,
    Searched,
    SpineStatements,
    checked_clicks,
    search,
)
from fusion.uptake import ProposalSettings, Quantification, ReferenceChoice, assess
from viewer.jobs import Job
from viewer.kit.theme import SETTLE_MS

if TYPE_CHECKING:
    import numpy.typing as npt

    from fusion.anatomy import Joint
    from fusion.annotations import Point
    from fusion.facets import Facet
    from viewer.pictures.panes import LinkedPanes

#: How many ways to number this neck are remembered, so that undo and redo need no time.
_REMEMBERED = 8
#: Further than this from the centre of a joint the crosshair is not at it, mm: as far as a point
#: may lie from its joint (docs/sources.md#facet-surfaces).
REACH_MM = 12.75


class State(StrEnum):
    """How far the search for the joints is."""

    NOT_STARTED = "not started"
    LOCATING = "locating"
    FOUND = "found"
    NOTHING_FOUND = "nothing found"
    LABELS_REFUSED = "label map refused"


class FacetsModel:
    """The joints of the study on display.

    Parameters
    ----------
    linked : LinkedPanes
        What shows the study.

    Attributes
    ----------
    events : napari.utils.events.EmitterGroup
        ``localisation`` (with :attr:`spine`), ``assessment``, ``selected``, ``state`` and
        ``progress``.
    localisation : Localisation or None
        The joints; None while they are not known, also while they are being numbered again.
    spine : Spine or None
        What tells side and level; None where :attr:`refusal` says why.
    assessment : Quantification or None
        The uptake and what it proposes; None while it is being measured, or cannot be.
    state : State
        How far the search is.
    progress : (float, str)
        Fraction done, 0 to 1, and what is being done.
    search : Job or None
        What looks for the joints, while it does.
    said : SpineStatements
        What the reading says.
    labels : Labels
        Where the joints are taken from; see :meth:`use_labels`.
    proposing : bool
        Whether what was measured comes with proposals.
    """

    def __init__(self, linked: LinkedPanes) -> None:
        self.events = EmitterGroup(
            source=self,
            localisation=None,
            assessment=None,
            selected=None,
            state=None,
            progress=None,
        )
        self.linked = linked
        self.localisation: Localisation | None = None
        self.spine: Spine | None = None
        self.assessment: Quantification | None = None
        self.state = State.NOT_STARTED
        self.progress = (0.0, "")
        self.said = SpineStatements()
        self.labels = Labels()
        self._selected: Joint | None = None
        self._reference = ReferenceChoice()
        self._settings = ProposalSettings()
        self.proposing = True
        self._no_spine = self._no_uptake = ""
        self._searched: Searched | None = None
        self._numbered: dict[object, Localisation] = {}
        self.search: Job | None = None
        self._measuring: Job | None = None
        self._registration = linked.review.fused.registration
        self._settle = QTimer(singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._measure)
        linked.events.review.connect(self._on_review)

    @property
    def refusal(self) -> str:
        """Why there is no spine or no uptake, in sentences; otherwise empty."""
        return " ".join(text for text in (self._no_spine, self._no_uptake) if text)

    @property
    def provisional(self) -> bool:
        """Whether there are joints whose level is not certain."""
        found = self.localisation
        return found is not None and found.numbering is Numbering.PROVISIONAL

    @property
    def renumbering(self) -> bool:
        """Whether joints that were known are being numbered again."""
        return self.state is State.LOCATING and bool(self._numbered)

    @property
    def measuring(self) -> bool:
        """Whether the uptake is about to be known."""
        return self._settle.isActive() or self._measuring is not None

    # What is looked at

    @property
    def selected(self) -> Joint | None:
        """The joint that the reader looks at; putting one here moves the crosshair to it."""
        return self._selected

    @selected.setter
    def selected(self, joint: Joint | None) -> None:
        self.choose(joint)

    def choose(self, joint: Joint | None, *, closer: bool = True) -> None:
        """Look at a joint.

        Parameters
        ----------
        joint : Joint or None
            Which; None looks at none.
        closer : bool
            Show what is around it, and not the whole planes. Not what was chosen in a picture:
            that would move away under the mouse.
        """
        self._selected = joint
        found = self.localisation
        facet = found.facet(joint.level, joint.side) if joint and found is not None else None
        if facet is not None and facet.center_lps is not None:
            if closer:
                self.linked.go_to(facet.center_lps)
            else:
                self.linked.point_lps = facet.center_lps
        self.events.selected()

    def joint_at(self, point_lps: npt.ArrayLike, *, reach_mm: float = REACH_MM) -> Joint | None:
        """Return the joint whose centre is nearest to a point; None further away than the reach.

        Parameters
        ----------
        point_lps : (3,) array_like of float, mm
            In the CT's frame.
        reach_mm : float, mm
            How far from its centre a joint is still looked at.
        """
        point, nearest, joint = np.asarray(point_lps, dtype=np.float64), reach_mm, None
        for facet in self._facets():
            if facet.center_lps is None:
                continue
            away = float(np.linalg.norm(facet.center_lps - point))
            if away <= nearest:
                nearest, joint = away, facet.joint
        return joint

    @property
    def found(self) -> bool:
        """Whether the joints are known."""
        return self.localisation is not None

    @property
    def located(self) -> Localisation | None:
        """The joints where the program found them, without what the reader moved."""
        return self._numbered.get(self.said.naming)

    @property
    def reference(self) -> ReferenceChoice:
        """What uptake is compared with."""
        return self._reference

    @reference.setter
    def reference(self, choice: ReferenceChoice) -> None:
        if choice != self._reference:
            self._reference = choice
            self.measure_soon()

    @property
    def settings(self) -> ProposalSettings:
        """The thresholds of what is proposed; none is validated."""
        return self._settings

    @settings.setter
    def settings(self, settings: ProposalSettings) -> None:
        if settings != self._settings:
            self._settings = settings
            self.measure_soon()

    # Finding

    def start(self) -> None:
        """Look for the joints, unless that was done or is being done."""
        if self.state is State.NOT_STARTED:
            self.locate()

    def use_labels(self, labels: Labels) -> None:
        """Take the joints from label maps, or from the CT alone; read again what is read.

        A map that is refused leaves no joints: nothing is taken from the CT in its place.
        """
        self.labels = labels
        if self._searched is not None:
            self._searched = replace(self._searched, labelled=None)
        self._numbered.clear()
        if self.state is not State.NOT_STARTED:
            self.locate()

    def cancel(self) -> None:
        """Stop looking for the joints; nothing is known then."""
        if self.search is not None:
            self.search.cancel()
            self.search = None
            self._show_state(State.NOT_STARTED)

    def close(self) -> None:
        """Stop all work; the window closes."""
        self.cancel()
        self._stop_measuring()
        # Qt would hold this model by its timer, and with it the study, for as long as the program.
        self._settle.timeout.disconnect(self._measure)
        self.linked.events.review.disconnect(self._on_review)

    def apply(self, said: SpineStatements) -> None:
        """Show the joints as the reading has them now."""
        before, self.said = self.said, said
        if self.said == before or self.state is State.NOT_STARTED:
            return
        if self.said.naming != before.naming:
            self.locate()
        elif self.located is not None and self.state is not State.LOCATING:
            self._show()

    def check_click(self, vertebra: str, point_lps: Point) -> None:
        """Refuse a click that cannot be on a vertebra.

        Raises
        ------
        FusionError
            The joints are not known yet, or the point lies outside the CT, far from the canal or
            on no vertebra of the label map in use.
        """
        known = self._searched
        if known is not None and known.labelled is not None:
            from fusion.facets import check_clicks

            check_clicks(known.labelled, self.linked.review.fused.ct, {vertebra: point_lps})
            return
        if known is None or known.neck is None or self.labels.paths:
            raise FusionError(
                "No spine is known on this CT yet, so no vertebra can be named. Find the joints "
                "first; where no spine is found, mark the joints by hand."
            )
        checked_clicks(known.neck, {vertebra: point_lps})

    def locate(self) -> None:
        """Find the joints, or number them again, as the reading and the label maps say now."""
        self._drop()
        if self.search is not None:
            self.search.cancel()  # its numbering belongs to what was said before
        numbered = self._numbered.get(self.said.naming)
        if numbered is not None:
            self.search = None
            self.show_located(numbered)
            return
        ct, said, labels, known = (
            self.linked.review.fused.ct,
            self.said,
            self.labels,
            self._searched,
        )
        job = Job(lambda report: search(ct, said, labels=labels, known=known, progress=report))
        job.done.connect(self._on_located)
        job.refused.connect(self._on_refused)
        job.progressed.connect(self._on_progress)
        self.search = job
        self.progress = (0.0, "")
        self._show_state(State.LOCATING)
        job.start()

    def _on_progress(self, fraction: float, step: str) -> None:
        self.progress = (fraction, step)
        self.events.progress()

    def _on_located(self, result: Searched) -> None:
        self._searched, self.search = result, None
        self.show_located(result.located)

    def show_located(self, located: Localisation) -> None:
        """Show joints that are numbered as the reading says now."""
        if len(self._numbered) >= _REMEMBERED:
            del self._numbered[next(iter(self._numbered))]
        self._numbered[self.said.naming] = located
        self._show()

    def _on_refused(self, error: FusionError) -> None:
        self.search = None
        if self.labels.paths:
            self._no_spine = f"The label map was refused. {error}"
            self._show_state(State.LABELS_REFUSED)
            return
        self._no_spine = str(error)
        self._show_state(State.NOTHING_FOUND)

    def _drop(self) -> None:
        """Forget what is not true any more, where there is anything."""
        known = (self.localisation, self.spine, self.assessment, self._measuring)
        if all(one is None for one in known) and not self.refusal and not self._settle.isActive():
            return
        self.localisation = self.spine = None
        self._no_spine = ""
        self._drop_assessment()
        self.events.localisation()

    def _show(self) -> None:
        self._no_spine = ""
        self.spine = None
        try:
            self.localisation = self._numbered[self.said.naming].with_moved(self.said.moved)
            self.spine = Spine.of(self.localisation)
        except AnnotationError as error:
            self._no_spine = str(error)
        any_found = any(facet.center_lps is not None for facet in self._facets())
        if not any_found and self.localisation is not None:
            self._no_spine = " ".join(f.message for f in self.localisation.findings)
        self.events.localisation()
        self._show_state(State.FOUND if any_found else State.NOTHING_FOUND)
        self.measure_soon()

    def _facets(self) -> tuple[Facet, ...]:
        return self.localisation.facets if self.localisation is not None else ()

    def _show_state(self, state: State) -> None:
        self.state = state
        self.events.state()

    # Measuring

    def _on_review(self) -> None:
        # Also emitted for answers of the pathway.
        registration = self.linked.review.fused.registration
        if registration is not self._registration:
            self._registration = registration
            self.measure_soon()

    def _drop_assessment(self) -> None:
        self._stop_measuring()
        self._no_uptake = ""
        self.assessment = None
        self.events.assessment()

    def _stop_measuring(self) -> None:
        self._settle.stop()
        if self._measuring is not None:
            self._measuring.cancel()
            self._measuring = None

    def measure_soon(self) -> None:
        """Measure the uptake anew, once nothing changes any more."""
        self._stop_measuring()
        self._no_uptake = ""
        self.assessment = None
        if any(facet.center_lps is not None for facet in self._facets()):
            self._settle.start()
        self.events.assessment()

    def _measure(self) -> None:
        review, facets = self.linked.review, self._facets()
        reference, settings = self._reference, self._settings
        job = Job(
            lambda report: assess(
                facets,
                review.fused.spect,
                review.fused.registration,
                ct=review.fused.ct,
                reference=reference,
                settings=settings,
                progress=report,
            )
        )
        job.done.connect(self._on_measured)
        job.refused.connect(self._on_not_measured)
        self._measuring = job
        job.start()

    def _on_measured(self, assessment: Quantification) -> None:
        self._measuring = None
        # Without them nothing on screen tells what the program would look at.
        self.assessment = assessment if self.proposing else replace(assessment, proposals=())
        self.events.assessment()

    def _on_not_measured(self, error: FusionError) -> None:
        self._measuring = None
        self._no_uptake = f"No uptake was measured. {error}"
        self.events.assessment()
