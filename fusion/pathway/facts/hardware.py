"""Metal seen on CT, as a proposal that there may be surgical hardware (F10)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from fusion.errors import PathwayError
from fusion.geometry import Volume
from fusion.pathway.facts.from_files import ProposedFact

#: Above cortical bone and most enamel; below it implants of titanium still show (judgement of
#: this project, no source).
METAL_HU = 2500.0
#: Air and most foam lie below, tissue above.
BODY_HU = -300.0
#: Things lying on the skin are kept out by peeling the body this far.
PEEL_MM = 5.0
#: A connected piece smaller than this is left unmentioned: noise and small fillings.
SMALLEST_PIECE_MM3 = 50.0

_BODY_STEP_MM = 3.0


def propose_hardware(ct: Volume) -> ProposedFact:
    """Say how much metal the body holds on a CT.

    Parameters
    ----------
    ct : Volume
        CT in HU; only array and spacing are used.

    Returns
    -------
    ProposedFact
        For ``surgical_hardware``; its value is True when a connected piece of at least
        :data:`SMALLEST_PIECE_MM3` lies above :data:`METAL_HU` inside the body, else None. The
        number stands in its text. Dental work looks the same.

    Raises
    ------
    PathwayError
        The volume is not in HU.
    """
    if ct.unit != "HU":
        raise PathwayError(f"Metal can be looked for on CT in HU only; this is in {ct.unit}.")
    pieces = metal_pieces_mm3(ct)
    source = f'CT "{ct.source.description}": voxels above {METAL_HU:.0f} HU inside the body'
    if not pieces:
        return ProposedFact(
            "F10",
            "surgical_hardware",
            None,
            f"No connected piece of {SMALLEST_PIECE_MM3:.0f} mm³ or more above {METAL_HU:.0f} HU. "
            "This does not exclude hardware: the CT may be clipped, corrected or not cover it.",
            source,
        )
    count = f"{len(pieces)} connected piece{'s' if len(pieces) > 1 else ''}"
    return ProposedFact(
        "F10",
        "surgical_hardware",
        True,
        f"{sum(pieces):.0f} mm³ above {METAL_HU:.0f} HU in {count}, the largest {pieces[0]:.0f} "
        "mm³. Dental work and other metal look the same; confirm on the images and the history.",
        source,
    )


def metal_pieces_mm3(ct: Volume) -> tuple[float, ...]:
    """Return the volume of each connected piece of metal inside the body, largest first, mm³."""
    slope, intercept = ct.slope[:, None, None], ct.intercept[:, None, None]
    # Compared slice by slice in stored values: a whole CT as float would take gigabytes.
    metal = np.zeros(ct.stored.shape, dtype=np.bool_)
    for k, plane in enumerate(ct.stored):
        metal[k] = plane * slope[k] + intercept[k] > METAL_HU
    if not metal.any():
        return ()
    (box,) = ndimage.find_objects(metal.view(np.uint8))  # labels take four bytes a voxel
    labels, _ = ndimage.label(metal[box], structure=np.ones((3, 3, 3)))
    inside = labels[metal[box] & _within_body(ct)[box]]
    voxel_mm3 = float(abs(np.linalg.det(ct.grid.affine[:3, :3])))
    sizes = np.bincount(labels.ravel())
    pieces = (float(sizes[label] * voxel_mm3) for label in np.unique(inside) if label)
    return tuple(sorted((size for size in pieces if size >= SMALLEST_PIECE_MM3), reverse=True))


def _within_body(ct: Volume) -> npt.NDArray[np.bool_]:
    """Return the peeled body on the CT's own grid, found on a coarser one."""
    spacing = ct.grid.spacing_mm
    step = tuple(max(1, int(_BODY_STEP_MM / mm)) for mm in spacing)
    coarse = ct.stored[:: step[0], :: step[1], :: step[2]]
    rows = slice(None, None, step[0])
    hu = coarse * ct.slope[rows, None, None] + ct.intercept[rows, None, None]
    labels, count = ndimage.label(hu > BODY_HU)
    if count == 0:
        return np.zeros(ct.stored.shape, dtype=np.bool_)
    body = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    distance = np.empty(body.shape)
    for k, plane in enumerate(body):  # peeled in the plane: the body leaves the field at its ends
        filled = np.pad(ndimage.binary_fill_holes(plane), 1)
        in_plane = spacing[1:] * np.array(step[1:])
        distance[k] = ndimage.distance_transform_edt(filled, sampling=in_plane)[1:-1, 1:-1]
    peeled = distance > PEEL_MM
    for axis, factor in enumerate(step):
        peeled = peeled.repeat(factor, axis=axis)
    return peeled[tuple(slice(0, size) for size in ct.stored.shape)]
