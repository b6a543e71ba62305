"""What the content of every event is made of: JSON that is always the same, and its checks."""

from __future__ import annotations

import json
from typing import Any

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
