"""One emulated Xen host: a QEMU process on a throw-away copy of the lab's disk, reached by ssh as a real one is.

Emulated in software: with KVM a dom0's kernel hangs on machines that are virtual themselves. Nothing scrubs memory at
the start, so what no guest uses costs this machine nothing. The traps: QEMU takes connections to the forwarded port
before the dom0 listens, so only an answer of libvirt counts; and an emulated processor with SMAP crashes a PV dom0.
A handshake of ssh costs two seconds of emulation, so tests that connect again and again take libvirt's plain TCP, and
commands of ours share one connection.
"""

import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from app.xen.hosts import INSTANCE_PATH
from tests.xen.built_lab import BuiltLab

MEMORY_MIB, DOM0_MIB, CORES = 2048, 640, 2
READY_WITHIN_S = 300.0
ANSWER_S = 30.0
PATIENCE = 6
DOM0 = "10.0.2.100"
FIRST_GUEST = "10.0.2.30"
XEN_WORDS = f"com1=115200,8n1 console=com1 dom0_mem={DOM0_MIB}M,max:{DOM0_MIB}M dom0_max_vcpus={CORES} bootscrub=0"
LINUX_WORDS = "console=hvc0 quiet mitigations=off"


class XenHost:
    """Start it, wait until it answers, end it. A second host, of number 2, is on the `wire` of the first one."""

    def __init__(self, lab: BuiltLab, number: int = 1, wire: int = 0) -> None:
        self.lab, self.number = lab, number
        self.wire = wire or _free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="euca-xen-"))
        self.port, self.libvirt_port = _free_port(), _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """What `euca host add` takes; an emulated host may be silent for long."""
        return (
            f"xen+ssh://root@127.0.0.1:{self.port}/system?keyfile={quote(str(self.lab.key))}"
            f"&no_verify=1&no_tty=1&keepalive=off&patience={PATIENCE}"
        )

    @property
    def near_uri(self) -> str:
        """The same host without ssh."""
        return f"xen+tcp://127.0.0.1:{self.libvirt_port}/system?keepalive=off&patience={PATIENCE}"

    def start(self) -> None:
        """Power it on; returns at once."""
        disk = self.folder / "disk.qcow2"
        shape = ["-f", "qcow2", "-F", "qcow2", "-b", str(self.lab.disk)]
        subprocess.run(["qemu-img", "create", "-q", *shape, str(disk)], check=True, timeout=60)
        with (self.folder / "qemu.log").open("ab") as log:
            self._process = subprocess.Popen(self._command(disk), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self) -> None:
        """Return once libvirt answers in the dom0."""
        assert self._process is not None
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the Xen host did not start: {self.said()[-1500:]}")
            time.sleep(0.5)

    def run(self, command: str, deadline_s: float = 60.0) -> str:
        """Run a shell command in the dom0 and return what it prints."""
        return _said([*self._ssh(), command], deadline_s)

    def way_to(self, place: str) -> str:
        """Write what ssh takes as a ProxyCommand to reach HOST:PORT in the dom0's network."""
        *options, dom0 = self._ssh()
        return shlex.join([*options, "-W", place, dom0])

    def domains(self) -> dict[str, str]:
        """List the domains beside dom0 with their states."""
        rows = (line.split(maxsplit=2) for line in self._virsh("list", "--all").splitlines())
        return {name: state for _, name, state in rows if name != "Domain-0"}

    def domain_id(self, name: str) -> int:
        """Return the number by which Xen knows a running domain."""
        return int(self._virsh("domid", name))

    def volumes(self) -> list[str]:
        """List the files of the pool."""
        return self.run(f"ls -A {INSTANCE_PATH}").split()

    def said(self) -> str:
        """Return what QEMU, the hypervisor and the dom0 printed."""
        files = [self.folder / name for name in ("qemu.log", "serial.log")]
        return "\n".join(file.read_text(errors="replace") for file in files if file.exists())

    def stop(self) -> None:
        """Cut its power and remove what it wrote."""
        if self._process is not None:
            subprocess.run([*self._ssh(), "-O", "exit"], capture_output=True, timeout=60, check=False)
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            self._virsh("hostname", deadline_s=ANSWER_S)
            self.run("true", ANSWER_S)
        except (AssertionError, subprocess.TimeoutExpired):
            return False
        return True

    def _virsh(self, *words: str, deadline_s: float = 120.0) -> str:
        return _said(["virsh", "-q", "-k", "0", "-c", self.near_uri.partition("?")[0], *words], deadline_s)

    def _ssh(self) -> list[str]:
        strangers = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")
        shared = ("ControlMaster=auto", f"ControlPath={self.folder}/ssh", "ControlPersist=yes")
        options = ("BatchMode=yes", "ConnectTimeout=10", *strangers, *shared)
        words = [word for option in options for word in ("-o", option)]
        return ["ssh", "-i", str(self.lab.key), "-p", str(self.port), *words, "root@127.0.0.1"]

    def _command(self, disk: Path) -> list[str]:
        ways = ((self.port, 22), (self.libvirt_port, 16509))
        ways_in = "".join(f",hostfwd=tcp:127.0.0.1:{ours}-{DOM0}:{theirs}" for ours, theirs in ways)
        wire = f"socket,id=wire,{'listen' if self.number == 1 else 'connect'}=127.0.0.1:{self.wire}"
        user = f"user,id=user,restrict=on,dhcpstart={FIRST_GUEST}{ways_in}"
        return [
            *("setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-name", f"xen{self.number}"),
            *("-accel", "tcg,thread=multi,tb-size=256", "-cpu", "qemu64"),
            *("-smp", str(CORES), "-m", str(MEMORY_MIB)),
            *("-nodefaults", "-display", "none", "-no-reboot", "-serial", f"file:{self.folder / 'serial.log'}"),
            *("-kernel", str(self.lab.hypervisor), "-append", XEN_WORDS),
            *("-initrd", f"{self.lab.kernel} {LINUX_WORDS} lab.host={self.number},{self.lab.ramdisk}"),
            *("-drive", f"if=virtio,format=qcow2,cache=unsafe,file={disk}"),
            *("-netdev", user, "-device", f"virtio-net-pci,netdev=user,mac=52:54:00:0a:00:0{self.number}"),
            *("-netdev", wire, "-device", f"virtio-net-pci,netdev=wire,mac=52:54:00:0b:00:0{self.number}"),
        ]


def _said(command: list[str], deadline_s: float) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=deadline_s, check=False)
    assert done.returncode == 0, f"{command[-1]}: {done.stderr}"
    return done.stdout


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
