"""Stands in for the game servers that a test cannot download: what game-scripts/ rely on, no more.

    standin_game.py GAME [ARGUMENT...]

Console games read their standard input, the others answer on their ports. What was said to one is
its world, so a world that was saved holds it.
"""

import base64
import http.server
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

# Game -> file of its world; what ends it (a word of its console); signals at which it saves.
WORLD = {
    "factorio": "/srv/factorio/saves/world.zip",
    "minecraft-java": "world/level.dat",
    "minecraft-bedrock": "worlds/world/level.dat",
    "terraria": "/srv/terraria/worlds/world.wld",
    "valheim": "/srv/valheim/worlds/worlds_local/world.db",
    "satisfactory": "/srv/satisfactory/.config/Epic/FactoryGame/Saved/SaveGames/server/dogs.sav",
    "palworld": "/srv/palworld/server/Pal/Saved/SaveGames/0/Level.sav",
}
ENDS = {"minecraft-bedrock": "stop", "terraria": "exit", "minecraft-java": "stop"}
AT_SIGNAL = {"factorio", "minecraft-java", "valheim"}
STATUS = {"minecraft-java": 143}

game, arguments = sys.argv[1], sys.argv[2:]
said = []


def show(text):
    print(text, flush=True)


def save():
    world = pathlib.Path(WORLD[game])
    world.parent.mkdir(parents=True, exist_ok=True)
    new = world.with_suffix(".tmp")
    new.write_text("\n".join(["world", *said]) + "\n")
    new.replace(world)


def end(*_):
    if game in AT_SIGNAL:
        save()
    os._exit(STATUS.get(game, 0))


def later(what, seconds=1.5):
    threading.Timer(seconds, what).start()


def java(line):
    stamp = time.strftime("[%H:%M:%S] [Server thread/INFO]: ")
    if line == "save-all flush":
        later(lambda: (save(), show(stamp + "Saved the game")))
    elif line == "list":
        show(stamp + "There are 2 of a max of 20 players online: a, b")
    elif line.startswith("say "):
        said.append(line[4:])
        show(stamp + "[Not Secure] [Server] " + line[4:])
        show(stamp + "<Alex> please stay a while")
        show(stamp + "<Alex> yesterday was better")


def bedrock(line):
    if line == "save hold":
        later(lambda: (save(), said.append("(held)")))
    elif line == "save query":
        held = said and said[-1] == "(held)"
        show("Data saved. Files are now ready to be copied." if held else
             "A previous save has not been completed.")
    elif line == "save resume":
        said.pop()
        show("Changes to the world are resumed.")
    elif line == "list":
        show("There are 2/10 players online:")
    elif line.startswith("say "):
        said.append(line[4:])


def factorio(line):
    chat = pathlib.Path("/srv/factorio/chat.log")
    if line == "/server-save":
        later(save)
    elif line == "/players online count":
        show("Spieler online (2):")
    else:
        said.append(line)
        with chat.open("a") as log:
            log.write(f"2026-11-20 20:00:00 [CHAT] <server>: {line}\n"
                      "2026-11-20 20:00:01 [CHAT] Alex: please stay a while\n")


def terraria(line):
    if line == "save":
        later(save)
    elif line == "playing":
        show(": a (203.0.113.7:5000)\n: b (203.0.113.8:5000)\n2 players connected.")
    elif line.startswith("say "):
        said.append(line[4:])
        show(f"<Server> {line[4:]}\n: <Alex> please stay a while")


def console(answer):
    for line in sys.stdin:
        line = line.rstrip("\n")
        if line == ENDS.get(game):
            save()
            os._exit(0)
        answer(line)


def a2s():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.bind(("0.0.0.0", 2457))
        while True:
            asked, who = port.recvfrom(2048)
            plain = b"\xff\xff\xff\xffTSource Engine Query\0"
            if asked == plain + b"\x5c\x00\x0a\x01":
                port.sendto(b"\xff\xff\xff\xffI\x11valheim\0world\0valheim\0\0"
                            b"\x00\x00\x05\x40\x03dl", who)
            elif asked == plain:
                port.sendto(b"\xff\xff\xff\xffA\x5c\x00\x0a\x01", who)


def autosave():
    while True:
        time.sleep(3)
        save()


class Api(http.server.BaseHTTPRequestHandler):
    claimed = ""

    def log_message(self, *_):
        pass

    def answer(self, value, status=200):
        body = json.dumps(value).encode() if value is not None else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")

    def palworld(self):
        given = base64.b64decode(self.headers["Authorization"].split()[1]).decode()
        if given != "admin:" + pathlib.Path("/srv/palworld/admin-password").read_text():
            return self.answer(None, 401)
        if self.path == "/v1/api/metrics":
            return self.answer({"serverfps": 57, "currentplayernum": 2, "maxplayernum": 16})
        body = self.body()
        if self.path == "/v1/api/announce":
            said.append(body["message"])
        elif self.path == "/v1/api/save":
            save()
        return self.answer(None)

    def satisfactory(self):
        asked = self.body()
        data, token = asked.get("data") or {}, self.headers.get("Authorization", "")[7:]
        give = lambda name: self.answer({"data": {"authenticationToken": name}})
        match asked["function"]:
            case "PasswordlessLogin" if data["MinimumPrivilegeLevel"] == "Client":
                return give("client")
            case "PasswordlessLogin" if not Api.claimed:
                return give("first")
            case "ClaimServer" if token == "first":
                Api.claimed = data["AdminPassword"]
                return give("admin")
            case "PasswordLogin" if Api.claimed and data["Password"] == Api.claimed:
                return give("admin")
            case "QueryServerState" if token:
                state = {"activeSessionName": "x", "numConnectedPlayers": 2, "isGameRunning": True}
                return self.answer({"data": {"serverGameState": state}})
            case "SaveGame" if token == "admin":
                save()
                return self.answer(None, 204)
        return self.answer({"errorCode": "insufficient_scope"}, 403)

    def do_POST(self):
        getattr(self, game)()

    do_GET = do_POST


def serve(port, tls):
    server = http.server.ThreadingHTTPServer(("0.0.0.0", port), Api)
    if tls:
        subprocess.run(
            "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=standin -days 9 -keyout key.pem "
            "-out cert.pem".split(), check=True, stderr=subprocess.DEVNULL)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("cert.pem", "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    show("ready")
    server.serve_forever()


if "--create" in arguments:
    save()
    sys.exit(0)
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, end)
show("started " + re.sub(r"[0-9A-Za-z]{24}", "(secret)", " ".join(arguments)))
if game == "valheim":
    threading.Thread(target=autosave, daemon=True).start()
    a2s()
elif game in ("palworld", "satisfactory"):
    serve(8212 if game == "palworld" else 7777, game == "satisfactory")
else:
    console({"minecraft-java": java, "minecraft-bedrock": bedrock, "factorio": factorio,
             "terraria": terraria}[game])
