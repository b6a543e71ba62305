"""What a reader says of the spine: names of vertebrae, places of joints, anomalies.

A joint is dragged under the name that it has at that moment. When the levels are numbered anew the
name may belong to the joint above or below, so naming a vertebra or recording an anomaly ends what
was dragged before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from fusion.anatomy import LEVELS, Joint
from fusion.errors import FusionError
from fusion.plain_text import plain

#: What may be unusual about a spine.
ANOMALIES = ("cervical rib", "fused", "missing segment", "extra segment")

_Point = tuple[float, float, float]
_Key = TypeVar("_Key", str, Joint)


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something a reader knows about this spine that changes its numbering or its joints.

    Parameters
    ----------
    kind : str
        What it is, one of :data:`ANOMALIES`.
    level : str
        For ``"fused"``: the level, for example ``"C5-C6"``; otherwise empty.
    note : str
        Anything to remember; two anomalies that differ in nothing else are equal.

    Raises
    ------
    ValueError
        An unknown kind, or a fused level that does not exist.
    """

    kind: str
    level: str = ""
    note: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.kind not in ANOMALIES:
            raise ValueError(f"an anomaly is one of {', '.join(ANOMALIES)}; found {self.kind!r}")
        if (self.kind == "fused") != bool(self.level) or self.level not in ("", *LEVELS):
            raise ValueError(f"a fused level is one of {', '.join(LEVELS)}; found {self.level!r}")

    @property
    def name(self) -> str:
        """What it is, with its level."""
        return f"{self.kind} {self.level}".strip()

    @property
    def words(self) -> str:
        """That it was recorded, with its note, without hidden characters."""
        return f"{self.name} recorded{self.shown_note}"

    @property
    def shown_note(self) -> str:
        """The note as it ends a line, without hidden characters; empty without one."""
        return f": {plain(self.note)}" if plain(self.note) else ""


#: Every anomaly that there can be.
EVERY_ANOMALY = tuple(
    Anomaly(kind, level) for kind in ANOMALIES for level in (LEVELS if kind == "fused" else ("",))
)


@dataclass(frozen=True, slots=True)
class ProposedAnomaly:
    """What the program takes for an anomaly; it changes nothing until a reader records it.

    Parameters
    ----------
    anomaly : Anomaly
        What it would be.
    why : str
        What was seen, for people.
    """

    anomaly: Anomaly
    why: str


@dataclass(frozen=True, slots=True)
class SpineStatements:
    """All that a reader has said of a spine so far.

    Parameters
    ----------
    clicks : mapping of str to (3,) point, LPS mm
        Vertebra to a point in it, in the CT's frame. They fix the numbering of all levels.
    moved : mapping of Joint to (3,) point, LPS mm
        Joints whose centre the reader chose.
    anomalies : tuple of Anomaly
        In the order they were recorded.
    dismissed : tuple of Anomaly
        Proposed by the program, and dismissed by the reader.

    Raises
    ------
    FusionError
        A point that is not three finite numbers.
    """

    clicks: Mapping[str, _Point] = field(default_factory=dict)
    moved: Mapping[Joint, _Point] = field(default_factory=dict)
    anomalies: tuple[Anomaly, ...] = ()
    dismissed: tuple[Anomaly, ...] = ()

    def __post_init__(self) -> None:
        clicks = {name: _point(point, name) for name, point in self.clicks.items()}
        moved = {joint: _point(point, joint.name) for joint, point in self.moved.items()}
        object.__setattr__(self, "clicks", clicks)
        object.__setattr__(self, "moved", moved)

    def __bool__(self) -> bool:
        """Whether anything was said."""
        return bool(self.clicks or self.moved or self.anomalies or self.dismissed)

    @property
    def naming(self) -> tuple[frozenset[tuple[str, _Point]], frozenset[Anomaly]]:
        """What the numbering of the levels follows from."""
        return frozenset(self.clicks.items()), frozenset(self.anomalies)

    @property
    def unmoved(self) -> SpineStatements:
        """The same, with every joint where the program finds it."""
        return replace(self, moved={})

    def with_vertebra(self, name: str, point_lps: _Point | None) -> SpineStatements:
        """Return what holds once a vertebra is named; None takes the name back."""
        return replace(self, clicks=_with(self.clicks, name, point_lps), moved={})

    def with_joint(self, joint: Joint, point_lps: _Point | None) -> SpineStatements:
        """Return what holds once a joint is put somewhere; None takes that back."""
        return replace(self, moved=_with(self.moved, joint, point_lps))

    def with_anomaly(self, anomaly: Anomaly, *, withdrawn: bool = False) -> SpineStatements:
        """Return what holds once an anomaly is recorded, or withdrawn.

        One that is withdrawn without having been recorded was proposed, and is dismissed.
        """
        others = tuple(other for other in self.dismissed if other != anomaly)
        if withdrawn and anomaly not in self.anomalies:
            return replace(self, dismissed=(*others, anomaly))
        kept = tuple(other for other in self.anomalies if other != anomaly)
        # A fused level keeps its number, and so do its neighbours.
        moved = self.moved if anomaly.level else {}
        recorded = kept if withdrawn else (*kept, anomaly)
        return replace(self, moved=moved, anomalies=recorded, dismissed=others)

    def unanswered(self, proposed: Iterable[ProposedAnomaly]) -> tuple[ProposedAnomaly, ...]:
        """Return the proposals that were neither recorded nor dismissed."""
        answered = {*self.anomalies, *self.dismissed}
        return tuple(one for one in proposed if one.anomaly not in answered)


def _point(value: Iterable[float], name: str) -> _Point:
    numbers = tuple(float(number) for number in value)
    if len(numbers) != 3 or not all(map(math.isfinite, numbers)):
        raise FusionError(f"The point given for {name} is not three numbers (x, y, z in mm).")
    return numbers


def _with(points: Mapping[_Key, _Point], key: _Key, point: _Point | None) -> dict[_Key, _Point]:
    kept = {other: there for other, there in points.items() if other != key}
    return kept if point is None else {**kept, key: point}
