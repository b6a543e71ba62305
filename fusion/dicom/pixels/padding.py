"""Which stored values of a CT are padding: voxels that were never scanned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.dicom.files.instance import PARSE_ERRORS, Instance, integer
from fusion.dicom.pixels.layout import PixelLayout
from fusion.errors import DicomError
from fusion.findings import Finding
from fusion.findings.volumes import PADDING_NOT_BELIEVED, PADDING_UNREADABLE

#: A padding value above this CT number could be tissue (lung is about −850 HU) and is not believed:
#: writers exist that state 0 where 0 is water.
MAX_PADDING_HU = -900.0


@dataclass(frozen=True, slots=True)
class Padding:
    """Stored values that mean "never scanned".

    Parameters
    ----------
    low, high : int
        Inclusive range.
    uses_spare_bits : bool
        The value lies outside Bits Stored, so that no pixel can have it: it must be compared
        before the spare bits are cleared.
    """

    low: int
    high: int
    uses_spare_bits: bool

    def mask(self, pixels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Tell which pixels are padding (same shape as ``pixels``)."""
        if self.low == self.high:
            return np.asarray(pixels == self.low, dtype=np.bool_)
        return np.asarray((pixels >= self.low) & (pixels <= self.high), dtype=np.bool_)


def padding_of(
    instance: Instance, layout: PixelLayout, *, rescale: Sequence[tuple[float, float]]
) -> tuple[Padding | None, Finding | None]:
    """Return the padding of a CT image, if its header states one that can be believed.

    Parameters
    ----------
    instance : Instance
        The image.
    layout : PixelLayout
        Of the same image.
    rescale : sequence of (float, float)
        Slope and intercept to HU of every frame that is used.

    Returns
    -------
    padding : Padding or None
        What to mask.
    finding : Finding or None
        Why a stated value was not believed.

    Notes
    -----
    PS3.3 C.7.5.1.1.2: Pixel Padding Value, and the range up to Pixel Padding Range Limit.
    """
    try:
        value = integer(instance.dataset, "PixelPaddingValue")
        limit = integer(instance.dataset, "PixelPaddingRangeLimit")
    except (DicomError, *PARSE_ERRORS):
        return None, PADDING_UNREADABLE()
    if value is None:
        return None, None
    bounds = [_as_stored(number, layout) for number in (value, value if limit is None else limit)]
    low, high = min(bounds), max(bounds)
    half = 1 << layout.bits_stored >> 1
    lowest, highest = (-half, half - 1) if layout.is_signed else (0, 2 * half - 1)
    if low < lowest or high > highest:
        stated = _as_stored(value, layout)
        inside = lowest <= stated <= highest
        return (None, None) if inside else (Padding(stated, stated, True), None)
    warmest = max(slope * bound + intercept for slope, intercept in rescale for bound in bounds)
    if warmest > MAX_PADDING_HU:
        return None, PADDING_NOT_BELIEVED(warmest_hu=warmest)
    return Padding(low, high, False), None


def _as_stored(value: int, layout: PixelLayout) -> int:
    # The attribute's own VR (US or SS) need not match the pixels' signedness: keep the bits.
    span = 1 << layout.bits_allocated
    bits = value % span
    return bits - span if layout.is_signed and bits >= span // 2 else bits
