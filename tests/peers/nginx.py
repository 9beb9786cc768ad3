"""nginx (Debian's nginx-light) over a folder of files: HTTP, HTTPS with HTTP/2, PUT, a log.

    with Nginx(folder, ca=Authority(…)) as server:
        server.root         # the folder that is served
        server.url          # http://127.0.0.1:PORT;  server.tls_url: https://localhost:PORT
        server.log()        # finished requests: method, uri, status, sent, got, range, protocol …

Addresses: /NAME is a file; /rate/2m/NAME the same at 2 MiB/s per answer; /delay/0.05/NAME the same
after so many seconds; PUT below /put/ writes to root/put/ (any length, folders are made).

As a program it serves until its standard input ends: nginx.py FOLDER-TO-SERVE
"""

import json
import pathlib
import signal
import sys
import tempfile

if __package__ in (None, ""):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from peers import common

CONFIG = """\
{modules}
user root;
worker_processes {workers};
worker_rlimit_nofile 8192;
daemon off;
pid {dir}/pid;
error_log {dir}/error.log warn;
events {{ worker_connections 2048; }}
http {{
    log_format one escape=json '{{"connection":$connection,"method":"$request_method",'
        '"uri":"$request_uri","status":$status,"sent":$body_bytes_sent,"got":$request_length,'
        '"range":"$http_range","if_match":"$http_if_match","agent":"$http_user_agent",'
        '"protocol":"$server_protocol","seconds":$request_time}}';
    access_log {access};
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    keepalive_requests {keepalive_requests};
    client_max_body_size 0;
    server {{
        listen 127.0.0.1:{port};
        {tls}
        root {root};
        {rate}
        location /put/ {{
            dav_methods PUT DELETE;
            create_full_put_path on;
        }}
        location ~ ^/rate/([0-9]+[km]?)/(.*)$ {{
            alias {root}/$2;
            limit_rate $1;
            sendfile_max_chunk 64k;
        }}
        {delay}
    }}
}}
"""
TLS = """listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {ca.cert};
        ssl_certificate_key {ca.key};
        ssl_session_cache shared:tls:1m;"""
DELAY = """location ~ ^/delay/([0-9.]+)(/.*)$ {
            set $after $2;
            echo_sleep $1;
            echo_exec $after;
        }"""


class Nginx:
    def __init__(self, folder, root=None, ca=None, rate=None, workers=2, log=True,
                 keepalive_requests=1000):
        """`rate` ("2m"): of every answer; the first second is not let through at once."""
        self.dir = pathlib.Path(folder).resolve()
        self.root = pathlib.Path(root or self.dir / "www").resolve()
        self.root.mkdir(parents=True, exist_ok=True)
        self.children = common.Children(self.dir)
        binary = common.program("nginx", "nginx-light")
        self.port, self.tls_port = common.free_ports(2)
        self.url, self.tls_url = f"http://127.0.0.1:{self.port}", None
        if ca:
            self.tls_url = f"https://localhost:{self.tls_port}"
        self.ca = ca
        echo = self.module("ngx_http_echo_module.so")
        self.can_delay = bool(echo)
        config = self.dir / "nginx.conf"
        config.write_text(CONFIG.format(
            modules=f"load_module {echo};" if echo else "", workers=workers, dir=self.dir,
            access=f"{self.dir}/access.log one" if log else "off", root=self.root, port=self.port,
            tls=TLS.format(port=self.tls_port, ca=ca) if ca else "",
            rate=f"limit_rate {rate}; sendfile_max_chunk 64k;" if rate else "",
            delay=DELAY if echo else "", keepalive_requests=keepalive_requests))
        self.children.start("nginx", [binary, "-p", self.dir, "-c", config], end=signal.SIGTERM)
        self.children.wait_for(lambda: common.answers(self.port))

    @staticmethod
    def module(name):
        for top in (common.UNPACKED / "usr/lib", pathlib.Path("/usr/lib")):
            if (top / "nginx/modules" / name).exists():
                return top / "nginx/modules" / name
        return None

    def pids(self):
        """Master and workers."""
        master = self.children.children[0][1].pid
        text = pathlib.Path(f"/proc/{master}/task/{master}/children").read_text()
        return [master, *map(int, text.split())]

    def log(self):
        path = self.dir / "access.log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def clear_log(self):
        (self.dir / "access.log").write_text("")  # nginx appends

    def sent(self):
        """Bytes of bodies in all."""
        return sum(entry["sent"] for entry in self.log())

    def close(self):
        self.children.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="dogs-nginx-") as place:
        with Nginx(f"{place}/nginx", sys.argv[1], common.Authority(f"{place}/ca")) as server:
            print(server.url, server.tls_url, server.ca.ca, flush=True)
            sys.stdin.read()
