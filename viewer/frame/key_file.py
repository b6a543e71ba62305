"""The keys that a user has changed, in one file: a key of the card, and the one that is wanted."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from platformdirs import PlatformDirs
from qtpy.QtGui import QKeySequence

from fusion.errors import FusionError
from viewer.kit.keys import Keys, every_key

_TABLE = "keys"
_HEAD = """\
# Keys of facetfusion. Left: the key on the card (press ? in the window). Right: the one you want.
# Take away the # before a line to change it; it holds from the next window on.

[keys]
"""


def default_key_file() -> Path:
    """Return where a user keeps changed keys."""
    return PlatformDirs("facetfusion", appauthor=False).user_config_path / "keys.toml"


class ChangedKeys:
    """What one file wants changed.

    Parameters
    ----------
    path : Path or None
        The file; where there is none, nothing is changed.

    Raises
    ------
    FusionError
        It cannot be read, or does not say which key is to be which.
    """

    def __init__(self, path: Path | None) -> None:
        try:
            said = tomllib.loads(path.read_text("utf-8")) if path and path.exists() else {}
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise FusionError(f"The file of keys cannot be read: {error}.") from error
        wanted = said.get(_TABLE, {})
        if not isinstance(wanted, dict) or not all(isinstance(k, str) for k in wanted.values()):
            raise FusionError('The file of keys needs lines such as "H" = "J" below [keys].')
        self.wanted: dict[str, str] = wanted

    def of(self, key: str) -> str:
        """Return the key that is in the place of another."""
        return self.wanted.get(key, key)

    def applied(self, groups: Mapping[str, Keys]) -> dict[str, Keys]:
        """Return the keys of a window with the changes.

        Parameters
        ----------
        groups : mapping of str to Keys
            As they are without.

        Raises
        ------
        FusionError
            A key is none, is not on the card, or would mean two things.
        """
        known = every_key(groups)
        for key, wanted in self.wanted.items():
            if key not in known:
                raise FusionError(f"The key {key} is not on the card.")
            if not QKeySequence(wanted).toString() or QKeySequence(wanted).count() != 1:
                raise FusionError(f"{wanted!r}, wanted in the place of {key}, is no key.")
        changed = {
            title: {self.of(key): action for key, action in keys.items()}
            for title, keys in groups.items()
        }
        if sum(map(len, changed.values())) != len(known):
            raise FusionError(f"Two things would be on one key: {self._twice(known)}.")
        try:
            every_key(changed)
        except ValueError as error:
            raise FusionError(f"Two things would be on one key: {error}.") from error
        return changed

    def _twice(self, known: Keys) -> str:
        taken: dict[str, str] = {}
        for key, (words, _) in known.items():
            other = taken.setdefault(self.of(key), words)
            if other != words:
                return f"{self.of(key)} for {other!r} and {words!r}"
        return "see the file"


def write_template(path: Path, groups: Mapping[str, Keys]) -> Path:
    """Write a file in which every key stands, none changed; one that is there stays. Returns it.

    Raises
    ------
    FusionError
        It cannot be written.
    """
    if path.exists():
        return path
    lines = [_HEAD]
    for title, keys in groups.items():
        lines.append(f"\n# {title}\n")
        lines += [f'# "{key}" = "{key}"  # {words}\n' for key, (words, _) in keys.items()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(lines), "utf-8")
    except OSError as error:
        raise FusionError(f"{path} cannot be written ({error.strerror}).") from error
    return path
