"""A simulated neck whose joints are known, found by a window's own search."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

import fusion
from fusion.anatomy.joints import Joint, Side
from sample_data import NeckParameters, ScanParameters, make_study
from viewer.facets.model import FacetsModel, State
from viewer.pictures.panes import LinkedPanes

#: Long enough for a busy machine, ms.
PATIENCE = 120_000
SCAN = ScanParameters(
    ct_shape=(105, 130, 130), ct_spacing_mm=(2.0, 1.4, 1.4), ct_top_mm=165.0, ct_noise_hu=25.0
)


def make_neck(folder: Path) -> Path:
    """Write the study; returns its folder."""
    make_study(folder, neck=NeckParameters(seed=301), scan=SCAN)
    return folder


class Neck:
    """A study, the model of a window on it, and where its joints truly are."""

    def __init__(self, folder: Path) -> None:
        self.study = folder / "study"
        truth = json.loads((folder / "truth.json").read_text("utf-8"))
        self.truth = {
            Joint(j["level"], Side(j["side"])): np.array(j["center_lps"]) for j in truth["joints"]
        }
        self.linked = LinkedPanes(fusion.open_study(self.study))
        self.model = FacetsModel(self.linked)

    def center(self, joint: Joint) -> np.ndarray:
        return self.model.localisation.facet(joint.level, joint.side).center_lps

    def body(self, upper: str, lower: str) -> tuple[float, float, float]:
        """A point in the vertebra between two levels."""
        ends = self.truth[Joint(upper, Side.LEFT)], self.truth[Joint(lower, Side.RIGHT)]
        return tuple(float(v) for v in np.mean(ends, axis=0))


def located(model: FacetsModel, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: model.state in (State.FOUND, State.NOTHING_FOUND), timeout=PATIENCE)


def measured(model: FacetsModel, qtbot: QtBot) -> None:
    located(model, qtbot)
    qtbot.waitUntil(lambda: not model.measuring, timeout=PATIENCE)
