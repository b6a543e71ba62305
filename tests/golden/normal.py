"""Files and printed text as they are compared: without what differs from run to run.

Normalised are

- identifiers: DICOM UIDs other than the standard's, UUIDs, ids of 32 and hashes of 64 hexadecimal
  digits.
  Those of the source study have names, ``UID(CT 7)``; the others are named by the file where they
  are met first and counted there, ``UID(reading.json 2)``, so that references between files hold;
- moments: every digit of a date or time that the source study does not state becomes 0, the form
  stays;
- versions of software, folders of the run, pictures and bulk data (their size, for numbers their
  extremes and sum, and elsewhere a hash: see :class:`Normal`);
- numbers: 6 significant digits, and 0 for what is below 1e-6, so that another processor gives the
  same. Keys of JSON are sorted; nothing else is reordered.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

#: Significant digits that are compared.
DIGITS = 6
#: What is smaller is nothing.
NOTHING = 1e-6
_VERSION = re.compile(rf"(?<![\w.]){re.escape(version('facetfusion'))}(?![\w.]*\d)")
_UID = re.compile(r"(?<![\w.])(?:2\.25\.\d{20,}|[0-2](?:\.(?:0|[1-9]\d*)){5,})(?![\w.]*\d)")
_HEX = re.compile(
    r"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f])"
)
#: What stands for a patient in a de-identified export, made anew for each.
_PSEUDONYM = re.compile(r"(?<![0-9A-F])[0-9A-F]{12}(?![0-9A-F])")
_MOMENT = re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:\+00:00)?")
_NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d+(?:e[-+]?\d+)?(?![\w.]*\d)")
_PICTURE = re.compile(r"data:image/[a-z]+;base64,[A-Za-z0-9+/=]+")
#: What the planes of the interactive report are drawn from.
_PLANES = re.compile(r'(?<="levels":")[A-Za-z0-9+/=]+|(?<="checks":)\[\[\[.*?\]\]\]')
#: Of what is in the file, or of what differs from run to run.
_LENGTHS = ("FileMetaInformationGroupLength", "EncapsulatedDocumentLength")
_TIMES = {"DA", "TM", "DT"}
_WIDTH = 110


@dataclass(frozen=True)
class _Source:
    """A study: names of its identifiers, the moments that it states, and a hash of its pixels."""

    names: dict[str, str]
    stated: frozenset[str]
    #: Of the pixels of the whole study: equal where arithmetic is equal.
    inputs: str

    @classmethod
    @cache  # read once, however much is written about it
    def of(cls, source: Path) -> _Source:
        names: dict[str, str] = {}
        stated: set[str] = set()
        inputs = hashlib.sha256()
        counts: dict[str, Iterator[int]] = {}
        for path in sorted(p for p in source.rglob("*") if p.suffix == ".dcm"):
            ds = pydicom.dcmread(path)
            series = str(ds.SeriesInstanceUID)
            if series not in names:
                names[series] = f"UID({_free(ds.Modality, names)} series)"
            kind = names[series][4:].removesuffix(" series)")
            number = next(counts.setdefault(series, itertools.count(1)))
            names.setdefault(str(ds.StudyInstanceUID), "UID(study)")
            names.setdefault(str(ds.FrameOfReferenceUID), f"UID({kind} frame)")
            names.setdefault(str(ds.SOPInstanceUID), f"UID({kind} {number})")
            stated |= {str(element.value) for element in ds.iterall() if element.VR in _TIMES}
            inputs.update(ds.get("PixelData", b""))
        return cls(names, frozenset(stated), inputs.hexdigest())


def _free(kind: str, names: Mapping[str, str]) -> str:
    taken = set(names.values())
    kinds = itertools.chain([kind], (f"{kind}{n}" for n in itertools.count(2)))
    return next(one for one in kinds if f"UID({one} series)" not in taken)


class Normal:
    """Normalises what is written about one study in one run.

    Parameters
    ----------
    source : path
        The study.
    places : mapping of str to path
        Folders of the run, by the name that stands for each.

    Attributes
    ----------
    exact : dict of str to str
        SHA-256 of bulk data by file and keyword; the same only where arithmetic is the same.
    """

    def __init__(self, source: Path, places: Mapping[str, Path]) -> None:
        self.exact: dict[str, str] = {}
        self._places = {str(path): f"<{name}>" for name, path in places.items()}
        today = dt.datetime.now(dt.UTC).date()
        days = [today + dt.timedelta(days=n) for n in (-1, 0, 1)]
        forms = [form for day in days for form in (f"{day:%Y-%m-%d}", f"{day:%Y%m%d}")]
        self._today = {form: re.sub(r"\d", "0", form) for form in forms}
        self._file = ""
        self._count = 0
        named = _Source.of(source)
        self._names, self._stated, self.inputs = dict(named.names), named.stated, named.inputs

    def _token(self, kind: str, value: str) -> str:
        if value not in self._names:
            self._count += 1
            self._names[value] = f"{kind}({self._file} {self._count})"
        return self._names[value]

    def begin(self, file: str) -> None:
        """Name what is met from now on by this file."""
        self._file, self._count = file, 0

    # Text

    def text(self, value: str) -> str:
        """One piece of text, normalised."""
        for path, name in self._places.items():
            value = value.replace(path, name)
        value = _PICTURE.sub("<picture>", value)
        value = _PLANES.sub("<planes>", value)
        value = _UID.sub(lambda m: self._uid(m[0]), value)
        value = _HEX.sub(lambda m: self._token("HASH" if len(m[0]) == 64 else "ID", m[0]), value)
        value = _PSEUDONYM.sub(lambda m: self._token("ID", m[0]), value)
        value = _MOMENT.sub(lambda m: re.sub(r"\d", "0", m[0].replace("+00:00", "+Z")), value)
        value = value.replace("+Z", "+00:00")
        for day, zeros in self._today.items():
            value = value.replace(day, zeros)
        value = _VERSION.sub("<version>", value)
        return _NUMBER.sub(lambda m: _decimal(m[0]), value)

    def _uid(self, uid: str) -> str:
        return uid if uid.startswith("1.2.840.10008.") else self._token("UID", uid)

    # JSON

    def json(self, text: str) -> str:
        """A JSON document, normalised, its keys sorted."""
        return "\n".join(_pretty(self._value(json.loads(text)))) + "\n"

    def _value(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            if key == "software":
                return dict.fromkeys(sorted(value), "<version>")
            keys = {k: self.text(k) for k in sorted(value)}
            return {name: self._value(value[k], k) for k, name in keys.items()}
        if isinstance(value, list):
            return list(_runs([self._value(item) for item in value]))
        if isinstance(value, float):
            return _rounded(value)
        return self.text(value) if isinstance(value, str) else value

    # Files

    def file(self, path: Path, name: str) -> str:
        """What stands in a file, as text."""
        self.begin(name)
        if path.suffix == ".dcm":
            ds = pydicom.dcmread(path)
            return "\n".join([*self._dataset(ds.file_meta, ""), *self._dataset(ds, "")]) + "\n"
        if path.suffix == ".json":
            return self.json(path.read_text("utf-8"))
        if path.suffix in (".html", ".csv"):
            lines = path.read_bytes().decode("utf-8").replace("\r\n", "\\r\\n\n")
            lines = lines.replace("><", ">\n<") if path.suffix == ".html" else lines
            return self.text(lines)
        return "<not compared>\n"

    def _dataset(self, ds: Dataset, indent: str) -> Iterator[str]:
        for element in ds:
            if element.keyword in ("ImplementationClassUID", "ImplementationVersionName"):
                yield f"{indent}{element.keyword}: <pydicom>"
            elif element.keyword in _LENGTHS:
                continue
            elif element.VR == "SQ" and len(element.value) == 1 and _is_code(element.value[0]):
                yield f"{indent}{_head(element)}: {self.text(_code(element.value[0]))}"
            elif element.VR == "SQ":
                yield f"{indent}{_head(element)}: {len(element.value)} item(s)"
                items = ["\n".join(self._dataset(item, indent + "  ")) for item in element.value]
                yield from _runs([_on_one_line(item, indent) for item in items])
            else:
                yield f"{indent}{_head(element)}: {self._element(ds, element)}"

    def _element(self, ds: Dataset, element: DataElement) -> str:
        value = element.value
        if element.keyword == "PixelData" or isinstance(value, bytes):
            return self._bulk(ds, element)
        if element.keyword == "SoftwareVersions":
            return re.sub(r"\d+(\.\d+)+\S*?(?=['\\\s]|$)", "<version>", str(value))
        values = value if isinstance(value, list | pydicom.multival.MultiValue) else [value]
        shown = [self._one(element.VR, one) for one in values]
        return "\\".join(_runs(shown))

    def _one(self, vr: str, value: Any) -> str:
        text = "" if value is None else str(value)
        if vr in _TIMES and text not in self._stated:
            return re.sub(r"\d", "0", text)
        if vr in _TIMES:
            return text
        if vr in ("DS", "FD", "FL") and text:
            return repr(_rounded(float(text)))
        shown = self.text(text)
        # A text value may hold a whole JSON document.
        return json.dumps(shown, ensure_ascii=False) if "\n" in shown else shown

    def _bulk(self, ds: Dataset, element: DataElement) -> str:
        content = bytes(element.value)
        if len(content) <= 16:
            return content.hex()
        if element.keyword == "EncapsulatedDocument":
            return f"<{content[:5].decode('latin-1')}>"
        if element.keyword == "PixelData" and ds.get("SamplesPerPixel", 1) == 3:
            return f"<picture of {len(content)} bytes>"
        self.exact[f"{self._file} {element.keyword}"] = hashlib.sha256(content).hexdigest()
        if element.keyword != "PixelData":
            return f"<{len(content)} bytes>"
        pixels = ds.pixel_array.astype(np.float64)
        total = f"{pixels.sum():.4g}"
        return f"<{pixels.shape} from {pixels.min():g} to {pixels.max():g}, sum {total}>"


def _head(element: DataElement) -> str:
    return f"{element.keyword or element.tag} {element.VR}"


def _on_one_line(item: str, indent: str) -> str:
    """An item of a sequence; on one line where that is short."""
    one = "; ".join(line.strip() for line in item.splitlines())
    return f"{indent} - {one}" if len(one) <= 3 * _WIDTH else f"{indent} -\n{item}"


def _is_code(item: Dataset) -> bool:
    return {e.keyword for e in item} == {"CodeValue", "CodingSchemeDesignator", "CodeMeaning"}


def _code(item: Dataset) -> str:
    return f"({item.CodeValue}, {item.CodingSchemeDesignator}, {item.CodeMeaning!r})"


def arithmetic() -> str:
    """A hash that is the same where elementary functions give the same last bit."""
    x = np.linspace(0.01, 9.0, 4096).reshape(64, 64)
    parts = (np.exp(-x), np.log(x), np.sin(x), np.arctan2(x, 2.0), x @ x.T, np.fft.fft(x).real)
    parts += (np.linalg.svd(x + np.eye(64))[1], np.exp(-x.astype(np.float32)))
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def _decimal(text: str) -> str:
    digits = re.sub(r"e.*", "", text).replace("-", "").replace(".", "").lstrip("0")
    # As it was printed, unless more digits were printed than are compared.
    return text if len(digits) <= DIGITS and "e-" not in text else repr(_rounded(float(text)))


def _rounded(value: float) -> float:
    return 0.0 if abs(value) < NOTHING else float(f"{value:.{DIGITS}g}")


def _pretty(value: Any, indent: str = "") -> Iterator[str]:
    """JSON lines; what fits on one line stands on one."""
    short = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(short) <= _WIDTH or not isinstance(value, dict | list) or not value:
        yield indent + short
        return
    keyed = isinstance(value, dict)
    yield indent + ("{" if keyed else "[")
    for item in value.items() if keyed else value:
        lines = list(_pretty(item[1] if keyed else item, indent + " "))
        if keyed:
            lines[0] = f"{indent} {json.dumps(item[0], ensure_ascii=False)}: {lines[0].lstrip()}"
        lines[-1] += ","
        yield from lines
    yield indent + ("}" if keyed else "]")


def _runs(items: list[Any]) -> Iterable[Any]:
    """Put items that differ by one counted name into one: UID(CT 1), UID(CT 2), ..."""
    if len(items) < 8 or not all(isinstance(item, str) for item in items):
        return items
    counted = re.compile(r"UID\((\S+) (\d+)\)")
    kept: list[str] = []
    group: list[tuple[str, str, int]] = []

    def end() -> None:
        if len(group) > 2:
            (first, _, one), (_, _, last) = group[0], group[-1]
            kept.append(first.replace(f" {one})", f" {one} to {last})"))
        else:
            kept.extend(item for item, _, _ in group)
        group.clear()

    for item in items:
        found = counted.findall(item)
        number = int(found[0][1]) if len(found) == 1 else -1
        form = counted.sub(r"UID(\1)", item)
        if group and (form, number) != (group[-1][1], group[-1][2] + 1):
            end()
        if number < 0:
            kept.append(item)
        else:
            group.append((item, form, number))
    end()
    return kept
