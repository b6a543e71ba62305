"""Error, numbering and coverage of ``locate`` on CTs of people whose joints were put by hand.

Usage: python -m benchmarks.facets.real DATA [--variants] [--only NAME ...] [--kinds KIND ...]

``DATA`` is a folder with ``facets_truth.json`` (centres, levels and their uncertainty) and the CTs
that it names; it is no part of this repository. The distance that counts is the one to the centre
that was put by hand, less the uncertainty of that hand (one standard deviation).

``--variants`` makes abnormal necks of the same CTs: the slab between the heights of two joints cut
out or doubled, fields that begin or end at every level, values shifted, noise, ribs drawn at C7. Of
each it is known which names would be right, so that a level that is wrong and called sure is
counted.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from fusion.anatomy import VERTEBRAE, ZYGAPOPHYSIAL_LEVELS
from fusion.dicom.candidate import read_volume
from fusion.dicom.catalog import scan
from fusion.dicom.pairing import choose_ct
from fusion.facets.automatic.locate import locate
from fusion.facets.localisation import Localisation, Numbering
from fusion.geometry import Grid, Volume

#: Further off than this a joint is nearer to the next one, mm.
WRONG_MM = 7.5
#: Kinds of variants, in the order in which they are made.
KINDS = ("as it is", "cut out", "doubled", "field", "shifted", "noise", "ribs")
#: HU that is added, and standard deviation of noise, HU.
SHIFTS_HU, NOISES_HU = (-100.0, 60.0, 100.0, 150.0), (40.0, 80.0, 120.0, 160.0, 200.0, 250.0)

Truth = dict[tuple[str, str], np.ndarray]


@dataclass(frozen=True)
class Case:
    """A CT, where its joints are, and which joints the hand was how unsure of, mm.

    ``ambiguous`` marks a neck in which names below a level can be given in two ways (a vertebra
    cut out or doubled): the levels whose names are then only right when they are not called sure.
    """

    name: str
    kind: str
    ct: Volume
    truth: Truth
    hand_mm: dict[tuple[str, str], float]
    c2_in_field: bool
    normal: bool = True
    doubtful: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """What ``locate`` said about a case, held against the truth."""

    case: Case
    found: Localisation
    seconds: float

    @property
    def errors(self) -> dict[tuple[str, str], float]:
        """Distance of every joint that was given a place from its true one, mm."""
        return {
            (f.joint.level, f.joint.side.value): float(
                np.linalg.norm(f.center_lps - self.case.truth[f.joint.level, f.joint.side.value])
            )
            for f in self.found.facets
            if f.center_lps is not None and (f.joint.level, f.joint.side.value) in self.case.truth
        }

    @property
    def beyond_hand(self) -> dict[tuple[str, str], float]:
        """The same, less what the hand is unsure of."""
        return {key: max(0.0, e - self.case.hand_mm[key]) for key, e in self.errors.items()}

    @property
    def covered(self) -> list[bool]:
        """Whether each joint lies within what is stated, the hand's own doubt taken off."""
        stated = {(f.joint.level, f.joint.side.value): f.localisation_mm for f in self.found.facets}
        return [e <= (stated[key] or 0.0) for key, e in self.beyond_hand.items()]

    @property
    def trusted(self) -> dict[tuple[str, str], float]:
        """Errors of the joints whose level is said to be sure or confirmed."""
        trusted = {
            (f.joint.level, f.joint.side.value)
            for f in self.found.facets
            if f.numbering is not Numbering.PROVISIONAL and f.center_lps is not None
        }
        return {key: e for key, e in self.errors.items() if key in trusted}

    @property
    def wrong_and_sure(self) -> list[tuple[str, str]]:
        """Joints that are called sure and are another joint, or none."""
        wrong = [key for key, e in self.trusted.items() if e > WRONG_MM]
        for f in self.found.facets:
            key = (f.joint.level, f.joint.side.value)
            if f.center_lps is None or f.numbering is Numbering.PROVISIONAL:
                continue
            if f.joint.is_zygapophysial and key not in self.case.truth and self.case.truth:
                nearest = min(np.linalg.norm(f.center_lps - t) for t in self.case.truth.values())
                if nearest < WRONG_MM:
                    wrong.append(key)
            if key[0] in self.case.doubtful:
                wrong.append(key)
        return sorted(set(wrong))

    @property
    def sure(self) -> bool:
        """Whether the neck as a whole is called sure."""
        return self.found.numbering is Numbering.SURE

    def line(self) -> str:
        """One line of text."""
        every = np.array(list(self.errors.values()) or [np.nan])
        beyond = np.array(list(self.beyond_hand.values()) or [np.nan])
        slips = self.slip()
        stated = [f.localisation_mm for f in self.found.facets if f.localisation_mm]
        return (
            f"{self.case.name:<44} {self.found.numbering.value:<11} level {slips:<5} "
            f"n {len(self.errors):2}/{len(self.case.truth):2}  median {np.median(every):5.1f} "
            f"90% {np.quantile(every, 0.9):5.1f} beyond hand 90% {np.quantile(beyond, 0.9):5.1f}  "
            f"bound {np.median(stated or [np.nan]):4.1f} covers {sum(self.covered)}/"
            f"{len(self.covered)}  {self.seconds:4.1f} s"
            + (f"  WRONG AND SURE {self.wrong_and_sure}" if self.wrong_and_sure else "")
        )

    def slip(self) -> str:
        """Return by how many levels the names are off, for most joints."""
        slips = []
        for f in self.found.facets:
            if f.center_lps is None or not f.joint.is_zygapophysial:
                continue
            near = {
                key: float(np.linalg.norm(f.center_lps - t)) for key, t in self.case.truth.items()
            }
            if not near:
                continue
            key = min(near, key=lambda k: near[k])
            if near[key] < WRONG_MM:
                slips.append(
                    ZYGAPOPHYSIAL_LEVELS.index(f.joint.level) - ZYGAPOPHYSIAL_LEVELS.index(key[0])
                )
            else:
                slips.append(99)
        if not slips:
            return "none"
        return "/".join("off" if s == 99 else f"{s:+d}" if s else "0" for s in sorted(set(slips)))


def cases(data: Path, only: list[str], kinds: list[str]) -> Iterator[Case]:
    """Yield the CTs, each followed by what is made of it."""
    for entry in json.loads((data / "facets_truth.json").read_text())["cts"]:
        folder = entry["folder"]
        if only and not any(name in folder for name in only):
            continue
        chosen, _ = choose_ct(scan(str(data / folder)))
        ct = read_volume(chosen)
        sides = {"L": "left", "R": "right"}
        joints = [(j["level"], sides[j["side"]], j) for j in entry["joints"]]
        whole = Case(
            folder.split("/")[0].removeprefix("ct_"),
            "as it is",
            ct,
            {(level, side): np.array(j["center_lps"]) for level, side, j in joints},
            {(level, side): j["uncertainty_mm"] for level, side, j in joints},
            entry["dens_tip"] is not None,
        )
        for kind in kinds:
            yield from _made(whole, kind, entry)


def _made(whole: Case, kind: str, entry: dict) -> Iterator[Case]:
    if kind == "as it is":
        yield whole
    elif kind in ("cut out", "doubled"):
        for vertebra in VERTEBRAE[3:8]:
            yield from _recut(whole, vertebra, doubled=kind == "doubled")
    elif kind == "field":
        yield from _fields(whole)
    elif kind == "shifted":
        for hu in SHIFTS_HU:
            yield replace(
                whole,
                name=f"{whole.name} {hu:+.0f} HU",
                kind=kind,
                ct=replace(whole.ct, intercept=whole.ct.intercept + hu),
                normal=abs(hu) < 90,
            )
    elif kind == "noise":
        for hu in NOISES_HU:
            rng = np.random.default_rng(int(hu))
            noise = rng.normal(0, hu / float(whole.ct.slope[0]), whole.ct.stored.shape)
            stored = (whole.ct.stored + noise).astype(np.int16)
            yield replace(
                whole,
                name=f"{whole.name} noise {hu:.0f}",
                kind=kind,
                ct=replace(whole.ct, stored=stored),
                normal=hu <= 80,
            )
    elif kind == "ribs":
        yield from _ribbed(whole, entry)


def _height(truth: Truth, level: str) -> float | None:
    z = [p[2] for (name, _), p in truth.items() if name == level]
    return float(np.mean(z)) if z else None


def _slices(whole: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of every slice in z, mm, and its row, from the lowest to the highest."""
    grid = whole.ct.grid
    z = np.array([(grid.affine @ [k, 0, 0, 1])[2] for k in range(grid.shape[0])])
    order = np.argsort(z)
    return z[order], order


def _stacked(ct: Volume, rows: np.ndarray, bottom_z: float) -> Volume:
    """Return a CT of some of the slices, ascending, the lowest at a place in z."""
    affine = ct.grid.affine.copy()
    step = abs(affine[2, 0])
    start = ct.grid.affine @ [float(rows[0]), 0, 0, 1]
    affine[:, 0] = [0, 0, step, 0]
    affine[:3, 3] = start[:3]
    affine[2, 3] = bottom_z
    grid = Grid((len(rows), *ct.grid.shape[1:]), affine, ct.grid.frame_of_reference_uid)
    return Volume(
        grid, np.ascontiguousarray(ct.stored[rows]), ct.slope[rows], ct.intercept[rows], ct.unit,
        ct.source,
    )  # fmt: skip


def _recut(whole: Case, vertebra: str, *, doubled: bool) -> Iterator[Case]:
    n = VERTEBRAE.index(vertebra)
    above, below = f"{VERTEBRAE[n - 1]}-{vertebra}", f"{vertebra}-{VERTEBRAE[n + 1]}"
    top, bottom = _height(whole.truth, above), _height(whole.truth, below)
    if top is None or bottom is None:
        return
    z, order = _slices(whole)
    slab = (z > bottom) & (z <= top)
    rows = np.arange(len(z))
    kept = np.concatenate([rows[z <= top], rows[slab], rows[z > top]]) if doubled else rows[~slab]
    step = float(np.diff(z).mean())
    moved = slab.sum() * step * (1 if doubled else -1)
    # What lies above the slab keeps its place in the body below; the stack goes on from the bottom.
    ct = _stacked(whole.ct, order[kept], float(z[0]))
    truth, hand = {}, {}
    # Across the cut the neck is not one smooth curve; what the truth is there, follows the names
    # that counting down from C2 gives, or up from the ribs when C2 is not in the field.
    at = ZYGAPOPHYSIAL_LEVELS.index(above)
    count = 1 if doubled else -1
    for (level, side), point in whole.truth.items():
        index = ZYGAPOPHYSIAL_LEVELS.index(level)
        if index <= at:
            new_level, place = level, point + np.array([0, 0, moved])
        else:
            if index + count >= len(ZYGAPOPHYSIAL_LEVELS):
                continue
            new_level, place = ZYGAPOPHYSIAL_LEVELS[index + count], point
        if not doubled and index == at + 1:
            continue  # the two cut faces are one joint: that above the slab
        truth[new_level, side] = place
        hand[new_level, side] = whole.hand_mm[level, side]
    if doubled:
        for side in ("left", "right"):
            if (below, side) in whole.truth and (above, side) in whole.truth:
                truth[below, side] = whole.truth[above, side]
                hand[below, side] = whole.hand_mm[above, side]
    yield replace(
        whole,
        name=f"{whole.name} {vertebra} {'doubled' if doubled else 'cut out'}",
        kind="doubled" if doubled else "cut out",
        ct=ct,
        truth=truth,
        hand_mm=hand,
        normal=False,
    )


def _fields(whole: Case) -> Iterator[Case]:
    z, order = _slices(whole)
    levels = [n for n in ZYGAPOPHYSIAL_LEVELS if _height(whole.truth, n) is not None]
    for upper, lower in pairwise(levels):
        middle = (_height(whole.truth, upper) + _height(whole.truth, lower)) / 2  # type: ignore[operator]
        for end, rows in (("down to", z > middle), ("up to", z < middle)):
            if rows.sum() * float(np.diff(z).mean()) < 40:
                continue
            truth = {
                key: p for key, p in whole.truth.items() if (p[2] > middle) == (end == "down to")
            }
            vertebra = upper.split("-")[1]
            yield replace(
                whole,
                name=f"{whole.name} {end} {vertebra}",
                kind="field",
                ct=_stacked(whole.ct, order[rows], float(z[rows][0])),
                truth=truth,
                c2_in_field=whole.c2_in_field and end == "down to",
            )


def _ribbed(whole: Case, entry: dict) -> Iterator[Case]:
    """Draw a pair of ribs at C7: arcs of bone from beside its body outwards and forwards."""
    if "C7" not in entry["bodies"] or _height(whole.truth, "C7-T1") is None:
        return
    body = np.array(entry["bodies"]["C7"]["center_lps"])
    ct = whole.ct
    stored = ct.stored.copy()
    for sign in (1, -1):
        angle = np.linspace(0, np.pi * 0.75, 400)
        x = body[0] + sign * (14 + 38 * np.sin(angle))
        y = body[1] + 10 - 40 * (1 - np.cos(angle)) / 2
        height = body[2] - 14 * angle / angle[-1]
        points = np.stack([x, y, height], axis=1)
        kji = ct.grid.to_kji(points)
        spacing = ct.grid.spacing_mm
        reach = np.ceil(5.0 / spacing).astype(int)
        offsets = np.stack(
            np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij"), axis=-1
        ).reshape(-1, 3)
        near = np.linalg.norm(offsets * spacing, axis=1)
        for shell, hu in ((near <= 4.5, 500.0), (near <= 2.8, 200.0)):
            index = (np.rint(kji)[:, None] + offsets[shell]).reshape(-1, 3).astype(int)
            inside = ((index >= 0) & (index < ct.grid.shape)).all(axis=1)
            k, j, i = index[inside].T
            stored[k, j, i] = ((hu - ct.intercept[k]) / ct.slope[k]).astype(stored.dtype)
    yield replace(
        whole,
        name=f"{whole.name} ribs at C7",
        kind="ribs",
        ct=replace(ct, stored=stored),
        normal=False,
    )


def main() -> None:
    """Run the CTs and print a line each, then the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--variants", action="store_true")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--kinds", nargs="*", default=None)
    parser.add_argument("--why", action="store_true", help="print the evidence and the findings")
    args = parser.parse_args()
    kinds = args.kinds or (list(KINDS) if args.variants else ["as it is"])
    outcomes = []
    for case in cases(args.data, args.only, kinds):
        started = time.process_time()
        found = locate(case.ct)
        outcome = Outcome(case, found, time.process_time() - started)
        outcomes.append(outcome)
        print(outcome.line(), flush=True)
        if args.why:
            for piece in found.evidence:
                print(f"      {piece.agrees!s:5} {piece.weight} {piece.source}: {piece.saw}")
            for finding in found.findings:
                print(f"      [{finding.code}] {finding.message}")
    print_counts(outcomes)


def print_counts(outcomes: list[Outcome]) -> None:
    """Print one line for each kind of case, in Markdown."""
    print("\n| kind | CTs | sure | sure of the normal ones with C2 | wrong and sure | covered |")
    print("|---|---|---|---|---|---|")
    for kind in [*dict.fromkeys(o.case.kind for o in outcomes), "all"]:
        mine = [o for o in outcomes if kind in (o.case.kind, "all")]
        plain = [o for o in mine if o.case.normal and o.case.c2_in_field]
        covered = [c for o in mine if o.case.kind == "as it is" for c in o.covered]
        print(
            f"| {kind} | {len(mine)} | {sum(o.sure for o in mine)} "
            f"| {sum(o.sure for o in plain)} of {len(plain)} "
            f"| {sum(bool(o.wrong_and_sure) for o in mine)} "
            f"| {sum(covered)} of {len(covered)} |"
        )


if __name__ == "__main__":
    main()
