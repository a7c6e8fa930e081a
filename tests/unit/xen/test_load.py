"""What libvirt's drivers tell of load: complete records, gaps, and a driver that must be asked domain by domain."""

from typing import Any

import libvirt
import pytest

from app.domain.load import DomainLoad
from app.xen.address import Kind
from app.xen.load import of_stats, read
from app.xen.metadata import uuid_of

OURS = "i-0000abcd"
XML = (
    "<domain><devices><interface><target dev='vif3.0'/></interface><disk><target dev='xvda'/></disk></devices></domain>"
)


class Unsupported(libvirt.libvirtError):  # type: ignore[misc]
    def __init__(self) -> None:
        Exception.__init__(self, "not supported")

    def get_error_code(self) -> int:
        return int(libvirt.VIR_ERR_NO_SUPPORT)

    def get_error_domain(self) -> int:
        return 0


class XenDomain:
    """A domain as Xen's driver shows it."""

    def __init__(self, name: str, uuid: str, cpu_ns: int) -> None:
        self._name, self._uuid, self._cpu_ns = name, uuid, cpu_ns

    def name(self) -> str:
        return self._name

    def UUIDString(self) -> str:
        return self._uuid

    def info(self) -> list[int]:
        return [1, 2048, 1024, 1, self._cpu_ns]

    def XMLDesc(self) -> str:
        return XML

    def interfaceStats(self, device: str) -> tuple[int, ...]:
        assert device == "vif3.0"
        return 10, 1, 0, 0, 20, 1, 0, 0

    def blockStats(self, device: str) -> tuple[int, ...]:
        raise Unsupported


class XenConnection:
    """A host as Xen's driver shows it: no node statistics, no call for all domains."""

    def __getattr__(self, name: str) -> Any:
        def refuse(*_: object) -> None:
            raise Unsupported

        return refuse

    def getInfo(self) -> list[Any]:
        return ["x86_64", 4096, 8]

    def getFreeMemory(self) -> int:
        return 1024 * 2**20

    def listAllDomains(self, flags: int) -> list[XenDomain]:
        return [XenDomain("Domain-0", "0" * 36, 500), XenDomain(OURS, uuid_of(OURS), 70)]


def test_a_host_of_xen_is_asked_domain_by_domain_and_its_dom0_counts_apart() -> None:
    load = read(XenConnection(), Kind.XEN)
    assert (load.busy_ns, load.memory_used_bytes) == (None, 3072 * 2**20)
    assert load.others_ns == {"0" * 36: 500}
    assert load.domains == {
        OURS: DomainLoad(cpu_ns=70, memory_bytes=1024 * 2**10, net_rx_bytes=10, net_tx_bytes=20),
    }


def test_a_record_adds_up_the_devices_of_a_domain() -> None:
    stats = {
        "cpu.time": 5,
        "balloon.current": 2,
        "balloon.rss": 1,
        "block.count": 2,
        "block.0.rd.bytes": 1,
        "block.0.wr.bytes": 2,
        "block.1.rd.bytes": 10,
        "block.1.wr.bytes": 20,
        "net.count": 0,
        "dirtyrate.megabytes_per_second": 3,
    }
    assert of_stats(stats) == DomainLoad(5, 1024, 11, 22, 0, 0, 3 * 2.0**20)


@pytest.mark.parametrize("missing", ["block.0.rd.bytes", "block.count"])
def test_what_a_record_lacks_is_not_known(missing: str) -> None:
    stats = {"block.count": 1, "block.0.rd.bytes": 1, "block.0.wr.bytes": 2}
    assert of_stats({name: value for name, value in stats.items() if name != missing}).disk_read_bytes is None
    assert of_stats({}) == DomainLoad()
