#!/bin/bash
# ports: udp/34197
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

begin factorio
amd64_only
packages ca-certificates curl xz-utils
own_user
own_dir "$home/saves"
program

# Not announced to the public list of games; players prove who they are.
keep 0640 "$home/server-settings.json" <<'END'
{
  "name": "factorio",
  "description": "",
  "max_players": 0,
  "visibility": { "public": false, "lan": false },
  "require_user_verification": true,
  "allow_commands": "admins-only",
  "autosave_interval": 10,
  "autosave_slots": 3,
  "auto_pause": true,
  "only_admins_can_pause_the_game": true,
  "autosave_only_on_server": true,
  "non_blocking_saving": false
}
END
keep_own "$home/config.ini" <<'END'
[path]
read-data=/srv/factorio/factorio/data
write-data=/srv/factorio
END
if [ ! -e "$home/saves/world.zip" ]; then
    as_game "$home/factorio/bin/x64/factorio" --config "$home/config.ini" \
        --create "$home/saves/world.zip"
fi
service
