"""The real archive of the archive's own tests, for the window."""

from tests.archive.conftest import as_it_was, clinic, settings

__all__ = ["as_it_was", "clinic", "settings"]
