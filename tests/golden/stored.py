"""Golden files: compared, or written anew on purpose with ``REWRITE_GOLDEN=1``."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

FOLDER = Path(__file__).parent / "files"
#: How many lines of a difference are shown.
SHOWN = 40


def rewriting() -> bool:
    return os.environ.get("REWRITE_GOLDEN") == "1"


def check(name: str, now: str, *, context: int = 1) -> str:
    """Compare text with a golden file.

    Returns
    -------
    str
        Empty when equal; else the first lines that differ, and how to accept them.
    """
    path = FOLDER / name
    if rewriting():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(now, "utf-8", newline="")
        return ""
    if not path.exists():
        return f"{name}: there is no golden file."
    before = path.read_bytes().decode("utf-8")
    if before == now:
        return ""
    lines = difflib.unified_diff(
        before.splitlines(), now.splitlines(), "golden", "now", lineterm="", n=context
    )
    shown = [line[:400] for line in lines]
    more = len(shown) - SHOWN
    shown = shown[:SHOWN] + ([f"... and {more} lines more"] if more > 0 else [])
    return f"{name} differs:\n" + ("\n".join(shown) or "(only in the ends of lines)")


def relative(text: str, first: str, name: str) -> str:
    """A text as it differs from another, where that is much shorter."""
    if text == first:
        return f"the same as in {name}\n"
    lines = difflib.unified_diff(first.splitlines(), text.splitlines(), lineterm="", n=0)
    told = "\n".join([f"as in {name}, but:", *list(lines)[2:]]) + "\n"
    return told if len(told) < len(text) / 2 else text


def check_all(texts: dict[str, str], *, folder: str) -> None:
    """Compare texts with all the golden files of a folder; fails with what differs."""
    if rewriting():
        for path in (FOLDER / folder).glob("*"):
            path.unlink()
    said = [check(f"{folder}/{name}", text) for name, text in texts.items()]
    there = {path.name for path in (FOLDER / folder).glob("*")}
    said += [f"{folder}/{name}: nothing like it is written any more." for name in there - {*texts}]
    said = [one for one in said if one]
    assert not said, (
        "\n\n".join(said)
        + "\n\nIf every difference is meant: REWRITE_GOLDEN=1 pytest tests/golden, look at the "
        "diff, and say why in the commit."
    )
