"""An HTTPS server (or HTTP, without a certificate) on loopback for test_http.

Prints its port, answers until its standard input ends. Every answer of /count tells how many
connections and requests came so far and whether this connection resumed a TLS session.
"""
import gzip
import http.server
import json
import os
import ssl
import sys
import threading

counts = {"connections": 0, "requests": 0}
FILES = {
    "/gzip": gzip.compress(b"hello, unpacked"),
    "/bomb": gzip.compress(b"\0" * 50_000_000, 9),
    "/not-gzip": b"this is no gzip at all",
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.request.do_handshake() if isinstance(self.request, ssl.SSLSocket) else None
        super().setup()
        counts["connections"] += 1

    def answer(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        counts["requests"] += 1
        resumed = getattr(self.connection, "session_reused", False)
        body = FILES.get(self.path) or json.dumps({**counts, "resumed": resumed}).encode()
        self.send_response(200)
        if self.path in FILES:
            self.send_header("content-encoding", "gzip")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 1:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    server.socket = context.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
os._exit(0)
