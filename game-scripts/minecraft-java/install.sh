#!/bin/bash
# ports: tcp/25565
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

begin minecraft-java
amd64_only
packages ca-certificates curl python3-minimal libpython3-stdlib
own_user
own_dir "$home/world"
program

# Mojang's end user licence agreement: whoever runs this accepts it, as README.md says.
keep_own "$home/eula.txt" <<'END'
eula=true
END
keep_own "$home/server.properties" <<'END'
level-name=world
motd=minecraft-java
server-port=25565
enable-status=true
enable-rcon=false
enable-query=false
sync-chunk-writes=true
END
# How much of the machine's memory Java may take.
keep 0640 "$home/java.options" <<'END'
-XX:MaxRAMPercentage=75
END
service
