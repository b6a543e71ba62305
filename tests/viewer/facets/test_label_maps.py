"""A window on a simulated neck that takes the joints from label maps made elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialogButtonBox

from fusion.anatomy.joints import Joint, Side
from fusion.annotations.target import Decision, Origin
from fusion.errors import AnnotationError, FusionError
from fusion.facets import Labels
from fusion.facets.localisation import AUTOMATIC, Numbering, Status
from fusion.facets.spine_statements import Anomaly, SpineStatements
from fusion.geometry import Grid
from tests.facets import label_maps as maps
from tests.viewer.simulated_neck import PATIENCE, Neck, measured
from viewer.facets.model import FacetsModel, State
from viewer.facets.panel import FacetsPanel
from viewer.reading.model import ReadingModel
from viewer.study import ReviewApp
from viewer.wishes import Wishes

LEFT_C5 = Joint("C5-C6", Side.LEFT)
#: Those whose processes are labelled, and lie in the field.
LABELLED = [Joint(f"C{n}-C{n + 1}", side) for n in range(2, 7) for side in Side]

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("qapp")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, once: Callable[..., Any]) -> Path:
    """Maps of the very neck of ``simulated``, on a grid of their own; two are wrong."""
    maps.once = once
    folder, truth = tmp_path_factory.mktemp("labels"), maps.neck()
    grid, bones = truth.ct.grid, truth.labels("verse")
    maps.write_nifti(folder / "bones.nii.gz", bones, grid)
    maps.write_nifti(folder / "processes.nii.gz", truth.processes, grid)
    maps.write_nifti(folder / "mirrored.nii.gz", np.ascontiguousarray(bones[:, :, ::-1]), grid)
    moved = grid.affine.copy()
    moved[:3, 3] += (0.0, 6.0, 6.0)
    maps.write_nifti(folder / "shifted.nii.gz", bones, Grid(grid.shape, moved))
    return folder


def good(folder: Path) -> Labels:
    return Labels((folder / "bones.nii.gz", folder / "processes.nii.gz"))


def ended(model: FacetsModel, qtbot: QtBot) -> None:
    qtbot.waitUntil(
        lambda: model.state not in (State.LOCATING, State.NOT_STARTED), timeout=PATIENCE
    )


def assert_joints_of_the_map(model: FacetsModel, neck: Neck) -> None:
    assert model.state is State.FOUND
    for joint in LABELLED:
        facet = model.localisation.facet(joint.level, joint.side)
        assert facet.source.startswith("label map bones.nii.gz and processes.nii.gz")
        assert np.linalg.norm(facet.center_lps - neck.truth[joint]) < 2.0


@pytest.fixture(scope="module")
def model(simulated: Neck, qapp: object) -> Iterator[FacetsModel]:
    model = FacetsModel(simulated.linked)
    yield model
    model.close()


def test_a_window_refuses_a_mirrored_map_and_takes_the_right_one(
    simulated: Neck, folder: Path, make_napari_viewer: Callable, qtbot: QtBot, tmp_path: Path
) -> None:
    app = ReviewApp(
        simulated.study,
        viewer=make_napari_viewer(show=True),
        wishes=Wishes(
            journal=tmp_path / "journal.sqlite",
            reader="R. Eader",
            labels=Labels((folder / "mirrored.nii.gz",), "verse"),
        ),
    )
    app.start()
    qtbot.waitUntil(lambda: app.review_window is not None, timeout=PATIENCE)
    window = app.review_window
    facets, panel, reading = window.facets, window.facets_panel, window.reading
    window.pages.setCurrentWidget(panel)
    ended(facets, qtbot)
    # No joint, no level, no decision; and nothing taken from the CT in its place.
    assert facets.state is State.LABELS_REFUSED
    assert (facets.localisation, facets.spine, facets.assessment) == (None, None, None)
    assert panel.numbering.text() == "Label map refused: no joints"
    assert "The label map was refused." in panel.reason.text()
    assert "mirrored.nii.gz" in panel.reason.text()
    assert "mirrored left to right" in panel.reason.text()
    assert panel.reason.isVisible()
    assert panel.table.texts(LEFT_C5)[1:] == ("–", "–", "–", "–", "")
    assert not panel.name.isEnabled()
    with pytest.raises(AnnotationError, match="label map was refused"):
        reading.decide(LEFT_C5, Decision.POSITIVE, origin=Origin.JOINT_CLICKED)
    with pytest.raises(FusionError, match="No spine is known"):
        facets.check_click("C5", simulated.body("C4-C5", "C5-C6"))
    assert not reading.reading.targets

    dialog = panel.ask_labels()
    assert dialog.labels == Labels((folder / "mirrored.nii.gz",), "verse")
    dialog.choose(0, folder / "bones.nii.gz")
    dialog.choose(1, folder / "processes.nii.gz")
    dialog.convention.setCurrentIndex(0)
    assert dialog.labels == good(folder)
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    qtbot.mouseClick(ok, Qt.MouseButton.LeftButton)
    assert facets.state is State.LOCATING
    ended(facets, qtbot)
    measured(facets, qtbot)
    assert_joints_of_the_map(facets, simulated)
    assert panel.numbering.text() == "Levels sure"
    assert "Joints from label map" in panel.reason.text()
    assert not panel.without.isVisible()
    facets.selected = LEFT_C5
    assert "label map bones.nii.gz and processes.nii.gz" in panel.details.text()
    assert facets.assessment.uptake_of(LEFT_C5).maximum > 0
    target = reading.decide(LEFT_C5, Decision.POSITIVE, origin=Origin.JOINT_CLICKED)
    assert target.localisation.source.startswith("label map bones.nii.gz")
    window.viewer.close()


@pytest.mark.thorough
def test_clicks_anomalies_and_moves_work_as_without_a_map(
    model: FacetsModel, simulated: Neck, folder: Path, qtbot: QtBot
) -> None:
    model.use_labels(good(folder))
    assert model.state is State.NOT_STARTED
    model.start()
    ended(model, qtbot)
    assert_joints_of_the_map(model, simulated)
    before = model.localisation
    point = simulated.body("C4-C5", "C5-C6")  # truly C5
    x, y, z = point
    with pytest.raises(FusionError, match="from the nearest labelled vertebra"):
        model.check_click("C5", (x + 40, y, z))
    model.check_click("C6", point)
    model.apply(SpineStatements(clicks={"C6": point}))
    assert (model.state, model.localisation, model.spine) == (State.LOCATING, None, None)
    ended(model, qtbot)
    # With every name one level off, C2-C3 lies on the dens: no count of vertebrae reaches it.
    assert model.localisation.numbering is Numbering.PROVISIONAL
    for side in Side:
        assert model.localisation.facet("C2-C3", side).numbering is Numbering.PROVISIONAL
        away = simulated.truth[Joint("C4-C5", side)]
        facet = model.localisation.facet("C5-C6", side)
        assert facet.numbering is Numbering.CONFIRMED
        assert np.linalg.norm(facet.center_lps - away) < 2.0
    model.apply(SpineStatements(anomalies=(Anomaly("fused", "C4-C5"),)))
    ended(model, qtbot)
    assert model.localisation.facet("C4-C5", Side.LEFT).status is Status.FUSED
    place = tuple(float(v) for v in simulated.truth[LEFT_C5] + (1.0, 2.0, -2.0))
    model.apply(SpineStatements(moved={LEFT_C5: place}))
    assert model.spine.centers_lps[LEFT_C5] == pytest.approx(place)
    model.apply(SpineStatements())
    assert all(
        now is old for now, old in zip(model.localisation.facets, before.facets, strict=True)
    )


@pytest.mark.thorough
def test_a_shifted_map_leaves_no_joint_of_the_map_before(
    model: FacetsModel, simulated: Neck, folder: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    reading = ReadingModel(simulated.linked, model, journal=tmp_path / "journal.sqlite")
    panel = FacetsPanel(model, reading, simulated.linked)
    panel.resize(400, 780)
    panel.show()
    model.use_labels(good(folder))
    model.start()
    ended(model, qtbot)
    assert model.state is State.FOUND
    model.use_labels(Labels((folder / "shifted.nii.gz",)))
    assert model.localisation is None
    ended(model, qtbot)
    assert model.state is State.LABELS_REFUSED
    assert (model.localisation, model.spine) == (None, None)
    assert "do not lie on the bones" in panel.reason.text()
    # What the reader says does not bring them back either.
    model.apply(SpineStatements(anomalies=(Anomaly("fused", "C4-C5"),)))
    ended(model, qtbot)
    assert model.state is State.LABELS_REFUSED
    model.apply(SpineStatements())
    ended(model, qtbot)
    assert panel.without.isVisible()
    qtbot.mouseClick(panel.without, Qt.MouseButton.LeftButton)
    ended(model, qtbot)
    assert model.labels == Labels()
    assert model.localisation.facet("C5-C6", Side.LEFT).source == AUTOMATIC
    assert "label map" not in panel.reason.text()
    panel.hide()
    reading.close()
    simulated.linked.handles.clear()
