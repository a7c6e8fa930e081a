"""What a network mode can not do is refused by name; in a rehearsal, and where the network is ours, it is done."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.domain.commands import AskedRule, RunInstances
from app.domain.errors import CloudError, Combination, Unsupported
from app.domain.host import Cluster
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.services import addresses, group_rules, groups, instances, moves, public_addresses
from app.services.addresses import Source
from app.store.database import Database
from tests.builders import CountingEntropy, a_caller, a_host, a_mapping
from tests.unit.services.test_addresses import PAIRS, SMALL

ANA = a_caller()
SSH = AskedRule(protocol="tcp", from_port=22, to_port=22, cidr="0.0.0.0/0")
ENTROPY = CountingEntropy()
SOURCES = {"SYSTEM": Source(), "STATIC": Source(SMALL, 0, PAIRS), "MANAGED": Source(SMALL)}


def open_ssh(unit: Unit) -> None:
    default = groups.ensure_default(unit, ANA.account_id, ENTROPY)
    group_rules.authorize(unit, ANA, default, False, [SSH], ENTROPY)


def allocate(unit: Unit) -> None:
    public_addresses.allocate(unit, ANA, ENTROPY)


def launch_with_public(unit: Unit) -> None:
    command = RunInstances(image_id="emi-0a11beef", min_count=1, max_count=1, addressing="public")
    instances.run(unit, ANA, command, ENTROPY, a_mapping())


def configured(mode: str, *, real: bool) -> Callable[[Unit], None]:
    def work(unit: Unit) -> None:
        addresses.configure(unit, SOURCES[mode])
        public_addresses.configure(unit, "203.0.113.1-203.0.113.9", "all")
        if real:
            unit.hosts.remove(a_host("host1"))
            unit.hosts.add(replace(a_host("real1", cores=64), uri="qemu:///system"))

    return work


@pytest.mark.parametrize("mode", ["SYSTEM", "STATIC", "MANAGED"])
@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("ask", [open_ssh, allocate, launch_with_public])
async def test_only_a_network_of_ours_has_rules_and_public_addresses(
    store: Database, mode: str, real: bool, ask: Callable[[Unit], None]
) -> None:
    await store.write(configured(mode, real=real))
    told: CloudError | None = None
    try:
        await store.write(ask)
    except Unsupported as error:
        told = error
    refused = real and mode != "MANAGED"
    assert (told is not None) is refused
    assert not refused or f"with VNET_MODE {mode} the network is the site's" in str(told)


@pytest.mark.parametrize("mode", ["SYSTEM", "STATIC"])
async def test_a_launch_that_asks_for_no_public_address_gets_none_there(store: Database, mode: str) -> None:
    await store.write(configured(mode, real=True))
    command = RunInstances(image_id="emi-0a11beef", min_count=1, max_count=1)
    await store.write(lambda unit: instances.run(unit, ANA, command, ENTROPY, a_mapping()))
    assert await store.read(lambda unit: unit.addresses.where()) == []


async def test_what_was_opened_before_can_still_be_closed(store: Database) -> None:
    await store.write(configured("MANAGED", real=True))
    await store.write(open_ssh)
    await store.write(lambda unit: addresses.configure(unit, SOURCES["SYSTEM"]))

    def close(unit: Unit) -> None:
        default = groups.ensure_default(unit, ANA.account_id, ENTROPY)
        group_rules.revoke(unit, ANA, default, False, [SSH])

    await store.write(close)


async def test_of_two_clusters_only_the_one_whose_network_is_ours_gives_public_addresses(store: Database) -> None:
    def fill(unit: Unit) -> None:
        configured("MANAGED", real=True)(unit)
        unit.clusters.add(Cluster(name="two", created_at_ms=0))
        unit.hosts.add(replace(a_host("real2", cluster="two", cores=64, ordinal=2), uri="qemu:///system"))
        addresses.configure(unit, SOURCES["MANAGED"], {"two": SOURCES["SYSTEM"]})

    def launch(unit: Unit, cluster: str) -> list[Instance]:
        command = RunInstances(image_id="emi-0a11beef", min_count=1, max_count=1, addressing="public", cluster=cluster)
        return instances.run(unit, ANA, command, ENTROPY, a_mapping())[1]

    await store.write(fill)
    await store.write(open_ssh)
    (there,) = await store.write(lambda unit: launch(unit, "one"))
    with pytest.raises(Unsupported, match="VNET_MODE SYSTEM"):
        await store.write(lambda unit: launch(unit, "two"))

    def wander(unit: Unit) -> None:
        moves.check_target(unit, there, *(unit.hosts.where(name=name)[0] for name in ("real1", "real2")))

    with pytest.raises(Combination, match="real2 is on another network than real1"):
        await store.read(wander)
