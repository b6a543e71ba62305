"""Rigid registration of the functional volume to the CT, and how far to trust it.

The CT is turned into what a bone SPECT of it would look like (bone with a little soft tissue,
blurred to the resolution of the scanner, on a 4 mm grid), which makes the two pictures comparable
(../shared/spec/localisation_registration.md, part B). The search maximises Mattes mutual
information; correlation of the square-rooted pictures is reported beside it.

A similarity measure cannot prove that a registration is right: a neck that moved and a
left-right flip can both look perfect. What is reported here is "no inconsistency found".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from fusion.errors import Cancelled, GeometryError, RegistrationFailed
from fusion.findings import Finding, Progress, info, warning
from fusion.geometry import FloatArray, Grid, RigidTransform, Volume, enclosing_grid
from fusion.resampling import Resampler

#: Spacing of the pictures that are compared, mm, and the blur that makes a CT look like a SPECT,
#: mm FWHM (spec part B4, steps 2 and 3).
WORKING_SPACING_MM = 4.0
SPECT_FWHM_MM = 10.0
#: HU at which bone begins to take up tracer in the simulated picture, and at which it is full.
BONE_RAMP_HU = (150.0, 650.0)
#: Uptake of soft tissue relative to dense bone in the simulated picture.
SOFT_TISSUE_UPTAKE = 0.15
#: Below this correlation of the square-rooted pictures after registration the result is refused
#: (0.93 separated valid from flipped pictures in 27 phantom cases, spec part B5).
MIN_CORRELATION = 0.93
#: Corrections beyond these are refused on a scanner that registers by construction (spec B5).
MAX_SHIFT_MM = 40.0
MAX_ROTATION_DEG = 20.0
#: Two searches with different measures that end further apart than this contradict each other, mm
#: (valid cases stayed below 0.6, flipped ones above 1.5; spec B5).
MAX_DISAGREEMENT_MM = 1.5
#: Where that distance is measured: the corners of a box of this half width about the CT's centre,
#: mm; about where the facet joints of a neck are.
_TARGET_BOX_MM = np.array([20.0, 20.0, 45.0])
#: Decimals of a result in degrees and mm: the last bits of parallel sums must not show.
_ANGLE_DECIMALS = 5
_SHIFT_DECIMALS = 4


class Method(StrEnum):
    """How a Registration was obtained."""

    SHARED_FRAME = "shared frame of reference"
    MUTUAL_INFORMATION = "rigid mutual information"
    STORED = "stored Spatial Registration"


@dataclass(frozen=True, slots=True)
class Quality:
    """How well two pictures agree; dimensionless.

    Parameters
    ----------
    correlation : float
        Pearson correlation of the square-rooted pictures.
    mutual_information : float
        Mutual information of the two pictures, nats, 50 × 50 bins.
    """

    correlation: float
    mutual_information: float

    def to_json(self) -> dict[str, float]:
        """Return the JSON form."""
        return {
            "correlation": round(self.correlation, 6),
            "mutual_information": round(self.mutual_information, 6),
        }


@dataclass(frozen=True, slots=True)
class Registration:
    """A rigid transform of the functional volume onto the CT, and where it came from.

    Parameters
    ----------
    transform : RigidTransform
        LPS points of the functional volume's frame to those of the CT's.
    method : Method
        How it was obtained.
    before, after : Quality or None
        Agreement with the starting transform and with this one; None where not measured.
    findings : tuple of Finding
        What a reader must know about it.
    """

    transform: RigidTransform
    method: Method
    before: Quality | None = None
    after: Quality | None = None
    findings: tuple[Finding, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; the matrix is row-major and acts on column vectors."""
        return {
            "matrix_spect_to_ct_lps": self.transform.matrix.tolist(),
            "method": self.method.value,
            "quality": {
                "before": self.before.to_json() if self.before else None,
                "after": self.after.to_json() if self.after else None,
            },
        }


def shared_frame(ct: Volume, spect: Volume) -> Registration:
    """Return the identity, which a shared Frame of Reference promises.

    Parameters
    ----------
    ct, spect : Volume
        Fixed and moving volume.

    Raises
    ------
    GeometryError
        The frames differ or are not stated.
    """
    frames = ct.grid.frame_of_reference_uid, spect.grid.frame_of_reference_uid
    if frames[0] is None or frames[0] != frames[1]:
        raise GeometryError(
            "The CT and the functional volume state different Frames of Reference (or none), so "
            "their positions are not comparable. Register them with --register."
        )
    return Registration(RigidTransform.identity(), Method.SHARED_FRAME)


def register(
    ct: Volume,
    spect: Volume,
    *,
    progress: Progress | None = None,
) -> Registration:
    """Search for the rigid transform that makes the two volumes agree.

    The search starts from the shared Frame of Reference, or from the centres of both fields when
    the frames differ. It uses every voxel of 4 mm pictures; the result is rounded to 1e-5° and
    1e-4 mm, so that it repeats.

    Parameters
    ----------
    ct, spect : Volume
        Fixed and moving volume.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Returns
    -------
    Registration
        The transform found, or, when the search found nothing better and the frames are shared,
        the identity with a Finding.

    Raises
    ------
    RegistrationFailed
        The result contradicts itself and there is no shared frame to fall back on.
    """
    report = progress or (lambda fraction, step: None)
    report(0.0, "Preparing the CT for registration")
    fixed = simulated_spect(ct)
    moving = _working_picture(spect)
    frame = ct.grid.frame_of_reference_uid
    shared = frame is not None and frame == spect.grid.frame_of_reference_uid
    start = _start(ct.grid, spect.grid, shared=shared)
    before = quality(fixed, moving, start)
    report(0.15, "Registering")
    found = _search(fixed, moving, start, lambda done: report(0.15 + 0.4 * done, "Registering"))
    second = _search(
        _rooted(fixed),
        _rooted(moving),
        start,
        lambda done: report(0.55 + 0.4 * done, "Asking for a second opinion"),
        by_correlation=True,
    )
    after = quality(fixed, moving, found)
    result = Registration(found, Method.MUTUAL_INFORMATION, before, after)
    correction = found @ start.inverse()
    center = ct.grid.center_lps
    objection = _objection(correction, before, after, center, _distance_mm(found, second, center))
    report(1.0, "Registering")
    if objection is None:
        note = info(
            "registered",
            "Rigid registration moved the functional volume by "
            f"{correction.shift_mm_at(ct.grid.center_lps):.1f} mm and {correction.angle_deg:.1f}° "
            "at the centre of the CT. No inconsistency found; check the alignment by eye.",
        )
        return replace(result, findings=(note,))
    if shared:
        note = warning(
            "registration-rejected",
            f"The registration was not applied: {objection} The shared Frame of Reference of the "
            "scanner is used instead.",
        )
        identity = shared_frame(ct, spect)
        return replace(identity, before=before, after=before, findings=(note,))
    raise RegistrationFailed(
        f"The functional volume could not be registered to the CT: {objection} They do not share "
        "a Frame of Reference, so they are not shown together."
    )


def simulated_spect(ct: Volume) -> sitk.Image:
    """Return what a bone SPECT of this CT would look like, on a 4 mm grid in the CT's frame.

    Parameters
    ----------
    ct : Volume
        In HU.

    Returns
    -------
    SimpleITK.Image
        float32, roughly 0 to 1.
    """
    image = _shrunk(ct)
    bone = sitk.IntensityWindowing(image, *BONE_RAMP_HU, 0.0, 1.0)
    # Body outline: everything denser than fat. The table stays in; it is thin and far away.
    body = sitk.Cast(image > -200.0, sitk.sitkFloat32) * SOFT_TISSUE_UPTAKE
    sigma = SPECT_FWHM_MM / np.sqrt(8 * np.log(2))
    blurred = sitk.SmoothingRecursiveGaussian(sitk.Maximum(bone, body), float(sigma))
    return _on_working_grid(blurred, ct.grid)


def quality(fixed: sitk.Image, moving: sitk.Image, transform: RigidTransform) -> Quality:
    """Measure the agreement of two pictures under a transform.

    Parameters
    ----------
    fixed, moving : SimpleITK.Image
        Pictures made by this module.
    transform : RigidTransform
        Moving frame to fixed frame.

    Returns
    -------
    Quality
        Zero when the two do not overlap.
    """
    moved = sitk.Resample(moving, fixed, _to_itk(transform), sitk.sitkLinear, float("nan"))
    a = sitk.GetArrayViewFromImage(fixed).ravel()
    b = sitk.GetArrayFromImage(moved).ravel()
    inside = np.isfinite(b)
    if inside.sum() < 100:
        return Quality(0.0, 0.0)
    a, b = np.asarray(a)[inside], b[inside]
    roots = np.sqrt(np.clip(a, 0, None)), np.sqrt(np.clip(b, 0, None))
    if min(roots[0].std(), roots[1].std()) == 0:
        return Quality(0.0, 0.0)
    correlation = float(np.corrcoef(*roots)[0, 1])
    return Quality(correlation, _mutual_information(a, b))


def _mutual_information(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    joint, _, _ = np.histogram2d(a, b, bins=50)
    p = joint / joint.sum()
    outer = p.sum(axis=1, keepdims=True) * p.sum(axis=0, keepdims=True)
    filled = p > 0
    return float((p[filled] * np.log(p[filled] / outer[filled])).sum())


def _objection(
    correction: RigidTransform,
    before: Quality,
    after: Quality,
    center_lps: FloatArray,
    disagreement_mm: float,
) -> str | None:
    """Return why a result must not be trusted, or None."""
    shift = correction.shift_mm_at(center_lps)
    if shift > MAX_SHIFT_MM or correction.angle_deg > MAX_ROTATION_DEG:
        return (
            f"it asks for a correction of {shift:.0f} mm and {correction.angle_deg:.0f}°, more "
            f"than the {MAX_SHIFT_MM:.0f} mm and {MAX_ROTATION_DEG:.0f}° that are plausible."
        )
    if after.mutual_information < before.mutual_information:
        return "the two pictures agree no better after it than before."
    if after.correlation < MIN_CORRELATION:
        return (
            f"the pictures agree too little afterwards (correlation {after.correlation:.2f}; "
            f"expected at least {MIN_CORRELATION:.2f})."
        )
    if disagreement_mm > MAX_DISAGREEMENT_MM:
        return (
            f"a second search with another measure ended {disagreement_mm:.1f} mm away (expected "
            f"at most {MAX_DISAGREEMENT_MM:.1f} mm)."
        )
    return None


def _distance_mm(one: RigidTransform, other: RigidTransform, center_lps: FloatArray) -> float:
    """Largest distance between two transforms near the centre of the CT."""
    signs = np.array(list(np.ndindex(2, 2, 2))) * 2.0 - 1.0
    corners = center_lps + signs * _TARGET_BOX_MM
    # Corners lie in the CT's frame: carried to the moving frame by one, back by the other.
    returned = other.apply(one.inverse().apply(corners))
    return float(np.linalg.norm(returned - corners, axis=1).max())


def _rooted(image: sitk.Image) -> sitk.Image:
    root: sitk.Image = sitk.Sqrt(sitk.Maximum(image, 0.0))
    return root


def _start(ct: Grid, spect: Grid, *, shared: bool) -> RigidTransform:
    if shared:
        return RigidTransform.identity()
    return RigidTransform.from_euler(translation_mm=ct.center_lps - spect.center_lps)


def _search(
    fixed: sitk.Image,
    moving: sitk.Image,
    start: RigidTransform,
    report: Callable[[float], None],
    *,
    by_correlation: bool = False,
) -> RigidTransform:
    size = np.array(fixed.GetSize(), dtype=float)
    center = fixed.TransformContinuousIndexToPhysicalPoint(((size - 1) / 2).tolist())
    # ITK maps fixed to moving points: the inverse of what this program stores.
    initial = sitk.Euler3DTransform()
    initial.SetCenter(center)
    inverse = start.inverse().matrix
    initial.SetMatrix(inverse[:3, :3].ravel().tolist())
    initial.SetTranslation((inverse @ [*center, 1.0])[:3] - np.array(center))
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    if by_correlation:
        method.SetMetricAsCorrelation()
    else:
        method.SetMetricAsMattesMutualInformation(50)
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=2.0, minStep=1e-3, numberOfIterations=150, relaxationFactor=0.6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([8.0, 4.0, 0.0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetInitialTransform(initial, inPlace=True)
    stopped: list[Cancelled] = []

    def each_iteration() -> None:
        level, iteration = method.GetCurrentLevel(), method.GetOptimizerIteration()
        try:
            report((level + min(iteration, 150) / 150) / 3)
        except Cancelled as exc:  # an exception must not travel through the C++ frames
            stopped.append(exc)
            method.StopRegistration()

    method.AddCommand(sitk.sitkIterationEvent, each_iteration)
    try:
        method.Execute(fixed, moving)
    except RuntimeError as exc:
        raise RegistrationFailed(
            "The registration could not run: the two volumes hardly overlap where it starts. "
            "Check that they show the same part of the body."
        ) from exc
    if stopped:
        raise stopped[0]
    itk_angles = np.array([initial.GetAngleX(), initial.GetAngleY(), initial.GetAngleZ()])
    rounded = sitk.Euler3DTransform(initial)
    rounded.SetRotation(*(np.radians(np.degrees(itk_angles).round(_ANGLE_DECIMALS))).tolist())
    rounded.SetTranslation(np.round(initial.GetTranslation(), _SHIFT_DECIMALS).tolist())
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(rounded.GetMatrix(), (3, 3))
    matrix[:3, 3] = np.array(rounded.GetTranslation()) + center - matrix[:3, :3] @ center
    return RigidTransform(matrix).inverse()


def _to_itk(transform: RigidTransform) -> sitk.Transform:
    inverse = transform.inverse().matrix
    result = sitk.AffineTransform(3)
    result.SetMatrix(inverse[:3, :3].ravel().tolist())
    result.SetTranslation(inverse[:3, 3].tolist())
    return result


def _shrunk(ct: Volume) -> sitk.Image:
    """CT averaged to about 2 mm, as an ITK image; a tilted grid is straightened first."""
    if ct.grid.is_orthogonal:
        values, grid = ct.values(), ct.grid
    else:
        grid = enclosing_grid(ct.grid)
        values = np.nan_to_num(Resampler(ct, grid).array(), nan=-1024.0)
    factors = np.maximum(1, np.rint(WORKING_SPACING_MM / 2 / grid.spacing_mm)).astype(int)
    shrunk: sitk.Image = sitk.BinShrink(_to_image(values, grid), factors[::-1].tolist())
    return shrunk


def _working_picture(spect: Volume) -> sitk.Image:
    values = np.clip(spect.values(), 0, None)
    # Hot spots (injection site, teeth) must not carry the whole metric (spec part B3).
    ceiling = float(np.percentile(values, 99.5))
    if ceiling > 0:
        values = np.minimum(values / ceiling, 1.0)
    return _to_image(values.astype(np.float32), spect.grid)


def _on_working_grid(image: sitk.Image, grid: Grid) -> sitk.Image:
    box = enclosing_grid(grid)
    extent = box.spacing_mm * (np.array(box.shape) - 1)
    counts = (np.floor(extent / WORKING_SPACING_MM).astype(int) + 1)[::-1]
    result: sitk.Image = sitk.Resample(
        image,
        counts.tolist(),
        sitk.Transform(),
        sitk.sitkLinear,
        box.affine[:3, 3].tolist(),
        [WORKING_SPACING_MM] * 3,
        np.eye(3).ravel().tolist(),
        0.0,
    )
    return result


def _to_image(values: npt.NDArray[np.float32], grid: Grid) -> sitk.Image:
    """Wrap an array that this program built as an ITK image, flips and all."""
    if not grid.is_orthogonal:
        raise GeometryError("A tilted grid cannot be handed to ITK.")
    directions: FloatArray = grid.directions[::-1].T
    origin = grid.affine[:3, 3]
    if np.linalg.det(directions) < 0:  # ITK accepts only right-handed directions reliably
        values = values[::-1]
        origin = grid.to_lps((grid.shape[0] - 1, 0, 0))
        directions = directions * np.array([1.0, 1.0, -1.0])
    image = sitk.GetImageFromArray(np.ascontiguousarray(values))
    image.SetSpacing(grid.spacing_mm[::-1].tolist())
    image.SetOrigin(origin.tolist())
    image.SetDirection(directions.ravel().tolist())
    return image
