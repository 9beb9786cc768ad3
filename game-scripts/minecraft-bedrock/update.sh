#!/bin/bash
# The newest program; the game is stopped for it (which saves) and started again if it ran.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

begin minecraft-bedrock
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Mojang lists the newest; it gives no digest, only HTTPS.
fetch https://net-secondary.web.minecraft-services.net/api/v1.0/download/links "$work/links"
url=$(grep -o 'https://[A-Za-z0-9./_-]*/bin-linux/bedrock-server-[0-9.]*\.zip' "$work/links" |
    sed -n 1p)
[ -n "$url" ] || die "the list of downloads names no server for Linux"
if [ "$(cat "$home/version" 2>/dev/null)" = "$url" ]; then
    say "minecraft-bedrock is the newest: ${url##*/}"
    exit 0
fi
fetch "$url" "$work/server.zip"
mkdir "$work/server"
python3 -m zipfile -e "$work/server.zip" "$work/server"
chmod 0755 "$work/server/bedrock_server"
# These are the owner's.
for file in server.properties allowlist.json permissions.json; do
    [ ! -e "$home/$file" ] || rm -f "$work/server/$file"
done

exchange() {
    chown -R "$game:$game" "$work/server"
    cp -a "$work/server/." "$home/"
    chmod 0750 "$home"
    printf '%s\n' "$url" >"$home/version"
}
stopped exchange
say "minecraft-bedrock is ${url##*/} now"
