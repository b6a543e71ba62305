"""The report as a PDF: two A4 pages for a usual reading, more where there are many joints."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image
from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)
from reportlab.platypus import Image as Drawn

from fusion.export.report.blocks import (
    Report,
    ReportBlock,
    ReportCells,
    ReportLines,
    ReportPictures,
    ReportRoom,
    ReportRows,
    ReportSection,
)
from fusion.export.report.fonts import STAND_IN, Letters, letters

# Binary streams: a fifth smaller, and the encoder of the others is slow.
rl_config.useA85 = 0

_MARGIN = 14 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_INK = HexColor("#16191d")
_FAINT = HexColor("#5a6472")
_RULE = HexColor("#c9ced6")
_SHADE = HexColor("#eef1f5")
_ALARM = HexColor("#8a1c1c")
_TEXT = ParagraphStyle("text", fontName="Vera", fontSize=7.4, leading=9.4, textColor=_INK)
_CELL = ParagraphStyle("cell", parent=_TEXT, fontSize=6.7, leading=8.2)
_LABEL = ParagraphStyle("label", parent=_TEXT, textColor=_FAINT)
_STRONG = ParagraphStyle("strong", parent=_TEXT, fontName="Vera-Bold")
_HEADING = ParagraphStyle(
    "heading", parent=_STRONG, fontSize=9.2, leading=11, spaceBefore=5, spaceAfter=2
)
_TITLE = ParagraphStyle("title", parent=_STRONG, fontSize=13, leading=16, spaceAfter=2)
_BANNER = ParagraphStyle(
    "banner",
    parent=_STRONG,
    fontSize=8.6,
    leading=11,
    textColor=HexColor("#ffffff"),
    backColor=_ALARM,
    borderPadding=(2, 4, 2, 4),
)
_FOOT = ParagraphStyle("foot", parent=_TEXT, fontSize=6.2, leading=7.6, textColor=_FAINT)
#: Room that all rows of pictures of a section share.
_SHARED_HEIGHT = 150 * mm
#: Greatest and least height of a row of pictures.
_ROW_HEIGHT = 46 * mm, 29 * mm
#: What has to be left of a page for a table to begin there.
_TABLE_ROOM = 26 * mm
#: Width and height that a picture is stored with, dots per inch.
_DPI = 220
#: Stands in the report when a letter was replaced.
INCOMPLETE = (
    f"Some letters of this report cannot be drawn with the fonts at hand and are shown as "
    f"“{STAND_IN}”. The HTML report and reading.json hold them; compare the Patient ID."
)


@dataclass
class _Paper:
    """What a report is written and drawn with.

    Parameters
    ----------
    fonts : Letters
        For its text.
    """

    fonts: Letters
    _pictures: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def markup(self, text: str) -> str:
        return self.fonts.markup(text)

    def picture(self, image: Image.Image, width: float, height: float) -> Drawn:
        """Return a picture as large as it fits, with as many dots as paper shows."""
        scale = min(width / image.width, height / image.height)
        shown = image.width * scale, image.height * scale
        dots = min(image.width, max(1, round(shown[0] / 72 * _DPI)))
        known = id(image), dots  # a report is drawn more than once
        if known not in self._pictures:
            size = dots, max(1, round(image.height * dots / image.width))
            out = io.BytesIO()
            small = image.resize(size, Image.Resampling.LANCZOS) if dots < image.width else image
            small.convert("RGB").save(out, "PNG")
            self._pictures[known] = out.getvalue()
        return Drawn(io.BytesIO(self._pictures[known]), width=shown[0], height=shown[1])


def report_pdf(report: Report) -> bytes:
    """Return a report as a PDF with all of its fonts embedded.

    Parameters
    ----------
    report : Report
        What is said and shown.
    """
    paper = _Paper(letters())
    for text in (*report.banners, report.identity, report.footer):
        paper.markup(text)
    _story(report, paper)  # to learn whether every letter can be shown
    # Drawn twice, because only then the number of pages is known.
    pages = _draw(report, paper, total=None)[1]
    return _draw(report, paper, total=pages)[0]


def _draw(report: Report, paper: _Paper, *, total: int | None) -> tuple[bytes, int]:
    out = io.BytesIO()
    story = _story(report, paper)
    if paper.fonts.incomplete:
        story.insert(1, Paragraph(paper.markup(INCOMPLETE), _STRONG))
    banners = [Paragraph(paper.markup(text), _BANNER) for text in report.banners]
    identity = Paragraph(paper.markup(report.identity), _LABEL)
    head = 5 * mm + sum(banner.wrap(_WIDTH - 8, A4[1])[1] + 6 for banner in banners)
    foot = 12 * mm

    def decorate(canvas: Any, document: Any) -> None:
        y = A4[1] - 8 * mm
        for banner in banners:
            _, height = banner.wrap(_WIDTH - 8, A4[1])
            y -= height
            banner.drawOn(canvas, _MARGIN + 4, y)
            y -= 6
        identity.wrap(_WIDTH, A4[1])
        identity.drawOn(canvas, _MARGIN, y - 9)
        page = f"Page {document.page}" + (f" of {total}" if total else "")
        line = Paragraph(f"{paper.markup(report.footer)} {page}.", _FOOT)
        _, height = line.wrap(_WIDTH, foot)
        line.drawOn(canvas, _MARGIN, 8 * mm)

    document = BaseDocTemplate(
        out,
        pagesize=A4,
        title=report.title,
        author="facetfusion",
        creator="facetfusion",
        invariant=1,  # no moment of making: it would give the shift of de-identified dates away
    )
    frame = Frame(
        _MARGIN,
        foot + 3 * mm,
        _WIDTH,
        A4[1] - head - foot - 11 * mm,
        leftPadding=0,
        rightPadding=0,
        topPadding=0,
        bottomPadding=0,
    )
    document.addPageTemplates([PageTemplate(frames=[frame], onPage=decorate)])
    document.build(story)
    return out.getvalue(), document.page


def _story(report: Report, paper: _Paper) -> list[Flowable]:
    story: list[Flowable] = [Paragraph(paper.markup(report.title), _TITLE)]
    for section in report.sections:
        story += _section(section, paper)
    return story


def _section(section: ReportSection, paper: _Paper) -> list[Flowable]:
    drawn: list[Flowable] = []
    rows = [block.images for block in section.blocks if isinstance(block, ReportPictures)]
    height = max(_ROW_HEIGHT[1], min(_ROW_HEIGHT[0], _SHARED_HEIGHT / max(len(rows), 1)))
    # Of one height, and none wider than the page.
    height = min((height, *map(_fitting, rows)))
    heading = Paragraph(paper.markup(section.title), _HEADING)
    before: list[Flowable] = [PageBreak()] if section.new_page else []
    # A heading never stands alone at the foot of a page, nor a caption without what it is of.
    waiting: list[Flowable] = [heading]
    for block in section.blocks:
        part = _block(block, paper, height)
        if isinstance(block, ReportLines) and block.strong and block is not section.blocks[-1]:
            waiting += part
            continue
        if isinstance(block, ReportCells):  # may go on overleaf
            drawn += [CondPageBreak(_TABLE_ROOM), *waiting, *part]
        else:
            kept = part if isinstance(block, ReportPictures) else part[:1]
            whole = bool(waiting) or isinstance(block, ReportPictures)
            drawn += [KeepTogether([*waiting, *kept]), *part[len(kept) :]] if whole else part
        waiting = []
    return [*before, *drawn]


def _block(block: ReportBlock, paper: _Paper, height: float) -> list[Flowable]:
    if isinstance(block, ReportRows):
        return [_pairs(block, paper)]
    if isinstance(block, ReportLines):
        style = _STRONG if block.strong else _CELL if block.small else _TEXT
        lines = (" ".join(block.lines),) if block.flowing else block.lines
        return [Paragraph(paper.markup(line), style) for line in lines]
    if isinstance(block, ReportCells):
        return [_grid(block, paper), Spacer(1, 3)]
    if isinstance(block, ReportRoom):
        return [_room(block)]
    return _figure(block, paper, height)


def _pairs(block: ReportRows, paper: _Paper) -> Table:
    """Two columns of label and value, to save height."""
    cells = [
        [Paragraph(paper.markup(key), _LABEL), Paragraph(paper.markup(value), _TEXT)]
        for key, value in block.rows
    ]
    half = (len(cells) + 1) // 2
    empty = [Paragraph("", _TEXT), Paragraph("", _TEXT)]
    right = cells[half:] + [empty] * (2 * half - len(cells))
    rows = [[*a, *b] for a, b in zip(cells[:half], right, strict=True)]
    widths = [0.16 * _WIDTH, 0.34 * _WIDTH] * 2
    return Table(rows, colWidths=widths, style=_padding(0.6))


def _grid(block: ReportCells, paper: _Paper) -> Table:
    strong = ParagraphStyle("head", parent=_CELL, fontName="Vera-Bold")
    rows = [[Paragraph(paper.markup(cell), strong) for cell in block.header]]
    rows += [[Paragraph(paper.markup(cell), _CELL) for cell in row] for row in block.rows]
    table = Table(rows, colWidths=[share * _WIDTH for share in block.widths], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.4, _RULE),
                ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
                *_padding(1.4).getCommands(),
            ]
        )
    )
    return table


def _padding(points: float) -> TableStyle:
    return TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
            ("TOPPADDING", (0, 0), (-1, -1), points),
            ("BOTTOMPADDING", (0, 0), (-1, -1), points),
        ]
    )


def _room(block: ReportRoom) -> Table:
    ruled = TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE)])
    return Table(
        [[""]] * block.lines, colWidths=[_WIDTH], rowHeights=[5 * mm] * block.lines, style=ruled
    )


def _figure(block: ReportPictures, paper: _Paper, height: float) -> list[Flowable]:
    cells = [paper.picture(image, _WIDTH, height) for image in block.images]
    widths = [cell.drawWidth + 2 * mm for cell in cells]
    row = Table([cells], colWidths=widths, style=_padding(1), hAlign="LEFT")
    return [Paragraph(paper.markup(block.caption), _STRONG), row]


def _fitting(images: Sequence[Image.Image]) -> float:
    """Return the height at which pictures side by side fill the width of the page."""
    room = _WIDTH - 2 * mm * len(images)
    return float(room / sum(image.width / image.height for image in images))
