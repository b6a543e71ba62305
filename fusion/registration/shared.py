"""The alignment of the scanner: two volumes in one Frame of Reference."""

from __future__ import annotations

from fusion.errors import GeometryError
from fusion.geometry import RigidTransform, Volume
from fusion.registration.method import Method
from fusion.registration.result import Registration


def shared_frame(ct: Volume, spect: Volume) -> Registration:
    """Return the identity, which a shared Frame of Reference promises.

    Parameters
    ----------
    ct, spect : Volume
        Fixed and moving volume.

    Raises
    ------
    GeometryError
        The frames differ or are not stated.
    """
    if not shares_frame(ct, spect):
        raise GeometryError(
            f"The CT and the {spect.source.label} state different coordinate systems (DICOM Frame "
            "of Reference), or none, so their positions are not comparable. Register them with "
            "--register, or, where you know that one scanner made both in one session, say so: "
            '--same-frame "YOUR NAME".'
        )
    return Registration(
        RigidTransform.identity(), Method.SHARED_FRAME, start=RigidTransform.identity()
    )


def shares_frame(ct: Volume, spect: Volume) -> bool:
    """Whether both volumes state the same Frame of Reference."""
    frame = ct.grid.frame_of_reference_uid
    return frame is not None and frame == spect.grid.frame_of_reference_uid
