"""Is the anatomy that of a neck? Judged against the figures of docs/sources.md."""

from __future__ import annotations

import numpy as np
import pytest

from sample_data import HotJoint, HotSpot, NeckParameters, Segmentation, Shape
from sample_data.anatomy import build_anatomy
from sample_data.spine import Spine, build_spine

# docs/sources.md#facet-orientation: superior facet to the transverse and to the sagittal plane,
# mean and SD; right, left.
ORIENTATION = {
    "C2-C3": ((49.5, 4.1, 69.8, 11.1), (51.7, 5.2, 70.9, 10.7)),
    "C3-C4": ((44.5, 6.2, 77.2, 9.3), (45.3, 4.6, 79.8, 11.5)),
    "C4-C5": ((40.5, 5.1, 91.8, 10.9), (39.8, 6.7, 90.7, 9.8)),
    "C5-C6": ((42.3, 4.4, 92.3, 11.5), (43.2, 5.4, 93.5, 9.4)),
    "C6-C7": ((44.2, 4.6, 94.5, 7.7), (45.8, 6.2, 94.3, 10.2)),
}
FACETS = [*ORIENTATION, "C7-T1"]


def cobb_deg(spine: Spine) -> float:
    """Angle in the sagittal plane between the bodies of C2 and C7, lordosis positive."""
    slope = [
        np.degrees(np.arctan2(-spine.vertebra(n).pose[1, 2], spine.vertebra(n).pose[2, 2]))
        for n in ("C2", "C7")
    ]
    return float(slope[1] - slope[0])


@pytest.mark.parametrize("level", ORIENTATION)
@pytest.mark.parametrize("side", ["right", "left"])
def test_superior_facets_slope_as_measured(level: str, side: str) -> None:
    spine = build_spine(NeckParameters())
    joint = spine.joint(level, side)
    pose = spine.vertebra(joint.lower).pose
    normal = pose[:3, :3].T @ joint.normal
    slope, slope_sd, facing, facing_sd = ORIENTATION[level][0 if side == "right" else 1]
    medial = -normal[0] if side == "left" else normal[0]
    assert np.degrees(np.arccos(normal[2])) == pytest.approx(slope, abs=slope_sd)
    assert np.degrees(np.arccos(medial)) == pytest.approx(facing, abs=facing_sd)
    assert normal[1] > 0, "superior facets look backwards"


def test_joints_are_laid_out_as_in_a_lordotic_neck() -> None:
    spine = build_spine(NeckParameters())
    for side, sign in (("left", 1), ("right", -1)):
        centers = np.array([spine.joint(level, side).center for level in FACETS])
        assert np.all((sign * centers[:, 0] > 17) & (sign * centers[:, 0] < 18.1))
        pitch = np.linalg.norm(np.diff(centers, axis=0), axis=1)
        # C7 is taller than the others: its own step may be a little longer.
        assert np.all((pitch > 14) & (pitch < [16, 16, 16, 16, 17])), pitch
        assert np.all(np.diff(centers[:, 2]) < 0)


@pytest.mark.parametrize(
    ("shape", "expected"), [("lordotic", 12.7), ("straight", 0.0), ("kyphotic", -12.0)]
)
def test_the_shape_of_the_neck_is_its_cobb_angle(shape: str, expected: float) -> None:
    assert cobb_deg(build_spine(NeckParameters(shape=Shape(shape)))) == pytest.approx(
        expected, abs=0.1
    )


def test_flexion_bends_the_neck_forwards_and_leaves_t1() -> None:
    straight, bent = (build_spine(NeckParameters(flexion_deg=d)) for d in (0, 8))
    assert np.allclose(straight.vertebra("T1").pose, bent.vertebra("T1").pose)
    assert bent.vertebra("C2").pose[1, 3] < straight.vertebra("C2").pose[1, 3] - 3
    assert cobb_deg(bent) < cobb_deg(straight)


def test_tilt_and_rotation_go_to_the_left() -> None:
    tilted = build_spine(NeckParameters(tilt_deg=12))
    assert tilted.head_pose[0, 3] > 5, "the head leans to +x"
    turned = build_spine(NeckParameters(rotation_deg=20))
    nose = -turned.head_pose[:3, 1]
    assert nose[0] > 0.3, "the nose points to +x"
    share = np.degrees(np.arctan2(*turned.vertebra("C2").pose[[1, 0], 0])) / 20
    assert 0.4 < share < 0.6, "about half of the turn happens above C2"


@pytest.mark.parametrize(
    ("segmentation", "last"),
    [
        (Segmentation.NORMAL, "C7-T1"),
        (Segmentation.MISSING, "C6-T1"),
        (Segmentation.EXTRA, "C8-T1"),
    ],
)
def test_levels_are_counted_down_from_the_dens(segmentation: Segmentation, last: str) -> None:
    spine = build_spine(NeckParameters(segmentation=segmentation, hot_joints=()))
    levels = list(dict.fromkeys(j.level for j in spine.joints if not j.upper.startswith("T")))
    assert levels[:3] == ["C0-C1", "C1-C2", "C2-C3"]
    assert levels[-1] == last


def test_a_larger_patient_keeps_the_facet_gap() -> None:
    spine = build_spine(NeckParameters(size=1.2, facet_gap_mm=1.8))
    assert spine.joint("C4-C5", "left").gap_mm * 1.2 == pytest.approx(1.8)


def test_every_joint_has_uptake_and_the_hot_ones_have_theirs() -> None:
    anatomy = build_anatomy(NeckParameters())
    suv = {
        (j.level, j.side): s for j, s in zip(anatomy.spine.joints, anatomy.joint_suv, strict=True)
    }
    assert suv.pop(("C5-C6", "left")) == 60
    assert suv.pop(("C2-C3", "right")) == 34
    assert all(4 <= value <= 7 for value in suv.values())


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 0.7},
        {"size": float("nan")},
        {"seed": -1},
        {"tilt_deg": 60},
        {"rotation_deg": -41},
        {"flexion_deg": 21},
        {"facet_gap_mm": 0.0},
        {"bone_hu": 0.1},
        {"shape": "wavy"},
        {"segmentation": "double"},
        {"hot_joints": (HotJoint("C8-T1", "left"),)},
        {"segmentation": Segmentation.MISSING, "hot_joints": (HotJoint("C6-C7", "left"),)},
        {"fused_levels": ("C0-C1",)},
        {"cervical_ribs": ("both",)},
        {"hot_spots": (HotSpot("disc C8-T1"),)},
        {"hot_spots": (HotSpot("body C1"),)},
    ],
)
def test_a_neck_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        NeckParameters(**wrong)


@pytest.mark.parametrize("level", ["C5", "C5/C6", "L4-L5", ""])
def test_a_hot_joint_needs_a_level(level: str) -> None:
    with pytest.raises(ValueError, match="level"):
        HotJoint(level, "left")


def test_a_hot_joint_needs_a_side() -> None:
    with pytest.raises(ValueError, match="side"):
        HotJoint("C5-C6", "both")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="suv"):
        HotJoint("C5-C6", "left", 0)
    with pytest.raises(ValueError, match="place"):
        HotSpot("liver")
