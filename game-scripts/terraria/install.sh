#!/bin/bash
# ports: tcp/7777
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

begin terraria
amd64_only
packages ca-certificates curl python3-minimal libpython3-stdlib
own_user
own_dir "$home/worlds"
program

# What players type to come in.
secret "$home/password"
keep 0640 "$home/serverconfig.txt" <<END
world=/srv/terraria/worlds/world.wld
worldpath=/srv/terraria/worlds
worldname=world
autocreate=2
difficulty=0
maxplayers=8
port=7777
password=$(cat "$home/password")
secure=1
upnp=0
END
service
