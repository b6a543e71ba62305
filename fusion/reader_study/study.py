"""A reader study on disk: who has read what, and what comes next."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from fusion.annotations import Journal, Reading
from fusion.errors import ReaderStudyError, disk_reason
from fusion.plain_text import plain
from fusion.reader_study.activity import TimeSheet
from fusion.reader_study.design import Design, design_bytes, design_file, read_design
from fusion.reader_study.plan import Plan, made_plan, read_plan

if TYPE_CHECKING:
    from fusion.progress import ProgressCallback
    from fusion.reader_study.order import Presentation

#: Lies where the journals of a reader study are: they are read by its own commands only.
BLINDED_MARK = "reader-study-do-not-open.txt"
_MARK_WORDS = (
    "This folder belongs to one reader of a reader study. Nobody looks into it before the study "
    "has ended: what one reader said must not be known to another.\n"
)
_PLAN = "plan.json"


def refuse_blinded(journal: Path) -> Path:
    """Return the path of a journal that belongs to no reader study.

    Raises
    ------
    ReaderStudyError
        It is a reader's: what he said must not become known, or be changed, before the study ends.
    """
    if (journal.resolve().parent / BLINDED_MARK).exists():
        raise ReaderStudyError(
            "This journal belongs to a reader study. It is read on with: readers next; and read "
            "out with: readers analyse."
        )
    return journal


@dataclass(frozen=True, slots=True)
class Headway:
    """How far a reader has come.

    Parameters
    ----------
    reader : str
        Who.
    stage, stages : int
        Where he is, and how many there are; after the last one, the last.
    finished, of : int
        Cases of that stage that are final, and all of them.
    minutes : float
        In which something was done, in all stages.
    wait : timedelta
        Until the stage may begin; nothing when it may.
    """

    reader: str
    stage: int
    stages: int
    finished: int
    of: int
    minutes: float
    wait: timedelta = timedelta(0)

    @property
    def done(self) -> bool:
        """Whether everything is read."""
        return self.stage == self.stages and self.finished == self.of

    @property
    def words(self) -> str:
        """The headway in one line; it says nothing about what was decided."""
        said = f"stage {self.stage} of {self.stages}, {self.finished} of {self.of} cases finished"
        said += f", {self.minutes:.0f} min"
        if self.done:
            return f"{said}; all is read"
        return f"{said}; the stage opens in {waiting_words(self.wait)}" if self.wait else said


class ReaderStudy:
    """A study that has begun; see :meth:`begin` and :meth:`open`.

    Parameters
    ----------
    file : Path
        Its ``study.toml``.
    design : Design
        What stands there.
    plan : Plan
        What was fixed when it began.
    """

    #: Where problems with the cases are told, which a reader must not see.
    PROBLEMS = "problems.txt"

    def __init__(self, file: Path, design: Design, plan: Plan) -> None:
        self.file, self.design, self.plan = file, design, plan

    @property
    def folder(self) -> Path:
        """Where the study lies."""
        return self.file.parent

    @classmethod
    def begin(cls, path: str | Path, progress: ProgressCallback | None = None) -> ReaderStudy:
        """Begin a study: open every case once, and fix orders and cases.

        Parameters
        ----------
        path : path
            Its ``study.toml``, or the folder of it.
        progress : callable, optional
            Told the fraction done.

        Raises
        ------
        ReaderStudyError
            It has begun already, or cannot.
        """
        file = design_file(path)
        text = design_bytes(file)
        design = read_design(text)
        plan_file = file.parent / _PLAN
        if plan_file.exists():
            raise ReaderStudyError(
                f"The study has begun already: {plan_file} is there. Read on with: readers next. "
                "A new study needs a folder of its own."
            )
        plan = made_plan(
            design,
            folder=file.parent,
            design_sha256=sha256(text).hexdigest(),
            progress=progress,
        )
        study = cls(file, design, plan)
        try:
            for reader in design.reader:
                place = study.place_of(reader)
                place.mkdir(parents=True, exist_ok=True)
                (place / BLINDED_MARK).write_text(_MARK_WORDS, "utf-8")
            # The last thing: with it the study has begun. Never over another one.
            part = plan_file.with_name(f".{_PLAN}.{os.getpid()}.part")
            part.write_text(plan.text(), "ascii")
            try:
                os.link(part, plan_file)
            finally:
                part.unlink()
        except OSError as exc:
            raise ReaderStudyError(
                f"The study was not begun in {file.parent}: {disk_reason(exc)}."
            ) from exc
        return study

    @classmethod
    def open(cls, path: str | Path) -> ReaderStudy:
        """Open a study that has begun.

        Raises
        ------
        ReaderStudyError
            It has not begun, or its ``study.toml`` was changed since.
        """
        file = design_file(path)
        text = design_bytes(file)
        plan_file = file.parent / _PLAN
        if not plan_file.exists():
            raise ReaderStudyError(f"The study {file} has not begun. Begin it with: readers new.")
        plan = read_plan(plan_file)
        if sha256(text).hexdigest() != plan.design_sha256:
            raise ReaderStudyError(
                f"{file} is not what the study began with; a study cannot be changed once it has "
                "begun. Put the file back as it was, or begin another study in a folder of its own."
            )
        return cls(file, read_design(text), plan)

    # Readers

    def place_of(self, reader: str) -> Path:
        """Return the folder of a reader; it does not say who."""
        return self.folder / "readers" / f"reader-{self.design.reader.index(reader) + 1}"

    def journal_of(self, reader: str) -> Path:
        """Return the file of a reader's journal."""
        return self.place_of(reader) / "journal.sqlite"

    def times_of(self, reader: str) -> TimeSheet:
        """Return the times of a reader."""
        return TimeSheet(self.place_of(reader) / "time.jsonl")

    def finished(self, reader: str) -> dict[str, Reading]:
        """Return the final readings of a reader, by the key of what was shown."""
        path = self.journal_of(reader)
        if not path.exists():
            return {}
        keys = {one.study_uid: one.presentation.key for one in self.plan.order[reader]}
        with Journal(path) as journal:
            return {
                keys[reading.study.study_instance_uid]: reading
                for reading in journal.readings()
                if reading.finalised and reading.study.study_instance_uid in keys
            }

    def headway(self, reader: str, *, now: datetime | None = None) -> Headway:
        """Return how far a reader has come.

        Parameters
        ----------
        reader : str
            As the design names him.
        now : datetime, optional
            Of the question.
        """
        now = now or datetime.now(UTC)
        done = self.finished(reader)
        minutes = sum(self.times_of(reader).seconds().values()) / 60.0
        stages = len(self.design.arm)
        for stage in range(1, stages + 1):
            keys = self._keys(reader, stage)
            count = sum(key in done for key in keys)
            if count < len(keys) or stage == stages:
                break
        wait = timedelta(0)
        if stage > 1 and count == 0:
            before = [done[key].events[-1].time for key in self._keys(reader, stage - 1)]
            opens = max(before) + timedelta(days=self.design.washout_days)
            wait = max(opens - now, timedelta(0))
        return Headway(reader, stage, stages, count, len(keys), minutes, wait)

    def next_of(self, reader: str, *, now: datetime | None = None) -> Presentation | None:
        """Return what a reader reads next; None when everything is read.

        Parameters
        ----------
        reader, now
            As for :meth:`headway`.

        Raises
        ------
        ReaderStudyError
            The next stage is not open yet.
        """
        headway = self.headway(reader, now=now)
        if headway.done:
            return None
        if headway.wait:
            raise ReaderStudyError(
                f"Stage {headway.stage} of {headway.stages} is not open yet: it opens in "
                f"{waiting_words(headway.wait)}."
            )
        done = self.finished(reader)
        return next(
            one.presentation
            for one in self.plan.order[reader]
            if one.stage == headway.stage and one.presentation.key not in done
        )

    def note_problem(self, sentence: str) -> None:
        """Tell whoever runs the study of a problem that a reader must not see."""
        said = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC  {plain(sentence)}\n"
        with (self.folder / self.PROBLEMS).open("a", encoding="utf-8") as file:
            file.write(said)

    def _keys(self, reader: str, stage: int) -> list[str]:
        return [one.presentation.key for one in self.plan.order[reader] if one.stage == stage]


def waiting_words(wait: timedelta) -> str:
    """Return a time to wait in words, never shorter than it is."""
    hours = -int(-wait.total_seconds() // 3600)
    days, over = divmod(hours, 24)
    if days >= 2:
        return f"{days + bool(over)} days"
    return f"{hours} hours" if hours > 1 else "one hour"
