# Shared by every install.sh and update.sh (sourced, bash): what is the same for all games.
# Paths begin with "$root", which is empty on a droplet.
# shellcheck shell=bash

root=${DOGS_ROOT-}
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf '%s\n' "$*"; }
die() {
    printf '%s: %s\n' "${game-setup}" "$*" >&2
    exit 1
}

# begin GAME: who is set up; called first.
begin() {
    game=$1
    folder=$scripts/$game
    home=$root/srv/$game
    [ "$(id -u)" = 0 ] || die "run me as root"
    umask 022
    # The first boot's cloud-init runs without either.
    export HOME=${HOME-/root} DEBIAN_FRONTEND=noninteractive
}

# amd64_only: for programs that their vendor builds for no other processor.
amd64_only() {
    [ "$(uname -m)" = x86_64 ] || die "there is no server for $(uname -m), only for x86_64"
}

# packages NAME...: installs those that are missing. Another apt may be at work after a first boot.
packages() {
    local name missing=()
    for name in "$@"; do
        dpkg-query -W -f '${Status}\n' "$name" 2>/dev/null | grep -q ' installed$' ||
            missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    apt_get update
    apt_get install --no-install-recommends "${missing[@]}"
    apt-get clean
}

apt_get() { apt-get -q -y -o DPkg::Lock::Timeout=600 "$@"; }

# upgrade NAME...: the newest of packages that are there.
upgrade() {
    apt_get update
    apt_get install --no-install-recommends --only-upgrade "$@"
    apt-get clean
}

# own_user: a system user of the game's name, who owns /srv/GAME and nothing else.
own_user() {
    getent passwd "$game" >/dev/null ||
        useradd --system --user-group --home-dir "/srv/$game" --no-create-home \
            --shell /usr/sbin/nologin "$game"
    own_dir "$home"
}

# own_dir FOLDER...: made if need be, the game's alone.
own_dir() { install -d -m 0750 -o "$game" -g "$game" "$@"; }

# as_game COMMAND...: as the game's user, in its folder, with what it makes kept from others.
as_game() { (cd "$home" && umask 027 && setpriv_game env HOME="$home" "$@"); }
setpriv_game() { setpriv --reuid "$game" --regid "$game" --clear-groups -- "$@"; }

# fetch URL FILE [sha1|sha256 DIGEST]: downloads over HTTPS; FILE appears only whole and proved.
fetch() {
    local url=$1 file=$2 kind=${3-} digest=${4-}
    curl --fail --silent --show-error --location --proto =https --retry 5 --retry-delay 2 \
        --connect-timeout 20 --output "$file.part" "$url" || die "could not fetch $url"
    if [ -n "$kind" ]; then
        printf '%s  %s\n' "$digest" "$file.part" | "${kind}sum" --check --status || {
            rm -f "$file.part"
            die "$url is not what its vendor's $kind says; nothing was changed"
        }
    fi
    mv -f "$file.part" "$file"
}

# put MODE FILE: its text from stdin, over what is there. keep: only where there is none, since the
# owner may have changed it. Both: the game's group may read.
put() {
    local mode=$1 file=$2
    mkdir -p "$(dirname "$file")"
    install -m "$mode" -o root -g "$game" /dev/stdin "$file.new"
    mv -f "$file.new" "$file"
}
keep() {
    if [ -e "$2" ]; then cat >/dev/null; else put "$@"; fi
}
# keep_own FILE: the same for a file that the game itself writes to.
keep_own() {
    [ -e "$1" ] || {
        keep 0640 "$1"
        chown "$game:$game" "$1"
    }
}

# secret FILE: a password of 24 letters and digits, drawn here once, for the game's user alone.
secret() {
    [ -s "$1" ] || (
        umask 077
        head -c 512 /dev/urandom | LC_ALL=C tr -dc a-zA-Z0-9 | head -c 24 >"$1.new"
        [ "$(wc -c <"$1.new")" = 24 ] || die "could not draw a password"
        chown "$game:$game" "$1.new"
        mv "$1.new" "$1"
    )
    chmod 0600 "$1"
}

# steam_app ID: Valve's steamcmd, then the newest of an app, in $home/server. Valve gives no sums.
steam_app() {
    local steam=$home/steam try
    own_dir "$steam" "$home/server"
    if [ ! -x "$steam/steamcmd.sh" ]; then
        fetch https://steamcdn-a.akamaihd.net/client/installer/steamcmd_linux.tar.gz \
            "$steam/steamcmd.tar.gz"
        tar -xzf "$steam/steamcmd.tar.gz" -C "$steam" --no-same-owner
        rm "$steam/steamcmd.tar.gz"
        chown -R "$game:$game" "$steam"
    fi
    # It updates itself at first, and then ends with a failure more often than not.
    for try in 1 2 3 4; do
        as_game "$steam/steamcmd.sh" +force_install_dir "$home/server" +login anonymous \
            +app_update "$1" validate +quit && break
        [ "$try" != 4 ] || die "steamcmd could not fetch app $1"
        sleep "${DOGS_PAUSE-5}"
    done
    # The games look for this one below their user's home.
    own_dir "$home/.steam" "$home/.steam/sdk64"
    [ ! -e "$steam/linux64/steamclient.so" ] ||
        ln -sfn "$steam/linux64/steamclient.so" "$home/.steam/sdk64/steamclient.so"
    say "app $1" >"$home/version"
}

# steam_packages: what steamcmd, a 32-bit program, needs.
steam_packages() { packages ca-certificates curl lib32gcc-s1; }

# link_saves PLACE FOLDER: the game writes to PLACE; what it writes lies in FOLDER.
link_saves() {
    local place=$1 saves=$2
    own_dir "$saves"
    [ ! -L "$place" ] || return 0
    as_game mkdir -p "$(dirname "$place")"
    if [ -d "$place" ]; then
        cp -a "$place/." "$saves/"
        rm -rf "$place"
    fi
    ln -sn "$saves" "$place"
}

# systemd_runs: false in a root that is being prepared and was not booted.
systemd_runs() { [ -d "$root/run/systemd/system" ]; }

# program: fetched at first. Later only update.sh does, which stops the game for it.
program() { [ -e "$home/version" ] || "$folder/update.sh"; }

# stopped COMMAND...: runs it while the game is down (and has saved), and starts it again if it ran.
stopped() {
    local ran=
    if systemd_runs && systemctl is-active --quiet "$game.service"; then
        ran=1
        systemctl stop "$game.service"
    fi
    "$@"
    [ -z "$ran" ] || systemctl start "$game.service"
}

# service: the unit, its hardening, its console, the trim, /usr/local/lib/dogs/game; then it runs.
service() {
    local units=$root/etc/systemd/system lib=$root/usr/local/lib/dogs file
    mkdir -p "$units/$game.service.d" "$lib"
    for file in "$game.service" "$game.socket"; do
        [ ! -e "$folder/$file" ] || install -m 0644 "$folder/$file" "$units/$file"
    done
    if grep -q '^StandardInput=socket' "$folder/$game.service"; then
        console_socket >"$units/$game.socket"
    fi
    install -m 0644 "$scripts/hardening.conf" "$units/$game.service.d/dogs.conf"
    install -m 0644 "$scripts/dogs-trim.service" "$units/dogs-trim.service"
    chmod 0755 "$folder/game.sh"
    ln -sfn "scripts/$game/game.sh" "$lib/game"
    ! systemd_runs || systemctl daemon-reload
    systemctl enable dogs-trim.service "$game.service"
    ! systemd_runs || systemctl start dogs-trim.service "$game.service"
}

# A game whose console is its standard input reads a FIFO there, which outlives each writer.
console_socket() {
    cat <<END
[Unit]
Description=Console of $game
BindsTo=$game.service

[Socket]
ListenFIFO=/run/$game.console
Service=$game.service
SocketMode=0600
RemoveOnStop=yes
END
}
