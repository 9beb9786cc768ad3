#!/bin/bash
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../verbs.sh"
game=openarena

log=/srv/openarena/baseoa/games.log

# A quotation mark or a semicolon would begin another command.
say_line() { console "say ${1//[\"\;]/ }"; }

# There is no world: a match is not kept, and the server writes its settings as they change.
save() { :; }

# getstatus: a line of settings, then one for each player: score, ping, name. A bot's ping is 0.
players() {
    local reply
    exec 3<>/dev/udp/127.0.0.1/27960
    printf '\377\377\377\377getstatus\n' >&3
    reply=$(timeout 5 dd bs=65536 count=1 status=none <&3 | tr -d '\000' | LC_ALL=C tr '\377' ' ')
    [[ $reply == *statusResponse* ]] || exit 1
    number "$(tail -n +3 <<<"$reply" | LC_ALL=C grep -a -c -E '^-?[0-9]+ [1-9][0-9]* "' || :)"
}

heard() { chat "$log" '^ *[0-9]+:[0-9]+ say(team)?: '; }

main "$@"
