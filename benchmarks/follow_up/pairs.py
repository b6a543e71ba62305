"""Two simulated dates of one neck, each with its own pose, grid, noise and bend; truth known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from fusion.anatomy import JOINTS, LEVELS, Joint
from fusion.facets import Facet, Localisation, Numbering, Status
from fusion.geometry import Grid, Source, Volume
from sample_data import NeckParameters, ScanParameters
from sample_data.anatomy import build_anatomy
from sample_data.scanner import acquire_ct, placement

#: A CT that reaches over all joints of a bent neck and not over the shoulders.
FIELD_MM = (205.0, 135.0, 130.0)


@dataclass(frozen=True, eq=False)
class Date:
    """A CT and where its joints truly are."""

    ct: Volume
    truth: dict[Joint, np.ndarray]

    def localisation(self, rng: np.random.Generator, error_mm: float) -> Localisation:
        """Return the joints as a program or reader would put them: each off by about so much."""
        return localised(self.truth, rng, error_mm)


def localised(
    truth: dict[Joint, np.ndarray], rng: np.random.Generator, error_mm: float, *, shift: int = 0
) -> Localisation:
    """Return joints off by an error (root mean square over the three axes), perhaps misnamed."""
    facets = []
    for joint in JOINTS:
        at = LEVELS.index(joint.level) + shift
        source = Joint(LEVELS[at], joint.side) if 0 <= at < len(LEVELS) else None
        center = truth.get(source) if source else None
        if center is not None:
            center = center + rng.normal(0, error_mm / np.sqrt(3), 3)
        status = Status.OUTSIDE if center is None else Status.FOUND
        known = None if center is None else error_mm
        facets.append(Facet(joint, status, center, None, Numbering.SURE, known))
    return Localisation(tuple(facets), Numbering.SURE, (), {}, ())


def date(
    neck: NeckParameters, *, spacing: tuple[float, float, float], pose_seed: int, noise_hu: float
) -> Date:
    """Take one CT; the patient lies turned and shifted as the seed says."""
    shape = tuple(round(f / s) for f, s in zip(FIELD_MM, spacing, strict=True))
    scan = ScanParameters(
        ct_shape=shape, ct_spacing_mm=spacing, ct_noise_hu=noise_hu, ct_top_mm=178
    )
    anatomy = build_anatomy(neck)
    # Noise and texture come from one seed; the texture of a bone stays, its noise does not.
    image = acquire_ct(anatomy, neck, replace(scan, ct_noise_hu=0.0))
    rng = np.random.default_rng([pose_seed, 7])
    stored = image.stored + np.rint(rng.normal(0, noise_hu, image.stored.shape)).astype(np.int16)
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_euler("xyz", rng.normal(0, 4, 3), degrees=True).as_matrix()
    pose[:3, 3] = rng.normal(0, 25, 3)
    grid = Grid(image.grid.shape, pose @ image.grid.affine, f"1.2.{pose_seed}")
    place = placement(neck)
    truth = {}
    for one in anatomy.spine.joints:
        if one.level not in LEVELS:
            continue
        name = Joint(one.level, one.side)
        center = pose @ (place @ np.append(one.center, 1.0))
        truth[name] = center[:3]
    kji = {j: grid.to_kji(c) for j, c in truth.items()}
    limits = np.array(grid.shape)
    truth = {j: c for j, c in truth.items() if ((kji[j] > 3) & (kji[j] < limits - 4)).all()}
    source = Source("1.1", f"1.2.{pose_seed}", "1.1", ("1.3",), "CT", "simulated")
    return Date(Volume(grid, stored, 1.0, 0.0, "HU", source), truth)
