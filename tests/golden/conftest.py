"""The sample study, read once, and everything that is written from it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from sample_data import Truth
from tests.golden import made
from tests.golden.normal import Normal
from tests.sample_data.conftest import finely_scanned

#: The journal that each export is made from, and how.
EXPORTS: dict[str, tuple[str, ...]] = {
    "final": ("final",),
    "addendum": ("all", "--reader", made.READER),
    "draft": ("all", "--reader", made.OTHER_READER),
    "deidentified": ("all", "--reader", made.READER, "--deidentify"),
}


class Sample:
    """The sample study with its readings, and how its files are normalised."""

    def __init__(self, folder: Path, study: Path) -> None:
        self.folder = folder
        self.study = study
        self.journals = made.read_sample(self.study, folder)

    @cache  # noqa: B019 - one sample for the session
    def exported(self, name: str) -> tuple[dict[str, str], dict[str, str]]:
        """Everything exported from one journal: normalised texts by file, hashes of bulk data."""
        journal, *options = EXPORTS[name]
        to = self.folder / "export" / name
        printed = made.run(
            *("export", self.study, "--to", to, "--journal", self.journals[journal], "--json"),
            *options,
        )
        return written(self.normal({"to": to}), to, printed)

    def normal(self, places: dict[str, Path]) -> Normal:
        return Normal(self.study, {"study": self.study, **places})


def written(normal: Normal, to: Path, printed: str) -> tuple[dict[str, str], dict[str, str]]:
    """What was printed and what stands in a folder: texts by file, hashes of bulk data."""
    normal.begin("printed.json")
    texts = {"printed.json": normal.json(printed)}
    files = sorted(path for path in to.rglob("*") if path.is_file())
    texts["files.txt"] = "".join(f"{path.relative_to(to).as_posix()}\n" for path in files)
    for path in files:
        if path.suffix in (".dcm", ".json", ".html", ".csv"):
            texts[f"{path.name}.txt"] = normal.file(path, path.name)
    return texts, normal.exact


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory, once: Callable[..., Truth]) -> Sample:
    return Sample(tmp_path_factory.mktemp("golden"), finely_scanned(once).folder.parent)
