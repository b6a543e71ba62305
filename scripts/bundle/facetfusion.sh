#!/bin/sh
# Start facetfusion from where it was installed.
here=$(dirname "$(readlink -f "$0")")
# Only what this machine lacks lies there; see install.sh.
LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
[ ! -e "$here/fonts.conf" ] || export FONTCONFIG_FILE="${FONTCONFIG_FILE:-$here/fonts.conf}"
exec "$here/environment/bin/python" -m fusion.cli "$@"
