"""What a reader study is: its cases, readers and arms, as its ``study.toml`` says."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from fusion.annotations import MAX_NAME, same_name
from fusion.errors import ReaderStudyError, disk_reason
from fusion.opening import OpenOptions

#: Cases between a case and its repeat, at least: who remembers the first would repeat himself.
REPEAT_GAP = 10
#: Largest file that is taken for a study.toml, bytes.
LARGEST_FILE_BYTES = 1_048_576
_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME)]
_FILE = "study.toml"


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Arm(_Entry):
    """One way in which the cases are shown.

    Parameters
    ----------
    name : str
        In the results.
    proposals : bool
        Whether the program's proposals are shown.
    """

    name: _Name
    proposals: bool


class Case(_Entry):
    """One study of one patient.

    Parameters
    ----------
    name : str
        In the results; no reader sees it.
    path : str
        Folder, zip or DICOMDIR, from the folder of the file on.
    patient : str
        The same for all cases of one patient; the case stands for itself by default.
    ct, spect, spacing_mm, register, ignore_stored_registration
        As for :class:`fusion.opening.OpenOptions`.
    """

    name: _Name
    path: str = Field(min_length=1)
    patient: str = ""
    ct: str | None = None
    spect: str | None = None
    spacing_mm: float | None = None
    register_anew: bool = Field(default=False, alias="register")
    ignore_stored_registration: bool = False

    @property
    def options(self) -> OpenOptions:
        """How the case is opened."""
        known = {one.name for one in fields(OpenOptions)} & set(type(self).model_fields)
        said = {name: getattr(self, name) for name in known}
        return OpenOptions(**said, register=self.register_anew)


class Design(_Entry):
    """A reader study as somebody planned it.

    Parameters
    ----------
    title : str
        In the results; no reader sees it.
    seed : int
        Decides every order.
    reader : tuple of str
        Who reads; a name or what stands for one. It is in the readers' journals.
    arm : tuple of Arm
        One stage each.
    case : tuple of Case
        What is read.
    repeats : int
        So many cases of each stage are shown a second time in it.
    washout_days : int
        Between the end of a stage and the next one.
    order : {"in turn", "crossover"}
        One arm after the other, as they are listed; or in each stage a part of the cases in each
        arm, and each case in each arm once.
    """

    schema_version: Literal[1]
    title: str = ""
    seed: int
    reader: tuple[_Name, ...] = Field(alias="readers", min_length=1)
    arm: tuple[Arm, ...] = Field(min_length=1)
    case: tuple[Case, ...] = Field(min_length=1)
    repeats: int = Field(default=0, ge=0)
    washout_days: int = Field(default=0, ge=0)
    order: Literal["in turn", "crossover"] = "in turn"

    def model_post_init(self, context: Any) -> None:
        """Check that what is named is named once, and that there is room for the repeats."""
        for what, names in (
            ("reader", self.reader),
            ("arm", [arm.name for arm in self.arm]),
            ("case", [case.name for case in self.case]),
        ):
            for place, name in enumerate(names):
                if any(same_name(name, other) for other in names[:place]):
                    raise ValueError(f"the {what} {name!r} is listed twice")
        room = max(len(self.case) - REPEAT_GAP, 0)
        if self.repeats > room:
            raise ValueError(
                f"{len(self.case)} cases leave room for {room} repeats at most: "
                f"{REPEAT_GAP} other cases lie between a case and its repeat"
            )

    def reader_named(self, name: str) -> str:
        """Return a reader as the file names him.

        Raises
        ------
        ReaderStudyError
            The study has no such reader.
        """
        for one in self.reader:
            if same_name(one, name):
                return one
        raise ReaderStudyError(
            f"The study has no reader of that name; its readers are: {', '.join(self.reader)}."
        )


#: What is said of a value that is not as expected, by the kind of the error.
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is no word of a study; check its spelling",
    "string_type": "expected text in quotation marks",
    "int_type": "expected a whole number without quotation marks",
    "int_parsing": "expected a whole number without quotation marks",
    "int_from_float": "expected a whole number without quotation marks",
    "bool_type": "expected true or false, without quotation marks",
    "bool_parsing": "expected true or false, without quotation marks",
    "tuple_type": "expected a list: [ ... ]",
}


def design_file(path: str | Path) -> Path:
    """Return the file of a study, which may be named by its folder."""
    path = Path(path)
    return path / _FILE if path.is_dir() else path


def read_design(text: bytes) -> Design:
    """Return what the content of a ``study.toml`` says.

    Raises
    ------
    ReaderStudyError
        It is not as docs/reader-study.md has it.
    """
    try:
        return Design.model_validate(tomllib.loads(text.decode("utf-8")))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ReaderStudyError(f"The study cannot be read: it is no TOML ({exc}).") from None
    except ValidationError as exc:
        first = exc.errors()[0]
        # Lists are counted from 1, as people do.
        where = " ".join(str(n + 1 if isinstance(n, int) else n) for n in first["loc"])
        what = _WORDS.get(first["type"]) or first["msg"].removeprefix("Value error, ")
        raise ReaderStudyError(
            f"The study cannot be read: {where + ': ' if where else ''}{what}. "
            "docs/reader-study.md shows what stands there."
        ) from None


def design_bytes(path: Path) -> bytes:
    """Return the content of a ``study.toml``.

    Raises
    ------
    ReaderStudyError
        There is none, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as exc:
        raise ReaderStudyError(
            f"There is no study {path} that can be read ({disk_reason(exc)}). Give the "
            "study.toml of a reader study, or its folder."
        ) from exc
    if len(text) > LARGEST_FILE_BYTES:
        raise ReaderStudyError(f"{path} is larger than any study.toml.")
    return text
