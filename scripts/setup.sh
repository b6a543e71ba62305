#!/usr/bin/env bash
# Make .venv with the locked packages and this project in it, and see to the system libraries.
# Usage: scripts/setup.sh [headless|window|tests]
#
#   headless  Python only (the default)
#   window    and what Qt and OpenGL need to open a window
#   tests     and a virtual screen
#
# Does nothing when everything is in place. As root on Debian or a relative it installs what is
# missing; otherwise it prints the command and stops with exit code 1. PYTHON=python3.13 in the
# environment chooses the Python; a .venv of another one is made anew.
set -euo pipefail
cd "$(dirname "$0")/.."
need=${1:-headless}

say() { printf 'facetfusion: %s\n' "$*"; }
stop() { printf 'facetfusion: %s\n' "$@" >&2; exit 1; }

# Install Debian packages, or say how. Arguments: package names.
provide() {
    if ! command -v apt-get >/dev/null; then
        stop "this system lacks software that Debian calls:" "    $*" \
            "Install what your system calls these, then run the same command again."
    fi
    if [ "$(id -u)" -ne 0 ]; then
        stop "some system packages are missing. Run this, then the same command again:" \
            "    sudo apt-get update && sudo apt-get install --no-install-recommends $*"
    fi
    say "installing the system packages $*"
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

# A Python that the project runs on: the one asked for, or the first there is. A name on PATH can be
# a shim that does not run.
find_python() {
    local name
    for name in ${PYTHON:-python3.11 python3 python3.12 python3.13 python3.14}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

# Print the Debian packages whose shared library, or program, is not there. The libraries are
# loaded for real, so this works on every Linux. They are what Qt's xcb plugin is linked against.
missing_for_window() {
    "$1" - "$2" <<'PYTHON'
import ctypes
import glob
import shutil
import sys

libraries = {
    "libgl1": "libGL.so.1",
    "libegl1": "libEGL.so.1",
    "libdbus-1-3": "libdbus-1.so.3",
    "libfontconfig1": "libfontconfig.so.1",
    "libglib2.0-0": "libgthread-2.0.so.0",
    "libx11-xcb1": "libX11-xcb.so.1",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-image0": "libxcb-image.so.0",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-randr0": "libxcb-randr.so.0",
    "libxcb-render-util0": "libxcb-render-util.so.0",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libxcb-sync1": "libxcb-sync.so.1",
    "libxcb-xfixes0": "libxcb-xfixes.so.0",
    "libxcb-xkb1": "libxcb-xkb.so.1",
}
programs = {"xvfb": "Xvfb", "xauth": "xauth"}

missing = []
for package, library in libraries.items():
    try:
        ctypes.CDLL(library)
    except OSError:
        missing.append(package)
if not any(glob.glob(f"/usr/lib*/{where}dri/swrast_dri.so") for where in ("", "*/")):
    missing.append("libgl1-mesa-dri")
if sys.argv[1] == "tests":
    missing += [package for package, program in programs.items() if not shutil.which(program)]
print(*missing)
PYTHON
}

# ---- Python -------------------------------------------------------------------------------------
if ! python=$(find_python); then
    [ -z "${PYTHON:-}" ] || stop "PYTHON=$PYTHON is no Python 3.11 or newer that runs here."
    provide python3 python3-venv
    python=$(find_python) || stop "Python 3.11 or newer is needed; this system offers none." \
        "Install one and see that python3 is it, then run the same command again."
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    # Debian ships these two modules of the standard library apart, one package a version.
    provide "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
fi

# ---- System libraries ---------------------------------------------------------------------------
if [ "$need" != headless ] && [ "$(uname -s)" = Linux ]; then
    missing=$(missing_for_window "$python" "$need")
    # shellcheck disable=SC2086 # one word a package
    [ -z "$missing" ] || provide $missing
fi

# ---- Packages -----------------------------------------------------------------------------------
# The stamp holds all that the environment was made from, and where (a moved one does not work).
stamp=.venv/facetfusion.stamp
wanted="$PWD
$(cat requirements.lock scripts/installer.lock pyproject.toml scripts/setup.sh | "$python" -c \
    'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')"
version_of() { "$1" -c 'import sys; print(sys.version_info[:2])' 2>/dev/null; }
if [ -n "${PYTHON:-}" ] && [ "$(version_of .venv/bin/python)" != "$(version_of "$python")" ]; then
    rm -rf .venv
fi
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi
if [ -f "$stamp" ] && [ "$(head -n 1 "$stamp")" != "$PWD" ]; then
    rm -rf .venv
fi
if ! .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi
rm -f "$stamp"
say "installing $(grep -c '==' requirements.lock) locked packages into .venv"
# Wheels only: nothing is compiled, and no package runs code while it is installed. uv takes a tenth
# of pip's time; pip does it where uv cannot, for one behind an index that only pip is told of.
locked=(--require-hashes --only-binary :all: --requirement requirements.lock)
pip=(.venv/bin/python -m pip install -qq --disable-pip-version-check)
if ! { "${pip[@]}" --require-hashes --only-binary :all: --requirement scripts/installer.lock &&
    .venv/bin/uv pip install --quiet --python .venv/bin/python "${locked[@]}"; }; then
    say "uv could not install them; pip does (some minutes)"
    "${pip[@]}" "${locked[@]}"
fi
"${pip[@]}" --no-deps --no-build-isolation --editable .
printf '%s\n' "$wanted" >"$stamp"
