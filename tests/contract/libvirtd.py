"""A libvirtd of one's own: private mount and host name, no systemd, nothing of the machine's libvirt touched.

Used by the contract suite and by tests with real guests. Needs root, `unshare` and `libvirtd`; `missing()` says what is
not there. Debian's libvirtd insists on the user `libvirt-qemu` even when told another; where the package that makes it
is not installed, private copies of the account files have it. The trap: `exec` keeps the pid, so the process started is
the daemon itself, which ends with the test process; guests outlive it: `stop` ends them first.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from contextlib import suppress
from pathlib import Path

import libvirt

from app.xen.events import ensure_event_loop

PRIVATE = {
    "etc": "/etc/libvirt",
    "lib": "/var/lib/libvirt",
    "run": "/run/libvirt",
    "cache": "/var/cache/libvirt",
    "log": "/var/log/libvirt",
}
DAEMON_CONF = """\
host_uuid = "{uuid}"
auth_unix_rw = "none"
auth_unix_ro = "none"
listen_tls = 0
log_level = 3
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
"""
QEMU_CONF = """\
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
max_core = 0
migration_host = "127.0.0.2"
migration_address = "127.0.0.2"
"""


def missing() -> str:
    """Say what a private libvirtd lacks on this machine; empty: nothing."""
    if os.geteuid() != 0:
        return "needs root"
    absent = [program for program in ("libvirtd", "unshare", "setpriv", "mount") if shutil.which(program) is None]
    return f"needs {', '.join(absent)}" if absent else ""


class Libvirtd:
    """One daemon; `enter` runs a command inside its namespaces."""

    def __init__(self, host_name: str = "contract-host", uri_query: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="euca-lv-"))
        self.pool = self.folder / "pool"
        self.socket = self.folder / "run" / "libvirt-sock"
        self.qemu_uri = f"qemu+unix:///system?socket={self.socket}{uri_query}"
        self.test_uri = f"test+unix:///default?socket={self.socket}{uri_query}"
        for name in PRIVATE:
            (self.folder / name).mkdir()
        (self.folder / "lib" / "qemu").mkdir()
        (self.folder / "etc" / "qemu").mkdir()
        own = uuid.uuid5(uuid.NAMESPACE_URL, str(self.folder))
        (self.folder / "etc" / "libvirtd.conf").write_text(DAEMON_CONF.format(uuid=own))
        (self.folder / "etc" / "qemu.conf").write_text(QEMU_CONF)
        (self.folder / "etc" / "libvirt.conf").touch()
        self._binds = [(str(self.folder / name), to) for name, to in PRIVATE.items()] + self._accounts()
        self.host_name = host_name
        self.process = self._start()

    @property
    def pid(self) -> int:
        return self.process.pid

    def enter(self, *command: str) -> list[str]:
        return ["nsenter", "-t", str(self.pid), "-m", "-u", *command]

    def freeze(self) -> None:
        """Make it hang, as a host does whose network is cut."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def restart(self) -> None:
        """Kill the daemon and start it again; guests run on."""
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)
        self.process = self._start()

    def stop(self) -> None:
        """End guests, the daemon, and remove the folder."""
        for file in (self.folder / "run" / "qemu").glob("*.pid"):
            _kill(int(file.read_text()))
        with suppress(ProcessLookupError):
            self.thaw()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> "subprocess.Popen[bytes]":
        binds = " && ".join(f"mount --bind {source} {to}" for source, to in self._binds)
        folders = " ".join(PRIVATE.values())
        private = f"mount --make-rprivate / && mkdir -p {folders} && {binds}"
        daemon = "setpriv --pdeathsig KILL libvirtd --pid-file /run/libvirt/libvirtd.pid"
        script = f"hostname {self.host_name} && {private} && exec {daemon}"
        output = self.folder / "libvirtd.out"
        with output.open("ab") as log:
            process = subprocess.Popen(
                ["unshare", "-m", "-u", "sh", "-c", script], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                log_file = self.folder / "log" / "libvirtd.log"
                why = output.read_text() + (log_file.read_text() if log_file.exists() else "")
                shutil.rmtree(self.folder, ignore_errors=True)
                raise RuntimeError(f"libvirtd did not start: {why[-1500:]}")
            time.sleep(0.05)
        return process

    def _answers(self) -> bool:
        if not self.socket.exists():
            return False
        ensure_event_loop()
        try:
            libvirt.open(self.qemu_uri.partition("&")[0]).close()
        except libvirt.libvirtError:
            return False
        return True

    def _accounts(self) -> list[tuple[str, str]]:
        try:
            pwd.getpwnam("libvirt-qemu")
        except KeyError:
            pass
        else:
            return []
        extra = {"passwd": "libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin\n", "group": "libvirt-qemu:x:64055:\n"}
        for name, line in extra.items():
            (self.folder / name).write_text(Path("/etc", name).read_text() + line)
        return [(str(self.folder / name), f"/etc/{name}") for name in extra]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
