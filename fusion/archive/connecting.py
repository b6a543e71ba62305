"""A way to an archive, by its name in ``archives.toml``."""

from __future__ import annotations

import importlib.util

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
    require_installed()
    if archive.kind == "web":
        from fusion.archive.web import WebArchive

        return WebArchive(name, archive, settings)
    from fusion.archive.dimse import DimseArchive

    return DimseArchive(name, archive, settings)


def require_installed() -> None:
    """Raise ArchiveError where the extra is not installed."""
    if any(importlib.util.find_spec(needed) is None for needed in _NEEDED):
        raise ArchiveError(
            "What talks to archives is not installed. Install it with: pip install "
            "'facetfusion[archive]'"
        )
