#!/bin/bash
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../verbs.sh"
game=valheim

# It saves every two minutes and when it is stopped, and cannot be told to: the next is waited for.
save() {
    local stamp
    stamp=$(mktemp)
    # shellcheck disable=SC2064
    trap "rm -f '$stamp'" EXIT
    wait_for 150 written_since "$stamp" '*.db' "$root/srv/valheim/worlds" ||
        fail "it did not save by itself within 150 s; stopping it saves"
}

# A2S, as any browser of servers asks. What it counts holds with -public 1 and without crossplay.
players() {
    local reply at=4 _
    exec 3<>/dev/udp/127.0.0.1/2457
    a2s ""
    [[ $reply != 41* ]] || a2s "${reply:2:8}"
    [[ $reply == 49* ]] || exit 1
    # Name, map, folder and game, each up to a zero byte; then the app's two bytes.
    for _ in 1 2 3 4; do
        while [ "${reply:at:2}" != 00 ]; do
            [ -n "${reply:at:2}" ] || exit 1
            at=$((at + 2))
        done
        at=$((at + 2))
    done
    at=$((at + 4))
    [ -n "${reply:at+4:2}" ] || exit 1
    number $((16#${reply:at:2} - 16#${reply:at+4:2}))
}
# a2s CHALLENGE: sets reply, in hexadecimal, without the four bytes that come first.
a2s() {
    local challenge
    # shellcheck disable=SC2001
    challenge=$(sed 's/../\\x&/g' <<<"$1")
    # In one write, which is a datagram: printf's own end where a byte is that of a new line.
    printf '\xff\xff\xff\xffTSource Engine Query\0%b' "$challenge" |
        dd bs=2048 iflag=fullblock status=none >&3
    reply=$(timeout 5 dd bs=2048 count=1 status=none <&3 | od -An -v -tx1 | tr -d ' \n')
    reply=${reply#ffffffff}
}

# It does not log what players write.

main "$@"
