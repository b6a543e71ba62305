"""What was checked, as a page that a department of information technology can print and keep."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from pathlib import Path

from fusion.errors import FusionError, disk_reason
from fusion.self_test.check import Check, CheckOutcome, worst
from fusion.software import DISCLAIMER, versions

#: What is said of the whole, by the worst of it.
ANSWER = {
    CheckOutcome.WORKS: "facetfusion works on this machine.",
    CheckOutcome.MISSING: "facetfusion works on this machine; something is not here, as listed.",
    CheckOutcome.FAILS: "facetfusion does not work on this machine as it is; what fails is listed.",
}
#: Said beside a colour, which never carries meaning alone.
_SIGNS = {CheckOutcome.WORKS: "✓", CheckOutcome.MISSING: "–", CheckOutcome.FAILS: "✗"}
_STYLE = """\
body { font: 11pt sans-serif; max-width: 46em; margin: 2em auto; color: #111; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3em .6em; border-bottom: 1px solid #bbb; }
.fails { background: #fde7e4; } .missing { background: #fff6da; }
small { color: #444; }"""


def write_page(path: Path, checks: Sequence[Check], *, when: datetime) -> Path:
    """Write the page.

    Raises
    ------
    FusionError
        It cannot be written.
    """
    try:
        path.write_text(_page(checks, when), "utf-8")
    except OSError as exc:
        raise FusionError(f"{path} cannot be written: {disk_reason(exc)}.") from exc
    return path


def _page(checks: Sequence[Check], when: datetime) -> str:
    rows = "\n".join(
        f'<tr class="{check.outcome.name.lower()}"><td>{_SIGNS[check.outcome]} '
        f"{check.outcome.value}</td><th>{escape(check.what)}</th>"
        f"<td>{escape(check.found)}{_remedy(check)}</td></tr>"
        for check in checks
    )
    software = ", ".join(f"{name} {version}" for name, version in versions().items())
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>facetfusion: check of this machine</title>
<style>
{_STYLE}
</style></head><body>
<h1>facetfusion: check of this machine</h1>
<p><strong>{ANSWER[worst(checks)]}</strong> {when:%Y-%m-%d %H:%M}</p>
<table>
{rows}
</table>
<p><small>{escape(software)}</small></p>
<p><small>{DISCLAIMER}</small></p>
</body></html>
"""


def _remedy(check: Check) -> str:
    return f"<br><em>{escape(check.remedy)}</em>" if check.remedy else ""
