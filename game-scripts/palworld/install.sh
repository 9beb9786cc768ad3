#!/bin/bash
# ports: udp/8211
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

begin palworld
amd64_only
steam_packages
packages nftables
own_user
program
link_saves "$home/server/Pal/Saved/SaveGames" "$home/saves"
secret "$home/admin-password"
settings=$home/server/Pal/Saved/Config/LinuxServer/PalWorldSettings.ini
as_game mkdir -p "$(dirname "$settings")"
# The whole of it is one line; the game itself fills in what is not said.
[ -s "$settings" ] || (
    printf '[/Script/Pal.PalGameWorldSettings]\nOptionSettings=('
    printf '%s,' 'ServerName="palworld"' ServerPlayerMaxNum=16 PublicPort=8211 RCONEnabled=False \
        RESTAPIEnabled=True RESTAPIPort=8212
    printf 'AdminPassword="%s")\n' "$(cat "$home/admin-password")"
) | keep_own "$settings"
chmod 0600 "$settings"
service
