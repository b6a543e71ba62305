"""The one error tree.

::

    FusionError                 anything facetfusion can explain to its user
    ├── DicomError              a file or series that cannot be read (which, why)
    ├── GeometryError           a position, direction or frame of reference that is missing,
    │   │                       contradictory or not invertible
    │   └── SpacingNeeded       the distance between slices is missing and only a person can say it
    ├── PairingError            no pair of CT and functional volume may be combined
    │   └── ChoiceNeeded        several are alike, and only a person can say which is meant
    ├── RegistrationFailed      no trustworthy transform was found
    ├── AnnotationError         a target, reading or journal that cannot be made, kept or read
    ├── PathwayError            pathway facts or statements that cannot be used
    ├── ArchiveError            an archive cannot be reached, or what it did was not whole
    ├── ReaderStudyError        a reader study that cannot be planned, read on or analysed
    ├── Cancelled               the user stopped a long operation
    └── ProgramFault            a bug of facetfusion, said as one

The command line and the viewer catch :class:`FusionError` and show its message. Anything else is
a bug and shows as one: at their edge :func:`as_fault` makes a sentence of it. Messages say what was
found, what was expected and what to do next, and never hold patient identity.
"""

from __future__ import annotations

import errno
import os
import traceback
from pathlib import Path


class FusionError(Exception):
    """Base class of every error that facetfusion explains to its user."""


class DicomError(FusionError):
    """A file or a series cannot be read.

    Parameters
    ----------
    reason : str
        What was found, what was expected and what to do next. No patient identity.
    label : str, optional
        The file or series, as the user would recognise it.
    """

    def __init__(self, reason: str, *, label: str | None = None) -> None:
        super().__init__(f"{label}: {reason}" if label else reason)
        self.reason = reason
        self.label = label


class GeometryError(FusionError):
    """Positions, directions or frames of reference are missing, contradictory or unusable."""


class SpacingNeeded(GeometryError):  # noqa: N818 - a question, not a fault
    """The signed distance between slices is missing; a person has to state it.

    Parameters
    ----------
    message : str
        What is missing and how to supply it.
    volume_id : str
        The volume concerned, as ``facetfusion scan`` prints it.
    """

    def __init__(self, message: str, *, volume_id: str) -> None:
        super().__init__(message)
        self.volume_id = volume_id

    @property
    def series(self) -> str:
        """Number of the series of the volume; its volumes share the distance."""
        return self.volume_id.partition(".")[0]


class PairingError(FusionError):
    """The study holds no pair of CT and functional volume that may be combined."""


class ChoiceNeeded(PairingError):  # noqa: N818 - a question, not a fault
    """Several volumes could be meant; a person has to choose.

    Parameters
    ----------
    message : str
        What is alike, and how to choose.
    role : {"ct", "spect"}
        Which of the two is asked for.
    options : tuple of (str, str)
        Number, as ``facetfusion scan`` prints it, and words of each.
    """

    def __init__(self, message: str, *, role: str, options: tuple[tuple[str, str], ...]) -> None:
        super().__init__(message)
        self.role = role
        self.options = options


class RegistrationFailed(FusionError):  # noqa: N818 - the name reads as the sentence it shows
    """No trustworthy transform was found."""


class AnnotationError(FusionError):
    """A target, reading or journal cannot be made, kept or read; nothing was saved."""


class PathwayError(FusionError):
    """Pathway facts or statements cannot be used."""


class ArchiveError(FusionError):
    """An archive cannot be reached or used, or what came from it or went to it is not whole."""


class ReaderStudyError(FusionError):
    """A reader study cannot be planned, read on or analysed."""


class Cancelled(FusionError):  # noqa: N818 - not a fault
    """The user stopped a long operation."""


def disk_reason(exc: OSError) -> str:
    """Return in a few words why a file could not be written.

    Libraries raise the error anew, with the way it took through their code as its text; what the
    operating system said is then in the error that caused it.
    """
    return _of_system(exc).strerror or type(exc).__name__


def disk_advice(exc: OSError) -> str:
    """Return what to do about a folder that could not be written to, as a sentence."""
    number = _of_system(exc).errno
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "Free some space or choose another folder."
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "Choose a folder that you may write to."
    return "Choose another folder."


#: What the system says where a file was, where a disk or a network fails, where the structure of a
#: disk does not hold, where a program holds too much open, where memory is short, and where another
#: program keeps a file to itself; some systems lack some of the names.
_GONE, _NOT_GIVEN, _BROKEN_DISK, _TOO_MANY, _NO_MEMORY, _IN_USE = (
    frozenset(getattr(errno, name) for name in names.split() if hasattr(errno, name))
    for names in (
        "ENOENT ENOTDIR ESTALE EISDIR ELOOP ENXIO",
        "EIO EREMOTEIO ENODEV ETIMEDOUT ENOLINK ENOTCONN ECONNRESET ECONNABORTED ENETDOWN "
        "ENETUNREACH ENETRESET EHOSTDOWN EHOSTUNREACH",
        "EUCLEAN EBADMSG EFSCORRUPTED",
        "EMFILE ENFILE",
        "ENOMEM ENOBUFS",
        "EBUSY EAGAIN EWOULDBLOCK ETXTBSY EDEADLK ENOLCK",
    )
)


def not_given(exc: BaseException) -> str | None:
    """Return why the system did not give a file that was there when it was listed.

    Returns
    -------
    str or None
        Sentences; None where it gave the file, and what is in it is at fault.
    """
    number = _of_system(exc).errno if isinstance(exc, OSError) else None
    if number is None:
        return None
    if number in (errno.EACCES, errno.EPERM):
        return "The file may not be read (permission denied)."
    if number in _GONE:
        return (
            "The file is no longer there: it was moved or removed while the study was read. Open "
            "the study again when nothing changes there."
        )
    if number in _TOO_MANY:
        return (
            "This program, or this computer, has too many files open to open one more. Close other "
            "programs, start this one anew, and open the study again."
        )
    if number in _NO_MEMORY:
        return (
            "There is not enough memory to read the file. Close other programs, and open the study "
            "again."
        )
    if number in _IN_USE:
        return (
            "Another program keeps the file to itself. Wait until it is done with it, or close it, "
            "and open the study again."
        )
    if number in _BROKEN_DISK:
        return (
            f"The disk that holds the file is damaged ({os.strerror(number)}). Have it checked, "
            "and copy the study anew from where it came."
        )
    if number not in _NOT_GIVEN:
        return None  # a place in the file that no file has
    return (
        f"The disk or the network did not give the file ({os.strerror(number)}). Check it, and "
        "open the study again."
    )


def _of_system(exc: OSError) -> OSError:
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause
        cause = cause.__cause__ or cause.__context__
    return exc


class ProgramFault(FusionError):  # noqa: N818 - said as it is
    """A bug: what the program did, not what the data are. Only the outermost layer makes one."""


def as_fault(exc: BaseException) -> FusionError:
    """Say an unexpected error as what it is, without its own words: they may hold identity.

    Parameters
    ----------
    exc : Exception
        Anything that is no :class:`FusionError`.
    """
    if isinstance(exc, MemoryError):
        return FusionError(
            "There is not enough memory for this. Close other programs, or open the folder of one "
            "study alone."
        )
    if isinstance(exc, OSError):
        where = f": {exc.filename}" if exc.filename else ""
        return FusionError(f"A file or folder cannot be used ({disk_reason(exc)}{where}).")
    house = Path(__file__).parents[1]
    rooms = [house / name for name in ("fusion", "viewer", "sample_data")]
    places = [
        f"{Path(frame.filename).relative_to(house)}, line {frame.lineno}"
        for frame in traceback.extract_tb(exc.__traceback__)
        if any(Path(frame.filename).is_relative_to(room) for room in rooms)
    ]
    place = f" ({places[-1]})" if places else ""
    return ProgramFault(
        f"This is a fault of facetfusion, not of your files{place}. Nothing that it was about to "
        "write can be relied on. Please report it, with what you did."
    )
