"""Where things are on the screen: the tests that keep left from right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fusion
from tests.viewer import marked_study
from tests.viewer.marked_study import (
    BALLS,
    DECUBITUS,
    FFS,
    HFP,
    MIDDLE_LPS,
    NODDING,
    ct_lattice,
    spect_lattice,
)
from tests.viewer.on_screen import bright_spots_mm

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

thorough = pytest.mark.thorough

CASES = {
    "HFS": (ct_lattice(), spect_lattice(), "HFS"),
    "HFS, SPECT spacing negative": (ct_lattice(), spect_lattice(slice_mm=-4.0), "HFS"),
    "FFS": (ct_lattice(FFS), spect_lattice(FFS), "FFS"),
    "FFS, SPECT spacing negative": (ct_lattice(FFS), spect_lattice(FFS, slice_mm=-4.0), "FFS"),
    "prone": (ct_lattice(HFP), spect_lattice(HFP), "HFP"),
    "on the right side": (ct_lattice(DECUBITUS), spect_lattice(DECUBITUS), "HFDR"),
    "oblique CT, oblique SPECT with negative spacing": (
        ct_lattice(NODDING),
        spect_lattice(NODDING, slice_mm=-4.0),
        "HFS",
    ),
}


@pytest.mark.window
@pytest.mark.parametrize(
    "case",
    [case if case.startswith("oblique") else pytest.param(case, marks=thorough) for case in CASES],
)
def test_markers_and_letters_are_where_a_radiologist_expects(
    case: str, tmp_path: Path, open_window: object
) -> None:
    ct, spect, position = CASES[case]
    folder = marked_study.write_study(tmp_path, ct=ct, spect=spect, patient_position=position)
    window = open_window(fusion.open_study(folder))
    linked = window.linked
    linked.point_lps = MIDDLE_LPS
    for pane in linked:
        # The middle of the picture becomes the middle of the patient, whatever the grid holds.
        pane.look_at(tuple(float(MIDDLE_LPS[::-1][axis]) for axis in pane.plane.order[1:]))
    for blend in (0.0, 1.0):
        linked.blend = blend
        for pane, canvas in zip(linked, window.canvases, strict=True):
            name = pane.plane.name
            shown = pane.letters
            assert (shown.left, shown.right, shown.top, shown.bottom) == LETTERS[name]
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
