"""A cloud of one real host in a namespace: settings, store, loop and kernel are the real ones, guests are namespaces.

What is asked of it goes the way of every request: a transaction, then a pass over the network that carries it out. The
trap: nobody starts a guest here, so its card is plugged in by the test, as libvirt would, once the bridge is there.
"""

import asyncio
import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from app.domain.account import Caller
from app.domain.address import Addressing
from app.domain.commands import AskedRule, RunInstances
from app.domain.far import Reach
from app.domain.host import Host
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.network.kernel import KernelFabric
from app.reconcile.networks import Networks, Unwoven
from app.server.metadata import Metadata
from app.server.seeding import lay_out
from app.services import group_rules, groups, instances, public_addresses
from app.settings import load
from app.store.database import Database
from tests.builders import CountingEntropy, FrozenClock, a_caller, a_host, a_mapping, furnish
from tests.net.far import FarHost
from tests.net.namespaces import Guest, Namespace, make_bridge
from tests.net.probes import Try, passes, passing, reaches

ANA = a_caller()
HOST = replace(a_host("real1", cores=64), uri="qemu:///system", memory_mib=1 << 20, disk_gb=10_000)
OTHER_HOST = replace(HOST, name="real2", cluster="two", ordinal=2)
OUTSIDE = "203.0.113.50"
WORLD = "203.0.113.1"


class SmallCloud:
    """Two clusters `one` and `two`, whose hosts are both the machine; with `far` that of `two` is another one.

    The world is the bridge `pub0`, with somebody on it. `settings` are keys of eucalyptus.conf, in small letters.
    """

    def __init__(
        self,
        machine: Namespace,
        store: Database,
        folder: Path,
        far: tuple[FarHost, Reach] | None = None,
        /,
        **settings: str,
    ) -> None:
        self.machine, self.store, self.folder = machine, store, folder
        self.settings = load({"vnet_pubinterface": "pub0", "public_ips": "203.0.113.70-203.0.113.79"} | settings, {})
        self.entropy, clock = CountingEntropy(), FrozenClock()
        self._mapping = a_mapping(clock)
        self.fabric = KernelFabric("small", Metadata(store, clock, os.urandom).answer, "pub0")
        self.networks = Networks(store, resync_s=60)
        self.networks.connect(self.fabric, self.settings.network, reach=far[1] if far else None)
        self.hosts = {"one": HOST, "two": replace(OTHER_HOST, uri=far[0].uri) if far else OTHER_HOST}
        self.places = {"one": machine, "two": far[0].inside if far else machine}
        self.guests: dict[str, Guest] = {}

    async def __aenter__(self) -> Self:
        make_bridge("pub0", f"{WORLD}/24")
        outside = self.guests["outside"] = Guest(self.machine, "pub0", "02:00:00:00:99:01")
        outside.inside.run("ip", "address", "add", f"{OUTSIDE}/24", "dev", "eth0")
        outside.inside.run("ip", "route", "add", "default", "via", WORLD)

        def fill(unit: Unit) -> None:
            furnish(unit, *self.hosts.values())
            lay_out(unit, self.settings)

        await self.store.write(fill)
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.fabric.close()
        for guest in self.guests.values():
            guest.close()

    async def launch(
        self, count: int, group: str, addressing: Addressing = "", cluster: str = "one", who: Caller = ANA
    ) -> list[Instance]:
        """Launch into a group, which is made if it is not there, and plug the cards in where the cluster is."""
        command = RunInstances(
            image_id="emi-0a11beef",
            min_count=count,
            max_count=count,
            group_names=(group,),
            addressing=addressing,
            cluster=cluster,
        )

        def work(unit: Unit) -> list[Instance]:
            groups.ensure_default(unit, who.account_id, self.entropy)
            if not unit.groups.where(name=group, account_id=who.account_id):
                groups.create(unit, who, group, "d", self.entropy)
            return instances.run(unit, who, command, self.entropy, self._mapping)[1]

        started, host = await self.store.write(work), self.hosts[cluster]
        await self.networks.ready(host)
        for one in started:
            bridge = self.networks.bridge_of(host, one.private_ip)
            self.guests[one.id] = Guest(self.places.get(cluster, self.machine), bridge, one.mac)
        await self.networks.ready(host)
        return started

    async def lease(self, *started: Instance, tries: int = 60) -> list[str]:
        """Let guests ask for their addresses, and return what they got."""
        told = [await asyncio.to_thread(self.guests[one.id].lease, self.folder, tries=tries) for one in started]
        return [(lease or {}).get("ip", "") for lease in told]

    async def let_in(
        self, group: str, rule: AskedRule, who: Caller = ANA, hosts: Sequence[Host] = (HOST, OTHER_HOST)
    ) -> None:
        def work(unit: Unit) -> None:
            group_rules.authorize(unit, who, groups.one(unit, who, "", group), False, [rule], self.entropy)

        await self.store.write(work)
        for host in hosts:
            with suppress(Unwoven):
                await self.networks.ready(host)

    async def give_public(self, instance: Instance) -> str:
        def work(unit: Unit) -> str:
            address = public_addresses.allocate(unit, ANA, self.entropy)
            return public_addresses.associate(unit, address, instance, self.entropy).ip

        given = await self.store.write(work)
        await self.networks.ready(HOST)
        return given

    async def public(self) -> dict[str, str]:
        """Tell the public addresses by instance."""
        return await self.store.read(lambda unit: {row.instance_id: row.ip for row in unit.addresses.where()})

    async def end(self, *gone: Instance) -> None:
        ids = [instance.id for instance in gone]
        await self.store.write(lambda unit: instances.terminate(unit, ANA, ids))

        def removed(unit: Unit) -> None:
            for row in unit.instances.where(id=ids):
                unit.instances.put(replace(row, removed=True))

        await self.store.write(removed, writer="reconcile")
        for host in self.hosts.values():
            await self.networks.ready(host)

    async def passes(self, source: str, protocol: str, address: str, port: int = 0) -> bool:
        return await asyncio.to_thread(passes, self.guests[source].inside, protocol, address, port)

    async def reaches(self, source: str, protocol: str, address: str, port: int = 0) -> bool:
        return await asyncio.to_thread(reaches, self.guests[source].inside, protocol, address, port)

    async def passing(self, source: str, *tries: Try, due: Collection[Try] = ()) -> set[Try]:
        return await asyncio.to_thread(passing, self.guests[source].inside, tries, due)
