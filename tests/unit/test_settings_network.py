"""The VNET_ keys taken together: which network each mode makes of them, and what a mode lacks."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.network import Card, Member
from app.settings import SettingsError, load
from tests.unit.test_settings import from_text

ANYBODY = Member(instance_id="i-1", mac="d0:0d:00:00:00:01", address="10.1.0.5", hostname="")
NOVLAN = {"vnet_mode": "managed-novlan", "vnet_subnet": "10.1.0.0", "vnet_netmask": "255.255.255.0"}


def test_a_network_of_ours_needs_a_subnet_with_room() -> None:
    plan = load({**NOVLAN, "vnet_dns": "10.1.0.1"}, {}).network
    assert (plan.bridge, plan.subnet, plan.dns) == ("eucabr0", "10.1.0.0/24", ("10.1.0.1",))
    assert [network.gateway for network in plan.networks([ANYBODY])] == ["10.1.0.1/24"]
    assert load({**NOVLAN, "vnet_dns": "10.1.0.1"}, {}).idle == ()
    with pytest.raises(SettingsError, match="VNET_MODE: MANAGED-NOVLAN needs VNET_SUBNET and VNET_NETMASK, too"):
        load({"vnet_mode": "managed-novlan"}, {})
    for unfit in ("255.255.255.254", "255.0.0.0", "255.0.255.0"):
        with pytest.raises(SettingsError, match=r"VNET_SUBNET: .* is no network with room"):
            load({**NOVLAN, "vnet_netmask": unfit}, {})


def test_each_group_may_have_a_network_of_its_own() -> None:
    managed = {"vnet_mode": "managed", "vnet_subnet": "10.1.0.0", "vnet_netmask": "255.255.0.0"}
    plan = load({**managed, "vnet_addrspernet": "64"}, {}).network
    [network] = plan.networks([replace(ANYBODY, address="10.1.2.5")])
    assert (network.bridge, network.gateway) == ("eucabr10", "10.1.2.1/26")
    assert load(managed, {}).network.each == 32
    with pytest.raises(SettingsError, match=r"VNET_SUBNET: .* room for groups of 32 addresses"):
        load({**managed, "vnet_netmask": "255.255.255.0"}, {})


def test_networks_go_to_other_machines_as_vlans_if_a_card_is_named_that_carries_them() -> None:
    managed = {"vnet_mode": "managed", "vnet_subnet": "10.1.0.0", "vnet_netmask": "255.255.0.0"}
    settings = load({**managed, "vnet_isolation": "vlan", "vnet_privinterface": "eth1"}, {})
    [network] = settings.network.networks([replace(ANYBODY, address="10.1.1.5")])
    assert (settings.idle, network.bridge, network.tagged) == ((), "eucabr10", "eth1.10")
    settings = load({**managed, "vnet_isolation": "vxlan", "vnet_privinterface": "eth1"}, {})
    assert [network.tagged for network in settings.network.networks([ANYBODY])] == [""]
    assert [problem.key for problem in settings.idle] == ["VNET_PRIVINTERFACE"]
    with pytest.raises(SettingsError, match="VNET_ISOLATION: vlan needs VNET_PRIVINTERFACE, too"):
        load({**managed, "vnet_isolation": "vlan"}, {})
    with pytest.raises(SettingsError, match="VNET_PRIVINTERFACE: enx0011223344 is too long"):
        load({**managed, "vnet_isolation": "vlan", "vnet_privinterface": "enx0011223344"}, {})


@pytest.mark.parametrize(("tunnels", "sealed"), [("trusted", False), ("wireguard", True)])
def test_an_operator_trusts_the_wire_or_has_tunnels_encrypted(tunnels: str, sealed: bool) -> None:
    [network] = load({**NOVLAN, "vnet_tunnels": tunnels}, {}).network.networks([ANYBODY])
    assert network.sealed is sealed


STATIC = {
    "vnet_mode": "static",
    "vnet_subnet": "192.0.2.0",
    "vnet_netmask": "255.255.255.0",
    "vnet_router": "192.0.2.1",
    "vnet_bridge": "br-site",
    "vnet_macmap": "D0:0D:00:00:00:01=192.0.2.10 d0:0d:00:00:00:02=192.0.2.11",
}


def test_cards_and_their_addresses_may_come_from_a_list() -> None:
    settings = load(STATIC | {"vnet_broadcast": "192.0.2.255", "vnet_dns": "192.0.2.53"}, {})
    plan = settings.network
    assert settings.idle == ()
    assert plan.pairs == (Card("192.0.2.10", "d0:0d:00:00:00:01"), Card("192.0.2.11", "d0:0d:00:00:00:02"))
    assert (plan.leases, plan.ours) == (True, False)
    [network] = plan.networks([replace(ANYBODY, address="192.0.2.10")])
    assert (network.bridge, network.gateway, network.of_site) == ("br-site", "192.0.2.1/24", True)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"vnet_macmap": ""}, "VNET_MODE: STATIC needs VNET_MACMAP, too"),
        ({"vnet_router": "", "vnet_bridge": ""}, "VNET_MODE: STATIC needs VNET_ROUTER and VNET_BRIDGE, too"),
        ({"vnet_router": "192.0.3.1"}, "VNET_ROUTER: 192.0.3.1 is no address of 192.0.2.0/24; 192.0.2.1 could"),
        ({"vnet_broadcast": "192.0.3.255"}, "VNET_BROADCAST: 192.0.3.255 is not .* 192.0.2.255 is"),
        ({"vnet_macmap": "d0:0d:00:00:00:01=192.0.3.1"}, "VNET_MACMAP: 192.0.3.1 is no address"),
        ({"vnet_macmap": "d0:0d:00:00:00:01=192.0.2.255"}, "VNET_MACMAP: 192.0.2.255 is no address"),
        ({"vnet_macmap": "d0:0d:00:00:00:01=192.0.2.1"}, "VNET_MACMAP: 192.0.2.1 is VNET_ROUTER's"),
        ({"vnet_macmap": "d1:0d:00:00:00:01=192.0.2.9"}, "VNET_MACMAP: .* is no pair such as"),
        ({"vnet_macmap": "d0:0d:00:00:00:01=192.0.2.9 D0:0D:00:00:00:01=192.0.2.8"}, "d0:0d:.* more than once"),
        ({"vnet_macmap": "d0:0d:00:00:00:01=192.0.2.9 d0:0d:00:00:00:02=192.0.2.9"}, "192.0.2.9 .* more than once"),
    ],
)
def test_a_list_of_pairs_that_fits_nowhere_says_what_would(more: dict[str, str], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        load(STATIC | more, {})


OF_ALL = 'VNET_MODE="MANAGED"\nVNET_SUBNET="10.1.0.0"\nVNET_NETMASK="255.255.0.0"\nVNET_CLUSTERS="two=two.conf"\n'
OF_TWO = 'VNET_MODE="MANAGED-NOVLAN"\nVNET_SUBNET="10.2.0.0"\nVNET_NETMASK="255.255.0.0"\nVNET_DNS="not_configured"\n'


def test_a_cluster_may_go_by_keys_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "two.conf").write_text(OF_TWO)
    plan = from_text(tmp_path, OF_ALL + 'ADDRESSING="head"\n').network
    assert (plan.of("one").subnet, plan.of("one").each, plan.hidden) == ("10.1.0.0/16", 32, True)
    assert (plan.of("two").subnet, plan.of("two").each, plan.of("two").bridge) == ("10.2.0.0/16", 0, "eucabr0")


def test_a_cluster_with_a_gateway_elsewhere_has_vlans_of_its_own_card(tmp_path: Path) -> None:
    two = OF_TWO.replace("-NOVLAN", "") + 'VNET_GATEWAY="elsewhere"\nVNET_ISOLATION="vlan"\nVNET_PRIVINTERFACE="eth1"\n'
    (tmp_path / "two.conf").write_text(two)
    plan = from_text(tmp_path, OF_ALL).network
    assert (plan.trunk, plan.of("two").trunk, plan.of("two").gateway) == ("", "eth1", "two")


@pytest.mark.parametrize(
    ("of_two", "why"),
    [
        (None, "two.conf: can not be read"),
        (OF_TWO.replace("10.2", "10.1"), "VNET_CLUSTERS: 10.1.0.0/16 of eucalyptus.conf and .* of two overlap"),
        ('VNET_MODE="MANAGED"\n', "two.conf: VNET_MODE: MANAGED needs VNET_SUBNET and VNET_NETMASK"),
        ('VNET_MODE="MANGED"\n', "two.conf:1: VNET_MODE: 'MANGED' is not possible"),
        ('NODES="a"\n', "two.conf:1: NODES: only VNET_ keys of one cluster"),
        ('VNET_PUBINTERFACE="eth0"\n', "two.conf:1: VNET_PUBINTERFACE: only VNET_ keys"),
        ('VNET_CLOUDIP="10.0.0.1"\n', "two.conf:1: VNET_CLOUDIP: only VNET_ keys"),
        (
            f'{OF_TWO}VNET_PRIVINTERFACE="eth1"\n',
            "two.conf:5: VNET_PRIVINTERFACE: .*not used: hosts are reached by routes",
        ),
        (f'{OF_TWO}VNET_ROUTER="10.2.0.1"\n', "two.conf:5: VNET_ROUTER: .*not used by VNET_MODE MANAGED-NOVLAN"),
        ('VNET_GATEWAY="elsewhere"\n', "two.conf: VNET_GATEWAY: in SYSTEM a gateway has nothing to do"),
        (f'{OF_TWO}VNET_GATEWAY="there"\n', "two.conf:5: VNET_GATEWAY: 'there' is not possible; one of elsewhere"),
    ],
)
def test_keys_of_a_cluster_that_do_not_fit_are_named_with_their_file(
    tmp_path: Path, of_two: str | None, why: str
) -> None:
    if of_two is not None:
        (tmp_path / "two.conf").write_text(of_two)
    with pytest.raises(SettingsError, match=why):
        from_text(tmp_path, OF_ALL)


def test_two_clusters_on_one_machine_need_bridges_of_their_own(tmp_path: Path) -> None:
    for number in (2, 3):
        (tmp_path / f"{number}.conf").write_text(OF_TWO.replace("10.2", f"10.{number}"))
    with pytest.raises(SettingsError, match="eucabr0 is the bridge of two and of three; give each its own VNET_BRIDGE"):
        from_text(tmp_path, 'VNET_CLUSTERS="two=2.conf three=3.conf"\n')
    with pytest.raises(SettingsError, match=r"'two' is not possible; cluster2=cluster2\.conf"):
        from_text(tmp_path, 'VNET_CLUSTERS="two"\n')


def test_clusters_with_gateways_elsewhere_may_have_the_same_addresses_and_bridges(tmp_path: Path) -> None:
    same = OF_TWO.replace("10.2", "10.1") + 'VNET_GATEWAY="elsewhere"\n'
    for number in (2, 3):
        (tmp_path / f"{number}.conf").write_text(same)
    plan = from_text(tmp_path, OF_ALL.replace("two=two.conf", "two=2.conf three=3.conf")).network
    assert plan.elsewhere == ["two", "three"]
    assert [plan.of(cluster).gateway for cluster in ("one", "two", "three")] == ["", "two", "three"]
    with pytest.raises(SettingsError, match="VNET_GATEWAY: there is no such key"):
        from_text(tmp_path, 'VNET_GATEWAY="elsewhere"\n')


def test_the_site_s_network_may_name_the_bridge_of_the_cards() -> None:
    plan = load({"vnet_bridge": "xenbr0"}, {}).network
    assert (plan.bridge, plan.ours) == ("xenbr0", False)


def test_with_names_the_gateway_is_the_name_server_and_the_site_s_is_asked_by_it() -> None:
    settings = load({**NOVLAN, "vnet_dns": "192.0.2.53", "disable_dns": "N", "dns_domain": "cloud.example"}, {})
    [network] = settings.network.networks([ANYBODY])
    assert (network.dns, network.domain) == (("10.1.0.1",), "eucalyptus.internal")
    assert settings.network.names.public("203.0.113.9") == "euca-203-0-113-9.eucalyptus.cloud.example"
    assert (settings.resolvers, settings.idle) == ((("192.0.2.53", 53),), ())


def test_without_names_the_site_s_name_server_is_told_to_instances() -> None:
    settings = load({**NOVLAN, "vnet_dns": "192.0.2.53", "dns_domain": "cloud.example"}, {})
    [network] = settings.network.networks([ANYBODY])
    assert (network.dns, network.domain, settings.network.names.domain) == (("192.0.2.53",), "", "")


def test_where_the_network_is_the_site_s_names_are_answered_elsewhere() -> None:
    settings = load({**STATIC, "vnet_dns": "192.0.2.53", "disable_dns": "N"}, {})
    [network] = settings.network.networks([replace(ANYBODY, address="192.0.2.10")])
    assert (network.dns, network.domain) == (("192.0.2.53",), "")
