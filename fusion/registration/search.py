"""The searches: coarse to fine, and the other searches that the first one is held against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from fusion.errors import RegistrationFailed
from fusion.geometry import (
    FloatArray,
    RigidTransform,
    Volume,
    averaged,
    seen_mask,
    seen_part,
    with_field_of_view,
)
from fusion.memory import give_back
from fusion.progress import Progress, ProgressCallback
from fusion.registration.evidence import LevelMisfit, RegistrationEvidence
from fusion.registration.expectation import (
    CtModel,
    Level,
    counted,
    functional,
    inverse,
    lattice,
    slopes_at,
)
from fusion.registration.fitting import (
    CONVERGED_MM,
    Expectation,
    Moving,
    SearchFit,
    correlation,
    displacement_jacobian,
    fit,
    sample,
)
from fusion.registration.neck_field import HALF_WIDTH_MM, NeckField
from fusion.registration.pieces import NeckCorrection
from fusion.registration.rival import Rival, against
from fusion.registration.trust import MAX_RESCALED_GAIN, bent, is_better

#: Blur (standard deviation, mm) and points of the levels before the last.
_COARSE, _FAIR = (8.0, 8000), (4.0, 8000)
#: Points of the last level: three for every (10 mm)³ of a head and shoulders.
_FINE_POINTS = 24000
#: Steps from every start before the best are followed, and steps of each level at most.
_FIRST_STEPS, _STEPS = 5, 12
#: Steps smaller than this end the levels before the last, mm.
_NEAR_MM = 0.1
#: Soft edges of the neck box and of the slabs, mm (standard deviation).
_BOX_EDGE_MM = 8.0
_SLAB_SIGMA_MM = 11.0
_SLAB_STEP_MM = 15.0
#: Voxels of the functional volume that the reverse search looks at, and those inside the CT of
#: which it uses about so many.
_REVERSE_CANDIDATES, _REVERSE_POINTS = 60_000, 8000
#: How far a slab, or one piece of the neck from the other, is expected to move, mm.
_SLAB_PRIOR_MM = 4.0
_PIECES_PRIOR_MM = 8.0
#: Distance at which the drop of correlation is measured, mm (docs/sources.md#registration-trust).
_DROP_MM = 8.0
#: Starts when nothing is known but the centres of both fields: shifts along x, y and z, mm.
_START_SHIFTS_MM = ((-40, 0, 40), (-40, 0, 40), (-160, -120, -80, -40, 0, 40, 80, 120, 160))
#: So many of the best starts are followed a few steps, and so many to their end.
_FOLLOWED, _FINISHED = 4, 2
#: Two searches this close to each other, mm in the neck, end in the same place.
_SAME_MM = 8.0
#: Two searches overlap less than this share of the CT: not the same part of the body.
_LEAST_SHARE = 0.1
#: Voxels so many times larger or smaller are tried: in all directions, across, along the body.
_RESCALED = 1.08
_RESCALED_AXES = ([0, 1, 2], [0, 1], [2])
#: Functional pictures of more voxels than this, 32 MiB a copy, are compared in larger ones, no
#: larger than this, mm: what is finer than half the resolution of a camera tells nothing of place.
_LARGE, _LARGER_MM = 2**23, 5.0
#: Turns about x and z, degrees, that are tried beside the start.
_START_TURNS_DEG = ((0, 0), (14, 0), (-14, 0), (0, 14), (0, -14))


class Search:
    """All searches for one pair of volumes.

    Parameters
    ----------
    source : CtModel
        The CT.
    spect : Volume
        The functional volume; what its detector did not see takes no part.
    neck : NeckField
        Where accuracy matters.
    report : callable
        Told the fraction done, and of what.
    """

    def __init__(
        self,
        source: CtModel,
        spect: Volume,
        neck: NeckField,
        report: ProgressCallback | None = None,
    ) -> None:
        self._report = Progress(report)
        self.source = source
        self.spect = _handy(seen_part(with_field_of_view(spect)))
        self.neck = neck
        self._seen = seen_mask(self.spect)
        self._coarse: Level | None = None
        self._fair: Level | None = None
        self._fine: Level | None = None

    def _level(self, sigma: float, points: int, *, only_details: bool = False) -> Level:
        counts = counted(self.spect)
        plain = functional(counts, self.spect.grid, seen=self._seen, extra_sigma_mm=sigma)
        return Level(
            self.source,
            plain,
            self.spect,
            extra_sigma_mm=sigma,
            points=points,
            only_details=only_details,
            center_lps=self.neck.center_lps,
        )

    @property
    def modality(self) -> str:
        """Whose limits hold: those of PET only where the file names a positron emitter."""
        return "PT" if self.spect.source.positrons else "NM"

    @property
    def coarse(self) -> Level:
        """The first level."""
        if self._coarse is None:
            self._coarse = self._level(*_COARSE)
        return self._coarse

    @property
    def fair(self) -> Level:
        """The level between: that of every comparison of whole pictures."""
        if self._fair is None:
            self._fair = self._level(*_FAIR)
        return self._fair

    @property
    def fine(self) -> Level:
        """The last level: details only."""
        if self._fine is None:
            self._fine = self._level(0.0, _FINE_POINTS, only_details=True)
        return self._fine

    def starts(self, *, shared: bool) -> FloatArray:
        """Return where to start, best first: (n, 4, 4) SPECT to CT.

        In a shared frame, from the identity and a little turned; otherwise from the centres of
        both fields, shifted about.
        """
        if shared:
            base = RigidTransform.identity()
            shifts: list[tuple[float, ...]] = [(0.0, 0.0, 0.0)]
        else:
            body = self.source.body
            weight = float(body.sum(dtype=np.float64)) or 1.0
            middle = [
                float(
                    (np.arange(n) * body.sum(axis=tuple({0, 1, 2} - {a}), dtype=np.float64)).sum()
                )
                / weight
                for a, n in enumerate(body.shape)
            ]
            target = self.source.grid.to_lps(middle)
            base = RigidTransform.from_euler(translation_mm=target - self.spect.grid.center_lps)
            shifts = list(product(*_START_SHIFTS_MM))
        return np.array(
            [RigidTransform.from_euler(translation_mm=s).matrix @ base.matrix for s in shifts]
        )

    def run(self, starts: FloatArray) -> RegistrationEvidence:
        """Search from the starts, (n, 4, 4) SPECT to CT, and ask every other search about it.

        Raises
        ------
        RegistrationFailed
            The volumes hardly overlap, or nothing varies.
        """
        start = RigidTransform(starts[0]) if len(starts) == 1 else None
        return self._evidence(*self._global_fit(starts), start)

    def _global_fit(self, starts: FloatArray) -> tuple[RigidTransform, SearchFit]:
        """Search coarse to fine over the whole patient.

        Raises
        ------
        RegistrationFailed
            The volumes hardly overlap.
        """
        coarse = self.coarse
        self._report(0.05, "Registering")
        maps_of = [np.linalg.inv(matrix)[None] for matrix in starts]
        # How much soft tissue takes up is fitted under the first start, until one is found.
        template = coarse.template(maps_of[0])
        tries: list[tuple[float, FloatArray]] = []
        for maps in maps_of:
            values = sample(template, coarse.moving, maps)  # none at all beside nothing but metal
            share = np.isfinite(values).mean() if values.size else 0.0
            if share > _LEAST_SHARE:
                tries.append((correlation(template, coarse.moving, maps) * share**0.5, maps))
        tries.sort(key=lambda entry: -entry[0])
        self._report(0.11, "Registering")
        found: list[tuple[float, FloatArray]] = []
        for _, maps in tries[:_FOLLOWED]:
            template = coarse.template(maps)
            for x, z in _START_TURNS_DEG:
                turn = RigidTransform.from_euler(
                    rotation_deg=(x, 0, z), center_lps=self.neck.center_lps
                )
                first = fit(
                    template,
                    coarse.moving,
                    maps @ turn.matrix,
                    iterations=_FIRST_STEPS,
                    converged_mm=_NEAR_MM,
                )
                if first is not None:
                    found.append((_score(first), first.maps))
            self._report(0.18, "Registering")
        found.sort(key=lambda entry: -entry[0])
        best: tuple[float, FloatArray] | None = None
        for _, maps in _apart(found, self.neck)[:_FINISHED]:
            last = _repeat(coarse, maps, iterations=_STEPS, converged_mm=_NEAR_MM)
            if last is not None and (best is None or _score(last) > best[0] + 1e-4):
                best = _score(last), last.maps
        self._report(0.22, "Registering")
        if best is None:
            stored = self.spect.stored
            if stored.min() == stored.max():
                raise RegistrationFailed(
                    f"The registration found nothing to hold on to: every voxel of the "
                    f"{self.spect.source.label} holds the same value."
                )
            raise RegistrationFailed(
                "The registration could not run: the two volumes hardly overlap where it starts. "
                "Check that they show the same part of the body."
            )
        fair = _repeat(self.fair, best[1], iterations=_STEPS, converged_mm=_NEAR_MM)
        self._report(0.26, "Registering")
        fine = _repeat(self.fine, best[1] if fair is None else fair.maps, iterations=_STEPS)
        self._report(0.36, "Registering")
        if fine is None or fair is None:
            raise RegistrationFailed(
                f"The registration found nothing to hold on to: the {self.spect.source.label} does "
                "not vary where the CT shows the patient."
            )
        return _stored(fine.maps[0]), fine

    def _evidence(
        self, found: RigidTransform, fitted: SearchFit, start: RigidTransform | None
    ) -> RegistrationEvidence:
        """Ask every other search about what was found.

        Where the neck bent, no rigid transform fits head and trunk; the proposal is then the one
        that fits the neck best.
        """
        maps = found.inverse().matrix[None]
        template = self.fine.template(maps)
        second = self._second(maps)
        self._report(0.42, "Asking for other opinions")
        reverse = self._reverse(maps)
        mirrored = self._mirrored(template, maps)
        rescaled = self._rescaled(maps)
        self._report(0.50, "Asking for other opinions")
        pieces, pieces_covariance = self._pieces(template, maps)
        self._report(0.56, "Asking for other opinions")
        fair, drop = self.fair.template(maps), self._drop(template, maps)
        agreement = correlation(fair, self.fair.moving, maps)
        proposal = found
        if pieces is not None and pieces_covariance is not None and bent(pieces, pieces_covariance):
            proposal = pieces.nearest_rigid(self.neck.reference_points_lps)
            maps = proposal.inverse().matrix[None]
            template = self.fine.template(maps)
        box = fit(self._in_neck(template), self.fine.moving, maps, iterations=10)
        self._report(0.58, "Asking for other opinions")
        levels = tuple(self._levels(template, maps))
        self._coarse = self._fair = self._fine = None  # nobody asks for them any more
        give_back()
        # Here alone: it brings a library of 80 MiB, which nothing else needs.
        from fusion.registration.mutual_information import independent_opinion

        independent = independent_opinion(
            self.source,
            self.spect,
            proposal=found,
            start=start,
            center_lps=self.neck.center_lps,
            report=self._report.part(0.60, 0.99),
        )
        # Motions are measured in the CT's frame: the fit's own is the pull on the template.
        return RegistrationEvidence(
            proposal=proposal,
            found=found,
            second=second,
            reverse=reverse,
            box=_stored(box.maps[0]) if box else None,
            pieces=pieces,
            covariance=fitted.covariance,
            pieces_covariance=pieces_covariance,
            levels=levels,
            independent=independent,
            correlation=agreement,
            detail_correlation=fitted.correlation,
            mirrored=mirrored,
            rescaled=rescaled,
            drop=drop,
            overlap=self._overlap(proposal),
            neck=self.neck,
            modality=self.modality,
        )

    def _second(self, maps: FloatArray) -> RigidTransform | None:
        """From the fair start, by correlation ratio with the CT number: no idea of bone."""
        level = self.fair
        density = level.blurred(self.source.density)
        found = None
        for _ in range(3):
            found = fit(level.any_contrast(density, maps), level.plain, maps, iterations=5)
            if found is None:
                return None
            maps = found.maps
        return _stored(maps[0])

    def _mirrored(self, template: Expectation, maps: FloatArray) -> Rival | None:
        """From the coarse start, as if left and right were exchanged: how well the details agree.

        Nobody is alike on both sides: turned and bent a little, with other teeth and vessels, a
        patient agrees better with the picture of the right side out.
        """
        mirror = np.eye(4)
        mirror[0, 0], mirror[0, 3] = -1, 2 * self.neck.center_lps[0]
        there = maps @ mirror
        levels: tuple[tuple[Callable[[], Level], float], ...] = (
            (lambda: self.coarse, _NEAR_MM),
            (lambda: self.fair, _NEAR_MM),
            (lambda: self.fine, CONVERGED_MM),
        )
        for level, near_mm in levels:
            found = _repeat(level(), there, iterations=_STEPS, converged_mm=near_mm)
            if found is None:
                return None
            there = found.maps
        return against(template, maps, self.fine.template(there), there, self.fine.moving)

    def _rescaled(self, maps: FloatArray) -> Rival | None:
        """From what was found, as if the voxels had another size: how well the pictures agree."""
        rivals = []
        template, moving = self.fair.template(maps), self.fair.moving
        for axes, factor in product(_RESCALED_AXES, (_RESCALED, 1 / _RESCALED)):
            scale = np.eye(4)
            scale[axes, axes] = factor
            scale[:3, 3] = (np.eye(3) - scale[:3, :3]) @ self.neck.center_lps
            found = _repeat(self.fair, maps @ scale, iterations=_STEPS, converged_mm=_NEAR_MM)
            if found is None:
                continue
            there = self.fair.template(found.maps)
            rivals.append(against(template, maps, there, found.maps, moving))
        # One that is surely better is not hidden by one that may be better still by chance.
        return max(
            rivals, key=lambda one: (is_better(one, MAX_RESCALED_GAIN), one.gain), default=None
        )

    def _reverse(self, maps: FloatArray) -> RigidTransform | None:
        """With fixed and moving swapped: points and slopes of the functional picture."""
        grid = self.spect.grid
        moving = self.fine.moving
        picture = self.fine.picture(maps).astype(np.float32)
        picture = np.where(self.source.usable, picture, np.float32(np.nan))
        expected = Moving(picture, inverse(self.source.grid.affine))
        size = int(np.prod(grid.shape))
        chosen = lattice(grid.shape, 1 + size // _REVERSE_CANDIDATES)
        kji = np.argwhere(chosen if self._seen is None else chosen & self._seen)
        native = grid.to_lps(kji)
        back = np.linalg.inv(maps[0])
        inside = self.source.grid.contains(native @ back[:3, :3].T + back[:3, 3])
        every = 1 + int(inside.sum()) // _REVERSE_POINTS
        kji, native = kji[inside][::every], native[inside][::every]
        if len(kji) < 500:
            return None
        center = native.mean(axis=0)
        slopes = slopes_at(moving.values, kji) @ np.linalg.inv(grid.affine[:3, :3])
        slopes[~np.isfinite(slopes).all(axis=1)] = 0  # next to what was not seen
        template = Expectation(
            np.asfortranarray(native - center, dtype=np.float32),
            moving.values[tuple(kji.T)],
            np.asfortranarray(slopes, dtype=np.float32),
            np.ones(len(kji), np.float32),
            np.zeros(len(kji), np.float32),
            np.zeros(len(kji), np.int32),
            center,
        )
        found = fit(template, expected, back[None], iterations=10)
        return RigidTransform.nearest(found.maps[0]) if found else None

    def _pieces(
        self, template: Expectation, maps: FloatArray
    ) -> tuple[NeckCorrection | None, FloatArray | None]:
        """Both pieces together, each point taking its share by height."""
        neck = self.neck
        low, high = neck.low_z + 8, neck.high_z - 5
        if high - low < 30:
            return None, None
        z = template.points[:, 2] + template.center[2]
        height = np.clip((z - low) / (high - low), 0, 1).astype(np.float32)
        found = fit(
            replace(template, height=height),
            self.fine.moving,
            np.concatenate([maps, maps]),
            iterations=10,
            prior_mm=_PIECES_PRIOR_MM,
        )
        if found is None:
            return None, None
        lower, upper = (_stored(one) for one in found.maps)
        return NeckCorrection(lower, upper, low, high, neck.center_lps), found.covariance

    def _in_neck(self, template: Expectation) -> Expectation:
        neck = self.neck
        x, _, z = np.moveaxis(template.points + template.center, -1, 0)
        factor = np.exp(
            -(np.maximum(np.abs(x - neck.center_lps[0]) - HALF_WIDTH_MM, 0) ** 2)
            / (2 * _BOX_EDGE_MM**2)
        )
        outside = np.maximum(np.maximum(neck.low_z - z, z - neck.high_z), 0)
        return template.weighted(factor * np.exp(-(outside**2) / (2 * _BOX_EDGE_MM**2)))

    def _levels(self, template: Expectation, maps: FloatArray) -> Iterator[LevelMisfit]:
        neck = self.neck
        boxed = self._in_neck(template)
        z = boxed.points[:, 2] + boxed.center[2]
        count = max(2, int((neck.high_z - neck.low_z) / _SLAB_STEP_MM) + 1)
        for height in np.linspace(neck.low_z + 5, neck.high_z - 5, count):
            slab = boxed.weighted(np.exp(-((z - height) ** 2) / (2 * _SLAB_SIGMA_MM**2)))
            point = np.array([*neck.center_lps[:2], height])
            found = fit(slab, self.fine.moving, maps, iterations=6, prior_mm=_SLAB_PRIOR_MM)
            if found is None:
                continue
            native = maps[0] @ np.array([*point, 1.0])
            shift = point - (np.linalg.inv(found.maps[0]) @ native)[:3]
            lever = displacement_jacobian(point, template.center)
            sd = float(np.sqrt(np.trace(lever @ found.covariance @ lever.T)))
            yield LevelMisfit(float(height), -shift, sd, correlation(slab, self.fine.moving, maps))

    def _drop(self, template: Expectation, maps: FloatArray) -> float:
        own = correlation(template, self.fine.moving, maps)
        losses = []
        for axis, sign in product(range(3), (1, -1)):
            moved = maps.copy()
            moved[0, axis, 3] += sign * _DROP_MM
            losses.append(own - correlation(template, self.fine.moving, moved))
        return min(losses)

    def _overlap(self, proposal: RigidTransform) -> float:
        neck = self.neck
        heights = np.linspace(neck.low_z + 8, neck.high_z - 20, 12)
        points = np.array(
            [(neck.center_lps[0] + x, neck.center_lps[1], z) for z in heights for x in (-20, 20)]
        )
        native = proposal.inverse().apply(points)
        inside = self.spect.grid.contains(native)
        if self._seen is not None:
            kji = np.rint(self.spect.grid.to_kji(native[inside])).astype(np.intp)
            kji = kji.clip(0, np.array(self.spect.grid.shape) - 1)
            inside[inside] = self._seen[tuple(kji.T)]
        return float(inside.mean())


def _handy(spect: Volume) -> Volume:
    """Return a functional volume of no more voxels than a search has use for."""
    if spect.stored.size <= _LARGE:
        return spect
    k, j, i = (max(1, int(_LARGER_MM / spacing)) for spacing in spect.grid.spacing_mm)
    return spect if k == j == i == 1 else averaged(spect, (k, j, i))


def _repeat(
    level: Level, maps: FloatArray, *, iterations: int, converged_mm: float = CONVERGED_MM
) -> SearchFit | None:
    """Fit, then once more with the soft tissue fitted under what was found."""
    found: SearchFit | None = None
    for _ in range(2):
        template = level.template(maps)
        found = fit(template, level.moving, maps, iterations=iterations, converged_mm=converged_mm)
        if found is None:
            return None
        maps = found.maps
    return found


def _score(found: SearchFit) -> float:
    return float(found.correlation * min(found.share, 1.0) ** 0.25)


def _apart(
    found: list[tuple[float, FloatArray]], neck: NeckField
) -> list[tuple[float, FloatArray]]:
    """Keep of several that ended in the same place only the first."""
    points = np.concatenate([neck.reference_points_lps[[0, 1, -1]]])
    kept: list[tuple[float, FloatArray, FloatArray]] = []
    for score, maps in found:
        there = points @ maps[0][:3, :3].T + maps[0][:3, 3]
        if all(np.linalg.norm(there - other, axis=1).max() > _SAME_MM for *_, other in kept):
            kept.append((score, maps, there))
    return [(score, maps) for score, maps, _ in kept]


def _stored(fixed_to_moving: FloatArray) -> RigidTransform:
    return RigidTransform.nearest(fixed_to_moving).inverse()
