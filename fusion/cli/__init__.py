"""The command line: one module a group of commands, one contract for all.

Exit codes: 0 done, 2 wrong usage, 3 the data were refused (the reason on standard error, and in
the JSON where ``--json`` was given), 70 a fault of this program, 130 stopped by the user. With
``--json`` standard output holds one JSON document and nothing else. Progress and reasons go to
standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import functools
import importlib
import io
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from fusion.errors import Cancelled, FusionError, ProgramFault, as_fault
from fusion.software import DISCLAIMER, solve_with_one_thread

OK = 0
USAGE = 2
REFUSED = 3
FAULT = 70
STOPPED = 130
#: Every command: its name, what it does, and the module that holds it. The module has a function
#: ``add_NAME`` for its options.
COMMANDS = (
    ("scan", "list the studies and series under a path", "study"),
    ("fuse", "put the SPECT onto the CT, without a screen", "study"),
    ("review", "look at a study in a window, or choose one on the start page", "study"),
    ("export", "write the study's reading as DICOM, PDF, HTML, JSON and CSV", "export"),
    ("pathway", "check facts about a patient against the imaging pathway", "pathway"),
    ("facets", "find the facet joints on the CT, and measure their uptake", "facets"),
    ("compare", "compare two dates of one patient, joint by joint", "compare"),
    (
        "labels",
        "let a segmentation program that you have installed name the vertebrae on the CT",
        "labelling",
    ),
    ("readings", "list the readings of a journal, show one, or its versions", "reading.readings"),
    ("import", "take decisions that were exported back into a journal", "reading.taking_in"),
    (
        "journal",
        "check whether a journal is whole, and copy what is whole of a damaged one",
        "reading.journal",
    ),
    ("doctor", "check whether this machine can run facetfusion, with a page to print", "doctor"),
    ("completion", "print a script that completes commands and options with Tab", "completion"),
    ("archive", "find and get studies in an archive (PACS)", "archive"),
    ("cohort", "measure many studies, one row for each", "many.cohort"),
    ("readers", "let several readers read the same cases blinded, and compare", "many.readers"),
)
#: Other names of a command.
ALIASES = {"review": ("view",)}
#: An option in a sentence, and one of a command that the sentence names.
_NAMED_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
_OF_A_COMMAND = re.compile(r"facetfusion [a-z]+\b[^.;]*")
_CONTROLS = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class WrongUsage(Exception):  # noqa: N818 - no fault of the program
    """Options that do not go together, or a value that none can have; said before data are read."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program name; those of the process by default.

    Returns
    -------
    int
        Exit code.
    """
    solve_with_one_thread()
    _take_any_text()
    parser = build_parser()
    if any("\0" in word for word in (sys.argv[1:] if argv is None else argv)):
        _say("facetfusion: a name or path holds a character (NUL) that none can have.")
        return USAGE
    if not (sys.argv[1:] if argv is None else argv) and _has_window():
        argv = ["review"]
    try:
        args = parser.parse_args(argv)
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else USAGE
    run: Callable[[argparse.Namespace], int] = args.run
    try:
        with _stopped_by_signals(in_window=getattr(args, "in_window", False)):
            return run(args)
    except WrongUsage as exc:
        _tell(exc, args)
        return USAGE
    except (Cancelled, KeyboardInterrupt):
        _say("Stopped.")
        return STOPPED
    except BrokenPipeError:
        # The reader of our output went away (``| head``); keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except FusionError as exc:
        return _refused(exc, args)
    except Exception as exc:  # noqa: BLE001 - whatever it is, the user is told
        if args.debug:
            traceback.print_exc()
        return _refused(as_fault(exc), args)


@contextlib.contextmanager
def _stopped_by_signals(*, in_window: bool) -> Iterator[None]:
    """Stop as for Ctrl-C when the program is told to end, so that nothing half-made stays behind.

    A window ends at once, as the system does it: everything said is saved already.
    """
    names = () if in_window else ("SIGTERM", "SIGHUP")
    usual = {}
    if threading.current_thread() is threading.main_thread():
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        usual = {n: signal.getsignal(n) for n in numbers if signal.getsignal(n) == signal.SIG_DFL}
    for number in usual:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)


def _has_window() -> bool:
    """Whether a window can be meant where nothing is said: it is there, and so is a screen."""
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in ("napari", "qtpy")):
        return False
    return bool(importlib.import_module("viewer.screen").has_display())


def _take_any_text() -> None:
    """Print what the terminal's encoding lacks as a question mark instead of failing.

    A stream that was closed before the program began takes everything, and shows nothing.
    """
    # Python has None for such a stream, whatever its type says.
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with every command."""
    from fusion.software import own_version

    parser = argparse.ArgumentParser(
        prog="facetfusion",
        description="Review of fused bone SPECT/CT of the neck. " + DISCLAIMER,
    )
    parser.add_argument(
        "--debug",
        action="store_true",
        help="show where a fault of facetfusion happened; what is shown may hold names from the "
        "files",
    )
    parser.add_argument("--version", action="version", version=f"facetfusion {own_version()}")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=_Command
    )
    for name, does, module in COMMANDS:
        commands.add_parser(name, help=does, aliases=ALIASES.get(name, ())).held_in = module
    return parser


class _Command(argparse.ArgumentParser):
    """A command that gets its options when it is asked for: ``--help`` waits for no library."""

    #: Module of the command, until its options are there.
    held_in = ""

    def __init__(self, **about: Any) -> None:
        # A shortened option would mean another one as soon as there is one more.
        super().__init__(**{"allow_abbrev": False, **about})
        # What begins like a negative number is one: "-4,8", or a point with a negative x.
        self._negative_number_matcher = re.compile(r"^-[.,]?\d[\d.,eE+-]*$")

    def _complete(self) -> None:
        module, self.held_in = self.held_in, ""
        if module:
            add = f"add_{self.prog.split()[-1]}"
            getattr(importlib.import_module(f"fusion.cli.{module}"), add)(self)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, with all options; what is none of them is this command's error."""
        self._complete()
        known, others = super().parse_known_args(args, namespace)
        if others:
            self.error(self._unknown(others))
        return known, others

    def _unknown(self, words: Sequence[str]) -> str:
        """Say which words mean nothing here, and what may have been meant."""
        said = f"this means nothing here: {' '.join(words)}"
        options = [one for one in _options(self) if one.startswith("--")]
        first = words[0].partition("=")[0]
        near = difflib.get_close_matches(first, options, n=1) if first.startswith("--") else []
        return f"{said}; did you mean {near[0]}?" if near else said

    def format_help(self) -> str:
        """Return the help, with all options."""
        self._complete()
        return super().format_help()


def journal_option(parser: argparse.ArgumentParser, what: str) -> None:
    """Add ``--journal``, which means one thing everywhere."""
    parser.add_argument(
        "--journal", type=journal_path, metavar="FILE", help=f"{what} (default: that of the user)"
    )


def journal_path(path: str) -> Path:
    """Return the path of a journal, unless it is that of a reader in a reader study."""
    from fusion.reader_study import refuse_blinded

    try:
        return refuse_blinded(Path(path))
    except FusionError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc


def words_of(command: str) -> tuple[str, ...]:
    """Return the options of a command, and its own commands where it has some."""
    return words_by_action(command)[""]


def words_by_action(command: str) -> dict[str, tuple[str, ...]]:
    """Return what may follow a command, under ``""``, and each of its own commands."""
    parser = _Command(prog=f"facetfusion {command}")
    parser.held_in = next(module for name, _, module in COMMANDS if name == command)
    parser.format_help()  # which adds the options
    own: dict[str, tuple[str, ...]] = {}
    found: list[str] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found += action.choices
            own = {name: _options(one) for name, one in action.choices.items()}
        found += action.option_strings
    return {"": tuple(found), **own}


def advised(words: str, command: str) -> str:
    """Return advice with a word on each option in it that the command in use does not have.

    Parameters
    ----------
    words : str
        What is said; what reads data does not know which command asked for it.
    command : str
        The command, or another name of it.

    Returns
    -------
    str
        The words, and which commands have those options.
    """
    known = next((name for name, others in ALIASES.items() if command in others), command)
    named = dict.fromkeys(_NAMED_OPTION.findall(_OF_A_COMMAND.sub("", words)))
    if not named:
        return words
    missing = [one for one in named if one not in _all_words(known)]
    for option in missing:
        have = [name for name, _, _ in COMMANDS if option in _all_words(name)]
        if have:
            verb = "has" if len(have) == 1 else "have"
            words += f' ("facetfusion {known}" has no {option}; {", ".join(have)} {verb} it.)'
    return words


@functools.cache
def _all_words(command: str) -> frozenset[str]:
    return frozenset(word for words in words_by_action(command).values() for word in words)


def _options(parser: argparse.ArgumentParser) -> tuple[str, ...]:
    return tuple(word for action in parser._actions for word in action.option_strings)


def _refused(error: FusionError, args: argparse.Namespace) -> int:
    _tell(error, args)
    return FAULT if isinstance(error, ProgramFault) else REFUSED


def _tell(error: Exception, args: argparse.Namespace) -> None:
    """Say why nothing was done, to people and, where JSON was asked for, to programs."""
    said = advised(str(error), args.command)
    _say(f"facetfusion: {said}")
    if getattr(args, "json", False):
        # Where there is no room for the document, there is none for its error.
        with contextlib.suppress(OSError):
            write_json({"error": {"code": type(error).__name__, "message": said}})


def write_json(document: dict[str, Any]) -> None:
    """Write one JSON document to standard output."""
    from fusion.json_form import json_text

    sys.stdout.write(json_text(document))


def write_lines(*lines: str) -> None:
    """Write plain lines to standard output."""
    # Names of files and what the user typed come back here too; nothing of it may move the cursor
    # or clear a screen, and a name that holds such a character shows that it does.
    sys.stdout.write(_CONTROLS.sub(_visible, "\n".join(lines)) + "\n")


def _visible(found: re.Match[str]) -> str:
    """Return a control character as it is written in source text."""
    return found[0].encode("unicode_escape").decode("ascii")


def _say(line: str) -> None:
    sys.stderr.write(_CONTROLS.sub(_visible, line) + "\n")
