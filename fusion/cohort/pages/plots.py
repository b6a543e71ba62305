"""Plots of a cohort as SVG: drawn once, looked at without any script."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

#: Colours of the two sides, which every plot of the page shares; told apart without red and green.
LEFT, RIGHT = "#c8621b", "#2f6fb3"
_INK, _FAINT, _GRID = "#16191d", "#5a6472", "#dfe3e9"
_WIDTH, _LEFT_PX, _RIGHT_PX = 860, 62, 12
#: More points than this are not drawn one by one.
_MOST_POINTS = 4000
#: Of an axis.
_LEAST_TICKS, _MOST_TICKS = 4, 10
#: Width of a stripe in which points of one level and side are spread, pixels.
_STRIPE = 16.0


def ratio_plot(
    values: Mapping[tuple[str, str], Sequence[float]], levels: Sequence[str], *, label: str
) -> str:
    """Draw every value by level and side, with median and middle half.

    Parameters
    ----------
    values : mapping of (level, side) to sequence of float
        Positive; the axis is one of factors (logarithmic).
    levels : sequence of str
        From the head down.
    label : str
        Of the axis.
    """
    every = [value for one in values.values() for value in one if value > 0]
    if not every:
        return _empty("No ratio was measured.")
    low, high = min(*every, 0.8), max(*every, 2.0)
    bottom, top, height = 300.0, 20.0, 350

    def y_of(value: float) -> float:
        share = (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))
        return bottom - share * (bottom - top)

    parts = [_rule(y_of(tick), f"{tick:g}") for tick in _factors(low, high)]
    step = (_WIDTH - _LEFT_PX - _RIGHT_PX) / max(1, len(levels))
    stride = max(1, math.ceil(len(every) / _MOST_POINTS))
    for n, level in enumerate(levels):
        middle = _LEFT_PX + (n + 0.5) * step
        for side, color, shift in (("right", RIGHT, -step / 5), ("left", LEFT, step / 5)):
            found = sorted(v for v in values.get((level, side), ()) if v > 0)
            x = middle + shift
            for k, value in enumerate(found[::stride]):
                # Spread by the golden ratio: the same picture each time, and no column of dots.
                dx = ((k * 0.618034) % 1.0 - 0.5) * _STRIPE
                parts.append(
                    f'<circle cx="{x + dx:.1f}" cy="{y_of(value):.1f}" r="2" fill="{color}" '
                    'fill-opacity="0.35"/>'
                )
            if found:
                first, half, third = (_quantile(found, q) for q in (0.25, 0.5, 0.75))
                parts.append(
                    f'<rect x="{x - 11:.1f}" y="{y_of(third):.1f}" width="22" '
                    f'height="{max(1.0, y_of(first) - y_of(third)):.1f}" fill="none" '
                    f'stroke="{color}"/><line x1="{x - 11:.1f}" x2="{x + 11:.1f}" '
                    f'y1="{y_of(half):.1f}" y2="{y_of(half):.1f}" stroke="{_INK}" '
                    'stroke-width="2"/>'
                )
        parts.append(_text(middle, bottom + 18, f"{level} (n = {_count(values, level)})"))
    parts.append(_text(_LEFT_PX, height - 6, label, anchor="start", color=_FAINT))
    parts.append(_key(height - 12, (("right", RIGHT), ("left", LEFT))))
    return _svg(height, parts, label)


def bars_plot(
    rows: Sequence[tuple[str, Sequence[tuple[str, int]]]],
    colors: Mapping[str, str],
    *,
    label: str,
) -> str:
    """Draw a stacked bar for each row.

    Parameters
    ----------
    rows : sequence of (str, sequence of (str, int))
        Name of the bar, and its parts with their counts.
    colors : mapping of str to str
        Of the parts.
    label : str
        What is counted.
    """
    most = max((sum(n for _, n in parts) for _, parts in rows), default=0)
    if most == 0:
        return _empty(f"{label}: none.")
    line, begin = 22, 250.0
    room = _WIDTH - begin - 60
    drawn = []
    for n, (name, parts) in enumerate(rows):
        y, x = 8.0 + n * line, begin
        drawn.append(_text(begin - 8, y + 13, name, anchor="end"))
        for part, count in parts:
            width = room * count / most
            drawn.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="16" '
                f'fill="{colors[part]}"><title>{escape(part)}: {count}</title></rect>'
            )
            x += width
        total = sum(count for _, count in parts)
        drawn.append(_text(x + 6, y + 13, f"{total:,}", anchor="start", color=_FAINT))
    height = 8 + len(rows) * line + 30
    drawn.append(_text(8, height - 8, label, anchor="start", color=_FAINT))
    if len(colors) > 1:
        drawn.append(_key(height - 14, tuple(colors.items())))
    return _svg(height, drawn, label)


def histogram(values: Sequence[float], *, label: str, color: str = RIGHT) -> str:
    """Draw how often values occur, in bins of equal factors."""
    found = sorted(value for value in values if value > 0)
    if not found:
        return _empty(f"{label}: nothing was measured.")
    low, high = found[0], max(found[-1], found[0] * 1.5)
    bins = 24
    edges = [low * (high / low) ** (n / bins) for n in range(bins + 1)]
    counts = [0] * bins
    for value in found:
        share = math.log(value / low) / math.log(high / low)
        counts[min(bins - 1, int(share * bins))] += 1
    bottom, top, height = 150.0, 12.0, 200
    most = max(counts)
    step = (_WIDTH - _LEFT_PX - _RIGHT_PX) / bins
    parts = [_rule(bottom - (bottom - top) * k / most, f"{k:,}") for k in (0, most)]
    for n, count in enumerate(counts):
        tall = (bottom - top) * count / most
        x = _LEFT_PX + n * step
        parts.append(
            f'<rect x="{x + 1:.1f}" y="{bottom - tall:.1f}" width="{step - 2:.1f}" '
            f'height="{tall:.1f}" fill="{color}"><title>{edges[n]:.3g} to {edges[n + 1]:.3g}: '
            f"{count}</title></rect>"
        )
    for tick in _round_factors(low, high):
        x = _LEFT_PX + step * bins * math.log(tick / low) / math.log(high / low)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{bottom:.1f}" y2="{bottom + 5:.1f}" '
            f'stroke="{_FAINT}"/>' + _text(x, bottom + 18, f"{tick:g}")
        )
    parts.append(_text(_LEFT_PX, height - 8, label, anchor="start", color=_FAINT))
    half = _quantile(found, 0.5)
    parts.append(_text(_WIDTH - 14, height - 8, f"median {half:.3g}", anchor="end", color=_FAINT))
    return _svg(height, parts, label)


def _svg(height: int, parts: Sequence[str], label: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}" '
        f'width="{_WIDTH}" height="{height}">{"".join(parts)}</svg>'
    )


def _empty(sentence: str) -> str:
    return f"<p>{escape(sentence)}</p>"


def _rule(y: float, tick: str) -> str:
    return (
        f'<line x1="{_LEFT_PX}" x2="{_WIDTH - _RIGHT_PX}" y1="{y:.1f}" y2="{y:.1f}" '
        f'stroke="{_GRID}"/>' + _text(_LEFT_PX - 6, y + 4, tick, anchor="end", color=_FAINT)
    )


def _text(x: float, y: float, words: str, *, anchor: str = "middle", color: str = _INK) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="12" text-anchor="{anchor}" fill="{color}">'
        f"{escape(words)}</text>"
    )


def _key(y: float, entries: Sequence[tuple[str, str]]) -> str:
    x, parts = float(_WIDTH - 14), []
    for name, color in reversed(entries):
        x -= 7.2 * len(name) + 22
        parts.append(f'<rect x="{x:.1f}" y="{y - 4:.1f}" width="11" height="11" fill="{color}"/>')
        parts.append(_text(x + 16, y + 6, name, anchor="start", color=_FAINT))
    return "".join(parts)


def _round_factors(low: float, high: float) -> list[float]:
    """Return round numbers for the ticks of a logarithmic axis, four to ten where that can be."""
    for steps in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), tuple(n / 10 for n in range(10, 100))):
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = [float(f"{step * 10.0**power:.6g}") for power in powers for step in steps]
        found = [tick for tick in ticks if low <= tick <= high]
        if len(found) >= _LEAST_TICKS:
            return found[:: math.ceil(len(found) / _MOST_TICKS)]
    return [float(f"{low:.3g}"), float(f"{high:.3g}")]


def _factors(low: float, high: float) -> list[float]:
    ticks = [0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20, 50, 100]
    return [tick for tick in ticks if low <= tick <= high]


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _count(values: Mapping[tuple[str, str], Sequence[float]], level: str) -> int:
    return sum(len(found) for (where, _), found in values.items() if where == level)
