"""Edge letters and planes, without a screen."""

from __future__ import annotations

import pytest
from napari.components import ViewerModel

from fusion.geometry import EdgeLetters
from viewer.pictures.planes import (
    AXIAL,
    CORONAL,
    PLANES,
    SAGITTAL,
    Plane,
    letters_of,
)


def model_of(plane: Plane) -> ViewerModel:
    model = ViewerModel(ndisplay=2)
    model.dims.ndim = 3
    model.dims.order = plane.order
    model.scene.camera.orientation2d = plane.orientation2d
    return model


@pytest.mark.parametrize(
    ("plane", "letters"),
    [
        (AXIAL, EdgeLetters("R", "L", "A", "P")),
        (CORONAL, EdgeLetters("R", "L", "H", "F")),
        (SAGITTAL, EdgeLetters("A", "P", "H", "F")),
    ],
)
def test_radiological_convention(plane: Plane, letters: EdgeLetters) -> None:
    model = model_of(plane)
    assert letters_of(model.dims, model.scene.camera) == letters


def test_letters_come_from_the_canvas_not_from_the_plane() -> None:
    model = model_of(AXIAL)
    model.dims.order = CORONAL.order
    assert letters_of(model.dims, model.scene.camera) == EdgeLetters("R", "L", "F", "H")
    model.scene.camera.orientation2d = ("up", "left")
    assert letters_of(model.dims, model.scene.camera) == EdgeLetters("L", "R", "H", "F")
    model.dims.transpose()
    assert letters_of(model.dims, model.scene.camera) == EdgeLetters("H", "F", "L", "R")


def test_each_plane_scrolls_its_own_axis() -> None:
    assert [plane.order for plane in PLANES] == [(0, 1, 2), (1, 0, 2), (2, 0, 1)]
