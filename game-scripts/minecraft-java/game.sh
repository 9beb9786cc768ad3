#!/bin/bash
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../verbs.sh"
game=minecraft-java

log=/srv/minecraft-java/console.log

say_line() { console "say $1"; }

save() {
    ask "$log" 120 '\]: Saved the game' "save-all flush" >/dev/null ||
        fail "it did not say that it saved within 120 s"
}

players() {
    local line
    line=$(ask "$log" 10 '\]: There are [0-9]+' list) || exit 1
    [[ $line =~ There\ are\ ([0-9]+) ]]
    number "${BASH_REMATCH[1]}"
}

# What the server says itself stands there as [Server].
heard() { chat "$log" '^\[[^]]*\] \[[^]]*/INFO\]: (\[Not Secure\] )?<'; }

main "$@"
