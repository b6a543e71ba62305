"""Spatial Registrations of other writers: used when they fit, refused when they do not add up."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeformableSpatialRegistrationStorage

import fusion
from fusion.dicom.candidate import Pair
from fusion.dicom.catalog import scan
from fusion.dicom.pairing import pair
from fusion.dicom.series import Catalog, Kind
from fusion.dicom.stored_registration import StoredRegistration, find_stored_registration
from fusion.errors import GeometryError
from fusion.export.review_record import review_json
from fusion.findings import Finding
from fusion.registration import Method
from tests.dicom import ct_objects as ct
from tests.dicom import nm_objects as nm
from tests.dicom.registration_objects import Side, registration, turn, write
from tests.studies import FRAME, write_ct, write_nm

#: Functional volume to CT: what every good object below says in its own way.
TRUTH = turn(7.0, axis=2, shift=(3.0, -4.0, 5.0)) @ turn(-5.0, axis=0)
OTHER_FRAME, THIRD_FRAME, MR_FRAME = "1.2.3.4.5.8", "1.2.3.4.5.9", "1.2.3.4.5.10"
ONE = np.eye(4)
#: Some other rigid transform, to a third frame.
AWAY = turn(-20.0, axis=1, shift=(100.0, 20.0, -30.0))


@dataclass
class Opened:
    catalog: Catalog
    pair: Pair
    stored: StoredRegistration | None
    unused: tuple[Finding, ...]

    @property
    def transform(self) -> np.ndarray:
        assert self.stored is not None, self.unused
        return self.stored.transform.matrix

    @property
    def codes(self) -> set[str]:
        return {f.code for f in (*self.unused, *(self.stored.findings if self.stored else ()))}


@dataclass
class StudyOnDisk:
    """A small CT and NM, in one frame or in two, and objects put beside them."""

    folder: Path
    ct_images: list[str]
    nm_image: str
    nm_frame: str | None

    def put(self, dataset: Dataset, name: str = "reg.dcm") -> Path:
        return write(dataset, self.folder / name)

    def open(self) -> Opened:
        catalog = scan(self.folder)
        chosen = pair(catalog)
        return Opened(catalog, chosen, *find_stored_registration(catalog, chosen))


def study(folder: Path, *, nm_frame: str | None) -> StudyOnDisk:
    images: dict[int, str] = {}

    def note(k: int, ds: Dataset) -> None:
        images[k] = str(ds.SOPInstanceUID)

    write_ct(folder, positions=ct.stacked(count=5), edit=note)
    volume = nm.recon()
    if nm_frame is None:
        del volume.FrameOfReferenceUID
    else:
        volume.FrameOfReferenceUID = nm_frame
    write_nm(folder, dataset=volume)
    return StudyOnDisk(folder, list(images.values()), str(volume.SOPInstanceUID), nm_frame)


@pytest.fixture
def two_frames(tmp_path: Path) -> StudyOnDisk:
    return study(tmp_path, nm_frame=OTHER_FRAME)


@pytest.fixture
def one_frame(tmp_path: Path) -> StudyOnDisk:
    return study(tmp_path, nm_frame=FRAME)


Arrange = Callable[[StudyOnDisk], Dataset]
TWO_FRAMES: dict[str, Arrange] = {
    "to the CT, both sides": lambda s: registration(
        FRAME, [Side(FRAME, s.ct_images), Side(OTHER_FRAME, [s.nm_image], [TRUTH])]
    ),
    "to the CT, moving side alone": lambda s: registration(
        FRAME, [Side(OTHER_FRAME, matrices=[TRUTH])]
    ),
    "to the CT, other reconstructions listed": lambda s: registration(
        FRAME, [Side(FRAME, ["1.9.1"]), Side(OTHER_FRAME, ["1.9.2"], [TRUTH])]
    ),
    "to the CT, images without frames": lambda s: registration(
        FRAME, [Side(None, s.ct_images), Side(None, [s.nm_image], [TRUTH])]
    ),
    "to the SPECT": lambda s: registration(
        OTHER_FRAME, [Side(OTHER_FRAME), Side(FRAME, matrices=[np.linalg.inv(TRUTH)])]
    ),
    "to the SPECT, CT alone": lambda s: registration(
        OTHER_FRAME, [Side(FRAME, s.ct_images, [np.linalg.inv(TRUTH)])]
    ),
    "to a third frame": lambda s: registration(
        THIRD_FRAME,
        [Side(FRAME, matrices=[AWAY]), Side(OTHER_FRAME, matrices=[AWAY @ TRUTH])],
    ),
    "with an MR beside them": lambda s: registration(
        FRAME,
        [Side(MR_FRAME, ["1.9.3"], [AWAY]), Side(OTHER_FRAME, matrices=[TRUTH]), Side(FRAME)],
    ),
    "in two shifts, whose order does not matter": lambda s: registration(
        FRAME,
        [Side(OTHER_FRAME, matrices=[turn(0, shift=(1, 0, 2)), turn(0, shift=(0, 3, 0))])],
    ),
}
ONE_FRAME: dict[str, Arrange] = {
    "to the CT, both sides": lambda s: registration(
        FRAME, [Side(FRAME, s.ct_images), Side(FRAME, [s.nm_image], [TRUTH])]
    ),
    "to the CT, moving side alone": lambda s: registration(
        FRAME, [Side(FRAME, [s.nm_image], [TRUTH])]
    ),
    "to the CT, some of its slices": lambda s: registration(
        FRAME, [Side(FRAME, s.ct_images[1:3]), Side(FRAME, [s.nm_image], [TRUTH])]
    ),
    "to the SPECT": lambda s: registration(
        FRAME, [Side(FRAME, [s.nm_image]), Side(FRAME, s.ct_images, [np.linalg.inv(TRUTH)])]
    ),
    "to the SPECT, CT alone": lambda s: registration(
        FRAME, [Side(FRAME, s.ct_images, [np.linalg.inv(TRUTH)])]
    ),
    "to a third frame": lambda s: registration(
        THIRD_FRAME,
        [Side(FRAME, s.ct_images, [AWAY]), Side(FRAME, [s.nm_image], [AWAY @ TRUTH])],
    ),
}


def assert_truth(matrix: np.ndarray, truth: np.ndarray = TRUTH, *, within_mm: float = 1e-6) -> None:
    # The field of the functional volume reaches about 100 mm from the origin.
    points = np.array(list(np.ndindex(2, 2, 2))) * 200.0 - 100.0
    moved = points @ matrix[:3, :3].T + matrix[:3, 3]
    expected = points @ truth[:3, :3].T + truth[:3, 3]
    assert np.abs(moved - expected).max() <= within_mm


@pytest.mark.parametrize("name", TWO_FRAMES)
def test_every_arrangement_of_two_frames_gives_the_same(two_frames, name) -> None:
    two_frames.put(TWO_FRAMES[name](two_frames))
    opened = two_frames.open()
    truth = turn(0, shift=(1, 3, 2)) if "two shifts" in name else TRUTH
    assert_truth(opened.transform, truth)
    assert opened.codes == {"stored-registration"}
    assert opened.stored.label == "reg.dcm"


@pytest.mark.parametrize("name", ONE_FRAME)
def test_every_arrangement_of_one_frame_gives_the_same(one_frame, name) -> None:
    one_frame.put(ONE_FRAME[name](one_frame))
    opened = one_frame.open()
    assert_truth(opened.transform)
    # It says that only the images decided, and that the scanner put it elsewhere.
    assert opened.codes == {
        "stored-registration",
        "stored-registration-by-images",
        "stored-registration-large",
    }


def test_a_functional_volume_without_a_frame_is_found_by_its_images(tmp_path) -> None:
    frameless = study(tmp_path, nm_frame=None)
    frameless.put(registration(FRAME, [Side(FRAME), Side(None, [frameless.nm_image], [TRUTH])]))
    assert_truth(frameless.open().transform)


def test_the_finding_names_file_date_and_method(one_frame) -> None:
    one_frame.put(ONE_FRAME["to the CT, both sides"](one_frame))
    (used,) = [f for f in one_frame.open().stored.findings if f.code == "stored-registration"]
    assert "reg.dcm of 2024-03-12 (Visual Alignment)" in used.message
    assert f"{np.degrees(np.arccos((np.trace(TRUTH[:3, :3]) - 1) / 2)):.1f}°" in used.message
    assert "--ignore-stored-registration" in used.message


def test_registrations_are_listed_as_such(one_frame) -> None:
    one_frame.put(ONE_FRAME["to the CT, both sides"](one_frame))
    kinds = [series.kind for study in scan(one_frame.folder).studies for series in study.series]
    assert kinds.count(Kind.REGISTRATION) == 1


# --- objects about something else ---------------------------------------------------------------


def test_a_registration_of_others_is_not_used(one_frame) -> None:
    one_frame.put(registration(FRAME, [Side(FRAME, one_frame.ct_images), Side(MR_FRAME, ["1.9"])]))
    one_frame.put(registration(FRAME, [Side(MR_FRAME, matrices=[AWAY])]), "2.dcm")
    one_frame.put(registration(THIRD_FRAME, [Side(FRAME, matrices=[AWAY])]), "3.dcm")
    opened = one_frame.open()
    assert opened.stored is None
    (finding,) = opened.unused
    assert finding.code == "stored-registration-of-others"
    assert finding.message.startswith("3 stored registration")


@pytest.mark.parametrize("ct_listed", [True, False])
def test_other_images_of_the_same_frame_are_not_taken_for_the_chosen(one_frame, ct_listed) -> None:
    # A derived copy or a second reconstruction may already be where the matrix would put it.
    images = one_frame.ct_images if ct_listed else ["1.9.1"]
    one_frame.put(registration(FRAME, [Side(FRAME, images), Side(FRAME, ["1.9.2"], [TRUTH])]))
    opened = one_frame.open()
    assert opened.stored is None
    (finding,) = opened.unused
    assert finding.code == "stored-registration-refused"
    assert "other images" in finding.message
    assert "--spect" in finding.message


@pytest.mark.parametrize(
    ("case", "used"), [("to the CT, both sides", True), ("to the CT, moving side alone", False)]
)
def test_filed_under_another_study_it_is_used_only_where_it_names_these_images(
    case: str, used: bool, two_frames: StudyOnDisk
) -> None:
    good = TWO_FRAMES[case](two_frames)
    good.StudyInstanceUID = "1.2.3.4.99"
    two_frames.put(good)
    assert (two_frames.open().stored is not None) is used


# --- objects that must not be used --------------------------------------------------------------


def with_matrix(matrix: np.ndarray, *more: np.ndarray) -> Arrange:
    return lambda s: registration(FRAME, [Side(FRAME), Side(OTHER_FRAME, (), [matrix, *more])])


def edited(edit: Callable[[Dataset], None]) -> Arrange:
    def arrange(s: StudyOnDisk) -> Dataset:
        ds = TWO_FRAMES["to the CT, both sides"](s)
        edit(ds)
        return ds

    return arrange


def step(ds: Dataset) -> Dataset:
    return ds.RegistrationSequence[1].MatrixRegistrationSequence[0]


def set_matrix(value: object) -> Callable[[Dataset], None]:
    def edit(ds: Dataset) -> None:
        step(ds).MatrixSequence[0].FrameOfReferenceTransformationMatrix = value

    return edit


def twice(ds: Dataset) -> None:
    ds.RegistrationSequence[1].MatrixRegistrationSequence.append(step(ds))


SHEAR = np.eye(4)
SHEAR[0, 1] = 0.01
BAD: dict[str, tuple[Arrange, str]] = {
    "scaling": (with_matrix(np.diag([1.002, 1.002, 1.002, 1])), "scales or shears"),
    "scaling along one axis": (with_matrix(np.diag([1, 1, 0.99, 1])), "0.9900"),
    "shear": (with_matrix(SHEAR), "scales or shears"),
    "mirror": (with_matrix(np.diag([-1, 1, 1, 1])), "mirrors left and right"),
    "nothing left": (with_matrix(np.diag([0, 0, 0, 1])), "scales or shears"),
    "last row": (with_matrix(np.vstack([TRUTH[:3], [0, 0, 0.1, 1]])), "last row"),
    "last row by a little": (with_matrix(np.vstack([TRUTH[:3], [0, 0, 2e-6, 1]])), "last row"),
    "column-major": (with_matrix(TRUTH.T), "last row"),
    "far away": (with_matrix(turn(0, shift=(0, 0, 2e4))), "more than 10 m"),
    "order matters": (with_matrix(TRUTH, AWAY), "order"),
    "fifteen numbers": (edited(set_matrix(["1"] * 15)), "15 values; expected 16"),
    "empty matrix": (edited(set_matrix(None)), "no transform"),
    "two registrations of one side": (edited(twice), "2 registrations; expected 1"),
    "no matrix": (edited(lambda ds: setattr(step(ds), "MatrixSequence", [])), "no transform"),
    "no items": (edited(lambda ds: setattr(ds, "RegistrationSequence", [])), "no Registration"),
    "another patient": (edited(lambda ds: setattr(ds, "PatientID", "2")), "another patient"),
    "deformable": (
        edited(lambda ds: setattr(ds, "SOPClassUID", DeformableSpatialRegistrationStorage)),
        "bends",
    ),
    "the CT under the frame of the SPECT": (
        lambda s: registration(
            FRAME, [Side(FRAME), Side(OTHER_FRAME, [s.ct_images[0], s.nm_image], [TRUTH])]
        ),
        "another coordinate system",
    ),
    "one image at two places": (
        lambda s: registration(
            FRAME,
            [Side(FRAME), *(Side(OTHER_FRAME, [s.nm_image], [m]) for m in (TRUTH, AWAY))],
        ),
        "more than one position",
    ),
    "one frame at two places": (
        lambda s: registration(
            FRAME, [Side(FRAME), *(Side(OTHER_FRAME, (), [m]) for m in (TRUTH, AWAY))]
        ),
        "more than one position",
    ),
    "the registered frame moves": (
        lambda s: registration(
            FRAME, [Side(FRAME, ["1.9"], [AWAY]), Side(OTHER_FRAME, [s.nm_image], [TRUTH])]
        ),
        "within their own coordinate system",
    ),
}


@pytest.mark.parametrize("off", [1e-17, -9e-10, 2e-9, 6e-8, -9e-7])
def test_rounding_in_the_last_row_is_none_of_the_transform(two_frames, off) -> None:
    def noisy(ds: Dataset) -> None:
        values = step(ds).MatrixSequence[0].FrameOfReferenceTransformationMatrix
        values[12], values[15] = off, 1 + off

    two_frames.put(edited(noisy)(two_frames))
    opened = two_frames.open()
    assert_truth(opened.transform)
    assert opened.codes == {"stored-registration"}


def undeformed(ds: Dataset) -> None:
    """As a deformable object whose grids were left out."""
    ds.SOPClassUID = DeformableSpatialRegistrationStorage
    ds.DeformableRegistrationSequence = []
    for rigid in ds.RegistrationSequence:
        item, before = Dataset(), Dataset()
        item.SourceFrameOfReferenceUID = rigid.FrameOfReferenceUID
        item.ReferencedImageSequence = rigid.ReferencedImageSequence
        (one,) = rigid.MatrixRegistrationSequence[0].MatrixSequence
        before.FrameOfReferenceTransformationMatrixType = "RIGID"
        before.FrameOfReferenceTransformationMatrix = one.FrameOfReferenceTransformationMatrix
        item.PreDeformationMatrixRegistrationSequence = [before]
        item.DeformableRegistrationGridSequence = []
        ds.DeformableRegistrationSequence.append(item)
    del ds.RegistrationSequence


def test_a_deformable_registration_without_a_grid_is_the_rigid_one_that_it_holds(
    two_frames,
) -> None:
    two_frames.put(edited(undeformed)(two_frames))
    opened = two_frames.open()
    assert_truth(opened.transform)
    assert opened.codes == {"stored-registration"}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_add_up_is_refused_in_words(two_frames, name) -> None:
    arrange, words = BAD[name]
    two_frames.put(arrange(two_frames))
    opened = two_frames.open()
    assert opened.stored is None
    (finding,) = opened.unused
    assert finding.code == "stored-registration-refused"
    assert "reg.dcm" in finding.message
    assert words in finding.message
    # There is nothing to fall back on, and the sentence says why.
    with pytest.raises(GeometryError, match="--register") as refusal:
        fusion.open_study(two_frames.folder)
    assert words in str(refusal.value)


@pytest.mark.parametrize("values", [["1"] * 15 + ["nan"], ["inf"] + ["1"] * 15, ["x"] * 16])
def test_what_is_not_a_number_is_refused(two_frames, values) -> None:
    path = two_frames.put(edited(set_matrix(["700"] * 16))(two_frames))
    good = b"\\".join([b"700"] * 16)
    bad = "\\".join(values).encode().ljust(len(good))
    content = path.read_bytes()
    assert content.count(good) == 1
    assert len(bad) == len(good)
    path.write_bytes(content.replace(good, bad))
    opened = two_frames.open()
    assert opened.stored is None
    (finding,) = opened.unused
    assert finding.code == "stored-registration-refused"
    assert "number" in finding.message


@pytest.mark.slow
def test_damaged_files_never_stop_the_study(two_frames) -> None:
    path = two_frames.put(TWO_FRAMES["to the CT, both sides"](two_frames))
    good = path.read_bytes()
    chance = random.Random(5)
    for _ in range(60):
        bad = bytearray(good)
        for _ in range(chance.randint(1, 8)):
            bad[chance.randrange(400, len(bad))] = chance.randrange(256)
        path.write_bytes(bytes(bad[: chance.choice([len(bad), chance.randrange(400, len(bad))])]))
        opened = two_frames.open()
        if opened.stored is not None:
            rotation = opened.transform[:3, :3]
            assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
            assert np.linalg.det(rotation) > 0


@pytest.mark.parametrize("decimals", [4, 5, 8])
def test_rounding_is_made_exactly_rigid(two_frames, decimals) -> None:
    two_frames.put(
        registration(FRAME, [Side(FRAME), Side(OTHER_FRAME, (), [TRUTH], decimals=decimals)])
    )
    opened = two_frames.open()
    rotation = opened.transform[:3, :3]
    assert np.abs(rotation @ rotation.T - np.eye(3)).max() < 1e-12
    # Half a unit of the last decimal in three entries, 100 mm from the origin.
    assert_truth(opened.transform, within_mm=0.5 * 10**-decimals * (3 * 100 + 1) * 1.5)


def test_coarse_rounding_is_said(two_frames) -> None:
    rough = TRUTH.copy()
    rough[:3, :3] = TRUTH[:3, :3] * 1.0004
    two_frames.put(registration(FRAME, [Side(FRAME), Side(OTHER_FRAME, (), [rough])]))
    opened = two_frames.open()
    assert opened.codes == {"stored-registration", "stored-registration-rounded"}
    # The centre of the functional volume stays exactly where the matrix puts it.
    center = opened.pair.spect.grid.center_lps
    assert opened.stored.transform.apply(center) == pytest.approx(
        rough[:3, :3] @ center + rough[:3, 3], abs=1e-9
    )


# --- several ------------------------------------------------------------------------------------


def dated(s: StudyOnDisk, name: str, matrix: np.ndarray, date: str, time: str) -> None:
    s.put(
        registration(FRAME, [Side(FRAME), Side(OTHER_FRAME, (), [matrix])], date=date, time=time),
        name,
    )


def test_the_latest_is_used_and_named(two_frames) -> None:
    dated(two_frames, "a.dcm", AWAY, "20240312", "235959")
    dated(two_frames, "b.dcm", TRUTH, "20240313", "080000.5")
    dated(two_frames, "c.dcm", ONE, "20240313", "080000")
    dated(two_frames, "d.dcm", ONE, "", "")
    opened = two_frames.open()
    assert_truth(opened.transform)
    (several,) = [f for f in opened.stored.findings if f.code == "stored-registrations-differ"]
    assert several.severity.label == "warning"
    assert "4 stored registrations" in several.message
    assert "b.dcm" in several.message


def test_copies_that_agree_are_no_question(two_frames) -> None:
    for name in ("a.dcm", "b.dcm"):
        dated(two_frames, name, TRUTH, "20240312", "101500")
    assert two_frames.open().codes == {"stored-registration"}


def test_two_of_one_moment_that_differ_are_a_question(two_frames) -> None:
    dated(two_frames, "a.dcm", TRUTH, "20240312", "101500")
    dated(two_frames, "b.dcm", AWAY, "20240312", "101500")
    with pytest.raises(GeometryError, match=r"a\.dcm.*b\.dcm.*--ignore-stored-registration"):
        two_frames.open()


# --- opening a study ----------------------------------------------------------------------------


def test_a_study_opens_with_the_one_it_comes_with(one_frame) -> None:
    one_frame.put(ONE_FRAME["to the CT, both sides"](one_frame))
    review = fusion.open_study(one_frame.folder)
    assert review.fused.registration.method is Method.STORED
    assert_truth(review.fused.registration.transform.matrix)
    assert "stored-registration" in {finding.code for finding in review.findings}
    assert review_json(review)["registration"]["method"] == "stored Spatial Registration"


def test_it_can_be_ignored(one_frame) -> None:
    one_frame.put(ONE_FRAME["to the CT, both sides"](one_frame))
    review = fusion.open_study(one_frame.folder, ignore_stored_registration=True)
    assert review.fused.registration.method is Method.SHARED_FRAME
    assert np.array_equal(review.fused.registration.transform.matrix, np.eye(4))
    assert "stored-registration-ignored" in {finding.code for finding in review.findings}


def test_a_refused_one_leaves_the_shared_frame_and_a_warning(one_frame) -> None:
    mirrored = np.diag([-1.0, 1, 1, 1])
    one_frame.put(
        registration(
            FRAME, [Side(FRAME, one_frame.ct_images), Side(FRAME, [one_frame.nm_image], [mirrored])]
        )
    )
    review = fusion.open_study(one_frame.folder)
    assert review.fused.registration.method is Method.SHARED_FRAME
    (finding,) = [f for f in review.findings if f.code == "stored-registration-refused"]
    assert finding.severity.label == "warning"
    assert "mirrors" in finding.message
