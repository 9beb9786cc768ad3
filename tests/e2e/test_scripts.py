"""game-scripts/: run in a Debian that was booted (guest.py). Minetest and OpenArena are the real
ones of Debian; the other servers, which only their vendors give, are stood in for by
standin_game.py, their downloads by files: so it shows that scripts, units and `game` do what they
should, not that a vendor still has its file where it was.
"""

import contextlib
import hashlib
import http.server
import io
import json
import pathlib
import re
import shutil
import subprocess
import tarfile
import threading
import urllib.error
import urllib.request
import zipfile

import pytest

import dogs
import guest

SCRIPTS = dogs.ROOT / "game-scripts"
GAMES = sorted(folder.name for folder in SCRIPTS.iterdir() if folder.is_dir())
LIB = "/usr/local/lib/dogs"
booted = pytest.mark.skipif(bool(guest.missing()), reason=guest.missing())


def shell_files():
    others = [path for folder in ("tools", ".ci") for path in (dogs.ROOT / folder).iterdir()]
    for path in [*SCRIPTS.rglob("*.sh"), *others]:
        if path.is_file() and (path.suffix == ".sh" or path.read_bytes()[:11] == b"#!/bin/bash"):
            yield path


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="not here: shellcheck")
def test_shellcheck_finds_nothing():
    # Of tools/ the warnings only; what lib.sh sets is used by those who source it.
    for strict in (True, False):
        files = [path for path in shell_files()
                 if (SCRIPTS in path.parents) == strict and path.name != "lib.sh"]
        assert len(files) > 3
        command = ["shellcheck", "-x", "-P", "SCRIPTDIR", "-S", "style" if strict else "warning"]
        done = subprocess.run([*command, *files], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("game", GAMES)
def test_a_folder_is_whole(game):
    folder = SCRIPTS / game
    for name in ("install.sh", "update.sh", "game.sh"):
        text = (folder / name).read_text()
        assert text.startswith("#!/bin/bash\n") and "\nset -euo pipefail\n" in text, name
        assert (folder / name).stat().st_mode & 0o111, name
        assert subprocess.run(["bash", "-n", folder / name]).returncode == 0
    for path in folder.iterdir():
        assert path.read_bytes().isascii() and b"\r" not in path.read_bytes(), path
    assert 8 < (folder / "README.md").read_text().count("\n") <= 16
    # What the file says to programs, the README says to people.
    ports = re.search(r"^# ports: (.*)$", (folder / "install.sh").read_text(), re.M).group(1)
    for port in ports.split():
        assert re.fullmatch(r"(udp|tcp)/\d+", port)
        assert port in (folder / "README.md").read_text()
    unit = (folder / f"{game}.service").read_text()
    assert f"User={game}\n" in unit and f"ReadWritePaths=/srv/{game}\n" in unit
    # Within shutdown_grace_s, which is 180 if nothing else is said.
    assert 10 < int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.M).group(1)) < 180


# --- what `dogs create` sends --------------------------------------------------------------------


@contextlib.contextmanager
def listening_to_creates(sandbox_url):
    """An API that hands on to the sandbox, and the bodies of the creates that came by."""
    bodies = []

    class Between(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            if self.command == "POST" and self.path == "/v2/droplets":
                bodies.append(json.loads(body))
            own = ("Host", "Content-Length")
            headers = {key: value for key, value in self.headers.items() if key not in own}
            ask = urllib.request.Request(sandbox_url + self.path, body, headers,
                                         method=self.command)
            try:
                reply = urllib.request.urlopen(ask)
            except urllib.error.HTTPError as refused:
                reply = refused
            text = reply.read()
            self.send_response(reply.status)
            for name in set(reply.headers) - {"Content-Length", "Connection", "Transfer-Encoding"}:
                self.send_header(name, reply.headers[name])
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_DELETE = do_PUT = do_GET

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Between)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", bodies
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def config_of(games, extra=""):
    lines = ["api_url: {url}", "region: fra1", "size: s-1vcpu-2gb", "servers:"]
    return "\n".join([*lines, *(f"  s-{game}: {{{{game: {game}, ready: droplet{extra}}}}}"
                                for game in games)]) + "\n"


def sent_by_create(folder, games, extra="", files=()):
    with dogs.Sandbox(folder / "sandbox") as sandbox, \
            listening_to_creates(sandbox.url) as (url, bodies):
        host = dogs.Host(folder / "host", url, config=config_of(games, extra))
        for name, text in files:
            (folder / "host" / name).write_text(text)
        for game in games:
            host.must("create", f"s-{game}")
    return [body.get("user_data") for body in bodies]


@pytest.fixture(scope="module")
def user_data(tmp_path_factory):
    return dict(zip(GAMES, sent_by_create(tmp_path_factory.mktemp("create"), GAMES)))


def test_create_sends_the_script_of_the_game(user_data):
    assert sorted(user_data) == GAMES
    for game, text in user_data.items():
        assert text.startswith("#!/bin/sh\n") and text.isascii() and "\r" not in text
        assert len(text) < 64 * 1024
        assert text.endswith(f'/{game}/install.sh"\n')
        assert (SCRIPTS / game / "install.sh").read_text() in text
        others = [g for g in GAMES if g != game and f"/{g}/install.sh" in text]
        assert not others


def test_a_script_of_ones_own_comes_first(tmp_path):
    own = "#!/bin/sh\necho mine\n"
    assert sent_by_create(tmp_path, ["minetest"], ", script: own.sh", [("own.sh", own)]) == [own]


def test_without_a_game_nothing_is_sent(tmp_path):
    assert sent_by_create(tmp_path, ["other"]) == [None]


# --- the real ones -------------------------------------------------------------------------------


def install(g, game, text):
    """The first boot, and once more by hand, by which nothing of the owner's may change."""
    owners = (f"find /srv/{game} -maxdepth 1 -type f ! -name '*.log' ! -name '*.pem' "
              "-exec stat -c '%n %U %a' {} + -exec md5sum {} + | sort")
    pid = f"systemctl show -p MainPID --value {game}"
    g.sh(text)
    before = g.sh(pid), g.sh(owners)
    assert before[1]
    g.sh(f"{LIB}/scripts/{game}/install.sh")
    assert (g.sh(pid), g.sh(owners)) == before


def check_unit(g, game):
    assert g.sh(f"stat -c '%U %a' /srv/{game}") == f"{game} 750"
    pid = g.sh(f"systemctl show -p MainPID --value {game}")
    assert g.sh(f"stat -c %U /proc/{pid}") == game
    status = g.sh(f"cat /proc/{pid}/status")
    for line in (r"^CapEff:\s*0+$", r"^NoNewPrivs:\s*1$"):
        assert re.search(line, status, re.M), line
    said = g.sh(f"systemd-analyze verify /etc/systemd/system/{game}.service 2>&1")
    assert game not in said, said
    level = g.sh(f"systemd-analyze security --no-pager {game}.service | tail -n 1")
    assert float(re.search(r"exposure level for .*: ([0-9.]+)", level).group(1)) <= 2.0, level
    # What it writes outside of its folder does not get there.
    for place in ("/etc", "/usr", "/var", "/srv", "/home"):
        done = g.try_sh(f"nsenter -t {pid} -m touch {place}/dogs-wrote-this")
        assert "Read-only file system" in done.stderr, (place, done.stderr)


def wait_up(g, game):
    def up():
        done = g.dogs("query", "127.0.0.1", "--game", game, "--json")
        return done.returncode == 0 and json.loads(done.stdout)
    dogs.wait_until(up, 90, 0.3)
    return up()


@booted
def test_minetest_and_openarena_truly_run(user_data, tmp_path):
    """Set up as create does it, found by query, told, saved, stopped; the machine goes off at last
    and the world holds what was done."""
    with guest.booted(tmp_path) as g:
        for game in ("minetest", "openarena"):
            install(g, game, user_data[game])
            wait_up(g, game)
            check_unit(g, game)
            g.wait(f"[ \"$({LIB}/game players)\" = 0 ]")
            g.sh(f"{LIB}/game say", "five minutes, type stay\nto go on\n")
            log = {"minetest": "debug.log", "openarena": "console.log"}[game]
            g.wait(f"grep -q 'five minutes, type stay' /srv/{game}/{log}")
            g.wait(f"grep -q 'to go on' /srv/{game}/{log}")
            # Our own words are nobody's wish to stay.
            assert g.sh(f"{LIB}/game heard") == ""
            world = tmp_path / "srv/minetest/worlds/world/env_meta.txt"
            before = world.read_text() if world.exists() else ""
            g.sh(f"{LIB}/game save")
            assert game != "minetest" or world.read_text() != before
            if game == "openarena":
                chat = "say: Alex: please stay"
                g.sh(f"echo '  1:05 {chat}' >>/srv/openarena/baseoa/games.log")
                assert chat in g.sh(f"{LIB}/game heard")
                assert g.sh(f"{LIB}/game heard") == ""
            g.sh(f"{LIB}/game stop")
            assert g.sh(f"systemctl show -p ActiveState,Result {game}") \
                == "Result=success\nActiveState=inactive"
            assert g.try_sh(f"{LIB}/game players").returncode == 1
            assert g.try_sh(f"{LIB}/game save").returncode == 1
        # One game to a machine: `game` is the last one's that was set up. Minetest once more.
        g.sh(f"{LIB}/scripts/minetest/install.sh")
        wait_up(g, "minetest")
        at_stop = time_of(world)
        g.power_off()
    # The machine's end was the game's: it was told, and wrote its world.
    log = (tmp_path / "srv/minetest/debug.log").read_text()
    assert "Shutting down" in log.rsplit("listening on", 1)[1]
    assert time_of(world) >= at_stop


def time_of(world):
    return int(re.search(r"game_time = (\d+)", world.read_text()).group(1))


# --- the others, stood in for --------------------------------------------------------------------

CURL = """\
#!/usr/bin/python3
import os, pathlib, re, shutil, sys
words = sys.argv[1:]
text = " ".join(words)
if "--config" in words and words[words.index("--config") + 1] != "-":
    text = pathlib.Path(words[words.index("--config") + 1]).read_text()
    pairs = re.findall(r'url = "(.*)"\\noutput = "(.*)"', text)
elif words[-1].startswith("https://"):
    pairs = [(words[-1], words[words.index("--output") + 1])]
else:
    os.execv("/usr/bin/curl", ["curl", *words])
for url, place in pairs:
    pathlib.Path(place).parent.mkdir(parents=True, exist_ok=True)
    file = pathlib.Path("/standin/web") / url.removeprefix("https://").rstrip("/")
    if not file.is_file():
        sys.exit(f"curl: (22) 404: {url}")
    shutil.copyfile(file, place)
"""

STEAMCMD = """\
#!/bin/bash
set -eu
[ "$(id -un)" = "$(basename "$HOME")" ] # never as root
[ -e "$HOME/steam/updated" ] || { touch "$HOME/steam/updated"; exit 8; }
declare -A app=([896660]=valheim/valheim_server.x86_64 [1690800]=satisfactory/FactoryServer.sh
    [2394010]=palworld/PalServer.sh)
while [ "$1" != +app_update ]; do shift; done
what=${app[$2]}
mkdir -p "$HOME/server"
printf '#!/bin/sh\\nexec /usr/bin/python3 /standin/game.py %s "$@"\\n' "${what%%/*}" \\
    >"$HOME/server/${what#*/}"
chmod 755 "$HOME/server/${what#*/}"
"""


def program(game):
    return f'#!/bin/sh\nexec /usr/bin/python3 /standin/game.py {game} "$@"\n'.encode()


def packed(kind, files):
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    else:
        with tarfile.open(fileobj=out, mode=f"w:{kind}") as archive:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size, info.mode = len(data), 0o755
                archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def web():
    """Address without https:// -> what the vendor has there."""
    sha1 = lambda data: hashlib.sha1(data).hexdigest()
    as_json = lambda value: json.dumps(value).encode()
    data = "piston-data.mojang.com/v1/objects"
    jar, java, release = b"a server", program("minecraft-java"), b"JAVA_VERSION=21\n"
    link = lambda name, content: {"url": f"https://{data}/{name}", "sha1": sha1(content)}
    runtime = as_json({"files": {
        "bin": {"type": "directory"},
        "bin/java": {"type": "file", "executable": True, "downloads": {"raw": link("java", java)}},
        "release": {"type": "file", "downloads": {"raw": link("release", release)}},
        "legal/with blank": {"type": "file", "downloads": {"raw": link("release", release)}},
        "lib/java": {"type": "link", "target": "../bin/java"},
        "lib": {"type": "directory"}}})
    version = as_json({"javaVersion": {"component": "java-runtime-delta", "majorVersion": 21},
                       "downloads": {"server": link("server.jar", jar)}})
    factorio = packed("xz", {"factorio/bin/x64/factorio": program("factorio")})
    bedrock = "www.minecraft.net/bedrockdedicatedserver/bin-linux/bedrock-server-1.21.50.7.zip"
    return {
        "piston-meta.mojang.com/mc/game/version_manifest_v2.json": as_json({
            "latest": {"release": "1.21.4", "snapshot": "25w02a"},
            "versions": [{"id": "25w02a", "url": "x", "sha1": "y"},
                         {"id": "1.21.4", **link("version", version)}]}),
        f"{data}/version": version, f"{data}/server.jar": jar, f"{data}/java": java,
        f"{data}/release": release, f"{data}/runtime": runtime,
        "launchermeta.mojang.com/v1/products/java-runtime/2ec0cc96c44e5a76b9c8b7c39df7210883d12871/"
        "all.json": as_json({"linux": {"java-runtime-delta": [
            {"manifest": link("runtime", runtime)}]}}),
        "net-secondary.web.minecraft-services.net/api/v1.0/download/links": as_json({
            "result": {"links": [
                {"downloadType": "serverBedrockWindows",
                 "downloadUrl": "https://" + bedrock.replace("linux", "win")},
                {"downloadType": "serverBedrockLinux", "downloadUrl": "https://" + bedrock}]}}),
        bedrock: packed("zip", {"bedrock_server": program("minecraft-bedrock"),
                                "server.properties": b"server-name=theirs\n"}),
        "factorio.com/api/latest-releases": as_json({
            "experimental": {"alpha": "2.1.1", "headless": "2.1.1"},
            "stable": {"alpha": "2.0.28", "demo": "2.0.28", "headless": "2.0.28"}}),
        "factorio.com/download/sha256sums": "".join(
            f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in (
                ("factorio_linux_2.0.28.tar.xz", b"x"),
                ("factorio-headless_linux_2.0.28.tar.xz", factorio),
                ("factorio-headless_linux_2.1.1.tar.xz", b"y"))).encode(),
        "factorio.com/get-download/2.0.28/headless/linux64": factorio,
        "terraria.org/api/get/dedicated-servers-names":
            b'["terraria-server-1449.zip","terraria-server-1448.zip"]',
        "terraria.org/api/download/pc-dedicated-server/terraria-server-1449.zip": packed("zip", {
            "1449/Linux/TerrariaServer.bin.x86_64": program("terraria"),
            "1449/Windows/x.exe": b""}),
        "steamcdn-a.akamaihd.net/client/installer/steamcmd_linux.tar.gz": packed("gz", {
            "steamcmd.sh": STEAMCMD.encode(), "linux64/steamclient.so": b""}),
    }


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A guest with stand-ins for the vendors."""
    if guest.missing():
        pytest.skip(guest.missing())
    folder = tmp_path_factory.mktemp("town")
    with guest.booted(folder) as g:
        g.put("/standin/game.py", (dogs.ROOT / "tests/e2e/standin_game.py").read_text())
        g.put("/usr/local/bin/curl", CURL)
        for address, data in web().items():
            file = folder / "srv/web" / address
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        g.sh("ln -s /srv/web /standin/web")
        yield g


# game: what it says when asked to say; whether it hears; where its world lies.
CALLS = {
    "factorio": ("saves/world.zip", True, True),
    "minecraft-java": ("world/level.dat", True, True),
    "minecraft-bedrock": ("worlds/world/level.dat", True, False),
    "terraria": ("worlds/world.wld", True, True),
    "valheim": ("worlds/worlds_local/world.db", False, False),
    "satisfactory": ("saves/server/dogs.sav", False, False),
    "palworld": ("saves/0/Level.sav", True, False),
}


@booted
@pytest.mark.parametrize("game", CALLS)
def test_the_others_with_stand_ins(game, town, user_data):
    world, says, hears = CALLS[game]
    place = town.srv / game / world
    try:
        install(town, game, "export DOGS_PAUSE=0\n" + user_data[game])
        check_unit(town, game)
        town.wait(f"[ \"$({LIB}/game players)\" = 2 ]")
        said = town.try_sh(f"{LIB}/game say", "five \"minutes\"; $(type) \\stay\x07\nto go on")
        assert (said.returncode == 0) == says, said
        if says:
            town.sh(f"{LIB}/game save")
            assert 'five "minutes"; $(type) \\stay \nto go on' in place.read_text()
            town.sh(f"{LIB}/game say", "the last word\n")
        else:
            town.sh(f"{LIB}/game save")
            assert place.read_text().startswith("world\n")
            place.unlink()
        heard = town.sh(f"{LIB}/game heard")
        assert ("Alex" in heard) == hears and "minutes" not in heard and "yesterday" not in heard
        assert town.sh(f"{LIB}/game heard") == ""
        town.sh(f"{LIB}/game stop")
        assert not says or "the last word" in place.read_text()
        assert place.exists(), "the stop does not save"
        state = town.sh(f"systemctl show -p ActiveState,Result {game}")
        assert state == "Result=success\nActiveState=inactive", state
        # Secrets are the game's alone, and on nobody's command line.
        for path in (town.srv / game).rglob("*password"):
            assert path.stat().st_mode & 0o777 == 0o600 and path.stat().st_uid != 0, path
        assert town.sh(f"{LIB}/scripts/{game}/update.sh") is not None
        assert town.sh(f"systemctl show -p ActiveState --value {game}") == "inactive"
    finally:
        town.try_sh(f"systemctl disable --now {game}")


@booted
@pytest.mark.parametrize("game, spoilt", [
    ("factorio", "factorio.com/get-download/2.0.28/headless/linux64"),
    ("minecraft-java", "piston-data.mojang.com/v1/objects/server.jar"),
    ("minecraft-java", "piston-data.mojang.com/v1/objects/release"),
])
def test_a_download_that_is_not_the_vendors_is_refused(game, spoilt, town, user_data):
    town.sh(f"{{ {user_data[game].rsplit('exec', 1)[0]} }}; rm -rf /srv/{game}/version")
    file = town.srv / "web" / spoilt
    good = file.read_bytes()
    before = town.sh(f"find /srv/{game} -type f | sort | xargs -d '\\n' -r md5sum")
    file.write_bytes(good[:-1] + b"!")
    try:
        done = town.try_sh(f"{LIB}/scripts/{game}/install.sh")
        assert done.returncode == 1
        assert "vendor" in done.stderr or "Mojang lists" in done.stderr
        assert town.sh(f"find /srv/{game} -type f | sort | xargs -d '\\n' -r md5sum") == before
    finally:
        file.write_bytes(good)
