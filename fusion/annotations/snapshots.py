"""What a decision was made on, as it was then: uptake, Registration, localisation."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

from fusion.anatomy import JOINTS, Joint
from fusion.errors import AnnotationError
from fusion.facets import DRAGGED, LOCALISATION_SHARE, MARKED, Status
from fusion.json_form import UNLESS_EMPTY
from fusion.plain_text import plain
from fusion.registration import Method

if TYPE_CHECKING:  # they load image libraries, which the journal does without
    import numpy.typing as npt

    from fusion.facets import Localisation
    from fusion.registration import Registration
    from fusion.uptake import Uptake

#: How far a matrix may be from a rotation.
_ROTATION_TOLERANCE = 1e-4
#: How far entries of a matrix may lie apart that was written as a DICOM object, whose numbers have
#: 16 characters, and read again: a micrometre at a metre.
_WRITTEN_AND_READ = 1e-9

_Four = Field(min_length=4, max_length=4)
Matrix = Annotated[tuple[Annotated[tuple[float, ...], _Four], ...], _Four]


def _pairs(values: object) -> object:
    return tuple(values.items()) if isinstance(values, Mapping) else values


#: Names and numbers; a mapping in JSON.
Entries = Annotated[
    tuple[tuple[str, float], ...],
    Field(alias="values"),
    BeforeValidator(_pairs),
    PlainSerializer(dict, return_type=dict[str, float]),
]


@dataclass(frozen=True, slots=True)
class Measured(Mapping[str, float]):
    """Uptake as measured when the reader decided; a read-only mapping of name to number.

    Parameters
    ----------
    unit : str
        Unit of the values that have one: ``"counts"``, ``"Bq/mL"``, ``"g/mL"``.
    entries : tuple of (str, float)
        Names and values, for example ``("maximum", 812.0)`` and ``("ratio_to_reference", 3.1)``.
    reference : str
        What the ratios refer to, in words; empty when there are none.
    spill_share : float
        Estimated share of the maximum that came from elsewhere, 0 to 1; 0 when nothing did, or in
        readings of versions that did not record it.
    spill_from : str
        Name of the joint that adds most of it; empty when none does.
    merged_with : tuple of str
        Names of the joints that the resolution of the images cannot tell from this one.

    Raises
    ------
    AnnotationError
        No unit, no value, a value that is not finite, a name given twice, or spill that is no
        share, or from what is no joint.
    """

    unit: str
    entries: Entries
    reference: str = ""
    # Without a key when empty: journals written before there was one stay as they are.
    spill_share: Annotated[float, UNLESS_EMPTY] = 0.0
    spill_from: Annotated[str, UNLESS_EMPTY] = ""
    merged_with: Annotated[tuple[str, ...], UNLESS_EMPTY] = ()

    def __post_init__(self) -> None:
        # In the order of the journal: what is in memory leaves as what was read back.
        pairs = tuple(sorted((str(name), float(value)) for name, value in self.entries))
        object.__setattr__(self, "entries", pairs)
        if not plain(self.unit) or not pairs:
            raise AnnotationError("A measurement needs a unit and at least one value.")
        if len({name for name, _ in pairs}) != len(pairs):
            raise AnnotationError("A measurement names one of its values twice.")
        if not all(name and math.isfinite(value) for name, value in pairs):
            raise AnnotationError("A measurement holds a value that is not a finite number.")
        if not 0 <= self.spill_share <= 1:
            raise AnnotationError("What spills into a joint is a share, 0 to 1.")
        object.__setattr__(self, "spill_share", float(self.spill_share))
        joints = {*self.merged_with, *([self.spill_from] if self.spill_from else [])}
        if not joints <= {joint.name for joint in JOINTS}:
            raise AnnotationError("A measurement names a joint that does not exist.")

    @classmethod
    def of(cls, values: Mapping[str, float], *, unit: str, reference: str = "") -> Measured:
        """Return the measurement that a mapping describes."""
        return cls(unit, tuple(values.items()), reference)

    @classmethod
    def of_uptake(cls, uptake: Uptake) -> Measured | None:
        """Return what was measured at a joint; None where nothing could be.

        Parameters
        ----------
        uptake : Uptake
            From :mod:`fusion.uptake.measuring`, with every measure of its table that has a value.
        """
        if not uptake.values:
            return None
        return cls(
            uptake.unit,
            tuple(uptake.values.items()),
            uptake.reference.words,
            spill_share=uptake.spill_share or 0.0,
            spill_from=uptake.spill_from.name if uptake.spill_from and uptake.spill_share else "",
            merged_with=tuple(joint.name for joint in uptake.merged_with),
        )

    def __getitem__(self, name: str) -> float:
        return dict(self.entries)[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.entries)

    def __len__(self) -> int:
        return len(self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationSnapshot:
    """The Registration that a decision was made on.

    Parameters
    ----------
    matrix : (4, 4) tuple of tuple of float, mm
        Functional volume to CT, LPS, acting on column vectors.
    method : str
        How it was obtained.
    uncertainty_mm : float or None, mm
        None when not known, or when the Registration is not to be trusted, which ``method`` says.
    uncertainty_share : float
        Share of joints that are nearer than that, on simulated studies, 0 to 1. 0 in readings of
        versions that did not record it.

    Raises
    ------
    AnnotationError
        Not a rigid transform, no method, or an uncertainty that is not a number.
    """

    matrix: Annotated[Matrix, Field(alias="matrix_spect_to_ct_lps")]
    method: str
    uncertainty_mm: float | None
    # Without a key when empty: journals written before there was one stay as they are.
    uncertainty_share: Annotated[float, UNLESS_EMPTY] = 0.0

    def __post_init__(self) -> None:
        try:
            rows = tuple(tuple(float(v) for v in row) for row in self.matrix)
        except (TypeError, ValueError) as exc:
            raise AnnotationError("A stored alignment needs a transform of 4 × 4 numbers.") from exc
        object.__setattr__(self, "matrix", rows)
        if not _is_rigid(rows):
            raise AnnotationError("The stored alignment is not a rigid transform.")
        if not plain(self.method):
            raise AnnotationError("It is not said how the Registration was obtained.")
        _check_uncertainty(self.uncertainty_mm, "the Registration")
        if not 0 <= self.uncertainty_share <= 1:
            raise AnnotationError("How many joints are nearer than stated is a share, 0 to 1.")
        object.__setattr__(self, "uncertainty_share", float(self.uncertainty_share))

    @property
    def words(self) -> str:
        """How it was obtained, for people."""
        return plain(Method.words_of(self.method))

    @property
    def is_distrusted(self) -> bool:
        """Whether the program said that it is not to be trusted."""
        from fusion.registration import Trust  # loads numpy, which a journal does without

        return self.method.endswith(f"({Trust.DO_NOT_TRUST.value})")

    @property
    def uncertainty_words(self) -> str:
        """What :attr:`uncertainty_mm` is, for people; empty where it is not known."""
        if self.uncertainty_mm is None:
            return ""
        if not self.uncertainty_share:
            return "how many joints are nearer is not recorded"
        return f"{self.uncertainty_share * 20:.0f} of 20 simulated joints are nearer"

    @classmethod
    def of(cls, registration: Registration, point_lps: npt.ArrayLike) -> RegistrationSnapshot:
        """Return what a Registration says at one point, with its status in words.

        Parameters
        ----------
        registration : Registration
            In use.
        point_lps : (3,) array_like of float, mm
            In the CT's frame. A neck correction differs from place to place.
        """
        from fusion.registration import UNCERTAINTY_SHARE  # as above

        status = f" ({registration.status.value})" if registration.status else ""
        uncertainty = float(registration.uncertainty_mm_at(point_lps))
        return cls(
            matrix=tuple(map(tuple, registration.transform_at(point_lps).matrix.tolist())),
            method=f"{registration.method.value}{status}",
            uncertainty_mm=uncertainty if math.isfinite(uncertainty) else None,
            uncertainty_share=UNCERTAINTY_SHARE if math.isfinite(uncertainty) else 0.0,
        )

    def same_alignment(self, registration: Registration, point_lps: npt.ArrayLike) -> bool:
        """Tell whether a Registration puts a point where this one put it.

        How it was obtained and how far it is trusted say nothing about the place: a search that
        keeps the scanner's alignment leaves every decision where it was.

        Parameters
        ----------
        registration : Registration
            In use.
        point_lps : (3,) array_like of float, mm
            In the CT's frame.
        """
        here = registration.transform_at(point_lps).matrix.tolist()
        return same_matrix(self.matrix, tuple(map(tuple, here)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalisationSnapshot:
    """The anatomy that a decision was made on.

    Parameters
    ----------
    source : str
        Who or what found the joints.
    numbering : str
        State of the level numbering, for example ``"counted from C2 (dens)"``, ``"provisional"``.
    confidence_mm : float or None, mm
        How far off the joint's centre may be; None when not known.
    confidence_share : float
        Share of joints that are nearer than that, 0 to 1. 0 in readings of versions that stated an
        expected error, which is no bound.
    status : Status or None
        What the CT shows of the joint; None in readings of versions that did not record it.

    Raises
    ------
    AnnotationError
        Nothing stated, an uncertainty that is not a number, or an unknown status.
    """

    source: str
    numbering: str
    confidence_mm: float | None
    status: Annotated[Status | None, UNLESS_EMPTY] = None
    # Without a key in journals from before it was a bound.
    confidence_share: Annotated[float, UNLESS_EMPTY] = 0.0

    def __post_init__(self) -> None:
        if not plain(self.source) or not plain(self.numbering):
            raise AnnotationError(
                "It is not said who found the joints and how the levels were numbered."
            )
        _check_uncertainty(self.confidence_mm, "the localisation")
        if not 0 <= self.confidence_share <= 1:
            raise AnnotationError("How many joints are nearer than stated is a share, 0 to 1.")
        object.__setattr__(self, "confidence_share", float(self.confidence_share))
        if self.status is not None:
            try:
                object.__setattr__(self, "status", Status(self.status))
            except ValueError as exc:
                raise AnnotationError(
                    "A joint is found, outside the field, fused or obscured."
                ) from exc

    @property
    def confidence_words(self) -> str:
        """What :attr:`confidence_mm` is, for people; empty where it is not known."""
        if self.confidence_mm is None:
            return ""
        if not self.confidence_share:
            return "expected error, no bound"
        assumed = "assumed, " if self.source in (DRAGGED, MARKED) else ""
        return f"{assumed}{self.confidence_share * 10:.0f} of 10 are nearer"

    @classmethod
    def of(cls, localisation: Localisation, joint: Joint) -> LocalisationSnapshot:
        """Return what a localisation says about one joint."""
        facet = localisation.facet(joint.level, joint.side)
        return cls(
            source=facet.source,
            numbering=facet.numbering.value,
            confidence_mm=facet.localisation_mm,
            confidence_share=0.0 if facet.localisation_mm is None else LOCALISATION_SHARE,
            status=facet.status,
        )


def registration_digest(registration: Registration) -> str:
    """Return a SHA-256 that is the same as long as a Registration puts every point in one place."""
    neck = registration.neck.to_json() if registration.neck else None
    content = [registration.transform.matrix.tolist(), registration.method.value, neck]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def same_matrix(one: Matrix, other: Matrix) -> bool:
    """Tell whether two transforms put a point in one place, but for :data:`_WRITTEN_AND_READ`."""
    return all(
        abs(a - b) <= _WRITTEN_AND_READ
        for row, other_row in zip(one, other, strict=True)
        for a, b in zip(row, other_row, strict=True)
    )


def _check_uncertainty(value: float | None, what: str) -> None:
    if value is not None and not 0 <= value < math.inf:
        raise AnnotationError(f"The uncertainty of {what} is a number of mm, 0 or more.")


def _is_rigid(m: Matrix) -> bool:
    if len(m) != 4 or any(len(row) != 4 for row in m) or m[3] != (0.0, 0.0, 0.0, 1.0):
        return False
    if not all(math.isfinite(v) for row in m for v in row):
        return False
    r = [row[:3] for row in m[:3]]
    for a in range(3):
        for b in range(3):
            dot = sum(r[k][a] * r[k][b] for k in range(3))
            if abs(dot - (a == b)) > _ROTATION_TOLERANCE:
                return False
    determinant = (
        r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1])
        - r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0])
        + r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0])
    )
    return determinant > 0
