"""What a SPINEPS ``seg-spine`` of a CT says beyond articular processes: the dens, and metal."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from fusion.facets.automatic.naming.judging import status_of
from fusion.facets.automatic.neck import Neck, find_neck
from fusion.facets.labelled.conventions import may_be_processes
from fusion.facets.labelled.locate_labelled import locate_with_labels
from fusion.facets.labelled.spine import LabelledSpine, read_labels
from fusion.facets.labelled.subregions import stands_on
from fusion.facets.localisation import Witness
from fusion.facets.states import Numbering, Status, WitnessKind
from tests.facets import label_maps as maps

pytestmark = pytest.mark.slow


@cache
def _neck() -> Neck:
    return find_neck(maps.neck().ct)


def _spine(folder: Path, parts: np.ndarray, bones: np.ndarray | None = None) -> LabelledSpine:
    truth = maps.neck()
    labels = truth.labels("verse") if bones is None else bones
    paths = [
        maps.write_nifti(folder / f"{name}.nii.gz", values, truth.ct.grid)
        for name, values in (("seg-vert", labels), ("seg-spine", parts))
    ]
    return read_labels(paths, truth.ct)


def test_the_ids_of_a_ct_are_those_of_the_program():
    ct = {26, *range(41, 54), 60, 61, 62, *range(70, 75), 80, 100}
    mr = {26, *range(41, 50), 60, 61, 62, 100}
    assert may_be_processes(frozenset(ct))
    assert may_be_processes(frozenset(mr))
    assert not may_be_processes(frozenset(ct | {54}))
    assert not may_be_processes(frozenset(ct - {47}))


def test_a_map_of_a_ct_is_taken_with_its_dens_as_a_witness(tmp_path):
    truth = maps.neck()
    spine = _spine(tmp_path, maps.subregions(truth))
    found = locate_with_labels(spine, truth.ct, _neck())
    assert found.numbering is Numbering.SURE
    facet = found.facet("C5-C6", "left")
    assert "articular processes" in facet.source
    assert np.linalg.norm(facet.center_lps - truth.joints["C5-C6", "left"]) < 1.5
    dens = next(w for w in found.evidence if w.source is WitnessKind.DENS_LABEL)
    assert (dens.agrees, dens.level, dens.implies) == (True, "C2-C3", "C2-C3")
    assert "stands on C2" in dens.saw


def test_a_dens_on_another_vertebra_speaks_against_the_names(tmp_path):
    """The dens is marked where it is, the vertebrae are named one too low from C2 on."""
    truth = maps.neck()
    names = truth.labels("verse")
    slipped = np.where(names > 1, names + 1, 0).astype(np.uint8)
    found = locate_with_labels(_spine(tmp_path, maps.subregions(truth), slipped), truth.ct, None)
    dens = next(w for w in found.evidence if w.source is WitnessKind.DENS_LABEL)
    assert (dens.agrees, dens.implies) == (False, "C3-C4")
    assert "stands on C3" in dens.saw
    assert found.numbering is Numbering.PROVISIONAL
    why = next(f.message for f in found.findings if f.code == "numbering-provisional")
    assert "dens" in why


def test_a_dens_far_from_every_vertebra_stands_on_none(tmp_path):
    truth = maps.neck()
    spine = _spine(tmp_path, maps.subregions(truth))
    assert stands_on(spine.parts.dens, spine.bones) == "C2"
    below = {name: bone for name, bone in spine.bones.items() if name > "C4"}
    assert stands_on(spine.parts.dens, below) == ""
    assert stands_on(spine.parts.dens, {}) == ""


def test_metal_in_the_map_hides_the_joint_beside_it(tmp_path):
    truth = maps.neck()
    parts = maps.subregions(truth)
    k, j, i = np.rint(truth.ct.grid.to_kji(truth.joints["C4-C5", "left"])).astype(int)
    parts[k - 2 : k + 3, j - 2 : j + 3, i + 3 : i + 6] = 80
    plain = locate_with_labels(_spine(tmp_path, maps.subregions(truth)), truth.ct, None)
    found = locate_with_labels(_spine(tmp_path, parts), truth.ct, None)
    hidden = {f.joint.name for f in found.facets if f.status is Status.OBSCURED}
    assert hidden == {"Left C4-C5"}
    assert not [f for f in plain.facets if f.status is Status.OBSCURED]
    before, after = (one.facet("C4-C5", "left").localisation_mm for one in (plain, found))
    assert after > before + 2
    assert "joints-obscured" in {f.code for f in found.findings}


def test_a_map_and_its_dens_are_one_witness():
    def piece(source: WitnessKind, weight: float, agrees: bool | None = True) -> Witness:
        return Witness(source, "seen", "C2-C3", "C2-C3", weight, agrees)

    labels, dens_label = piece(WitnessKind.LABELS, 2.0), piece(WitnessKind.DENS_LABEL, 2.0)
    assert status_of([labels, dens_label]) is Numbering.PROVISIONAL
    dens = piece(WitnessKind.DENS, 0.9)
    # Three pieces, 4.9 together, but two of them of one training: 2.9.
    assert status_of([labels, dens_label, dens]) is Numbering.PROVISIONAL
    assert status_of([labels, piece(WitnessKind.DENS, 1.0)]) is Numbering.SURE
    against = piece(WitnessKind.DENS_LABEL, 0.5, agrees=False)
    assert status_of([labels, piece(WitnessKind.DENS, 2.5), against]) is Numbering.PROVISIONAL
