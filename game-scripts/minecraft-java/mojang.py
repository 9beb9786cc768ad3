"""What update.sh asks of Mojang's lists, in which everything has a SHA-1 digest.

    mojang.py newest VERSIONS          its name, the address and digest of its own list
    mojang.py server VERSION           address and digest of the server; which Java it wants
    mojang.py runtime RUNTIMES NAME    address and digest of that Java's list of files
    mojang.py files RUNTIME FOLDER     writes FOLDER.urls (for curl), FOLDER.sums, FOLDER.modes
"""

import json
import re
import shlex
import sys

ADDRESS = re.compile(r"https://[a-z0-9.-]+/[A-Za-z0-9._/%+-]+")
DIGEST = re.compile(r"[0-9a-f]{40}")


def proved(entry):
    """Address and digest, which become words of a shell."""
    if not ADDRESS.fullmatch(entry["url"]) or not DIGEST.fullmatch(entry["sha1"]):
        sys.exit(f"mojang.py: an entry is not as expected: {entry}")
    return entry["url"], entry["sha1"]


def newest(lists):
    name = lists["latest"]["release"]
    return (name, *proved(next(v for v in lists["versions"] if v["id"] == name)))


def server(version):
    java = version.get("javaVersion", {}).get("component", "jre-legacy")
    return (*proved(version["downloads"]["server"]), java)


def runtime(runtimes, name):
    return proved(runtimes["linux"][name][0]["manifest"])


def files(listed, folder):
    urls, sums, modes = [], [], []
    for path, entry in sorted(listed["files"].items()):
        if path[0] == "/" or ".." in path.split("/") or not path.isprintable() or '"' in path:
            sys.exit(f"mojang.py: a file is not as expected: {path}")
        word = shlex.quote(path)
        if entry["type"] == "directory":
            modes.append(f"mkdir -p {word}")
        elif entry["type"] == "link":
            modes.append(f"ln -sfn {shlex.quote(entry['target'])} {word}")
        else:
            url, digest = proved(entry["downloads"]["raw"])
            urls.append(f'url = "{url}"\noutput = "{folder}/{path}"')
            sums.append(f"{digest}  {path}")
            if entry.get("executable"):
                modes.append(f"chmod 0755 {word}")
    for kind, lines in (("urls", urls), ("sums", sums), ("modes", modes)):
        with open(f"{folder}.{kind}", "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
    return ()


verb, file, *more = sys.argv[1:]
with open(file, encoding="utf-8") as text:
    print(*{f.__name__: f for f in (newest, server, runtime, files)}[verb](json.load(text), *more))
