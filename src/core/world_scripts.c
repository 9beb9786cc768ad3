#include "world_scripts.h"
#include "remote.h"

void world_script_var(struct str *script, const char *name, const char *value)
{
    str_addf(script, "%s=", name);
    remote_quote(script, value);
    str_add(script, "\n");
}

/* For POSIX shells with the usual tools. `fail` tells why in the last line, which is what
 * remote_sh reports. The link of our game scripts, to scripts/GAME/game.sh, tells the unit. A
 * folder that its process did not live to remove goes with the next one. */
#define BEGIN                                                                                      \
    "set -eu\n"                                                                                    \
    "umask 077\n"                                                                                  \
    "root=${DOGS_ROOT-}\n"                                                                         \
    "world=$root$path\n"                                                                           \
    "fail() { echo \"$*\" >&2; exit 1; }\n"                                                        \
    "need() { command -v \"$1\" >/dev/null || "                                                    \
    "fail \"$1 is not on the droplet: apt-get install $1\"; }\n"                                   \
    "ctl=$root/usr/local/lib/dogs/game\n"                                                          \
    "if [ -L \"$ctl\" ]; then unit=$(basename \"$(dirname \"$(readlink -f \"$ctl\")\")\"); fi\n"

#define TEMPORARY                                                                                  \
    "need curl\n"                                                                                  \
    "mkdir -p \"$root/var/tmp\"\n"                                                                 \
    "for old in \"$root\"/var/tmp/dogs-world.*; do\n"                                              \
    "    if [ -d \"$old\" ] && ! kill -0 \"$(cat \"$old/pid\" 2>/dev/null)\" 2>/dev/null; then\n"  \
    "        rm -rf \"$old\"\n"                                                                    \
    "    fi\n"                                                                                     \
    "done\n"                                                                                       \
    "tmp=$(mktemp -d \"$root/var/tmp/dogs-world.XXXXXX\")\n"                                       \
    "trap end EXIT\n"                                                                              \
    "trap 'exit 1' HUP INT TERM\n"                                                                 \
    "echo $$ >\"$tmp/pid\"\n"                                                                      \
    "fetch() {\n"                                                                                  \
    "    address=$1; shift\n"                                                                      \
    "    tries=1\n"                                                                                \
    "    until printf 'url = \"%s\"\\n' \"$address\" | curl --config - --fail --silent "           \
    "--show-error --connect-timeout 30 --speed-limit 1000 --speed-time 120 \"$@\"; do\n"           \
    "        [ $tries -lt 3 ] || return 1\n"                                                       \
    "        tries=$((tries + 1)); sleep 2\n"                                                      \
    "    done\n"                                                                                   \
    "}\n"

/* A game that runs would go on writing into what was put aside. One that did not run is not
 * started. On a folder that stands for a disk nothing of this computer is asked. */
#define GAME                                                                                       \
    "stopped= ran=1 known=\n"                                                                      \
    "if [ -z \"$root\" ] && [ -n \"$unit\" ] && "                                                  \
    "systemctl cat \"$unit.service\" >/dev/null 2>&1; then\n"                                      \
    "    known=1\n"                                                                                \
    "    systemctl -q is-active \"$unit.service\" || ran=\n"                                       \
    "fi\n"                                                                                         \
    "game() {\n"                                                                                   \
    "    if [ -z \"$ran\" ]; then :\n"                                                             \
    "    elif [ -n \"$known\" ]; then systemctl \"$1\" \"$unit.service\"\n"                        \
    "    elif [ -x \"$ctl\" ]; then \"$ctl\" \"$1\"\n"                                             \
    "    fi </dev/null >/dev/null\n"                                                               \
    "}\n"                                                                                          \
    "now=$(date +%s)\n"                                                                            \
    "while [ -e \"$world.before-$now\" ]; do sleep 1; now=$(date +%s); done\n"                     \
    "aside=$world.before-$now\n"

/* "$@": what was put aside, oldest first. Only names of our own: the others are somebody's. */
#define ASIDES                                                                                     \
    "set --\n"                                                                                     \
    "for one in \"$world\".before-[0-9]*; do\n"                                                    \
    "    case ${one##*.before-} in *[!0-9]*) ;; *) set -- \"$@\" \"$one\";; esac\n"                \
    "done\n"

#define SWAP                                                                                       \
    "stopped=1\n"                                                                                  \
    "game stop || fail \"the game could not be stopped; nothing was changed\"\n"                   \
    "if [ -e \"$world\" ]; then mv \"$world\" \"$aside\"; fi\n"                                    \
    "mv \"$new\" \"$world\" || {\n"                                                                \
    "    if [ -e \"$aside\" ]; then mv \"$aside\" \"$world\"; fi\n"                                \
    "    fail \"the world could not be put into its place; the present one stays\"\n"              \
    "}\n"                                                                                          \
    "new=\n"                                                                                       \
    "sync\n" ASIDES "while [ $# -gt 2 ]; do rm -rf \"$1\"; shift; done\n"                          \
    "stopped=\n"                                                                                   \
    "game start || fail \"the world is in its place, but the game does not start\"\n"              \
    "echo \"restored ${aside#\"$root\"}\"\n"

const char world_script_pack[] = BEGIN
    "end() { rm -rf \"$tmp\"; }\n" TEMPORARY
    "[ -d \"$world\" ] || fail \"there is no folder $path on the droplet\"\n"
    "saved=1\n"
    "if [ -n \"$save\" ] && [ -x \"$ctl\" ]; then \"$ctl\" save </dev/null >/dev/null || saved=0; "
    "fi\n"
    "if command -v zstd >/dev/null; then pack='zstd -q -T0 -c'; ext=zst; url=$put_zst\n"
    "else need gzip; pack='gzip -c'; ext=gz; url=$put_gz; fi\n"
    "{ tar -C \"$world\" -cf - . && echo 0 >\"$tmp/status\" || echo $? >\"$tmp/status\"; } |\n"
    "    $pack >\"$tmp/world\" || fail \"the archive could not be written: "
    "$(df -h \"$tmp\" | tail -n 1)\"\n"
    /* 1: some files changed while they were read; GNU tar, "Return Codes" */
    "changed=$(cat \"$tmp/status\")\n"
    "[ \"$changed\" = 0 ] || [ \"$changed\" = 1 ] || fail \"tar could not read all of $path\"\n"
    "size=$(wc -c <\"$tmp/world\" | tr -d ' ')\n"
    "[ \"$size\" -le \"$most\" ] || fail \"the archive has $size bytes, and one upload takes "
    "at most $most: it stays in the disk image alone\"\n"
    "sha256=$(sha256sum <\"$tmp/world\" | cut -c 1-64)\n"
    "md5=$(md5sum <\"$tmp/world\" | cut -c 1-32)\n"
    "md5=$(while [ -n \"$md5\" ]; do\n"
    "    rest=${md5#??}\n"
    "    printf \"\\\\$(printf %03o \"0x${md5%\"$rest\"}\")\"\n"
    "    md5=$rest\n"
    "done | base64)\n"
    "fetch \"$url\" --upload-file \"$tmp/world\" --output /dev/null --header \"Content-MD5: $md5\" "
    "--header 'Content-Type: application/octet-stream' || fail \"the upload failed\"\n"
    "echo \"packed $ext $size $sha256 $changed $saved\"\n";

const char world_script_unpack[] =
    BEGIN "new=\n"
          "end() {\n"
          "    rm -rf \"$tmp\"\n"
          "    if [ -n \"$new\" ]; then rm -rf \"$new\"; fi\n"
          "    if [ -n \"$stopped\" ]; then game start; fi\n"
          "}\n" GAME TEMPORARY
          "case $ext in zst) need zstd; unpack='zstd -dcq';; *) unpack='gzip -dc';; esac\n"
          "[ -d \"${world%/*}\" ] || fail \"there is no folder ${path%/*} on the droplet\"\n"
          "fetch \"$get\" --output \"$tmp/world\" || fail \"the archive could not be fetched; "
          "nothing was changed\"\n"
          "got=$(wc -c <\"$tmp/world\" | tr -d ' ')\n"
          "[ \"$got\" = \"$size\" ] || fail \"the archive came with $got bytes instead of $size; "
          "nothing was changed\"\n"
          "[ \"$(sha256sum <\"$tmp/world\" | cut -c 1-64)\" = \"$sha256\" ] || "
          "fail \"the archive is not the one that was made: its SHA-256 is another; nothing was "
          "changed\"\n"
          "$unpack <\"$tmp/world\" | tar -tf - >\"$tmp/names\" || "
          "fail \"the archive cannot be read; nothing was changed\"\n"
          "if grep -qE '^/|(^|/)\\.\\.(/|$)' \"$tmp/names\"; then\n"
          "    fail \"the archive has names outside of its folder; nothing was changed\"\n"
          "fi\n"
          "new=$world.dogs-new\n"
          "rm -rf \"$new\"\n"
          "mkdir \"$new\"\n"
          "$unpack <\"$tmp/world\" | tar -C \"$new\" -xpf - || fail \"the archive could not be "
          "unpacked; nothing was changed: $(df -h \"$tmp\" | tail -n 1)\"\n"
          "[ -z \"$(find \"$new\" \\( -type b -o -type c \\) -print | head -n 1)\" ] || "
          "fail \"the archive has devices in it; nothing was changed\"\n"
          "sync\n" SWAP;

const char world_script_undo[] =
    BEGIN "new= tmp=\n"
          "end() { if [ -n \"$stopped\" ]; then game start; fi; }\n" GAME "trap end EXIT\n"
          "trap 'exit 1' HUP INT TERM\n" ASIDES "for one; do new=$one; done\n"
          "[ -n \"$new\" ] || fail \"there is no earlier world beside $path\"\n" SWAP;
