#!/bin/bash
# ports: udp/7777 tcp/7777 tcp/8888
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

begin satisfactory
amd64_only
steam_packages
own_user
program
link_saves "$home/.config/Epic/FactoryGame/Saved/SaveGames" "$home/saves"
# The administrator's: with it a new server is claimed, and in the game its owner types it.
secret "$home/admin-password"
service
