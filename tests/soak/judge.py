"""What holds at every moment of a soak, seen from outside by the administrator, and what is left at its end."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import libvirt

from app.api.resources import InstanceView
from app.client import calls
from app.reconcile.disks import CACHED
from tests.deadline import eventually
from tests.net.namespaces import links
from tests.soak.stage import BRIDGE, Stage
from tests.soak.user import Violated

STUCK_AFTER_S = 300.0
ENDS_WITHIN_S = 180.0
ON_THE_WAY = frozenset({"pending", "stopping", "shutting-down"})


class Judge:
    """Looks again and again; remembers since when an instance is on its way."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._since: dict[tuple[str, str], float] = {}

    def look(self) -> Counter[str]:
        """Check every invariant once; return how many instances are in which state."""
        rows = list(self._instances())
        self._moving(rows)
        self._unique_addresses(rows)
        self._one_domain_each()
        self._room()
        return Counter(row.state for row in rows)

    def nothing_left(self) -> None:
        """Wait until all instances are gone, and see that hosts and network are as they were."""
        eventually(lambda: {row.state for row in self._instances()} <= {"terminated"}, ENDS_WITHIN_S, every_s=1.0)
        for daemon in self._stage.daemons:
            self._empty("a real host", _domains(daemon.qemu_uri), _files(daemon.folder / "lib" / "instances"))
        for host in self._scripted():
            domains = [row["instance_id"] for row in self._stage.world.do(host, "domains")]
            self._empty(host, domains, [row["name"] for row in self._stage.world.do(host, "volumes")])
        eventually(lambda: BRIDGE not in links())

    def _instances(self) -> Iterator[InstanceView]:
        after: str | None = ""
        while after is not None:
            page = self._stage.rest.send(calls.instances(after))
            yield from page.items
            after = page.next

    def _moving(self, rows: list[InstanceView]) -> None:
        now = time.monotonic()
        moving = {(row.id, row.state) for row in rows if row.state in ON_THE_WAY}
        self._since = {key: self._since.get(key, now) for key in moving}
        stuck = [f"{name} is {state}" for (name, state), since in self._since.items() if now - since > STUCK_AFTER_S]
        if stuck:
            raise Violated(f"for {STUCK_AFTER_S:g} s {', '.join(stuck)}")

    def _unique_addresses(self, rows: list[InstanceView]) -> None:
        given = Counter(row.private_ip for row in rows if row.state != "terminated")
        if doubled := [address for address, count in given.items() if count > 1 or not address]:
            raise Violated(f"the addresses {doubled} are not of one instance each")

    def _one_domain_each(self) -> None:
        if doubles := self._stage.world.direct("doubles"):
            raise Violated(f"instances ran twice: {doubles}")
        real = Counter(name for daemon in self._stage.daemons for name in _domains(daemon.qemu_uri))
        if twice := [name for name, count in real.items() if count > 1]:
            raise Violated(f"{twice} are on both real hosts")

    def _room(self) -> None:
        for host in self._stage.rest.send(calls.hosts()).items:
            if host.state != "up" or host.cores_used > host.cores or host.memory_used_mib > host.memory_mib:
                raise Violated(f"{host.name} is {host.state}, {host.cores_used} of {host.cores} cores are in use")

    def _scripted(self) -> list[str]:
        return [host.name for host in self._stage.rest.send(calls.hosts()).items if "scripted" in host.uri]

    @staticmethod
    def _empty(host: str, domains: list[str], volumes: list[str]) -> None:
        left = domains + [name for name in volumes if not name.startswith(CACHED)]
        if left:
            raise Violated(f"{host} still has {left}")


def _files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def _domains(uri: str) -> list[str]:
    connection = libvirt.open(uri)
    try:
        return [domain.name() for domain in connection.listAllDomains()]
    finally:
        connection.close()
