"""Who gets in: secrets are shown once, disabled means out at once, nobody locks the cloud."""

import re

import pytest

from app.domain.account import Role
from app.domain.errors import CloudError, Conflict, Forbidden, Invalid, Missing
from app.domain.ports import Unit
from app.services import accounts, tokens
from app.store.database import Database
from tests.builders import CountingEntropy


@pytest.fixture
async def first(store: Database, entropy: CountingEntropy) -> accounts.Secrets:
    made = await store.write(lambda unit: accounts.first_start(unit, entropy))
    assert made is not None
    return made


async def test_the_first_start_makes_an_administrator_once(
    store: Database, first: accounts.Secrets, entropy: CountingEntropy
) -> None:
    assert re.fullmatch(r"\d{12}", first.account_id)
    assert re.fullmatch(r"AKIA[A-Z0-9]{16}", first.access_key_id)
    assert len(first.secret_key) == 40
    assert await store.write(lambda unit: accounts.first_start(unit, entropy)) is None
    caller = await store.read(lambda unit: accounts.by_token(unit, first.token))
    assert caller is not None
    assert (caller.account_id, caller.user_name, caller.role) == (first.account_id, "admin", Role.ADMIN)


async def test_secrets_are_neither_shown_nor_journalled(store: Database, first: accounts.Secrets) -> None:
    entries = await store.read(lambda unit: unit.entries(0, 1000))
    for text in (repr(first), repr(entries)):
        assert first.secret_key not in text
        assert first.token not in text


async def test_of_a_token_only_the_digest_is_kept(store: Database, first: accounts.Secrets) -> None:
    rows = await store.read(lambda unit: unit.tokens.where())
    assert [len(row.sha256) for row in rows] == [64]
    assert first.token not in {row.sha256 for row in rows}


async def test_an_access_key_leads_to_its_user_and_secret(store: Database, first: accounts.Secrets) -> None:
    found = await store.read(lambda unit: accounts.by_access_key(unit, first.access_key_id))
    assert found is not None
    caller, secret = found
    assert (caller.user_name, caller.admin, caller.role, secret) == ("admin", True, None, first.secret_key)


@pytest.mark.parametrize("what", ["user", "account", "token", "key"])
async def test_what_is_disabled_does_not_get_in(store: Database, entropy: CountingEntropy, what: str) -> None:
    def work(unit: Unit) -> accounts.Secrets:
        accounts.create_account(unit, "physics", entropy)
        user = accounts.create_user(unit, "physics", "ada", entropy)
        made = accounts.issue(unit, user, entropy, Role.VIEWER)
        assert accounts.by_token(unit, made.token) is not None
        match what:
            case "user":
                accounts.switch_user(unit, user.id, enabled=False)
            case "account":
                accounts.switch_account(unit, "physics", enabled=False)
            case "token":
                tokens.revoke(unit, unit.tokens.where(user_id=user.id)[0].id)
            case "key":
                accounts.remove_access_key(unit, made.access_key_id)
        return made

    made = await store.write(work)
    by_token = await store.read(lambda unit: accounts.by_token(unit, made.token))
    by_key = await store.read(lambda unit: accounts.by_access_key(unit, made.access_key_id))
    assert (by_token is None) == (what != "key")
    assert (by_key is None) == (what != "token")


async def test_an_enabled_account_gets_in_again(store: Database, entropy: CountingEntropy) -> None:
    def work(unit: Unit) -> bool:
        accounts.create_account(unit, "physics", entropy)
        made = accounts.issue(unit, accounts.create_user(unit, "physics", "ada", entropy), entropy, None)
        accounts.switch_account(unit, "physics", enabled=False)
        accounts.switch_account(unit, "physics", enabled=True)
        return accounts.by_access_key(unit, made.access_key_id) is not None

    assert await store.write(work)


async def test_nobody_locks_the_cloud(store: Database, first: accounts.Secrets, entropy: CountingEntropy) -> None:
    admin = await store.read(accounts.first_administrator)
    with pytest.raises(Forbidden, match="last administrator"):
        await store.write(lambda unit: accounts.switch_user(unit, admin.id, enabled=False))
    with pytest.raises(Forbidden, match="runs the cloud"):
        await store.write(lambda unit: accounts.switch_account(unit, first.account_id, enabled=False))


async def test_who_owns_the_state_gets_a_new_token(
    store: Database, first: accounts.Secrets, entropy: CountingEntropy
) -> None:
    again = await store.write(lambda unit: accounts.reissue_first(unit, entropy))
    assert again.token != first.token
    assert (again.access_key_id, again.secret_key) == (first.access_key_id, first.secret_key)
    assert await store.read(lambda unit: accounts.by_token(unit, again.token)) is not None


async def test_a_user_has_several_keys_but_not_any_number(store: Database, entropy: CountingEntropy) -> None:
    user = await store.write(lambda unit: accounts.create_user(unit, "ours", "ada", entropy))
    keys = [
        await store.write(lambda unit: accounts.create_access_key(unit, user.id, entropy))
        for _ in range(accounts.MOST_ACCESS_KEYS)
    ]
    assert len({key.id for key in keys}) == accounts.MOST_ACCESS_KEYS
    with pytest.raises(Conflict, match="access keys already"):
        await store.write(lambda unit: accounts.create_access_key(unit, user.id, entropy))


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", "x-", "ä", "a" * 64, "x\n", "[red]"])
async def test_a_name_that_could_be_something_else_is_refused(
    store: Database, entropy: CountingEntropy, name: str
) -> None:
    with pytest.raises(Invalid):
        await store.write(lambda unit: accounts.create_account(unit, name, entropy))


async def test_names_are_taken_once(store: Database, entropy: CountingEntropy) -> None:
    await store.write(lambda unit: accounts.create_user(unit, "ours", "ada", entropy))
    await store.write(lambda unit: accounts.create_user(unit, "theirs", "ada", entropy))
    for refused in (
        lambda unit: accounts.create_user(unit, "ours", "ada", entropy),
        lambda unit: accounts.create_account(unit, "ours", entropy),
    ):
        with pytest.raises(Conflict):
            await store.write(refused)
    with pytest.raises(Missing):
        await store.write(lambda unit: accounts.create_user(unit, "nobody", "ada", entropy))


def test_a_role_that_nobody_knows_is_refused() -> None:
    assert accounts.role_named("") is None
    assert accounts.role_named("viewer") is Role.VIEWER
    with pytest.raises(CloudError, match="viewer, operator, admin"):
        accounts.role_named("root")


async def test_a_user_is_deleted_with_keys_and_tokens_but_never_the_first(
    store: Database, first: accounts.Secrets, entropy: CountingEntropy
) -> None:
    def work(unit: Unit) -> accounts.Secrets:
        user = accounts.create_user(unit, "eucalyptus", "eve", entropy)
        return accounts.issue(unit, user, entropy, Role.OPERATOR)

    made = await store.write(work)
    users = await store.read(lambda unit: {row.name: row.id for row in unit.users.where()})
    await store.write(lambda unit: accounts.delete_user(unit, users["eve"]))
    assert await store.read(lambda unit: accounts.by_access_key(unit, made.access_key_id)) is None
    assert await store.read(lambda unit: accounts.by_token(unit, made.token)) is None
    assert await store.read(lambda unit: unit.tokens.count(user_id=users["eve"])) == 0
    with pytest.raises(Forbidden, match="owner of the state directory"):
        await store.write(lambda unit: accounts.delete_user(unit, users["admin"]))
    with pytest.raises(Missing):
        await store.write(lambda unit: accounts.delete_user(unit, users["eve"]))


async def test_who_holds_the_only_tokens_of_an_administrator_stays(
    store: Database, first: accounts.Secrets, entropy: CountingEntropy
) -> None:
    def work(unit: Unit) -> str:
        other = accounts.create_user(unit, "eucalyptus", "other", entropy, admin=True)
        accounts.issue(unit, other, entropy, Role.ADMIN)
        for token in unit.tokens.where(user_id=accounts.find_user(unit, "eucalyptus", "admin").id):
            tokens.revoke(unit, token.id)
        return other.id

    other = await store.write(work)
    with pytest.raises(Forbidden, match="only tokens with the role admin"):
        await store.write(lambda unit: accounts.delete_user(unit, other))
