"""Keep the networks on hosts that are other machines, each host by itself: one that is dead holds nobody else up.

A host is told what it needs of its own instances only. The trap: one that left the cloud is in no list any more, so
those that were reached are remembered until they have given their bridges back.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from functools import partial

from app.domain.errors import CloudError
from app.domain.far import Reach, Shell, shell_of
from app.domain.host import Host
from app.domain.network import Member, Network
from app.domain.ports import Store, Unit
from app.reconcile.members import member_of
from app.reconcile.repairs import note
from app.reconcile.shared import SharedCall

log = logging.getLogger(__name__)
AT_ONCE = 16
Form = Callable[[Host, Sequence[Member]], list[Network]]
Way = Callable[[str], Reach | None]
"""Tell by which way hosts of a cluster are reached, if there is any."""


class FarHosts:
    """Whoever starts a guest waits for its host's turn by `ready`, `look` lets all have theirs."""

    def __init__(self, store: Store, resync_s: float) -> None:
        self._store, self._resync_s = store, resync_s
        self._again_s = 0.0
        self._way: Way = _no_way
        self._form: Form
        self._turns: dict[str, SharedCall[None]] = {}
        self._reached: dict[str, tuple[Shell, Reach]] = {}
        self._said: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._few: dict[Reach, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))

    def connect(self, way: Way, form: Form) -> None:
        """Begin to reach hosts, each by the `way` of its cluster; `form` makes the networks of a host's members."""
        self._way, self._form = way, form

    async def ready(self, host: Host) -> None:
        """Return once a host has its networks as they are wanted now; raises Unavailable or Broken."""
        if _is_far(host) and self._way(host.cluster) is not None:
            await self._turn(host.name).get()

    async def look(self, due: Collection[str]) -> None:
        """Give each of these hosts its turn, and all of them once in `resync_s`; wait for none."""
        now_s = asyncio.get_running_loop().time()
        if not (due or now_s >= self._again_s):
            return
        known = await self._store.read(lambda unit: shells(unit, lambda cluster: self._way(cluster) is not None))
        far = self._reached.keys() | known.keys()
        if now_s >= self._again_s:
            self._again_s = now_s + self._resync_s
        else:
            far &= set(due)
        for name in far:
            task = asyncio.create_task(self._try(name), name=f"network of {name}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for turn in self._turns.values():
            turn.cancel()

    def _turn(self, name: str) -> SharedCall[None]:
        return self._turns.setdefault(name, SharedCall(partial(self._visit, name)))

    async def _try(self, name: str) -> None:
        try:
            await self._turn(name).get()
        except CloudError as error:
            if str(error) != self._said.get(name):
                log.warning("a host's network is not as it should be", extra={"fields": {"error": str(error)}})
            self._said[name] = str(error)
        except Exception:
            log.exception("looking after a host's network failed")
        else:
            self._said.pop(name, None)

    async def _visit(self, name: str) -> None:
        host, members = await self._store.read(lambda unit: _on(unit, name))
        way = self._way_to(host) if host else self._reached.get(name)
        if way is None:
            return
        shell, reach = way
        networks = self._form(host, members) if host else []
        async with self._few[reach]:
            repaired = await reach.reach(shell, networks)
        await note(self._store, repaired)
        if host:
            self._reached[name] = way
        else:
            del self._reached[name]

    def _way_to(self, host: Host) -> tuple[Shell, Reach] | None:
        shell, reach = shell_of(host.uri), self._way(host.cluster)
        return (shell, reach) if shell and reach is not None else None


def _no_way(cluster: str) -> None:
    """Nobody is reached yet."""


def shells(unit: Unit, serves: Callable[[str], bool]) -> dict[str, Shell]:
    """Find where hosts of these clusters that are other machines are asked, by their names."""
    far = (host for host in unit.hosts.where() if _is_far(host) and serves(host.cluster))
    return {host.name: shell for host in far if (shell := shell_of(host.uri))}


def _is_far(host: Host) -> bool:
    """Tell whether a host needs bridges of ours made by its own shell; an operator may have made one."""
    return not host.bridge and not host.rehearsal and shell_of(host.uri) is not None


def _on(unit: Unit, name: str) -> tuple[Host | None, list[Member]]:
    """Find a host, None if it has left, and who needs a network there, also only until it has moved."""
    host = unit.hosts.get(name)
    if host is None or not _is_far(host):
        return None, []
    rows = [*unit.instances.where(host=name, removed=False), *unit.instances.where(moving_from=name, removed=False)]
    return host, [member_of(row) for row in rows if row.address]
