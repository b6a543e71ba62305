"""Codes that the exported objects use: standard ones where the standard has them.

Every standard code was looked up in the concept dictionary that pydicom carries (a test repeats
it). What has no standard code is coded in the private scheme :data:`SCHEME`;
docs/exports.md lists those codes and what they mean.
"""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from fusion.anatomy import JOINTS, Joint, Side
from fusion.annotations import Answer, Decision
from fusion.errors import AnnotationError

#: Coding Scheme Designator of the private codes (PS3.16 section 8.2: 99 marks a private scheme).
SCHEME = "99FACETFUSION"

FINDING = Code("404684003", "SCT", "Finding")
#: What viewers show as the label of a measurement group.
COMMENT = Code("121106", "DCM", "Comment")
IMAGING_PROCEDURE = Code("363679005", "SCT", "Imaging procedure")
#: CID 244 and 247.
SIDES = {
    Side.LEFT: Code("7771000", "SCT", "Left"),
    Side.RIGHT: Code("24028007", "SCT", "Right"),
}
#: The joint is named by its lower vertebra's process; which one is said by the level of the disc
#: (docs/sources.md#codes).
ARTICULAR_PROCESS = Code("317665004", "SCT", "Superior articular process of vertebra")
#: CID 1003.
DISC_LEVELS = {
    "C2-C3": Code("243902007", "SCT", "Level of C2/C3 intervertebral disc"),
    "C3-C4": Code("243903002", "SCT", "Level of C3/C4 intervertebral disc"),
    "C4-C5": Code("243904008", "SCT", "Level of C4/C5 intervertebral disc"),
    "C5-C6": Code("243905009", "SCT", "Level of C5/C6 intervertebral disc"),
    "C6-C7": Code("243906005", "SCT", "Level of C6/C7 intervertebral disc"),
    "C7-T1": Code("243925008", "SCT", "Level of C7/T1 intervertebral disc"),
}
#: The two that are no zygapophysial joints have a code of their own (CID 7483).
UPPER_JOINTS = {
    "C0-C1": Code("20292002", "SCT", "Atlanto-occipital joint"),
    "C1-C2": Code("62555009", "SCT", "Atlantoaxial joint"),
}
DECISIONS = {
    Decision.POSITIVE: Code("10828004", "SCT", "Positive"),
    Decision.NEGATIVE: Code("260385009", "SCT", "Negative"),
    Decision.INDETERMINATE: Code("82334004", "SCT", "Indeterminate"),
}
ANSWERS = {
    Answer.YES: Code("373066001", "SCT", "Yes"),
    Answer.NO: Code("373067005", "SCT", "No"),
    Answer.NOT_RECORDED: Code("not-recorded", SCHEME, "Not recorded"),
}
GRADES = {
    0: Code("grade-0", SCHEME, "Grade 0: not above the reference"),
    1: Code("grade-1", SCHEME, "Grade 1: slightly above the reference"),
    2: Code("grade-2", SCHEME, "Grade 2: clearly above the reference"),
    3: Code("grade-3", SCHEME, "Grade 3: intense"),
}
#: Questions that a Target answers.
DECISION = Code("decision", SCHEME, "Reader's decision about uptake at this joint")
GRADE = Code("grade", SCHEME, "Visual grade of uptake")
CONCORDANT = Code("concordant", SCHEME, "Side and level match the patient's pain")
OPERATIVE_BED = Code("operative-bed", SCHEME, "Inside an operative bed")

UPTAKE = Code("uptake", SCHEME, "Uptake")
SUVBW = Code("126401", "DCM", "SUVbw")

REGION_CATEGORY = Code("246464006", "SCT", "Function")
REGION_TYPE = Code("uptake-region", SCHEME, "Region of uptake, not validated")


def site_codes(joint: Joint) -> tuple[Code, Code, Code | None]:
    """Return the codes of a joint: structure, laterality, level (None where not needed)."""
    upper = UPPER_JOINTS.get(joint.level)
    if upper is not None:
        return upper, SIDES[joint.side], None
    return ARTICULAR_PROCESS, SIDES[joint.side], DISC_LEVELS[joint.level]


def joint_of(structure: str, side: str, level: str | None) -> Joint:
    """Return the joint that three SNOMED code values name.

    Raises
    ------
    AnnotationError
        They name none.
    """
    for joint in JOINTS:
        codes = site_codes(joint)
        if tuple(code.value if code else None for code in codes) == (structure, side, level):
            return joint
    raise AnnotationError(
        "A structured report names a place that is no joint of this program; only reports that "
        "this program wrote can be read."
    )


def scheme_item() -> Dataset:
    """Return the item that says what the private coding scheme is (PS3.3 C.12.1.1.17)."""
    item = Dataset()
    item.CodingSchemeDesignator = SCHEME
    item.CodingSchemeName = "facetfusion private codes, see docs/exports.md"
    item.CodingSchemeVersion = "1"
    item.CodingSchemeResponsibleOrganization = "facetfusion developers"
    return item
