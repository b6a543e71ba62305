"""The ``findings-table`` directive: every Finding that the core can raise, read from its source.

A table written by hand would fall behind the code; this one cannot.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

CORE = Path(__file__).resolve().parents[2] / "fusion"
SEVERITIES = ("error", "warning", "info")


def template(node: ast.expr) -> str:
    """Return the text of a message, with an ellipsis for what is filled in later."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(template(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return template(node.left) + template(node.right)
    return "…"


def findings() -> Iterator[tuple[str, str, str]]:
    """Yield severity, code and message of each call of ``info``, ``warning`` and ``error``."""
    for path in sorted(CORE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in SEVERITIES
                and len(node.args) == 2
                and isinstance(node.args[0], ast.Constant)
            ):
                yield node.func.id, str(node.args[0].value), template(node.args[1])


class FindingsTable(SphinxDirective):
    """A table of the Findings, worst first."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        rows = sorted(set(findings()), key=lambda row: (SEVERITIES.index(row[0]), row[1]))
        group = nodes.tgroup(cols=3)
        group += [nodes.colspec(colwidth=width) for width in (1, 2, 7)]
        head, body = nodes.thead(), nodes.tbody()
        head += self.row(*(nodes.paragraph(text=text) for text in ("Severity", "Code", "Message")))
        for severity, code, message in rows:
            code_cell = nodes.paragraph()
            code_cell += nodes.literal(text=code)
            body += self.row(
                nodes.paragraph(text=severity), code_cell, nodes.paragraph(text=message)
            )
        group += [head, body]
        table = nodes.table(classes=["findings"])
        table += group
        return [table]

    def row(self, *cells: nodes.Node) -> nodes.row:
        """Return one row of the table."""
        row = nodes.row()
        for cell in cells:
            entry = nodes.entry()
            entry += cell
            row += entry
        return row


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("findings-table", FindingsTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
