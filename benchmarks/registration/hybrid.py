"""A real hybrid scan, whose truth is the identity, with known transforms applied to its PET.

``python -m benchmarks.registration.hybrid`` on ../shared/data/petct_discovery_st: lower neck (about
C5) to L1, FDG, attenuation-corrected. Errors at the reference points of the neck that was found.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fusion.geometry import Grid, RigidTransform, Volume
from fusion.opening import open_study
from fusion.registration import register

STUDY = Path(__file__).resolve().parents[2].parent / "shared/data/petct_discovery_st"


def moved(volume: Volume, transform: RigidTransform) -> Volume:
    """Return the volume as if the patient had lain elsewhere: only its grid is moved."""
    affine = transform.inverse().matrix @ volume.grid.affine
    grid = Grid(volume.grid.shape, affine, volume.grid.frame_of_reference_uid)
    return Volume(grid, volume.stored, volume.slope, volume.intercept, volume.unit, volume.source)


def main() -> None:
    review = open_study(STUDY)
    ct, pet = review.fused.ct, review.fused.spect
    rng = np.random.default_rng(4)
    print("shift mm, turn deg, status, median and largest error mm in the neck, in the whole field")
    corners = ct.grid.corners_lps
    middle = corners.mean(axis=0) + (corners - corners.mean(axis=0)) * 0.4
    for number in range(11):
        shift, turn = rng.normal(size=3), rng.normal(size=3)
        shift *= (2 * number) / np.linalg.norm(shift)
        turn *= number / np.linalg.norm(turn)
        truth = RigidTransform.from_euler(
            rotation_deg=turn, translation_mm=shift, center_lps=ct.grid.center_lps
        )
        result = register(ct, moved(pet, truth))
        evidence = result.search.evidence
        if evidence is None:
            print(f"{2 * number:3d} {number:3d} {result.search.recommendation}")
            continue
        line = []
        for points in (evidence.neck.reference_points_lps, middle):
            native = truth.inverse().apply(points)
            away = np.linalg.norm(evidence.proposal.apply(native) - points, axis=-1)
            line += [f"{np.median(away):5.2f} {away.max():5.2f}"]
        said = evidence.uncertainty_mm(evidence.neck.reference_points_lps)
        print(
            f"{2 * number:3d} {number:3d} {result.status.value:24s}", *line,
            f"stated {np.median(said):.1f} {said.max():.1f}",
            f"correlation {evidence.correlation:.2f} overlap {evidence.overlap:.2f}",
            result.search.recommendation[:90],
        )  # fmt: skip


if __name__ == "__main__":
    main()
