"""An export is written beside its place and put there when it is whole.

A program that is stopped or killed half-way leaves nothing that looks like an export, and older
files stay until new ones are there.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from pydicom import dcmread

from fusion.errors import FusionError
from fusion.temporary import begun, sweep

#: Marks what is not whole.
_PART = ".part"


@contextlib.contextmanager
def staged(folder: Path, *, names: tuple[str, ...], alone: bool) -> Iterator[Path]:
    """Yield a folder to write into; what is there at the end of the block goes to its place.

    Parameters
    ----------
    folder : Path
        The place; made when absent.
    names : tuple of str
        Patterns of the names that an export may have; older files of ours under them go.
    alone : bool
        Refuse a place that holds something, before and after.

    Raises
    ------
    FusionError
        The place holds something and must not.
    """
    place = folder.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    for left in (place.parent, place):
        sweep(left, f".{_escaped(place.name)}.{'[0-9a-f]' * 12}{_PART}")
    if alone:
        _refuse_filled(place)
    # Beside the place, so that all of it appears at once; inside where there is something.
    inside = place.exists() and (any(place.iterdir()) or not os.access(place.parent, os.W_OK))
    name = f".{place.name}.{uuid.uuid4().hex[:12]}{_PART}"
    with begun((place if inside else place.parent) / name) as part:
        yield part
        if alone:
            _refuse_filled(place)
        if not _renamed(part, place):
            place.mkdir(exist_ok=True)
            if alone:
                _refuse_filled(place, besides=part)
            _moved(part, place, names)


def _renamed(part: Path, place: Path) -> bool:
    """Give a whole folder its name; False where something is there already, or it cannot be."""
    if part.parent == place:
        return False
    try:
        if place.exists():
            part.chmod(place.stat().st_mode & 0o7777)
        part.rename(place)
    except OSError:
        return False
    return True


def _moved(part: Path, place: Path, names: tuple[str, ...]) -> None:
    new = {path.name for path in part.iterdir()}
    for path in sorted(part.iterdir()):
        path.replace(place / path.name)  # a link there is replaced, not followed
    for pattern in names:
        for path in place.glob(pattern):
            # A name that we give to nothing else is ours; one of a pattern may be anybody's.
            if path.name not in new and (path.name == pattern or _is_ours(path)):
                path.unlink()


def _is_ours(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    try:
        made = dcmread(path, stop_before_pixels=True, specific_tags=["Manufacturer"])
        return str(made.get("Manufacturer", "")) == "facetfusion"
    except Exception:  # noqa: BLE001 - whatever it is, we did not write it
        return False


def _refuse_filled(place: Path, besides: Path | None = None) -> None:
    if place.exists() and any(path != besides for path in place.iterdir()):
        raise FusionError(
            f"{place} is not empty. A de-identified export needs a folder of its own, so that "
            "nothing lies beside it that still names the patient, or has the pseudonyms of "
            "another export."
        )


def _escaped(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)
