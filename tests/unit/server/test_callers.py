"""Who signed a moment ago is remembered, but never beyond the change that shuts them out."""

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.account import AccessKey, User
from app.domain.ports import Unit
from app.server.callers import Callers
from app.services import accounts
from app.store.database import Database
from tests.builders import CountingEntropy, FrozenClock


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as database:
        yield database


@pytest.fixture
async def made(store: Database) -> accounts.Secrets:
    def work(unit: Unit) -> accounts.Secrets:
        entropy = CountingEntropy()
        accounts.create_account(unit, "physics", entropy)
        return accounts.issue(unit, accounts.create_user(unit, "physics", "ada", entropy), entropy, None)

    return await store.write(work)


def _remove_key(unit: Unit, made: accounts.Secrets) -> None:
    accounts.remove_access_key(unit, made.access_key_id)


def _disable_user(unit: Unit, made: accounts.Secrets) -> None:
    accounts.switch_user(unit, accounts.find_user(unit, "physics", "ada").id, enabled=False)


def _disable_account(unit: Unit, made: accounts.Secrets) -> None:
    accounts.switch_account(unit, "physics", enabled=False)


@pytest.mark.parametrize("shut_out", [_remove_key, _disable_user, _disable_account])
async def test_who_is_shut_out_is_out_with_the_answer_to_it(
    store: Database, made: accounts.Secrets, shut_out: Callable[[Unit, accounts.Secrets], None]
) -> None:
    callers = Callers(store, os.urandom)
    callers.find(made.access_key_id)
    assert callers.find(made.access_key_id) is not None
    await store.write(lambda unit: shut_out(unit, made))
    assert callers.find(made.access_key_id) is None


async def test_a_secret_that_was_replaced_counts_no_more(store: Database, made: accounts.Secrets) -> None:
    callers = Callers(store, os.urandom)
    callers.find(made.access_key_id)

    def replace_it(unit: Unit) -> None:
        key = unit.access_keys.get(made.access_key_id)
        assert key is not None
        unit.access_keys.put(replace(key, secret_key="another"))

    await store.write(replace_it)
    found = callers.find(made.access_key_id)
    assert found is not None
    assert found[1] == "another"


async def test_the_version_grows_with_changes_of_its_kinds_only(store: Database, made: accounts.Secrets) -> None:
    keys, users = store.version(AccessKey), store.version(User)
    await store.write(lambda unit: accounts.remove_access_key(unit, made.access_key_id))
    assert (store.version(AccessKey) > keys, store.version(User)) == (True, users)
    assert store.version(AccessKey, User) == store.version(AccessKey) + users
