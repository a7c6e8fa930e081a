"""A client token makes one thing of many requests, for as long as the thing is there."""

import asyncio
from dataclasses import replace

import pytest

from app.domain.errors import Invalid, Mismatch
from app.domain.group import SecurityGroup
from app.domain.ports import Unit
from app.services import groups
from app.services.client_tokens import Promise, check, once
from app.store.database import Database
from tests.builders import THEIRS, CountingEntropy, a_caller

ANA, EVE = a_caller(), a_caller(account_id=THEIRS)
ASKED = Promise(operation="CreateSecurityGroup", token="t-1", sha256="same")


def make(unit: Unit, entropy: CountingEntropy, name: str = "", asked: Promise = ASKED) -> SecurityGroup:
    caller = EVE if name == "of-eve" else ANA

    def anew() -> SecurityGroup:
        return groups.create(unit, caller, name or entropy(4).hex(), "d", entropy)

    return once(unit, caller, asked, unit.groups, anew)


async def test_the_same_request_again_gives_the_same_thing(store: Database, entropy: CountingEntropy) -> None:
    made = await asyncio.gather(*(store.write(lambda unit: make(unit, entropy)) for _ in range(8)))
    assert len({group.id for group in made}) == 1
    assert await store.read(lambda unit: len(unit.groups.where())) == 1


async def test_without_a_token_each_request_makes_a_thing(store: Database, entropy: CountingEntropy) -> None:
    asked = replace(ASKED, token="")
    made = [await store.write(lambda unit: make(unit, entropy, asked=asked)) for _ in range(2)]
    assert made[0] != made[1]


async def test_a_token_with_another_request_is_refused(store: Database, entropy: CountingEntropy) -> None:
    await store.write(lambda unit: make(unit, entropy))
    with pytest.raises(Mismatch):
        await store.write(lambda unit: make(unit, entropy, asked=replace(ASKED, sha256="other")))


async def test_a_token_counts_in_its_account_and_for_its_operation(store: Database, entropy: CountingEntropy) -> None:
    made = [
        await store.write(lambda unit: make(unit, entropy)),
        await store.write(lambda unit: make(unit, entropy, "of-eve")),
        await store.write(lambda unit: make(unit, entropy, asked=replace(ASKED, operation="CopyImage"))),
    ]
    assert len({group.id for group in made}) == 3


async def test_a_token_is_free_again_once_its_thing_is_gone(store: Database, entropy: CountingEntropy) -> None:
    first = await store.write(lambda unit: make(unit, entropy))
    await store.write(lambda unit: groups.delete(unit, ANA, first.id, ""))
    assert not await store.read(lambda unit: unit.client_tokens.where())
    assert await store.write(lambda unit: make(unit, entropy, asked=replace(ASKED, sha256="other"))) != first


@pytest.mark.parametrize("token", ["é", "x" * 65, "a\nb"])
def test_a_token_has_64_printable_characters(token: str) -> None:
    with pytest.raises(Invalid, match="ClientToken"):
        check(token)
