"""What the readers of a study said: a row for each reader, showing and joint."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from fusion.anatomy import JOINTS, Joint
from fusion.annotations import plan_blocks
from fusion.export import csv_text
from fusion.facets import Status
from fusion.uptake import RATIO_TO_REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fusion.annotations import Reading
    from fusion.reader_study.order import Presentation
    from fusion.reader_study.study import ReaderStudy

#: What a reader may say of a joint; the last one is that nothing was said.
DECISIONS = ("negative", "indeterminate", "positive", "not decided")
NOT_DECIDED = DECISIONS[-1]


@dataclass(frozen=True, slots=True)
class _Shown:
    """Who was shown what, when."""

    reader: str
    arm: str
    case: str
    patient: int
    stage: int
    number: int
    repeat: bool


@dataclass(frozen=True, slots=True)
class Rating(_Shown):
    """What one reader said of one joint at one showing of a case.

    Parameters
    ----------
    reader, arm, case : str
        As in the design.
    patient : int
        Number of the patient, from 1.
    stage, number : int
        When it was shown.
    repeat : bool
        Whether the reader saw the case a second time in this stage.
    level, side : str
        The joint.
    decision : str
        One of :data:`DECISIONS`.
    grade : int or None
        None where none was given.
    ratio : float or None
        Highest uptake over the reference, as measured when it was decided.
    x_mm, y_mm, z_mm : float or None
        Where, in the CT's frame (LPS).
    minutes : float
        Active, for the whole case.
    """

    level: str
    side: str
    decision: str
    grade: int | None
    ratio: float | None
    x_mm: float | None
    y_mm: float | None
    z_mm: float | None
    minutes: float


@dataclass(frozen=True, slots=True)
class NerveRating(_Shown):
    """The nerves that follow from what one reader said at one showing of a case.

    Parameters
    ----------
    reader, arm, case, patient, stage, number, repeat
        As for :class:`Rating`.
    nerves : str
        Side and name of each, in order, with ``"; "`` between them; empty where no joint is
        positive.
    """

    nerves: str


def ratings_of(study: ReaderStudy) -> tuple[tuple[Rating, ...], tuple[NerveRating, ...]]:
    """Return what is final in the journals of a study.

    Parameters
    ----------
    study : ReaderStudy
        Which has begun.
    """
    ratings: list[Rating] = []
    nerves: list[NerveRating] = []
    for reader in study.design.reader:
        done, seconds = study.finished(reader), study.times_of(reader).seconds()
        for showing in study.plan.order[reader]:
            shown = showing.presentation
            reading = done.get(shown.key)
            if reading is None:
                continue
            patient = study.plan.fixed(shown.case).patient + 1
            minutes = seconds.get(shown.key, 0.0) / 60.0
            ratings += (
                _rating(reader, shown, patient, reading, joint, minutes) for joint in JOINTS
            )
            nerves.append(_nerves(reader, shown, patient, reading))
    return tuple(ratings), tuple(nerves)


def _about(
    reader: str, shown: Presentation, patient: int
) -> tuple[str, str, str, int, int, int, bool]:
    return reader, shown.arm, shown.case, patient, shown.stage, shown.number, shown.repeat


def _rating(
    reader: str,
    shown: Presentation,
    patient: int,
    reading: Reading,
    joint: Joint,
    minutes: float,
) -> Rating:
    target = reading.target_at(joint)
    x_mm, y_mm, z_mm = (None, None, None) if target is None else target.point_lps
    uptake = None if target is None else target.uptake
    return Rating(
        *_about(reader, shown, patient),
        joint.level,
        joint.side.value,
        NOT_DECIDED if target is None else target.decision.value,
        None if target is None else target.grade,
        None if uptake is None else uptake.get(RATIO_TO_REFERENCE.name),
        x_mm,
        y_mm,
        z_mm,
        round(minutes, 2),
    )


def _nerves(reader: str, shown: Presentation, patient: int, reading: Reading) -> NerveRating:
    fused = {said.level for said in reading.said.anomalies if said.level}
    fused |= {t.joint.level for t in reading.targets if t.localisation.status is Status.FUSED}
    plan = plan_blocks(reading.targets, fused=fused)
    return NerveRating(
        *_about(reader, shown, patient),
        "; ".join(plan.supplying),
    )


def table_of(kind: type, rows: Iterable[object]) -> str:
    """Return rows as CSV, with a line of names; nothing stands where nothing is known.

    Parameters
    ----------
    kind : type
        A dataclass.
    rows : iterable
        Of that kind.
    """
    names = [one.name for one in fields(kind)]
    return csv_text(names, ({name: _said(getattr(row, name)) for name in names} for row in rows))


def _said(value: object) -> object:
    return ("yes" if value else "no") if isinstance(value, bool) else value
