"""A network of one: brings up the loopback of the network namespace that it is started in, answers
there for worlds.example.test at port 53 and for everything over HTTP at port 8080, runs a command
and ends with its status. python3 name_server.py udp|cut COMMAND...; cut: every answer over UDP is
marked as cut short, so that it must be asked for again over TCP."""

import fcntl
import http.server
import socket
import socketserver
import struct
import subprocess
import sys
import threading

KNOWN, ADDRESS, TTL_S = b"worlds.example.test", "127.0.0.1", 60
A, CUT, NO_SUCH_NAME = 1, 0x0200, 3


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        up, get_flags, set_flags = 1, 0x8913, 0x8914
        row = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack_from("16sH", fcntl.ioctl(s, get_flags, row))[1]
        fcntl.ioctl(s, set_flags, struct.pack("16sH14x", b"lo", flags | up))


def answer(question, cut):
    """RFC 1035: the header, the question again, and one address where the name is known."""
    number, flags = struct.unpack_from(">HH", question)
    at, labels = 12, []
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].lower())
        at += 1 + question[at]
    kind = struct.unpack_from(">H", question, at + 1)[0]
    known = b".".join(labels) == KNOWN
    found = known and kind == A and not cut
    flags = 0x8180 | flags & 0x0100 | (CUT if cut else 0) | (0 if known else NO_SUCH_NAME)
    out = struct.pack(">HHHHHH", number, flags, 1, found, 0, 0) + question[12:at + 5]
    if found:
        out += struct.pack(">HHHIH", 0xC00C, A, 1, TTL_S, 4) + socket.inet_aton(ADDRESS)
    return out


class OverUdp(socketserver.BaseRequestHandler):
    def handle(self):
        question, port = self.request
        port.sendto(answer(question, sys.argv[1] == "cut"), self.client_address)


class OverTcp(socketserver.StreamRequestHandler):
    def handle(self):
        while len(head := self.rfile.read(2)) == 2:
            out = answer(self.rfile.read(struct.unpack(">H", head)[0]), False)
            self.wfile.write(struct.pack(">H", len(out)) + out)


class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{self.path} for {self.headers['host']}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


def main():
    loopback_up()
    for server in (socketserver.ThreadingUDPServer((ADDRESS, 53), OverUdp),
                   socketserver.ThreadingTCPServer((ADDRESS, 53), OverTcp),
                   http.server.ThreadingHTTPServer((ADDRESS, 8080), Web)):
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.exit(subprocess.run(sys.argv[2:]).returncode)


if __name__ == "__main__":
    main()
