"""The process behind faulty.py: see there for the plan. Prints its ports; ends with its input."""

import asyncio
import base64
import email.utils
import fnmatch
import gzip
import hashlib
import json
import os
import random
import re
import socket
import ssl
import struct
import sys
import time
import urllib.parse
from http import HTTPStatus

CHUNK = 64 * 1024
MAX_HEAD = 64 * 1024
ADDING = ("headers", "delay", "checks", "together")


class Broken(Exception):
    """The connection ends now; with a reset where asked."""

    def __init__(self, reset=False):
        super().__init__()
        self.reset = reset


def crc64_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0xC96C5795D7870F42 if n & 1 else 0)
        table.append(n)
    return table


CRC64 = crc64_table()


def crc64(data):
    crc = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        crc = CRC64[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFFFFFFFFFF


def md5_header(data):
    return base64.b64encode(hashlib.md5(data).digest()).decode()


CHECKS = {  # name -> header, its value
    "sha256": ("x-checksum-sha256", lambda data: hashlib.sha256(data).hexdigest()),
    "sha1": ("x-checksum-sha1", lambda data: hashlib.sha1(data).hexdigest()),
    "md5": ("x-checksum-md5", lambda data: hashlib.md5(data).hexdigest()),
    "content-md5": ("content-md5", md5_header),
    "crc64": ("x-oss-hash-crc64ecma", lambda data: str(crc64(data))),
}


class Thing:
    """What is at a path now."""

    def __init__(self, data, modified, tag):
        self.data, self.modified, self.etag = data, modified, f'"{tag}"'

    @property
    def date(self):
        return email.utils.formatdate(self.modified, usegmt=True)


class Server:
    def __init__(self, settings):
        self.settings = settings
        self.rules, self.stored, self.log = [], {}, []
        self.connections = self.open = self.most = self.requests = 0
        self.set_plan([])
        self.cache = {}

    def set_plan(self, rules):
        self.rules = [{"fired": 0, "paths": set(), **rule} for rule in rules]
        self.seen, self.versions, self.fired = {}, {}, {}
        self.waiting = []  # for others, by rules of `together`

    # --- what is there ------------------------------------------------------------------------

    def thing(self, path):
        version = self.versions.get(path, 0)
        if path in self.stored:
            data, modified = self.stored[path]
            tag = hashlib.md5(data).hexdigest()
        else:
            name = os.path.normpath(urllib.parse.unquote(path)).lstrip("/")
            name = os.path.join(self.settings["root"], name)
            try:
                with open(name, "rb") as file:
                    stat = os.fstat(file.fileno())
                    tag = f"{stat.st_mtime_ns:x}-{stat.st_size:x}"
                    if self.cache.get(path, ("",))[0] != tag:
                        self.cache[path] = tag, file.read()
            except (OSError, ValueError):
                return None
            data, modified = self.cache[path][1], int(stat.st_mtime)
        if version:
            shifted = bytes((n + version) % 256 for n in range(256))
            data, modified, tag = data.translate(shifted), modified + version, f"{tag}-{version}"
        return Thing(data, modified, tag)

    # --- the plan -----------------------------------------------------------------------------

    @staticmethod
    def fits(rule, method, path, query):
        return rule.get("method", method) == method \
            and fnmatch.fnmatchcase(path, rule.get("path", "*")) \
            and fnmatch.fnmatchcase(query, rule.get("query", "*"))

    @staticmethod
    def in_time(rule):
        """`lasts` and `over`: by the clock."""
        now = time.monotonic()
        if "over" in rule:
            passed = rule.setdefault("passed", [])
            passed[:] = [at for at in passed if now - at < 1]
            if len(passed) < rule["over"]:
                passed.append(now)
                return False
        return now - rule.setdefault("since", now) <= rule.get("lasts", 1 << 60)

    def choose(self, method, path, query):
        """The fault (or None), and the rules that add to the answer."""
        part = re.search(r"partNumber=\d+", query)
        asked = f"{method} {path} {part[0] if part else ''}"
        nth = self.seen[asked] = self.seen.get(asked, 0) + 1
        adding = []
        for number, rule in enumerate(self.rules):
            if not self.fits(rule, method, path, query):
                continue
            draw = random.Random(f"{self.settings['seed']} {number} {asked} {nth}")
            if rule["fired"] >= rule.get("times", 1 << 60) or nth < rule.get("nth", 1) \
                    or (rule.get("once") and asked in rule["paths"]) \
                    or draw.random() >= rule.get("rate", 1) or not self.in_time(rule):
                continue
            rule["fired"] += 1
            rule["paths"].add(asked)
            kinds = rule["do"] if isinstance(rule["do"], list) else [rule["do"]]
            if kinds[0] in ADDING:
                adding.append(rule)
                continue
            kind = draw.choice(kinds)
            self.fired[kind] = self.fired.get(kind, 0) + 1
            return {**rule, "do": kind, "count": nth}, adding
        return None, adding

    async def together(self, n):
        """Until n wait, or a second."""
        came = asyncio.get_running_loop().create_future()
        self.waiting.append(came)
        if len(self.waiting) < n:
            await asyncio.wait([came], timeout=1)
        for other in self.waiting:
            if not other.done():
                other.set_result(None)
        self.waiting = []

    def control(self, what, body):
        if what == "plan":
            self.set_plan(json.loads(body))
        elif what == "reset":
            self.set_plan([])
            self.stored, self.cache, self.log = {}, {}, []
            self.connections = self.requests = 0
            self.most = self.open
        elif what == "clear":
            self.log = []
        elif what == "log":
            return self.log
        elif what == "stored":
            return {path: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
                    for path, (data, _) in self.stored.items()}
        return {"connections": self.connections, "open": self.open, "most": self.most,
                "requests": self.requests, "fired": self.fired,
                "sent": sum(e["sent"] for e in self.log), "got": sum(e["got"] for e in self.log)}

    async def connected(self, reader, writer):
        self.connections += 1
        self.open += 1
        connection = Connection(self, reader, writer, self.connections)
        try:
            await connection.serve()
        except Broken as broken:
            if broken.reset:
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError):
            pass
        finally:
            self.open -= not connection.ours
            if connection.upstream:
                connection.upstream[1].close()
            if writer.get_extra_info("ssl_object"):
                writer.transport.abort()  # else it waits for the peer's close_notify
            else:
                writer.close()


class Connection:
    def __init__(self, server, reader, writer, number):
        self.server, self.reader, self.writer, self.number = server, reader, writer, number
        self.tls = bool(writer.get_extra_info("ssl_object"))
        self.ours = False  # of the test's own questions; not counted as open
        self.upstream = None  # (reader, writer), kept while this connection lasts

    async def serve(self):
        await asyncio.sleep(self.server.settings["connect_delay"])
        while True:
            try:
                head = await self.reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return
            await self.request(head.decode("latin-1").split("\r\n"))

    async def request(self, lines):
        self.method, self.target, _ = lines[0].split(" ")
        self.lines, self.headers = lines, {}
        for line in lines[1:-2]:
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        self.path, _, self.query = self.target.partition("?")
        self.entry = {"n": self.server.requests, "connection": self.number, "tls": self.tls,
                      "method": self.method, "path": self.path, "query": self.query, "status": 0,
                      "headers": self.headers, "host": self.headers.get("host", ""), "fault": "",
                      "sent": 0, "got": 0, "at": time.time()}
        if self.path.startswith("/~faulty/"):
            self.server.open -= not self.ours
            self.ours = True
            body = await self.body()
            answer = json.dumps(self.server.control(self.path[9:], body)).encode()
            return await self.answer(200, answer)
        self.server.most = max(self.server.most, self.server.open)
        self.server.requests += 1
        if self.server.settings["log"]:
            self.server.log.append(self.entry)
        fault, adding = self.server.choose(self.method, self.path, self.query)
        self.more, self.checks = {}, []
        delay = self.server.settings["delay"]
        for rule in adding:
            self.more |= rule.get("headers", {})
            self.checks += rule.get("checks", [])
            delay += rule.get("seconds", 0)
            if rule["do"] == "together":
                await self.server.together(rule["n"])
        await asyncio.sleep(delay)
        allowed = self.server.settings["auth"]
        if allowed and self.headers.get("authorization") != allowed:
            await self.body()
            return await self.answer(401, b"who are you?", {"www-authenticate": "Basic realm=x"})
        if fault:
            self.entry["fault"] = fault["do"]
            return await FAULTS[fault["do"]](self, fault)
        await self.plain()

    async def pieces(self, most=None):
        left = int(self.headers.get("content-length", 0))
        if self.headers.pop("expect", "").lower() == "100-continue":
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            yield await self.chunked()
        left = left if most is None else min(left, most)
        while left:
            piece = await self.reader.read(min(left, 1 << 18))
            if not piece:
                raise Broken
            self.entry["got"] += len(piece)
            left -= len(piece)
            yield piece

    async def body(self, most=None):
        """The request's body; its first `most` bytes only where given."""
        return b"".join([piece async for piece in self.pieces(most)])

    async def chunked(self):
        pieces = []
        while True:
            length = int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16)
            pieces.append(await self.reader.readexactly(length))
            self.entry["got"] += length
            await self.reader.readexactly(2)
            if not length:
                return b"".join(pieces)

    # --- answers ------------------------------------------------------------------------------

    def head(self, status, headers):
        self.entry["status"] = status
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = "Odd"
        lines = [f"HTTP/1.1 {status} {phrase}"]
        lines += [f"{name}: {v}" for name, value in headers.items()
                  for v in (value if isinstance(value, list) else [value])]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape"))

    async def send(self, data):
        if self.method == "HEAD":
            return
        if len(data) <= CHUNK:
            self.writer.write(data)
            self.entry["sent"] += len(data)
            return await self.writer.drain()
        view = memoryview(data)
        for at in range(0, len(view), CHUNK):
            self.writer.write(view[at:at + CHUNK])
            await self.writer.drain()
            self.entry["sent"] += len(view[at:at + CHUNK])

    async def answer(self, status, data=b"", headers=None):
        self.head(status, {"content-length": len(data), **(headers or {})})
        await self.send(data)

    def wanted(self, thing):
        """Status, first byte, end: of what a right answer holds."""
        size = len(thing.data)
        get = self.headers.get
        if get("if-match", thing.etag) not in (thing.etag, "*"):
            return 412, 0, 0
        since = get("if-unmodified-since")
        if since and email.utils.parsedate_to_datetime(since).timestamp() < thing.modified:
            return 412, 0, 0
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", get("range", ""))
        if not match or match[0] == "bytes=-" or \
                get("if-range", thing.etag) not in (thing.etag, thing.date):
            return 200, 0, size
        if not match[1]:
            return 206, max(0, size - int(match[2])), size
        first, end = int(match[1]), min(size, int(match[2] or size) + 1)
        return (206, first, end) if first < end else (416, 0, 0)

    def about(self, thing, status, first, end):
        headers = {"etag": thing.etag, "last-modified": thing.date, "accept-ranges": "bytes",
                   "content-type": "application/octet-stream"}
        if status == 206:
            headers["content-range"] = f"bytes {first}-{end - 1}/{len(thing.data)}"
        if status == 416:
            headers["content-range"] = f"bytes */{len(thing.data)}"
        for check in self.checks:
            name, value = CHECKS[check]
            # RFC 1864: Content-MD5 is of the body; the others are of the whole file.
            headers[name] = value(thing.data[first:end] if check == "content-md5" else thing.data)
        headers |= self.more
        return {name: value for name, value in headers.items() if value is not None}

    async def forward(self, cut=None, answer=True):
        """What the server behind says; `cut`: only so many bytes of its body; not `answer`: it
        is asked, and nothing comes of it."""
        if not self.upstream:
            self.upstream = await asyncio.open_connection(*self.server.settings["upstream"],
                                                          limit=MAX_HEAD)
        reader, writer = self.upstream
        kept = [line for line in self.lines[1:-2] if not line.lower().startswith("expect:")]
        writer.write("\r\n".join([self.lines[0], *kept, "", ""]).encode("latin-1"))
        async for piece in self.pieces():
            writer.write(piece)
            await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        text = head.decode("latin-1").lower()
        self.entry["status"] = int(text.split(" ")[1])
        length = re.search(r"\r\ncontent-length: *(\d+)", text)
        if not answer:
            raise Broken
        self.writer.write(head)
        if self.method == "HEAD" or self.entry["status"] in (204, 304):
            return
        if "\r\ntransfer-encoding: chunked" in text:
            return await self.forward_chunked(reader)
        left = min(int(length[1]), 1 << 60 if cut is None else cut)
        while left:
            piece = await reader.read(min(left, 1 << 18))
            self.writer.write(piece)
            await self.writer.drain()
            self.entry["sent"] += len(piece)
            left -= len(piece)

    async def forward_chunked(self, reader):
        length = -1
        while length:
            line = await reader.readuntil(b"\r\n")
            length = int(line.split(b";")[0], 16)
            self.writer.write(line + await reader.readexactly(length + 2))
            self.entry["sent"] += length

    async def plain(self, about=None, cut=None, data=None):
        """The right answer; `about` changes its headers, `cut` ends it after so many bytes."""
        if self.server.settings["upstream"]:
            return await self.forward(cut)
        if self.method in ("PUT", "POST"):
            return await self.store()
        if self.method == "DELETE":
            self.server.stored.pop(self.path, None)
            return await self.answer(204)
        thing = self.server.thing(self.path)
        if not thing:
            return await self.answer(404, b"there is no such file\n")
        status, first, end = self.wanted(thing)
        headers = {"content-length": end - first, **self.about(thing, status, first, end)}
        if data:
            thing.data = data(thing.data)
        for name, value in (about or {}).items():
            headers.pop(name, None)
            if value is not None:
                headers[name] = value
        self.head(status, headers)
        await self.send(thing.data[first:end][:cut])

    async def store(self):
        data = await self.body()
        there = self.server.thing(self.path)
        if self.headers.get("if-none-match") == "*" and there:
            return await self.answer(412, b"it is there\n")
        md5 = self.headers.get("content-md5")
        if md5 and md5 != md5_header(data):
            return await self.answer(400, b"BadDigest\n")
        self.server.stored[self.path] = data, int(time.time())
        etag = f'"{hashlib.md5(data).hexdigest()}"'
        await self.answer(200 if there else 201, b"", {"etag": etag})

    def length(self):
        """Of the body of a right answer."""
        thing = self.server.thing(self.path)
        if self.method != "GET" or not thing:
            return 0
        _, first, end = self.wanted(thing)
        return end - first

    def upto(self, fault):
        """Where a broken body ends: `at` (a fraction, or bytes from 1 on; default a half, before
        another server 1000)."""
        at = fault.get("at", 1000 if self.server.settings["upstream"] else 0.5)
        return int(at * self.length()) if at < 1 else int(at)


FAULTS = {}


def fault(function):
    FAULTS[function.__name__.rstrip("_").replace("_", "-")] = function
    return function


@fault
async def status(c, rule):
    """status (503), retry_after (seconds or text), body, close (the connection), early (before
    the request's body was read)."""
    if not rule.get("early"):
        await c.body()
    headers = dict(rule.get("headers", {}))
    if "retry_after" in rule:
        headers["retry-after"] = rule["retry_after"]
    if rule.get("close") or rule.get("early"):
        headers["connection"] = "close"
    body = rule.get("body", "<html><h1>something is wrong</h1></html>\n").encode()
    await c.answer(rule.get("status", 503), body, headers)
    if "connection" in headers:
        raise Broken


@fault
async def serve(c, rule):
    """200 with `bytes` (text), whatever was asked for."""
    await c.body()
    data = rule.get("bytes", "").encode()
    await c.answer(200, b"" if c.method == "HEAD" else data, {"content-length": len(data)})


@fault
async def busy(c, rule):
    """429 with Retry-After: retry_after (1)."""
    await c.body()
    await c.answer(429, b"too many requests\n", {"retry-after": rule.get("retry_after", 1)})


@fault
async def cut_(c, rule):
    """The body ends before its length: at, reset. Of a PUT: after `at` bytes of its body."""
    if c.method == "PUT":
        await c.body(rule.get("at", 1000))
        raise Broken(rule.get("reset"))
    await c.plain(cut=c.upto(rule))
    await c.writer.drain()
    raise Broken(rule.get("reset"))


@fault
async def reset(c, rule):
    """The same with a reset."""
    await cut_(c, {**rule, "reset": True})


@fault
async def close(c, rule):
    """Not a byte of an answer."""
    raise Broken(rule.get("reset"))


@fault
async def lost(c, rule):
    """The effect takes place, the answer never comes."""
    if c.server.settings["upstream"]:
        await c.forward(answer=False)
    if c.method == "PUT":
        c.server.stored[c.path] = await c.body(), int(time.time())
    raise Broken


@fault
async def stall(c, rule):
    """Nothing more after `at`: for `seconds` (3600), then cut. `head`: not even a head."""
    if not rule.get("head"):
        await c.plain(cut=c.upto(rule))
    await asyncio.sleep(rule.get("seconds", 3600))
    raise Broken


@fault
async def trickle(c, rule):
    """The body in pieces of `bytes` (1) each `seconds` (0.1)."""
    thing = c.server.thing(c.path)
    status_, first, end = c.wanted(thing)
    c.head(status_, {"content-length": end - first, **c.about(thing, status_, first, end)})
    for at in range(first, end, rule.get("bytes", 1)):
        await c.send(thing.data[at:min(end, at + rule.get("bytes", 1))])
        await asyncio.sleep(rule.get("seconds", 0.1))


@fault
async def wrong_range(c, rule):
    """`how`: shift (another range, honestly told), bytes (told as asked, others sent), total
    (another size of the whole), star (no size of it), untold (206 without Content-Range), short (half of it), whole (200
    with all), none (200 with all, and no Accept-Ranges)."""
    how = rule.get("how", "shift")
    thing = c.server.thing(c.path)
    status_, first, end = c.wanted(thing)
    if status_ != 206 or how in ("whole", "none"):
        c.headers.pop("range", None)
        return await c.plain({"accept-ranges": None} if how == "none" else None)
    size, told = len(thing.data), None
    if how == "shift":
        by = 1 if first == 0 else -1
        first, end = first + by, end + by
        if end > size:
            first, end = first, size
    elif how == "short":
        end = first + max(1, (end - first) // 2)
    elif how in ("total", "star"):
        told = f"bytes {first}-{end - 1}/{'*' if how == 'star' else size + 1}"
    data = thing.data[first:end]
    if how == "bytes":
        data = bytes(255 - byte for byte in data[:1]) + data[1:]
    headers = c.about(thing, 206, first, end)
    if told:
        headers["content-range"] = told
    if how == "untold":
        del headers["content-range"]
    c.head(206, {"content-length": len(data), **headers})
    await c.send(data)


async def chunks(c, how):
    thing = c.server.thing(c.path)
    c.head(200, c.about(thing, 200, 0, 0) | {"transfer-encoding": "chunked"})
    data = thing.data if how == "chunked" else thing.data[:len(thing.data) // 2]
    for at in range(0, len(data), CHUNK):
        piece = data[at:at + CHUNK]
        await c.send(b"%x\r\n%b\r\n" % (len(piece), piece))
    if how != "chunked":
        raise Broken
    c.writer.write(b"0\r\n\r\n")
    await c.writer.drain()


@fault
async def wrong_length(c, rule):
    """`how`: long (more announced than comes), short (less: the rest follows all the same), two
    (Content-Length twice, different), odd ("12x"), absent (ends with the connection, whole),
    absent-cut (the same after half), chunked (whole), chunked-cut (ends within one)."""
    how, length = rule.get("how", "long"), c.length()
    if how.startswith("chunked"):
        return await chunks(c, how)
    told = {"long": length + 7, "short": max(0, length - 7), "two": [length, length + 1],
            "odd": f"{length}x", "absent": None, "absent-cut": None}[how]
    more = {"connection": "close"} if told is None else {}
    cut = length // 2 if how == "absent-cut" else None
    await c.plain({"content-length": told, **more}, cut)
    await c.writer.drain()
    raise Broken


@fault
async def gzip_(c, rule):
    """Packed though nobody asked. `lie`: the header alone, the bytes are plain."""
    thing = c.server.thing(c.path)
    data = thing.data if rule.get("lie") else gzip.compress(thing.data, 1)
    about = c.about(thing, 200, 0, len(data)) | {"content-encoding": "gzip"}
    await c.answer(200, data, about)


@fault
async def redirect(c, rule):
    """status (302), to (an address; {path} is the path asked for, {n} how often it was). `hops`: so many addresses of
    this server first, each with ?hop=N. `loop`: back to itself."""
    hop = int(re.sub(r"\D", "", c.query) or 0)
    if rule.get("loop"):
        to = f"{c.path}?hop={(hop + 1) % 2}"
    elif hop < rule.get("hops", 0):
        to = f"{c.path}?hop={hop + 1}"
    elif "to" in rule:
        to = rule["to"].replace("{path}", c.path).replace("{n}", str(rule["count"]))
    else:
        return await c.plain()
    await c.body()
    await c.answer(rule.get("status", 302), b"elsewhere\n", {"location": to})


@fault
async def changed(c, rule):
    """From now on the file is another of the same size (each byte one more, another ETag and
    date); this request is answered with the new one. `blind`: whatever its conditions."""
    c.server.versions[c.path] = c.server.versions.get(c.path, 0) + 1
    await (blind(c, rule) if rule.get("blind") else c.plain())


@fault
async def damaged(c, rule):
    """The first byte is another one; digests, ETag and date that are told stay right."""
    await c.plain(data=lambda data: bytes(255 - byte for byte in data[:1]) + data[1:])


@fault
async def blind(c, rule):
    """Conditions are not looked at (as Ceph does with If-Range)."""
    for name in ("if-match", "if-range", "if-unmodified-since"):
        c.headers.pop(name, None)
    await c.plain()


@fault
async def garbage(c, rule):
    """No HTTP."""
    await c.body()
    c.writer.write(b"\x16\x03\x01 this is no answer\r\n\r\n" * 20)
    await c.writer.drain()
    raise Broken


@fault
async def endless(c, rule):
    """A header without end."""
    c.writer.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(rule.get("lines", 20000)):
        c.writer.write(b"x-more: " + b"m" * 100 + b"\r\n")
        await c.writer.drain()
    raise Broken


async def main():
    settings = json.loads(sys.argv[1])
    server = Server(settings)
    options = {"host": "127.0.0.1", "port": 0, "limit": MAX_HEAD, "backlog": 512}
    plain = await asyncio.start_server(server.connected, **options)
    ports = [plain.sockets[0].getsockname()[1], 0]
    if settings["tls"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*settings["tls"])
        secure = await asyncio.start_server(server.connected, ssl=context, **options)
        ports[1] = secure.sockets[0].getsockname()[1]
    print(*ports, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
