"""What of a host instances may use, and which hosts are rehearsal."""

import pytest

from app.domain.host import Host
from app.domain.vmtype import STANDARD, Size

HOST = Host(name="n1", cluster="c", uri="xen+ssh://root@n1/system", ordinal=0, created_at_ms=0)


def seen(**changes: int) -> Host:
    facts = {"cores": 8, "memory_mib": 16384, "disk_gb": 200} | changes
    return Host(name="n1", cluster="c", uri="test:///default", ordinal=0, created_at_ms=0, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (seen(), Size(cores=8, memory_mib=16384, disk_gb=200)),
        (seen(max_cores=32), Size(cores=32, memory_mib=16384, disk_gb=200)),  # cores may be promised several times
        (seen(max_memory_mib=99999, max_disk_gb=999), Size(cores=8, memory_mib=16384, disk_gb=200)),
        (seen(max_memory_mib=1024, max_disk_gb=10), Size(cores=8, memory_mib=1024, disk_gb=10)),
        (seen(foreign_cores=3, foreign_memory_mib=384), Size(cores=5, memory_mib=16000, disk_gb=200)),
        (seen(foreign_cores=99, foreign_memory_mib=99999), Size(cores=0, memory_mib=0, disk_gb=200)),
        (HOST, Size(cores=0, memory_mib=0, disk_gb=0)),  # never seen: offers nothing
    ],
)
def test_capacity_is_what_the_host_has_within_its_limits_less_what_others_use(host: Host, expected: Size) -> None:
    assert host.capacity == expected


@pytest.mark.parametrize(
    ("uri", "rehearsal"),
    [
        ("test:///default", True),
        ("test+unix:///x", True),
        ("scripted:a", True),
        ("xen:///system", False),
        ("qemu+ssh://t/system", False),
    ],
)
def test_rehearsal_hosts_are_told_by_their_uri(uri: str, rehearsal: bool) -> None:
    assert Host(name="n", cluster="c", uri=uri, ordinal=0, created_at_ms=0).rehearsal is rehearsal


def test_the_standard_types_are_those_of_1_6_1_and_grow() -> None:
    assert [(kind.name, kind.cores, kind.memory_mib, kind.disk_gb) for kind in STANDARD] == [
        ("m1.small", 1, 128, 10),
        ("c1.medium", 2, 128, 10),
        ("m1.large", 2, 512, 10),
        ("m1.xlarge", 2, 1024, 10),
        ("c1.xlarge", 4, 2048, 10),
    ]


@pytest.mark.parametrize(
    ("hypervisor", "is_xen"),
    [
        ("Xen 4.17.5", True),
        ("xen", True),
        ("QEMU 7.2.0", False),
        ("XenServer 8", False),
        ("rehearsal", False),
        ("", False),
    ],
)
def test_a_xen_host_is_told_by_the_first_word_of_what_it_reports(hypervisor: str, is_xen: bool) -> None:
    host = Host(name="n", cluster="c", uri="u", ordinal=0, created_at_ms=0, hypervisor=hypervisor)
    assert host.is_xen is is_xen
