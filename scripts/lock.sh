#!/usr/bin/env bash
# Write requirements.lock: every package of every extra, for every platform, by name, version
# and hash; and scripts/installer.lock, the same for uv, which installs them. No index addresses:
# whoever installs chooses where from. Needs the network.
# Usage: scripts/lock.sh [--upgrade]
set -euo pipefail
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9

if [ -x .venv/bin/uv ]; then
    uv=.venv/bin/uv
elif command -v uv >/dev/null; then
    uv=uv
else
    temporary=$(mktemp -d)
    trap 'rm -rf "$temporary"' EXIT
    python3 -m venv "$temporary"
    "$temporary/bin/python" -m pip install --quiet "uv==$UV_VERSION"
    uv=$temporary/bin/uv
fi

# --universal: one file for Linux, macOS and Windows and for every Python from 3.11, by markers.
"$uv" pip compile pyproject.toml --extra viewer --extra archive --extra cohort --extra parquet \
    --extra dev --output-file requirements.lock \
    --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-annotate \
    --custom-compile-command "make lock" --quiet "$@"

echo "uv==$UV_VERSION" | "$uv" pip compile - --output-file scripts/installer.lock \
    --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-annotate \
    --custom-compile-command "make lock" --quiet
