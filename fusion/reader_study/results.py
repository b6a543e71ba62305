"""The results of a reader study as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fusion.errors import ReaderStudyError, disk_reason
from fusion.reader_study.analysis import Figure, analysed
from fusion.reader_study.page import page_html
from fusion.reader_study.ratings import NerveRating, Rating, table_of

if TYPE_CHECKING:
    from fusion.reader_study.study import ReaderStudy


def write_results(
    study: ReaderStudy, folder: str | Path | None = None, *, interim: bool = False
) -> tuple[Path, ...]:
    """Work out how far the readers of a study agree, and write it down.

    Parameters
    ----------
    study : ReaderStudy
        Which has begun.
    folder : path, optional
        Where to; ``results`` beside the study by default. Files of before are replaced.
    interim : bool
        Also before every reader has read everything.

    Returns
    -------
    tuple of Path
        The page and the tables.

    Raises
    ------
    ReaderStudyError
        Somebody has not finished, or nothing can be written there.
    """
    place = study.folder / "results" if folder is None else Path(folder)
    analysis = analysed(study, interim=interim)
    texts = {
        "agreement.html": page_html(study.design, analysis),
        "agreement.csv": table_of(Figure, analysis.figures),
        "ratings.csv": table_of(Rating, analysis.ratings),
        "plans.csv": table_of(NerveRating, analysis.nerves),
    }
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            part = place / f".{name}.part"
            part.write_text(text, "utf-8", newline="")  # lines of a table end as they are
            part.replace(place / name)
    except OSError as exc:
        raise ReaderStudyError(
            f"The results were not written to {place}: {disk_reason(exc)}."
        ) from exc
    return tuple(place / name for name in texts)
