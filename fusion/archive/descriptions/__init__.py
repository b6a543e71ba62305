"""Descriptions of studies and series, in four languages: what they say was examined, and how."""

from fusion.archive.descriptions.described import (
    NUCLEAR,
    RADIOGRAPHY,
    Described,
    Exam,
    described,
    kinds_named,
)
from fusion.archive.descriptions.plain import plain_words

__all__ = [
    "NUCLEAR",
    "RADIOGRAPHY",
    "Described",
    "Exam",
    "described",
    "kinds_named",
    "plain_words",
]
