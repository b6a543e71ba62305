"""Letters for the PDF: embedded fonts that can show a text, or a stated stand-in.

reportlab brings Bitstream Vera, which covers Western European languages. Where the system has
fonts with more letters they are used for what Vera lacks. Arabic and Hebrew letters are joined and
ordered first (:mod:`~fusion.export.report.right_to_left`), because reportlab would draw them
wrongly. Letters that no font here can show, marks on letters of these scripts, and other scripts
that need shaping become ``?``, and the report says so.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from fusion.export.report.right_to_left import drawn_order, is_drawn_form

#: The stand-in for what cannot be shown.
STAND_IN = "?"
_MAIN = ("Vera", "Vera.ttf"), ("Vera-Bold", "VeraBd.ttf")
#: Fonts with many letters, as Linux, macOS and Windows have them; the first that is there and has
#: a letter draws it.
_MORE = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/nanum/NanumGothic.ttf",
    "/usr/share/fonts/truetype/unfonts-core/UnDotum.ttf",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "/Library/Fonts/Arial Unicode.ttf",
    "C:/Windows/Fonts/arial.ttf",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/malgun.ttf",
)
#: Scripts that are written from left to right, one letter after another.
_PLAIN_SCRIPTS = (
    "LATIN",
    "GREEK",
    "CYRILLIC",
    "ARMENIAN",
    "GEORGIAN",
    "CJK",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL",
    "BOPOMOFO",
)
_log = logging.getLogger(__name__)


@dataclass
class Letters:
    """Turns text into reportlab markup, and remembers whether anything could not be shown.

    Parameters
    ----------
    fonts : tuple of str
        Registered fonts to look for a letter in, in this order; the first one is the main font.
    """

    fonts: tuple[str, ...]
    incomplete: bool = field(default=False, init=False)

    def markup(self, text: str) -> str:
        """Return text as markup that reportlab draws so that it reads as this text."""
        parts = []
        drawn = drawn_order(unicodedata.normalize("NFC", text))
        for font, group in groupby(drawn, key=self._font):
            run = "".join(group)
            if font is None:
                self.incomplete = True
                parts.append(STAND_IN * len(run))
            elif font == self.fonts[0]:
                parts.append(escape(run))
            else:
                parts.append(f'<font name="{font}">{escape(run)}</font>')
        return "".join(parts)

    def line(self, text: str) -> str:
        """Return text that the main font alone can draw, for places without markup."""
        known = _covered(self.fonts[0])
        shown = "".join(char if ord(char) in known else STAND_IN for char in text)
        self.incomplete |= shown != text
        return shown

    def _font(self, char: str) -> str | None:
        if not _is_plain(char):
            return None
        return next((font for font in self.fonts if ord(char) in _covered(font)), None)


def letters() -> Letters:
    """Return fonts for normal text: those of reportlab, then those of the system."""
    return Letters(_registered())


def can_print(text: str) -> bool:
    """Whether the report would show every letter of a text on this machine."""
    trial = letters()
    trial.markup(text)
    return not trial.incomplete


@cache
def _registered() -> tuple[str, ...]:
    for name, file in _MAIN:
        pdfmetrics.registerFont(TTFont(name, file))
    pdfmetrics.registerFontFamily("Vera", normal="Vera", bold="Vera-Bold")
    return ("Vera", *_usable(_MORE))


def _usable(files: Iterable[str]) -> list[str]:
    names = []
    for number, file in enumerate(files):
        if not Path(file).is_file():
            continue
        name = f"more-{number}"
        try:
            pdfmetrics.registerFont(TTFont(name, file))
        except (TTFError, OSError, KeyError, ValueError) as exc:
            _log.info("font %s cannot be embedded: %s", file, exc)
            continue
        names.append(name)
    return names


@cache
def _covered(font: str) -> frozenset[int]:
    return frozenset(pdfmetrics.getFont(font).face.charToGlyph)


def _is_plain(char: str) -> bool:
    if is_drawn_form(char):
        return True
    if unicodedata.bidirectional(char) in ("R", "AL", "AN") or unicodedata.combining(char):
        return False
    if not unicodedata.category(char).startswith("L"):
        return True
    name = unicodedata.name(char, "")
    return (
        name.startswith(_PLAIN_SCRIPTS)
        or char.isascii()
        or name.startswith(
            ("MICRO", "FEMININE", "MASCULINE", "FULLWIDTH", "HALFWIDTH", "IDEOGRAPHIC", "MODIFIER")
        )
    )
