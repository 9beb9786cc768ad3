# Shared by tools/try and tools/test (sourced, bash): installs what is missing, builds.
# Debian 12 and 13, Ubuntu 24.04; elsewhere it says what is needed and stops.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=/usr/bin/python3 # the system's own: another one on PATH would not see its packages

# Rows "package|command that succeeds where it is there|why".
needs_build=(
    "gcc|command -v gcc|C compiler"
    "libc6-dev|test -e /usr/include/stdio.h|C library, headers"
    "cmake|command -v cmake|build"
    "ninja-build|command -v ninja|build"
    "pkg-config|command -v pkg-config|finds the libraries below"
    "libcurl4-openssl-dev|pkg-config --exists libcurl|HTTP client"
    "libyaml-dev|pkg-config --exists yaml-0.1|config.yaml"
    "libcjson-dev|pkg-config --exists libcjson|JSON"
    "libmicrohttpd-dev|pkg-config --exists libmicrohttpd|HTTP server of the sandbox"
    "libexpat1-dev|pkg-config --exists expat|XML of S3's answers"
    "libsystemd-dev|pkg-config --exists libsystemd|header of D-Bus; the library is optional"
    "libssl-dev|pkg-config --exists libcrypto|headers of the checksums; the library is loaded late"
    "ca-certificates|test -s /etc/ssl/certs/ca-certificates.crt|trust in the live API's certificate"
)
needs_test=(
    "libcmocka-dev|pkg-config --exists cmocka|unit tests"
    "python3|test -x $python|end-to-end tests"
    "python3-pytest|$python -c 'import pytest'|end-to-end tests"
    "dbus|command -v dbus-daemon|private buses for the tests of awake"
    "clang|command -v clang|second compiler"
    "clang-format|command -v clang-format|check of the format"
    "valgrind|command -v valgrind|check of the memory"
    "openssh-client|command -v ssh-keygen|reaches a droplet"
    "openssh-server|test -x /usr/sbin/sshd|is reached, on loopback, in the test of that"
)
# For tools/windows.
needs_windows=(
    "gcc-mingw-w64-x86-64-posix|command -v x86_64-w64-mingw32-gcc-posix|C compiler for Windows"
    "binutils-mingw-w64-x86-64|command -v x86_64-w64-mingw32-windres|linker and resources for Windows"
    "cmake|command -v cmake|build"
    "ninja-build|command -v ninja|build"
    "make|command -v make|build of libmicrohttpd"
    "pkg-config|command -v pkg-config|finds the libraries"
    "dpkg-dev|command -v dpkg-source|fetches the libraries' sources"
    "debian-archive-keyring|test -s /usr/share/keyrings/debian-archive-keyring.gpg|proves them"
    "xz-utils|command -v xz|unpacks them"
    "python3|test -x $python|draws the icon"
)
# For tools/static.
needs_static=(
    "gcc|command -v gcc|C compiler"
    "binutils|command -v readelf|linker; looks at the result"
    "linux-libc-dev|test -e /usr/include/linux/mman.h|the kernel's headers"
    "cmake|command -v cmake|build"
    "ninja-build|command -v ninja|build"
    "make|command -v make|build of musl, OpenSSL and libmicrohttpd"
    "perl|perl -MFile::Compare -e 1|build of OpenSSL"
    "pkg-config|command -v pkg-config|finds the libraries"
    "dpkg-dev|command -v dpkg-source|fetches the libraries' sources"
    "debian-archive-keyring|test -s /usr/share/keyrings/debian-archive-keyring.gpg|proves them"
    "xz-utils|command -v xz|unpacks them"
)
needs_wine=(
    "wine64|command -v wineserver|runs dogs.exe"
    "wine|command -v wine|runs dogs.exe"
)
# Only for the check against DigitalOcean's OpenAPI document, where that file is there.
needs_openapi=(
    "nodejs|command -v node|runs the OpenAPI validator"
    "npm|command -v npm|fetches the OpenAPI validator"
)
# For the tests of transfers, beside what fetch_peers unpacks.
needs_peers=(
    "openssl|command -v openssl|certificates of the servers"
    "curl|command -v curl|uses the addresses that dogs signs"
    "nodejs|command -v node|runs s3rver, the second S3"
    "npm|command -v npm|fetches s3rver"
)

# For the tests against real game servers, beside what fetch_games unpacks.
needs_games=(
    "nodejs|command -v node|runs npm's game servers"
    "npm|command -v npm|fetches them"
)
# For the tests of game-scripts/, as root: in a Debian that fetch_guest makes.
needs_scripts=(
    "shellcheck|command -v shellcheck|check of the shell scripts"
    "debootstrap|command -v debootstrap|makes the Debian that game scripts are run in"
    "debian-archive-keyring|test -s /usr/share/keyrings/debian-archive-keyring.gpg|proves it"
    "dpkg-dev|command -v dpkg-scanpackages|lists the packages that are put into it"
    "util-linux|command -v nsenter|gets into it"
)
# What is in that Debian, and what its apt can install without a network.
guest_base=systemd,systemd-sysv,dbus,ca-certificates,curl,openssl,iproute2,python3
guest_store=(minetest-server openarena-server nftables xz-utils lib32gcc-s1)

say() { printf '%s\n' "$*"; }
die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# need ROW...: returns once every row's command succeeds; installs by apt-get what is missing.
# Where all is there it changes nothing and needs no network.
need() {
    local row name check why missing=() reasons=()
    for row in "$@"; do
        IFS='|' read -r name check why <<<"$row"
        if ! (eval "$check") >/dev/null 2>&1; then
            missing+=("$name")
            reasons+=("  $name – $why")
        fi
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    local as_root=()
    command -v apt-get >/dev/null || {
        printf '%s\n' "Needed, and not installable here (there is no apt-get):" "${reasons[@]}" >&2
        return 1
    }
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || {
            printf '%s\n' "Needed; as root type: apt-get install ${missing[*]}" "${reasons[@]}" >&2
            return 1
        }
        as_root=(sudo)
    fi
    say "Installing with ${as_root[*]:+sudo }apt-get:"
    printf '%s\n' "${reasons[@]}"
    local log
    log=$(mktemp)
    if ! { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get -qq -y --no-install-recommends install "${missing[@]}"; } >"$log" 2>&1; then
        tail -20 "$log" >&2
        rm -f "$log"
        say "apt-get could not install: ${missing[*]}" >&2
        return 1
    fi
    rm -f "$log"
}

# fetch_elogind FOLDER: Debian's elogind and its library, unpacked there. They are not installed,
# because they would replace systemd. False where apt-get has none.
fetch_elogind() {
    local dir=$1 package
    ls "$dir"/*/elogind-inhibit "$dir"/usr/bin/elogind-inhibit >/dev/null 2>&1 && return 0
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
    rm -rf "$dir"
    mkdir -p "$dir/packages"
    (cd "$dir/packages" && apt-get -qq download elogind libelogind0) >"$dir/log" 2>&1 || return 1
    for package in "$dir"/packages/*.deb; do
        dpkg-deb -x "$package" "$dir" || return 1
    done
}

# fetch_peers FOLDER: nginx and Ceph's object store with the libraries that this system lacks, and
# npm's s3rver, unpacked there. The servers are not installed, because installing starts them.
# False where something is missing; what is there is used all the same.
fetch_peers() {
    local dir=$1 package status=0 wanted
    mkdir -p "$dir"
    if [ ! -e "$dir/root/complete" ]; then
        command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
        rm -rf "$dir/root" "$dir/packages"
        mkdir -p "$dir/packages" "$dir/root"
        wanted=$(apt-get -s --no-install-recommends install nginx-light ceph-mon ceph-osd radosgw |
            sed -nE 's/^Inst ((lib|ceph-|radosgw|nginx)[^ ]*) .*/\1/p') || status=1
        # Nothing is wanted where they are installed.
        # shellcheck disable=SC2086 # one word each
        [ -z "$wanted" ] || (cd "$dir/packages" && apt-get -qq download $wanted) >"$dir/log" 2>&1 ||
            status=1
        for package in "$dir"/packages/*.deb; do
            [ ! -e "$package" ] || dpkg-deb -x "$package" "$dir/root" || return 1
        done
        rm -rf "$dir/packages" "$dir/root/usr/share"
        touch "$dir/root/complete"
    fi
    if [ ! -e "$dir/s3rver/node_modules/s3rver/package.json" ]; then
        command -v npm >/dev/null && npm install --no-audit --no-fund --loglevel=error \
            --prefix "$dir/s3rver" s3rver@3.7.1 >"$dir/s3rver.log" 2>&1 || status=1
    fi
    return $status
}

# fetch_games FOLDER: OpenArena's server with its maps, Minetest's with the libraries that this system
# lacks, and npm's servers and clients, unpacked there; nothing is installed, because that would
# start services. False where something is missing; what is there is used all the same.
fetch_games() {
    local dir=$1 package status=0 server=minetest-server wanted
    mkdir -p "$dir"
    if [ ! -e "$dir/root/complete" ]; then
        command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
        rm -rf "$dir/root" "$dir/packages"
        mkdir -p "$dir/packages" "$dir/root"
        ! apt-cache show luanti-server >/dev/null 2>&1 || server=luanti-server
        wanted=$(apt-get -s --no-install-recommends install $server |
            sed -nE 's/^Inst ((lib|minetest|luanti)[^ ]*) .*/\1/p') || status=1
        # Each by itself, so that one that this system does not have costs nothing but itself.
        for package in $wanted ioquake3-server openarena-server openarena-081-maps; do
            (cd "$dir/packages" && apt-get -qq download "$package") >>"$dir/log" 2>&1 || status=1
        done
        for package in "$dir"/packages/*.deb; do
            [ ! -e "$package" ] || dpkg-deb -x "$package" "$dir/root" || return 1
        done
        rm -rf "$dir/packages"
        [ $status != 0 ] || touch "$dir/root/complete"
    fi
    if [ ! -e "$dir/node/complete" ]; then
        mkdir -p "$dir/node"
        cp "$root/tests/peers/node_games.json" "$dir/node/package.json"
        # Without scripts nothing native is built, which would need a compiler and headers of node.
        command -v npm >/dev/null && npm install --no-audit --no-fund --loglevel=error \
            --ignore-scripts --prefix "$dir/node" >"$dir/node.log" 2>&1 &&
            touch "$dir/node/complete" || status=1
    fi
    return $status
}

# fetch_guest FOLDER: a Debian 12 in FOLDER/base, with packages for its apt in /store. False where
# it cannot be made.
fetch_guest() {
    local dir=$1 new=$1.new kind="$guest_base ${guest_store[*]}"
    [ "$(cat "$dir/complete" 2>/dev/null)" != "$kind" ] || return 0
    [ "$(id -u)" = 0 ] && command -v debootstrap dpkg-scanpackages >/dev/null || return 1
    rm -rf "$dir" "$new"
    mkdir -p "$new"
    say "Fetching a Debian for the game scripts (some 500 MB)"
    # /proc is mounted where nobody else sees it, and gone with the shell.
    env DEBIAN_FRONTEND=noninteractive unshare -m bash -euo pipefail -c '
        base=$1 kind=$2
        shift 2
        debootstrap --variant=minbase --include="$kind" bookworm "$base"
        mount -t proc proc "$base/proc"
        chroot "$base" apt-get -q -y --no-install-recommends --download-only install "$@"
        mkdir "$base/store"
        mv "$base"/var/cache/apt/archives/*.deb "$base/store"
        (cd "$base/store" && dpkg-scanpackages . >Packages)
        echo "deb [trusted=yes] file:/store ./" >"$base/etc/apt/sources.list"
        echo force-unsafe-io >"$base/etc/dpkg/dpkg.cfg.d/guest"
        rm -rf "$base"/var/lib/apt/lists/*
    ' guest "$new/base" "$guest_base" "${guest_store[@]}" >"$new/log" 2>&1 || {
        tail -5 "$new/log" >&2
        return 1
    }
    printf '%s\n' "$kind" >"$new/complete"
    mv "$new" "$dir"
}

# configure FOLDER OPTION...: a build folder for this checkout; one that was made for another place
# (a checkout that was moved or copied) is made anew.
configure() {
    local dir=$1 log
    shift
    if [ -f "$dir/CMakeCache.txt" ] &&
        ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$dir/CMakeCache.txt"; then
        rm -rf "$dir/CMakeCache.txt" "$dir/CMakeFiles"
    fi
    mkdir -p "$dir"
    log=$dir/configure.log
    cmake -S "$root" -B "$dir" -G Ninja "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        return 1
    }
}

# build FOLDER [TARGET...]
build() {
    local dir=$1 log=$1/build.log
    shift
    ninja -C "$dir" "$@" >"$log" 2>&1 || {
        grep -v '^\[[0-9]*/[0-9]*\] [A-Z]' "$log" | tail -60 >&2
        return 1
    }
}
