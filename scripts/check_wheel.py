"""Say what is wrong with a built wheel: what is missing from it, what does not belong, its size.

Of a source archive it says only the size.

Used by ``scripts/release.sh`` and by the tests::

    python scripts/check_wheel.py dist/*
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("fusion", "viewer", "sample_data")
#: What is installed by everybody is small; larger things belong into a package of their own.
LARGEST_BYTES = 5_000_000
#: What tells others about the package, and is not among its sources.
METADATA = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")


def problems(wheel: Path) -> list[str]:
    """Return what is wrong with a wheel or source archive of this checkout, a sentence each."""
    if wheel.suffix != ".whl":
        return _too_large(wheel)
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        told = Parser().parsestr(archive.read(metadata).decode("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    info = metadata.partition("/")[0]

    wanted = {f"{info}/{name}" for name in METADATA} | {"fusion/py.typed"} | _tracked()
    found = [f"{name} is missing." for name in sorted(wanted - names)]
    found += [f"{name} does not belong there." for name in sorted(names) if _stranger(name, info)]
    if told["Version"] != project["version"]:
        found.append(f"The wheel says version {told['Version']}, not {project['version']}.")
    if re.search(r"\]\((?![a-z]+:|#)", str(told.get_payload())):
        found.append("The description has a link that leads nowhere outside of the repository.")
    return found + _too_large(wheel)


def _too_large(path: Path) -> list[str]:
    size = path.stat().st_size
    if size <= LARGEST_BYTES:
        return []
    return [f"It has {size} bytes; at most {LARGEST_BYTES} are wanted."]


def _tracked() -> set[str]:
    """Every source and data file of the packages that git knows; empty outside a checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *PACKAGES], cwd=ROOT, check=False, capture_output=True, text=True
    )
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()}


def _stranger(name: str, info: str) -> bool:
    path = PurePosixPath(name)
    if path.parts[0] == info:
        return False
    made_by_running = "__pycache__" in path.parts or path.suffix in (".pyc", ".nbi", ".nbc")
    return path.parts[0] not in PACKAGES or "tests" in path.parts or made_by_running


def main() -> int:
    """Check the files named on the command line."""
    found = [f"{path}: {problem}" for path in sys.argv[1:] for problem in problems(Path(path))]
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
