"""What tools/test runs once the packages are there: a table of suites, each built, run, counted.

Suites that only need a build of their own run two at a time. A suite counts its tests itself; one
that ends badly without having counted a failure counts as one failed.

Some tests look at what happens while something else happens, and a busy machine can upset them. What
failed is tried once more at the end, with nothing beside it. What passes then counts as passed and is
named at the end all the same; what fails again has failed.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
OPENAPI = ROOT.parent / "shared/reference/digitalocean-openapi.json"
PYTHON = sys.executable
FORMAT_MAJOR = 14  # of the clang-format whose opinion counts: others break some lines elsewhere
WORKERS = 2
AGAIN_MOST = 5

# Build -> folder, what CMake is told.
BUILDS = {
    "release": ("build", ["-DCMAKE_BUILD_TYPE=Release"]),
    "clang": ("build/clang", ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_C_COMPILER=clang"]),
    "asan": ("build/asan", ["-DCMAKE_BUILD_TYPE=Debug", "-DDOGS_SANITIZE=address,undefined"]),
    "tsan": ("build/tsan", ["-DCMAKE_BUILD_TYPE=Debug", "-DDOGS_SANITIZE=thread"]),
}
ELSEWHERE = {"windows": "build/windows/dogs", "static": "build/static"}  # tools/<name> builds there
SANITIZERS = {
    # The crash campaign preloads a library, which AddressSanitizer would refuse.
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99:verify_asan_link_order=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
    "TSAN_OPTIONS": "halt_on_error=1:exitcode=99",
}
VALGRIND = "valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite"


class Counts:
    def __init__(self, passed=0, failed=0, skipped=0, text=""):
        self.passed, self.failed, self.skipped, self.text = passed, failed, skipped, text
        self.names = []  # of the failed

    def __str__(self):
        text = f"{self.passed} passed, {self.failed} failed"
        return text + (f", {self.skipped} skipped" if self.skipped else "")


def run(command, seconds, env=None):
    """Status (None after too long a time) and all output."""
    try:
        done = subprocess.run(
            [str(word) for word in command], cwd=ROOT, env={**os.environ, **SANITIZERS, **(env or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=seconds, text=True, errors="replace",
        )
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        text = (late.stdout or b"").decode(errors="replace")
        return None, f"{text}\nnot done after {seconds} s"


def count_junit(path):
    counts = Counts()
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            counts.failed += 1
            counts.names.append((case.get("classname", ""), case.get("name")))
        elif "skipped" in kinds or case.get("status") in ("disabled", "notrun"):
            counts.skipped += 1
        else:
            counts.passed += 1
    return counts


def counted(status, output, junit):
    counts = count_junit(junit) if pathlib.Path(junit).exists() else Counts()
    if status != 0 and not counts.failed:
        counts.failed = 1
    counts.text = output
    return counts


# --- builds: each made once, whichever suite comes first -----------------------------------------

build_lock = threading.Lock()
builds_done = {}


def run_build(name):
    if name in ELSEWHERE:
        return run([ROOT / "tools" / name, *(["--tests"] if name == "windows" else [])], 1800)
    folder, options = BUILDS[name]
    script = '. "$1/tools/lib.sh"; dir=$root/$2; shift 2; configure "$dir" "$@" && build "$dir"'
    options = options + ["-DDOGS_TESTS=ON", "-DDOGS_WERROR=ON"]
    return run(["bash", "-c", script, "build", ROOT, folder, *options], 900)


def build(name):
    """Returns "" or what went wrong."""
    with build_lock:
        if name not in builds_done:
            begin = time.monotonic()
            status, output = run_build(name)
            say(f"--- build {name}: {time.monotonic() - begin:.0f} s" + (" FAILED" if status else ""))
            builds_done[name] = "" if status == 0 else output or "build failed"
        return builds_done[name]


# --- kinds of suites -----------------------------------------------------------------------------


def check_format(_):
    tool = shutil.which(f"clang-format-{FORMAT_MAJOR}") or shutil.which("clang-format")
    version = re.search(r"version (\d+)", run([tool, "--version"], 30)[1])
    if not version or int(version.group(1)) != FORMAT_MAJOR:
        return Counts(skipped=1, text=f"clang-format {FORMAT_MAJOR} is not here")
    files = [p for top in ("src", "include", "tests") for p in sorted((ROOT / top).rglob("*.[ch]"))]
    status, output = run([tool, "--dry-run", "--Werror", *files], 120)
    return Counts(int(status == 0), int(status != 0), text=output if status else "")


def folder_of(build):
    return ROOT / (ELSEWHERE.get(build) or BUILDS[build][0])


def missing_for(name):
    """What is missing for the tests of dogs.exe or the static dogs; "" if nothing is."""
    tools = {"windows": ("x86_64-w64-mingw32-windres", "dpkg-source", "wine", "wineserver"),
             "static": ("gcc", "make", "perl", "dpkg-source")}
    builds = [build for build in tools if build in name]
    missing = [tool for build in builds for tool in tools[build] if not shutil.which(tool)]
    if not builds:
        return ""
    if any(letter.isspace() for letter in str(ROOT)):
        missing.append("a path without blanks (the libraries' configure scripts need one)")
    return ", ".join(missing)


def under_wine(command, seconds):
    """The same in a Wine prefix of its own."""
    prefix = tempfile.mkdtemp(prefix="dogs-wine-")
    env = {"WINEPREFIX": prefix, "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml=d",
           "DISPLAY": ""}
    try:
        run(["wine", "wineboot", "-i"], 300, env)
        return run(command, seconds, env)
    finally:
        run(["wineserver", "-k", "-w"], 60, env)
        shutil.rmtree(prefix, ignore_errors=True)


def unit(suite, only=()):
    """only: names of test programs instead of all."""
    folder = folder_of(suite.build)
    junit = folder / "unit.xml"
    junit.unlink(missing_ok=True)
    command = ["ctest", "--test-dir", folder, "--output-on-failure", "--output-junit", junit, "-j2"]
    if only:
        command += ["-R", f"^({'|'.join(only)})$"]
    status, output = (under_wine if suite.build == "windows" else run)(command, 600)
    counts = counted(status, output, junit)
    counts.names = [name for _, name in counts.names]
    return counts


def python_tests(suite, only=()):
    """only: instead of the suite's files, names of tests as pytest takes them."""
    handle, junit = tempfile.mkstemp(suffix=".xml")
    os.close(handle)
    os.unlink(junit)
    env = {"PYTHONDONTWRITEBYTECODE": "1", "DOGS_BUILD": suite.build or "release", **suite.env}
    env["DOGS"] = str(folder_of(suite.build or "release") / "dogs")
    if suite.build == "windows":
        env["DOGS"] += ".exe"
    command = [PYTHON, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", f"--junitxml={junit}"]
    files = [path for pattern in suite.files for path in sorted(ROOT.glob(pattern))]
    if not files:
        return Counts(failed=1, text=f"no file matches {suite.files}")
    status, output = run([*command, *([] if only else suite.options), *(only or files)], suite.seconds,
                         env)
    counts = counted(status, output, junit)
    pathlib.Path(junit).unlink(missing_ok=True)
    where = {path.stem: path for path in files}
    counts.names = [f"{where.get(place.rpartition('.')[2])}::{name}" for place, name in counts.names]
    return counts


def conformance(suite):
    dogs = ROOT / BUILDS["release"][0] / "dogs"
    status, output = run([PYTHON, ROOT / "tests/conformance.py", "--openapi", OPENAPI],
                         suite.seconds, {"DOGS": str(dogs)})
    routes, violations = (re.findall(r"(\d+) routes, .* (\d+) violations", output) or [(0, 0)])[-1]
    if status == 77:
        return Counts(skipped=1, text=output)
    if status == 0:
        return Counts(passed=max(1, int(routes)), text=output)
    return Counts(failed=max(1, int(violations)), text=output)


FUZZ_BUILD = """. "$1/tools/lib.sh"; configure "$root/build/fuzz" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DCMAKE_C_COMPILER=clang -DDOGS_FUZZ=ON && build "$root/build/fuzz" fuzz_talk"""


def fuzz(suite):
    """Each parser of a game's answers with libFuzzer, from the corpus that is kept: 3 s, or 10
    minutes with DOGS_LONG. What it finds lies in build/fuzz/found-*."""
    program = 'int LLVMFuzzerTestOneInput(const char *p, unsigned long n) { return !p && n; }'
    probe = subprocess.run(["bash", "-c", 'clang -fsanitize=fuzzer -x c -o /dev/null - 2>&1'],
                           input=program, capture_output=True, text=True)
    if probe.returncode:
        return Counts(skipped=1, text="clang has no libFuzzer here (libclang-rt-*-dev)")
    status, output = run(["bash", "-c", FUZZ_BUILD, "fuzz", ROOT], 900)
    if status:
        return Counts(failed=1, text=output)
    counts, said = Counts(), []
    seconds = 600 if os.environ.get("DOGS_LONG") else 3
    for corpus in sorted((ROOT / "tests/fuzz/corpus").iterdir()):
        with tempfile.TemporaryDirectory() as grown:
            status, output = run(
                [ROOT / "build/fuzz/fuzz_talk", f"-max_total_time={seconds}", "-max_len=4096",
                 "-rss_limit_mb=1024", f"-artifact_prefix={ROOT}/build/fuzz/found-{corpus.name}-",
                 grown, corpus], seconds + 120, {"DOGS_FUZZ": corpus.name})
        counts.passed += status == 0
        counts.failed += status != 0
        done = re.search(r"DONE.*exec/s: \d+", output)
        said.append(f"{corpus.name}: " + (done.group() if status == 0 and done else output[-3000:]))
    counts.text = "\n".join(said)
    return counts


def twice(suite):
    """dogs.exe from nothing in two folders: the same bytes, and system DLLs only."""
    status, output = run([ROOT / "tools/windows", "--check"], suite.seconds)
    return Counts(int(status == 0), int(status != 0), text=output)


def figures(suite):
    """Prints; a figure is never a failure, only a benchmark that does not run is."""
    dogs = ROOT / BUILDS["release"][0] / "dogs"
    status, output = run([PYTHON, ROOT / "tests/bench/bench.py", "--short"], suite.seconds,
                         {"DOGS": str(dogs)})
    return Counts(int(status == 0), int(status != 0), text=output)


class Suite:
    def __init__(self, name, kind, build=None, files=(), options=(), env=None, seconds=600,
                 quick=False, show=False, long=False):
        self.name, self.kind, self.build, self.files = name, kind, build, files
        self.options, self.env, self.seconds = options, env or {}, seconds
        self.quick, self.show = quick, show  # show: the output also where all is well
        self.long = long  # only with --long, or by name


def e2e(name, file, build="release", **more):
    seconds = 2400 if os.environ.get("DOGS_LONG") else more.pop("seconds", 600)
    return Suite(f"{name}-{build}", python_tests, build, [f"tests/e2e/{file}"], seconds=seconds,
                 quick=build == "release", show=True, **more)


def suites():
    return [
        Suite("format", check_format, quick=True),
        Suite("layers", python_tests, None, ["tests/test_*.py"], quick=True),
        Suite("unit-release", unit, "release", quick=True),
        e2e("evening", "test_evening.py"),
        e2e("cli", "test_cli*.py"),
        e2e("menu", "test_menu.py"),
        e2e("refusals", "test_refusals.py"),
        e2e("interrupt", "test_interrupt.py"),
        e2e("crash", "test_crash.py", env={"DOGS_SHORT": "2"}),
        e2e("faults", "test_faults.py", env={"DOGS_SHORT": "2"}),
        e2e("together", "test_together.py"),
        e2e("tls", "test_tls.py"),
        e2e("scripts", "test_scripts.py", seconds=900),
        e2e("stepped", "test_stepped.py"),
        e2e("watch", "test_watch.py"),
        e2e("year", "test_year.py"),
        e2e("awake", "test_awake.py"),
        e2e("schedule", "test_schedule.py"),
        e2e("limits", "test_limits.py"),
        e2e("load", "test_load.py"),
        e2e("get", "test_get.py"),
        e2e("put", "test_put.py"),
        e2e("transfer-face", "test_transfer_face.py"),
        e2e("transfer-faults", "test_transfer_faults.py", env={"DOGS_SHORT": "2"}),
        e2e("resume", "test_resume.py", env={"DOGS_SHORT": "2"}),
        e2e("transfer-odd", "test_transfer_odd.py", env={"DOGS_SHORT": "2"}),
        e2e("dropbox", "test_dropbox.py"),
        e2e("games", "test_games.py"),
        e2e("worlds", "test_worlds.py"),
        e2e("query", "test_query.py"),
        e2e("query-admin", "test_admin.py"),
        e2e("ready", "test_ready.py"),
        e2e("leave", "test_leave.py"),
        e2e("soak", "test_soak.py"),
        Suite("openapi", conformance, "release", seconds=600, quick=True, show=True),
        Suite("unit-clang", unit, "clang"),
        Suite("fuzz", fuzz, show=True),
        Suite("unit-asan", unit, "asan"),
        e2e("schedule", "test_schedule.py", "asan", env={"DOGS_SHORT": "4"}),
        e2e("limits", "test_limits.py", "asan"),
        e2e("ready", "test_ready.py", "asan", env={"DOGS_SHORT": "3"}),
        e2e("leave", "test_leave.py", "asan", env={"DOGS_SHORT": "3"}),
        e2e("evening", "test_evening.py", "asan"),
        e2e("cli", "test_cli*.py", "asan"),
        e2e("menu", "test_menu.py", "asan", long=True),
        e2e("refusals", "test_refusals.py", "asan"),
        e2e("interrupt", "test_interrupt.py", "asan"),
        e2e("crash", "test_crash.py", "asan", env={"DOGS_SHORT": "8"}),
        e2e("faults", "test_faults.py", "asan", env={"DOGS_SHORT": "8"}),
        e2e("awake", "test_awake.py", "asan", env={"DOGS_SHORT": "8"}),
        e2e("together", "test_together.py", "asan", env={"DOGS_SHORT": "8"}),
        e2e("get", "test_get.py", "asan", env={"DOGS_SHORT": "4"}),
        e2e("put", "test_put.py", "asan", env={"DOGS_SHORT": "4"}),
        e2e("transfer-faults", "test_transfer_faults.py", "asan", env={"DOGS_SHORT": "4"}),
        e2e("resume", "test_resume.py", "asan", env={"DOGS_SHORT": "4"}),
        e2e("transfer-odd", "test_transfer_odd.py", "asan", env={"DOGS_SHORT": "4"}),
        e2e("dropbox", "test_dropbox.py", "asan", env={"DOGS_SHORT": "4"}),
        e2e("games", "test_games.py", "asan", long=True),
        e2e("worlds", "test_worlds.py", "asan", env={"DOGS_SHORT": "3"}),
        e2e("query", "test_query.py", "asan", long=True),
        e2e("query-admin", "test_admin.py", "asan"),
        Suite("unit-tsan", unit, "tsan"),
        e2e("evening", "test_evening.py", "tsan"),
        e2e("interrupt", "test_interrupt.py", "tsan"),
        e2e("together", "test_together.py", "tsan", env={"DOGS_SHORT": "8"}),
        e2e("put", "test_put.py", "tsan", env={"DOGS_SHORT": "6"}),
        e2e("transfer-faults", "test_transfer_faults.py", "tsan", env={"DOGS_SHORT": "6"}),
        e2e("resume", "test_resume.py", "tsan", env={"DOGS_SHORT": "6"}),
        e2e("transfer-odd", "test_transfer_odd.py", "tsan", env={"DOGS_SHORT": "8"}),
        e2e("dropbox", "test_dropbox.py", "tsan", env={"DOGS_SHORT": "8"}),
        e2e("soak", "test_soak.py", "tsan"),
        Suite("evening-valgrind", python_tests, "release", ["tests/e2e/test_evening.py"],
              ["-k", "test_an_evening"], {"DOGS_WRAP": VALGRIND}),
        Suite("unit-windows", unit, "windows"),
        e2e("evening", "test_evening.py", "windows"),
        e2e("cli", "test_cli*.py", "windows"),
        e2e("refusals", "test_refusals.py", "windows"),
        e2e("interrupt", "test_interrupt.py", "windows"),
        e2e("crash", "test_crash.py", "windows", env={"DOGS_SHORT": "8"}),
        e2e("faults", "test_faults.py", "windows", env={"DOGS_SHORT": "8"}),
        e2e("together", "test_together.py", "windows", env={"DOGS_SHORT": "4"}),
        e2e("tls", "test_tls.py", "windows"),
        e2e("windows", "test_windows.py", "windows"),
        e2e("awake", "test_awake_wine.py", "windows"),
        e2e("schedule", "test_schedule_wine.py", "windows"),
        Suite("windows-twice", twice, seconds=1800, show=True),
        e2e("static", "test_static.py", "static", long=True),
        e2e("evening", "test_evening.py", "static", long=True),
        e2e("cli", "test_cli*.py", "static", long=True),
        e2e("get", "test_get.py", "static", env={"DOGS_SHORT": "4"}, long=True),
        e2e("put", "test_put.py", "static", env={"DOGS_SHORT": "4"}, long=True),
        Suite("figures", figures, "release", seconds=300, show=True),
    ]


# --- running -------------------------------------------------------------------------------------

print_lock = threading.Lock()


def say(text):
    with print_lock:
        print(text, flush=True)


def run_suite(suite):
    begin = time.monotonic()
    missing = missing_for(suite.name)
    wrong = build(suite.build) if suite.build and not missing else ""
    if missing:
        counts = Counts(skipped=1, text=f"not here: {missing}")
    elif wrong:
        counts = Counts(failed=1, text=f"the {suite.build} build failed:\n{wrong}")
    else:
        begin = time.monotonic()
        try:
            counts = suite.kind(suite)
        except Exception as problem:  # a suite that cannot run is a failure, not the end of all
            counts = Counts(failed=1, text=f"{type(problem).__name__}: {problem}")
    text = "\n".join(x for x in counts.text.splitlines() if "generated xml file" not in x).strip()
    loud = counts.failed or counts.skipped or suite.show
    say(f"=== {suite.name}: {counts} ({time.monotonic() - begin:.0f} s)"
        + ("\n" + text if text and loud else ""))
    return counts


def try_again(suites_results):
    """What failed, by itself; a suite of which little is left standing is not tried."""
    passed = []
    for suite, result in suites_results:
        if suite.kind not in (unit, python_tests) or not 0 < result.failed == len(result.names) <= AGAIN_MOST:
            continue
        counts = suite.kind(suite, result.names)
        say(f"=== {suite.name}, its failed ones by themselves: {counts}"
            + ("\n" + counts.text if counts.failed else ""))
        if counts.passed + counts.failed != result.failed:
            continue
        passed += [f"{suite.name}: {n}" for n in result.names if n not in counts.names]
        result.passed, result.failed = result.passed + counts.passed, counts.failed
    return passed


def main():
    parser = argparse.ArgumentParser(prog="tools/test", allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="the release build only")
    parser.add_argument("--long", action="store_true", help="the campaigns in full")
    parser.add_argument("--list", action="store_true", help="names of the suites")
    parser.add_argument("suite", nargs="*", help="only these (a part of the name is enough)")
    args = parser.parse_args()
    if args.long:
        os.environ["DOGS_LONG"] = "1"
    chosen = [s for s in suites() if s.quick or not args.quick]
    for word in args.suite:
        if not any(word in s.name for s in chosen):
            parser.error(f"no suite '{word}'; there are: {' '.join(s.name for s in chosen)}")
    if not args.suite and not args.long:
        chosen = [s for s in chosen if not s.long]
    if args.suite:
        chosen = [s for s in chosen if any(word in s.name for word in args.suite)]
    if args.list:
        print("\n".join(s.name for s in chosen))
        return 0
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        results = list(pool.map(run_suite, chosen))
    second = try_again(list(zip(chosen, results)))
    total = Counts(*(sum(getattr(r, k) for r in results) for k in ("passed", "failed", "skipped")))
    bad = [s.name for s, r in zip(chosen, results) if r.failed]
    print(f"\n{len(chosen)} suites in {time.monotonic() - begin:.0f} s"
          + (f"; with failures: {' '.join(bad)}" if bad else ""))
    if second:
        print("passed only when run again by themselves:", *second, sep="\n  ")
    print(total)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
