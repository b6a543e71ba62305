"""A way to an archive, by its name in ``archives.toml``."""

from __future__ import annotations

import importlib.util
from contextlib import AbstractContextManager

from fusion.archive.model import Archive
from fusion.archive.settings import Settings
from fusion.errors import ArchiveError

_NEEDED = ("pynetdicom", "dicomweb_client")


def connect(settings: Settings, name: str) -> Archive:
    """Return an archive; nothing is sent before it is asked something.

    Raises
    ------
    ArchiveError
        There is none of this name, or the extra is not installed.
    """
    archive = settings.archive(name)
    _require_installed()
    if archive.kind == "web":
        from fusion.archive.protocols.web import WebArchive

        return WebArchive(name, archive, settings)
    from fusion.archive.protocols.dimse import DimseArchive

    return DimseArchive(name, archive, settings)


def taking_in(settings: Settings) -> AbstractContextManager[object]:
    """Return what takes in studies as long as it is entered.

    Raises
    ------
    ArchiveError
        Nothing is said about listening, or the extra is not installed.
    """
    _require_installed()
    from fusion.archive.listening import Listener

    return Listener(settings, takes_studies=True)


def _require_installed() -> None:
    if any(importlib.util.find_spec(needed) is None for needed in _NEEDED):
        raise ArchiveError(
            "What talks to archives is not installed. Install it with: pip install "
            "'facetfusion[archive]'"
        )
