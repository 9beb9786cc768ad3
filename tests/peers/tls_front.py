"""TLS with a certificate of its own before a server that speaks in clear; datagrams to the same port
go through as they are.

    with Front(folder, "127.1.2.3", 7777) as front:
        front.address, front.pin
"""

import hashlib
import pathlib
import selectors
import socket
import ssl
import threading

from peers import common


class Front:
    def __init__(self, folder, host, port):
        self.to = host, port
        authority = common.Authority(pathlib.Path(folder))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(authority.cert, authority.key)
        der = ssl.PEM_cert_to_DER_cert(pathlib.Path(authority.cert).read_text())
        self.pin = hashlib.sha256(der).hexdigest()
        # Of the addresses that the sandbox gives to nobody.
        third, last = map(int, host.split(".")[2:])
        self.address = f"127.0.{third | 128}.{last}"
        self.listener = socket.create_server((self.address, port))
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind((self.address, port))
        self.threads = [threading.Thread(target=work, daemon=True)
                        for work in (self.accept, self.relay)]
        for thread in self.threads:
            thread.start()

    def relay(self):
        while True:
            data, client = self.datagrams.recvfrom(65536)
            if not data:
                return
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
                far.settimeout(0.2)
                try:
                    far.connect(self.to)
                    far.send(data)
                    self.datagrams.sendto(far.recv(65536), client)
                except OSError:
                    continue

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        """Bytes to and fro, until either ends."""
        try:
            client.settimeout(60)
            with self.context.wrap_socket(client, server_side=True) as near, \
                    socket.create_connection(self.to, 10) as far:
                far.settimeout(60)
                with selectors.DefaultSelector() as ready:
                    ready.register(near, selectors.EVENT_READ, far)
                    ready.register(far, selectors.EVENT_READ, near)
                    while True:
                        for key, _ in ready.select():
                            data = key.fileobj.recv(65536)
                            if not data:
                                return
                            key.data.sendall(data)
        except OSError:
            client.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.datagrams.sendto(b"", (self.address, self.to[1]))
        for thread in self.threads:
            thread.join(10)
        self.datagrams.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
