"""Every named point at which a server may die: before and after each call of a port, found by looking at the ports.

`doomed` puts a watcher around the ports of a real server; at the chosen point it kills its own process, as kill -9
does. A method that is added to a port later is a point from then on, without a word here.
"""

import inspect
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from app.domain.fabric import Fabric
from app.domain.ports import DomainSpec, HostEvent, Hypervisor, Hypervisors, Store
from app.domain.storage import Volumes
from app.network.kernel import KernelFabric
from app.server.wiring import Ports

MOMENTS = ("before", "after")
ENDS = ("close", "aclose")
WRITERS = ("services", "reconcile")
_STEPS = (
    "packet rules",
    "make bridge eucabr0",
    "eucabr0: add address 10.9.0.1/24",
    "eucabr0: add address 169.254.169.254/32",
    "eucabr0: switch on",
    "set net.ipv4.conf.eucabr0.forwarding to 1",
    "set net.ipv4.conf.eucabr0.proxy_arp_pvlan to 1",
    "set net.ipv4.neigh.eucabr0.proxy_delay to 0",
    "set net.ipv6.conf.eucabr0.disable_ipv6 to 1",
)


def calls_of(port: type) -> list[str]:
    """List the asynchronous methods of a port."""
    return [name for name, member in vars(port).items() if inspect.iscoroutinefunction(member) and name not in ENDS]


def points() -> list[str]:
    """Name all points, `PORT.CALL.MOMENT`."""
    calls = chain(
        (f"hypervisor.{name}" for name in calls_of(Hypervisor)),
        (f"fabric.{name}" for name in calls_of(Fabric)),
        (f"store.write as {writer}" for writer in WRITERS),
    )
    return [f"{call}.{moment}" for call in calls for moment in MOMENTS]


def steps() -> list[str]:
    """Name the points before each step by which the kernel's fabric makes the network of a life."""
    return [f"fabric.step {text}" for text in _STEPS]


def storage_points() -> list[str]:
    """Name the points of the volume storage, which only rehearsal hosts have."""
    return [f"storage.{name}.{moment}" for name in calls_of(Volumes) for moment in MOMENTS]


def doomed(point: str, ports: Ports) -> Ports:
    """Put around a server's ports what makes it die at `point`."""

    def pass_by(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    if isinstance(ports.fabric, KernelFabric):
        ports.fabric.passing = lambda text: pass_by(f"fabric.step {text}")
    return ports._replace(
        store=WatchedStore(ports.store, pass_by),
        hypervisors=WatchedHosts(ports.hypervisors, pass_by),
        fabric=Watched(ports.fabric, "fabric", pass_by),
        storage=Watched(ports.storage, "storage", pass_by),
    )


class Watched:
    """A port whose asynchronous calls pass two points each."""

    def __init__(self, inner: Any, name: str, pass_by: Callable[[str], None]) -> None:
        self._inner, self._name, self._pass_by = inner, name, pass_by

    def __getattr__(self, call: str) -> Any:
        found = getattr(self._inner, call)
        if not inspect.iscoroutinefunction(found):
            return found

        async def watched(*given: Any, **named: Any) -> Any:
            self._pass_by(f"{self._name}.{call}.before")
            answer = await found(*given, **named)
            self._pass_by(f"{self._name}.{call}.after")
            return answer

        return watched


class WatchedStore:
    """The store, with the two writers told apart."""

    def __init__(self, inner: Store, pass_by: Callable[[str], None]) -> None:
        self._inner, self._pass_by = inner, pass_by

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def write(self, work: Any, writer: Any = "services") -> Any:
        self._pass_by(f"store.write as {writer}.before")
        answer = await self._inner.write(work, writer)
        self._pass_by(f"store.write as {writer}.after")
        return answer


class WatchedHosts:
    """All hosts, each watched."""

    def __init__(self, inner: Hypervisors, pass_by: Callable[[str], None]) -> None:
        self._inner, self._pass_by = inner, pass_by

    def join(self, name: str, uri: str, listener: Callable[[HostEvent], None], domains: Sequence[DomainSpec]) -> None:
        self._inner.join(name, uri, listener, domains)

    def host(self, name: str) -> Any:
        return Watched(self._inner.host(name), "hypervisor", self._pass_by)

    async def leave(self, name: str) -> None:
        await self._inner.leave(name)

    async def close(self) -> None:
        await self._inner.close()


def by_call(verdicts: dict[str, str]) -> Iterator[str]:
    """Form the printed list: a line a point with its verdict."""
    width = max(map(len, verdicts))
    return (f"{point:{width}}  {verdict}" for point, verdict in verdicts.items())
