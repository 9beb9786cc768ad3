"""The house's rules that a compiler does not check: who includes whom, and how long things get.

Reads every file of src/ and include/ against the tables below. `check(files)` is pure, so the
second half of this file feeds it small wrong houses and demands that each is found out.
"""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Folder -> folders whose dogs/*.h it may include (its own are always allowed).
SERVICES = {"config", "cloud", "transfer", "game", "sandbox"}
GROUND = {"base", "platform", "net"}
MAY = {
    "base": set(),
    "platform": {"base"},
    "net": {"base", "platform"},
    **{service: set(GROUND) for service in SERVICES},
    "core": GROUND | SERVICES - {"sandbox"},
    "web": {"base", "platform", "net", "config", "core"},
    "cli": {"base", "platform", "config", "transfer", "game", "sandbox", "core", "web"},
}
# Header of include/dogs -> the folder whose face it is.
OWNER = {
    **dict.fromkeys("err str log json hash printf when".split(), "base"),
    **dict.fromkeys("os awake secret term work file digest cpu zone timer".split(), "platform"),
    **dict.fromkeys("http http_flow httpd sock".split(), "net"),
    "schedule": "core",
    **{name: name for name in SERVICES | {"core", "web"}},
}
# Headers of libraries -> where they may stand (folder, or exact file).
LIBRARIES = {
    "curl/": {"src/net"},
    "microhttpd.h": {"src/net"},
    "yaml.h": {"src/config"},
    "cjson/": {"include/dogs/json.h"},
    "expat.h": {"src/transfer/s3_xml.c"},
    "openssl/": {"src/platform/digest_linux.c", "src/platform/late_crypto_linux.c"},
    "systemd/": {"src/platform/awake_linux.c"},
    "dlfcn.h": {"src/platform/load_posix.c"},
    "pthread.h": {"src/platform/work.c", "src/platform/load_posix.c", "src/base/log.c"},
}
STANDARD = set(
    "assert ctype errno float inttypes limits locale math setjmp signal stdalign stdarg stdatomic "
    "stdbool stddef stdint stdio stdlib stdnoreturn string time "
    "strings".split()  # not of ISO C, but strcasecmp is there on every system that we build for
)
OS_FILE = re.compile(r"_(posix|win32|linux|macos)\.[ch]$")
OS_TEST = re.compile(
    r"^\s*#\s*(?:if|ifdef|ifndef|elif)\b.*"
    r"(_WIN32|_WIN64|__MINGW|_MSC_VER|__linux|__APPLE__|__unix|__FreeBSD__)"
)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
BANNED = re.compile(
    r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|gets|system|popen|strtok|strtok_r|alloca)\s*\("
)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
MAX_COLUMNS, MAX_FUNCTION, MAX_FILE, MAX_PLATFORM_FILE = 100, 100, 450, 650


def folder_of(path):
    """The row of the table: src/cloud/client.c -> cloud, include/dogs/os.h -> platform."""
    parts = path.split("/")
    if parts[0] == "include":
        return OWNER.get(parts[-1].removesuffix(".h"))
    return "cli" if path == "src/main.c" else parts[1]


def check_include(path, kind, header):
    folder = folder_of(path)
    if header.startswith("dogs/"):
        owner = OWNER.get(header.removeprefix("dogs/").removesuffix(".h"))
        if owner is None:
            return f"<{header}> has no row in OWNER"
        if owner != folder and owner not in MAY[folder]:
            return f"{folder} may not include <{header}> ({owner})"
        return None
    if kind == '"':
        return f'"{header}" lies in another folder' if "/" in header else None
    for prefix, places in LIBRARIES.items():
        if header.startswith(prefix):
            allowed = path in places or path.rsplit("/", 1)[0] in places
            return None if allowed else f"<{header}> belongs into {' or '.join(sorted(places))}"
    if header.removesuffix(".h") in STANDARD or OS_FILE.search(path):
        return None
    return f"<{header}> belongs into a *_posix.c, *_win32.c, *_linux.c or *_macos.c"


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def bare(text):
    """The code without the insides of text and comments, with the same line numbers."""
    out = re.compile(STRING.pattern + "|" + COMMENT.pattern + r"|'(?:[^'\\\n]|\\.)+'", re.S)
    return out.sub(blank, text)


def check_lengths(path, lines):
    limit = MAX_PLATFORM_FILE if folder_of(path) == "platform" else MAX_FILE
    if len(lines) > limit:
        yield 1, f"{len(lines)} lines; a file has at most {limit}"
    begin = None
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            yield number, f"{len(line)} columns; a line has at most {MAX_COLUMNS}"
        if line == "{":
            begin = number
        elif line == "}" and begin is not None:
            if number - begin - 1 > MAX_FUNCTION:
                yield begin, f"{number - begin - 1} lines; a function has at most {MAX_FUNCTION}"
            begin = None


def check_file(path, text):
    if folder_of(path) not in MAY:
        yield 1, "stands in a folder (or is a header) without a row in the table"
        return
    yield from check_lengths(path, text.splitlines())
    for number, line in enumerate(text.splitlines(), 1):
        include = INCLUDE.match(line)
        wrong = check_include(path, *include.groups()) if include else None
        if wrong:
            yield number, wrong
        if UNFINISHED.search(line):
            yield number, "unfinished work is an issue, not a comment"
    for number, line in enumerate(bare(text).splitlines(), 1):
        for call in BANNED.findall(line):
            yield number, f"{call}() is banned"
        if OS_TEST.match(line) and not OS_FILE.search(path):
            yield number, "tests of the system belong into *_posix.c, *_win32.c, …"


def check(files):
    """files: path -> text. Returns "path:line: what is wrong", sorted."""
    return sorted(
        f"{path}:{number}: {wrong}"
        for path, text in files.items()
        for number, wrong in check_file(path, text)
    )


def house():
    paths = [p for top in ("src", "include") for p in (ROOT / top).rglob("*.[ch]")]
    return {p.relative_to(ROOT).as_posix(): p.read_text(encoding="utf-8") for p in paths}


def test_the_house_keeps_its_rules():
    files = house()
    assert len(files) > 20, "this test looks in the wrong place"
    problems = check(files)
    assert not problems, "\n" + "\n".join(problems)


def test_build_links_floors_as_the_table_says():
    """CMakeLists.txt hands each floor only libraries of floors that it may include."""
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    rows = re.findall(r"^floor\((\w+)([^)]*)\)", text, re.M)
    assert {"base", "platform", "net", "core", "cli"} <= {name for name, _ in rows}
    direct = {name: set(re.findall(r"\bdogs_(\w+)", links)) for name, links in rows}
    for name, links in direct.items():
        assert links <= MAY[name], f"{name} links {links - MAY[name]}"


LONG_FUNCTION = "void f(void)\n{\n" + "    g();\n" * 101 + "}\n"
WRONG = [
    ("src/base/a.c", "#include <dogs/os.h>\n", "base may not include"),
    ("src/cloud/a.c", "#include <dogs/config.h>\n", "cloud may not include"),
    ("src/cli/a.c", "#include <dogs/cloud.h>\n", "cli may not include"),
    ("src/main.c", "#include <dogs/http.h>\n", "cli may not include"),
    ("src/core/a.c", "#include <dogs/sandbox.h>\n", "core may not include"),
    ("include/dogs/str.h", "#include <dogs/core.h>\n", "base may not include"),
    ("src/core/a.c", "#include <dogs/nowhere.h>\n", "no row in OWNER"),
    ("include/dogs/nowhere.h", "", "without a row"),
    ("src/nowhere/a.c", "", "without a row"),
    ("src/cli/a.c", '#include "../core/steps.h"\n', "another folder"),
    ("src/cloud/a.c", "#include <curl/curl.h>\n", "belongs into src/net"),
    ("src/sandbox/a.c", "#include <microhttpd.h>\n", "belongs into src/net"),
    ("src/core/a.c", "#include <yaml.h>\n", "belongs into src/config"),
    ("src/cloud/a.c", "#include <cjson/cJSON.h>\n", "belongs into include/dogs/json.h"),
    ("src/cloud/a.c", "#include <pthread.h>\n", "belongs into src/base/log.c"),
    ("src/core/a.c", "#include <unistd.h>\n", "belongs into a *_posix.c"),
    ("src/net/a_posix.c", "#include <dlfcn.h>\n", "belongs into src/platform/load_posix.c"),
    ("src/cli/a.c", "#ifdef _WIN32\n#endif\n", "tests of the system"),
    ("src/cli/a.c", "#  if defined(X) || defined(__APPLE__)\n#endif\n", "tests of the system"),
    ("src/cli/a.c", "/* TODO later */\n", "unfinished"),
    ("src/cli/a.c", "int x = sprintf(b, \"x\");\n", "sprintf() is banned"),
    ("src/cli/a.c", "    system(\"ls\");\n", "system() is banned"),
    ("src/cli/a.c", "    strcpy (a, b);\n", "strcpy() is banned"),
    ("src/cli/a.c", "x" * 101 + "\n", "101 columns"),
    ("src/cli/a.c", "int x;\n" * 451, "a file has at most 450"),
    ("src/platform/a_posix.c", "int x;\n" * 651, "a file has at most 650"),
    ("src/cli/a.c", LONG_FUNCTION, "a function has at most 100"),
]
RIGHT = [
    ("src/net/a.c", "#include <curl/curl.h>\n#include <dogs/os.h>\n#include <stdio.h>\n"),
    ("src/platform/os_posix.c", "#include <unistd.h>\n#ifdef __linux__\n#endif\n"),
    ("src/core/a.c", '#include "steps.h"\n#include <dogs/cloud.h>\n#include <dogs/config.h>\n'),
    ("src/cli/a.c", 'int x; /* never system() */\nconst char *s = "system(";\n'),
    ("src/cli/a.c", "    snprintf(a, 1, b);\n    file_system(x);\n    p->system(x);\n"),
    ("src/cli/a.c", LONG_FUNCTION.replace("    g();\n", "", 1)),
]


@pytest.mark.parametrize("path, text, expected", WRONG)
def test_a_breach_is_found(path, text, expected):
    problems = check({path: text})
    assert len(problems) == 1 and expected in problems[0], problems


@pytest.mark.parametrize("path, text", RIGHT)
def test_what_is_allowed_passes(path, text):
    assert check({path: text}) == []
