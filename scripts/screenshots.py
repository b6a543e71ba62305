"""Makes the pictures of the window for README and docs, from the sample study.

Run it where there is a screen, or under ``xvfb-run -a -s "-screen 0 1600x1000x24 -dpi 96"``::

    python scripts/screenshots.py docs/images
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from qtpy.QtGui import QPainter, QPixmap
from qtpy.QtTest import QTest

import fusion
from fusion.anatomy.joints import Joint, Side
from fusion.annotations.target import Answer, Decision
from fusion.palettes import DEFAULT_PALETTE
from sample_data import make_study
from viewer import _napari
from viewer.pictures.checking_views import Mode
from viewer.study import ReviewApp
from viewer.window import ReviewWindow
from viewer.wishes import Wishes

#: Long enough for a slow machine with software OpenGL, s.
OPEN_WITHIN_S = 300.0

#: What the reader of the pictures decides: joint, decision, grade.
DECISIONS = (
    (Joint("C2-C3", Side.RIGHT), Decision.POSITIVE, 2),
    (Joint("C4-C5", Side.LEFT), Decision.NEGATIVE, 0),
    (Joint("C5-C6", Side.LEFT), Decision.POSITIVE, 3),
)

#: The case of docs/pathway.md, with the study made and no radiograph recorded.
CASE = {
    "cervical_pain": True,
    "fused_spect_ct": True,
    "study_status": "performed",
    "suspected_infection": False,
    "history_of_cancer": False,
    "progressive_neurological_deficit": False,
    "neurological_deficit": False,
    "pain_chronic": True,
    "mri": "inconclusive",
    "mri_date": "2024-05",
    "diagnostic_ct": "none",
    "facet_arthropathy_suspected": True,
}


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for the PNG files")
    parser.add_argument("--study", type=Path, help="an existing sample study, instead of a new one")
    parser.add_argument("--only", metavar="NAME", help="write this picture and no other")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        root = args.study or Path(folder)
        if args.study is None:
            make_study(root)
        hot = hottest_joint(json.loads((root / "truth.json").read_text("utf-8")))
        window = open_window(root / "study", journal=Path(folder) / "journal.sqlite")
        take(window, args.out, hot, only=args.only)
        window.viewer.close()
        QTest.qWait(100)


def hottest_joint(truth: dict) -> list[float]:
    """Centre of the joint with the highest uptake on the CT, LPS mm."""
    return max(truth["joints"], key=lambda joint: joint["suv"])["center_lps"]


def open_window(study: Path, *, journal: Path) -> ReviewWindow:
    """Open a study as ``facetfusion review`` does."""
    app = ReviewApp(study, wishes=Wishes(journal=journal))
    app.start()
    give_up = time.monotonic() + OPEN_WITHIN_S
    while app.review_window is None:
        QTest.qWait(100)
        if app.job.dialog is not None or time.monotonic() > give_up:
            raise fusion.FusionError("The sample study did not open.")
    window = app.review_window
    # As a reader sees it who came back a moment later: joints found, alignment checked.
    while window.facets.assessment is None or window.alignment_panel.checking:
        QTest.qWait(100)
        if time.monotonic() > give_up:
            raise fusion.FusionError("The joints of the sample study were not found.")
    return window


def take(
    window: ReviewWindow, out: Path, point_lps: list[float], *, only: str | None = None
) -> None:
    """Write one picture of each way to look at the study, or only the one named."""
    linked = window.linked
    linked.point_lps = point_lps

    def save(name: str, change: Callable[[], None]) -> None:
        if only not in (None, name):
            return
        change()
        QTest.qWait(500)
        _napari.main_window(window.viewer).grab().save(str(out / f"{name}.png"))

    def alignment() -> None:
        window.pages.setCurrentWidget(window.alignment_panel)
        linked.blend = 0.5
        job = window.alignment_panel.start_search()
        while job.progress is not None:
            QTest.qWait(100)
        window.alignment.move((6.0, 0.0, 0.0))

    def edges() -> None:
        window.alignment.undo()
        linked.use_mode(Mode.EDGES)

    def enlarge(factor: float) -> None:
        for pane in linked:
            pane.fit()
            pane.zoom(factor)
            _, vertical, horizontal = pane.plane.order
            pane.look_at((point_lps[2 - vertical], point_lps[2 - horizontal]))

    def facets() -> None:
        linked.palette = DEFAULT_PALETTE
        window.pages.setCurrentWidget(window.facets_panel)
        give_up = time.monotonic() + OPEN_WITHIN_S
        while window.facets.assessment is None and time.monotonic() < give_up:
            QTest.qWait(100)
        window.facets.selected = Joint("C5-C6", Side.LEFT)
        found = window.facets.localisation
        place = sum(found.facet("C5-C6", side).center_lps for side in Side) / 2
        for pane in linked:
            pane.fit()
            pane.zoom(1.7)
            _, vertical, horizontal = pane.plane.order
            pane.look_at((place[2 - vertical], place[2 - horizontal]))

    def targets() -> None:
        linked.palette = DEFAULT_PALETTE
        panel = window.targets_panel
        window.pages.setCurrentWidget(panel)
        window.begin_reading("A. Reader")
        give_up = time.monotonic() + OPEN_WITHIN_S
        while window.facets.assessment is None and time.monotonic() < give_up:
            QTest.qWait(100)
        for joint, decision, grade in DECISIONS:
            window.facets.selected = joint
            for choice, value in (
                (panel.form.side, joint.side),
                (panel.form.level, joint.level),
                (panel.form.decision, decision),
                (panel.form.grade, grade),
                (panel.form.pain, Answer.YES if decision is Decision.POSITIVE else Answer.NO),
                (panel.form.bed, Answer.NO),
            ):
                choice.buttons[value].click()
                QTest.qWait(50)
        enlarge(1.7)

    def plan_and_finish() -> QPixmap:
        panel = window.targets_panel
        pages = []
        for page in (panel.blocks, panel.finish):
            panel.show_page(page)
            QTest.qWait(300)
            pages.append(panel.grab())
        both = QPixmap(2 * pages[0].width() + 12, pages[0].height())
        both.fill()
        painter = QPainter(both)
        for n, page in enumerate(pages):
            painter.drawPixmap(n * (page.width() + 12), 0, page)
        painter.end()
        panel.show_page(panel.area)
        return both

    def pathway() -> None:
        window.show_pathway()
        give_up = time.monotonic() + OPEN_WITHIN_S
        while not window.pathway.proposals and time.monotonic() < give_up:
            QTest.qWait(100)
        for key, value in CASE.items():
            window.pathway.answer(key, value)
        window.centre.body.setSizes([1000, 800])
        QTest.qWait(500)
        panel = window.pathway_panel
        panel.choose_line(next(line for line in panel.verdict.lines if line.statement == "S15"))

    save("window", lambda: None)
    save("window-alignment", alignment)
    save("window-edges", edges)
    save("window-checkerboard", lambda: linked.use_mode(Mode.CHECKERBOARD))
    linked.use_mode(Mode.BLEND)
    window.pages.setCurrentIndex(0)
    save("window-facets", facets)
    save("window-targets", targets)
    if only in (None, "window-targets"):
        plan_and_finish().save(str(out / "targets-plan-and-finish.png"))
    save("pathway-panel", pathway)


if __name__ == "__main__":
    main()
