"""Sensitivity and false positives of proposals on simulated studies, over contrast and resolution.

``nice python -m benchmarks.facets.proposals --studies 24 --out proposals.jsonl``

Every study is a random neck (shape, size, pose) with 0 to 3 active joints, wear at all others,
patchy bone, and often a tooth, a disc or a body that is active too. The joints are given at their
true centres, and once more with errors of localisation and registration of known size. Contrast is
the true concentration in an active joint over that of ordinary bone (about 5).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fusion.anatomy.joints import JOINTS, Joint, Side
from fusion.geometry import RigidTransform, Source, Volume
from fusion.registration import Method, Registration
from fusion.uptake.native import Place
from fusion.uptake.proposals import Assessment, Proposal, assess
from fusion.uptake.settings import ProposalSettings
from sample_data.anatomy import build_anatomy
from sample_data.parameters import HotJoint, HotSpot, NeckParameters, ScanParameters, Shape
from sample_data.scanner import Image3, acquire_ct, acquire_spect
from sample_data.study import Truth, describe

ORDINARY_SUV = 5.0
CONTRASTS = (3.0, 5.0, 8.0, 12.0)
RESOLUTIONS_MM = (8.0, 10.0, 12.0, 15.0)
#: How often each number of active joints and each level occurs
#: (docs/sources.md#frequency-of-active-joints).
COUNTS = {0: 0.4, 1: 0.25, 2: 0.2, 3: 0.15}
WEIGHTS = {
    "C0-C1": 0.0, "C1-C2": 0.22, "C2-C3": 0.22, "C3-C4": 0.112, "C4-C5": 0.112,
    "C5-C6": 0.112, "C6-C7": 0.112, "C7-T1": 0.112,
}  # fmt: skip
SCAN = ScanParameters(
    ct_shape=(110, 150, 150),
    ct_spacing_mm=(2.0, 1.6, 1.6),
    ct_top_mm=160.0,
    spect_shape=(56, 80, 80),
    spect_voxel_mm=4.42,
    spect_top_mm=190.0,
)
#: Expected error of a centre, mm, and length of the error of the registration, mm, when disturbed.
LOCALISATION_MM, REGISTRATION_MM = 2.5, 1.5
#: An active place nearer than this to a spot is what the spot is about, mm.
ABOUT_MM = 12.0
#: Lists hot spots of every grade, so that one run serves for every least grade.
EVERYTHING = ProposalSettings(least_grade=0)
VARIANTS = ("true centres", "with errors")


def random_neck(number: int) -> tuple[NeckParameters, tuple[Joint, ...]]:
    """Return a neck without active joints, and the joints that shall be active."""
    rng = np.random.default_rng([number, 23])
    weights = np.array([WEIGHTS[joint.level] for joint in JOINTS])
    count = int(rng.choice(list(COUNTS), p=list(COUNTS.values())))
    rows = rng.choice(len(JOINTS), size=count, replace=False, p=weights / weights.sum())
    spots = []
    if rng.random() < 0.5:
        spots.append(HotSpot(f"tooth {rng.choice(['left', 'right'])}", rng.uniform(12, 30)))
    if rng.random() < 0.3:
        level = rng.choice(["C4-C5", "C5-C6", "C6-C7"])
        spots.append(HotSpot(f"disc {level}", rng.uniform(12, 25)))
    if rng.random() < 0.15:
        spots.append(HotSpot(f"body {rng.choice(['C3', 'C5', 'C6'])}", rng.uniform(12, 25)))
    neck = NeckParameters(
        seed=number,
        shape=Shape(rng.choice([shape.value for shape in Shape])),
        size=float(rng.uniform(0.9, 1.1)),
        tilt_deg=float(rng.uniform(-8, 8)),
        rotation_deg=float(rng.uniform(-12, 12)),
        flexion_deg=float(rng.uniform(-6, 6)),
        hot_joints=(),
        hot_spots=tuple(spots),
    )
    return neck, tuple(JOINTS[row] for row in sorted(rows))


def volume(image: Image3, unit: str, modality: str) -> Volume:
    """Return what a scanner took as a Volume."""
    source = Source("1", "2", "3", ("4",), modality, "simulated")
    return Volume(image.grid, image.stored, 1.0, 0.0, unit, source)


def disturbed(truth: Truth, rng: np.random.Generator) -> tuple[list[Place], Registration]:
    """Return the joints and the registration with errors of the size that they state."""
    # The mean length of a vector of three normal components is 1.596 times their spread.
    spread = LOCALISATION_MM / 1.596
    places = [
        Place(
            Joint(joint.level, Side(joint.side)),
            joint.center_lps + rng.normal(scale=spread, size=3),
            LOCALISATION_MM,
            "sure",
        )
        for joint in truth.joints
    ]
    away = rng.normal(size=3)
    shift = away / np.linalg.norm(away) * REGISTRATION_MM
    return places, Registration(
        RigidTransform.from_euler(translation_mm=shift), Method.SHARED_FRAME
    )


def exact(truth: Truth) -> tuple[list[Place], Registration]:
    """Return the joints where they are and a registration without error."""
    places = [
        Place(Joint(joint.level, Side(joint.side)), joint.center_lps, 0.0, "sure")
        for joint in truth.joints
    ]
    return places, Registration(RigidTransform.identity(), Method.SHARED_FRAME)


def score(result: Assessment, truth: Truth, active: Sequence[Joint], *, grade: int) -> dict:
    """Count what proposals of at least a grade got right."""
    proposals = [p for p in result.proposals if p.grade >= grade and p.candidates]
    named = {joint for p in proposals for joint in p.candidates}
    claimed = {p.joint for p in proposals if p.joint is not None}
    wrong = [p for p in proposals if _is_wrong(p, truth, active)]
    return {
        "active": len(active),
        "named": sum(joint in named for joint in active),
        "claimed": sum(joint in claimed for joint in active),
        "certain": sum(p.certain for p in proposals),
        "wrong": len(wrong),
        "false": sum(not set(p.candidates) & set(active) for p in proposals) - len(wrong),
        "false_certain": sum(p.joint is not None and p.joint not in active for p in proposals)
        - len(wrong),
    }


def _is_wrong(proposal: Proposal, truth: Truth, active: Sequence[Joint]) -> bool:
    """Tell whether a spot that an active place made is claimed for a joint that is not active."""
    if proposal.joint is None or proposal.joint in active:
        return False
    places = [
        joint.center_lps for joint in truth.joints if Joint(joint.level, joint.side) in active
    ]
    places += [center for _, center, _ in truth.spots]
    return any(np.linalg.norm(proposal.point_lps - place) < ABOUT_MM for place in places)


def run(number: int) -> Iterator[dict]:
    """Yield one row for each contrast, resolution and variant of one neck."""
    neck, active = random_neck(number)
    anatomy = build_anatomy(neck)
    ct = volume(acquire_ct(anatomy, neck, SCAN), "HU", "CT")
    # A neck without active joints does not depend on the contrast.
    for contrast in CONTRASTS if active else (CONTRASTS[0],):
        hot = tuple(HotJoint(j.level, j.side.value, contrast * ORDINARY_SUV) for j in active)
        patient = replace(neck, hot_joints=hot)
        posed = build_anatomy(patient)
        for resolution in RESOLUTIONS_MM:
            scan = replace(SCAN, resolution_mm=resolution)
            truth = describe(posed, posed, neck=patient, scan=scan, folder=Path())
            spect = volume(acquire_spect(posed, patient, scan), "counts", "NM")
            for variant in VARIANTS:
                rng = np.random.default_rng([number, 29])
                places, registration = (
                    exact(truth) if variant == VARIANTS[0] else disturbed(truth, rng)
                )
                start = time.perf_counter()
                result = assess(places, spect, registration, ct=ct, settings=EVERYTHING)
                yield {
                    "number": number,
                    "contrast": contrast if active else None,
                    "resolution_mm": resolution,
                    "variant": variant,
                    "seconds": round(time.perf_counter() - start, 3),
                    "estimated_mm": result.uptakes[0].resolution.mm,
                    "grades": {
                        str(grade): score(result, truth, active, grade=grade)
                        for grade in (0, 1, 2, 3)
                    },
                    "proposals": [
                        [p.place, p.certain, p.grade, round(p.ratio_to_reference or 0, 2)]
                        for p in result.proposals
                    ],
                    "truth": [joint.name for joint in active] + [s[0] for s in truth.spots],
                }


def tables(rows: Sequence[dict], *, grade: int = 2) -> str:
    """Return Markdown tables over contrast and resolution."""
    lines = []
    for variant in VARIANTS:
        lines += [f"**{variant}**, grade {grade} and above", ""]
        lines.append(
            "| true contrast | FWHM mm | studies | active joints | named | claimed with certainty "
            "| false per study | claims | claimed for the wrong joint |"
        )
        lines.append("|---" * 9 + "|")
        for contrast in (*CONTRASTS, None):
            for resolution in RESOLUTIONS_MM:
                cell = [
                    row["grades"][str(grade)]
                    for row in rows
                    if (row["variant"], row["contrast"], row["resolution_mm"])
                    == (variant, contrast, resolution)
                ]
                if cell:
                    lines.append(_line(contrast, resolution, cell))
        lines.append("")
    return "\n".join(lines)


def _line(contrast: float | None, resolution: float, cell: Sequence[dict]) -> str:
    total = {key: sum(c[key] for c in cell) for key in cell[0]}
    active = total["active"]
    shares = [f"{total[key] / active:.0%}" for key in ("named", "claimed")] if active else ["", ""]
    return (
        f"| {f'{contrast:g} : 1' if contrast else 'no active joint'} | {resolution:g} | "
        f"{len(cell)} | {active} | {shares[0]} | {shares[1]} | "
        f"{total['false'] / len(cell):.2f} | {total['certain']} | {total['wrong']} |"
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Run the studies, or print the tables of those that were run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=24)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tables", action="store_true", help="only print what OUT holds")
    args = parser.parse_args(argv)
    if not args.tables:
        with args.out.open("a", encoding="utf-8") as stream:
            for number in range(args.first, args.first + args.studies):
                for row in run(number):
                    stream.write(json.dumps(row) + "\n")
                stream.flush()
    rows = [json.loads(line) for line in args.out.read_text(encoding="utf-8").splitlines()]
    for grade in (0, 1, 2):
        print(tables(rows, grade=grade))


if __name__ == "__main__":
    main()
