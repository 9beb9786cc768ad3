#!/bin/bash
# The newest program; the game is stopped for it (which saves) and started again if it ran.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

begin factorio
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch https://factorio.com/api/latest-releases "$work/releases"
version=$(tr -d '[:space:]' <"$work/releases" |
    sed -n 's/.*"stable":{[^}]*"headless":"\([0-9][0-9.]*\)".*/\1/p')
[ -n "$version" ] || die "the list of releases names no stable headless server"
if [ "$(cat "$home/version" 2>/dev/null)" = "$version" ]; then
    say "factorio $version is the newest"
    exit 0
fi
# Lines of a digest and the name of a file, which changed its shape over the years.
fetch https://factorio.com/download/sha256sums/ "$work/sums"
sum=$(grep -i headless "$work/sums" | grep -F "_$version.tar" | grep -o '^[0-9a-f]\{64\}' |
    sed -n 1p) || die "the list of digests has none for the headless server $version"
fetch "https://factorio.com/get-download/$version/headless/linux64" "$work/factorio.tar.xz" \
    sha256 "$sum"
tar -xJf "$work/factorio.tar.xz" -C "$work" --no-same-owner

exchange() {
    rm -rf "$home/factorio"
    mv "$work/factorio" "$home/factorio"
    printf '%s\n' "$version" >"$home/version"
}
stopped exchange
say "factorio is $version now"
