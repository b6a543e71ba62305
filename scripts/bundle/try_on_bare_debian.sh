#!/usr/bin/env bash
# Try a bundle for Linux where nothing is: Debian 12 with a virtual screen and software OpenGL,
# an ordinary user, no network. Needs root, debootstrap, and the network to lay that system once.
# Usage: scripts/bundle/try_on_bare_debian.sh FILE.run [--kills N] [--deb FILE.deb] [--root DIR]
#
# Prints how long it took from the file to the window on the sample study, and of that how much the
# processors worked; then installs again, as another version, and kills that at N instants: what was
# installed before must start each time. The Debian package is installed, used by an ordinary user,
# replaced by a later one, removed and purged.
set -euo pipefail
run=$(readlink -f "$1"); shift
kills=0 deb='' root=/tmp/facetfusion-bare
while [ $# -gt 0 ]; do
    case $1 in
        --kills) kills=$2; shift 2 ;;
        --deb) deb=$(readlink -f "$2"); shift 2 ;;
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

# A virtual screen for all of it, as on the desktop where somebody opens the file.
screen=(xvfb-run --auto-servernum "--server-args=-screen 0 1600x1000x24")
# Put into `worked` what the processors worked for all that ended, s. Not in a subshell, which would
# count from nothing.
take_worked() {
    times >"$root/times"
    worked=$(awk 'NR == 2 { split($0, t, /[ms ]+/); printf "%.1f", t[1] * 60 + t[2] + t[3] * 60 + t[4] }' \
        "$root/times")
}
window_comes() {
    as_user "${screen[@]}" sh -c '
        "$1" review "$0" >~/window.log 2>&1 &
        for n in $(seq 600); do
            # Once it is there it is ended, and waited for, so that its work counts.
            xdotool search --name "facetfusion$" 2>/dev/null | grep -q . && { kill $!; wait $!; exit 0; }
            kill -0 $! 2>/dev/null || { cat ~/window.log >&2; exit 1; }
            sleep 0.2
        done
        exit 1' "$1" "$2"
}

# ---- From the file to the window ----------------------------------------------------------------
cp "$run" "$root/home/physician/facetfusion.run"
chmod 755 "$root/home/physician/facetfusion.run"
begun=$(date +%s.%N)
as_user "${screen[@]}" sh /home/physician/facetfusion.run --quiet >/dev/null
installed=$(date +%s.%N); take_worked; worked_installed=$worked
home=/home/physician/.local/opt/facetfusion
cat "$root$home/current/check.txt"
! grep -q "^not here: window\|^does not work" "$root$home/current/check.txt" || stop "the window was not tried."
as_user sh -c "cd; LD_LIBRARY_PATH=$home/current/lib $home/current/environment/bin/python \
    -m sample_data sample" >/dev/null 2>&1
made=$(date +%s.%N); take_worked; worked_made=$worked
window_comes /home/physician/sample/study /home/physician/.local/bin/facetfusion || stop "no window came."
shown=$(date +%s.%N); take_worked
awk -v a="$begun" -v b="$installed" -v c="$made" -v d="$shown" \
    -v p="$worked_installed" -v q="$worked_made" -v r="$worked" 'BEGIN {
    printf "facetfusion: installed in %.0f s; sample study %.0f s; window %.0f s; together %.0f s\n",
        b - a, c - b, d - c, d - a
    printf "facetfusion: of which the processors worked %.0f, %.0f, %.0f, together %.0f s\n",
        p, q - p, r - q, r }'
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
        after=$(awk -v n="$n" -v of="$kills" -v a="$begun" -v b="$installed" \
            'BEGIN { print 0.2 + (b - a) * (n - 1) / of }')
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

# ---- The Debian package -------------------------------------------------------------------------
if [ -n "$deb" ]; then
    as_root() { unshare --net chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
    journal=$root/home/physician/.local/share/facetfusion/journal-of-before
    as_user sh -c 'mkdir -p ~/.local/share/facetfusion && echo "a reading" >~/.local/share/facetfusion/journal-of-before'
    cp "$deb" "$root/tmp/facetfusion.deb"
    as_root dpkg --install /tmp/facetfusion.deb >/dev/null
    as_user "${screen[@]}" /usr/local/bin/facetfusion doctor --quick
    window_comes /home/physician/sample/study /usr/local/bin/facetfusion || stop "no window came for an ordinary user."
    # A later version: the same parts under another name.
    as_root sh -c 'rm -rf /tmp/later && dpkg-deb --raw-extract /tmp/facetfusion.deb /tmp/later'
    sed -i "s/^Version: .*/&+later/" "$root/tmp/later/DEBIAN/control"
    bundle=$root/tmp/later/usr/share/facetfusion
    echo "9.9.9-later" >"$bundle/VERSION"
    sum=$(sha256sum <"$bundle/VERSION" | cut -d" " -f1)
    sed -i "s|^[0-9a-f]*  VERSION$|$sum  VERSION|" "$bundle/SHA256SUMS"
    as_root sh -c 'dpkg-deb -Znone --build /tmp/later /tmp/later.deb >/dev/null && rm -rf /tmp/later &&
        dpkg --install /tmp/later.deb >/dev/null'
    [ "$(readlink "$root/usr/local/opt/facetfusion/current")" = 9.9.9-later ] || stop "the later one was not taken."
    as_user /usr/local/bin/facetfusion --version
    as_root dpkg --remove facetfusion >/dev/null
    ! as_user sh -c 'test -e /usr/local/bin/facetfusion || test -e /usr/local/opt/facetfusion ||
        test -e /usr/local/share/applications/facetfusion.desktop' || stop "something is left after removal."
    as_root dpkg --purge facetfusion >/dev/null
    [ -z "$(as_root find /usr/share/facetfusion /usr/local/opt /opt -mindepth 1 2>/dev/null)" ] ||
        stop "something is left after the purge."
    [ "$(cat "$journal")" = "a reading" ] || stop "a reading is gone."
    say "Debian package: installed, used, replaced, removed, purged; the reading stayed"
fi
