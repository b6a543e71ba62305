"""Where things are on the screen: the tests that keep left from right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

import fusion

from . import marked_study
from .marked_study import BALLS, FFS, HFP, HFS, MIDDLE_LPS, NODDING, ct_lattice, spect_lattice

#: What a radiologist expects of each plane: unit steps (right, down) on the screen.
EXPECTED = {
    "Axial": {"left": (1, 0), "posterior": (0, 1)},
    "Coronal": {"left": (1, 0), "head": (0, -1)},
    "Sagittal": {"posterior": (1, 0), "head": (0, -1)},
}
LETTERS = {
    "Axial": ("R", "L", "A", "P"),
    "Coronal": ("R", "L", "H", "F"),
    "Sagittal": ("A", "P", "H", "F"),
}

CASES = {
    "HFS": (ct_lattice(), spect_lattice(), "HFS"),
    "HFS, SPECT spacing negative": (ct_lattice(), spect_lattice(slice_mm=-4.0), "HFS"),
    "FFS": (ct_lattice(FFS), spect_lattice(FFS), "FFS"),
    "FFS, SPECT spacing negative": (ct_lattice(FFS), spect_lattice(FFS, slice_mm=-4.0), "FFS"),
    "HFP, SPECT spacing negative": (ct_lattice(HFP), spect_lattice(HFP, slice_mm=-4.0), "HFP"),
    "FFS CT, HFS SPECT with negative spacing": (
        ct_lattice(FFS),
        spect_lattice(HFS, slice_mm=-4.0),
        "FFS",
    ),
    "oblique CT, oblique SPECT with negative spacing": (
        ct_lattice(NODDING),
        spect_lattice(NODDING, slice_mm=-4.0),
        "HFS",
    ),
}


def bright_spots_mm(pane: object, canvas: object) -> list[tuple[float, float]]:
    """Centres of the bright spots in the picture of a pane, mm right and down of its middle."""
    from viewer import _napari

    for overlay in pane.model.canvas.overlays.values():
        overlay.visible = False
    for overlay in pane.model.scene.overlays.values():
        overlay.visible = False
    picture = _napari.picture(canvas)[..., :3].astype(float).mean(axis=-1)
    labels, count = ndimage.label(picture > 150)
    centres = ndimage.center_of_mass(picture > 150, labels, range(1, count + 1))
    # Device pixels and napari's canvas pixels differ on scaled screens.
    per_mm = pane.model.scene.camera.zoom * picture.shape[1] / pane.model.canvas.size[1]
    down, right = (np.array(centres).reshape(-1, 2) - (np.array(picture.shape) - 1) / 2).T
    return list(zip(right / per_mm, down / per_mm, strict=True))


@pytest.mark.window
@pytest.mark.parametrize("case", CASES)
def test_markers_are_where_a_radiologist_expects(
    case: str, tmp_path: Path, open_window: object
) -> None:
    ct, spect, position = CASES[case]
    folder = marked_study.write_study(tmp_path, ct=ct, spect=spect, patient_position=position)
    window = open_window(fusion.open_study(folder))
    linked = window.linked
    linked.point_lps = MIDDLE_LPS
    for pane in linked:
        # The middle of the picture becomes the middle of the patient, whatever the grid holds.
        pane.model.scene.camera.center = tuple(MIDDLE_LPS[::-1][axis] for axis in pane.plane.order)
    for blend in (0.0, 1.0):
        linked.blend = blend
        for pane, canvas in zip(linked, window.canvases, strict=True):
            name = pane.plane.name
            expected = {
                (right * distance, down * distance)
                for ball, (right, down) in EXPECTED[name].items()
                for distance in [float(np.linalg.norm(BALLS[ball]))]
            }
            found = bright_spots_mm(pane, canvas)
            assert len(found) == len(expected), f"{name} at blend {blend}: {found}"
            for spot in expected:
                nearest = min(np.hypot(r - spot[0], d - spot[1]) for r, d in found)
                assert nearest < 1.5, f"{name} at blend {blend}: {spot} mm expected, {found}"


@pytest.mark.window
@pytest.mark.parametrize("case", CASES)
def test_letters_name_the_edges(case: str, tmp_path: Path, open_window: object) -> None:
    ct, spect, position = CASES[case]
    folder = marked_study.write_study(tmp_path, ct=ct, spect=spect, patient_position=position)
    window = open_window(fusion.open_study(folder))
    for pane in window.linked:
        shown = pane.letters
        assert (shown.left, shown.right, shown.top, shown.bottom) == LETTERS[pane.plane.name]


@pytest.mark.window
def test_letters_follow_the_picture_when_it_is_turned(
    review: fusion.Review, open_window: object
) -> None:
    window = open_window(review)
    axial, canvas = window.linked.panes[0], window.canvases[0]
    window.linked.point_lps = MIDDLE_LPS
    window.linked.blend = 0.0
    axial.model.scene.camera.orientation2d = ("up", "left")
    assert (axial.letters.left, axial.letters.top) == ("L", "P")
    axial.model.scene.camera.center = (0, *MIDDLE_LPS[1::-1])
    spots = bright_spots_mm(axial, canvas)
    assert min(right for right, _ in spots) == pytest.approx(-40, abs=1.5)
    assert min(down for _, down in spots) == pytest.approx(-30, abs=1.5)


@pytest.mark.window
def test_letters_vanish_where_no_single_direction_is_shown(
    review: fusion.Review, open_window: object
) -> None:
    window = open_window(review)
    axial = window.linked.panes[0]
    axial.model.dims.ndisplay = 3
    assert set(vars_of(axial.letters)) == {""}
    axial.model.dims.ndisplay = 2
    assert axial.letters.right == "L"


def vars_of(letters: object) -> tuple[str, ...]:
    return letters.left, letters.right, letters.top, letters.bottom
