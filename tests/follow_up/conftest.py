from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fusion.follow_up import Comparison
from fusion.opening import open_study
from fusion.review import Review
from tests.follow_up.two_dates import comparison_of, pair_of


@pytest.fixture(scope="session")
def pair(once: Callable[..., Any]) -> tuple[Path, Path]:
    """Two dates of one patient, as DICOM."""
    return pair_of(once)


@pytest.fixture(scope="session")
def reviews(pair: tuple[Path, Path]) -> tuple[Review, Review]:
    return open_study(pair[0]), open_study(pair[1])


@pytest.fixture(scope="session")
def compared(once: Callable[..., Any]) -> Comparison:
    return comparison_of(once)
