"""Targets out of a structured report that this program wrote."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import Comprehensive3DSRStorage

from fusion.anatomy import Joint
from fusion.annotations import Decision, Target
from fusion.dicom import PARSE_ERRORS, ReportVersion, items, read_header, uid
from fusion.errors import AnnotationError, DicomError
from fusion.export.dicom import codes
from fusion.export.dicom.structured_report import (
    MAY_BE_EMPTY,
    MEASURED,
    METHOD,
    NO_KEY_WHILE_EMPTY,
    NUMBERING,
    TEXTS,
    code_of,
    concept_of,
    label_of,
)
from fusion.export.wording import stored_numbering
from fusion.json_form import from_json
from fusion.plain_text import plain
from fusion.registration import Method
from fusion.uptake import every_measure

#: What a name says besides when its level is doubtful or the reading a draft.
_DOUBT = re.compile(r" \((?:LEVEL )?[A-Z]+(?:, [A-Z]+)*\)")
#: What a report was made on: images of its study, and of others.
_EVIDENCE = "CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence"
#: How far the 32-bit coordinate may lie from the point in full, mm.
_COORDINATE_TOLERANCE_MM = 1e-3


def read_structured_report(path: str | Path) -> tuple[Target, ...]:
    """Read the Targets of a structured report that this program wrote.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    tuple of Target
        In the order of the report; equal to those that were written. Of a note, hidden characters
        and blanks at the ends of its lines are not kept.

    Raises
    ------
    DicomError
        Not a structured report that can be read.
    AnnotationError
        Its parts contradict each other, or it was not written by this program.
    """
    return read_whole_report(path).targets


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """What a structured report of this program holds.

    Parameters
    ----------
    targets : tuple of Target
        In its order.
    labels : tuple of str
        Their names as the report lists them: doubtful levels and drafts say that they are.
    said : tuple of str
        What it says of the reading as a whole.
    study_instance_uid : str
        Where it belongs.
    which : ReportVersion
        Which it is, and those that it amends.
    series : frozenset of str
        Series Instance UIDs of the images that it was made on.
    """

    targets: tuple[Target, ...]
    labels: tuple[str, ...]
    said: tuple[str, ...]
    study_instance_uid: str
    which: ReportVersion
    series: frozenset[str]


def read_whole_report(path: str | Path) -> StoredReport:
    """Read all of a structured report that this program wrote; see read_structured_report."""
    try:
        instance = read_header(Path(path), label=plain(Path(path).name))
        if instance is None:
            raise DicomError("The structured report cannot be read: it is damaged.")
        ds = instance.dataset
        if ds.get("SOPClassUID") != Comprehensive3DSRStorage:
            raise DicomError("This is not a Comprehensive 3D structured report.")
        groups: dict[str, list[Dataset]] = {}
        for group in _groups(ds):
            groups.setdefault(_one(group, "112040").UID, []).append(group)
        names = [str(_one(found[0], "112039").TextValue) for found in groups.values()]
        return StoredReport(
            targets=tuple(_target(name, found) for name, found in groups.items()),
            labels=tuple(names),
            said=tuple(_said(ds)),
            study_instance_uid=uid(ds, "StudyInstanceUID") or "",
            which=ReportVersion.of(ds),
            series=frozenset(
                uid(series, "SeriesInstanceUID") or ""
                for keyword in _EVIDENCE
                for study in items(ds, keyword)
                for series in items(study, "ReferencedSeriesSequence")
            ),
        )
    except (OSError, MemoryError) as exc:
        raise DicomError("The structured report cannot be read: it is damaged.") from exc
    # What pydicom stumbles over when an element is first asked for is among them.
    except (*PARSE_ERRORS, AttributeError, TypeError, AssertionError, RuntimeError) as exc:
        raise AnnotationError(
            "The structured report was not written by this program, or was changed since."
        ) from exc


def _said(ds: Dataset) -> Iterator[str]:
    """Yield what the report says of the reading as a whole, apart from what every one says."""
    for item in ds.ContentSequence:
        if code_of(item) == "C0034375":  # Qualitative Evaluations
            for inside in item.ContentSequence:
                if code_of(inside) in (NUMBERING, "alignment", "statement"):
                    yield plain(str(inside.TextValue))


def _groups(ds: Dataset) -> Iterator[Dataset]:
    for item in ds.ContentSequence:
        if code_of(item) == "126010":  # Imaging Measurements
            yield from (group for group in item.ContentSequence if code_of(group) == "125007")


def _value_code(item: Dataset) -> str:
    return str(item.ConceptCodeSequence[0].CodeValue)


def _all(group: Dataset, code: str) -> list[Dataset]:
    return [item for item in group.get("ContentSequence", []) if code_of(item) == code]


def _one(group: Dataset, code: str) -> Dataset:
    found = _all(group, code)
    if len(found) != 1:
        raise LookupError(f"{len(found)} items {code}")
    return found[0]


def _target(name: str, groups: Iterable[Dataset]) -> Target:
    with_point: list[Dataset] = []
    with_values: list[Dataset] = []
    for group in groups:
        points = [i for i in group.ContentSequence if i.ValueType == "SCOORD3D"]
        (with_point if points else with_values).append(group)
    if len(with_point) != 1 or len(with_values) != 1:
        raise LookupError("groups of one target")
    point_group, values = with_point[0], with_values[0]
    joints = {_joint(group) for group in (point_group, values)}
    names = {str(_one(group, "112039").TextValue) for group in (point_group, values)}
    if len(joints) != 1 or {_DOUBT.sub("", name) for name in names} != {next(iter(joints)).name}:
        raise AnnotationError("The structured report states two different joints for one target.")
    joint = joints.pop()
    content = _content(values)
    coordinate = next(i for i in point_group.ContentSequence if i.ValueType == "SCOORD3D")
    _check_point(content["point_lps"], coordinate)
    content |= {
        "target_id": f"{int(name.removeprefix('2.25.')):032x}",
        "level": joint.level,
        "side": joint.side.value,
        "frame_of_reference_uid": str(coordinate.ReferencedFrameOfReferenceUID),
        "decision": _answered(values, codes.DECISION, codes.DECISIONS),
        "grade": _answered(values, codes.GRADE, codes.GRADES),
        "clinically_concordant": _answered(values, codes.CONCORDANT, codes.ANSWERS),
        "inside_operative_bed": _answered(values, codes.OPERATIVE_BED, codes.ANSWERS),
    }
    _check_label(point_group, joint, content["decision"])
    content["placement"] |= {
        "level": joint.level,
        "side": joint.side.value,
        "point_lps": content["point_lps"],
    }
    measured = dict(_measured(values, content["uptake"]["unit"]))
    content["uptake"] = {**content["uptake"], "values": measured} if measured else None
    return from_json(Target, content, error=AnnotationError, what="A target cannot be read")


def _joint(group: Dataset) -> Joint:
    site = _one(group, "363698007")
    level = _all(site, "106233006")
    return codes.joint_of(
        _value_code(site),
        _value_code(_one(site, "272741003")),
        _value_code(level[0]) if level else None,
    )


def _content(group: Dataset) -> dict[str, Any]:
    """Return the nested values of the text items, as its JSON has them."""
    content: dict[str, Any] = {}
    for value, _, where, is_text in TEXTS:
        found = [i for i in _all(group, value) if i.ValueType == "TEXT"]
        said: Any = "" if where in MAY_BE_EMPTY else None
        if not found and where in NO_KEY_WHILE_EMPTY:
            continue
        if found:
            raw = str(found[0].TextValue).replace("\r\n", "\n")
            said = raw if is_text else json.loads(raw)
            if value == METHOD:
                said = Method.stored_of(said)
            said = stored_numbering(said) if value == NUMBERING else said
        inside = content
        for key in where[:-1]:
            inside = inside.setdefault(key, {})
        inside[where[-1]] = said
    return content


def _check_point(point: Sequence[float], coordinate: Dataset) -> None:
    stated = [float(v) for v in coordinate.GraphicData]
    if coordinate.GraphicType != "POINT" or len(stated) != 3:
        raise AnnotationError("The structured report does not hold one point for each target.")
    if math.dist(point, stated) > _COORDINATE_TOLERANCE_MM:
        raise AnnotationError(
            "The structured report states two different points for one target; it was changed."
        )


def _check_label(point_group: Dataset, joint: Joint, decision: Decision) -> None:
    # Reports of early versions have no label.
    for item in _all(point_group, codes.COMMENT.value):
        if _DOUBT.sub("", str(item.TextValue)) != label_of(joint.name, decision):
            raise AnnotationError(
                "The structured report states another joint or decision beside the point than in "
                "its codes; it was changed."
            )


def _answered(group: Dataset, question: Code, answers: Mapping[Any, Code]) -> Any:
    found = [i for i in _all(group, question.value) if i.ValueType == "CODE"]
    if not found:
        return None
    return next(key for key, code in answers.items() if code.value == _value_code(found[0]))


def _measured(group: Dataset, unit: str | None) -> Iterator[tuple[str, float]]:
    names = {}
    for measure in every_measure():
        concept, derivation = concept_of(measure, unit or "")
        names[concept.value, derivation and derivation.value] = measure.name
    for item in group.ContentSequence:
        if item.ValueType != "NUM":
            continue
        concept = item.ConceptNameCodeSequence[0]
        statistic = _all(item, "121401")
        key = concept.CodeValue, (_value_code(statistic[0]) if statistic else None)
        name = str(concept.CodeMeaning) if key[0] == MEASURED else names[key]
        yield name, float(item.MeasuredValueSequence[0].FloatingPointValue)
