"""What all flat pictures of a window share: the study, what carries a name in it, and grey."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari.utils.events import EmitterGroup

from fusion.errors import GeometryError
from fusion.views import MaximumProjection, Radiography

if TYPE_CHECKING:
    from fusion.anatomy import Joint
    from fusion.facets import Localisation
    from fusion.fused import Fused
    from viewer.pictures.flat.shown import Named
    from viewer.pictures.panes import LinkedPanes


class FlatStudy:
    """What the flat pictures of a window show.

    Parameters
    ----------
    linked : LinkedPanes
        The point, the windows and the blend that all pictures share.

    Attributes
    ----------
    events : napari.utils.events.EmitterGroup
        ``names`` (joints, bodies, the joint that is chosen) and ``grey``.
    found : Localisation or None
        The joints.
    joint : Joint or None
        The one that is looked at.
    named : tuple of Named
        Joints and vertebral bodies.
    doubt : str
        What has to be said wherever names stand; empty when there is nothing.
    alignment : str
        What has to be known of the alignment wherever the SPECT is seen; empty when there is
        nothing.
    """

    def __init__(self, linked: LinkedPanes) -> None:
        self.linked = linked
        self.events = EmitterGroup(source=self, names=None, grey=None)
        self.found: Localisation | None = None
        self.joint: Joint | None = None
        self.named: tuple[Named, ...] = ()
        self.doubt = self.alignment = ""
        self._inverse = True
        self._projection: tuple[Fused, MaximumProjection] | None = None
        self._radiography: tuple[Localisation, Radiography | None] | None = None

    def show_names(
        self,
        found: Localisation | None,
        named: Sequence[Named],
        *,
        joint: Joint | None,
        doubt: str,
    ) -> None:
        """Show these names instead."""
        self.found, self.named, self.joint, self.doubt = found, tuple(named), joint, doubt
        self.events.names()

    def look_at(self, joint: Joint | None) -> None:
        """Look at another joint."""
        if joint != self.joint:
            self.joint = joint
            self.events.names()

    def write_alignment(self, words: str) -> None:
        """Write what has to be known of the alignment into the pictures; empty takes it away."""
        if words != self.alignment:
            self.alignment = words
            self.events.names()

    @property
    def inverse(self) -> bool:
        """Whether high uptake is dark where the SPECT is shown alone."""
        return self._inverse

    @inverse.setter
    def inverse(self, inverse: bool) -> None:
        self._inverse = inverse
        self.events.grey()

    @property
    def projection(self) -> MaximumProjection:
        """The SPECT seen from outside, with the alignment in use."""
        fused = self.linked.review.fused
        if self._projection is None or self._projection[0] is not fused:
            self._projection = fused, MaximumProjection(fused)
        return self._projection[1]

    @property
    def radiography(self) -> Radiography | None:
        """What a C-arm would show around the joints; None while there are none."""
        if self.found is None:
            return None
        if self._radiography is None or self._radiography[0] is not self.found:
            centers = [f.center_lps for f in self.found.facets if f.center_lps is not None]
            try:
                made = Radiography(self.linked.review.fused.ct, centers)
            except GeometryError:
                made = None
            self._radiography = self.found, made
        return self._radiography[1]
