"""Found, not found and outside the field are three things; and ribs are none inside the skull."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from fusion.anatomy import LEVELS, Joint, Side
from fusion.dicom import choose_ct, read_volume, scan
from fusion.facets.automatic.canal import find_canal
from fusion.facets.automatic.chain import Chain
from fusion.facets.automatic.claims import _Beside, _ribs
from fusion.facets.automatic.locate import locate
from fusion.facets.automatic.picture.field import status_of_missing
from fusion.facets.automatic.straight import Frame
from fusion.facets.automatic.template import template
from fusion.facets.states import Numbering, Status, WitnessKind
from fusion.geometry import Grid, Volume


def _straight_neck(length: int = 200) -> Frame:
    origins = np.stack([np.zeros(length), np.zeros(length), np.arange(length) * 1.0], axis=1)
    axes = np.tile(np.array([[0.0, 0, 1], [0, 1, 0], [1, 0, 0]]), (length, 1, 1))
    return Frame(origins, axes)


def _field(low_z: float, high_z: float, *, half_width: float = 60.0) -> Grid:
    affine = np.diag([1.0, 1.0, 1.0, 1.0])[[2, 1, 0, 3]]
    affine[:3, 3] = -half_width, -60.0, low_z
    return Grid((int(high_z - low_z) + 1, 121, int(2 * half_width) + 1), affine)


def test_a_missing_joint_is_not_found_in_the_field_and_outside_beyond_it():
    parts, frame = template(), _straight_neck()
    pitch = {level: 100.0 - 16.0 * n for n, level in enumerate(LEVELS[2:6])}
    chain = Chain(pitch, 1.0, 2)
    joint = Joint("C6-C7", Side.LEFT)  # some 16 mm below C5-C6 at 52

    def status(low_z: float, **how: float) -> Status:
        return status_of_missing(joint, chain, frame, parts, _field(low_z, 199.0, **how))

    assert status(0.0) is Status.NOT_FOUND
    assert status(45.0) is Status.OUTSIDE
    # Cut by the edge of the field, below or beside.
    assert status(34.0) is Status.OUTSIDE
    assert status(0.0, half_width=15.0) is Status.OUTSIDE


def _beside(bone: dict[range, float], *, length: int = 240) -> _Beside:
    share = np.zeros(length)
    for stretch, value in bone.items():
        share[stretch.start : stretch.stop] = value
    return _Beside((share, share.copy()), np.ones(length, dtype=np.bool_))


RIBS, PETROUS, VAULT = range(5, 40), range(180, 192), range(225, 240)


def test_ribs_are_looked_for_below_c2_where_it_is_seen():
    """The inside of the skull is clear; the petrous bones below it stand out as ribs do."""
    head_and_neck = _beside({RIBS: 0.9, PETROUS: 0.9, VAULT: 1.0})
    (ribs,) = _ribs(head_and_neck, below_mm=130.0)
    assert (ribs.source, ribs.weight) == (WitnessKind.RIBS, 2.5)
    assert abs(ribs.height_mm - RIBS.stop) < 3
    # The same picture without C2: what is highest is taken, and nothing is sure.
    (wrong,) = _ribs(head_and_neck, below_mm=None)
    assert wrong.height_mm > 170


def test_a_neck_without_ribs_has_none_and_bone_near_c2_is_no_rib():
    assert _ribs(_beside({PETROUS: 0.9, VAULT: 1.0}), below_mm=130.0) == []
    # A jaw or mastoid a little below C2, with the skull above: too little clear neck between.
    jaw = _beside({range(110, 122): 0.9, PETROUS: 0.9})
    assert _ribs(jaw, below_mm=130.0) == []


@pytest.mark.slow
def test_a_head_ct_shows_the_joints_of_c1_and_c2(shared_data):
    """18 mm of canal under the skull, with the dens: C0-C1 to C2-C3 in the field, none counted."""
    chosen, _ = choose_ct(scan(str(shared_data / "ct_vct_head_to_c2")))
    ct = read_volume(chosen)
    found = locate(ct)
    for facet in found.facets:
        in_field = LEVELS.index(facet.joint.level) <= LEVELS.index("C2-C3")
        assert facet.status is (Status.FOUND if in_field else Status.OUTSIDE)
        assert facet.numbering is Numbering.PROVISIONAL
    (entry,) = (
        one
        for one in json.loads((shared_data / "facets_truth.json").read_text())["cts"]
        if one["folder"] == "ct_vct_head_to_c2"
    )
    # The hand is unsure of 1 mm.
    for joint in entry["joints"]:
        side = {"L": Side.LEFT, "R": Side.RIGHT}[joint["side"]]
        off_mm = np.linalg.norm(found.facet(joint["level"], side).center_lps - joint["center_lps"])
        assert off_mm < 3.0
    # Without the dens, whose tip is at -70 mm, so little canal is none.
    nothing = locate(_rows(ct, lowest_z=-65.0, highest_z=0.0))
    assert {f.status for f in nothing.facets} == {Status.NOT_FOUND}
    (finding,) = nothing.findings
    assert finding.code == "no-spine-found"
    assert "which of them lie in the field is not known" in finding.message


@pytest.mark.slow
def test_a_short_canal_without_a_dens_is_none(shared_data):
    """45 mm of a skull, 20 mm of which look like a canal: the foramen magnum and above."""
    chosen, _ = choose_ct(scan(str(shared_data / "ct_pq2000_head_neck")))
    ct = _rows(read_volume(chosen), lowest_z=-117.0, highest_z=-72.0)
    assert find_canal(ct).is_short
    assert {f.status for f in locate(ct).facets} == {Status.NOT_FOUND}


def _rows(ct: Volume, *, lowest_z: float, highest_z: float) -> Volume:
    """The slices of a CT between two heights, LPS mm."""
    z = ct.grid.to_lps([[k, 0, 0] for k in range(ct.grid.shape[0])])[:, 2]
    rows = np.flatnonzero((z >= lowest_z) & (z <= highest_z))
    affine = ct.grid.affine.copy()
    affine[:3, 3] = ct.grid.to_lps((int(rows[0]), 0, 0))
    kept = slice(int(rows[0]), int(rows[-1]) + 1)
    return replace(
        ct,
        stored=ct.stored[kept],
        grid=Grid((len(rows), *ct.grid.shape[1:]), affine, ct.grid.frame_of_reference_uid),
        slope=ct.slope[kept],
        intercept=ct.intercept[kept],
    )


@pytest.fixture(scope="module")
def head_and_neck(shared_data):
    """A real CT from the skull down, and where its joints are."""
    chosen, _ = choose_ct(scan(str(shared_data / "ct_pq2000_head_neck")))
    ct = read_volume(chosen)
    return ct, {f.joint: f.center_lps for f in locate(ct).facets if f.center_lps is not None}


@pytest.mark.slow
@pytest.mark.parametrize("lowest_mm", [60.0, 110.0])
def test_a_head_and_neck_ct_never_calls_joints_in_the_field_outside(head_and_neck, lowest_mm):
    """Cut off further and further up."""
    ct, whole = head_and_neck
    z = ct.grid.to_lps([[k, 0, 0] for k in range(ct.grid.shape[0])])[:, 2]
    cut = _rows(ct, lowest_z=z.min() + lowest_mm, highest_z=z.max())
    found = locate(cut)
    for facet in found.facets:
        inside = whole[facet.joint][2] > z.min() + lowest_mm + 12.0
        if inside:
            assert facet.status is not Status.OUTSIDE, facet.joint.name
        elif whole[facet.joint][2] < z.min() + lowest_mm - 8.0:
            assert facet.center_lps is None, facet.joint.name
            # Nobody knows what is in the field where no level was recognised.
            assert facet.status is Status.OUTSIDE or not found.midline_lps
