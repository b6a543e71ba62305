"""Whether a functional volume can lie where its file puts it on a CT.

A shared Frame of Reference says that two positions may be compared, not that both were filled in. A
camera and a scanner on one table look at the same part of the body: fields that hardly meet, or a
position of exactly zero, are a question to a person.
"""

from __future__ import annotations

import numpy as np

from fusion.geometry import FloatArray, Grid, RigidTransform

#: Below this share of either volume inside the other's field a person has to say that they belong
#: together. Fields of one scanner share the axis of the table; a small bone field of the neck lies
#: wholly inside a SPECT (docs/sources.md#plausible-geometry).
LEAST_COMMON_SHARE = 0.25
#: Points along each axis at which the share is taken.
_SAMPLES = 24


def common_share(spect: Grid, ct: Grid, transform: RigidTransform | None = None) -> float:
    """Return the larger of the shares of each volume that lie inside the other's field, 0 to 1.

    Parameters
    ----------
    spect, ct : Grid
        The two fields.
    transform : RigidTransform, optional
        Functional frame to CT frame; none for a shared frame.
    """
    matrix: FloatArray = np.eye(4) if transform is None else transform.matrix
    return max(
        _share_inside(spect, ct, matrix),
        _share_inside(ct, spect, np.linalg.inv(matrix).astype(np.float64)),
    )


def _share_inside(inner: Grid, outer: Grid, matrix: FloatArray) -> float:
    axes = [(np.arange(_SAMPLES) + 0.5) / _SAMPLES * n - 0.5 for n in inner.shape]
    kji = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    points = inner.to_lps(kji) @ matrix[:3, :3].T + matrix[:3, 3]
    inside = outer.to_kji(points)
    limits = np.array(outer.shape) - 0.5
    return float(((inside >= -0.5) & (inside <= limits)).all(axis=1).mean())


def placement_doubt(
    spect: Grid, ct: Grid, transform: RigidTransform | None = None, *, label: str = "SPECT"
) -> str | None:
    """Say why a functional volume cannot be where it is put; None when it can.

    Parameters
    ----------
    spect, ct : Grid
        The two fields.
    transform : RigidTransform, optional
        Functional frame to CT frame; none for a shared frame, in which
        both positions are looked at.
    label : str
        What a reader calls the functional volume.
    """
    if transform is None:
        for who, one, other in (
            (label, spect, ct),
            ("CT", ct, spect),
        ):
            if _is_unfilled(one, other):
                return (
                    f"The position of the {who} is exactly zero, as where nobody filled it in, and "
                    "the other volume lies elsewhere."
                )
    share = common_share(spect, ct, transform)
    if share == 0:
        return f"The CT and the {label} do not overlap at all."
    if share < LEAST_COMMON_SHARE:
        return (
            f"The CT and the {label} hardly overlap: at most {share:.0%} of one lies "
            "inside the other."
        )
    return None


def _is_unfilled(one: Grid, other: Grid) -> bool:
    """Whether a field begins at zero left to right and front to back, and the other does not."""
    begins, elsewhere = (np.abs(grid.affine[:2, 3]) for grid in (one, other))
    return bool((begins == 0).all() and (elsewhere > 0).any())
