#!/bin/bash
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../verbs.sh"
game=minetest

world=$root/srv/minetest/worlds/world

# Written as the game's user, in whose folder it lies; it appears whole, and the server looks for it
# each second.
say_line() {
    local file
    file=$world/dogs-say.$(date +%s%N)
    printf '%s\n' "$1" | setpriv --reuid "$game" --regid "$game" --clear-groups -- \
        sh -c "cat >'$file.new' && mv '$file.new' '$file'"
}

# It writes all that has changed every few seconds: map, players, and last env_meta.txt, each time
# a new file. One writing may have begun before we asked, the second has not.
stamp() { stat -c '%i %Z %z' "$world/env_meta.txt" 2>/dev/null || echo none; }
written() { [ "$(stamp)" != "$1" ]; }
save() {
    local _
    for _ in 1 2; do
        wait_for 60 written "$(stamp)" || fail "it did not save within 60 s"
    done
}

players() {
    local file=$world/dogs-players count
    [ -n "$(find "$file" -newermt '-20 seconds' 2>/dev/null)" ] || exit 1
    read -r count <"$file"
    number "$count"
}

heard() { chat /srv/minetest/worlds/world/dogs-chat '^<'; }

main "$@"
