"""Which gateways are joined: both must say so, alike, and no address may be there twice."""

from pathlib import Path

import pytest

from app.domain.joint import Joint, joints_of
from app.settings import SettingsError
from tests.unit.test_settings import from_text

_OF_ALL = 'VNET_MODE="MANAGED"\nVNET_SUBNET="10.1.0.0"\nVNET_NETMASK="255.255.0.0"\nVNET_CLUSTERS="{}"\n'
_OF_ONE = 'VNET_MODE="MANAGED"\nVNET_SUBNET="{}"\nVNET_NETMASK="255.255.0.0"\nVNET_GATEWAY="elsewhere"\n'


def told(folder: Path, server: str = "", /, **clusters: str) -> str:
    """Write the files of clusters, each `SUBNET JOINED`, and return what stands in eucalyptus.conf."""
    for cluster, what in clusters.items():
        subnet, _, joined = what.partition(" ")
        text = _OF_ONE.format(subnet) + (f'VNET_JOINED="{joined}"\n' if joined else "")
        (folder / f"{cluster}.conf").write_text(text)
    whole = _OF_ALL.format(" ".join(f"{cluster}={cluster}.conf" for cluster in clusters))
    return whole + (f'VNET_JOINED="{server}"\n' if server else "")


def test_gateways_are_joined_where_both_sides_say_so_and_all_others_may_overlap(tmp_path: Path) -> None:
    a, b = "10.2.0.0 b=wireguard:192.0.2.3:9000 server=trusted:192.0.2.1", "10.3.0.0 a=wireguard:192.0.2.2"
    plan = from_text(tmp_path, told(tmp_path, "a=trusted:192.0.2.2", a=a, b=b, c="10.2.0.0", d="10.1.0.0")).network
    assert plan.of("a").joints == (
        Joint(gateway="b", sealed=True, address="192.0.2.3", port=9000),
        Joint(gateway="server", sealed=False, address="192.0.2.1"),
    )
    assert [joint.cluster for joint in plan.of("a").joints] == ["b", ""]
    assert plan.joints == (Joint(gateway="a", sealed=False, address="192.0.2.2"),)
    assert plan.of("c").joints == ()


@pytest.mark.parametrize(
    ("server", "clusters", "why"),
    [
        ("", {"a": "10.2.0.0 b=trusted:192.0.2.3", "b": "10.3.0.0"}, "a is joined with b, which does not say so"),
        ("", {"a": "10.2.0.0 x=trusted:192.0.2.3"}, "a is joined with x, which does not say so; x needs a=… in its"),
        ("a=trusted:192.0.2.2", {"a": "10.2.0.0"}, "server is joined with a, which does not say so"),
        ("", {"a": "10.2.0.0 a=trusted:192.0.2.2"}, "a is joined with itself"),
        (
            "",
            {"a": "10.2.0.0 b=trusted:192.0.2.3", "b": "10.3.0.0 a=wireguard:192.0.2.2"},
            "a and b say different ways to each other",
        ),
        (
            "",
            {"a": "10.2.0.0 b=trusted:192.0.2.3", "b": "10.2.0.0 a=trusted:192.0.2.2"},
            "10.2.0.0/16 of a and 10.2.0.0/16 of b overlap",
        ),
        (
            "a=trusted:192.0.2.2",
            {"a": "10.1.0.0 server=trusted:192.0.2.1"},
            "10.1.0.0/16 of eucalyptus.conf and 10.1.0.0/16 of a overlap",
        ),
        (
            "",
            {
                "a": "10.2.0.0 b=trusted:192.0.2.3 c=trusted:192.0.2.4",
                "b": "10.3.0.0 a=trusted:192.0.2.2",
                "c": "10.3.0.0 a=trusted:192.0.2.2",
            },
            "10.3.0.0/16 of b and 10.3.0.0/16 of c overlap, and a is joined with",
        ),
        (
            "",
            {
                "a": "10.2.0.0 b=wireguard:192.0.2.3 c=wireguard:192.0.2.4",
                "b": "10.3.0.0 a=wireguard:192.0.2.2:9000",
                "c": "10.4.0.0 a=wireguard:192.0.2.2",
            },
            "a is heard at one port, but VNET_JOINED says 9000 and 51881",
        ),
        (
            "a=trusted:192.0.2.2",
            {"a": "10.2.0.0 server=trusted:192.0.2.1", "server": "10.3.0.0"},
            "in VNET_JOINED server is this machine; give the cluster server",
        ),
    ],
)
def test_what_keeps_networks_from_being_one_is_said(
    tmp_path: Path, server: str, clusters: dict[str, str], why: str
) -> None:
    with pytest.raises(SettingsError, match=why):
        from_text(tmp_path, told(tmp_path, server, **clusters))


def test_a_cluster_behind_the_server_s_machine_is_joined_by_the_file_of_all(tmp_path: Path) -> None:
    text = told(tmp_path, a="10.2.0.0 b=trusted:192.0.2.3", b="10.3.0.0 a=trusted:192.0.2.2")
    file = tmp_path / "a.conf"
    file.write_text(file.read_text().replace('VNET_GATEWAY="elsewhere"\n', ""))
    with pytest.raises(SettingsError, match="a has VNET_JOINED without VNET_GATEWAY"):
        from_text(tmp_path, text)


def test_without_any_other_gateway_nobody_can_be_joined(tmp_path: Path) -> None:
    text = _OF_ALL.replace('VNET_CLUSTERS="{}"\n', 'VNET_JOINED="a=trusted:192.0.2.2"\n')
    with pytest.raises(SettingsError, match="VNET_JOINED: there is no gateway elsewhere to be joined with"):
        from_text(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    ["a", "a=192.0.2.2", "a=plain:192.0.2.2", "a=trusted:192.0.2", "a=trusted:host", "a=trusted:192.0.2.2:0",
     "a=wireguard:192.0.2.2:65536", "-a=trusted:192.0.2.2"],
)  # fmt: skip
def test_a_way_whose_kind_or_address_is_not_said_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not possible; lab=wireguard:"):
        joints_of(text)


@pytest.mark.parametrize("text", ["a=trusted:192.0.2.2 a=trusted:192.0.2.3", "a=trusted:192.0.2.2 b=trusted:192.0.2.2"])
def test_a_gateway_and_an_address_stand_there_once(text: str) -> None:
    with pytest.raises(ValueError, match="stands there twice"):
        joints_of(text)
