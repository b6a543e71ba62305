"""What a report is built of: titled sections of rows, sentences, tables, pictures, room.

:mod:`~fusion.export.report.pdf` and :mod:`~fusion.export.report.html` draw the same
:class:`Report`, so paper and screen cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from PIL import Image


@dataclass(frozen=True, slots=True)
class ReportRows:
    """Labels and values."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ReportLines:
    """Sentences.

    ``strong`` ones are what a reader must not miss, ``flowing`` ones share lines, ``small`` ones
    are the same in every report.
    """

    lines: tuple[str, ...]
    strong: bool = False
    flowing: bool = False
    small: bool = False


@dataclass(frozen=True, slots=True)
class ReportCells:
    """A table with a header; ``widths`` are shares of the page."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ReportPictures:
    """Pictures side by side under one caption."""

    caption: str
    images: tuple[Image.Image, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReportRoom:
    """Empty lines to write on."""

    lines: int


ReportBlock = ReportRows | ReportLines | ReportCells | ReportPictures | ReportRoom


@dataclass(frozen=True, slots=True, eq=False)
class ReportSection:
    """A titled part; ``new_page`` begins the next sheet of paper."""

    title: str
    blocks: tuple[ReportBlock, ...]
    new_page: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """All that is said and shown.

    Parameters
    ----------
    title : str
        Heading.
    banners : tuple of str
        Stand on top of every page: not a patient, draft, geometry stated by a user.
    identity : str
        Patient and study on one line, for every page.
    sections : tuple of Section
        In order.
    footer : str
        Stands at the foot of every page.
    """

    title: str
    banners: tuple[str, ...]
    identity: str
    sections: tuple[ReportSection, ...]
    footer: str
