"""The report as one HTML file that loads nothing from anywhere."""

from __future__ import annotations

import base64
import io
from html import escape

from PIL import Image

from fusion.export.report.blocks import (
    Report,
    ReportBlock,
    ReportCells,
    ReportLines,
    ReportPictures,
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
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
th, td { border: 1px solid #c9ced6; padding: .3rem .4rem; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
th { background: #eef1f5; }
figure { margin: .8rem 0; }
figure div { display: flex; gap: .5rem; flex-wrap: wrap; }
figure img { max-width: 32%; height: auto; background: #000; }
figcaption { font-weight: 700; margin-bottom: .3rem; }
footer { color: #5a6472; border-top: 1px solid #c9ced6; margin-top: 2rem; padding-top: .5rem; }
"""
#: Nothing is loaded, nothing runs, whatever stands in the text.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def report_html(report: Report) -> str:
    """Return a report as a whole HTML document.

    Parameters
    ----------
    report : Report
        What is said and shown.
    """
    banners = "".join(f'<p class="banner">{escape(text)}</p>' for text in report.banners)
    sections = "".join(
        f"<section><h2>{escape(section.title)}</h2>{''.join(map(_block, section.blocks))}</section>"
        for section in report.sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{_STYLE}</style></head><body>"
        f"{banners}<h1>{escape(report.title)}</h1>{sections}"
        f"<footer>{escape(report.footer)}</footer></body></html>\n"
    )


def _block(block: ReportBlock) -> str:
    if isinstance(block, ReportRows):
        rows = (f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in block.rows)
        return f"<dl>{''.join(rows)}</dl>"
    if isinstance(block, ReportLines):
        mark = ' class="strong"' if block.strong else ""
        return "".join(f"<p{mark}>{escape(line)}</p>" for line in block.lines)
    if isinstance(block, ReportCells):
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in block.header)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in block.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return _figure(block)


def _figure(block: ReportPictures) -> str:
    images = "".join(
        f'<img alt="{escape(block.caption)}" src="data:image/png;base64,{_png(image)}">'
        for image in block.images
    )
    caption = f"<figcaption>{escape(block.caption)}</figcaption>"
    return f"<figure>{caption}<div>{images}</div></figure>"


def _png(image: Image.Image) -> str:
    out = io.BytesIO()
    image.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode("ascii")
