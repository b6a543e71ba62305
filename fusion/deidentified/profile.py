"""Headers without identity: the Basic Application Level Confidentiality Profile of PS3.15.

What happens to each attribute is not decided here: Table E.1-1 (edition 2026c) comes from the
package ``dicom-anonymizer``. Its own engine is not used, because it does not enter sequences; it
is the second opinion in the tests.

This engine goes beyond the profile: text, names, dates and binary data that the table does not
name are emptied or removed too, unless :data:`KEPT_TEXT` lists them. An attribute that nobody
thought of is then lost, not leaked.

UIDs, identifiers and the shift of dates follow from a key that is made for one export and never
stored. Within the export the same value always becomes the same; nobody can undo it, or join two
exports by it.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from hashlib import sha256
from typing import Any

from highdicom.sr import CodedConcept
from pydicom import config
from pydicom.datadict import dictionary_is_retired
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.uid import UID
from pydicom.valuerep import VR

from fusion.deidentified.defined_terms import defined, is_defined
from fusion.deidentified.known_words import clean_code, known_words
from fusion.dicom import PARSE_ERRORS, damage_told, hashed_uid, quiet_pydicom, text

#: Edition of PS3.15 that the table is of.
EDITION = "2026c"
#: Options of the profile that are always applied, and those that keep SUV computable: code value
#: and meaning, PS3.16 CID 7050. The first is the profile itself.
METHODS = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113104", "Clean Structured Content Option"),
    ("113105", "Clean Descriptors Option"),
)
KEPT_FOR_SUV = (
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("113108", "Retain Patient Characteristics Option"),
)
#: Stands for a moment that was removed, where there has to be one; the same in every object.
NO_MOMENT = datetime(1900, 1, 1, tzinfo=UTC)

#: Actions of Table E.1-1 by the name of the list that the package keeps them in.
_ACTIONS = {
    "D_TAGS": "D",
    "Z_TAGS": "Z",
    "X_TAGS": "X",
    "U_TAGS": "U",
    "Z_D_TAGS": "Z/D",
    "X_Z_TAGS": "X/Z",
    "X_D_TAGS": "X/D",
    "X_Z_D_TAGS": "X/Z/D",
    "X_Z_U_STAR_TAGS": "U*",
}
#: Dates and times that keep their distances when SUV is to stay computable (Retain Longitudinal
#: Temporal Information with Modified Dates, PS3.15 E.3.6). All others, and these when it is not,
#: are treated as the table says.
SHIFTED = frozenset(
    {
        "StudyDate",
        "StudyTime",
        "SeriesDate",
        "SeriesTime",
        "AcquisitionDate",
        "AcquisitionTime",
        "AcquisitionDateTime",
        "ContentDate",
        "ContentTime",
        "FrameAcquisitionDateTime",
        "FrameReferenceDateTime",
        "DecayCorrectionDateTime",
        "RadiopharmaceuticalStartTime",
        "RadiopharmaceuticalStopTime",
        "RadiopharmaceuticalStartDateTime",
        "RadiopharmaceuticalStopDateTime",
        "TimezoneOffsetFromUTC",
    }
)
#: What SUV needs, and what belongs to it (Retain Patient Characteristics, PS3.15 E.3.7).
CHARACTERISTICS = frozenset({"PatientWeight", "PatientSize", "PatientSex", "PatientAge"})
#: Text that the table does not name and without which a volume would be read differently: who
#: built the scanner, and how it reconstructed.
KEPT_TEXT = frozenset(
    {
        "Manufacturer",
        "ManufacturerModelName",
        "SoftwareVersions",
        "ConvolutionKernel",
        "RescaleType",
        "ReconstructionMethod",
        "AttenuationCorrectionMethod",
        "ScatterCorrectionMethod",
        "DecayCorrectionMethod",
    }
)
#: Text of which the words stay that are known (:mod:`fusion.deidentified.known_words`).
CLEANED_TEXT = frozenset({"Radiopharmaceutical", "EnergyWindowName", "LUTLabel", "LUTExplanation"})
#: What a code consists of: known ones stay.
_OF_CODES = frozenset({"CodeValue", "CodingSchemeDesignator", "CodingSchemeVersion", "CodeMeaning"})
#: Pixels, which are carried along untouched.
PIXELS = frozenset(
    {
        "PixelData",
        "FloatPixelData",
        "DoubleFloatPixelData",
        "ExtendedOffsetTable",
        "ExtendedOffsetTableLengths",
    }
)
_TEXT = frozenset({"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_TEMPORAL = frozenset({"DA", "DT", "TM"})
#: Overlays, and the curves of old: graphics can hold text (PS3.15 E.1-1: X).
_GRAPHICS_GROUPS = (0x5000, 0x6000)
#: What patients may be (PS3.3 C.7.1.1).
_SEXES = frozenset({"M", "F", "O"})
_UID = re.compile(r"[0-9.]{1,64}")
#: Dates move into the past by this many days, at least and at most.
_LEAST_SHIFT_DAYS, _SHIFT_RANGE_DAYS = 30, 3650
#: Ages above 89 years are given as 90 (45 CFR 164.514(b)(2)(i)(C)).
_OLDEST_YEARS = 89


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    # Here, since it loads a progress bar that nobody else needs.
    from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector

    lists = dicom_anonymization_database_selector(f"dicomfields_{EDITION}")
    return {
        (tag[0] << 16) | tag[1]: action
        for name, action in _ACTIONS.items()
        for tag in lists[name]
        if len(tag) == 2
    }


def action_of(tag: int) -> str | None:
    """Return what Table E.1-1 does to an attribute, ``"X"`` or ``"Z/D"``; None when not in it."""
    if (tag >> 16) & 0xFF00 in _GRAPHICS_GROUPS:
        return "X"
    return _table().get(tag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deidentifier:
    """Takes identity out of headers, with one key for everything that leaves together.

    Parameters
    ----------
    keeps_suv : bool
        Keep weight, size, sex and age, and shift dates instead of removing them.
    key : bytes
        Secret; made anew by default and never stored.
    """

    keeps_suv: bool = False
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @property
    def methods(self) -> tuple[tuple[str, str], ...]:
        """Profile and options, as code value and meaning of PS3.16 CID 7050."""
        return METHODS + (KEPT_FOR_SUV if self.keeps_suv else ())

    @property
    def shift(self) -> timedelta:
        """What is taken from every date: whole days, so that times of day stay."""
        number = int.from_bytes(self._digest("shift", "")[:8], "big")
        return timedelta(days=_LEAST_SHIFT_DAYS + number % _SHIFT_RANGE_DAYS)

    def _digest(self, kind: str, value: str) -> bytes:
        return hmac.new(self.key, f"{kind}\0{value}".encode(), sha256).digest()

    def identifier(self, value: str, *, kind: str = "id", digits: int = 32) -> str:
        """Return what stands for an identifier: hexadecimal digits."""
        return self._digest(kind, value).hex()[:digits]

    def uid(self, value: str) -> str:
        """Return what stands for a UID; those that the standard lists by name stay.

        That one only begins like them says nothing: scanners make instances under that root too.
        """
        value = value.strip()
        listed = UID(value, validation_mode=config.IGNORE)
        if not value or (not listed.is_private and listed.name != value):
            return value
        if not _UID.fullmatch(value):
            value = hashed_uid(value)  # as everything that reads it sees it
        return f"2.25.{int.from_bytes(self._digest('uid', value)[:16], 'big')}"

    def moment(self, value: datetime) -> datetime:
        """Return what stands for a moment: shifted, or :data:`NO_MOMENT`."""
        return value - self.shift if self.keeps_suv else NO_MOMENT

    def day(self, value: date) -> date | None:
        """Return what stands for a day: shifted, or None where dates are removed."""
        return value - self.shift if self.keeps_suv else None

    def header(self, source: Dataset) -> Dataset:
        """Return a copy of a header without identity; the source stays as it is.

        Parameters
        ----------
        source : Dataset
            With or without pixel data, which is left out: see
            :func:`fusion.deidentified.files.write_images`.
        """
        with quiet_pydicom():
            return self._header(source)

    def _header(self, source: Dataset) -> Dataset:
        # Where attributes that the table would rather remove have to hold something (type 1).
        strict = "SharedFunctionalGroupsSequence" in source or text(source, "Modality") == "PT"
        copy = self._copied(source, strict=strict)
        if "SpecificCharacterSet" in source:
            said = source["SpecificCharacterSet"].value
            copy.SpecificCharacterSet = defined("SpecificCharacterSet", said)
        who = self.identifier(
            "\0".join(text(source, k) for k in ("PatientID", "IssuerOfPatientID", "PatientName")),
            kind="patient",
            digits=12,
        ).upper()
        copy.PatientName, copy.PatientID = f"DEIDENTIFIED^{who}", who
        copy.PatientBirthDate = ""
        for keyword in ("PatientSex", "StudyID", "AccessionNumber", "ReferringPhysicianName"):
            copy.setdefault(keyword, "")
        if "Modality" in copy and "SeriesInstanceUID" in copy:
            copy.SeriesDescription = f"{text(copy, 'Modality')} de-identified"
        self.declare(copy)
        return copy

    def declare(self, ds: Dataset) -> None:
        """State in a header that identity was removed, and how (PS3.3 C.7.1.1, C.12.1)."""
        ds.PatientIdentityRemoved = "YES"
        ds.DeidentificationMethod = f"facetfusion: PS3.15 {EDITION} Basic Profile, options in codes"
        ds.DeidentificationMethodCodeSequence = Sequence(
            [CodedConcept(value, "DCM", meaning) for value, meaning in self.methods]
        )
        modified = "MODIFIED" if self.keeps_suv else "REMOVED"
        ds.LongitudinalTemporalInformationModified = modified

    def shift_element(self, element: DataElement) -> Any:
        """Return the shifted value of a date or time; None when it cannot be read as one.

        Only to be asked where dates are shifted.
        """
        values = element.value if isinstance(element.value, MultiValue) else [element.value]
        shifted = [self._shifted(str(value), str(element.VR)) for value in values if value]
        if any(value is None for value in shifted):
            return None
        return shifted[0] if len(shifted) == 1 else shifted

    def _shifted(self, value: str, vr: str) -> str | None:
        value = value.strip()
        if vr in ("TM", "SH"):  # time of day, and the zone that it is in
            return value if re.fullmatch(r"[-+0-9.:]{0,16}", value) else None
        match = re.fullmatch(r"(\d{8})([0-9.]*(?:[-+]\d{4})?)", value)
        if match is None or (vr == "DA" and match[2]):
            return None  # a coarser or malformed date cannot be shifted by days
        try:
            day = datetime.strptime(match[1], "%Y%m%d") - self.shift
        except (ValueError, OverflowError):
            return None
        return f"{day:%Y%m%d}{match[2]}"

    def _copied(self, source: Dataset, *, strict: bool) -> Dataset:
        copy = Dataset()
        for tag in sorted(source.keys()):
            try:
                with damage_told():
                    element = source[tag]
                self._add(copy, element, strict=strict)
            except PARSE_ERRORS:
                continue  # what cannot be decoded cannot be cleaned
        clean_code(copy, partial(self.identifier, kind="code"))
        return copy

    def _add(self, copy: Dataset, element: DataElement, *, strict: bool) -> None:
        tag, vr, keyword = element.tag, str(element.VR), element.keyword
        action = action_of(tag)
        if tag.is_private or not keyword or tag.group == 0x0002:
            return
        if keyword in CHARACTERISTICS and self.keeps_suv:
            copy.add(DataElement(tag, element.VR, _age(keyword, element.value)))
        elif keyword in SHIFTED and self.keeps_suv:
            if (shifted := self.shift_element(element)) is not None:
                copy.add(DataElement(tag, element.VR, shifted))
            elif action and "Z" in action:
                copy.add(DataElement(tag, element.VR, ""))
        elif vr == VR.SQ:
            self._add_sequence(copy, element, action, strict=strict)
        elif vr == VR.UI:
            if action is None or "U" in action or "D" in action:
                copy.add(DataElement(tag, element.VR, self._uids(element.value)))
        elif action is not None:
            self._act(copy, element, action, strict=strict)
        elif dictionary_is_retired(tag):
            return  # nothing that is read today, and nobody looks after these
        elif keyword in CLEANED_TEXT:
            copy.add(DataElement(tag, element.VR, known_words(keyword, str(element.value or ""))))
        elif vr in _TEXT and keyword not in KEPT_TEXT | _OF_CODES:
            copy.add(DataElement(tag, element.VR, None))  # empty, since it may have to be there
        elif vr == VR.CS:
            copy.add(DataElement(tag, element.VR, self._codes(keyword, element.value)))
        elif vr == VR.AS:
            copy.add(DataElement(tag, element.VR, _age(keyword, element.value)))
        elif vr not in _TEMPORAL and vr not in _BINARY:
            copy.add(element)

    def _add_sequence(
        self, copy: Dataset, element: DataElement, action: str | None, *, strict: bool
    ) -> None:
        if action in (None, "U*"):
            items = [self._copied(item, strict=strict) for item in element.value]
            copy.add(DataElement(element.tag, VR.SQ, Sequence(items)))
        elif action in ("Z", "Z/D"):  # an empty one is wrong wherever it need not be there
            copy.add(DataElement(element.tag, VR.SQ, Sequence([])))

    def _codes(self, keyword: str, value: Any) -> Any:
        if keyword not in ("ImageType", "FrameType"):
            return defined(keyword, value)
        # Passes of one series are told apart by these: what is not of the standard is replaced by
        # what stands for it.
        parts = value if isinstance(value, MultiValue) else re.split(r"[\\,]", str(value or ""))
        words = [str(part).strip() for part in parts]
        return [
            word if is_defined(word) else f"TERM_{self.identifier(word, kind='term', digits=8)}"
            for word in (word.upper() for word in words)
        ]

    def _uids(self, value: Any) -> Any:
        if isinstance(value, MultiValue | list | tuple):
            return [self.uid(str(one)) for one in value]
        return self.uid(str(value or ""))

    def _act(self, copy: Dataset, element: DataElement, action: str, *, strict: bool) -> None:
        # "X unless Z or D is required": multi-frame objects need some of these (Enhanced General
        # Equipment), PET needs the Series Date, other images of the classic kind none.
        if action == "D" or ("D" in action and strict):
            copy.add(DataElement(element.tag, element.VR, _dummy(str(element.VR))))
        elif action in ("Z", "Z/D", "X/Z"):
            copy.add(DataElement(element.tag, element.VR, None))


def _dummy(vr: str) -> Any:
    if vr in ("DA", "DT"):
        return f"{NO_MOMENT:%Y%m%d}"
    if vr == "TM":
        return "000000"
    if vr == "AS":
        return "000Y"
    if vr in ("DS", "IS"):
        return "0"
    if vr in _BINARY:
        return b"\0\0"
    return "REMOVED" if vr in _TEXT or vr == "CS" else 0


def _age(keyword: str, value: Any) -> Any:
    """Return a characteristic of a patient if it is one; ages above 89 years as 90."""
    words = str(value or "").strip()
    if keyword == "PatientSex":
        return words if words in _SEXES else None
    if keyword in ("PatientWeight", "PatientSize"):
        return value
    match = re.fullmatch(r"(\d{3})([DWMY])", words)
    if match is None:
        return None
    return "090Y" if match[2] == "Y" and int(match[1]) > _OLDEST_YEARS else words
