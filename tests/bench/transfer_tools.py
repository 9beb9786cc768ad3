"""The command lines of dogs and its peers for one workload each: what people who know the tool
would type to have it fast. Everything that a tool needs to be told is written beside its files
before the clock starts."""

import dataclasses
import datetime
import functools
import json
import os
import pathlib
import shutil
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOGS = os.environ.get("DOGS") or str(ROOT / "build/dogs")
BEFORE = os.environ.get("DOGS_BEFORE")  # another build, beside it
PATH = "/usr/bin:/bin:/usr/local/bin"  # the distribution's packages first
PART_MIB = 16
BUCKET = "bench"


@dataclasses.dataclass
class Run:
    """One run of one tool: its own folder for lists and settings, and where the files go."""
    names: list             # of the files
    url: str                # what they are below (get); the service (put)
    local: pathlib.Path     # the folder they go to (get) or are in (put)
    folder: pathlib.Path    # for lists and settings
    at_once: int
    ranged: bool            # one file, in so many parts at once
    ca: str                 # "" = plain
    service: object         # put: the radosgw
    key: str                # put: what the keys begin with

    def pairs(self):
        """(URL, local file)"""
        return [(f"{self.url}/{name}", self.local / name) for name in self.names]

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    def lines(self, name, lines):
        return self.write(name, "".join(f"{line}\n" for line in lines))

    @property
    def one(self):
        return len(self.names) == 1


# --- files that come ------------------------------------------------------------------------------


def dogs_get(run, env, program=DOGS):
    env["DOGS_CA_FILE"] = run.ca
    spec = run.lines("spec", (f"{url} {path}" for url, path in run.pairs()))
    return [program, "get", "--spec", spec, "-j", run.at_once]


def curl_get(run, env, *more):
    lines = run.lines("curl", (f'url = "{url}"\noutput = "{path}"' for url, path in run.pairs()))
    many = [] if run.one else ["-Z", "--parallel-immediate", "--parallel-max", run.at_once]
    return ["curl", "-q", "-sSf", *many, *more, *(["--cacert", run.ca] if run.ca else []),
            "-K", lines]


def curl_get_1(run, env):
    return curl_get(run, env, "--http1.1")


def aria2c(run, env):
    lines = run.lines("aria2c", (f"{url}\n  out={path.name}" for url, path in run.pairs()))
    parts = min(16, run.at_once) if run.ranged else 1
    return ["aria2c", "--no-conf", "-q", "--file-allocation=none", "-d", run.local, "-i", lines,
            f"-j{run.at_once}", f"-x{parts}", f"-s{parts}", "-k1M",
            *([f"--ca-certificate={run.ca}"] if run.ca else [])]


def wget2(run, env):
    lines = run.lines("wget2", (url for url, _ in run.pairs()))
    return ["wget2", "-q", "--hsts=off", "--ocsp=off", f"--max-threads={run.at_once}",
            "-P", run.local, "-i", lines, *([f"--ca-certificate={run.ca}"] if run.ca else [])]


def axel(run, env):
    """-k: it finds no fault in a certificate's authority, but in its names."""
    quiet = ["axel", "-q", *(["-k"] if run.ca else [])]
    if run.one:
        (url, path), = run.pairs()
        return [*quiet, "-n", run.at_once, "-o", path, url]
    lines = run.lines("axel", (f"{path} {url}" for url, path in run.pairs()))
    return ["xargs", "-a", lines, "-P", run.at_once, "-n", "2", *quiet, "-n", "1", "-o"]


def rclone_get(run, env):
    names = run.lines("rclone", run.names)
    return ["rclone", "copy", "--config", "", ":http:", run.local, "--http-url", run.url,
            "--files-from", names, "--no-traverse", "--transfers", run.at_once,
            "--checkers", run.at_once, "--multi-thread-cutoff", "1M",
            "--multi-thread-streams", run.at_once if run.ranged else 0,
            *(["--ca-cert", run.ca] if run.ca else [])]


# --- files that go to S3 --------------------------------------------------------------------------


def dogs_put(run, env, program=DOGS):
    s = run.service
    keys = {"type": "s3", "endpoint": run.url, "region": s.region, "key_id": s.key_id,
            "secret": s.secret}
    env["DOGS_CA_FILE"] = run.ca
    env["DOGS_CONFIG"] = run.lines("config.yaml", [
        "remotes:", "  bench:", *(f"    {k}: {json.dumps(v)}" for k, v in keys.items())])
    spec = run.lines("spec", (f"{run.local / name} bench:{BUCKET}/{run.key}/{name}"
                              for name in run.names))
    return [program, "put", "--spec", spec, "-j", run.at_once]


def rclone_put(run, env, *more):
    s = run.service
    keys = {"PROVIDER": "Ceph", "ENDPOINT": run.url, "REGION": s.region,
            "ACCESS_KEY_ID": s.key_id, "SECRET_ACCESS_KEY": s.secret}
    env |= {f"RCLONE_S3_{name}": value for name, value in keys.items()}
    part = f"{PART_MIB}Mi"
    source = run.local / run.names[0] if run.one else run.local
    return ["rclone", "copy", "--config", "", source, f":s3:{BUCKET}/{run.key}",
            "--s3-no-check-bucket", "--s3-chunk-size", part, "--s3-upload-cutoff", part,
            "--s3-upload-concurrency", run.at_once, "--transfers", run.at_once,
            "--checkers", run.at_once, *(["--ca-cert", run.ca] if run.ca else []), *more]


def rclone_put_unchecked(run, env):
    return rclone_put(run, env, "--s3-disable-checksum", "--s3-no-head", "--no-check-dest")


def s3cmd(run, env):
    s, host = run.service, urllib.parse.urlsplit(run.url).netloc
    config = run.lines("s3cfg", [
        "[default]", f"access_key = {s.key_id}", f"secret_key = {s.secret}", f"host_base = {host}",
        f"host_bucket = {host}", f"use_https = {bool(run.ca)}", f"ca_certs_file = {run.ca}",
        f"bucket_location = {s.region}", f"multipart_chunk_size_mb = {PART_MIB}"])
    return ["s3cmd", "-c", config, "-q", "--no-progress", "put",
            *(run.local / name for name in run.names), f"s3://{BUCKET}/{run.key}/"]


def s4cmd(run, env):
    s = run.service
    env |= {"S3_ACCESS_KEY": s.key_id, "S3_SECRET_KEY": s.secret, "AWS_CA_BUNDLE": run.ca}
    whole = [run.local / run.names[0]] if run.one else ["-r", run.local]
    return ["s4cmd", "put", "-c", run.at_once, f"--endpoint-url={run.url}",
            f"--multipart-split-size={PART_MIB << 20}", *whole, f"s3://{BUCKET}/{run.key}/"]


def amazon(run, env):
    s = run.service
    env |= {"AWS_ACCESS_KEY_ID": s.key_id, "AWS_SECRET_ACCESS_KEY": s.secret,
            "AWS_DEFAULT_REGION": s.region, "AWS_EC2_METADATA_DISABLED": "true"}


def awscli(run, env):
    amazon(run, env)
    env["AWS_CONFIG_FILE"] = run.lines("aws", [
        "[default]", "s3 =", f"  max_concurrent_requests = {run.at_once}",
        f"  multipart_chunksize = {PART_MIB}MB", f"  multipart_threshold = {PART_MIB}MB"])
    source = [run.local / run.names[0]] if run.one else ["--recursive", run.local]
    return ["aws", "--endpoint-url", run.url, *(["--ca-bundle", run.ca] if run.ca else []), "s3",
            "cp", "--only-show-errors", *source, f"s3://{BUCKET}/{run.key}/"]


def s5cmd(run, env):
    amazon(run, env)
    env["AWS_CA_BUNDLE"] = run.ca
    source = run.local / run.names[0] if run.one else f"{run.local}/"
    return ["s5cmd", "--endpoint-url", run.url, "--numworkers", run.at_once, "cp",
            "-c", run.at_once, "-p", PART_MIB, source, f"s3://{BUCKET}/{run.key}/"]


def presigned(client, method, name):
    """An address that needs no secret, for an hour."""
    now = datetime.datetime.utcnow().strftime("%Y%m%dT%H%M%SZ")
    path = "/" + urllib.parse.quote(name)
    query = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Date": now, "X-Amz-Expires": "3600",
             "X-Amz-Credential": f"{client.key_id}/{now[:8]}/{client.region}/s3/aws4_request",
             "X-Amz-SignedHeaders": "host"}
    _, _, mark = client.sign(method, path, query, {"host": client.host}, "UNSIGNED-PAYLOAD", now)
    return f"{client.url}{path}?{urllib.parse.urlencode(query)}&X-Amz-Signature={mark}"


def curl_put(run, env):
    client = run.service.client(bool(run.ca))
    lines = run.lines("curl", (
        f'upload-file = "{run.local / name}"\n'
        f'url = "{presigned(client, "PUT", f"{BUCKET}/{run.key}/{name}")}"' for name in run.names))
    many = [] if run.one else ["-Z", "--parallel-immediate", "--parallel-max", run.at_once]
    return ["curl", "-q", "-sSf", *many, *(["--cacert", run.ca] if run.ca else []), "-K", lines]


@dataclasses.dataclass(frozen=True)
class Tool:
    name: str
    program: str
    command: object
    careful: bool = False  # checks what it moved and tries again, as dogs does
    peer: bool = True

    @property
    def here(self):
        return shutil.which(self.program, path=PATH) is not None


GET = [
    Tool("dogs", DOGS, dogs_get, peer=False),
    Tool("curl", "curl", curl_get),
    Tool("curl --http1.1", "curl", curl_get_1),
    Tool("wget2", "wget2", wget2),
    Tool("axel", "axel", axel),
    Tool("aria2c", "aria2c", aria2c, careful=True),
    Tool("rclone", "rclone", rclone_get, careful=True),
]
PUT = [
    Tool("dogs", DOGS, dogs_put, peer=False),
    Tool("curl, presigned", "curl", curl_put),
    Tool("s5cmd", "s5cmd", s5cmd),
    Tool("awscli", "aws", awscli),
    Tool("s3cmd", "s3cmd", s3cmd),
    Tool("s4cmd", "s4cmd", s4cmd),
    Tool("rclone unchecked", "rclone", rclone_put_unchecked),
    Tool("rclone", "rclone", rclone_put, careful=True),
]
if BEFORE:
    for tools, command in ((GET, dogs_get), (PUT, dogs_put)):
        tools.append(Tool("dogs before", BEFORE, functools.partial(command, program=BEFORE),
                          peer=False))
