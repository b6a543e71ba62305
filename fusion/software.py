"""Which software made something; stands in every file that leaves the program."""

from __future__ import annotations

import platform
from importlib.metadata import version

#: Distributions whose version can change geometry, decoded pixels or numbers.
_DEPENDENCIES = ("numpy", "pydicom", "SimpleITK", "scipy", "numba", "python-gdcm")


def own_version() -> str:
    """Return the version of facetfusion."""
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
