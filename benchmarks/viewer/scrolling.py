"""Where the time of a step through the planes goes, against napari itself in the same run.

A CT of 512 × 512 × 300 and a 128³ SPECT, a window of 1500 × 950, three linked fused planes. In each
round every contender makes the same steps, one after the other, so that other load hits all alike;
a ratio is the median over rounds. A step ends when the event loop has nothing left to draw.

- ``empty pane``: one napari canvas with an 8 × 8 picture in a window as large: the floor.
- ``napari``: three canvases with the same two arrays as layers of napari, linked on the point.
- ``ours``: the review window.

Of ours it is also said how much is Python of the step itself (``code``: until the setter returns),
how much is drawing inside vispy (``draw``), and what is left for Qt to compose the window.

::

    xvfb-run -a -s "-screen 0 1920x1200x24" python -m benchmarks.viewer.scrolling
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp(prefix="napari-bench-")) / "s.yaml")
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="config-bench-")

import napari
import numpy as np
from napari._qt.qt_viewer import QtViewer
from napari.components import ViewerModel
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QGridLayout, QWidget

import fusion
from benchmarks.opening import make
from benchmarks.ratios import Ratio, record
from fusion.review import Review
from viewer import _napari
from viewer.pictures.area import Layout
from viewer.pictures.layers import ct_layer_data, make_layer, to_world
from viewer.pictures.planes import PLANES
from viewer.window import ReviewWindow

SIZE = (1500, 950)
SLICES = 300


@dataclass
class Times:
    """Of one kind of step, ms each."""

    wall: list[float] = field(default_factory=list)
    code: list[float] = field(default_factory=list)
    main: list[float] = field(default_factory=list)
    draws: list[int] = field(default_factory=list)


class Contender:
    """Something that is stepped through.

    Parameters
    ----------
    canvases : list of QtViewer
        Whose draws are counted.
    """

    def __init__(self, canvases: list) -> None:
        self.drawn = 0
        for canvas in canvases:
            canvas.canvas.events.draw.connect(self._on_draw, position="last")
        self.times: dict[str, Times] = {}

    def made(self) -> int:
        return self.drawn

    def _on_draw(self, _event: object) -> None:
        self.drawn += 1

    def time(self, name: str, act: Callable[[], object]) -> None:
        app = QApplication.instance()
        before = self.made()
        cpu, start = time.thread_time(), time.perf_counter()
        act()
        code = time.thread_time() - cpu
        app.processEvents()
        app.processEvents()
        wall, main = time.perf_counter() - start, time.thread_time() - cpu
        times = self.times.setdefault(name, Times())
        times.wall.append(1e3 * wall)
        times.code.append(1e3 * code)
        times.main.append(1e3 * main)
        times.draws.append(self.made() - before)


def settle() -> None:
    QTest.qWait(400)


class Ours(Contender):
    def __init__(self, review: Review, layout: Layout) -> None:
        viewer = napari.Viewer(show=False, show_welcome_screen=False)
        _napari.put_canvas_away(viewer)
        viewer.window.show()
        _napari.main_window(viewer).resize(*SIZE)
        journal = Path(tempfile.mkdtemp(prefix="journal-bench-")) / "j.sqlite"
        self.window = ReviewWindow(viewer, review, journal=journal)
        self.window.pictures.layout_shown = layout
        self.linked = self.window.linked
        settle()
        super().__init__([])

    def made(self) -> int:
        return sum(canvas.made for canvas in self.window.canvases)

    def scroll(self, axis: int, by: int) -> None:
        self.linked.scroll(self.linked.panes[axis], by)

    def jump(self, point: np.ndarray) -> None:
        self.linked.point_lps = point

    def close(self) -> None:
        self.window.viewer.close()


class Plain(Contender):
    """Three canvases of napari in its own window, with nothing of ours."""

    def __init__(self, review: Review) -> None:
        self.review, self.viewer = review, napari.Viewer(show=True, show_welcome_screen=False)
        _napari.main_window(self.viewer).resize(*SIZE)
        self.models = [self.viewer, *(ViewerModel() for _ in PLANES[1:])]
        canvases = [_napari.main_canvas(self.viewer), *map(QtViewer, self.models[1:])]
        self.further = canvases[1:]
        _napari.hide_clutter(self.viewer)
        spect = np.asarray(review.fused.spect_display())
        _, options, kind = ct_layer_data(review)
        for model, plane in zip(self.models, PLANES, strict=True):
            for array, limits, opacity in (
                (review.fused.ct_display(), options["contrast_limits"], 1.0),
                (spect, review.fused.uptake_range, 0.5),
            ):
                how = {**options, "contrast_limits": limits, "opacity": opacity}
                model.layers.append(make_layer((array, how, kind)))
            model.dims.order = plane.order
        centre = QWidget()
        grid = QGridLayout(centre)
        for canvas, cell in zip(canvases, ((0, 0, 2, 3), (0, 3, 1, 2), (1, 3, 1, 2)), strict=True):
            canvas.dims.setVisible(False)
            grid.addWidget(canvas, *cell)
        _napari.main_window(self.viewer).centralWidget().layout().addWidget(centre)
        for model in self.models:
            model.reset_view()
        settle()
        super().__init__(canvases)

    def put(self, point: np.ndarray) -> None:
        for model in self.models:
            model.dims.point = to_world(point)

    def close(self) -> None:
        for canvas in self.further:
            canvas.close()
            canvas.deleteLater()
        self.viewer.close()


class Empty(Contender):
    def __init__(self) -> None:
        self.viewer = napari.Viewer(show=True, show_welcome_screen=False)
        _napari.main_window(self.viewer).resize(*SIZE)
        self.viewer.add_image(np.zeros((8, 8), np.uint8))
        _napari.hide_clutter(self.viewer)
        settle()
        self.canvas = _napari.main_canvas(self.viewer)
        super().__init__([self.canvas])

    def draw(self) -> None:
        self.canvas.canvas._scene_canvas.update()

    def close(self) -> None:
        self.viewer.close()


def steps_of(review: Review, seed: int) -> list[np.ndarray]:
    grid = review.fused.display_grid
    rng = np.random.default_rng(seed)
    places = rng.uniform(0.3, 0.7, (8, 3)) * grid.shape
    return [grid.to_lps(np.rint(place)) for place in places]


def measure(review: Review, rounds: int, layout: Layout) -> tuple[Ours, Plain, Empty]:
    ours, plain, empty = Ours(review, layout), Plain(review), Empty()
    grid = review.fused.display_grid
    for n in range(-1, rounds):
        if n == 0:
            for one in (ours, plain, empty):
                one.times.clear()
        for axis, name in enumerate(("axial", "coronal", "sagittal")):
            for step in range(8):
                by = 1 if n % 2 else -1
                empty.time("draw", empty.draw)
                here = ours.linked.point_lps
                ours.time(f"scroll {name}", lambda axis=axis, by=by: ours.scroll(axis, by))
                kji = grid.to_kji(here)
                kji[axis] += by
                there = grid.to_lps(kji)
                plain.time(f"scroll {name}", lambda there=there: plain.put(there))
                del step
        for point in steps_of(review, n + 1):
            empty.time("draw", empty.draw)
            ours.time("jump", lambda point=point: ours.jump(point))
            plain.time("jump", lambda point=point: plain.put(point))
    return ours, plain, empty


def report(ours: Ours, plain: Plain, empty: Empty) -> None:
    floor = np.median(empty.times["draw"].wall), np.median(empty.times["draw"].main)
    print(f"floor, empty pane: {floor[0]:.1f} ms wall, {floor[1]:.1f} ms main thread")
    head = ("step", "wall", "best", "main thread", "of it code", "draws", "x floor", "x napari")
    print(" | ".join(head), "(ms; median; x: ratio of main thread times, wall times in brackets)")
    for name, times in ours.times.items():
        other = plain.times[name]
        main, wall = np.median(times.main), np.median(times.wall)
        ratios = np.array(times.main) / other.main, np.array(times.wall) / other.wall
        print(
            f"{name} | {wall:.0f} | {min(times.wall):.0f} | {main:.1f} | "
            f"{np.median(times.code):.1f} | {np.mean(times.draws):.1f} | {main / floor[1]:.2f} "
            f"({wall / floor[0]:.2f}) | {np.median(ratios[0]):.2f} ({np.median(ratios[1]):.2f})"
        )
        what = f"three linked planes, {name}, main thread"
        record([Ratio(what, "napari's own planes", float(np.median(ratios[0])), 1.0)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--layout", default="PLANES", choices=[one.name for one in Layout])
    parser.add_argument("--profile", type=Path, help="write where Python spends its time here")
    parser.add_argument("--study", type=Path, help="a study instead of a made one")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        study = args.study or Path(folder)
        if args.study is None:
            make(study, SLICES)
        review = fusion.open_study(study)
    if args.profile:
        _profile(review, args.profile, Layout[args.layout])
        return
    contenders = measure(review, args.rounds, Layout[args.layout])
    report(*contenders)
    for one in contenders:
        one.close()


def _profile(review: Review, path: Path, layout: Layout) -> None:
    import cProfile

    with closing(Ours(review, layout)) as ours:
        app = QApplication.instance()
        for _ in range(5):
            ours.time("warm", lambda: ours.scroll(0, 1))
        profile = cProfile.Profile()
        profile.enable()
        for _ in range(30):
            ours.scroll(0, -1)
            app.processEvents()
            app.processEvents()
        profile.disable()
        profile.dump_stats(path)


if __name__ == "__main__":
    main()
