"""A real minetest (luanti) server on loopback, with a game of one block.

    with Luanti(folder) as server:
        server.port
"""

import pathlib
import socket
import time

from peers import common, games

HELLO = b"\x4f\x45\x74\x03\0\0\0\1"
BLOCK = """
minetest.register_node("base:stone", {description = "stone"})
minetest.register_alias("mapgen_stone", "base:stone")
minetest.register_alias("mapgen_water_source", "air")
minetest.register_alias("mapgen_river_water_source", "air")
"""


class Luanti:
    def __init__(self, folder):
        self.dir = pathlib.Path(folder).resolve()
        try:
            engine = games.file("usr/lib/*/luantiserver", "luanti-server")
        except common.Missing:
            engine = games.file("usr/lib/minetest/minetestserver", "minetest-server")
        share = games.file("usr/share/games/minetest/builtin", "minetest-data").parent
        # It looks for its own files beside the program, by the program's true place.
        home = self.dir / "home"
        for path, text in {
            "games/bare/game.conf": "title = bare\n",
            "games/bare/mods/base/mod.conf": "name = base\n",
            "games/bare/mods/base/init.lua": BLOCK,
        }.items():
            (self.dir / "bin" / path).parent.mkdir(parents=True, exist_ok=True)
            (self.dir / "bin" / path).write_text(text)
        (self.dir / "world").mkdir()
        (self.dir / "world/world.mt").write_text("gameid = bare\nbackend = sqlite3\n")
        (self.port,) = games.free_udp_ports(1)
        settings = self.dir / "minetest.conf"
        settings.write_text("bind_address = 127.0.0.1\nserver_announce = false\n"
                            "mg_name = singlenode\nenable_ipv6 = false\n")
        home.mkdir()
        program = self.dir / "bin" / engine.name
        program.write_bytes(engine.read_bytes())
        program.chmod(0o755)
        (self.dir / "share").mkdir()
        (self.dir / "share/minetest").symlink_to(share)
        self.children = common.Children(self.dir)
        self.child = self.children.start("minetestserver", [
            "env", games.libraries(), f"HOME={home}",
            f"MINETEST_SUBGAME_PATH={self.dir}/bin/games",
            program, "--world", self.dir / "world", "--port", self.port,
            "--config", settings, "--gameid", "bare"])
        self.children.wait_for(self.answers)

    def answers(self):
        """Whether a hello is answered with a peer's number, which is then given back."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.5)
            s.connect(("127.0.0.1", self.port))
            try:
                s.send(HELLO)
                said = s.recv(1024)
                s.send(HELLO[:4] + said[12:14] + b"\0\0\3")
            except OSError:
                time.sleep(0.05)
                return False
        return len(said) >= 14

    def close(self):
        self.children.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
