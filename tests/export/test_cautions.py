"""Doubtful levels, a draft, a shift by hand: said by every file that leaves, read back from it.

Every sentence is a literal: what has to be said is not taken from the code that says it.
"""

from __future__ import annotations

import csv
import html
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset

from fusion.anatomy.joints import Joint, Side
from fusion.annotations.changes import (
    AlignmentReviewed,
    Finalised,
    NumberingConfirmed,
    PathwayLeftOut,
    TargetSaved,
)
from fusion.annotations.journal import Journal, Saved
from fusion.annotations.reading import Reading
from fusion.annotations.study import StudyKey
from fusion.export.dicom.structured_report_reading import read_structured_report
from fusion.export.handover import hand_on
from fusion.facets.automatic.locate import no_canal
from fusion.facets.localisation import Localisation
from fusion.geometry import RigidTransform
from fusion.opening import open_study
from fusion.registration import adjusted, stated
from fusion.review import Review
from tests.annotations.necks import centers, localised
from tests.annotations.samples import READER, localisation
from tests.export.dicom.others import debian
from tests.export.handed import AGREEING, HOT, HOT_LPS, registration_of, target_at
from tests.viewer.marked_study import MIDDLE_LPS, write_study

#: Orange of everything on a picture that must not be missed.
WARNING_RGB = (255, 190, 60)
CONFIRM = "Confirm side and level on live imaging, with marking and time-out, at the procedure."
CONFIRMED = NumberingConfirmed(
    numbering="counted from C2 (dens)", anchor="C2", c2_in_field=True, t1_in_field=True
)


@dataclass(frozen=True)
class Doubtful:
    """A reading about which something has to be said, and what.

    ``word`` stands beside the name of the joint where its level is doubtful.
    """

    sentence: str
    word: str
    review: Review
    reading: Reading
    localisation: Localisation = AGREEING

    @property
    def is_final(self) -> bool:
        return self.reading.finalised is not None

    @property
    def name(self) -> str:
        words = [f"LEVEL {self.word}"] if self.word else []
        words += [] if self.is_final else ["DRAFT"]
        return f"Left C5-C6 ({', '.join(words)})" if words else "Left C5-C6"


def read_by(review: Review, journal: Path, *changes: Any) -> Reading:
    key = StudyKey.of(review.fused.ct, review.fused.spect)
    with Journal(journal) as open_journal:
        reading = open_journal.begin(key, reader=READER).reading
        for change in changes:
            saved = open_journal.append(reading, change, reader=READER, study=key)
            assert isinstance(saved, Saved)
            reading = saved.reading
    return reading


def final(review: Review) -> tuple[Any, ...]:
    return (
        AlignmentReviewed(registration_of(review)),
        CONFIRMED,
        PathwayLeftOut("not asked"),
        Finalised(),
    )


def certain(review: Review, journal: Path) -> Doubtful:
    target = TargetSaved(target_at(review, HOT, HOT_LPS))
    return Doubtful("", "", review, read_by(review, journal, target, *final(review)))


def draft(review: Review, journal: Path) -> Doubtful:
    target = TargetSaved(target_at(review, HOT, HOT_LPS))
    reading = read_by(review, journal, target, CONFIRMED)
    return Doubtful("DRAFT: this reading is not finalised.", "", review, reading)


def provisional(review: Review, journal: Path) -> Doubtful:
    target = target_at(review, HOT, HOT_LPS, localisation=localisation("provisional"))
    return Doubtful(
        "LEVELS PROVISIONAL, not certain and not confirmed: Left C5-C6.",
        "PROVISIONAL",
        review,
        read_by(review, journal, TargetSaved(target)),
    )


def disputed(review: Review, journal: Path) -> Doubtful:
    """The anatomy as it is numbered now has Left C6-C7 where the final target is."""
    by = HOT_LPS - centers()[Joint("C6-C7", Side.LEFT)]
    neck = localised()
    facets = tuple(replace(facet, center_lps=facet.center_lps + by) for facet in neck.facets)
    midline = {level: point + by for level, point in neck.midline_lps.items()}
    return replace(
        certain(review, journal),
        sentence="LEVELS DISPUTED: the anatomy says otherwise now: Left C5-C6 (now Left C6-C7).",
        word="DISPUTED",
        localisation=replace(neck, facets=facets, midline_lps=midline),
    )


def unchecked(review: Review, journal: Path) -> Doubtful:
    """Nothing tells where the joints are."""
    return replace(
        certain(review, journal),
        sentence="LEVELS UNCHECKED: the joints are not known, or contradict each other.",
        word="UNCHECKED",
        localisation=no_canal(),
    )


def by_hand(review: Review, journal: Path) -> Doubtful:
    moved = adjusted(
        review.fused.registration, translation_mm=(7.25, 0, 0), pivot_lps=tuple(MIDDLE_LPS)
    )
    moved = stated(moved, reference=RigidTransform.identity(), points_lps=[MIDDLE_LPS])
    return replace(
        certain(review.with_registration(moved), journal),
        sentence="The alignment was moved by hand by 7.2 mm and 0.0°, more than 5 mm: half "
        "a vertebral level, enough to put uptake on the wrong joint. Check every level by eye.",
    )


Make = Callable[[Review, Path], Doubtful]
STATES: tuple[Make, ...] = (provisional, disputed, unchecked, by_hand, draft)


class Export:
    """What was handed on, read with other people's eyes."""

    def __init__(self, folder: Path, doubtful: Doubtful) -> None:
        self.folder = folder
        handed = hand_on(
            doubtful.review, doubtful.reading, folder, localisation=doubtful.localisation
        )
        self.said = [finding.message for finding in handed.findings]
        self.report = pydicom.dcmread(folder / "structured_report.dcm")
        [self.segment] = pydicom.dcmread(folder / "uptake_regions.dcm").SegmentSequence
        self.reading = json.loads((folder / "reading.json").read_text("utf-8"))
        table = (folder / "joints.csv").read_text("utf-8-sig")
        self.rows = {row["joint"]: row for row in csv.DictReader(table.splitlines())}

    def structured(self, code: str) -> list[str]:
        """Text of all items of a concept in the structured report."""

        def walk(ds: Dataset) -> Iterator[str]:
            for item in ds.get("ContentSequence", []):
                if "TextValue" in item and item.ConceptNameCodeSequence[0].CodeValue == code:
                    yield str(item.TextValue)
                yield from walk(item)

        return list(walk(self.report))

    def html(self) -> str:
        return (self.folder / "report.html").read_text("utf-8")

    def paper(self) -> str:
        done = subprocess.run(
            [debian("pdftotext", "poppler-utils"), "-raw", "-enc", "UTF-8",
             self.folder / "report.pdf", "-"],
            capture_output=True,
            check=True,
        )  # fmt: skip
        return "".join(done.stdout.decode().split())

    def picture(self, name: str) -> np.ndarray:
        path = self.folder / name
        if path.suffix == ".png":
            return np.asarray(Image.open(path).convert("RGB"))
        return pydicom.dcmread(path).pixel_array


@dataclass(frozen=True)
class Case:
    doubtful: Doubtful
    export: Export


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Review:
    return open_study(write_study(tmp_path_factory.mktemp("doubtful")))


@pytest.fixture(scope="module", params=STATES, ids=lambda make: make.__name__)
def case(
    request: pytest.FixtureRequest, review: Review, tmp_path_factory: pytest.TempPathFactory
) -> Case:
    folder = tmp_path_factory.mktemp("case")
    doubtful = request.param(review, folder / "journal.db")
    return Case(doubtful, Export(folder / "out", doubtful))


def stands_in(picture: np.ndarray, words: str, *, size_px: int) -> bool:
    """Whether words stand on a picture, letter for letter, in the colour of a warning."""
    font = ImageFont.load_default(size_px)
    drawn = Image.new("RGB", (int(font.getlength(words)) + 20, 3 * size_px))
    ImageDraw.Draw(drawn).text((5, 5), words, font=font, fill=WARNING_RGB)
    template = np.asarray(drawn.crop(drawn.getbbox()))
    height, width = template.shape[:2]
    rows = np.flatnonzero((picture == WARNING_RGB).all(axis=-1).any(axis=1))
    if not rows.size:
        return False
    return any(
        np.array_equal(picture[y : y + height, x : x + width], template)
        for y in range(rows.min() - height, rows.max() + 1)
        for x in range(30)
    )


def beginning(sentence: str) -> str:
    return " ".join(sentence.split()[:2])


def test_the_structured_report_says_so(case: Case) -> None:
    assert case.doubtful.sentence in case.export.structured("statement")


def test_labels_of_the_structured_report_say_so(case: Case) -> None:
    assert set(case.export.structured("112039")) == {case.doubtful.name}
    assert case.export.structured("121106") == [f"{case.doubtful.name}: positive"]
    # And it is read back all the same.
    back = read_structured_report(case.export.folder / "structured_report.dcm")
    assert back == case.doubtful.reading.targets


def test_the_segment_says_so(case: Case) -> None:
    segment = case.export.segment
    assert segment.SegmentLabel == f"{case.doubtful.name} uptake"
    assert segment.TrackingID == case.doubtful.name
    assert case.doubtful.sentence in segment.SegmentDescription


def test_the_report_says_so_on_screen_and_on_paper(case: Case) -> None:
    banner = f'<p class="banner">{case.doubtful.sentence}</p>'
    assert banner in case.export.html()
    assert "".join(case.doubtful.sentence.split()) in case.export.paper()
    assert f"<td>{case.doubtful.name}</td>" in case.export.html()


def test_screen_and_paper_say_what_is_true_of_levels_and_alignment(case: Case) -> None:
    account = case.export.reading["account"]
    paper, page = case.export.paper(), html.unescape(case.export.html())
    for sentence in (account["state"], *account["levels"], account["alignment"]):
        assert sentence in page
        assert "".join(sentence.split()) in paper


def test_the_json_says_so(case: Case) -> None:
    assert case.doubtful.sentence in case.export.reading["cautions"]
    if case.doubtful.word:
        found = [finding["message"] for finding in case.export.reading["findings"]]
        assert case.doubtful.sentence in found
        assert case.doubtful.sentence in case.export.said
    status = "final" if case.doubtful.is_final else "draft"
    assert case.export.reading["reading"]["status"] == status


def test_the_table_says_so(case: Case) -> None:
    row = case.export.rows["Left C5-C6"]
    assert row["level_doubt"] == case.doubtful.word
    assert case.doubtful.sentence in row["cautions"]
    assert case.export.rows["Right C2-C3"]["level_doubt"] == ""


@pytest.mark.parametrize(
    ("name", "size_px"),
    [
        ("picture_01.dcm", 19),  # the overview
        ("picture_02.dcm", 16),
        ("picture_03.dcm", 16),
        ("picture_04.dcm", 16),
        ("fused_axial.png", 16),
        ("fused_coronal.png", 16),
        ("fused_sagittal.png", 16),
    ],
)
def test_the_pictures_say_so(case: Case, name: str, size_px: int) -> None:
    picture = case.export.picture(name)
    assert stands_in(picture, beginning(case.doubtful.sentence), size_px=size_px)
    assert not stands_in(picture, "LEVELS CERTAIN", size_px=size_px)


def test_the_dicom_object_says_that_a_draft_is_preliminary(case: Case) -> None:
    flag = "FINAL" if case.doubtful.is_final else "PRELIMINARY"
    assert case.export.report.PreliminaryFlag == flag


@pytest.fixture(scope="module")
def sure(review: Review, tmp_path_factory: pytest.TempPathFactory) -> Export:
    folder = tmp_path_factory.mktemp("sure")
    return Export(folder / "out", certain(review, folder / "journal.db"))


def test_nothing_is_said_where_nothing_is_doubtful(sure: Export) -> None:
    assert sure.reading["cautions"] == []
    assert sure.segment.SegmentLabel == "Left C5-C6 uptake"
    assert sure.structured("121106") == ["Left C5-C6: positive"]
    assert 'class="banner"' not in sure.html()
    for name in ("picture_01.dcm", "picture_02.dcm", "fused_axial.png"):
        assert not (sure.picture(name) == WARNING_RGB).all(axis=-1).any()


def test_to_confirm_on_live_imaging_is_said_by_every_report(sure: Export) -> None:
    assert CONFIRM in sure.html()
    assert "".join(CONFIRM.split()) in sure.paper()
    assert CONFIRM in sure.structured("statement")
    assert CONFIRM in sure.reading["limitations"]
