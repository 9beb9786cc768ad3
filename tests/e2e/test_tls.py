"""TLS: whom the program trusts. A certificate that nobody known has signed, or that is another
host's, is refused with a clear message and before the token is sent; `ca_file` names a CA of one's
own, and then only that one counts."""

import contextlib
import subprocess
import sys
import urllib.request

import pytest

import dogs

NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split()


def openssl(folder, *args):
    subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)


def sign(folder, name, host, ca):
    openssl(folder, "req", *NEW_KEY, "-subj", f"/CN={host}", "-keyout", f"{name}.key",
            "-out", f"{name}.csr")
    (folder / "ext").write_text(f"subjectAltName=DNS:{host}\n")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key",
            "-CAcreateserial", "-days", "2", "-extfile", "ext", "-out", f"{name}.pem")


@pytest.fixture(scope="module")
def certs():
    """Two CAs, each one's certificate for localhost, and one of the first for another host."""
    with dogs.workplace() as folder:
        for ca in ("ca", "other"):
            openssl(folder, "req", "-x509", *NEW_KEY, "-days", "2", "-subj", f"/CN=test {ca}",
                    "-keyout", f"{ca}.key", "-out", f"{ca}.pem")
            sign(folder, f"{ca}-leaf", "localhost", ca)
        sign(folder, "elsewhere", "elsewhere.example", "ca")
        openssl(folder, "req", "-x509", *NEW_KEY, "-days", "2", "-subj", "/CN=localhost", "-keyout",
                "self.key", "-out", "self.pem", "-addext", "subjectAltName=DNS:localhost")
        yield folder


@contextlib.contextmanager
def server(certs, name):
    command = [sys.executable, dogs.ROOT / "tests/https_server.py", certs / f"{name}.pem",
               certs / f"{name}.key"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            yield f"https://localhost:{int(child.stdout.readline())}"
        finally:
            child.stdin.close()
            child.wait(30)


def requests_so_far(url, certs, ca):
    import json
    import ssl
    context = ssl.create_default_context(cafile=str(certs / f"{ca}.pem"))
    context.check_hostname = False
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                         urllib.request.HTTPSHandler(context=context))
    with opener.open(url + "/count", timeout=30) as answer:
        return json.loads(answer.read())["requests"]


@pytest.mark.parametrize("cert, ca_file, signer", [
    ("self", None, "self"),            # self-signed
    ("ca-leaf", None, "ca"),           # by a CA that the system does not know
    ("elsewhere", "ca", "ca"),         # trusted, but another host's
    ("ca-leaf", "other", "ca"),        # ca_file is another CA
])
def test_refused(place, certs, cert, ca_file, signer):
    with server(certs, cert) as url:
        host = dogs.Host(place / "host", url)
        if ca_file:
            host.config.write_text(f"ca_file: {certs / ca_file}.pem\n" + host.config.read_text())
        result = host.run("list")
        assert result.status == 1 and result.out == "", result
        assert "the certificate of localhost:" in result.err, result
        assert " is not trusted (" in result.err and "next: " in result.err, result
        print(result.err)
        assert requests_so_far(url, certs, signer) == 1, "a request was sent"


@pytest.mark.parametrize("cert, ca", [("ca-leaf", "ca"), ("other-leaf", "other"), ("self", "self")])
def test_a_private_ca_is_accepted(place, certs, cert, ca):
    with server(certs, cert) as url:
        host = dogs.Host(place / "host", url)
        host.config.write_text(f"ca_file: {certs / ca}.pem\n" + host.config.read_text())
        result = host.run("list")
        # The server speaks no API; that the request reached it is what counts.
        assert "certificate" not in result.err and result.status == 1, result
        assert requests_so_far(url, certs, ca) > 1


def test_a_ca_file_that_is_none(place, certs):
    with server(certs, "ca-leaf") as url:
        host = dogs.Host(place / "host", url)
        for name in ("absent.pem", "ca.key"):
            host.config.write_text(f"ca_file: {certs / name}\n" + dogs.CONFIG.format(url=url))
            result = host.run("list")
            assert result.status in (1, 2) and "next: " in result.err or "CA file" in result.err
            assert requests_so_far(url, certs, "ca") >= 1
