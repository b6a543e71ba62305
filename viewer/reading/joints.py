"""What a reading has to know of the joints, and what it says about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from napari.utils.events import EmitterGroup

    from fusion.anatomy import Joint
    from fusion.annotations import Point, Spine
    from fusion.facets import Anomaly, Localisation
    from fusion.uptake import Assessment


class KnownJoints(Protocol):
    """The joints on the CT as they are known now; :class:`viewer.facets.model.FacetsModel`.

    Attributes
    ----------
    events : napari.utils.events.EmitterGroup
        ``localisation`` and ``assessment``, among others.
    localisation : Localisation or None
        The joints; None while they are not known.
    spine : Spine or None
        What tells side and level.
    assessment : Assessment or None
        The uptake at them.
    """

    events: EmitterGroup
    localisation: Localisation | None
    spine: Spine | None
    assessment: Assessment | None

    @property
    def located(self) -> Localisation | None:
        """The joints where the program found them, without what the reader moved."""

    @property
    def refusal(self) -> str:
        """Why there is no spine or no uptake, in sentences; otherwise empty."""

    def check_click(self, vertebra: str, point_lps: Point) -> None:
        """Refuse a click that cannot be on a vertebra."""

    def apply(
        self,
        clicks: Mapping[str, Point],
        anomalies: Collection[Anomaly],
        moved: Mapping[Joint, Point],
    ) -> None:
        """Show the joints as the reading has them now."""
