#!/usr/bin/env python3
"""The sandbox held against DigitalOcean's OpenAPI document, by a validator that others wrote: Prism
(npm's @stoplight/prism-cli) stands as a proxy between this script and the sandbox and reports every
request and answer that the document does not allow.

    tests/conformance.py                        starts $DOGS (default build/dogs) sandbox serve
    tests/conformance.py --sandbox-url URL      uses a sandbox that runs (its world is changed)

    --openapi FILE   the document; default $DOGS_OPENAPI, else
                     ../shared/reference/digitalocean-openapi.json
    --prism FILE     the prism program; default $DOGS_PRISM, $PATH, else npm installs it in a cache

Ends with 0 (no violation, every route driven), 1, or 77 where the document or Prism is missing.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKEN = "dop_v1_sandbox" + "0" * 58
PRISM = "@stoplight/prism-cli@5.16.0"
SKIPPED = 77

RULE = {"protocol": "tcp", "ports": "8080", "sources": {"addresses": ["0.0.0.0/0"]}}
OUT = {"protocol": "udp", "ports": "0", "destinations": {"addresses": ["::/0"]}}
MC = {"name": "mc", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-12-x64"}
WALL = {"name": "wall", "inbound_rules": [RULE], "outbound_rules": [OUT]}
# The document's two alternatives for this body include one another, and "oneOf" then allows none.
IMPOSSIBLE = ("POST", "/v2/droplets/actions")
NOBODY = "4b2f1a60-0000-4000-8000-000000000000"

# (method, path, body, status, {variable: path of the value in the answer}). Steps below /sandbox go
# past the validator. {x} stands for a variable.
STEPS = [
    ("GET", "/v2/account", None, 200),
    ("GET", "/v2/account/keys", None, 200,
     {"key": "ssh_keys.0.id", "print": "ssh_keys.0.fingerprint"}),
    ("GET", "/v2/account/keys/{key}", None, 200),
    ("GET", "/v2/account/keys/{print}", None, 200),
    ("GET", "/v2/account/keys/1", None, 404),
    ("GET", "/v2/regions", None, 200),
    ("GET", "/v2/regions?per_page=2&page=2", None, 200),
    ("GET", "/v2/sizes?per_page=200", None, 200),
    ("GET", "/v2/sizes?per_page=1", None, 200),
    ("GET", "/v2/vpcs", None, 200, {"vpc": "vpcs.2.id"}),
    ("GET", "/v2/projects", None, 200, {"project": "projects.0.id"}),
    ("GET", "/v2/projects/default", None, 200),
    ("GET", "/v2/projects/{project}", None, 200),
    ("GET", "/v2/images?type=distribution", None, 200),
    ("GET", "/v2/monitoring/metrics/droplet/bandwidth?host_id=1&interface=public"
     "&direction=inbound&start=1700000000&end=1700003600", None, 200),
    ("GET", "/v2/images?type=application", None, 200),
    ("GET", "/v2/images/debian-12-x64", None, 200, {"base": "image.id"}),
    ("GET", "/v2/snapshots/{base}", None, 400),
    ("GET", "/v2/images/{base}", None, 200),
    ("GET", "/v2/images/1", None, 404),

    ("POST", "/v2/tags", {"name": "dogs:mc"}, 201),
    ("POST", "/v2/tags", {"name": "dogs:mc"}, 422),
    ("GET", "/v2/firewalls", None, 200, {"games": "firewalls.0.id"}),
    ("POST", "/v2/firewalls/{games}/tags", {"tags": ["dogs:mc"]}, 204),
    ("POST", "/v2/droplets",
     {**MC, "tags": ["dogs", "dogs:mc"], "ssh_keys": ["{key:int}", "{print}"], "vpc_uuid": "{vpc}",
      "ipv6": True, "monitoring": True, "user_data": "#cloud-config\n"}, 202,
     {"mc": "droplet.id", "made": "links.actions.0.id"}),
    ("GET", "/v2/droplets/{mc}", None, 200),
    ("GET", "/v2/actions/{made}", None, 200),
    ("GET", "/v2/droplets/{mc}/actions/{made}", None, 404),
    ("POST", "/v2/droplets/{mc}/actions", {"type": "power_off"}, 422),
    ("DELETE", "/v2/droplets/{mc}", None, 422),
    ("POST", "/sandbox/advance", {"seconds": 46}, 200),
    ("GET", "/v2/droplets/{mc}", None, 200),
    ("GET", "/v2/firewalls/{games}", None, 200),
    ("POST", "/sandbox/advance", {"seconds": 10}, 200),
    ("GET", "/v2/droplets/{mc}", None, 200),
    ("GET", "/v2/droplets", None, 200),
    ("GET", "/v2/droplets?name=MC", None, 200),
    ("GET", "/v2/droplets?tag_name=dogs", None, 200),
    ("GET", "/v2/droplets?tag_name=dogs&type=droplets", None, 422),
    ("GET", "/v2/droplets?type=gpus", None, 200),
    ("GET", "/v2/droplets/{mc}/actions", None, 200),
    ("GET", "/v2/droplets/{mc}/actions/{made}", None, 200),
    ("GET", "/v2/droplets/{mc}/firewalls", None, 200),
    ("GET", "/v2/actions", None, 200),
    ("GET", "/v2/actions/1", None, 404),
    ("POST", "/sandbox/advance", {"seconds": 600}, 200),
    ("POST", "/sandbox/traffic", {"server": "mc", "kbps": 250}, 204),
    ("GET", "/v2/monitoring/metrics/droplet/bandwidth?host_id={mc}&interface=public"
     "&direction=inbound&start=1&end=4000000000", None, 200),
    ("POST", "/v2/droplets",
     {"names": ["a", "b"], "size": "c-2", "image": "{base:int}", "region": "nyc3"}, 202,
     {"a": "droplets.0.id", "b": "droplets.1.id"}),
    ("POST", "/v2/droplets", {**MC, "region": "ams2"}, 422),
    ("POST", "/v2/droplets", {**MC, "size": "m-2vcpu-16gb"}, 422),
    ("POST", "/v2/droplets", {**MC, "image": "no-such-image"}, 422),
    ("POST", "/v2/droplets", {**MC, "ssh_keys": [1]}, 422),
    ("GET", "/v2/droplets/1", None, 404),
    ("GET", "/v2/droplets?per_page=1&page=2", None, 200),

    ("POST", "/v2/volumes", {"name": "data", "region": "fra1", "size_gigabytes": 10,
                             "filesystem_type": "ext4"}, 201, {"volume": "volume.id"}),
    ("GET", "/v2/volumes", None, 200),
    ("GET", "/v2/volumes?name=data&region=fra1", None, 200),
    ("GET", "/v2/volumes/{volume}", None, 200),
    ("POST", "/v2/volumes/{volume}/actions", {"type": "attach", "droplet_id": "{mc:int}"}, 202),
    ("GET", "/v2/droplets/{mc}", None, 200),
    ("DELETE", "/v2/volumes/{volume}", None, 409),
    ("POST", "/sandbox/advance", {"seconds": 10}, 200),
    ("POST", "/v2/reserved_ips", {"region": "fra1"}, 202, {"ip": "reserved_ip.ip"}),
    ("POST", "/v2/reserved_ips", {"droplet_id": "{mc:int}"}, 202, {"ip2": "reserved_ip.ip"}),
    ("POST", "/sandbox/advance", {"seconds": 10}, 200),
    ("GET", "/v2/reserved_ips", None, 200),
    ("GET", "/v2/reserved_ips/{ip2}", None, 200),
    ("POST", "/v2/reserved_ips/{ip2}/actions", {"type": "unassign"}, 201),
    ("POST", "/sandbox/advance", {"seconds": 10}, 200),
    ("POST", "/v2/reserved_ips/{ip}/actions", {"type": "assign", "droplet_id": "{mc:int}"}, 201,
     {"assign": "action.id"}),
    ("GET", "/v2/reserved_ips/{ip}/actions", None, 200),
    ("GET", "/v2/reserved_ips/{ip}/actions/{assign}", None, 200),
    ("GET", "/v2/reserved_ips/{ip}", None, 200),
    ("GET", "/v2/reserved_ips/192.0.2.1", None, 404),
    ("DELETE", "/v2/reserved_ips/{ip2}", None, 204),
    ("POST", "/sandbox/advance", {"seconds": 10}, 200),

    ("POST", "/sandbox/play", {"server": "mc"}, 200),
    ("POST", "/v2/droplets/{mc}/actions", {"type": "shutdown"}, 201),
    ("POST", "/sandbox/advance", {"seconds": 20}, 200),
    ("POST", "/v2/droplets/{mc}/actions", {"type": "power_off"}, 422),
    ("POST", "/v2/droplets/{mc}/actions", {"type": "snapshot", "name": "mc-1790000000"}, 201,
     {"shot": "action.id"}),
    ("GET", "/v2/actions/{shot}", None, 200),
    ("POST", "/sandbox/advance", {"seconds": 100}, 200),
    ("GET", "/v2/actions/{shot}", None, 200),
    ("GET", "/v2/droplets/{mc}/snapshots", None, 200, {"snapshot": "snapshots.0.id"}),
    ("GET", "/v2/snapshots?resource_type=droplet", None, 200),
    ("GET", "/v2/snapshots/{snapshot}", None, 200),
    ("GET", "/v2/snapshots/1", None, 404),
    ("GET", "/v2/snapshots/" + NOBODY, None, 404),
    ("POST", "/sandbox/put", {"snapshots": [{"name": "disk", "resource_type": "volume"}]}, 200),
    ("GET", "/v2/snapshots", None, 200),
    ("GET", "/v2/snapshots?resource_type=volume", None, 200, {"disk": "snapshots.0.id"}),
    ("GET", "/v2/snapshots/{disk}", None, 200),
    ("POST", "/v2/tags/dogs:mc/resources",
     {"resources": [{"resource_id": "{snapshot}", "resource_type": "image"},
                    {"resource_id": "{mc}", "resource_type": "droplet"},
                    {"resource_id": "{volume}", "resource_type": "volume"},
                    {"resource_id": "{disk}", "resource_type": "volume_snapshot"}]}, 204),
    ("GET", "/v2/tags", None, 200),
    ("GET", "/v2/tags/dogs:mc", None, 200),
    ("GET", "/v2/tags/none", None, 404),
    ("DELETE", "/v2/tags/dogs:mc/resources",
     {"resources": [{"resource_id": "{disk}", "resource_type": "volume_snapshot"}]}, 204),
    ("GET", "/v2/images/{snapshot}", None, 200),
    ("GET", "/v2/images?private=true", None, 200),
    ("GET", "/v2/images?tag_name=dogs:mc", None, 200),
    ("PUT", "/v2/images/{snapshot}", {"name": "mc-1790000001"}, 200),
    ("POST", "/v2/images/{snapshot}/actions", {"type": "transfer", "region": "nyc3"}, 201,
     {"moved": "action.id"}),
    ("GET", "/v2/images/{snapshot}/actions", None, 200),
    ("GET", "/v2/images/{snapshot}/actions/{moved}", None, 200),
    ("POST", "/v2/images/{snapshot}/actions", {"type": "transfer", "region": "ams3"}, 422),
    ("POST", "/sandbox/advance", {"seconds": 130}, 200),
    ("GET", "/v2/snapshots/{snapshot}", None, 200),
    ("POST", "/v2/droplets/{mc}/actions", {"type": "power_on"}, 201),
    ("POST", "/sandbox/advance", {"seconds": 20}, 200),
    ("POST", "/v2/droplets/{mc}/actions", {"type": "reboot"}, 201),
    ("POST", "/sandbox/advance", {"seconds": 20}, 200),
    ("POST", "/v2/droplets/{mc}/actions", {"type": "power_cycle"}, 201),
    ("POST", "/sandbox/advance", {"seconds": 20}, 200),
    ("POST", "/v2/droplets/{mc}/actions",
     {"type": "resize", "size": "s-1vcpu-2gb", "disk": False}, 201),
    ("POST", "/sandbox/advance", {"seconds": 40}, 200),
    ("POST", "/v2/droplets/{mc}/actions", {"type": "rename", "name": "mc2"}, 201),
    ("POST", "/sandbox/advance", {"seconds": 20}, 200),
    ("POST", "/v2/droplets/{mc}/actions", {"type": "restore", "image": "{snapshot:int}"}, 201),
    ("POST", "/sandbox/advance", {"seconds": 40}, 200),
    ("GET", "/v2/droplets/{mc}/destroy_with_associated_resources", None, 200),
    ("POST", "/v2/droplets", {**MC, "image": "{snapshot:int}", "region": "ams3"}, 422),
    ("POST", "/v2/droplets", {**MC, "image": "{snapshot:int}", "region": "nyc3"}, 202,
     {"again": "droplet.id"}),
    ("POST", "/sandbox/advance", {"seconds": 90}, 200),
    ("GET", "/v2/droplets/{again}", None, 200),

    ("POST", "/v2/firewalls", WALL, 202, {"wall": "firewall.id"}),
    ("POST", "/v2/firewalls",
     {"name": "wall2", "outbound_rules": [OUT], "droplet_ids": ["{mc:int}"], "tags": ["dogs"]},
     202),
    ("POST", "/v2/firewalls/{wall}/droplets", {"droplet_ids": ["{again:int}"]}, 204),
    ("GET", "/v2/firewalls/{wall}", None, 200),
    ("DELETE", "/v2/firewalls/{wall}/droplets", {"droplet_ids": ["{again:int}"]}, 204),
    ("POST", "/v2/firewalls/{wall}/tags", {"tags": ["nowhere"]}, 422),
    ("DELETE", "/v2/firewalls/{games}/tags", {"tags": ["dogs:mc"]}, 204),
    ("POST", "/v2/firewalls/{wall}/rules", {"inbound_rules": [{**RULE, "ports": "22"}]}, 204),
    ("DELETE", "/v2/firewalls/{wall}/rules", {"inbound_rules": [RULE]}, 204),
    ("PUT", "/v2/firewalls/{wall}", WALL, 200),
    ("DELETE", "/v2/firewalls/{wall}", None, 204),
    ("GET", "/v2/firewalls/{wall}", None, 404),

    ("DELETE", "/v2/snapshots/{disk}", None, 204),
    ("DELETE", "/v2/droplets/{mc}", None, 204),
    ("GET", "/v2/droplets/{mc}", None, 200),
    ("POST", "/sandbox/advance", {"seconds": 10}, 200),
    ("GET", "/v2/droplets/{mc}", None, 404),
    ("DELETE", "/v2/droplets/{mc}", None, 404),
    ("GET", "/v2/actions/{shot}", None, 200),
    ("GET", "/v2/reserved_ips/{ip}", None, 200),
    ("DELETE", "/v2/volumes/{volume}", None, 204),
    ("DELETE", "/v2/snapshots/{snapshot}", None, 204),
    ("GET", "/v2/droplets/{again}", None, 200),
    ("POST", "/v2/droplets/{again}/actions", {"type": "snapshot", "name": "x"}, 201),
    ("POST", "/sandbox/advance", {"seconds": 120}, 200),
    ("GET", "/v2/droplets/{again}/snapshots", None, 200, {"x": "snapshots.0.id"}),
    ("DELETE", "/v2/images/{x}", None, 204),
    ("POST", "/v2/droplets/actions?tag_name=dogs", {"type": "power_off"}, 201),
    ("DELETE", "/v2/droplets/{a}/destroy_with_associated_resources/dangerous", None, 202),
    ("POST", "/v2/droplets", {**MC, "tags": ["rest"]}, 202),
    ("POST", "/sandbox/advance", {"seconds": 120}, 200),
    ("DELETE", "/v2/droplets?tag_name=rest", None, 204),
    ("DELETE", "/v2/tags/rest", None, 204),

    ("GET", "/v2/account", "token:nobody", 401),
    ("GET", "/v2/droplets", "token:dop_v1_sandbox_thin_droplet:read", 403),
    ("POST", "/sandbox/faults", {"faults": [
        {"kind": "account", "do": "500"}, {"kind": "account", "nth": 1, "do": "503"},
        {"kind": "account", "nth": 1, "do": "429"}, {"kind": "account", "nth": 1, "do": "429_hour"},
        {"kind": "account", "nth": 1, "do": "422_pending"}]}, 200),
    ("GET", "/v2/account", None, 500),
    ("GET", "/v2/account", None, 503),
    ("GET", "/v2/account", None, 429),
    ("GET", "/v2/account", None, 429),
    ("GET", "/v2/account", None, 422),
    ("GET", "/v2/account", None, 200),
]


def dig(value, path):
    for part in path.split("."):
        value = value[int(part)] if part.isdigit() else value[part]
    return value


def fill(thing, known):
    """Variables put in: "{x}" as text, "{x:int}" as a number."""
    if isinstance(thing, dict):
        return {k: fill(v, known) for k, v in thing.items()}
    if isinstance(thing, list):
        return [fill(v, known) for v in thing]
    if not isinstance(thing, str):
        return thing
    number = re.fullmatch(r"\{(\w+):int\}", thing)
    if number:
        return int(known[number[1]])
    return re.sub(r"\{(\w+)\}", lambda m: str(known[m[1]]), thing)


def ask(url, method, path, body, token):
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json",
               "X-Dangerous": "true"}
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url + path, data, headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


class Drive:
    def __init__(self, sandbox, proxy):
        self.sandbox, self.proxy = sandbox, proxy
        self.known, self.requests, self.problems = {}, 0, []

    def violations(self, method, path, headers, status):
        """What Prism found; what it found in a request that the sandbox refuses is no surprise."""
        found = json.loads(headers.get("sl-violations") or "[]")
        surprising = status < 400 and (method, path.split("?")[0]) != IMPOSSIBLE
        return [v for v in found if v["location"][0] == "response" or surprising]

    def step(self, method, path, body, wanted, keep=None):
        control = path.startswith("/sandbox")
        token = TOKEN
        if isinstance(body, str):
            token, body = body.removeprefix("token:"), None
        path, body = fill(path, self.known), fill(body, self.known)
        to = self.sandbox if control else self.proxy
        status, headers, text = ask(to, method, path, body, token)
        told = f"{method} {path}"
        if status != wanted:
            self.problems.append(f"{told}: answered {status}, expected {wanted}: {text[:300]!r}")
        if not control:
            self.requests += 1
            for v in self.violations(method, path, headers, status):
                where = ".".join(map(str, v["location"]))
                self.problems.append(f"{told} {status}: {where}: {v['message']}")
            if "ratelimit-remaining" not in headers or "x-request-id" not in headers:
                self.problems.append(f"{told}: headers of the API are missing")
        for name, where in (keep or {}).items():
            self.known[name] = dig(json.loads(text), where)

    def run(self):
        for step in STEPS:
            try:
                self.step(*step)
            except (KeyError, IndexError, ValueError, OSError) as problem:
                self.problems.append(f"{step[0]} {step[1]}: {problem!r}")
        return self.undriven()

    @staticmethod
    def kind_of_route(entry):
        """The one route for a droplet's actions logs each type as a kind of its own."""
        typed = entry["kind"].startswith("action.") and entry["method"] == "POST"
        return "action" if typed else entry["kind"]

    def undriven(self):
        """Routes of the sandbox's own table that no request reached with a good answer."""
        routes = json.loads(ask(self.sandbox, "GET", "/sandbox/routes", None, TOKEN)[2])["routes"]
        routes = [r for r in routes if r["pattern"].startswith("/v2")]
        log = json.loads(ask(self.sandbox, "GET", "/sandbox/log", None, TOKEN)[2])["log"]
        good = {(entry["method"], self.kind_of_route(entry)) for entry in log
                if 200 <= entry["status"] < 300}
        self.problems += [f"{r['method']} {r['pattern']}: never driven" for r in routes
                          if (r["method"], r["kind"]) not in good]
        return len(routes)


def find_prism(given):
    for place in (given, os.environ.get("DOGS_PRISM"), shutil.which("prism")):
        if place and os.path.exists(place):
            return place
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folder = cache / "dogs" / "prism"
    program = folder / "node_modules" / ".bin" / "prism"
    if not program.exists() and shutil.which("npm"):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix",
                        str(folder), PRISM], check=False, stdout=sys.stderr)
    return str(program) if program.exists() else None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, child):
    for _ in range(600):
        if child.poll() is not None:
            return False
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return True
        except OSError:
            time.sleep(0.1)
    return False


def start_sandbox(folder):
    program = os.environ.get("DOGS") or str(ROOT / "build" / "dogs")
    child = subprocess.Popen([program, "sandbox", "serve", "--dir", folder, "--speed", "1"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    return child, child.stdout.readline().decode().split()[0]


def stop(child):
    if child and child.poll() is None:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--sandbox-url")
    parser.add_argument("--openapi", default=os.environ.get("DOGS_OPENAPI")
                        or str(ROOT.parent / "shared/reference/digitalocean-openapi.json"))
    parser.add_argument("--prism")
    opts = parser.parse_args()
    if not os.path.exists(opts.openapi):
        print("skipped: the OpenAPI document is not there")
        return SKIPPED
    prism = find_prism(opts.prism)
    if not prism:
        print("skipped: prism is not there, and npm is not or could not fetch it")
        return SKIPPED
    children = []
    with tempfile.TemporaryDirectory(prefix="dogs-conformance-") as folder:
        try:
            url = opts.sandbox_url
            if not url:
                child, url = start_sandbox(folder)
                children.append(child)
            port = free_port()
            proxy = subprocess.Popen(
                [prism, "proxy", opts.openapi, url, "-p", str(port), "-h", "127.0.0.1"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            children.append(proxy)
            if not wait_for(port, proxy):
                print("prism did not start")
                return 1
            drive = Drive(url, f"http://127.0.0.1:{port}")
            routes = drive.run()
        finally:
            for child in reversed(children):
                stop(child)
    for problem in drive.problems:
        print(problem)
    print(f"{routes} routes, {drive.requests} requests, {len(drive.problems)} violations")
    return 1 if drive.problems else 0


if __name__ == "__main__":
    sys.exit(main())
