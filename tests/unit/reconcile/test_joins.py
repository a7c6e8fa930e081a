"""Which ways a gateway is told to others, and who is said to be behind them."""

from dataclasses import replace

import pytest

from app.domain.firewall import Firewall
from app.domain.joined import Joined
from app.domain.joint import joints_of
from app.domain.network import Member, NetworkPlan
from app.network.packet_filter import contents
from app.reconcile.joins import joined, met
from app.reconcile.traffic import Traffic, formed


def a_plan(subnet: str, gateway: str = "", joints: str = "") -> NetworkPlan:
    return NetworkPlan(bridge="eucabr", subnet=subnet, each=32, gateway=gateway, joints=joints_of(joints))


PLAN = replace(
    a_plan("10.1.0.0/16", joints="a=trusted:192.0.2.2"),
    of_clusters={
        "a": a_plan("10.2.0.0/16", "a", "server=trusted:192.0.2.1 b=wireguard:192.0.2.3:9003"),
        "b": a_plan("10.3.0.0/16", "b", "a=wireguard:192.0.2.2:9002"),
        "c": a_plan("10.2.0.0/16", "c"),
        "besides": a_plan("10.4.0.0/16"),
    },
)
PEOPLE = {"any": "10.1.0.5", "besides": "10.4.0.5", "a": "10.2.0.5", "b": "10.3.0.5", "c": "10.2.0.5"}


def a_member(cluster: str) -> Member:
    return Member(
        instance_id=f"i-{cluster}",
        mac="d0:0d:00:00:00:01",
        address=PEOPLE[cluster],
        hostname="web",
        groups=("sg-0a",),
        public="203.0.113.9",
    )


def told(*clusters: str) -> Traffic:
    return Traffic(cursor=1, placed=tuple((cluster, a_member(cluster)) for cluster in clusters))


def ways(gateway: str, *clusters: str) -> dict[str, Joined]:
    return {way.gateway: way for way in joined(PLAN, gateway, told(*clusters), {"a": "key of a", "b": "key of b"})}


def test_a_gateway_is_told_of_those_it_is_joined_with_and_of_nobody_behind_the_next_one() -> None:
    found = ways("a", *PEOPLE)
    assert {name: [one.address for one in way.members] for name, way in found.items()} == {
        "server": ["10.1.0.5", "10.4.0.5"],
        "b": ["10.3.0.5"],
    }
    assert found["server"].ranges == ("10.1.0.0/16", "10.4.0.0/16")
    assert {name for name in ways("b", *PEOPLE)} == {"a"}
    assert {name for name in ways("", *PEOPLE)} == {"a"}
    assert ways("c", *PEOPLE) == {}
    assert met(PLAN, "b") == {"a", "b"}
    assert met(PLAN, "a") == {"a", "b", ""}


def test_both_ends_of_a_way_mean_the_same_tunnel_ports_and_keys() -> None:
    here, there = ways("a", *PEOPLE)["b"], ways("b", *PEOPLE)["a"]
    assert (here.number, here.mac, here.far_mac) == (there.number, there.far_mac, there.mac)
    assert (here.address, here.port, here.own_port) == ("192.0.2.3", 9003, 9002)
    assert (there.address, there.port, there.own_port) == ("192.0.2.2", 9002, 9003)
    assert (here.key, there.key) == ("key of b", "key of a")
    assert (here.sealed, ways("a", *PEOPLE)["server"].sealed) == (True, False)
    assert ways("a", *PEOPLE)["server"].key == ""
    assert ways("a", *PEOPLE)["server"].number != here.number


@pytest.mark.parametrize("present", [("a",), ("b",), ("a", "c")])
def test_there_is_no_way_without_somebody_at_both_ends(present: tuple[str, ...]) -> None:
    assert ways("a", *present) == {}


def test_an_unknown_key_is_told_too_for_the_far_end_makes_its_own_by_being_told() -> None:
    (way,) = joined(PLAN, "b", told("a", "b"), {})
    assert (way.sealed, way.key) == (True, "")


def test_far_members_are_members_of_their_groups_and_get_no_network_or_public_address_here() -> None:
    traffic = told("a", "b")
    networks = formed(PLAN, traffic, lambda cluster: cluster == "a")
    assert [network.gateway for network in networks] == ["10.2.0.1/27"]
    far = tuple(replace(way, card="eujw0") for way in joined(PLAN, "a", traffic, {}))
    held = contents(networks, Firewall(joined=far))
    assert '"eujw0" . 10.3.0.5' in held.elements["sg_0a"]
    assert held.elements["far"] == {'"eujw0" . 10.3.0.5'}
    assert held.elements["joined"] == {'"eujw0"'}
    assert not any("10.3.0.5" in element for element in held.elements["known"] | held.elements["public_in"])
    assert held.elements["subnets"] == {"10.2.0.0/27", "10.3.0.0/16"}
    assert held.elements["bridges"] == {'"eucabr2"'}
