"""Write docs/commands.md and docs/findings.md from the parser and from the table of Findings.

Run it after a command, an option or a Finding changed; a test holds that the pages are current.
They are written out, and not made when the documentation is built, so that they can be read in the
repository.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fusion.cli import COMMANDS, build_parser
from fusion.cli.facet_options import add_uptake_options
from fusion.cli.study import alignment_arguments, volume_arguments
from fusion.findings.table import KINDS
from fusion.software import DISCLAIMER

ROOT = Path(__file__).resolve().parents[1]
COMMANDS_HEAD = """\
# Commands

For whoever types a command or writes a script. After this page you know what each command does and
what every option means; `facetfusion COMMAND --help` prints the same.

`PATH` is a folder, a zip archive, a DICOMDIR, or a study in an [archive](archive.md)
(`archive:NAME/IDENTIFIER`). Where results go is `--to`, and who reads is `--reader`. What `--json`
prints, and what exit codes mean, stands in [JSON](json.md). With
`eval "$(facetfusion completion)"` in `~/.bashrc` the key Tab completes commands and options (in zsh
after `autoload -Uz bashcompinit && bashcompinit`).
"""
#: Options that several commands share: heading of their table, and what adds them.
SHARED = {
    "Which volumes": volume_arguments,
    "Alignment": alignment_arguments,
    "Uptake": add_uptake_options,
}
HEAD = ("| | means |", "|---|---|")
FINDINGS_HEAD = """\
# Findings

For whoever meets a message of the program, in the window, in print or in a file. After this page
you know what it means and how much it matters.

A Finding is something about the data that a reader must know. Findings stand in the window (worst
first), in the output of `scan`, and in every JSON file.

| severity | meaning |
|---|---|
| `error` | something was refused |
| `warning` | check this before you trust the picture |
| `info` | something unusual was handled exactly |

The codes are stable and can be used in scripts. `…` stands for what is filled in from the data.

| severity | code | message |
|---|---|---|
"""


def pages() -> dict[Path, str]:
    """Return the content of each page."""
    docs = ROOT / "docs"
    return {docs / "commands.md": commands_page(), docs / "findings.md": findings_page()}


def commands_page() -> str:
    """Return the page with every command and option."""
    parser = build_parser()
    lines = [COMMANDS_HEAD, "| command | does |", "|---|---|"]
    lines += [f"| [`{name}`](#{name}) | {cell(does)} |" for name, does, _ in COMMANDS]
    lines += ["", "Before the command:", "", *HEAD, *options(parser)]
    shared = {heading: shared_options(add) for heading, add in SHARED.items()}
    for level, one in commands(parser):
        said = " ".join((one.description or "").split()).removesuffix(DISCLAIMER).strip()
        name = one.prog.partition(" ")[2]
        lines += ["", f"{'#' * level} {name}", "", cell(said)]
        rows = options(one)
        taken = [heading for heading, block in shared.items() if set(block) <= set(rows)]
        own = [row for row in rows if not any(row in shared[heading] for heading in taken)]
        if own:
            lines += ["", *HEAD, *own]
        if taken:
            links = (f"[{heading}](#{heading.lower().replace(' ', '-')})" for heading in taken)
            lines += ["", f"Further options, shared with other commands: {', '.join(links)}."]
    lines += ["", "## Options that commands share"]
    for heading, rows in shared.items():
        lines += ["", f"### {heading}", "", *HEAD, *rows]
    return "\n".join(lines) + "\n"


def shared_options(add: Callable[[argparse.ArgumentParser], None]) -> list[str]:
    """Return the rows of options that are added in one go."""
    parser = argparse.ArgumentParser(add_help=False)
    add(parser)
    return options(parser)


def commands(parser: argparse.ArgumentParser, level: int = 2) -> Iterator[tuple]:
    """Yield every command once, in the order of the help, with the level of its heading."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in dict.fromkeys(action.choices.values()):
                one.format_help()  # which adds its options
                yield level, one
                yield from commands(one, level + 1)


def options(parser: argparse.ArgumentParser) -> list[str]:
    """Return a row of a table for everything that may follow a command."""
    formatter = parser._get_formatter()
    rows = []
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            continue
        given = formatter._format_args(action, (action.dest or "").upper())
        name = " ".join(filter(None, (", ".join(action.option_strings), given)))
        said = formatter._expand_help(action) if action.help else ""
        needed = "(required) " if action.required and action.option_strings else ""
        rows.append(f"| `{name}` | {cell(needed + said)} |")
    return rows


def findings_page() -> str:
    """Return the page with every Finding, worst first."""
    kinds = sorted(KINDS.values(), key=lambda kind: (-kind.severity, kind.code))
    rows = [f"| {k.severity.label} | `{k.code}` | {cell(k.pattern)} |" for k in kinds]
    return FINDINGS_HEAD + "\n".join(rows) + "\n"


def cell(text: str) -> str:
    """Return text that Markdown leaves as it is, in a cell of a table."""
    return re.sub(r"([|*_<>\[\]`])", r"\\\1", " ".join(text.split()))


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
