"""A scripted reader at the window of a reader study: case after case, by the keyboard alone.

::

    xvfb-run -a -s "-screen 0 1920x1200x24" python -m benchmarks.reader_study.blinded --cases 40

Makes a study of variants of the simulated neck (``--necks`` anatomies, each with other counts),
whose files, folders and names hold words that name a patient, dates, and, in the journal of another
reader and in the notes of this reader's earlier cases, words that nobody may see here. Everything
that any widget or picture says is read at every step of every case; the files of the reader's
folder, the log and the output at the end. It tells how many places were looked at, and each that
gave something away.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp(prefix="napari-blinded-")) / "s.yaml")
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="config-blinded-")

import numpy as np
import pydicom
from napari.qt import get_qapp

from fusion.anatomy.joints import JOINTS
from fusion.annotations.target import Decision
from fusion.reader_study.study import ReaderStudy
from sample_data import COARSE_SCAN, HotJoint, NeckParameters, make_study
from tests.export.canaries import MARK, Canaries
from tests.reader_study.begun import read
from tests.viewer.places import in_files, on_screen
from tests.viewer.scripted import Hands, wait_until
from tests.viewer.test_reader_study import DATES, FOREIGN, write_named
from viewer.reader_study import ReadingRoom

EARLIER = "Earlierqzx"
ARMS = """
[[arm]]
name = "with proposals"
proposals = true
"""


def make_cases(folder: Path, count: int, necks: int) -> None:
    random = np.random.default_rng(1)
    sources = []
    for seed in range(necks):
        hot = tuple(
            HotJoint(f"C{3 + (seed + n) % 4}-C{4 + (seed + n) % 4}", side, 45.0)
            for n, side in enumerate(("left", "right"))
        )
        neck = NeckParameters(seed=seed + 1, hot_joints=hot)
        made = make_study(folder / f"neck{seed}", neck=neck, scan=COARSE_SCAN)
        sources.append(made.folder)
        print(f"neck {seed + 1} of {necks} is made", flush=True)
    for number in range(count):
        case = folder / "study" / "cases" / f"{MARK}{number}"
        write_named(case, sources[number % necks], number, Canaries())
        for path in case.rglob("*.dcm"):
            ds = pydicom.dcmread(path)
            if ds.Modality == "NM":
                counts = ds.pixel_array
                ds.PixelData = random.poisson(counts).astype(counts.dtype).tobytes()
                ds.save_as(path)
    cases = "".join(
        f'\n[[case]]\nname = "{MARK}c{n}"\npath = "cases/{MARK}{n}"\npatient = "{MARK}p{n}"\n'
        for n in range(count)
    )
    (folder / "study" / "study.toml").write_text(
        f'schema_version = 1\ntitle = "{MARK}"\nseed = 3\nreaders = ["Reader A", "Reader B"]\n'
        + ARMS
        + cases
    )


class Watch:
    """Reads everything that can be seen."""

    def __init__(self) -> None:
        self.places = 0
        self.kinds: Counter[str] = Counter()
        self.told: set[tuple[str, ...]] = set()

    def look(self, places, *, own: str = "") -> None:
        for place, words in places:
            self.places += 1
            self.kinds[place] += 1
            words = words.replace(own, "") if own else words
            hits = [one for one in (MARK, FOREIGN, EARLIER, *DATES) if one in words]
            if hits:
                self.told.add((place, *hits))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--necks", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many")
    args = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "log.txt"
        logging.basicConfig(filename=log, level=logging.INFO)
        make_cases(folder, args.cases, args.necks)
        study = ReaderStudy.begin(folder / "study")
        print(f"begun after {time.monotonic() - began:.0f} s", flush=True)
        hot = {JOINTS[4]: (Decision.POSITIVE, 2, 3.0, (1.0, 2.0, 3.0))}
        for showing in study.plan.order["Reader B"]:
            read(study, "Reader B", showing.presentation.key, hot, note=FOREIGN)
        get_qapp()
        watch, room = Watch(), ReadingRoom(study, "Reader A")
        room.next()
        keys, seconds, finished, kept = [], [], 0, {}
        while finished < args.cases and (time.monotonic() - began) / 60 < args.minutes:
            wait_until(lambda: room.window is not None and not room.page.isVisible())
            window, started = room.window, time.monotonic()
            assert window.header.identity.text() == f"Case {finished + 1} of {args.cases}"
            hands = Hands(window, "")
            own = f"{EARLIER}{finished}."

            def look(step: str, window=window, own=own) -> None:
                targets = window.reading.reading.targets
                if step == "last word" and targets and not targets[0].note:
                    window.reading.revise(targets[0].joint, note=own)
                watch.look(on_screen(window), own=own)

            hands.read_blinded(look)
            final = window.reading.reading
            kept[final.study.study_instance_uid] = len(final.positive), len(final.targets)
            wait_until(lambda window=window: room.window is not window)
            watch.look(on_screen())
            finished += 1
            keys.append(hands.keys)
            seconds.append(time.monotonic() - started)
            print(
                f"case {finished}: {hands.keys} keys, {seconds[-1]:.0f} s, "
                f"{len(final.positive)} positive of {len(final.targets)}, "
                f"{watch.places} places, {len(watch.told)} told",
                flush=True,
            )
        watch.look(in_files(study.place_of("Reader A"), besides="journal.sqlite"))
        journal = in_files(study.place_of("Reader A"))
        watch.look((place, words.replace(EARLIER, "")) for place, words in journal)
        watch.look([("log", log.read_text())])
        print(study.headway("Reader A").words)
        print(f"{finished} cases, {sum(keys)} keys, {watch.places} places; told: {watch.told}")
        print(watch.kinds.most_common(12))
        if room.window is not None:
            room.window.viewer.close()
        return 1 if watch.told or finished < args.cases else 0


if __name__ == "__main__":
    raise SystemExit(main())
