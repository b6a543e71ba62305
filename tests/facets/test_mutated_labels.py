"""A share of the spoilt label maps of benchmarks/facets/mutated_labels.py: one of each kind."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.facets.mutated_labels import MUTATIONS, Spoilt, judged, painted, spoilt_maps
from sample_data import ScanParameters
from tests.facets import label_maps as maps

pytestmark = pytest.mark.slow

COARSE = ScanParameters(
    ct_shape=(95, 105, 105), ct_spacing_mm=(2.0, 1.5, 1.5), ct_top_mm=150.0, ct_noise_hu=25.0
)


def test_no_spoilt_map_is_sure_and_wrong(tmp_path):
    base = painted("test", maps.neck(maps.ORDINARY, COARSE))
    sound = judged(base, Spoilt("sound", base.labels, base.grid), tmp_path)
    # The neck is one that could be sure and wrong.
    assert sound["outcome"] == "sure and right"
    outcomes = {}
    for spoilt in spoilt_maps(base, len(MUTATIONS)):
        row = judged(base, spoilt, tmp_path)
        outcomes[spoilt.kind] = row["outcome"]
        assert not row["wrong"], (spoilt.kind, row)
    assert list(outcomes.values()).count("refused") >= 6
    assert outcomes["on other voxels"] in ("sure and right", "provisional")


def test_what_is_sure_at_the_place_of_another_is_counted(tmp_path):
    """The benchmark itself notices: names moved by one on truth that is not."""
    base = painted("test", maps.neck(maps.ORDINARY, COARSE))
    levels = sorted({level for level, _ in base.truth})
    moved = {
        (levels[levels.index(level) - 1], side): place
        for (level, side), place in base.truth.items()
        if levels.index(level)
    }
    object.__setattr__(base, "truth", moved)
    row = judged(base, Spoilt("sound", base.labels, base.grid), tmp_path)
    assert row["outcome"] == "sure and wrong"
    assert len(row["wrong"]) >= 8
    assert np.ndim(base.labels) == 3
