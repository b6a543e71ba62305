#!/usr/bin/env bash
# Make what a release consists of in dist/, after every check. Uploads nothing and never will: the last
# line says what a person has to type. The version stands in pyproject.toml and nowhere else.
# Usage: scripts/release.sh [--tag]
#
#   --tag  also put the tag v<version> on the commit, in this clone only
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'facetfusion: %s\n' "$*"; }
stop() { printf 'facetfusion: %s\n' "$@" >&2; exit 1; }

tag=no
case "${1:-}" in
    --tag) tag=yes ;;
    "") ;;
    *) stop "scripts/release.sh takes --tag or nothing, not $1." ;;
esac

# ---- What costs nothing to find out -------------------------------------------------------------
[ -z "$(git status --porcelain)" ] ||
    stop "there are changes that are not committed, so the release would not be what git holds."
scripts/setup.sh tests
python=.venv/bin/python
version=$("$python" -c 'import tomllib
print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])')
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+((a|b|rc)[0-9]+)?$ ]] ||
    stop "pyproject.toml says version $version, which is none that can be released."
if git rev-parse --quiet --verify "refs/tags/v$version" >/dev/null; then
    stop "the tag v$version exists: set the next version in pyproject.toml."
fi
grep -Eq "^## \[${version//./\\.}\] - [0-9]{4}-[0-9]{2}-[0-9]{2}$" CHANGELOG.md ||
    stop "CHANGELOG.md has no heading \"## [$version] - $(date +%F)\" for this version."

# ---- The checks ---------------------------------------------------------------------------------
make check
make test

# ---- What is given away -------------------------------------------------------------------------
# The wheel is made from the source archive, which so is known to hold everything.
rm -rf dist
"$python" -m build --no-isolation --outdir dist .
"$python" -m twine check --strict dist/*
"$python" scripts/check_wheel.py dist/*

# Does it start where only the wheel is? -P keeps this folder off the path.
installed=$(mktemp -d)
trap 'rm -rf "$installed"' EXIT
"$python" -m pip install -qq --disable-pip-version-check --no-deps --target "$installed" dist/*.whl
started=$(cd "$installed" && PYTHONPATH=$installed PYTHONDONTWRITEBYTECODE=1 \
    "$OLDPWD/$python" -P -c 'import fusion, sample_data, viewer
from fusion.cli import main
print(fusion.__file__)
main(["--version"])' 2>&1) || stop "the installed wheel does not start:" "$started"
[ "$started" = "$installed/fusion/__init__.py
facetfusion $version" ] || stop "the installed wheel says something unexpected:" "$started"

[ -z "$(git status --porcelain)" ] || stop "the checks changed files; see git status."
if [ "$tag" = yes ]; then
    git tag --annotate "v$version" --message "facetfusion $version"
    say "the tag v$version is on this commit, in this clone only"
fi
say "version $version is in dist/. Nothing was uploaded. To give it away:"
say "    .venv/bin/twine upload dist/* && git push origin v$version"
