"""Security groups, public addresses and honest senders, each shown by packets that pass or don't."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from threading import Event

import pytest

from app.domain.firewall import Firewall
from app.domain.network import Network
from app.network import nft
from app.network.connections import FEW
from app.network.far_links import XEN_MAC, mac_of
from tests.deadline import PATIENCE_S
from tests.net.capture import SAID, Capture, claim, hears
from tests.net.namespaces import Namespace, addresses, make_bridge
from tests.net.probes import SILENCE_S, Try, reaches
from tests.net.yard import (
    DB,
    FIRST,
    IDLE,
    NETWORKS,
    ONE,
    OUTSIDE,
    PUBLIC,
    SECOND,
    THREE,
    TWO,
    WEB,
    Yard,
    let,
    listening,
    member,
    out,
)

pytestmark = pytest.mark.net
FOREIGN = """table inet site {
 chain input {
  type filter hook input priority 5; policy accept;
  tcp dport 81 drop
 }
}"""


@pytest.fixture
async def yard(inside: Namespace) -> AsyncIterator[Yard]:
    made = Yard(inside)
    await made.begin()
    yield made
    await made.fabric.close()
    made.close()


async def test_nothing_comes_in_unless_a_rule_lets_it_and_answers_need_none(yard: Yard) -> None:
    await yard.apply(sg_0a=[out()], sg_0b=[out()])
    assert not await yard.passes("outside", "tcp", PUBLIC, 22)
    assert not await yard.passes("i-2", "tcp", THREE.address, 22)
    for name in ("i-1", "i-2", "i-3"):
        tries = {Try("tcp", OUTSIDE, 80), Try("icmp", OUTSIDE), Try("udp", OUTSIDE, 53)}
        assert await yard.passing(name, *tries, due=tries) == tries


async def test_nothing_goes_out_unless_a_rule_lets_it(yard: Yard) -> None:
    tries = [Try("tcp", OUTSIDE, 80), Try("tcp", OUTSIDE, 443), Try("udp", OUTSIDE, 80), Try("icmp", OUTSIDE)]
    await yard.apply()
    assert await yard.passing("i-2", *tries) == set()
    await yard.apply(sg_0a=[out("203.0.113.0/24", "tcp", 443, 443)])
    assert await yard.passing("i-2", *tries, due={tries[1]}) == {tries[1]}
    await yard.apply(sg_0a=[out("198.51.100.0/24")])
    assert await yard.passing("i-2", *tries) == set()


async def test_ports_protocols_and_ranges_are_as_the_rule_says(yard: Yard) -> None:
    await yard.apply(sg_0a=[let("203.0.113.0/24", "tcp", 8000, 8100), let("0.0.0.0/0", "udp", 53, 53)])
    tries = [Try(protocol, PUBLIC, port) for protocol in ("tcp", "udp") for port in (53, 7999, 8000, 8100, 8101)]
    let_in = {Try("tcp", PUBLIC, 8000), Try("tcp", PUBLIC, 8100), Try("udp", PUBLIC, 53)}
    assert await yard.passing("outside", *tries, Try("icmp", PUBLIC), due=let_in) == let_in
    await yard.apply(sg_0a=[let("203.0.113.128/25")])
    assert await yard.passing("outside", *tries) == set()


async def test_icmp_goes_by_type_and_code(yard: Yard) -> None:
    for rule, passed in (
        (let("0.0.0.0/0", "icmp", 8, 0), True),
        (let("0.0.0.0/0", "icmp", 8, -1), True),
        (let("0.0.0.0/0", "icmp", -1, -1), True),
        (let("0.0.0.0/0", "icmp", 3, -1), False),
        (let("0.0.0.0/0", "icmp", 8, 1), False),
        (let("0.0.0.0/0", "47"), False),
    ):
        await yard.apply(sg_0a=[rule])
        echo = Try("icmp", PUBLIC)
        assert bool(await yard.passing("outside", echo, due=[echo] if passed else [])) is passed, rule


async def test_a_group_may_be_let_in_and_who_leaves_it_is_shut_out(yard: Yard) -> None:
    everything = [out()]
    await yard.apply(sg_0a=everything, sg_0b=[let(WEB, "tcp", 5432, 5432)])
    assert await yard.reaches("i-1", "tcp", THREE.address, 5432)
    assert not await yard.passes("i-1", "tcp", THREE.address, 5433)
    assert not await yard.passes("i-3", "tcp", TWO.address, 5432)
    rules = Firewall(rules={WEB: (out(),), DB: (let(WEB, "tcp", 5432, 5432),), IDLE: (out(),)})
    moved = replace(FIRST, members=(replace(ONE, groups=(IDLE,)), TWO))
    await yard.fabric.apply([moved, SECOND], rules)
    assert not await yard.passes("i-1", "tcp", THREE.address, 5432)
    assert await yard.reaches("i-2", "tcp", THREE.address, 5432)


async def test_all_groups_of_an_instance_count(yard: Yard) -> None:
    both = replace(FIRST, members=(replace(ONE, groups=(IDLE, DB)), TWO))
    await yard.fabric.apply([both, SECOND], Firewall(rules={DB: (let("0.0.0.0/0", "tcp", 22, 22),)}))
    assert await yard.reaches("outside", "tcp", PUBLIC, 22)
    assert not await yard.passes("outside", "tcp", PUBLIC, 23)


@pytest.mark.parametrize("ends", ["libvirt's", "Xen's"])
async def test_neighbours_on_one_bridge_are_kept_apart_like_any_others(yard: Yard, ends: str) -> None:
    for guest in ("i-1", "i-2") if ends == "Xen's" else ():
        port = yard.guests[guest].port
        yard.machine.run("ip", "link", "set", port, "address", XEN_MAC, "type", "bridge_slave", "isolated", "off")
    await yard.apply(sg_0a=[out()])
    assert not await yard.passes("i-1", "tcp", TWO.address, 22)
    await yard.apply(sg_0a=[out(), let(WEB)])
    assert await yard.reaches("i-1", "tcp", TWO.address, 22)
    assert await yard.reaches("i-2", "icmp", ONE.address)


async def test_what_is_established_goes_on_after_its_rule_is_gone(yard: Yard) -> None:
    await yard.apply(sg_0a=[let("0.0.0.0/0", "tcp", 22, 22)])
    server = yard.guests["i-1"].inside.call(lambda: socket.create_server(("0.0.0.0", 22)))
    client = yard.guests["outside"].inside.call(lambda: socket.create_connection((PUBLIC, 22), PATIENCE_S))
    await yard.apply()
    with server, client, server.accept()[0] as accepted:
        accepted.settimeout(PATIENCE_S)
        client.sendall(b"still here")
        assert accepted.recv(20) == b"still here"
    assert not await yard.passes("outside", "tcp", PUBLIC, 22)


async def test_a_public_address_stands_for_its_instance_both_ways_and_others_go_out_as_the_gateway(yard: Yard) -> None:
    await yard.apply(sg_0a=[out(), let("0.0.0.0/0")])
    assert await yard.seen_as("outside", PUBLIC, at="i-1") == OUTSIDE
    assert await yard.seen_as("i-1", OUTSIDE, at="outside") == PUBLIC
    assert await yard.seen_as("i-2", OUTSIDE, at="outside") == "203.0.113.1"
    assert addresses("pub0") == ["203.0.113.1/24", f"{PUBLIC}/32"]


async def test_an_instance_reaches_its_own_and_others_public_addresses(yard: Yard) -> None:
    await yard.apply(sg_0a=[out(), let("0.0.0.0/0")], sg_0b=[out()])
    for name in ("i-1", "i-2", "i-3"):
        assert await yard.reaches(name, "tcp", PUBLIC, 22), name
    assert await asyncio.to_thread(reaches, yard.machine, "tcp", PUBLIC, 22)


async def test_a_public_address_moves_at_once_and_never_leads_to_both(yard: Yard) -> None:
    rules = Firewall(rules={WEB: (out(), let("0.0.0.0/0"))})
    await yard.fabric.apply(NETWORKS, rules)
    moved = replace(FIRST, members=(replace(ONE, public=""), replace(TWO, public=PUBLIC)))
    await yard.fabric.apply([moved, SECOND], rules)
    assert await yard.seen_as("outside", PUBLIC, at="i-2") == OUTSIDE
    assert not await yard.is_heard("outside", PUBLIC, at="i-1")
    assert await yard.seen_as("i-2", OUTSIDE, at="outside") == PUBLIC
    await yard.fabric.apply([replace(FIRST, members=(replace(ONE, public=""), TWO)), SECOND], rules)
    assert addresses("pub0") == ["203.0.113.1/24"]


@pytest.mark.parametrize("others", [0, 2 * FEW], ids=["among few connections", "among many"])
async def test_an_address_that_moves_takes_those_along_who_go_on_sending_and_its_old_instance_goes_out_as_another(
    yard: Yard, others: int
) -> None:
    rules = Firewall(rules={WEB: (out(), let("0.0.0.0/0"))})
    await yard.fabric.apply(NETWORKS, rules)
    moved = replace(FIRST, members=(replace(ONE, public=""), replace(TWO, public=PUBLIC)))
    names = {"i-1": ONE.address, "i-2": TWO.address, "outside": OUTSIDE}
    ends = {name: yard.guests[name].inside.call(lambda: listening(9000, PATIENCE_S)) for name in names}
    with ends["i-1"] as one, ends["i-2"] as two, ends["outside"] as outside:
        outside.sendto(b"before", (PUBLIC, 9000))
        assert one.recvfrom(20) == (b"before", (OUTSIDE, 9000))
        one.sendto(b"answer", (OUTSIDE, 9000))
        assert outside.recvfrom(20) == (b"answer", (PUBLIC, 9000))
        one.sendto(b"of its own", (OUTSIDE, 9001))
        for port in range(others):
            two.sendto(b"of another", (OUTSIDE, 20000 + port))
        await yard.fabric.apply([moved, SECOND], rules)
        outside.sendto(b"after", (PUBLIC, 9000))
        assert two.recvfrom(20) == (b"after", (OUTSIDE, 9000))
        one.sendto(b"late answer", (OUTSIDE, 9000))
        assert outside.recvfrom(20)[1][0] == "203.0.113.1"
        one.setblocking(False)
        with pytest.raises(BlockingIOError):
            one.recv(20)


async def test_who_gets_the_private_address_of_an_instance_that_ended_gets_none_of_its_connections(yard: Yard) -> None:
    rules = Firewall(rules={WEB: (out(), let("0.0.0.0/0")), DB: (), IDLE: ()})
    await yard.fabric.apply(NETWORKS, rules)
    first, second = (yard.guests[name].inside.call(lambda: listening(9000, PATIENCE_S)) for name in ("i-1", "i-2"))
    with first as one, second as two:
        two.sendto(b"before", (ONE.address, 9000))
        assert one.recvfrom(20) == (b"before", (TWO.address, 9000))
        one.sendto(b"answer", (TWO.address, 9000))
        assert two.recvfrom(20) == (b"answer", (ONE.address, 9000))
        heir = replace(member(1, ONE.address, IDLE), instance_id="i-9")
        for members in ((TWO,), (heir, TWO)):
            await yard.fabric.apply([replace(FIRST, members=members), SECOND], rules)
        one.settimeout(SILENCE_S)
        two.sendto(b"after", (ONE.address, 9000))
        with pytest.raises(TimeoutError):
            one.recv(20)


async def test_neighbours_of_the_gateway_are_told_where_a_public_address_is(yard: Yard) -> None:
    def heard() -> bytes:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806)) as wire:
            wire.bind(("eth0", 0x0806))
            sits.set()
            wire.settimeout(PATIENCE_S)
            while (frame := wire.recv(100))[28:32] != own:
                pass
            return frame

    sits, own = Event(), socket.inet_aton("203.0.113.78")
    told = asyncio.create_task(asyncio.to_thread(yard.guests["outside"].inside.call, heard))
    await asyncio.to_thread(sits.wait, PATIENCE_S)
    await yard.fabric.apply([replace(FIRST, members=(replace(ONE, public="203.0.113.78"), TWO)), SECOND])
    frame = await told
    assert (frame[:6], frame[38:42]) == (b"\xff" * 6, own)
    assert frame[6:12] == frame[22:28]


async def test_nobody_sends_in_another_s_name(yard: Yard) -> None:
    await yard.apply(sg_0a=[out(), let(WEB)])
    guest = yard.guests["i-1"].inside
    for stolen in ("10.9.0.99", TWO.address, OUTSIDE):
        guest.run("ip", "address", "flush", "dev", "eth0")
        guest.run("ip", "address", "add", f"{stolen}/24", "dev", "eth0")
        guest.run("ip", "route", "add", "default", "via", "10.9.0.1", "onlink", "dev", "eth0")
        assert not await yard.passes("i-1", "tcp", "203.0.113.1", 80), stolen
        assert not await yard.passes("i-1", "icmp", "10.9.0.1"), stolen
    assert await yard.reaches("i-2", "icmp", "10.9.0.1")


async def test_who_takes_a_neighbour_s_mac_and_ip_address_together_neither_hears_nor_speaks_for_it(yard: Yard) -> None:
    await yard.apply(sg_0a=[out(), let("0.0.0.0/0")], sg_0b=[out()])
    thief = yard.steal("i-1", TWO)
    with Capture(thief, "eth0") as overheard:
        for _ in range(3):
            assert not await yard.is_heard("i-1", OUTSIDE, at="outside")
            assert await asyncio.to_thread(hears, yard, "i-3", TWO.address, "i-2")
        assert not any(SAID in frame for frame in overheard.frames())
    assert await yard.seen_as("i-2", OUTSIDE, at="outside") == "203.0.113.1"


async def test_who_says_by_arp_that_a_neighbour_s_address_is_his_neither_hears_nor_silences_it(yard: Yard) -> None:
    await yard.apply(sg_0a=[out(), let("0.0.0.0/0")], sg_0b=[out()])
    yard.guests["outside"].inside.run("ip", "route", "add", "10.9.0.0/16", "via", "203.0.113.1")
    yard.machine.run("sysctl", "net.ipv4.neigh.eucabr0.locktime=0")  # else who spoke first is believed for a second
    gateway, victim = (mac_of("yard", FIRST.bridge), "10.9.0.1"), (TWO.mac, TWO.address)
    thief = yard.guests["i-1"].inside
    with Capture(thief, "eth0") as overheard, Capture(yard.guests["i-2"].inside, "eth0") as told:
        for source in ("i-3", "outside", "i-3", "outside"):
            assert await asyncio.to_thread(hears, yard, source, TWO.address, "i-2")
            lies = [claim(thief, ONE.mac, stolen, gateway, victim) for stolen in (TWO.address, gateway[1])]
            assert await asyncio.to_thread(hears, yard, source, TWO.address, "i-2")
            assert await yard.seen_as("i-2", OUTSIDE, at="outside") == "203.0.113.1"
            assert not any(lie in frame for frame in told.frames() for lie in lies)
        assert not any(SAID in frame for frame in overheard.frames())


async def test_a_mac_address_goes_with_its_guest_to_another_card_though_the_old_one_is_still_there(yard: Yard) -> None:
    await yard.apply(sg_0a=[out(), let("0.0.0.0/0")], sg_0b=[out()])
    old = yard.guests.pop("i-2")
    for line in (f"set {old.port} down", f"set {old.port} name old0", "set old0 up"):
        assert yard.machine.run("ip", "link", *line.split()).returncode == 0
    yard.add("i-2", FIRST.bridge, TWO.mac, TWO.address, "10.9.0.1")
    await yard.apply(sg_0a=[out(), let("0.0.0.0/0")], sg_0b=[out()])
    assert await asyncio.to_thread(hears, yard, "i-3", TWO.address, "i-2")
    assert await yard.seen_as("i-2", OUTSIDE, at="outside") == "203.0.113.1"
    old.close()


async def test_a_guest_reaches_nothing_of_the_machine_but_what_is_opened_to_it(yard: Yard) -> None:
    await yard.apply(sg_0a=[out()])
    tries = [Try("tcp", address, port) for address in ("10.9.0.1", "203.0.113.1") for port in (22, 8773)]
    assert await yard.passing("i-1", *tries) == set()
    assert await yard.reaches("i-1", "icmp", "10.9.0.1")
    await yard.fabric.apply(NETWORKS, Firewall(rules={WEB: (out(),)}, open_ports=(("203.0.113.1", 8773),)))
    assert await yard.passing("i-1", *tries, due={tries[3]}) == {tries[3]}


async def test_rules_that_somebody_flushed_are_back_at_the_next_pass_and_foreign_ones_stay(yard: Yard) -> None:
    await yard.apply(sg_0a=[out(), let("0.0.0.0/0", "tcp", 22, 22)])
    nft.run(FOREIGN)
    before = nft.run("list table inet site")
    tries = Try("tcp", PUBLIC, 22), Try("tcp", PUBLIC, 23)
    for harm in ("flush table ip euca_yard", "delete table ip euca_yard", "flush map ip euca_yard in"):
        nft.run(harm)
        assert await yard.passing("outside", *tries) != {tries[0]}
        await yard.apply(sg_0a=[out(), let("0.0.0.0/0", "tcp", 22, 22)])
        assert await yard.passing("outside", *tries, due={tries[0]}) == {tries[0]}
    await yard.fabric.apply([])
    assert nft.run("list ruleset") == before
    assert addresses("pub0") == ["203.0.113.1/24"]


async def test_on_a_bridge_that_is_lent_others_go_on_as_before(yard: Yard) -> None:
    make_bridge("br-site", "192.0.2.1/24")
    yard.add("site", "br-site", "02:00:00:00:99:09", "192.0.2.9", "192.0.2.1")
    yard.add("i-4", "br-site", "d0:0d:00:00:00:04", "10.9.4.5", "10.9.4.1")
    lent = Network(name="c", bridge="br-site", gateway="10.9.4.1/24", members=(member(4, "10.9.4.5", WEB),))
    await yard.fabric.apply([*NETWORKS, lent], Firewall(rules={WEB: (out(),)}))
    tries = {Try("tcp", "192.0.2.1", 22), Try("tcp", OUTSIDE, 80)}
    assert await yard.passing("site", *tries, due=tries) == tries
    yard.guests["i-4"].inside.run("ip", "route", "add", "default", "via", "10.9.4.1")
    assert await yard.reaches("i-4", "tcp", OUTSIDE, 80)
    assert not await yard.passes("i-4", "tcp", "10.9.4.1", 22)


async def test_hidden_instances_are_reached_from_outside_by_public_addresses_only(yard: Yard) -> None:
    yard.guests["outside"].inside.run("ip", "route", "add", "10.9.0.0/16", "via", "203.0.113.1")
    rules = {WEB: (out(), let("0.0.0.0/0"))}
    tries = {Try("tcp", address, 22) for address in (ONE.address, TWO.address, PUBLIC)}
    await yard.fabric.apply(NETWORKS, Firewall(rules=rules))
    assert await yard.passing("outside", *tries, due=tries) == tries
    await yard.fabric.apply(NETWORKS, Firewall(rules=rules, hidden=True))
    assert await yard.passing("outside", *tries, due={Try("tcp", PUBLIC, 22)}) == {Try("tcp", PUBLIC, 22)}
    assert await yard.reaches("i-1", "tcp", TWO.address, 22)
    assert await yard.reaches("i-2", "tcp", OUTSIDE, 22)
    assert await yard.reaches("i-2", "tcp", PUBLIC, 22)
