#!/bin/bash
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../verbs.sh"
game=palworld

# rest METHOD PATH [BODY]: the password goes through a pipe, not on a command line.
rest() {
    curl --silent --show-error --fail --max-time 60 --config - <<END
url = "http://127.0.0.1:8212/v1/api/$2"
request = "$1"
user = "admin:$(cat "$root/srv/palworld/admin-password")"
header = "Content-Type: application/json"
${3:+data = "$(quoted "$3")"}
END
}

say_line() { rest POST announce "{\"message\":\"$(quoted "$1")\"}" >/dev/null; }

# It answers once the save is written.
save() { rest POST save '{}' >/dev/null || fail "its REST API refused to save"; }

players() {
    local now
    now=$(rest GET metrics 2>/dev/null) || exit 1
    number "$(json currentplayernum <<<"$now")"
}

# It does not log what players write.

main "$@"
