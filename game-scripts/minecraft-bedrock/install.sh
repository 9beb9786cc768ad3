#!/bin/bash
# ports: udp/19132 udp/19133
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

begin minecraft-bedrock
amd64_only
packages ca-certificates curl python3-minimal libpython3-stdlib
own_user
own_dir "$home/worlds"
program

# Over what came with the program, at the first time only.
if [ ! -e "$home/dogs-set-up" ]; then
    rm -f "$home/server.properties"
    touch "$home/dogs-set-up"
fi
keep_own "$home/server.properties" <<'END'
server-name=minecraft-bedrock
level-name=world
gamemode=survival
difficulty=easy
max-players=10
online-mode=true
server-port=19132
server-portv6=19133
enable-lan-visibility=true
END
service
