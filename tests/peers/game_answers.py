"""Small game servers for the tests of `dogs query`: each answers as its protocol says, or wrongly.

    with Udp(bedrock(3, 20)) as server: ...      # server.port, server.asked: datagrams that came
    with Tcp(java(3, 20, pieces=1)) as server: ...

A UDP answer is a function of a datagram that returns the datagrams to send; one in a list of its
own comes from another port. A TCP answer is called with the connection."""

import json
import socket
import struct
import threading
import time

MAGIC = bytes.fromhex("00ffff00fefefefefdfdfdfd12345678")


class Server:
    """Threads that end with the `with`."""

    kind = None

    def __init__(self, answer, address="127.0.0.1"):
        self.answer, self.asked, self.ends = answer, [], threading.Event()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, self.kind)
        self.socket.bind((address, 0))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()
        self.socket.close()


class Udp(Server):
    kind = socket.SOCK_DGRAM

    def serve(self):
        other = socket.socket(self.socket.family, self.kind)
        with other:
            while not self.ends.is_set():
                try:
                    data, sender = self.socket.recvfrom(65536)
                except OSError:
                    continue
                self.asked.append(data)
                for reply in self.answer(data):
                    wrong = isinstance(reply, list)
                    (other if wrong else self.socket).sendto(reply[0] if wrong else reply, sender)


class Tcp(Server):
    kind = socket.SOCK_STREAM

    def __enter__(self):
        self.socket.listen(8)  # before anybody is told the port
        return super().__enter__()

    def serve(self):
        while not self.ends.is_set():
            try:
                connection, _ = self.socket.accept()
            except OSError:
                continue
            with connection:
                connection.settimeout(5)
                try:
                    self.answer(connection, self)
                except OSError:
                    pass


# --- answers --------------------------------------------------------------------------------------


def silent(data):
    return []


def rubbish(data):
    return [bytes(range(200, 256))]


def cut(answer, n):
    return lambda data: [x[:n] for x in answer(data)]


def elsewhere(answer):
    """The answer comes from a port that was not asked, and nothing from the other."""
    return lambda data: [[x] for x in answer(data)]


def after(first, answer):
    """Only those after the first n are answered: they got lost on the way."""
    count = iter(range(1 << 30))
    return lambda data: answer(data) if next(count) >= first else []


def bedrock(players, most, title="A world", more=b""):
    def answer(data):
        if data[:1] != b"\1":
            return []
        text = f"MCPE;{title};390;1.14.60;{players};{most};13253860892328930865;Bedrock level;" \
               "Survival;1;19132;19133;".encode() + more
        return [b"\x1c" + data[1:9] + bytes(8) + MAGIC + struct.pack(">H", len(text)) + text]
    return answer


def info(players, most, bots=0, title="Source server"):
    return (b"\xff\xff\xff\xffI\x11" + title.encode() + b"\0de_dust2\0folder\0game\0" +
            struct.pack("<HBBB", 440, players, most, bots) + b"dl\0\1" + b"1.0.0.0\0" +
            b"\x80" + struct.pack("<H", 27015))


def pieces(whole, size, packed=False):
    parts = [whole[i:i + size] for i in range(0, len(whole), size)]
    number = 0x80000007 if packed else 7
    return [struct.pack("<iIBBH", -2, number, len(parts), i, size) + part
            for i, part in enumerate(parts)]


def a2s(players, most, bots=0, names=(), challenge=None, again=0, size=0, packed=False):
    """`challenge`: asked back first, `again` times more with another one; `size`: of pieces, the
    last of which comes first."""
    asked = iter(range(1 << 30))

    def send(whole):
        return pieces(whole, size, packed)[::-1] if size else [whole]

    def answer(data):
        if data[4:5] == b"U":
            if challenge and data[5:9] != challenge:
                return [b"\xff\xff\xff\xffA" + challenge]
            return send(b"\xff\xff\xff\xffD" + bytes([len(names)]) + b"".join(
                bytes([i]) + name.encode() + b"\0" + struct.pack("<if", 7, 60.5)
                for i, name in enumerate(names)))
        if data[:25] != b"\xff\xff\xff\xffTSource Engine Query\0":
            return []
        if again and next(asked) < again:
            return [b"\xff\xff\xff\xffA" + b"else"]
        if challenge and data[25:] != challenge:
            return [b"\xff\xff\xff\xffA" + challenge]
        return send(info(players, most, bots))
    return answer


def quake3(names, bots=0, most=16, human_count=True, with_info=True, with_status=True):
    """Bots have a ping of 0."""
    def answer(data):
        if data[:7] != b"\xff\xff\xff\xffget":
            return []
        what, challenge = data[4:].split(None, 1)
        keys = f"\\sv_hostname\\^1An ^7Arena\\mapname\\oa_dm1\\sv_maxclients\\{most}" \
               f"\\challenge\\{challenge.decode().strip()}"
        if what == b"getinfo" and with_info:
            humans = f"\\g_humanplayers\\{len(names)}" if human_count else ""
            return [f"infoResponse\n{keys}\\clients\\{len(names) + bots}{humans}"]
        if what == b"getstatus" and with_status:
            lines = [f'{i} 48 "{name}"\n' for i, name in enumerate(names)]
            lines += [f'{i} 0 "Bot {i}"\n' for i in range(bots)]
            return [f"statusResponse\n{keys}\\version\\ioq3 1.36\n" + "".join(lines)]
        return []
    return lambda data: [b"\xff\xff\xff\xff" + x.encode() for x in answer(data)]


def luanti(data):
    """Gives who comes without a number one; the rest needs no answer."""
    if data[:8] != b"\x4f\x45\x74\x03\0\0\0\1":
        return []
    return [b"\x4f\x45\x74\x03\0\1\0\3\xff\xdc\0\1\0\x2a"]


def java_query(players, most, names=()):
    def answer(data):
        session = data[3:7]
        if data[2] == 9:
            return [b"\t" + session + b"-9513307\0"]
        assert data[7:11] == struct.pack(">i", -9513307), data
        if len(data) == 11:
            return [b"\0" + session + f"Motd\0SMP\0world\0{players}\0{most}\0".encode() +
                    struct.pack("<H", 25565) + b"127.0.0.1\0"]
        keys = f"hostname\0Motd\0map\0world\0numplayers\0{players}\0maxplayers\0{most}\0\0"
        return [b"\0" + session + b"splitnum\0\x80\0" + keys.encode() + b"\1player_\0\0" +
                b"".join(name.encode() + b"\0" for name in names) + b"\0"]
    return answer


# --- over TCP -------------------------------------------------------------------------------------


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def hears(connection, server, end):
    """What came up to and with `end`."""
    data = b""
    while not data.endswith(end):
        more = connection.recv(4096)
        if not more:
            break
        data += more
    server.asked.append(data)
    return data


def status(players, most, names=(), title="A world", **more):
    document = {"version": {"name": "1.20.4", "protocol": 765},
                "description": {"text": title, "extra": [{"text": " of ours", "bold": True}]}}
    if players is not None:
        document["players"] = {"online": players, "max": most,
                               "sample": [{"name": name, "id": "0"} for name in names]}
    text = json.dumps(document | more).encode()
    packet = b"\0" + varint(len(text)) + text
    return varint(len(packet)) + packet


def java(reply, piece=0, refuses=0, cut_at=None):
    """`piece`: bytes sent at once, with a pause after each; `refuses`: connections closed first."""
    left = [refuses]

    def answer(connection, server):
        if left[0]:
            left[0] -= 1
            connection.recv(4096)
            return
        hears(connection, server, b"\x01\x00")
        data = reply[:cut_at]
        for i in range(0, len(data), piece or len(data) or 1):
            connection.sendall(data[i:i + (piece or len(data))])
            time.sleep(0.01 if piece else 0)
        if cut_at is None:
            connection.recv(1)
    return answer


def legacy(text, understands):
    """Answers what begins so, and closes at anything else, as servers of that time do."""
    def answer(connection, server):
        data = connection.recv(4096)
        server.asked.append(data)
        if data.startswith(understands) and (len(understands) > 1 or data == understands):
            reply = text.encode("utf-16-be")
            connection.sendall(b"\xff" + struct.pack(">H", len(reply) // 2) + reply)
    return answer


def mute(connection, server):
    """Takes the connection and never says a word."""
    while connection.recv(4096):
        pass
