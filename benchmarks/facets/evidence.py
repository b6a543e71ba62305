"""Tables of docs/facets-evidence.md, in Markdown, from what the other benchmarks wrote.

Usage: python -m benchmarks.facets.evidence FILE [FILE ...]

A ``FILE`` holds a line of JSON for each case, as :mod:`benchmarks.facets.real`,
:mod:`benchmarks.facets.run` and :mod:`benchmarks.facets.meshes` add them with ``--out``; the first
word of a case's name is the CT (or the family) that it comes from. Errors are distances to the true
centre, mm. *Covers* is the share of joints that are not further off than is stated; *less hand*
takes off first what the hand that put the truth is unsure of, which favours the program.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.facets.report import WRONG_MM
from fusion.facets.localisation import Numbering

#: Share of joints that a bound has to cover.
COVERED = 0.9


@dataclass(frozen=True)
class Placed:
    """A joint of a case that was given a place."""

    ct: str
    level: str
    slice_mm: float
    whole_neck_sure: bool
    c2: bool
    normal: bool
    sure: bool
    error_mm: float
    hand_mm: float
    stated_mm: float

    @property
    def wrong(self) -> bool:
        """Whether it is nearer to another joint."""
        return self.error_mm > WRONG_MM

    @property
    def thickness(self) -> str:
        """Kind of slices."""
        if self.slice_mm <= 1.6:
            return "up to 1.6 mm"
        return "up to 3.3 mm" if self.slice_mm <= 3.3 else "above 3.3 mm"

    def ratio(self, *, less_hand: bool) -> float:
        """Return how many times the stated distance it is off."""
        error = max(0.0, self.error_mm - self.hand_mm) if less_hand else self.error_mm
        return error / self.stated_mm


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    cases = [
        json.loads(line)
        for file in parser.parse_args().files
        for line in file.read_text().splitlines()
    ]
    joints = [joint for case in cases for joint in placed(case)]
    print_cases(cases)
    print_sure(cases)
    print_wrong(cases)
    print_places([j for j in joints if j.normal])
    print_risk(joints)
    print_bounds(calibrating(joints))


def placed(case: dict) -> Iterable[Placed]:
    """Yield the joints of a case that have a place and a stated distance."""
    for joint in case["joints"]:
        if joint["stated_mm"]:
            yield Placed(
                ct=ct_of(case),
                level=joint["level"],
                slice_mm=case["slice_mm"],
                whole_neck_sure=case["numbering"] == Numbering.SURE.value,
                c2=case["c2"],
                normal=case["normal"],
                sure=joint["numbering"] == Numbering.SURE.value,
                error_mm=joint["error_mm"],
                hand_mm=joint["hand_mm"],
                stated_mm=joint["stated_mm"],
            )


def ct_of(case: dict) -> str:
    """Return the CT that a case was made of."""
    return str(case["name"].split()[0])


def calibrating(joints: Iterable[Placed]) -> list[Placed]:
    """Return the joints of normal necks, less those of which only the provisional name is wrong."""
    return [j for j in joints if j.normal and (j.sure or not j.wrong)]


def print_cases(cases: Sequence[dict]) -> None:
    """Print cases by CT and kind: how many, whole necks sure, cases with a joint wrong and sure."""
    cts, kinds = _of(ct_of(c) for c in cases), _of(c["kind"] for c in cases)
    print(f"\n| kind | {' | '.join(cts)} | all |\n|---|{'---|' * (len(cts) + 1)}")
    for kind in [*kinds, "all"]:
        cells = []
        for ct in [*cts, "all"]:
            mine = [c for c in cases if kind in (c["kind"], "all") and ct in (ct_of(c), "all")]
            sure = sum(c["numbering"] == Numbering.SURE.value for c in mine)
            wrong = sum(bool(c["wrong_and_sure"]) for c in mine)
            cells.append(f"{len(mine)} / {sure} / {wrong}" if mine else "")
        print(f"| {kind} | {' | '.join(cells)} |")


def print_sure(cases: Sequence[dict]) -> None:
    """Print what share of the normal necks with C2 in view, and of their joints, is sure.

    Once of all that is in the field, and once without the levels that its end cuts.
    """
    print(
        "\n| CT | normal necks with C2 | sure as a whole | joints | sure "
        "| sure in all that is wholly in view | joints wholly in view | sure |"
        "\n|---|---|---|---|---|---|---|---|"
    )
    normal = [c for c in cases if c["normal"] and c["c2"]]
    for ct in [*_of(ct_of(c) for c in normal), "all"]:
        mine = [c for c in normal if ct in (ct_of(c), "all")]
        joints = [j for c in mine for j in placed(c)]
        whole = sum(c["numbering"] == Numbering.SURE.value for c in mine)
        sure = sum(j.sure for j in joints)
        uncut = [[j for j in placed(c) if j.level not in c.get("cut", [])] for c in mine]
        in_view = [j for each in uncut for j in each]
        all_sure = sum(bool(each) and all(j.sure for j in each) for each in uncut)
        print(
            f"| {ct} | {len(mine)} | {_share(whole, len(mine))} "
            f"| {len(joints)} | {_share(sure, len(joints))} "
            f"| {_share(all_sure, sum(bool(each) for each in uncut))} "
            f"| {len(in_view)} | {_share(sum(j.sure for j in in_view), len(in_view))} |"
        )


def print_wrong(cases: Sequence[dict]) -> None:
    """Print every case with a joint that is wrong and sure."""
    print("\n| wrong and sure | joints further off than that | sure joints: median mm, largest |")
    print("|---|---|---|")
    for case in cases:
        if case["wrong_and_sure"]:
            errors = [j.error_mm for j in placed(case) if j.sure]
            names = ", ".join(f"{level} {side}" for level, side in case["wrong_and_sure"])
            print(f"| {case['name']} | {names} | {np.median(errors):.1f}, {max(errors):.1f} |")


def print_places(joints: Sequence[Placed]) -> None:
    """Print error and coverage by CT, level and slice thickness."""
    groups: tuple[tuple[str, Callable[[Placed], str]], ...] = (
        ("CT", lambda j: j.ct),
        ("level", lambda j: j.level),
        ("slices", lambda j: j.thickness),
        ("numbering", lambda j: "sure" if j.sure else "provisional"),
    )
    for title, group in groups:
        print(
            f"\n| {title} | joints | median mm | 90 % | largest | nearer to another joint "
            "| stated, median mm | covers | covers, less hand |"
        )
        print("|---|---|---|---|---|---|---|---|---|")
        names = sorted({group(j) for j in joints})
        for name in [*names, "all"] if title == "CT" else names:
            mine = [j for j in joints if name in (group(j), "all")]
            errors = np.array([j.error_mm for j in mine])
            covers = sum(j.ratio(less_hand=False) <= 1 for j in mine)
            less_hand = sum(j.ratio(less_hand=True) <= 1 for j in mine)
            print(
                f"| {name} | {len(mine)} | {np.median(errors):.1f} | "
                f"{np.quantile(errors, 0.9):.1f} | {errors.max():.1f} "
                f"| {sum(j.wrong for j in mine)} | {np.median([j.stated_mm for j in mine]):.1f} "
                f"| {_percent(covers, len(mine))} | {_percent(less_hand, len(mine))} |"
            )


def print_risk(joints: Sequence[Placed]) -> None:
    """Print the share of joints called sure against errors among those, from strict to lax."""
    rules: list[tuple[str, Callable[[Placed], bool]]] = [
        ("the neck is sure as a whole", lambda j: j.sure and j.whole_neck_sure),
        ("**the level is sure** (what the program says)", lambda j: j.sure),
        ("every joint with C2 in view", lambda j: j.c2 or j.sure),
        ("every joint", lambda _: True),
    ]
    sure = sorted(j.stated_mm for j in joints if j.sure)
    if sure:
        quarter = sure[len(sure) // 4]
        half = sure[len(sure) // 2]
        for limit in sorted({quarter, half}, reverse=True):
            rule = f"the level is sure and at most {limit} mm is stated"
            rules.insert(0, (rule, lambda j, limit=limit: j.sure and j.stated_mm <= limit))  # type: ignore[misc]
    print("\n| called sure if | share of joints | joints | over 5 mm off | over 7.5 mm off |")
    print("|---|---|---|---|---|")
    for words, rule_of in rules:
        mine = [j for j in joints if rule_of(j)]
        far = sum(j.error_mm > 5 for j in mine)
        wrong = sum(j.wrong for j in mine)
        print(
            f"| {words} | {_percent(len(mine), len(joints))} | {len(mine)} "
            f"| {_share(far, len(mine))} | {_share(wrong, len(mine))} |"
        )


def print_bounds(joints: Sequence[Placed]) -> None:
    """Print what is stated, by what was seen, and what all CTs but one would have stated of it."""
    print("\n### The stated bound")
    kinds = {
        "joint space seen": (0.0, 4.0),
        "not seen": (4.0, 5.5),
        "not seen, slices above 3.5 mm": (5.5, 7.0),
        "obscured, or all joints off their foramina": (7.0, np.inf),
    }
    print(
        "| | CT | joints | 90 % mm | less hand | stated mm | covers | less hand "
        "| bound of the others mm | covers | less hand |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for kind, (low, high) in kinds.items():
        of_kind = [j for j in calibrating(joints) if low <= j.stated_mm < high]
        for ct in _of(j.ct for j in of_kind):
            mine = [j for j in of_kind if j.ct == ct]
            # In units of 1 mm a factor is a bound.
            others = [replace(j, stated_mm=1.0) for j in of_kind if j.ct != ct]
            bound = covering_factor(others, less_hand=False)
            off = np.array([j.error_mm for j in mine])
            beyond = np.maximum(off - [j.hand_mm for j in mine], 0.0)
            stated = np.array([j.stated_mm for j in mine])
            row = [
                kind,
                ct,
                str(len(mine)),
                *(f"{np.quantile(each, COVERED):.1f}" for each in (off, beyond)),
                f"{np.median(stated):.1f}",
                *(_percent(int((each <= stated).sum()), len(mine)) for each in (off, beyond)),
                f"{bound:.1f}",
                *(_percent(int((each <= bound).sum()), len(mine)) for each in (off, beyond)),
            ]
            print("| " + " | ".join(row) + " |")
    every = calibrating(joints)
    covers = [sum(j.ratio(less_hand=less) <= 1 for j in every) for less in (False, True)]
    print(
        f"\nAll {len(every)}: covers {_percent(covers[0], len(every))}, "
        f"{_percent(covers[1], len(every))} less hand."
    )


def covering_factor(joints: Sequence[Placed], *, less_hand: bool) -> float:
    """Return the factor on what is stated that covers nine joints in ten, each CT counted alike.

    Parameters
    ----------
    joints : sequence of Placed
        Joints with a known error; nan is returned where there are none.
    less_hand : bool
        Take off first what the hand is unsure of.
    """
    counts = {ct: sum(j.ct == ct for j in joints) for ct in {j.ct for j in joints}}
    ordered = sorted((j.ratio(less_hand=less_hand), 1 / counts[j.ct]) for j in joints)
    if not ordered:
        return float("nan")
    weights = np.cumsum([weight for _, weight in ordered])
    at = int(np.searchsorted(weights, COVERED * weights[-1] - 1e-9))
    return float(ordered[at][0])


def _of(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else ""


if __name__ == "__main__":
    main()
