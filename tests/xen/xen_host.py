"""One emulated Xen host: a QEMU process on a throw-away copy of the lab's disk, reached by ssh alone.

Emulated in software: with KVM a dom0's kernel hangs on machines that are virtual themselves. Nothing scrubs memory at
the start, so what no guest uses costs this machine nothing. The traps: QEMU takes connections to the forwarded port
before the dom0 listens, so only an answer of libvirt counts; and an emulated processor with SMAP crashes a PV dom0.
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
    """Start it, wait until it answers, end it. `number` tells the hosts of one lab apart."""

    def __init__(self, lab: BuiltLab, number: int = 1) -> None:
        self.lab, self.number = lab, number
        self.folder = Path(tempfile.mkdtemp(prefix="euca-xen-"))
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """What `euca host add` takes; an emulated host may be silent for long."""
        return (
            f"xen+ssh://root@127.0.0.1:{self.port}/system?keyfile={quote(str(self.lab.key))}"
            f"&no_verify=1&no_tty=1&keepalive=off&patience={PATIENCE}"
        )

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
        done = subprocess.run([*self._ssh(), command], capture_output=True, text=True, timeout=deadline_s, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def way_to(self, place: str) -> str:
        """Write what ssh takes as a ProxyCommand to reach HOST:PORT in the dom0's network."""
        *options, dom0 = self._ssh()
        return shlex.join([*options, "-W", place, dom0])

    def domains(self) -> dict[str, str]:
        """List the domains beside dom0 with their states."""
        rows = (line.split(maxsplit=2) for line in self.run("virsh -q -c xen:///system list --all").splitlines())
        return {name: state for _, name, state in rows if name != "Domain-0"}

    def domain_id(self, name: str) -> int:
        """Return the number by which Xen knows a running domain."""
        return int(self.run(f"virsh -q -c xen:///system domid {name}"))

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
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            self.run("virsh -q -c xen:///system version", ANSWER_S)
        except (AssertionError, subprocess.TimeoutExpired):
            return False
        return True

    def _ssh(self) -> list[str]:
        options = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")
        words = [word for option in (*options, "ConnectTimeout=10") for word in ("-o", option)]
        return ["ssh", "-i", str(self.lab.key), "-p", str(self.port), *words, "root@127.0.0.1"]

    def _command(self, disk: Path) -> list[str]:
        user = f"user,id=user,restrict=on,dhcpstart={FIRST_GUEST},hostfwd=tcp:127.0.0.1:{self.port}-{DOM0}:22"
        return [
            *("setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-name", f"xen{self.number}"),
            *("-accel", "tcg,thread=multi,tb-size=256", "-cpu", "qemu64"),
            *("-smp", str(CORES), "-m", str(MEMORY_MIB)),
            *("-nodefaults", "-display", "none", "-no-reboot", "-serial", f"file:{self.folder / 'serial.log'}"),
            *("-kernel", str(self.lab.hypervisor), "-append", XEN_WORDS),
            *("-initrd", f"{self.lab.kernel} {LINUX_WORDS} lab.host={self.number},{self.lab.ramdisk}"),
            *("-drive", f"if=virtio,format=qcow2,cache=unsafe,file={disk}"),
            *("-netdev", user, "-device", f"virtio-net-pci,netdev=user,mac=52:54:00:0a:00:0{self.number}"),
        ]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
