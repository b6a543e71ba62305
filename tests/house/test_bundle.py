"""What installs without network: what the lock names, with licences that may be given on."""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts" / "bundle"
sys.path.insert(0, str(SCRIPTS))

from bill import Part, bill_of_materials, parts_of  # noqa: E402
from bundle import PLATFORMS, copy_script, write_checksums  # noqa: E402


def wheel(folder: Path, name: str, *lines: str) -> None:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        told = "\n".join(["Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *lines])
        archive.writestr(f"{name}-1.0.dist-info/METADATA", told)
        archive.writestr(f"{name}-1.0.dist-info/licenses/LICENSE", f"Licence of {name}")


def test_licences_are_those_that_authors_state_and_their_texts_go_along(tmp_path: Path) -> None:
    wheel(tmp_path / "wheels", "one", "License-Expression: MIT")
    wheel(tmp_path / "wheels", "two", "Classifier: License :: OSI Approved :: BSD License")
    wheel(tmp_path / "wheels", "three", "License: Apache 2.0")
    parts = {part.name: part for part in parts_of(tmp_path / "wheels", tmp_path / "licences")}
    stated = {name: part.licence for name, part in parts.items()}
    assert stated == {"one": "MIT", "two": "BSD License", "three": "Apache 2.0"}
    assert (tmp_path / "licences" / "two.txt").read_text() == "Licence of two"
    data = (tmp_path / "wheels" / "one-1.0-py3-none-any.whl").read_bytes()
    assert parts["one"].sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "stated", ["License-Expression: GPL-3.0-only", "Classifier: License :: Free", "License: "]
)
def test_a_licence_that_nobody_decided_about_stops_the_bundle(tmp_path: Path, stated: str) -> None:
    wheel(tmp_path / "wheels", "one", stated)
    with pytest.raises(ValueError, match=r"These licences are not on the list .* one \("):
        parts_of(tmp_path / "wheels", tmp_path / "licences")


def test_the_bill_is_valid_and_the_same_for_the_same_parts() -> None:
    parts = [
        Part("numpy", "2.4.6", "pypi", "BSD-3-Clause", "0" * 64),
        Part("libxcb1", "1.15-1", "deb", "Debian", "1" * 64),
    ]
    text = bill_of_materials("0.1.0", parts)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    purls = {component["purl"] for component in bill["components"]}
    assert purls == {"pkg:pypi/numpy@2.4.6", "pkg:deb/debian/libxcb1@1.15-1"}
    assert bill["serialNumber"] == json.loads(bill_of_materials("0.1.0", parts))["serialNumber"]


def test_every_script_of_a_platform_is_there() -> None:
    for platform in PLATFORMS.values():
        assert all((SCRIPTS / name).is_file() for name in platform.scripts)


def test_the_script_for_windows_ends_its_lines_as_windows_does(tmp_path: Path) -> None:
    copy_script(SCRIPTS / "install.cmd", tmp_path / "install.cmd")
    lines = (tmp_path / "install.cmd").read_bytes().split(b"\n")[:-1]
    assert len(lines) > 10
    assert all(line.endswith(b"\r") for line in lines)


@pytest.mark.parametrize("script", sorted(SCRIPTS.rglob("*.sh")), ids=lambda path: path.name)
def test_shell_scripts_are_well_formed(script: Path) -> None:
    shell = "bash" if script.read_text("utf-8").startswith("#!/usr/bin/env bash") else "sh"
    subprocess.run([shell, "-n", str(script)], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="the bundle for Linux installs on Linux")
def test_a_damaged_bundle_installs_nothing(tmp_path: Path) -> None:
    bundle, home = tmp_path / "bundle", tmp_path / "home"
    bundle.mkdir()
    home.mkdir()
    for name in PLATFORMS["linux"].scripts:
        (bundle / name).write_bytes((SCRIPTS / name).read_bytes())
    (bundle / "VERSION").write_text("1.0-trial\n")
    write_checksums(bundle)
    (bundle / "VERSION").write_text("1.0-other\n")
    done = subprocess.run(
        ["sh", str(bundle / "install.sh")],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "facetfusion: the bundle is damaged: a file differs from its checksum. Copy it anew.\n"
    )
    assert list(home.iterdir()) == []
