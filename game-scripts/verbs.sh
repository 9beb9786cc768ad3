# Shared by every game.sh (sourced, bash): /usr/local/lib/dogs/game, by which dogs speaks to a game.
#
#   game say       tells the players the text on stdin
#   game save      returns 0 only once the game has saved
#   game stop      stops the unit, which saves
#   game players   prints how many play; status 1 and nothing where that is not known
#   game heard     prints what players wrote since the last call that has the word "stay"
#
# A game.sh defines `game` and say_line, save, players, heard as far as its game can.
# shellcheck shell=bash disable=SC2154,SC2317

root=${DOGS_ROOT-}

fail() {
    printf '%s: %s\n' "$game" "$*" >&2
    exit 1
}

say_line() { fail "this game shows players no text from outside"; }
save() { fail "it cannot be told to save"; }
players() { exit 1; }
heard() { :; }

# While it is being stopped it runs: a unit may save then.
runs() { [[ $(systemctl is-active "$game.service") =~ ^(active|deactivating)$ ]]; }
need_running() { runs || fail "it does not run; start it with: systemctl start $game"; }

# console LINE: types it into the game's standard input.
console() {
    local fifo=$root/run/$game.console
    need_running
    [ -p "$fifo" ] || fail "its console $fifo is not there"
    # Opening a FIFO waits for a reader.
    # shellcheck disable=SC2016
    timeout 10 sh -c 'printf "%s\n" "$1" >"$2"' sh "$1" "$fifo" || fail "its console does not read"
}

size_of() { stat -c %s "$1" 2>/dev/null || echo 0; }

# since OFFSET FILE: what was added; all of it where the file was begun anew.
since() {
    local at=$1
    [ "$(size_of "$2")" -ge "$at" ] || at=0
    tail -c "+$((at + 1))" "$2" 2>/dev/null || :
}

# ask LOG SECONDS PATTERN COMMAND: types the command; prints the first line of the log after that
# which fits the pattern (extended). False if none came.
ask() {
    local log=$root$1 seconds=$2 pattern=$3 at
    at=$(size_of "$log")
    console "$4"
    wait_for "$seconds" logged "$at" "$log" "$pattern"
}
logged() { since "$1" "$2" | LC_ALL=C grep -a -m 1 -E -e "$3"; }

# wait_for SECONDS COMMAND...: until it succeeds. Gives up where the game goes down meanwhile.
wait_for() {
    local left=$(($1 * 4))
    shift
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] && runs || return 1
        sleep 0.25
    done
}

# written_since STAMP PATTERN FOLDER: a file of that name is newer than the stamp, and the game has
# none such open any more.
written_since() {
    local file pid open
    file=$(find "$3" -type f -name "$2" ! -name '*.tmp*' -newer "$1" -size +0 -print -quit)
    [ -n "$file" ] || return 1
    pid=$(systemctl show -p MainPID --value "$game.service")
    for open in "/proc/$pid/fd/"*; do
        [ "$(readlink "$open")" != "$file" ] || return 1
    done
}

# save_file SECONDS PATTERN FOLDER COMMAND: types it and waits for the file.
save_file() {
    local stamp
    stamp=$(mktemp)
    # shellcheck disable=SC2064
    trap "rm -f '$stamp'" EXIT
    sleep 0.1 # files are dated by the kernel's tick
    console "$4"
    wait_for "$1" written_since "$stamp" "$2" "$root$3" || fail "it did not save within $1 s"
}

# chat LOG PATTERN: of the log's new lines those that players wrote, with the word in them.
chat() {
    local log=$root$1 mark=$root/run/dogs-heard at=0
    mkdir -p "$root/run"
    [ ! -s "$mark" ] || read -r at <"$mark"
    # Up to the last whole line only: the rest belongs to the next call.
    since "$at" "$log" >"$mark.new"
    [ "$(size_of "$log")" -ge "$at" ] || at=0
    if [ -s "$mark.new" ] && [ -n "$(tail -c 1 "$mark.new")" ]; then
        sed -i '$d' "$mark.new"
    fi
    LC_ALL=C grep -a -E -e "$2" "$mark.new" | LC_ALL=C grep -a -i -w stay || :
    echo $((at + $(size_of "$mark.new"))) >"$mark"
    rm -f "$mark.new"
}

# json KEY: the first number or text of that key on stdin.
json() {
    sed -n "s/.*\"$1\"[[:space:]]*:[[:space:]]*\"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1
}
# quoted TEXT: as it stands between quotes in JSON, and in a config of curl's.
quoted() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }

# http [KEY VALUE]...: curl with these options, passwords among them, which on a command line anybody
# could read.
http() {
    while [ $# -gt 0 ]; do
        printf '%s = "%s"\n' "$1" "$(quoted "$2")"
        shift 2
    done | curl --silent --show-error --fail --max-time 60 "${curl_flags[@]}" --config -
}
curl_flags=()

number() {
    [[ $1 =~ ^[0-9]{1,6}$ ]] || exit 1
    printf '%s\n' "$1"
}

main() {
    local line
    case ${1-} in
    say)
        need_running
        # Control characters would be commands, colours, or new lines of the console.
        while read -r line || [ -n "$line" ]; do
            line=$(printf '%s' "$line" | LC_ALL=C tr '\000-\037\177' ' ')
            [ -z "${line// /}" ] || say_line "$line"
        done
        ;;
    save)
        need_running
        save
        sync
        ;;
    stop) systemctl stop "$game.service" ;;
    players)
        runs || exit 1
        players
        ;;
    heard) heard ;;
    *)
        echo "usage: game say|save|stop|players|heard" >&2
        exit 2
        ;;
    esac
}
