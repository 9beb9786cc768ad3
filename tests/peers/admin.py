"""Servers that are asked and told through their administrator's door: RCON in the manners of several
games, the REST APIs of TShock and Palworld, Satisfactory's API behind a certificate of its own.

    with games.Tcp(rcon("s3cret", MINECRAFT, {"list": "There are 0 …"})) as server: ...
    with Http(tshock(2, token="t0ken")) as server: ...        # server.port, server.heard
    with Http(satisfactory(2), authority) as server: ...      # server.pin as well

`heard`: what came, as (path, body, authorization) or as commands."""

import base64
import hashlib
import http.server
import json
import pathlib
import ssl
import struct
import threading

LOGIN, COMMAND, LOGGED_IN, OUTPUT = 3, 2, 2, 0
REFUSED = -1


class Manner:
    """How a game's RCON differs from the others'."""

    def __init__(self, login_first=False, mark="echo", cut=4096, chatter=False, strict=False):
        self.login_first = login_first  # an empty output before the login is answered
        self.mark = mark  # what becomes of a packet that is no command: echo, unknown, silent, close
        self.cut = cut  # of one packet
        self.chatter = chatter  # packets that nobody asked for
        self.strict = strict  # one packet in one piece, or the connection ends


SOURCE = Manner(login_first=True)
MINECRAFT = Manner(mark="unknown", strict=True)
MINECRAFT_LIKE = Manner(mark="close", strict=True)
FACTORIO = Manner(mark="silent", cut=1 << 20)
ARK = Manner(mark="silent", chatter=True)
CRUMBS = Manner(cut=3)


def packet(number, kind, text=b""):
    return struct.pack("<iii", len(text) + 10, number, kind) + text + b"\0\0"


def exactly(connection, n):
    data = b""
    while len(data) < n:
        more = connection.recv(n - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def take(connection, manner):
    if manner.strict:
        piece = connection.recv(1460)
        if len(piece) < 14 or struct.unpack("<i", piece[:4])[0] != len(piece) - 4:
            raise ConnectionError
    else:
        (size,) = struct.unpack("<i", exactly(connection, 4))
        piece = struct.pack("<i", size) + exactly(connection, size)
    number, kind = struct.unpack("<ii", piece[4:12])
    return number, kind, piece[12:-2].decode()


def marked(manner, number):
    if manner.mark == "close":
        raise ConnectionError
    if manner.mark == "unknown":
        return packet(number, OUTPUT, b"Unknown request 0")
    if manner.mark == "silent":
        return b""
    return packet(number, OUTPUT) + packet(number, OUTPUT, b"\x00\x01\x00\x00")


def rcon(password, manner, answers):
    """An answer of games.Tcp: what is not in `answers` is an unknown command."""
    def talk(connection, server):
        entered = False
        while True:
            number, kind, text = take(connection, manner)
            if kind == LOGIN:
                entered = text == password
                if manner.login_first:
                    connection.sendall(packet(number, OUTPUT))
                connection.sendall(packet(number if entered else REFUSED, LOGGED_IN))
            elif not entered:
                connection.sendall(packet(REFUSED, LOGGED_IN))
            elif kind == COMMAND:
                server.asked.append(text)
                said = answers.get(text, "Unknown command").encode()
                if manner.chatter:
                    connection.sendall(packet(0, OUTPUT, b"Keep Alive"))
                for at in range(0, len(said) or 1, manner.cut):
                    connection.sendall(packet(number, OUTPUT, said[at:at + manner.cut]))
            else:
                connection.sendall(marked(manner, number))
    return talk


# --- HTTP -----------------------------------------------------------------------------------------


class Http:
    """`answer(path, body, authorization)` returns a status and JSON, text or None."""

    def __init__(self, answer, authority=None):
        self.heard = heard = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                size = int(self.headers.get("Content-Length") or 0)
                asked = (self.path, self.rfile.read(size).decode(),
                         self.headers.get("Authorization", ""))
                heard.append(asked)
                status, told = answer(*asked)
                text = told if isinstance(told, str) else "" if told is None else json.dumps(told)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port, self.pin = self.server.server_address[1], None
        if authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(authority.cert, authority.key)
            der = ssl.PEM_cert_to_DER_cert(pathlib.Path(authority.cert).read_text())
            self.pin = hashlib.sha256(der).hexdigest()
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def tshock(players, token=None):
    """With a token the count needs it, too. The HTTP status is always 200, as TShock's."""
    def answer(path, body, authorization):
        if token and f"token={token}" not in path:
            return 200, {"status": "401" if "token=" not in path else "403",
                         "error": "Not authorized. The specified API endpoint requires a token."}
        if not path.startswith("/v2/server/status"):
            return 200, {"status": "404", "error": "Specified API endpoint doesn't exist."}
        told = {"status": "200", "name": "Ann's", "serverversion": "v1.4.4.9", "world": "Hill",
                "playercount": players, "maxplayers": 8}
        if "players=true" in path:
            told["players"] = [{"nickname": f"p{i}"} for i in range(players)]
        return 200, told
    return answer


def palworld(players, password):
    def answer(path, body, authorization):
        if authorization != "Basic " + base64.b64encode(f"admin:{password}".encode()).decode():
            return 401, {"error": "Unauthorized"}
        if path == "/v1/api/metrics":
            return 200, {"serverfps": 57, "currentplayernum": players, "maxplayernum": 32}
        if path == "/v1/api/players":
            return 200, {"players": [{"name": f"p{i}"} for i in range(players)]}
        return 404, None
    return answer


def satisfactory(players, client_password=None):
    """With a client's password nobody gets in without one."""
    def answer(path, body, authorization):
        asked = json.loads(body)
        data = asked.get("data", {})
        if asked["function"] == "PasswordlessLogin" and client_password:
            return 401, {"errorCode": "passwordless_login_not_possible"}
        if asked["function"] == "PasswordLogin" and data["Password"] != client_password:
            return 401, {"errorCode": "wrong_password", "errorMessage": "Wrong password."}
        if asked["function"].endswith("Login"):
            return 200, {"data": {"authenticationToken": "ewoJInBsIjogMQp9.7E5B"}}
        if authorization != "Bearer ewoJInBsIjogMQp9.7E5B":
            return 401, {"errorCode": "invalid_token"}
        return 200, {"data": {"serverGameState": {
            "activeSessionName": "Hill", "numConnectedPlayers": players, "playerLimit": 4,
            "isGameRunning": True}}}
    return answer


def light(state):
    """Satisfactory's light query: 0 offline, 1 idle, 2 loading, 3 playing."""
    def answer(data):
        magic, kind, version, cookie, end = struct.unpack("<HBBQB", data)
        name = "Ann's".encode()
        if (magic, kind, version, end) != (0xF6D5, 0, 1, 1):
            return []
        return [struct.pack("<HBBQBIQB", magic, 1, 1, cookie, state, 365306, 0, 1) + b"\0\7\0" +
                struct.pack("<H", len(name)) + name + b"\1"]
    return answer
