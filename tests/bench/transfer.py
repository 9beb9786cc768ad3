"""dogs beside its peers: time, CPU seconds and memory of the same transfers in one run, as ratios;
printed, nothing here passes or fails.

    tests/bench/transfer.py                    all workloads, 5 rounds (about 40 minutes)
    tests/bench/transfer.py --short            less and smaller files, once (about a minute)
    tests/bench/transfer.py --only one,small --tools dogs,curl --rounds 9
    tests/bench/transfer.py --list             the workloads
    DOGS=build/dogs DOGS_BEFORE=old/dogs …     two builds side by side

    wall, CPU, MiB   medians; CPU is user + system of the tool and its children, MiB the peak
    best             wall time as a multiple of the fastest peer's in the same round, median
    CPU best         CPU seconds as a multiple of that peer's
    careful          wall time as a multiple of the fastest peer that checks and tries again as dogs
                     does: rclone, aria2c

Only ratios of one run mean anything, and those of time only on a computer that does nothing else:
on a busy one, whoever has more threads gets more of it. Each tool's first run is not counted: what
it brought is held against the source by SHA-256; later runs by number and sizes. Order is shuffled
in each round. Files of more than a MiB go to the disk (--place), smaller ones to memory: ext4 hands
out inodes that were deleted a moment ago twenty times more slowly than others, which would measure
the runs before.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import transfer_tools as tools  # noqa: E402
from peers import common, faulty, nginx, radosgw  # noqa: E402

MIB = 1 << 20
TOO_LONG_S = 240
PAUSE_S = 0.3  # what a run left to do is done before the next
FREED_S = 3    # the store frees what was deleted after two seconds


@dataclasses.dataclass
class Work:
    name: str
    count: int
    size: int
    at_once: int
    way: str = "get"
    tls: bool = False
    ranged: bool = False      # one file, in parts at once
    more: str = ""            # to be said of it
    below: str = ""           # what the server does with each answer: see peers/nginx.py
    server: str = "nginx"
    left_out: dict = dataclasses.field(default_factory=dict)  # tool: why

    def files(self):
        return f"{self.count}x{self.size}"

    def __str__(self):
        size = f"{self.size // MIB} MiB" if self.size >= MIB else f"{self.size // 1024} KiB"
        files = "one file" if self.count == 1 else f"{self.count} files"
        return f"{files} of {size}{self.more}{', TLS' if self.tls else ''}, {self.at_once} at once"

    def short(self):
        count = self.count if self.count < 50 else max(20, self.count // 10)
        size = self.size if self.size < 64 * MIB else max(16 * MIB, self.size // 16)
        return dataclasses.replace(self, count=count, size=size)


ONE_BY_ONE = "one stream per file"
A_PROCESS_EACH = "a process for each file"
TWICE = "the same as curl"
ONE = {"curl --http1.1": TWICE, "wget2": "holds chunks in memory, several times slower"}
RANGES = {"curl": ONE_BY_ONE, "curl --http1.1": ONE_BY_ONE, "wget2": ONE_BY_ONE}
PLAIN = {"curl --http1.1": TWICE}
SMALL = {"axel": A_PROCESS_EACH}

WORKLOADS = [
    Work("one", 1, 2048 * MIB, 4, ranged=True, left_out=ONE),
    Work("one-tls", 1, 2048 * MIB, 4, ranged=True, tls=True, left_out={"wget2": ONE["wget2"]}),
    Work("four", 4, 512 * MIB, 4, left_out=PLAIN),
    Work("small", 5000, 4096, 8, left_out=PLAIN | SMALL),
    Work("small-tls", 5000, 4096, 8, tls=True, left_out=SMALL),
    Work("slow", 200, MIB, 16, more=", 2 MiB/s each", below="/rate/2m", left_out=PLAIN),
    Work("slow-one", 1, 64 * MIB, 16, ranged=True, more=", 2 MiB/s per connection",
         below="/rate/2m", left_out=RANGES),
    Work("far", 100, 65536, 32, more=", 50 ms each", below="/delay/0.05", left_out=PLAIN),
    Work("far-new", 100, 65536, 32, more=", 50 ms each, 100 ms more on a new connection",
         server="faulty", left_out=PLAIN),
    Work("far-tls", 100, 65536, 32, more=", 50 ms each", below="/delay/0.05", tls=True),
    Work("wide", 128, 8 * MIB, 64, left_out=PLAIN),
    Work("wide-tls", 128, 8 * MIB, 64, tls=True),
    Work("wide-one", 1, 1024 * MIB, 64, ranged=True, left_out=ONE),
    Work("s3-one", 1, 1024 * MIB, 4, "put", more=" to S3 in parts", ranged=True),
    Work("s3-one-tls", 1, 1024 * MIB, 4, "put", more=" to S3 in parts", ranged=True, tls=True),
    Work("s3-small", 1000, 65536, 16, "put", more=" to S3"),
    Work("s3-small-tls", 1000, 65536, 16, "put", more=" to S3", tls=True),
]


# --- what is measured -----------------------------------------------------------------------------


@dataclasses.dataclass
class Spent:
    wall: float
    cpu: float
    mib: float
    wrong: str  # "" = all well


class Bench:
    def __init__(self, args, stack):
        self.args, self.stack = args, stack
        self.disk = self.folder(args.place)
        self.memory = self.folder("/dev/shm")
        self.spender = self.disk / "spend"
        subprocess.run([os.environ.get("CC", "cc"), "-O1", "-o", self.spender, HERE / "spend.c"],
                       check=True)
        self.ca = common.Authority(self.disk / "ca")
        self.servers, self.sums, self.n = {}, {}, 0

    def folder(self, where):
        made = tempfile.TemporaryDirectory(prefix="dogs-bench-", dir=where)
        return pathlib.Path(self.stack.enter_context(made))

    def server(self, kind):
        if kind not in self.servers:
            where = self.disk / kind
            made = {
                "nginx": lambda: nginx.Nginx(where, self.source(), self.ca, log=False),
                "faulty": lambda: faulty.Faulty(where, self.source(), log=False, delay=0.05,
                                                connect_delay=0.1),
                "radosgw": lambda: radosgw.Radosgw(where, ca=self.ca, gib=10),
            }[kind]()
            self.servers[kind] = self.stack.enter_context(made)
            if kind == "radosgw":
                made.client().make_bucket(tools.BUCKET)
        return self.servers[kind]

    def source(self):
        path = self.memory / "source"
        path.mkdir(exist_ok=True)
        return path

    def fill(self, work):
        """The files of a workload, made once; their digests."""
        folder = self.source() / work.files()
        if work.files() not in self.sums:
            for old in self.source().iterdir():  # memory is not for ever
                shutil.rmtree(old)
            self.sums.clear()
            folder.mkdir()
            sums = self.sums[work.files()] = {}
            for n in range(work.count):
                digest = hashlib.sha256()
                with open(folder / f"f{n:05}", "wb") as file:
                    for at in range(0, work.size, MIB):
                        piece = os.urandom(min(MIB, work.size - at))
                        file.write(piece)
                        digest.update(piece)
                sums[f"f{n:05}"] = digest.hexdigest()
        return folder, self.sums[work.files()]

    def run(self, work, tool, hashed):
        """One transfer; `hashed`: what came is held against the source by SHA-256."""
        folder, sums = self.fill(work)
        self.n += 1
        place = (self.disk if work.size > MIB else self.memory) / f"run{self.n}"
        place.mkdir()
        lists = place / "lists"
        lists.mkdir()
        (place / "files").mkdir()
        ca = str(self.ca.ca) if work.tls else ""
        put = work.way == "put"
        server = self.server("radosgw" if put else work.server)
        url = server.tls_url if work.tls else server.url
        run = tools.Run(list(sums), url if put else f"{url}{work.below}/{work.files()}",
                        folder if put else place / "files", lists, work.at_once, work.ranged, ca,
                        server, f"k{self.n}")
        env = {"PATH": tools.PATH, "HOME": str(place), "LANG": "C.UTF-8", "no_proxy": "*",
               "DOGS_STATE_DIR": str(place / "state")}
        command = [str(word) for word in tool.command(run, env)]
        env = {name: value for name, value in env.items() if value}
        try:
            spent = self.spend(command, env, place)
            check = self.check_put if put else self.check_get
            spent.wrong = spent.wrong or check(run, work, sums, hashed)
        finally:
            shutil.rmtree(place)
            if put:
                self.empty(run)
            time.sleep(0 if self.args.short else FREED_S if put else PAUSE_S)
        return spent

    def spend(self, command, env, place):
        said = place / "said"
        with open(said, "wb") as to:
            subprocess.run([self.spender, place / "spent", str(TOO_LONG_S), *command], env=env,
                           cwd=place, stdin=subprocess.DEVNULL, stdout=to, stderr=to, check=True)
        wall, user, system, kib, status = map(float, (place / "spent").read_text().split())
        wrong = ""
        if status:
            last = said.read_text(errors="replace").strip().splitlines()[-1:] or [""]
            wrong = f"status {status:.0f} {last[0][:100]}"
            if self.args.verbose:
                print(command, said.read_text(errors="replace")[-3000:])
        return Spent(wall, user + system, kib / 1024, wrong)

    @staticmethod
    def check_get(run, work, sums, hashed):
        there = {path.name: path for path in run.local.iterdir()}
        lost = [name for name in sums
                if name not in there or there[name].stat().st_size != work.size]
        if lost:
            return f"{len(lost)} of {len(sums)} lost"

        def differs(name):
            with open(there[name], "rb") as file:
                return digest_of(file) != sums[name]

        wrong = sum(map(differs, sums)) if hashed else 0
        return f"{wrong} of {len(sums)} WRONG" if wrong else ""

    @staticmethod
    def check_put(run, work, sums, hashed):
        client = run.service.client()
        # Some put the folder's own name before the files'.
        keys = {key.rpartition("/")[2]: (key, size)
                for key, size in client.list(tools.BUCKET, run.key + "/").items()}
        lost = [name for name in sums if name not in keys or keys[name][1] != work.size]
        if lost:
            return f"{len(lost)} of {len(sums)} lost"

        def differs(name):
            url = tools.presigned(client, "GET", f"{tools.BUCKET}/{keys[name][0]}")
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(url) as answer:
                return digest_of(answer) != sums[name]

        wrong = sum(map(differs, sums)) if hashed else 0
        return f"{wrong} of {len(sums)} WRONG" if wrong else ""

    @staticmethod
    def empty(run):
        """So that the store, which is in memory, does not fill."""
        client = run.service.client()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: client.delete(f"{tools.BUCKET}/{key}"),
                          client.list(tools.BUCKET, run.key + "/")))
        for key, upload in client.uploads(tools.BUCKET):
            client.abort(f"{tools.BUCKET}/{key}", upload)


def digest_of(file):
    digest = hashlib.sha256()
    while piece := file.read(MIB):
        digest.update(piece)
    return digest.hexdigest()


# --- a workload and its table ---------------------------------------------------------------------


def chosen(args, work):
    """The tools that run, and a line for each that does not."""
    every = tools.PUT if work.way == "put" else tools.GET
    wanted = [tool for tool in every if not args.tools or tool.name in args.tools]
    run, without = [], []
    for tool in wanted:
        if tool.name in work.left_out:
            without.append((tool.name, f"left out: {work.left_out[tool.name]}"))
        elif not tool.here:
            without.append((tool.name, f"missing: {tool.program} is not installed"))
        else:
            run.append(tool)
    return run, without


def measure(bench, work):
    """tool -> list of Spent, one per round; and who did not take part, with the reason."""
    run, without = chosen(bench.args, work)
    spent = {}
    for tool in run:
        first = bench.run(work, tool, hashed=True)
        if first.wrong:
            without.append((tool.name, f"FAILED: {first.wrong}"))
        else:
            spent[tool] = [first] if bench.args.short else []
    for _ in range(0 if bench.args.short else bench.args.rounds):
        order = list(spent)
        random.shuffle(order)
        for tool in order:
            spent[tool].append(bench.run(work, tool, hashed=False))
    for tool in list(spent):
        bad = [x.wrong for x in spent[tool] if x.wrong]
        if bad:
            without.append((tool.name, f"FAILED in {len(bad)} of {len(spent[tool])}: {bad[0]}"))
            del spent[tool]
    return spent, without


def median(rows, what):
    return statistics.median(getattr(row, what) for row in rows)


def ratio(rows, peer, what):
    """Within each round, so that what else the computer does counts for both."""
    return statistics.median(getattr(a, what) / max(getattr(b, what), 1e-3)
                             for a, b in zip(rows, peer))


def fastest(spent, careful):
    peers = [tool for tool in spent if tool.peer and (tool.careful or not careful)]
    return min(peers, key=lambda tool: median(spent[tool], "wall"), default=None)


def table(work, spent, without):
    """Prints it; of dogs: the figures for the summary."""
    best, careful = fastest(spent, False), fastest(spent, True)
    print(f"\n{work.name}: {work}", flush=True)
    print(f"  {'':<18}{'wall s':>8}{'best':>7}{'careful':>9}{'CPU s':>9}{'CPU best':>10}"
          f"{'careful':>9}{'MiB':>8}")

    def times(tool, peer, what, width):
        return f"{ratio(spent[tool], spent[peer], what):.2f}".rjust(width) if peer else " " * width

    for tool in sorted(spent, key=lambda tool: median(spent[tool], "wall")):
        rows = spent[tool]
        print(f"  {tool.name:<18}{median(rows, 'wall'):>8.3f}{times(tool, best, 'wall', 7)}"
              f"{times(tool, careful, 'wall', 9)}{median(rows, 'cpu'):>9.3f}"
              f"{times(tool, best, 'cpu', 10)}{times(tool, careful, 'cpu', 9)}"
              f"{max(row.mib for row in rows):>8.1f}")
    for name, why in without:
        print(f"  {name:<18}{why}")
    dogs = next((tool for tool in spent if tool.name == "dogs"), None)
    if not dogs or not best:
        return None
    return [f"{work.name:<14}", times(dogs, best, "wall", 6), times(dogs, best, "cpu", 7),
            f"  {best.name:<18}", times(dogs, careful, "wall", 6), times(dogs, careful, "cpu", 7),
            f"  {careful.name if careful else '':<8}",
            f"{max(row.mib for row in spent[dogs]):>8.1f}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    words = lambda text: text.split(",")  # noqa: E731
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", type=words, default=[], metavar="WORKLOAD,…")
    parser.add_argument("--tools", type=words, default=[], metavar="TOOL,…")
    parser.add_argument("--place", default=tempfile.gettempdir(), help="a folder on the disk")
    parser.add_argument("--json", help="a file for every single run")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="what tools say that fail")
    args = parser.parse_args()
    works = [work for work in WORKLOADS if not args.only or work.name in args.only]
    if args.list:
        for work in works:
            print(f"{work.name:<14}{work}")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # folders are removed, servers ended
    everything, summary = {}, []
    with contextlib.ExitStack() as stack:
        bench = Bench(args, stack)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
              f"{'once' if args.short else f'{args.rounds} rounds'}", flush=True)
        for work in works:
            work = work.short() if args.short else work
            try:
                spent, without = measure(bench, work)
            except common.Missing as what:
                print(f"\n{work.name}: not measured, missing: {what}")
                continue
            row = table(work, spent, without)
            if row:
                summary.append(row)
            everything[work.name] = {tool.name: [dataclasses.asdict(x) for x in rows]
                                     for tool, rows in spent.items()}
            if args.json:
                pathlib.Path(args.json).write_text(json.dumps(everything, indent=1))
    if summary:
        print(f"\ndogs as a multiple of\n{'':<14}  wall    CPU  of the fastest      wall    CPU  "
              "careful     MiB")
        for row in summary:
            print("".join(row))


if __name__ == "__main__":
    main()
