#!/bin/bash
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../verbs.sh"
game=minecraft-bedrock

log=/srv/minecraft-bedrock/console.log

say_line() { console "say $1"; }

# Told to hold it writes; asked, it says whether all is written; then it goes on.
save() {
    local at
    at=$(size_of "$root$log")
    console "save hold"
    trap 'console "save resume"' EXIT
    wait_for 40 held "$at" || fail "it did not say that it saved within two minutes"
}
# Takes three times as long as wait_for reckons.
held() {
    console "save query"
    sleep 0.5
    logged "$1" "$root$log" 'Data saved\. Files are now ready to be copied' >/dev/null
}

players() {
    local line
    line=$(ask "$log" 10 'There are [0-9]+/[0-9]+ players online' list) || exit 1
    [[ $line =~ There\ are\ ([0-9]+)/ ]]
    number "${BASH_REMATCH[1]}"
}

# It does not log what players write.

main "$@"
