"""Joints to nerves, against a table typed by hand (docs/sources.md#nerve-supply)."""

from __future__ import annotations

import json
import re
from itertools import chain, combinations
from pathlib import Path

import pytest

import fusion.annotations
from fusion.anatomy.joints import JOINTS, LEVELS, Joint, Side
from fusion.annotations.blocks import load_map, plan_blocks, usual_map
from fusion.annotations.target import Answer, Decision
from fusion.errors import AnnotationError

from .samples import localisation, target

#: Typed from docs/sources.md#nerve-supply, not from blocks.toml.
NERVES = {
    "C0-C1": set(),
    "C1-C2": set(),
    "C2-C3": {"TON"},
    "C3-C4": {"C3", "C4"},
    "C4-C5": {"C4", "C5"},
    "C5-C6": {"C5", "C6"},
    "C6-C7": {"C6", "C7"},
    "C7-T1": {"C7", "C8"},
}
#: Words that the landmark of each nerve has to hold, from 4.2.
LANDMARK = {
    "TON": ("C2-C3 joint", "above and below", "lateral"),
    "C3": ("pillar of C3", "slightly above"),
    "C4": ("pillar of C4", "slightly above"),
    "C5": ("pillar of C5", "waist"),
    "C6": ("pillar of C6", "slightly above"),
    "C7": ("superior articular process of C7", "high"),
    "C8": ("T1", "superolateral", "transverse process"),
}


MAP = Path(fusion.annotations.__file__).with_name("blocks.toml")


def plan(*joints: Joint, **options: object):
    return plan_blocks([target(joint) for joint in joints], **options)


def left(*levels: str) -> list[Joint]:
    return [Joint(level, Side.LEFT) for level in levels]


@pytest.mark.parametrize("joint", JOINTS, ids=lambda joint: joint.name)
def test_each_joint_has_the_nerves_of_the_table(joint: Joint) -> None:
    found = plan(joint)
    assert {block.nerve.id for block in found.nerves} == NERVES[joint.level]
    assert all(block.side is joint.side for block in found.nerves)
    assert bool(found.without_nerves) is not joint.is_zygapophysial


def test_every_set_of_levels_on_one_side_counts_each_nerve_once() -> None:
    subsets = chain.from_iterable(combinations(LEVELS, n) for n in range(len(LEVELS) + 1))
    for levels in subsets:
        found = plan(*left(*levels))
        wanted = set().union(*(NERVES[level] for level in levels))
        ids = [block.nerve.id for block in found.nerves]
        assert sorted(ids) == sorted(wanted)
        assert len(found.joints) == len([level for level in levels if NERVES[level]])
        assert found.to_json()["nerve_count"] == len(wanted)


def test_adjacent_joints_share_a_nerve_and_both_counts_are_shown() -> None:
    found = plan(*left("C4-C5", "C5-C6"))
    assert found.counts == "2 joints, 3 nerves"
    shared = next(block for block in found.nerves if block.nerve.id == "C5")
    assert shared.joints == tuple(left("C4-C5", "C5-C6"))
    assert shared.name == "Left C5 medial branch"


def test_the_two_sides_share_nothing() -> None:
    found = plan(Joint("C5-C6", Side.LEFT), Joint("C5-C6", Side.RIGHT))
    assert found.counts == "2 joints, 4 nerves"


def test_the_third_occipital_nerve_is_not_the_deep_branch_of_c3() -> None:
    found = plan(*left("C2-C3", "C3-C4"))
    assert {block.nerve.id for block in found.nerves} == {"TON", "C3", "C4"}


@pytest.mark.parametrize("nerve", usual_map().nerve, ids=lambda nerve: nerve.id)
def test_landmarks_are_those_of_the_teaching_texts(nerve) -> None:
    for words in LANDMARK[nerve.id]:
        assert words in nerve.landmark
    assert nerve.source


def test_only_positive_joints_are_planned() -> None:
    others = [
        target(Joint("C5-C6", Side.LEFT), decision=decision, grade=1)
        for decision in (Decision.NEGATIVE, Decision.INDETERMINATE)
    ]
    assert plan_blocks(others).nerves == ()
    assert plan_blocks(others).notices == ()


def test_a_fused_level_has_no_suggestion_unless_asked_for() -> None:
    joints = left("C5-C6", "C6-C7")
    found = plan(*joints, fused={"C5-C6"})
    assert found.counts == "1 joint, 2 nerves"
    assert found.without_nerves == ((joints[0], usual_map().notices.fused),)
    # As it was when it was decided, whatever else is known now.
    decided = [target(joints[0], localisation=localisation(status="fused")), target(joints[1])]
    assert plan_blocks(decided) == found
    asked = plan(*joints, fused={"C5-C6"}, include_fused=True)
    assert asked.counts == "2 joints, 3 nerves"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"clinically_concordant": Answer.NO}, "does not match the pain"),
        ({"clinically_concordant": Answer.NOT_RECORDED}, "whether it matches the pain is not"),
        ({"clinically_concordant": None}, "whether it matches the pain is not recorded"),
        ({"inside_operative_bed": Answer.YES}, "lies in an operative bed"),
        ({"inside_operative_bed": Answer.NOT_RECORDED}, "whether it lies in an operative bed is"),
        ({"inside_operative_bed": None}, "whether it lies in an operative bed is not recorded"),
    ],
)
def test_what_is_set_apart_has_no_nerve_in_the_plan(answers: dict[str, Answer], why: str) -> None:
    wanted, doubtful, atlas = left("C4-C5", "C5-C6", "C1-C2")
    found = plan_blocks([target(wanted), target(doubtful, **answers), target(atlas, **answers)])
    assert found.counts == "1 joint, 2 nerves"
    # The nerve that both share is proposed for the wanted one alone.
    assert {block.joints for block in found.nerves} == {(wanted,)}
    assert found.without_nerves == ()
    none, apart = found.set_apart
    assert (none.joint, none.nerves) == (atlas, ())
    assert "no medial branch target" in none.why_none
    assert (apart.joint, [nerve.id for nerve in apart.nerves]) == (doubtful, ["C5", "C6"])
    assert apart.why.startswith(why)
    assert found.why_apart(doubtful) == f"Set apart in the block plan: {apart.why}."
    assert found.why_apart(wanted) == ""
    assert found.to_json()["set_apart"][1] == {
        "joint": doubtful.name,
        "why": apart.why,
        "nerves": ["C5", "C6"],
        "why_none": "",
    }
    assert found.supplying == tuple(f"Left C{n} medial branch" for n in (4, 5, 6))
    # With nothing else the plan is empty, and its notices are said all the same.
    alone = plan_blocks([target(doubtful, **answers)], fused={doubtful.level})
    assert (alone.joints, alone.nerves, alone.set_apart[0].nerves) == ((), (), ())
    assert alone.set_apart[0].why_none == usual_map().notices.fused
    assert alone.notices == plan(wanted).notices


@pytest.mark.parametrize(
    ("joints", "told"),
    [
        (left("C4-C5", "C5-C6"), False),
        (left("C3-C4", "C4-C5", "C5-C6"), True),
        ([Joint(level, side) for level in ("C4-C5", "C5-C6") for side in Side], False),
        ([*left("C3-C4", "C4-C5"), Joint("C6-C7", Side.RIGHT)], True),
    ],
)
def test_many_levels_are_information_and_never_a_refusal(joints: list[Joint], told: bool) -> None:
    found = plan(*joints)
    assert (usual_map().notices.levels in found.notices) is told
    assert len(found.joints) == len(joints)


def test_no_plan_holds_a_coordinate() -> None:
    marked = [target(joint) for joint in JOINTS]
    text = json.dumps(plan_blocks(marked).to_json())
    assert "lps" not in text
    for one in marked:
        x, y, z = one.point_lps
        assert f"{x}, {y}, {z}" not in text
    # No number at all but counts, versions and names of vertebrae or publications.
    blocks = plan_blocks(marked).to_json()["nerves"]
    assert not any(re.search(r"\d\.\d|\d ?mm", block["landmark"]) for block in blocks)


def write(path: Path, old: str, new: str) -> Path:
    text = MAP.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


def test_the_map_can_be_edited(tmp_path: Path) -> None:
    edited = load_map(write(tmp_path / "m.toml", 'nerves = ["TON"]', 'nerves = ["TON", "C3"]'))
    found = plan(*left("C2-C3"), block_map=edited)
    assert {block.nerve.id for block in found.nerves} == {"TON", "C3"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('nerves = ["TON"]', 'nerves = ["TOM"]', "not listed"),
        ('level = "C2-C3"', 'level = "C3-C4"', "every level is listed once"),
        ('id = "C8"', 'id = "C7"', "listed twice"),
        ('id = "C8"', 'id = "C8"\npoint_lps = [1, 2, 3]', "Extra inputs"),
        ("why_none", "because", "Extra inputs"),
        ("schema_version = 1", "schema_version = 2", "schema_version"),
        ("[source]", "[source", "not TOML"),
        ("nerves = []", 'nerves = ["C3"]', "either"),
    ],
)  # fmt: skip
def test_a_wrong_map_is_refused_in_a_sentence(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    with pytest.raises(AnnotationError, match=says):
        load_map(write(tmp_path / "m.toml", old, new))


def test_a_map_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="cannot be read"):
        load_map(tmp_path / "none.toml")
