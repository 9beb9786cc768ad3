#!/bin/bash
# The newest program; the game is stopped for it (which saves) and started again if it ran.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

begin minecraft-java
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pick() { python3 "$folder/mojang.py" "$@"; }

# The list has each version's digest; the version has its server's, and says which Java it wants.
fetch https://piston-meta.mojang.com/mc/game/version_manifest_v2.json "$work/versions"
pick newest "$work/versions" >"$work/picked"
read -r version url digest <"$work/picked"
fetch "$url" "$work/version" sha1 "$digest"
pick server "$work/version" >"$work/picked"
read -r url server component <"$work/picked"
if [ "$(cat "$home/version" 2>/dev/null)" = "$version $server" ]; then
    say "minecraft-java $version is the newest"
    exit 0
fi
fetch "$url" "$work/server.jar" sha1 "$server"

# Mojang's own build of that Java, file by file: Debian may have none so new.
runtimes=https://launchermeta.mojang.com/v1/products/java-runtime
fetch "$runtimes/2ec0cc96c44e5a76b9c8b7c39df7210883d12871/all.json" "$work/runtimes"
pick runtime "$work/runtimes" "$component" >"$work/picked"
read -r url digest <"$work/picked"
fetch "$url" "$work/runtime" sha1 "$digest"
mkdir "$work/java"
pick files "$work/runtime" "$work/java"
curl --fail --silent --show-error --location --proto =https --retry 5 --create-dirs \
    --config "$work/java.urls" || die "could not fetch Java"
(cd "$work/java" && sha1sum --check --quiet ../java.sums) || die "Java is not what Mojang lists"
(cd "$work/java" && sh -eu ../java.modes)

exchange() {
    rm -rf "$home/java"
    mv "$work/java" "$home/java"
    chmod -R go+rX "$home/java"
    install -m 0644 "$work/server.jar" "$home/server.jar"
    printf '%s\n' "$version $server" >"$home/version"
}
stopped exchange
say "minecraft-java is $version now"
