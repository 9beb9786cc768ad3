"""What the stand-in for Dropbox stores, by which rules, and how the service words its refusals."""

import datetime
import hashlib
import itertools
import re
import time

BLOCK = 4 * 1024 * 1024
SESSION_LIFE_S = 7 * 24 * 3600
WRITE_PATH = re.compile(r"/(.|[\r\n])*|ns:[0-9]+(/.*)?")
DISALLOWED = {"desktop.ini", "thumbs.db", ".ds_store", "icon\r", ".dropbox", ".dropbox.attr"}

COMMIT = {"path", "mode", "autorename", "client_modified", "mute", "property_groups",
          "strict_conflict"}


class Refused(Exception):
    """An answer that is not 200."""

    def __init__(self, status, body, headers=(), tags=None):
        super().__init__(tags or body)
        self.status, self.body, self.headers, self.tags = status, body, dict(headers), tags


def nest(tags, **fields):
    """("path", "conflict", "file") -> {".tag": "path", "path": {".tag": "conflict", …}}"""
    error = {".tag": tags[-1], **fields}
    for tag in reversed(tags[:-1]):
        error = {".tag": tag, tag: error}
    return error


def refuse(tags, status=409, **fields):
    tags = tags.split("/")
    body = {"error_summary": "/".join(tags) + "/..", "error": nest(tags, **fields)}
    return Refused(status, body, tags="/".join(tags))


def write_refused(tags, session=None):
    """The error of files/upload has WriteError in a struct; that of finish has it as it is."""
    if session is None:
        body = {"error_summary": f"path/{tags}/..",
                "error": {".tag": "path", "reason": nest(tags.split("/")),
                          "upload_session_id": "AAAAAAAAAEFo2vgKConWRA"}}
        return Refused(409, body, tags="path/" + tags)
    return refuse("path/" + tags)


def rate_limited(reason, seconds, plain=False):
    error = {"reason": {".tag": reason}, "retry_after": seconds}
    body = reason if plain else {"error_summary": reason + "/..", "error": error}
    return Refused(429, body, {"Retry-After": str(seconds)}, reason)


def malformed(route, what):
    return Refused(400, f'Error in call to API function "{route}": {what}')


def content_hash(file):
    every = hashlib.sha256()
    with open(file, "rb") as f:
        while block := f.read(BLOCK):
            every.update(hashlib.sha256(block).digest())
    return every.hexdigest()


class Session:
    def __init__(self, ident, concurrent, spool):
        self.id, self.concurrent, self.spool = ident, concurrent, spool
        self.closed, self.pieces, self.born, self.now, self.most = False, {}, time.time(), 0, 0
        spool.touch()

    def reached(self):
        """Up to where nothing is missing."""
        end = 0
        for offset, length in sorted(self.pieces.items()):
            if offset <= end:
                end = max(end, offset + length)
        return end


class Stored:
    def __init__(self, path, spool, rev, ident, modified):
        self.path, self.spool, self.rev, self.id = path, spool, rev, ident
        self.size, self.hash, self.modified = spool.stat().st_size, content_hash(spool), modified
        self.server_modified = stamp()

    def metadata(self):
        return {"name": self.path.rsplit("/", 1)[1], "path_lower": self.path.lower(),
                "path_display": self.path, "id": self.id, "client_modified": self.modified,
                "server_modified": self.server_modified, "rev": self.rev, "size": self.size,
                "is_downloadable": True, "content_hash": self.hash}


def stamp():
    return datetime.datetime.utcnow().strftime("%Y-%m-%dT%H:%M:%SZ")


def parents(path):
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(2, len(parts))]


class Box:
    """What is stored, and the rules of writing. Runs in the server's thread."""

    def __init__(self, folder, quota):
        self.folder, self.quota = folder, quota
        self.files, self.folders, self.sessions, self.cursors = {}, {}, {}, {}
        self.numbers = itertools.count(1)

    def spool(self):
        return self.folder / f"spool-{next(self.numbers)}"

    def find(self, path):
        if path.startswith("rev:") or path.startswith("id:"):
            for file in self.files.values():
                if path in ("rev:" + file.rev, file.id):
                    return file
            raise refuse("path/not_found")
        if path.lower() in self.folders:
            raise refuse("path/not_file")
        if path.lower() not in self.files:
            raise refuse("path/not_found")
        return self.files[path.lower()]

    def conflict(self, path, mode, spool, strict):
        """What is in the way, or None; the file that is as it should be already, or None."""
        if path.lower() in self.folders:
            return "conflict/folder", None
        if any(parent.lower() in self.files for parent in parents(path)):
            return "conflict/file_ancestor", None
        there = self.files.get(path.lower())
        if not there or mode == "overwrite":
            return None, None
        if not strict and there.hash == content_hash(spool):
            return None, there
        if isinstance(mode, dict) and mode.get("update") == there.rev:
            return None, None
        return "conflict/file", None

    def commit(self, route, arg, spool, session=None):
        path, mode = arg["path"], arg.get("mode", "add")
        mode = mode.get(".tag") if isinstance(mode, dict) and mode.get(".tag") != "update" else mode
        if set(arg) - COMMIT - {"content_hash"}:
            raise malformed(route, f"unknown field {sorted(set(arg) - COMMIT)}")
        if not WRITE_PATH.fullmatch(path):
            raise malformed(route, f"path: {path!r} did not match pattern")
        if mode not in ("add", "overwrite") and not (isinstance(mode, dict) and mode.get("update")):
            raise malformed(route, f"mode: unknown tag {mode!r}")
        modified = arg.get("client_modified", stamp())
        try:
            datetime.datetime.strptime(modified, "%Y-%m-%dT%H:%M:%SZ")
        except ValueError:
            raise malformed(route, "client_modified: not in the format") from None
        if path.endswith("/") or "//" in path or re.search(r"[\0-\x1f]", path):
            raise write_refused("malformed_path", session)
        if path.rsplit("/", 1)[1].lower() in DISALLOWED:
            raise write_refused("disallowed_name", session)
        in_the_way, same = self.conflict(path, mode, spool, arg.get("strict_conflict"))
        if in_the_way and arg.get("autorename"):
            stem, dot, end = path.rpartition(".")
            path = next(p for n in itertools.count(1)
                        if (p := f"{stem} ({n}){dot}{end}" if dot else f"{path} ({n})").lower()
                        not in self.files)
        elif in_the_way:
            raise write_refused(in_the_way, session)
        if same:
            spool.unlink()
            return same
        used = sum(file.size for file in self.files.values())
        if self.quota is not None and used + spool.stat().st_size > self.quota:
            raise write_refused("insufficient_space", session)
        return self.store(path, spool, modified)

    def store(self, path, spool, modified):
        old = self.files.get(path.lower())
        for parent in parents(path):
            self.folders.setdefault(parent.lower(), parent)
        number = next(self.numbers)
        ident = old.id if old else f"id:a4ayc_80_OEAAAAA{number:07d}"
        if old:
            old.spool.unlink()
        file = Stored(path, spool, f"{number:09x}dd78", ident, modified)
        self.files[path.lower()] = file
        return file

    def session(self, ident, prefix=""):
        session = self.sessions.get(ident)
        if not session or time.time() - session.born > SESSION_LIFE_S:
            raise refuse(prefix + "not_found")
        return session

    def finish(self, route, entry, batch):
        session = self.session(entry["cursor"]["session_id"], "lookup_failed/")
        size = entry["cursor"]["offset"]
        if session.concurrent and not session.closed:
            raise refuse("concurrent_session_not_closed")
        if batch and not session.closed:
            raise refuse("lookup_failed/not_closed")
        if session.reached() != size:
            if session.concurrent:
                raise refuse("concurrent_session_missing_data")
            raise refuse("lookup_failed/incorrect_offset", correct_offset=session.reached())
        file = self.commit(route, entry["commit"], session.spool, session)
        del self.sessions[session.id]
        return file

    def list(self, route, path, recursive):
        if path == "/":
            raise malformed(route, 'Specify the root folder as an empty string rather than as "/".')
        top = path.lower().rstrip("/")
        if top in self.files:
            raise refuse("path/not_folder")
        if top and top not in self.folders:
            raise refuse("path/not_found")
        entries = []
        for lower, display in sorted(self.folders.items()):
            entries.append((lower, {".tag": "folder", "name": display.rsplit("/", 1)[1],
                                    "path_lower": lower, "path_display": display, "id": "id:f"}))
        for lower, file in sorted(self.files.items()):
            entries.append((lower, {".tag": "file", **file.metadata()}))
        return [entry for lower, entry in sorted(entries, key=lambda pair: pair[0])
                if (lower.startswith(top + "/") and (recursive or "/" not in lower[len(top) + 1:]))
                or (recursive and top and lower == top)]
