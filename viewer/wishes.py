"""What a window is to do beyond showing a study; and the study that is at hand without any file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fusion.facets import Labels
from fusion.opening import OpenOptions
from sample_data import make_study
from viewer.reading.blinded import BlindedCase

if TYPE_CHECKING:
    from fusion.progress import Progress


@contextmanager
def sample_study(progress: Progress | None) -> Iterator[Path]:
    """Make the simulated neck SPECT/CT in a folder that is gone when the context ends.

    Parameters
    ----------
    progress : callable or None
        Told the fraction done.
    """
    with tempfile.TemporaryDirectory(prefix="facetfusion-sample-") as folder:
        make_study(folder, progress=progress)
        yield Path(folder) / "study"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a window is to do beyond showing a study.

    Parameters
    ----------
    journal : Path or None
        Where readings are kept; the journal of the user by default.
    reader : str
        Who reads: the reading begins or goes on once the study is open. Asked for when needed by
        default.
    labels : Labels
        Label maps made elsewhere to take the joints from.
    options : OpenOptions
        How the study is opened.
    case : BlindedCase or None
        The study is a case of a reader study.
    background : bool
        Whether joints are looked for and the alignment is checked from the start, or when asked.
    """

    journal: Path | None = None
    reader: str = ""
    labels: Labels = field(default_factory=Labels)
    options: OpenOptions = field(default_factory=OpenOptions)
    case: BlindedCase | None = None
    background: bool = True
