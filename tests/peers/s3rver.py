"""npm's s3rver, a second S3 with opinions of its own: files in a folder, no list of begun uploads.

    with S3rver(folder, buckets=["worlds"]) as server:
        server.url, server.key_id, server.secret, server.region
"""

import pathlib
import shutil

from peers import common, s3


class S3rver:
    region, key_id, secret = "us-east-1", "S3RVER", "S3RVER"

    def __init__(self, folder, buckets=("worlds",), ca=None):
        self.dir = pathlib.Path(folder).resolve()
        self.children, self.ca = common.Children(self.dir), ca
        node = shutil.which("node")
        if not node:
            raise common.Missing("nodejs")
        script = common.UNPACKED.parent / "s3rver/node_modules/s3rver/bin/s3rver.js"
        if not script.exists():
            raise common.Missing("s3rver (npm; tools/test fetches it)")
        (self.port,) = common.free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        command = [node, script, "-d", self.dir / "data", "-a", "127.0.0.1", "-p", self.port,
                   "--no-vhost-buckets"]
        if ca:
            self.url = f"https://localhost:{self.port}"
            command += ["--key", ca.key, "--cert", ca.cert]
        for bucket in buckets:
            command += ["--configure-bucket", bucket]
        (self.dir / "data").mkdir(exist_ok=True)
        self.children.start("s3rver", command)
        self.children.wait_for(lambda: common.answers(self.port))

    def client(self):
        return s3.Client(self.url, self.key_id, self.secret, self.region, self.ca)

    def log(self):
        """Lines of its log: method, path, status …"""
        return (self.dir / "s3rver.out").read_text().splitlines()

    def close(self):
        self.children.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
