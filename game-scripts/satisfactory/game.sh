#!/bin/bash
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../verbs.sh"
game=satisfactory

# Its API, asked from the same machine: the certificate is the server's own.
curl_flags=(--insecure)
# api BODY [TOKEN]
api() {
    http url https://127.0.0.1:7777/api/v1 header "Content-Type: application/json" \
        ${2:+header "Authorization: Bearer $2"} data "$1"
}

# login FUNCTION LEVEL [MORE]: a token.
login() {
    local token
    token=$(api "{\"function\":\"$1\",\"data\":{\"MinimumPrivilegeLevel\":\"$2\"${3-}}}" |
        json authenticationToken)
    [ -n "$token" ] && printf '%s' "$token"
}

# A server that nobody has claimed is claimed with the password that lies here.
admin() {
    local password token
    password=$(cat "$root/srv/satisfactory/admin-password")
    login PasswordLogin Administrator ",\"Password\":\"$password\"" 2>/dev/null && return
    token=$(login PasswordlessLogin InitialAdmin) || return 1
    token=$(api "{\"function\":\"ClaimServer\",\"data\":{\"ServerName\":\"satisfactory\",\
\"AdminPassword\":\"$password\"}}" "$token" | json authenticationToken)
    [ -n "$token" ] && printf '%s' "$token"
}

state() {
    local token
    token=$(login PasswordlessLogin Client) && api '{"function":"QueryServerState"}' "$token"
}

# It answers once the save is written. Without a session there is nothing to save.
save() {
    local token now
    now=$(state) || fail "its API does not answer"
    [ "$(json isGameRunning <<<"$now")" != false ] || return 0
    token=$(admin) || fail "its API refuses the password in /srv/satisfactory/admin-password"
    api '{"function":"SaveGame","data":{"SaveName":"dogs"}}' "$token" >/dev/null ||
        fail "its API refused to save"
}

players() {
    local now
    now=$(state 2>/dev/null) || exit 1
    number "$(json numConnectedPlayers <<<"$now")"
}

# It shows players no text from outside, and does not log what they write.

main "$@"
