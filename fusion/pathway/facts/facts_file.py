"""``FACTS.toml``: reading it without trusting it, writing it, and its template."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from fusion.errors import PathwayError
from fusion.pathway.facts.facts import (
    QUESTIONS,
    SCHEMA_VERSION,
    TARGET_QUESTIONS,
    Asked,
    Facts,
    answers,
    in_the_future,
)

#: A facts file is a page; anything larger is not one.
LARGEST_FILE_BYTES = 256 * 1024

#: More complaints than this help nobody.
MOST_COMPLAINTS = 10

_KEY = re.compile(r"""^\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*(?:=|\.)""")
_TABLE = re.compile(r"""^\s*\[{1,2}\s*["']?([^\]"']*?)["']?\s*\]{1,2}""")


def read_facts(path: Path, *, today: dt.date | None = None) -> Facts:
    """Read a facts file.

    Parameters
    ----------
    path : Path
        The file.
    today : datetime.date, optional
        Refuse what is recorded as done after this day.

    Raises
    ------
    PathwayError
        The file can't be read, or its content is refused: each complaint with its line.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else None
        raise PathwayError(f"{path}: cannot be read ({reason or 'not a path'}).") from exc
    if len(content) > LARGEST_FILE_BYTES:
        raise PathwayError(
            f"{path}: larger than {LARGEST_FILE_BYTES // 1024} KiB; a facts file holds a page of "
            "text. See facetfusion pathway --facts-template."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content[: exc.start].count(b"\n") + 1
        raise PathwayError(f"{path}, line {line}: not UTF-8 text; save it as UTF-8.") from exc
    return parse_facts(text, label=str(path), today=today)


def parse_facts(text: str, *, label: str = "facts", today: dt.date | None = None) -> Facts:
    """Read facts from TOML text; see :func:`read_facts`."""
    try:
        values = tomllib.loads(text)
    except RecursionError as exc:
        raise PathwayError(f"{label}: brackets are nested too deeply for a facts file.") from exc
    except ValueError as exc:  # TOMLDecodeError, and numbers too long for Python
        stated = re.search(r" \(at line ([0-9]+), column [0-9]+\)", str(exc))
        line = stated.group(1) if stated else str(len(text.splitlines()) or 1)
        reason = str(exc).replace(stated.group(0), "") if stated else str(exc)
        raise PathwayError(
            f"{label}, line {line}: cannot be read as a facts file: {reason}. "
            "Compare with facetfusion pathway --facts-template."
        ) from exc
    return facts_from_values(values, label=label, lines=_Lines(text), today=today)


def facts_from_values(
    values: Mapping[str, Any],
    *,
    label: str = "facts",
    lines: _Lines | None = None,
    today: dt.date | None = None,
) -> Facts:
    """Check values by key, as a file or a stored reading holds them.

    Parameters
    ----------
    values : mapping
        By key of :class:`Facts`; ``schema_version`` may stand among them.
    label : str
        What is being read, for the message.
    lines : optional
        Where each key stands, when the values come from a file.
    today : datetime.date, optional
        Refuse what is recorded as done after this day.

    Raises
    ------
    PathwayError
        Unknown keys, wrong types, contradictory dates or a schema of the future.
    """
    lines = lines or _Lines("")
    given = dict(values)
    version = given.pop("schema_version", SCHEMA_VERSION)
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise PathwayError(
            f"{label}{lines.at('schema_version')}: the file's version (schema_version) is "
            f"{_show(version)}; expected {SCHEMA_VERSION}."
        )
    if version > SCHEMA_VERSION:
        raise PathwayError(
            f"{label}{lines.at('schema_version')}: the file states version {version}, of a newer "
            f"facetfusion; this one reads up to {SCHEMA_VERSION}. Nothing was read from it."
        )
    try:
        facts = Facts.model_validate(given)
    except (ValidationError, RecursionError) as exc:
        raise PathwayError(_complaints(exc, label, lines)) from exc
    if today is not None:
        complaints = [f"{label}{lines.at(key)}: {why}." for key, why in in_the_future(facts, today)]
        if complaints:
            raise PathwayError("\n".join(complaints))
    return facts


def facts_toml(facts: Facts) -> str:
    """Write facts as a facts file; reading it back gives the same facts."""
    recorded = facts.recorded()
    targets = recorded.pop("targets", [])
    # Tables one by one, as in the template: the writer would put short ones into a line.
    tables = [tomli_w.dumps({"schema_version": SCHEMA_VERSION, **recorded})]
    tables += [f"[[targets]]\n{tomli_w.dumps(target)}" for target in targets]
    return "\n".join(tables)


def facts_template() -> str:
    """Return a facts file with every fact explained and none recorded."""
    rows = [
        "# Facts for the pathway checker: facetfusion pathway FACTS.toml",
        "#",
        "# Remove the # in front of a line to record that fact. A fact without a line is",
        '# "not recorded", which is never taken as "no". Yes is true, no is false.',
        '# Dates: 2024-05-17 when the day is known, otherwise "2024-05" or "2024" in quotes.',
        "# No names or numbers of patients belong here.",
        "",
        f"schema_version = {SCHEMA_VERSION}",
    ]
    shown = ""
    for key, asked in QUESTIONS.items():
        if key == "targets":
            continue
        rows += [""] if asked.fact != shown else []
        shown = asked.fact
        rows += _explained(key, asked, _example(key))
    rows += ["", "# One [[targets]] table for each target.", "# [[targets]]"]
    for key, asked in TARGET_QUESTIONS.items():
        example = '"Left C5-C6"' if key == "name" else "true"
        rows += _explained(key, asked, example)
    return "\n".join(rows) + "\n"


def _explained(key: str, asked: Asked, example: str) -> list[str]:
    rows = [f"# {asked.question}"]
    rows += [f"#     {asked.help}"] if asked.help else []
    choices = answers(key) if key in QUESTIONS else ()
    if choices and choices != ("true", "false"):
        how_many = "Any" if key == "planned_uses" else "One"
        rows.append(f"#     {how_many} of: {', '.join(choices)}")
    return [*rows, f"# {key} = {example}"]


def _example(key: str) -> str:
    if key == "planned_uses":
        return '["localise target", "plan block"]'
    if key == "surgery_levels":
        return '["C5-C6", "C6-C7"]'
    if key == "other_red_flag":
        return '"in your words"'
    choices = answers(key)
    return choices[-1 if choices[0] == '"none"' else 0] if choices else "2024-05-17"


def _show(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        cut = value if len(value) <= 60 else value[:60] + "…"
        return json.dumps(cut)
    if isinstance(value, (int, float, dt.date, dt.time)):
        try:
            return str(value)[:60]
        except ValueError:  # more digits than Python prints
            return "a very long number"
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else "something else"


def _complaints(exc: ValidationError | RecursionError, label: str, lines: _Lines) -> str:
    if isinstance(exc, RecursionError):
        return f"{label}: brackets are nested too deeply for a facts file."
    all_complaints = list(dict.fromkeys(_each(exc, label, lines)))
    shown = all_complaints[:MOST_COMPLAINTS]
    if len(all_complaints) > len(shown):
        shown.append(f"{label}: and {len(all_complaints) - len(shown)} more.")
    return "\n".join(shown)


def _each(exc: ValidationError, label: str, lines: _Lines) -> Iterator[str]:
    for problem in exc.errors(include_url=False):
        location, kind = problem["loc"], problem["type"]
        if kind == "contradiction":
            context = problem["ctx"]
            yield f"{label}{lines.at(context['key'])}: {context['reason']}."
            continue
        key = str(location[0])
        inside = key == "targets" and len(location) > 2
        where = lines.at(key, *location[1:3]) if inside else lines.at(key)
        name = _printable(str(location[2]) if inside else key)
        if kind == "extra_forbidden":
            yield f"{label}{where}: unknown fact {name}.{_suggest(name, inside)}"
        elif kind == "missing":
            yield f"{label}{where}: a target needs a {name}."
        else:
            yield f"{label}{where}: {name} is {_show(problem['input'])}; {_expected(problem, key)}."


def _expected(problem: Any, key: str) -> str:
    kind, message = problem["type"], str(problem["msg"])
    if kind in ("bool_type", "bool_parsing"):
        return "expected true or false (leave the line out when it is not recorded)"
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    if kind == "literal_error":
        return f"expected one of {', '.join(answers(key))}"
    if kind == "string_type":
        return "expected text in quotes"
    if kind in ("tuple_type", "model_type"):
        return "expected a list in brackets" if kind == "tuple_type" else "expected a table"
    return message[0].lower() + message[1:]


def _suggest(name: str, inside_target: bool) -> str:
    known = [*(TARGET_QUESTIONS if inside_target else QUESTIONS)]
    by_number = [key for key, asked in QUESTIONS.items() if asked.fact.lower() == name.lower()]
    near = by_number[:1] or difflib.get_close_matches(name, known, n=1)
    return (
        f" Did you mean {near[0]}?" if near else " facetfusion pathway --facts-template lists all."
    )


def _printable(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name) else _show(name)


class _Lines:
    """Where keys stand in a TOML text: tomllib itself forgets it."""

    def __init__(self, text: str) -> None:
        self._at: dict[tuple[object, ...], int] = {}
        table: tuple[object, ...] = ()
        seen: dict[str, int] = {}
        quotes = ""
        for number, line in enumerate(text.splitlines(), start=1):
            if quotes:
                quotes = "" if quotes in line else quotes
                continue
            header, key = _TABLE.match(line), _KEY.match(line)
            if header and not key:
                name = header.group(1)
                index = seen[name] = seen.get(name, -1) + 1
                self._at.setdefault((name,), number)
                table = (name, index)
                self._at.setdefault(table, number)
            elif key:
                name = next(part for part in key.groups() if part is not None)
                self._at.setdefault((*table, name), number)
            for mark in ('"""', "'''"):
                if line.count(mark) % 2:
                    quotes = mark

    def at(self, *location: object) -> str:
        """Return ``", line N"`` for the innermost part of a location that was found, or ``""``."""
        for length in range(len(location), 0, -1):
            line = self._at.get(location[:length])
            if line is not None:
                return f", line {line}"
        return ""
