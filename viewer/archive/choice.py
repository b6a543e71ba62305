"""The archives that can be chosen from."""

from __future__ import annotations

from fusion.archive import Settings, read_settings
from fusion.errors import ArchiveError
from viewer.kit.inputs import ListBox


class ArchiveBox(ListBox):
    """The archives of archives.toml.

    Parameters
    ----------
    preferred : str
        Chosen at first, where there is one of this name.

    Attributes
    ----------
    settings : Settings or None
        What archives.toml says.
    problem : str
        Why there are none.
    """

    def __init__(self, preferred: str = "") -> None:
        super().__init__()
        self.setAccessibleName("Archive")
        self.settings: Settings | None = None
        self.problem = ""
        try:
            self.settings = read_settings()
        except ArchiveError as error:
            self.problem = str(error)
            return
        self.addItems(sorted(self.settings.archives))
        self.setCurrentIndex(max(0, self.findText(preferred)))
        if not self.count():
            self.problem = "archives.toml names no archive; docs/archive.md shows one that does."
            self.settings = None
