"""Designs of studies, as somebody would type them."""

from __future__ import annotations

from fusion.reader_study.design import Design, read_design

TWO_ARMS = """
[[arm]]
name = "alone"
proposals = false

[[arm]]
name = "with proposals"
proposals = true
"""


def design_text(cases: int = 40, *, head: str = "", arms: str = TWO_ARMS) -> str:
    listed = "".join(
        f'\n[[case]]\nname = "c{number:02d}"\npath = "cases/{number}"\n' for number in range(cases)
    )
    said = "" if "readers" in head else 'readers = ["Reader A", "Reader B", "Reader C"]\n'
    said += "" if "seed" in head else "seed = 7\n"
    return f"schema_version = 1\n{said}{head}\n{arms}{listed}"


def design(cases: int = 40, **how: str) -> Design:
    return read_design(design_text(cases, **how).encode())
