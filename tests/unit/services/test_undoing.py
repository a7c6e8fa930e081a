"""What can be put back after a change, and when it can not any more."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.api.resources import SetHost, SetType
from app.domain.account import Role
from app.domain.errors import Conflict, Forbidden, Missing
from app.domain.journal import Said
from app.domain.ports import Unit
from app.domain.states import Seen
from app.domain.volume import Volume
from app.services import attachments, hosts, instance_attributes, power, rulesets, tags, types, undoing
from app.services.inverses import Hand
from app.store.database import Database
from tests.builders import OURS, CountingEntropy, an_instance
from tests.unit.services.job_world import ADMIN, OPERATOR

ID = "i-00000001"


async def change(store: Database, action: str, about: str, work: Callable[[Unit], object]) -> int:
    """Change something as a REST request does; return the number of its audit entry."""

    def audited(unit: Unit) -> int:
        before = undoing.before(unit, action, [about])
        work(unit)
        number = unit.audit(Said(who="ana", source="", action=action, target=about, outcome="ok"))
        undoing.keep(unit, number, before)
        return number

    return await store.write(audited)


async def undo(store: Database, number: int) -> tuple[str, ...]:
    return (
        await store.write(lambda unit: undoing.undo(unit, Hand(caller=ADMIN, entropy=CountingEntropy()), number))
    ).changed


async def offered(store: Database, number: int) -> str:
    return (await store.read(lambda unit: undoing.offered(unit, [number]))).get(number, "")


async def named(store: Database) -> dict[str, str]:
    return (await store.read(lambda unit: tags.by_resource(unit, [ID]))).get(ID, {})


async def tag(store: Database, **given: str) -> int:
    return await change(store, "TagInstances", ID, lambda unit: tags.set_on(unit, OPERATOR, [ID], given))


@pytest.fixture
async def tagged(store: Database) -> Database:
    await store.write(lambda unit: unit.instances.add(an_instance(ID)))
    await store.write(lambda unit: tags.set_on(unit, OPERATOR, [ID], {"Name": "web", "owner": "ana"}))
    return store


async def test_a_drained_host_takes_instances_again(store: Database) -> None:
    number = await change(store, "DrainHost", "host1", lambda unit: hosts.drain(unit, "host1"))
    assert await offered(store, number) == "host1 wanted is enabled"
    assert await undo(store, number) == ("host1 wanted is enabled",)
    assert (await store.read(lambda unit: hosts.get(unit, "host1"))).wanted == "enabled"
    assert await offered(store, number) == ""


async def test_a_change_is_undone_once(store: Database) -> None:
    number = await change(store, "DrainHost", "host1", lambda unit: hosts.drain(unit, "host1"))
    await undo(store, number)
    with pytest.raises(Conflict, match="was undone already by ana"):
        await undo(store, number)


async def test_what_was_changed_since_is_left_as_it_is_and_named(store: Database) -> None:
    number = await change(store, "DrainHost", "host1", lambda unit: hosts.drain(unit, "host1"))
    await store.write(lambda unit: hosts.remove(unit, "host1"))
    with pytest.raises(Conflict, match="host1 wanted is removed now, and host1 wanted is draining after it"):
        await undo(store, number)
    assert (await store.read(lambda unit: hosts.get(unit, "host1"))).wanted == "removed"


async def test_tags_get_their_values_back_new_ones_go_and_others_stay(tagged: Database) -> None:
    number = await tag(tagged, Name="db", tier="two words")
    await tag(tagged, owner="leo")
    assert await undo(tagged, number) == (f"{ID} Name is web", f"{ID} tier is gone again")
    assert await named(tagged) == {"Name": "web", "owner": "leo"}


async def test_a_tag_that_was_taken_away_comes_back(tagged: Database) -> None:
    number = await change(
        tagged, "TagInstances", ID, lambda unit: tags.remove_from(unit, OPERATOR, [ID], [("owner", None)])
    )
    await undo(tagged, number)
    assert await named(tagged) == {"Name": "web", "owner": "ana"}


async def test_rules_go_back_to_what_decided_before(store: Database) -> None:
    number = await change(store, "ApplyRuleset", "GREEDY", lambda unit: rulesets.activate(unit, "GREEDY", "ana"))
    await undo(store, number)
    assert await store.read(rulesets.active_id) == "ROUNDROBIN"


@pytest.mark.parametrize("asked", [SetType(cores=2, memory_mib=512, disk_gb=9), SetType(alias_of="m1.large")])
async def test_a_type_gets_its_size_back_and_a_new_one_goes(store: Database, asked: SetType) -> None:
    def rows(unit: Unit) -> list[object]:
        return list(unit.vmtypes.where())

    before = await store.read(rows)
    number = await change(store, "SetType", "m9.odd", lambda unit: types.set_type(unit, "m9.odd", asked))
    await undo(store, number)
    assert await store.read(rows) == before


async def test_a_type_that_was_removed_comes_back(store: Database) -> None:
    asked = SetType(cores=2, memory_mib=512, disk_gb=9)
    await store.write(lambda unit: types.set_type(unit, "m9.odd", asked))
    number = await change(store, "RemoveType", "m9.odd", lambda unit: types.remove(unit, "m9.odd"))
    await undo(store, number)
    back = await store.read(lambda unit: unit.vmtypes.get("m9.odd"))
    assert back is not None and (back.cores, back.memory_mib, back.disk_gb) == (2, 512, 9)


async def test_what_rules_read_of_a_host_is_described_as_before(store: Database) -> None:
    asked = SetHost(rack="r7", tags=["gpu", "lab"], cpu_ratio=2.0, mips=900.0)
    first = await change(store, "SetHost", "host1", lambda unit: hosts.change(unit, "host1", asked))
    second = await change(store, "SetHost", "host1", lambda unit: hosts.change(unit, "host1", SetHost(tags=[])))
    await undo(store, second)
    assert (await store.read(lambda unit: hosts.get(unit, "host1"))).tags == ("gpu", "lab")
    await undo(store, first)
    host = await store.read(lambda unit: hosts.get(unit, "host1"))
    assert (host.rack, host.tags, host.cpu_ratio, host.mips) == ("", (), 1.0, 0.0)


async def test_a_host_that_was_put_to_sleep_is_to_be_on_again(store: Database) -> None:
    number = await change(store, "SleepHost", "host1", lambda unit: power.sleep(unit, "host1", "asked"))
    await undo(store, number)
    assert (await store.read(lambda unit: hosts.get(unit, "host1"))).power_wanted == "on"


async def test_what_has_no_inverse_or_changed_nothing_can_not_be_undone(store: Database) -> None:
    ended = await change(store, "TerminateInstances", ID, lambda unit: None)
    nothing = await change(store, "UndrainHost", "host1", lambda unit: hosts.undrain(unit, "host1"))
    for number in (ended, nothing, 99):
        with pytest.raises(Missing, match="change that could be undone"):
            await undo(store, number)


async def test_who_may_not_do_it_may_not_undo_it(store: Database) -> None:
    number = await change(store, "SetHost", "host1", lambda unit: hosts.change(unit, "host1", SetHost(rack="r7")))
    with pytest.raises(Forbidden, match=f"needs the role {Role.ADMIN}"):
        await store.write(lambda unit: undoing.undo(unit, Hand(caller=OPERATOR, entropy=CountingEntropy()), number))


async def test_protection_is_taken_back(tagged: Database) -> None:
    number = await change(
        tagged,
        "ProtectInstances",
        ID,
        lambda unit: instance_attributes.modify(unit, OPERATOR, ID, "disableApiTermination", True),
    )
    assert await undo(tagged, number) == (f"{ID} disableApiTermination is off",)


async def test_a_volume_that_was_taken_off_hangs_on_its_instance_again(store: Database) -> None:
    def hung(unit: Unit) -> None:
        unit.instances.add(an_instance(ID, seen=Seen.RUNNING, launched=1))
        unit.volumes.add(
            Volume(
                id="vol-00000001",
                account_id=OURS,
                cluster="one",
                size_gib=1,
                rehearsed=True,
                instance_id=ID,
                device="/dev/sdf",
                attaches=1,
                attached=1,
                seen_gib=1,
                created_at_ms=0,
            )
        )

    def let_go(unit: Unit) -> None:
        volume = unit.volumes.get("vol-00000001")
        assert volume is not None
        unit.volumes.put(replace(volume, instance_id="", device="", detach=False))

    await store.write(hung)
    detachment = attachments.Detachment(volume_id="vol-00000001")
    number = await change(
        store, "DetachVolume", "vol-00000001", lambda unit: attachments.detach(unit, OPERATOR, detachment)
    )
    await store.write(let_go)
    assert await undo(store, number) == (f"vol-00000001 attachment is {ID} /dev/sdf",)
