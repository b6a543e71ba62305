"""The joints as a window keeps them, found on a simulated neck whose truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

import fusion
from fusion.anatomy.joints import Joint, Side
from fusion.errors import FusionError
from fusion.facets.automatic.locate import Anomaly
from fusion.facets.localisation import Numbering, Status
from fusion.facets.spine_statements import SpineStatements
from fusion.uptake.settings import ProposalSettings, ReferenceChoice, ReferenceKind
from tests.viewer.simulated_neck import PATIENCE, Neck, located, measured
from viewer.alignment.model import Alignment
from viewer.facets.model import FacetsModel, State
from viewer.pictures.panes import LinkedPanes

LEFT_C5 = Joint("C5-C6", Side.LEFT)

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("qapp")]


@pytest.fixture
def neck(simulated: Neck, qtbot: QtBot) -> Neck:
    """Located and measured, with nothing said by anyone."""
    simulated.model.start()
    simulated.model.apply(SpineStatements())
    simulated.model.reference, simulated.model.settings = ReferenceChoice(), ProposalSettings()
    measured(simulated.model, qtbot)
    return simulated


def listen(model: FacetsModel) -> tuple[list[State], Callable[[], None]]:
    states: list[State] = []

    def note() -> None:
        states.append(model.state)

    model.events.state.connect(note)
    return states, lambda: model.events.state.disconnect(note)


def test_joints_are_found_and_measured(neck: Neck) -> None:
    model = neck.model
    assert model.state is State.FOUND
    assert model.refusal == ""
    assert model.spine is not None
    assert model.localisation.numbering is Numbering.SURE
    errors = [
        np.linalg.norm(neck.center(joint) - point)
        for joint, point in neck.truth.items()
        if joint.is_zygapophysial
    ]
    assert len(errors) == 12
    assert np.median(errors) < 2
    assert max(errors) < 5
    assert model.assessment.uptake_of(LEFT_C5).maximum > 0
    states, stop = listen(model)
    model.start()  # nothing is looked for twice
    stop()
    assert states == []


def test_what_was_not_known_is_not_forgotten(review: fusion.Review) -> None:
    """Everything that names a joint would be made anew, of nothing, whenever a study is opened."""
    model, told = FacetsModel(LinkedPanes(review)), []
    for name in ("localisation", "assessment", "state"):
        model.events[name].connect(lambda event: told.append(event.type))
    model.start()
    assert told == ["state"]
    model.close()


def test_what_was_known_is_forgotten_at_once(neck: Neck) -> None:
    told: list[str] = []

    def note(event: object) -> None:
        told.append(event.type)

    neck.model.events.localisation.connect(note)
    neck.model.events.assessment.connect(note)
    neck.model._drop()
    assert sorted(told) == ["assessment", "localisation"]
    for emitter in (neck.model.events.localisation, neck.model.events.assessment):
        emitter.disconnect(note)
    neck.model.locate()


def test_selecting_moves_the_crosshair_of_all_panes(neck: Neck) -> None:
    neck.model.selected = LEFT_C5
    half = neck.linked.review.fused.display_grid.spacing_mm[::-1] / 2 + 1e-6
    assert (np.abs(neck.linked.point_lps - neck.center(LEFT_C5)) <= half).all()


def test_a_click_renames_all_levels_and_undo_takes_no_search(neck: Neck, qtbot: QtBot) -> None:
    model, before = neck.model, neck.model.localisation
    states, stop = listen(model)
    point = neck.body("C4-C5", "C5-C6")  # truly C5
    model.check_click("C6", point)
    model.apply(SpineStatements(clicks={"C6": point}))
    # Until the levels are known again nothing is shown that could be wrong, and nothing decided.
    assert (model.state, model.localisation, model.spine) == (State.LOCATING, None, None)
    assert model.assessment is None
    assert model.renumbering
    located(model, qtbot)
    # The dens says otherwise: the name holds where the count from it goes, and is doubted above.
    assert model.localisation.numbering is Numbering.PROVISIONAL
    assert model.localisation.facet("C5-C6", "left").numbering is Numbering.CONFIRMED
    for upper, lower in (("C4-C5", "C3-C4"), ("C5-C6", "C4-C5"), ("C6-C7", "C5-C6")):
        for side in Side:
            away = neck.center(Joint(upper, side)) - neck.truth[Joint(lower, side)]
            assert np.linalg.norm(away) < 6
    del states[:]
    model.apply(SpineStatements())
    stop()
    assert model.localisation is before
    assert State.LOCATING not in states


def test_undo_while_the_levels_are_numbered_leaves_no_numbering_on_its_way(
    neck: Neck, qtbot: QtBot
) -> None:
    model, before = neck.model, neck.model.localisation
    x, y, z = neck.body("C4-C5", "C5-C6")
    model.apply(SpineStatements(clicks={"C6": (x, y, z + 0.5)}))  # no place that was named before
    on_its_way, ended = model.search, []
    on_its_way.done.connect(ended.append)
    model.apply(SpineStatements())
    assert on_its_way.stopped
    qtbot.waitUntil(lambda: not on_its_way.running, timeout=PATIENCE)
    assert ended == []
    assert model.localisation is before


def test_a_moved_joint_is_shown_at_once_and_measured_again(neck: Neck, qtbot: QtBot) -> None:
    model, before = neck.model, neck.model.localisation
    states, stop = listen(model)
    place = neck.center(LEFT_C5) + np.array([1.0, 2.0, -2.0])
    model.apply(SpineStatements(moved={LEFT_C5: tuple(place)}))
    stop()
    assert State.LOCATING not in states
    np.testing.assert_array_equal(neck.center(LEFT_C5), place)
    assert model.spine.centers_lps[LEFT_C5] == pytest.approx(tuple(place))
    for facet, old in zip(model.localisation.facets, before.facets, strict=True):
        assert facet is old or facet.joint == LEFT_C5
    assert model.assessment is None
    measured(model, qtbot)
    assert model.assessment.uptake_of(LEFT_C5).localisation_mm == 3.0


def test_a_joint_put_back_where_nothing_could_be_numbered_shows_nothing(
    simulated: Neck, qtbot: QtBot
) -> None:
    model = FacetsModel(simulated.linked)
    model.said = SpineStatements(moved={LEFT_C5: (0.0, 0.0, 0.0)})
    model._on_refused(FusionError("No joint can be numbered."))
    model.apply(SpineStatements())
    assert (model.state, model.localisation) == (State.NOTHING_FOUND, None)
    assert model.refusal == "No joint can be numbered."
    model.close()


def test_a_moved_joint_that_makes_no_spine_is_said(neck: Neck) -> None:
    neck.model.apply(
        SpineStatements(moved={LEFT_C5: tuple(neck.truth[Joint("C5-C6", Side.RIGHT)])})
    )
    assert neck.model.spine is None
    assert "C5-C6" in neck.model.refusal


def test_an_anomaly_reaches_the_joints(neck: Neck, qtbot: QtBot) -> None:
    neck.model.apply(SpineStatements(anomalies=(Anomaly("fused", "C4-C5"),)))
    located(neck.model, qtbot)
    for side in Side:
        assert neck.model.localisation.facet("C4-C5", side).status is Status.FUSED


def test_uptake_is_measured_again_with_another_alignment(neck: Neck, qtbot: QtBot) -> None:
    model = neck.model
    before = model.assessment.uptake_of(LEFT_C5).values["mean"]
    alignment = Alignment(neck.linked)
    alignment.move((9.0, 0.0, 0.0))
    assert model.assessment is None
    measured(model, qtbot)
    assert model.assessment.uptake_of(LEFT_C5).values["mean"] != before
    alignment.undo()
    measured(model, qtbot)
    assert model.assessment.uptake_of(LEFT_C5).values["mean"] == before


def test_another_reference_and_other_thresholds_are_used(neck: Neck, qtbot: QtBot) -> None:
    model = neck.model
    model.reference = ReferenceChoice(ReferenceKind.OTHER_SIDE)
    assert model.assessment is None
    measured(model, qtbot)
    uptake = model.assessment.uptake_of(LEFT_C5)
    ratios = [uptake.values[f"ratio_to_{what}"] for what in ("reference", "other_side")]
    assert ratios[0] == ratios[1]
    model.reference = ReferenceChoice()
    model.settings = ProposalSettings(grade_ratios=(100.0, 200.0, 300.0))
    measured(model, qtbot)
    assert {proposal.grade for proposal in model.assessment.proposals} <= {0}


def test_a_click_beside_the_spine_is_refused(neck: Neck) -> None:
    x, y, z = neck.body("C4-C5", "C5-C6")
    with pytest.raises(FusionError, match="from the spinal canal"):
        neck.model.check_click("C5", (x + 70, y, z))


def test_a_search_is_cancelled_and_begun_again(simulated: Neck, qtbot: QtBot) -> None:
    model = FacetsModel(simulated.linked)
    with pytest.raises(FusionError, match="No spine is known"):
        model.check_click("C5", simulated.body("C4-C5", "C5-C6"))
    model.start()
    assert model.state is State.LOCATING
    search = model.search
    model.cancel()
    assert search.stopped
    assert model.state is State.NOT_STARTED
    assert model.localisation is None
    model.start()
    assert model.state is State.LOCATING
    model.close()


def test_a_study_without_a_spine_says_so(review: fusion.Review, qtbot: QtBot) -> None:
    model = FacetsModel(LinkedPanes(review))
    model.start()
    located(model, qtbot)
    assert model.state is State.NOTHING_FOUND
    assert model.spine is None
    assert "No spinal canal was found" in model.refusal
    assert model.assessment is None
    assert not model.measuring
    model.close()
