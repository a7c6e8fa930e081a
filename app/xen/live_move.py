"""A running guest goes to another host that shares no storage with its own: memory and disks, from host to host.

libvirt's managed migration: this process leads, over a connection of its own to either end, so hosts need no trust in
one another; only QEMU's data goes straight from one to the other. A host ends a guest that is still coming in as soon
as the connection is gone that it was announced on. The trap: an answer that is lost leaves both ends with a whole
guest, and libvirt lets the old one run on. So the new one stays paused until the old host has let go of it, and only
then is let run from here: whoever finds it at both ends knows that the old one counts.
"""

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import libvirt

from app.domain.errors import Broken, Lost
from app.domain.states import Seen
from app.xen import carried
from app.xen.address import Address
from app.xen.console import MOST_BYTES, log_volume
from app.xen.domains import UNDEFINE_FLAGS, cut, find, gone, once, run
from app.xen.errand import End, Errand, Work, between
from app.xen.fitness import check
from app.xen.states import seen

FLAGS = (
    libvirt.VIR_MIGRATE_LIVE
    | libvirt.VIR_MIGRATE_PAUSED
    | libvirt.VIR_MIGRATE_PERSIST_DEST
    | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
    | libvirt.VIR_MIGRATE_AUTO_CONVERGE
    | libvirt.VIR_MIGRATE_ABORT_ON_ERROR
)
AGAIN_S = 5.0  # until it is told again to give up
_HERE_ONLY = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What libvirt is asked for, and how long it may take."""

    domain: Any
    parameters: Mapping[str, Any]
    flags: int
    deadline_s: float


class Live(Errand):
    """Leads one live move."""

    def __init__(self, instance_id: str, here: End, there: End, bridge: str) -> None:
        super().__init__(instance_id, here, there)
        self._bridge = bridge
        self._late = threading.Event()

    def _prepare(self) -> Work | None:
        here = self._dial()
        domain = find(here, self._id)
        if domain is not None and domain.isActive():
            self._own(domain)
        there = self._dial_target()
        found = find(there, self._id)
        if found is not None and between(found):
            raise Lost(self._there.host, f"an earlier move of {self._id} has not been ended there yet")
        if domain is None or not domain.isActive():
            self._finish(domain, found)
            return None
        if found is not None:
            self._clear(found)
        planned = self._plan(domain, here, there)
        return Work(do=partial(self._perform, planned), deadline_s=planned.deadline_s)

    def _own(self, domain: Any) -> None:
        """Make sure that nobody else moves it, and that it lives here, where an earlier move may have left it still."""
        if domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE:
            raise Lost(self._here.host, f"something else is being done with the domain {self._id}")
        if between(domain):
            once(domain.resume, lambda: not between(domain))

    def _finish(self, domain: Any | None, found: Any | None) -> None:
        """It does not live here: it has arrived, if this host let go of it, and only has to be let run."""
        let_go = domain is None or seen(*domain.state()) == (Seen.OFF, "migrated")
        if found is None or not found.isActive() or not (let_go or found.state()[0] == libvirt.VIR_DOMAIN_RUNNING):
            raise Broken(self._here.host, f"the domain {self._id} runs on neither host")
        run(found)

    def _clear(self, found: Any) -> None:
        """Take off what an earlier move left at its new host; it has not lived there, since it lives here."""
        if found.state()[0] == libvirt.VIR_DOMAIN_RUNNING:
            raise Broken(self._here.host, f"the domain {self._id} runs on both hosts")
        self._still_asked()
        cut(found)
        gone(lambda: found.undefineFlags(UNDEFINE_FLAGS[self._there.address.kind]))

    def _plan(self, domain: Any, here: Any, there: Any) -> Planned:
        pools = self._here.pool.path(here), self._there.pool.path(there)
        now = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE | libvirt.VIR_DOMAIN_XML_SECURE)
        kept = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE)
        disks = carried.disks(now, pools[0])
        size = check(domain, now, disks, here, there, self._there.pool)
        parameters: dict[str, Any] = {
            libvirt.VIR_MIGRATE_PARAM_DEST_XML: carried.over(now, *pools, self._bridge),
            libvirt.VIR_MIGRATE_PARAM_PERSIST_XML: carried.over(kept, *pools, self._bridge),
        } | way_to(self._there.address)
        flags = FLAGS
        if disks:
            parameters[libvirt.VIR_MIGRATE_PARAM_MIGRATE_DISKS] = disks
            flags |= libvirt.VIR_MIGRATE_NON_SHARED_INC  # what lies below an overlay is there already
        self._still_asked()
        self._carry_console(here, there)
        return Planned(domain=domain, parameters=parameters, flags=flags, deadline_s=self._deadline_s(size))

    def _perform(self, planned: Planned) -> None:
        """Move it and let it run there; past the deadline libvirt is told to give up, which leaves it running here."""
        over = threading.Event()
        threading.Thread(target=self._give_up, args=(planned, over), daemon=True).start()
        paused = planned.domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED
        try:
            arrived = planned.domain.migrate3(self._opened[1], dict(planned.parameters), planned.flags)
        except libvirt.libvirtError as error:
            if self._late.is_set() and error.get_error_code() == libvirt.VIR_ERR_OPERATION_ABORTED:
                why = f"the move of {self._id} did not end within {planned.deadline_s:.0f} s"
                raise Broken(self._here.host, why) from error
            raise
        finally:
            over.set()
        if not paused:
            run(arrived)

    def _give_up(self, planned: Planned, over: threading.Event) -> None:
        waits_s = planned.deadline_s
        while not over.wait(waits_s):
            self._late.set()
            with suppress(libvirt.libvirtError):
                planned.domain.abortJob()
            waits_s = AGAIN_S

    def _carry_console(self, here: Any, there: Any) -> None:
        """Let what the guest has written so far stand in its log there, too."""
        log = log_volume(self._id)
        self._there.pool.write(there, log, self._here.pool.tail(here, log, MOST_BYTES))


def way_to(address: Address) -> dict[str, str]:
    """Send the data to the address that the operator gave the host; else the host itself says which one it has."""
    name = urlsplit(address.uri).hostname
    if not name or name in _HERE_ONLY:
        return {}
    return {libvirt.VIR_MIGRATE_PARAM_URI: f"tcp://[{name}]" if ":" in name else f"tcp://{name}"}
