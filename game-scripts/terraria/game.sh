#!/bin/bash
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../verbs.sh"
game=terraria

log=/srv/terraria/console.log

say_line() { console "say $1"; }

save() { save_file 120 '*.wld' /srv/terraria/worlds save; }

# "No players connected." or "2 players connected.", after a list of them.
players() {
    local line
    line=$(ask "$log" 10 '(No|[0-9]+) players? connected' playing) || exit 1
    [[ $line =~ ([0-9]+)\ players?\ connected ]] || BASH_REMATCH=(0 0)
    number "${BASH_REMATCH[1]}"
}

# The server's own words begin with <Server>.
heard() { chat "$log" '^(: )*<[^>]+>' | LC_ALL=C grep -a -v -E '^(: )*<Server>' || :; }

main "$@"
