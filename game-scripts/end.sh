#!/bin/bash
# end.sh GAME WORD: a unit's ExecStop for a game that saves only when its console is told to end.
# Returns once the game's process ($MAINPID, of systemd) is gone; TimeoutStopSec bounds that.
set -euo pipefail

timeout 10 sh -c "printf '%s\n' \"\$1\" >\"/run/\$2.console\"" sh "$2" "$1"
while [ -n "${MAINPID-}" ] && [ -e "/proc/$MAINPID" ]; do
    sleep 0.2
done
