"""JSON from frozen dataclasses and back: the fields are the keys, pydantic does the rest.

Where a key is not simply a field, the class says so: a field of another name has a pydantic alias,
a field that is left out while empty is :data:`UNLESS_EMPTY`, and a class whose values mix in
:class:`JsonForm` names what stands among its keys.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar, cast, get_args, get_type_hints

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from fusion.errors import FusionError

T = TypeVar("T")

#: A moment with its time zone, as Python writes it.
Moment = Annotated[
    datetime,
    PlainSerializer(datetime.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
#: Marks a field that has no key while it is empty, as in files from before there was one.
UNLESS_EMPTY = Field(exclude_if=lambda value: not value)

#: What is wrong with a value, by the kind of pydantic's error; never the value itself, which may be
#: a name or a note.
_WRONG = {
    "missing": "is missing",
    "contradiction": "contradicts the rest",
    "union_tag_invalid": "is of a kind that this version does not know",
    "union_tag_not_found": "is of no kind",
}


def rounded(value: float | None, digits: int = 2) -> float | None:
    """Return a number as files have it; None for one that is not known or not finite."""
    return None if value is None or not math.isfinite(value) else round(float(value), digits)


class JsonForm:
    """Mixin for a dataclass whose keys are not simply its fields.

    Attributes
    ----------
    in_place : str
        A field whose own keys stand among those of the class: ``joint`` as ``level`` and ``side``.
    derived : tuple of str
        Properties that have a key as well, for those who only read. They are required, and refused
        where they contradict the fields.
    """

    __slots__ = ()
    in_place: ClassVar[str] = ""
    derived: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        plain = {**handler(source)}
        # The name under which pydantic finds the class again has to lead here, not past it.
        reference = plain.pop("ref")
        return core_schema.no_info_wrap_validator_function(
            cls._read,
            cast(CoreSchema, plain),
            ref=cast(str, reference),
            serialization=core_schema.wrap_serializer_function_ser_schema(
                cls._written, schema=cast(CoreSchema, plain)
            ),
        )

    @classmethod
    def _read(cls, content: Any, fields_of: Callable[[Any], Any]) -> Any:
        if not isinstance(content, Mapping):
            return fields_of(content)
        value = fields_of(cls._as_fields(dict(content)))
        for name in cls.derived:
            if name not in content:
                raise PydanticCustomError("missing", "A key is missing.")
            if to_json(getattr(value, name)) != content[name]:
                raise PydanticCustomError("contradiction", "Two keys contradict each other.")
        return value

    @classmethod
    def _as_fields(cls, content: dict[str, Any]) -> dict[str, Any]:
        if cls.in_place:
            kind: Any = cls
            inner = _keys_in_place(kind)
            content[cls.in_place] = {key: content[key] for key in inner if key in content}
        return content

    def _written(self, fields_of: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key, value in fields_of(self).items():
            content.update(value if key == self.in_place else {key: value})
        return content | {name: to_json(getattr(self, name)) for name in self.derived}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        reference = handler(schema)
        form = handler.resolve_ref_schema(reference)
        properties: dict[str, Any] = {}
        required: list[str] = []
        for key, value in form["properties"].items():
            if key == cls.in_place:
                inner = _schema(get_type_hints(cls)[key])
                properties |= inner["properties"]
                required += inner["required"]
            else:
                properties[key] = value
                required += [key] if key in form["required"] else []
        for name in cls.derived:
            said = get_type_hints(getattr(cls, name).fget, include_extras=True)["return"]
            properties[name] = _schema(said)
        # In place: what refers to this class by its name is meant to find it so.
        form |= {"properties": properties, "required": [*dict.fromkeys((*required, *cls.derived))]}
        return reference


class ByKind:
    """Marks a union of classes that are told apart by ``kind``, a class attribute of each."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.tagged_union_schema(
            {member.kind: handler.generate_schema(member) for member in get_args(source)},
            lambda value: (
                value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
            ),
        )


def _kind_of(value: Any) -> Any:
    return value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)


class AtJoint(JsonForm):
    """Mixin for what is said of one joint: its level and its side are keys of their own."""

    __slots__ = ()
    in_place = "joint"


def to_json(value: Any) -> Any:
    """Return what ``json.dumps`` takes; of a dataclass, a dict with its fields as keys."""
    return _adapter(type(value)).dump_python(value, mode="json", by_alias=True, warnings="error")


def from_json(kind: type[T], content: Any, *, error: type[FusionError], what: str) -> T:
    """Return what :func:`to_json` made JSON of, to the last key.

    A key that is missing or not known is refused: what it says would be lost.

    Parameters
    ----------
    kind : type
        Of the value.
    content : any JSON value
        From a file that may have been changed since.
    error : type of FusionError
        Raised where it is not what was written.
    what : str
        Begins the sentence of that error, for example ``"A target cannot be read"``.
    """
    try:
        value: T = _adapter(kind).validate_python(content)
        wrong = "" if to_json(value) == content else "it holds more or less than is written there"
    except ValidationError as exc:
        wrong = _problem(kind, exc)
    if wrong:
        # Without the cause: it quotes the content, and a traceback may end up in a log.
        raise error(
            f"{what}: {wrong}. It was written by a newer version of this program, or was changed "
            "since."
        )
    return value


def json_text(document: Any) -> str:
    """Return a document as a file holds it; ASCII, so that every encoding reads it the same.

    Raises
    ------
    ValueError
        A number in it is not finite.
    """
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def write_json(path: Path, document: Any) -> None:
    """Write :func:`json_text` to a file."""
    path.write_text(json_text(document), "ascii")


def _adapter(kind: Any) -> TypeAdapter[Any]:
    return _adapter_of(kind)


@functools.cache
def _adapter_of(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@functools.cache
def _schema_text(kind: Any) -> str:
    return json.dumps(TypeAdapter(kind).json_schema(mode="serialization"))


def _schema(kind: Any) -> dict[str, Any]:
    """Return a JSON schema without definitions of its own."""
    schema = TypeAdapter(kind).json_schema(mode="serialization")
    definitions = schema.pop("$defs", {})
    properties = schema.get("properties", {})
    for key, value in properties.items():
        properties[key] = definitions.get(value.get("$ref", "").rpartition("/")[2], value)
    return schema


@functools.cache
def _keys_in_place(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(get_type_hints(kind)[kind.in_place]))


def _problem(kind: Any, exc: ValidationError) -> str:
    """Say where the first thing is that is wrong, and what, without the thing itself."""
    first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    known = _schema_text(kind)
    # A key that is none of ours may be anything, also a name.
    where = (str(part) for part in first["loc"] if isinstance(part, int) or f'"{part}"' in known)
    wrong = _WRONG.get(first["type"], "is not what this program writes there")
    return f"{' > '.join(where) or 'it'} {wrong}"
