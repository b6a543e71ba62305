"""Where a reader decides about one joint. Saved with the press of a button, never by default."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtGui import QHideEvent

from fusion.anatomy import Joint
from fusion.annotations import Decision, Origin, Target
from fusion.errors import AnnotationError, FusionError
from viewer.kit.text import clock, plain_tip, shortened
from viewer.kit.theme import DOUBTFUL, FAINT, INFO
from viewer.targets.fields import Draft, TargetFields
from viewer.targets.new_target import NewTarget, at_joint, at_point, from_proposal
from viewer.targets.words import details_text, level_text

if TYPE_CHECKING:
    import numpy.typing as npt

    from fusion.uptake import Proposal
    from viewer.facets.model import FacetsModel
    from viewer.pictures.panes import LinkedPanes
    from viewer.reading.model import ReadingModel

NOTHING_CHOSEN = "No joint is chosen"
_IDLE = (
    "Choose a joint in the ladder or a picture (H: the next hot one), or place a point at the "
    "crosshair."
)


#: A place this near is the same place, mm: what a voxel makes of it.
_SAME_PLACE_MM = 3.0


class TargetForm(TargetFields):
    """Asks for side, level and decision of a new target, and shows and changes one that exists.

    A press on a decision saves; from then on every press saves. What the journal refused stays on
    the screen as it was typed. Nothing can be pressed unless the crosshair is at the joint that the
    form is about: a decision never lands on another joint than the one shown. Everything has its
    place, whatever is asked and whatever is said.

    Parameters
    ----------
    facets : FacetsModel
        Where the joints are.
    reading : ReadingModel
        Saves.
    linked : LinkedPanes
        Where the crosshair is.
    need_reader : callable
        Asks who reads, once; False when nobody answers.

    Attributes
    ----------
    said : Signal
        With a sentence about what was refused, or an empty one.
    history_wanted : Signal
        With a ``target_id``.
    shown : Signal
        Another target, or none, is shown now.
    agreed : Signal
        The crosshair came to what the form is about, or left it.
    """

    said = Signal(str)
    history_wanted = Signal(str)
    shown = Signal()
    agreed = Signal()

    def __init__(
        self,
        facets: FacetsModel,
        reading: ReadingModel,
        linked: LinkedPanes,
        *,
        need_reader: Callable[[], bool],
    ) -> None:
        super().__init__(self._save_note)
        self._facets, self._reading, self._linked = facets, reading, linked
        self._need_reader = need_reader
        self.new: NewTarget | None = None
        self.target_id = ""
        self._refusal = ""
        self._drafts: dict[object, Draft] = {}
        self._reading_id: str | None = None
        self.decision.chosen.connect(self._decided)
        self.side.chosen.connect(lambda _value: self.said.emit(""))
        self.level.chosen.connect(lambda _value: self.said.emit(""))
        self.grade.chosen.connect(lambda value: self._revised(grade=value))
        self.pain.chosen.connect(lambda value: self._revised(clinically_concordant=value))
        self.bed.chosen.connect(lambda value: self._revised(inside_operative_bed=value))
        self.place.clicked.connect(self.place_point)
        self.move_here.clicked.connect(self.move_to_crosshair)
        self.again.clicked.connect(self._decide_again)
        self.history.clicked.connect(lambda: self.history_wanted.emit(self.target_id))
        self.remove.clicked.connect(self._remove)
        self.start_over.clicked.connect(self.clear)
        self.back.clicked.connect(self.go_back)
        facets.events.localisation.connect(self._show_agreement)
        linked.events.point.connect(self._show_agreement)
        self.refresh()

    # What is shown

    @property
    def target(self) -> Target | None:
        """The target that is being changed; None for a new one."""
        reading = self._reading.reading
        if reading is None or not self.target_id:
            return None
        return next((t for t in reading.targets if t.target_id == self.target_id), None)

    @property
    def typed(self) -> bool:
        """Whether a new target has been begun to be described."""
        return self.new is not None and bool(
            self.note.text or any(choice.value is not None for choice in self.answers)
        )

    @property
    def joint(self) -> Joint | None:
        """The joint that the form is about; None for a point or a hot spot at no one joint."""
        target = self.target
        return target.joint if target is not None else self.new.joint if self.new else None

    @property
    def point_lps(self) -> npt.ArrayLike | None:
        """Where what the form is about is, LPS mm (3,)."""
        target = self.target
        return target.point_lps if target is not None else self.new.point_lps if self.new else None

    @property
    def agrees(self) -> bool:
        """Whether the crosshair is at what the form is about; nothing is decided otherwise."""
        point = self.point_lps
        if point is None:
            return False
        here, there = self._linked.point_lps, self._facets.joint_at(point)
        if self._renamed(there):
            return False
        if there is not None and there == self._facets.joint_at(here):
            return True
        return float(np.linalg.norm(here - np.asarray(point))) <= _SAME_PLACE_MM

    def _renamed(self, there: Joint | None) -> bool:
        """Tell whether a joint that was chosen has another name now, by a new numbering."""
        chosen = self.new.joint if self.new is not None else None
        return chosen is not None and self._facets.found and there != chosen

    def begin(self, new: NewTarget) -> None:
        """Ask about a new target: side, level and everything else are open."""
        self._go_to(new, "")

    def edit(self, target_id: str) -> None:
        """Show a target and let it be changed."""
        if target_id != self.target_id:
            self._go_to(None, target_id)

    def clear(self) -> None:
        """Forget what was said about a target that was not decided; one that was stays as saved."""
        new, self.new = self.new, None
        if new is not None:
            self._drafts.pop(new.key, None)
        self._go_to(new, "")

    def leave(self) -> None:
        """Be about nothing; what was said about a target that was not decided is kept for it."""
        self._go_to(None, "")

    def _go_to(self, new: NewTarget | None, target_id: str) -> None:
        self.said.emit("")
        if not self._note_settled():  # what was typed is not thrown away
            return
        if self.new is not None and self.typed:
            self._drafts[self.new.key] = Draft.of(self)
        self.target_id, self.new = target_id, new
        self._empty()
        draft = self._drafts.get(new.key) if new is not None else None
        if draft is not None:
            draft.put_into(self)
        self.refresh()
        self.shown.emit()

    def _empty(self) -> None:
        for choice in (self.side, self.level, self.decision, self.grade, self.pain, self.bed):
            choice.value = None
        self.note.begin()

    def go_back(self) -> None:
        """Put the crosshair on what the form is about."""
        point = self.point_lps
        if self.new is not None and self.new.joint is not None and point is not None:
            if self._renamed(self._facets.joint_at(point)):
                self.click(self.new.joint)  # where it is now
            point = self.point_lps
        if point is not None:
            self._linked.point_lps = point

    def refresh(self) -> None:
        """Show what the reading says now."""
        self._forget_other_reader()
        self._take_up()
        target = self.target
        if self.target_id and target is None:  # undone or removed
            self.target_id = ""
            self._empty()
        if target is not None:
            self._show_target(target)
        elif self.new is not None:
            self.head.setText(shortened(self.new.words, 60))
            self.head.setToolTip(plain_tip(self.new.words))
            self.details.setText("Not decided: say side and level, then the decision.")
            self.details.setToolTip("")
        else:
            self.head.setText(NOTHING_CHOSEN)
            self.details.setText("")
        self._show_agreement()

    def _forget_other_reader(self) -> None:
        """Let nothing stay said that was said by another reader, or in another version."""
        reading, before = self._reading.reading, self._reading_id
        if reading is None or reading.reading_id == before:
            return
        self._reading_id = reading.reading_id
        if before is not None:
            self._drafts.clear()
            if self.new is not None:
                self._empty()

    def _take_up(self) -> None:
        """Be about the target that there is by now at the joint chosen: redone, or of before."""
        reading = self._reading.reading
        joint = self.new.joint if self.new is not None and not self.typed else None
        known = reading.target_at(joint) if reading is not None and joint is not None else None
        if known is not None:
            self.new, self.target_id = None, known.target_id
            self._empty()

    @property
    def final(self) -> bool:
        """Whether nothing can be changed any more."""
        return bool(self._reading.reading and self._reading.reading.finalised)

    def _show_agreement(self) -> None:
        target, new, agrees = self.target, self.new is not None, self.agrees
        may = agrees and not self.final
        for widget in (self.side, self.level):
            widget.setEnabled(may and new)
        for widget in (self.decision, self.grade, self.pain, self.bed):
            widget.setEnabled(may)
        for button in (self.again, self.remove):
            button.setEnabled(may and target is not None)
        self.move_here.setEnabled(target is not None and not self.final)
        self.place.setEnabled(target is None and not self.final)
        self.history.setEnabled(target is not None)
        self.start_over.setEnabled(new)
        about = new or target is not None
        # A note that could not be saved stays within reach.
        self.note.setEnabled((may and about) or self.note.pending)
        self.note.edit.setReadOnly(self.final)
        self.back.setEnabled(about and not agrees)
        words, refused, color = self._hint()
        self.hint.say(words, refused=refused, color=color)
        self.agreed.emit()

    def _hint(self) -> tuple[str, bool, str]:
        target = self.target
        if target is None and self.new is None:
            return ("" if self.final else _IDLE), False, FAINT
        if not self.agrees:
            return f"Closed: the pictures show another place than {self._name()}.", True, ""
        if target is None:
            assert self.new is not None
            return shortened(self.new.hint, 600), False, DOUBTFUL if self.new.doubtful else INFO
        reading = self._reading.reading
        change = next(
            (c for c in self._reading.label_changes if c.target.target_id == self.target_id), None
        )
        confirmed = reading is not None and reading.numbering is not None
        level = level_text(target, None, confirmed=confirmed, provisional=self._facets.provisional)
        words = change.why if change else level
        if not words and target.missing:
            words = f"Open: {', '.join(item.split(': ', 1)[-1] for item in target.missing)}."
        return shortened(words, 600), False, DOUBTFUL

    def _name(self) -> str:
        return self.joint.name if self.joint else "the chosen point"

    def _show_target(self, target: Target) -> None:
        self.head.setText(f"{target.joint.name}, saved {clock(target.time)}")
        self.head.setToolTip("")
        self.side.value, self.level.value = target.joint.side, target.joint.level
        self.decision.value, self.grade.value = target.decision, target.grade
        self.pain.value, self.bed.value = target.clinically_concordant, target.inside_operative_bed
        self.note.show_saved(target.note)
        lines = details_text(target).splitlines()
        self.details.setText(lines[0])
        self.details.setToolTip(plain_tip("\n".join(lines)))

    # Beginning

    def place_point(self) -> None:
        """Begin a new target at the crosshair; what was said of the joint there stays said."""
        point = self._linked.point_lps
        chosen = self.new.joint if self.new is not None else None
        draft = Draft.of(self) if chosen and chosen == self._facets.joint_at(point) else None
        self.begin(at_point(point, self._linked.review.fused.registration))
        if draft is not None:
            draft.put_into(self)

    def accept(self, proposal: Proposal) -> None:
        """Begin a new target from a proposal; which joint, and what is decided, the reader says."""
        self.begin(from_proposal(proposal, self._linked.review.fused.registration))

    def click(self, joint: Joint) -> None:
        """Begin a new target at a joint that was clicked, or show the one it has."""
        reading = self._reading.reading
        known = None if reading is None else reading.target_at(joint)
        if known is not None:
            self.edit(known.target_id)
        elif reading is not None and reading.finalised is not None:
            self.leave()
        else:
            try:
                facets, used = self._facets, self._linked.review.fused.registration
                new = at_joint(joint, facets.spine, used, refusal=facets.refusal)
            except AnnotationError as error:
                self.leave()
                self.said.emit(str(error))
            else:
                self.begin(new)

    # Saving

    def _open(self) -> bool:
        """Tell whether something may be pressed now; say why not."""
        if self.agrees and not self.final:
            return True
        if self.final:
            words = (
                "This reading is final and cannot be changed; make an addendum at the step Finish."
            )
        elif self.point_lps is None:
            words = f"Not saved. {NOTHING_CHOSEN}."
        else:
            words = (
                f"Not saved. The pictures show another place than {self._name()}: go back to it, "
                "or choose what you see."
            )
        self.refresh()
        self.said.emit(words)
        return False

    def explain(self) -> None:
        """Say why what was wanted by a key cannot be pressed."""
        target = self.target
        if self._open() and target is not None:
            self.said.emit(
                f"{target.joint.name} is decided: side and level stay with it. Choose another "
                "joint to decide that one."
            )

    def _decided(self, decision: Decision) -> None:
        if not self._open():
            self.decision.value = self.target.decision if self.target else None
            return
        if self.new is None:
            self._revised(decision=decision)
            return
        if not self._save_new(decision):
            self.decision.value = None

    def _save_new(self, decision: Decision) -> bool:
        new = self.new
        assert new is not None
        open_questions = [
            word
            for word, choice in (("side", self.side), ("level", self.level))
            if choice.value is None
        ]
        if open_questions:
            self.said.emit(f"Not saved. Say the {' and the '.join(open_questions)} first.")
            return False
        joint = Joint(self.level.value, self.side.value)

        def decide() -> None:
            new.check(self._linked.review.fused.registration)
            self._need_uptake()
            # Asked for here, because a reading that is resumed may hold a decision about it.
            reading = self._reading.reading
            if reading is not None and reading.target_at(joint) is not None:
                raise AnnotationError(
                    f"Not saved. {joint.name} has a target already. Choose it in the list to "
                    "change it."
                )
            self._reading.decide(
                joint,
                decision,
                origin=new.origin,
                point_lps=new.point_lps,
                grade=self.grade.value,
                clinically_concordant=self.pain.value,
                inside_operative_bed=self.bed.value,
                note=self.note.text,
            )

        return self._try(decide, joint)

    def _revised(self, **changes: object) -> None:
        if not self._open():
            return
        target = self.target
        if target is None or all(getattr(target, k) == v for k, v in changes.items()):
            return
        if not self._note_settled() or not self._try(
            lambda: self._reading.revise(target.joint, **changes)
        ):
            self.refresh()
            return
        self._tell_what_went(target)

    def _tell_what_went(self, before: Target) -> None:
        after = self.target
        if after is None or after.decision is before.decision:
            return
        gone = []
        if before.grade is not None and after.grade is None:
            gone.append(f"grade {before.grade}")
        if before.clinically_concordant is not None and after.clinically_concordant is None:
            gone.append("that it fits the pain")
        if gone:
            self.said.emit(
                f"Taken back, because it does not go with {after.decision}: {' and '.join(gone)}."
            )

    def _save_note(self, text: str) -> bool:
        target = self.target
        return target is not None and self._try(
            lambda: self._reading.revise(target.joint, note=text)
        )

    def _note_settled(self) -> bool:
        waiting = self.note.refused
        settled = self.note.commit()
        if not settled:
            why = "" if waiting else f"{self._refusal} "
            self.said.emit(f"{why}The note is not saved: change, save or drop it.")
        return settled

    def move_to_crosshair(self) -> None:
        """Put the target where the crosshair is."""
        target, point = self.target, self._linked.point_lps
        if target is not None:
            self._place_again(target, Origin.POINT_PLACED, point)

    def _decide_again(self) -> None:
        target = self.target
        if target is not None and self._open():
            self._place_again(target, target.origin, target.point_lps)

    def _place_again(self, target: Target, origin: Origin, point_lps: npt.ArrayLike) -> None:
        if not self._note_settled():
            return
        target = self.target or target  # with its note

        def decide() -> None:
            self._need_uptake()
            self._reading.decide(
                target.joint,
                target.decision,
                origin=origin,
                point_lps=point_lps,
                grade=target.grade,
                clinically_concordant=target.clinically_concordant,
                inside_operative_bed=target.inside_operative_bed,
                note=target.note,
            )

        self._try(decide)

    def _need_uptake(self) -> None:
        if self._facets.measuring:
            raise AnnotationError(
                "Not saved. The uptake at the joints is being measured, and belongs to the "
                "decision. Press once more in a moment."
            )

    def _remove(self) -> None:
        target = self.target
        if target is not None and self._open():
            self._try(lambda: self._reading.remove(target.joint))

    def _try(self, action: Callable[[], object], made: Joint | None = None) -> bool:
        """Save; on a refusal say why and keep what was typed. Returns whether it is saved."""
        self._refusal = ""
        self.said.emit("")
        try:
            if not self._need_reader():
                raise AnnotationError("Not saved. Every decision needs the name of its reader.")
            action()
        except FusionError as error:
            self._refusal = str(error)
            self.refresh()
            self.said.emit(self._refusal)
            return False
        reading = self._reading.reading
        known = reading.target_at(made) if reading is not None and made is not None else None
        if known is not None:
            if self.new is not None:
                self._drafts.pop(self.new.key, None)
            self.new, self.target_id = None, known.target_id
            self.note.show_saved(known.note, fresh=True)
            self.shown.emit()
        self.refresh()
        return True

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        """Save a note before the panel goes away."""
        self.note.commit()
        super().hideEvent(event)
