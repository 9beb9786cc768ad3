#!/bin/bash
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../verbs.sh"
game=factorio

# A slash at the beginning would be a command.
say_line() { console "${1/#\//.\/}"; }

save() { save_file 120 world.zip /srv/factorio/saves /server-save; }

# The words are the server's language's: the digits in the brackets count.
players() {
    local line
    line=$(ask /srv/factorio/console.log 10 '\([0-9]+\):' "/players online count") || exit 1
    [[ $line =~ \(([0-9]+)\): ]]
    number "${BASH_REMATCH[1]}"
}

# The server's own words begin with <server>.
heard() { chat /srv/factorio/chat.log '\[CHAT\] [^<]'; }

main "$@"
