"""A running guest goes to another host where the hypervisor moves none alive: it is saved, carried over and restored.

It stands still from the moment it is saved. All that there is of it is in the pool then: its disks, and its memory in
a volume of its own. As long as the old host has that volume, the guest belongs there and can go on there; it is taken
away there once the new host has all, and then the guest belongs to the new one. Everything goes through this process,
so hosts need neither a way nor trust to one another.
"""

from functools import partial
from typing import Any

import libvirt

from app.domain.errors import Broken, Lost
from app.domain.files import PARTIAL, SAVED
from app.xen import saved, sparse
from app.xen.domains import UNDEFINE_FLAGS, find, gone
from app.xen.errand import Errand, Work
from app.xen.fitness import KIB, MIB


class Carry(Errand):
    """Leads one move of a guest that stands still meanwhile."""

    def _prepare(self) -> Work | None:
        here = self._dial()
        domain = find(here, self._id)
        if domain is None or not (domain.isActive() or saved.whole(here, self._here.pool, self._id)):
            saved.forget(here, self._here.pool, self._id)  # it switched itself off just before it was saved
            raise Broken(self._here.host, f"the domain {self._id} does not run there")
        if domain.isActive() and domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE:
            raise Lost(self._here.host, f"something else is being done with the domain {self._id}")
        there = self._dial_target()
        found = find(there, self._id)
        if found is not None:
            self._clear(found)
        return Work(do=partial(self._perform, domain), deadline_s=self._deadline_s(self._check(domain, here, there)))

    def _clear(self, found: Any) -> None:
        """Take off what an earlier try left at its new host: it has not lived there, since it belongs here."""
        if found.isActive():
            raise Broken(self._here.host, f"the domain {self._id} runs on both hosts")
        self._still_asked()
        gone(lambda: found.undefineFlags(UNDEFINE_FLAGS[self._there.address.kind]))

    def _check(self, domain: Any, here: Any, there: Any) -> int:
        """Return how many bytes are to be carried; Broken if the other host can not take them."""
        name, before, after = self._there.host, self._here.pool.path(here), self._there.pool.path(there)
        if after != before:
            raise Broken(name, f"its pool is in {after}, and a saved guest knows its disks as in {before}")
        memory, free = domain.maxMemory() * KIB, int(there.getFreeMemory())
        if memory > free:
            raise Broken(name, f"it has {free // MIB} MiB of memory free, and the guest has {memory // MIB} MiB")
        filled = sum(volume.allocation_bytes for volume in self._volumes(here)) + memory
        room = self._there.pool.free_bytes(there)
        if filled > room:
            raise Broken(name, f"its pool has {room // MIB} MiB free, and the guest fills {filled // MIB} MiB")
        return int(filled)

    def _perform(self, domain: Any) -> None:
        here, there = self._opened
        old, new = self._here.pool, self._there.pool
        if domain.isActive():
            saved.forget(there, new, self._id)
            self._still_asked()
            saved.save(here, old, domain, self._id)
        for volume in self._volumes(here):
            sparse.carry(here, old, there, new, volume.name, self._still_asked)
        there.defineXML(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE))
        sparse.carry(here, old, there, new, self._id + SAVED, self._still_asked)
        self._still_asked()
        saved.forget(here, old, self._id)
        saved.go_on(there, new, find(there, self._id), self._id)

    def _volumes(self, here: Any) -> list[Any]:
        """List its disks."""
        own, not_disks = f"{self._id}.", (SAVED, SAVED + saved.TRIED, PARTIAL)
        found = self._here.pool.volumes(here)
        return [volume for volume in found if volume.name.startswith(own) and not volume.name.endswith(not_disks)]
