"""Spatial Registration objects that a study comes with, and what they say about a pair of volumes.

An object registers frames and images to one *registered* frame of its own (PS3.3 C.20.2): each of
its items holds a matrix from the frame of that item to the registered one. Whatever the
arrangement (the registered frame is the CT's, the functional volume's, or a third one), the
functional volume goes to the CT by its own matrix and back by that of the CT.

Which item speaks for a volume is decided by the images that the item lists, and by the Frame of
Reference only where that is unambiguous. An object that contradicts itself or the images, scales,
shears or mirrors is refused in words and never applied.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import DeformableSpatialRegistrationStorage

from fusion.dicom.candidate import Candidate, Pair
from fusion.dicom.files.header import quiet_pydicom, sop_class_uid
from fusion.dicom.files.instance import PARSE_ERRORS, Instance, items, numbers, text, uid
from fusion.dicom.identity import identity_conflicts
from fusion.dicom.series import Catalog, Kind, Patient
from fusion.dicom.volumes.plausible import FURTHEST_MM
from fusion.errors import DicomError, FusionError, GeometryError
from fusion.findings import Finding
from fusion.findings.alignment import (
    STORED_REGISTRATION,
    STORED_REGISTRATION_BY_IMAGES,
    STORED_REGISTRATION_IGNORED,
    STORED_REGISTRATION_LARGE,
    STORED_REGISTRATION_OF_OTHERS,
    STORED_REGISTRATION_REFUSED,
    STORED_REGISTRATION_ROUNDED,
    STORED_REGISTRATIONS_DIFFER,
)
from fusion.geometry import FloatArray, RigidTransform
from fusion.plain_text import iso_date

logger = logging.getLogger(__name__)

#: A rotation whose columns are this near to unit length and right angles (entries of RᵀR − 1) was
#: rounded to four decimals or more and is made exact; further away it scales or shears. The same
#: as for direction cosines: 0.05 mm over 10 cm.
ORTHONORMAL_TOLERANCE = 1e-3
#: The last row of a matrix is 0, 0, 0, 1 to within this: what calculating with 32 bits leaves
#: behind. It is made exact.
LAST_ROW_TOLERANCE = 1e-6
_DEFORMABLE = "DeformableRegistrationSequence"
#: Matrices that are this alike say the same; also the difference from which a reader is told, mm.
SAME_MM = 0.01
#: A stored correction of a shared Frame of Reference is pointed out from here, mm
#: (docs/sources.md#level-error).
NOTABLE_SHIFT_MM = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class StoredRegistration:
    """The stored registration that is used, and what a reader must know about it.

    Parameters
    ----------
    transform : RigidTransform
        Functional frame to CT frame.
    label : str
        File that it came from.
    findings : tuple of Finding
        Which object, how old, how made, and what was not used.
    is_own : bool
        Whether this program wrote it, when it handed a study on.
    """

    transform: RigidTransform
    label: str
    findings: tuple[Finding, ...]
    is_own: bool = False

    @property
    def moves_nothing(self) -> bool:
        """Whether it leaves every point within a metre where it is, to :data:`SAME_MM`."""
        return bool(np.abs(self.transform.matrix - np.eye(4)).max() < SAME_MM / 1000)


@dataclass(frozen=True, slots=True, eq=False)
class _Item:
    """One registered set of images: matrix from its frame to that of the object."""

    frame: str | None
    images: frozenset[str]
    matrix: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Object:
    """One Spatial Registration."""

    label: str
    frame: str | None
    items: tuple[_Item, ...]
    moment: str
    how: str
    is_own: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    """What one object says about the pair."""

    source: _Object
    transform: RigidTransform
    findings: tuple[Finding, ...]


def find_stored_registration(
    catalog: Catalog, pair: Pair
) -> tuple[StoredRegistration | None, tuple[Finding, ...]]:
    """Find the stored registration of the functional volume to the CT.

    Parameters
    ----------
    catalog : Catalog
        What was found; only the studies of the two volumes are searched.
    pair : Pair
        The two volumes.

    Returns
    -------
    stored : StoredRegistration or None
        The latest that fits; None when there is none.
    findings : tuple of Finding
        About objects that are there and were not used.

    Raises
    ------
    GeometryError
        Several of the same date and time contradict each other.
    """
    findings: list[Finding] = []
    answers: list[_Answer] = []
    others = 0
    with quiet_pydicom():
        for instance in _instances(catalog, pair):
            try:
                answer = _read(instance, pair)
            except FusionError as exc:
                findings.append(_refused(instance, getattr(exc, "reason", str(exc))))
            except PARSE_ERRORS as exc:
                logger.info("parsing a Spatial Registration failed: %s", type(exc).__name__)
                findings.append(_refused(instance, "it is damaged."))
            else:
                answers += [answer] if answer else []
                others += answer is None
    if others:
        findings.append(STORED_REGISTRATION_OF_OTHERS(count=others))
    if not answers:
        return None, tuple(findings)
    chosen, about = _latest(answers, pair)
    stored = StoredRegistration(
        chosen.transform,
        chosen.source.label,
        (_used(chosen, pair), *about, *chosen.findings),
        is_own=chosen.source.is_own,
    )
    return stored, tuple(findings)


def stored_registration_ignored(catalog: Catalog, pair: Pair) -> tuple[Finding, ...]:
    """Return a Finding when there are registration objects that are not even looked at."""
    if next(_instances(catalog, pair), None) is None:
        return ()
    return (STORED_REGISTRATION_IGNORED(),)


def _instances(catalog: Catalog, pair: Pair) -> Iterator[Instance]:
    """Yield the registrations of the studies of the two, and others that name their images."""
    studies = {one.study.study_instance_uid for one in (pair.ct, pair.spect)}
    for study in catalog.studies:
        for series in study.series:
            if series.kind is Kind.REGISTRATION:
                is_own = study.study_instance_uid in studies
                yield from (i for i in series.instances if is_own or _names_images(i, pair))


def _names_images(instance: Instance, pair: Pair) -> bool:
    """Whether an object that was filed in a study of its own names images of the two volumes."""
    images = {
        frame.instance.sop_instance_uid
        for one in (pair.ct, pair.spect)
        for frame in one.plan.frames
    }
    try:
        listed = [
            uid(image, "ReferencedSOPInstanceUID")
            for keyword in ("RegistrationSequence", _DEFORMABLE)
            for item in items(instance.dataset, keyword)
            for image in _referenced(item)
        ]
    except DicomError:
        return False
    return not images.isdisjoint(listed)


def _refused(instance: Instance, reason: str) -> Finding:
    return STORED_REGISTRATION_REFUSED(label=instance.label, reason=reason)


def _read(instance: Instance, pair: Pair) -> _Answer | None:
    """Return what an object says about the pair, None when it is about others."""
    patient = Patient.of(instance.dataset)
    if all(identity_conflicts(patient, one.patient) for one in (pair.ct, pair.spect)):
        raise DicomError("it states another patient than the images do.")
    found = _object(instance)
    matrices = _matrices(found, pair)
    if matrices is None:
        return None
    ct_matrix, spect_matrix = matrices
    for matrix in matrices:
        _check_rigid(matrix)
    transform, moved_mm = _exactly_rigid(np.linalg.inv(ct_matrix) @ spect_matrix, pair.spect)
    findings = _about_rounding(moved_mm, pair)
    if _same_frame(pair):
        findings += _about_same_frame(transform, pair)
    return _Answer(found, transform, findings)


def _object(instance: Instance) -> _Object:
    dataset = instance.dataset
    is_deformable = sop_class_uid(dataset) == DeformableSpatialRegistrationStorage
    sets = items(dataset, _DEFORMABLE if is_deformable else "RegistrationSequence")
    if not sets:
        bends = "it bends the images (deformable); only rigid registrations are applied."
        raise DicomError(bends if is_deformable else "it holds no Registration Sequence.")
    moment = re.sub(r"[^0-9]", "", text(dataset, "ContentDate"))[:8].ljust(8, "0")
    time = re.sub(r"[^0-9.]", "", text(dataset, "ContentTime"))
    # A method is a word for the reader, not something to decide by.
    hows = {text(code, "CodeMeaning") for item in sets for code in _type_codes(item)}
    hows -= {"", "Frame of Reference Identity"}
    return _Object(
        label=instance.label,
        frame=uid(dataset, "FrameOfReferenceUID"),
        items=tuple((_undeformed if is_deformable else _item)(item) for item in sets),
        moment=f"{moment} {time}".strip(),
        how=", ".join(sorted(hows))[:64],
        is_own=text(dataset, "Manufacturer") == "facetfusion",
    )


def _type_codes(item: Dataset) -> Iterator[Dataset]:
    for step in items(item, "MatrixRegistrationSequence"):
        yield from items(step, "RegistrationTypeCodeSequence")


def _item(item: Dataset) -> _Item:
    steps = items(item, "MatrixRegistrationSequence")
    if len(steps) != 1:
        raise DicomError(f"an item holds {len(steps)} registrations; expected 1.")
    matrices = [_matrix(one) for one in items(steps[0], "MatrixSequence")]
    if not matrices:
        raise DicomError("an item holds no transform.")
    images = (uid(image, "ReferencedSOPInstanceUID") for image in _referenced(item))
    return _Item(
        frame=uid(item, "FrameOfReferenceUID"),
        images=frozenset(image for image in images if image),
        matrix=_product(matrices),
    )


def _undeformed(item: Dataset) -> _Item:
    """Read an item of a deformable registration that bends nothing: only its matrices."""
    if items(item, "DeformableRegistrationGridSequence"):
        raise DicomError("it bends the images (deformable); only rigid registrations are applied.")
    before, after = (
        [_matrix(step) for step in items(item, f"{when}DeformationMatrixRegistrationSequence")]
        for when in ("Pre", "Post")
    )
    images = (uid(image, "ReferencedSOPInstanceUID") for image in _referenced(item))
    return _Item(
        frame=uid(item, "SourceFrameOfReferenceUID"),
        images=frozenset(image for image in images if image),
        matrix=_product(after) @ _product(before),
    )


def _referenced(item: Dataset) -> tuple[Dataset, ...]:
    return items(item, "ReferencedImageSequence")


def _matrix(item: Dataset) -> FloatArray:
    values = numbers(item, "FrameOfReferenceTransformationMatrix", 16)
    if values is None:
        raise DicomError("an item holds no transform.")
    matrix: FloatArray = values.reshape(4, 4)
    if not np.allclose(matrix[3], (0.0, 0.0, 0.0, 1.0), rtol=0, atol=LAST_ROW_TOLERANCE):
        raise DicomError("an item holds no rigid transform (the last row is not 0, 0, 0, 1).")
    matrix[3] = 0.0, 0.0, 0.0, 1.0
    if np.abs(matrix).max() > FURTHEST_MM:
        raise DicomError(f"it moves the images by more than {FURTHEST_MM / 1000:g} m.")
    return matrix


def _product(matrices: Sequence[FloatArray]) -> FloatArray:
    """Multiply matrices whose order does not matter; refuse those where it does.

    Writers disagree on which of several matrices comes first.
    """
    forwards, backwards = np.eye(4), np.eye(4)
    for matrix in matrices:
        forwards, backwards = forwards @ matrix, matrix @ backwards
    if not np.allclose(forwards, backwards, rtol=0, atol=1e-6):
        raise DicomError(
            "an item holds several transforms, and in which order they apply is not certain. Ask "
            "for it as one transform."
        )
    return forwards


def _matrices(found: _Object, pair: Pair) -> tuple[FloatArray, FloatArray] | None:
    """Return the matrices of CT and functional volume to the registered frame, or None."""
    volumes = (pair.ct, pair.spect)
    listed = [_listing(found, one) for one in volumes]
    if _same_frame(pair):
        return _within_frame(found, listed, pair.ct.grid.frame_of_reference_uid)
    ct_matrix, spect_matrix = (
        item.matrix if item is not None else _by_frame(found, one)
        for item, one in zip(listed, volumes, strict=True)
    )
    if ct_matrix is None or spect_matrix is None:
        return None
    return ct_matrix, spect_matrix


def _within_frame(
    found: _Object, listed: Sequence[_Item | None], frame: str | None
) -> tuple[FloatArray, FloatArray] | None:
    """Return the matrices of two volumes of one frame: here only the images can decide."""
    ct, spect = listed
    if ct is not None and spect is not None:
        return ct.matrix, spect.matrix
    moving = [item for item in found.items if item.frame == frame]
    positions = [item.matrix for item in moving]
    if found.frame == frame:
        positions.append(np.eye(4))
    if all(_alike(position, positions[0]) for position in positions):
        return None  # it takes this frame somewhere, as a whole
    if len(moving) == 1 and found.frame == frame and (ct is not None or spect is not None):
        # The one item moves its images within the registered frame; all others stay.
        return (
            ct.matrix if ct is not None else np.eye(4),
            spect.matrix if spect is not None else np.eye(4),
        )
    raise DicomError(
        "the images share one coordinate system (DICOM Frame of Reference), and it moves other "
        "images in it than those chosen. Choose the images that it lists, with --ct and --spect."
    )


def _listing(found: _Object, one: Candidate) -> _Item | None:
    """Return the item that lists images of a volume."""
    images = {frame.instance.sop_instance_uid for frame in one.plan.frames}
    listing = [item for item in found.items if item.images & images]
    frame = one.grid.frame_of_reference_uid
    if any(item.frame is not None and item.frame != frame for item in listing):
        raise DicomError(
            "it lists images under another coordinate system (DICOM Frame of Reference) than these "
            "images state themselves."
        )
    return _only(listing)


def _by_frame(found: _Object, one: Candidate) -> FloatArray | None:
    frame = one.grid.frame_of_reference_uid
    if frame is None:
        return None
    item = _only([item for item in found.items if item.frame == frame])
    if frame != found.frame:
        return None if item is None else item.matrix
    if item is not None and not _alike(item.matrix, np.eye(4)):
        raise DicomError(
            "it moves images within their own coordinate system (DICOM Frame of Reference), and "
            "does not list those chosen. Choose the images that it lists, with --ct and --spect."
        )
    return np.eye(4)


def _only(found: Sequence[_Item]) -> _Item | None:
    """Return one of several items that say the same, None of none."""
    if any(not _alike(item.matrix, found[0].matrix) for item in found):
        raise DicomError(
            "it gives the same images, or the same coordinate system, more than one position."
        )
    return found[0] if found else None


def _alike(one: FloatArray, other: FloatArray) -> bool:
    return bool(np.allclose(one, other, rtol=0, atol=1e-6))


def _same_frame(pair: Pair) -> bool:
    frame = pair.ct.grid.frame_of_reference_uid
    return frame is not None and frame == pair.spect.grid.frame_of_reference_uid


def _check_rigid(matrix: FloatArray) -> None:
    rotation = matrix[:3, :3]
    if np.linalg.det(rotation) < 0:
        raise GeometryError("it mirrors left and right; that is never allowed.")
    error = float(np.abs(rotation.T @ rotation - np.eye(3)).max())
    if error > ORTHONORMAL_TOLERANCE:
        lengths = ", ".join(f"{v:.4f}" for v in np.linalg.norm(rotation, axis=0))
        raise GeometryError(
            f"it scales or shears (its columns have lengths {lengths}; expected 1, at right "
            "angles). Only rigid registrations are applied."
        )


def _exactly_rigid(matrix: FloatArray, spect: Candidate) -> tuple[RigidTransform, float]:
    """Return the nearest rigid transform, and how far it is from the matrix, mm.

    The nearest rotation is U Vᵀ of the singular value decomposition. The centre of the field stays
    where the matrix puts it, so that rounding is not multiplied by its distance from the origin.
    """
    u, _, vt = np.linalg.svd(matrix[:3, :3])
    center, corners = spect.grid.center_lps, spect.grid.corners_lps
    exact = np.eye(4)
    exact[:3, :3] = u @ vt
    exact[:3, 3] = matrix[:3, :3] @ center + matrix[:3, 3] - exact[:3, :3] @ center
    transform = RigidTransform(exact)
    written = corners @ matrix[:3, :3].T + matrix[:3, 3]
    return transform, float(np.linalg.norm(transform.apply(corners) - written, axis=1).max())


def _about_rounding(moved_mm: float, pair: Pair) -> tuple[Finding, ...]:
    if moved_mm <= SAME_MM:
        return ()
    return (STORED_REGISTRATION_ROUNDED(spect=pair.spect.label, moved_mm=moved_mm),)


def _about_same_frame(transform: RigidTransform, pair: Pair) -> tuple[Finding, ...]:
    label = pair.spect.label
    same = STORED_REGISTRATION_BY_IMAGES(spect=label)
    shift = transform.shift_mm_at(pair.spect.grid.center_lps)
    if shift <= NOTABLE_SHIFT_MM:
        return (same,)
    return (
        STORED_REGISTRATION_LARGE(spect=label, shift_mm=shift),
        same,
    )


def _latest(answers: Sequence[_Answer], pair: Pair) -> tuple[_Answer, tuple[Finding, ...]]:
    ordered = sorted(answers, key=lambda answer: answer.source.moment)
    chosen = ordered[-1]
    if len(answers) == 1:
        return chosen, ()
    corners = pair.spect.grid.corners_lps
    there = chosen.transform.apply(corners)

    def distance_mm(answer: _Answer) -> float:
        return float(np.linalg.norm(answer.transform.apply(corners) - there, axis=1).max())

    rivals = [one for one in ordered if one.source.moment == chosen.source.moment]
    if max(map(distance_mm, rivals)) > SAME_MM:
        names = ", ".join(sorted(one.source.label for one in rivals))
        raise GeometryError(
            f"Several stored registrations of the same date and time differ ({names}). Remove all "
            "but one, or open the study with --ignore-stored-registration."
        )
    apart = max(map(distance_mm, ordered))
    if apart <= SAME_MM:
        return chosen, ()
    return chosen, (
        STORED_REGISTRATIONS_DIFFER(count=len(answers), apart_mm=apart, label=chosen.source.label),
    )


def _used(chosen: _Answer, pair: Pair) -> Finding:
    date = chosen.source.moment[:8]
    when = "" if date == "00000000" else f" of {iso_date(date)}"
    how = f" ({chosen.source.how})" if chosen.source.how else ""
    moved = ""
    if _same_frame(pair):
        shift = chosen.transform.shift_mm_at(pair.spect.grid.center_lps)
        moved = f" It moves it by {shift:.1f} mm and {chosen.transform.angle_deg:.1f}°."
    return STORED_REGISTRATION(
        spect=pair.spect.label,
        registration=f"{chosen.source.label}{when}{how}",
        moved=moved,
    )
