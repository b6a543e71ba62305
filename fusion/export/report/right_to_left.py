"""Arabic and Hebrew as a program that draws from left to right has to be given them.

Letters of Arabic are written joined: each takes the form that its neighbours ask for. Unicode has
these forms as characters of their own (Arabic Presentation Forms), and says of each which letter it
is; the forms here are looked up there. Then the order is turned round. Only runs of letters and the
spaces between them are treated: marks above and below letters, and digits of these scripts, are
left to be refused.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

#: Letters of both scripts; names are made of these.
_LETTER = r"[\u05D0-\u05EA\u0620-\u063A\u0641-\u064A\u0671-\u06D3]"
_RUN = re.compile(rf"{_LETTER}+(?: +{_LETTER}+)*")
#: Where Unicode keeps the forms.
_FORMS = (range(0xFB50, 0xFE00), range(0xFE70, 0xFF00))
#: LAM with an ALEF behind it is one form.
_LAM, _ALEFS = "\u0644", "\u0622\u0623\u0625\u0627"


def drawn_order(text: str) -> str:
    """Return text whose runs from right to left are joined and turned round for drawing.

    Parameters
    ----------
    text : str
        As it is stored; its runs from left to right stay as they are.
    """
    # A form that stands in the text itself is that of a letter, and is found anew.
    plain = "".join(unicodedata.normalize("NFKC", c) if _is_form(c) else c for c in text)
    return _RUN.sub(lambda run: _turned(run[0]), plain)


def is_drawn_form(char: str) -> bool:
    """Tell whether a character can stand in what :func:`drawn_order` made of a run."""
    return _is_form(char) or "\u05d0" <= char <= "\u05ea"


def _is_form(char: str) -> bool:
    return any(ord(char) in forms for forms in _FORMS)


def _turned(run: str) -> str:
    words = (_joined(word)[::-1] for word in reversed(run.split()))
    # Together, so that no line breaks within: its two parts would be exchanged.
    return "\N{NO-BREAK SPACE}".join(words)


def _joined(word: str) -> str:
    letters = _pairs(word)
    drawn = []
    for n, letter in enumerate(letters):
        before = n > 0 and "initial" in _forms(letters[n - 1])
        after = n + 1 < len(letters) and "final" in _forms(letters[n + 1])
        forms = _forms(letter)
        after = after and "initial" in forms
        before = before and "final" in forms
        kind = {(False, False): "isolated", (False, True): "initial", (True, False): "final"}.get(
            (before, after), "medial"
        )
        drawn.append(forms.get(kind, letter))
    return "".join(drawn)


def _pairs(word: str) -> list[str]:
    """Return the letters of a word, LAM with ALEF as one."""
    letters: list[str] = []
    for char in word:
        if letters and letters[-1] == _LAM and _forms(_LAM + char):
            letters[-1] += char
        else:
            letters.append(char)
    return letters


def _forms(letters: str) -> dict[str, str]:
    return _table().get(letters, {})


@cache
def _table() -> dict[str, dict[str, str]]:
    """Return the forms of each letter, and of LAM with each ALEF, by name."""
    table: dict[str, dict[str, str]] = {}
    for code in (code for forms in _FORMS for code in forms):
        kind, _, rest = unicodedata.decomposition(chr(code)).partition(" ")
        letters = "".join(chr(int(part, 16)) for part in rest.split())
        known = len(letters) == 1 or (letters[:1] == _LAM and letters[1:] in {*_ALEFS})
        if known and kind.strip("<>") in ("isolated", "initial", "medial", "final"):
            # The block of plain Arabic comes last and decides.
            table.setdefault(letters, {})[kind.strip("<>")] = chr(code)
    return table
