"""What is fixed when a study begins: its cases as they are, its orders, and what hides them."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from fusion.annotations import StudyKey
from fusion.archive import is_address
from fusion.deidentified import Deidentifier
from fusion.errors import Cancelled, FusionError, ReaderStudyError
from fusion.json_form import json_text
from fusion.opening import open_study
from fusion.progress import Progress
from fusion.reader_study.order import Presentation, order_of
from fusion.software import own_version

if TYPE_CHECKING:
    from fusion.progress import ProgressCallback
    from fusion.reader_study.design import Case, Design
    from fusion.review import Review


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FixedCase(_Entry):
    """A case as it was when the study began.

    Parameters
    ----------
    case : str
        Its name.
    patient : int
        Number of its patient, from 0.
    ct_sha256, spect_sha256 : str
        Of the values of its two volumes.
    """

    case: str
    patient: int
    ct_sha256: str
    spect_sha256: str


class Showing(_Entry):
    """One presentation, and the identifier that its study has in the reader's journal."""

    stage: int
    number: int
    of: int
    case: str
    arm: str
    repeat: bool
    study_uid: str

    @property
    def presentation(self) -> Presentation:
        """What is shown."""
        return Presentation(
            self.stage, self.number, self.of, self.case, self.arm, repeat=self.repeat
        )


class Plan(_Entry):
    """A study that has begun.

    Parameters
    ----------
    software_version : str
        Of the program that began it.
    design_sha256 : str
        Of the ``study.toml`` that was read.
    key : str
        Secret from which every reader's identifiers come, hexadecimal.
    case : tuple of FixedCase
        In the order of the design.
    order : mapping of str to tuple of Showing
        For each reader all that he is to read.
    """

    schema_version: Literal[1] = 1
    software_version: str
    design_sha256: str
    key: str
    case: tuple[FixedCase, ...]
    order: dict[str, tuple[Showing, ...]]

    def fixed(self, name: str) -> FixedCase:
        """Return a case as it was when the study began."""
        return next(one for one in self.case if one.case == name)

    def text(self) -> str:
        """Return what stands in the file."""
        return json_text(self.model_dump(mode="json"))


def read_plan(path: Path) -> Plan:
    """Return the plan that a file holds.

    Raises
    ------
    ReaderStudyError
        It cannot be read, or is of a newer version.
    """
    try:
        return Plan.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as exc:
        raise ReaderStudyError(
            f"The plan {path} of this study cannot be read, or a newer version of this program "
            "wrote it. Without it no case can be shown; restore it from a backup."
        ) from exc


def made_plan(
    design: Design, *, folder: Path, design_sha256: str, progress: ProgressCallback | None = None
) -> Plan:
    """Open every case once, and fix what the study is made of.

    Parameters
    ----------
    design : Design
        The study.
    folder : Path
        From where the paths of the cases go on.
    design_sha256 : str
        Of the file that the design was read from.
    progress : callable, optional
        Told the fraction done.

    Raises
    ------
    ReaderStudyError
        A case cannot be opened, or two cases are the same; it says which, and why.
    """
    report = Progress(progress)
    key = secrets.token_bytes(32)
    uids: dict[str, str] = {}
    fixed: list[FixedCase] = []
    patients: dict[object, int] = {}
    for place, case in enumerate(design.case):
        part = report.part(place / len(design.case), (place + 1) / len(design.case))
        review = opened_case(case, folder, part)
        study = StudyKey.of(review.fused.ct, review.fused.spect)
        ct, spect = study.ct.pixels_sha256, study.spect.pixels_sha256
        for other in fixed:
            if (other.ct_sha256, other.spect_sha256) == (ct, spect):
                raise ReaderStudyError(
                    f"The cases {other.case!r} and {case.name!r} hold the same images. To show a "
                    "case twice, say so with: repeats."
                )
        patient = patients.setdefault(_patient(case, review), len(patients))
        fixed.append(FixedCase(case=case.name, patient=patient, ct_sha256=ct, spect_sha256=spect))
        uids[case.name] = study.study_instance_uid
    order = {}
    for reader in design.reader:
        order[reader] = tuple(
            Showing(
                stage=one.stage,
                number=one.number,
                of=one.of,
                case=one.case,
                arm=one.arm,
                repeat=one.repeat,
                study_uid=deidentifier(key, reader, one).uid(uids[one.case]),
            )
            for one in order_of(design, reader)
        )
    return Plan(
        software_version=own_version(),
        design_sha256=design_sha256,
        key=key.hex(),
        case=tuple(fixed),
        order=order,
    )


def opened_case(case: Case, folder: Path, progress: ProgressCallback | None = None) -> Review:
    """Open a case as it is, with the identity that it has.

    Raises
    ------
    ReaderStudyError
        It cannot be opened; only for whoever runs the study, since it may name the patient.
    """
    path = case.path if is_address(case.path) else folder / case.path
    try:
        return open_study(path, options=case.options, progress=progress)
    except Cancelled:
        raise
    except FusionError as exc:
        raise ReaderStudyError(f"The case {case.name!r} cannot be opened. {exc}") from exc


def deidentifier(key: bytes, reader: str, presentation: Presentation) -> Deidentifier:
    """Return what takes the identity out of one presentation.

    It has a key of its own: nothing in two presentations tells that they are of one case.
    """
    what = f"{reader}\0{presentation.key}".encode()
    return Deidentifier(key=hmac.new(key, what, sha256).digest())


def _patient(case: Case, review: Review) -> object:
    """Return what tells one patient from another: what the design says, else what the files say."""
    if case.patient:
        return case.patient
    who = review.patient
    return (who.patient_id, who.name) if who.patient_id or who.name else ("", case.name)
