"""Accounts: what they have and may have, their users, keys and tokens; secrets are shown once and kept nowhere."""

import pytest
from textual.widgets import Input, Select

from app.api.hanging import TieView
from app.tui.session import Ways
from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.holdings import a_full_cloud, a_token, a_user, an_account

pytestmark = pytest.mark.tui
ANA, LEO = a_user(1).id, a_user(2).id
KEY = a_user(1).access_keys[0]


async def listed(console: Console, part: str = "3 accounts") -> None:
    await console.press("colon", *"accounts", "enter")
    await console.shows(part)


async def opened(console: Console) -> None:
    await console.press("colon", *"accounts name=eucalyptus", "enter")
    await console.shows("1 of 3 accounts")
    await console.press("enter")
    await console.shows("▸ eucalyptus", "nightly report" if console.app.size.width > 100 else "tok-", "has")


async def on(console: Console, given: str) -> None:
    """Put the cursor on a user, a key or a token."""
    grid = console.app.screen.query_one("Grid")
    for _ in range(12):
        if getattr(grid, "cursor_id", None) == given:
            return
        await console.press("down")
    raise AssertionError(f"{given} is not listed\n{console.text()}")


async def test_what_an_account_has_is_kept_when_the_stream_tells_of_it_without() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await listed(console)
        await console.shows("3/3")
        cloud.change("account", an_account(2, name="renamed", usage=None))
        await console.shows("renamed", "3/3")
        await console.press("z")
        await console.shows("1 of 3 accounts", "renamed")


async def test_an_account_is_disabled_after_its_users_were_named() -> None:
    cloud = a_full_cloud()
    physics = an_account(2).id
    cloud.parts.ties[physics] = [TieView(kind="user", id="leo", fate="stops working", detail="")]
    async with a_console(cloud) as console:
        await console.press("colon", *"accounts name=physics", "enter")
        await console.shows("1 of 3 accounts")
        await console.press("d")
        await console.shows("Disable physics?", "leo  – stops working", "euca account disable physics")
        await console.press("tab", "enter")
        await console.shows("physics: disabled")
    assert f"POST /accounts/{physics}/disable" in cloud.asked
    assert cloud.confirmed == ['"v1"']


async def test_an_account_is_made() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await listed(console)
        await console.press("n")
        await console.shows("Make an account")
        await console.type("made")
        await console.press("enter")
        await console.shows("made is made", "4 accounts")


async def test_the_secrets_of_a_new_user_are_shown_once() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await opened(console)
        await console.press("n")
        await console.shows("Make a user in eucalyptus")
        await console.type("eve")
        console.app.screen.query_one("#entry-role", Select).value = "viewer"
        await console.press("ctrl+s")
        await console.shows("AWS_SECRET_ACCESS_KEY=s3cr3t", "EUCA_TOKEN=euca_secret", "shown this once")
        await console.press("enter", "y")
        assert "export AWS_SECRET_ACCESS_KEY=s3cr3t\n" in console.app.clipboard
        await console.press("escape")
        await console.hides("s3cr3t")
        assert not any("s3cr3t" in said.text for said in console.app.session.doings.said)
    assert {"account": "000000000001", "name": "eve", "role": "viewer"} in cloud.bodies


async def test_a_key_is_made_for_the_user_under_the_cursor_and_deleted() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await opened(console)
        await on(console, KEY)
        await console.press("k")
        await console.shows("s3cr3t")
        await console.press("escape", "X")
        await console.shows(f"Remove {KEY}?", "euca user remove-key", "refused at once")
        console.app.screen.query_one("#typed", Input).value = KEY
        await console.press("enter")
        await console.shows(f"access key {KEY} is gone")
    assert f"POST /users/{ANA}/access-keys" in cloud.asked
    assert f"DELETE /users/access-keys/{KEY}" in cloud.asked


async def test_a_token_is_revoked() -> None:
    cloud = a_full_cloud()
    token = a_token(1).id
    async with a_console(cloud) as console:
        await opened(console)
        await on(console, token)
        await console.press("X")
        await console.shows(f"Remove {token}?", f"euca token revoke {token}")
        console.app.screen.query_one("#typed", Input).value = token
        await console.press("enter")
        await console.shows(f"token {token} is gone")
    assert f"DELETE /tokens/{token}" in cloud.asked
    assert cloud.commands == [f"euca token revoke {token}"]


async def test_a_user_is_disabled_and_deleted_after_what_they_hold_was_named() -> None:
    cloud = a_full_cloud()
    cloud.parts.ties[LEO] = [TieView(kind="access key", id="AKIA7", fate="stops working", detail="")]
    async with a_console(cloud) as console:
        await opened(console)
        await on(console, LEO)
        await console.press("d")
        await console.shows("Disable leo?", "AKIA7  – stops working", "euca user disable leo")
        await console.press("tab", "enter")
        await console.shows("leo is disabled")
        await console.press("b")
        await console.shows("leo is enabled")
        await console.press("X")
        await console.shows("Remove leo?", "AKIA7  – stops working", "euca user delete leo")
        console.app.screen.query_one("#typed", Input).value = "leo"
        await console.press("enter")
        await console.shows("user leo is gone")
    assert f"DELETE /users/{LEO}" in cloud.asked
    assert cloud.confirmed == ['"v1"', '"v1"']


async def test_a_quota_is_set_and_undone() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await opened(console)
        await console.press("t")
        await console.shows("Quota of eucalyptus")
        console.app.screen.query_one("#entry-most", Input).value = "some"
        await console.press("ctrl+s")
        await console.shows("At most: a number")
        console.app.screen.query_one("#entry-most", Input).value = "20"
        await console.press("ctrl+s")
        await console.shows("instances 20 at most; u undoes it", "instances 3/20")
        await console.press("u")
        await console.shows("undone")
    assert cloud.commands[0] == "euca quota set 000000000001 instances 20"


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_who_is_no_administrator_only_looks(role: str) -> None:
    cloud = a_full_cloud()
    cloud.role = role
    async with a_console(cloud, Ways()) as console:
        await opened(console)
        await console.press("n", "k", "t", "X", "d")
        await console.hides("Make a user")
    assert not any(one.startswith(("DELETE", "POST", "PUT")) for one in cloud.asked)


async def test_an_account_that_can_not_be_had_is_not_made_up() -> None:
    cloud: FakeCloud = a_full_cloud()
    async with a_console(cloud, size=(80, 24)) as console:
        await opened(console)
        cloud.fall()
        await console.shows("lost 00:00", "eucalyptus")
        await console.press("n")
        await console.shows("not possible")
