"""Which files lie under what the user named: a folder, one file, a zip or a DICOMDIR.

Only regular files count, and links are never followed out of the folder. A zip is checked before
anything of it is unpacked, and unpacked under names of our own into a private folder that lives
as long as something made from it does.
"""

from __future__ import annotations

import lzma
import math
import os
import re
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fusion.dicom.files.header import quiet_pydicom, read_header, sop_class_uid
from fusion.dicom.files.instance import PARSE_ERRORS, Instance, items, stored_value
from fusion.errors import DicomError
from fusion.findings import Finding
from fusion.findings.files import (
    ARCHIVE_MEMBER_REFUSED,
    ARCHIVE_MEMBER_UNREADABLE,
    DICOMDIR_ESCAPE,
    DICOMDIR_MISSING,
    DICOMDIR_UNREADABLE,
    FOLDER_UNREADABLE,
    INNER_ARCHIVES_NOT_OPENED,
    LINKS_NOT_FOLLOWED,
)
from fusion.plain_text import plain
from fusion.progress import ProgressCallback
from fusion.temporary import PrivateFolder

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"

#: More files than any study has: the user probably named a whole disk.
MAX_FILES = 200_000
#: What a zip may unpack to in all, and how much larger than itself beyond ``RATIO_FREE_BYTES``.
#: CT compresses to about half; a mostly empty SPECT to about a fiftieth.
MAX_UNPACKED_BYTES = 16 * 2**30
MAX_RATIO = 100
RATIO_FREE_BYTES = 64 * 2**20

#: What the standard library raises on damaged zips: unknown versions and methods of packing, bad
#: data of each method, numbers that point nowhere.
DAMAGED_ZIP = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    LookupError,
    ArithmeticError,
    MemoryError,
)
#: Bytes before a packed file: its local header without its name.
_LOCAL_HEADER_BYTES = 30
_CHUNK = 2**20
#: The file meta group lies within so much of the beginning of a file.
_META_BYTES = 4096
_ENCRYPTED = 0x1
#: Files are named one by one up to here, then counted.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that may be DICOM.

    Parameters
    ----------
    path : Path
        Where it is on this disk.
    label : str
        Its name for the user: relative to what was opened, with forward slashes.
    """

    path: Path
    label: str


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """Everything found under one path.

    Parameters
    ----------
    files : tuple of FoundFile
        Sorted by label.
    findings : tuple of Finding
        What was left out, and why.
    owner : PrivateFolder or None
        Holds the unpacked files of a zip; keep it as long as ``files`` are needed.
    """

    files: tuple[FoundFile, ...]
    findings: tuple[Finding, ...] = ()
    owner: PrivateFolder | None = field(default=None, repr=False)


def find_files(path: Path, *, progress: ProgressCallback | None = None) -> FoundFiles:
    """List the files under a folder, in a zip or named by a DICOMDIR; or the one file itself.

    Parameters
    ----------
    path : Path
        What the user named.
    progress : Progress, optional
        Called while a zip is unpacked.

    Raises
    ------
    DicomError
        Nothing there, not a file or folder, too many files, or a zip that was refused.
    """
    try:
        root = path.resolve(strict=True)
        mode = root.stat().st_mode
    except (OSError, RuntimeError, ValueError) as exc:
        raise DicomError("Nothing can be opened there. Check the path.", label=path.name) from exc
    if stat.S_ISDIR(mode):
        return _in_folder(root)
    if not stat.S_ISREG(mode):
        raise DicomError("This is neither a file nor a folder.", label=path.name)
    if _starts_like_zip(root) or _holds_zip(root):
        return _in_zip(root, progress=progress)
    label = plain(path.name)
    if _is_named_zip(root):
        raise DicomError(
            "It is named like a zip and does not begin or end like one: it is damaged, or "
            "something else. Copy or export it again.",
            label=label,
        )
    try:
        # The catalog reads every other file, and says why where it cannot.
        instance = read_header(root, label=label) if _names_an_index(root) else None
    except DicomError:
        instance = None
    if instance is not None and is_dicomdir(instance):
        files, findings = referenced_files(instance, _in_folder(root.parent).files)
        return FoundFiles(files, findings)
    return FoundFiles((FoundFile(root, label),))


def is_dicomdir(instance: Instance) -> bool:
    """Whether a DICOM object is the index of a medium rather than an image."""
    try:
        return sop_class_uid(instance.dataset) == MEDIA_STORAGE_DIRECTORY
    except DicomError:
        return False


def referenced_files(
    dicomdir: Instance, files: Iterable[FoundFile]
) -> tuple[tuple[FoundFile, ...], tuple[Finding, ...]]:
    """Return the found files that a DICOMDIR names, and what is wrong with its other names.

    Names are compared regardless of case: a DICOMDIR is upper case, a copied CD often not. The
    disk is not touched, so no name can lead out of what was opened.

    Parameters
    ----------
    dicomdir : Instance
        The index.
    files : iterable of FoundFile
        What lies in the folder (or zip) that the index belongs to.
    """
    try:
        with quiet_pydicom():
            references = list(_references(dicomdir))
    except (DicomError, *PARSE_ERRORS):
        return (), (DICOMDIR_UNREADABLE(index=dicomdir.label),)
    folder = dicomdir.label.rpartition("/")[0]
    by_name, by_stem = _by_name(files)
    named: dict[str, FoundFile] = {}
    missing: list[str] = []
    escaping = 0
    for parts in references:
        if any(part in ("", ".", "..") or "\0" in part or ":" in part for part in parts):
            escaping += 1
            continue
        name = plain("/".join((folder, *parts) if folder else parts))
        # The index of one series names files from the top of the medium, or of what was copied.
        above = folder.split("/")[:-1] if folder else []
        places = [name, *(plain("/".join((*above[:n], *parts))) for n in range(len(above), -1, -1))]
        places.append(plain("/".join((folder, parts[-1]) if folder else parts[-1:])))
        file = next((by_name[p.casefold()] for p in places if p.casefold() in by_name), None)
        file = file or next((by_stem[_stem(p)] for p in places if _stem(p) in by_stem), None)
        if file is None:
            missing.append(name)
        else:
            named[file.label] = file
    findings = []
    if escaping:
        findings.append(DICOMDIR_ESCAPE(index=dicomdir.label, escaping=escaping))
    # Philips writes a DIRFILE into the folder of each series, which names what may lie elsewhere.
    is_of_medium = dicomdir.label.rpartition("/")[2].partition(".")[0].upper() != "DIRFILE"
    if missing and (is_of_medium or named):
        findings.append(
            DICOMDIR_MISSING(index=dicomdir.label, missing=len(missing), names=_some(missing))
        )
    return tuple(named[label] for label in sorted(named)), tuple(findings)


def _by_name(files: Iterable[FoundFile]) -> tuple[dict[str, FoundFile], dict[str, FoundFile]]:
    """Return files by name, and by name without what copying adds, where that tells them apart."""
    exact: dict[str, FoundFile] = {}
    loose: dict[str, list[FoundFile]] = {}
    for file in files:
        exact[file.label.casefold()] = file
        loose.setdefault(_stem(file.label), []).append(file)
    return exact, {stem: found[0] for stem, found in loose.items() if len(found) == 1}


def _stem(name: str) -> str:
    """Return a name without the version of ISO 9660 and without an extension for DICOM."""
    plainer = re.sub(r";[0-9]+$", "", name.casefold())
    return re.sub(r"\.(dcm|dic|dicom|ima|img)$|\.$", "", plainer)


def _references(dicomdir: Instance) -> Iterator[tuple[str, ...]]:
    for record in items(dicomdir.dataset, "DirectoryRecordSequence"):
        value = stored_value(record, "ReferencedFileID")
        if value is None or value == "":
            continue
        components = [value] if isinstance(value, str) else list(value)
        # Some writers put a whole path into one component.
        yield tuple(
            part
            for component in components
            for part in str(component).strip().replace("\\", "/").split("/")
        )


def _in_folder(root: Path) -> FoundFiles:
    files: list[FoundFile] = []
    findings: list[Finding] = []
    outside: list[str] = []
    closed: list[str] = []
    pending = [root]
    while pending:
        folder = pending.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            closed.append(_label(folder, root))
            continue
        for entry in entries:
            path = Path(entry.path)
            try:
                if entry.is_symlink():
                    # What a link inside the folder points at is found by itself.
                    if not path.resolve().is_relative_to(root):
                        outside.append(_label(path, root))
                elif entry.is_dir(follow_symlinks=False):
                    pending.append(path)
                elif entry.is_file(follow_symlinks=False):
                    files.append(FoundFile(path, _label(path, root)))
            except (OSError, RuntimeError):  # a loop of links, or gone meanwhile
                closed.append(_label(path, root))
        if len(files) > MAX_FILES:
            raise DicomError(
                f"There are more than {MAX_FILES} files. Choose the folder of one study.",
                label=plain(root.name),
            )
    if outside:
        findings.append(LINKS_NOT_FOLLOWED(links=len(outside), names=_some(outside)))
    if closed:
        findings.append(FOLDER_UNREADABLE(places=len(closed), names=_some(closed)))
    return FoundFiles(tuple(sorted(files, key=lambda file: file.label)), tuple(findings))


def _names_an_index(path: Path) -> bool:
    """Whether the class of an index stands where a file states its class."""
    try:
        with path.open("rb") as file:
            return MEDIA_STORAGE_DIRECTORY.encode() in file.read(_META_BYTES)
    except OSError:
        return False


def _starts_like_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError:
        return False


def _holds_zip(path: Path) -> bool:
    """Whether a zip stands behind something else in a file, as in one that unpacks itself."""
    try:
        with path.open("rb") as file:
            is_dicom = file.read(132)[128:] == b"DICM"
        return not is_dicom and zipfile.is_zipfile(path)
    except OSError:
        return False


def _is_named_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return path.suffix.lower() == ".zip" and file.read(132)[128:] != b"DICM"
    except OSError:
        return False


def _in_zip(path: Path, *, progress: ProgressCallback | None) -> FoundFiles:
    label = plain(path.name)
    try:
        with zipfile.ZipFile(path) as archive:
            members = _checked_members(archive, label=label)
            owner = PrivateFolder()
            files, findings = _unpack(archive, members[0], owner=owner, progress=progress)
    except OSError as exc:
        raise DicomError(
            f"The zip cannot be unpacked ({exc.strerror or 'no reason given'}).", label=label
        ) from exc
    except DAMAGED_ZIP as exc:
        raise DicomError(
            "The zip is damaged, or packed in a way that is not supported. Copy or export it "
            "again, or unpack it yourself and open the folder.",
            label=label,
        ) from exc
    ordered = sorted(files, key=lambda file: (file.label, file.path))
    return FoundFiles(tuple(ordered), (*members[1], *findings), owner)


def _checked_members(
    archive: zipfile.ZipFile, *, label: str
) -> tuple[list[zipfile.ZipInfo], list[Finding]]:
    """Return the members that may be unpacked; nothing has been unpacked yet."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MAX_FILES:
        raise DicomError(f"The zip holds more than {MAX_FILES} files; refused.", label=label)
    if _overlap(members):
        raise DicomError(
            "The zip holds files that share the same bytes; refused as harmful.", label=label
        )
    total = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if total > MAX_UNPACKED_BYTES:
        raise DicomError(
            f"The zip would unpack to {total / 2**30:.1f} GiB; the limit is "
            f"{MAX_UNPACKED_BYTES // 2**30} GiB. Unpack it yourself and open the folder.",
            label=label,
        )
    if total > max(RATIO_FREE_BYTES, MAX_RATIO * packed):
        raise DicomError(
            f"The zip would unpack to {total / max(packed, 1):.0f} times its size; refused as "
            "harmful.",
            label=label,
        )
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if total > free:
        raise DicomError(
            f"Unpacking needs {math.ceil(total / 2**20):,d} MiB and the temporary disk has "
            f"{free // 2**20:,d} MiB left. Free some space, or unpack it yourself and open the "
            "folder.",
            label=label,
        )
    usable: list[zipfile.ZipInfo] = []
    refused: dict[str, list[str]] = {}
    for member in members:
        reason = _reason_to_refuse(member)
        if reason is None:
            usable.append(member)
        else:
            refused.setdefault(reason, []).append(plain(member.filename))
    return usable, [
        ARCHIVE_MEMBER_REFUSED(files=len(names), archive=label, reason=reason, names=_some(names))
        for reason, names in refused.items()
    ]


def _overlap(members: list[zipfile.ZipInfo]) -> bool:
    """Whether one packed file begins inside another: a megabyte can then be unpacked endlessly."""
    end = 0
    for member in sorted(members, key=lambda one: one.header_offset):
        if member.header_offset < end:
            return True
        # The local header may be longer than this, never shorter.
        end = member.header_offset + _LOCAL_HEADER_BYTES + member.compress_size
    return False


def _reason_to_refuse(member: zipfile.ZipInfo) -> str | None:
    parts = member.filename.replace("\\", "/").split("/")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if member.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        return "have names that lead out of the archive and were refused"
    if kind not in (0, stat.S_IFREG):
        return "are links or devices, not files, and were refused"
    if member.flag_bits & _ENCRYPTED:
        return "are protected by a password; unpack the archive first and open the folder"
    return None


def _unpack(
    archive: zipfile.ZipFile,
    members: list[zipfile.ZipInfo],
    *,
    owner: PrivateFolder,
    progress: ProgressCallback | None,
) -> tuple[list[FoundFile], list[Finding]]:
    files: list[FoundFile] = []
    broken: list[str] = []
    nested: list[str] = []
    for number, member in enumerate(members):
        if progress is not None and number % 20 == 0:
            progress(number / len(members), f"Unpacking file {number + 1} of {len(members)}")
        label = plain(member.filename) or "(no name)"
        target = owner.path / f"{number:06d}"
        try:
            with archive.open(member) as source, target.open("xb") as copy:
                left = member.file_size
                while chunk := source.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise zipfile.BadZipFile("longer than stated")
                    copy.write(chunk)
        except DAMAGED_ZIP:
            target.unlink(missing_ok=True)
            broken.append(label)
            continue
        if _starts_like_zip(target):
            target.unlink()
            nested.append(label)
        else:
            files.append(FoundFile(target, label))
    findings = []
    if broken:
        findings.append(ARCHIVE_MEMBER_UNREADABLE(files=len(broken), names=_some(broken)))
    if nested:
        findings.append(INNER_ARCHIVES_NOT_OPENED(zips=len(nested), names=_some(nested)))
    return files, findings


def _label(path: Path, root: Path) -> str:
    return plain(path.relative_to(root).as_posix()) or "(no name)"


def _some(names: list[str]) -> str:
    ordered = sorted(names)
    more = len(ordered) - _NAMED
    return ", ".join(ordered[:_NAMED]) + (f" and {more} more" if more > 0 else "")
