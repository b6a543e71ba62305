"""The machine: packages, room on the disk, folders, memory, and letters."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from platformdirs import PlatformDirs

from fusion.annotations import default_path
from fusion.errors import disk_reason
from fusion.self_test.check import Check, CheckOutcome

#: Unpacking a study of a thousand slices, and a display of it, take this much.
LEAST_FREE_BYTES = 2 * 1024**3
#: What opening a study of a thousand slices may take.
LEAST_MEMORY_BYTES = 3 * 1024**3
#: One letter of each script that names come in, by what people call it.
_SCRIPTS = {
    "Latin": "Å",
    "Greek": "Ω",
    "Cyrillic": "Ж",
    "Arabic": "ﺏ",
    "Korean": "김",
    "Chinese": "漢",
}


def machine_checks() -> Iterator[Check]:
    """Yield what is found about this machine, without its screen."""
    yield _python()
    yield from (_extra(*extra) for extra in _EXTRAS)
    yield from _places()
    yield _memory()
    yield _letters()


def _python() -> Check:
    lacks = [name for name in _wanted("") if not _is_installed(name)]
    found = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if lacks:
        remedy = "Install facetfusion again."
        return Check("Python and packages", CheckOutcome.FAILS, f"no {', '.join(lacks)}", remedy)
    return Check("Python and packages", CheckOutcome.WORKS, found)


#: What can be left out at installation: its name, what it is for, and as what it counts.
_EXTRAS = (
    ("viewer", "packages of the window"),
    ("archive", "packages of the archive (PACS)"),
)


def _extra(extra: str, what: str) -> Check:
    lacks = [name for name in _wanted(extra) if not _is_installed(name)]
    if lacks:
        remedy = f"Where it is wanted: pip install 'facetfusion[{extra}]'"
        return Check(what, CheckOutcome.MISSING, f"no {', '.join(lacks)}", remedy)
    return Check(what, CheckOutcome.WORKS, "all there")


def _wanted(extra: str) -> list[str]:
    """Return names of packages that facetfusion needs; of one extra, or of none."""
    names = []
    for line in requires("facetfusion") or ():
        needed, _, marker = line.partition(";")
        of = marker.partition("extra ==")[2].strip().strip("'\"")
        if of == extra:
            letters = [c if c.isalnum() or c in "-_." else " " for c in needed]
            names.append("".join(letters).split()[0])
    return names


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _places() -> Iterator[Check]:
    settings = PlatformDirs("facetfusion", appauthor=False)
    places = {
        "folder of the readings": default_path().parent,
        "folder of the settings": settings.user_config_path,
        "folder for temporary files": Path(tempfile.gettempdir()),
    }
    for what, place in places.items():
        yield _place(what, place)


def _place(what: str, place: Path) -> Check:
    """Check a folder by writing into it, or into the nearest that is there."""
    there = next(one for one in (place, *place.parents) if one.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(bytes(4096))
        free = shutil.disk_usage(there).free
    except OSError as exc:
        remedy = f"Let this user write to {there}."
        return Check(what, CheckOutcome.FAILS, f"{place}: {disk_reason(exc)}", remedy)
    said = f"{place}, {free / 1024**3:.0f} GiB free"
    if free < LEAST_FREE_BYTES:
        said = f"{place}, {free / 1024**2:.0f} MiB free"
        return Check(what, CheckOutcome.FAILS, said, "Free 2 GiB, which a large study needs.")
    return Check(what, CheckOutcome.WORKS, said)


def _memory() -> Check:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return Check(
            "memory", CheckOutcome.MISSING, "this system does not say", "See that it has 4 GiB."
        )
    said = f"{size / 1024**3:.0f} GiB"
    if size < LEAST_MEMORY_BYTES:
        remedy = "Small studies open; one of a thousand slices needs 3 GiB."
        return Check("memory", CheckOutcome.MISSING, f"{size / 1024**2:.0f} MiB", remedy)
    return Check("memory", CheckOutcome.WORKS, said)


def _letters() -> Check:
    from fusion.export import can_print

    lacks = [name for name, letter in _SCRIPTS.items() if not can_print(letter)]
    if lacks:
        remedy = "Where names are in these letters, install a font that has them."
        said = f"the PDF report shows no {', '.join(lacks)} letters"
        return Check("letters of the report", CheckOutcome.MISSING, said, remedy)
    return Check("letters of the report", CheckOutcome.WORKS, ", ".join(_SCRIPTS))
