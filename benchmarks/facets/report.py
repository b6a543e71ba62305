"""What a run of ``locate`` against a known truth came to, and its tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusion.anatomy.joints import ZYGAPOPHYSIAL_LEVELS
from fusion.facets.localisation import Localisation, Numbering

#: Half the distance between neighbouring joints: a median error above it is a wrong level, mm.
HALF_LEVEL_MM = 6.5
#: Further off than this a joint is nearer to the next one, mm.
WRONG_MM = 7.5


@dataclass(frozen=True)
class Result:
    """One CT: errors in mm by (level, side), the numbering, and the processor time in s.

    ``joints`` holds the same with what ``locate`` said of each, as :mod:`benchmarks.facets.real`
    writes it; the truth is exact, so that no hand is unsure of it.
    """

    name: str
    group: str
    numbering: str
    errors: dict[tuple[str, str], float]
    seconds: float
    joints: tuple[dict, ...] = ()

    @property
    def right(self) -> bool:
        """Whether the levels are right."""
        return bool(self.errors) and float(np.median(list(self.errors.values()))) < HALF_LEVEL_MM

    @property
    def sure_and_wrong(self) -> bool:
        """The one thing that must never be."""
        return self.numbering == Numbering.SURE.value and not self.right

    def save(self, file: Path, family: str, slice_mm: float) -> None:
        """Add a line of JSON, of the form that :mod:`benchmarks.facets.evidence` reads."""
        wrong = [
            [j["level"], j["side"]]
            for j in self.joints
            if j["numbering"] == Numbering.SURE.value and j["error_mm"] > WRONG_MM
        ]
        record = {
            "name": f"{family} {self.name}",
            "kind": self.group if self.group != self.name else family,
            "normal": True,
            # In the field, as far as the program sees.
            "c2": any(j["level"] == "C2-C3" for j in self.joints),
            "numbering": self.numbering,
            "slice_mm": slice_mm,
            "wrong_and_sure": wrong,
            "joints": self.joints,
            "seconds": round(self.seconds, 2),
        }
        with file.open("a") as out:
            out.write(json.dumps(record) + "\n")

    def line(self) -> str:
        """One line of text."""
        errors = np.array(list(self.errors.values()) or [np.nan])
        return (
            f"{self.name:<24} {self.numbering:<11} {'right' if self.right else 'WRONG'}  "
            f"median {np.median(errors):4.1f}  max {errors.max():4.1f}  {self.seconds:4.1f} s"
        )


def measured(
    name: str, found: Localisation, truth: dict, seconds: float, group: str = ""
) -> Result:
    """Compare with the truth, (level, side) to (3,) LPS mm."""
    errors, joints = {}, []
    for facet in found.facets:
        key = (facet.joint.level, facet.joint.side.value)
        if facet.center_lps is not None and facet.joint.is_zygapophysial and key in truth:
            errors[key] = float(np.linalg.norm(facet.center_lps - truth[key]))
            joints.append(
                {
                    "level": key[0],
                    "side": key[1],
                    "error_mm": round(errors[key], 2),
                    "hand_mm": 0.0,
                    "stated_mm": facet.localisation_mm,
                    "numbering": facet.numbering.value,
                    "status": facet.status.value,
                }
            )
    return Result(name, group or name, found.numbering.value, errors, seconds, tuple(joints))


def print_tables(results: Sequence[Result]) -> None:
    """Print errors by group and by level, in Markdown; wrong levels count as such, not in mm."""
    print("\n| | CTs | level right | sure | sure and wrong | median mm | p90 | max | CPU s |")
    print("|---|---|---|---|---|---|---|---|---|")
    groups = list(dict.fromkeys(r.group for r in results))
    for group in [*groups, "all"] if len(groups) > 1 else groups:
        mine = [r for r in results if group in (r.group, "all")]
        errors = np.array([e for r in mine if r.right for e in r.errors.values()] or [np.nan])
        print(
            f"| {group} | {len(mine)} | {sum(r.right for r in mine)} "
            f"| {sum(r.numbering == Numbering.SURE.value for r in mine)} "
            f"| {sum(r.sure_and_wrong for r in mine)} | {_spread(errors)} "
            f"| {np.median([r.seconds for r in mine]):.1f} |"
        )
    print("\n| level | joints | median mm | p90 | max |")
    print("|---|---|---|---|---|")
    for level in ZYGAPOPHYSIAL_LEVELS:
        errors = np.array(
            [e for r in results if r.right for key, e in r.errors.items() if key[0] == level]
        )
        if len(errors):
            print(f"| {level} | {len(errors)} | {_spread(errors)} |")


def _spread(errors: np.ndarray) -> str:
    return f"{np.median(errors):.1f} | {np.quantile(errors, 0.9):.1f} | {errors.max():.1f}"
