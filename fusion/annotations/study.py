"""Which study a reading is about: DICOM identifiers, and hashes of what was read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fusion.errors import AnnotationError
from fusion.findings import Finding
from fusion.findings.readings import CHANGED_INPUT
from fusion.json_form import to_json

if TYPE_CHECKING:
    from fusion.geometry import Volume


@dataclass(frozen=True, slots=True, kw_only=True)
class InputKey:
    """One volume, by what its files say and by what was read from them.

    Parameters
    ----------
    series_instance_uid : str
        DICOM identifier.
    frame_of_reference_uid : str or None
        None when the files state none.
    pixels_sha256 : str
        Of the stored values of every voxel and of the rescale of every slice.
    geometry_sha256 : str
        Of shape and affine.
    """

    series_instance_uid: str
    frame_of_reference_uid: str | None
    pixels_sha256: str
    geometry_sha256: str

    @classmethod
    def of(cls, volume: Volume) -> InputKey:
        """Return the key of a volume; reads every voxel once."""
        stored = volume.stored
        # The same whatever integer type of up to 31 bits the decoder happened to return.
        wide = stored.dtype.itemsize >= (4 if stored.dtype.kind == "u" else 8)
        kind = "<f8" if stored.dtype.kind == "f" else "<i8" if wide else "<i4"
        pixels = hashlib.sha256()
        for plane in stored:
            pixels.update(plane.astype(kind).tobytes())
        for per_slice in (volume.slope, volume.intercept):
            pixels.update(per_slice.astype("<f8").tobytes())
        geometry = hashlib.sha256(repr(tuple(volume.grid.shape)).encode())
        geometry.update(volume.grid.affine.astype("<f8").tobytes())
        return cls(
            series_instance_uid=volume.source.series_instance_uid,
            frame_of_reference_uid=volume.grid.frame_of_reference_uid,
            pixels_sha256=pixels.hexdigest(),
            geometry_sha256=geometry.hexdigest(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyKey:
    """One study as it was opened: which CT and which functional volume.

    Parameters
    ----------
    study_instance_uid : str
        DICOM identifier.
    ct, spect : InputKey
        The two volumes.

    Raises
    ------
    AnnotationError
        No Study Instance UID.
    """

    study_instance_uid: str
    ct: InputKey
    spect: InputKey

    def __post_init__(self) -> None:
        if not self.study_instance_uid:
            raise AnnotationError(
                "The study has no Study Instance UID, so a reading could not be found again."
            )

    @classmethod
    def of(cls, ct: Volume, spect: Volume) -> StudyKey:
        """Return the key of two volumes; the study is that of the CT."""
        return cls(
            study_instance_uid=ct.source.study_instance_uid,
            ct=InputKey.of(ct),
            spect=InputKey.of(spect),
        )

    @property
    def digest(self) -> str:
        """SHA-256 of everything in this key."""
        return hashlib.sha256(json.dumps(to_json(self), sort_keys=True).encode()).hexdigest()

    def same_series(self, other: StudyKey) -> bool:
        """Whether both are about the same study and the same two series."""
        return (
            self.study_instance_uid == other.study_instance_uid
            and self.ct.series_instance_uid == other.ct.series_instance_uid
            and self.spect.series_instance_uid == other.spect.series_instance_uid
        )


def changed_input(recorded: StudyKey, now: StudyKey) -> tuple[Finding, ...]:
    """Return what differs between the data a reading was made on and the data opened now.

    Parameters
    ----------
    recorded, now : StudyKey
        As stored with the reading, and as opened.

    Returns
    -------
    tuple of Finding
        Code ``changed-input``; empty when nothing differs.
    """
    found = []
    for name, before, after in (
        ("CT", recorded.ct, now.ct),
        ("SPECT or PET", recorded.spect, now.spect),
    ):
        what = [
            words
            for words, one, other in (
                ("series", before.series_instance_uid, after.series_instance_uid),
                ("pixel data", before.pixels_sha256, after.pixels_sha256),
                ("geometry", before.geometry_sha256, after.geometry_sha256),
                (
                    "coordinate system",
                    before.frame_of_reference_uid,
                    after.frame_of_reference_uid,
                ),
            )
            if one != other
        ]
        if what:
            found.append(CHANGED_INPUT(name=name, parts=" and ".join(what)))
    return tuple(found)
