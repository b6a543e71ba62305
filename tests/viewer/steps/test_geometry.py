"""Nothing overlaps and no words are cut beside the pictures, at any step and any size of window."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

import fusion
from fusion.anatomy.joints import Joint, Side
from fusion.annotations import Decision, Origin
from tests.viewer.geometry import faults
from tests.viewer.scripted import Hands, wait_until
from tests.viewer.simulated_neck import make_neck
from viewer import _napari
from viewer.facets import confirming
from viewer.steps.model import Step

pytestmark = [pytest.mark.window, pytest.mark.slow]

SIZES = ((1280, 720), (1500, 950), (1920, 1080), (3840, 2160))
#: Of the run below, whose screen has twice as many pixels as the window knows of.
SCALED = ((1280, 720), (1920, 1080))


def lasting(main: QWidget) -> list[str]:
    """What is wrong still when everything has found its place."""
    wrong: list[str] = []
    for _ in range(20):
        QTest.qWait(20)
        wrong = faults(main)
        if not wrong:
            break
    return wrong


def test_every_step_has_room_at_every_size(
    open_window: Callable, once: Callable[..., Path], tmp_path: Path
) -> None:
    window = open_window(
        fusion.open_study(once("neck", make_neck) / "study"), tmp_path / "j.sqlite"
    )
    main = _napari.main_window(window.viewer)
    scaled = "QT_SCALE_FACTOR" in os.environ
    assert (main.devicePixelRatioF() == 2.0) == scaled
    window.begin()
    window.begin_reading("Prof. Dr. Maximiliane-Alexandra von und zu Hohenberg-Wittelsbach")
    Hands(window, "").settled()
    wait_until(lambda: not window.alignment_panel.checking)
    found: list[object] = []
    for size in SCALED if scaled else SIZES:
        main.resize(*size)
        QTest.qWait(50)
        for step in Step:
            window.show_step(step)
            found += [(size, step, fault) for fault in lasting(main)]
        window.pictures.hide()  # looked at once; drawing them larger and larger takes most time
    assert found == [], "\n".join(map(str, found))
    # With more to say: a joint that was decided, and a SPECT that was moved far.
    main.resize(*SIZES[0])
    joint = Joint("C5-C6", Side.LEFT)
    window.reading.decide(joint, Decision.POSITIVE, origin=Origin.JOINT_CLICKED, grade=2)
    window.facets.selected = joint
    assert "Maximiliane" in window.targets_panel.form.details.text()
    window.facets_panel.confirming.note.setPlaceholderText(confirming._WHY)
    window.alignment.move((6.0, 0.0, 0.0))
    for step in Step:
        window.show_step(step)
        found += [(step, fault) for fault in lasting(main)]
    assert found == [], "\n".join(map(str, found))


@pytest.mark.thorough
def test_the_same_on_a_scaled_screen() -> None:
    here = f"{Path(__file__)}::{test_every_step_has_room_at_every_size.__name__}"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", here],
        env={**os.environ, "QT_SCALE_FACTOR": "2"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "1 passed" in done.stdout
