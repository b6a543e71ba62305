"""Error, numbering and coverage of ``locate`` on CTs of people whose joints were put by hand.

Usage: python -m benchmarks.facets.real DATA [--variants] [--only NAME ...] [--kinds KIND ...]
           [--cheap] [--out FILE]

``DATA`` is a folder with ``facets_truth.json`` (centres, levels and their uncertainty) and the CTs
that it names; it is no part of this repository. The distance that counts is the one to the centre
that was put by hand, less the uncertainty of that hand (one standard deviation).

``--variants`` makes abnormal necks of the same CTs (:mod:`benchmarks.facets.variants`). Of each it
is known which names would be right, so that a level that is wrong and called sure is counted.
``--cheap`` leaves out what is far from the spine. ``--out`` adds a line of JSON a case to a file,
and leaves out the cases that stand there already.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.facets.report import WRONG_MM
from benchmarks.facets.variants import KINDS, Case, cases
from fusion.anatomy import ZYGAPOPHYSIAL_LEVELS
from fusion.facets.automatic.locate import locate
from fusion.facets.localisation import Localisation, Numbering


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

    def record(self) -> dict:
        """Return what is kept of it."""
        stated = {(f.joint.level, f.joint.side.value): f for f in self.found.facets}
        return {
            "name": self.case.name,
            "kind": self.case.kind,
            "normal": self.case.normal,
            "c2": self.case.c2_in_field,
            "numbering": self.found.numbering.value,
            "slip": self.slip(),
            "slice_mm": float(self.case.ct.grid.spacing_mm.max()),
            "expected": len(self.case.truth),
            "cut": self.case.cut,
            "wrong_and_sure": self.wrong_and_sure,
            "findings": [finding.code for finding in self.found.findings],
            "joints": [
                {
                    "level": key[0],
                    "side": key[1],
                    "error_mm": round(error, 2),
                    "hand_mm": self.case.hand_mm[key],
                    "stated_mm": stated[key].localisation_mm,
                    "numbering": stated[key].numbering.value,
                    "status": stated[key].status.value,
                }
                for key, error in self.errors.items()
            ],
            "seconds": round(self.seconds, 2),
        }

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


def main() -> None:
    """Run the CTs and print a line each, then the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--variants", action="store_true")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--kinds", nargs="*", default=None)
    parser.add_argument("--cheap", action="store_true", help="leave out what is far from the spine")
    parser.add_argument("--out", type=Path, help="add a line of JSON for each case to this file")
    parser.add_argument("--why", action="store_true", help="print the evidence and the findings")
    args = parser.parse_args()
    kinds = args.kinds or (list(KINDS) if args.variants else ["as it is"])
    outcomes = []
    known = args.out.read_text().splitlines() if args.out and args.out.exists() else []
    done = {json.loads(line)["name"] for line in known}
    for case in cases(args.data, args.only, kinds, cheap=args.cheap):
        if case.name in done:
            continue
        started = time.process_time()
        found = locate(case.ct)
        outcome = Outcome(case, found, time.process_time() - started)
        outcomes.append(outcome)
        print(outcome.line(), flush=True)
        if args.out:
            with args.out.open("a") as out:
                out.write(json.dumps(outcome.record()) + "\n")
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
