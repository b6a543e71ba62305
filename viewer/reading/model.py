"""What a reader says about the study on screen, and what follows from it. No widgets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fusion.annotations import (
    AlignmentReviewed,
    BlockPlan,
    Decision,
    LabelChange,
    Lack,
    Measured,
    Origin,
    PathwayAnswered,
    PathwayLeftOut,
    Spine,
    Target,
    TargetRemoved,
    TargetSaved,
    confirming_numbering,
    decide,
    finalise,
    going_with,
    label_changes,
    lacks,
    plan_blocks,
    relabelling,
    revise,
)
from fusion.errors import AnnotationError
from fusion.facets import Status
from viewer.reading.joints import NOT_LOCATED
from viewer.reading.kept import KeptReading

if TYPE_CHECKING:
    import numpy.typing as npt

    from fusion.anatomy import Joint
    from fusion.annotations import Reading
    from fusion.pathway import Assessment


class ReadingModel(KeptReading):
    """The reading of the study on display: all that can be said in it, and what it lacks."""

    _lacks: tuple[tuple[object, ...], tuple[Lack, ...]] | None = None
    _labels: tuple[Reading, Spine, tuple[LabelChange, ...]] | None = None

    # What follows

    @property
    def missing(self) -> tuple[str, ...]:
        """What the reading lacks before it can be finalised, sentences without a full stop."""
        return tuple(lack.words for lack in self.lacks)

    @property
    def lacks(self) -> tuple[Lack, ...]:
        """What the reading lacks before it can be finalised; nothing before it has begun."""
        reading = self.reading
        if reading is None or reading.finalised:
            return ()
        spine, registration = self.facets.spine, self.linked.review.fused.registration
        about = reading, spine, registration
        if self._lacks is None or any(
            a is not b for a, b in zip(self._lacks[0], about, strict=True)
        ):
            # Every step of the way asks for them, each time that anything changed.
            found = lacks(reading, spine=spine, study=self.study, registration=registration)
            self._lacks = about, found
        return self._lacks[1]

    @property
    def label_changes(self) -> tuple[LabelChange, ...]:
        """Targets whose label no longer agrees with the anatomy as it is numbered now."""
        reading, spine = self.reading, self.facets.spine
        if reading is None or spine is None:
            return ()
        if self._labels is None or self._labels[0] is not reading or self._labels[1] is not spine:
            # Everything on screen that names a target asks for them.
            self._labels = reading, spine, label_changes(reading.targets, spine=spine)
        return self._labels[2]

    @property
    def plan(self) -> BlockPlan:
        """The nerves that usually supply the positive joints."""
        found = self.facets.localisation
        fused = (
            {f.joint.level for f in found.facets if f.status is Status.FUSED} if found else set()
        )
        if self.reading is None:
            return plan_blocks((), fused=fused)
        # Also while the joints are not known, because they are being numbered again.
        fused |= {said.level for said in self.reading.said.anomalies if said.level}
        return plan_blocks(self.reading.targets, fused=fused)

    # Saying something

    def decide(
        self,
        joint: Joint,
        decision: Decision,
        *,
        origin: Origin,
        point_lps: npt.ArrayLike | None = None,
        **answers: Any,
    ) -> Target:
        """Decide about a joint and save that; a joint that has a target gets a new decision.

        Parameters
        ----------
        joint : Joint
            What the reader says.
        decision : Decision
            Positive, negative or indeterminate.
        origin : Origin
            How the reader came to it.
        point_lps : (3,) array_like of float, mm, optional
            In the CT's frame; a clicked joint needs none.
        **answers
            ``grade``, ``clinically_concordant``, ``inside_operative_bed``, ``note``, as for
            :func:`fusion.annotations.deciding.decide`; ``uptake`` is measured here when not given.

        Returns
        -------
        Target
            As it was saved.
        """
        target = self._decided(joint, decision, origin=origin, point_lps=point_lps, **answers)
        self.save(TargetSaved(target))
        return target

    def decide_each(
        self, joints: Iterable[Joint], decision: Decision, *, origin: Origin
    ) -> dict[Joint, str]:
        """Decide the same about several joints, which is saved together.

        Returns
        -------
        dict of Joint to str
            Joints of which the anatomy denies it, and why; the others are saved.
        """
        self._draft()
        changes, denied = [], {}
        for joint in joints:
            try:
                changes.append(TargetSaved(self._decided(joint, decision, origin=origin)))
            except AnnotationError as error:
                denied[joint] = str(error)
        if changes:
            self.save(*changes)
        return denied

    def revise(self, joint: Joint, **changes: Any) -> Target:
        """Change decision, grade, answers, measurement or note of a joint's target and save that.

        Grade and answer that do not go with another decision are taken back with it.

        Parameters
        ----------
        joint : Joint
            It has a target.
        **changes
            As for :func:`fusion.annotations.deciding.revise`.
        """
        known = self._target(joint)
        if "decision" in changes:
            kept = going_with(
                Decision(changes["decision"]), known.grade, known.clinically_concordant
            )
            changes = {"grade": kept[0], "clinically_concordant": kept[1], **changes}
        target = revise(known, reader=self.reader, spine=self.facets.spine, **changes)
        self.save(TargetSaved(target))
        return target

    def remove(self, joint: Joint) -> None:
        """Take the target of a joint away; its history stays."""
        self.save(TargetRemoved(self._target(joint).target_id, joint))

    def review_alignment(self, note: str = "") -> None:
        """State that the alignment in use was reviewed."""
        self._draft()
        linked = self.linked
        self.save(
            AlignmentReviewed.of(linked.review.fused.registration, linked.point_lps, note=note)
        )

    def confirm_numbering(self, note: str = "") -> None:
        """Vouch for the numbering of the levels as it is now.

        Parameters
        ----------
        note : str
            Required when something speaks against the numbering.
        """
        localisation = self.facets.localisation
        if localisation is None:
            raise AnnotationError(NOT_LOCATED)
        reading = self._draft()
        self.save(confirming_numbering(localisation, said=reading.said, note=note))

    def answer_pathway(self, assessment: Assessment) -> None:
        """Save the pathway's answer with the reading."""
        self.save(PathwayAnswered(assessment))

    def leave_pathway_out(self, reason: str) -> None:
        """Save that the study is read without the pathway, and why."""
        self.save(PathwayLeftOut(reason))

    def consent_to_labels(self, reason: str) -> None:
        """Give every target in :attr:`label_changes` the label that its place has now."""
        localisation = self.facets.localisation
        if localisation is None:
            raise AnnotationError(NOT_LOCATED)
        self.save(relabelling(self.label_changes, localisation=localisation, reason=reason))

    def finalise(self) -> None:
        """Make the reading final, in the name of its reader.

        Raises
        ------
        AnnotationError
            Something is missing (all of it is listed), or nothing could be saved.
        """
        self._append(
            lambda journal, reading: finalise(
                journal,
                reading,
                reader=self.reader,
                spine=self.facets.spine,
                study=self.study,
                registration=self.linked.review.fused.registration,
            )
        )

    # How

    def _decided(self, joint: Joint, decision: Decision, **answers: Any) -> Target:
        reading = self._draft()
        localisation, spine = self.facets.localisation, self.facets.spine
        if localisation is None or spine is None:
            raise AnnotationError(f"Not saved. {self.facets.refusal or NOT_LOCATED}")
        known = reading.target_at(joint)
        return decide(
            joint,
            decision,
            reader=self.reader,
            spine=spine,
            study=self.study,
            registration=self.linked.review.fused.registration,
            localisation=localisation,
            target_id=known.target_id if known else None,
            **{"uptake": self._measured(joint), **answers},
        )

    def _target(self, joint: Joint) -> Target:
        target = self._draft().target_at(joint)
        if target is None:
            raise AnnotationError(f"{joint.name} has no target.")
        return target

    def _measured(self, joint: Joint) -> Measured | None:
        assessment = self.facets.assessment
        uptake = assessment.uptake_of(joint) if assessment else None
        return None if uptake is None else Measured.of_uptake(uptake)
