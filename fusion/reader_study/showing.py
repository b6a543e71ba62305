"""A case as its reader sees it: without identity, without date, and the same as when it began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusion.annotations import StudyKey
from fusion.deidentified import Readers, deidentified_review
from fusion.errors import Cancelled, FusionError, ReaderStudyError
from fusion.progress import Progress
from fusion.reader_study.plan import deidentifier, opened_case

if TYPE_CHECKING:
    from fusion.progress import ProgressCallback
    from fusion.reader_study.order import Presentation
    from fusion.reader_study.study import ReaderStudy
    from fusion.review import Review


def shown_case(
    study: ReaderStudy,
    reader: str,
    presentation: Presentation,
    progress: ProgressCallback | None = None,
) -> Review:
    """Open a case for its reader.

    Parameters
    ----------
    study : ReaderStudy
        Which has begun.
    reader : str
        Who reads.
    presentation : Presentation
        What is to be shown.
    progress : callable, optional
        Told the fraction done.

    Returns
    -------
    Review
        Nothing in it names the patient, a date, or another presentation of the same case.

    Raises
    ------
    ReaderStudyError
        It cannot be opened, or is not what it was when the study began. It names neither the case
        nor its files; those stand in the study's own list of problems.
    """
    report = Progress(progress)
    try:
        return _shown(study, reader, presentation, report)
    except Cancelled:
        raise
    except FusionError as exc:
        study.note_problem(f"{reader}, {presentation.key}: {exc}")
        raise ReaderStudyError(
            f"{presentation.words} cannot be shown. Whoever runs the study finds the reason in "
            f"{study.PROBLEMS}; nothing that was read is lost."
        ) from None


def _shown(study: ReaderStudy, reader: str, presentation: Presentation, report: Progress) -> Review:
    case = next(one for one in study.design.case if one.name == presentation.case)
    # What happens inside may name series and files.
    review = opened_case(case, study.folder, lambda done, _said: report(0.8 * done, "Opening"))
    how = deidentifier(bytes.fromhex(study.plan.key), reader, presentation)
    blind = deidentified_review(review, how, Readers())
    report(0.8, "Comparing with the beginning of the study")
    now = StudyKey.of(blind.fused.ct, blind.fused.spect)
    fixed = study.plan.fixed(case.name)
    if (now.ct.pixels_sha256, now.spect.pixels_sha256) != (fixed.ct_sha256, fixed.spect_sha256):
        raise ReaderStudyError(
            f"The images of the case {case.name!r} are not those that the study began with."
        )
    report(1.0, "Opened")
    return blind
