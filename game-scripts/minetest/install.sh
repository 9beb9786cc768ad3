#!/bin/bash
# ports: udp/30000
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

begin minetest
# Debian's own unit would run a second server.
systemctl mask minetest-server.service
packages minetest-server
own_user
own_dir "$home/worlds" "$home/worlds/world"

keep 0640 "$home/minetest.conf" <<'END'
server_name = minetest
# "dogs save" counts on this: seconds after which what has changed is written.
server_map_save_interval = 5
END
keep 0640 "$home/worlds/world/world.mt" <<'END'
gameid = minetest
backend = sqlite3
player_backend = sqlite3
auth_backend = sqlite3
mod_storage_backend = sqlite3
END
chown "$game:$game" "$home/worlds/world/world.mt"

# By this part of the world "game.sh" speaks to the server, which has no console.
put 0644 "$home/worlds/world/worldmods/dogs/init.lua" <"$folder/dogs.lua"
put 0644 "$home/worlds/world/worldmods/dogs/mod.conf" <<'END'
name = dogs
description = Shows what dogs says, counts the players, notes what they write.
END
chown -R "$game:$game" "$home/worlds/world/worldmods"
service
