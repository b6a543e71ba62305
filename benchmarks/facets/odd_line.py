"""Where the neck of a case runs, by its true joints: for whatever is drawn into it or cut away."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.facets.variants import Case, Truth
from fusion.anatomy import VERTEBRAE, ZYGAPOPHYSIAL_LEVELS
from fusion.geometry import Grid, Volume

#: From the middle between the joints of a level to the middle of the canal and to the middle of
#: the body, backwards, mm: 1.7 and -15 on the CTs of people at hand.
CANAL_P_MM, BODY_P_MM = 1.7, -15.0
#: The middle of the body of C2 lies above its lower joints, mm.
C2_UP_MM = 9.0
#: Half the distance between two joints that counts as wrong in a patient of usual size, mm.
WRONG_MM = 7.5


@dataclass(frozen=True)
class Odd(Case):
    """A case with the places a reader would click on, and what counts as wrong in this patient."""

    clicks: dict[str, np.ndarray] = field(default_factory=dict)
    wrong_mm: float = WRONG_MM


@dataclass(frozen=True)
class Line:
    """Middles between the joints of each level, from the lowest to the highest."""

    levels: tuple[str, ...]
    middles: np.ndarray

    @classmethod
    def of(cls, truth: Truth) -> Line:
        """Take the levels of which both joints are known."""
        found = {
            level: (truth[level, "left"] + truth[level, "right"]) / 2
            for level in ZYGAPOPHYSIAL_LEVELS
            if (level, "left") in truth and (level, "right") in truth
        }
        names = sorted(found, key=lambda name: found[name][2])
        return cls(tuple(names), np.array([found[name] for name in names]))

    def height(self, level: str) -> float:
        """Return the height of a level, mm."""
        return float(self.middles[self.levels.index(level)][2])

    def at(self, z: np.ndarray | float) -> np.ndarray:
        """Return the middle between the pillars (n, 2) at heights, straight on beyond its ends."""
        heights = np.atleast_1d(np.asarray(z, dtype=float))
        low, high = self.middles[0], self.middles[-1]
        columns = []
        for axis in (0, 1):
            inside = np.interp(heights, self.middles[:, 2], self.middles[:, axis])
            if len(self.middles) > 1:
                ends = ((low, self.middles[1] - low), (high, high - self.middles[-2]))
                for (end, step), beyond in zip(
                    ends, (heights < low[2], heights > high[2]), strict=True
                ):
                    # Not further than 40 mm: the skull and the chest bend away.
                    off = np.clip(heights - end[2], -40.0, 40.0)
                    inside = np.where(beyond, end[axis] + off * step[axis] / step[2], inside)
            columns.append(inside)
        return np.stack(columns, axis=1)

    def body(self, vertebra: str) -> np.ndarray | None:
        """Return the middle of the body of a vertebra, LPS mm; None where no joint holds it."""
        n = VERTEBRAE.index(vertebra)
        lower = f"{vertebra}-{VERTEBRAE[n + 1]}"
        upper = f"{VERTEBRAE[n - 1]}-{vertebra}"
        if lower in self.levels and upper in self.levels:
            z = (self.height(lower) + self.height(upper)) / 2
        elif lower in self.levels:
            z = self.height(lower) + (C2_UP_MM if vertebra == "C2" else 7.0)
        else:
            return None
        x, y = self.at(z)[0]
        lean = self.lean(float(z))
        forward = np.array([0.0, BODY_P_MM, BODY_P_MM * lean]) / np.hypot(1.0, lean)
        return np.asarray(np.array([x, y, z]) + forward)

    def lean(self, z: float) -> float:
        """Return how much lower what lies in front is, for each mm: the neck leans forwards."""
        y = self.at(np.array([z - 8.0, z + 8.0]))[:, 1]
        return float(y[0] - y[1]) / 16.0


@dataclass(frozen=True)
class Around:
    """Every voxel of a CT on axial slices against its neck: aside and behind, and height, mm."""

    aside: np.ndarray
    behind: np.ndarray
    z: np.ndarray

    @classmethod
    def of(cls, case: Case, line: Line) -> Around:
        """Tell where the voxels of a case lie; ``aside`` (k, 1, i), ``behind`` (k, j, 1)."""
        x, y, z = axes(case.ct.grid)
        middle = line.at(z)
        return cls(
            x[None, None, :] - middle[:, 0, None, None],
            y[None, :, None] - middle[:, 1, None, None],
            z[:, None, None],
        )

    def up(self, line: Line, level: str) -> np.ndarray:
        """Return how far every voxel lies above a level, mm, as the neck leans there."""
        height = line.height(level)
        lean = line.lean(height)
        result: np.ndarray = (self.z - height - lean * self.behind) / np.hypot(1.0, lean)
        return result


def axes(grid: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x of columns, y of rows and z of slices, mm, of a grid along the patient's axes."""
    affine = grid.affine
    off = affine[:3, :3].copy()
    off[0, 2] = off[1, 1] = off[2, 0] = 0
    assert np.abs(off).max() < 1e-3, "axial slices were expected"
    return (
        affine[0, 3] + affine[0, 2] * np.arange(grid.shape[2]),
        affine[1, 3] + affine[1, 1] * np.arange(grid.shape[1]),
        affine[2, 3] + affine[2, 0] * np.arange(grid.shape[0]),
    )


def hu_of(ct: Volume) -> np.ndarray:
    """Return HU (k, j, i) as float32."""
    slope, intercept = (np.asarray(v, np.float32)[:, None, None] for v in (ct.slope, ct.intercept))
    result: np.ndarray = ct.stored.astype(np.float32) * slope + intercept
    return result


def with_hu(case: Odd, hu: np.ndarray, name: str, grid: Grid | None = None) -> Odd:
    """Return a case with other values."""
    ct = case.ct
    stored = np.rint(np.clip(hu, -4000, 30000)).astype(np.int16)
    made = Volume(grid or ct.grid, stored, 1.0, 0.0, ct.unit, ct.source)
    return replace(case, name=f"{case.name} {name}", ct=made)


def noise_of(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return the same normal noise for the same name, float32."""
    seed = np.frombuffer(name.encode(), np.uint8).astype(np.int64).tolist()
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
