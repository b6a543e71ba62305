"""The report as one HTML file that loads nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from html import escape

from PIL import Image

from fusion.export.report.blocks import (
    Report,
    ReportBlock,
    ReportCells,
    ReportLines,
    ReportPictures,
    ReportRoom,
    ReportRows,
)

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #16191d; background: #fff;
  max-width: 62rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.4rem; margin: 0 0 .3rem; }
h2 { font-size: 1.05rem; border-bottom: 1px solid #c9ced6; margin: 1.6rem 0 .6rem;
  padding-bottom: .2rem; }
p { margin: .3rem 0; }
.banner { background: #8a1c1c; color: #fff; font-weight: 700; padding: .4rem .7rem;
  margin: .2rem 0; }
.strong { font-weight: 700; }
dl { display: grid; grid-template-columns: 12rem 1fr; gap: .15rem .8rem; margin: 0; }
dt { color: #5a6472; }
dd { margin: 0; overflow-wrap: break-word; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
th, td { border: 1px solid #c9ced6; padding: .3rem .4rem; text-align: left;
  vertical-align: top; overflow-wrap: break-word; }
th { background: #eef1f5; }
td:first-child { white-space: nowrap; }
.room { border-bottom: 1px solid #c9ced6; height: 1.4rem; }
figure { margin: .8rem 0; }
figure div { display: flex; gap: .5rem; flex-wrap: wrap; }
figure img { max-width: 100%; max-height: 18rem; background: #000; }
figcaption { font-weight: 700; margin-bottom: .3rem; }
footer { color: #5a6472; border-top: 1px solid #c9ced6; margin-top: 2rem; padding-top: .5rem; }
"""


#: Of pictures beside a part that does something: quality, of 100, and greatest height, pixels.
_QUALITY, _HEIGHT = 80, 460


@dataclass(frozen=True, slots=True)
class Insert:
    """What an HTML report can do beside being read.

    Parameters
    ----------
    markup : str
        Stands above the sections; made by this program, with every text escaped.
    style, script : str
        Added to the page; the script runs when all of it is there.

    A page with such a part keeps its still pictures small.
    """

    markup: str
    style: str
    script: str


def report_html(report: Report, *, insert: Insert | None = None) -> str:
    """Return a report as a whole HTML document.

    Nothing is loaded, and nothing runs but the script that is given here, whatever stands in the
    text.

    Parameters
    ----------
    report : Report
        What is said and shown.
    insert : Insert, optional
        A part that does something.
    """
    style = _STYLE + (insert.style if insert else "")
    policy = f"default-src 'none'; img-src data:; style-src {_hash(style)}"
    markup = script = ""
    if insert:
        policy += f"; script-src {_hash(insert.script)}"
        markup, script = insert.markup, f"<script>{insert.script}</script>"
    banners = "".join(f'<p class="banner">{escape(text)}</p>' for text in report.banners)
    sections = "".join(
        f"<section><h2>{escape(section.title)}</h2>"
        f"{''.join(_block(block, still=insert is None) for block in section.blocks)}</section>"
        for section in report.sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{style}</style></head><body>"
        f"{banners}<h1>{escape(report.title)}</h1><p>{escape(report.identity)}</p>"
        f"{markup}{sections}"
        f"<footer>{escape(report.footer)}</footer>{script}</body></html>\n"
    )


def _hash(source: str) -> str:
    digest = hashlib.sha256(source.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _block(block: ReportBlock, *, still: bool) -> str:
    if isinstance(block, ReportRows):
        rows = (f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in block.rows)
        return f"<dl>{''.join(rows)}</dl>"
    if isinstance(block, ReportLines):
        mark = ' class="strong"' if block.strong else ""
        lines = (" ".join(block.lines),) if block.flowing else block.lines
        return "".join(f"<p{mark}>{escape(line)}</p>" for line in lines)
    if isinstance(block, ReportCells):
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in block.header)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in block.rows
        )
        columns = "".join(f'<col width="{share:.0%}">' for share in block.widths)
        head = f"<colgroup>{columns}</colgroup><thead><tr>{head}</tr></thead>"
        return f"<table>{head}<tbody>{body}</tbody></table>"
    if isinstance(block, ReportRoom):
        return '<p class="room"></p>' * block.lines
    return _figure(block, still=still)


def _figure(block: ReportPictures, *, still: bool) -> str:
    images = "".join(
        f'<img alt="{escape(block.caption)}" src="{_source(image, still=still)}">'
        for image in block.images
    )
    caption = f"<figcaption>{escape(block.caption)}</figcaption>"
    return f"<figure>{caption}<div>{images}</div></figure>"


def _source(image: Image.Image, *, still: bool) -> str:
    form, how = "png", {}
    if not still:
        form, how, image = "jpeg", {"quality": _QUALITY}, image.copy()
        image.thumbnail((4 * _HEIGHT, _HEIGHT))
    out = io.BytesIO()
    image.save(out, form, **how)
    return f"data:image/{form};base64,{base64.b64encode(out.getvalue()).decode('ascii')}"
