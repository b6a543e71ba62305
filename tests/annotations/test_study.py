"""The same data give the same key; any other data give another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fusion.annotations.study import InputKey, StudyKey, changed_input
from fusion.errors import AnnotationError
from fusion.geometry import Grid, Source, Volume
from fusion.json_form import from_json, to_json

from .samples import study


def volume(**changes) -> Volume:
    values = {
        "grid": Grid((3, 4, 5), np.diag([2.0, 1.0, 1.0, 1.0])[[2, 1, 0, 3]], "1.2.3"),
        "stored": np.arange(60, dtype=np.int16).reshape(3, 4, 5),
        "slope": 1.0,
        "intercept": -1024.0,
        "unit": "HU",
        "source": Source("1.2", "1.2.1", "1", ("1.2.1.1",), "CT", "bone"),
    }
    return Volume(**{**values, **changes})


@pytest.mark.parametrize("kind", ["<u2", ">i2", "<i4", "<u1"])
def test_how_the_decoder_holds_the_values_does_not_matter(kind: str) -> None:
    other = np.asfortranarray(volume().stored.astype(kind))
    assert InputKey.of(volume(stored=other)) == InputKey.of(volume())


def edited(index: tuple[int, int, int]) -> np.ndarray:
    stored = volume().stored.copy()
    stored[index] += 1
    return stored


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"stored": edited((0, 0, 0))}, "pixels_sha256"),
        ({"stored": edited((2, 3, 4))}, "pixels_sha256"),
        ({"stored": volume().stored[::-1]}, "pixels_sha256"),
        ({"slope": 2.0}, "pixels_sha256"),
        ({"intercept": [-1024.0, -1024.0, -1023.0]}, "pixels_sha256"),
        ({"grid": Grid((3, 4, 5), volume().grid.affine * [[1], [1], [-1], [1]], "1.2.3")},
         "geometry_sha256"),
        ({"grid": replace(volume().grid, frame_of_reference_uid="1.9")}, "frame_of_reference_uid"),
        ({"source": replace(volume().source, series_instance_uid="1.9")}, "series_instance_uid"),
    ],
)  # fmt: skip
def test_each_change_shows_and_only_it(changes: dict, differs: str) -> None:
    one, other = to_json(InputKey.of(volume())), to_json(InputKey.of(volume(**changes)))
    assert {key for key in one if one[key] != other[key]} == {differs}


def test_floats_and_large_integers_are_not_rounded() -> None:
    for stored in (
        np.linspace(0, 1, 60).reshape(3, 4, 5),
        (np.arange(60, dtype=np.uint32) + 2**31).reshape(3, 4, 5),
    ):
        other = stored.copy()
        other[0, 0, 0] += 1
        assert InputKey.of(volume(stored=stored)) != InputKey.of(volume(stored=other))


def test_the_key_of_a_study_survives_json_and_says_what_changed() -> None:
    key = StudyKey.of(volume(), volume(stored=edited((1, 1, 1))))
    assert from_json(StudyKey, to_json(key), error=AnnotationError, what="A study") == key
    assert key.study_instance_uid == "1.2"
    assert changed_input(key, key) == ()
    other = StudyKey.of(volume(slope=2.0), volume(stored=edited((1, 1, 1))))
    (finding,) = changed_input(key, other)
    assert finding.code == "changed-input"
    assert finding.message.startswith(
        "The CT is not the one that this reading was made on: its pix"
    )
    assert key.digest != other.digest
    assert study().same_series(study(ct="x"))
    assert not study().same_series(study(ct_series="1.9"))
