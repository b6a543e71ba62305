"""Locating the joints of a study as its reading says: for the window and for what is handed on.

What depends on the CT or on label maps alone is kept, so that numbering anew takes no time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fusion.errors import Cancelled, FusionError
from fusion.facets.automatic.locate import locate_in, no_canal, nothing_located
from fusion.facets.automatic.neck import Neck, find_neck
from fusion.facets.localisation import Localisation
from fusion.facets.spine_statements import SpineStatements
from fusion.findings.joints import JOINTS_NOT_LOCATED
from fusion.geometry import Volume
from fusion.progress import Progress, ProgressCallback

if TYPE_CHECKING:
    from fusion.facets.labelled.spine import LabelledSpine


@dataclass(frozen=True, slots=True)
class Labels:
    """Label maps made elsewhere that the joints are to be taken from.

    Parameters
    ----------
    paths : tuple of Path
        As for :func:`fusion.facets.labelled.spine.read_labels`; empty: from the CT alone.
    convention : str, optional
        Which program's numbers they are; told from the labels by default.
    """

    paths: tuple[Path, ...] = ()
    convention: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """What a search found, and what of it does not depend on what a reader says.

    Parameters
    ----------
    neck : Neck or None
        What the CT alone shows; None without a spine.
    labelled : LabelledSpine or None
        What the label maps show; None where none was read.
    located : Localisation
        The joints where the program finds them, numbered as the reader says.
    """

    neck: Neck | None
    labelled: LabelledSpine | None
    located: Localisation


def search(
    ct: Volume,
    said: SpineStatements,
    *,
    labels: Labels = Labels(),
    known: Searched | None = None,
    progress: ProgressCallback | None = None,
) -> Searched:
    """Find the joints, or only number them again.

    Parameters
    ----------
    ct : Volume
        HU.
    said : SpineStatements
        What the reading says; where it put joints is left out.
    labels : Labels
        Where the joints are taken from.
    known : Searched, optional
        What an earlier search of the same CT and label maps found.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Raises
    ------
    FusionError
        The CT is not in HU, the label maps are refused, or a named vertebra cannot be there.
    """
    report = Progress(progress)
    spine = known.labelled if known else None
    begun = 0.3 if labels.paths else 0.0
    if labels.paths and spine is None:
        # It loads highdicom, which a study without label maps does without.
        from fusion.facets.labelled.spine import read_labels

        reading = report.part(0.0, begun)
        spine = read_labels(labels.paths, ct, label_convention=labels.convention, progress=reading)
    neck = known.neck if known else find_neck(ct, progress=report.part(begun, 0.8))
    last, said = report.part(0.8, 1.0), said.unmoved
    if spine is not None:
        from fusion.facets.labelled.locate_labelled import locate_with_labels

        return Searched(neck, spine, locate_with_labels(spine, ct, neck, said, progress=last))
    if neck is None:
        return Searched(None, None, no_canal(ct))
    return Searched(neck, None, locate_in(neck, said, progress=last))


def located_as_said(
    ct: Volume,
    said: SpineStatements,
    *,
    labels: Labels = Labels(),
    progress: ProgressCallback | None = None,
) -> Localisation:
    """Return the joints as a reading says; without any, and why, where they cannot be located.

    Parameters
    ----------
    ct, said, labels, progress
        As for :func:`search`; joints that the reader put somewhere are there.
    """
    try:
        found = search(ct, said, labels=labels, progress=progress)
        return found.located.with_moved(said.moved)
    except Cancelled:
        raise
    except FusionError as exc:
        return nothing_located(JOINTS_NOT_LOCATED(reason=str(exc)))
