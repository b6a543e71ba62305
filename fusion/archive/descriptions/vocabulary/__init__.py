"""The words by which descriptions in English, German, French and Spanish are understood.

Words stand as :func:`fusion.archive.descriptions.plain_words` writes them: small letters
without accents, one space between words. ``*`` at the end stands for any ending.
"""

from __future__ import annotations

from fusion.archive.descriptions.vocabulary import (
    elsewhere,
    examinations,
    operations,
    regions,
    saying,
)

#: Meaning: words of English, German, French, Spanish (and what is the same in all).
WORDS: dict[str, tuple[str, str, str, str]] = {
    **regions.WORDS,
    **elsewhere.WORDS,
    **examinations.WORDS,
    **operations.WORDS,
    **saying.WORDS,
}
