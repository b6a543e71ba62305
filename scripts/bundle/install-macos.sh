#!/bin/sh
# Install facetfusion for this user, without network and without an administrator.
# Needs Python 3.12 of python.org. NOT RUN by us: see docs/install.md.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
version=$(cat "$here/VERSION")
home="$HOME/Library/Application Support/facetfusion-program"
to="$home/$version"
(cd "$here" && shasum -a 256 --check --quiet SHA256SUMS) ||
    { echo "facetfusion: the bundle is damaged: a file differs from its checksum." >&2; exit 1; }
python=$(command -v python3.12) ||
    { echo "facetfusion: Python 3.12 is missing. Install it from python.org." >&2; exit 1; }
if [ ! -e "$to/whole" ]; then
    rm -rf "$to"
    mkdir -p "$home"
    "$here/uv" --quiet --no-config --offline --no-cache venv --no-project --python "$python" "$to"
    "$here/uv" --quiet --no-config --offline --no-cache pip install --no-index --no-deps \
        --find-links "$here/wheels" --require-hashes --python "$to/bin/python" \
        --requirement "$here/requirements.lock"
    "$to/bin/facetfusion" doctor --page "$to/check.html" || exit 1
    : >"$to/whole"
fi
mkdir -p "$HOME/bin"
ln -sfn "$to/bin/facetfusion" "$HOME/bin/facetfusion"
echo "facetfusion: installed. Start it with: $HOME/bin/facetfusion"
