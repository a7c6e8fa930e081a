"""DHCP: pyroute2's codec stands on the other side; damaged and hostile packets are met with silence."""

from ipaddress import IPv4Address, IPv4Network

from hypothesis import given
from hypothesis import strategies as st
from pyroute2.dhcp.dhcp4msg import dhcp4msg
from pyroute2.dhcp.enums.dhcp import MessageType

from app.domain.network import Member, Network, Subnet, host_name
from app.network.dhcp import BROADCAST, LEASE_S, Question, answer, decode

MACS = st.binary(min_size=6, max_size=6).map(lambda raw: raw.hex(":"))
XIDS = st.integers(0, 2**32 - 1)
SUBNETS = st.tuples(st.integers(0x0A000000, 0x0AFFFFFF), st.integers(8, 28)).map(
    lambda pair: Subnet(IPv4Network(pair, strict=False))
)


@st.composite
def networks(draw: st.DrawFn) -> tuple[Network, Member]:
    """A network and one of its members."""
    subnet, mac = draw(SUBNETS), draw(MACS)
    _, address = next(subnet.after(draw(st.integers(0, subnet.size))))
    member = Member(instance_id="i-1", mac=mac, address=address, hostname=host_name(address))
    dns = tuple(str(IPv4Address(number)) for number in draw(st.lists(st.integers(1, 2**32 - 1), max_size=3)))
    mtu, domain = draw(st.sampled_from([0, 1450, 9000])), draw(st.sampled_from(["", "eucalyptus.internal"]))
    gateway = subnet.gateway
    return Network(name="n", bridge="b", gateway=gateway, dns=dns, domain=domain, mtu=mtu, members=(member,)), member


def packet(kind: MessageType, mac: str, xid: int, *, has: str = "0.0.0.0", **options: object) -> bytes:
    message = dhcp4msg(
        {"op": 1, "xid": xid, "chaddr": mac, "ciaddr": has, "options": {"message_type": kind, **options}}
    )
    return bytes(message.encode().buf)


def told(network: Network, member: Member, asked: bytes) -> tuple[dhcp4msg, str] | None:
    given = answer(asked, network, lambda mac: member if mac == member.mac else None)
    return None if given is None else (dhcp4msg(buf=given[0]).decode(), given[1])


@given(networks(), XIDS)
def test_a_known_card_is_offered_and_granted_its_address_with_the_network_s_options(
    made: tuple[Network, Member], xid: int
) -> None:
    network, member = made
    gateway = str(network.interface.ip)
    offer = told(network, member, packet(MessageType.DISCOVER, member.mac, xid))
    asked = packet(MessageType.REQUEST, member.mac, xid, requested_ip=member.address, server_id=gateway)
    grant = told(network, member, asked)
    for answered, kind in ((offer, MessageType.OFFER), (grant, MessageType.ACK)):
        assert answered is not None
        message, whither = answered
        options = message["options"]
        assert (whither, message["xid"], message["chaddr"]) == (BROADCAST, xid, member.mac)
        assert (message["op"], message["yiaddr"], options["message_type"]) == (2, member.address, kind)
        assert (options["router"], options["server_id"]) == ([gateway], gateway)
        assert options["subnet_mask"] == str(network.interface.netmask)
        assert (options["lease_time"], options["host_name"]) == (LEASE_S, member.hostname)
        assert options.get("name_server", []) == list(network.dns)
        assert options.get("interface_mtu", 0) == network.mtu
        assert options.get("domain_name", "") == network.domain


@given(networks(), XIDS)
def test_a_renewal_is_answered_at_the_address_itself(made: tuple[Network, Member], xid: int) -> None:
    network, member = made
    renewed = told(network, member, packet(MessageType.REQUEST, member.mac, xid, has=member.address))
    assert renewed is not None
    assert renewed[0]["options"]["message_type"] == MessageType.ACK
    assert renewed[1] == member.address


@given(networks(), XIDS, st.integers(1, 2**32 - 1))
def test_whoever_asks_for_another_address_is_refused(made: tuple[Network, Member], xid: int, other: int) -> None:
    network, member = made
    wrong = str(IPv4Address(other))
    if wrong != member.address:
        refused = told(network, member, packet(MessageType.REQUEST, member.mac, xid, requested_ip=wrong))
        assert refused is not None
        assert refused[0]["options"]["message_type"] == MessageType.NAK
        assert (refused[0]["yiaddr"], refused[1]) == ("0.0.0.0", BROADCAST)


@given(networks(), MACS, XIDS, st.sampled_from([MessageType.DISCOVER, MessageType.REQUEST]))
def test_an_unknown_card_gets_silence(made: tuple[Network, Member], mac: str, xid: int, kind: MessageType) -> None:
    network, member = made
    if mac != member.mac:
        assert told(network, member, packet(kind, mac, xid, requested_ip=member.address)) is None


@given(networks(), XIDS, st.integers(1, 2**32 - 1))
def test_what_is_meant_for_another_server_gets_silence(made: tuple[Network, Member], xid: int, other: int) -> None:
    network, member = made
    server = str(IPv4Address(other))
    if server != str(network.interface.ip):
        asked = packet(MessageType.REQUEST, member.mac, xid, requested_ip=member.address, server_id=server)
        assert told(network, member, asked) is None


@given(networks(), st.binary(max_size=600))
def test_any_bytes_are_met_without_a_failure(made: tuple[Network, Member], noise: bytes) -> None:
    network, member = made
    assert decode(noise) is None or isinstance(decode(noise), Question)
    head = packet(MessageType.DISCOVER, member.mac, 1)[:240]
    answer(noise, network, lambda mac: member)
    answer(head + noise, network, lambda mac: member)


@given(networks(), st.data())
def test_a_packet_cut_anywhere_is_understood_or_ignored(made: tuple[Network, Member], data: st.DataObject) -> None:
    network, member = made
    whole = packet(MessageType.DISCOVER, member.mac, 7)
    cut = answer(whole[: data.draw(st.integers(0, len(whole)))], network, lambda mac: member)
    assert cut is None or dhcp4msg(buf=cut[0]).decode()["xid"] == 7
