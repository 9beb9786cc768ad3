#!/bin/bash
# The newest program; the game is stopped for it (which saves) and started again if it ran.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

begin terraria
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The newest comes first; no digest is given, only HTTPS.
fetch https://terraria.org/api/get/dedicated-servers-names "$work/names"
name=$(grep -o 'terraria-server-[0-9]*\.zip' "$work/names" | sed -n 1p)
[ -n "$name" ] || die "the list of downloads names no server"
if [ "$(cat "$home/version" 2>/dev/null)" = "$name" ]; then
    say "terraria is the newest: $name"
    exit 0
fi
fetch "https://terraria.org/api/download/pc-dedicated-server/$name" "$work/server.zip"
mkdir "$work/all"
python3 -m zipfile -e "$work/server.zip" "$work/all"
server=$(find "$work/all" -type d -name Linux -print -quit)
[ -e "$server/TerrariaServer.bin.x86_64" ] || die "$name holds no server for Linux"
chmod 0755 "$server/TerrariaServer.bin.x86_64"

exchange() {
    rm -rf "$home/server"
    mv "$server" "$home/server"
    chmod -R go+rX "$home/server"
    printf '%s\n' "$name" >"$home/version"
}
stopped exchange
say "terraria is $name now"
