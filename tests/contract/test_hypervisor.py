"""The contract of the Hypervisor and Hypervisors ports, on every implementation."""

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors import Broken, Invalid, Lost, Missing
from app.domain.ports import NOT_SUPPORTED, Disk, EventKind, Hypervisor, Nic
from app.domain.states import Seen
from app.reconcile.actions import Start, Undefine
from app.reconcile.diff import Observed
from app.reconcile.limits import Limits
from app.reconcile.memory import Memory
from app.reconcile.moving import Both, move
from app.xen.metadata import parsed
from tests.builders import an_instance
from tests.contract.arenas import HOST, Arena, Ears, a_domain, a_file, moved, until

pytestmark = pytest.mark.contract

ID = "i-0000abcd"
ODD = {"name": "<é]]>&\"'\x00\ud800 \n", "": "empty name", "<b>": "日本語 \U0001f600"}
GIB = 2**30


async def state(arena: Arena, instance_id: str = ID) -> Seen:
    domain = await arena.host.domain(instance_id)
    return Seen.NOTHING if domain is None else domain.state


async def test_a_host_tells_what_it_is_and_has(arena: Arena) -> None:
    facts = await arena.host.facts()
    assert facts.hypervisor
    assert facts.architecture
    assert min(facts.capacity.cores, facts.capacity.memory_mib, facts.capacity.disk_gb) > 0


async def test_an_unknown_domain_is_none_and_can_be_removed_again(arena: Arena) -> None:
    assert await arena.host.domain(ID) is None
    assert await arena.host.shutdown(ID) is None
    assert await arena.host.reboot(ID) is None
    await arena.host.reset(ID)
    await arena.host.destroy(ID)
    await arena.host.undefine(ID)
    assert await arena.host.domains() == []


async def test_starting_what_is_not_defined_is_refused(arena: Arena) -> None:
    with pytest.raises(Broken):
        await arena.host.start(ID)


async def test_every_step_of_a_life_may_be_repeated(arena: Arena) -> None:
    host = arena.host
    for _ in range(2):
        await host.define(a_domain(ID))
        assert await state(arena) is Seen.OFF
    for _ in range(2):
        await host.start(ID)
        assert await state(arena) is Seen.RUNNING
    await host.define(a_domain(ID, launch=2))
    assert await state(arena) is Seen.RUNNING
    for _ in range(2):
        await host.destroy(ID)
        assert await state(arena) is Seen.OFF
    for _ in range(2):
        await host.undefine(ID)
        assert await state(arena) is Seen.NOTHING


async def test_a_domain_keeps_its_launch_and_recovery_facts(arena: Arena) -> None:
    await arena.host.define(a_domain(ID, launch=3, recovery=ODD))
    [seen] = await arena.host.domains()
    assert (seen.instance_id, seen.launch, dict(seen.recovery)) == (ID, 3, ODD)
    assert await arena.host.domain(ID) == seen


async def test_a_domain_defined_again_while_off_starts_with_the_new_launch(arena: Arena) -> None:
    await arena.host.define(a_domain(ID, launch=1))
    await arena.host.start(ID)
    await arena.host.destroy(ID)
    await arena.host.define(a_domain(ID, launch=2))
    await arena.host.start(ID)
    [seen] = await arena.host.domains()
    assert (seen.state, seen.launch) == (Seen.RUNNING, 2)


async def test_removing_a_running_domain_cuts_its_power(arena: Arena) -> None:
    await arena.host.define(a_domain(ID))
    await arena.host.start(ID)
    await arena.host.undefine(ID)
    assert await arena.host.domains() == []


async def test_a_guest_asked_to_restart_or_reset_goes_on_running(arena: Arena) -> None:
    await arena.host.define(a_domain(ID))
    await arena.host.start(ID)
    await arena.host.reset(ID)
    assert await state(arena) is Seen.RUNNING
    assert await arena.host.reboot(ID) in (None, NOT_SUPPORTED)
    assert await state(arena) is Seen.RUNNING


async def test_asking_a_guest_to_power_off_returns_whatever_it_does(arena: Arena) -> None:
    await arena.host.define(a_domain(ID))
    await arena.host.start(ID)
    assert await arena.host.shutdown(ID) in (None, NOT_SUPPORTED)
    assert await state(arena) in (Seen.RUNNING, Seen.OFF)  # a guest without software ignores it


async def test_a_console_is_bytes_of_at_most_64_kib(arena: Arena) -> None:
    await arena.host.define(a_domain(ID))
    await arena.host.start(ID)
    console = await arena.host.console(ID)
    assert isinstance(console, bytes)
    assert len(console) <= 64 * 1024
    assert await arena.host.console("i-00000000") == b""


async def test_a_domain_is_described_as_it_is_now_and_what_is_not_there_by_nothing(arena: Arena) -> None:
    if await arena.host.described(ID) is NOT_SUPPORTED:
        return
    assert await arena.host.described(ID) == ""
    await arena.host.define(a_domain(ID, recovery=ODD))
    await arena.host.start(ID)
    described = await arena.host.described(ID)
    assert isinstance(described, str)
    top = parsed(described)
    assert (top.tag, top.findtext("name")) == ("domain", ID)
    assert top.get("id"), "of a domain that runs, not only of its definition"


async def test_a_domain_takes_disks_and_network_cards(arena: Arena) -> None:
    await arena.host.create_volume("root.qcow2", GIB, "qcow2")
    await arena.host.create_volume("swap.raw", GIB, "raw")
    disks = (
        Disk(volume="root.qcow2", target="sda1", format="qcow2", serial="root"),
        Disk(volume="swap.raw", target="sda3", format="raw"),
    )
    await arena.host.define(a_domain(ID, disks=disks, nics=(Nic(mac="d0:0d:00:00:ab:cd", bridge=""),)))
    await arena.host.start(ID)
    assert await state(arena) is Seen.RUNNING


async def test_volumes_are_made_once_listed_and_deleted(arena: Arena) -> None:
    for size in (GIB, 2 * GIB):
        await arena.host.create_volume("one.raw", size, "raw")
    await arena.host.create_volume("two.qcow2", GIB, "qcow2")
    assert [(volume.name, volume.capacity_bytes) for volume in await arena.host.volumes()] == [
        ("one.raw", GIB),
        ("two.qcow2", GIB),
    ]
    for _ in range(2):
        await arena.host.delete_volume("one.raw")
    assert [volume.name for volume in await arena.host.volumes()] == ["two.qcow2"]


async def test_more_thin_volumes_fit_than_the_pool_is_large(arena: Arena) -> None:
    for number in range(12):
        await arena.host.create_volume(f"{number}.qcow2", 1000 * GIB, "qcow2")
    assert len(await arena.host.volumes()) == 12


async def test_an_overlay_needs_what_it_lies_over(arena: Arena) -> None:
    with pytest.raises(Broken):
        await arena.host.create_volume("over.qcow2", GIB, "qcow2", "absent.raw")
    await arena.host.create_volume("under.raw", GIB, "raw")
    await arena.host.create_volume("over.qcow2", GIB, "qcow2", "under.raw")
    assert [volume.name for volume in await arena.host.volumes()] == ["over.qcow2", "under.raw"]


async def test_a_volume_that_is_marked_is_not_whole_until_it_was_uploaded_anew(arena: Arena, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4096
    source, digest = a_file(tmp_path, content), hashlib.sha256(content).hexdigest()
    await arena.host.create_volume("base.raw", len(content), "raw")
    await arena.host.create_volume("base.raw.partial", 0, "raw")
    assert [volume.name for volume in await arena.host.volumes()] == ["base.raw.partial"]
    with pytest.raises(Broken):
        await arena.host.create_volume("over.qcow2", GIB, "qcow2", "base.raw")
    if await arena.host.upload("base.raw", source, digest) is None:
        assert [volume.name for volume in await arena.host.volumes()] == ["base.raw"]
    await arena.host.delete_volume("base.raw")
    assert await arena.host.volumes() == []


@pytest.mark.parametrize("name", ["", "../escape", "/etc/passwd", ".hidden", "new\nline"])
async def test_a_volume_name_can_not_leave_the_pool(arena: Arena, name: str) -> None:
    with pytest.raises(Invalid):
        await arena.host.create_volume(name, GIB, "raw")
    with pytest.raises(Invalid):
        await arena.host.delete_volume(name)


async def test_an_uploaded_file_is_there_whole_and_only_once(arena: Arena, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4096
    source, digest = a_file(tmp_path, content), hashlib.sha256(content).hexdigest()
    answers = await asyncio.gather(*(arena.host.upload("base.raw", source, digest) for _ in range(3)))
    if not arena.uploads:
        assert set(answers) == {NOT_SUPPORTED}
        return
    assert set(answers) == {None}
    assert [(volume.name, volume.capacity_bytes) for volume in await arena.host.volumes()] == [
        ("base.raw", len(content))
    ]


async def test_a_file_with_another_digest_is_refused_and_nothing_is_left(arena: Arena, tmp_path: Path) -> None:
    if not arena.uploads:
        return
    with pytest.raises(Broken):
        await arena.host.upload("base.raw", a_file(tmp_path, b"not what was said"), "0" * 64)
    assert await arena.host.volumes() == []


async def test_a_volume_comes_back_as_a_guest_sees_it(arena: Arena, tmp_path: Path) -> None:
    content, back = bytes(range(256)) * 8192, tmp_path / "back"
    source, digest = a_file(tmp_path, content), hashlib.sha256(content).hexdigest()
    if await arena.host.upload("base.raw", source, digest) is NOT_SUPPORTED:
        assert await arena.host.download("base.raw", back) is NOT_SUPPORTED
        return
    await arena.host.create_volume("over.qcow2", 2 * len(content), "qcow2", "base.raw")
    for name, seen in (("base.raw", content), ("over.qcow2", content.ljust(2 * len(content), b"\0"))):
        for _ in range(2):
            assert await arena.host.download(name, back) is None
            assert back.read_bytes() == seen
    assert [volume.name for volume in await arena.host.volumes()] == ["base.raw", "over.qcow2"]
    with pytest.raises(Broken):
        await arena.host.download("absent.raw", back)
    with pytest.raises(Broken):
        await arena.host.download("base.raw", tmp_path / "no" / "folder")


async def test_domains_of_others_are_counted_and_not_touched(arena: Arena) -> None:
    before = (await arena.host.facts()).foreign
    arena.add_foreign("somebody-elses", 1, 64)
    await arena.host.define(a_domain(ID))
    await arena.host.start(ID)
    assert [domain.instance_id for domain in await arena.host.domains()] == [ID]
    held = (await arena.host.facts()).foreign - before
    assert (held.cores, held.memory_mib) == (1, 64)
    assert await arena.host.domain("somebody-elses") is None
    assert arena.foreign() == {"somebody-elses": True}


async def test_a_foreign_domain_under_an_instance_name_is_left_alone(arena: Arena) -> None:
    arena.add_foreign(ID, 1, 64)
    with pytest.raises(Broken):
        await arena.host.define(a_domain(ID))
    with pytest.raises(Broken):
        await arena.host.start(ID)
    assert await arena.host.domains() == []
    assert arena.foreign() == {ID: True}


async def test_changes_of_our_domains_are_told(arena: Arena) -> None:
    await arena.host.define(a_domain(ID))
    await until(lambda: arena.ears.count(EventKind.DOMAIN, ID) >= 1)
    so_far = arena.ears.count(EventKind.DOMAIN, ID)
    await arena.host.start(ID)
    await until(lambda: arena.ears.count(EventKind.DOMAIN, ID) > so_far)
    assert arena.ears.count(EventKind.UP) == 1


async def test_joining_again_changes_nothing_and_a_left_host_is_missing(arena: Arena) -> None:
    host = arena.host
    arena.hosts.join(HOST, arena.uri, arena.ears, [])
    assert arena.host is host
    await host.facts()
    other = Ears()
    arena.hosts.join("h2", "test:///rehearsal", other, [])
    await arena.hosts.host("h2").facts()
    await arena.hosts.leave("h2")
    await arena.hosts.leave("h2")
    with pytest.raises(Missing):
        arena.hosts.host("h2")


async def test_a_host_that_has_left_answers_nobody(arena: Arena) -> None:
    arena.hosts.join("h2", "test:///rehearsal", Ears(), [])
    host = arena.hosts.host("h2")
    await arena.hosts.leave("h2")
    with pytest.raises(Lost):
        await host.facts()


async def a_running_one(arena: Arena) -> Hypervisor:
    """Start a domain, and join a second host for it to go to."""
    await arena.host.define(a_domain(ID, launch=3, recovery=ODD))
    await arena.host.start(ID)
    return arena.join_another()


async def test_a_running_domain_moves_with_what_it_carries_and_leaves_nothing(arena: Arena) -> None:
    other = await a_running_one(arena)
    before = await arena.host.domain(ID)
    assert before is not None
    for _ in range(2):
        answer = await moved(arena.host, ID, other)
        if not arena.moves:
            assert (answer, await state(arena), await other.domain(ID)) == (NOT_SUPPORTED, Seen.RUNNING, None)
            return
        there = await other.domain(ID)
        assert there is not None
        assert (there.state, there.launch, there.recovery) == (Seen.RUNNING, 3, before.recovery)
        assert await arena.host.domain(ID) is None
    await other.undefine(ID)


async def test_a_domain_that_moved_can_move_back(arena: Arena) -> None:
    other = await a_running_one(arena)
    if arena.moves:
        await moved(arena.host, ID, other)
        await moved(other, ID, arena.host)
        assert (await state(arena), await other.domain(ID)) == (Seen.RUNNING, None)


async def test_what_does_not_run_does_not_move(arena: Arena) -> None:
    other = arena.join_another()
    if not arena.moves:
        return
    with pytest.raises(Broken):
        await moved(arena.host, ID, other)
    await arena.host.define(a_domain(ID))
    with pytest.raises(Broken):
        await moved(arena.host, ID, other)
    assert (await state(arena), await other.domain(ID)) == (Seen.OFF, None)


async def test_what_an_earlier_move_left_defined_there_is_no_obstacle(arena: Arena) -> None:
    other = await a_running_one(arena)
    if arena.moves:
        await other.define(a_domain(ID))
        await moved(arena.host, ID, other)
        there = await other.domain(ID)
        assert there is not None
        assert (there.state, there.launch, await state(arena)) == (Seen.RUNNING, 3, Seen.NOTHING)


async def test_a_domain_does_not_move_to_the_host_it_is_on_nor_to_one_of_another_kind(arena: Arena) -> None:
    await a_running_one(arena)
    arena.hosts.join("h3", "test:///rehearsal" if arena.uploads else "scripted:///h3?socket=/nowhere", Ears(), [])
    for target in (arena.host, arena.hosts.host("h3")):
        with suppress(Broken):
            assert await moved(arena.host, ID, target) is NOT_SUPPORTED
        assert await state(arena) is Seen.RUNNING


async def test_a_domain_tells_whether_its_power_was_cut_or_never_on(arena: Arena) -> None:
    """What the loop goes by when a move of several steps was cut short between two of them."""
    other = await a_running_one(arena)
    await arena.host.destroy(ID)
    await other.define(a_domain(ID))
    here, there = await arena.host.domain(ID), await other.domain(ID)
    moving = an_instance(ID, seen=Seen.RUNNING, launched=1, moving_from="h1")
    both = Both(source=Observed(domain=here, volumes=frozenset()), target=Observed(domain=there, volumes=frozenset()))
    assert move(moving, both, Memory(), Limits(), 0.0) == [Start()]
    await other.start(ID)
    await other.destroy(ID)
    both = replace(both, target=Observed(domain=await other.domain(ID), volumes=frozenset()))
    assert move(moving, both, Memory(), Limits(), 0.0) == [Undefine()], "nobody knows whether it lived there"


async def test_load_names_exactly_the_running_domains_of_ours(arena: Arena) -> None:
    arena.add_foreign("stranger", cores=1, memory_mib=64)
    await arena.host.define(a_domain(ID))
    await arena.host.define(a_domain("i-0000dead"))
    await arena.host.start(ID)
    load = await arena.host.load()
    assert load.domains.keys() == {ID}
    await arena.host.destroy(ID)
    assert not (await arena.host.load()).domains


async def test_counters_never_go_back_while_a_domain_runs(arena: Arena) -> None:
    await arena.host.define(a_domain(ID))
    await arena.host.start(ID)
    before, after = await arena.host.load(), await arena.host.load()
    assert (before.busy_ns is None) == (after.busy_ns is None)
    assert (before.busy_ns or 0) <= (after.busy_ns or 0)
    for earlier, later in zip(before.domains[ID][:-1], after.domains[ID][:-1], strict=True):
        assert (earlier is None) == (later is None)
    assert (before.domains[ID].cpu_ns or 0) <= (after.domains[ID].cpu_ns or 0)
