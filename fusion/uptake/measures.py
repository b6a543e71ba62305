"""The table of measures: what is measured at a joint, how it is worded, rounded and coded.

Whatever shows or writes a measured value goes by this table: window, report, structured report,
tables, JSON, command line, and the documentation (a test compares it). A new measure is one entry.
Stored values keep all of their digits; only what people read is rounded, here and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fusion.plain_text import plain

if TYPE_CHECKING:  # journals, which know names of measures, open without numpy
    import numpy as np
    import numpy.typing as npt

#: A code: value, coding scheme, meaning.
Concept = tuple[str, str, str]

#: Decimals of a ratio: one more than the limits of the grades have (1.3, 1.8), so that what lies
#: just below a limit does not read as the limit. Reads repeat to about that
#: (docs/sources.md#visual-grades).
RATIO_DECIMALS = 2
#: Decimals of SUV, g/mL, as it is usually reported.
SUV_DECIMALS = 2
#: Counts and Bq/mL: so many significant digits, or a whole number. The third is below the noise of
#: a voxel of a bone SPECT.
SIGNIFICANT_DIGITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Voxels:
    """What the measures of one joint are calculated from.

    Parameters
    ----------
    inside : (n,) ndarray of float64
        Native voxels of the volume of interest, in the unit of the functional volume; at least
        one.
    at_peak : (m,) ndarray of float64
        Those near the hottest of them.
    reference : float or None
        What ratios refer to, same unit.
    other_side : float or None
        Maximum of the same joint of the other side.
    suvbw_per_unit : float or None
        Factor to SUVbw, g/mL, only where SUV is allowed.
    """

    inside: npt.NDArray[np.float64]
    at_peak: npt.NDArray[np.float64]
    reference: float | None = None
    other_side: float | None = None
    suvbw_per_unit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureUnit:
    """In what a measure is.

    Parameters
    ----------
    words : str or None
        As written; empty for a plain number, None for the unit of the functional volume.
    decimals : int or None
        Of what people read; None for :data:`SIGNIFICANT_DIGITS`.
    ucum : Concept or None
        Its code; None where the functional volume decides.
    """

    words: str | None
    decimals: int | None
    ucum: Concept | None


OF_VOLUME = MeasureUnit(words=None, decimals=None, ucum=None)
RATIO = MeasureUnit(words="", decimals=RATIO_DECIMALS, ucum=("{ratio}", "UCUM", "ratio"))
SUV = MeasureUnit(
    words="g/mL",
    decimals=SUV_DECIMALS,
    ucum=("g/ml{SUVbw}", "UCUM", "Standardized Uptake Value body weight"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One thing that is measured at a joint.

    Parameters
    ----------
    name : str
        In JSON, journal and tables; never changed once readings hold it.
    words : str
        What people read, with ``{}`` for the number and its unit.
    unit : MeasureUnit
        In what it is.
    how : str
        How it is measured: for the documentation, and for who wonders at a heading.
    of : callable
        From :class:`Voxels` to the value; None where it cannot be measured.
    heading : str
        Of its column in the window; empty for none. Lines are separated by a line feed.
    concept : Concept or None
        What it is in a structured report. None for a statistic in the unit of the functional
        volume, which that unit decides, and for what has only a private code with its name.
    statistic : Concept or None
        Which statistic of the voxels it is (PS3.16 CID 7464).
    suv_of : str
        Name of the measure that this is in SUV; empty for any other.
    """

    name: str
    words: str
    unit: MeasureUnit
    how: str
    of: Callable[[Voxels], float | None]
    heading: str = ""
    concept: Concept | None = None
    statistic: Concept | None = None
    suv_of: str = ""

    def number(self, value: float, unit: str = "") -> str:
        """Return a value as people read it, without its unit.

        Parameters
        ----------
        value : float
            As stored.
        unit : str
            Of the functional volume.
        """
        if self.unit is OF_VOLUME:
            return number_text(value, unit)
        return _number(value, self.unit.decimals)

    def text(self, value: float, unit: str) -> str:
        """Return a value in words, with its number and unit; parameters as for :meth:`number`."""
        return self.words.format(f"{self.number(value, unit)} {self._own(unit)}".strip())

    def title(self, unit: str) -> str:
        """Return what heads a column of :meth:`number`: the words with the unit alone."""
        return self.words.format(self._own(unit)).strip()

    def _own(self, unit: str) -> str:
        return plain(unit) if self.unit.words is None else self.unit.words


def _over(value: float, reference: float | None) -> float | None:
    return None if reference is None or reference <= 0 else value / reference


def in_suv(measure: Measure) -> Measure:
    """Return the same measure in SUV, for volumes that are in another unit."""

    def of(voxels: Voxels) -> float | None:
        value = measure.of(voxels)
        if value is None or voxels.suvbw_per_unit is None:
            return None
        return value * voxels.suvbw_per_unit

    return Measure(
        name=f"suvbw_{measure.name}",
        words=f"SUVbw {measure.words}",
        unit=SUV,
        how=f"{measure.name} in SUVbw, only where the data prove SUV",
        of=of,
        concept=("126401", "DCM", "SUVbw"),
        statistic=measure.statistic,
        suv_of=measure.name,
    )


MAXIMUM = Measure(
    name="maximum",
    words="maximum {}",
    unit=OF_VOLUME,
    how="hottest voxel of the volume of interest",
    of=lambda voxels: float(voxels.inside.max()),
    heading="Max",
    statistic=("56851009", "SCT", "Maximum"),
)
MEAN = Measure(
    name="mean",
    words="mean {}",
    unit=OF_VOLUME,
    how="mean of the volume of interest",
    of=lambda voxels: float(voxels.inside.mean()),
    statistic=("373098007", "SCT", "Mean"),
)
PEAK = Measure(
    name="peak",
    words="peak {}",
    unit=OF_VOLUME,
    how="mean of the voxels within 6.2 mm (1 mL) of the hottest one, clipped like the volume of "
    "interest",
    of=lambda voxels: float(voxels.at_peak.mean()),
    statistic=("126031", "DCM", "Peak Value Within ROI"),
)
RATIO_TO_REFERENCE = Measure(
    name="ratio_to_reference",
    words="{} × reference",
    unit=RATIO,
    how="maximum over the reference (not validated)",
    of=lambda voxels: _over(float(voxels.inside.max()), voxels.reference),
    heading="× ref.",
    # The standard code, in words that say of what.
    concept=("118586006", "SCT", "Ratio of the maximum to the reference"),
)
RATIO_TO_OTHER_SIDE = Measure(
    name="ratio_to_other_side",
    words="{} × other side",
    unit=RATIO,
    how="maximum over that of the same joint of the other side (not validated)",
    of=lambda voxels: _over(float(voxels.inside.max()), voxels.other_side),
    heading="× other\nside",
    concept=("ratio-other-side", "99FACETFUSION", "Ratio of the maximum to the other side's"),
)

#: Every measure, in the order in which they are stored and shown.
MEASURES: tuple[Measure, ...] = (
    MAXIMUM,
    MEAN,
    PEAK,
    RATIO_TO_REFERENCE,
    RATIO_TO_OTHER_SIDE,
    *map(in_suv, (MAXIMUM, MEAN, PEAK)),
)


def every_measure() -> tuple[Measure, ...]:
    """Return the table as it is now, :data:`MEASURES`."""
    return MEASURES


def measure_named(name: str) -> Measure | None:
    """Return a measure of the table; None for a name that it does not have."""
    return next((measure for measure in MEASURES if measure.name == name), None)


def measured(voxels: Voxels) -> dict[str, float]:
    """Return every measure that has a value, by name."""
    values = ((measure.name, measure.of(voxels)) for measure in MEASURES)
    return {name: v for name, v in values if v is not None and math.isfinite(v)}


def is_suv(unit: str) -> bool:
    """Tell whether a functional volume's own unit is SUV."""
    return unit.startswith("SUV") or unit == SUV.words


def measured_texts(values: Mapping[str, float], unit: str) -> Iterator[str]:
    """Say measured values in words, one after the other.

    Parameters
    ----------
    values : mapping of str to float
        By the names of the table. Others, of other versions, are said by their names.
    unit : str
        Of the functional volume.
    """
    for name, value in values.items():
        yield (measure_named(name) or unknown_measure(name)).text(value, unit)


def unknown_measure(name: str) -> Measure:
    """Return a stand-in for a measure that the table does not have: of another version."""
    said = plain(name).replace("_", " ").replace("{", "(").replace("}", ")")
    return Measure(name=name, words=f"{said} {{}}", unit=OF_VOLUME, how="", of=lambda _: None)


def number_text(value: float, unit: str = "") -> str:
    """Return a value of a functional volume as people read it.

    Parameters
    ----------
    value : float
        As stored.
    unit : str
        Its unit: SUV has decimals of its own.
    """
    return _number(value, SUV_DECIMALS if is_suv(unit) else None)


def quantity_text(value: float, unit: str) -> str:
    """Return a value of a functional volume as people read it, with its unit."""
    return f"{number_text(value, unit)} {plain(unit)}".strip()


def _number(value: float, decimals: int | None) -> str:
    value += 0.0  # never "-0"
    if decimals is not None:
        return f"{value:,.{decimals}f}"
    whole = abs(value) >= 10 ** (SIGNIFICANT_DIGITS - 1)
    return f"{value:,.0f}" if whole else f"{value:.{SIGNIFICANT_DIGITS}g}"
