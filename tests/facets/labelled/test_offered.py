"""Segmentations that a study brings along: offered where they name the neck on this CT."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import fusion
from fusion.cli import main
from fusion.dicom import scan
from fusion.facets import segmentations_offered
from fusion.geometry import Grid
from tests import studies
from tests.facets import label_maps as maps

GRID = Grid((3, 6, 6), np.diag([2.0, 2.0, 2.0, 1.0])[[2, 1, 0, 3]], maps.FRAME)


def _masks(*bones: str) -> dict[str, np.ndarray]:
    masks = {}
    for n, bone in enumerate(bones):
        masks[bone] = np.zeros(GRID.shape, bool)
        masks[bone][0, n] = True
    return masks


def _offered(folder: Path, frame: str | None = maps.FRAME) -> list[str]:
    return [finding.message for finding in segmentations_offered(scan(folder), frame)]


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_a_segmentation_of_the_neck_is_offered_with_series_and_file(
    kind: str, tmp_path: Path
) -> None:
    maps.write_segmentation(tmp_path / "bones.dcm", _masks("C5", "C6", "C4"), GRID, kind=kind)
    (said,) = _offered(tmp_path)
    assert "vertebrae C4 to C6 on this CT: series Segmentation, file bones.dcm" in said
    assert "It is not used unless you take it" in said
    assert "--labels" in said


def test_what_lies_in_another_coordinate_system_is_not_offered(tmp_path: Path) -> None:
    maps.write_segmentation(tmp_path / "bones.dcm", _masks("C5", "C6"), GRID)
    assert _offered(tmp_path, "1.2.3") == []
    assert _offered(tmp_path, None) == []


def test_one_vertebra_alone_or_segments_that_name_none_are_not_offered(tmp_path: Path) -> None:
    def nameless(number: int, name: str):
        described = maps.coded(number, name)
        kind = described.SegmentedPropertyTypeCodeSequence[0]
        kind.CodeValue, kind.CodeMeaning = "108369006", "Neoplasm"
        return described

    maps.write_segmentation(tmp_path / "one.dcm", _masks("C5"), GRID)
    assert _offered(tmp_path) == []
    maps.write_segmentation(tmp_path / "other.dcm", _masks("C5", "C6"), GRID, describe=nameless)
    assert _offered(tmp_path) == []


def test_names_that_contradict_their_codes_are_not_offered(tmp_path: Path) -> None:
    def wrong(number: int, name: str):
        described = maps.coded(number, name)
        described.SegmentLabel = "C2"
        return described

    maps.write_segmentation(tmp_path / "bones.dcm", _masks("C5", "C6"), GRID, describe=wrong)
    assert _offered(tmp_path) == []


def test_the_command_and_an_opened_study_say_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, other = tmp_path / "study", tmp_path / "ct alone"
    studies.write_nm(study / "NM")
    for folder in (study, other):
        studies.write_ct(folder / "CT")
        maps.write_segmentation(folder / "bones.dcm", _masks("C5", "C6"), GRID, frame=studies.FRAME)
        assert main(["facets", str(folder), "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert [f["code"] for f in document["findings"]].count("vertebrae-segmented") == 1
    codes = [finding.code for finding in fusion.open_study(study).findings]
    assert codes.count("vertebrae-segmented") == 1
