"""The report as a PDF: two A4 pages for a usual reading, more where there are many joints."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
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
    ReportRows,
    ReportSection,
)
from fusion.export.report.fonts import STAND_IN, Letters, letters

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
#: Height of a picture that stands alone, and the room that all others share on their page.
_ALONE_HEIGHT = 48 * mm
_SHARED_HEIGHT = 150 * mm
#: Greatest and least height of a row of pictures.
_ROW_HEIGHT = 50 * mm, 36 * mm
#: Width and height that a picture is stored with, dots per inch.
_DPI = 220
#: Stands in the report when a letter was replaced.
INCOMPLETE = (
    f"Some letters of this report cannot be drawn with the fonts at hand and are shown as "
    f"“{STAND_IN}”. The HTML report and reading.json hold them; compare the Patient ID."
)


def report_pdf(report: Report) -> bytes:
    """Return a report as a PDF with all of its fonts embedded.

    Parameters
    ----------
    report : Report
        What is said and shown.
    """
    fonts = letters()
    for text in (*report.banners, report.identity, report.footer):
        fonts.markup(text)
    _story(report, fonts)  # to learn whether every letter can be shown
    # Drawn twice, because only then the number of pages is known.
    pages = _draw(report, fonts, total=None)[1]
    return _draw(report, fonts, total=pages)[0]


def _draw(report: Report, fonts: Letters, *, total: int | None) -> tuple[bytes, int]:
    out = io.BytesIO()
    story = _story(report, fonts)
    if fonts.incomplete:
        story.insert(1, Paragraph(fonts.markup(INCOMPLETE), _STRONG))
    banners = [Paragraph(fonts.markup(text), _BANNER) for text in report.banners]
    identity = Paragraph(fonts.markup(report.identity), _LABEL)
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
        line = Paragraph(f"{fonts.markup(report.footer)} {page}.", _FOOT)
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


def _story(report: Report, fonts: Letters) -> list[Flowable]:
    story: list[Flowable] = [Paragraph(fonts.markup(report.title), _TITLE)]
    for section in report.sections:
        story += _section(section, fonts)
    return story


def _section(section: ReportSection, fonts: Letters) -> list[Flowable]:
    drawn: list[Flowable] = []
    rows = sum(isinstance(b, ReportPictures) and len(b.images) > 1 for b in section.blocks)
    height = max(_ROW_HEIGHT[1], min(_ROW_HEIGHT[0], _SHARED_HEIGHT / max(rows, 1)))
    for block in section.blocks:
        drawn += _block(block, fonts, height)
    heading = Paragraph(fonts.markup(section.title), _HEADING)
    before: list[Flowable] = [PageBreak()] if section.new_page else []
    # A heading never stands alone at the foot of a page.
    return [*before, KeepTogether([heading, *drawn[:1]]), *drawn[1:]]


def _block(block: ReportBlock, fonts: Letters, height: float) -> list[Flowable]:
    if isinstance(block, ReportRows):
        return [_pairs(block, fonts)]
    if isinstance(block, ReportLines):
        style = _STRONG if block.strong else _TEXT
        return [Paragraph(fonts.markup(line), style) for line in block.lines]
    if isinstance(block, ReportCells):
        return [_grid(block, fonts), Spacer(1, 3)]
    return [_figure(block, fonts, height)]


def _pairs(block: ReportRows, fonts: Letters) -> Table:
    """Two columns of label and value, to save height."""
    cells = [
        [Paragraph(fonts.markup(key), _LABEL), Paragraph(fonts.markup(value), _TEXT)]
        for key, value in block.rows
    ]
    half = (len(cells) + 1) // 2
    empty = [Paragraph("", _TEXT), Paragraph("", _TEXT)]
    right = cells[half:] + [empty] * (2 * half - len(cells))
    rows = [[*a, *b] for a, b in zip(cells[:half], right, strict=True)]
    widths = [0.13 * _WIDTH, 0.37 * _WIDTH] * 2
    return Table(rows, colWidths=widths, style=_padding(0.6))


def _grid(block: ReportCells, fonts: Letters) -> Table:
    strong = ParagraphStyle("head", parent=_CELL, fontName="Vera-Bold")
    rows = [[Paragraph(fonts.markup(cell), strong) for cell in block.header]]
    rows += [[Paragraph(fonts.markup(cell), _CELL) for cell in row] for row in block.rows]
    table = Table(rows, colWidths=[share * _WIDTH for share in block.widths], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.4, _RULE),
                ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
                *_padding(2).getCommands(),
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


def _figure(block: ReportPictures, fonts: Letters, height: float) -> Flowable:
    alone = len(block.images) == 1
    each = _WIDTH if alone else _WIDTH / max(3, len(block.images)) - 2 * mm
    cells = [_picture(image, each, _ALONE_HEIGHT if alone else height) for image in block.images]
    widths = [cell.drawWidth + 4 for cell in cells] if alone else [each + 2 * mm] * len(cells)
    row = Table([cells], colWidths=widths, style=_padding(1), hAlign="LEFT")
    return KeepTogether([Paragraph(fonts.markup(block.caption), _STRONG), row])


def _picture(image: Image.Image, width: float, height: float) -> Drawn:
    scale = min(width / image.width, height / image.height)
    shown = image.width * scale, image.height * scale
    dots = max(1, round(shown[0] / 72 * _DPI))
    if dots < image.width:
        size = dots, max(1, round(image.height * dots / image.width))
        image = image.resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.convert("RGB").save(out, "PNG")
    out.seek(0)
    return Drawn(out, width=shown[0], height=shown[1])
