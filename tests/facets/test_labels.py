"""Label maps made elsewhere, against the simulated necks that they were painted from.

Maps are written by SimpleITK and highdicom (tests/facets/label_maps.py); the truth about joints,
sides and voxels is the phantom's own.
"""

from __future__ import annotations

import gzip
import json
import struct
from dataclasses import replace
from functools import cache
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

from benchmarks import meshes
from fusion.anatomy.joints import JOINTS, Joint, Side
from fusion.cli import main
from fusion.errors import DicomError, FusionError, GeometryError
from fusion.facets.automatic.neck import Neck, find_neck
from fusion.facets.labelled.between_bones import joint_between
from fusion.facets.labelled.bone_checks import column_bones, column_problems, dens_problems
from fusion.facets.labelled.locate_labelled import locate_with_labels
from fusion.facets.labelled.maps import masks_of
from fusion.facets.labelled.nifti import read_nifti
from fusion.facets.labelled.spine import read_labels
from fusion.facets.localisation import Localisation, Numbering, Status
from fusion.facets.spine_statements import Anomaly, SpineStatements
from fusion.geometry import Grid
from sample_data import COARSE_SCAN, NeckParameters, make_study
from tests.facets import label_maps as maps

pytestmark = pytest.mark.slow

TURNED = NeckParameters(seed=302, rotation_deg=25.0, tilt_deg=12.0, size=1.1)


@cache
def _neck() -> Neck:
    return find_neck(maps.neck().ct)


def _nifti(folder: Path, labels: np.ndarray, *, axes: str = "LPS", name: str = "map.nii.gz"):
    return maps.write_nifti(folder / name, labels, maps.neck().ct.grid, axes=axes)


def _errors(found: Localisation, truth: maps.Neck) -> np.ndarray:
    return np.array(
        [
            np.linalg.norm(f.center_lps - truth.joints[f.joint.level, f.joint.side.value])
            for f in found.facets
            if f.center_lps is not None and f.source.startswith("label map")
        ]
    )


def _mirrored(labels: np.ndarray) -> np.ndarray:
    return labels[:, :, ::-1]


def _bone_masks() -> dict[str, np.ndarray]:
    bones = maps.neck().bones
    return {bone: bones == n for n, bone in enumerate(maps.BONES[:8], start=1)}


# --- joints -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("convention", "axes"),
    [
        ("totalsegmentator", "LPS"),
        ("totalsegmentator-v1", "RAS"),
        ("verse", "PIR"),
        ("totalspineseg", "SAL"),
    ],
)
def test_every_convention_is_told_in_every_orientation(convention, axes, tmp_path):
    truth = maps.neck()
    spine = read_labels([_nifti(tmp_path, truth.labels(convention), axes=axes)], truth.ct)
    assert list(spine.bones) == list(maps.BONES)
    for n, bone in enumerate(maps.BONES, start=1):
        painted = truth.ct.grid.to_lps(np.argwhere(truth.bones == n))
        assert np.allclose(spine.bones[bone].points_lps.mean(axis=0), painted.mean(axis=0))


def test_joints_from_vertebrae_lie_between_their_surfaces(tmp_path):
    truth = maps.neck()
    spine = read_labels([_nifti(tmp_path, truth.labels("verse"))], truth.ct)
    found = locate_with_labels(spine, truth.ct, _neck())
    assert found.numbering is Numbering.SURE
    errors = _errors(found, truth)
    assert len(errors) == 14
    assert np.median(errors) < 1.2
    assert errors.max() < 4.0
    facet = found.facet("C5-C6", "left")
    assert facet.status is Status.FOUND
    assert "map.nii.gz" in facet.source
    assert "vertebrae" in facet.source
    first = found.evidence[0]
    assert (first.source, first.agrees) == ("label map", True)
    # The occiput is not labelled: found on the CT alone, and said to be.
    assert found.facet("C0-C1", "left").source == "automatic from CT"
    assert "joints-from-ct" in {finding.code for finding in found.findings}


def test_processes_place_joints_better_and_say_so(tmp_path):
    truth = maps.neck()
    bones = _nifti(tmp_path, truth.labels("verse"), name="vert.nii.gz")
    processes = _nifti(tmp_path, truth.processes, axes="RAS", name="sub.nii.gz")
    found = locate_with_labels(read_labels([processes, bones], truth.ct), truth.ct, None)
    alone = locate_with_labels(read_labels([bones], truth.ct), truth.ct, None)
    assert _errors(found, truth).max() < 1.5
    for level in ("C2-C3", "C5-C6", "C7-T1"):
        facet, other = found.facet(level, "right"), alone.facet(level, "right")
        assert "articular processes" in facet.source
        assert facet.localisation_mm < other.localisation_mm


def test_a_turned_and_tilted_neck_keeps_its_sides(tmp_path):
    truth = maps.neck(TURNED)
    path = maps.write_nifti(tmp_path / "m.nii", truth.labels("verse"), truth.ct.grid, axes="RAS")
    found = locate_with_labels(read_labels([path], truth.ct), truth.ct, None)
    errors = _errors(found, truth)
    assert np.median(errors) < 1.6
    assert errors.max() < 5.0
    # The bend carries joints of the right side across the middle of the picture.
    upper = found.facet("C2-C3", "right").center_lps
    assert upper[0] > truth.ct.grid.center_lps[0] - 12
    middle = (truth.joints["C2-C3", "left"] + truth.joints["C2-C3", "right"]) / 2
    assert np.linalg.norm(found.midline_lps["C2-C3"] - middle) < 3.0


def test_without_support_from_the_ct_names_are_provisional(tmp_path):
    truth = maps.neck()
    spine = read_labels([_nifti(tmp_path, truth.labels("verse"))], truth.ct)
    found = locate_with_labels(spine, truth.ct, None)
    assert found.numbering is Numbering.PROVISIONAL
    assert "labels-unchecked" in {finding.code for finding in found.findings}
    # Not labelled is not outside the field.
    assert found.facet("C0-C1", "left").status is Status.NOT_FOUND


@pytest.mark.parametrize("step", [(2, 2, 2), (4, 1, 1)])
def test_coarse_labels_on_another_grid_are_used_with_a_warning(step, tmp_path):
    truth = maps.neck()
    affine = truth.ct.grid.affine.copy()
    affine[:3, :3] *= step
    cut = truth.labels("totalsegmentator")[:: step[0], :: step[1], :: step[2]][:-3]
    grid = Grid(cut.shape, affine)
    spine = read_labels([maps.write_nifti(tmp_path / "c.nii.gz", cut, grid)], truth.ct)
    found = locate_with_labels(spine, truth.ct, None)
    errors = _errors(found, truth)
    assert len(errors) >= 12
    stated = np.array([f.localisation_mm for f in found.facets if f.center_lps is not None])
    assert np.median(errors) < np.median(stated)
    codes = {finding.code for finding in found.findings}
    assert ("labels-coarse" in codes) == (max(grid.spacing_mm) > 2.0)


def test_a_skull_label_gives_the_joints_above_c1(tmp_path):
    truth = maps.neck()
    labels = truth.labels("totalsegmentator")
    # Two pads 1.8 mm above the joint centres stand for the condyles.
    kji = np.moveaxis(np.indices(labels.shape), 0, -1)
    points = truth.ct.grid.to_lps(kji)
    for side in ("left", "right"):
        center = truth.joints["C0-C1", side] + (0, 0, 5.5)
        labels[(np.abs(points - center) < (5, 6, 4)).all(axis=-1) & (labels == 0)] = 91
    spine = read_labels([_nifti(tmp_path, labels)], truth.ct)
    found = locate_with_labels(spine, truth.ct, None)
    for side in Side:
        facet = found.facet("C0-C1", side)
        assert facet.source.startswith("label map")
        assert np.linalg.norm(facet.center_lps - truth.joints["C0-C1", side.value]) < 4.0


@pytest.mark.thorough
def test_joints_of_meshes_that_nobody_here_made(shared_data):
    """ArtiSynth: real anatomy, truth from opposing surfaces of the meshes themselves."""
    assert (shared_data / "neck_meshes_artisynth").is_dir()
    shapes = meshes.read_meshes()
    truth = meshes.joint_centers(shapes)
    points = np.concatenate([shapes[bone.lower()][0] for bone in maps.BONES])
    low, edge = points.min(axis=0) - 6, 1.5
    shape = tuple(int(n) for n in np.ptp(points, axis=0)[::-1] / edge + 8)
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]] = edge
    affine[:3, 3], affine[3, 3] = low, 1
    labels = np.zeros(shape, np.uint16)
    for n, bone in enumerate(maps.BONES, start=1):
        labels[meshes.voxelise(shapes[bone.lower()], low, edge, shape)] = n
    masks = masks_of(labels, Grid(shape, affine), name="meshes")
    column = {bone: masks[n].largest() for n, bone in enumerate(maps.BONES, start=1)}
    bones = column_bones(column)
    assert column_problems(column) == []
    assert dens_problems(bones) == ([], True)
    errors = []
    for (level, side), center in truth.items():
        joint = Joint(level, Side(side))
        found = joint_between(joint, bones[joint.upper], bones[joint.lower], {})
        errors.append(np.linalg.norm(found.center_lps - center))
    assert len(errors) == 12
    assert np.median(errors) < 2.0
    assert max(errors) < 4.0


# --- DICOM Segmentation ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_a_coded_segmentation_is_read(kind, tmp_path):
    truth = maps.neck()
    path = maps.write_segmentation(tmp_path / "s.dcm", _bone_masks(), truth.ct.grid, kind=kind)
    spine = read_labels([path], truth.ct)
    assert list(spine.bones) == list(maps.BONES[:8])
    found = locate_with_labels(spine, truth.ct, None)
    assert np.median(_errors(found, truth)) < 1.2
    assert "segments" in found.facet("C5-C6", "left").source


def test_coded_processes_of_a_segmentation_are_used(tmp_path):
    truth = maps.neck()
    masks = _bone_masks()
    for (which, sign), label in maps.SUBREGIONS.items():
        for bone in maps.BONES[1:8]:
            part = masks[bone] & (truth.processes == label)
            if part.any():
                masks[f"{bone} {which} {'left' if sign > 0 else 'right'}"] = part
    path = maps.write_segmentation(
        tmp_path / "s.dcm", masks, truth.ct.grid, describe=maps.coded_process
    )
    found = locate_with_labels(read_labels([path], truth.ct), truth.ct, None)
    assert "articular processes" in found.facet("C4-C5", "left").source
    assert _errors(found, truth).max() < 1.5


def _named(number, name, *, text, code="51282000"):
    description = maps.coded(number, name)
    description.SegmentLabel = text.format(name)
    kind = description.SegmentedPropertyTypeCodeSequence[0]
    kind.CodeValue, kind.CodeMeaning = code, "as given"
    return description


def test_segments_may_be_told_by_their_names(tmp_path):
    truth = maps.neck()
    path = maps.write_segmentation(
        tmp_path / "s.dcm",
        _bone_masks(),
        truth.ct.grid,
        describe=lambda n, name: _named(n, name, text="vertebrae_{}"),
    )
    assert list(read_labels([path], truth.ct).bones) == list(maps.BONES[:8])


def test_codes_of_snomed_rt_are_known(tmp_path):
    truth = maps.neck()
    old = {f"C{n}": f"T-116{n}0" for n in range(1, 8)} | {"T1": "T-11710"}  # PS3.16 Annex O

    def describe(number, name):
        description = _named(number, name, text="bone", code=old[name])
        description.SegmentedPropertyTypeCodeSequence[0].CodingSchemeDesignator = "SRT"
        return description

    path = maps.write_segmentation(
        tmp_path / "s.dcm", _bone_masks(), truth.ct.grid, describe=describe
    )
    spine = read_labels([path], truth.ct)
    assert list(spine.bones) == list(maps.BONES[:8])
    assert "name themselves" in spine.source


def test_segments_without_names_are_numbers_of_a_convention(tmp_path):
    truth = maps.neck()
    path = maps.write_segmentation(
        tmp_path / "s.dcm",
        _bone_masks(),
        truth.ct.grid,
        describe=lambda n, name: _named(n, name, text="bone", code="272673000"),
    )
    spine = read_labels([path], truth.ct)
    assert list(spine.bones) == list(maps.BONES[:8])
    assert "VerSe" in spine.source


def test_code_and_name_of_a_segment_must_agree(tmp_path):
    truth = maps.neck()
    path = maps.write_segmentation(
        tmp_path / "s.dcm",
        _bone_masks(),
        truth.ct.grid,
        describe=lambda n, name: _named(n, name, text="C4", code=maps.SCT[name]),
    )
    with pytest.raises(FusionError, match="contradict each other"):
        read_labels([path], truth.ct)


def test_codes_that_contradict_the_anatomy_are_refused(tmp_path):
    truth = maps.neck()
    masks = _bone_masks()
    masks["C4"], masks["C6"] = masks["C6"], masks["C4"]
    path = maps.write_segmentation(tmp_path / "s.dcm", masks, truth.ct.grid)
    with pytest.raises(FusionError, match="do not make a spine"):
        read_labels([path], truth.ct)


def test_another_frame_of_reference_is_refused(tmp_path):
    truth = maps.neck()
    path = maps.write_segmentation(
        tmp_path / "s.dcm", _bone_masks(), truth.ct.grid, frame="1.2.3.99"
    )
    with pytest.raises(GeometryError, match="another coordinate system"):
        read_labels([path], truth.ct)
    grid = Grid(truth.ct.grid.shape, truth.ct.grid.affine)
    with pytest.raises(GeometryError, match="The CT states no coordinate system"):
        read_labels([path], replace(truth.ct, grid=grid))


def test_what_is_no_segmentation_is_refused(tmp_path):
    truth = maps.neck()
    text = tmp_path / "notes.txt"
    text.write_text("no label map")
    with pytest.raises(DicomError, match="neither NIfTI"):
        read_labels([text], truth.ct)
    with pytest.raises(FusionError, match="no file"):
        read_labels([tmp_path / "absent.nii.gz"], truth.ct)
    path = maps.write_segmentation(tmp_path / "s.dcm", _bone_masks(), truth.ct.grid)
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(path.read_bytes()[:-200_000])
    with pytest.raises(DicomError, match="cannot be read"):
        read_labels([cut], truth.ct)
    # Columns as a name: what stands there is noticed when the grid is asked for.
    columns = b"\x28\x00\x11\x00US\x02\x00"
    assert path.read_bytes().count(columns) == 1
    odd = path.read_bytes().replace(columns, columns.replace(b"US", b"PN"))
    (tmp_path / "odd.dcm").write_bytes(odd)
    with pytest.raises(DicomError, match="cannot be read"):
        read_labels([tmp_path / "odd.dcm"], truth.ct)
    fraction = maps.write_segmentation(
        tmp_path / "f.dcm", _bone_masks(), truth.ct.grid, kind="FRACTIONAL"
    )
    with pytest.raises(DicomError, match="FRACTIONAL"):
        read_labels([fraction], truth.ct)


# --- names ----------------------------------------------------------------------------------------


def test_a_click_renames_every_level_of_the_map(tmp_path):
    truth = maps.neck()
    spine = read_labels([_nifti(tmp_path, truth.labels("verse"))], truth.ct)
    body = truth.ct.grid.to_lps(np.argwhere(truth.bones == 6)).mean(axis=0)
    same = locate_with_labels(spine, truth.ct, None, SpineStatements({"C6": body}))
    assert same.numbering is Numbering.CONFIRMED
    assert np.median(_errors(same, truth)) < 1.2
    moved = locate_with_labels(spine, truth.ct, _neck(), SpineStatements({"C5": body}))
    confirmed = {f.joint.level for f in moved.facets if f.numbering is Numbering.CONFIRMED}
    # What is then called C7-T1 lies in the chest, where single vertebrae are not counted.
    assert confirmed >= {"C2-C3", "C3-C4", "C4-C5", "C5-C6", "C6-C7"}
    assert "click-contradicted" in {finding.code for finding in moved.findings}
    for new, old in (("C4-C5", "C5-C6"), ("C2-C3", "C3-C4"), ("C6-C7", "C7-T1")):
        center = moved.facet(new, "left").center_lps
        assert np.linalg.norm(center - truth.joints[old, "left"]) < 4.0
    assert moved.evidence[0].agrees is False
    assert "labels-renamed" in {finding.code for finding in moved.findings}


def test_clicks_that_disagree_or_miss_are_not_believed(tmp_path):
    truth = maps.neck()
    spine = read_labels([_nifti(tmp_path, truth.labels("verse"))], truth.ct)
    c4, c6 = (truth.ct.grid.to_lps(np.argwhere(truth.bones == n)).mean(axis=0) for n in (4, 6))
    found = locate_with_labels(spine, truth.ct, None, SpineStatements({"C4": c4, "C5": c6}))
    assert found.numbering is Numbering.PROVISIONAL
    assert "clicks-disagree" in {finding.code for finding in found.findings}
    with pytest.raises(FusionError, match="nearest labelled"):
        locate_with_labels(spine, truth.ct, None, SpineStatements({"C4": np.add(c4, (60, 0, 0))}))


@pytest.mark.parametrize("first", [3, pytest.param(4, marks=pytest.mark.thorough)])
def test_names_that_the_ct_contradicts_are_provisional_with_the_evidence(first, tmp_path):
    """A map that begins below C1 and is off by one looks like a spine; the CT knows better."""
    truth = maps.neck()
    labels = truth.labels("verse")
    slipped = np.where(labels >= first, labels - 1, 0).astype(np.uint8)
    found = locate_with_labels(
        read_labels([_nifti(tmp_path, slipped)], truth.ct), truth.ct, _neck()
    )
    assert found.numbering is Numbering.PROVISIONAL
    assert {f.numbering for f in found.facets} == {Numbering.PROVISIONAL}
    against = {piece.source for piece in found.evidence if piece.agrees is False}
    assert {"dens and atlas", "first ribs"} <= against
    assert {"numbering-provisional", "labels-contradicted"} <= {f.code for f in found.findings}
    # Nothing is mixed in from a count that says otherwise.
    assert all(f.source.startswith("label map") for f in found.facets)


def test_recorded_anomalies_reach_joints_from_labels(tmp_path):
    truth = maps.neck()
    spine = read_labels([_nifti(tmp_path, truth.labels("verse"))], truth.ct)
    anomalies = [Anomaly("fused", "C5-C6"), Anomaly("extra segment")]
    found = locate_with_labels(
        spine, truth.ct, _neck(), SpineStatements(anomalies=tuple(anomalies))
    )
    assert {found.facet("C5-C6", side).status for side in Side} == {Status.FUSED}
    assert found.facet("C7-T1", "left").numbering is Numbering.PROVISIONAL
    assert found.numbering is Numbering.PROVISIONAL


def test_metal_over_a_joint_is_said(tmp_path):
    truth = maps.neck()
    stored = truth.ct.stored.copy()
    k, j, i = np.rint(truth.ct.grid.to_kji(truth.joints["C4-C5", "left"])).astype(int)
    stored[k - 3 : k + 4, j - 3 : j + 4, i - 3 : i + 4] = 3000
    ct = replace(truth.ct, stored=stored)
    spine = read_labels([_nifti(tmp_path, truth.labels("verse"))], ct)
    found = locate_with_labels(spine, ct, None)
    assert found.facet("C4-C5", "left").status is Status.OBSCURED
    assert found.facet("C4-C5", "right").status is Status.FOUND


# --- refusals -------------------------------------------------------------------------------------


def _only(labels: np.ndarray, low: int, high: int) -> np.ndarray:
    return np.where((labels >= low) & (labels <= high), labels, 0).astype(np.uint8)


def _exchanged(labels: np.ndarray, a: int, b: int) -> np.ndarray:
    table = np.arange(256, dtype=np.uint8)
    table[[a, b]] = b, a
    return table[labels]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda n: n.labels("verse")[::-1], "does not lie below"),
        (lambda n: n.labels("verse")[:, ::-1], "do not lie on the bones"),
        (lambda n: _mirrored(n.labels("verse")), "mirrored left to right"),
        (lambda n: np.where(n.labels("verse") > 1, n.labels("verse") - 1, 0), "no dens"),
        (lambda n: np.where(n.bones == 4, 0, n.labels("verse")), "C4 missing"),
        (lambda n: _exchanged(n.labels("verse"), 3, 4), "mm apart"),
        (lambda n: n.bones.astype(bool) * 7, "no spine"),
        (lambda n: np.zeros_like(n.bones), "no label"),
        (lambda n: np.clip(n.ct.stored, 0, 3000), "so many"),
        (lambda n: n.ct.stored, "whole numbers"),
        (lambda n: n.processes, "articular processes without"),
        (lambda n: _only(n.labels("totalsegmentator"), 42, 43), "fewer than two"),
    ],
)
def test_a_map_that_is_no_spine_is_refused(change, words, tmp_path):
    truth = maps.neck()
    labels = np.ascontiguousarray(change(truth)).astype(np.int16)
    with pytest.raises(FusionError, match=words):
        read_labels([_nifti(tmp_path, labels)], truth.ct)


@pytest.mark.parametrize(
    ("convention", "low", "high", "names"),
    [
        ("totalsegmentator-v1", 34, 37, ["C5", "C6", "C7", "T1"]),
        ("totalspineseg", 13, 17, ["C3", "C4", "C5", "C6", "C7"]),
    ],
)
def test_an_ambiguous_sequence_asks_for_the_convention(convention, low, high, names, tmp_path):
    truth = maps.neck()
    path = _nifti(tmp_path, _only(truth.labels(convention), low, high))
    with pytest.raises(FusionError, match="--label-convention .*" + convention):
        read_labels([path], truth.ct)
    assert list(read_labels([path], truth.ct, label_convention=convention).bones) == names


def test_discs_tell_the_convention_that_vertebrae_alone_do_not(tmp_path):
    truth = maps.neck()
    labels = _only(truth.labels("totalspineseg"), 13, 17)
    middle = [truth.ct.grid.to_lps(np.argwhere(truth.bones == n)).mean(axis=0) for n in (4, 5)]
    k, j, i = np.rint(truth.ct.grid.to_kji(np.mean(middle, axis=0) - (0, 14, 0))).astype(int)
    labels[k - 1 : k + 2, j - 4 : j + 5, i - 6 : i + 7] = 65
    spine = read_labels([_nifti(tmp_path, labels)], truth.ct)
    assert "TotalSpineSeg" in spine.source


def test_a_stated_convention_is_checked_too(tmp_path):
    truth = maps.neck()
    path = _nifti(tmp_path, truth.labels("verse"))
    with pytest.raises(FusionError, match="read as TotalSpineSeg, is not a spine"):
        read_labels([path], truth.ct, label_convention="totalspineseg")
    with pytest.raises(FusionError, match="is one of totalsegmentator"):
        read_labels([path], truth.ct, label_convention="mine")


def test_sides_of_processes_are_checked_against_the_spine(tmp_path):
    truth = maps.neck()
    bones = _nifti(tmp_path, truth.labels("verse"), name="v.nii.gz")
    exchanged = _exchanged(_exchanged(truth.processes, 45, 46), 47, 48)
    with pytest.raises(GeometryError, match="mirrored, or left and right are exchanged"):
        read_labels([bones, _nifti(tmp_path, exchanged, name="p.nii.gz")], truth.ct)
    mirrored = [
        _nifti(tmp_path, _mirrored(truth.labels("verse")), name="vm.nii.gz"),
        _nifti(tmp_path, _mirrored(truth.processes), name="pm.nii.gz"),
    ]
    with pytest.raises(GeometryError, match="mirrored, or left and right are exchanged"):
        read_labels(mirrored, truth.ct)
    with pytest.raises(GeometryError, match="do not belong together"):
        read_labels([bones, _nifti(tmp_path, truth.processes[::-1], name="u.nii.gz")], truth.ct)
    one = np.where((truth.processes == 45) & (truth.bones == 5), 46, truth.processes)
    with pytest.raises(GeometryError, match=r"superior process of C5.*mixes sides up"):
        read_labels([bones, _nifti(tmp_path, one, name="o.nii.gz")], truth.ct)
    upside = _exchanged(_exchanged(truth.processes, 45, 47), 46, 48)
    with pytest.raises(GeometryError, match="upside down"):
        read_labels([bones, _nifti(tmp_path, upside, name="t.nii.gz")], truth.ct)
    with pytest.raises(FusionError, match="one has to hold vertebrae"):
        read_labels([bones, bones], truth.ct)


@pytest.mark.parametrize(
    ("shift", "words"),
    [((400, 0, 0), "do not lie on this CT"), ((0, 0, 3), "3 mm further to the feet")],
)
def test_labels_off_the_bones_of_the_ct_are_refused(shift, words, tmp_path):
    truth = maps.neck()
    affine = truth.ct.grid.affine.copy()
    affine[:3, 3] += shift
    path = maps.write_nifti(
        tmp_path / "m.nii.gz", truth.labels("verse"), Grid(truth.ct.grid.shape, affine)
    )
    with pytest.raises(GeometryError, match=words):
        read_labels([path], truth.ct)


# --- NIfTI headers --------------------------------------------------------------------------------


def _small(folder: Path) -> Path:
    """A tiny oblique map; header offsets below are those of nifti1.h."""
    image = sitk.GetImageFromArray(np.arange(60, dtype=np.uint8).reshape(5, 4, 3))
    image.SetSpacing((0.5, 0.7, 2.0))
    image.SetOrigin((11.0, -22.0, 33.0))
    turn = sitk.Euler3DTransform((0, 0, 0), 0.2, -0.3, 0.4)
    image.SetDirection(turn.GetMatrix())
    sitk.WriteImage(image, str(folder / "small.nii"))
    return folder / "small.nii"


def _patched(path: Path, *changes: tuple[int, str, float]) -> Path:
    data = bytearray(path.read_bytes())
    for offset, layout, value in changes:
        struct.pack_into("<" + layout, data, offset, value)
    path.write_bytes(bytes(data))
    return path


def test_voxels_lie_where_simpleitk_puts_them(tmp_path):
    path = _small(tmp_path)
    oracle = sitk.ReadImage(str(path))
    found = read_nifti(path)
    for i, j, k in np.ndindex(3, 4, 5):
        value = oracle.GetPixel(i, j, k)
        if value:
            point = oracle.TransformIndexToPhysicalPoint((i, j, k))
            assert np.allclose(found.masks[value].points_lps[0], point, atol=1e-4)


@pytest.mark.parametrize("kept", ["qform", "sform"])
def test_either_statement_of_place_is_enough(kept, tmp_path):
    path = _small(tmp_path)
    both = read_nifti(path).grid.affine
    _patched(path, (254 if kept == "qform" else 252, "h", 0))
    assert np.allclose(read_nifti(path).grid.affine, both, atol=1e-3)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([(252, "h", 0), (254, "h", 0)], "does not state where it lies"),
        ([(268, "f", 40.0)], "states its place twice"),
        ([(254, "h", 4)], "space of an atlas"),
        ([(252, "h", 0), (284, "f", 0.25)], "not perpendicular|voxel edges"),
        ([(80, "f", 0.9)], "voxel edges"),
        ([(80, "f", float("nan"))], "voxel edges"),
        ([(123, "B", 3)], "micrometres"),
        ([(292, "f", float("inf"))], "not a number"),
        ([(40, "h", 4), (48, "h", 3)], "dimensions"),
        ([(70, "h", 128)], "type 128"),
        ([(112, "f", 2.0)], "scales its values"),
        ([(42, "h", 32000), (44, "h", 32000), (46, "h", 32000)], "no label map of a neck"),
        ([(42, "h", 300)], "cut short"),
        ([(42, "h", -3)], "no label map"),
        ([(108, "f", -5.0)], "damaged"),
        ([(108, "f", float("nan"))], "begin at byte nan"),
        ([(108, "f", 351.0)], "begin at byte 351"),
        ([(108, "f", 2.0**20 + 1)], "begin at byte 1.0"),
        ([(70, "h", 1536)], "type 1536"),
        ([(70, "h", 999)], "type 999"),
        ([(254, "h", 0), (256, "f", 2.0)], "quaternion of small.nii is no rotation"),
        ([(254, "h", 0), (256, "f", float("nan"))], "no rotation|not a number"),
        ([(80, "f", -0.5)], "voxel edges"),
        ([(123, "B", 1)], "metres"),
        ([(344, "B", 0)], "one file"),
        ([(0, "i", 7)], "does not begin"),
    ],
)
def test_a_header_that_leaves_the_place_open_is_refused(changes, words, tmp_path):
    with pytest.raises(FusionError, match=words):
        read_nifti(_patched(_small(tmp_path), *changes))


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("order", ["<", ">"])
def test_both_versions_and_byte_orders_say_the_same(version, order, tmp_path):
    path = _small(tmp_path)
    expected = read_nifti(path)
    kind = nib.Nifti1Image if version == 1 else nib.Nifti2Image
    source = nib.load(path)
    header = kind.header_class(endianness=order)
    header.set_xyzt_units("mm")
    other = kind(np.asarray(source.dataobj), source.affine, header)
    other.set_qform(source.affine, 1)
    other.set_sform(source.affine, 1)
    other.set_data_dtype(np.dtype(np.int16).newbyteorder(order))
    nib.save(other, tmp_path / "other.nii.gz")
    found = read_nifti(tmp_path / "other.nii.gz")
    assert np.allclose(found.grid.affine, expected.grid.affine, atol=1e-5)
    assert sorted(found.masks) == sorted(expected.masks)
    assert np.allclose(found.masks[59].points_lps, expected.masks[59].points_lps, atol=1e-4)
    assert not [one for one in found.findings if one.code == "labels-unit-assumed"]


def test_a_third_axis_that_was_not_said_to_turn_does_not(tmp_path):
    # nifti1.h: pixdim[0], "if qfac is 0, then it is taken to be 1"; programs leave it 0.
    path = _small(tmp_path)
    expected = read_nifti(path).grid.affine
    zero = read_nifti(_patched(path, (76, "f", 0.0), (254, "h", 0)))
    assert np.allclose(zero.grid.affine, expected, atol=1e-3)
    with pytest.raises(GeometryError, match="states its place twice"):
        read_nifti(_patched(_small(tmp_path), (76, "f", -1.0)))


def test_a_place_that_differs_by_half_a_millimetre_is_refused(tmp_path):
    # Offset 268 is qoffset_x; LPS x is −11 in RAS.
    read_nifti(_patched(_small(tmp_path), (268, "f", -11.0 + 0.4)))
    with pytest.raises(GeometryError, match=r"a corner 0\.6 mm apart"):
        read_nifti(_patched(_small(tmp_path), (268, "f", -11.0 + 0.6)))


def test_the_unit_of_time_is_of_no_interest(tmp_path):
    found = read_nifti(_patched(_small(tmp_path), (123, "B", 2 + 8 * 7)))
    assert not [one for one in found.findings if one.code == "labels-unit-assumed"]
    said = read_nifti(_patched(_small(tmp_path), (123, "B", 0))).findings
    assert "labels-unit-assumed" in [one.code for one in said]


def test_a_sheared_matrix_is_refused(tmp_path):
    path = tmp_path / "tilted.nii"
    sitk.WriteImage(sitk.GetImageFromArray(np.ones((4, 4, 4), np.uint8)), str(path))
    # Rows of the matrix: the third axis leans by 12 degrees, as a tilted gantry makes it.
    lean = np.radians(12)
    changes = [(252, "h", 0), (280 + 16 + 8, "f", np.sin(lean)), (280 + 32 + 8, "f", np.cos(lean))]
    with pytest.raises(GeometryError, match="not perpendicular"):
        read_nifti(_patched(path, *changes))


def test_a_packed_file_that_holds_less_than_it_claims_is_refused(tmp_path):
    path = _small(tmp_path)
    packed = tmp_path / "short.nii.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()[:-10]))
    with pytest.raises(FusionError, match="cut short"):
        read_nifti(packed)
    packed.write_bytes(gzip.compress(path.read_bytes())[:-30])
    with pytest.raises(FusionError, match="cut short"):
        read_nifti(packed)


def test_fractions_are_no_labels(tmp_path):
    path = tmp_path / "p.nii.gz"
    sitk.WriteImage(sitk.GetImageFromArray(np.full((4, 4, 4), 0.25, np.float32)), str(path))
    with pytest.raises(FusionError, match="fractions"):
        read_nifti(path)
    whole = tmp_path / "w.nii.gz"
    sitk.WriteImage(sitk.GetImageFromArray(np.full((4, 4, 4), 3.0, np.float64)), str(whole))
    assert list(read_nifti(whole).masks) == [3]


# --- the command ----------------------------------------------------------------------------------


@pytest.mark.thorough
def test_the_command_takes_joints_from_a_label_map(tmp_path, capsys):
    parameters = NeckParameters(seed=3)
    study = make_study(tmp_path / "study", neck=parameters, scan=COARSE_SCAN)
    painted = maps.neck(parameters, COARSE_SCAN)
    path = maps.write_nifti(
        tmp_path / "labels.nii.gz", painted.labels("totalsegmentator"), painted.ct.grid, axes="RAS"
    )
    folder = str(study.folder)
    options = ["--labels", str(path), "--reference", "other-side", "--least-grade", "2"]
    assert main(["facets", folder, "--json", *options]) == 0
    document = json.loads(capsys.readouterr().out)
    joints = {Joint(j["level"], Side(j["side"])): j for j in document["joints"]}
    assert list(joints) == list(JOINTS)
    truth = {(j.level, j.side): j.center_lps for j in study.joints}
    for joint in JOINTS[4:]:
        error = np.subtract(joints[joint]["center_lps"], truth[joint.level, joint.side.value])
        assert np.linalg.norm(error) < 5.0
        assert "labels.nii.gz" in joints[joint]["source"]
        assert joints[joint]["uptake"] is not None
    assert document["numbering_evidence"][0]["source"] == "label map"
    settings = document["settings"]
    assert settings["reference"] == "same joint of the other side"
    assert (settings["least_grade"], settings["status"]) == (2, "not validated")
    assert all(proposal["grade"] >= 2 for proposal in document["proposals"])
    assert main(["facets", folder, "--labels", str(path), "--label-convention", "cads"]) == 3
    assert "read as CADS" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--label-convention", "verse"], "goes with --labels"),
        (["--reference", "region"], "belong together"),
        (["--reference", "bone", "--region", "1,2,3"], "belong together"),
        (["--region", "1,2"], "X,Y,Z"),
        (["--region", "1,2,3,400"], "2 to 50 mm"),
        (["--grade-ratios", "3,2,1"], "have to rise"),
        (["--grade-ratios", "a,b,c"], "three rising numbers"),
        (["--least-grade", "7"], "0, 1, 2 or 3"),
        (["--least-excess", "-1"], "0 or more"),
        (["--radius", "nan"], "radius_mm"),
        (["--resolution", "90"], "resolution_mm"),
    ],
)
def test_settings_out_of_range_are_refused(options, words, tmp_path, capsys):
    assert main(["facets", str(tmp_path), *options, "--json"]) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert words in json.loads(told.out)["error"]["message"]
