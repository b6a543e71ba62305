"""What is held against each other: the same joints, as two or more raters said of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fusion.anatomy import JOINTS, ZYGAPOPHYSIAL_LEVELS, Side
from fusion.reader_study.ratings import DECISIONS

if TYPE_CHECKING:
    from fusion.geometry import FloatArray
    from fusion.reader_study.ratings import NerveRating, Rating

#: The joints that have a medial branch; those above can be marked, and most readers do not.
TRUE_JOINTS = tuple(joint for joint in JOINTS if joint.is_zygapophysial)
#: Grades, and what stands for none.
GRADE_COUNT = 4
_POSITIVE = DECISIONS.index("positive")


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Joints × raters.

    Parameters
    ----------
    name : str
        Who is compared: for example ``"between readers"``.
    arm : str
        In which arm.
    raters : tuple of str
        Names of the columns.
    rows : tuple of tuple of Rating
        For each joint what each rater said.
    nerves : tuple of tuple of NerveRating
        For each case what follows from what each rater said.
    """

    name: str
    arm: str
    raters: tuple[str, ...]
    rows: tuple[tuple[Rating, ...], ...]
    nerves: tuple[tuple[NerveRating, ...], ...]

    @property
    def patients(self) -> tuple[int, ...]:
        """Numbers of the patients, in order."""
        return tuple(sorted({row[0].patient for row in self.rows}))

    def clusters(self, rows: Iterable[tuple[Rating | NerveRating, ...]]) -> npt.NDArray[np.int64]:
        """Return the place of the patient of each row among :attr:`patients`."""
        place = {patient: n for n, patient in enumerate(self.patients)}
        return np.array([place[row[0].patient] for row in rows], dtype=np.int64)

    def only(self, **where: str) -> Compared:
        """Return the same of the joints of one level or side."""
        rows = tuple(
            row
            for row in self.rows
            if all(getattr(row[0], name) == value for name, value in where.items())
        )
        return Compared(self.name, self.arm, self.raters, rows, self.nerves)

    def _array(self, value: Callable[[Rating], float], kind: type) -> npt.NDArray[np.generic]:
        made = [[value(one) for one in row] for row in self.rows]
        return np.array(made, dtype=kind).reshape(len(self.rows), len(self.raters))

    @property
    def decisions(self) -> npt.NDArray[np.int64]:
        """Codes of :data:`fusion.reader_study.ratings.DECISIONS`."""
        return np.asarray(self._array(lambda one: DECISIONS.index(one.decision), int), np.int64)

    @property
    def positive(self) -> npt.NDArray[np.int64]:
        """1 where the joint was called positive."""
        return np.asarray(self.decisions == _POSITIVE, np.int64)

    @property
    def grades(self) -> npt.NDArray[np.int64]:
        """Grades; :data:`GRADE_COUNT` where none was given."""
        return np.asarray(
            self._array(lambda one: GRADE_COUNT if one.grade is None else one.grade, int), np.int64
        )

    @property
    def log_ratios(self) -> FloatArray:
        """Logarithms of the ratios; NaN where there is none."""
        ratios = self._array(lambda one: one.ratio or np.nan, float)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = np.log(np.asarray(ratios, float))
        return np.where(np.isfinite(found), found, np.nan)

    @property
    def distances(self) -> tuple[FloatArray, npt.NDArray[np.int64], list[tuple[Rating, Rating]]]:
        """How far apart two raters put one joint, mm; whose patient; and who they are."""
        apart, clusters, who = [], [], []
        place = {patient: n for n, patient in enumerate(self.patients)}
        for row in self.rows:
            for one, other in combinations(row, 2):
                points = [(r.x_mm, r.y_mm, r.z_mm) for r in (one, other)]
                if None not in points[0] and None not in points[1]:
                    step = np.subtract(*np.array(points, dtype=float))
                    apart.append(float(np.linalg.norm(step)))
                    clusters.append(place[one.patient])
                    who.append((one, other))
        return np.array(apart), np.array(clusters, dtype=np.int64), who

    @property
    def plans(self) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
        """For each case and pair: share of nerves in common, whether all are; and whose patient."""
        shared, same, clusters = [], [], []
        for row, cluster in zip(self.nerves, self.clusters(self.nerves), strict=True):
            for one, other in combinations(row, 2):
                these, those = (set(filter(None, r.nerves.split("; "))) for r in (one, other))
                # Two that block nothing agree.
                shared.append(len(these & those) / len(these | those) if these | those else 1.0)
                same.append(float(these == those))
                clusters.append(cluster)
        return np.array(shared), np.array(same), np.array(clusters, dtype=np.int64)


def between_readers(
    ratings: tuple[Rating, ...], nerves: tuple[NerveRating, ...], *, arm: str
) -> Compared:
    """Return what all readers said in one arm, of the cases that all of them have finished.

    Parameters
    ----------
    ratings, nerves
        See :func:`fusion.reader_study.ratings.ratings_of`.
    arm : str
        Which.
    """
    readers = tuple(dict.fromkeys(one.reader for one in ratings))
    table = _by_case(ratings, nerves, lambda one: one.arm == arm and not one.repeat)
    wanted = [tuple((reader, False) for reader in readers)]
    return _compared("between readers", arm, readers, table, wanted)


def within_readers(
    ratings: tuple[Rating, ...], nerves: tuple[NerveRating, ...], *, arm: str
) -> Compared:
    """Return what each reader said of a case the first and the second time, in one arm.

    Parameters
    ----------
    ratings, nerves, arm
        As for :func:`between_readers`.
    """
    readers = tuple(dict.fromkeys(one.reader for one in ratings))
    table = _by_case(ratings, nerves, lambda one: one.arm == arm)
    wanted = [((reader, False), (reader, True)) for reader in readers]
    return _compared("within readers", arm, ("first time", "second time"), table, wanted)


_Table = dict[
    str, dict[tuple[str, bool], tuple["dict[tuple[str, str], Rating]", "NerveRating | None"]]
]


def _by_case(
    ratings: tuple[Rating, ...],
    nerves: tuple[NerveRating, ...],
    wanted: Callable[[Rating | NerveRating], bool],
) -> _Table:
    table: _Table = {}
    for one in ratings:
        if wanted(one):
            of_case = table.setdefault(one.case, {})
            joints, _ = of_case.setdefault((one.reader, one.repeat), ({}, None))
            joints[one.level, one.side] = one
    for nerve in nerves:
        if wanted(nerve):
            joints, _ = table[nerve.case][nerve.reader, nerve.repeat]
            table[nerve.case][nerve.reader, nerve.repeat] = joints, nerve
    return table


def _compared(
    name: str,
    arm: str,
    raters: tuple[str, ...],
    table: _Table,
    wanted: Sequence[tuple[tuple[str, bool], ...]],
) -> Compared:
    rows: list[tuple[Rating, ...]] = []
    plans: list[tuple[NerveRating, ...]] = []
    for of_case in table.values():
        for keys in wanted:
            found = [of_case[key] for key in keys if key in of_case]
            if len(found) < len(keys) or len(keys) < 2:
                continue
            for joint in TRUE_JOINTS:
                rows.append(tuple(joints[joint.level, joint.side.value] for joints, _ in found))
            plans.append(tuple(nerve for _, nerve in found if nerve is not None))
    return Compared(name, arm, raters, tuple(rows), tuple(plans))


#: Groups of joints that are looked at by themselves: words, and what tells them.
GROUPS: tuple[tuple[str, dict[str, str]], ...] = (
    ("all joints", {}),
    *((level, {"level": level}) for level in ZYGAPOPHYSIAL_LEVELS),
    *((side.value, {"side": side.value}) for side in Side),
)
