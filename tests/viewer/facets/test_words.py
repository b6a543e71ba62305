"""Joints and what the program suggests at them, in words."""

from __future__ import annotations

import numpy as np

from fusion.anatomy.joints import Joint, Side
from fusion.uptake.proposals import Proposal
from viewer.facets.words import is_certain, proposal_status, proposal_words

LEFT_C4 = Joint("C4-C5", Side.LEFT)


def proposal(numbering: str, joint: Joint | None = LEFT_C4) -> Proposal:
    return Proposal(
        joint=joint,
        candidates=(LEFT_C4,),
        place="Left C4-C5",
        certain=joint is not None,
        grade=2,
        numbering=numbering,
        joint_status="found",
        point_lps=np.zeros(3),
        value=90.0,
        unit="counts",
        ratio_to_reference=2.1,
        spill_in=0.0,
        registration_mm=1.0,
        localisation_mm=1.2,
        combined_mm=1.6,
        margin_mm=5.0,
        uptake=None,
        reason="",
    )


def test_a_proposal_at_a_provisional_level_is_never_shown_as_certain() -> None:
    assert proposal_status(proposal("sure")) == "one joint"
    assert "PROVISIONAL" not in proposal_words(proposal("sure"))
    assert is_certain(proposal("sure"))
    doubtful = proposal("provisional")
    assert proposal_status(doubtful) == "level?"
    assert "PROVISIONAL" in proposal_words(doubtful)
    assert not is_certain(doubtful)
    assert "PROVISIONAL" in proposal_words(proposal("provisional", None))
