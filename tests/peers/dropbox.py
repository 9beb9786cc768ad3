"""A stand-in for Dropbox: HTTP/1.1 on loopback, API, content and tokens on one host. It was written
from Dropbox's documentation and specification, not compared with the service itself.

    with Dropbox(folder) as server:
        server.plan({"do": "rate", "route": "files/upload", "retry_after": 2},
                    {"do": "lost", "route": "files/upload_session/append_v2", "skip": 3})
        server.remote()                  # what a remote in the config needs
        server.put("/a/b", b"…"); server.data("/a/b"); server.paths()
        server.log()                     # every request, also as lines of JSON in folder/log

A fault of the plan holds for requests whose route fits `route` (fnmatch; default all), after `skip`
of them (default 0), `times` times (default 1; 0 = always), for as long as `lasts` (seconds from its
first time on). What each `do` does stands at FAULTS.
What the service does is not told in three places, where a choice was made that a careful client
lives with: a part that comes after the one that closes is refused (`closed`); a part that is there
already is taken again, or refused with incorrect_offset if `repeated_parts` is "refuse"; of two
batches that end at the same time one is refused (too_many_write_operations)."""

import asyncio
import collections
import json
import pathlib
import ssl
import sys
import threading

if __package__ in (None, ""):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from peers.dropbox_server import Server

FAULTS = {
    "rate": "429 too_many_requests; `retry_after` (seconds, 1), `plain`: as text",
    "busy": "too_many_write_operations, where the route tells it; of a batch the first `entries`",
    "lost": "it is done, but the connection ends without an answer",
    "drop": "it is not done, and the connection ends without an answer",
    "status": "an answer of this `status` (503) in HTML",
    "expire": "the access tokens in use run out before it",
    "mismatch": "409 content_hash_mismatch",
    "damage": "a byte of what comes is stored wrongly",
    "gone": "its session has died",
    "slow": "the answer takes `seconds` (1)",
    "cut": "the body of a download ends after `bytes` (0)",
}


class Dropbox:
    """Runs in a thread of its own; what is asked of it from outside is looked up, not locked."""

    scopes = {"files.content.read", "files.content.write", "files.metadata.read"}

    def __init__(self, folder, ca=None, quota=None, app_secret="", page=2000,
                 repeated_parts="accept"):
        """`ca`: has cert and key, files of PEM, to speak TLS; `quota`: bytes of all files; `page`:
        the most entries of one page of a list."""
        self.dir = pathlib.Path(folder).resolve()
        self.dir.mkdir(parents=True, exist_ok=True)
        self.quota, self.app_secret, self.page = quota, app_secret, page
        self.repeated_parts = repeated_parts
        self.app_key, self.refresh_token, self.token = "app-key", "refresh-token", "sl.first"
        self.server, self.tls, ready = Server(self, self.dir), None, threading.Event()
        if ca:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(ca.cert, ca.key)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait()
        self.url = f"https://localhost:{self.port}" if ca else f"http://127.0.0.1:{self.port}"

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        starting = asyncio.start_server(self.server.talk, "127.0.0.1", 0, ssl=self.tls,
                                        limit=1 << 20, backlog=256)
        self.listener = self.loop.run_until_complete(starting)
        self.port = self.listener.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.loop.close()

    def ask(self, call):
        """call() in the server's thread."""
        async def asked():
            return call()
        return asyncio.run_coroutine_threadsafe(asked(), self.loop).result(60)

    def plan(self, *faults):
        """Replaces the plan; counts begin anew."""
        wrong = [fault for fault in faults if fault.get("do") not in FAULTS]
        assert not wrong, wrong
        self.ask(lambda: setattr(self.server, "faults", [dict(fault) for fault in faults]))

    def remote(self):
        remote = {"type": "dropbox", "url": self.url, "refresh_token": self.refresh_token,
                  "app_key": self.app_key}
        return remote | ({"app_secret": self.app_secret} if self.app_secret else {})

    def put(self, path, data, modified="2026-11-20T18:00:00Z"):
        def store():
            spool = self.server.box.spool()
            spool.write_bytes(data)
            return self.server.box.store(path, spool, modified).metadata()
        return self.ask(store)

    def data(self, path):
        return self.ask(lambda: self.server.box.files[path.lower()].spool.read_bytes())

    def metadata(self, path):
        return self.ask(lambda: self.server.box.files[path.lower()].metadata())

    def paths(self):
        return self.ask(lambda: sorted(file.path for file in self.server.box.files.values()))

    def sessions(self):
        """Of uploads that were begun: id -> offsets and lengths of parts."""
        return self.ask(lambda: {s.id: dict(s.pieces) for s in self.server.box.sessions.values()})

    def forget_sessions(self):
        self.ask(self.server.box.sessions.clear)

    def expire(self):
        """Every access token so far has run out."""
        def expire():
            self.server.expired |= self.server.tokens
            self.server.tokens = set()
        self.ask(expire)

    def log(self):
        return self.ask(lambda: [dict(entry) for entry in self.server.log])

    def clear_log(self):
        self.ask(self.server.log.clear)

    def counts(self):
        """Connections so far, the most at once; requests of each route and status."""
        return {"connections": self.server.connections, "most_open": self.server.most_open,
                "requests": dict(collections.Counter(
                    f"{entry['route']} {entry['status']}" for entry in self.log()))}

    def close(self):
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.listener.close)
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(60)
            self.server.log_file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


if __name__ == "__main__":  # dropbox.py FOLDER [FAULT AS JSON]…, until its input ends
    with Dropbox(sys.argv[1]) as standing_in:
        standing_in.plan(*map(json.loads, sys.argv[2:]))
        print(json.dumps(standing_in.remote() | {"token": standing_in.token}), flush=True)
        sys.stdin.read()
        print(json.dumps(standing_in.counts()))
