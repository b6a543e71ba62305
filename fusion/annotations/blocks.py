"""From positive joints to the nerves that usually supply them, in words.

A facet joint and the place where its nerves are met are different points, so there are no
coordinates here: nerves have names and bony landmarks (docs/sources.md#nerve-supply). The map is
data (``blocks.toml``), with a source for every entry.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fusion.anatomy import CERVICAL, JOINTS, LEVELS, Joint, Side
from fusion.annotations.target import Answer, Decision, Target
from fusion.errors import AnnotationError
from fusion.facets import Status
from fusion.plain_text import plain


class _Entry(BaseModel):
    # Nothing but what is named here: no coordinate can slip in.
    model_config = ConfigDict(frozen=True, extra="forbid")


class MapSource(_Entry):
    """What the map is and where it comes from."""

    title: str = Field(min_length=1)
    version: str = Field(min_length=1)
    note: str


class Supply(_Entry):
    """The nerves of one level; with none, the reason."""

    level: str
    nerves: tuple[str, ...]
    why_none: str = ""
    source: str = Field(min_length=1)


class Nerve(_Entry):
    """A nerve and where it is met, in words."""

    id: str = Field(min_length=1)
    name: str = Field(min_length=1)
    landmark: str = Field(min_length=1)
    source: str = Field(min_length=1)


class Notices(_Entry):
    """What is said beside a plan; information, never a refusal."""

    supply: str = Field(min_length=1)
    confirm: str = Field(min_length=1)
    positive: str = Field(min_length=1)
    positive_source: str = Field(min_length=1)
    levels: str = Field(min_length=1)
    fused: str = Field(min_length=1)
    joints_per_side: int = Field(ge=1)
    levels_in_all: int = Field(ge=1)


class BlockMap(_Entry):
    """Which nerves usually supply which joint; see ``blocks.toml``."""

    schema_version: Literal[1]
    source: MapSource
    joint: tuple[Supply, ...]
    nerve: tuple[Nerve, ...]
    notices: Notices

    def supply(self, level: str) -> Supply:
        """Return the entry of one level."""
        return next(entry for entry in self.joint if entry.level == level)

    def model_post_init(self, context: Any) -> None:
        """Check that the entries fit together."""
        if tuple(entry.level for entry in self.joint) != LEVELS:
            raise ValueError(f"every level is listed once, in this order: {', '.join(LEVELS)}")
        nerves = [nerve.id for nerve in self.nerve]
        if len(set(nerves)) != len(nerves):
            raise ValueError("a nerve is listed twice")
        for entry in self.joint:
            if set(entry.nerves) - set(nerves) or len(set(entry.nerves)) != len(entry.nerves):
                raise ValueError(f"{entry.level} names a nerve twice, or one that is not listed")
            if bool(entry.nerves) == bool(entry.why_none):
                raise ValueError(f"{entry.level} needs either nerves, or why_none")


@dataclass(frozen=True, slots=True)
class NerveBlock:
    """One nerve on one side.

    Parameters
    ----------
    nerve : Nerve
        Name, landmark and source.
    side : Side
        Side of the patient.
    joints : tuple of Joint
        The positive joints that it supplies.
    """

    nerve: Nerve
    side: Side
    joints: tuple[Joint, ...]

    @property
    def name(self) -> str:
        """Side and nerve in full, for example ``"Left C5 medial branch"``."""
        return f"{self.side.value.capitalize()} {self.nerve.name}"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; there is no coordinate."""
        return {
            "nerve": self.nerve.id,
            "name": self.name,
            "side": self.side.value,
            "landmark": self.nerve.landmark,
            "joints": [joint.name for joint in self.joints],
            "source": self.nerve.source,
        }


@dataclass(frozen=True, slots=True)
class SetApart:
    """A positive joint that is no reason for a block by what its reader answered.

    Parameters
    ----------
    joint : Joint
        Which.
    why : str
        ``"does not match the pain"``.
    nerves : tuple of Nerve
        That usually supply it; the plan does not propose them for this joint.
    why_none : str
        Why there are none; empty where there are.
    """

    joint: Joint
    why: str
    nerves: tuple[Nerve, ...]
    why_none: str = ""

    def name_of(self, nerve: Nerve) -> str:
        """Return side and nerve in full, as :attr:`NerveBlock.name`."""
        return NerveBlock(nerve, self.joint.side, (self.joint,)).name

    @property
    def sentence(self) -> str:
        """What has to stand wherever the joint is described."""
        return f"Set apart in the block plan: {self.why}."

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "joint": self.joint.name,
            "why": self.why,
            "nerves": [nerve.id for nerve in self.nerves],
            "why_none": self.why_none,
        }


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """The nerves of the positive joints, but for those that are set apart.

    Every positive joint is in one of ``joints``, ``without_nerves`` and ``set_apart``.

    Parameters
    ----------
    joints : tuple of Joint
        Positive joints whose nerves are in the plan, from the skull down, left before right.
    nerves : tuple of NerveBlock
        Each nerve once a side.
    without_nerves : tuple of (Joint, str)
        Positive joints without a suggestion, and why.
    notices : tuple of str
        To be shown beside the plan.
    map_version : str
        Which map.
    set_apart : tuple of SetApart
        Positive joints that do not match the pain or lie in an operative bed, or of which that is
        not recorded. No nerve is proposed for them, whatever the output.
    """

    joints: tuple[Joint, ...]
    nerves: tuple[NerveBlock, ...]
    without_nerves: tuple[tuple[Joint, str], ...]
    notices: tuple[str, ...]
    map_version: str
    set_apart: tuple[SetApart, ...] = ()

    def why_apart(self, joint: Joint) -> str:
        """Return the sentence that a joint is set apart; empty where it is not."""
        return next((one.sentence for one in self.set_apart if one.joint == joint), "")

    @property
    def supplying(self) -> tuple[str, ...]:
        """Names of the nerves of every positive joint, proposed or not."""
        apart = (one.name_of(nerve) for one in self.set_apart for nerve in one.nerves)
        return tuple(dict.fromkeys((*(block.name for block in self.nerves), *apart)))

    @property
    def counts(self) -> str:
        """Both counts in words, for example ``"2 joints, 3 nerves"``."""
        joints, nerves = len(self.joints), len(self.nerves)
        return (
            f"{joints} joint{'' if joints == 1 else 's'}, "
            f"{nerves} nerve{'' if nerves == 1 else 's'}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "joint_count": len(self.joints),
            "nerve_count": len(self.nerves),
            "joints": [joint.name for joint in self.joints],
            "nerves": [block.to_json() for block in self.nerves],
            "without_nerves": [
                {"joint": joint.name, "why": why} for joint, why in self.without_nerves
            ],
            "notices": list(self.notices),
            "map_version": self.map_version,
            "set_apart": [one.to_json() for one in self.set_apart],
        }


def why_apart(target: Target) -> str:
    """Return why a positive joint is set apart in the block plan; empty where it is not."""
    pain, bed = target.clinically_concordant, target.inside_operative_bed
    said = []
    if pain is Answer.NO:
        said.append("does not match the pain")
    elif pain is not Answer.YES:
        said.append("whether it matches the pain is not recorded")
    if bed is Answer.YES:
        said.append("lies in an operative bed")
    elif bed is not Answer.NO:
        said.append("whether it lies in an operative bed is not recorded")
    return "; ".join(said)


def plan_blocks(
    targets: Iterable[Target],
    *,
    fused: Collection[str] = (),
    include_fused: bool = False,
    block_map: BlockMap | None = None,
) -> BlockPlan:
    """Name the nerves that usually supply the positive joints that are not set apart.

    Parameters
    ----------
    targets : iterable of Target
        Of a reading; those that are not positive are left out.
    fused : collection of str
        Levels that are known to be fused now, for example ``{"C5-C6"}``, beside those that were
        when their Target was decided.
    include_fused : bool
        Suggest nerves for fused levels too, because the reader asks for it.
    block_map : BlockMap, optional
        The map that comes with the program when not given.

    Returns
    -------
    BlockPlan
    """
    use = block_map or usual_map()
    positive = [target for target in targets if target.decision is Decision.POSITIVE]
    marked = {target.joint: why_apart(target) for target in positive}
    fused = {*fused, *(t.joint.level for t in positive if t.localisation.status is Status.FUSED)}
    joints: list[Joint] = []
    without: list[tuple[Joint, str]] = []
    apart: list[SetApart] = []
    for joint in (joint for joint in JOINTS if joint in marked):
        entry = use.supply(joint.level)
        why_none = entry.why_none
        if entry.nerves and joint.level in fused and not include_fused:
            why_none = use.notices.fused
        if marked[joint]:
            supplying = tuple(
                nerve for nerve in use.nerve if nerve.id in entry.nerves and not why_none
            )
            apart.append(SetApart(joint, marked[joint], supplying, why_none))
        elif why_none:
            without.append((joint, why_none))
        else:
            joints.append(joint)
    blocks = []
    for side in Side:
        for nerve in use.nerve:
            supplied = tuple(
                joint
                for joint in joints
                if joint.side is side and nerve.id in use.supply(joint.level).nerves
            )
            if supplied:
                blocks.append(NerveBlock(nerve, side, supplied))
    return BlockPlan(
        joints=tuple(joints),
        nerves=tuple(blocks),
        without_nerves=tuple(without),
        notices=_notices(use, joints) if positive else (),
        map_version=use.source.version,
        set_apart=tuple(apart),
    )


def _notices(use: BlockMap, joints: list[Joint]) -> tuple[str, ...]:
    said = [
        f"{use.notices.positive} ({use.notices.positive_source})",
        use.notices.supply,
        use.notices.confirm,
    ]
    on_one_side = max(sum(joint.side is side for joint in joints) for side in Side)
    levels = {joint.level for joint in joints}
    if on_one_side > use.notices.joints_per_side or len(levels) > use.notices.levels_in_all:
        said.append(use.notices.levels)
    return tuple(said)


@cache
def usual_map() -> BlockMap:
    """Return the map that comes with the program."""
    text = (
        resources.files("fusion.annotations").joinpath(CERVICAL.block_map_file).read_text("utf-8")
    )
    return _parsed(text, CERVICAL.block_map_file)


def load_map(path: str | Path) -> BlockMap:
    """Read an edited map.

    Parameters
    ----------
    path : path
        TOML of the form of ``blocks.toml``.

    Raises
    ------
    AnnotationError
        The file cannot be read, or says something that no map says.
    """
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise AnnotationError(f"The map of nerves {path} cannot be read: {exc}.") from exc
    return _parsed(text, str(path))


def _parsed(text: str, label: str) -> BlockMap:
    try:
        return BlockMap.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as exc:
        raise AnnotationError(f"The map of nerves {label} is not TOML: {exc}.") from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AnnotationError(
            f"The map of nerves {label} cannot be used: {where}: {plain(first['msg'])}. Correct "
            "it, or leave it out to use the map of the program."
        ) from exc
