"""A description as one line of plain words, in which what stands in the vocabulary is found.

`,` stands where a clause ends and `+` where the text adds something.
"""

from __future__ import annotations

import functools
import re
import unicodedata

from fusion.archive.descriptions.vocabulary import WORDS

_CLAUSE_ENDS = re.compile(r"\s[-\u2013\u2014]+\s|,(?!\d)|[;:()\[\]|]")
_WITH = (
    r"(?:with|without|w|w o|wo|mit|ohne|avec|sans|con|sin|no|non|kein|keine|ni|"
    r"pas d|refus d|(?:sans|avant) (?:puis|et) apres)"
)
_IV = re.compile(rf"\b({_WITH} )i ?v\b(?= (?:[,+]|et\b|puis\b|y\b)|$)")
#: An injection is one of contrast where it was given or not, but not "de" something else.
_INJECTION = re.compile(
    rf"\b({_WITH} (?:une |iv )?)(?:injections?|inj)\b"
    r"(?! (?:d|de|of|von) (?!gado|contr|prod|pdc|iod))"
    r"|\b()(?:injections?|inj)(?= (?:, )?(?:refus|non\b|impossib|annul|contre indiq|si\b))"
)
#: Parts of the body may be several ("cuisses"), where the table does not leave the ending open.
_OF_PLURALS = ("not the spine", "other region")
_HAS_PLURAL = re.compile(r"[a-z]{4,}(?<!s)$")


def field_of(text: str) -> str:
    """Write a text as one line of plain words with the ends of its clauses.

    Parameters
    ----------
    text : str
        A description or body part.
    """
    # "C+", "+C" and "C-" stand for contrast, where nothing follows that they could belong to.
    text = re.sub(r"\b[Cc]\+(?!\w)", " contrast ", text)
    text = re.sub(r"(?<![^\s(,;:/])\+[Cc](?![\w-]|\s*[Ss][Pp])", " contrast ", text)
    text = re.sub(r"\bIV\+(?!\w)", " contrast ", text)
    text = re.sub(r"\b[Cc]-(?=\s*(?:$|[,;)]))", " noncontrast ", text)
    text = re.sub(r"\+ ?/ ?-|±", " with or without ", text)
    text = re.sub(r"\b([mo])KM\b", r"\1 KM", text)
    text = _with_questions(text)
    clauses = (
        " + ".join(filter(None, (_folded(plain_words(part)) for part in re.split("[+&]", clause))))
        for clause in _CLAUSE_ENDS.split(text)
    )
    said = " , ".join(filter(None, clauses))
    said = _with_and_without(re.sub(r"\bc arm\b", "carm", said))
    said = re.sub(r"\bvor (?:\w+ )?(?:jahr|monat|woche|tag)(?:en|n)?\b", "fruher", said)
    said = re.sub(r"\bsi (?!joint)(?=\w)", "if ", said)  # at the end of a clause it is no "if"
    return re.sub(" +", " ", pattern("something else").sub(" ", said)).strip()


def _with_questions(text: str) -> str:
    """Write out who is asked about: what follows a question mark, or the words before it."""
    text = re.sub(r"(?<![^\s(,;:/])\?(?=\w)", " possible ", text)
    text = re.sub(r"(?<=\w)\?+|(?<=\S)\s*\?+(?=\s*(?:$|[,;)\]]))", " qmark, ", text)
    return re.sub(r"(?<=\S)\s+\?+\s+(?=\w)", " qmark, possible ", text)


def _with_and_without(said: str) -> str:
    """Write out what is short for them before contrast: "c/c", "S/C", "C/CTE", "ss IV", "av gado".

    The "c" of "columna c/contraste" is no region then.
    """
    contrast = rf"{pattern('contrast').pattern}|(?:injections?|inj|i ?v)\b"
    region = r"(?! (?:sp|col|rach|raq|cerv))"
    said = re.sub(rf"\bc c\b{region}", "con contraste", said)
    said = re.sub(rf"(?<!\bc )(?<!\bc y )\bs c\b{region}", "sin contraste", said)
    both = rf"(?=(?:(?:et |puis |ou )?(?:av|avec|ss|sans) )?(?:{contrast}))"
    said = re.sub(rf"\bss {both}", "sans ", said)
    said = re.sub(rf"\bav {both}", "avec ", said)
    said = re.sub(rf"\bc (?!i ?v\b)(?={contrast})", "con ", said)
    said = re.sub(rf"(?<!\b[cw] )\b[os] (?={contrast})", "ohne ", said)
    # A bare "c" or "iv" is contrast where "with" or "without" stands before it, and nothing after
    # it that it could belong to.
    said = re.sub(r"\b(w|with) c(?= , (?!(?:th?|d|l|s)\b)|$)", r"\1 contrast", said)
    said = _IV.sub(r"\1contrast", said)
    said = _INJECTION.sub(lambda found: f"{found[1] or ''}contrast", said)
    return re.sub(rf"\bcontrast (?:i ?v )?(?:de|du|d|of|von) (?={contrast})", "", said)


def plain_words(text: str) -> str:
    """Write a description in small letters without accents, one space between words."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])|_", " ", text.replace("ß", "ss"))
    folded = unicodedata.normalize("NFKD", split).casefold()
    letters = "".join(char for char in folded if not unicodedata.combining(char))
    return re.sub(r"[^a-z0-9]+", " ", letters).strip()


def _folded(plain_text: str) -> str:
    """Write umlauts as one letter, however they were written: "Röntgen", "Roentgen", "Rontgen"."""
    return re.sub("(?<=[aou])e", "", plain_text)


def says(said: str, *meanings: str) -> bool:
    """Whether a line holds a word of one of some meanings, denied or not."""
    return pattern(*meanings).search(said) is not None


@functools.cache
def pattern(*meanings: str) -> re.Pattern[str]:
    """Compile the words of some meanings, the longest first."""
    words = {
        _folded(word.strip())
        + ("s?" if meaning in _OF_PLURALS and _HAS_PLURAL.search(word) else "")
        for meaning in meanings
        for language in WORDS[meaning]
        for word in language.split(",")
    } - {""}
    parts = [
        re.escape(word)
        .replace(r"s\?", "s?")
        .replace(r"\*", "[a-z0-9]*")
        .replace(r"\ ", " (?:[,+] )?")
        for word in sorted(words, key=len, reverse=True)
    ]
    return re.compile(rf"\b(?:{'|'.join(parts)})\b")
