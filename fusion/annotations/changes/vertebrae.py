"""What a reader says about the spine itself: names of vertebrae, places of joints, anomalies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import GetCoreSchemaHandler, GetPydanticSchema
from pydantic_core import core_schema

from fusion.anatomy import JOINTS, VERTEBRAE, Joint
from fusion.annotations.changes.canonical import need, need_length
from fusion.annotations.placement import Point, point_of
from fusion.errors import AnnotationError
from fusion.facets import EVERY_ANOMALY, Anomaly, Numbering, SpineStatements
from fusion.json_form import UNLESS_EMPTY, AtJoint, to_json
from fusion.plain_text import plain


@dataclass(frozen=True, slots=True)
class VertebraNamed:
    """A reader names a vertebra by a point in it; the numbering of all levels follows.

    Parameters
    ----------
    vertebra : str
        One of :data:`fusion.anatomy.joints.VERTEBRAE`, without the occiput.
    point_lps : (3,) tuple of float, mm, or None
        In the CT's frame; None takes the name back.
    """

    kind: ClassVar[str] = "vertebra-named"
    vertebra: str
    point_lps: Point | None

    def __post_init__(self) -> None:
        need(
            self.vertebra in VERTEBRAE[1:],
            f"A vertebra is one of {', '.join(VERTEBRAE[1:])}; found {plain(self.vertebra)!r}.",
        )
        object.__setattr__(self, "point_lps", _point(self.point_lps))

    @property
    def words(self) -> str:
        """What happened, in words."""
        if self.point_lps is None:
            return f"{self.vertebra} is not named any more"
        return f"named {self.vertebra} at {_words(self.point_lps)}"


@dataclass(frozen=True, slots=True)
class JointMoved(AtJoint):
    """A reader puts the centre of a joint where the program did not.

    Parameters
    ----------
    joint : Joint
        Which.
    point_lps : (3,) tuple of float, mm, or None
        Its centre in the CT's frame; None takes it back to where the program found it.
    """

    kind: ClassVar[str] = "joint-moved"
    joint: Joint
    point_lps: Point | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "point_lps", _point(self.point_lps))

    @property
    def words(self) -> str:
        """What happened, in words."""
        if self.point_lps is None:
            return f"{self.joint.name} put back where the program found it"
        return f"{self.joint.name} moved to {_words(self.point_lps)}"


@dataclass(frozen=True, slots=True)
class AnomalyRecorded:
    """A reader records something unusual about this spine, which its numbering has to respect.

    Parameters
    ----------
    anomaly : str
        What it is, one of the kinds of :class:`fusion.facets.Anomaly`.
    level : str
        The level, where the anomaly has one; otherwise empty.
    note : str
        Anything to remember.
    withdrawn : bool
        Takes an earlier record of it back.
    """

    kind: ClassVar[str] = "anomaly-recorded"
    anomaly: str
    level: str = ""
    note: str = ""
    withdrawn: bool = False

    def __post_init__(self) -> None:
        try:
            self.as_anomaly()
        except ValueError as exc:
            raise AnnotationError(f"Not recorded: {plain(str(exc))}.") from exc
        need_length(self.note)

    def as_anomaly(self) -> Anomaly:
        """Return what is recorded, or withdrawn."""
        return Anomaly(self.anomaly, self.level, self.note)

    @property
    def words(self) -> str:
        """What happened, in words."""
        anomaly = self.as_anomaly()
        withdrawn = f"{anomaly.name} withdrawn{anomaly.shown_note}"
        return withdrawn if self.withdrawn else anomaly.words


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberingConfirmed:
    """A reader vouches for the numbering of the levels.

    Parameters
    ----------
    numbering : str
        Its state, for example ``"sure, counted down from C2, known by its dens"``; printed on every
        report.
    anchor : str
        The vertebra that was counted from, for example ``"C2"``.
    c2_in_field, t1_in_field : bool
        Whether C1/C2 and T1 are on the CT.
    disagreement : str
        What speaks against it (a cervical rib, a count from T1 that differs); empty when nothing.
    note : str
        Why the reader confirms it all the same; required when something disagrees.
    joints_in_field : tuple of str
        Names of the joints that lie in the field of the CT; empty in readings of versions that did
        not record it.
    left_open : tuple of str
        Names of the anomalies that the program proposed and the reader had neither recorded nor
        dismissed then: ``"fused C3-C4"``.
    """

    kind: ClassVar[str] = "numbering-confirmed"
    numbering: str
    anchor: str
    c2_in_field: bool
    t1_in_field: bool
    disagreement: str = ""
    note: str = ""
    # Without a key when empty: journals written before there was one stay as they are.
    joints_in_field: Annotated[tuple[str, ...], UNLESS_EMPTY] = ()
    left_open: Annotated[tuple[str, ...], UNLESS_EMPTY] = ()

    def __post_init__(self) -> None:
        need(
            {*self.joints_in_field} <= {joint.name for joint in JOINTS},
            "A joint in the field is one that does not exist.",
        )
        need(
            {*self.left_open} <= {one.name for one in EVERY_ANOMALY},
            "What was proposed is no anomaly of a spine.",
        )
        need(plain(self.numbering) and plain(self.anchor), "Say what the levels are counted from.")
        need(
            plain(self.note) or not plain(self.disagreement),
            f"This numbering is not certain ({plain(self.disagreement)}). Write why it is right "
            "before confirming it.",
        )
        need_length(self.note)

    @property
    def words(self) -> str:
        """What happened, in words."""
        note = f": {plain(self.note)}" if plain(self.note) else ""
        said = self.how if self.state is Numbering.SURE else self.numbering
        return f"numbering confirmed, {plain(said)}{note}"

    @property
    def state(self) -> Numbering | None:
        """How far the program trusted the levels then; None where it is not recorded."""
        word = self.numbering.partition(", ")[0]
        return Numbering(word) if word in {*Numbering} else None

    @property
    def how(self) -> str:
        """How the levels were counted: ``"counted down from C2, known by its dens"``."""
        if self.state is None:
            return self.numbering
        return self.numbering.partition(", ")[2] or f"counted from {self.anchor}"


def after(
    statements: SpineStatements, change: VertebraNamed | JointMoved | AnomalyRecorded
) -> SpineStatements:
    """Return what a reader has said of the spine after one more change."""
    if isinstance(change, VertebraNamed):
        return statements.with_vertebra(change.vertebra, change.point_lps)
    if isinstance(change, JointMoved):
        return statements.with_joint(change.joint, change.point_lps)
    return statements.with_anomaly(change.as_anomaly(), withdrawn=change.withdrawn)


@dataclass(frozen=True, slots=True)
class AnatomyForm:
    """How what a reader said of the spine stands in JSON.

    Parameters
    ----------
    clicks : dict of str to (3,) tuple of float, mm
        Vertebra to the point that was named so.
    moved : tuple of JointMoved
        Joints whose centre the reader chose.
    anomalies : tuple of AnomalyRecorded
        In the order they were recorded; what was withdrawn is not among them.
    dismissed : tuple of AnomalyRecorded
        Proposed by the program and dismissed; each is withdrawn.
    """

    clicks: dict[str, Point]
    moved: tuple[JointMoved, ...]
    anomalies: tuple[AnomalyRecorded, ...]
    # Without a key when empty: journals written before it was carried stay as they are.
    dismissed: Annotated[tuple[AnomalyRecorded, ...], UNLESS_EMPTY] = ()

    @classmethod
    def of(cls, said: SpineStatements) -> AnatomyForm:
        """Return it for what was said."""
        return cls(
            dict(said.clicks),
            tuple(JointMoved(joint, point) for joint, point in said.moved.items()),
            tuple(AnomalyRecorded(one.kind, one.level, one.note) for one in said.anomalies),
            tuple(
                AnomalyRecorded(one.kind, one.level, one.note, withdrawn=True)
                for one in said.dismissed
            ),
        )

    def statements(self) -> SpineStatements:
        """Return what was said."""
        return SpineStatements(
            {name: point_of(point) for name, point in self.clicks.items()},
            {one.joint: point_of(one.point_lps) for one in self.moved},
            tuple(one.as_anomaly() for one in self.anomalies),
            tuple(one.as_anomaly() for one in self.dismissed),
        )


def _schema(_source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
    return core_schema.no_info_after_validator_function(
        AnatomyForm.statements,
        handler.generate_schema(AnatomyForm),
        serialization=core_schema.plain_serializer_function_ser_schema(
            lambda said: to_json(AnatomyForm.of(said))
        ),
    )


#: What a reader has said of the spine, in JSON an :class:`AnatomyForm`.
Anatomy = Annotated[SpineStatements, GetPydanticSchema(_schema)]


def _point(value: Any) -> Point | None:
    return None if value is None else point_of(value)


def _words(point: Point) -> str:
    # Letters instead of signs: nobody has to know which way is positive.
    letters = ("R", "L"), ("A", "P"), ("F", "H")
    said = (
        f"{pair[value >= 0]} {abs(value):.1f}" for pair, value in zip(letters, point, strict=True)
    )
    return f"{', '.join(said)} mm"
