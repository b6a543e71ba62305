"""What is true of a reading: one literal for each state, read back from every cheap file.

Every reading is staged through the journal on one study that is opened once; nothing is located
anew. What stands on paper, on pictures and in HTML is held by ``test_cautions``.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from fusion.anatomy.joints import JOINTS, LEVELS, Joint, Side
from fusion.annotations.changes import (
    AlignmentReviewed,
    AnomalyRecorded,
    Finalised,
    NumberingConfirmed,
    PathwayLeftOut,
    TargetSaved,
    VertebraNamed,
)
from fusion.annotations.journal import Journal, Saved
from fusion.annotations.reading import Reading
from fusion.annotations.snapshots import Measured
from fusion.annotations.study import StudyKey
from fusion.annotations.target import Decision
from fusion.errors import AnnotationError
from fusion.export.dicom.segmentation import export_segmentation
from fusion.export.dicom.structured_report import export_structured_report
from fusion.export.dicom.structured_report_reading import read_structured_report
from fusion.export.handout import Handout, LeftOut
from fusion.export.tables import export_reading, export_table, read_reading
from fusion.facets.localisation import Localisation
from fusion.facets.spine_statements import Anomaly, ProposedAnomaly
from fusion.facets.states import Numbering
from fusion.geometry import RigidTransform
from fusion.opening import open_study
from fusion.registration import Method, NeckCorrection, adjusted
from fusion.review import Review
from tests.annotations.necks import centers, localised
from tests.annotations.samples import READER, localisation
from tests.export.handed import HOT, HOT_LPS, MADE, registration_of, target_at
from tests.viewer.marked_study import MIDDLE_LPS, write_study

HOW = "sure, counted down from C2, known by its dens"
CONFIRMED = NumberingConfirmed(
    numbering=HOW,
    anchor="C2",
    c2_in_field=True,
    t1_in_field=True,
    joints_in_field=tuple(joint.name for joint in JOINTS),
)
COUNTED = "Levels counted down from C2, known by its dens; C2 and T1 are on this CT. "
BY = f"Confirmed by {READER}."
NOT_CONFIRMED = "Not confirmed by a reader."
SHARED = "The SPECT was put onto the CT by: shared coordinate system of the scanner."
REVIEWED = f"Alignment reviewed by {READER}."
NOT_REVIEWED = "The alignment has not been reviewed by a reader."
LABEL = "Left C5-C6"


@dataclass(frozen=True)
class Staged:
    """A reading, and what is true of it; ``never`` must stand in no file."""

    review: Review
    reading: Reading | None
    said: tuple[str, ...]
    label: str = LABEL
    remarks: tuple[str, ...] = ()
    decisions: dict[str, str] = field(default_factory=dict)
    never: tuple[str, ...] = ()
    localisation: Localisation | None = None


class Desk:
    """A study that is open, with a journal of its own."""

    def __init__(self, review: Review, path: Path) -> None:
        self.review, self.path = review, path
        self.key = StudyKey.of(review.fused.ct, review.fused.spect)

    def read(self, *changes: Any, amended: str = "", then: tuple[Any, ...] = ()) -> Reading:
        with Journal(self.path / "journal.db") as journal:
            reading = journal.begin(self.key, reader=READER).reading
            for change in changes:
                reading = self._say(journal, reading, change)
            if amended:
                reading = journal.addendum(reading, reader=READER, reason=amended, study=self.key)
                for change in then:
                    reading = self._say(journal, reading, change)
        return reading

    def _say(self, journal: Journal, reading: Reading, change: Any) -> Reading:
        saved = journal.append(reading, change, reader=READER, study=self.key)
        assert isinstance(saved, Saved)
        return saved.reading

    def hot(self, **changes: Any) -> TargetSaved:
        changes = {"localisation": localisation("sure"), **changes}
        return TargetSaved(target_at(self.review, HOT, HOT_LPS, **changes))

    @property
    def reviewed(self) -> AlignmentReviewed:
        return AlignmentReviewed(registration_of(self.review))

    def end(self, numbering: NumberingConfirmed = CONFIRMED) -> tuple[Any, ...]:
        return (self.reviewed, numbering, PathwayLeftOut("not asked"), Finalised())


def none(desk: Desk) -> Staged:
    return Staged(
        desk.review,
        None,
        (
            "Nobody has recorded a decision on this study.",
            f"No level is named here, and none was counted. {NOT_CONFIRMED}",
            SHARED,
            NOT_REVIEWED,
            "Which of them lie in the field of the CT is not recorded.",
        ),
    )


def draft(desk: Desk) -> Staged:
    return Staged(
        desk.review,
        desk.read(desk.hot()),
        (
            "Draft, version 1, not finalised.",
            "What the levels were counted from, and whether C2 is on this CT, is not recorded. "
            f"{NOT_CONFIRMED}",
            SHARED,
            NOT_REVIEWED,
        ),
        label=f"{LABEL} (DRAFT)",
    )


def final(desk: Desk) -> Staged:
    return Staged(
        desk.review,
        desk.read(desk.hot(), *desk.end()),
        (
            f"Version 1, finalised by {READER}, ",
            COUNTED + BY,
            "Levels when they were confirmed: several independent signs agree.",
            f"{SHARED} {REVIEWED}",
            "Not decided: 15 of 16 joints in the field of the CT: C0-C1 on both sides, C1-C2 on "
            "both sides, C2-C3 on both sides, C3-C4 on both sides, C4-C5 on both sides, Right "
            "C5-C6, C6-C7 on both sides, C7-T1 on both sides.",
        ),
        never=("DRAFT", "PROVISIONAL", "amends"),
    )


def addendum(desk: Desk) -> Staged:
    reading = desk.read(
        desk.hot(), *desk.end(), amended="The other side was looked at too.", then=desk.end()
    )
    return Staged(
        desk.review,
        reading,
        (
            f"Version 2, amends version 1, finalised by {READER}, ",
            "Reason for the addendum: The other side was looked at too.",
            COUNTED + BY,
        ),
        never=("DRAFT",),
    )


def c2_out_of_field(desk: Desk) -> Staged:
    below = tuple(j.name for j in JOINTS if LEVELS.index(j.level) >= LEVELS.index("C3-C4"))
    numbering = NumberingConfirmed(
        numbering="provisional, counted from C7-T1 (first ribs)",
        anchor="C7-T1",
        c2_in_field=False,
        t1_in_field=True,
        disagreement="the levels are provisional",
        note="first ribs seen on both sides",
        joints_in_field=below,
    )
    return Staged(
        desk.review,
        desk.read(desk.hot(), *desk.end(numbering)),
        (
            "Levels counted from C7-T1 (first ribs); C2 is not on this CT, T1 is. " + BY,
            "Levels when they were confirmed: PROVISIONAL, the signs do not settle them.",
            "Against this numbering: the levels are provisional.",
            "The reader on the numbering: “first ribs seen on both sides”.",
            "Not decided: 9 of 10 joints in the field of the CT: ",
            "Outside the field of the CT: C0-C1 on both sides, C1-C2 on both sides, C2-C3 on both "
            "sides.",
        ),
        decisions={
            "Right C2-C3": "outside the field of the CT",
            "Right C3-C4": "not decided",
            "Left C5-C6": "positive",
        },
        never=("C2 is on this CT", "C2 and T1", "dens"),
    )


def provisional(desk: Desk) -> Staged:
    return Staged(
        desk.review,
        desk.read(desk.hot(localisation=localisation("provisional"))),
        (
            NOT_CONFIRMED,
            "Levels at the decisions: PROVISIONAL, the signs do not settle them.",
            "LEVELS PROVISIONAL, not certain and not confirmed: Left C5-C6.",
        ),
        label=f"{LABEL} (LEVEL PROVISIONAL, DRAFT)",
        never=("independent signs",),
    )


def disputed(desk: Desk) -> Staged:
    by = HOT_LPS - centers()[Joint("C6-C7", Side.LEFT)]
    neck = localised()
    facets = tuple(replace(facet, center_lps=facet.center_lps + by) for facet in neck.facets)
    midline = {level: point + by for level, point in neck.midline_lps.items()}
    return Staged(
        desk.review,
        desk.read(desk.hot(), *desk.end()),
        (COUNTED + BY, "LEVELS DISPUTED: the anatomy says otherwise now"),
        label=f"{LABEL} (LEVEL DISPUTED)",
        localisation=replace(neck, facets=facets, midline_lps=midline),
    )


def counted_now(desk: Desk) -> Staged:
    """Not confirmed, but the joints are known now; two of them lie outside the field."""
    by = HOT_LPS - centers()[HOT]
    outside = (Joint("C7-T1", Side.LEFT), Joint("C7-T1", Side.RIGHT))
    neck = localised(outside=outside)
    facets = tuple(
        facet if facet.center_lps is None else replace(facet, center_lps=facet.center_lps + by)
        for facet in neck.facets
    )
    midline = {level: point + by for level, point in neck.midline_lps.items()}
    return Staged(
        desk.review,
        desk.read(desk.hot()),
        (
            "Levels by the shapes of the vertebrae alone; C2 is on this CT, T1 is not. "
            f"{NOT_CONFIRMED}",
            "Levels as the program counts them: PROVISIONAL, the signs do not settle them.",
            "Outside the field of the CT: C7-T1 on both sides.",
        ),
        label=f"{LABEL} (LEVEL PROVISIONAL, DRAFT)",
        decisions={"Left C7-T1": "outside the field of the CT", "Right C5-C6": "not decided"},
        localisation=replace(
            neck, facets=facets, midline_lps=midline, numbering=Numbering.PROVISIONAL
        ),
    )


def named_by_hand(desk: Desk) -> Staged:
    named = VertebraNamed("C6", tuple(float(v) for v in HOT_LPS))
    return Staged(
        desk.review,
        desk.read(named, desk.hot()),
        (
            "Levels counted from C6 as named by the reader; whether C2 is on this CT is not "
            f"recorded. {NOT_CONFIRMED}",
        ),
        label=f"{LABEL} (DRAFT)",
    )


def moved_by_hand(desk: Desk) -> Staged:
    moved = adjusted(
        desk.review.fused.registration, translation_mm=(2.0, 0, 0), pivot_lps=tuple(MIDDLE_LPS)
    )
    reading = desk.read(desk.hot(), *desk.end())
    return Staged(
        desk.review.with_registration(moved),
        reading,
        (
            "The SPECT was put onto the CT by: moved by hand.",
            f"{READER} reviewed another alignment than the one that pictures and regions here are "
            "made with; this one has not been reviewed.",
        ),
        never=(REVIEWED,),
    )


def neck_correction(desk: Desk) -> Staged:
    lower = RigidTransform.identity()
    upper = RigidTransform.from_euler(translation_mm=(2.0, 0.0, 0.0))
    z = float(MIDDLE_LPS[2])
    bent = replace(
        desk.review.fused.registration,
        method=Method.NECK,
        neck=NeckCorrection(lower, upper, z - 10, z + 10, MIDDLE_LPS),
    )
    there = Desk(desk.review.with_registration(bent), desk.path)
    review = AlignmentReviewed.of(bent, HOT_LPS)
    reading = there.read(there.hot(registration=review.registration), review, *there.end()[1:])
    return Staged(
        there.review,
        reading,
        (
            "The SPECT was put onto the CT by: rigid registration, upper and lower neck apart. "
            + REVIEWED,
        ),
    )


def anomalies_proposed(desk: Desk) -> Staged:
    """One dismissed in the first version, one recorded, one that nobody has answered."""
    by = HOT_LPS - centers()[HOT]
    neck = localised()
    kinds = (("fused", "C3-C4"), ("extra segment", ""), ("cervical rib", ""))
    proposed = tuple(ProposedAnomaly(Anomaly(*kind), "It was seen.") for kind in kinds)
    dismissal = AnomalyRecorded("fused", "C3-C4", withdrawn=True)
    recorded = AnomalyRecorded("extra segment")
    reading = desk.read(dismissal, recorded, desk.hot(), *desk.end(), amended="once more")
    return Staged(
        desk.review,
        reading,
        (
            "Recorded by the reader: extra segment.",
            "Proposed by the program and dismissed by the reader: fused C3-C4.",
            "Proposed by the program, neither recorded nor dismissed: cervical rib.",
        ),
        label=f"{LABEL} (DRAFT)",
        localisation=replace(
            neck,
            facets=tuple(replace(one, center_lps=one.center_lps + by) for one in neck.facets),
            midline_lps={level: point + by for level, point in neck.midline_lps.items()},
            proposed=proposed,
        ),
    )


def anomalies_left_open(desk: Desk) -> Staged:
    """Final, with one proposal that nobody answered, and one that was dismissed since."""
    open_then = replace(CONFIRMED, left_open=("fused C3-C4", "cervical rib"))
    dismissal = AnomalyRecorded("cervical rib", withdrawn=True)
    reviewed, _, *last = desk.end()
    return Staged(
        desk.review,
        desk.read(desk.hot(), reviewed, open_then, dismissal, *last),
        (
            "Proposed by the program and dismissed by the reader: cervical rib.",
            "Proposed by the program, neither recorded nor dismissed: fused C3-C4.",
        ),
    )


def spill(desk: Desk) -> Staged:
    uptake = Measured(
        "counts",
        (("maximum", 812.0), ("ratio_to_reference", 1.55)),
        "bone",
        spill_share=0.2875,
        spill_from="Left C4-C5",
        merged_with=("Left C6-C7",),
    )
    return Staged(
        desk.review,
        desk.read(desk.hot(uptake=uptake), *desk.end()),
        (),
        remarks=(
            "About 29% of the maximum spills in from elsewhere, mostly Left C4-C5.",
            "The images cannot tell its uptake from that of Left C6-C7.",
        ),
    )


def without_contrast(desk: Desk) -> Staged:
    """A point far from the balls: the region is the whole sphere."""
    far = MIDDLE_LPS + np.array([25.0, -15.0, -30.0])
    target = target_at(desk.review, HOT, far, localisation=localisation(status="fused"))
    return Staged(
        desk.review,
        desk.read(TargetSaved(target), *desk.end()),
        (),
        remarks=(
            "On the CT the joint is fused.",
            "Its region is the whole sphere: the uptake there has no edge to outline.",
        ),
    )


def nine_targets(desk: Desk) -> Staged:
    joints = [joint for joint in JOINTS if joint.is_zygapophysial][:9]
    saved = [
        TargetSaved(
            target_at(
                desk.review,
                joint,
                HOT_LPS if joint == HOT else MIDDLE_LPS + np.array([joint.side.sign * 9.0, 0, n]),
                decision=Decision.NEGATIVE if n % 2 else Decision.POSITIVE,
                grade=0 if n % 2 else 2,
                clinically_concordant=None,
            )
        )
        for n, joint in enumerate(joints)
    ]
    return Staged(
        desk.review,
        desk.read(*saved),
        (
            "Not decided: 7 of 16 joints: C0-C1 on both sides, C1-C2 on both sides, Right C6-C7, "
            "C7-T1 on both sides. Which of them lie in the field of the CT is not recorded.",
        ),
        label=f"{LABEL} (DRAFT)",
        decisions={"Left C2-C3": "positive", "Right C2-C3": "negative"},
    )


STATES: tuple[Callable[[Desk], Staged], ...] = (
    none, draft, final, addendum, c2_out_of_field, provisional, disputed, counted_now,
    named_by_hand, moved_by_hand, neck_correction, spill, without_contrast, nine_targets,
    anomalies_proposed, anomalies_left_open,
)  # fmt: skip
#: Promises that no output makes, and a word that says nothing of a level.
PROMISES = re.compile(r"\bnever\b|\bsure\b|\bguarantee|Levels numbered from C2", re.IGNORECASE)


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Review:
    return open_study(write_study(tmp_path_factory.mktemp("account")))


def texts(ds: Dataset) -> list[str]:
    """Every text of a structured report, and every tracking identifier."""
    said = [str(ds.TextValue)] if "TextValue" in ds else []
    for item in ds.get("ContentSequence", []):
        said += texts(item)
    return said


@pytest.mark.parametrize("make", STATES, ids=lambda make: make.__name__)
def test_every_file_says_what_is_true(
    make: Callable[[Desk], Staged], review: Review, tmp_path: Path
) -> None:
    staged = make(Desk(review, tmp_path))
    handout = Handout.of(staged.review, staged.reading, made=MADE, localisation=staged.localisation)
    (report,) = export_structured_report(handout, tmp_path)
    (as_json,) = export_reading(handout, tmp_path)
    (as_table,) = export_table(handout, tmp_path)
    document = json.loads(as_json.read_text("ascii"))
    account = document["account"]
    rows = {
        row["joint"]: row for row in csv.DictReader(as_table.read_text("utf-8-sig").splitlines())
    }
    in_report = "\n".join(texts(pydicom.dcmread(report)))
    in_json = "\n".join(
        (account["state"], *account["levels"], account["alignment"], *account["undecided"],
         *document["cautions"])
    )  # fmt: skip
    for sentence in staged.said:
        assert sentence in in_report
        assert sentence in in_json
    for row in rows.values():  # each row can be cut out and still says how levels were counted
        assert row["levels"] == " ".join(account["levels"])
        assert row["alignment"] == account["alignment"]
    stated = {joint: rows[joint]["decision"] for joint in staged.decisions}
    assert stated == staged.decisions
    targets = staged.reading.targets if staged.reading else ()
    if targets:
        assert rows[LABEL]["label"] == staged.label
        assert f"{staged.label}: positive" in in_report
        assert rows[LABEL]["remarks"] == " ".join(staged.remarks)
        assert all(sentence in in_report for sentence in staged.remarks)
    everything = f"{in_report}\n{in_json}\n{as_table.read_text('utf-8-sig')}"
    if targets:
        everything += "\n" + in_segments(handout, staged, tmp_path)
    told = everything.replace(HOW, "")  # what is stored is not what is said
    assert not PROMISES.search(told)
    assert [words for words in staged.never if words in told] == []
    # What people are told does not get in the way of reading it back.
    assert set(read_structured_report(report)) == set(targets)
    assert read_reading(as_json) == staged.reading


def in_segments(handout: Handout, staged: Staged, folder: Path) -> str:
    """What the segments say; the one of the joint says its label, its remarks and the levels."""
    export_segmentation(handout, folder)
    segments = pydicom.dcmread(folder / "uptake_regions.dcm").SegmentSequence
    (own,) = [one for one in segments if one.TrackingID.startswith(LABEL)]
    assert own.TrackingID == staged.label
    assert own.SegmentLabel == f"{staged.label} uptake"
    for sentence in (*staged.remarks, handout.account.levels, handout.account.state):
        assert sentence in own.SegmentDescription
    return "\n".join(f"{one.SegmentLabel} {one.SegmentDescription}" for one in segments)


def test_a_joint_that_does_not_exist_is_no_source_of_spill() -> None:
    with pytest.raises(AnnotationError, match="joint that does not exist"):
        Measured("counts", (("maximum", 1.0),), spill_from="Left C9-C10")
    with pytest.raises(AnnotationError, match="share, 0 to 1"):
        Measured("counts", (("maximum", 1.0),), spill_share=1.5)
    with pytest.raises(AnnotationError, match="one that does not exist"):
        replace(CONFIRMED, joints_in_field=("Left C9-C10",))


def test_no_region_is_left_out_and_not_a_segment(review: Review, tmp_path: Path) -> None:
    with pytest.raises(LeftOut):
        export_segmentation(Handout.of(review, None, made=MADE, localisation=None), tmp_path)
