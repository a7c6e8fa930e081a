"""Kill -9 of the server over real libvirt: the test driver inside a libvirtd of its own, which a keeper keeps alive.

The trap: the driver's world ends with its last connection, so the keeper's stays open from first to last.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.contract.libvirtd import Libvirtd, missing
from tests.crash.fire import LAUNCHES, launch_under_fire, settled
from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = [pytest.mark.crash, pytest.mark.skipif(bool(missing()), reason=missing())]
FOREIGN = "test"


@pytest.fixture
def daemon() -> Iterator[Libvirtd]:
    daemon = Libvirtd()
    yield daemon
    daemon.stop()


@pytest.fixture
def keeper(daemon: Libvirtd) -> Iterator[Any]:
    """Keep a connection open, and make room beside the domain that the driver comes with."""
    connection = libvirt.open(daemon.test_uri)
    connection.lookupByName(FOREIGN).setMemory(64 * 1024)
    yield connection
    connection.close()


@pytest.fixture
def cloud(tmp_path: Path, daemon: Libvirtd, keeper: object) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path / "state", rehearse="none") as cloud:
        cloud.euca("cluster", "add", "one")
        cloud.euca("host", "add", daemon.test_uri, "--name", "node", "--cluster", "one", "--max-cores", "64")
        root = tmp_path / "root.img"
        root.write_bytes(b"root" * 1024)
        cloud.euca("image", "install", str(root), "--name", "root")
        eventually(lambda: " up " in cloud.euca("host", "list").stdout)
        yield cloud


def domains(keeper: Any) -> dict[str, bool]:
    return {domain.name(): bool(domain.isActive()) for domain in keeper.listAllDomains()}


def volumes(keeper: Any) -> set[str]:
    pool = keeper.storagePoolLookupByName("eucalyptus")
    return {name for name in pool.listVolumes() if not name.startswith("image-")}


def test_killing_the_server_over_libvirt_loses_doubles_and_touches_nothing(cloud: ServedCloud, keeper: Any) -> None:
    foreign = keeper.lookupByName(FOREIGN).XMLDesc()
    environment = cloud.credentials()
    ids = launch_under_fire(cloud, environment)
    states = eventually(lambda: settled(environment))
    assert len(ids) == LAUNCHES
    assert states == dict.fromkeys(ids, "running")
    assert domains(keeper) == dict.fromkeys([*ids, FOREIGN], True)

    ec2_client(environment).terminate_instances(InstanceIds=sorted(ids))
    cloud.kill()
    cloud.start()
    eventually(lambda: set(settled(environment).values()) == {"terminated"})
    assert domains(keeper) == {FOREIGN: True}
    assert volumes(keeper) == set()
    assert keeper.lookupByName(FOREIGN).XMLDesc() == foreign
