"""A server that dies at a named point: `python -m tests.crash.doomed_server POINT STATE HOST:PORT SCHEME FABRIC`.

Its hosts are scripted or libvirt's test driver (SCHEME) and have URIs of real ones, so that the server does for them
all that it does for real ones, networks too. FABRIC is the file of one on paper, or `kernel`: this network namespace.
A POINT that there is not is never reached.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app import settings
from app.domain.ports import NOT_SUPPORTED, DomainSpec, HostEvent, Hypervisors
from app.server.serve import serve
from app.server.wiring import Ports
from tests.crash.paper_fabric import PaperFabric
from tests.crash.points import doomed

REAL = "qemu"
GIVEN = {
    "EUCA_SAMPLE_INTERVAL": "1",
    "EUCA_VNET_MODE": "MANAGED-NOVLAN",
    "EUCA_VNET_SUBNET": "10.9.0.0",
    "EUCA_VNET_NETMASK": "255.255.255.0",
}


class RealHosts:
    """Hosts that are not what their URIs say; of two guests that are to reboot the first can not be asked."""

    def __init__(self, inner: Hypervisors, scheme: str) -> None:
        self._inner, self._scheme = inner, scheme
        self._deaf = ""

    def join(self, name: str, uri: str, listener: Callable[[HostEvent], None], domains: Sequence[DomainSpec]) -> None:
        self._inner.join(name, self._scheme + uri.removeprefix(REAL), listener, domains)

    def host(self, name: str) -> Any:
        return RealHost(self._inner.host(name), self)

    async def leave(self, name: str) -> None:
        await self._inner.leave(name)

    async def close(self) -> None:
        await self._inner.close()

    def is_deaf(self, instance_id: str) -> bool:
        self._deaf = self._deaf or instance_id
        return self._deaf == instance_id


class RealHost:
    def __init__(self, inner: Any, hosts: RealHosts) -> None:
        self._inner, self._hosts = inner, hosts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def reboot(self, instance_id: str) -> Any:
        return NOT_SUPPORTED if self._hosts.is_deaf(instance_id) else await self._inner.reboot(instance_id)


def main(point: str, state: str, listen: str, scheme: str, fabric: str) -> None:
    flags = {"state_dir": state, "listen": listen, "rehearse": "none"}
    given = settings.load(flags, {**os.environ, **GIVEN})

    def around(ports: Ports) -> Ports:
        hosts = RealHosts(ports.hypervisors, scheme)
        woven = ports.fabric if fabric == "kernel" else PaperFabric(Path(fabric))
        return doomed(point, ports._replace(hypervisors=hosts, fabric=woven))

    serve(given, lambda url: print(f"ready {url}", flush=True), lambda: given, around)


if __name__ == "__main__":
    main(*sys.argv[1:])
