"""Hosts join once, drain, leave; their URIs run no programs."""

import pytest

from app.api.resources import AddHost
from app.domain.errors import Conflict, InUse, Invalid, Missing
from app.domain.states import HostWanted
from app.services import clusters, hosts
from app.store.database import Database

NEW = AddHost(name="node1", uri="xen+ssh://root@node1/", cluster="one")


async def test_a_host_joins_behind_those_that_are_there(store: Database) -> None:
    added = await store.write(lambda unit: hosts.add(unit, NEW))
    assert (added.wanted, added.ordinal, added.rehearsal) == (HostWanted.ENABLED, 2, False)


async def test_the_same_host_again_changes_nothing(store: Database) -> None:
    first = await store.write(lambda unit: hosts.add(unit, NEW))
    cursor = await store.read(lambda unit: unit.cursor())
    assert await store.write(lambda unit: hosts.add(unit, NEW)) == first
    assert await store.read(lambda unit: unit.cursor()) == cursor


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (AddHost(name="node1", uri="xen+ssh://root@node2/", cluster="one"), "xen\\+ssh://root@node1/"),
        (AddHost(name="node2", uri="xen+ssh://root@node1/", cluster="one"), "node1"),
    ],
)
async def test_a_conflict_names_the_host_that_is_there(store: Database, other: AddHost, named: str) -> None:
    await store.write(lambda unit: hosts.add(unit, NEW))
    with pytest.raises(Conflict, match=named):
        await store.write(lambda unit: hosts.add(unit, other))


async def test_rehearsal_hosts_share_their_uri(store: Database) -> None:
    for name in ("r1", "r2"):
        asked = AddHost(name=name, uri="test:///rehearsal", cluster="one")
        added = await store.write(lambda unit, asked=asked: hosts.add(unit, asked))  # type: ignore[misc]
        assert added.rehearsal


async def test_a_cluster_must_be_there_first(store: Database) -> None:
    asked = AddHost(name="node1", uri="xen:///", cluster="elsewhere")
    with pytest.raises(Missing):
        await store.write(lambda unit: hosts.add(unit, asked))


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "node1",
        "http://node1/",
        "xen:/system",
        "xen+ext://node1/?command=/bin/sh",
        "xen+ssh://node1/?command=/bin/sh",
        "qemu+ssh://node1/system?netcat=/bin/sh",
        "qemu+ssh://node1:99999999/system",
        "xen+ssh://root:secret@node1/",
        "xen+ssh://-oProxyCommand=x/",
        "xen+ssh://root@-oProxyCommand=x/",
        "xen+ssh://node1/ x",
        "xen+ssh://node1/\n",
        "xen+ssh://[node1/",
        "test:///etc/shadow",
        "test+unix:///etc/shadow?socket=/run/libvirt/libvirt-sock",
    ],
)
def test_a_uri_that_is_none_or_runs_programs_is_refused(uri: str) -> None:
    with pytest.raises(Invalid) as refused:
        hosts.check_uri(uri)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "uri",
    [
        "xen:///",
        "xen+ssh://root@node1/",
        "qemu:///system",
        "qemu+tls://node1:16514/system",
        "qemu+tcp://127.0.0.1:16509/system",
        "test:///rehearsal?cores=4",
    ],
)
def test_the_uris_of_libvirt_are_taken(uri: str) -> None:
    assert hosts.check_uri(uri) == uri


async def test_draining_and_leaving_can_be_taken_back(store: Database) -> None:
    assert (await store.write(lambda unit: hosts.drain(unit, "host1"))).wanted is HostWanted.DRAINING
    assert (await store.write(lambda unit: hosts.undrain(unit, "host1"))).wanted is HostWanted.ENABLED
    assert (await store.write(lambda unit: hosts.remove(unit, "host1"))).wanted is HostWanted.REMOVED
    assert (await store.write(lambda unit: hosts.undrain(unit, "host1"))).wanted is HostWanted.ENABLED


async def test_only_a_host_that_was_to_leave_is_forgotten(store: Database) -> None:
    await store.write(lambda unit: hosts.forget(unit, "host1"))
    assert (await store.read(lambda unit: hosts.get(unit, "host1"))).name == "host1"
    await store.write(lambda unit: hosts.remove(unit, "host1"))
    await store.write(lambda unit: hosts.forget(unit, "host1"))
    with pytest.raises(Missing):
        await store.read(lambda unit: hosts.get(unit, "host1"))


async def test_a_cluster_with_hosts_stays(store: Database) -> None:
    with pytest.raises(InUse, match="host1"):
        await store.write(lambda unit: clusters.remove(unit, "one"))
    await store.write(lambda unit: clusters.add(unit, "two"))
    await store.write(lambda unit: clusters.add(unit, "two"))
    await store.write(lambda unit: clusters.remove(unit, "two"))
    assert [row.name for row in await store.read(lambda unit: unit.clusters.where())] == ["one"]
