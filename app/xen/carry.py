"""A running guest goes to another host where the hypervisor moves none alive: it is saved, carried over and restored.

It stands still from the moment it is saved. All that there is of it is in the pool then: its disks, and its memory in
a volume of its own. As long as the old host has the domain, the guest belongs there and can go on there; once the new
host has all, the domain is undefined there, and the guest belongs to the new one. Everything goes through this process,
so hosts need neither a way nor trust to one another. The trap: a pool that both share, where a copy empties its source.
"""

import time
from functools import partial
from typing import Any

import libvirt

from app.domain.errors import Broken, Lost, Unavailable
from app.domain.files import PARTIAL, SAVED, TRIED
from app.xen import saved, sparse
from app.xen.domains import UNDEFINE_FLAGS, find, gone
from app.xen.errand import End, Errand, Work
from app.xen.fitness import KIB, MIB
from app.xen.metadata import parsed


class Carry(Errand):
    """Leads one move of a guest that stands still meanwhile."""

    def __init__(self, instance_id: str, here: End, there: End, bridge: str) -> None:
        super().__init__(instance_id, here, there)
        self._bridge = bridge
        self._stands, self._ends_at_s = False, float("inf")

    async def run(self) -> None:
        """Do it, unless it is done; whoever stands still does not wait for ever for hosts that do not answer."""
        try:
            await super().run()
        except Unavailable as error:
            if self._stands:
                raise Broken(self._here.host, f"{self._id} could not be carried over: {error}") from error
            raise

    def _prepare(self) -> Work | None:
        here = self._dial()
        domain = find(here, self._id)
        if domain is not None and domain.isActive():
            if domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE:
                raise Lost(self._here.host, f"something else is being done with the domain {self._id}")
        else:
            self._stands = domain is not None and saved.usable(here, self._here.pool, self._id) is not None
        there = self._dial_target()
        found = find(there, self._id)
        if domain is None and found is not None and found.isActive():
            return None
        if domain is None or not (domain.isActive() or self._stands):
            raise Broken(self._here.host, f"the domain {self._id} does not run there")
        if found is not None:
            self._clear(found)
        deadline_s = self._deadline_s(self._check(domain, here, there))
        self._ends_at_s = time.monotonic() + deadline_s
        return Work(do=partial(self._perform, domain), deadline_s=deadline_s)

    def _clear(self, found: Any) -> None:
        """Take off what an earlier try left at its new host: it has not lived there, since it belongs here."""
        if found.isActive():
            raise Broken(self._here.host, f"the domain {self._id} runs on both hosts")
        self._still_asked()
        gone(lambda: found.undefineFlags(UNDEFINE_FLAGS[self._there.address.kind]))

    def _check(self, domain: Any, here: Any, there: Any) -> int:
        """Return how many bytes are to be carried; Broken if a host can not take them."""
        name, before, after = self._there.host, self._here.pool.path(here), self._there.pool.path(there)
        if after != before:
            raise Broken(name, f"its pool is in {after}, and a saved guest knows its disks as in {before}")
        self._check_bridge(domain)
        memory, free = domain.maxMemory() * KIB, int(there.getFreeMemory())
        if memory > free:
            raise Broken(name, f"it has {free // MIB} MiB of memory free, and the guest has {memory // MIB} MiB")
        if not self._stands and (room := self._here.pool.free_bytes(here)) < memory:
            why = f"its pool has {room // MIB} MiB free, too little to save the guest's memory of {memory // MIB} MiB"
            raise Broken(self._here.host, why)
        filled = memory + sum(volume.allocation_bytes for volume in self._disks(self._here, here))
        room = self._there.pool.free_bytes(there)
        room += sum(volume.allocation_bytes for volume in self._disks(self._there, there))  # they are made anew
        if filled > room:
            raise Broken(name, f"its pool has {room // MIB} MiB free, and the guest fills {filled // MIB} MiB")
        return int(filled)

    def _check_bridge(self, domain: Any) -> None:
        for source in parsed(domain.XMLDesc()).iterfind("devices/interface[@type='bridge']/source"):
            if self._bridge and source.get("bridge") != self._bridge:
                why = f"its bridge is {self._bridge}, and a saved guest's card is on {source.get('bridge')}"
                raise Broken(self._there.host, why)

    def _perform(self, domain: Any) -> None:
        here, there = self._opened
        old, new = self._here.pool, self._there.pool
        if not self._stands:
            saved.forget(there, new, self._id)
            self._check_apart(here, there)
            self._still_asked()
            saved.save(here, old, domain, self._id)
            self._stands = True
        for volume in self._disks(self._here, here):
            sparse.carry(here, old, there, new, volume.name, self._still_asked)
        self._still_asked()
        arrived = there.defineXML(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE))
        sparse.carry(here, old, there, new, self._id + SAVED, self._still_asked)
        self._still_asked()
        if domain.isActive():
            raise Broken(self._here.host, f"somebody has let {self._id} go on there")
        domain.undefineFlags(UNDEFINE_FLAGS[self._here.address.kind])
        saved.forget(here, old, self._id)
        self._still_asked()
        saved.go_on(there, new, arrived, self._id)
        if not arrived.isActive():
            raise Broken(self._there.host, f"{self._id} came there and does not go on")

    def _check_apart(self, here: Any, there: Any) -> None:
        """Make sure that the pools are not one."""
        saved.prepare(here, self._here.pool, self._id)
        if self._there.pool.knows(there, self._id + SAVED):
            saved.forget(here, self._here.pool, self._id)
            raise Broken(self._there.host, f"it shares the folder of its pool with {self._here.host}")

    def _still_asked(self) -> None:
        super()._still_asked()
        if time.monotonic() > self._ends_at_s:
            raise Broken(self._here.host, f"{self._id} could not be carried over in time")

    def _disks(self, end: End, connection: Any) -> list[Any]:
        own, not_disks = f"{self._id}.", (SAVED, TRIED, PARTIAL)
        found = end.pool.volumes(connection)
        return [volume for volume in found if volume.name.startswith(own) and not volume.name.endswith(not_disks)]
