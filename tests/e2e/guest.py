"""A Debian of its own, booted: debootstrap's root under an overlay, systemd as its first process.

    with guest.booted(tmp_path) as g:
        g.sh("systemctl is-system-running")
        g.dogs("query", "127.0.0.1", "--game", "minetest")

Namespaces and a cgroup of its own keep it apart; it has a network without anything but itself, so
packages come from the root's own store. All of it ends with its first process: no mount and no
process stays behind, and the root (build/guest, or DOGS_GUEST) is never written to.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import time

import dogs

KEPT = pathlib.Path(os.environ.get("DOGS_GUEST") or dogs.ROOT / "build/guest")
TOOLS = ("ip", "nsenter", "pivot_root", "setpriv", "unshare")
PATIENCE_S = 300

# In the new namespaces, as their first process. $1 the root, $2 a folder for what is written,
# $3 what becomes /srv, which outlives the guest.
BOOT = r"""
set -eu
base=$1 work=$2 srv=$3
mount --make-rprivate /
mount -t tmpfs -o size=4g,mode=755 tmpfs "$work"
mkdir "$work/upper" "$work/inner" "$work/root"
root=$work/root
mount -t overlay -o "lowerdir=$base,upperdir=$work/upper,workdir=$work/inner" overlay "$root"
mount --bind "$srv" "$root/srv"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
ip link set lo up
# The host's files are no part of it, not even for who is root in there.
cd "$root"
mkdir .host
pivot_root . .host
umount -l /.host
rmdir /.host
exec env -i container=dogs PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot / \
    /lib/systemd/systemd --log-target=journal --show-status=0 >/dev/null 2>&1
"""


def missing():
    """Why there can be no guest; "" if there can."""
    lacking = [tool for tool in TOOLS if not shutil.which(tool)]
    if lacking:
        return f"not here: {', '.join(lacking)}"
    if os.geteuid() != 0:
        return "it needs root, for namespaces and mounts"
    if not cgroups():
        return "no cgroup2 is mounted"
    if not (KEPT / "complete").exists():
        return f"{KEPT} has no Debian; tools/test makes one where debootstrap can fetch it"
    return ""


def cgroups():
    """Where version 2 is mounted; None if nowhere."""
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return pathlib.Path(place)
    return None


class Guest:
    def __init__(self, pid, folder):
        self.pid, self.folder, self.srv = pid, folder, folder / "srv"

    def enter(self, spaces, command, **more):
        return subprocess.run(
            ["nsenter", f"--target={self.pid}", *spaces, "--", *map(str, command)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
            timeout=PATIENCE_S, **more,
        )

    def try_sh(self, script, stdin=""):
        """A script of bash's in there, as root."""
        env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "HOME": "/root", "LC_ALL": "C.UTF-8"}
        spaces = ["--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup"]
        return self.enter(spaces, ["bash", "-c", script], input=stdin, env=env)

    def sh(self, script, stdin=""):
        done = self.try_sh(script, stdin)
        assert done.returncode == 0, f"{script}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def dogs(self, *words):
        """This dogs, in the guest's network."""
        return self.enter(["--net"], [dogs.DOGS, *words], stdin=subprocess.DEVNULL)

    def put(self, place, text, mode="0755"):
        self.sh(f'install -D -m {mode} /dev/stdin "{place}"', text)

    def wait(self, script, seconds=120):
        """Until it succeeds; what it printed."""
        end = time.monotonic() + seconds
        while True:
            done = self.try_sh(script)
            if done.returncode == 0:
                return done.stdout.strip()
            assert time.monotonic() < end, f"{script}: never\n{done.stdout}{done.stderr}"
            time.sleep(0.25)

    def power_off(self):
        """As the cloud's shutdown does: returns once the machine is off."""
        self.try_sh("systemctl poweroff")
        end = time.monotonic() + PATIENCE_S
        while alive(self.pid):
            assert time.monotonic() < end, "it does not power off"
            time.sleep(0.1)


def alive(pid):
    try:
        return "Z" not in pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


def first_process(parent, seconds=30):
    children = pathlib.Path(f"/proc/{parent}/task/{parent}/children")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pids = children.read_text().split() if children.exists() else []
        if pids and "systemd" in pathlib.Path(f"/proc/{pids[0]}/comm").read_text():
            return int(pids[0])
        time.sleep(0.05)
    return None


@contextlib.contextmanager
def booted(folder):
    for name in ("srv", "work"):
        (folder / name).mkdir()
    group = cgroups() / f"dogs-guest-{os.getpid()}-{time.monotonic_ns()}"
    group.mkdir()
    # systemd puts processes where it likes: it must find itself in a cgroup made for it.
    # And whoever kills us ends it as well.
    enter = (f'echo $$ >"{group}/cgroup.procs" && exec setpriv --pdeathsig KILL '
             'unshare -m -p -f -C -n -u -i --kill-child "$@"')
    log = folder / "boot.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["sh", "-c", enter, "sh", "bash", "-c", BOOT, "boot", KEPT / "base", folder / "work",
             folder / "srv"],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )
    try:
        pid = first_process(process.pid)
        assert pid, f"it does not boot:\n{log.read_text()}"
        guest = Guest(pid, folder)
        guest.wait("systemctl is-system-running --wait | grep -E 'running|degraded'")
        yield guest
    finally:
        process.kill()  # --kill-child: and with it the first process, and with that all the others
        process.wait()
        remove_group(group)


def remove_group(group):
    end = time.monotonic() + 30
    while group.exists() and time.monotonic() < end:
        for place, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(place)
        time.sleep(0.05)
