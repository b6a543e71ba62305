"""One small picture of each series, so that a person sees what a study is before it is fetched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.archive.held.identifiers import Identifiers, identifiers
from fusion.archive.model import Archive, FoundSeries, Listed
from fusion.dicom import read_header, stored_frames
from fusion.errors import FusionError
from fusion.temporary import PrivateFolder

#: Series of a study that are shown; a study of the neck has fewer.
MOST_SERIES = 12
#: Longer side of a picture, pixels.
SIZE = 96
#: Share of pixels that are darker than black and brighter than white, %.
_OUTSIDE = (1.0, 99.0)
_PICTURES = frozenset({"CT", "NM", "PT", "MR", "CR", "DX"})


@dataclass(frozen=True, slots=True)
class Preview:
    """A series with one picture of it.

    Parameters
    ----------
    series : FoundSeries
        As the archive describes it.
    count : int
        Number of its objects.
    picture : (rows, columns) ndarray of uint8, or None
        Of the middle one as the archive lists them, only to recognise the series: neither its
        window nor its aspect is that of the images. None where there is none to show.
    """

    series: FoundSeries
    count: int
    picture: npt.NDArray[np.uint8] | None


def previews(archive: Archive, study_instance_uid: str) -> Iterator[Preview]:
    """Yield what a study holds, each series as soon as its picture has come.

    Parameters
    ----------
    archive : Archive
        Where it lives; asked for one object of each series, which is not kept.
    study_instance_uid : str
        Which.

    Raises
    ------
    ArchiveError
        The archive cannot be reached.
    """
    series = archive.series(study_instance_uid)
    by_series: dict[str, list[Listed]] = defaultdict(list)
    for found in archive.objects(study_instance_uid).values():
        by_series[found.series_instance_uid].append(found)
    shown = sorted(series, key=lambda one: (one.modality not in _PICTURES, one.modality))
    for one in shown[:MOST_SERIES]:
        listed = by_series[one.series_instance_uid]
        picture = None
        if one.modality in _PICTURES and listed:
            picture = _picture(archive, study_instance_uid, listed[len(listed) // 2])
        yield Preview(one, len(listed), picture)


def _picture(archive: Archive, study: str, wanted: Listed) -> npt.NDArray[np.uint8] | None:
    came: list[bytes] = []

    def keep(uid: str, content: bytes) -> bool:
        is_it = identifiers(content) == Identifiers(study, uid) and uid == wanted.sop_instance_uid
        if is_it and not came:
            came.append(content)
        return is_it

    archive.fetch(study, [wanted], keep)
    if not came:
        return None
    place = PrivateFolder()
    path = place.path / "one.dcm"
    path.write_bytes(came[0])
    try:
        instance = read_header(path, label="one object of the series", owner=place)
        if instance is None:
            return None
        frames = list(stored_frames(instance)[2])
    except FusionError:
        return None  # whether the study can be read is said when it is opened
    return _small(frames[len(frames) // 2]) if frames else None


def _small(frame: npt.NDArray[Any]) -> npt.NDArray[np.uint8] | None:
    if frame.ndim != 2 or not frame.size:
        return None
    step = max(1, max(frame.shape) // SIZE)
    small = frame[::step, ::step].astype(np.float64)
    dark, bright = np.percentile(small, _OUTSIDE)
    scaled = (small - dark) / max(float(bright - dark), 1e-9)
    return np.ascontiguousarray(np.clip(scaled * 255, 0, 255).astype(np.uint8))
