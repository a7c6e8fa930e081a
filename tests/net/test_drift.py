"""What somebody else breaks of the network is put right by the next pass, which says what was wrong."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.network.far_links import mac_of
from app.network.kernel import KernelFabric
from tests.net.namespaces import Namespace, links
from tests.net.shapes import foreign, shape
from tests.net.yard import FIRST, NETWORKS, ONE, PUBLIC, SECOND, TWO, Yard, let, out, silence

pytestmark = pytest.mark.net
PORT, OTHER_PORT = ("t" + one.mac.replace(":", "")[4:] for one in (ONE, TWO))
SITE = "table inet site { chain c { type filter hook input priority 5; policy accept; tcp dport 4444 drop; }; }"
TABLE = "table ip euca_yard"
POISONED = "the MAC addresses that eucabr0 knows its guests by were changed"
HARMS = (
    ("ip link delete eucabr0", ["bridge eucabr0 was gone"]),
    ("ip link set eucabr0 down", ["bridge eucabr0 was down"]),
    ("ip link set eucabr0 address 02:00:00:00:00:77", ["bridge eucabr0 had another MAC address"]),
    ("ip address delete 10.9.0.1/24 dev eucabr0", ["eucabr0 had lost its address 10.9.0.1/24"]),
    ("ip address delete 169.254.169.254/32 dev eucabr1", ["eucabr1 had lost its address 169.254.169.254/32"]),
    ("ip address add 10.66.0.1/24 dev eucabr0", ["eucabr0 had a foreign address 10.66.0.1/24"]),
    ("ip route delete 10.9.0.0/24", ["the route to 10.9.0.0/24 by eucabr0 was gone"]),
    (f"ip link set {PORT} nomaster", [f"{PORT} was taken off bridge eucabr0", f"{PORT} was let reach its neighbours"]),
    (f"bridge link set dev {PORT} isolated off", [f"{PORT} was let reach its neighbours"]),
    (f"bridge link set dev {PORT} locked off", [f"{PORT} was let speak with any MAC address"]),
    (f"bridge link set dev {PORT} learning on", [f"{PORT} was let speak with any MAC address"]),
    (f"bridge fdb del {ONE.mac} dev {PORT} master", [f"{ONE.mac} was not pinned to {PORT} any more"]),
    (
        f"bridge fdb replace {TWO.mac} dev {PORT} master static",
        [f"{TWO.mac} was pinned to {PORT}", f"{TWO.mac} was not pinned to {OTHER_PORT} any more"],
    ),
    (f"bridge link set dev {PORT} flood on", [f"{PORT} was let hear what is meant for others"]),
    (f"ip neighbour replace {TWO.address} lladdr {ONE.mac} dev eucabr0", [POISONED]),
    (f"ip neighbour delete {TWO.address} dev eucabr0", [POISONED]),
    ("ip neighbour add 10.9.0.99 lladdr 02:00:00:00:00:99 dev eucabr0", [POISONED]),
    ("ip neighbour flush dev eucabr0 nud permanent", [POISONED]),
    (f"ip address delete {PUBLIC}/32 dev pub0", [f"pub0 had lost the public address {PUBLIC}"]),
    (
        "sysctl net.ipv4.ip_forward=1 net.ipv4.ip_forward=0",
        [f"net.ipv4.conf.{card}.forwarding was not 1" for card in ("pub0", "eucabr0", "eucabr1")],
    ),
    ("sysctl net.ipv4.conf.eucabr1.proxy_arp_pvlan=0", ["net.ipv4.conf.eucabr1.proxy_arp_pvlan was not 1"]),
    ("nft delete table ip euca_yard", [f"{TABLE} was gone"]),
    ("nft flush ruleset", [f"{TABLE} was gone"]),
    ("nft flush chain ip euca_yard guarded", [f"chain guarded of {TABLE} was changed"]),
    ("nft insert rule ip euca_yard leaving accept", [f"chain leaving of {TABLE} was changed"]),
    ("nft add chain ip euca_yard mine", [f"chain mine of {TABLE} was changed"]),
    ("nft add element ip euca_yard open_ports { 192.0.2.9 . 4444 }", [f"set open_ports of {TABLE} was changed"]),
    ("nft add table ip euca_yard { flags dormant; }", [f"declaration of {TABLE} was changed"]),
    ("nft flush map ip euca_yard in", [f"map in of {TABLE} was changed"]),
)


@pytest.fixture
async def yard(inside: Namespace) -> AsyncIterator[Yard]:
    yard = Yard(inside)
    await yard.begin()
    await settle(yard)
    yield yard
    await yard.fabric.close()
    yard.close()


async def settle(yard: Yard) -> list[str]:
    rules = {"sg-0a": [out(), let("0.0.0.0/0", "tcp", 22, 22)], "sg-0b": [out()]}
    return list(await yard.apply(**{name.replace("-", "_"): passages for name, passages in rules.items()}))


@pytest.mark.parametrize(("harm", "said"), HARMS, ids=[harm for harm, _ in HARMS])
async def test_what_somebody_breaks_is_put_right_and_said_once(yard: Yard, harm: str, said: list[str]) -> None:
    before = shape()
    done = yard.machine.run(*harm.split())
    assert done.returncode == 0, done.stderr
    assert shape() != before
    assert await settle(yard) == said
    assert shape() == before
    assert await settle(yard) == []


async def test_a_neighbour_that_was_changed_is_put_right_once_nothing_else_is_new(yard: Yard) -> None:
    before = shape()
    yard.machine.run("ip", "neighbour", "replace", TWO.address, "lladdr", ONE.mac, "dev", "eucabr0")
    assert [*await yard.apply(sg_0a=[out()]), *await settle(yard), *await settle(yard)] == [POISONED]
    assert shape() == before


async def test_what_is_wanted_otherwise_is_no_repair(yard: Yard) -> None:
    yard.machine.run("nft", SITE)
    moved = replace(FIRST, gateway="10.9.7.1/24", members=(replace(ONE, public="203.0.113.78"),))
    third = replace(SECOND, name="c", bridge="eucabr7", gateway="10.9.3.1/24", members=())
    for networks in ([moved], [third], [moved, third], NETWORKS, []):
        assert list(await yard.fabric.apply(networks)) == []
        yard.machine.run("nft", "add rule inet site c tcp dport 4445 drop")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("ip link delete eucabr0", "make bridge eucabr0"),
        ("ip address delete 10.9.0.1/24 dev eucabr0", "eucabr0: add address 10.9.0.1/24"),
        ("nft delete table ip euca_yard", f"make {TABLE}"),
        ("nft flush chain ip euca_yard guarded", f"{TABLE}: change chain guarded"),
        ("true", None),
    ],
)
async def test_what_somebody_broke_while_there_was_no_server_is_said_at_its_start(
    yard: Yard, harm: str, said: str | None
) -> None:
    before = shape()
    await yard.fabric.close()
    assert yard.machine.run(*harm.split()).returncode == 0
    yard.fabric = KernelFabric("yard", silence, "pub0")
    told = await settle(yard)
    assert (told == []) if said is None else (len(told) == 1 and f"there was to do: {said}" in told[0])
    assert shape() == before
    assert await settle(yard) == []


async def test_a_server_on_a_machine_where_nothing_of_it_is_there_has_nothing_to_say(yard: Yard) -> None:
    await yard.fabric.apply([])
    await yard.fabric.close()
    yard.fabric = KernelFabric("yard", silence, "pub0")
    assert await settle(yard) == []


async def test_all_cards_may_go_down_and_up_again(yard: Yard) -> None:
    before = shape()
    for card in ("eucabr0", "eucabr1", "pub0", PORT):
        yard.machine.run("ip", "link", "set", card, "down")
    for card in ("pub0", PORT):
        yard.machine.run("ip", "link", "set", card, "up")
    await settle(yard)
    assert shape() == before
    assert await yard.reaches("outside", "tcp", PUBLIC, 22)


async def test_what_is_others_is_the_same_byte_for_byte_whatever_we_do(yard: Yard) -> None:
    yard.machine.run("ip", "link", "add", "site0", "type", "bridge")
    yard.machine.run("ip", "address", "add", "192.0.2.1/24", "dev", "site0", "label", "site0:euca")
    yard.machine.run("ip", "route", "add", "198.51.100.0/24", "dev", "site0")
    yard.machine.run("nft", SITE)
    before = foreign(yard.machine, "site0", "inet site")
    for harm, _ in HARMS[:5]:
        yard.machine.run(*harm.split())
        await settle(yard)
    await yard.fabric.apply([])
    assert foreign(yard.machine, "site0", "inet site") == before
    assert yard.machine.run("nft", "list", "tables").stdout == "table inet site\n"
    assert "euca" not in yard.machine.run("ip", "-brief", "address").stdout.replace("site0:euca", "")


async def test_the_gateways_ends_of_tunnels_go_with_the_last_network_and_others_stay(yard: Yard) -> None:
    for number, (name, mac) in enumerate({"eucavx1": mac_of("yard", "eucavx1"), "site1": "02:00:00:00:00:31"}.items()):
        words = f"ip link add {name} address {mac} type vxlan id {number + 7} dstport {4790 + number}"
        assert yard.machine.run(*words.split()).returncode == 0
    await settle(yard)
    assert {"eucavx1", "site1"} <= links()
    await yard.fabric.apply([])
    assert {"eucavx1", "site1"} & links() == {"site1"}


async def test_a_plan_tells_what_would_be_done_and_does_nothing(yard: Yard) -> None:
    await yard.fabric.apply(NETWORKS)
    before = shape()
    assert await yard.fabric.plan(NETWORKS) == []
    yard.machine.run("nft", "add", "element", "ip", "euca_yard", "open_ports", "{ 192.0.2.9 . 4444 }")
    told = await yard.fabric.plan(NETWORKS)
    assert told == [f"{TABLE}: change set open_ports"]
    yard.machine.run("nft", "delete", "element", "ip", "euca_yard", "open_ports", "{ 192.0.2.9 . 4444 }")
    assert await yard.fabric.plan([]) == [
        f"pub0: remove public address {PUBLIC}",
        "remove table ip euca_yard",
        "remove bridge eucabr0",
        "remove bridge eucabr1",
    ]
    assert shape() == before
