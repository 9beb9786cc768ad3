"""OpenArena's own server on loopback, and a client that joins it as far as being counted.

    with OpenArena(folder) as server:
        server.port
        with server.join("ann"): …
"""

import pathlib
import re
import secrets
import socket

from peers import common, games

PROTOCOL = 71
OUT_OF_BAND = b"\xff\xff\xff\xff"


class OpenArena:
    def __init__(self, folder, name="arena"):
        self.dir = pathlib.Path(folder).resolve()
        engine = games.program("usr/lib/ioquake3/ioq3ded", "ioquake3-server")
        library = games.file("usr/lib/openarena-server/baseoa/qagame*.so", "openarena-server")
        maps = games.file("usr/share/games/openarena/baseoa/pak1-maps.pk3", "openarena-081-maps")
        base = self.dir / "base/baseoa"
        base.mkdir(parents=True, exist_ok=True)
        for file in (library, maps):
            (base / file.name).symlink_to(file)
        (base / "default.cfg").write_text("\n")
        (self.port,) = games.free_udp_ports(1)
        self.secret = secrets.token_hex(8)
        settings = {
            "com_basegame": "baseoa", "fs_basepath": self.dir / "base",
            "fs_homepath": self.dir / "home", "com_protocol": PROTOCOL,
            "com_legacyprotocol": PROTOCOL, "dedicated": 1, "net_enabled": 1,
            "net_ip": "127.0.0.1", "net_port": self.port, "sv_pure": 0, "vm_game": 0,
            "bot_enable": 0, "sv_maxclients": 8, "sv_hostname": name, "sv_master1": "",
            "rconPassword": self.secret,
        }
        words = [word for key, value in settings.items() for word in ("+set", key, str(value))]
        self.children = common.Children(self.dir)
        self.child = self.children.start("ioq3ded", [engine, *words, "+map", "oa_dm1"])
        self.children.wait_for(lambda: self.ask(b"getstatus", 0.5))

    def ask(self, word, seconds=5.0):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            return self.talk(s, word, seconds)

    def talk(self, s, word, seconds=5.0):
        """The answer's bytes after the mark; b"" = none."""
        s.settimeout(seconds)
        s.connect(("127.0.0.1", self.port))
        try:
            s.send(OUT_OF_BAND + word)
            return s.recv(16384)[4:]
        except OSError:
            return b""

    def join(self, name):
        return Player(self, name)

    def close(self):
        self.children.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Player:
    """Who has connected: the server counts it from then on, until it is thrown out at the end."""

    def __init__(self, server, name):
        self.server, self.name = server, name
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        said = server.talk(self.socket, b"getchallenge")
        challenge = re.match(rb"challengeResponse (-?\d+)", said)
        assert challenge, said
        info = "".join(rf"\{key}\{value}" for key, value in {
            "protocol": PROTOCOL, "qport": secrets.randbelow(65536), "name": name,
            "challenge": challenge[1].decode(), "cl_guid": secrets.token_hex(16).upper(),
        }.items())
        said = server.talk(self.socket, b"connect " + squeeze(f'"{info}"'.encode()))
        assert said.startswith(b"connectResponse"), said

    def leave(self):
        self.socket.close()
        self.server.ask(b"rcon %s kick %s" % (self.server.secret.encode(), self.name.encode()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leave()


# --- the adaptive Huffman code in which "connect" is sent -----------------------------------------


class Node:
    def __init__(self, weight):
        self.weight = weight
        self.up = self.left = self.right = None  # in the tree
        self.heavier = self.lighter = None  # in the list by weight
        self.leader = None  # [the first of those with this weight], one list for all of them


class Tree:
    """Nodes lie in a list ordered by weight; those of one weight share the box that holds their
    leader. A symbol that is new is sent as the empty node's code and its eight bits."""

    def __init__(self):
        self.empty = self.root = Node(0)
        self.of = {}
        self.bits = []

    def send(self, byte):
        known = byte in self.of
        self.send_path(self.of[byte] if known else self.empty)
        if known:
            self.count(self.of[byte])
            return
        self.bits += [byte >> i & 1 for i in range(7, -1, -1)]
        self.add(byte)

    def send_path(self, node):
        path = []
        while node.up:
            path.append(int(node.up.right is node))
            node = node.up
        self.bits += reversed(path)

    def insert(self, node):
        """As the next heavier one after the empty node."""
        after = self.empty.heavier
        node.heavier, node.lighter, self.empty.heavier = after, self.empty, node
        if after:
            after.lighter = node
        node.leader = after.leader if after and after.weight == 1 else [node]

    def add(self, byte):
        fork, leaf = Node(1), Node(1)
        self.insert(fork)
        self.insert(leaf)
        self.put(self.empty, fork)
        fork.up, fork.left, fork.right = self.empty.up, self.empty, leaf
        self.empty.up = leaf.up = fork
        self.of[byte] = leaf
        self.count(fork.up)

    def put(self, old, new):
        """new hangs where old hung."""
        if not old.up:
            self.root = new
        elif old.up.left is old:
            old.up.left = new
        else:
            old.up.right = new

    def count(self, node):
        if not node:
            return
        if node.heavier and node.heavier.weight == node.weight:
            leader = node.leader[0]
            if leader is not node.up:
                self.swap(leader, node)
            swap_in_list(leader, node)
        same = node.lighter and node.lighter.weight == node.weight
        node.leader[0] = node.lighter if same else None
        node.weight += 1
        same = node.heavier and node.heavier.weight == node.weight
        node.leader = node.heavier.leader if same else [node]
        if not node.up:
            return
        self.count(node.up)
        if node.lighter is node.up:
            swap_in_list(node, node.up)
            if node.leader[0] is node:
                node.leader[0] = node.up

    def swap(self, a, b):
        above_a, above_b = a.up, b.up
        a_is_left = above_a and above_a.left is a
        b_is_left = above_b and above_b.left is b
        for above, is_left, node in ((above_a, a_is_left, b), (above_b, b_is_left, a)):
            if not above:
                self.root = node
            elif is_left:
                above.left = node
            else:
                above.right = node
        a.up, b.up = above_b, above_a


def swap_in_list(a, b):
    a.heavier, b.heavier = b.heavier, a.heavier
    a.lighter, b.lighter = b.lighter, a.lighter
    for node, other in ((a, b), (b, a)):
        if node.heavier is node:
            node.heavier = other
        if node.lighter is node:
            node.lighter = other
    for node in (a, b):
        if node.heavier:
            node.heavier.lighter = node
        if node.lighter:
            node.lighter.heavier = node


def squeeze(data):
    tree = Tree()
    for byte in data:
        tree.send(byte)
    out = bytearray(len(tree.bits) // 8 + 1)
    for i, bit in enumerate(tree.bits):
        out[i // 8] |= bit << i % 8
    return len(data).to_bytes(2, "big") + bytes(out)
