"""Where the pictures of a study begin: at its neck, wherever the hottest place is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from viewer.facets.model import State
from viewer.pictures.panes import Closeup

if TYPE_CHECKING:
    from viewer.facets.model import FacetsModel
    from viewer.pictures.panes import LinkedPanes

#: Further than this from every joint a place is not in the neck, and this far from them something
#: hot is, mm.
NECK_REACH_MM = 40.0
#: What is shown of a neck, mm.
NECK_FIELD_MM = 160.0


class Arrival:
    """Goes to the neck once it is found, unless somebody has begun to look around.

    A study is opened at its hottest bone, which in a PET of the whole body is rarely in the neck.

    Parameters
    ----------
    linked : LinkedPanes
        The pictures, as they were opened.
    facets : FacetsModel
        Looks for the joints.
    """

    def __init__(self, linked: LinkedPanes, facets: FacetsModel) -> None:
        self._linked, self._facets = linked, facets
        self._begun_lps = linked.point_lps
        facets.events.state.connect(self._on_state)

    def _on_state(self) -> None:
        if self._facets.state is not State.FOUND:
            return
        self._facets.events.state.disconnect(self._on_state)
        linked, facets = self._linked, self._facets
        assert facets.localisation is not None
        joints = [f.center_lps for f in facets.localisation.facets if f.center_lps is not None]
        away = np.linalg.norm(np.asarray(joints) - linked.point_lps, axis=1).min()
        looked = linked.frame is not None or not np.array_equal(linked.point_lps, self._begun_lps)
        if looked or facets.selected is not None or away <= NECK_REACH_MM:
            return
        middle = np.median(joints, axis=0)
        # Where nothing is proposed, the hottest place is not shown either.
        fused = linked.review.fused
        hottest = fused.hottest_near(joints, NECK_REACH_MM) if facets.proposing else None
        linked.home_lps = middle if hottest is None else hottest
        linked.point_lps = linked.home_lps
        x, y, z = (float(value) for value in middle)
        linked.frame = Closeup((x, y, z), NECK_FIELD_MM)
