"""Images over time: deprecation, protection and its cooldown, limits, and whose bytes they are."""

from dataclasses import replace

import pytest

from app.domain.commands import CopyImage, CreateImage, RegisterImage, RunInstances
from app.domain.errors import Forbidden, Invalid, Missing, Unsupported, WrongState
from app.domain.image import Image
from app.domain.instance import Instance
from app.domain.states import ImageState, Seen
from app.services import captures, image_attributes, image_keeping, images, instances, moves
from app.services.image_attributes import Launchers
from app.services.mapping import Mapping
from app.store.database import Database
from tests.builders import THEIRS, CountingEntropy, FrozenClock, a_caller, an_image

ANA, EVE = a_caller(), a_caller(account_id=THEIRS)
DAY_MS = image_keeping.DAY_MS
NOBODY = Launchers()


async def change(store: Database, **fields: object) -> None:
    def work(unit: object) -> None:
        unit.images.put(replace(an_image(), **fields))  # type: ignore[attr-defined, arg-type]

    await store.write(work)


async def test_an_image_is_deprecated_from_its_minute_on(store: Database, clock: FrozenClock) -> None:
    at_ms = clock.at_ms + 29_000
    await store.write(lambda unit: image_keeping.deprecate(unit, ANA, an_image().id, at_ms))
    image = await store.read(lambda unit: images.find(unit, EVE, an_image().id))
    assert image.deprecated_at_ms % 60_000 == 0
    assert not image.deprecated(image.deprecated_at_ms - 1)
    assert image.deprecated(image.deprecated_at_ms)
    for bad in (clock.at_ms - 1, clock.at_ms + 731 * DAY_MS):
        with pytest.raises(Invalid, match="future"):
            await store.write(lambda unit, bad=bad: image_keeping.deprecate(unit, ANA, an_image().id, bad))  # type: ignore[misc]
    await store.write(lambda unit: image_keeping.undeprecate(unit, ANA, an_image().id))
    assert not (await store.read(lambda unit: images.find(unit, EVE, an_image().id))).deprecated(2**60)


async def test_a_protection_with_a_cooldown_lasts_a_day_after_it_was_disabled(
    store: Database, clock: FrozenClock
) -> None:
    image_id = an_image().id
    await store.write(lambda unit: image_keeping.protect(unit, ANA, image_id, with_cooldown=True))
    with pytest.raises(WrongState):
        await store.write(lambda unit: images.deregister(unit, ANA, image_id))
    await store.write(lambda unit: image_keeping.unprotect(unit, ANA, image_id))
    clock.at_ms += DAY_MS - 1
    for _ in range(2):  # disabling once more, or in the other way, does not shorten it
        with pytest.raises(WrongState):
            await store.write(lambda unit: images.deregister(unit, ANA, image_id))
        await store.write(lambda unit: image_keeping.protect(unit, ANA, image_id, with_cooldown=False))
        await store.write(lambda unit: image_keeping.unprotect(unit, ANA, image_id))
    clock.at_ms += 1
    await store.write(lambda unit: images.deregister(unit, ANA, image_id))


async def test_launchers_are_accounts_and_may_go_whoever_they_were(store: Database) -> None:
    unknown = Launchers(account_ids=("999999999999",))
    with pytest.raises(Invalid, match="no such account"):
        await store.write(lambda unit: image_attributes.share(unit, ANA, an_image().id, unknown, NOBODY))
    await change(store, granted_to=("once an account", THEIRS))
    gone = Launchers(account_ids=("once an account", "nobody"))
    image = await store.write(lambda unit: image_attributes.share(unit, ANA, an_image().id, NOBODY, gone))
    assert image.granted_to == (THEIRS,)


async def test_bytes_of_a_private_image_are_its_account_s(store: Database, entropy: CountingEntropy) -> None:
    await change(store, public=False, granted_to=(THEIRS,))
    with pytest.raises(Missing):
        await store.read(lambda unit: images.readable(unit, EVE, an_image().sha256))
    await store.read(lambda unit: images.readable(unit, ANA, an_image().sha256))
    await store.read(lambda unit: images.readable(unit, EVE, "cd" * 32))
    copied = CopyImage(source_image_id=an_image().id, source_region="here", name="mine")
    with pytest.raises(Forbidden, match="storage"):
        await store.write(lambda unit: images.copy(unit, EVE, copied, entropy))
    await change(store, public=True)
    image: Image = await store.write(lambda unit: images.copy(unit, EVE, copied, entropy))
    assert (image.account_id, image.sha256, image.public) == (THEIRS, an_image().sha256, False)


async def test_a_name_is_one_image_s_even_while_that_is_disabled(store: Database, entropy: CountingEntropy) -> None:
    named = RegisterImage(name=an_image().name, kind="machine", sha256="cd" * 32, size_bytes=512)
    await store.write(lambda unit: image_keeping.disable(unit, ANA, an_image().id))
    with pytest.raises(Exception, match="already exists"):
        await store.write(lambda unit: images.register(unit, ANA, named, entropy))


async def test_an_instance_rests_until_no_image_waits_for_its_disk(
    store: Database, entropy: CountingEntropy, mapping: Mapping
) -> None:
    asked = RunInstances(image_id=an_image().id)
    _, [row] = await store.write(lambda unit: instances.run(unit, ANA, asked, entropy, mapping))
    with pytest.raises(WrongState, match="pending"):
        await store.write(lambda unit: captures.begin(unit, ANA, row, CreateImage(name="x"), entropy))
    runs = replace(row, seen=Seen.RUNNING, launched=1)
    await store.write(lambda unit: unit.instances.put(runs), writer="reconcile")
    with pytest.raises(Unsupported, match="NoReboot"):
        await store.write(lambda unit: captures.begin(unit, ANA, runs, CreateImage(name="x", reboot=False), entropy))
    first, second = [
        await store.write(lambda unit, name=name: captures.begin(unit, ANA, runs, CreateImage(name=name), entropy))  # type: ignore[misc]
        for name in ("one", "two")
    ]

    async def now() -> Instance:
        return await store.read(lambda unit: instances.get(unit, row.id))

    assert (await now()).resting
    assert (await now()).held == row.size, "its room is kept"
    with pytest.raises(WrongState, match="stays"):
        await store.write(lambda unit: moves.begin(unit, row.id, "host1", "for a test"))
    await store.write(lambda unit: images.deregister(unit, ANA, first.id))
    assert (await now()).resting
    await store.write(lambda unit: captures.done(unit, second.id, "ab" * 32, 512))
    assert not (await now()).resting
    assert (await store.read(lambda unit: images.find(unit, ANA, second.id))).state is ImageState.AVAILABLE
