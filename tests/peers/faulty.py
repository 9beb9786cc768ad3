"""A server that answers wrongly by a plan: HTTP/1.1 and HTTPS on loopback, kept connections, ranges
and conditions, files of a folder, PUT into memory.

    with Faulty(folder, root=tree, ca=Authority(…), seed=1) as server:
        server.plan({"path": "/files/*", "rate": 0.2, "do": ["status", "cut", "stall"]},
                    {"path": "/cd", "do": "headers", "headers": {"content-disposition": "…"}})
        server.url, server.other_url    # 127.0.0.1 and localhost: the same server, another host
        server.log()                    # every request so far, also those under way

A rule holds for requests whose path and query fit `path` and `query` (fnmatch; default all) and
whose method is `method` (default any), with probability `rate` (default 1, drawn from the seed, the
path and how many requests for it came before, so the same whatever the order), at most `times`
times, not before the `nth` (from 1) request of a path, and once per path with `once`; the parts of
an upload count as paths. By the clock: `lasts` seconds from its first time on, and only for what
comes `over` so many requests a second. The first rule that holds decides; of a list of `do` one is drawn. Rules
of `do: headers` (headers; null takes one away), `delay` (seconds), `together` (answered once `n`
wait, or after a second) and `checks` (checks: sha256, sha1, md5, content-md5, crc64) are added to
the answer and the search goes on. What every other `do` is and takes stands
with its function in faulty_server.py.
"""

import json
import pathlib
import subprocess
import sys
import urllib.request

if __package__ in (None, ""):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from peers import common

CONTROL = "/~faulty/"


class Faulty:
    def __init__(self, folder, root=None, ca=None, seed=1, connect_delay=0, delay=0, log=True,
                 auth=None, upstream=None):
        """`delay`: seconds before each answer; `connect_delay`: once more for a new connection;
        `auth`: the only Authorization that is not answered by 401; `log` False saves memory;
        `upstream`: an http:// address whose answers are handed on where no fault comes."""
        self.dir = pathlib.Path(folder).resolve()
        self.root = pathlib.Path(root or self.dir / "www").resolve()
        self.root.mkdir(parents=True, exist_ok=True)
        self.children = common.Children(self.dir)
        self.ca = ca
        settings = {"root": str(self.root), "seed": seed, "connect_delay": connect_delay,
                    "delay": delay, "log": log, "auth": auth,
                    "upstream": upstream and [upstream.split("/")[2].split(":")[0],
                                              int(upstream.split(":")[2].strip("/"))],
                    "tls": [str(ca.cert), str(ca.key)] if ca else None}
        server = pathlib.Path(__file__).with_name("faulty_server.py")
        child = self.children.start(
            "faulty", [sys.executable, "-B", server, json.dumps(settings)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        line = child.stdout.readline().split()
        if not line:
            self.children.wait_for(lambda: False, 1)
        self.port, self.tls_port = map(int, line)
        self.url, self.other_url = (f"http://{host}:{self.port}"
                                    for host in ("127.0.0.1", "localhost"))
        self.tls_url = f"https://localhost:{self.tls_port}" if ca else None

    def ask(self, what, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + CONTROL + what, data)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return json.loads(answer.read())

    def plan(self, *rules):
        """Replaces the plan; counts begin anew."""
        self.ask("plan", list(rules))

    def reset(self):
        """As if it had just been started; what is below root stays."""
        self.ask("reset", [])

    def log(self):
        return self.ask("log")

    def clear_log(self):
        self.ask("clear", [])

    def sent(self):
        """Bytes of bodies in all, those of answers that were cut included."""
        return sum(entry["sent"] for entry in self.log())

    def stored(self):
        """What was PUT: path -> size, sha256."""
        return self.ask("stored")

    def counts(self):
        """Connections so far, open now, the most at once; requests; answers of each fault;
        bytes of bodies sent and got, as far as they are in the log."""
        return self.ask("counts")

    def pid(self):
        return self.children.children[0][1].pid

    def close(self):
        self.children.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


if __name__ == "__main__":  # faulty.py FOLDER-TO-SERVE [RULE AS JSON]…, until its input ends
    import tempfile
    with tempfile.TemporaryDirectory(prefix="dogs-faulty-") as place:
        with Faulty(f"{place}/faulty", sys.argv[1], common.Authority(f"{place}/ca")) as server:
            server.plan(*map(json.loads, sys.argv[2:]))
            print(server.url, server.tls_url, server.ca.ca, flush=True)
            sys.stdin.read()
