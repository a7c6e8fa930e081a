"""Images, groups and tags: who may do what, and what hangs on what."""

from dataclasses import replace

import pytest

from app.domain.commands import RegisterImage, RunInstances
from app.domain.errors import Conflict, Forbidden, InUse, Invalid, Malformed, Missing, OverLimit, WrongState
from app.domain.group import SecurityGroup
from app.domain.image import ImageKind
from app.domain.ports import Unit
from app.services import groups, images, instances, tags
from app.store.database import Database
from tests.builders import THEIRS, CountingEntropy, a_caller, a_mapping, an_image

ANA, EVE, ADMIN = a_caller(), a_caller(account_id=THEIRS), a_caller(admin=True)
ROOT = RegisterImage(name="web", kind="machine", sha256="cd" * 32, size_bytes=512)


async def test_only_administrators_register_kernels_and_names_are_unique(
    store: Database, entropy: CountingEntropy
) -> None:
    kernel = replace(ROOT, name="vmlinuz", kind="kernel")
    with pytest.raises(Forbidden):
        await store.write(lambda unit: images.register(unit, ANA, kernel, entropy))
    eki = await store.write(lambda unit: images.register(unit, ADMIN, kernel, entropy))
    assert eki.id.startswith("eki-")
    emi = await store.write(lambda unit: images.register(unit, ANA, replace(ROOT, kernel_id=eki.id), entropy))
    assert emi.kernel_id == eki.id
    with pytest.raises(Conflict):
        await store.write(lambda unit: images.register(unit, ANA, ROOT, entropy))
    with pytest.raises(Invalid, match="x86_64"):
        await store.write(lambda unit: images.register(unit, ANA, replace(ROOT, architecture="vax"), entropy))
    with pytest.raises(Invalid, match="not a kernel"):
        await store.write(lambda unit: images.register(unit, ANA, replace(ROOT, name="x", kernel_id=emi.id), entropy))


async def test_a_private_image_does_not_exist_for_others_and_a_public_one_is_not_theirs_to_drop(
    store: Database, entropy: CountingEntropy
) -> None:
    hidden = await store.write(lambda unit: images.register(unit, ANA, replace(ROOT, public=False), entropy))
    for attempt in (images.deregister, lambda unit, who, name: images.usable(unit, who, name, ImageKind.MACHINE)):
        with pytest.raises(Missing):
            await store.write(lambda unit, attempt=attempt: attempt(unit, EVE, hidden.id))  # type: ignore[misc]
    assert hidden.id not in {i.id for i in await store.read(lambda unit: images.visible(unit, EVE))}
    with pytest.raises(Forbidden):
        await store.write(lambda unit: images.deregister(unit, EVE, an_image().id))
    await store.write(lambda unit: images.deregister(unit, ANA, an_image().id))
    with pytest.raises(WrongState, match="deregistered"):
        await store.read(lambda unit: images.usable(unit, ANA, an_image().id, ImageKind.MACHINE))


async def test_a_group_in_use_and_the_default_group_stay(store: Database, entropy: CountingEntropy) -> None:
    web = await store.write(lambda unit: groups.create(unit, ANA, "web", "front end", entropy))
    command = RunInstances(image_id=an_image().id, group_names=("web",))
    _, (mine,) = await store.write(lambda unit: instances.run(unit, ANA, command, entropy, a_mapping()))
    with pytest.raises(InUse, match=mine.id):
        await store.write(lambda unit: groups.delete(unit, ANA, web.id, ""))
    with pytest.raises(Conflict, match="default"):
        await store.write(lambda unit: groups.delete(unit, ANA, "", "default"))
    with pytest.raises(Conflict):
        await store.write(lambda unit: groups.create(unit, ANA, "web", "again", entropy))
    with pytest.raises(Invalid, match="like an id"):
        await store.write(lambda unit: groups.create(unit, ANA, "sg-web", "x", entropy))


async def test_an_account_has_so_many_groups_and_no_more(store: Database, entropy: CountingEntropy) -> None:
    def fill(unit: Unit) -> None:
        for number in range(groups.MOST_GROUPS - 1):
            facts = {"id": f"sg-{number:08x}", "account_id": ANA.account_id, "name": str(number), "description": "x"}
            unit.groups.add(SecurityGroup(**facts, created_at_ms=0))

    await store.write(fill)
    await store.write(lambda unit: groups.create(unit, ANA, "last", "x", entropy))
    with pytest.raises(OverLimit, match="security groups is 2500"):
        await store.write(lambda unit: groups.create(unit, ANA, "one more", "x", entropy))
    await store.write(lambda unit: groups.create(unit, EVE, "one more", "x", entropy))


async def test_tags_are_set_replaced_and_removed_all_or_none(store: Database, entropy: CountingEntropy) -> None:
    image = an_image().id
    await store.write(lambda unit: tags.set_on(unit, ANA, (image,), {"a": "1", "b": "2"}))
    await store.write(lambda unit: tags.set_on(unit, ANA, (image,), {"b": "3"}))
    with pytest.raises(Missing):
        await store.write(lambda unit: tags.set_on(unit, ANA, (image, "i-00000001"), {"c": "4"}))
    assert await store.read(lambda unit: tags.by_resource(unit, (image,))) == {image: {"a": "1", "b": "3"}}
    await store.write(lambda unit: tags.remove_from(unit, ANA, (image,), [("a", "other"), ("b", "3")]))
    assert await store.read(lambda unit: tags.by_resource(unit, (image,))) == {image: {"a": "1"}}
    await store.write(lambda unit: tags.remove_from(unit, ANA, (image,), []))
    assert await store.read(lambda unit: tags.by_resource(unit, (image,))) == {}


@pytest.mark.parametrize(
    ("named", "error"),
    [({"": "x"}, Invalid), ({"k" * 129: "x"}, Invalid), ({"k": "v" * 257}, Invalid), ({"AWS:x": "y"}, Invalid),
     ({str(n): "x" for n in range(51)}, OverLimit)],
)  # fmt: skip
async def test_tags_that_ec2_would_refuse_are_refused(
    store: Database, named: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await store.write(lambda unit: tags.set_on(unit, ANA, (an_image().id,), named))


async def test_what_is_no_id_can_not_be_tagged(store: Database) -> None:
    with pytest.raises(Malformed):
        await store.write(lambda unit: tags.set_on(unit, ANA, ("web server",), {"a": "b"}))


async def test_what_is_kept_for_the_record_only_takes_no_tags(store: Database) -> None:
    await store.write(lambda unit: images.deregister(unit, ANA, an_image().id))
    with pytest.raises(Missing):
        await store.write(lambda unit: tags.set_on(unit, ANA, (an_image().id,), {"a": "b"}))
