"""The core runs where neither a window system nor napari is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from fusion.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]

#: What `pip install facetfusion` does not bring, made absent for the program that follows. Doing it
#: at run time finds lazy imports too, which the import-linter contract cannot tell from eager.
WITHOUT_WINDOW = """
import sys
from importlib.machinery import PathFinder

ABSENT = {"napari", "npe2", "vispy", "qtpy", "PySide6", "PyQt6", "PyQt5", "superqt", "magicgui",
          "viewer"}


class WithoutWindow(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            return None
        return PathFinder.find_spec(name, path, target)


sys.meta_path[:] = [WithoutWindow if f is PathFinder else f for f in sys.meta_path]
"""


def run_without_window(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_WINDOW + program, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


def test_the_block_blocks() -> None:
    done = run_without_window("import napari")
    assert done.returncode == 1
    assert "No module named 'napari'" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("package", ["fusion", "sample_data"])
def test_every_module_imports_without_a_window_system(package: str) -> None:
    program = f"""
import importlib, pkgutil
import {package}

names = [m.name for m in pkgutil.walk_packages({package}.__path__, "{package}.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names))
"""
    done = run_without_window(program)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


def test_help_waits_for_no_library() -> None:
    program = """
import sys
from fusion.cli import main
assert main(["--help"]) == 0 and main(["--version"]) == 0
heavy = {"numpy", "scipy", "numba", "pydicom", "pydantic", "SimpleITK", "highdicom", "reportlab"}
sys.stderr.write(" ".join(heavy & set(sys.modules)))
"""
    done = run_without_window(program)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"    {name} " in done.stdout for name, *_ in COMMANDS)


def test_scan_works_without_a_window_system(tmp_path: Path) -> None:
    source = get_testdata_file("CT_small.dcm")
    assert isinstance(source, str)
    (tmp_path / "slice").write_bytes(Path(source).read_bytes())
    program = "from fusion.cli import main; raise SystemExit(main(sys.argv[1:]))"
    done = run_without_window(program, "scan", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    (study,) = json.loads(done.stdout)["studies"]
    assert [series["kind"] for series in study["series"]] == ["ct"]


def test_scan_of_a_folder_waits_for_nothing_that_listing_does_not_need(tmp_path: Path) -> None:
    source = get_testdata_file("CT_small.dcm")
    assert isinstance(source, str)
    (tmp_path / "slice").write_bytes(Path(source).read_bytes())
    program = """
from fusion.cli import main
assert main(["scan", sys.argv[1]]) == 0
heavy = {"scipy.ndimage", "numba", "SimpleITK", "pynetdicom", "fusion.archive.protocols.connecting"}
sys.stderr.write(" ".join(heavy & set(sys.modules)))
"""
    done = run_without_window(program, str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


def test_joints_on_a_ct_wait_for_nothing_that_only_uptake_needs() -> None:
    program = """
import fusion.cli.facets, fusion.opening
heavy = {"scipy.signal", "scipy.stats", "scipy.spatial", "scipy.optimize", "skimage.feature"}
sys.stderr.write(" ".join(heavy & set(sys.modules)))
"""
    done = run_without_window(program)
    assert (done.returncode, done.stderr) == (0, "")


def test_review_says_what_to_install_without_a_window_system(tmp_path: Path) -> None:
    program = "from fusion.cli import main; raise SystemExit(main(sys.argv[1:]))"
    done = run_without_window(program, "review", str(tmp_path))
    assert done.returncode in (2, 3)
    assert "facetfusion[viewer]" in done.stderr
    assert "Traceback" not in done.stderr
