"""An independent second opinion of a registration: another measure, another optimiser, other code.

Mattes mutual information of the CT numbers and the uptake, by regular-step gradient descent on two
resolutions (SimpleITK). Nothing of it is shared with :mod:`fusion.registration.search` but the CT
on about 4 mm and where the patient is: no idea of what bone takes up, no Gauss-Newton steps, no
robust weights. It begins once where the search began and once some mm beside what the search
proposes, and the end with more mutual information counts. One thread and a fixed sample: the same
input gives the same end on the same machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from fusion.errors import FusionError
from fusion.geometry import FloatArray, RigidTransform, Volume, seen_mask
from fusion.progress import Progress
from fusion.registration.evidence import Opinion
from fusion.registration.expectation import CtModel, blurred, blurred_within, counted
from fusion.sitk import image_on, transform_from_sitk, transform_to_sitk

#: Bins of the joint histogram, along each axis.
_BINS = 24
#: Voxels of the CT on about 4 mm that are compared; those outside the patient are left out of them.
_POINTS = 8_000
_SAMPLING_SEED = 12345
#: First every other voxel, then all, and by how much both pictures are blurred (standard deviation,
#: mm). The last blur is of the functional picture alone: its slopes are differences of neighbours.
_SHRINK, _SMOOTHING_MM = (2, 1), (6.0, 1.7)
#: First and last step, mm, and steps at each resolution at most.
_FIRST_STEP_MM, _LAST_STEP_MM, _STEPS = 2.0, 0.02, 60
#: How far beside the proposal the second run begins: shift, mm, and turn about x, y and z, degrees.
_BESIDE_MM, _BESIDE_DEG = (3.0, -3.0, 3.0), (2.0, -2.0, 2.0)


def independent_opinion(
    source: CtModel,
    spect: Volume,
    *,
    proposal: RigidTransform,
    start: RigidTransform | None,
    center_lps: FloatArray,
    report: Progress,
) -> Opinion:
    """Register once more by the independent method.

    Parameters
    ----------
    source : CtModel
        The CT.
    spect : Volume
        The functional volume.
    proposal : RigidTransform
        SPECT to CT, found by the search over the whole patient.
    start : RigidTransform or None
        Where that search began; None when it began in many places.
    center_lps : (3,) ndarray of float64, mm
        Point of the CT about which turns are counted.
    report : Progress
        Told the fraction done; what it raises stops the search.
    """
    away = RigidTransform.from_euler(
        rotation_deg=_BESIDE_DEG, translation_mm=_BESIDE_MM, center_lps=center_lps
    )
    begins = [away @ proposal] if start is None else [start, away @ proposal]
    runs = [_Run(begin, center_lps) for begin in begins]
    done, whole = 0, len(runs) * len(_SHRINK)
    for stage in _stages(source, spect):  # one at a time: each holds the whole functional picture
        for run in runs:
            run.descend(stage, report.part(done / whole, (done + 1) / whole))
            done += 1
    ends = [(run.value, run.end) for run in runs if not run.problem]
    if not ends:
        return Opinion(None, runs[-1].problem)
    return Opinion(min(ends, key=lambda end: end[0])[1])


@dataclass(frozen=True, slots=True)
class _Stage:
    """What is compared at one resolution: blurred once, for every run."""

    shrink: int
    fixed: sitk.Image
    usable: sitk.Image
    moving: sitk.Image
    seen: sitk.Image | None


def _stages(source: CtModel, spect: Volume) -> Iterator[_Stage]:
    usable = image_on(source.usable.astype(np.uint8), source.grid)
    seen = seen_mask(spect)
    field = None if seen is None else image_on(seen.astype(np.uint8), spect.grid)
    coarse = _SMOOTHING_MM[0]
    for shrink, blur in zip(_SHRINK, _SMOOTHING_MM, strict=True):
        uptake = counted(spect)
        np.sqrt(uptake, out=uptake)
        moving = blurred_within(uptake, blur / spect.grid.spacing_mm, seen, into=uptake)
        image = image_on(moving, spect.grid)
        del uptake, moving
        density = source.density
        if blur == coarse:
            density = blurred(density, blur / source.grid.spacing_mm)
        fixed = image_on(density, source.grid)
        del density
        yield _Stage(shrink, fixed, usable, image, field)
        del fixed, image


class _Run:
    """One descent from one place."""

    def __init__(self, begin: RigidTransform, center_lps: FloatArray) -> None:
        self._transform = transform_to_sitk(begin, center_lps=center_lps)
        self._stopped: BaseException | None = None
        #: Negative mutual information where it is now.
        self.value = 0.0
        #: Why it came to no end, where that is so.
        self.problem = ""

    @property
    def end(self) -> RigidTransform:
        """Where it is now, SPECT to CT."""
        return transform_from_sitk(self._transform)

    def descend(self, stage: _Stage, report: Progress) -> None:
        """Move the transform to the end of one resolution, unless it was stuck at one before."""
        if self.problem:
            return
        method = self._method(stage)
        method.AddCommand(sitk.sitkIterationEvent, lambda: self._step(method, report))
        try:
            method.Execute(stage.fixed, stage.moving)
        except RuntimeError:
            if self._stopped is None:
                self.problem = "the two volumes overlap too little for it"
                return
        finally:
            # The library holds the call, which holds the method: neither would ever be let go.
            method.RemoveAllCommands()
        if self._stopped is not None:
            raise self._stopped
        self.value = method.GetMetricValue()
        if stage.shrink == _SHRINK[-1] and method.GetOptimizerIteration() >= _STEPS:
            self.problem = f"it was still moving after {_STEPS} steps"

    def _method(self, stage: _Stage) -> sitk.ImageRegistrationMethod:
        method = sitk.ImageRegistrationMethod()
        # One work unit, or sums run in the order in which threads happen to end.
        method.SetNumberOfThreads(1)
        method.SetNumberOfWorkUnits(1)
        method.SetMetricAsMattesMutualInformation(_BINS)
        method.SetMetricFixedMask(stage.usable)
        if stage.seen is not None:
            method.SetMetricMovingMask(stage.seen)
        method.SetMetricSamplingStrategy(method.RANDOM)
        share = min(1.0, _POINTS / stage.fixed.GetNumberOfPixels())
        method.SetMetricSamplingPercentage(share, _SAMPLING_SEED)
        # Slopes are looked up at the sampled points only, not made everywhere beforehand.
        method.MetricUseFixedImageGradientFilterOff()
        method.MetricUseMovingImageGradientFilterOff()
        method.SetInterpolator(sitk.sitkLinear)
        method.SetOptimizerAsRegularStepGradientDescent(
            _FIRST_STEP_MM, _LAST_STEP_MM, _STEPS, relaxationFactor=0.6
        )
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetShrinkFactorsPerLevel([stage.shrink])
        method.SetSmoothingSigmasPerLevel([0.0])
        method.SetInitialTransform(self._transform, inPlace=True)
        return method

    def _step(self, method: sitk.ImageRegistrationMethod, report: Progress) -> None:
        try:
            done = (method.GetOptimizerIteration() + 1) / _STEPS
            report(min(1.0, done), "Asking an independent method")
        except FusionError as exc:  # Cancelled: must not cross the library's own frames
            self._stopped = exc
            method.StopRegistration()
