"""Leases by dnsmasq instead of the server itself: a daemon for each bridge, whose whole configuration is one file.

Such daemons outlive a server that is killed, so leases go on, and the next server takes them as they are if they were
told the same. The trap: dnsmasq remembers a lease until it ends and gives its address to no other card, so whatever
changes, the daemon is begun anew; it keeps no leases of its own, all are in its configuration.
"""

import hashlib
import os
import re
import select
import signal
import subprocess
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from app.domain.errors import Unavailable
from app.domain.network import Network
from app.network.dhcp import LEASE_S

START_S = 5.0
END_MS = 2_000
OPTION = b"--conf-file="
_NAME = re.compile(r"[A-Za-z0-9-]{1,63}")


class Dnsmasq:
    """Keeps one daemon a bridge; `folder` is this cloud's own. Everything here blocks for moments."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program, self._folder = program, folder.resolve()
        self._serving: dict[str, Path] = {}

    def serve(self, network: Network, index: int) -> bool:
        """Have the leases of a network given on the bridge with this number; tell whether its daemon had ended.

        Unavailable if dnsmasq does not start, with what it said.
        """
        text = configuration(network, index, self._pid_file(network.bridge))
        wanted = self._folder / f"{network.bridge}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.conf"
        if self._running(network.bridge) == wanted:
            self._serving[network.bridge] = wanted
            return False
        before = self._serving.get(network.bridge)
        self.stop(network.bridge)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        wanted.write_text(text)
        self._start(network.bridge, wanted)
        self._serving[network.bridge] = wanted
        return before == wanted

    def only(self, bridges: Collection[str]) -> None:
        """End the daemons of all other bridges, whoever started them for this cloud."""
        for file in self._folder.glob("*.pid"):
            if file.stem not in bridges:
                self.stop(file.stem)

    def stop(self, bridge: str) -> None:
        """End a bridge's daemon and wait until it has; there need not be one."""
        process = self._process(bridge)
        if process is not None:
            _end(process)
        self._serving.pop(bridge, None)
        for file in (self._pid_file(bridge), *self._folder.glob(f"{bridge}-*.conf")):
            file.unlink(missing_ok=True)

    def _start(self, bridge: str, file: Path) -> None:
        command = [bytes(self._program), OPTION + bytes(file)]
        try:
            done = subprocess.run(  # noqa: S603 - the operator names it
                command, capture_output=True, text=True, timeout=START_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable("network", f"no leases on {bridge}: {error}") from error
        if done.returncode:
            raise Unavailable("network", f"no leases on {bridge}: {done.stderr.strip()[:200]}")

    def _running(self, bridge: str) -> Path | None:
        """Return the configuration that a bridge's daemon was started with; None if there is none."""
        process = self._process(bridge)
        return None if process is None else _configuration_of(process)

    def _process(self, bridge: str) -> int | None:
        """Return the number of a bridge's daemon; it is known by its configuration, since numbers are used again."""
        try:
            written = [int(self._pid_file(bridge).read_text())]
        except (OSError, ValueError):
            written = [int(each.name) for each in Path("/proc").glob("[0-9]*")]
        return next((process for process in written if self._is_of(bridge, _configuration_of(process))), None)

    def _is_of(self, bridge: str, file: Path | None) -> bool:
        return file is not None and file.parent == self._folder and file.name.rpartition("-")[0] == bridge

    def _pid_file(self, bridge: str) -> Path:
        return self._folder / f"{bridge}.pid"


def configuration(network: Network, index: int, pid_file: Path) -> str:
    """Write what dnsmasq is to know of a network; a bridge that was made anew has another number."""
    return "".join(f"{line}\n" for line in _lines(network, index, pid_file))


def _lines(network: Network, index: int, pid_file: Path) -> Iterator[str]:
    subnet = network.interface.network
    yield f"# bridge number {index}"
    yield from ("port=0", "bind-interfaces", "except-interface=lo", f"interface={network.bridge}")
    yield from (f"pid-file={pid_file}", "leasefile-ro", "no-ping", "quiet-dhcp")
    yield f"dhcp-range={subnet.network_address},static,{subnet.netmask},{LEASE_S}"
    yield f"dhcp-lease-max={len(network.members) + 1}"
    yield "dhcp-ignore=tag:!known"
    if not network.of_site:
        yield "dhcp-authoritative"
    yield f"dhcp-option=option:router,{network.interface.ip}"
    yield ",".join(["dhcp-option=option:dns-server", *network.dns])
    if network.domain:
        yield f"dhcp-option=option:domain-name,{network.domain}"
    if network.mtu:
        yield f"dhcp-option=option:mtu,{network.mtu}"
    for member in network.members:
        name = f",{member.hostname}" if _NAME.fullmatch(member.hostname) else ""
        yield f"dhcp-host={member.mac},{member.address}{name}"


def _configuration_of(process: int) -> Path | None:
    """Return the configuration that is named on a process' command line; None if there is none."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    named = [word.removeprefix(OPTION) for word in words[1:2] if word.startswith(OPTION)]
    return Path(os.fsdecode(named[0])) if named else None


def _end(process: int) -> None:
    """Ask a process to end and wait until it has; one that does not is killed."""
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(process)
        ended = select.poll()
        ended.register(handle, select.POLLIN)
        try:
            for number in (signal.SIGTERM, signal.SIGKILL):
                signal.pidfd_send_signal(handle, number)
                if ended.poll(END_MS):
                    return
        finally:
            os.close(handle)
