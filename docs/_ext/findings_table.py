"""The ``findings-table`` directive: every Finding that the core can raise, from its table."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from fusion.findings.table import KINDS


class FindingsTable(SphinxDirective):
    """A table of the Findings, worst first."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        kinds = sorted(KINDS.values(), key=lambda kind: (-kind.severity, kind.code))
        group = nodes.tgroup(cols=3)
        group += [nodes.colspec(colwidth=width) for width in (1, 2, 7)]
        head, body = nodes.thead(), nodes.tbody()
        head += self.row(*(nodes.paragraph(text=text) for text in ("Severity", "Code", "Message")))
        for kind in kinds:
            code_cell = nodes.paragraph()
            code_cell += nodes.literal(text=kind.code)
            body += self.row(
                nodes.paragraph(text=kind.severity.label),
                code_cell,
                nodes.paragraph(text=kind.pattern),
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
