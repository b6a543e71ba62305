"""``archives.toml``: which archives there are, and how this program calls itself to them.

No secret stands in it: a password is in the environment (``FACETFUSION_PASSWORD_NAME``), or in the
system's own store of passwords where the package ``keyring`` is installed.
"""

from __future__ import annotations

import importlib
import importlib.util
import ipaddress
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from platformdirs import PlatformDirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from fusion.errors import ArchiveError

#: A file of settings is a page; anything larger is not one.
LARGEST_FILE_BYTES = 256 * 1024
#: Where the file lies when no other is named.
WHERE = "FACETFUSION_ARCHIVES"

_MODEL = ConfigDict(frozen=True, extra="forbid", strict=True)
#: An application entity title: at most 16 characters, no backslash or control (PS3.5 section 6.2).
Title = Annotated[str, Field(pattern=r"^[ -\[\]-~]{1,16}$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,253}$")]


class Tls(BaseModel):
    """Files of a mutual TLS connection, all PEM; paths count from the folder of archives.toml."""

    model_config = _MODEL

    authority: str
    certificate: str
    key: str


class ArchiveSettings(BaseModel):
    """How one archive is reached."""

    model_config = _MODEL

    kind: Literal["dimse", "web"]
    title: Title | None = None
    host: Host | None = None
    port: Port | None = None
    url: str | None = None
    user: str | None = None
    issuer: str = ""
    retrieve: Literal["get", "move"] = "get"
    without_tls: bool = False
    tls: Tls | None = None

    @model_validator(mode="after")
    def _reachable(self) -> ArchiveSettings:
        if self.kind == "dimse" and not (self.title and self.host and self.port):
            raise PydanticCustomError("incomplete", "a dimse archive needs title, host and port")
        if self.kind == "web" and not _is_url(self.url or ""):
            raise PydanticCustomError(
                "incomplete",
                "a web archive needs a url such as https://host/dicom-web, with nothing secret in "
                "it: no user, password or token",
            )
        if not (self.is_encrypted or self.is_here or self.without_tls):
            raise PydanticCustomError(
                "plain",
                "patients' data would travel unencrypted to another machine; give the files of "
                "[tls], or write without_tls = true if the network itself is protected",
            )
        return self

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection is encrypted."""
        return self.tls is not None if self.kind == "dimse" else str(self.url).startswith("https:")

    @property
    def is_here(self) -> bool:
        """Whether the archive runs on this machine."""
        if self.kind == "dimse":
            return is_loopback(str(self.host))
        inside = re.match(r"https?://(\[[^\]]*\]|[^/:]*)", str(self.url))
        return inside is not None and is_loopback(inside[1].strip("[]"))


def _is_url(stated: str) -> bool:
    """Whether a web archive can be reached there; what follows ``?`` would be a secret or lost."""
    try:
        port = urlsplit(stated).port
    except ValueError:
        return False
    return port != 0 and re.fullmatch(r"https?://[^/@?#\s]+(/[^@?#\s]*)?", stated) is not None


class ListenSettings(BaseModel):
    """Where this program takes in studies and answers about storage commitment."""

    model_config = _MODEL

    host: Host = "127.0.0.1"
    port: Port
    allow: tuple[Title, ...] = Field((), strict=False)
    tls: Tls | None = None
    most_associations: int = Field(4, ge=1, le=64)
    most_bytes_a_study: int = Field(8 * 2**30, ge=2**20)
    least_free_bytes: int = Field(2 * 2**30, ge=0)

    @model_validator(mode="after")
    def _guarded(self) -> ListenSettings:
        if not is_loopback(self.host) and (self.tls is None or not self.allow):
            raise PydanticCustomError(
                "open",
                "other machines could reach this; give the files of [listen.tls] and name in "
                "allow who may send",
            )
        return self


class Settings(BaseModel):
    """All of ``archives.toml``."""

    model_config = _MODEL

    title: Title = "FACETFUSION"
    inbox: str | None = None
    outbox: str | None = None
    archives: dict[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$")], ArchiveSettings]
    listen: ListenSettings | None = None
    folder: Path = Field(Path(), exclude=True)

    def archive(self, name: str) -> ArchiveSettings:
        """Return the settings of one archive.

        Raises
        ------
        ArchiveError
            There is none of this name.
        """
        if name not in self.archives:
            known = ", ".join(sorted(self.archives)) or "none"
            raise ArchiveError(f"archives.toml names no archive {name!r:.50}; it names: {known}.")
        return self.archives[name]

    def place(self, which: Literal["inbox", "outbox"]) -> Path:
        """Return the folder that studies arrive in, or results wait in."""
        stated = self.inbox if which == "inbox" else self.outbox
        if stated:
            return self.folder / stated
        return _dirs().user_data_path / which

    def file(self, stated: str) -> str:
        """Return the path of a file that the settings name."""
        return str(self.folder / stated)


def _dirs() -> PlatformDirs:
    return PlatformDirs("facetfusion", appauthor=False)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and cannot be reached from others."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def settings_path() -> Path:
    """Return where ``archives.toml`` lies: as the environment says, or with the user's settings."""
    stated = os.environ.get(WHERE)
    return Path(stated) if stated else _dirs().user_config_path / "archives.toml"


def read_settings(path: Path | None = None) -> Settings:
    """Read ``archives.toml``.

    Parameters
    ----------
    path : Path, optional
        The file; the one of :func:`settings_path` by default.

    Raises
    ------
    ArchiveError
        It cannot be read, or what it says is refused: each complaint with its place.
    """
    path = settings_path() if path is None else path
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
        if len(content) > LARGEST_FILE_BYTES:
            raise ArchiveError(f"{path}: larger than a file of settings can be.")
        stated = tomllib.loads(content.decode("utf-8-sig"))
    except OSError as exc:
        raise ArchiveError(
            f"{path}: cannot be read ({exc.strerror}). It names the archives; docs/archive.md "
            f"shows one. Another place can be named in {WHERE}."
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise ArchiveError(f"{path}: is no TOML text: {exc}.") from exc
    if "folder" in stated:
        raise ArchiveError(f"{path}: folder: not known here.")
    try:
        return Settings.model_validate({**stated, "folder": path.resolve().parent})
    except ValidationError as exc:
        complaints = [
            f"{path}: {'.'.join(str(part) for part in one['loc']) or 'the file'}: {one['msg']}."
            for one in exc.errors()
        ]
        raise ArchiveError("\n".join(complaints)) from exc


def password(name: str, user: str) -> str:
    """Return the password for an archive, from the environment or the system's store.

    Raises
    ------
    ArchiveError
        There is none.
    """
    variable = "FACETFUSION_PASSWORD_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
    found: str | None = os.environ.get(variable)
    if found is None and importlib.util.find_spec("keyring") is not None:
        keyring = importlib.import_module("keyring")
        try:
            found = keyring.get_password(f"facetfusion archive {name}", user)
        except keyring.errors.KeyringError:
            found = None
    if found is None:
        raise ArchiveError(
            f"There is no password for {user!r:.50} at the archive {name}. Set {variable}, or "
            f'store it: keyring set "facetfusion archive {name}" USER'
        )
    return found
