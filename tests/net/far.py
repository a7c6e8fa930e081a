"""Hosts that are other machines: namespaces on one wire with the gateway's machine, each with a real sshd."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.domain.errors import Unavailable
from app.domain.far import Shell
from app.network.shells import Shells
from tests.deadline import eventually
from tests.net.namespaces import Namespace, make_bridge

WIRE = "wire0"
GATEWAY = "192.0.2.1"
SSHD = "/usr/sbin/sshd"
READY_S = 60.0


class Keys:
    """A key of the gateway's, one of all hosts', and ssh's configuration that knows both."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.known = folder, folder / "known_hosts"
        for name in ("gateway", "host"):
            _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
        kind, key, *_ = (folder / "host.pub").read_text().split()
        self.known.write_text(f"* {kind} {key}\n")
        self.config = folder / "config"
        self.config.write_text(
            f"IdentityFile {folder}/gateway\nIdentitiesOnly yes\nUserKnownHostsFile {self.known}\n"
            "GlobalKnownHostsFile none\nStrictHostKeyChecking yes\n"
        )


class FarHost:
    """A machine at `address` on the wire, whose shell is asked by ssh."""

    def __init__(self, gateway: Namespace, number: int) -> None:
        self.inside, self.address = Namespace(), f"192.0.2.{number}"
        self.uri, self.shell = f"qemu+ssh://root@{self.address}/system", Shell(name=self.address, user="root")
        self.plug(gateway, WIRE, f"far{number}", "eth0")
        self.inside.run("ip", "address", "add", f"{self.address}/24", "dev", "eth0")

    def plug(self, gateway: Namespace, bridge: str, port: str, card: str) -> None:
        """Lay a cable from a bridge of the gateway's machine, where its end is called `port`, to a card of this one."""
        own = f"/proc/self/fd/{self.inside.file}"
        made = gateway.call(
            lambda: subprocess.run(
                ["ip", "link", "add", port, "type", "veth", "peer", "name", card, "netns", own],
                pass_fds=[self.inside.file],
                check=True,
            )
        )
        assert made.returncode == 0
        gateway.run("ip", "link", "set", port, "master", bridge, "up")
        self.inside.run("ip", "link", "set", card, "up")

    @contextmanager
    def serving(self, keys: Keys) -> Iterator[None]:
        """Have sshd answer."""
        config = keys.folder / f"sshd-{self.address}"
        config.write_text(
            f"ListenAddress {self.address}\nHostKey {keys.folder}/host\nAuthorizedKeysFile {keys.folder}/gateway.pub\n"
            "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nMaxStartups 100\n"
        )
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd insists on it
        with self.inside.call(
            lambda: subprocess.Popen([SSHD, "-D", "-f", str(config)], stderr=subprocess.DEVNULL)
        ) as server:
            try:
                eventually(lambda: self.inside.call(lambda: _answers(self.address)))
                yield
            finally:
                server.kill()

    def links(self) -> set[str]:
        return set(self.inside.run("ip", "-br", "link").stdout.split("\n")) - {""}

    def close(self) -> None:
        self.inside.close()


class ShellsWithoutSsh(Shells):
    """Those of such machines where ssh takes too long, as in a machine that is emulated."""

    def __init__(self, hosts: Sequence[FarHost]) -> None:
        super().__init__()
        self._hosts = {host.address: host for host in hosts}

    async def run(self, shell: Shell, command: str, text: str = "") -> str:
        return await asyncio.to_thread(self._run, self._hosts[shell.name], command, text)

    def _run(self, host: FarHost, command: str, text: str) -> str:
        words = {**os.environ, "SSH_CONNECTION": f"{GATEWAY} 40000 {host.address} 22"}
        shell = ["sh", "-c", command]
        done = host.inside.call(
            lambda: subprocess.run(shell, input=text, capture_output=True, text=True, env=words, check=False)
        )
        if done.returncode:
            raise Unavailable("network", f"{host.shell} could not do: {command}: {done.stderr}")
        return done.stdout


def lay_wire() -> None:
    """Make the wire in this thread's namespace."""
    make_bridge(WIRE, f"{GATEWAY}/24")


def _answers(address: str) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex((address, 22)) == 0


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=READY_S)
