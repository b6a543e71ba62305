"""How an alignment was obtained: as files keep it, and as people read it."""

from __future__ import annotations

from enum import StrEnum

#: Files keep the values; these are shown.
_METHOD_WORDS = (
    ("shared frame of reference", "shared coordinate system of the scanner"),
    ("rigid correlation", "rigid registration"),
    ("stored Spatial Registration", "registration stored with the study"),
)


class Method(StrEnum):
    """How the transform of a Registration was obtained."""

    SHARED_FRAME = "shared frame of reference"
    CORRELATION = "rigid correlation"
    STORED = "stored Spatial Registration"
    NECK = "rigid correlation, upper and lower neck apart"
    MANUAL = "moved by hand"

    @property
    def words(self) -> str:
        """What people read."""
        return self.words_of(self.value)

    @staticmethod
    def words_of(stored: str) -> str:
        """Return a method as it is stored, perhaps with its status, in people's words."""
        for value, words in _METHOD_WORDS:
            stored = stored.replace(value, words)
        return stored

    @staticmethod
    def stored_of(said: str) -> str:
        """Return what :meth:`words_of` made words of."""
        for value, words in _METHOD_WORDS:
            said = said.replace(words, value)
        return said
