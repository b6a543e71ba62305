"""A reading for health records: one FHIR R4B bundle that asks for nothing (docs/sources.md#fhir).

Findings are Observations of a DiagnosticReport. The block plan is a proposal in draft, so no system
can take it for an order. The imaging pathway is a PlanDefinition; what it answers for this patient,
with the facts that were recorded, is a GuidanceResponse.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydicom.sr.coding import Code

from fusion.annotations import NerveBlock
from fusion.export.account import JointAccount, label
from fusion.export.dicom import codes
from fusion.export.dicom.structured_report import concept_of, unit_code
from fusion.export.edition import Edition
from fusion.export.handout import Handout
from fusion.export.wording import CONFIRM
from fusion.json_form import write_json
from fusion.pathway import published_pathway
from fusion.plain_text import iso_date, person_name, plain
from fusion.software import DISCLAIMER, own_version
from fusion.uptake import measure_named, unknown_measure

#: Name of the file.
FHIR = "fhir.json"
#: What our own codes are called, in DICOM and here.
_OURS = "urn:facetfusion:codes"
_SYSTEMS = {
    "SCT": "http://snomed.info/sct",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "LN": "http://loinc.org",
    "UCUM": "http://unitsofmeasure.org",
    codes.SCHEME: _OURS,
}
_PLAN = "urn:facetfusion:pathway"
_SEXES = {"M": "male", "F": "female", "O": "other"}


def export_fhir(handout: Handout, folder: Path) -> tuple[Path, ...]:
    """Write the bundle."""
    path = folder / FHIR
    write_json(path, fhir_bundle(handout))
    return (path,)


def fhir_bundle(handout: Handout) -> dict[str, Any]:
    """Return the bundle: a collection, in which every resource refers to others of it."""
    edition = handout.edition
    resources = [
        _patient(handout),
        _study(handout),
        _device(edition),
        *_reader(handout),
        *(_observation(handout, joint) for joint in handout.account.joints),
        _report(handout),
        *(_proposal(handout, block) for block in handout.plan.nerves),
        *_pathway(handout),
    ]
    return {
        "resourceType": "Bundle",
        "id": _id(edition, "bundle"),
        "type": "collection",
        "timestamp": _instant(handout),
        "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources],
    }


def guidance(
    assessment: Mapping[str, Any], edition: Edition, *, subject: str
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the pathway, the facts that were recorded, and what it answers to them.

    Parameters
    ----------
    assessment : mapping
        ``Assessment.to_json()``.
    edition : Edition
        What the resources are called.
    subject : str
        Reference to the patient.

    Returns
    -------
    plan, facts, response : dict
        PlanDefinition, Parameters, GuidanceResponse.
    """
    plan, about = _plan(edition), assessment.get("guideline", {})
    verdict = str(assessment["verdict"])
    open_facts = [str(fact) for fact in assessment.get("need", ())]
    facts = _resource(
        "Parameters",
        edition,
        "facts",
        parameter=[
            {"name": "verdict", "valueCode": verdict},
            *(_parameter(name, value) for name, value in assessment.get("facts", {}).items()),
        ],
    )
    response = _resource(
        "GuidanceResponse",
        edition,
        "guidance",
        moduleCanonical=f"{_PLAN}|{about.get('version', plan['version'])}",
        # What is not recorded is asked for, never taken as no.
        status="data-required" if open_facts else "success",
        subject={"reference": subject},
        occurrenceDateTime=str(assessment["time"]),
        reasonCode=[
            {
                "coding": [{"system": _PLAN, "code": verdict}],
                "text": plain(str(assessment["words"])),
            }
        ],
        note=[{"text": plain(str(assessment["words"]))}, {"text": DISCLAIMER}],
        outputParameters=_reference(facts),
        dataRequirement=[
            {"type": "Observation", "codeFilter": [{"code": [{"system": _PLAN, "code": fact}]}]}
            for fact in open_facts
        ],
    )
    return plan, facts, response


def _plan(edition: Edition) -> dict[str, Any]:
    guideline = published_pathway()
    source = guideline.source
    return _resource(
        "PlanDefinition",
        edition,
        "pathway",
        url=_PLAN,
        version=source.version,
        title=source.title,
        status="active",
        publisher=source.publisher,
        description=f"{source.words}. {source.limits}",
        relatedArtifact=[{"type": "citation", "citation": source.words}],
        action=[
            {"prefix": statement.id, "textEquivalent": statement.quoted}
            for statement in guideline.statements
        ],
    )


def _parameter(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"name": name, "valueBoolean": value}
    if isinstance(value, int):
        return {"name": name, "valueInteger": value}
    if isinstance(value, Mapping):
        parts = [_parameter(key, one) for key, one in value.items() if one not in (None, "", [])]
        return {"name": name, "part": parts} if parts else {"name": name, "valueString": "none"}
    if isinstance(value, list | tuple):
        parts = [_parameter(str(n), one) for n, one in enumerate(value, start=1)]
        return {"name": name, "part": parts} if parts else {"name": name, "valueString": "none"}
    return {"name": name, "valueString": plain(str(value)) or "none"}


# The resources of a reading


def _patient(handout: Handout) -> dict[str, Any]:
    patient = handout.review.patient
    return _resource(
        "Patient",
        handout.edition,
        "patient",
        identifier=[{"value": plain(patient.patient_id)}] if plain(patient.patient_id) else [],
        name=[{"text": person_name(patient.name)}] if person_name(patient.name) else [],
        birthDate=_day(patient.birth_date),
        gender=_SEXES.get(patient.sex.strip().upper(), "unknown"),
    )


def _study(handout: Handout) -> dict[str, Any]:
    study = handout.review.study
    return _resource(
        "ImagingStudy",
        handout.edition,
        "study",
        identifier=[
            {"system": "urn:dicom:uid", "value": f"urn:oid:{study.study_instance_uid}"},
        ],
        status="available",
        subject=_to(handout.edition, "patient"),
        started=_day(study.date),
        description=plain(study.description),
    )


def _device(edition: Edition) -> dict[str, Any]:
    return _resource(
        "Device",
        edition,
        "device",
        deviceName=[{"name": "facetfusion", "type": "manufacturer-name"}],
        version=[{"value": own_version()}],
        note=[{"text": DISCLAIMER}],
    )


def _reader(handout: Handout) -> Iterator[dict[str, Any]]:
    if handout.reading is not None:
        name = plain(handout.reading.reader)
        yield _resource("Practitioner", handout.edition, "reader", name=[{"text": name}])


def _status(handout: Handout) -> str:
    if handout.reading is None:
        return "registered"
    if not handout.is_final:
        return "preliminary"
    return "amended" if handout.edition.number > 1 else "final"


def _report(handout: Handout) -> dict[str, Any]:
    edition, account = handout.edition, handout.account
    apart = (
        f"{account.of_joint(one.joint).label}: {one.sentence}" for one in handout.plan.set_apart
    )
    said = (*account.sentences, *apart, *handout.cautions, CONFIRM, DISCLAIMER)
    return _resource(
        "DiagnosticReport",
        edition,
        "report",
        status=_status(handout),
        code=_concept(Code("18748-4", "LN", "Diagnostic imaging report")),
        subject=_to(edition, "patient"),
        effectiveDateTime=_day(handout.review.study.date),
        issued=_instant(handout),
        resultsInterpreter=[_to(edition, "reader")] if handout.reading else [],
        imagingStudy=[_to(edition, "study")],
        result=[_to(edition, one.joint.name) for one in account.joints],
        conclusion="\n".join(map(plain, said)),
    )


def _observation(handout: Handout, account: JointAccount) -> dict[str, Any]:
    edition, target = handout.edition, account.target
    structure = codes.site_codes(account.joint)[0]
    apart = handout.plan.why_apart(account.joint)
    about: dict[str, Any] = {"issued": _instant(handout)}
    if target is None:
        about["dataAbsentReason"] = {"text": account.decision}
    else:
        about = {
            "issued": target.time.isoformat(),
            "valueCodeableConcept": _concept(codes.DECISIONS[target.decision]),
            "component": list(_components(account)),
            "note": [
                {"text": said} for said in (*account.remarks, apart, target.shown_note) if said
            ],
        }
    return _resource(
        "Observation",
        edition,
        account.joint.name,
        status=_status(handout),
        code=_concept(codes.DECISION),
        subject=_to(edition, "patient"),
        effectiveDateTime=_day(handout.review.study.date),
        performer=[_to(edition, "reader")] if target else [],
        device=_to(edition, "device"),
        # Side and level are in the text: codes beside each other would be taken for synonyms.
        bodySite={**_concept(structure), "text": account.label},
        **about,
    )


def _components(account: JointAccount) -> Iterator[dict[str, Any]]:
    target = account.target
    assert target is not None
    answers = (
        (codes.GRADE, None if target.grade is None else codes.GRADES[target.grade]),
        (codes.CONCORDANT, _answer(target.clinically_concordant)),
        (codes.OPERATIVE_BED, _answer(target.inside_operative_bed)),
    )
    for question, answer in answers:
        if answer is not None:
            yield {"code": _concept(question), "valueCodeableConcept": _concept(answer)}
    for name, value in (target.uptake or {}).items():
        measure = measure_named(name) or unknown_measure(name)
        unit = str(target.uptake.unit) if target.uptake else ""
        concept, statistic = concept_of(measure, unit)
        coded = Code(*(measure.unit.ucum or unit_code(unit)))
        meaning = (
            concept.meaning if statistic is None else f"{concept.meaning}, {statistic.meaning}"
        )
        yield {
            "code": {**_concept(concept), "text": plain(meaning)},
            "valueQuantity": {
                "value": float(value),
                "unit": coded.meaning,
                "system": _SYSTEMS["UCUM"],
                "code": coded.value,
            },
        }


def _answer(answer: Any) -> Code | None:
    return None if answer is None else codes.ANSWERS[answer]


def _proposal(handout: Handout, block: NerveBlock) -> dict[str, Any]:
    """Return one nerve of the plan as a proposal in draft.

    A joint that is set apart has none: a worklist shows the text of a request, not its notes, and
    ``doNotPerform`` would be a ban that nobody spoke. Why it is set apart stands with its
    Observation and in the conclusion.
    """
    edition = handout.edition
    name = label(block.name, block.joints, handout.reading, handout.doubts)
    said = (*handout.plan.notices, *handout.cautions, CONFIRM, DISCLAIMER)
    return _resource(
        "ServiceRequest",
        edition,
        block.name,
        status="draft",
        intent="proposal",
        code={"text": f"Diagnostic block to be considered: {name}"},
        subject=_to(edition, "patient"),
        bodySite=[{"text": f"{block.side.value.capitalize()}: {block.nerve.landmark}"}],
        reasonReference=[_to(edition, joint.name) for joint in block.joints],
        note=[{"text": sentence} for sentence in dict.fromkeys(said)],
    )


def _pathway(handout: Handout) -> Iterator[dict[str, Any]]:
    assessment = handout.assessment
    # Left unanswered, or withheld without identity: then there is nothing that it answered.
    if assessment is not None and "verdict" in assessment:
        subject = _to(handout.edition, "patient")["reference"]
        yield from guidance(assessment, handout.edition, subject=subject)


# Forms


def _resource(kind: str, edition: Edition, what: str, **content: Any) -> dict[str, Any]:
    """Return a resource; FHIR has no key for what is empty."""
    said = {key: value for key, value in content.items() if value not in (None, "", [], {})}
    return {"resourceType": kind, "id": _id(edition, what), **said}


def _id(edition: Edition, what: str) -> str:
    return str(uuid.UUID(int=int(edition.uid("fhir", what).removeprefix("2.25."))))


def _to(edition: Edition, what: str) -> dict[str, str]:
    return {"reference": f"urn:uuid:{_id(edition, what)}"}


def _reference(resource: Mapping[str, Any]) -> dict[str, str]:
    return {"reference": f"urn:uuid:{resource['id']}"}


def _concept(code: Code) -> dict[str, Any]:
    coding = {
        "system": _SYSTEMS[code.scheme_designator],
        "code": code.value,
        "display": code.meaning,
    }
    return {"coding": [coding], "text": code.meaning}


def _day(value: str) -> str:
    """Return a DICOM date as FHIR writes it; empty for what is none."""
    said = iso_date(plain(value))
    return said if len(said) == 10 and said[:4].isdigit() else ""


def _instant(handout: Handout) -> str:
    """Return when the content came about; one that stands for another is in UTC."""
    made = handout.edition.made
    return made.isoformat() if made.tzinfo else f"{made.isoformat()}+00:00"
