"""Soft tissue, airway, hyoid, larynx, ribs and shoulder girdle.

They follow the centre line of the spine: written for a straight neck in neck coordinates (x and
y from the line of vertebral bodies, z above T1) and carried along as it bends and turns.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

from sample_data.head import vault
from sample_data.parameters import SIDES, NeckParameters
from sample_data.solids import (
    Array,
    Distance,
    Material,
    Point,
    Solid,
    box,
    capsule,
    chain,
    ellipsoid,
    elliptic,
    frame_axes,
    smooth_union,
)
from sample_data.spine import ENDPLATE_SLOPE, SIGN, Spine
from sample_data.vertebrae import THORACIC

FAT = Material(-95.0, 0.5)
MUSCLE = Material(58.0, 1.0)
#: Skin to muscle: the shell is the fat under the skin.
BODY = Material(52.0, 1.0, -92.0, 5.5)
VESSEL = Material(44.0, 1.6)
THYROID = Material(105.0, 1.4)
GLAND = Material(25.0, 1.5)
CARTILAGE = Material(110.0, 1.6, 230.0, 0.8)
TRACHEA = Material(75.0, 1.0)
AIR = Material(-985.0, 0.05)
LUNG = Material(-850.0, 0.4)
CORD = Material(32.0, 0.6)
DISC = Material(95.0, 1.4)
RIB = Material(180.0, 4.4, 850.0, 1.4, 40.0)
SHOULDER = Material(230.0, 4.2, 1000.0, 2.0, 30.0)
MUCOSA = Material(40.0, 2.6)

#: Outline of neck and trunk: height above T1, half width, half depth, y of the middle.
_OUTLINE = np.array(
    [
        (-220, 172, 102, -22, 3.0),
        (-120, 176, 98, -19, 3.0),
        (-75, 180, 93, -14, 2.9),
        (-45, 180, 85, -9, 2.8),
        (-22, 165, 76, -2, 2.5),
        (-2, 130, 69, 3, 2.25),
        (14, 88, 63.5, 3, 2.1),
        (30, 65, 60, 3, 2.1),
        (55, 57, 56.5, 3, 2.1),
        (85, 57, 55, 4, 2.1),
        (110, 60, 54, 6, 2.1),
        (126, 56, 50, 8, 2.0),
        (152, 42, 42, 12, 2.0),
    ],
    dtype=np.float64,
)
_HEIGHTS = np.arange(_OUTLINE[0, 0], _OUTLINE[-1, 0] + 1)
_WIDTH, _DEPTH, _MIDDLE, _POWER = PchipInterpolator(_OUTLINE[:, 0], _OUTLINE[:, 1:])(_HEIGHTS).T


class Course:
    """The centre line of the spine: carries neck coordinates along the bent neck."""

    def __init__(self, spine: Spine, *, above_t1: bool = False) -> None:
        heights, offsets = spine.centre_line()
        # The trunk lies flat on the couch whatever the spine inside it does.
        kept = heights >= 0 if above_t1 else np.ones(len(heights), bool)
        self._heights, self._offsets = heights[kept], offsets[kept]

    def straighten(self, x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
        """Return neck coordinates of anatomy coordinates."""
        ox, oy, turn = (np.interp(z, self._heights, c).astype(np.float32) for c in self._offsets.T)
        dx, dy = x - ox, y - oy
        if not np.any(self._offsets[:, 2]):
            return dx, dy, z
        c, s = np.cos(turn), np.sin(turn)
        return c * dx + s * dy, c * dy - s * dx, z

    def bend(self, point: Point) -> npt.NDArray[np.float64]:
        """Return anatomy coordinates of one point in neck coordinates."""
        ox, oy, turn = (np.interp(point[2], self._heights, c) for c in self._offsets.T)
        c, s = np.cos(turn), np.sin(turn)
        return np.array(
            [ox + c * point[0] - s * point[1], oy + s * point[0] + c * point[1], point[2]]
        )


def trunk(x: Array, y: Array, z: Array) -> Array:
    """Return the distance to the skin of neck and trunk, neck coordinates."""
    a, b, middle, power = (
        np.interp(z, _HEIGHTS, c).astype(np.float32) for c in (_WIDTH, _DEPTH, _MIDDLE, _POWER)
    )
    u, v = np.abs(x) / a, np.abs(y - middle) / b
    around: Array = ((u**power + v**power) ** (1 / power) - 1) * np.minimum(a, b)
    return np.maximum(around, z - np.float32(152))


def head_skin(x: Array, y: Array, z: Array) -> Array:
    """Return the distance to the skin of the head, head coordinates."""
    ax = np.abs(x)
    scalp = vault(x, y, z) - np.float32(6.5)
    face = ellipsoid(x, y, z, center=(0, -44, -8), radii=(61, 52, 68))
    cheeks = ellipsoid(ax, y, z, center=(36, -32, -16), radii=(28, 44, 52))
    chin = ellipsoid(x, y, z, center=(0, -74, -52), radii=(26, 24, 26))
    floor = ellipsoid(x, y, z, center=(0, -44, -42), radii=(44, 44, 28))
    nose = capsule(x, y, z, start=(0, -92, 26), end=(0, -108, -1), radius=(6, 12))
    d = smooth_union(scalp, face, 18.0)
    d = smooth_union(d, smooth_union(chin, floor, 12.0), 14.0)
    return smooth_union(smooth_union(d, cheeks, 12.0), nose, 8.0)


def soft_solids(spine: Spine) -> list[Solid]:
    """Return skin, fat, muscles and spaces in painting order (before any bone)."""
    course, outline = Course(spine), Course(spine, above_t1=True)
    to_head = np.linalg.inv(spine.head_pose).astype(np.float32)

    def skin(x: Array, y: Array, z: Array) -> Array:
        h = [
            to_head[r, 0] * x + to_head[r, 1] * y + to_head[r, 2] * z + to_head[r, 3]
            for r in range(3)
        ]
        return smooth_union(trunk(*outline.straighten(x, y, z)), head_skin(*h), 16.0)

    def along(shape: Distance, inset: float) -> Distance:
        def inside(x: Array, y: Array, z: Array) -> Array:
            d = shape(*course.straighten(x, y, z))
            return np.maximum(d, skin(x, y, z) + np.float32(inset)) if inset else d

        return inside

    def sheets(x: Array, y: Array, z: Array) -> Array:
        # Fat between the layers of the back of the neck: thin shells under the skin.
        depth = skin(x, y, z)
        _, y_neck, z_neck = course.straighten(x, y, z)
        back = np.float32(8) - y_neck
        thin = np.minimum(np.abs(depth + 12.5) - 0.55, np.abs(depth + 21.5) - 0.75)
        return np.maximum(thin, np.maximum(back, z_neck - np.float32(100) + 0.6 * back))

    box_of = _Boxes(course)
    everything = ((-200.0, -190.0, -170.0), (200.0, 130.0, 290.0))
    solids = [Solid("body", BODY, *everything, skin)]
    back_low, back_high = box_of((-62, 5, -25), (62, 80, 112))
    solids.append(Solid("fat between layers", FAT, back_low, back_high, sheets))
    for name, material, low, high, shape in _neck_parts():
        inset = 6.5 if name in _UNDER_THE_SKIN else 0.0
        solids.append(Solid(name, material, *box_of(low, high), along(shape, inset)))
    return solids


class _Boxes:
    """Boxes in anatomy coordinates around boxes in neck coordinates."""

    def __init__(self, course: Course) -> None:
        self._course = course

    def __call__(self, low: Point, high: Point) -> tuple[Point, Point]:
        heights = np.linspace(low[2], high[2], 9)
        corners = np.array(
            [
                self._course.bend((x, y, z))
                for x in (low[0], high[0])
                for y in (low[1], high[1])
                for z in heights
            ]
        )
        return corners.min(axis=0) - 3, corners.max(axis=0) + 3


#: Parts that reach the skin and must stop short of it.
_UNDER_THE_SKIN = frozenset(
    {"sternomastoid", "posterior triangle", "levator scapulae", "nuchal fat", "parotid"}
)
_Part = tuple[str, Material, Point, Point, Distance]


def _neck_parts() -> list[_Part]:
    parts: list[_Part] = []

    def add(name: str, material: Material, low: Point, high: Point, shape: Distance) -> None:
        parts.append((name, material, low, high, shape))

    def rods(
        name: str, material: Material, points: list[Point], radius: float, stretch: float = 1.0
    ) -> None:
        array = np.array(points)
        reach = radius * max(stretch, 1.0) + 1
        low, high = array.min(axis=0) - reach, array.max(axis=0) + reach
        low[0] = -high[0]
        add(
            name,
            material,
            low,
            high,
            lambda x, y, z: chain(np.abs(x), y, z, points=points, radius=radius, stretch=stretch),
        )

    # Fat between the muscles, then the muscles inside it: what makes an axial slice of a neck.
    rods("fat about the carotid sheath", FAT, [(33, -15, -10), (31, -11, 50), (36, -1, 100)], 9.5)
    rods("posterior triangle", FAT, [(52, 18, -5), (44, 20, 30), (46, 26, 70)], 9.0)
    rods("sternomastoid", MUSCLE, [(16, -44, -12), (40, -24, 45), (50, 4, 105)], 8.5)
    rods("longus colli", MUSCLE, [(8, -13, -40), (7, -12, 20), (9, -12, 88)], 4.2)
    rods("scalenes", MUSCLE, [(42, 2, -25), (30, -2, 20), (26, 2, 60)], 6.5)
    rods("levator scapulae", MUSCLE, [(56, 44, -20), (38, 24, 40), (34, 12, 95)], 6.5)
    rods("fat about multifidus", FAT, [(12, 26, -60), (12, 25, 30), (12, 25, 96)], 7.4, 1.0)
    rods("multifidus", MUSCLE, [(11.5, 25.5, -60), (11.5, 24.5, 30), (11.5, 24.5, 96)], 6.9)
    add(
        "nuchal fat",
        FAT,
        (-3, 20, -30),
        (3, 78, 105),
        lambda x, y, z: np.maximum(
            np.maximum(np.abs(x) - np.float32(0.5), np.float32(24) - y),
            z - np.float32(112) + 0.9 * (y - np.float32(24)),
        ),
    )
    rods("common carotid", VESSEL, [(19, -21, -25), (22, -19, 30), (25, -14, 70)], 3.4)
    rods("internal jugular", VESSEL, [(26, -19, -25), (29, -15, 30), (31, -8, 80)], 5.2)
    rods("submandibular gland", GLAND, [(30, -36, 58), (29, -45, 56)], 9.0)
    rods("parotid", GLAND, [(46, -16, 92), (48, -14, 74)], 10.0)
    rods("oesophagus", MUSCLE, [(0, -17, -60), (0, -15, 30)], 5.0)
    rods("oesophageal air", AIR, [(0, -17, -60), (0, -17, -12)], 1.4)
    rods("cord sheath", Material(8.0, 0.6), [(0, 16.5, -70), (0, 16, 30), (0, 16.5, 112)], 6.0)
    rods("cord", CORD, [(0, 16.5, -70), (0, 16, 30), (0, 16.5, 112)], 4.6)
    rods("trachea wall", TRACHEA, [(0, -33, -70), (0, -31, 20)], 10.5)
    rods("thyroid lobe", THYROID, [(16, -30, -2), (17, -28, 26)], 7.4)
    rods("thyroid isthmus", THYROID, [(0, -45, 6), (10, -38, 6)], 3.0)

    def airway(x: Array, y: Array, z: Array) -> Array:
        heights = [-80, 22, 30, 40, 50, 62, 90, 104, 112]
        half_width = np.interp(z, heights, [8.5, 8, 5.0, 7.5, 9.5, 13, 11, 15, 13])
        half_depth = np.interp(z, heights, [8.5, 8.5, 9.5, 8, 6, 5.5, 6.0, 7.5, 4])
        middle = np.interp(z, heights, [-34, -31, -32, -30, -24, -20, -18.5, -22, -24])
        d = elliptic(
            x,
            y - middle.astype(np.float32),
            half_width.astype(np.float32),
            half_depth.astype(np.float32),
        )
        return np.maximum(d, np.maximum(z - np.float32(114), np.float32(-85) - z))

    def mucosa(x: Array, y: Array, z: Array) -> Array:
        return np.maximum(airway(x, y, z) - np.float32(3.0), np.float32(84) - z)

    add("nasopharyngeal mucosa", MUCOSA, (-20, -40, 82), (20, -8, 120), mucosa)
    add("airway", AIR, (-18, -48, -88), (18, -8, 118), airway)
    rods("epiglottis", MUSCLE, [(0, -31, 52), (0, -25, 64)], 2.0)

    def larynx(x: Array, y: Array, z: Array) -> Array:
        ax = np.abs(x)
        plate = box(
            ax,
            y,
            z,
            center=(10.5, -37, 37),
            half=(15, 1.6, 10),
            rounding=1.2,
            axes=frame_axes((0.56, 0.83, 0)),
        )
        ring = np.maximum(
            np.abs(elliptic(x, y + np.float32(32), 12.0, 11.5)) - np.float32(1.8),
            np.abs(z - 24 - 0.25 * (y + np.float32(32))) - np.float32(4.5),
        )
        return np.minimum(plate, ring)

    add("larynx", CARTILAGE, (-22, -54, 15), (22, -18, 50), larynx)

    def hyoid(x: Array, y: Array, z: Array) -> Array:
        ax = np.abs(x)
        return chain(
            ax,
            y,
            z,
            points=[(20, -22, 58), (17, -34, 56), (9, -44, 54), (0, -47, 54)],
            radius=[1.6, 2.0, 2.8, 3.4],
            stretch=1.4,
        )

    add("hyoid", Material(250, 3.0, 700, 1.1), (-24, -53, 47), (24, -18, 63), hyoid)
    add(
        "lung apex",
        LUNG,
        (-110, -95, -175),
        (110, 60, -3),
        lambda x, y, z: ellipsoid(np.abs(x), y, z, center=(48, -16, -100), radii=(37, 58, 92)),
    )
    return parts


def disc_solids(spine: Spine) -> list[Solid]:
    """Return the discs, painted before bone."""
    result = []
    for upper, lower in zip(spine.vertebrae[1:], spine.vertebrae[2:], strict=False):
        form = lower.form
        top = form.height / 2 + upper.form.disc_below / 2
        a, b, h = form.width / 2 - 1.0, form.depth / 2, upper.form.disc_below / 2 + 2.5

        def distance(
            x: Array, y: Array, z: Array, a: float = a, b: float = b, h: float = h, top: float = top
        ) -> Array:
            level = z - np.float32(ENDPLATE_SLOPE) * y - np.float32(top)
            return np.maximum(elliptic(x, y, a, b), np.abs(level) - np.float32(h))

        name = f"disc {upper.name}-{lower.name}"
        box_low, box_high = (-a, -b, top - h - 1.5), (a, b, top + h + 1.5)
        result.append(Solid(name, DISC, box_low, box_high, distance, lower.pose))
    return result


def girdle_solids(spine: Spine, neck: NeckParameters) -> list[Solid]:
    """Return ribs, clavicles, shoulder blades, humeral heads and breastbone."""
    result = []
    courses: dict[str, list[Point]] = {
        "T1": [(15, 6, 3), (28, 15, 1), (42, 19, -1), (51, 6, -8), (45, -18, -20), (24, -44, -36)],
        "T2": [
            (15, 7, 4),
            (30, 18, 2),
            (54, 28, -4),
            (71, 11, -16),
            (69, -24, -34),
            (30, -60, -54),
        ],
        "T3": [
            (15, 7, 4),
            (32, 20, 1),
            (60, 31, -8),
            (84, 12, -24),
            (84, -30, -46),
            (34, -72, -70),
        ],
    }
    for name, points in courses.items():
        result += _rib_pair(spine, name, points, radius=3.4 if name == "T1" else 3.7)
    if neck.cervical_ribs:
        lowest = [v.name for v in spine.vertebrae if v.name.startswith("C")][-1]
        points = [(13, 6, 5), (26, 15, 2), (35, 14, -3), (41, 4, -10), (42, -8, -18)]
        result += [
            rib
            for rib in _rib_pair(spine, lowest, points, radius=2.9)
            if rib.name.rsplit(" ", 1)[1] in neck.cervical_ribs
        ]
    course = Course(spine)
    pieces: list[tuple[str, list[Point], list[float], float]] = [
        (
            "clavicle",
            [(16, -62, -46), (50, -72, -36), (95, -46, -22), (140, -22, -16)],
            [8.5, 5.5, 5, 6.5],
            1.0,
        ),
        ("humerus", [(163, -6, -42), (170, -4, -60)], [22, 19], 1.0),
        ("scapular spine", [(70, 62, -46), (110, 52, -28), (150, 18, -14)], [4, 4.5, 6], 1.5),
        ("coracoid", [(132, -4, -36), (126, -26, -38)], [6, 5], 1.0),
        ("glenoid", [(136, 8, -52), (128, 20, -62)], [11, 8], 1.3),
    ]
    for name, points, radii, stretch in pieces:
        for side in SIDES:
            sign = SIGN[side]
            placed: list[Point] = [course.bend((sign * p[0], p[1], p[2])) for p in points]
            result.append(_rods(f"{name} {side}", SHOULDER, placed, radii, stretch))
    for side in SIDES:
        sign = SIGN[side]
        blade = _blade(
            f"scapula {side}",
            center=(sign * 102, 48, -82),
            half=(38, 2.2, 52),
            axes=frame_axes((sign * 0.86, -0.5, 0)),
        )
        result.append(blade)
    result.append(_rods("manubrium", THORACIC, [(0, -74, -58), (0, -86, -98)], [16, 13], 0.7))
    return result


def _blade(name: str, *, center: Point, half: Point, axes: npt.ArrayLike) -> Solid:
    """Return a shoulder blade in anatomy coordinates."""
    reach = float(np.linalg.norm(half))

    def distance(x: Array, y: Array, z: Array) -> Array:
        plate = box(x, y, z, center=center, half=half, rounding=2.0, axes=axes)
        # A shoulder blade narrows downwards, towards its medial border.
        lateral = (np.abs(x) - np.float32(abs(center[0]))) * 0.8
        return np.maximum(plate, lateral - 0.6 * (z - np.float32(center[2])) - np.float32(14))

    low = tuple(c - reach for c in center)
    high = tuple(c + reach for c in center)
    return Solid(name, SHOULDER, low, high, distance)


def _rods(
    name: str, material: Material, points: list[Point], radii: list[float], stretch: float
) -> Solid:
    array = np.array(points)
    reach = max(radii) * max(stretch, 1.0) + 1

    def distance(x: Array, y: Array, z: Array) -> Array:
        return chain(x, y, z, points=points, radius=radii, stretch=stretch)

    return Solid(name, material, array.min(axis=0) - reach, array.max(axis=0) + reach, distance)


def _rib_pair(spine: Spine, name: str, points: list[Point], *, radius: float) -> list[Solid]:
    pose = spine.vertebra(name).pose
    result = []
    for side in SIDES:
        # Only the head of a rib follows its vertebra; the rest hangs upright in the trunk.
        placed = [
            tuple(pose[:3, :3] @ np.array([SIGN[side] * p[0], p[1], p[2]]) + pose[:3, 3])
            if n < 2
            else tuple(np.array([SIGN[side] * p[0], p[1], p[2]]) + pose[:3, 3])
            for n, p in enumerate(points)
        ]
        smooth = _spline(np.array(placed), 3)
        radii = list(np.linspace(radius * 1.05, radius * 1.25, len(smooth)))
        result.append(_rods(f"rib {name} {side}", RIB, smooth, radii, 1.35))
    return result


def _spline(points: npt.NDArray[np.float64], pieces: int) -> list[Point]:
    # Catmull-Rom through the points, end points repeated.
    padded = np.vstack([points[0], points, points[-1]])
    result = []
    for n in range(len(points) - 1):
        p0, p1, p2, p3 = padded[n : n + 4]
        for t in np.arange(pieces) / pieces:
            result.append(
                tuple(
                    0.5
                    * (
                        2 * p1
                        + (p2 - p0) * t
                        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
                        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
                    )
                )
            )
    return [*result, tuple(points[-1])]
