"""The page that opens anywhere: what it holds, where it puts it, and what a real browser draws."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusion.annotations.target import Decision
from fusion.export.handout import Handout, LeftOut
from fusion.export.page import crop as crop_module
from fusion.export.page import page as page_module
from fusion.export.page.page import LACKING, STILL, WRONG, export_interactive
from fusion.export.report.overview import COLORS
from tests.export.handed import (
    HOSTILE,
    HOT,
    HOT_LPS,
    MADE,
    Read,
    handout_of,
    read_study,
    target_at,
)
from tests.export.page.browser import Browser, chromium
from tests.viewer.marked_study import (
    BALLS,
    FFS,
    HFP,
    HFS,
    MIDDLE_LPS,
    ct_lattice,
    spect_lattice,
)

#: Of patients as they can lie: head first, feet first, prone.
LYING = {"HFS": HFS, "FFS": FFS, "HFP": HFP}
#: Colour of a positive joint.
ORANGE = (255, 120, 60)


def lying(position: str, folder: Path) -> Read:
    axes = LYING[position]
    return read_study(
        folder,
        ct=ct_lattice(axes),
        spect=spect_lattice(axes),
        patient_position=position,
        patient_name="Nobody^Else",
    )


@pytest.fixture(scope="module")
def reads(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    return {position: lying(position, tmp_path_factory.mktemp(position)) for position in LYING}


@pytest.fixture(scope="module")
def pages(reads: dict[str, Read]) -> dict[str, Path]:
    made = {}
    for position, read in reads.items():
        handout = Handout.of(read.review, read.reading, made=MADE, localisation=None)
        (made[position],) = export_interactive(handout, read.study.parent)
    return made


def data_of(page: Path) -> dict[str, Any]:
    found = re.search(
        r'<script type="application/json" id="neck">(.*?)</script>', page.read_text("utf-8")
    )
    assert found
    content: dict[str, Any] = json.loads(found[1])
    return content


def levels(crop: dict[str, Any]) -> np.ndarray:
    steps = np.frombuffer(gzip.decompress(base64.b64decode(crop["levels"])), np.uint8)
    return np.cumsum(steps.reshape(crop["shape"]), axis=2, dtype=np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("position", LYING)
def test_every_voxel_lies_where_the_page_says(pages: dict[str, Path], position: str) -> None:
    """Against the solids that the files were made from, not against the crop's own grid."""
    data = data_of(pages[position])
    for name, inside, outside in (("ct", 240, 70), ("spect", 230, 120)):
        crop = data[name]
        axes = [
            origin + crop["step"] * np.arange(count)
            for origin, count in zip(crop["origin"], crop["shape"][::-1], strict=True)
        ]
        drawn = levels(crop)
        assert list(drawn.shape) == crop["shape"]

        def around(place: np.ndarray, axes: list[Any] = axes, drawn: Any = drawn) -> np.ndarray:
            i, j, k = (abs(axis - at) < 1.2 for axis, at in zip(axes, place, strict=True))
            found: np.ndarray = drawn[np.ix_(k, j, i)]
            return found

        for ball in ("left", "head"):
            assert around(MIDDLE_LPS + BALLS[ball]).min() >= inside
        # Nothing lies to the right.
        assert around(MIDDLE_LPS - BALLS["left"]).max() <= outside
        assert crop["letters"] == [["F", "H"], ["A", "P"], ["R", "L"]]


def test_the_page_holds_the_reading_and_no_more(pages: dict[str, Path]) -> None:
    data = data_of(pages["HFS"])
    names = [joint["name"] for joint in data["joints"]]
    assert names == ["Left C4-C5", "Left C5-C6", "Right C5-C6"]
    hot = data["joints"][1]
    assert hot["at"] == pytest.approx(HOT_LPS.tolist())
    assert hot["said"].startswith("Left C5-C6: positive; grade 2; uptake maximum 812 counts")
    assert hot["said"].endswith("Left C5 medial branch, Left C6 medial branch.")
    # To both sides of the joints 30 mm; the joint on the right counts, whoever decided it or not.
    low = np.array(data["ct"]["origin"])
    high = low + (np.array(data["ct"]["shape"][::-1]) - 1) * data["ct"]["step"]
    assert low[1] >= HOT_LPS[1] - 34.0
    assert high[1] <= HOT_LPS[1] + 34.0 + 0.7


def test_what_the_page_looks_up_is_the_centre_of_a_voxel(pages: dict[str, Path]) -> None:
    """A point half-way between two would be rounded one way here, and another in a browser."""
    for page in pages.values():
        data = data_of(page)
        for n, name in enumerate(("ct", "spect")):
            crop, drawn = data[name], levels(data[name])
            for joint in data["joints"]:
                for *point, level in (found[n] for found in joint["checks"]):
                    at = (np.array(point) - crop["origin"]) / crop["step"]
                    i, j, k = np.rint(at).astype(int)
                    assert np.abs(at - (i, j, k)).max() < 1e-6
                    assert drawn[k, j, i] == level
                there = np.array(joint["checks"][0][n][:3])
                assert np.abs(there - joint["at"]).max() <= crop["step"]


def test_whose_neck_it_is_stands_above_the_planes(pages: dict[str, Path]) -> None:
    text = pages["HFS"].read_text("utf-8")
    named = text.index("Else Nobody · ID ") if "Else Nobody · ID " in text else text.index(" · ID ")
    assert text.index("<h1>") < named < text.index('id="viewer"')


def test_a_noisy_ct_is_drawn_coarser_and_the_page_stays_small(
    reads: dict[str, Read], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = reads["HFS"]
    handout = Handout.of(read.review, read.reading, made=MADE, localisation=None)
    monkeypatch.setattr(crop_module, "MOST_BYTES", 0)
    (page,) = export_interactive(handout, tmp_path)
    assert data_of(page)["ct"]["step"] == pytest.approx(1.2)


def test_nothing_runs_but_the_script_of_the_program(pages: dict[str, Path]) -> None:
    text = pages["HFS"].read_text("utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules.keys() == {"default-src", "img-src", "style-src", "script-src"}
    assert (rules["default-src"], rules["img-src"]) == ("'none'", "data:")
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    for source, rule in ((script, "script-src"), (style, "style-src")):
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    for word in ("http:", "https:", "fetch(", "eval(", "import(", "localStorage", " style="):
        assert word not in script + re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert 'href="' not in text


def test_text_cannot_break_out_of_the_data(reads: dict[str, Read], tmp_path: Path) -> None:
    read = reads["HFS"]
    target = target_at(read.review, HOT, HOT_LPS, reader="</script><script>alert(1)</script>")
    handout = handout_of(read.review, target, cautions=(f"</script>{HOSTILE}",))
    (page,) = export_interactive(handout, tmp_path)
    text = page.read_text("utf-8")
    assert text.count("<script") == text.count("</script>") == 2
    assert "<script>alert(1)" in data_of(page)["foot"][0]["text"]


def test_a_reading_without_a_decision_has_no_page(reads: dict[str, Read], tmp_path: Path) -> None:
    with pytest.raises(LeftOut, match=r"No joint is decided, .* no report_interactive\.html"):
        export_interactive(handout_of(reads["HFS"].review), tmp_path)


@pytest.mark.parametrize("position", LYING)
def test_the_c_arm_shows_the_left_joint_on_the_right(reads: dict[str, Read], position: str) -> None:
    pictures = Handout.of(
        reads[position].review, reads[position].reading, made=MADE, localisation=None
    ).pictures
    front, left = (np.asarray(one.image) for one in pictures.c_arm)
    x, y = ring_of(front, "positive")
    assert x > front.shape[1] / 2 + 20
    assert ring_of(front, "negative")[0] < front.shape[1] / 2 - 20
    # One behind the other from the side, at the height that they have from the front.
    assert ring_of(left, "positive")[1] == pytest.approx(y, abs=2)


def ring_of(picture: np.ndarray, decision: str) -> tuple[float, float]:
    """Return column and row of the middle of the lowest ring of a decision."""
    near = np.abs(picture.astype(int) - COLORS[Decision(decision)]).max(axis=-1) < 12
    middle = near[:, 240:-240]  # without the names
    rows, columns = np.nonzero(middle)
    ring = rows > rows.max() - 18
    return float(np.median(columns[ring])) + 240, float(rows.max()) - 9


# ---- in a browser ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def middle_of(picture: np.ndarray, color: tuple[int, int, int]) -> tuple[int, int]:
    """Return column and row of the middle of the ring of a colour; its name stands above it."""
    rows, columns = np.nonzero(np.abs(picture.astype(int) - color).max(axis=-1) < 12)
    y = rows.max() - 10
    return round(float(np.median(columns[rows > y + 2]))), int(y)


@pytest.mark.slow
@pytest.mark.parametrize("position", LYING)
def test_the_left_of_the_patient_is_on_the_right_of_the_screen(
    pages: dict[str, Path], browser: Browser, position: str
) -> None:
    browser.open(pages[position])
    browser.press("ArrowDown")
    assert browser.run("return document.getElementById('shown').textContent").startswith(HOT.name)
    browser.run(
        "const blend = document.getElementById('blend'); blend.value = 0;"
        "blend.dispatchEvent(new Event('input'))"
    )
    for name in ("axial", "coronal", "sagittal"):
        picture = np.asarray(browser.picture(name))
        x, y = middle_of(picture, ORANGE)
        # Bone lies inside the ring, in the CT itself and not as something drawn on it.
        assert picture[y - 3 : y + 4, x - 3 : x + 4].min() > 240, (name, x, y)
        if name != "sagittal":
            middle = picture.shape[1] / 2
            assert x > middle + 50
            mirrored = round(2 * middle - x)
            assert picture[y - 3 : y + 4, mirrored - 3 : mirrored + 4].max() < 120


def test_the_page_stays_still_where_a_joint_is_not_where_it_was_put(
    pages: dict[str, Path], browser: Browser, tmp_path: Path
) -> None:
    text = pages["HFS"].read_text("utf-8")
    data = data_of(pages["HFS"])

    def said_of(change: str, instead: str) -> str:
        page = tmp_path / "page.html"
        assert change in text
        page.write_text(text.replace(change, instead), "utf-8")
        browser.open(page)
        assert (
            browser.run(
                "return getComputedStyle(document.getElementById('axial').parentNode).display"
            )
            == "none"
        )
        said: str = browser.run("return document.getElementById('still').innerText")
        return said

    packed, mirrored = data["ct"]["levels"], np.flip(levels(data["ct"]), axis=2)
    steps = np.diff(mirrored, axis=2, prepend=np.uint8(0))
    flipped = base64.b64encode(gzip.compress(steps.tobytes(), mtime=0)).decode()
    assert said_of(packed, flipped) == WRONG
    assert said_of('["R","L"]', '["L","R"]') == WRONG
    assert said_of(packed, packed[:400]) == LACKING
    assert STILL in text


def test_decisions_have_a_colour_each() -> None:
    script = (Path(page_module.__file__).parent / "page.js").read_text("utf-8")
    for decision in Decision:
        assert f"{decision.value}: " in script
