"""Which software made something; stands in every file that leaves the program."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib.metadata import version

#: Distributions whose version can change geometry, decoded pixels or numbers.
_DEPENDENCIES = ("numpy", "pydicom", "SimpleITK", "scipy", "numba", "python-gdcm")


#: What this process set for itself in its environment, name and value.
_OURS: dict[str, str] = {}


def solve_with_one_thread() -> None:
    """Have small equations solved by one thread, unless the user says otherwise.

    To be called before numpy is loaded. Two threads only wait for each other, seconds on a busy
    machine; and one thread adds up in the same order on every machine.
    """
    if "OPENBLAS_NUM_THREADS" not in os.environ:
        os.environ["OPENBLAS_NUM_THREADS"] = _OURS["OPENBLAS_NUM_THREADS"] = "1"


def environment_of_user() -> dict[str, str]:
    """Return the environment without what this process set, for programs that are not ours."""
    return {name: text for name, text in os.environ.items() if _OURS.get(name) != text}


@cache
def own_version() -> str:
    """Return the version of facetfusion that runs, whatever was installed meanwhile."""
    return version("facetfusion")


def versions() -> dict[str, str]:
    """Return the versions of facetfusion and of everything that can change its results."""
    return {
        "facetfusion": own_version(),
        "python": platform.python_version(),
        **{name: version(name) for name in _DEPENDENCIES},
    }


#: Where DICOM allows 64 characters only.
SHORT_DISCLAIMER = "Research and education tool. Not a medical device."
#: Stands on every picture and in every file that leaves the program.
DISCLAIMER = f"{SHORT_DISCLAIMER} Not for diagnosis or treatment decisions."
#: Burned into pictures of synthetic data.
SIMULATED = "SIMULATED — not a patient"
