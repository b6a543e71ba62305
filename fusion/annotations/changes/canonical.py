"""What the content of every event is made of: JSON that is always the same, and its checks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fusion.anatomy import Joint, Side
from fusion.annotations.target import MAX_NOTE
from fusion.errors import AnnotationError


def canonical(value: Any) -> str:
    """Return JSON text that is the same for equal values; ASCII, whatever it holds."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def need(condition: object, sentence: str) -> None:
    """Refuse what does not hold.

    Raises
    ------
    AnnotationError
        With the sentence.
    """
    if not condition:
        raise AnnotationError(sentence)


def need_length(text: str) -> None:
    """Refuse a text that is too long to be kept."""
    need(len(text) <= MAX_NOTE, f"A note holds at most {MAX_NOTE} characters; shorten it.")


def joint_json(joint: Joint) -> dict[str, str]:
    """Return the JSON form of a joint."""
    return {"level": joint.level, "side": joint.side.value}


def joint_of(value: Mapping[str, Any]) -> Joint:
    """Return the joint that :func:`joint_json` wrote."""
    return Joint(value["level"], Side(value["side"]))
