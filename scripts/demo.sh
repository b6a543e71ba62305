#!/usr/bin/env bash
# The sample study, fused. Opens the window where there is a display. Called by `make demo`.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'facetfusion: %s\n' "$*"; }

scripts/setup.sh headless
window=no
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    # Without the libraries of a window the pictures are still worth having.
    if scripts/setup.sh window; then window=yes; else window=impossible; fi
fi

rm -rf out/sample out/fused
say "making the sample study (SIMULATED, not a patient)"
.venv/bin/python -m sample_data out/sample
say "fusing it"
.venv/bin/facetfusion fuse out/sample --to out/fused

say "the sample study is in   $PWD/out/sample"
say "the fused pictures are   $(find "$PWD/out/fused" -name '*.png' | sort | tr '\n' ' ')"
say "the record of the job is $PWD/out/fused/review.json"
case $window in
    yes)
        say "opening the window; close it to end"
        if ! .venv/bin/facetfusion review out/sample; then
            say "the window ended with an error (above); the fused pictures are complete" >&2
            exit 1
        fi
        ;;
    impossible) say "the window was not opened: see the missing system packages above" ;;
    no) say "there is no display, so no window was opened" ;;
esac
