"""Which slices of one series belong together: like ones, and of these one phase a volume."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from fusion.dicom.volumes.slices import Arrangement, Slice, arrange, repeats_positions
from fusion.geometry import direction_letters

#: The mark that holds values 3 and following of Image Type.
IMAGE_TYPE = "image type"
#: Marks of multi-frame objects whose parts are complete by definition: the object (all parts of a
#: concatenation) and the stack within it.
OBJECT = "object"
STACK = "stack"
#: The mark that names the reconstruction filter: archives and anonymisers put several
#: reconstructions of one scan into one series.
KERNEL = "kernel"
VOLTAGE = "tube voltage (kV)"
ENERGY = "energy (keV)"
#: What makes two pictures of the same slices of one scan.
_PICTURES = (KERNEL, VOLTAGE, ENERGY)
#: What tells passes of one scan apart that lie beside each other in an uneven stack.
_PASSES = ("acquisition", "time frame", "time point")
_PLANES = {"L": "sagittal", "R": "sagittal", "P": "coronal", "A": "coronal"}


def alike(slices: Sequence[Slice]) -> list[list[Slice]]:
    """Put like slices together, the largest group first."""
    groups: list[list[Slice]] = []
    for item in slices:
        home = next((group for group in groups if item.lies_like(group[0])), None)
        if home is None:
            groups.append([item])
        else:
            home.append(item)
    return sorted(groups, key=len, reverse=True)


def appearances(groups: Sequence[Sequence[Slice]]) -> list[str]:
    """Say what tells groups apart at a glance; nothing when there is only one."""
    if len(groups) == 1:
        return [""]
    looks = [_appearance(group) for group in groups]
    if len(set(looks)) == len(looks):
        return looks
    # Two fields of view of one scan: the same size in pixels, another in mm.
    return [
        f"{look}, pixels of {group[0].pixel_spacing_mm.max():.3g} mm"
        for look, group in zip(looks, groups, strict=True)
    ]


def _appearance(group: Sequence[Slice]) -> str:
    first = group[0]
    if not first.normal.any():
        return f"{first.rows} × {first.columns}"
    plane = _PLANES.get(direction_letters(first.normal)[:1], "axial")
    return f"{plane} {first.rows} × {first.columns}"


def phases(group: Sequence[Slice]) -> tuple[list[tuple[str, Arrangement]], list[Slice]]:
    """Arrange like slices, as one stack or as one for each phase.

    Returns
    -------
    stacks : list of (str, Arrangement)
        What tells each apart (empty for a single one) and the stack.
    strays : list of Slice
        Images of a kind of their own that belong to no stack.
    """
    whole = arrange(group)
    if len(group) == 1:
        return [("", whole)], []
    best: tuple[float, list[tuple[str, Arrangement]], list[Slice]] | None = None
    for name in dict.fromkeys(name for name, _ in group[0].marks):
        # An even stack is taken apart only where reconstructions alternate in it, and without
        # repeats a change of acquisition at a gap must not hide the gap.
        explains = (
            _PICTURES
            if whole.grid is not None
            else (IMAGE_TYPE, *_PICTURES, OBJECT, STACK, *_PASSES)
        )
        if not whole.has_repeats and name not in explains:
            continue
        parts: dict[str, list[Slice]] = {}
        for item in group:
            parts.setdefault(dict(item.marks).get(name, ""), []).append(item)
        attempt = _attempt(parts, name=name, repeats=whole.has_repeats)
        if attempt is not None and (best is None or attempt[0] > best[0]):
            best = attempt
    return ([("", whole)], []) if best is None else best[1:]


def _attempt(
    parts: dict[str, list[Slice]], *, name: str, repeats: bool
) -> tuple[float, list[tuple[str, Arrangement]], list[Slice]] | None:
    """Arrange a group parted by one mark; None when that does not explain it.

    The first value is the fraction of parts that are regular stacks.
    """
    # A mark that only some of the slices have explains nothing.
    if len(parts) < 2 or (name != IMAGE_TYPE and "" in parts):
        return None
    strays = []
    if name == IMAGE_TYPE:
        strays = [part[0] for part in parts.values() if len(part) == 1]
    named = {value: part for value, part in parts.items() if name != IMAGE_TYPE or len(part) > 1}
    if not named or any(len(part) < 2 or repeats_positions(part) for part in named.values()):
        return None
    stacks = [
        (f"{name} {value}".strip(), arrange(named[value])) for value in sorted(named, key=_natural)
    ]
    clean = [stack for _, stack in stacks if stack.grid is not None]
    if repeats:
        return (len(clean) / len(stacks), stacks, strays) if clean else None
    if len(clean) < len(stacks):
        return None
    # Images that follow each other are one volume with uneven spacing, of whatever type they are.
    if name in (IMAGE_TYPE, *_PICTURES, *_PASSES) and not _interleaved(clean):
        return None
    return 1.0, stacks, strays


def _natural(value: str) -> tuple[float, str]:
    try:
        return float(value), value
    except ValueError:
        return float("inf"), value


def _interleaved(stacks: Sequence[Arrangement]) -> bool:
    """Whether the stacks overlap along their common normal."""
    normal = stacks[0].slices[0].normal
    extents = sorted(
        (
            float(stack.slices[0].position_lps @ normal),
            float(stack.slices[-1].position_lps @ normal),
        )
        for stack in stacks
    )
    return all(after[0] < before[1] for before, after in pairwise(extents))
