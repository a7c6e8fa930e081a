"""Settings: what each source says, which one wins, and how problems are told."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.conf import read
from app.settings import Settings, SettingsError, load
from app.settings_keys import KEYS, REPLACED
from app.settings_network import VNET
from app.settings_values import NamedHost

EXAMPLE = Path(__file__).parents[2] / "data/eucalyptus.conf.example"
KEYS_OF_1_6_1 = [
    "EUCALYPTUS",
    "EUCA_USER",
    "DISABLE_EBS",
    "DISABLE_DNS",
    "ENABLE_WS_SECURITY",
    "LOGLEVEL",
    "CC_PORT",
    "NC_PORT",
    "NC_SERVICE",
    "NODES",
    "SCHEDPOLICY",
    "POWER_IDLETHRESH",
    "POWER_WAKETHRESH",
    "HYPERVISOR",
    "INSTANCE_PATH",
    "MAX_MEM",
    "MAX_DISK",
    "MAX_CORES",
    "SWAP_SIZE",
    "NC_CACHE_SIZE",
    "MANUAL_INSTANCES_CLEANUP",
    "VNET_MODE",
    "VNET_PUBINTERFACE",
    "VNET_PRIVINTERFACE",
    "VNET_BRIDGE",
    "VNET_DHCPDAEMON",
    "VNET_DHCPUSER",
    "VNET_SUBNET",
    "VNET_NETMASK",
    "VNET_ADDRSPERNET",
    "VNET_DNS",
    "VNET_PUBLICIPS",
    "VNET_LOCALIP",
    "VNET_CLOUDIP",
    "VNET_BROADCAST",
    "VNET_ROUTER",
    "VNET_MACMAP",
    "VNET_INTERFACE",
]


def from_text(folder: Path, text: str) -> Settings:
    file = folder / "eucalyptus.conf"
    file.write_text(text)
    return load({}, {}, file)


def problems(folder: Path, text: str) -> list[str]:
    """Load a file that must be refused; return its problems without the folder's name."""
    with pytest.raises(SettingsError) as refused:
        from_text(folder, text)
    return str(refused.value).replace(f"{folder}/", "").splitlines()


def test_a_host_that_can_be_put_to_sleep_can_be_woken(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, "\nPOWER_SLEEP_COMMAND=sleep")
    assert told == "eucalyptus.conf:2: POWER_SLEEP_COMMAND: needs POWER_WAKE_COMMAND beside it"
    both = from_text(tmp_path, 'POWER_SLEEP_COMMAND="rest"\nPOWER_WAKE_COMMAND="wake --now \'a b\'"\n')
    assert both.power_wake_command == ("wake", "--now", "a b")


def test_nothing_given_serves_on_loopback_without_rehearsal_hosts() -> None:
    settings = load({}, {})
    assert (settings.listen_host, settings.listen_port) == ("127.0.0.1", 8773)
    assert settings.rehearse_clusters is None
    assert (settings.state_dir, settings.schedpolicy) == (Path("var"), "ROUNDROBIN")


def test_flags_win_over_environment_over_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "eucalyptus.conf"
    file.write_text('LISTEN="127.0.0.1:1"\nREHEARSE="1x1"\nSCHEDPOLICY="GREEDY"\n')
    settings = load({"listen": "127.0.0.1:3"}, {"EUCA_LISTEN": "127.0.0.1:2", "EUCA_REHEARSE": "2x2"}, file)
    assert (settings.listen_port, settings.rehearse_hosts, settings.schedpolicy) == (3, 2, "GREEDY")
    assert settings.swap_mib == 512


def test_a_flag_that_was_not_given_hides_nothing() -> None:
    assert load({"listen": None}, {"EUCA_LISTEN": "127.0.0.1:2"}).listen_port == 2


def test_variables_of_clients_are_no_settings() -> None:
    load({}, {"EUCA_URL": "http://127.0.0.1:8773", "EUCA_TOKEN": "t", "EUCA_KEY_DIR": "/keys"})


@pytest.mark.parametrize("source", ["flag", "variable"])
def test_flag_or_variable_names_the_file(tmp_path: Path, source: str) -> None:
    file = tmp_path / "eucalyptus.conf"
    file.write_text("CLUSTER_NAME=north")
    flags, environ = ({"config": str(file)}, {}) if source == "flag" else ({}, {"EUCA_CONFIG": str(file)})
    settings = load(flags, environ)
    assert (settings.cluster_name, settings.config) == ("north", file)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=re.escape(str(tmp_path / "none.conf"))):
        load({}, {}, tmp_path / "none.conf")


def test_shell_style_lines_are_read_without_a_shell(tmp_path: Path) -> None:
    text = """
# a comment
export SCHEDPOLICY='GREEDY'   # another
HYPERVISOR="xen"
NODES="node1
       node2 \\
       node3"
INSTANCE_PATH="not_configured"
MAX_MEM=
CLUSTER_NAME="a\\"
"""
    assert problems(tmp_path, text) == ["eucalyptus.conf:10: CLUSTER_NAME: a quote is opened and never closed"]
    settings = from_text(tmp_path, text.replace('CLUSTER_NAME="a\\"\n', ""))
    assert settings.schedpolicy == "GREEDY"
    assert [host.name for host in settings.nodes] == ["node1", "node2", "node3"]
    assert (settings.instance_path, settings.max_mem_mib) == ("", 0)


@pytest.mark.parametrize("value", ["$(touch x)", "`touch x`", "$HOME/x", "${HOME}"])
def test_nothing_is_expanded(tmp_path: Path, value: str) -> None:
    assert problems(tmp_path, f'STATE_DIR="{value}"') == [
        "eucalyptus.conf:1: STATE_DIR: nothing is expanded here; write the value out"
    ]


def test_all_problems_are_told_at_once_with_file_line_and_key(tmp_path: Path) -> None:
    text = 'SCHEDPOLCY="GREEDY"\n\nMAX_CORES="many"\nLISTEN=80\nnonsense\nMAX_MEM=1\nMAX_MEM=2\nMAX_DISK=1 2\n'
    assert problems(tmp_path, text) == [
        "eucalyptus.conf:1: SCHEDPOLCY: there is no such key; did you mean SCHEDPOLICY?",
        "eucalyptus.conf:3: MAX_CORES: 'many' is not possible; a whole number from 0 on is",
        "eucalyptus.conf:4: LISTEN: '80' is no address to listen on; 127.0.0.1:8773 or [::1]:8773 could stand there",
        'eucalyptus.conf:5: this is no KEY="value" line',
        "eucalyptus.conf:7: MAX_MEM: it was set in line 6 already",
        'eucalyptus.conf:8: MAX_DISK: a value with spaces needs quotes: MAX_DISK="1 2"',
    ]


def test_an_error_names_the_first_problem_for_programs(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        from_text(tmp_path, "\nMAX_CORES=x")
    assert (refused.value.file, refused.value.line, refused.value.key) == (
        str(tmp_path / "eucalyptus.conf"),
        2,
        "MAX_CORES",
    )


def test_a_bad_flag_is_told_as_such() -> None:
    with pytest.raises(SettingsError, match="command line: REHEARSE: 'many' is not possible"):
        load({"rehearse": "many"}, {})


@pytest.mark.parametrize("key", KEYS_OF_1_6_1)
def test_every_key_of_1_6_1_is_understood_or_says_what_replaced_it(tmp_path: Path, key: str) -> None:
    assert key in KEYS or key in VNET or key in REPLACED
    if key in REPLACED:
        assert problems(tmp_path, f'{key}="1"') == [
            f"eucalyptus.conf:1: {key}: not used any more: {REPLACED[key]}; remove this line"
        ]


@pytest.mark.parametrize(
    ("hypervisor", "uri"), [("xen", "xen+ssh://root@n1/system"), ("kvm", "qemu+ssh://root@n1/system")]
)
def test_a_bare_host_is_reached_over_ssh(tmp_path: Path, hypervisor: str, uri: str) -> None:
    assert from_text(tmp_path, f"HYPERVISOR={hypervisor}\nNODES=n1").nodes == (NamedHost(name="n1", uri=uri),)


def test_a_host_may_be_a_libvirt_uri() -> None:
    nodes = load({"nodes": "xen+tls://big.example.org/system test:///default qemu:///system"}, {}).nodes
    assert [host.name for host in nodes] == ["big.example.org", "local-test", "local-qemu"]


@pytest.mark.parametrize(
    "nodes",
    [
        "n1",  # without HYPERVISOR
        "ssh://n1",
        "xen+ssh://-oProxyCommand=x/system",
        "xen+ssh://-lx@n1/system",
        "xen+ssh://n1/system xen+ssh://n1/system",
        "-n1",
        "a;b",
        "xen+ssh://[::1",
    ],
)
def test_hosts_that_can_not_be_reached_safely_are_refused(nodes: str) -> None:
    with pytest.raises(SettingsError, match="NODES"):
        load({"nodes": nodes}, {})


@pytest.mark.parametrize(
    ("key", "value", "name", "expected"),
    [
        ("listen", "[::1]:0", "listen_host", "::1"),
        ("listen", "localhost:80", "listen_port", 80),
        ("loglevel", "warn", "log_level", "WARNING"),
        ("loglevel", "FATAL", "log_level", "CRITICAL"),
        ("disable_ebs", "Y", "volumes", False),
        ("manual_instances_cleanup", "1", "manual_instances_cleanup", True),
        ("rehearse", "2x3", "rehearse_clusters", 2),
        ("rehearse", "none", "rehearse_clusters", 0),
        ("schedpolicy", "powersave", "schedpolicy", "POWERSAVE"),
        ("schedpolicy", "rules", "schedpolicy", "RULES"),
        ("vnet_mode", "system", "vnet_mode", "SYSTEM"),
        ("vnet_dhcpdaemon", "/usr/sbin/dnsmasq", "dhcp_daemon", Path("/usr/sbin/dnsmasq")),
        ("disable_dns", "N", "dns", True),
        ("dns_domain", "Cloud.Example.", "dns_domain", "cloud.example"),
        ("dns_listen", "203.0.113.1", "dns_port", 53),
        ("dns_listen", "127.0.0.1:5353", "dns_host", "127.0.0.1"),
        ("dns_forward", "192.0.2.53 192.0.2.54:5353", "resolvers", (("192.0.2.53", 53), ("192.0.2.54", 5353))),
        ("vnet_addrspernet", "32", "vnet", {"VNET_ADDRSPERNET": "32"}),
        ("mapping_rules", "my.rules", "mapping_rules", Path("my.rules")),
    ],
)
def test_a_good_value_is_understood(key: str, value: str, name: str, expected: object) -> None:
    assert getattr(load({key: value}, {}), name) == expected


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("listen", "nowhere"),
        ("listen", "127.0.0.1:70000"),
        ("listen", "-x:80"),
        ("rehearse", "0x3"),
        ("rehearse", "²x3"),
        ("rehearse", "2000x2000"),
        ("power_idlethresh", "299"),
        ("power_wake_command", "'unfinished"),
        ("remap_mode", "perhaps"),
        ("manual_instances_cleanup", "perhaps"),
        ("instance_path", "relative"),
        ("instance_path", "/a/../etc"),
        ("vnet_addrspernet", "33"),
        ("vnet_subnet", "10.0.0.0/8"),
        ("vnet_bridge", "eth0; reboot"),
        ("vnet_publicips", "10.0.0.1-x"),
        ("vnet_macmap", "d0:0d=10.0.0.1"),
        ("vnet_mode", "BRIDGED"),
        ("cluster_name", "../x"),
        ("vnet_dhcpdaemon", "/usr/sbin/dhcpd3"),
        ("vnet_dhcpdaemon", "dnsmasq"),
        ("dns_domain", "cloud..example"),
        ("dns_domain", "x" * 64),
        ("dns_domain", "-x.example"),
        ("dns_domain", "internal"),
        ("dns_listen", "0.0.0.0"),
        ("dns_listen", "localhost:53"),
        ("dns_listen", "127.0.0.1:70000"),
        ("dns_forward", "resolver.example"),
    ],
)
def test_a_bad_value_is_refused_with_its_key(key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"command line: {key.upper()}: "):
        load({key: value}, {})


def test_the_example_names_every_key_and_its_values_are_possible(tmp_path: Path) -> None:
    switched_on = re.sub(r"^#(?=[A-Z_]+=)", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    for file in ("cluster2.conf", "overlays.toml"):
        (tmp_path / file).touch()
    assert set(re.findall(r"^([A-Z_]+)=", switched_on, re.MULTILINE)) == {*KEYS, *VNET}
    from_text(tmp_path, switched_on)
    assert load({}, {}, EXAMPLE) == load({"config": str(EXAMPLE)}, {})


@given(st.text(alphabet=st.sampled_from("AB=\"'\\ \n#$`x1"), max_size=60))
def test_any_text_is_read_or_told_to_be_wrong(text: str) -> None:
    values, told = read(text, Path("x.conf"))
    lines = len(text.splitlines())
    assert all(1 <= value.origin.line <= lines for value in values)
    assert all(1 <= problem.origin.line <= lines for problem in told)
    assert len({value.key for value in values}) == len(values)


@given(
    st.text(
        alphabet=st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), blacklist_characters="$`"),
        min_size=1,
    )
)
def test_a_quoted_value_comes_back_as_it_was_written(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    (found,), told = read(f'A="{quoted}" # c', Path("x.conf"))
    assert (found.text, told) == (value, [])


def test_a_comment_starts_after_a_space_only(tmp_path: Path) -> None:
    assert from_text(tmp_path, "STATE_DIR=a#b # isn't read").state_dir == tmp_path / "a#b"


def test_what_nothing_acts_upon_yet_is_told_unless_it_asks_for_nothing(tmp_path: Path) -> None:
    text = 'VNET_MODE="SYSTEM"\nSCHEDPOLICY="GREEDY"\nVNET_LOCALIP="10.0.0.2"\nVNET_DNS="10.0.0.1"\n'
    told = [(idle.origin.line, idle.key) for idle in from_text(tmp_path, text).idle]
    assert told == [(3, "VNET_LOCALIP"), (4, "VNET_DNS")]


@pytest.mark.parametrize(
    ("key", "mode", "why"),
    [
        ("VNET_LOCALIP", "MANAGED", None),
        ("VNET_LOCALIP", "SYSTEM", "not used by VNET_MODE SYSTEM, only by MANAGED and MANAGED-NOVLAN"),
        ("VNET_ROUTER", "MANAGED", "not used by VNET_MODE MANAGED, only by STATIC"),
        ("VNET_CLOUDIP", "MANAGED", "the gateway itself answers 169.254.169.254"),
    ],
)
def test_a_key_that_a_mode_does_not_use_is_named_with_who_does(
    tmp_path: Path, key: str, mode: str, why: str | None
) -> None:
    text = f'VNET_MODE="{mode}"\nVNET_SUBNET="10.1.0.0"\nVNET_NETMASK="255.255.0.0"\n{key}="10.0.0.2"\n'
    told = [idle.why for idle in from_text(tmp_path, text).idle if idle.key == key]
    assert (told == []) if why is None else (why in told[0])


@pytest.mark.parametrize(
    ("listen", "dns_listen", "reached"),
    [
        ("127.0.0.1:8773", "203.0.113.1", ()),
        ("localhost:8773", "203.0.113.1", ()),
        ("[::1]:8773", "203.0.113.1", ()),
        ("0.0.0.0:8773", "127.0.0.1:5353", ()),
        ("0.0.0.0:8774", "203.0.113.1", (("203.0.113.1", 8774),)),
        ("192.0.2.1:8773", "127.0.0.1:5353", (("192.0.2.1", 8773),)),
    ],
)
def test_instances_reach_the_cloud_only_where_its_names_lead_them(
    listen: str, dns_listen: str, reached: tuple[tuple[str, int], ...]
) -> None:
    keys = {"listen": listen, "dns_listen": dns_listen}
    assert load(keys | {"disable_dns": "N"}, {}).network.open_ports == reached
    assert load(keys, {}).network.open_ports == ()


@pytest.mark.parametrize("key", ["PUBLIC_IPS", "VNET_PUBLICIPS"])
def test_public_addresses_are_told_by_either_name_and_checked(tmp_path: Path, key: str) -> None:
    settings = from_text(tmp_path, f'{key}="203.0.113.9 203.0.113.10"\nADDRESSING="head"\n')
    assert (settings.public_ips, settings.addressing, settings.idle) == ("203.0.113.9 203.0.113.10", "head", ())
    for wrong in ("203.0.113", "203.0.113.9 !203.0.113.9"):
        (told,) = problems(tmp_path, f'{key}="{wrong}"')
        assert told.startswith(f"eucalyptus.conf:1: {key}: ")
