"""Simulated necks with labels, painted once for all workers of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.facets import label_maps


@pytest.fixture(scope="session", autouse=True)
def _necks_are_painted_once(once: Callable[..., Any]) -> None:
    label_maps.once = once
