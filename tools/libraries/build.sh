# Sourced after lib.sh by tools/windows and tools/static: fetches the libraries' sources, proves and
# builds them. The caller sets
#   packages    names from tools/libraries/sources, in the order in which they are built
#   work, libs  where it builds, and where what is built goes; built: where dogs itself is built
#   toolchain   CMake's toolchain file; it reads DOGS_LIBS
#   compiler    that of the configure scripts; configure_for: what else they are told
#   made_by     the compiler whose version counts: another one builds all of it anew
#   curl_options  for TLS and whatever else differs
# and defines flags FOLDER (the compiler's options) and build_PACKAGE for packages of its own.
export LC_ALL=C TZ=UTC0

case $root in
*[[:space:]]*) die "The libraries' own configure scripts do not take a path with a blank in it:
$root. Move the folder, or clone it elsewhere." ;;
esac

fetched=$root/build/sources
list=$root/tools/libraries/sources

pinned() { grep -v '^#' "$list"; }

# wanted: the rows of the list for the caller's packages.
wanted() {
    local package
    for package in "${packages[@]}"; do
        pinned | grep "^$package "
    done
}

have_source() { # HASH FILE
    [ -f "$fetched/$2" ] && printf '%s  %s\n' "$1" "$fetched/$2" | sha256sum --check --status
}

# The mirror that this machine's apt uses for Debian itself.
mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sort -u |
        grep -E '/debian/$' | head -1
}

# apt-get with a configuration of its own, so that the system's lists stay as they are.
private_apt() {
    local apt=$root/build/apt
    apt-get -qq -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts="$apt/none" \
        -o Dir::State="$apt/state" -o Dir::State::status=/var/lib/dpkg/status \
        -o Dir::Cache="$apt/cache" -o APT::Sandbox::User="$(id -un)" "$@"
}

fetch() {
    local package version hash file missing=() uri
    mkdir -p "$fetched"
    while read -r package version hash file; do
        have_source "$hash" "$file" || missing+=("$package")
    done < <(wanted)
    [ ${#missing[@]} -gt 0 ] || return 0

    say "Fetching the sources of ${missing[*]} …"
    uri=$(mirror)
    [ -n "$uri" ] || die "No Debian mirror is configured here. Put the archives that
tools/libraries/sources names into build/sources by hand."
    mkdir -p "$root"/build/apt/{none,state/lists/partial,cache/archives/partial}
    printf 'deb-src [signed-by=%s] %s trixie main\n' \
        /usr/share/keyrings/debian-archive-keyring.gpg "$uri" >"$root/build/apt/sources.list"
    private_apt update
    (cd "$fetched" && private_apt source --download-only --tar-only "${missing[@]}")
    while read -r package version hash file; do
        have_source "$hash" "$file" || die "$file is not the archive of $package $version that
tools/libraries/sources names: its SHA-256 differs, or Debian 13 has another version by now."
    done < <(wanted)
}

unpack() { # PACKAGE FOLDER
    local package version hash file
    read -r package version hash file < <(pinned | grep "^$1 ")
    rm -rf "$2"
    mkdir -p "$2"
    tar -xf "$fetched/$file" -C "$2" --strip-components=1
}

quietly() { # LOG COMMAND...
    local log=$1
    shift
    "$@" >>"$log" 2>&1 || {
        tail -40 "$log" >&2
        die "$1 failed; all of it: $log"
    }
}

by_cmake() { # PACKAGE OPTION...; below=FOLDER: where in it its CMake files are
    local name=$1 src=$work/src/$1 log=$work/$1.log
    shift
    unpack "$name" "$src"
    quietly "$log" cmake -S "$src/${below-}" -B "$src/build" -G Ninja \
        -DCMAKE_TOOLCHAIN_FILE="$toolchain" -DDOGS_LIBS="$libs" \
        -DCMAKE_INSTALL_PREFIX="$libs" -DCMAKE_BUILD_TYPE=None -DBUILD_SHARED_LIBS=OFF \
        -DCMAKE_POLICY_VERSION_MINIMUM=3.5 -DCMAKE_C_FLAGS="$(flags "$src")" "$@"
    quietly "$log" ninja -C "$src/build" install
}

# Only what an HTTP client of a JSON API needs.
build_curl() {
    by_cmake curl -DBUILD_CURL_EXE=OFF -DBUILD_STATIC_LIBS=ON -DBUILD_LIBCURL_DOCS=OFF \
        -DBUILD_MISC_DOCS=OFF -DBUILD_TESTING=OFF -DENABLE_CURL_MANUAL=OFF -DHTTP_ONLY=ON \
        "${curl_options[@]}" -DCURL_USE_LIBPSL=OFF -DCURL_USE_LIBSSH2=OFF \
        -DUSE_NGHTTP2=OFF -DUSE_LIBIDN2=OFF -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF \
        -DCURL_DISABLE_ALTSVC=ON -DCURL_DISABLE_HSTS=ON -DCURL_DISABLE_DOH=ON \
        -DCURL_DISABLE_COOKIES=ON -DCURL_DISABLE_MIME=ON \
        -DCURL_DISABLE_FORM_API=ON -DCURL_DISABLE_AWS=ON -DCURL_DISABLE_WEBSOCKETS=ON \
        -DCURL_DISABLE_DIGEST_AUTH=ON -DCURL_DISABLE_NTLM=ON -DCURL_DISABLE_KERBEROS_AUTH=ON \
        -DCURL_DISABLE_NEGOTIATE_AUTH=ON
}

build_libyaml() {
    by_cmake libyaml -DBUILD_TESTING=OFF
    # Its CMake files do not install the one for pkg-config.
    sed -e "s|@prefix@|$libs|; s|@exec_prefix@|$libs|; s|@libdir@|$libs/lib|" \
        -e "s|@includedir@|$libs/include|; s|@PACKAGE_VERSION@|0.2.5|" \
        "$work/src/libyaml/yaml-0.1.pc.in" >"$libs/lib/pkgconfig/yaml-0.1.pc"
}

build_cjson() {
    by_cmake cjson -DBUILD_SHARED_AND_STATIC_LIBS=OFF -DENABLE_CJSON_TEST=OFF \
        -DENABLE_CUSTOM_COMPILER_FLAGS=OFF -DENABLE_HIDDEN_SYMBOLS=ON -DENABLE_TARGET_EXPORT=OFF
}

build_expat() {
    below=expat by_cmake expat -DEXPAT_SHARED_LIBS=OFF -DEXPAT_BUILD_TOOLS=OFF \
        -DEXPAT_BUILD_EXAMPLES=OFF -DEXPAT_BUILD_TESTS=OFF -DEXPAT_BUILD_DOCS=OFF
}

build_cmocka() {
    by_cmake cmocka -DWITH_EXAMPLES=OFF -DUNIT_TESTING=OFF
}

build_libmicrohttpd() {
    local src=$work/src/libmicrohttpd log=$work/libmicrohttpd.log
    unpack libmicrohttpd "$src"
    cd "$src"
    quietly "$log" ./configure "${configure_for[@]}" --prefix="$libs" --disable-shared --enable-static \
        --disable-https --disable-bauth --disable-dauth --disable-doc --disable-examples \
        --disable-tools --disable-curl CC="$compiler" \
        CFLAGS="$(flags "$src")"
    quietly "$log" make -j2 -C src/microhttpd install
    quietly "$log" make -C src/include install
    quietly "$log" make install-pkgconfigDATA
    cd "$root"
}

build_libraries() { # once for each change of the list, of how they are built or of the compiler
    local stamp package
    stamp=$({
        wanted
        cat "$toolchain"
        declare -f flags by_cmake $(compgen -A function build_)
        printf '%s\n' "${curl_options[@]}"
        "$made_by" --version
    } | sha256sum)
    [ "$(cat "$libs/stamp" 2>/dev/null)" != "$stamp" ] || return 0
    # CMake remembers what it found of the old ones.
    rm -rf "$libs" "$built" "$work/src" "$work"/*.log
    mkdir -p "$libs"
    for package in "${packages[@]}"; do
        say "Building $package …"
        "build_$package"
    done
    say "$stamp" >"$libs/stamp"
}

# LICENCES.txt: what a file says, then the texts of what is linked in, in the order of the packages.
declare -A licence_of=([musl]=COPYRIGHT [zlib]=LICENSE [openssl]=LICENSE.txt [curl]=COPYING [libyaml]=License
    [cjson]=LICENSE [libmicrohttpd]=COPYING [expat]=COPYING)

licences() { # FILE
    local package version hash file
    cat "$1"
    while read -r package version hash file; do
        [ -n "${licence_of[$package]-}" ] || continue
        printf '\n\n======== %s %s ========\n\n' "$package" "$version"
        cat "$work/src/$package/${licence_of[$package]}"
    done < <(wanted)
}

replace_if_other() { # FILE: from the input; one that stays the same keeps its time
    cat >"$1.new"
    cmp -s "$1.new" "$1" || cp "$1.new" "$1"
    rm "$1.new"
}
