"""What is cervical, as literals: all that counts levels reads the page of the region."""

from fusion.anatomy.cervical import CERVICAL
from fusion.anatomy.joints import JOINTS, LEVELS, VERTEBRAE, ZYGAPOPHYSIAL_LEVELS
from fusion.facets.automatic.template import TEMPLATE_LEVELS, template


def test_the_region_is_the_neck_from_the_occiput_to_t1() -> None:
    assert VERTEBRAE == ("C0", "C1", "C2", "C3", "C4", "C5", "C6", "C7", "T1")
    assert (
        *("C0-C1", "C1-C2", "C2-C3", "C3-C4", "C4-C5", "C5-C6", "C6-C7", "C7-T1"),
    ) == LEVELS  # fmt: skip
    assert ZYGAPOPHYSIAL_LEVELS == ("C2-C3", "C3-C4", "C4-C5", "C5-C6", "C6-C7", "C7-T1")
    assert len(JOINTS) == 16
    assert sum(joint.is_zygapophysial for joint in JOINTS) == 12


def test_the_landmarks_of_the_numbering_are_these() -> None:
    assert (CERVICAL.occiput_level, CERVICAL.dens_level) == ("C0-C1", "C1-C2")
    assert (CERVICAL.undivided_level, CERVICAL.rib_level) == ("C2-C3", "C7-T1")
    assert CERVICAL.click_windows == {"C1": ((0, 26), (-26, 2)), "C2": ((-24, 24), (-48, -2))}
    assert CERVICAL.click_window == ((0, 17), (-17, 0))
    assert CERVICAL.pair_width_mm == (15.0, 60.0)
    assert (CERVICAL.pitch_mm, CERVICAL.half_width_mm) == (15.0, 17.5)


def test_every_level_of_the_template_has_its_distance_and_its_spread() -> None:
    assert TEMPLATE_LEVELS[-3:] == ("C7-T1", "T1-T2", "T2-T3")
    assert CERVICAL.pitch_spread_mm == (3.5, 3.5, 2.2, 2.0, 2.0, 2.0, 2.0, 2.2, 2.6)
    parts = template()
    assert len(parts.pitch_mm) == len(CERVICAL.pitch_spread_mm) == len(TEMPLATE_LEVELS) - 1
    assert len(parts.windows) == len(TEMPLATE_LEVELS)
