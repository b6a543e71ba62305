"""Taking in what was handed on: a structured report or ``reading.json`` into the journal.

Of ``reading.json`` the whole history comes back as it was. A structured report holds decisions and
no history: they become changes of a draft in the name of who takes them in, and alignment,
numbering and pathway have to be checked anew before it can be final. Nothing is taken in that
belongs to another study, to other images, or to a joint that is decided otherwise already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fusion.annotations import (
    Conflict,
    Journal,
    Reading,
    StudyKey,
    Target,
    TargetSaved,
    changed_input,
    check_name,
)
from fusion.dicom import standing
from fusion.errors import AnnotationError, DicomError
from fusion.export.dicom.structured_report_reading import StoredReport, read_whole_report
from fusion.export.tables import read_reading
from fusion.export.wording import said_status
from fusion.plain_text import plain
from fusion.review import Review


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a file holds for the study that is open, before anybody has agreed to take it in.

    Parameters
    ----------
    study : StudyKey
        What is open.
    reading : Reading or None
        Whole, with its history; None where the file holds decisions only.
    targets : tuple of Target
        The decisions.
    lines : tuple of str
        What is taken in, in words: each decision with its label, and what the file says of itself.
    """

    study: StudyKey = field(repr=False)
    reading: Reading | None = field(repr=False)
    targets: tuple[Target, ...] = field(repr=False)
    lines: tuple[str, ...]


def offer(path: str | Path, review: Review) -> Offer:
    """Read what a file holds for the study that is open.

    Parameters
    ----------
    path : path
        A structured report or a ``reading.json`` that this program wrote.
    review : Review
        The study.

    Raises
    ------
    AnnotationError, DicomError
        Not such a file, changed since, or of another study, other images or other data.
    """
    key = StudyKey.of(review.fused.ct, review.fused.spect)
    if _is_json(Path(path)):
        reading = read_reading(path)
        if reading is None:
            raise AnnotationError("The file holds no reading: nobody had read the study.")
        return _of_reading(reading, key)
    return _of_report(read_whole_report(path), review, key)


def report_beside(review: Review) -> Path:
    """Return the last structured report of ours that lies with the study that is open.

    Raises
    ------
    AnnotationError
        There is none, or several of which none takes the place of the others.
    """
    found = dict(_reports(review))
    stand = standing([report.which for report in found.values()])
    last = [path for path, report in found.items() if report.which.sop_instance_uid in stand]
    if len(last) == 1:
        return last[0]
    if not last:
        raise AnnotationError(
            "No structured report of this program lies with the study. Name a file with --from."
        )
    raise AnnotationError(
        f"{len(last)} structured reports of this program lie with the study, and none takes the "
        "place of the others (a draft does not take that of a final one). Name one with --from."
    )


def take_in(offered: Offer, journal: Journal, *, reader: str) -> Reading:
    """Take into a journal what a file holds.

    Parameters
    ----------
    offered : Offer
        As shown to who agrees.
    journal : Journal
        Where readings are kept.
    reader : str
        Who agrees. Decisions out of a structured report become changes in this name, in a draft
        of this reader; each keeps who decided it and when.

    Returns
    -------
    Reading
        As it is in the journal now.

    Raises
    ------
    AnnotationError
        The reader's reading is final, or decides one of the joints otherwise; nothing is changed.
    """
    check_name(reader)
    if offered.reading is not None:
        return journal.adopt(offered.reading)
    reading = journal.begin(offered.study, reader=reader).reading
    new = [TargetSaved(target) for target in _new_targets(reading, offered.targets)]
    if not new:
        return reading
    saved = journal.append(reading, *new, reader=reader, study=offered.study)
    if isinstance(saved, Conflict):
        raise AnnotationError(saved.words)
    return saved.reading


def _new_targets(reading: Reading, targets: tuple[Target, ...]) -> Iterator[Target]:
    missing = [target for target in targets if target not in reading.targets]
    if missing and reading.finalised:
        raise AnnotationError(
            "Your reading of this study is final, so nothing can be taken in. Make an addendum "
            "first."
        )
    taken = [target.joint.name for target in missing if reading.target_at(target.joint) is not None]
    if taken:
        raise AnnotationError(
            f"Your reading decides {', '.join(taken)} otherwise already. Nothing was taken in: "
            "remove those targets first, or take the report in under another name."
        )
    yield from missing


def _is_json(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip()[:1] == b"{"
    except OSError as exc:
        raise AnnotationError(f"{plain(str(path))} cannot be read.") from exc


def _of_reading(reading: Reading, key: StudyKey) -> Offer:
    differences = changed_input(reading.study, key)
    if not reading.study.same_series(key) or differences:
        why = " ".join(finding.message for finding in differences)
        raise AnnotationError(
            f"The reading was made on other data than those that are open. {why}".strip()
        )
    lines = (said_status(reading), *(_line(one.joint.name, one) for one in reading.targets))
    return Offer(study=key, reading=reading, targets=reading.targets, lines=lines)


def _of_report(report: StoredReport, review: Review, key: StudyKey) -> Offer:
    if report.study_instance_uid != review.study.study_instance_uid:
        raise AnnotationError("The structured report belongs to another study than the one open.")
    volumes = review.fused.ct, review.fused.spect
    open_series = {volume.source.series_instance_uid for volume in volumes}
    if not open_series <= report.series:
        raise AnnotationError(
            "The structured report was made on other series than those that are open. Choose "
            "theirs with --ct and --spect."
        )
    lines = [_line(label, one) for label, one in zip(report.labels, report.targets, strict=True)]
    return Offer(study=key, reading=None, targets=report.targets, lines=(*report.said, *lines))


def _line(label: str, target: Target) -> str:
    grade = "" if target.grade is None else f", grade {target.grade}"
    return f"{plain(label)}: {target.decision.value}{grade}, by {target.shown_reader}"


def _reports(review: Review) -> Iterator[tuple[Path, StoredReport]]:
    for series in review.study.series:
        if series.modality != "SR":
            continue
        for instance in series.instances:
            try:
                yield instance.path, read_whole_report(instance.path)
            except (AnnotationError, DicomError):  # somebody else's
                continue
