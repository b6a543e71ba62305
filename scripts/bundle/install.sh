#!/bin/sh
# Install facetfusion for this user, without network and without an administrator.
# Usage: ./install.sh [--prefix DIR]
#
#   --prefix DIR  instead of ~/.local
#
# Each version goes into a folder of its own. The one in use before stays in use until the new one
# has started and has gone the whole way on its sample study; so this may be stopped at any point.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
prefix=${HOME:?}/.local

say() { printf 'facetfusion: %s\n' "$*"; }
stop() { printf 'facetfusion: %s\n' "$*" >&2; exit 1; }

while [ $# -gt 0 ]; do
    case $1 in
        --prefix) prefix=${2:?--prefix needs a folder}; shift 2 ;;
        *) stop "install.sh takes --prefix DIR or nothing, not $1." ;;
    esac
done

# ---- Is this all of it, and does this machine do? -----------------------------------------------
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || stop "this bundle is for Linux on x86_64."
(cd "$here" && sha256sum --check --quiet --strict SHA256SUMS >/dev/null 2>&1) ||
    stop "the bundle is damaged: a file differs from its checksum. Copy it anew."
version=$(cat "$here/VERSION")
home=$prefix/opt/facetfusion
to=$home/$version
mkdir -p "$home" "$prefix/bin" "$prefix/share/applications" ||
    stop "$prefix cannot be written. Choose another folder with --prefix."
free_kb=$(df -Pk "$home" | awk 'NR == 2 { print $4 }')
[ "$free_kb" -gt 2000000 ] || stop "$home has $((free_kb / 1024)) MB free; 2000 are needed."

# One installation at a time.
exec 9>"$home/.lock"
flock -n 9 || stop "another installation of facetfusion is running."

# ---- The new version, beside the old one --------------------------------------------------------
if [ ! -e "$to/whole" ]; then
    rm -rf "$to"
    mkdir -p "$to/lib" "$to/unpacked"
    say "installing $version into $to"
    tar -xzf "$here/python.tar.gz" -C "$to"
    cp -R "$here/licences" "$to/"
    cp "$here/sbom.cdx.json" "$here/facetfusion.sh" "$here/uninstall.sh" "$to/"
    # Libraries of this machine are used where it has them; it knows them by these names.
    known=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null || true)
    for library in "$to"/libraries/*.so*; do
        name=${library##*/}
        case $known in
            *"	$name "*) ;;
            *) ln -s "../libraries/$name" "$to/lib/$name" ;;
        esac
    done
    # So is a font of this machine; without any, each letter would be a box.
    fonts=$(find /usr/share/fonts /usr/local/share/fonts "$HOME/.fonts" "$HOME/.local/share/fonts" \
        \( -name '*.tt[cf]' -o -name '*.otf' \) 2>/dev/null | head -n 1) || true
    if [ -z "$fonts" ] || [ ! -e /etc/fonts/fonts.conf ]; then
        printf '%s\n' '<?xml version="1.0"?>' '<fontconfig>' "<dir>$to/fonts</dir>" \
            '<dir>/usr/share/fonts</dir>' '<dir prefix="xdg">fonts</dir>' \
            '<cachedir prefix="xdg">fontconfig</cachedir>' '</fontconfig>' >"$to/fonts.conf"
    fi
    LD_LIBRARY_PATH=$to/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    export LD_LIBRARY_PATH
    # Unpacked beside where it goes, so that each file is written once and then only linked.
    uv() { "$to/uv" --quiet --no-config --offline --cache-dir "$to/unpacked" "$@"; }
    uv venv --no-project --python "$to/python/bin/python3.11" "$to/environment"
    uv pip install --link-mode hardlink --no-index --no-deps --find-links "$here/wheels" \
        --require-hashes --python "$to/environment/bin/python" --requirement "$here/requirements.lock"
    rm -rf "$to/unpacked" "$to/uv" &
    cp "$here/sitecustomize.py" "$to/environment/lib/python3.11/site-packages/"
    # Compiles what is compiled once, so that the first study does not wait for it.
    say "trying it on its sample study"
    "$to/facetfusion.sh" doctor --page "$to/check.html" >"$to/check.txt" 2>&1 ||
        { cat "$to/check.txt" >&2; stop "the new version does not work here; the old one stays."; }
    wait
    : >"$to/whole"
fi

# ---- In use from here on: one rename, which cannot be half done ---------------------------------
ln -sfn "$version" "$home/.current.new"
mv -T "$home/.current.new" "$home/current"
ln -sfn ../opt/facetfusion/current/facetfusion.sh "$prefix/bin/facetfusion"
sed "s|@LAUNCHER@|$prefix/bin/facetfusion|" "$here/facetfusion.desktop" \
    >"$prefix/share/applications/.facetfusion.desktop.new"
mv "$prefix/share/applications/.facetfusion.desktop.new" \
    "$prefix/share/applications/facetfusion.desktop"

# The version before stays; older ones go.
before=$(cat "$home/.before" 2>/dev/null || true)
for old in "$home"/*/; do
    old=$(basename "$old")
    [ "$old" = "$version" ] || [ "$old" = "$before" ] || [ "$old" = current ] || rm -rf "${home:?}/$old"
done
printf '%s\n' "$version" >"$home/.before"
say "installed. Start it from the menu, or with: $prefix/bin/facetfusion"
case :$PATH: in *":$prefix/bin:"*) ;; *) say "($prefix/bin is not on your PATH)" ;; esac
