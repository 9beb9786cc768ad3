"""dogs.exe under Wine, in the place of dogs: DOGS names the .exe, the tests get a script that runs it
in a prefix (a Windows of its own) that lasts for the session."""

import hashlib
import os
import pathlib
import re
import shutil
import ssl
import struct
import subprocess
import tempfile
import time

# Why a test is left out; it says which.
NO_MODES = "Windows has no mode bits"
NO_FILE = "the token goes to the Credential Manager (test_windows.py), not to a file"
NO_PRELOAD = "nothing can be preloaded into a Windows program"

# Rows and columns of a pseudo-terminal on which no line is broken.
WINDOW = struct.pack("HHHH", 50, 500, 0, 0)

# A program alone in its console takes it for a window that was opened for it.
LAST_WORDS = "\r\r\nPress a key to close this window.\x1b[K\x1b[1C"
# A sequence without an effect, shown by a console that obeys none, and wiped.
PROBE = re.compile(r"\x1b\[0m\r\x1b\[K\x1b\[4C\r?")

SCRIPT = """\
#!/bin/sh
export WINEPREFIX='{prefix}' WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml=d'
unset DISPLAY
exec wine '{exe}' "$@"
"""


def keys(text):
    """What a terminal sends for them. The terminal is left to Wine's console, with its echo off, only
    after the program has begun to read."""
    time.sleep(0.3)
    return text.replace("\n", "\r")


def asks_for_a_key(text):
    """At the end of all, once."""
    return "Press a key to close" in text.rpartition("\0")[2]


def screen(text):
    """What dogs wrote, out of what Wine's console draws on the pseudo-terminal."""
    text = re.sub(r"\x1b\[\?25[lh]", "", text)
    text = PROBE.sub("", text.replace(LAST_WORDS, ""))
    text = re.sub(r"\x1b\[K\x1b\[(\d+)C", lambda skip: " " * int(skip[1]), text)
    return text.replace("\r\r\n", "\r\n")


class Wine:
    def __init__(self, exe):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dogs-wine-"))
        self.prefix = self.folder / "prefix"
        self.exe = pathlib.Path(exe).resolve()
        self.script = self.folder / "dogs"
        self.script.write_text(SCRIPT.format(prefix=self.prefix, exe=self.exe))
        self.script.chmod(0o755)
        self.env = {**os.environ, "WINEPREFIX": str(self.prefix), "WINEDEBUG": "-all",
                    "WINEDLLOVERRIDES": "mscoree,mshtml=d"}
        self.env.pop("DISPLAY", None)
        self.run("wineboot", "-i")

    def run(self, *command, check=True):
        subprocess.run(["wine", *command], env=self.env, check=check, timeout=300,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def windows_path(self, path):
        return "Z:" + str(path).replace("/", "\\")

    def trust(self, folder, name):
        """Puts folder/name.pem among the roots that this Windows trusts: CERT_CERT_PROP_ID of a
        serialized certificate."""
        der = ssl.PEM_cert_to_DER_cert((folder / f"{name}.pem").read_text())
        blob = struct.pack("<III", 32, 1, len(der)) + der
        key = r"HKCU\Software\Microsoft\SystemCertificates\Root\Certificates" + "\\"
        self.run("reg", "add", key + hashlib.sha1(der).hexdigest().upper(), "/v", "Blob", "/t",
                 "REG_BINARY", "/d", blob.hex(), "/f")

    def config_folder(self):
        """%APPDATA%\\DOGS, which Wine lets nobody choose by a variable."""
        (user,) = [p for p in (self.prefix / "drive_c/users").iterdir() if p.name != "Public"]
        return user / "AppData/Roaming/DOGS"

    def close(self):
        subprocess.run(["wineserver", "-k", "-w"], env=self.env, timeout=60, check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)
