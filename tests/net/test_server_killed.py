"""The server is killed while its own networks are one with those of a gateway elsewhere: the way goes on without it."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import pytest

from app.domain.group import GroupRule, SecurityGroup
from app.domain.host import Cluster
from app.domain.ports import Unit
from app.store.database import Database
from tests.builders import OURS, FrozenClock, a_host
from tests.deadline import PATIENCE_S, eventually
from tests.net.far import GATEWAY, FarHost, lay_wire
from tests.net.moving import Silence, pinging, talking
from tests.net.namespaces import Guest, Namespace, missing
from tests.served import ServedCloud
from tests.unit.server.metadata_cloud import an_instance

pytestmark = pytest.mark.net
GROUP, HERE, THERE = "sg-0000000a", "10.10.0.5", "10.9.0.5"
PLACES = ((1, "home"), (2, "one"))
_PLACE = 'VNET_MODE="MANAGED-NOVLAN"\nVNET_SUBNET="{}"\nVNET_NETMASK="255.255.0.0"\nVNET_JOINED="{}=trusted:{}"\n'
NOBODY = "qemu+unix:///system?socket=/nowhere"
"""A host on the machine itself that never answers: its instances stay where they are."""


def fill(unit: Unit) -> None:
    """Have an instance behind the server's machine and one behind the gateway, both of one group."""
    for number, cluster in PLACES:
        unit.clusters.add(Cluster(name=cluster, created_at_ms=0))
        unit.hosts.add(replace(a_host(f"host-{cluster}", cluster=cluster, ordinal=number), uri=NOBODY))
    unit.groups.add(SecurityGroup(id=GROUP, account_id=OURS, name="web", description="d", created_at_ms=0))
    everything = partial(GroupRule, group_id=GROUP, account_id=OURS, protocol="-1", from_port=-1, to_port=-1)
    unit.group_rules.add(everything(id="sgr-00000001", egress=False, peer=GROUP))
    unit.group_rules.add(everything(id="sgr-00000002", egress=True, peer="0.0.0.0/0"))
    for (number, cluster), address in zip(PLACES, (HERE, THERE), strict=True):
        row = an_instance(number, OURS, "key", b"")
        unit.instances.add(
            replace(row, cluster=cluster, host=f"host-{cluster}", group_ids=(GROUP,), private_ip=address)
        )


async def furnished(state: Path) -> None:
    async with Database.open(state / "cloud.sqlite3", clock=FrozenClock()) as store:
        await store.write(fill)


@pytest.fixture
def cloud(inside: Namespace, tmp_path: Path) -> Iterator[ServedCloud]:
    """A real server, told by its settings that it is joined with cluster `one`."""
    if why := missing("nft", "bridge"):
        pytest.skip(why)
    mine = _PLACE.format("10.10.0.0", "one", "192.0.2.2") + 'VNET_CLUSTERS="one=one.conf"\n'
    (tmp_path / "one.conf").write_text(_PLACE.format("10.9.0.0", "server", GATEWAY) + 'VNET_GATEWAY="elsewhere"\n')
    (tmp_path / "eucalyptus.conf").write_text(mine + f'GATEWAY_LISTEN="{GATEWAY}:8774"\n')
    (tmp_path / "state").mkdir()
    lay_wire()
    asyncio.run(furnished(tmp_path / "state"))
    with ServedCloud(tmp_path / "state", config=tmp_path / "eucalyptus.conf") as cloud:
        yield cloud


@contextmanager
def gateway(cloud: ServedCloud, head: FarHost, folder: Path) -> Iterator[None]:
    """Have `euca gateway` run on a machine of its own."""
    (folder / "token").write_text(cloud.euca("cluster", "gateway", "one").stdout)
    command = [sys.executable, "-m", "app", "gateway", "--server", f"https://{GATEWAY}:8774"]
    command += ["--state", str(folder / "head"), "--token-file", str(folder / "token")]
    with head.inside.call(
        lambda: subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ) as running:
        try:
            yield
        finally:
            running.kill()


@contextmanager
def plugged(machine: Namespace, number: int, address: str) -> Iterator[Namespace]:
    """Plug a guest in once its bridge is there."""
    eventually(lambda: "UP" in machine.run("ip", "link", "show", "eucabr0").stdout)
    guest, way_out = Guest(machine, "eucabr0", f"d0:0d:00:00:00:{number:02x}"), address[: address.rindex(".")] + ".1"
    try:
        for line in (f"address add {address}/16 dev eth0", f"route add default via {way_out}"):
            assert guest.inside.run("ip", *line.split()).returncode == 0
        yield guest.inside
    finally:
        guest.close()


def way(machine: Namespace) -> tuple[str, int, int]:
    """Tell the card of the way, its number, and how many packets have come by it."""
    told = machine.run("ip", "-json", "-statistics", "link", "show", "type", "vxlan").stdout
    (card,) = msgspec.json.decode(told)
    return card["ifname"], card["ifindex"], card["stats64"]["rx"]["packets"]


def repaired(state: Path) -> list[str]:
    """List what the journal says to have been repaired."""
    with sqlite3.connect(state / "cloud.sqlite3") as read:
        return [text for (text,) in read.execute("SELECT text FROM journal WHERE event = 'network.repaired'")]


def go_on(*silences: Silence) -> None:
    """Return once there were more answers."""
    before = [one.answers for one in silences]
    eventually(lambda: all(one.answers >= first + 20 for one, first in zip(silences, before, strict=True)))


def test_a_way_to_a_gateway_outlives_a_server_that_is_killed_and_is_taken_over_by_the_next(
    cloud: ServedCloud, inside: Namespace, tmp_path: Path
) -> None:
    with (
        closing(FarHost(inside, 2)) as head,
        gateway(cloud, head, tmp_path),
        plugged(inside, 1, HERE) as here,
        plugged(head.inside, 2, THERE) as there,
    ):
        with pinging(here, THERE) as pings, talking(here, there, THERE) as talk:
            go_on(pings, talk)
            before = [way(machine) for machine in (inside, head.inside)]
            cloud.kill()
            go_on(pings, talk)
            inside.run("ip", "neighbour", "delete", HERE, "dev", "eucabr0")
            cloud.start()
            (told,) = eventually(lambda: repaired(cloud.state), PATIENCE_S)
            go_on(pings, talk)
        after = [way(machine) for machine in (inside, head.inside)]
    assert told.endswith(f"there was to do: eucabr0: {HERE} is d0:0d:00:00:00:01; that is put right")
    assert [card[:2] for card in after] == [card[:2] for card in before]
    assert all(now[2] > then[2] for now, then in zip(after, before, strict=True))
