"""The server behind dropbox.py: its HTTP, and the calls of the API."""

import asyncio
import fnmatch
import hashlib
import json
import os
import re
import time
import urllib.parse

from peers.dropbox_box import (BLOCK, COMMIT, Box, Refused, Session, malformed, rate_limited,
                               refuse, write_refused)

REQUEST_MOST = 150 * 1000 * 1000
FILE_MOST = 350 * 1000**3
BATCH_MOST = 1000
TOKEN_LIFE_S = 4 * 3600
READ_PATH = re.compile(r"/(.|[\r\n])*|id:.*|rev:[0-9a-f]{9,}|ns:[0-9]+(/.*)?")
LIST_PATH = re.compile(r"(/(.|[\r\n])*)?|id:.*|ns:[0-9]+(/.*)?")

# route -> style, scope, fields of the argument, those that must be there
ROUTES = {
    "files/download": ("download", "files.content.read", {"path", "rev"}, {"path"}),
    "files/upload": ("upload", "files.content.write", COMMIT | {"content_hash"}, {"path"}),
    "files/upload_session/start": ("upload", "files.content.write",
                                   {"close", "session_type", "content_hash"}, set()),
    "files/upload_session/append_v2": ("upload", "files.content.write",
                                       {"cursor", "close", "content_hash"}, {"cursor"}),
    "files/upload_session/finish": ("upload", "files.content.write",
                                    {"cursor", "commit", "content_hash"}, {"cursor", "commit"}),
    "files/upload_session/finish_batch_v2": ("rpc", "files.content.write", {"entries"},
                                             {"entries"}),
    "files/list_folder": ("rpc", "files.metadata.read",
                          {"path", "recursive", "include_media_info", "include_deleted",
                           "include_has_explicit_shared_members", "include_mounted_folders",
                           "limit", "shared_link", "include_property_groups",
                           "include_non_downloadable_files"}, {"path"}),
    "files/list_folder/continue": ("rpc", "files.metadata.read", {"cursor"}, {"cursor"}),
}
TYPES = {"upload": ("application/octet-stream", "text/plain; charset=dropbox-cors-hack"),
         "rpc": ("application/json", "application/json; charset=utf-8"),
         "download": ("", "application/octet-stream", "text/plain", "text/plain; charset=utf-8")}


class Broken(Exception):
    """The connection ends now."""


class Request:
    def __init__(self, method, target, headers, number):
        self.method, self.headers, self.connection = method, headers, number
        parts = urllib.parse.urlsplit(target)
        self.path, self.query = parts.path, urllib.parse.parse_qs(parts.query)
        self.route = self.path.removeprefix("/2/")
        self.length = int(headers.get("content-length", 0))
        self.faults = []
        self.entry = {"time": time.time(), "connection": number, "method": method,
                      "route": self.route, "bytes": self.length, "status": 0}

    def fault(self, do):
        return next((f for f in self.faults if f["do"] == do), None)


class Server:
    def __init__(self, owner, folder):
        self.owner, self.box = owner, Box(folder, owner.quota)
        self.log, self.log_file = [], open(folder / "log", "a", encoding="utf-8")
        self.faults, self.connections, self.open, self.most_open = [], 0, 0, 0
        self.tokens, self.expired, self.in_batch = {owner.token}, set(), False

    # --- HTTP

    async def talk(self, reader, writer):
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        number = self.connections
        try:
            while await self.one(reader, writer, number):
                pass
        except (Broken, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def one(self, reader, writer, number):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.IncompleteReadError:
            return False
        method, target, _ = head[0].split(" ", 2)
        headers = {k.strip().lower(): v.strip() for k, _, v in
                   (line.partition(":") for line in head[1:] if line)}
        q = Request(method, target, headers, number)
        self.log.append(q.entry)
        taken = [0]
        try:
            self.choose_faults(q)
            if q.fault("drop"):
                raise Broken
            await self.answer(q, reader, writer, taken)
        except Refused as refused:
            q.entry.update(status=refused.status, error=refused.tags or str(refused.body)[:200])
            # What the client still sends is taken, as a large body is sent before it reads.
            while taken[0] < q.length:
                data = await reader.read(min(1 << 16, q.length - taken[0]))
                if not data:
                    raise Broken from None
                taken[0] += len(data)
            await self.slow(q)
            plain = isinstance(refused.body, str)
            kind = "text/plain; charset=utf-8" if plain else "application/json"
            body = refused.body if plain else json.dumps(refused.body)
            self.send(q, writer, refused.status, body.encode(),
                      {"Content-Type": kind} | refused.headers)
        except Broken:
            q.entry["error"] = "connection ended"
            raise
        finally:
            self.log_file.write(json.dumps(q.entry) + "\n")
            self.log_file.flush()
        await writer.drain()
        return headers.get("connection", "").lower() != "close"

    @staticmethod
    def send(q, writer, status, body, headers):
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}",
                 *(f"{k}: {v}" for k, v in headers.items())]
        q.entry.update(status=status, answered=len(body))
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    async def slow(self, q):
        if q.fault("slow"):
            await asyncio.sleep(q.fault("slow").get("seconds", 1))

    def choose_faults(self, q):
        for fault in self.faults:
            if fnmatch.fnmatch(q.route, fault.get("route", "*")):
                fault["seen"] = seen = fault.get("seen", 0) + 1
                past, now = seen - fault.get("skip", 0), time.monotonic()
                if past > 0 and (not fault.get("times", 1) or past <= fault.get("times", 1)) and \
                        now - fault.setdefault("since", now) <= fault.get("lasts", 1 << 60):
                    q.faults.append(fault)
        q.entry["faults"] = [fault["do"] for fault in q.faults]

    async def take(self, q, reader, taken, fd=None, offset=0):
        """The body; into fd at offset if there is one."""
        parts, damage = [], q.fault("damage")
        while taken[0] < q.length:
            data = await reader.read(min(1 << 20, q.length - taken[0]))
            if not data:
                raise Broken
            if damage and not taken[0]:
                data = bytes([data[0] ^ 1]) + data[1:]
            if fd is None:
                parts.append(data)
            else:
                os.pwrite(fd, data, offset + taken[0])
            taken[0] += len(data)
        return b"".join(parts)

    # --- what all calls have in common

    async def answer(self, q, reader, writer, taken):
        if q.path == "/oauth2/token":
            form = urllib.parse.parse_qs((await self.take(q, reader, taken)).decode())
            self.fail_early(q)
            return self.reply(q, writer, self.new_token(q, {k: v[0] for k, v in form.items()}))
        if q.route not in ROUTES or not q.path.startswith("/2/"):
            raise Refused(404, "Unknown API function")
        style, scope, fields, needed = ROUTES[q.route]
        if q.method != "POST" and not (style == "download" and q.method == "GET"):
            raise malformed(q.route, f"Your request's HTTP method was {q.method!r}")
        self.check_token(q, scope)
        if q.headers.get("content-type", "") not in TYPES[style]:
            raise malformed(q.route, f'Bad HTTP "Content-Type" header: '
                                     f'{q.headers.get("content-type", "")!r}')
        self.fail_early(q)
        text = (await self.take(q, reader, taken)).decode() if style == "rpc" else \
            self.header_argument(q)
        try:
            arg = json.loads(text)
            unknown, missing = set(arg) - fields, needed - set(arg)
        except (ValueError, TypeError) as error:
            raise malformed(q.route, f"could not decode input as JSON: {error}") from None
        if unknown or missing:
            raise malformed(q.route, f"unknown field {unknown}, missing required field {missing}")
        q.entry["arg"] = arg if q.route != "files/upload_session/finish_batch_v2" else \
            {"entries": len(arg["entries"])}
        if q.length > REQUEST_MOST:
            raise refuse("payload_too_large")
        act = getattr(self, q.route.removeprefix("files/").replace("/", "_"))
        result = await act(q, arg, reader, writer, taken)
        if style != "download":
            await self.slow(q)
            if q.fault("lost"):
                raise Broken
            self.reply(q, writer, result)

    def reply(self, q, writer, result):
        self.send(q, writer, 200, json.dumps(result).encode(), {"Content-Type": "application/json"})

    def header_argument(self, q):
        text = q.headers.get("dropbox-api-arg", q.query.get("arg", [None])[0])
        if text is None:
            raise malformed(q.route, 'Must provide HTTP header "Dropbox-API-Arg" or URL parameter '
                                     '"arg".')
        if re.search(r"[^\x20-\x7e]", q.headers.get("dropbox-api-arg", "")):
            raise malformed(q.route, 'HTTP header "Dropbox-API-Arg": not ASCII')
        return text

    def check_token(self, q, scope):
        kind, _, token = q.headers.get("authorization", "").partition(" ")
        if kind != "Bearer":
            raise malformed(q.route, 'Must provide HTTP header "Authorization"')
        if q.fault("expire"):
            self.expired |= self.tokens
            self.tokens = set()
        if token in self.expired:
            raise refuse("expired_access_token", 401)
        if token not in self.tokens:
            raise refuse("invalid_access_token", 401)
        if scope not in self.owner.scopes:
            raise refuse("missing_scope", 401, required_scope=scope)

    def new_token(self, q, form):
        def no(error, words):
            return Refused(400, {"error": error, "error_description": words}, tags=error)
        if q.headers.get("content-type") != "application/x-www-form-urlencoded":
            raise no("invalid_request", "the form is not encoded as one")
        if form.get("grant_type") != "refresh_token":
            raise no("unsupported_grant_type", "grant_type is not supported")
        if form.get("client_id") != self.owner.app_key or \
                form.get("client_secret", "") != self.owner.app_secret:
            raise no("invalid_client", "Invalid client_id or client_secret")
        if form.get("refresh_token") != self.owner.refresh_token:
            raise no("invalid_grant", "refresh token is invalid or revoked")
        token = f"sl.token-{len(self.tokens | self.expired)}"
        self.tokens.add(token)
        return {"access_token": token, "token_type": "bearer", "expires_in": TOKEN_LIFE_S}

    def fail_early(self, q):
        if fault := q.fault("status"):
            raise Refused(fault.get("status", 503), "<html><body>Error</body></html>",
                          {"Content-Type": "text/html"})
        if fault := q.fault("rate"):
            raise rate_limited("too_many_requests", fault.get("retry_after", 1), fault.get("plain"))
        if fault := q.fault("mismatch"):
            raise refuse("content_hash_mismatch")
        if q.fault("busy") and q.route != "files/upload_session/finish_batch_v2":
            busy = "too_many_write_operations"
            raise write_refused(busy) if q.route == "files/upload" else \
                refuse(busy) if q.route.endswith("/finish") else rate_limited(busy, 1)

    async def take_file(self, q, arg, reader, taken, spool, offset=0):
        fd = os.open(spool, os.O_RDWR | os.O_CREAT)
        try:
            await self.take(q, reader, taken, fd, offset)
            if arg.get("content_hash"):
                every = hashlib.sha256()
                for at in range(offset, offset + q.length, BLOCK):
                    data = os.pread(fd, min(BLOCK, offset + q.length - at), at)
                    every.update(hashlib.sha256(data).digest())
                if every.hexdigest() != arg["content_hash"]:
                    raise refuse("content_hash_mismatch")
        finally:
            os.close(fd)

    # --- the calls

    async def download(self, q, arg, reader, writer, taken):
        if not READ_PATH.fullmatch(arg["path"]):
            raise malformed(q.route, f"path: {arg['path']!r} did not match pattern")
        file = self.box.find(arg["path"])
        begin, end, status = 0, file.size, 200
        found = re.fullmatch(r"bytes=(\d*)-(\d*)", q.headers.get("range", ""))
        q.entry["range"] = q.headers.get("range")
        if found and found.group(1):
            begin, status = int(found.group(1)), 206
            end = min(file.size, int(found.group(2)) + 1) if found.group(2) else file.size
        if status == 206 and begin >= end:
            raise Refused(416, "", {"Content-Range": f"bytes */{file.size}"})
        headers = {"Content-Type": "application/octet-stream", "ETag": f'W/"{file.rev}"',
                   "Accept-Ranges": "bytes", "Content-Length": end - begin,
                   "Original-Content-Length": file.size,
                   "Dropbox-API-Result": json.dumps(file.metadata()).replace("\x7f", "\\u007f")}
        if status == 206:
            headers["Content-Range"] = f"bytes {begin}-{end - 1}/{file.size}"
        await self.slow(q)
        if q.fault("lost"):
            raise Broken
        q.entry["status"] = status
        head = [f"HTTP/1.1 {status} X", *(f"{k}: {v}" for k, v in headers.items())]
        writer.write("\r\n".join(head).encode("ascii") + b"\r\n\r\n")
        with open(file.spool, "rb") as f:
            f.seek(begin)
            if cut := q.fault("cut"):
                writer.write(f.read(min(end - begin, cut.get("bytes", 0))))
                await writer.drain()
                raise Broken
            while begin < end:
                data = f.read(min(1 << 18, end - begin))
                begin += len(data)
                writer.write(data)
                await writer.drain()
                q.entry["sent"] = q.entry.get("sent", 0) + len(data)

    async def upload(self, q, arg, reader, writer, taken):
        spool = self.box.spool()
        spool.touch()
        await self.take_file(q, arg, reader, taken, spool)
        return self.box.commit(q.route, arg, spool).metadata()

    async def upload_session_start(self, q, arg, reader, writer, taken):
        kind = arg.get("session_type", "sequential")
        kind = kind[".tag"] if isinstance(kind, dict) else kind
        if kind not in ("sequential", "concurrent"):
            raise malformed(q.route, f"session_type: unknown tag {kind!r}")
        if kind == "concurrent" and q.length:
            raise refuse("concurrent_session_data_not_allowed")
        if kind == "concurrent" and arg.get("close"):
            raise refuse("concurrent_session_close_not_allowed")
        ident = f"pid_upload_session:{next(self.box.numbers):08d}"
        session = Session(ident, kind == "concurrent", self.box.spool())
        await self.take_file(q, arg, reader, taken, session.spool)
        if q.length:
            session.pieces[0] = q.length
        session.closed = bool(arg.get("close"))
        self.box.sessions[ident] = session
        return {"session_id": ident}

    def check_append(self, q, arg, session):
        offset = arg["cursor"]["offset"]
        if session.closed:
            raise refuse("closed")
        if offset + q.length > FILE_MOST:
            raise refuse("too_large")
        if not session.concurrent and offset != session.reached():
            raise refuse("incorrect_offset", correct_offset=session.reached())
        if session.concurrent and offset % BLOCK:
            raise refuse("concurrent_session_invalid_offset")
        if session.concurrent and q.length % BLOCK and not arg.get("close"):
            raise refuse("concurrent_session_invalid_data_size")
        if offset in session.pieces and self.owner.repeated_parts == "refuse":
            raise refuse("incorrect_offset", correct_offset=session.reached())

    async def upload_session_append_v2(self, q, arg, reader, writer, taken):
        ident = arg["cursor"]["session_id"]
        if q.fault("gone"):
            self.box.sessions.pop(ident, None)
        session = self.box.session(ident)
        self.check_append(q, arg, session)
        session.now += 1
        session.most = q.entry["at_once"] = max(session.most, session.now)
        try:
            await self.take_file(q, arg, reader, taken, session.spool, arg["cursor"]["offset"])
        finally:
            session.now -= 1
        self.check_append(q, arg, session)
        if q.length:
            session.pieces[arg["cursor"]["offset"]] = q.length
        session.closed = bool(arg.get("close"))
        return None

    async def upload_session_finish(self, q, arg, reader, writer, taken):
        ident, offset = arg["cursor"]["session_id"], arg["cursor"]["offset"]
        if q.fault("gone"):
            self.box.sessions.pop(ident, None)
        session = self.box.session(ident, "lookup_failed/")
        if q.length:
            if session.concurrent:
                raise refuse("concurrent_session_data_not_allowed")
            if offset != session.reached():
                raise refuse("lookup_failed/incorrect_offset", correct_offset=session.reached())
            await self.take_file(q, arg, reader, taken, session.spool, offset)
            session.pieces[offset] = q.length
            arg["cursor"]["offset"] += q.length
        return self.box.finish(q.route, arg, False).metadata()

    async def upload_session_finish_batch_v2(self, q, arg, reader, writer, taken):
        entries = arg["entries"]
        if len(entries) > BATCH_MOST:
            raise malformed(q.route, f"entries: list has more than {BATCH_MOST} items")
        if self.in_batch:
            raise rate_limited("too_many_write_operations", 1)
        self.in_batch = True
        busy = q.fault("busy")
        results = []
        try:
            for n, entry in enumerate(entries):
                await asyncio.sleep(0)
                try:
                    if set(entry) != {"cursor", "commit"}:
                        raise malformed(q.route, f"entries: fields are {sorted(entry)}")
                    if busy and n < busy.get("entries", len(entries)):
                        raise refuse("too_many_write_operations")
                    if q.fault("gone") and not n:
                        self.box.sessions.pop(entry["cursor"]["session_id"], None)
                    file = self.box.finish(q.route, entry, True)
                    results.append({".tag": "success", **file.metadata()})
                except Refused as refused:
                    if refused.status != 409:
                        raise
                    results.append({".tag": "failure", "failure": refused.body["error"]})
        finally:
            self.in_batch = False
        return {"entries": results}

    def page(self, entries, limit):
        cursor = f"cursor-{next(self.box.numbers)}"
        self.box.cursors[cursor] = (entries[limit:], limit)
        return {"entries": entries[:limit], "cursor": cursor, "has_more": len(entries) > limit}

    async def list_folder(self, q, arg, reader, writer, taken):
        limit = arg.get("limit", 500)
        if not LIST_PATH.fullmatch(arg["path"]) or not 1 <= limit <= 2000:
            raise malformed(q.route, "path or limit: did not match")
        entries = self.box.list(q.route, arg["path"], arg.get("recursive", False))
        return self.page(entries, min(limit, self.owner.page))

    async def list_folder_continue(self, q, arg, reader, writer, taken):
        if arg["cursor"] not in self.box.cursors:
            raise refuse("reset")
        return self.page(*self.box.cursors[arg["cursor"]])
