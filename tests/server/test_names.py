"""Names by real packets at a served cloud: what EC2 shows is what its name server answers, by UDP and by TCP."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import dns.message
import dns.query
import dns.rrset
import pytest
from dns.flags import AA, RA
from dns.message import Message
from dns.rcode import Rcode

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.server
LOOPBACK = "127.0.0.1"
WAIT_S = 60.0


class Named(NamedTuple):
    """A cloud with a name server."""

    served: ServedCloud
    port: int
    resolver: int
    ec2: Any

    def ask(self, name: str, kind: str = "A", *, tcp: bool = False) -> Message:
        query = dns.message.make_query(name, kind)
        way = dns.query.tcp if tcp else dns.query.udp
        return way(query, LOOPBACK, WAIT_S, self.port)

    def told(self, name: str, kind: str = "A", *, tcp: bool = False) -> str:
        """Return what one name leads to; empty if to nothing."""
        return "".join(str(record) for rrset in self.ask(name, kind, tcp=tcp).answer for record in rrset)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
        tried.bind((LOOPBACK, 0))
        port: int = tried.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Named]:
    folder, port, resolver = tmp_path_factory.mktemp("named"), free_port(), free_port()
    config = folder / "eucalyptus.conf"
    config.write_text(
        f'REHEARSE="1x2"\nDISABLE_DNS="N"\nDNS_DOMAIN="cloud.example"\nDNS_LISTEN="{LOOPBACK}:{port}"\n'
        f'ADDRESSING="all"\nDNS_FORWARD="{LOOPBACK}:{resolver}"\n'
    )
    with ServedCloud(folder / "state", config=config) as served:
        yield Named(served, port, resolver, ec2_client(served.credentials()))


@pytest.fixture(scope="module")
def instance(named: Named) -> dict[str, Any]:
    images = named.ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"]
    ran: dict[str, Any] = named.ec2.run_instances(ImageId=images[0]["ImageId"], MinCount=1, MaxCount=1)["Instances"][0]
    return ran


@pytest.mark.parametrize("tcp", [False, True])
def test_the_names_that_ec2_shows_lead_to_the_addresses_that_it_shows(
    named: Named, instance: dict[str, Any], tcp: bool
) -> None:
    public, private = instance["PublicIpAddress"], instance["PrivateIpAddress"]
    assert instance["PublicDnsName"] == f"euca-{public.replace('.', '-')}.eucalyptus.cloud.example"
    assert instance["PrivateDnsName"] == f"euca-{private.replace('.', '-')}.eucalyptus.internal"
    assert named.told(instance["PublicDnsName"], tcp=tcp) == public
    assert named.told(instance["PrivateDnsName"], tcp=tcp) == private
    for address, name in ((public, instance["PublicDnsName"]), (private, instance["PrivateDnsName"])):
        turned = ".".join(reversed(address.split(".")))
        assert named.told(f"{turned}.in-addr.arpa", "PTR", tcp=tcp) == f"{name}."


def test_interfaces_and_filters_know_the_names(named: Named, instance: dict[str, Any]) -> None:
    public, private = instance["PublicDnsName"], instance["PrivateDnsName"]
    (card,) = named.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert (card["PrivateDnsName"], card["Association"]["PublicDnsName"]) == (private, public)
    for name, value in (("dns-name", public), ("dns-name", "euca-*.cloud.example"), ("private-dns-name", private)):
        found = named.ec2.describe_instances(Filters=[{"Name": name, "Values": [value]}])["Reservations"]
        assert [one["InstanceId"] for each in found for one in each["Instances"]] == [instance["InstanceId"]]
    assert not named.ec2.describe_instances(Filters=[{"Name": "dns-name", "Values": ["euca-1"]}])["Reservations"]


def test_the_vpc_says_that_names_come_with_it(named: Named) -> None:
    (vpc,) = named.ec2.describe_vpcs()["Vpcs"]
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        told = named.ec2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=attribute)
        assert told[attribute[0].upper() + attribute[1:]] == {"Value": True}
    (options,) = named.ec2.describe_dhcp_options()["DhcpOptions"]
    assert [one["Key"] for one in options["DhcpConfigurations"]] == ["domain-name", "domain-name-servers"]


def test_buckets_and_zones_are_answered_and_nothing_else_of_the_domain(named: Named) -> None:
    assert named.told("photos.walrus.cloud.example") == LOOPBACK
    assert named.told("eucalyptus.cloud.example", "NS") == "ns.eucalyptus.cloud.example."
    unknown = named.ask("EUCA-9-9-9-9.eucalyptus.Cloud.example")
    assert unknown.rcode() == Rcode.NXDOMAIN
    assert [str(rrset.name).lower() for rrset in unknown.authority] == ["eucalyptus.cloud.example."]
    nothing = named.ask("photos.walrus.cloud.example", "AAAA")
    assert (nothing.rcode(), nothing.answer, bool(nothing.authority)) == (Rcode.NOERROR, [], True)
    assert nothing.flags & AA
    assert nothing.flags & RA
    assert named.ask("eucalyptus.cloud.example", "AXFR", tcp=True).rcode() == Rcode.REFUSED


def test_a_name_of_others_is_asked_of_the_resolver_and_fails_if_that_is_shut(named: Named) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver, ThreadPoolExecutor(1) as beside:
        resolver.bind((LOOPBACK, named.resolver))
        resolver.settimeout(WAIT_S)
        asked = beside.submit(named.told, "www.example.org")
        question, whence = resolver.recvfrom(2000)
        answer = dns.message.make_response(dns.message.from_wire(question))
        answer.answer.append(dns.rrset.from_text("www.example.org.", 60, "IN", "A", "192.0.2.7"))
        resolver.sendto(answer.to_wire(), whence)
        assert asked.result() == "192.0.2.7"
    assert named.ask("www.example.org").rcode() == Rcode.SERVFAIL


def test_a_name_ends_with_its_instance(named: Named) -> None:
    images = named.ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"]
    (ran,) = named.ec2.run_instances(ImageId=images[0]["ImageId"], MinCount=1, MaxCount=1)["Instances"]
    named.ec2.terminate_instances(InstanceIds=[ran["InstanceId"]])
    assert named.ask(ran["PublicDnsName"]).rcode() == Rcode.NXDOMAIN
    eventually(lambda: named.ask(ran["PrivateDnsName"]).rcode() == Rcode.NXDOMAIN)


def test_a_kill_of_the_server_takes_no_name(named: Named, instance: dict[str, Any]) -> None:
    named.served.kill()
    named.served.start()
    assert named.told(instance["PublicDnsName"]) == instance["PublicIpAddress"]


def test_noise_does_not_stop_it(named: Named) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for noise in (b"", b"\0", b"\xff" * 12, b"\0" * 600, bytes(range(256))):
            sender.sendto(noise, (LOOPBACK, named.port))
    for noise in (b"\0", b"\0\0", b"\xff\xff" + b"\0" * 100, b"\0\x0c" + b"\xff" * 12):
        with socket.create_connection((LOOPBACK, named.port), WAIT_S) as open_one:
            open_one.sendall(noise)
            open_one.shutdown(socket.SHUT_WR)
            assert open_one.recv(100) == b""
    assert named.told("photos.walrus.cloud.example") == LOOPBACK


def test_an_address_that_can_not_be_had_ends_the_start_with_its_name(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((LOOPBACK, 0))
        config = tmp_path / "eucalyptus.conf"
        config.write_text(f'REHEARSE="none"\nDISABLE_DNS="N"\nDNS_LISTEN="{LOOPBACK}:{taken.getsockname()[1]}"\n')
        with pytest.raises(AssertionError, match=r"127\.0\.0\.1:\d+ \(DNS_LISTEN\) can not be used: Address already"):
            ServedCloud(tmp_path / "state", config=config).start()


def test_an_open_connection_does_not_hold_up_the_end(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "eucalyptus.conf"
    config.write_text(f'REHEARSE="none"\nDISABLE_DNS="N"\nDNS_LISTEN="{LOOPBACK}:{port}"\n')
    with ServedCloud(tmp_path / "state", config=config) as served:
        with socket.create_connection((LOOPBACK, port), WAIT_S) as silent:
            assert served.stop() == 0
            assert silent.recv(1) == b""
        assert "Traceback" not in served.log()
