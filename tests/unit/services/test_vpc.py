"""Subnets as clusters and hosts are: what blocks they show, and how many addresses are left."""

from dataclasses import replace
from functools import partial

import pytest

from app.domain.errors import Missing
from app.domain.host import Cluster
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.vpc import subnet_id
from app.services import addresses, vpc
from app.store.database import Database
from tests.builders import a_host, an_instance


async def told(store: Database) -> tuple[dict[str, str], list[str]]:
    def work(unit: Unit) -> tuple[dict[str, str], list[str]]:
        return {subnet.cluster: subnet.cidr for subnet in vpc.subnets(unit)}, vpc.cidrs(unit)

    return await store.read(work)


def join(unit: Unit, name: str, cluster: str) -> None:
    unit.clusters.add(Cluster(name=cluster, created_at_ms=0))
    unit.hosts.add(replace(a_host(name, cluster=cluster, ordinal=9), uri="qemu:///system"))


def added(unit: Unit, row: Instance) -> None:
    unit.instances.add(row)


async def test_clusters_show_the_network_that_their_hosts_give_addresses_from(store: Database) -> None:
    await store.write(lambda unit: addresses.configure(unit, addresses.Source("10.9.0.0/24")))
    await store.write(lambda unit: join(unit, "real1", "two"))
    blocks, whole = await told(store)
    assert blocks == {"one": "10.128.0.0/12", "two": "10.9.0.0/24"}
    assert whole == ["10.128.0.0/12", "10.9.0.0/24"]


async def test_where_the_site_gives_addresses_any_may_be_one_and_none_is_counted(store: Database) -> None:
    await store.write(lambda unit: join(unit, "real1", "two"))
    blocks, whole = await told(store)
    assert blocks["two"] == vpc.ANYWHERE
    assert await store.read(lambda unit: vpc.free(unit, whole)) == {"10.128.0.0/12": 2**20 - 3}


async def test_a_cluster_without_hosts_shows_what_the_others_do(store: Database) -> None:
    await store.write(lambda unit: unit.clusters.add(Cluster(name="empty", created_at_ms=0)))
    blocks, _ = await told(store)
    assert blocks == {"empty": "10.128.0.0/12", "one": "10.128.0.0/12"}


async def test_an_address_counts_as_long_as_it_is_held(store: Database) -> None:
    rows = [an_instance(f"i-0000000{n}", private_ip=f"10.9.0.{n}", removed=n == 3) for n in (2, 3, 4)]
    for row in (*rows, an_instance("i-00000009")):
        await store.write(partial(added, row=row))
    assert await store.read(lambda unit: vpc.free(unit, ["10.9.0.0/29"])) == {"10.9.0.0/29": 3}


async def test_a_subnet_is_found_by_the_id_that_its_cluster_s_name_gives(store: Database) -> None:
    assert await store.read(lambda unit: vpc.cluster_of(unit, subnet_id("one"))) == "one"
    with pytest.raises(Missing, match="subnet"):
        await store.read(lambda unit: vpc.cluster_of(unit, subnet_id("two")))
