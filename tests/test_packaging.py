"""The lock file, the wheel and what they promise."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def locked() -> dict[str, str]:
    """Versions that the lock file gives this machine, by canonical name."""
    versions = {}
    for line in LOCK.splitlines():
        if line and not line.startswith((" ", "#")):
            requirement = Requirement(line.removesuffix("\\").strip())
            if requirement.marker is None or requirement.marker.evaluate():
                (pin,) = requirement.specifier
                versions[canonicalize_name(requirement.name)] = pin.version
    return versions


@pytest.mark.parametrize("extra", [None, *PROJECT["optional-dependencies"]])
def test_the_lock_satisfies_the_project(extra: str | None) -> None:
    wanted = PROJECT["dependencies"] if extra is None else PROJECT["optional-dependencies"][extra]
    versions = locked()
    for line in wanted:
        requirement = Requirement(line)
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not locked: run `make lock`"
        assert Version(version) in requirement.specifier, f"{line} is locked at {version}"


def test_every_locked_package_has_a_hash() -> None:
    for entry in re.split(r"\n(?=[a-z0-9])", LOCK.partition("\n")[2]):
        if "==" in entry:
            assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_the_lock_names_no_address() -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links", LOCK)


def test_no_copyleft_decoder_is_locked() -> None:
    # pylibjpeg-libjpeg is GPLv3 (docs/sources.md#pixel-reading); all else here is permissive.
    assert "pylibjpeg-libjpeg" not in locked()


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_source_and_data_file(wheel_names: set[str]) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "fusion", "viewer", "sample_data"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so there is no list of files to compare with")
    assert set(listed.stdout.split()) <= wheel_names


@pytest.mark.parametrize("name", ["viewer/napari.yaml", "fusion/pathway/statements.toml"])
def test_the_wheel_holds_the_data_that_the_code_opens(wheel_names: set[str], name: str) -> None:
    assert name in wheel_names


def test_the_wheel_holds_nothing_else(wheel_names: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel_names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "fusion",
        "viewer",
        "sample_data",
    }
    assert not [name for name in wheel_names if "__pycache__" in name]
