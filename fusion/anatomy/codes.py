"""Codes of SNOMED CT for what this program names: sides, levels, joints, bones, processes.

They stand here once, for what is written (SR, SEG) and for what is read (SEG of others). Those
that the standard's own dictionary has come from there, so that no digit can be mistyped
(docs/sources.md#codes).
"""

from __future__ import annotations

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from fusion.anatomy.joints import Side

#: CID 244 and 247.
SIDE_CODES: dict[Side, Code] = {Side.LEFT: codes.SCT.Left, Side.RIGHT: codes.SCT.Right}
PROCESS_CODES: dict[str, Code] = {
    "superior": codes.SCT.SuperiorArticularProcessOfVertebra,
    "inferior": codes.SCT.InferiorArticularProcessOfVertebra,
}
#: CID 1003, by the level of the joints.
LEVEL_CODES: dict[str, Code] = {
    "C2-C3": codes.SCT.LevelOfC2C3IntervertebralDisc,
    "C3-C4": codes.SCT.LevelOfC3C4IntervertebralDisc,
    "C4-C5": codes.SCT.LevelOfC4C5IntervertebralDisc,
    "C5-C6": codes.SCT.LevelOfC5C6IntervertebralDisc,
    "C6-C7": codes.SCT.LevelOfC6C7IntervertebralDisc,
    "C7-T1": codes.SCT.LevelOfC7T1IntervertebralDisc,
}
#: The two that are no zygapophysial joints have a code of their own (CID 7483).
UPPER_JOINT_CODES: dict[str, Code] = {
    "C0-C1": codes.SCT.AtlantoOccipitalJoint,
    # The dictionary has another meaning for this code than most people use.
    "C1-C2": Code("62555009", "SCT", "Atlantoaxial joint"),
}
#: Bones that other people's segmentations name; the skull may be named as a whole.
BONE_CODES: tuple[tuple[Code, str], ...] = (
    (codes.SCT.Skull, "C0"),
    (codes.SCT.OccipitalBone, "C0"),
    (codes.SCT.C1Vertebra, "C1"),
    (codes.SCT.C2Vertebra, "C2"),
    (codes.SCT.C3Vertebra, "C3"),
    (codes.SCT.C4Vertebra, "C4"),
    (codes.SCT.C5Vertebra, "C5"),
    (codes.SCT.C6Vertebra, "C6"),
    (codes.SCT.C7Vertebra, "C7"),
    (codes.SCT.T1Vertebra, "T1"),
)
#: "Vertebra" without saying which one.
VERTEBRA_CODE: Code = codes.SCT.Vertebra
