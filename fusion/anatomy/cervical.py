"""What is cervical about this program, on one page.

Everything else speaks of levels, joints and vertebrae without knowing which region they are of, or
reads it here. Codes of the levels stand in :mod:`fusion.anatomy.codes`, nerves in the block map,
what a neck looks like in the template, and the statements in :mod:`fusion.pathway`: they name the
cervical spine themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

#: Where a level may lie, seen from a click: lowest and highest, mm along the canal.
Window = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A region of the spine.

    Parameters
    ----------
    vertebrae : tuple of str
        From the skull down.
    first_zygapophysial : str
        Highest level whose joints are zygapophysial and have a medial branch; all below it are.
    below : tuple of str
        Levels below the region that are looked for, so that they are not taken for its own; they
        are never reported.
    occiput_level, dens_level, undivided_level, rib_level : str
        Levels at the landmarks of the numbering: the base of the skull, the dens in the ring of C1,
        the lower end of C2 with its dens (the longest bone without a disc), and the first ribs.
    reference_bodies : tuple of str
        Vertebrae whose bodies are ordinary bone to compare uptake with.
    uncovertebral : tuple of str
        Levels that have uncovertebral joints beside the disc.
    pitch_mm : float, mm
        From one level to the next along the joints (docs/sources.md#joint-layout: 14 to 16).
    half_width_mm : float, mm
        From the midline to the centre of a joint (docs/sources.md#joint-layout: 17 to 18).
    pitch_spread_mm : tuple of float, mm
        Spread of the distance between neighbouring levels about that of the template, from the
        first two levels down to the last of :attr:`below`.
    pair_width_mm : (low, high) tuple of float, mm
        Distances between the left and right joint of a level that are believed.
    click_window, click_windows
        Where the joints above and below a vertebra may lie, seen from a click on it: of most
        vertebrae, and of those that differ.
    template_file : str
        What the levels look like (:mod:`fusion.facets.automatic.template`).
    block_map_file : str
        Which nerves supply which joint (:mod:`fusion.annotations.blocks`).
    """

    vertebrae: tuple[str, ...]
    first_zygapophysial: str
    below: tuple[str, ...]
    occiput_level: str
    dens_level: str
    undivided_level: str
    rib_level: str
    reference_bodies: tuple[str, ...]
    uncovertebral: tuple[str, ...]
    pitch_mm: float
    half_width_mm: float
    pitch_spread_mm: tuple[float, ...]
    pair_width_mm: tuple[float, float]
    click_window: tuple[Window, Window]
    click_windows: Mapping[str, tuple[Window, Window]]
    template_file: str
    block_map_file: str

    @property
    def levels(self) -> tuple[str, ...]:
        """Every level that can be marked, from the skull down."""
        return tuple(f"{upper}-{lower}" for upper, lower in pairwise(self.vertebrae))

    @property
    def zygapophysial_levels(self) -> tuple[str, ...]:
        """Levels whose joints are zygapophysial and have a medial branch block."""
        return self.levels[self.levels.index(self.first_zygapophysial) :]


CERVICAL = Region(
    # C0 is the occiput.
    vertebrae=("C0", "C1", "C2", "C3", "C4", "C5", "C6", "C7", "T1"),
    first_zygapophysial="C2-C3",
    below=("T1-T2", "T2-T3"),
    occiput_level="C0-C1",
    dens_level="C1-C2",
    undivided_level="C2-C3",
    rib_level="C7-T1",
    reference_bodies=("C3", "C4", "C5", "C6", "C7"),
    uncovertebral=("C2-C3", "C3-C4", "C4-C5", "C5-C6", "C6-C7"),
    pitch_mm=15.0,
    half_width_mm=17.5,
    # The head nods and turns on the upper two. Chosen by us.
    pitch_spread_mm=(3.5, 3.5, 2.2, 2.0, 2.0, 2.0, 2.0, 2.2, 2.6),
    # 20.8 to 40.6 in Panjabi 1993 (docs/sources.md#facet-surfaces); wider for the two levels below
    # the skull and for large patients.
    pair_width_mm=(15.0, 60.0),
    click_window=((0, 17), (-17, 0)),
    # The dens of C2 reaches above its upper joint.
    click_windows={"C1": ((0, 26), (-26, 2)), "C2": ((-24, 24), (-48, -2))},
    template_file="template.npz",
    block_map_file="blocks.toml",
)
