"""The lock file, the wheel and what they promise."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from fusion.software import own_version
from hatch_build import without_dead_links
from scripts.check_wheel import problems

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
#: All but that of developers.
EXTRAS = ("viewer", "archive", "cohort", "parquet")
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


# ---- Dependencies ---------------------------------------------------------------------------

#: Loaded by name and never imported by us: decoders by pydicom, Qt by qtpy.
BY_NAME = {
    "pillow": "pydicom",
    "pyjpegls": "pydicom",
    "pylibjpeg": "pydicom",
    "pylibjpeg-openjpeg": "pydicom",
    "python-gdcm": "pydicom",
    "pyside6-essentials": "qtpy",
}

#: Declared for work that is under way and imported by no module yet. Each has to go from here with
#: the first module that imports it; the set has to be empty in a release.
PENDING: set[str] = set()


def declared(*extras: str) -> set[str]:
    """Canonical names of the runtime dependencies, with those of some extras."""
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def imported_names(*packages: str) -> Iterator[tuple[str, Path]]:
    """Top names that the modules of some packages import, anywhere in them."""
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py*")):
            if path.suffix not in (".py", ".pyi"):
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    yield from ((alias.name.partition(".")[0], path) for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    assert node.module is not None
                    yield node.module.partition(".")[0], path


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


@cache
def imported(*packages: str) -> dict[str, Path]:
    """Canonical names of the distributions that some packages import, each with one importer."""
    own = {"fusion", "viewer", "sample_data"}
    distributions = _distributions()
    return {
        canonicalize_name(distribution): path.relative_to(ROOT)
        for name, path in imported_names(*packages)
        if name not in own | sys.stdlib_module_names
        for distribution in distributions[name]
    }


@pytest.mark.parametrize(
    ("packages", "extras"),
    [(("fusion", "sample_data"), ("archive", "cohort", "parquet")), (("viewer",), ("viewer",))],
    ids=["core", "viewer"],
)
def test_what_is_imported_is_declared(packages: tuple[str, ...], extras: tuple[str, ...]) -> None:
    missing = {
        name: str(path)
        for name, path in imported(*packages).items()
        if name not in declared(*extras)
    }
    assert not missing


def test_what_is_declared_is_imported() -> None:
    used = imported("fusion", "viewer", "sample_data").keys() | BY_NAME.keys()
    assert declared(*EXTRAS) - used == PENDING


def test_every_dependency_has_a_reason() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| [^|]+ \|", page, re.MULTILINE)
    assert {canonicalize_name(name) for name in rows} == declared(*EXTRAS)
    assert len(rows) == len(set(rows))


# ---- The wheel ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return path


def test_nothing_is_wrong_with_the_wheel(wheel: Path) -> None:
    assert problems(wheel) == []


@pytest.mark.parametrize("name", ["viewer/napari.yaml", "fusion/pathway/statements.toml"])
def test_the_wheel_holds_the_data_that_the_code_opens(wheel: Path, name: str) -> None:
    assert name in zipfile.ZipFile(wheel).namelist()


def test_what_is_wrong_with_a_wheel_is_told(wheel: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / wheel.name
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(spoilt, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("/METADATA"):
                content = content.replace(b"\nVersion: ", b"\nVersion: 9")
                content += b"\n[a page](docs/page.md)\n"
            if name != "fusion/py.typed":
                new.writestr(name, content)
        new.writestr("tests/test_geometry.py", "")
        new.writestr("fusion/__pycache__/errors.cpython-311.pyc", "")
        new.writestr("viewer/large.bin", bytes(5_000_001))
    version = PROJECT["version"]
    assert problems(spoilt) == [
        "fusion/py.typed is missing.",
        "fusion/__pycache__/errors.cpython-311.pyc does not belong there.",
        "tests/test_geometry.py does not belong there.",
        f"The wheel says version 9{version}, not {version}.",
        "The description has a link that leads nowhere outside of the repository.",
        f"It has {spoilt.stat().st_size} bytes; at most 5000000 are wanted.",
    ]


def test_links_of_the_readme_lead_to_the_address_or_are_words() -> None:
    text = "![A window](docs/w.png) and [install](docs/install.md), [napari](https://napari.org)"
    assert without_dead_links(text, "https://example.org/f") == (
        "![A window](https://example.org/f/raw/main/docs/w.png) and "
        "[install](https://example.org/f/blob/main/docs/install.md), [napari](https://napari.org)"
    )
    assert without_dead_links(text, None) == " and install, [napari](https://napari.org)"


# ---- What a release and a stranger rely on --------------------------------------------------


def test_the_version_stands_in_one_place() -> None:
    assert own_version() == PROJECT["version"], "run scripts/setup.sh: another version is installed"
    repeated = re.compile(rf"__version__|(?<![\d.]){re.escape(PROJECT['version'])}(?![\d.])")
    sources = [ROOT / "CITATION.cff"]
    for package in ("fusion", "viewer", "sample_data"):
        sources += [*(ROOT / package).rglob("*.py"), *(ROOT / package).rglob("*.yaml")]
    assert not [str(path) for path in sources if repeated.search(path.read_text("utf-8"))]


def test_the_hosted_ci_runs_every_python_that_is_claimed() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    job = workflow["jobs"]["ci"]
    claimed = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert claimed
    assert set(claimed) <= set(job["strategy"]["matrix"]["python"])
    assert job["steps"][-1]["run"] == ".ci/run"


def test_the_hooks_check_what_make_check_checks() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for repository in config["repos"]:
        assert repository["repo"] == "local", "hooks fetch nothing"
        for hook in repository["hooks"]:
            command = hook["entry"].removesuffix(" --force-exclude")
            assert command.replace(".venv/bin/", "$(BIN)/") in makefile
