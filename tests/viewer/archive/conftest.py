"""The real archive of the archive's own tests, for the window."""

from tests.archive.conftest import clinic, settings

__all__ = ["clinic", "settings"]
