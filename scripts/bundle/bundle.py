"""Everything that a machine without network needs, in one folder and one file.

``make bundle PLATFORM=linux|windows|macos`` calls this::

    python scripts/bundle/bundle.py linux --to dist/bundle

The folder holds the wheels of that platform, each checked against its hash in
``requirements.lock``; ``uv``, which installs them; for Linux a Python and the small libraries that
desktops may lack, as Debian has them; licences; a bill of materials (CycloneDX); checksums; and
scripts that install for one user, without an administrator. For Linux it becomes one file that
unpacks itself, and a Debian package.

``--check`` only asks whether every wheel can be had, by hash, and downloads nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from bill import Part, bill_of_materials, parts_of

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
UV = [sys.executable, "-m", "uv"]


@dataclass(frozen=True)
class Platform:
    """One kind of machine.

    Parameters
    ----------
    name : str
        In names of files.
    python : str
        Version of Python that the wheels are for.
    uv : str
        How uv calls it.
    tags : tuple of str
        How pip calls it, best first.
    scripts : tuple of str
        What is copied beside the wheels.
    """

    name: str
    python: str
    uv: str
    tags: tuple[str, ...]
    scripts: tuple[str, ...]


#: glibc 2.36 is Debian 12's.
_MANYLINUX = tuple(f"manylinux_2_{n}_x86_64" for n in range(36, 4, -1))
PLATFORMS = {
    "linux": Platform(
        "linux-x86_64",
        "3.11",
        "x86_64-manylinux_2_36",
        (*_MANYLINUX, "manylinux2014_x86_64", "linux_x86_64"),
        ("install.sh", "uninstall.sh", "facetfusion.sh", "facetfusion.desktop", "sitecustomize.py"),
    ),
    "windows": Platform(
        "windows-amd64", "3.12", "x86_64-pc-windows-msvc", ("win_amd64",), ("install.cmd",)
    ),
    "macos": Platform(
        "macos-arm64",
        "3.12",
        "aarch64-apple-darwin",
        tuple(f"macosx_{n}_0_{cpu}" for n in range(14, 10, -1) for cpu in ("arm64", "universal2")),
        ("install-macos.sh",),
    ),
}
#: Python itself, as Debian 12 has it.
_PYTHON = (
    "python3.11-minimal",
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
)


def main() -> int:
    """Make it, or say in a sentence why not."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("platform", choices=PLATFORMS)
    parser.add_argument("--to", type=Path, default=ROOT / "dist" / "bundle")
    parser.add_argument("--check", action="store_true", help="only ask whether all can be had")
    args = parser.parse_args()
    platform = PLATFORMS[args.platform]
    try:
        if args.check:
            with tempfile.TemporaryDirectory() as name:
                count = check(platform, Path(name))
            print(f"{platform.name}: {count} of {count} wheels can be had by hash")
        else:
            made = make(platform, args.to)
            print(*(f"{path}  {path.stat().st_size / 1e6:.0f} MB" for path in made), sep="\n")
    except subprocess.CalledProcessError as error:
        said = (error.stderr or b"").decode("utf-8", "replace").strip().splitlines()
        return _stop(f"{Path(error.cmd[0]).name} failed: {said[-1] if said else error}")
    except ValueError as error:
        return _stop(str(error))
    return 0


def _stop(sentence: str) -> int:
    print(f"facetfusion: {sentence}", file=sys.stderr)
    return 1


# ---- Wheels -------------------------------------------------------------------------------------


def locked(platform: Platform) -> str:
    """Return the part of ``requirements.lock`` that the program needs on a platform."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    # A package stands there twice where Pythons need two versions of it.
    blocks = re.findall(r"^[A-Za-z0-9._-]+==.*?(?=^[A-Za-z]|\Z)", lock, re.M | re.S)
    by_version = {block.split()[0]: block for block in blocks}
    pinned = "\n".join(block.partition("\\")[0] for block in blocks)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraint:
        constraint.write(pinned)
        constraint.flush()
        found = _run(
            [
                *UV,
                *[
                    "pip",
                    "compile",
                    "--extra",
                    "viewer",
                    "--extra",
                    "archive",
                    "--quiet",
                    "--no-annotate",
                ],
            ],
            ["--no-header", "--no-emit-index-url", "--no-emit-find-links"],
            ["--python-platform", platform.uv, "--python-version", platform.python],
            ["--constraint", constraint.name, ROOT / "pyproject.toml"],
        )
    wanted = re.findall(r"^[A-Za-z0-9._-]+==\S+", found, re.M)
    missing = [one for one in wanted if one not in by_version]
    if missing:
        raise ValueError(f"requirements.lock lacks {', '.join(missing)}: run make lock.")
    return "".join(by_version[one] for one in wanted)


def check(platform: Platform, folder: Path) -> int:
    """Resolve every wheel by hash, downloading none; return how many."""
    lock = folder / "lock.txt"
    lock.write_text(locked(platform), "utf-8")
    _run(
        [
            *UV,
            *[
                "pip",
                "install",
                "--dry-run",
                "--require-hashes",
                "--only-binary",
                ":all:",
                "--quiet",
            ],
        ],
        ["--python-platform", platform.uv, "--python-version", platform.python],
        ["--target", folder / "none", "--requirement", lock],
    )
    return len(re.findall("^[A-Za-z0-9].*==", lock.read_text("utf-8"), re.M))


def fetch_wheels(platform: Platform, folder: Path) -> None:
    """Put every wheel into a folder, each checked against its hash."""
    lock = folder.parent / "requirements.lock"
    lock.write_text(locked(platform), "utf-8")
    _download(platform, lock, folder, ["--python-version", platform.python])
    _run(
        [sys.executable, *["-m", "build", "--wheel", "--no-isolation", "--outdir"]], [folder, ROOT]
    )
    (own,) = folder.glob("facetfusion-*.whl")
    version = own.name.split("-")[1]
    with lock.open("a", encoding="utf-8") as file:
        file.write(f"facetfusion=={version} --hash=sha256:{_digest(own)}\n")


def _download(platform: Platform, lock: Path, to: Path, more: list[str]) -> None:
    tags = [word for tag in platform.tags for word in ("--platform", tag)]
    options = "--quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-deps"
    _run(
        [sys.executable, "-m", "pip", "download", *options.split(), *tags, *more],
        ["--dest", to, "--requirement", lock],
    )


def fetch_uv(platform: Platform, folder: Path) -> None:
    """Put ``uv`` into a folder, checked against its hash."""
    with tempfile.TemporaryDirectory() as name:
        _download(platform, ROOT / "scripts" / "installer.lock", Path(name), [])
        (wheel,) = Path(name).glob("uv-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            (binary,) = [n for n in archive.namelist() if re.search(r"scripts/uv(\.exe)?$", n)]
            to = folder / Path(binary).name
            to.write_bytes(archive.read(binary))
        to.chmod(0o755)


# ---- Debian's parts -----------------------------------------------------------------------------


def fetch_debian(folder: Path) -> list[Part]:
    """Put Python, libraries and a font of Debian 12 into a folder; return them for the bill."""
    if shutil.which("apt-get") is None or "bookworm" not in _release():
        raise ValueError("The bundle for Linux is made on Debian 12, whose Python it holds.")
    parts = []
    with tempfile.TemporaryDirectory() as name:
        debs, root = Path(name, "debs"), Path(name, "root")
        debs.mkdir()
        Path(name).chmod(0o755)
        _run(["apt-get", "download", "-qq", *_PYTHON, *_libraries()], cwd=debs)
        for deb in sorted(debs.glob("*.deb")):
            _run(["dpkg-deb", "--extract", deb, root])
            fields = _run(["dpkg-deb", "--show", "--showformat=${Package} ${Version}", deb])
            package, _, version = fields.partition(" ")
            parts.append(Part(package, version, "deb", "Debian", _digest(deb)))
        shutil.copytree(root / "usr" / "bin", folder / "python" / "bin", symlinks=True)
        shutil.copytree(
            root / "usr/lib/python3.11", folder / "python/lib/python3.11", symlinks=True
        )
        libraries = folder / "libraries"
        libraries.mkdir()
        for place in (root / "lib/x86_64-linux-gnu", root / "usr/lib/x86_64-linux-gnu"):
            # Under the name that programs ask for, which leads to a file named by its version.
            asked_for = [path for path in place.glob("*.so.*") if path.is_symlink()]
            alone = {path.name for path in place.glob("*.so.*")} - {
                p.readlink().name for p in asked_for
            }
            for name in alone:
                shutil.copy2(place / name, libraries / name)
        shutil.copytree(root / "usr/share/fonts/truetype/dejavu", folder / "fonts")
        notes = folder / "licences" / "debian"
        notes.mkdir(parents=True)
        for path in (root / "usr/share/doc").glob("*/copyright"):
            shutil.copy2(path, notes / f"{path.parent.name}.txt")
    # Debian configures these in /etc; here they are themselves.
    for path in (folder / "python").rglob("*"):
        if path.is_symlink() and not path.exists():
            path.unlink()
    return parts


def _libraries() -> list[str]:
    lines = (HERE / "debian" / "libraries.txt").read_text("ascii").splitlines()
    return [line for line in lines if not line.startswith("#")]


def _release() -> str:
    try:
        return Path("/etc/os-release").read_text("utf-8")
    except OSError:
        return ""


# ---- The whole ----------------------------------------------------------------------------------


def make(platform: Platform, to: Path) -> list[Path]:
    """Make the folder and what holds it in one file; return those files."""
    folder = to / f"facetfusion-{platform.name}"
    shutil.rmtree(folder, ignore_errors=True)
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    fetch_wheels(platform, wheels)
    fetch_uv(platform, folder)
    (own,) = wheels.glob("facetfusion-*.whl")
    version = own.name.split("-")[1]
    parts = parts_of(wheels, folder / "licences")
    if platform.name.startswith("linux"):
        parts += fetch_debian(folder)
        _pack(folder, ("python", "libraries", "fonts", "uv"))
    shutil.copy2(ROOT / "LICENSE", folder / "licences" / "facetfusion.txt")
    (folder / "sbom.cdx.json").write_text(bill_of_materials(version, parts), "utf-8")
    for name in platform.scripts:
        copy_script(HERE / name, folder / name)
    (folder / "VERSION").write_text(f"{version}-{_digest(own)[:8]}\n", "ascii")
    write_checksums(folder)
    name = f"facetfusion-{version}-{platform.name}"
    if platform.name.startswith("linux"):
        return [_run_file(folder, to / f"{name}.run"), _debian_package(folder, version, to)]
    made = shutil.make_archive(str(to / name), "zip", to, folder.name)
    return [Path(made)]


def copy_script(source: Path, to: Path) -> None:
    """Copy a script; Windows wants its lines ended in its own way."""
    shutil.copy2(source, to)
    if to.suffix == ".cmd":
        to.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))


def write_checksums(folder: Path) -> None:
    """Write the checksum of every file beside them."""
    lines = [
        f"{_digest(path)}  {path.relative_to(folder)}\n"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    ]
    (folder / "SHA256SUMS").write_text("".join(lines), "utf-8")


def _pack(folder: Path, names: tuple[str, ...]) -> None:
    """Put what is not compressed yet into ``python.tar.gz``, the same for the same files."""
    same = "--sort=name --owner=0 --group=0 --numeric-owner --mtime=@0"
    tar = folder / "python.tar"
    _run(["tar", "--create", *same.split(), "--file", tar, "--directory", folder, *names])
    _run(["gzip", "--no-name", "-9", tar])
    for name in names:
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
        else:
            (folder / name).unlink()


def _run_file(folder: Path, to: Path) -> Path:
    if shutil.which("makeself") is None:
        raise ValueError("makeself is missing: apt-get install makeself.")
    # All of it is compressed already, and install.sh holds every file against its checksum; three
    # wheels have names that are too long for the oldest tar.
    options = "--quiet --nocomp --nocrc --nomd5 --tar-format gnu"
    _run(["makeself", *options.split(), folder, to, "facetfusion", "./install.sh"])
    return to


def _debian_package(folder: Path, version: str, to: Path) -> Path:
    """Return a package that puts the same folder onto the machine, for all its users."""
    with tempfile.TemporaryDirectory(dir=to) as name:
        root = Path(name)
        root.chmod(0o755)
        shutil.copytree(folder, root / "usr/share/facetfusion", symlinks=True, copy_function=_link)
        control = root / "DEBIAN"
        control.mkdir()
        for script in ("postinst", "prerm"):
            shutil.copy2(HERE / "debian" / script, control / script)
        size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) // 1024
        (control / "control").write_text(
            f"Package: facetfusion\nVersion: {version}\nArchitecture: amd64\n"
            "Maintainer: facetfusion developers <facetfusion@localhost>\n"
            f"Installed-Size: {size}\nSection: science\nPriority: optional\n"
            "Depends: libc6 (>= 2.36)\nRecommends: libgl1-mesa-dri\n"
            "Description: Review of fused bone SPECT/CT of the neck\n"
            " Research and education software. Not a medical device. Not for diagnosis or\n"
            " treatment decisions.\n",
            "utf-8",
        )
        deb = to / f"facetfusion_{version}_amd64.deb"
        _run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(root), str(deb)])
    return deb


def _link(source: str, to: str) -> None:
    Path(to).hardlink_to(source)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _run(*parts: list[str | Path], cwd: Path | None = None) -> str:
    command = [str(word) for part in parts for word in part]
    done = subprocess.run(command, check=True, capture_output=True, cwd=cwd)
    return done.stdout.decode("utf-8")


if __name__ == "__main__":
    sys.exit(main())
