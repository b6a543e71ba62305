"""Necks that are odd in ways the rules were not made for: is any level or side wrong and sure?

Usage: python -m benchmarks.facets.odd DATA [--only NAME ...] [--kinds KIND ...] [--simulated N ...]
           [--out FILE] [--why]

Made of the CTs of people in ``DATA`` (:mod:`benchmarks.facets.real`), without what is far from the
spine, and of simulated necks (:mod:`benchmarks.facets.run`). Each case is looked at as it is, and
again with clicks of a reader into the bodies of C2, C5 and C7, each alone and rightly named. A
joint is wrong when it is further off than half a level, or nearer to another joint of either side.
``--out`` adds a line of JSON a case to a file, and leaves out the cases that stand there already;
``--table FILE ...`` prints what stands in such files, by kind, and runs nothing.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from benchmarks.facets.odd_line import WRONG_MM, Line, Odd
from benchmarks.facets.odd_pictures import cropped_in_z, pictures
from benchmarks.facets.odd_shapes import SHAPES, joins
from benchmarks.facets.run import simulated
from benchmarks.facets.variants import Case, cases
from fusion.facets.automatic.locate import locate_in, no_canal
from fusion.facets.automatic.neck import find_neck
from fusion.facets.localisation import Localisation, Numbering
from fusion.facets.spine_statements import SpineStatements

KINDS = (
    "plain", "scaled", "mirrored", "bent", "twisted", "moved", "filled", "resliced", "cut aside",
    "joined", "block", "bridged", "metal", "arches away", "dissolved", "streaks", "limited",
    "kernel", "contrast", "bone beside", "no dens",
)  # fmt: skip
CLICKED = ("C2", "C5", "C7")
#: In which only the picture is harder, and the neck is that of a patient without anomalies.
_USUAL = (
    "plain",
    "scaled",
    "bent",
    "twisted",
    "resliced",
    "limited",
    "kernel",
    "contrast",
    "streaks",
)


def odd(case: Case, put: dict[str, list[float]] | None = None) -> Odd:
    """Return a case with the places that a reader would click on: bodies put by hand, or likely."""
    line = Line.of(case.truth)
    bodies = {
        name: np.array(put[name], float) if put and name in put else line.body(name)
        for name in CLICKED
    }
    clicks = {name: p for name, p in bodies.items() if p is not None and case.ct.grid.contains(p)}
    given = {f.name: getattr(case, f.name) for f in fields(Case)}
    return Odd(**given, clicks=clicks)


def bases(args: argparse.Namespace) -> Iterator[Odd]:
    """Yield the necks as they are."""
    if args.data:
        known = json.loads((args.data / "facets_truth.json").read_text())["cts"]
        put = {
            c["folder"].split("/")[0].removeprefix("ct_"): {
                name: body["center_lps"] for name, body in c["bodies"].items()
            }
            for c in known
        }
        for case in cases(args.data, args.only, ["as it is"], cheap=True):
            yield odd(case, put[case.name])
    for number in args.simulated:
        ct, truth = simulated(number)
        truth = {key: np.asarray(p) for key, p in truth.items()}
        truth = {
            k: p for k, p in truth.items() if ct.grid.contains(p) and k[0] not in ("C0-C1", "C1-C2")
        }
        hand = dict.fromkeys(truth, 0.0)
        yield odd(Case(f"simulated-{number}", "as it is", ct, truth, hand, True))


def made(base: Odd, kind: str, others: list[Odd]) -> Iterator[Odd]:
    """Yield what is made of a neck."""
    if kind == "plain":
        found: Iterator[Odd] = iter([base])
        line = Line.of(base.truth)
        if len(line.levels) > 4:
            # The same above the ribs: there the other half of the rules decides.
            short = cropped_in_z(base, line.height(line.levels[0]) - 14)
            found = iter([base, replace(short, name=f"{base.name} without the chest")])
    elif kind == "joined":
        found = joins(base, others)
    elif kind in SHAPES:
        found = SHAPES[kind](base)
    else:
        found = pictures(base, kind)
    for case in found:
        yield replace(case, kind=kind, normal=kind in _USUAL)


def wrong_of(case: Odd, found: Localisation) -> list[tuple[str, str]]:
    """Return joints that are sure (or confirmed) and are another joint, or none."""
    wrong = []
    for f in found.facets:
        key = (f.joint.level, f.joint.side.value)
        if f.center_lps is None or f.numbering is Numbering.PROVISIONAL or not case.truth:
            continue
        if not f.joint.is_zygapophysial:
            continue
        away = {k: float(np.linalg.norm(f.center_lps - p)) for k, p in case.truth.items()}
        nearest = min(away, key=lambda k: away[k])
        if key in away:
            if away[key] > case.wrong_mm or nearest != key:
                wrong.append(key)
        elif away[nearest] < case.wrong_mm:
            wrong.append(key)
    return sorted(wrong)


def record(case: Odd, found: Localisation, seconds: float, name: str) -> dict:
    """Return what is kept of a case."""
    joints = []
    for f in found.facets:
        key = (f.joint.level, f.joint.side.value)
        if f.center_lps is not None and key in case.truth:
            joints.append({
                "level": key[0], "side": key[1],
                "error_mm": round(float(np.linalg.norm(f.center_lps - case.truth[key])), 2),
                "hand_mm": case.hand_mm[key], "stated_mm": f.localisation_mm,
                "numbering": f.numbering.value, "status": f.status.value,
            })  # fmt: skip
    return {
        "name": name, "kind": case.kind, "normal": case.normal, "c2": case.c2_in_field,
        "numbering": found.numbering.value, "slice_mm": float(case.ct.grid.spacing_mm.max()),
        "expected": len(case.truth), "wrong_and_sure": wrong_of(case, found),
        "findings": [finding.code for finding in found.findings], "joints": joints,
        "seconds": round(seconds, 2),
    }  # fmt: skip


def line_of(one: dict) -> str:
    """Return one line of text."""
    errors = [j["error_mm"] for j in one["joints"]] or [np.nan]
    sure = [j for j in one["joints"] if j["numbering"] != Numbering.PROVISIONAL.value]
    covered = sum(j["error_mm"] - j["hand_mm"] <= (j["stated_mm"] or 0) for j in one["joints"])
    return (
        f"{one['name']:<66} {one['numbering']:<11} "
        f"n {len(one['joints']):2}/{one['expected']:2} sure "
        f"{len(sure):2} median {np.median(errors):5.1f} max {max(errors):5.1f} "
        f"max sure {max([j['error_mm'] for j in sure] or [np.nan]):5.1f} "
        f"covers {covered}/{len(one['joints'])} {one['seconds']:4.1f} s"
        + (f"  WRONG AND SURE {one['wrong_and_sure']}" if one["wrong_and_sure"] else "")
    )


def print_table(kept: list[dict]) -> None:
    """Print by kind, in Markdown: cases, sure joints, wrong ones, coverage; and after clicks."""
    print(
        "| kind | cases | joints | sure | wrong and sure | largest sure, mm | covers "
        "| less hand | after a click | confirmed or sure | wrong |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    provisional = Numbering.PROVISIONAL.value
    for kind in [*dict.fromkeys(one["kind"] for one in kept), "all"]:
        mine = [one for one in kept if kind in (one["kind"], "all")]
        plain = [one for one in mine if "| click" not in one["name"]]
        clicked = [one for one in mine if "| click" in one["name"]]
        joints = [j for one in plain for j in one["joints"]]
        sure = [j for j in joints if j["numbering"] != provisional]
        named = [j for one in clicked for j in one["joints"] if j["numbering"] != provisional]
        # A joint whose name is wrong, and provisional, is no matter of its place.
        placed = [j for j in joints if j["numbering"] != provisional or j["error_mm"] <= WRONG_MM]
        covers = sum(j["error_mm"] <= j["stated_mm"] for j in placed)
        beyond = sum(j["error_mm"] - j["hand_mm"] <= j["stated_mm"] for j in placed)
        largest = max((j["error_mm"] for j in sure), default=float("nan"))
        count = max(len(placed), 1)
        print(
            f"| {kind} | {len(plain)} | {len(joints)} | {len(sure)} "
            f"| {sum(len(one['wrong_and_sure']) for one in plain)} | {largest:.1f} "
            f"| {100 * covers / count:.0f} % | {100 * beyond / count:.0f} % | {len(clicked)} "
            f"| {len(named)} | {sum(len(one['wrong_and_sure']) for one in clicked)} |"
        )


def main() -> None:
    """Make the cases, look at each, and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--simulated", nargs="*", type=int, default=[])
    parser.add_argument("--name", default="", help="only cases whose name holds this")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--clicks", action="store_true", help="all clicks, not one for each case")
    parser.add_argument("--why", action="store_true")
    parser.add_argument("--table", type=Path, nargs="*", default=[])
    args = parser.parse_args()
    if args.table:
        lines = [line for file in args.table for line in file.read_text().splitlines()]
        print_table([json.loads(line) for line in lines])
        return
    known = args.out.read_text().splitlines() if args.out and args.out.exists() else []
    done = {json.loads(line)["name"] for line in known}
    every = list(bases(args))
    for kind in args.kinds:
        for base in every:
            for case in made(base, kind, every):
                if case.name in done or args.name not in case.name:
                    continue
                run(case, args)


def run(case: Odd, args: argparse.Namespace) -> None:
    """Look at a case, without and with clicks, and say what came of it."""
    started = time.process_time()
    neck = find_neck(case.ct)
    found = no_canal(case.ct) if neck is None else locate_in(neck)
    outcomes = [(case.name, found)]
    seconds = time.process_time() - started
    if neck is not None:
        names = sorted(case.clicks)
        if not args.clicks and names:  # one of them, another one for each case
            names = [names[len(case.name) % len(names)]]
        for vertebra in names:
            point = case.clicks[vertebra]
            said = SpineStatements(clicks={vertebra: tuple(float(v) for v in point)})
            outcomes.append((f"{case.name} | click {vertebra}", locate_in(neck, said)))
    for name, one in outcomes:
        kept = record(case, one, seconds, name)
        print(line_of(kept), flush=True)
        if args.out:
            with args.out.open("a") as out:
                out.write(json.dumps(kept) + "\n")
        if args.why:
            for piece in one.evidence:
                print(f"      {piece.agrees!s:5} {piece.weight} {piece.source}: {piece.saw}")
            for finding in one.findings:
                print(f"      [{finding.code}] {finding.message}")


if __name__ == "__main__":
    main()
