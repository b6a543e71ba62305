from __future__ import annotations

from pathlib import Path

import pytest

from fusion.follow_up import Comparison, Dated, compare
from fusion.opening import open_study
from fusion.review import Review
from tests.follow_up.two_dates import make_pair


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two dates of one patient, as DICOM."""
    return make_pair(tmp_path_factory.mktemp("dates"))


@pytest.fixture(scope="session")
def reviews(pair: tuple[Path, Path]) -> tuple[Review, Review]:
    return open_study(pair[0]), open_study(pair[1])


@pytest.fixture(scope="session")
def compared(reviews: tuple[Review, Review]) -> Comparison:
    return compare(Dated.of(reviews[0]), Dated.of(reviews[1]))
