"""Pictures of joints: the point in the middle, and the patient's left on the right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fusion.annotations.target import Decision
from fusion.export.report.overview import overview
from fusion.export.report.pictures import PLANES, PictureText, picture
from fusion.opening import open_study
from fusion.review import Review
from tests.export.handed import COLD, HOT, HOT_LPS, target_at
from tests.viewer.marked_study import BALLS, FFS, HFP, HFS, MIDDLE_LPS, ct_lattice, write_study

WORDS = PictureText(title="test")
#: Margin around the image area of a picture, pixels.
MARGIN = 44


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Review:
    return open_study(write_study(tmp_path_factory.mktemp("pictures")))


def colored(image: np.ndarray) -> np.ndarray:
    """Where uptake is drawn hot: bright, with red over blue, or white."""
    return image[..., 0] > 240


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("field_mm", [None, 60.0, 90.0])
def test_the_cross_stands_on_the_point(review: Review, axis: int, field_mm: float | None) -> None:
    side = 400
    drawn = picture(
        review.fused, axis, point_lps=HOT_LPS, words=WORDS, field_mm=field_mm, side_px=side
    )
    image = np.asarray(drawn)[MARGIN:, MARGIN:]
    shape = [review.fused.display_grid.shape[n] for n in range(3) if n != axis]
    spacing = [review.fused.display_grid.spacing_mm[n] for n in range(3) if n != axis]
    size = np.array(shape) * spacing if field_mm is None else np.full(2, field_mm)
    height, width = (np.rint(size * side / size.max())).astype(int)
    area = image[:height, :width]
    green = (area[..., 1] == 220) & (area[..., 0] == 90)
    cross = np.argwhere(green).mean(axis=0)
    hot = np.argwhere(colored(area))
    near = hot[np.linalg.norm(hot - cross, axis=1) < 12 * side / size.max()]
    assert np.linalg.norm(near.mean(axis=0) - cross) * size.max() / side < 2.0, PLANES[axis]


@pytest.mark.parametrize("orientation", [HFS, FFS, HFP])
def test_left_is_on_the_right_of_the_overview(
    tmp_path: Path, orientation: tuple[float, ...]
) -> None:
    """The ball at the patient's left, the mark at its point and its name: all on the right."""
    review = open_study(write_study(tmp_path, ct=ct_lattice(orientation)))
    right = target_at(review, COLD, MIDDLE_LPS - BALLS["left"], decision=Decision.NEGATIVE, grade=0)
    targets = [target_at(review, HOT, HOT_LPS), right]
    image = np.asarray(
        overview(review.fused, targets, spect_label="SPECT", simulated=False), dtype=int
    )
    middle = image.shape[1] / 2
    orange = np.argwhere((image == (255, 120, 60)).all(axis=-1))
    blue = np.argwhere((image == (120, 170, 255)).all(axis=-1))
    assert orange[:, 1].min() > middle > blue[:, 1].max()
    gray = (image[..., 0] == image[..., 1]) & (image[..., 1] == image[..., 2])
    light = gray & (image[..., 0] > 200)
    columns = np.flatnonzero(light.sum(axis=0) > 40)
    field = image[:, columns.min() : columns.max(), 0]
    rows = np.flatnonzero((field > 200).mean(axis=1) > 0.5)
    dark = np.argwhere(field[rows.min() : rows.max()] < 80)
    assert (dark[:, 1] + columns.min() > middle).sum() > 50
    # Nothing of the patient lies to the right of the middle but one ball in the midline.
    assert (dark[:, 1] + columns.min() < middle - 60).sum() == 0


def test_a_decision_outside_the_field_does_not_break_it(review: Review) -> None:
    far = target_at(review, HOT, MIDDLE_LPS + np.array([900.0, 0.0, 900.0]))
    image = overview(review.fused, [far], spect_label="SPECT", simulated=True)
    assert image.width > 0
