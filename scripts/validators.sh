#!/usr/bin/env bash
# Install the programs of others that tests hold our files against, where they can be had.
# Usage: scripts/validators.sh [SECONDS]
#
# For a machine that is thrown away, such as the one that runs .ci/run: Debian's packages (a PACS
# among them, not started) as root, dcmqi and cornerstone's adapters into .tools. Nothing depends on
# any of it: a test that finds its program missing is skipped and says so. So nothing here fails;
# what could not be had within the time (240 s unless told) is said in a sentence.
set -uo pipefail
cd "$(dirname "$0")/.."
until=$((SECONDS + ${1:-240}))

say() { printf 'facetfusion: %s\n' "$*"; }

# Run a command for as long as there is time left, quietly. Arguments: the command.
within() {
    local left=$((until - SECONDS))
    [ "$left" -gt 0 ] && timeout -k 5 "$left" "$@" >/dev/null 2>&1
}

# ---- Debian's packages --------------------------------------------------------------------------
declare -A programs=(
    [dcmtk]=storescu
    [poppler-utils]=pdftotext
    [plastimatch]=plastimatch
    [default-jre-headless]=java
    [libpixelmed-java]=/usr/share/java/pixelmed.jar
    [chromium-driver]=chromedriver
    [orthanc]=/usr/sbin/Orthanc
    [orthanc-dicomweb]=/usr/share/orthanc/plugins/libOrthancDicomWeb.so
)
missing=()
for package in "${!programs[@]}"; do
    [ -e "${programs[$package]}" ] || command -v "${programs[$package]}" >/dev/null ||
        missing+=("$package")
done

debian() {
    command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ] || return
    export DEBIAN_FRONTEND=noninteractive
    local install=(apt-get install -y --no-install-recommends "${missing[@]}")
    within apt-get update && within "${install[@]}" --download-only || return
    # A package that starts a server asks this program first (invoke-rc.d). It is ours for a moment.
    local policy=/usr/sbin/policy-rc.d ours=
    if [ ! -e "$policy" ]; then
        ours=$policy
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
    fi
    # Without a time limit: dpkg that is killed half-way leaves a system where nothing installs.
    local done=0
    "${install[@]}" --no-download >/dev/null 2>&1 || done=1
    [ -z "$ours" ] || rm -f "$ours"
    return "$done"
}
if [ "${#missing[@]}" -gt 0 ]; then
    debian || say "not installed, so what needs it is skipped: ${missing[*]}"
fi

# ---- From PyPI and npm, into .tools -------------------------------------------------------------
# dcmqi brings libraries of its own, so it has an environment of its own.
dcmqi() {
    [ -x .tools/bin/tid1500reader ] && return
    local python=.venv/bin/python
    [ -x "$python" ] || python=python3
    within "$python" -m venv --clear .tools/dcmqi &&
        within .tools/dcmqi/bin/pip install --retries 1 --timeout 20 \
            --only-binary :all: dcmqi==1.5.7 || return
    mkdir -p .tools/bin
    ln -sf ../dcmqi/bin/tid1500reader ../dcmqi/bin/segimage2itkimage .tools/bin
}
dcmqi || say "not installed, so what needs it is skipped: dcmqi"

# The reader of structured reports in OHIF, and what it loads.
adapters() {
    [ -e .tools/node/complete ] && return
    command -v npm >/dev/null || return
    rm -rf .tools/node
    mkdir -p .tools/node
    printf '{"private": true}\n' >.tools/node/package.json
    within npm install --prefix .tools/node --ignore-scripts --legacy-peer-deps \
        --no-audit --no-fund --no-package-lock --fetch-retries 0 --fetch-timeout 20000 \
        @cornerstonejs/{adapters,core,metadata,tools,utils}@5.14.0 \
        @babel/runtime@7 @kitware/vtk.js comlink dcmjs@0.52.0 gl-matrix@3 &&
        touch .tools/node/complete
}
adapters || say "not installed, so what needs it is skipped: @cornerstonejs/adapters"
exit 0
