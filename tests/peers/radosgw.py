"""Ceph's radosgw, the software behind DigitalOcean Spaces, as an S3 service of its own: a monitor,
an object store in memory, the gateway, no authentication among them. Starts in a few seconds.

    with Radosgw(folder, ca=Authority(…)) as server:
        server.url, server.tls_url, server.key_id, server.secret, server.region
        server.client().make_bucket("worlds")

As a program it serves until its standard input ends, with a bucket "bench": radosgw.py
"""

import pathlib
import subprocess
import sys
import tempfile
import uuid

if __package__ in (None, ""):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from peers import common, s3

CONFIG = """\
[global]
fsid = {fsid}
monmap = {dir}/monmap
mon_initial_members = a
mon_host = [v1:127.0.0.1:{mon}]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr2 = false
ms_bind_port_min = {low}
ms_bind_port_max = {high}
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
run_dir = {dir}
admin_socket =
log_file = {dir}/$name.log
mon_cluster_log_file = {dir}/cluster.log
crash_dir = {dir}
keyring = {dir}/keyring
{plugins}
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 2000
mon_data_avail_warn = 0
mon_data_avail_crit = 0
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
objecter_tick_interval = 0.2
mon_tick_interval = 1
osd_tick_interval = 0.2
[mon]
mon_data = {dir}/mon
[osd]
osd_data = {dir}/osd
osd_objectstore = memstore
memstore_device_bytes = {bytes}
[client.rgw]
rgw_data = {dir}/rgw
rgw_dns_name = localhost
rgw_frontends = beast endpoint=127.0.0.1:{port}{tls}
rgw_gc_obj_min_wait = 2
rgw_gc_processor_period = 2
rgw_gc_processor_max_time = 2
"""
TLS = " ssl_endpoint=127.0.0.1:{port} ssl_certificate={ca.cert} ssl_private_key={ca.key}"


class Radosgw:
    region, key_id, secret = "us-east-1", "DOGSKEYID", "not+a/secret"

    def __init__(self, folder, ca=None, gib=8):
        """`gib`: how much it holds at most, in memory."""
        self.dir = pathlib.Path(folder).resolve()
        self.children, self.ca = common.Children(self.dir), ca
        for name in ("mon", "osd", "rgw"):
            (self.dir / name).mkdir(exist_ok=True)
        self.programs = {name: common.program(name, package) for name, package in (
            ("monmaptool", "ceph-base"), ("osdmaptool", "ceph-base"), ("ceph-mon", "ceph-mon"),
            ("ceph-osd", "ceph-osd"), ("radosgw", "radosgw"), ("radosgw-admin", "ceph-common"))}
        self.port, tls_port, mon, *osd = common.free_ports(12)
        self.url = f"http://127.0.0.1:{self.port}"
        self.tls_url = f"https://localhost:{tls_port}" if ca else None
        self.config, fsid = self.dir / "ceph.conf", uuid.uuid4()
        self.config.write_text(CONFIG.format(
            fsid=fsid, mon=mon, dir=self.dir, plugins=self.plugins(), bytes=gib << 30, low=min(osd),
            high=65000, port=self.port, tls=TLS.format(port=tls_port, ca=ca) if ca else ""))
        try:
            self.begin(fsid, mon)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def plugins():
        """Where they are, if not where the packages would have installed them."""
        for folder in common.libraries():
            if (folder / "rados-classes").is_dir():
                return (f"plugin_dir = {folder}/ceph\n"
                        f"erasure_code_dir = {folder}/ceph/erasure-code\n"
                        f"osd_class_dir = {folder}/rados-classes")
        return ""

    def tool(self, name, *args):
        done = subprocess.run([self.programs[name], "-c", self.config, *map(str, args)],
                              env=common.environment(), cwd=self.dir, capture_output=True,
                              timeout=common.START_S)
        if done.returncode:
            raise RuntimeError(f"{name} {args}: {done.stderr.decode(errors='replace')[-2000:]}")

    def daemon(self, name, *args):
        # Killed, not asked to end: the store in memory would write itself to the disk.
        self.children.start(name, [self.programs[name], "-c", self.config, *args, "-f"])

    def begin(self, fsid, mon):
        """A map with one store in it before there is a cluster: so it needs nobody who adds it, and
        neither the manager daemon nor the `ceph` command."""
        self.tool("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v1:127.0.0.1:{mon}]",
                  self.dir / "monmap")
        self.tool("osdmaptool", "--createsimple", 1, "--clobber", self.dir / "osdmap")
        self.tool("ceph-mon", "--mkfs", "-i", "a", "--monmap", self.dir / "monmap",
                  "--osdmap", self.dir / "osdmap")
        self.daemon("ceph-mon", "-i", "a")
        self.children.wait_for(lambda: common.answers(mon))
        self.tool("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", uuid.uuid4())
        self.daemon("ceph-osd", "-i", "0", "--no-mon-config")
        self.tool("radosgw-admin", "user", "create", "--uid=tester", "--display-name=tester",
                  f"--access-key={self.key_id}", f"--secret-key={self.secret}")
        self.daemon("radosgw", "-n", "client.rgw")
        self.children.wait_for(lambda: common.answers(self.port))

    def client(self, tls=False):
        return s3.Client(self.tls_url if tls else self.url, self.key_id, self.secret, self.region,
                         self.ca)

    def pids(self):
        return [child.pid for _, child, _ in self.children.children]

    def close(self):
        self.children.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="dogs-radosgw-") as place:
        with Radosgw(f"{place}/radosgw", common.Authority(f"{place}/ca")) as server:
            server.client().make_bucket("bench")
            print(server.url, server.tls_url, server.ca.ca, server.region, server.key_id,
                  server.secret, flush=True)
            sys.stdin.read()
