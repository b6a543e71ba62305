"""What a reader says about the spine itself: names of vertebrae, places of joints, anomalies.

A joint is dragged under the name that it has at that moment. When the levels are numbered anew the
name may belong to the joint above or below, so naming a vertebra or recording an anomaly ends what
was dragged before; it stays in the history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import BeforeValidator, PlainSerializer

from fusion.anatomy import VERTEBRAE, Joint
from fusion.annotations.changes.canonical import need, need_length
from fusion.annotations.placement import Point, point_of
from fusion.errors import AnnotationError
from fusion.json_form import AtJoint, from_json, to_json
from fusion.plain_text import plain

if TYPE_CHECKING:  # it loads image libraries, which the journal does without
    from fusion.facets import Anomaly

_Key = TypeVar("_Key", str, Joint)
_UNREADABLE = "What was said about the spine cannot be read"


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
        What it is, one of the kinds of :class:`fusion.facets.anomalies.Anomaly`.
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
        """Return it as :func:`fusion.facets.automatic.locate.locate` takes it."""
        from fusion.facets import Anomaly

        return Anomaly(self.anomaly, self.level)

    @property
    def words(self) -> str:
        """What happened, in words."""
        what = f"{self.anomaly} {self.level}".strip()
        note = f": {plain(self.note)}" if plain(self.note) else ""
        return f"{what} {'withdrawn' if self.withdrawn else 'recorded'}{note}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberingConfirmed:
    """A reader vouches for the numbering of the levels.

    Parameters
    ----------
    numbering : str
        Its state, for example ``"counted from C2 (dens)"``; printed on every report.
    anchor : str
        The vertebra that was counted from, for example ``"C2"``.
    c2_in_field, t1_in_field : bool
        Whether C1/C2 and T1 are on the CT.
    disagreement : str
        What speaks against it (a cervical rib, a count from T1 that differs); empty when nothing.
    note : str
        Why the reader confirms it all the same; required when something disagrees.
    """

    kind: ClassVar[str] = "numbering-confirmed"
    numbering: str
    anchor: str
    c2_in_field: bool
    t1_in_field: bool
    disagreement: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        need(plain(self.numbering) and plain(self.anchor), "Say what the levels are counted from.")
        need(
            plain(self.note) or not plain(self.disagreement),
            "Something disagrees with this numbering; write why it is right before confirming it.",
        )
        need_length(self.note)

    @property
    def words(self) -> str:
        """What happened, in words."""
        note = f": {plain(self.note)}" if plain(self.note) else ""
        return f"numbering confirmed, {plain(self.numbering)}{note}"


def _moved(content: Any) -> Any:
    if not isinstance(content, list):
        return content
    said = [from_json(JointMoved, one, error=AnnotationError, what=_UNREADABLE) for one in content]
    return {one.joint: one.point_lps for one in said}


#: Joints and their centres; a list of :class:`JointMoved` in JSON.
Moved = Annotated[
    dict[Joint, Point],
    BeforeValidator(_moved),
    PlainSerializer(
        lambda moved: [to_json(JointMoved(joint, point)) for joint, point in moved.items()],
        return_type=list[Any],
    ),
]


@dataclass(frozen=True, slots=True)
class Anatomy:
    """What a reader has said about the spine so far.

    Parameters
    ----------
    clicks : dict of str to (3,) tuple of float, mm
        Vertebra to the point that was named so.
    moved : dict of Joint to (3,) tuple of float, mm
        Joints whose centre the reader chose.
    anomalies : tuple of AnomalyRecorded
        In the order they were recorded.
    """

    clicks: dict[str, Point] = field(default_factory=dict)
    moved: Moved = field(default_factory=dict)
    anomalies: tuple[AnomalyRecorded, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything was said."""
        return bool(self.clicks or self.moved or self.anomalies)

    def after(self, change: VertebraNamed | JointMoved | AnomalyRecorded) -> Anatomy:
        """Return what holds after one more statement."""
        if isinstance(change, VertebraNamed):
            return Anatomy(
                _with(self.clicks, change.vertebra, change.point_lps), {}, self.anomalies
            )
        if isinstance(change, JointMoved):
            return replace(self, moved=_with(self.moved, change.joint, change.point_lps))
        same = (change.anomaly, change.level)
        kept = tuple(a for a in self.anomalies if (a.anomaly, a.level) != same)
        anomalies = kept if change.withdrawn else (*kept, change)
        # A fused level keeps its number, and so do its neighbours.
        return replace(self, moved=self.moved if change.level else {}, anomalies=anomalies)


def _with(points: Mapping[_Key, Point], key: _Key, point: Point | None) -> dict[_Key, Point]:
    kept = {other: there for other, there in points.items() if other != key}
    return kept if point is None else {**kept, key: point}


def _point(value: Any) -> Point | None:
    return None if value is None else point_of(value)


def _words(point: Point) -> str:
    # Letters instead of signs: nobody has to know which way is positive.
    letters = ("R", "L"), ("A", "P"), ("F", "H")
    said = (
        f"{pair[value >= 0]} {abs(value):.1f}" for pair, value in zip(letters, point, strict=True)
    )
    return f"{', '.join(said)} mm"
