"""What hosts' URIs mean."""

import pytest

from app.domain.errors import Invalid
from app.domain.vmtype import Size
from app.xen.address import Kind, parse
from app.xen.connection import Timing


@pytest.mark.parametrize(
    ("uri", "opened", "kind", "in_process"),
    [
        ("xen+ssh://root@n1/", "xen+ssh://root@n1/", Kind.XEN, False),
        ("xen+tls://n1/?guest=pvh&pkipath=/etc/pki", "xen+tls://n1/?pkipath=/etc/pki", Kind.XEN, False),
        ("qemu:///system?accel=kvm", "qemu:///system", Kind.QEMU, False),
        (
            "qemu+unix:///system?socket=/run/a%20b&keepalive=off",
            "qemu+unix:///system?socket=/run/a%20b",
            Kind.QEMU,
            False,
        ),
        ("test:///default", "test:///default", Kind.TEST, True),
        ("test+unix:///default?socket=/s", "test+unix:///default?socket=/s", Kind.TEST, False),
        ("scripted+unix:///h7?socket=/s", "scripted+unix:///h7?socket=/s", Kind.SCRIPTED, False),
    ],
)
def test_libvirt_sees_the_uri_without_our_own_parameters(uri: str, opened: str, kind: Kind, in_process: bool) -> None:
    address = parse(uri)
    assert (address.uri, address.kind, address.in_process) == (opened, kind, in_process)


def test_a_rehearsal_host_is_as_large_as_its_uri_says() -> None:
    address = parse("test:///rehearsal?cores=2&memory_mib=4096&disk_gb=50")
    assert address.rehearsal
    assert address.size == Size(cores=2, memory_mib=4096, disk_gb=50)
    assert parse("test:///rehearsal").size == Size(cores=8, memory_mib=16384, disk_gb=200)
    assert not parse("test:///default").rehearsal


def test_keepalive_is_on_for_remote_hosts_only() -> None:
    assert parse("qemu+ssh://n1/system").keepalive == (5, 3)
    assert parse("qemu+ssh://n1/system?keepalive=10x6").keepalive == (10, 6)
    assert parse("qemu+ssh://n1/system?keepalive=off").keepalive is None
    assert parse("test:///rehearsal").keepalive is None


def test_a_slow_host_has_deadlines_many_times_as_long() -> None:
    address = parse("qemu+ssh://n1/system?patience=6&no_tty=1")
    assert (address.patience, address.uri) == (6, "qemu+ssh://n1/system?no_tty=1")
    assert parse("qemu+ssh://n1/system").patience == 1
    usual, longer = Timing(), Timing().suited_to(address)
    assert (longer.open_s, longer.call_s, longer.start_s) == (6 * usual.open_s, 6 * usual.call_s, 6 * usual.start_s)
    assert longer.alive_every_s == usual.alive_every_s
    assert (longer.silence_s, usual.silence_s) == (longer.call_s, 0)


def test_a_guest_of_xen_may_take_a_minute_to_hear_what_it_is_asked() -> None:
    assert Timing().suited_to(parse("xen+ssh://n1/")).call_s > 60
    assert Timing().suited_to(parse("qemu+ssh://n1/system")) == Timing()


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "n1",
        "http://n1/",
        "vbox:///session",
        "test:///rehearsal?cores=0",
        "test:///rehearsal?cores=many",
        "qemu:///system?keepalive=often",
        "xen+ssh://n1/?patience=0",
    ],
)
def test_a_uri_that_makes_no_sense_is_refused(uri: str) -> None:
    with pytest.raises(Invalid):
        parse(uri)
