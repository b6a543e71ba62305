#!/usr/bin/env bash
# Try a bundle for Linux where nothing is: Debian 12 with a virtual screen and software OpenGL,
# an ordinary user, no network. Needs root, debootstrap, and the network to lay that system once.
# Usage: scripts/bundle/try_on_bare_debian.sh FILE.run [--kills N] [--root DIR]
#
# Prints how long it took from the file to the window on the sample study; then installs again, as
# another version, and kills that at N instants: what was installed before must start each time.
set -euo pipefail
run=$(readlink -f "$1"); shift
kills=0 root=/tmp/facetfusion-bare
while [ $# -gt 0 ]; do
    case $1 in
        --kills) kills=$2; shift 2 ;;
        --root) root=$2; shift 2 ;;
        *) echo "unknown: $1" >&2; exit 1 ;;
    esac
done

say() { printf 'facetfusion: %s\n' "$*"; }
stop() { printf 'facetfusion: %s\n' "$*" >&2; exit 1; }

if [ ! -e "$root/laid" ]; then
    debootstrap --variant=minbase bookworm "$root" >/dev/null
    chroot "$root" apt-get -qq install -y --no-install-recommends \
        xvfb xauth xdotool libgl1-mesa-dri >/dev/null 2>&1
    chroot "$root" useradd --create-home physician
    : >"$root/laid"
fi
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
trap 'umount "$root/proc"' EXIT
rm -rf "$root"/home/physician/{.local,.cache,sample}
# As the user, without network, with no more than a desktop sets.
as_user() {
    unshare --net chroot --userspec=physician:physician "$root" \
        env -i HOME=/home/physician PATH=/usr/bin:/bin LANG=C.UTF-8 "$@"
}
! chroot "$root" sh -c 'command -v python3' >/dev/null || stop "this Debian is not bare: it has Python."

# ---- From the file to the window ----------------------------------------------------------------
cp "$run" "$root/home/physician/facetfusion.run"
chmod 755 "$root/home/physician/facetfusion.run"
begun=$(date +%s.%N)
as_user sh /home/physician/facetfusion.run --quiet >/dev/null
installed=$(date +%s.%N)
home=/home/physician/.local/opt/facetfusion
as_user sh -c "cd; LD_LIBRARY_PATH=$home/current/lib $home/current/environment/bin/python \
    -m sample_data sample" >/dev/null 2>&1
made=$(date +%s.%N)
as_user xvfb-run --auto-servernum --server-args="-screen 0 1600x1000x24" sh -c '
    ~/.local/bin/facetfusion review ~/sample/study >~/window.log 2>&1 &
    for n in $(seq 600); do
        xdotool search --name "facetfusion$" 2>/dev/null | grep -q . && exit 0
        kill -0 $! 2>/dev/null || { cat ~/window.log >&2; exit 1; }
        sleep 0.2
    done
    exit 1' || stop "no window came."
shown=$(date +%s.%N)
awk -v a="$begun" -v b="$installed" -v c="$made" -v d="$shown" 'BEGIN {
    printf "facetfusion: installed in %.0f s; sample study %.0f s; window %.0f s; together %.0f s\n",
        b - a, c - b, d - c, d - a }'
outside=$(find "$root" -xdev -newer "$root/home/physician/facetfusion.run" -uid "$(stat -c %u "$root/home/physician")" \
    -not -path "$root/home/physician*" -not -path "$root/tmp*" -not -path "$root/proc/*" | head -3)
[ -z "$outside" ] || stop "files outside the home folder: $outside"

# ---- Killed at any point ------------------------------------------------------------------------
if [ "$kills" -gt 0 ]; then
    as_user sh -c 'cd; sh facetfusion.run --quiet --noexec --target ~/next >/dev/null'
    next=$root/home/physician/next
    echo "9.9.9-trial" >"$next/VERSION"
    sum=$(sha256sum <"$next/VERSION" | cut -d" " -f1)
    sed -i "s|^[0-9a-f]*  VERSION$|$sum  VERSION|" "$next/SHA256SUMS"
    for n in $(seq "$kills"); do
        after=$(awk -v n="$n" -v of="$kills" 'BEGIN { print 0.2 + 60 * (n - 1) / of }')
        # Everything that it began is killed with it.
        as_user setsid timeout --signal=KILL "$after" sh /home/physician/next/install.sh \
            >/dev/null 2>&1 || true
        pkill -KILL -u "$(stat -c %u "$root/home/physician")" || true
        as_user /home/physician/.local/bin/facetfusion --version >/dev/null ||
            stop "after a kill at $after s nothing starts."
    done
    say "$kills installations killed; the version before started each time"
    as_user sh /home/physician/next/install.sh >/dev/null
    [ "$(readlink "$root$home/current")" = 9.9.9-trial ] || stop "the next one was not taken."
fi

# ---- Taken away again ---------------------------------------------------------------------------
as_user "$home/current/uninstall.sh" >/dev/null
[ ! -e "$root$home" ] && [ ! -e "$root/home/physician/.local/bin/facetfusion" ] ||
    stop "something is left."
say "removed; what stays: $(cd "$root/home/physician" && find .local .config -type f 2>/dev/null | tr '\n' ' ')"
