"""Things of the cloud for tests: sensible wholes, of which a test says only what it is about."""

from contextlib import nullcontext
from dataclasses import dataclass
from itertools import count
from typing import Any

from app.domain.account import Account, Caller
from app.domain.host import Cluster, Host
from app.domain.image import Image, ImageKind
from app.domain.instance import Instance, mac_of
from app.domain.ports import Unit
from app.domain.states import HostState, HostWanted
from app.domain.vmtype import STANDARD
from app.services.fleet import Fleet
from app.services.mapping import Mapping

OURS, THEIRS = "111122223333", "444455556666"


@dataclass(slots=True)
class FrozenClock:
    """A clock that stands until a test moves it."""

    at_ms: int = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic_s(self) -> float:
        return self.at_ms / 1000


class CountingEntropy:
    """Bytes that differ each time and are the same in each run."""

    def __init__(self) -> None:
        self._next = count(1)

    def __call__(self, length: int) -> bytes:
        return next(self._next).to_bytes(4, "big").ljust(length, b"\x5a")


def a_mapping(clock: FrozenClock | None = None) -> Mapping:
    return Mapping(Fleet((clock or FrozenClock()).monotonic_s, nullcontext()))


def a_caller(*, account_id: str = OURS, admin: bool = False) -> Caller:
    return Caller(account_id=account_id, user_id="AIDAUSER", user_name="ana", admin=admin)


def a_host(name: str, *, cluster: str = "one", ordinal: int = 1, cores: int = 8, lost: bool = False) -> Host:
    return Host(
        name=name,
        cluster=cluster,
        uri="test:///x",
        ordinal=ordinal,
        wanted=HostWanted.ENABLED,
        created_at_ms=0,
        state=HostState.LOST if lost else HostState.UP,
        cores=cores,
        memory_mib=16384,
        disk_gb=200,
        hypervisor="TEST",
        architecture="x86_64",
    )


def an_image(image_id: str = "emi-0a11beef", *, kind: ImageKind = ImageKind.MACHINE, public: bool = True) -> Image:
    return Image(
        id=image_id,
        kind=kind,
        account_id=OURS,
        name=image_id,
        public=public,
        size_bytes=32 << 20,
        sha256="ab" * 32,
        created_at_ms=0,
    )


def an_instance(instance_id: str = "i-00000001", **changes: Any) -> Instance:
    """Make an m1.small in any state; `changes` are its fields."""
    given: dict[str, Any] = {
        "id": instance_id,
        "reservation_id": "r-00000001",
        "account_id": OURS,
        "launch_index": 0,
        "image_id": "emi-00000001",
        "vmtype": "m1.small",
        "cores": 1,
        "memory_mib": 128,
        "disk_gb": 10,
        "cluster": "one",
        "host": "host1",
        "mac": mac_of(instance_id),
        "launched_at_ms": 1,
        "created_at_ms": 1,
    }
    return Instance(**(given | changes))


def furnish(unit: Unit, *hosts: Host) -> None:
    """Fill an empty store with two accounts, the standard types, one image and hosts."""
    for number, name in ((OURS, "ours"), (THEIRS, "theirs")):
        unit.accounts.add(Account(id=number, name=name, created_at_ms=0))
    for vmtype in STANDARD:
        unit.vmtypes.add(vmtype)
    unit.images.add(an_image())
    for cluster in sorted({host.cluster for host in hosts}):
        unit.clusters.add(Cluster(name=cluster, created_at_ms=0))
    for host in hosts:
        unit.hosts.add(host)
