"""Codes that the exported objects use: standard ones where the standard has them.

They come from the concept dictionary that pydicom carries. What has no standard code is coded in
the private scheme :data:`SCHEME`; docs/exports.md lists those codes and what they mean.
"""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes as standard
from pydicom.sr.coding import Code

from fusion.anatomy import (
    JOINTS,
    LEVEL_CODES,
    PROCESS_CODES,
    SIDE_CODES,
    UPPER_JOINT_CODES,
    Joint,
)
from fusion.annotations import Answer, Decision
from fusion.errors import AnnotationError

#: Coding Scheme Designator of the private codes (PS3.16 section 8.2: 99 marks a private scheme).
SCHEME = "99FACETFUSION"

FINDING = standard.SCT.Finding
#: What viewers show as the label of a measurement group.
COMMENT = standard.DCM.Comment
IMAGING_PROCEDURE = standard.SCT.ImagingProcedure
DECISIONS = {
    Decision.POSITIVE: standard.SCT.Positive,
    Decision.NEGATIVE: standard.SCT.Negative,
    Decision.INDETERMINATE: standard.SCT.Indeterminate,
}
ANSWERS = {
    Answer.YES: standard.SCT.Yes,
    Answer.NO: standard.SCT.No,
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
SUVBW = standard.DCM.Suvbw

REGION_CATEGORY = standard.SCT.Function
REGION_TYPE = Code("uptake-region", SCHEME, "Region of uptake, not validated")


def site_codes(joint: Joint) -> tuple[Code, Code, Code | None]:
    """Return the codes of a joint: structure, laterality, level (None where not needed).

    A zygapophysial joint is named by its lower vertebra's process; which one is said by the level
    of the disc (docs/sources.md#codes). Readers that leave modifiers out (dcmqi, the rows of OHIF)
    keep the meaning of the structure, so that says which joint it is as well.
    """
    upper = UPPER_JOINT_CODES.get(joint.level)
    if upper is not None:
        return upper, SIDE_CODES[joint.side], None
    process = PROCESS_CODES["superior"]
    named = Code(process.value, process.scheme_designator, f"{process.meaning}, {joint.name}")
    return named, SIDE_CODES[joint.side], LEVEL_CODES[joint.level]


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
