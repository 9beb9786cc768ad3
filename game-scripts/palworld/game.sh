#!/bin/bash
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../verbs.sh"
game=palworld

# rest PATH [BODY]
rest() {
    local password
    password=$(cat "$root/srv/palworld/admin-password")
    http url "http://127.0.0.1:8212/v1/api/$1" user "admin:$password" \
        header "Content-Type: application/json" ${2:+data "$2"}
}

say_line() { rest announce "{\"message\":\"$(quoted "$1")\"}" >/dev/null; }

# It answers once the save is written.
save() { rest save '{}' >/dev/null || fail "its REST API refused to save"; }

players() {
    local now
    now=$(rest metrics 2>/dev/null) || exit 1
    number "$(json currentplayernum <<<"$now")"
}

# It does not log what players write.

main "$@"
