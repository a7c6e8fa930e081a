"""What the doctor finds on machines of different kinds, and what it says to type."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from app.doctor import Check, Machine, examine, local_uris, this_machine
from app.settings import Settings, load

BARE = Machine(
    python=(3, 11, 2),
    kernel="6.1.0-40-amd64",
    library=lambda name: "libvirt.so.0",
    distribution=lambda name: "12.8.0",
    program=lambda name: None,
    exists=lambda path: False,
    free_port=lambda host, port: "",
    free_datagrams=lambda port: "",
    cards=lambda kind: [],
    serving=lambda state: "",
)
WIREGUARD_OF_BARE = "/lib/modules/6.1.0-40-amd64/kernel/drivers/net/wireguard/wireguard.ko"


def checks(machine: Machine, settings: Settings | None = None) -> dict[str, Check]:
    return {check.name: check for check in examine(settings or Settings(), machine)}


def test_a_machine_without_hypervisor_is_fit_to_serve() -> None:
    found = checks(BARE)
    assert all(check.ok for check in found.values())
    assert found["hypervisor"].advice == "euca host add xen+ssh://root@HOST/system"


def test_it_is_told_that_volumes_are_rehearsed_only() -> None:
    found = checks(BARE)["volume storage"]
    assert found.ok
    assert "nothing is stored" in found.found


def test_it_says_plainly_which_mode_enforces_security_groups() -> None:
    assert "nothing enforces security groups" in checks(BARE)["network"].found
    managed = load({"vnet_mode": "MANAGED", "vnet_subnet": "10.1.0.0", "vnet_netmask": "255.255.0.0"}, {})
    assert "enforced on eucabr*" in checks(BARE, managed)["network"].found
    mixed = checks(BARE, Settings(cluster_plans={"lab": managed.network}))
    assert mixed["network"].found.startswith("SYSTEM: ")
    assert mixed["network of lab"].found.startswith("MANAGED: security groups are enforced")
    lacking = replace(BARE, library=lambda name: None if name == "nftables" else name)
    assert checks(lacking, managed)["network"].advice == "apt-get install libnftables1"


@pytest.mark.parametrize(("kernel", "said"), [("5.17.9", True), ("5.18.0-rc1", False), ("6.1.0", False)])
def test_it_says_plainly_that_a_kernel_lets_guests_take_each_other_s_addresses(kernel: str, said: bool) -> None:
    managed = load({"vnet_mode": "MANAGED", "vnet_subnet": "10.1.0.0", "vnet_netmask": "255.255.0.0"}, {})
    found = checks(replace(BARE, kernel=kernel), managed)["network"]
    assert found.ok
    assert (f"this kernel, {kernel}, is older than 5.18" in found.found) is said
    assert "is older" not in checks(replace(BARE, kernel=kernel))["network"].found


def test_it_says_how_gateways_of_other_machines_are(tmp_path: Path) -> None:
    (tmp_path / "lab.conf").write_text(
        'VNET_MODE="MANAGED"\nVNET_SUBNET="10.1.0.0"\nVNET_NETMASK="255.255.0.0"\nVNET_GATEWAY="elsewhere"\n'
    )
    given = load({"vnet_clusters": f"lab={tmp_path}/lab.conf", "state_dir": str(tmp_path / "var")}, {})
    found = checks(BARE, given)["gateway of lab"]
    assert (found.ok, found.found, found.advice) == (True, "awaited", "euca cluster gateway lab")


def joined(folder: Path, way: str) -> Settings:
    """Have the server's own networks be one with those of a cluster whose gateway is elsewhere."""
    mine = {"vnet_mode": "MANAGED", "vnet_subnet": "10.1.0.0", "vnet_netmask": "255.255.0.0"}
    (folder / "lab.conf").write_text(
        'VNET_MODE="MANAGED"\nVNET_SUBNET="10.2.0.0"\nVNET_NETMASK="255.255.0.0"\nVNET_GATEWAY="elsewhere"\n'
        f'VNET_JOINED="server={way}:192.0.2.1{":52000" if way == "wireguard" else ""}"\n'
    )
    keys = {"vnet_clusters": f"lab={folder}/lab.conf", "vnet_joined": f"lab={way}:192.0.2.2"}
    return load(mine | keys | {"state_dir": str(folder / "var")}, {})


@pytest.mark.parametrize("there", ["/sys/module/wireguard", f"{WIREGUARD_OF_BARE}.zst", ""])
def test_it_says_whether_this_machine_can_do_its_half_of_an_encrypted_way(tmp_path: Path, there: str) -> None:
    settings = joined(tmp_path, "wireguard")
    found = checks(replace(BARE, exists={there}.__contains__), settings)
    pair, ends = found["lab and server"], "UDP 192.0.2.2:51881 and 192.0.2.1:52000"
    assert pair.found == f"one network, encrypted between {ends}; both sides say so, and both machines need WireGuard"
    assert found["WireGuard"].ok is bool(there)
    assert found["WireGuard"].found == f"this kernel, {BARE.kernel}, {'has it' if there else 'shows none'}"
    assert bool(found["WireGuard"].advice) is not bool(there)
    assert (found["port of ways to gateways"].ok, found["port of ways to gateways"].found) == (True, "UDP 52000: free")


def test_a_way_whose_path_is_trusted_needs_no_wireguard_and_nobody_s_ways_are_not_spoken_of(tmp_path: Path) -> None:
    found = checks(BARE, joined(tmp_path, "trusted"))
    assert (
        "plain between 192.0.2.2 and 192.0.2.1; both sides say that this path is trusted"
        in found["lab and server"].found
    )
    assert "WireGuard" not in found
    assert found["port of ways to gateways"].found == "UDP 4789: free"
    assert not {"port of ways to gateways", "WireGuard"} & checks(BARE).keys()


@pytest.mark.parametrize(
    ("way", "kind", "card", "ok"),
    [
        ("wireguard", "wireguard", "eujw01234567", True),
        ("wireguard", "wireguard", "wg0", False),
        ("wireguard", "vxlan", "eujw01234567", False),
        ("trusted", "vxlan", "flannel.1", True),
        ("trusted", "wireguard", "eujw01234567", False),
    ],
)
def test_a_port_that_is_taken_is_named_unless_what_has_it_shares_it(
    tmp_path: Path, way: str, kind: str, card: str, ok: bool
) -> None:
    there = {kind: [card]}
    taken = replace(
        BARE, free_datagrams=lambda port: "Address already in use", cards=lambda asked: there.get(asked, [])
    )
    found = checks(taken, joined(tmp_path, way))["port of ways to gateways"]
    assert (found.ok, bool(found.advice)) == (ok, not ok)
    assert found.found.endswith(f"card {card} has it" if ok else "Address already in use")


def test_encrypted_tunnels_to_hosts_need_wireguard_here_unless_the_gateway_is_elsewhere(tmp_path: Path) -> None:
    keys = {"vnet_mode": "MANAGED", "vnet_subnet": "10.1.0.0", "vnet_netmask": "255.255.0.0"}
    assert not checks(BARE, load(keys | {"vnet_tunnels": "wireguard"}, {}))["WireGuard"].ok
    file = tmp_path / "lab.conf"
    file.write_text("".join(f'{key.upper()}="{value}"\n' for key, value in keys.items()) + 'VNET_TUNNELS="wireguard"\n')
    file.write_text(file.read_text() + 'VNET_GATEWAY="elsewhere"\n')
    settings = load({"vnet_clusters": f"lab={file}", "state_dir": str(tmp_path / "var")}, {})
    assert "WireGuard" not in checks(BARE, settings)


def test_it_says_which_names_will_be_answered_and_whether_they_can_be() -> None:
    named = load({"disable_dns": "N", "dns_domain": "cloud.example"}, {})
    assert "names" not in checks(BARE)
    assert checks(BARE, named)["names"].found.startswith("127.0.0.1:53: free, to answer for eucalyptus.cloud.example")
    refused = checks(replace(BARE, free_port=lambda host, port: "Permission denied"), named)["names"]
    assert (refused.ok, refused.found) == (False, "127.0.0.1:53: Permission denied")
    assert refused.advice


def test_it_says_whether_the_program_that_is_to_give_leases_is_there() -> None:
    named = load({"vnet_dhcpdaemon": "/opt/dnsmasq"}, {})
    assert "leases" not in checks(BARE)
    lacking = checks(BARE, named)["leases"]
    assert (lacking.ok, lacking.found, lacking.advice) == (
        False,
        "/opt/dnsmasq is not there",
        "apt-get install dnsmasq-base",
    )
    assert checks(replace(BARE, exists={"/opt/dnsmasq"}.__contains__), named)["leases"].ok


def test_it_says_where_instances_reach_the_cloud_and_why_they_don_t() -> None:
    keys = {"disable_dns": "N", "vnet_mode": "MANAGED", "vnet_subnet": "10.1.0.0", "vnet_netmask": "255.255.0.0"}
    name = "the cloud for instances"
    assert 'LISTEN="127.0.0.1:8773"' in checks(BARE, load(keys, {}))[name].found
    opened = load(keys | {"listen": "192.0.2.1:8774"}, {})
    assert checks(BARE, opened)[name].found == "names of buckets lead to 192.0.2.1:8774, which instances reach"
    assert name not in checks(BARE, load(keys | {"disable_dns": "Y"}, {}))


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        (replace(BARE, python=(3, 10, 1)), "python"),
        (replace(BARE, library=lambda name: None), "libvirt library"),
        (replace(BARE, distribution=lambda name: None), "libvirt-python"),
        (replace(BARE, free_port=lambda host, port: "Address already in use"), "listener"),
    ],
)
def test_what_is_wrong_is_told_with_something_to_type(machine: Machine, name: str) -> None:
    wrong = [check for check in checks(machine).values() if not check.ok]
    assert [check.name for check in wrong] == [name]
    assert wrong[0].advice


def test_a_setting_that_nothing_acts_upon_is_named_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "eucalyptus.conf"
    file.write_text('VNET_LOCALIP="10.0.0.1"\n')
    told = [check.found for check in examine(load({}, {}, file), BARE) if check.name == "config"]
    assert told == [
        f"{file} was read",
        f"{file}:1: VNET_LOCALIP: understood, but not used by VNET_MODE SYSTEM, only by MANAGED and MANAGED-NOVLAN",
    ]


@pytest.mark.parametrize(
    ("there", "advice"),
    [
        ({"/run/libvirt/libvirt-sock"}, "euca host add qemu:///system"),
        ({"/run/libvirt/virtqemud-sock"}, "euca host add qemu:///system"),
        ({"/run/libvirt/libvirt-sock", "/proc/xen/capabilities"}, "euca host add xen:///system"),
    ],
)
def test_a_libvirt_that_runs_here_is_offered_to_join(there: set[str], advice: str) -> None:
    machine = replace(BARE, exists=there.__contains__)
    assert checks(machine)["hypervisor"].advice == advice
    assert local_uris(there.__contains__) == [advice.rpartition(" ")[2]]


@pytest.mark.parametrize(
    ("program", "word"), [("libvirtd", "systemctl start"), ("qemu-system-x86_64", "apt-get install")]
)
def test_a_hypervisor_that_lacks_something_says_what(program: str, word: str) -> None:
    machine = replace(BARE, program=lambda name: f"/usr/bin/{name}" if name == program else None)
    assert word in checks(machine)["hypervisor"].advice


def test_a_state_directory_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    fine = checks(BARE, Settings(state_dir=tmp_path / "new" / "deep"))["state directory"]
    wrong = checks(BARE, Settings(state_dir=tmp_path / "file" / "below"))["state directory"]
    assert (fine.ok, wrong.ok) == (True, False)
    assert not (tmp_path / "new").exists()


def test_a_port_in_use_is_seen() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        why = this_machine().free_port("127.0.0.1", taken.getsockname()[1])
    assert "in use" in why
    assert this_machine().free_port("127.0.0.1", 0) == ""
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        assert "in use" in this_machine().free_datagrams(taken.getsockname()[1])
    assert this_machine().free_datagrams(0) == ""


@pytest.mark.parametrize(
    ("address", "fine"), [("http://127.0.0.1:8773", True), ("http://127.0.0.1:9000", False), ("", False)]
)
def test_a_port_that_this_very_cloud_listens_on_is_no_fault(address: str, fine: bool) -> None:
    machine = replace(BARE, free_port=lambda host, port: "Address already in use", serving=lambda state: address)
    found = checks(machine)["listener"]
    assert (found.ok, bool(found.advice), "is running" in found.found) == (fine, not fine, fine)


def test_this_machine_can_be_examined() -> None:
    assert {"python", "listener", "hypervisor"} <= checks(this_machine()).keys()
