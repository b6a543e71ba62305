"""Where the studies of a cohort lie: under a folder, in a table, or in an archive."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fusion.archive import Query, connect, is_address, local_path, parse_address, read_settings
from fusion.cohort.settings import digest_of
from fusion.errors import FusionError, disk_reason
from fusion.json_form import to_json
from fusion.plain_text import plain

#: Columns of a table of studies; the first is needed.
TABLE_COLUMNS = ("path", "id", "ct", "spect", "spacing_mm")
#: What may stand between the columns.
_BETWEEN = ",;\t"
#: Files directly in a root that are read together as one place: pictures without any folder.
_DICOM_SUFFIXES = frozenset({".dcm", ".dic", ".dicom", ".ima"})
_CHUNK = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPlace:
    """A folder, zip, DICOMDIR or address that is opened by itself; it may hold several pairs.

    Parameters
    ----------
    label : str
        How it is called among the others: relative to the root, or as the table has it. It may
        name the patient.
    path : str
        Where it lies; ``archive:NAME/IDENTIFIER`` too.
    name : str
        What the table calls the study; stands in the results.
    ct, spect : str
        Which volumes, as the table says; empty for the program's choice.
    spacing_mm : float or None, mm
        Distance between slices, as the table says.
    count : int or None
        Of objects, as an archive says.
    """

    label: str
    path: str
    name: str = ""
    ct: str = ""
    spect: str = ""
    spacing_mm: float | None = None
    count: int | None = None

    @property
    def is_chosen(self) -> bool:
        """Whether the table says which volumes are meant."""
        return bool(self.ct or self.spect)

    def id_for(self, parameters: str) -> str:
        """Return a name for its record and its lock, given the digest of the parameters."""
        mine = to_json(self) | {"count": None}
        return digest_of([mine, parameters])[:24]

    def signature(self) -> str:
        """Return a hash of names, sizes and times of its files; quick, and new when one changes."""
        if is_address(self.path):
            return digest_of([self.path, self.count])
        found = hashlib.sha256()
        for path, stat in _files(Path(self.path)):
            line = f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\0{stat.st_ino}\n"
            found.update(line.encode("utf-8", "surrogateescape"))
        return found.hexdigest()

    def content(self) -> str:
        """Return a hash of the content of its files, whatever they are called.

        What cannot be read counts as such; a pipe is never opened.
        """
        if is_address(self.path):
            return digest_of(self.path)
        hashes = []
        for path, stat in _files(Path(self.path)):
            one = hashlib.sha256(str(stat.st_size).encode())
            try:
                # A file that only claims to be there is not read to its end.
                if stat.st_blocks * 512 * 64 >= stat.st_size and _is_regular(stat):
                    with Path(path).open("rb") as file:
                        while chunk := file.read(_CHUNK):
                            one.update(chunk)
            except OSError:
                one.update(b"unreadable")
            hashes.append(one.hexdigest())
        return digest_of(sorted(hashes))


def find_places(root: str, *, table: str | Path | None = None, each: str = "*") -> list[StudyPlace]:
    """List the places of a cohort.

    Parameters
    ----------
    root : str
        A folder, or ``archive:NAME``. Every folder and zip that ``each`` names in it is a place;
        where images lie in the folder itself, the whole of it is one.
    table : path, optional
        CSV that lists them instead; paths are relative to the root.
    each : str
        Pattern of the folders and zips, for example ``*/*``.

    Raises
    ------
    FusionError
        There is nothing, or the table cannot be used.
    """
    if table is not None:
        return _of_table(Path(table), root)
    if is_address(root):
        return _of_archive(root)
    folder = _folder_of(root)
    if each == "*" and _holds_images(folder):
        return [StudyPlace(label=".", path=str(folder))]
    try:
        found = sorted(
            path
            for path in folder.glob(each)
            if not path.name.startswith(".") and (path.is_dir() or path.suffix.lower() == ".zip")
        )
    except (NotImplementedError, ValueError) as exc:  # absolute, or no pattern at all
        raise FusionError(
            f"--each says where the folders and zips lie below ROOT, for example */*; found "
            f"{each!r}."
        ) from exc
    if not found:
        raise FusionError(_nothing_in(folder, each))
    return [StudyPlace(label=str(path.relative_to(folder)), path=str(path)) for path in found]


def _folder_of(root: str) -> Path:
    """Return the folder that a cohort begins at."""
    folder = Path(root)
    wanted = "Give the folder that holds one folder or zip for each study, or archive:NAME"
    if not folder.exists():
        raise FusionError(f"There is no folder {plain(root)}. {wanted}.")
    if not folder.is_dir():
        raise FusionError(
            f"{plain(root)} is a file; a cohort begins at a folder. {wanted}; a list of studies "
            "goes with --from."
        )
    return folder.resolve()


def _nothing_in(folder: Path, each: str) -> str:
    """Say that no study was found, and what is there instead."""
    inside = [path for path in folder.iterdir() if not path.name.startswith(".")]
    folders = sum(path.is_dir() for path in inside)
    files = len(inside) - folders
    holds = (
        f"{folders} folder{'' if folders == 1 else 's'} and {files} file{'' if files == 1 else 's'}"
        if inside
        else "nothing"
    )
    return (
        f"{plain(str(folder))} holds {holds}, and no folder or zip that --each {each!r} names. "
        "Give the folder that holds one folder or zip for each study, or say with --each where "
        "they lie below it, for example --each '*/*'."
    )


def opened_path(place: StudyPlace, path: str) -> str | Path:
    """Return what ``scan`` takes: the path, or the folder of what was fetched for an address."""
    return local_path(path) if is_address(place.path) else path


def _of_table(table: Path, root: str) -> list[StudyPlace]:
    try:
        rows = _rows_of(table.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        why = f" ({disk_reason(exc)})" if isinstance(exc, OSError) else ""
        raise FusionError(
            f"The table of studies {plain(str(table))} cannot be read{why}. It is a CSV in UTF-8, "
            "with the columns "
            f"{', '.join(TABLE_COLUMNS)}; the first is needed."
        ) from exc
    said = {name for _, row in rows for name, value in row.items() if name or _is_filled(value)}
    unknown = sorted(said - set(TABLE_COLUMNS), key=str)
    if not rows or "path" not in rows[0][1] or unknown:
        raise FusionError(
            "The table of studies needs a row for each study, commas, semicolons or tabs between "
            "the columns, and the column path; beside it are "
            f"known {', '.join(TABLE_COLUMNS[1:])}. Found {len(rows)} rows"
            + (f" and the columns {', '.join(map(str, unknown))}." if unknown else ".")
        )
    places = [_of_row(row, line, root) for line, row in rows]
    names = [place.name for place in places if place.name]
    if len(set(names)) < len(names):
        raise FusionError("Two rows of the table of studies have the same id.")
    if len(set(places)) < len(places):
        raise FusionError("Two rows of the table of studies say the same.")
    return places


def _rows_of(text: str) -> list[tuple[int, dict[str, str | None]]]:
    """Return line and content of each row of a table, as programs and spreadsheets write it."""
    first = text.partition("\n")[0]
    # A spreadsheet whose numbers have commas puts semicolons between the columns.
    between = max(_BETWEEN, key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=between)
    rows = [(reader.line_num, row) for row in reader]
    # Below the table a spreadsheet leaves rows of which nothing is filled.
    return [(line, row) for line, row in rows if any(map(_is_filled, row.values()))]


def _is_filled(value: str | list[str] | None) -> bool:
    """Whether a cell, or those beyond the last column, say anything."""
    return any(map(_is_filled, value)) if isinstance(value, list) else bool((value or "").strip())


def _of_row(row: dict[str, str | None], line: int, root: str) -> StudyPlace:
    values = {name: (row.get(name) or "").strip() for name in TABLE_COLUMNS}
    if not values["path"]:
        raise FusionError(f"Line {line} of the table of studies has no path.")
    try:
        spacing = float(values["spacing_mm"].replace(",", ".")) if values["spacing_mm"] else None
    except ValueError:
        spacing = math.nan
    if spacing is not None and not math.isfinite(spacing):
        raise FusionError(f"Line {line} of the table of studies: spacing_mm is no number.")
    path = values["path"]
    if not is_address(path):
        base = Path() if is_address(root) else Path(root)
        path = str((base / path).resolve())
    return StudyPlace(
        label=values["path"],
        path=path,
        name=values["id"],
        ct=values["ct"],
        spect=values["spect"],
        spacing_mm=spacing,
    )


def _of_archive(address: str) -> list[StudyPlace]:
    name, study = parse_address(address)
    archive = connect(read_settings(), name)
    queries = (
        [Query(study_instance_uid=study)]
        if study
        else [Query(modality=kind) for kind in ("NM", "PT")]
    )
    found = {one.study_instance_uid: one for query in queries for one in archive.studies(query)}
    places = [
        StudyPlace(
            label=f"archive:{name}/{uid}",
            path=f"archive:{name}/{uid}",
            count=one.count,
        )
        for uid, one in sorted(found.items())
        # Where the archive does not say what a study holds, it is looked at.
        if not one.modalities or "CT" in one.modalities
    ]
    if not places:
        raise FusionError(
            f"The archive {name} lists no study with NM or PET and CT. See: facetfusion archive "
            f"find {name}"
        )
    return places


def _holds_images(folder: Path) -> bool:
    """Whether images lie in the folder itself, beside no matter what."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() or path.name.startswith(".") or not path.is_file():
            continue
        if path.suffix.lower() in _DICOM_SUFFIXES or path.name.upper() == "DICOMDIR":
            return True
        try:
            with path.open("rb") as file:
                if file.read(132)[128:] == b"DICM":
                    return True
        except OSError:
            continue
    return False


def _files(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield every file below a path with its state, in the order of the names."""
    if path.name.upper() == "DICOMDIR":
        path = path.parent  # what it names lies beside it
    if not path.is_dir():
        try:
            yield str(path), path.stat()
        except OSError:
            return
        return
    stack = [str(path)]
    while stack:
        try:
            entries = sorted(os.scandir(stack.pop()), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    stack.append(entry.path)
                else:
                    yield entry.path, entry.stat(follow_symlinks=False)
            except OSError:
                continue


def _is_regular(stat: os.stat_result) -> bool:
    return (stat.st_mode & 0o170000) == 0o100000
