"""Registration of simulated pictures whose true transform is known."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset
from scipy import ndimage

from fusion.errors import Cancelled, GeometryError, RegistrationFailed
from fusion.findings.alignment import (
    ALIGNMENT_DOUBTED,
    REGISTRATION_NOT_NEEDED,
    STORED_REGISTRATION,
)
from fusion.geometry import Grid, RigidTransform, Volume
from fusion.opening import open_study
from fusion.progress import Progress
from fusion.registration import (
    Method,
    NeckCorrection,
    Registration,
    Trust,
    adjusted,
    checked,
    register,
    shared_frame,
)
from fusion.registration.evidence import RegistrationEvidence
from fusion.registration.expectation import ct_model
from fusion.registration.mutual_information import independent_opinion
from fusion.registration.neck_field import find_neck
from fusion.registration.search import Search
from fusion.registration.trust import objection
from fusion.resampling import Resampler
from tests.dicom.ct_objects import write_series
from tests.volumes import affine, volume

pytestmark = pytest.mark.slow

CT_SPACING = (3.0, 2.0, 2.0)
CT_SHAPE = (60, 90, 90)
JOINTS = np.array([(x, 10.0, z) for x in (-18, 18) for z in (-40, -24, -8, 8, 24, 40)])


@pytest.fixture(scope="module")
def necks():
    """Return a CT of a column of bony blocks in a neck, and the same as a tracer distribution.

    Not the program's own phantom: boxes and ellipsoids, asymmetric, so that every direction is
    told apart.
    """
    kji = np.indices(CT_SHAPE).transpose(1, 2, 3, 0) * CT_SPACING
    z, y, x = np.moveaxis(kji - kji.reshape(-1, 3).mean(axis=0), -1, 0)
    hu = np.full(CT_SHAPE, -1000.0)
    # A body that narrows from the shoulders to the neck and widens again to the head.
    width = 52 + 30 / (1 + np.exp((z + 45) / 6)) + 14 / (1 + np.exp((45 - z) / 6))
    hu[(x / width) ** 2 + (y / 58) ** 2 < 1] = 40
    uptake = np.where(hu > 0, 0.15, 0.0)
    rng = np.random.default_rng(5)
    for level in range(-4, 5):
        for side, width in ((-1, 9), (1, 9), (0, 14)):
            bone = (
                (abs(z - 16 * level) < 5.5)
                & (abs(x - 18 * side) < width)
                & (abs(y - (10 if side else -5) - 2 * level) < 8)
            )
            hu[bone] = rng.uniform(400, 700)
            uptake[bone] = rng.uniform(0.7, 1.3)
    skull = (x / 60) ** 2 + ((y + 5) / 52) ** 2 + ((z - 95) / 40) ** 2
    hu[(skull < 1) & (skull > 0.8)] = 800
    uptake[(skull < 1) & (skull > 0.8)] = 0.6
    for side in (-1, 1):  # clavicles
        rod = (y + 15) ** 2 + (z + 70 + 0.2 * abs(x)) ** 2 < 36
        hu[rod & (x * side > 15) & (x * side < 80)] = 500
        uptake[rod & (x * side > 15) & (x * side < 80)] = 0.8
    hu[(abs(x) < 4) & (abs(y - 35) < 14) & (abs(z) < 70)] = 500  # spinous processes
    hu[(x - 30) ** 2 + (y + 30) ** 2 + (z - 60) ** 2 < 15**2] = 600  # one side of the jaw
    uptake[(x - 30) ** 2 + (y + 30) ** 2 + (z - 60) ** 2 < 15**2] = 1.0
    uptake[(x + 18) ** 2 + (y - 12) ** 2 + (z - 16) ** 2 < 6**2] = 6.0  # a hot joint on the right
    origin = -(np.array(CT_SHAPE[::-1]) - 1) / 2 * np.array(CT_SPACING[::-1])
    matrix = affine(spacing_kji=CT_SPACING, origin_lps=origin)
    ct = volume(hu.astype(np.int16), matrix, unit="HU", modality="CT")
    sigma = 10 / 2.3548 / np.array(CT_SPACING)
    blurred = ndimage.gaussian_filter(uptake, sigma)
    counts = rng.poisson(blurred * 200).astype(np.float32)
    return ct, volume(counts, matrix)


def moved(spect, truth: RigidTransform, *, step=4.2, frame="1.2.3"):
    """Return the tracer as a camera would see it had the patient lain elsewhere."""
    shape = (44, 44, 44)
    matrix = affine(spacing_kji=(-step, step, step), origin_lps=(-90, -90, 90))
    target = volume(np.zeros(shape, np.float32), matrix, frame=frame)
    # truth maps the moved frame to the CT frame, so the moved picture is resampled by its inverse.
    values = Resampler(spect, target.grid, transform=truth.inverse()).array()
    return volume(np.nan_to_num(values), matrix, frame=frame)


def is_identity(transform: RigidTransform) -> bool:
    return np.array_equal(transform.matrix, np.eye(4))


def joint_error_mm(found: RigidTransform, truth: RigidTransform) -> float:
    # Where a joint of the CT is in the moved frame, brought back by what was found.
    return float(np.linalg.norm(found.apply(truth.inverse().apply(JOINTS)) - JOINTS, axis=1).max())


@pytest.mark.parametrize(
    "truth",
    [
        RigidTransform.identity(),
        RigidTransform.from_euler(translation_mm=(6, -9, 7)),
        RigidTransform.from_euler(rotation_deg=(4, -3, 6), translation_mm=(-5, 4, -8)),
    ],
    ids=["aligned", "shifted", "turned"],
)
def test_finds_the_true_transform(necks, truth) -> None:
    ct, spect = necks
    result = register(ct, moved(spect, truth))
    if result.method is Method.SHARED_FRAME:
        assert is_identity(truth)
    assert joint_error_mm(result.transform, truth) < 1.5
    assert result.quality.correlation >= result.search.start_quality.correlation
    # The independent method knows the truth as little, and ends beside it.
    independent = result.search.evidence.independent.transform
    assert joint_error_mm(independent, truth) < 2.5
    assert "A second, independent method ends" in result.search.recommendation
    assert result.status is Trust.NO_INCONSISTENCY
    codes = [f.code for f in result.findings]
    assert codes[0] in ("registered", "registration-not-needed")
    assert codes[1:] == ["second-method-agrees"]


def cut_in_eight(coarse: Volume) -> Volume:
    """Return the same picture in voxels of half the size."""
    finer = coarse.grid.affine.copy()
    finer[:3, :3] /= 2
    finer[:3, 3] -= finer[:3, :3].sum(axis=1) / 2
    return volume(coarse.stored.repeat(2, 0).repeat(2, 1).repeat(2, 2), finer)


def test_a_large_picture_is_searched_in_voxels_that_its_resolution_has_a_use_for(
    necks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each voxel of a usual SPECT cut into eight: the same search, to the same bits."""
    ct, spect = necks
    usual = moved(spect, RigidTransform.from_euler(translation_mm=(6, -9, 7)))
    monkeypatch.setattr("fusion.registration.search._LARGE", usual.stored.size)
    fine = cut_in_eight(usual)
    found = register(ct, fine)
    assert np.array_equal(found.transform.matrix, register(ct, usual).transform.matrix)
    # Voxels of 2.6 mm, of which two are more than 5, are left as they are; so is a small picture.
    source = ct_model(ct)
    neck = find_neck(source)
    large = cut_in_eight(moved(spect, RigidTransform.identity(), step=5.2))
    np.testing.assert_allclose(Search(source, large, neck).spect.grid.spacing_mm, 2.6)
    monkeypatch.setattr("fusion.registration.search._LARGE", fine.stored.size)
    np.testing.assert_allclose(Search(source, fine, neck).spect.grid.spacing_mm, 2.1)


def test_a_tilted_gantry_is_straightened_first(necks) -> None:
    ct, spect = necks
    slant = np.tan(np.radians(12)) * CT_SPACING[0]
    sheared = ct.grid.affine.copy()
    sheared[1, 0] += slant
    sheared[1, 3] -= slant * CT_SHAPE[0] / 2
    values = Resampler(ct, Grid(CT_SHAPE, sheared, "1.2.3")).array()
    tilted = volume(
        np.nan_to_num(values, nan=-1000).astype(np.int16), sheared, unit="HU", modality="CT"
    )
    assert not tilted.grid.is_orthogonal
    truth = RigidTransform.from_euler(translation_mm=(6, -9, 7))
    assert joint_error_mm(register(tilted, moved(spect, truth)).transform, truth) < 1.5


def test_repeats_bit_for_bit(necks) -> None:
    ct, spect = necks
    other = moved(spect, RigidTransform.from_euler(translation_mm=(3, 5, -4)))
    first, second = register(ct, other), register(ct, other)
    assert np.array_equal(first.transform.matrix, second.transform.matrix)
    ends = [one.search.evidence.independent.transform.matrix for one in (first, second)]
    assert np.array_equal(*ends)


def test_both_transforms_are_kept_side_by_side(necks) -> None:
    ct, spect = necks
    truth = RigidTransform.from_euler(translation_mm=(6, -9, 7))
    result = register(ct, moved(spect, truth))
    assert is_identity(result.start)
    assert result.transform is result.search.proposal
    assert is_identity(result.with_start().transform)
    assert result.with_start().with_proposal() == result
    assert result.search.recommendation.startswith("Use the proposal")
    document = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert document["status"] == "no inconsistency found"
    assert "accurate" not in json.dumps(document)
    assert document["start_matrix_lps"] == np.eye(4).tolist()
    assert len(document["uncertainty_mm"]) == 12


def test_uncertainty_covers_the_error_and_says_what_is_in_use(necks) -> None:
    ct, spect = necks
    truth = RigidTransform.from_euler(rotation_deg=(3, 2, -4), translation_mm=(6, -9, 7))
    result = register(ct, moved(spect, truth))
    said = result.uncertainty_mm_at(JOINTS)
    assert said.shape == (12,)
    assert (said <= 3).all()
    error = np.linalg.norm(result.transform.apply(truth.inverse().apply(JOINTS)) - JOINTS, axis=1)
    assert (error <= said).all()
    # The identity, 12 mm away, is contradicted by the images, and says so.
    start = result.with_start()
    assert start.status is Trust.DO_NOT_TRUST
    (asking,) = start.choice_findings
    assert asking.code == "images-ask-elsewhere"
    assert "mm from it in the neck" in asking.message
    # A harmless word about it, such as that the proposal fits no better, takes no warning's place.
    harmless = REGISTRATION_NOT_NEEDED(moved_mm=4.2, ending="")
    searched = replace(result.search, start_findings=(harmless,))
    kept = replace(result, search=searched).with_start()
    assert kept.choice_findings == (harmless, asking)
    warned = ALIGNMENT_DOUBTED(reason="Sides are not told.")
    searched = replace(result.search, start_findings=(warned,))
    assert replace(result, search=searched).with_start().choice_findings == (warned,)
    assert np.isinf(start.uncertainty_mm_at(JOINTS)).all()
    assert np.isnan(shared_frame(ct, spect).uncertainty_mm_at(JOINTS)).all()


def test_what_is_said_is_said_of_the_alignment_in_use(necks) -> None:
    ct, spect = necks

    def codes(registration: Registration) -> set[str]:
        return {finding.code for finding in registration.findings} - {"second-method-agrees"}

    # Two millimetres: the proposal is used, and the scanner's alignment is not contradicted.
    near = register(ct, moved(spect, RigidTransform.from_euler(translation_mm=(2, 0, 0))))
    assert codes(near) == {"registered"}
    assert codes(near.with_start()) == {"alignment-checked"}
    assert codes(near.with_start().with_proposal()) == {"registered"}
    asked = near.search.distance_mm(near.start)
    (checked_note,) = near.with_start().choice_findings
    assert dict(checked_note.values)["away_mm"] == pytest.approx(asked)
    by_hand = adjusted(near, translation_mm=(0, 0, 1), pivot_lps=(0, 0, 0))
    assert codes(by_hand) == set()
    # Nothing to mend: "keep the scanner's alignment" goes with it.
    kept = register(ct, spect)
    assert codes(kept) == codes(kept.with_proposal().with_start()) == {"registration-not-needed"}
    assert codes(kept.with_proposal()) == {"registered"}
    # What was refused and is put into use all the same is doubted.
    matrix = affine(spacing_kji=(4, 4, 4), origin_lps=(-90, -90, -90))
    nothing = np.random.default_rng(0).poisson(20, (45, 45, 45)).astype(np.float32)
    refused = register(ct, volume(nothing, matrix))
    assert codes(refused) == codes(refused.with_start()) == {"registration-rejected"}
    assert codes(refused.with_proposal()) == {"alignment-doubted"}


def stored(transform: RigidTransform) -> Registration:
    note = STORED_REGISTRATION(spect="SPECT", registration="reg.dcm", moved="")
    return Registration(transform, Method.STORED, origin_findings=(note,))


def test_a_stored_registration_is_measured_and_stays_in_use(necks) -> None:
    ct, spect = necks
    truth = RigidTransform.from_euler(rotation_deg=(2, -3, 3), translation_mm=(7, -6, 5))
    other = moved(spect, truth)
    found = checked(ct, other, stored(truth))
    assert found.method is Method.STORED
    np.testing.assert_array_equal(found.transform.matrix, truth.matrix)
    assert found.status is Trust.NO_INCONSISTENCY
    assert [f.code for f in found.findings] == [
        "stored-registration",
        "stored-registration-checked",
        "second-method-agrees",
    ]
    assert found.quality.correlation > found.search.start_quality.correlation
    assert (found.uncertainty_mm_at(JOINTS) <= 3).all()
    # Moved by hand it still comes from there, and was not measured there any more.
    nudged = adjusted(found, translation_mm=(1, 0, 0), pivot_lps=(0, 0, 0))
    assert [f.code for f in nudged.findings] == ["stored-registration", "second-method-agrees"]
    # Both others are offered, and the scanner's alignment is contradicted.
    assert joint_error_mm(found.with_proposal().transform, truth) < 1
    assert found.with_proposal().status is Trust.NO_INCONSISTENCY
    assert is_identity(found.with_start().transform)
    assert found.with_start().status is Trust.DO_NOT_TRUST


def test_a_wrong_stored_registration_is_doubted_and_stays_in_use(necks) -> None:
    ct, spect = necks
    wrong = RigidTransform.from_euler(translation_mm=(0, 0, 9))
    found = checked(ct, spect, stored(wrong))
    np.testing.assert_array_equal(found.transform.matrix, wrong.matrix)
    assert found.status is Trust.DO_NOT_TRUST
    assert [f.code for f in found.choice_findings] == ["stored-registration-doubted"]
    assert "9." in found.search.recommendation or "8." in found.search.recommendation
    assert np.isinf(found.uncertainty_mm_at(JOINTS)).all()
    # What the images ask for is offered as what it is.
    assert found.with_proposal().status is Trust.NO_INCONSISTENCY
    assert joint_error_mm(found.with_proposal().transform, RigidTransform.identity()) < 1


def test_the_scanners_alignment_is_doubted_only_where_the_images_speak_against_it(
    necks, monkeypatch
) -> None:
    ct, spect = necks
    found = checked(ct, spect, shared_frame(ct, spect))
    assert is_identity(found.transform)
    assert found.status is Trust.NO_INCONSISTENCY
    assert [f.code for f in found.findings][-2:] == ["alignment-checked", "second-method-agrees"]
    assert found.search.recommendation.startswith("Keep the alignment in use: the images put")
    # That they cannot tell it better than by a little more than 3 mm is a number, and no doubt.
    monkeypatch.setattr(Registration, "uncertainty_mm_at", lambda _self, points: np.full(12, 3.3))
    assert checked(ct, spect, shared_frame(ct, spect)).status is Trust.NO_INCONSISTENCY
    assert checked(ct, spect, stored(RigidTransform.identity())).status is Trust.DO_NOT_TRUST
    away = checked(
        ct,
        moved(spect, RigidTransform.from_euler(translation_mm=(0, 0, 4))),
        shared_frame(ct, spect),
    )
    assert away.status is Trust.DO_NOT_TRUST
    assert [f.code for f in away.choice_findings] == ["alignment-doubted"]
    assert away.search.recommendation.startswith("Do not trust the alignment in use: ")


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 30, 2), (20, 20, 20)])
def test_a_stored_registration_that_cannot_be_measured_is_doubted(necks, shape) -> None:
    ct, _ = necks
    nothing = volume(
        np.zeros(shape, np.uint16), affine(spacing_kji=(4, 4, 4), origin_lps=(0, 0, 0))
    )
    found = checked(ct, nothing, stored(RigidTransform.identity()))
    assert found.status is Trust.DO_NOT_TRUST
    assert found.search.evidence is None
    json.dumps(found.to_json(), allow_nan=False)


def test_a_ct_of_nothing_but_metal_is_doubted_in_a_sentence() -> None:
    # Nothing beside metal is compared; here that leaves no voxel at all.
    grid = affine(spacing_kji=(3, 3, 3), origin_lps=(0, 0, 0))
    metal = volume(np.full((20, 20, 20), 3000, np.int16), grid, unit="HU", modality="CT")
    counts = np.random.default_rng(1).poisson(20, (20, 20, 20)).astype(np.uint16)
    found = checked(metal, volume(counts, grid), stored(RigidTransform.identity()))
    assert found.status is Trust.DO_NOT_TRUST
    assert "hardly overlap" in found.search.recommendation


def bent(spect, bend_deg: float):
    """Return the tracer of a patient who flexes between z = −60 and 60 mm, resampled once."""
    grid = spect.grid
    kji = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    straight = unbend(grid.to_lps(kji), bend_deg)
    values = ndimage.map_coordinates(
        spect.stored, np.moveaxis(grid.to_kji(straight), -1, 0), order=1
    )
    return volume(values.astype(np.float32), grid.affine)


def bend(points, bend_deg: float):
    """Turn every point about the x axis through (10, −60), the more the higher it is."""
    angle = np.radians(bend_deg) * np.clip((points[..., 2] + 60) / 120, 0, 1)
    y, z = points[..., 1] - 10, points[..., 2] + 60
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([points[..., 0], 10 + c * y - s * z, -60 + s * y + c * z], axis=-1)


def unbend(points, bend_deg: float):
    guess = points.copy()
    for _ in range(12):  # fixed point: the bend is far smaller than the arm
        guess += points - bend(guess, bend_deg)
    return guess


def test_a_neck_that_bent_is_seen_and_the_correction_offered(necks) -> None:
    ct, spect = necks
    result = register(ct, bent(spect, 7.0))
    there = bend(JOINTS, 7.0)

    def error(native):
        return np.linalg.norm(native - there, axis=1)

    # The whole patient is a compromise; of all rigid transforms the one for the neck is proposed.
    whole = error(result.search.evidence.found.inverse().apply(JOINTS))
    rigid = error(result.search.proposal.inverse().apply(JOINTS))
    assert whole.max() > 2.5
    assert rigid.max() < 0.75 * whole.max()
    assert result.status is Trust.NECK_MOTION
    assert "possible-neck-motion" in [f.code for f in result.findings]
    # Offered, never the default: one transform everywhere until somebody asks for more.
    assert result.method is Method.CORRELATION
    assert result.transform_at(JOINTS[0]) is result.transform
    corrected = result.with_neck_correction()
    assert corrected.method is Method.NECK
    native = np.array([corrected.transform_at(p).inverse().apply(p) for p in JOINTS])
    assert error(native).max() < 0.75 * rigid.max()
    assert np.median(error(native)) < 0.8
    np.testing.assert_allclose(native, result.search.neck.to_native(JOINTS), atol=1e-9)
    # What is left level by level turns round somewhere along the neck.
    shifts = np.array([level.shift_lps[1] for level in result.search.evidence.levels])
    assert shifts.min() < -0.5
    assert shifts.max() > 0.5
    assert (error(native) <= corrected.uncertainty_mm_at(JOINTS) + 0.5).all()


def test_pieces_blend_without_a_step_and_stay_rigid() -> None:
    lower = RigidTransform.from_euler(rotation_deg=(1, -2, 3), translation_mm=(2, 1, -1))
    upper = RigidTransform.from_euler(rotation_deg=(9, 2, -4), translation_mm=(-1, 3, 2))
    neck = NeckCorrection(lower, upper, -40.0, 60.0, np.array([3.0, 10.0, 0.0]))
    np.testing.assert_allclose(neck.transform_at((3, 10, -70)).matrix, lower.matrix, atol=1e-12)
    np.testing.assert_allclose(neck.transform_at((3, 10, 90)).matrix, upper.matrix, atol=1e-9)
    heights = np.linspace(-45, 65, 221)
    line = np.array([(20.0, 12.0, z) for z in heights])
    step = np.linalg.norm(np.diff(neck.to_native(line), axis=0), axis=1)
    assert np.abs(step - 0.5).max() < 0.15  # half a mm apart on the CT, so on the SPECT
    # On the axis: the mean of both by height, as documented.
    middle = neck.transform_at((3, 10, 10)).inverse().apply((3, 10, 10))
    both = (lower.inverse().apply((3, 10, 10)) + upper.inverse().apply((3, 10, 10))) / 2
    np.testing.assert_allclose(middle, both, atol=1e-9)


def test_nearest_rigid_is_a_least_squares_fit_without_reflection() -> None:
    lower = RigidTransform.from_euler(rotation_deg=(1, -2, 3), translation_mm=(2, 1, -1))
    upper = RigidTransform.from_euler(rotation_deg=(9, 2, -4), translation_mm=(-1, 3, 2))
    neck = NeckCorrection(lower, upper, -40.0, 60.0, np.array([3.0, 10.0, 0.0]))
    native = neck.to_native(JOINTS)
    nearest = neck.nearest_rigid(JOINTS)
    # Oracle: Kabsch 1976, by singular values.
    u, _, vt = np.linalg.svd((JOINTS - JOINTS.mean(axis=0)).T @ (native - native.mean(axis=0)))
    rotation = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt
    np.testing.assert_allclose(nearest.matrix[:3, :3], rotation, atol=1e-9)
    np.testing.assert_allclose(nearest.apply(native.mean(axis=0)), JOINTS.mean(axis=0), atol=1e-9)
    same = NeckCorrection(upper, upper, -40.0, 60.0, np.zeros(3))
    np.testing.assert_allclose(same.nearest_rigid(JOINTS).matrix, upper.matrix, atol=1e-9)


def test_the_search_imports_no_compiler() -> None:
    """It would take longer to import than the search takes."""
    code = "import sys; from fusion.registration import register; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_mirrored_neck_is_refused_where_it_can_be_seen(necks) -> None:
    """Upside down, back to front, and left to right: these necks are turned and hot on one side."""
    ct, spect = necks
    for axis in (0, 1, 2):
        flipped = volume(np.ascontiguousarray(np.flip(spect.stored, axis)), spect.grid.affine)
        result = register(ct, flipped)
        assert result.status is Trust.DO_NOT_TRUST
        assert is_identity(result.transform)
        assert result.findings[0].code == "registration-rejected"
        assert np.isinf(result.uncertainty_mm_at(JOINTS)).all()


@pytest.mark.parametrize("factor", [(1.1, 1.1, 1.1), (1.1, 1, 1), (1, 1.1, 1.1), (0.9, 0.9, 0.9)])
def test_voxels_of_another_size_are_refused(necks, factor) -> None:
    """(k, j, i): a spacing that a writer got wrong, in all directions, along or across."""
    ct, spect = necks
    affine = spect.grid.affine.copy()
    affine[:3, :3] *= factor
    affine[:3, 3] += spect.grid.center_lps - Grid(spect.grid.shape, affine).center_lps
    result = register(ct, volume(spect.stored, affine))
    assert result.status is Trust.DO_NOT_TRUST
    assert is_identity(result.transform)


def on_disk(folder: Path, of: Volume, *, pet: bool) -> None:
    """Write a volume as axial slices of one study and frame; a PET of technetium."""

    def place(k: int, ds: Dataset) -> None:
        ds.StudyInstanceUID, ds.FrameOfReferenceUID = "1.2.3.4", "1.2.3.4.5"
        ds.PatientName, ds.PatientID = "No^Body", "1"
        if pet:
            code, tracer = Dataset(), Dataset()
            code.CodeValue, code.CodingSchemeDesignator = "72454002", "SCT"
            code.CodeMeaning = "Technetium Tc^99m^"
            tracer.RadionuclideCodeSequence, tracer.Radiopharmaceutical = [code], "Tc-99m HDP"
            ds.RadiopharmaceuticalInformationSequence = [tracer]

    positions = of.grid.to_lps([(k, 0, 0) for k in range(of.grid.shape[0])])
    written = write_series(folder, positions, pet=pet, edit=place)
    for path, plane in zip(written.paths, of.stored, strict=True):
        ds = pydicom.dcmread(path)
        ds.PixelSpacing = [float(mm) for mm in of.grid.spacing_mm[1:]]
        ds.Rows, ds.Columns = plane.shape
        ds.PixelData = np.rint(plane + (0 if pet else 1024)).astype("<i2").tobytes()
        ds.save_as(path)


@pytest.mark.thorough
def test_a_mirrored_spect_that_is_stored_as_pet_is_refused_from_its_files(necks, tmp_path) -> None:
    ct, spect = necks
    flipped = volume(np.ascontiguousarray(np.flip(spect.stored, 1)), spect.grid.affine)
    on_disk(tmp_path / "ct", ct, pet=False)
    on_disk(tmp_path / "pet", flipped, pet=True)
    review = open_study(tmp_path, register=True)
    assert review.fused.spect.source.modality == "PT"
    result = review.fused.registration
    assert result.status is Trust.DO_NOT_TRUST
    assert is_identity(result.transform)
    assert "registration-rejected" in {finding.code for finding in review.findings}


def test_a_hot_spot_outside_the_patient_moves_nothing(necks) -> None:
    ct, spect = necks
    plain = register(ct, moved(spect, RigidTransform.from_euler(translation_mm=(3, 5, -4))))
    hot = moved(spect, RigidTransform.from_euler(translation_mm=(3, 5, -4)))
    hot.stored[20:23, 2:5, 2:5] = 50 * hot.stored.max()
    result = register(ct, hot)
    away = result.search.proposal.apply(JOINTS) - plain.search.proposal.apply(JOINTS)
    assert np.linalg.norm(away, axis=1).max() < 0.5


def test_a_real_hybrid_scan_stays_where_the_scanner_put_it(shared_data) -> None:
    review = open_study(shared_data / "petct_discovery_st")
    truth = RigidTransform.from_euler(rotation_deg=(3, -2, 4), translation_mm=(9, -7, 6))
    spect, grid = review.fused.spect, review.fused.spect.grid
    affine_moved = truth.inverse().matrix @ grid.affine
    other = Volume(
        Grid(grid.shape, affine_moved, grid.frame_of_reference_uid),
        spect.stored,
        spect.slope,
        spect.intercept,
        spect.unit,
        spect.source,
    )
    result = register(review.fused.ct, other)
    points = result.search.evidence.neck.reference_points_lps
    away = result.search.proposal.apply(truth.inverse().apply(points)) - points
    assert np.linalg.norm(away, axis=1).max() < 3


def test_different_frames_start_from_the_centres(necks) -> None:
    ct, spect = necks
    truth = RigidTransform.from_euler(translation_mm=(5, -4, 6))
    result = register(ct, moved(spect, truth, frame="9.9"))
    assert joint_error_mm(result.transform, truth) < 1.5


def test_noise_is_refused_and_the_shared_frame_kept(necks) -> None:
    ct, _ = necks
    rng = np.random.default_rng(0)
    matrix = affine(spacing_kji=(4, 4, 4), origin_lps=(-90, -90, -90))
    nothing = rng.poisson(20, (45, 45, 45)).astype(np.float32)
    kept = register(ct, volume(nothing, matrix))
    assert is_identity(kept.transform)
    assert kept.method is Method.SHARED_FRAME
    assert [f.code for f in kept.findings] == ["registration-rejected"]
    with pytest.raises(RegistrationFailed, match="not shown together"):
        register(ct, volume(nothing, matrix, frame="9.9"))


def test_upside_down_is_refused(necks) -> None:
    ct, spect = necks
    upside_down = RigidTransform.from_euler(rotation_deg=(180, 0, 0))
    with pytest.raises(RegistrationFailed):
        register(ct, moved(spect, upside_down, frame="9.9"))


def test_what_only_its_own_uncertainty_speaks_against_is_not_used(
    necks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real search, whose blocks of tissue pull 5.2 mm apart: 3.1 mm more on what was said."""
    ct, spect = necks
    truth = RigidTransform.from_euler(translation_mm=(6, -9, 7))
    other = moved(spect, truth)
    run = Search.run

    def torn(self: Search, starts: np.ndarray) -> RegistrationEvidence:
        return replace(run(self, starts), covariance=np.diag([9.0, 9.0, 9.0, 0, 0, 0]))

    monkeypatch.setattr(Search, "run", torn)
    kept = register(ct, other)
    assert objection(kept.search.evidence, kept.search.proposal) is None
    assert kept.method is Method.SHARED_FRAME
    assert is_identity(kept.transform)
    assert kept.status is Trust.DO_NOT_TRUST
    assert "its uncertainty in the neck is 4." in kept.search.recommendation
    assert "(limit 3 mm)" in kept.findings[0].message
    assert kept.with_proposal().status is Trust.DO_NOT_TRUST
    found = checked(ct, other, stored(truth))
    assert found.status is Trust.DO_NOT_TRUST
    assert found.with_proposal().status is Trust.DO_NOT_TRUST
    with pytest.raises(RegistrationFailed, match=r"limit 3 mm.*not shown together"):
        register(ct, moved(spect, truth, frame="9.9"))


def test_an_independent_method_that_gives_no_answer_says_so(necks) -> None:
    ct, spect = necks
    far = RigidTransform.from_euler(translation_mm=(0, 0, 900))
    source = ct_model(ct)
    said = independent_opinion(
        source, spect, proposal=far, start=far, center_lps=np.zeros(3), report=Progress()
    )
    assert said.transform is None
    assert said.problem == "the two volumes overlap too little for it"


def test_nothing_is_left_of_the_independent_method_when_it_has_ended(necks) -> None:
    """A window asks it for each study; the library would hold both volumes of every one."""
    ct, spect = necks
    gc.collect()
    before = sum(type(one) is sitk.ImageRegistrationMethod for one in gc.get_objects())
    far = RigidTransform.from_euler(translation_mm=(0, 0, 900))
    independent_opinion(
        ct_model(ct), spect, proposal=far, start=far, center_lps=np.zeros(3), report=Progress()
    )
    gc.collect()
    after = sum(type(one) is sitk.ImageRegistrationMethod for one in gc.get_objects())
    assert after == before


def test_the_independent_method_can_be_cancelled(necks) -> None:
    ct, spect = necks
    steps = []

    def cancel(fraction: float, step: str) -> None:
        steps.append(fraction)
        if len(steps) == 3:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        independent_opinion(
            ct_model(ct),
            spect,
            proposal=RigidTransform.identity(),
            start=None,
            center_lps=np.zeros(3),
            report=Progress(cancel),
        )
    assert len(steps) == 3


def test_shared_frame_is_the_identity_and_never_assumed(necks) -> None:
    ct, spect = necks
    assert is_identity(shared_frame(ct, spect).transform)
    for frame in ("9.9", None):
        with pytest.raises(GeometryError, match="--register"):
            shared_frame(ct, moved(spect, RigidTransform.identity(), frame=frame))


def test_cancel_stops_the_search(necks) -> None:
    ct, spect = necks
    seen = []

    def cancel(fraction: float, step: str) -> None:
        seen.append(fraction)
        if fraction > 0.3:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        register(ct, spect, progress=cancel)
    assert max(seen) < 0.9
