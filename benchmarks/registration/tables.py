"""Print the tables of docs/registration-evidence.md.

``python -m benchmarks.registration.tables --rows X.jsonl [--flips F.jsonl] [--peers P.jsonl]`` with
rows of ``run.py`` and of ``peers.py``. Errors are median / 95 % / largest in mm over the joints.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.registration.calibrate import LIMIT_MM, tuned

NO_INCONSISTENCY, DO_NOT_TRUST = "no inconsistency found", "do not trust"
Rows = list[dict]


def read(path: Path) -> Rows:
    return [json.loads(line) for line in path.read_text().splitlines()]


def spread(rows: Rows, key: str = "errors_mm") -> str:
    values = np.concatenate([row[key] for row in rows if row.get(key)] or [[np.nan]])
    return f"{np.median(values):.2f} / {np.percentile(values, 95):.2f} / {values.max():.2f}"


def groups(rows: Rows) -> dict[str, Rows]:
    """Return the rows by anatomy, by whether the neck bent, and by half."""
    result = {}
    for bent in (False, True):
        for source in ("phantom", "artisynth"):
            for half in (True, False):
                name = f"{source}, {'bent' if bent else 'did not bend'}"
                name += ", tuned on" if half else ", held back"
                result[name] = [
                    row
                    for row in rows
                    if row["source"] == source
                    and bool(row["bend_deg"]) == bent
                    and tuned(row) == half
                ]
    return result


def accuracy(rows: Rows) -> None:
    print("| cases | n | whole patient | rigid proposal | neck correction |\n|---|---|---|---|---|")
    for name, part in groups(rows).items():
        print(
            f"| {name} | {len(part)} | {spread(part, 'found_errors_mm')} | {spread(part)} "
            f"| {spread(part, 'neck_errors_mm')} |"
        )
    for bent in (False, True):
        part = [row for row in rows if bool(row["bend_deg"]) == bent]
        print(f"| all, {'bent' if bent else 'did not bend'} | {len(part)} "
              f"| {spread(part, 'found_errors_mm')} | {spread(part)} "
              f"| {spread(part, 'neck_errors_mm')} |")  # fmt: skip
    print("\n| made difficult by (did not bend) | phantom | ArtiSynth |\n|---|---|---|")
    straight = [row for row in rows if not row["bend_deg"]]
    for stress in sorted({row["stress"] for row in rows}):
        cells = [
            spread([r for r in straight if r["stress"] == stress and r["source"] == source])
            for source in ("phantom", "artisynth")
        ]
        print(f"| {stress} | {cells[0]} | {cells[1]} |")


def uncertainty(rows: Rows) -> None:
    print(
        "\n| cases | error <= stated | stated <= 3 mm | of these truly <= 3 mm |\n|---|---|---|---|"
    )
    kinds: tuple[tuple[str, str, Callable[[dict], list]], ...] = (
        ("rigid proposal", "errors_mm", lambda row: row["uncertainty_mm"]),
        ("neck correction", "neck_errors_mm", lambda row: row["neck_uncertainty_mm"]),
    )
    for kind, key, said_of in kinds:
        for name, part in groups(rows).items():
            part = [row for row in part if row.get(key)]
            error = np.concatenate([row[key] for row in part])
            said = np.concatenate([said_of(row) for row in part])
            small = said <= LIMIT_MM
            print(
                f"| {kind}: {name} ({len(part)}) | {(error <= said).mean():.1%} "
                f"| {small.mean():.1%} | {(error[small] <= LIMIT_MM).mean():.1%} |"
            )


def statuses(rows: Rows) -> None:
    print("\nstatus")
    for name, part in groups(rows).items():
        print(f"  {name}: {dict(Counter(row['status'] for row in part))}")
    print("bends without a word:", [
        (row["name"], round(row["bend_deg"], 1), max(row["errors_mm"]))
        for row in rows if row["bend_deg"] and row["status"] == NO_INCONSISTENCY
    ])  # fmt: skip
    print("warned without need:", [
        (row["name"], row["stress"], row["status"], max(row["errors_mm"] or [0]))
        for row in rows if not row["bend_deg"] and row["status"] != NO_INCONSISTENCY
    ])  # fmt: skip
    green = [row for row in rows if row["status"] == NO_INCONSISTENCY]
    print("largest under green:", max((max(r["errors_mm"]), r["name"]) for r in green))
    known = [row for row in rows if row["errors_mm"]]
    worst = sorted(known, key=lambda row: -max(row["errors_mm"]))[:8]
    print("worst:", [(r["name"], r["stress"], round(r["bend_deg"], 1), max(r["errors_mm"]),
                      max(r["neck_errors_mm"]), r["status"]) for r in worst])  # fmt: skip
    worst = sorted(known, key=lambda row: -max(row.get("neck_errors_mm", [0])))[:8]
    print("worst correction:", [(r["name"], r["stress"], round(r["bend_deg"], 1),
          max(r["errors_mm"]), max(r["neck_errors_mm"]), r["status"]) for r in worst])  # fmt: skip


def flips(rows: Rows) -> None:
    print("\nmirrored")
    for axis, name in (("k", "head to feet"), ("j", "front to back"), ("i", "left to right")):
        part = [row for row in rows if row["stress"] == f"flip {axis}"]
        print(f"  {name}: {len(part)} {dict(Counter(row['status'] for row in part))}")


def peers(rows: Rows, others: Rows) -> None:
    tools = sorted({row["tool"] for row in others})
    of = {tool: {row["name"]: row for row in others if row["tool"] == tool} for tool in tools}
    names = set.intersection(*(set(found) for found in of.values())) & {r["name"] for r in rows}
    ours = {row["name"]: row for row in rows if row["name"] in names and row["errors_mm"]}
    bends = {name: bool(row["bend_deg"]) for name, row in ours.items()}
    count = [sum(bends.values()), len(bends) - sum(bends.values())]
    print(f"\n| {len(bends)} cases | {count[1]} that did not bend | {count[0]} that bent |")
    print("|---|---|---|")
    for tool, found in {"facetfusion": ours, **of}.items():
        cells = [spread([found[n] for n in bends if bends[n] == bent]) for bent in (False, True)]
        print(f"| {tool} | {cells[0]} | {cells[1]} |")
    cells = [
        spread([row for name, row in ours.items() if bends[name] == bent], "neck_errors_mm")
        for bent in (False, True)
    ]
    print(f"| facetfusion, neck correction | {cells[0]} | {cells[1]} |")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=Path, required=True)
    options.add_argument("--flips", type=Path)
    options.add_argument("--peers", type=Path)
    chosen = options.parse_args()
    rows = read(chosen.rows)
    accuracy(rows)
    uncertainty([row for row in rows if row["errors_mm"]])
    statuses(rows)
    if chosen.flips:
        flips(read(chosen.flips))
    if chosen.peers:
        peers(rows, read(chosen.peers))


if __name__ == "__main__":
    main()
