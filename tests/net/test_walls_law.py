"""Whatever groups and rules become, exactly those packets pass that EC2's rule lets pass."""

import asyncio
from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app.domain.firewall import Firewall, Passage
from app.domain.group import EVERYWHERE, Permission
from app.domain.network import Member, Network
from tests.net.namespaces import Namespace, missing
from tests.net.probes import Try
from tests.net.yard import OUTSIDE, Yard, member

pytestmark = pytest.mark.net
GROUPS = ("sg-0a", "sg-0b", "sg-0c")
PLACES = (("eucabr0", "10.9.0.5"), ("eucabr0", "10.9.0.6"), ("eucabr1", "10.9.1.5"), ("eucabr1", "10.9.1.6"))
GATEWAYS = {"eucabr0": "10.9.0.1/24", "eucabr1": "10.9.1.1/24"}
TRAFFIC = (("tcp", 22), ("tcp", 80), ("udp", 80), ("icmp", 0))
World = tuple[tuple[tuple[str, ...], ...], dict[str, tuple[Passage, ...]]]

kinds = st.one_of(
    st.just(("-1", -1, -1)),
    st.tuples(st.sampled_from(("tcp", "udp")), st.sampled_from((0, 22, 23)), st.sampled_from((80, 65535))),
    st.tuples(st.just("icmp"), st.sampled_from((-1, 0, 8)), st.just(-1)),
)
peers = st.sampled_from((*GROUPS, EVERYWHERE, "10.9.0.0/24", "10.9.1.6/32", "203.0.113.0/24"))
passages = st.builds(
    lambda egress, kind, peer: Passage(
        egress=egress, permission=Permission(protocol=kind[0], from_port=kind[1], to_port=kind[2], peer=peer)
    ),
    st.booleans(),
    kinds,
    peers,
)
worlds = st.tuples(
    st.tuples(*[st.lists(st.sampled_from(GROUPS), min_size=1, max_size=2, unique=True).map(tuple) for _ in PLACES]),
    st.fixed_dictionaries({group: st.lists(passages, max_size=4).map(tuple) for group in GROUPS}),
)


def lets(world: World, groups: Sequence[str], egress: bool, peer: str, peer_groups: Sequence[str], one: Try) -> bool:
    """The model: some rule of some group speaks of this peer and this packet."""
    rules = [passage.permission for group in groups for passage in world[1][group] if passage.egress is egress]
    return any(
        (rule.group_id in peer_groups if rule.group_id else ip_address(peer) in ip_network(rule.peer))
        and rule.protocol in ("-1", one.protocol)
        and (one.protocol != "icmp" or rule.from_port in (-1, 8))
        and (one.protocol == "icmp" or rule.protocol == "-1" or rule.from_port <= one.port <= rule.to_port)
        for rule in rules
    )


def expected(world: World, number: int) -> Iterator[Try]:
    groups, (_, address) = world[0][number], PLACES[number]
    for other, (_, target) in enumerate(PLACES):
        for protocol, port in TRAFFIC if other != number else ():
            one, theirs = Try(protocol, target, port), world[0][other]
            if lets(world, groups, True, target, theirs, one) and lets(world, theirs, False, address, groups, one):
                yield one
    yield from (one for one in _outward() if lets(world, groups, True, OUTSIDE, (), one))


def _outward() -> list[Try]:
    return [Try(protocol, OUTSIDE, port) for protocol, port in TRAFFIC]


def _all_tries(number: int) -> list[Try]:
    others = [address for other, (_, address) in enumerate(PLACES) if other != number]
    return [Try(protocol, address, port) for address in others for protocol, port in TRAFFIC] + _outward()


def _networks(world: World) -> list[Network]:
    people: dict[str, list[Member]] = {bridge: [] for bridge in GATEWAYS}
    for number, (bridge, address) in enumerate(PLACES):
        people[bridge].append(member(number + 1, address, *world[0][number]))
    return [
        Network(name=bridge, bridge=bridge, gateway=GATEWAYS[bridge], members=tuple(people[bridge]))
        for bridge in GATEWAYS
    ]


async def play(machine: Namespace, history: Sequence[World]) -> None:
    yard = Yard(machine)
    try:
        await yard.begin(_networks(history[0]))
        for world in history:
            await yard.fabric.apply(_networks(world), Firewall(rules=world[1]))
            found = await asyncio.gather(*[yard.passing(f"i-{n + 1}", *_all_tries(n)) for n in range(len(PLACES))])
            for number, passed in enumerate(found):
                wanted = set(expected(world, number))
                lost = wanted - passed
                assert passed | (await yard.passing(f"i-{number + 1}", *lost, due=lost) if lost else set()) == wanted
    finally:
        await yard.fabric.close()
        yard.close()


@settings(max_examples=5, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(st.lists(worlds, min_size=3, max_size=4))
def test_exactly_those_packets_pass_that_a_rule_of_both_sides_lets_pass(history: list[World]) -> None:
    if why := missing("ip"):
        pytest.skip(why)
    with Namespace() as machine, machine.entered():
        asyncio.run(play(machine, history))
