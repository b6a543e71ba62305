#!/bin/sh
# Remove facetfusion and every version of it. Readings and settings stay where they are.
set -eu
home=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f "$0")")/.." && pwd)
prefix=$(CDPATH='' cd -- "$home/../.." && pwd)
case $home in */opt/facetfusion) ;; *) echo "facetfusion: not installed here." >&2; exit 1 ;; esac
rm -f "$prefix/bin/facetfusion" "$prefix/share/applications/facetfusion.desktop"
rm -rf "$home"
echo "facetfusion: removed. Readings stay in ${XDG_DATA_HOME:-$HOME/.local/share}/facetfusion."
