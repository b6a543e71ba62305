"""Write docs/reading.schema.json from the classes that reading.json is made of.

Run it after a field was added; a test holds that the file is current.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fusion.anatomy.joints import LEVELS, VERTEBRAE
from fusion.annotations.changes import KINDS, Change
from fusion.annotations.reading import ReadingDocument
from fusion.annotations.target import GRADES
from fusion.facets.spine_statements import ANOMALIES

PATH = Path(__file__).resolve().parents[1] / "docs" / "reading.schema.json"

#: What a class checks by itself and its types do not say.
ONE_OF = {
    ("Target", "grade"): [*GRADES, None],
    ("VertebraNamed", "vertebra"): list(VERTEBRAE[1:]),
    ("AnomalyRecorded", "anomaly"): list(ANOMALIES),
}
TEXT = {"type": "string"}
UID = {"type": "string", "pattern": "^[0-9.]{1,64}$"}
COUNT = {"type": "integer", "minimum": 0}


class Form(GenerateJsonSchema):
    """Every key is there, and means what the docstring of its class says."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Leave out titles that only repeat the key."""
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:
        """Require what is always written, whether or not it may be left out in Python."""
        return "serialization_exclude_if" not in field

    def dataclass_schema(self, schema: Any) -> dict[str, Any]:
        """Describe each key."""
        form = super().dataclass_schema(schema)
        said = parameters(schema["cls"])
        form["description"] = plain(inspect.getdoc(schema["cls"]).partition("\n")[0])
        form.pop("title", None)
        for field in schema["schema"]["fields"]:
            key = field.get("serialization_alias", field["name"])
            form["properties"][key].pop("default", None)
            if field["name"] in said:
                form["properties"][key] |= {"description": said[field["name"]]}
        return form


def parameters(cls: type) -> dict[str, str]:
    """Return what a docstring says of each parameter, in one line."""
    text = (inspect.getdoc(cls) or "").partition("Parameters\n----------\n")[2]
    text = text.partition("\n\n")[0]
    said = {}
    for names, lines in re.findall(r"^(\w[\w, ]*) : .*\n((?:    .*\n?)+)", text, re.MULTILINE):
        said |= dict.fromkeys(names.split(", "), plain(" ".join(lines.split())))
    return said


def plain(words: str) -> str:
    """Return the words of a docstring without its marks, and as JSON names things."""
    words = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"\1", words).replace("``", "")
    return re.sub(r"\bNone\b", "null", words)


def all_of(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return an object that has all of these keys."""
    return {"type": "object", "properties": properties, "required": list(properties), **more}


def document() -> dict[str, Any]:
    """Return the schema."""
    reading = TypeAdapter(ReadingDocument).json_schema(
        mode="serialization", schema_generator=Form, ref_template="#/$defs/{model}"
    )
    forms = {**reading.pop("$defs"), "ReadingDocument": reading}
    reading["required"].remove("anatomy")  # the first files do not have it
    for name, form in forms.items():
        keys = form.get("properties", {})
        if {"level", "side"} <= set(keys):
            keys["level"] = {"enum": list(LEVELS)}
            keys["side"] = {"enum": ["left", "right"], "description": "Side of the patient."}
        for key in keys:
            if (name, key) in ONE_OF:
                said = keys[key].get("description", "")
                keys[key] = {"enum": ONE_OF[name, key], "description": said}
    event = forms["Event"]
    # Which keys a change has follows from the kind beside it.
    event["properties"]["change"] = {"type": "object"}
    event["allOf"] = [
        {
            "if": {"properties": {"kind": {"const": kind}}},
            "then": {"properties": {"change": {"$ref": f"#/$defs/{change.__name__}"}}},
        }
        for kind, change in zip(KINDS, get_args(Change), strict=True)
    ]
    block = all_of(
        {
            "nerve": TEXT,
            "name": TEXT,
            "side": {"enum": ["left", "right"]},
            "landmark": TEXT,
            "joints": {"type": "array", "items": TEXT},
            "source": TEXT,
        },
        additionalProperties=False,
    )
    blocks = {
        "joint_count": COUNT,
        "nerve_count": COUNT,
        "joints": {"type": "array", "items": TEXT},
        "nerves": {"type": "array", "items": block},
        "without_nerves": {"type": "array", "items": all_of({"joint": TEXT, "why": TEXT})},
        "notices": {"type": "array", "items": TEXT},
        "map_version": TEXT,
        "set_apart": {
            "type": "array",
            "description": "positive joints for which nothing is proposed",
            "items": all_of(
                {
                    "joint": TEXT,
                    "why": TEXT,
                    "nerves": {"type": "array", "items": TEXT},
                    "why_none": TEXT,
                }
            ),
        },
    }
    region = {
        "joint": TEXT,
        "target_id": TEXT,
        "voxels": COUNT,
        "maximum": {
            "type": ["number", "null"],
            "description": "as measured when the reader decided; null where it was not",
        },
        "outlined_from": {"type": ["number", "null"], "description": "null for an empty region"},
    }
    joint = {
        "level": {"enum": list(LEVELS)},
        "side": {"enum": ["left", "right"]},
        "label": TEXT,
        "decision": TEXT,
        "remarks": {"type": "array", "items": TEXT},
    }
    severity = {"enum": ["info", "warning", "error"]}
    finding = all_of({"severity": severity, "code": TEXT, "message": TEXT})
    written = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:facetfusion:reading:1",
        "title": "reading.json of facetfusion, version 1",
        "description": "Keys are only ever added. Research and education software, not a medical "
        "device.",
        **all_of(
            {
                "schema_version": {"const": 1},
                "disclaimer": TEXT,
                "levels": TEXT,
                "simulated": {"type": "boolean"},
                "study_instance_uid": UID,
                "patient": all_of({"name": TEXT, "id": TEXT, "birth_date": TEXT, "sex": TEXT}),
                "registration": {
                    "type": "object",
                    "description": "the alignment that pictures and regions are made with, as in "
                    "registration.json",
                },
                "pathway": all_of(
                    {"assessed": {"type": "boolean"}, "text": TEXT}, description="as in review.json"
                ),
                "blocks": all_of(blocks, description="never a coordinate"),
                "uptake_regions": all_of(
                    {"rule": TEXT, "regions": {"type": "array", "items": all_of(region)}}
                ),
                "limitations": {
                    "type": "array",
                    "description": "What has to be said with every reading.",
                    "items": TEXT,
                },
                "account": all_of(
                    {
                        "state": TEXT,
                        "levels": {"type": "array", "items": TEXT},
                        "alignment": TEXT,
                        "undecided": {"type": "array", "items": TEXT},
                        "joints": {"type": "array", "items": all_of(joint)},
                    },
                    description="What is true of this reading, in the words of every output; for "
                    "people, and not read back.",
                ),
                "cautions": {
                    "type": "array",
                    "description": "Sentences that stand on every output: doubtful levels, a "
                    "draft, what was supplied or assumed.",
                    "items": TEXT,
                },
                "findings": {"type": "array", "items": finding},
                "software": {"type": "object", "additionalProperties": TEXT},
                "reading": {
                    "anyOf": [{"$ref": "#/$defs/ReadingDocument"}, {"type": "null"}],
                    "description": "null when nobody has read the study",
                },
            }
        ),
        "$defs": forms,
    }
    for later in ("limitations", "cautions", "account"):  # the first files do not have them
        written["required"].remove(later)
    return written


def text() -> str:
    """Return the content of the file."""
    return json.dumps(document(), indent=2) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "ascii")
