"""The one error tree.

::

    FusionError                 anything facetfusion can explain to its user
    ├── DicomError              a file or series that cannot be read (which, why)
    ├── GeometryError           a position, direction or frame of reference that is missing,
    │   │                       contradictory or not invertible
    │   └── SpacingNeeded       the distance between slices is missing and only a person can say it
    ├── PairingError            no pair of CT and functional volume may be combined
    ├── RegistrationFailed      no trustworthy transform was found
    ├── AnnotationError         a target, reading or journal that cannot be made, kept or read
    ├── PathwayError            pathway facts or statements that cannot be used
    └── Cancelled               the user stopped a long operation

The command line and the viewer catch :class:`FusionError` and show its message. Anything else is
a bug and shows as one. Messages say what was found, what was expected and what to do next, and
never hold patient identity.
"""

from __future__ import annotations


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


class PairingError(FusionError):
    """The study holds no pair of CT and functional volume that may be combined."""


class RegistrationFailed(FusionError):  # noqa: N818 - the name reads as the sentence it shows
    """No trustworthy transform was found."""


class AnnotationError(FusionError):
    """A target, reading or journal cannot be made, kept or read; nothing was saved."""


class PathwayError(FusionError):
    """Pathway facts or statements cannot be used."""


class Cancelled(FusionError):  # noqa: N818 - not a fault
    """The user stopped a long operation."""


def disk_reason(exc: OSError) -> str:
    """Return in a few words why a file could not be written.

    Libraries raise the error anew, with the way it took through their code as its text; what the
    operating system said is then in the error that caused it.
    """
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return type(exc).__name__
