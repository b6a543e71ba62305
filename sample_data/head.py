"""Skull base, jaw, teeth and the spaces of the head, in head coordinates.

Head coordinates: origin between the occipital condyles at the height of the basion, +x left,
+y posterior, +z to the vertex. Only what a neck scan shows is more than a sketch.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from sample_data.parameters import Side
from sample_data.solids import (
    Array,
    Material,
    Solid,
    box,
    capsule,
    chain,
    ellipsoid,
    elliptic,
    frame_axes,
    smooth_intersection,
    smooth_union,
)
from sample_data.spine import CONDYLE_RADII, Spine, Vector
from sample_data.vertebrae import condyle, condyle_center

SKULL = Material(420.0, 3.6, 1150.0, 1.8, 60.0)
JAW = Material(380.0, 4.2, 1350.0, 2.2, 60.0)
TOOTH = Material(1300.0, 5.0, 2100.0, 0.8)
AIR = Material(-990.0, 0.05)
BRAIN = Material(35.0, 0.35)
CELLS = Material(-550.0, 1.5)

#: Where a hot tooth is, head coordinates of the left one.
TOOTH_CENTER = (21.5, -62.0, -25.0)


def vault(x: Array, y: Array, z: Array) -> Array:
    """Return the distance to the outer table of the skull, without face and jaw."""
    dome = ellipsoid(x, y, z, center=(0, -14, 68), radii=(71, 90, 68))
    fossa = ellipsoid(x, y, z, center=(0, 27, 32), radii=(54, 47, 34))
    return smooth_union(dome, fossa, 14.0)


def skull(x: Array, y: Array, z: Array, *, sockets: Sequence[tuple[Side, Vector]]) -> Array:
    """Return the distance to the bones of the skull, without face and jaw."""
    ax = np.abs(x)
    outer = vault(x, y, z)
    shell = np.maximum(outer, -(outer + 6.5))
    clivus = box(
        x,
        y,
        z,
        center=(0, -20.5, 17),
        half=(20, 13.0, 5.5),
        rounding=4.0,
        axes=frame_axes((0, -0.72, 0.69), (0, 0.69, 0.72)),
    )
    petrous = capsule(
        ax, y, z, start=(48, 4, 14), end=(13, -22, 20), radius=(11.0, 7.0), stretch=0.9
    )
    mastoid = capsule(ax, y, z, start=(53, 10, 12), end=(51, 2, -13), radius=(12.0, 6.5))
    styloid = capsule(ax, y, z, start=(44, -3, 0), end=(38, -13, -26), radius=(2.0, 1.2))
    d = smooth_union(shell, clivus, 3.0)
    d = np.minimum(d, smooth_union(petrous, mastoid, 3.0))
    d = np.minimum(d, styloid)
    magnum = elliptic(x, y - np.float32(13.0), 14.5, 18.0)
    d = np.maximum(d, -np.maximum(magnum, z - np.float32(30)))
    for side, center in sockets:
        bump = condyle(x, y, z, center=center, side=side, grow=0.0)
        root = capsule(
            x,
            y,
            z,
            start=(float(center[0]) * 1.15, float(center[1]) + 1, float(center[2]) + 3),
            end=(float(center[0]) * 1.35, float(center[1]) + 3, float(center[2]) + 7),
            radius=5.5,
        )
        d = smooth_union(d, np.minimum(bump, root), 1.5)
    for side, center in sockets:
        # The surface of the condyle itself stays the ellipsoid that the joint was laid on.
        below = z - np.float32(center[2])
        ball = condyle(x, y, z, center=center, side=side, grow=0.0)
        patch = np.maximum(
            elliptic(
                x - np.float32(center[0]),
                y - np.float32(center[1]),
                CONDYLE_RADII[0] + 3,
                CONDYLE_RADII[1] + 3,
            ),
            below,
        )
        d = np.where(patch < 0, np.maximum(d, ball), d)
    return d


def face(x: Array, y: Array, z: Array) -> Array:
    """Return the distance to the bones of the face."""
    ax = np.abs(x)
    palate = box(x, y, z, center=(0, -68, -10), half=(19, 20, 2.2), rounding=1.5)
    alveolus = chain(
        ax,
        y,
        z,
        points=[(24, -48, -15), (22.5, -64, -15), (16, -80, -15), (7, -88, -15), (0, -90, -15)],
        radius=5.0,
        stretch=1.7,
    )
    wall = box(ax, y, z, center=(34, -64, 4), half=(2.2, 17, 18), rounding=1.2)
    front = box(
        ax,
        y,
        z,
        center=(25, -84, 4),
        half=(11, 2.2, 17),
        rounding=1.5,
        axes=frame_axes((0.85, 0.5, 0)),
    )
    back = box(ax, y, z, center=(27, -46, 2), half=(8, 1.6, 16), rounding=1.0)
    roof = box(x, y, z, center=(0, -64, 22), half=(36, 22, 1.5), rounding=1.0)
    inner = box(ax, y, z, center=(15.5, -64, 4), half=(1.0, 17, 15), rounding=0.7)
    plates = box(ax, y, z, center=(16, -38, -2), half=(1.3, 7, 15), rounding=1.0)
    zygoma = chain(
        ax,
        y,
        z,
        points=[(38, -76, 12), (52, -66, 14), (61, -45, 16), (62, -22, 17)],
        radius=[6.5, 5.5, 2.6, 3.0],
        stretch=1.4,
    )
    sphenoid = box(x, y, z, center=(0, -44, 30), half=(15, 13, 11), rounding=4)
    hollow = box(x, y, z, center=(0, -44, 30), half=(11.5, 10, 8), rounding=3)
    d = np.minimum(np.minimum(palate, alveolus), np.minimum(wall, front))
    d = np.minimum(d, np.minimum(np.minimum(back, roof), inner))
    return np.minimum(d, np.minimum(np.minimum(plates, zygoma), np.maximum(sphenoid, -hollow)))


def jaw(x: Array, y: Array, z: Array) -> Array:
    """Return the distance to the mandible."""
    ax = np.abs(x)
    body = chain(
        ax,
        y,
        z,
        points=[(44, -30, -44), (38, -48, -49), (29, -66, -52), (17, -81, -54), (0, -88, -55)],
        radius=[5.0, 5.4, 5.6, 5.8, 6.2],
        stretch=2.3,
    )
    ramus = box(
        ax,
        y,
        z,
        center=(47, -27, -17),
        half=(24, 3.4, 14.5),
        rounding=2.5,
        axes=[[0.06, 0.22, 0.974], [0.998, 0, -0.06], [-0.013, 0.976, -0.22]],
    )
    ramus = smooth_intersection(
        ramus, elliptic(y + np.float32(27) - 0.22 * (z + 17), z + np.float32(17), 17.5, 29), 3.0
    )
    condylar = capsule(ax, y, z, start=(48, -20, -4), end=(49, -17, 5), radius=(3.6, 5.0))
    coronoid = capsule(ax, y, z, start=(47, -34, -2), end=(46, -37, 8), radius=(3.6, 2.2))
    return smooth_union(np.minimum(body, condylar), np.minimum(ramus, coronoid), 4.0)


def teeth(x: Array, y: Array, z: Array) -> Array:
    """Return the distance to the teeth of both jaws."""
    arch = chain(
        np.abs(x),
        y,
        z,
        points=[(23, -48, 0), (21.5, -63, 0), (15.5, -79, 0), (7, -86.5, 0), (0, -88.5, 0)],
        radius=3.2,
        stretch=100.0,
    )
    # Gaps between crowns: the arch is notched every 7 mm along its length.
    along = np.sqrt(x * x * 0.6 + (y + np.float32(48)) ** 2)
    notch = np.abs(np.mod(along, 7.0) - 3.5) - np.float32(3.1)
    upper = np.abs(z + np.float32(26.0)) - np.float32(4.8)
    lower = np.abs(z + np.float32(37.0)) - np.float32(4.8)
    return np.maximum(np.maximum(arch, notch), np.minimum(upper, lower))


def brain(x: Array, y: Array, z: Array) -> Array:
    """Return the distance to the inner table of the skull."""
    return vault(x, y, z) + np.float32(6.5)


def nasal(x: Array, y: Array, z: Array) -> Array:
    """Return the distance to the air of nose, antra and sphenoid sinus."""
    ax = np.abs(x)
    nose = box(ax, y, z, center=(5.5, -62, 4), half=(4.0, 28, 13), rounding=3)
    inner = box(ax, y, z, center=(9.5, -62, 4), half=(2.0, 22, 5), rounding=1.5)
    antrum = ellipsoid(ax, y, z, center=(25, -66, 4), radii=(8.5, 15, 15))
    sinus = box(x, y, z, center=(0, -44, 30), half=(10.5, 9, 7), rounding=3)
    turbinate = capsule(ax, y, z, start=(7, -78, -2), end=(7, -48, -2), radius=2.6)
    return np.minimum(np.maximum(np.minimum(nose, inner), -turbinate), np.minimum(antrum, sinus))


def cells(x: Array, y: Array, z: Array) -> Array:
    """Return the distance to the air cells of the mastoids."""
    ax = np.abs(x)
    air = capsule(ax, y, z, start=(53, 10, 12), end=(51.5, 4, -7), radius=(8.5, 3.5))
    rough = np.sin(x * 1.7) * np.sin(y * 1.9 + 1) * np.sin(z * 1.6 + 2)
    return np.maximum(air, np.float32(2.0) * rough - np.float32(0.4))


def canal(x: Array, y: Array, z: Array) -> Array:
    """Return the distance to the ear canals."""
    return capsule(np.abs(x), y, z, start=(48, -4, 14), end=(78, -2, 15), radius=3.4)


def head_solids(spine: Spine) -> list[Solid]:
    """Return the solids of the head in painting order: spaces, bone, then teeth."""
    pose = spine.head_pose
    sockets = [(j.side, condyle_center(j, pose)) for j in spine.joints if j.upper == "C0"]
    return [
        Solid("brain", BRAIN, (-68, -100, -8), (68, 76, 135), brain, pose),
        Solid(
            "skull", SKULL, (-75, -108, -30), (75, 78, 138), partial(skull, sockets=sockets), pose
        ),
        Solid("face", SKULL, (-70, -96, -26), (70, -16, 44), face, pose),
        Solid("mandible", JAW, (-56, -97, -72), (56, -8, 12), jaw, pose),
        Solid("nasal cavity", AIR, (-36, -94, -14), (36, -30, 40), nasal, pose),
        Solid("mastoid cells", CELLS, (-64, -4, -12), (64, 22, 24), cells, pose),
        Solid("ear canal", AIR, (-80, -9, 9), (80, 3, 20), canal, pose),
        Solid("teeth", TOOTH, (-29, -95, -43), (29, -42, -19), teeth, pose),
    ]
