#!/bin/bash
# ports: udp/2456 udp/2457
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

begin valheim
amd64_only
steam_packages
own_user
own_dir "$home/worlds"
program

# What players type to come in. The game takes it on its command line only.
secret "$home/password"
keep 0640 "$home/settings" <<END
NAME=valheim
WORLD=world
PASSWORD=$(cat "$home/password")
PUBLIC=1
END
service
