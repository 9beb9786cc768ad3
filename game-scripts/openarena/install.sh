#!/bin/bash
# ports: udp/27960
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

begin openarena
# Debian's own unit would run a second server.
systemctl mask openarena-server.service
packages openarena-server
own_user
own_dir "$home/baseoa"

keep 0640 "$home/server.cfg" <<'END'
// What the owner may change; server_cvars.txt of the manual explains all of it.
seta sv_hostname "openarena"
seta sv_maxclients 16
seta g_gametype 0
seta fraglimit 20
seta timelimit 15
seta bot_enable 1
seta bot_minplayers 0
seta sv_allowDownload 0
seta g_logsync 1
set d1 "map oa_dm1 ; set nextmap vstr d2"
set d2 "map oa_dm2 ; set nextmap vstr d3"
set d3 "map oa_dm4 ; set nextmap vstr d1"
vstr d1
END
ln -sfn ../server.cfg "$home/baseoa/dogs.cfg"
service
