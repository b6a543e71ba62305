"""Whether repeats of one neck are told as changed, true changes are found, and limits hold.

    python -m benchmarks.follow_up.repeats --patients 25 --repeats 20 --to repeats.jsonl

A patient is simulated once a date: each date has its own pose on its own SPECT grid and its own
SPECT against CT, and each repeat its own counts, its own error of every joint's place, and its own
day (published spread of one joint between days). The mean without noise, at the true place, is the
truth.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

import fusion.uptake.spread as spread
from benchmarks.follow_up.pairs import localised
from fusion.anatomy import JOINTS, LEVELS, Joint
from fusion.facets import Localisation
from fusion.follow_up import ChangeLimits, CommonResolution, chance_of, told
from fusion.geometry import Grid, RigidTransform, Source, Volume
from fusion.registration import Method, Registration
from fusion.uptake import (
    MeanSpread,
    NativeNeck,
    ReferenceChoice,
    Sharpness,
    UptakeSettings,
    native_neck,
    sharpness_of,
    spread_of_means,
)
from fusion.uptake.reference import measure_reference
from fusion.uptake.resolution import ASSUMED_RESOLUTION_MM
from fusion.uptake.spread import _means_at
from sample_data import NeckParameters, ScanParameters
from sample_data.anatomy import build_anatomy, placed
from sample_data.scanner import (
    FWHM_PER_SIGMA,
    _halved,
    _paint_suv,
    _random_field,
    acquire_ct,
    placement,
)

_SHAPE = (46, 40, 44)
_BEFORE = 0.8


@dataclass(frozen=True, eq=False)
class Patient:
    """One patient on one date: blurred concentration of the rest, and of each joint."""

    ct: Volume
    grid: Grid
    voxel_mm: float
    scan: ScanParameters
    rest: np.ndarray
    parts: dict[Joint, np.ndarray]
    truth: dict[Joint, np.ndarray]
    known: dict = field(default_factory=dict)

    def spect(
        self,
        rng: np.random.Generator | None,
        factors: dict[Joint, float],
        as_coarse_as_mm: float = 0.0,
    ) -> Volume:
        """Return a SPECT with each joint's own uptake times a factor; None for no noise."""
        mean = self.rest + sum(factors.get(j, 1.0) * part for j, part in self.parts.items())
        mean = np.maximum(mean * self.scan.counts_per_suv, 0)
        counts = mean if rng is None else rng.poisson(mean).astype(float)
        after = self.scan.resolution_mm / FWHM_PER_SIGMA * np.sqrt(1 - _BEFORE**2)
        coarser = max(as_coarse_as_mm, self.scan.resolution_mm)
        after = np.hypot(after, np.sqrt(coarser**2 - self.scan.resolution_mm**2) / FWHM_PER_SIGMA)
        values = ndimage.gaussian_filter(counts, after / self.voxel_mm, mode="nearest", truncate=4)
        source = Source("1.1", "1.3", "1.1", ("1.4",), "NM", "simulated")
        return Volume(self.grid, values, 1.0, 0.0, "counts", source)

    def measured_parts(
        self, coarse_mm: float
    ) -> tuple[dict[Joint, float], dict[Joint, dict[Joint, float]]]:
        """Return what the rest, and each joint, adds to the mean of each joint over the reference.

        Without noise, at the true places, at the resolution of the coarser date: the mean is linear
        in what each joint takes up.
        """
        facets = localised(self.truth, np.random.default_rng(0), 0.0).facets
        still = Registration(RigidTransform.identity(), Method.STORED)
        neck = native_neck(facets, self.spect(None, {}, coarse_mm), still, ct=self.ct)
        reference = measure_reference(neck, ReferenceChoice()).value
        part = tuple(slice(a, a + n) for a, n in zip(neck.low_kji, neck.values.shape, strict=True))

        def means(values: np.ndarray) -> dict[Joint, float]:
            here = replace(neck, values=values)
            still_mm, at = np.zeros((1, 3)), enumerate(neck.joints)
            return {j: _means_at(here, n, still_mm, UptakeSettings())[0] for n, j in at}

        whole = means(neck.values)
        parts = {}
        for joint in self.parts:
            without = means(self.spect(None, {joint: 0.0}, coarse_mm).stored[part])
            parts[joint] = {j: (whole[j] - without[j]) / reference for j in whole}
        return {j: mean / reference for j, mean in whole.items()}, parts

    def measured(
        self, coarse_mm: float
    ) -> tuple[dict[Joint, float], dict[Joint, dict[Joint, float]]]:
        """Return :meth:`measured_parts`, worked out once."""
        if coarse_mm not in self.known:
            self.known[coarse_mm] = self.measured_parts(coarse_mm)
        return self.known[coarse_mm]

    def true_ratios(self, factors: dict[Joint, float], coarse_mm: float) -> dict[Joint, float]:
        """Return the mean of each joint over the reference without noise, at the true place."""
        whole, parts = self.measured(coarse_mm)
        return {
            j: value + sum((factors.get(k, 1.0) - 1) * part[j] for k, part in parts.items())
            for j, value in whole.items()
        }


def patient(
    neck: NeckParameters, rng: np.random.Generator, resolution_mm: float | None = None
) -> Patient:
    """Simulate a date, with a resolution of its own where none is given."""
    anatomy, place = build_anatomy(neck), placement(neck)
    shape = (84, 90, 100)
    scan = ScanParameters(
        ct_shape=shape, ct_spacing_mm=(2.5, 1.7, 1.7), ct_noise_hu=20, ct_top_mm=178
    )
    image = acquire_ct(anatomy, neck, scan)
    ct = Volume(
        Grid(image.grid.shape, image.grid.affine, "1.2.3"),
        image.stored,
        1.0,
        0.0,
        "HU",
        Source("1.1", "1.2", "1.1", ("1.3",), "CT", "simulated"),
    )
    joints = {
        Joint(j.level, j.side): placed(j.center, place)
        for j in anatomy.spine.joints
        if j.level in LEVELS
    }
    voxel = float(rng.uniform(3.9, 4.8))
    counts = float(rng.uniform(8, 24))
    own = float(rng.uniform(9, 12))
    scan = replace(scan, counts_per_suv=counts, resolution_mm=resolution_mm or own)
    middle = np.mean(list(joints.values()), axis=0)
    affine = np.eye(4)
    turn = Rotation.from_euler("xyz", rng.normal(0, 3, 3), degrees=True).as_matrix()
    affine[:3, :3] = turn @ np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]]) * voxel
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array(_SHAPE) - 1) / 2)
    affine[:3, 3] += rng.uniform(-2, 2, 3)
    grid = Grid(_SHAPE, affine, "1.2.3")
    fine = _halved(grid)
    to_voxel = np.linalg.inv(fine.affine) @ place
    texture = np.random.default_rng([neck.seed, 3])
    suv = np.zeros(fine.shape, np.float32)
    for solid in anatomy.tissues:
        _paint_suv(suv, solid, to_voxel, neck.size)
    patchy = _random_field(texture, grid.shape, 6.0 / grid.spacing_mm)
    suv *= np.exp(0.12 * np.repeat(np.repeat(np.repeat(patchy, 2, 0), 2, 1), 2, 2))
    parts = {}
    for solid in anatomy.hot:
        before = suv.copy()
        _paint_suv(suv, solid, to_voxel, neck.size)
        name, _, side = solid.name.partition(" ")
        if name in LEVELS and side:
            parts[Joint(name, side)] = _blurred(suv - before, scan, voxel)
            suv = before
    return Patient(ct, grid, voxel, scan, _blurred(suv, scan, voxel), parts, joints)


def _blurred(suv: np.ndarray, scan: ScanParameters, voxel: float) -> np.ndarray:
    total = scan.resolution_mm / FWHM_PER_SIGMA
    before = np.sqrt(max((_BEFORE * total) ** 2 - voxel**2 / 12, 0.0)) / (voxel / 2)
    soft = ndimage.gaussian_filter(suv, before, mode="nearest", truncate=3)
    k, j, i = _SHAPE
    return soft.reshape(k, 2, j, 2, i, 2).mean(axis=(1, 3, 5))


@dataclass(frozen=True, eq=False)
class Look:
    """One date as the program has it."""

    who: Patient
    spect: Volume
    found: Localisation
    registration: Registration

    def neck(self) -> NativeNeck:
        """Take the neck out."""
        return native_neck(self.found.facets, self.spect, self.registration, ct=self.who.ct)

    def spread(self, neck: NativeNeck, resolution_mm: float, common_mm: float | None) -> MeanSpread:
        """Measure with limits."""
        found = spread_of_means(
            neck,
            self.registration,
            placed_mm=PLACED_MM / np.sqrt(3),
            resolution_mm=resolution_mm,
            common_mm=common_mm,
        )
        assert found is not None
        return found


#: Error of a joint's centre (root mean square), mm.
PLACED_MM = 1.2
#: 95 of 100 lengths of a vector with three normal components of standard deviation 1 are less.
P95_OF_LENGTH = 2.7955


def repeat(
    dates: tuple[Patient, Patient],
    rng: np.random.Generator,
    factor: float,
    joint: Joint,
    day: float,
    unknown: bool = False,
) -> dict[str, object]:
    """Return what is told of each joint of one repeat, one of which truly changed."""
    looks, truths = [], []
    days = [{j: float(np.exp(rng.normal(0, day / np.sqrt(2)))) for j in JOINTS} for _ in dates]
    # So much hotter that what is measured, without noise, is hotter by the factor.
    coarse_mm = max(who.scan.resolution_mm for who in dates)
    whole, parts = dates[1].measured(coarse_mm)
    days[1][joint] *= 1 + (factor - 1) * whole[joint] / parts[joint][joint]
    for who, factors in zip(dates, days, strict=True):
        found = localised(who.truth, rng, PLACED_MM)
        shift = RigidTransform.from_euler(
            translation_mm=rng.normal(0, spread.ASSUMED_REGISTRATION_MM / P95_OF_LENGTH, 3)
        )
        moved = Registration(shift, Method.STORED)
        looks.append(Look(who, who.spect(rng, factors), found, moved))
        truths.append(who.true_ratios(factors, coarse_mm))
    rows = []
    nothing = Sharpness(ASSUMED_RESOLUTION_MM, is_known=False, without={})
    necks = [look.neck() for look in looks]
    shared = CommonResolution.of(*(nothing if unknown else sharpness_of(neck) for neck in necks))
    spreads = [
        look.spread(neck, sharp.mm, shared.mm)
        for look, neck, sharp in zip(looks, necks, (shared.earlier, shared.later), strict=True)
    ]
    chance = chance_of(
        spreads[0], spreads[1], lambda point: point, resolution_doubt_mm=shared.doubt_mm
    )
    joints = [j for j in JOINTS if j in chance]
    for one in joints:
        limits = ChangeLimits.of(chance[one])
        change = float(np.log(spreads[1].ratio[one] / spreads[0].ratio[one]))
        true = float(np.log(truths[1][one] / truths[0][one]))
        rows.append(
            {
                "joint": one.name,
                "changed": one == joint and factor != 1.0,
                "change": change,
                "true": true,
                "spread": limits.sigma,
                "chance": limits.chance,
                "told": told(np.exp(change), limits, joints=len(joints)).value,
                "ratio": truths[0][one],
            }
        )
    return {
        "true_mm": [who.scan.resolution_mm for who in dates],
        "read_mm": [shared.earlier.mm, shared.later.mm],
        "known": [shared.earlier.is_known, shared.later.is_known],
        "doubt_mm": shared.doubt_mm,
        "common_mm": shared.mm,
        "tells": shared.is_told,
        "rows": rows,
    }


def summary(path: Path) -> str:
    """Return what a file of repeats says."""
    repeats = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    rows = [(one["tells"], row) for one in repeats for row in one["rows"]]
    is_changed = {True: "changed", False: "unchanged"}
    false = [
        any(r["told"] != "no change shown" and not r["changed"] for r in one["rows"])
        for one in repeats
        if one["tells"]
    ]
    found = [tells and row["told"] == "higher" for tells, row in rows if row["changed"]]
    held = [abs(row["change"] - row["true"]) <= 1.96 * row["chance"] for _, row in rows]
    off = [
        (one["read_mm"][1] - one["read_mm"][0]) - (one["true_mm"][1] - one["true_mm"][0])
        for one in repeats
        if all(one["known"])
    ]
    kinds = Counter((is_changed[row["changed"]], row["told"]) for tells, row in rows if tells)
    return (
        f"{len(repeats)} repeats, {sum(not one['tells'] for one in repeats)} not told, "
        f"{len(rows)} joints; a false change in {sum(false)} of {len(false)}; found "
        f"{sum(found)} of {len(found)}; limits hold in {np.mean(held):.1%}; resolution read in "
        f"{len(off)}, its difference off by {np.sqrt(np.mean(np.square(off or [0]))):.2f} mm (root "
        f"mean square), said to be {np.mean([one['doubt_mm'] for one in repeats]):.2f}; "
        f"{dict(kinds)}"
    )


def main() -> None:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=25)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument(
        "--unknown", action="store_true", help="as if the resolution could not be read"
    )
    parser.add_argument("--summary", action="store_true", help="only say what --to holds")
    parser.add_argument("--factor", type=float, default=1.6, help="of every other repeat")
    parser.add_argument("--day", type=float, default=0.066)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument(
        "--registered",
        type=float,
        default=1.9,
        help="95 %% bound of the SPECT against the CT, mm: what its check says on simulated "
        "studies is at most 1.9; 3 is the most that is trusted",
    )
    parser.add_argument(
        "--same-resolution",
        action="store_true",
        help="one camera and one reconstruction for both dates; else 9 to 12 mm, each its own, "
        "which no header of the simulated studies tells",
    )
    args = parser.parse_args()
    if args.summary:
        print(summary(args.to))
        return
    spread.ASSUMED_REGISTRATION_MM = args.registered
    with args.to.open("a") as out:
        for seed in range(args.first, args.first + args.patients):
            rng = np.random.default_rng([seed, 13])
            neck = NeckParameters(seed=seed + 1, size=float(rng.uniform(0.9, 1.1)))
            first = patient(neck, rng)
            same = first.scan.resolution_mm if args.same_resolution else None
            dates = (first, patient(neck, rng, same))
            for n in range(args.repeats):
                level = LEVELS[2 + n // 2 % 6]
                joint = Joint(level, ("left", "right")[n // 12 % 2])
                factor = args.factor if n % 2 else 1.0
                made = repeat(dates, rng, factor, joint, args.day, args.unknown)
                out.write(json.dumps({"seed": seed, "repeat": n, **made}) + "\n")
                out.flush()
    print(summary(args.to))


if __name__ == "__main__":
    main()
