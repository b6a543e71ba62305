"""What every exporter is given: a study and its reading on their way out.

Everything that several outputs need is worked out once, here. Of a de-identified export the
Handout is made from a study and a reading that have already lost their identity, so an exporter
cannot give away what it was not given: it takes names, dates and identifiers from the Handout,
and moments from :attr:`Handout.edition`, never from a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from fusion.anatomy import JOINTS, Joint
from fusion.annotations import (
    BlockPlan,
    Decision,
    LevelDoubt,
    PathwayAnswered,
    PathwayLeftOut,
    Reading,
    StudyKey,
    Target,
    changed_input,
    doubts_about_levels,
    plan_blocks,
)
from fusion.errors import AnnotationError, FusionError, GeometryError
from fusion.export.account import Account
from fusion.export.edition import Edition
from fusion.export.regions import UptakeRegion, uptake_region
from fusion.export.report.c_arm import c_arm_pair
from fusion.export.report.overview import overview
from fusion.export.report.pictures import PLANES, PictureText, picture
from fusion.facets import Localisation, ProposedAnomaly, Status, proposal_findings
from fusion.findings import Finding
from fusion.findings.readings import DECIDED_ON_ANOTHER_ALIGNMENT, NO_UPTAKE_REGION
from fusion.geometry import FloatArray
from fusion.json_form import to_json
from fusion.pathway import Unanswered, assessment_json
from fusion.plain_text import iso_date
from fusion.progress import Progress
from fusion.review import Review

#: Side of the field that a picture of one joint shows, mm.
FIELD_MM = 90.0
_PICTURE_PX = 420
#: Where rows and columns of the pictures point, in the order of :data:`PLANES`.
ORIENTATIONS = ("L", "P"), ("L", "F"), ("P", "F")
#: Stands on everything that a reading leaves in before it is final.
DRAFT = "DRAFT: this reading is not finalised."


class LeftOut(FusionError):  # noqa: N818 - not a fault
    """Raised by an exporter that has nothing to write for this study.

    Parameters
    ----------
    finding : Finding
        What is left out, and why.
    """

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture that is handed on.

    Parameters
    ----------
    name : str
        What it shows, for example ``"Left C5-C6, axial"``; ASCII.
    orientation : (str, str)
        Where the rows and the columns of the picture point: ``("L", "P")`` for an axial one.
    image : PIL.Image.Image
        RGB, with everything burned in.
    """

    name: str
    orientation: tuple[str, str]
    image: Image.Image = field(repr=False)


@dataclass(frozen=True, eq=False)
class Pictures:
    """The pictures of a Handout, each drawn once, when it is first asked for.

    Parameters
    ----------
    review : Review
        What is shown.
    point_lps : (3,) ndarray of float, mm
        The fused planes pass through it.
    targets : tuple of (str, Target)
        With the names that they have on pictures.
    cautions : tuple of str
        Sentences burned into every picture.
    centers_lps : mapping of Joint to (3,) ndarray of float, mm
        Where the joints of this CT are: as they are numbered now, where that is known, else the
        decided ones.
    """

    review: Review
    point_lps: FloatArray
    targets: tuple[tuple[str, Target], ...]
    cautions: tuple[str, ...]
    centers_lps: Mapping[Joint, FloatArray] = field(default_factory=dict)

    @cached_property
    def planes(self) -> tuple[Picture, ...]:
        """The three fused planes, in the order of :data:`PLANES`."""
        study = self.review.study
        title = f"{study.description or 'Study'} {iso_date(study.date)}".strip()
        return self._through(self.point_lps, title)

    @cached_property
    def joints(self) -> tuple[tuple[str, tuple[Picture, ...]], ...]:
        """The name of each positive Target, with three pictures through its point."""
        return tuple(
            (
                name,
                self._through(target.point_lps, name, field_mm=FIELD_MM, side_px=_PICTURE_PX),
            )
            for name, target in self.targets
            if _is_positive(target)
        )

    @cached_property
    def overview(self) -> Picture:
        """The whole neck from the front, with the decisions."""
        image = overview(
            self.review.fused,
            [target for _, target in self.targets],
            spect_label=self.review.spect_label,
            simulated=self.review.simulated,
            warnings=self.cautions,
        )
        return Picture("Overview", ORIENTATIONS[1], image)

    @cached_property
    def c_arm(self) -> tuple[Picture, ...]:
        """The neck as a C-arm would show it, from the front and the left; empty without a joint."""
        try:
            front, left = c_arm_pair(
                self.review.fused.ct,
                self.centers_lps,
                [target for _, target in self.targets],
                simulated=self.review.simulated,
                warnings=self.cautions,
            )
        except GeometryError:
            return ()
        return (
            Picture("C-arm view from the front", ORIENTATIONS[1], front),
            Picture("C-arm view from the left", ORIENTATIONS[2], left),
        )

    def _through(self, point_lps: npt.ArrayLike, title: str, **how: Any) -> tuple[Picture, ...]:
        words = PictureText(
            title=title,
            spect_label=self.review.spect_label,
            simulated=self.review.simulated,
            warnings=self.cautions,
        )
        return tuple(
            Picture(
                f"{title}, {plane}",
                ORIENTATIONS[axis],
                picture(self.review.fused, axis, point_lps=point_lps, words=words, **how),
            )
            for axis, plane in enumerate(PLANES)
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Handout:
    """A study, its reading, and what follows from them for every output.

    Parameters
    ----------
    review : Review
        The study as it is open.
    reading : Reading or None
        The decisions; None when nobody has read the study.
    targets : tuple of Target
        From the skull down, left before right.
    doubts : tuple of LevelDoubt
        What makes side or level of Targets doubtful.
    account : Account
        What is true of levels, alignment, state and each joint, in words.
    cautions : tuple of str
        Sentences that have to stand on everything that leaves: that levels are doubtful, that the
        reading is a draft, what was supplied or assumed rather than stated by the files.
    plan : BlockPlan
        Nerves of the positive joints.
    regions : tuple of UptakeRegion
        One for each positive Target; may be empty.
    assessment : dict or None
        The pathway's answer, as ``Assessment.to_json()`` gives it: the one stored with the
        reading, else the one given with the study; None when it was not asked.
    pictures : Pictures
        Of the study and of the Targets.
    seen : mapping of Joint to Status
        What the CT shows of each joint that is known: found, fused, hidden.
    edition : Edition
        Which version this is, when its content came about, and what identifies its objects.
    findings : tuple of Finding
        About this hand-over; those of the study are :attr:`Review.findings`.
    written : tuple of Path
        What the exporters before this one wrote.
    progress : Progress
        Told how far the exporter at work is; may raise :class:`fusion.errors.Cancelled`.
    """

    review: Review
    reading: Reading | None = field(repr=False)
    targets: tuple[Target, ...]
    doubts: tuple[LevelDoubt, ...]
    account: Account = field(repr=False)
    cautions: tuple[str, ...]
    plan: BlockPlan
    regions: tuple[UptakeRegion, ...]
    assessment: dict[str, Any] | None = field(repr=False)
    pictures: Pictures = field(repr=False)
    seen: Mapping[Joint, Status] = field(repr=False)
    edition: Edition
    findings: tuple[Finding, ...] = ()
    written: tuple[Path, ...] = ()
    progress: Progress = field(default_factory=Progress, repr=False)

    @classmethod
    def of(
        cls,
        review: Review,
        reading: Reading | None,
        *,
        made: datetime,
        localisation: Localisation | None,
        point_lps: npt.ArrayLike | None = None,
    ) -> Handout:
        """Work out what follows from a study and its reading.

        Parameters
        ----------
        review, reading
            As for the class.
        made : datetime
            When this is handed on, with its time zone; of a de-identified export what stands for
            that moment, without.
        localisation : Localisation or None
            The joints as they are numbered now, to hold side and level of every Target against;
            None where nothing of a reading leaves.
        point_lps : (3,) array_like of float, optional, mm
            The fused planes pass through it; the hottest bone by default.

        Raises
        ------
        AnnotationError
            The reading is of another study, or of other data than those open; or the anatomy
            gives a Target of a draft another side or level now.
        """
        doubts = doubts_about_levels(reading, localisation)
        if reading is not None:
            _need_same_data(review, reading)
        found = reading.targets if reading else ()
        targets = tuple(sorted(found, key=lambda target: JOINTS.index(target.joint)))
        anomalies = reading.said.anomalies if reading else ()
        elsewhere = _on_another_alignment(review, targets)
        cautions = (*_cautions(review, reading, doubts), *(f.message for f in elsewhere))
        regions = tuple(
            uptake_region(one, review.fused, targets) for one in targets if _is_positive(one)
        )
        account = Account.of(
            review, reading, doubts=doubts, regions=regions, localisation=localisation
        )
        return cls(
            review=review,
            reading=reading,
            targets=targets,
            doubts=doubts,
            account=account,
            cautions=cautions,
            plan=plan_blocks(targets, fused={one.level for one in anomalies if one.level}),
            regions=regions,
            assessment=_assessment(review, reading),
            pictures=Pictures(
                review,
                review.fused.focus_lps if point_lps is None else np.asarray(point_lps, float),
                tuple((account.of_joint(target.joint).label, target) for target in targets),
                cautions,
                _centers(targets, localisation),
            ),
            seen=_seen(targets, localisation),
            edition=Edition.of(
                reading,
                review.fused.registration,
                made=made,
                words=account.version,
                doubts=[doubt.finding for doubt in doubts],
                said=account.sentences,
                assessment=_assessment(review, reading),
            ),
            findings=(
                *(doubt.finding for doubt in doubts),
                *elsewhere,
                *proposal_findings(_unanswered(reading, localisation)),
                *_without_region(regions),
            ),
        )

    @property
    def positive(self) -> tuple[Target, ...]:
        """Targets that the reader called positive."""
        return tuple(target for target in self.targets if _is_positive(target))

    @property
    def is_final(self) -> bool:
        """Whether there is a reading and it was finalised."""
        return self.reading is not None and self.reading.finalised is not None

    @property
    def said_findings(self) -> tuple[Finding, ...]:
        """Everything a reader must know: about this hand-over, then about the study."""
        return (*self.findings, *self.review.findings)

    def doubt_of(self, joint: Joint) -> str:
        """Return what is to be doubted about the level of a joint's Target: ``"PROVISIONAL"``."""
        return _doubt(joint, self.doubts)

    def name_of(self, target: Target) -> str:
        """Return the name of a Target for labels: doubtful levels and drafts say that they are."""
        return self.account.of_joint(target.joint).label


def _centers(
    targets: tuple[Target, ...], localisation: Localisation | None
) -> dict[Joint, FloatArray]:
    centers = {target.joint: np.array(target.point_lps) for target in targets}
    for facet in localisation.facets if localisation else ():
        if facet.center_lps is not None:
            centers[facet.joint] = np.array(facet.center_lps)
    return centers


def _unanswered(
    reading: Reading | None, localisation: Localisation | None
) -> tuple[ProposedAnomaly, ...]:
    """Return the anomalies that the program proposes and no reader has answered."""
    proposed = localisation.proposed if localisation else ()
    return proposed if reading is None else reading.said.unanswered(proposed)


def _seen(targets: tuple[Target, ...], localisation: Localisation | None) -> dict[Joint, Status]:
    seen = {t.joint: t.localisation.status for t in targets if t.localisation.status is not None}
    return seen | {one.joint: one.status for one in (localisation.facets if localisation else ())}


def _is_positive(target: Target) -> bool:
    return target.decision is Decision.POSITIVE


def _doubt(joint: Joint, doubts: tuple[LevelDoubt, ...]) -> str:
    return ", ".join(doubt.word for doubt in doubts if joint in doubt.joints)


def _cautions(
    review: Review, reading: Reading | None, doubts: tuple[LevelDoubt, ...]
) -> tuple[str, ...]:
    is_draft = reading is not None and reading.finalised is None
    return (
        *(doubt.finding.message for doubt in doubts),
        *((DRAFT,) if is_draft else ()),
        *(finding.message for finding in review.assumptions),
    )


def _need_same_data(review: Review, reading: Reading) -> None:
    """Refuse a reading of other data: its points would be shown on the wrong pictures."""
    now = StudyKey.of(review.fused.ct, review.fused.spect)
    differences = changed_input(reading.study, now)
    if not reading.study.same_series(now) or differences:
        why = " ".join(finding.message for finding in differences)
        raise AnnotationError(
            "The reading was made on other data than those that are open, so nothing was "
            f"exported. {why}".strip()
        )


def _on_another_alignment(review: Review, targets: tuple[Target, ...]) -> tuple[Finding, ...]:
    in_use = review.fused.registration
    others = [
        target.joint.name
        for target in targets
        # A bent neck has a matrix for each place.
        if not target.registration.same_alignment(in_use, target.point_lps)
    ]
    if not others:
        return ()
    return (DECIDED_ON_ANOTHER_ALIGNMENT(joints=tuple(others)),)


def _without_region(regions: tuple[UptakeRegion, ...]) -> tuple[Finding, ...]:
    return tuple(
        NO_UPTAKE_REGION(joint=region.target.joint.name) for region in regions if region.is_empty
    )


def _assessment(review: Review, reading: Reading | None) -> dict[str, Any] | None:
    """Return the answer stored with the reading, else the one given with the study."""
    event = reading.pathway if reading else None
    if event is not None and isinstance(event.change, PathwayAnswered):
        stored: dict[str, Any] = to_json(event.change)["assessment"]
        return stored
    if event is not None and isinstance(event.change, PathwayLeftOut):
        return Unanswered(event.change.reason, event.reader, event.time).to_json()
    given = review.assessment
    return None if given is None else assessment_json(given)
