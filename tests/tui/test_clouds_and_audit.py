"""Several clouds in one console, and the audit. Every cloud is one in memory; contexts are a real file."""

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import TextArea

from app.api.problems import Problem
from app.client.contexts import Context, Contexts, save
from app.client.http import Cloud
from app.tui.home import Home, at_home
from app.tui.session import Ways
from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.views import an_entry, an_instance

pytestmark = pytest.mark.tui
WEB1 = an_instance(1).id
TOKEN = "s3cret-token"


def a_home(folder: Path, clouds: dict[str, FakeCloud], *, read_only: str = "") -> Home:
    """Write a contexts file; the clouds answer by their names."""
    known = {
        name: Context(name=name, url=f"http://{name}.example", token=TOKEN, read_only=name == read_only)
        for name in clouds
    }
    (folder / "eucalyptus").mkdir(exist_ok=True)
    save(folder / "eucalyptus" / "contexts.toml", Contexts(current="", clouds=known))

    def opened(context: Context) -> Cloud:
        return Cloud(context.url, context.token, transport=clouds[context.name].transport())

    return replace(at_home({"XDG_CONFIG_HOME": str(folder)}), open=opened)


def edge_and_prod() -> dict[str, FakeCloud]:
    edge, prod = FakeCloud(role="admin"), FakeCloud(role="viewer")
    edge.instances = {view.id: view for view in [an_instance(7, name="edgy")]}
    edge.name = "edge-cloud"
    prod.down = True
    return {"edge": edge, "prod": prod}


async def go(console: Console, *keys: str) -> None:
    await console.press("9", *keys)


async def test_clouds_are_listed_with_role_mode_and_whether_they_answer(tmp_path: Path) -> None:
    clouds = edge_and_prod()
    async with a_console(FakeCloud(role="operator"), home=a_home(tmp_path, clouds, read_only="prod")) as console:
        await go(console)
        await console.shows("3 clouds", "here", "operator", "● there", "○ unreachable", "read-only", "nobody lis")
        await console.shows("admin")
        assert TOKEN not in console.text()
        clouds["edge"].refusals["GET /me"] = Problem(type="token", title="", status=401, detail="The token is unknown")
        await go(console)
        await console.press("1", "9")
        await console.shows("✕ not allowed", "The token")


async def test_clouds_are_listed_without_any_connection(tmp_path: Path) -> None:
    first = FakeCloud()
    first.down = True
    async with a_console(first, home=a_home(tmp_path, edge_and_prod())) as console:
        await console.press("colon", *"clouds", "enter")
        await console.shows("3 clouds", "● there", "○ unreachable", "No connection yet")


async def test_the_whole_console_goes_to_another_cloud_and_back(tmp_path: Path) -> None:
    first, clouds = FakeCloud(), edge_and_prod()
    async with a_console(first, home=a_home(tmp_path, clouds)) as console:
        await console.press("3")
        await console.shows("5 instances")
        await go(console, "slash", *"edge", "enter")
        await console.shows("1 of 3 clouds", "there")
        await console.press("enter")
        await console.shows("edge-cloud ▸ overview", "1 running")
        await console.press("3")
        await console.shows("1 instance", "edgy")
        first.change("instance", an_instance(1, name="late"))
        clouds["edge"].change("instance", an_instance(7, name="renamed"))
        await console.shows("renamed")
        assert "late" not in console.text()
        assert first.listeners == 0
        await console.press("t")
        await console.shows("Terminate")
        await console.type(an_instance(7).id)
        await console.press("enter")
        await console.shows("shutting-down")
    assert first.bodies == []
    assert len(clouds["edge"].bodies) == 1


async def test_drafts_of_rules_stay_with_their_cloud_and_are_asked_about_from_another(tmp_path: Path) -> None:
    async with a_console(FakeCloud(), home=a_home(tmp_path, edge_and_prod())) as console:
        await console.press("6", "enter")
        await console.until(lambda: isinstance(console.app.focused, TextArea))
        await console.press("x")
        draft = next(iter(console.app.session.drafts))
        await console.press("ctrl+p", *"cloud edge", "enter")
        await console.shows("edge-cloud ▸")
        assert console.app.session.drafts == {}
        await console.press("q")
        await console.shows("What is not saved is lost.", f"draft of {draft} at http://127.0.0.1:1")


async def test_a_cloud_that_is_down_can_be_left_for_one_that_is_not(tmp_path: Path) -> None:
    first = FakeCloud()
    async with a_console(first, home=a_home(tmp_path, edge_and_prod())) as console:
        first.fall()
        await console.shows("Connection lost")
        await console.press("ctrl+p", *"cloud edge")
        await console.shows("Show it.")
        await console.press("down", "enter")
        await console.shows("edge-cloud ▸ overview", "● live")
        await console.hides("Connection lost")


async def test_a_context_that_is_read_only_is_so_and_no_other(tmp_path: Path) -> None:
    clouds = edge_and_prod()
    clouds["prod"].down, clouds["prod"].role = False, "admin"
    async with a_console(FakeCloud(), home=a_home(tmp_path, clouds, read_only="prod")) as console:
        await go(console, "slash", *"prod", "enter", "enter")
        await console.shows("overview", "admin · read-only")
        await console.press("3")
        await console.shows("5 instances")
        assert "terminate" not in console.text()
        await go(console, "slash", *"edge", "enter", "enter")
        await console.shows("edge-cloud ▸ overview", "admin · read-write")


async def test_read_only_asked_for_at_the_start_holds_in_every_cloud(tmp_path: Path) -> None:
    async with a_console(FakeCloud(), Ways(read_only=True), home=a_home(tmp_path, edge_and_prod())) as console:
        await go(console, "slash", *"edge", "enter", "enter")
        await console.shows("edge-cloud ▸ overview", "admin · read-only")


async def test_contexts_that_others_may_read_are_not_used_and_that_is_said(tmp_path: Path) -> None:
    home = a_home(tmp_path, edge_and_prod())
    (tmp_path / "eucalyptus" / "contexts.toml").chmod(0o644)
    async with a_console(FakeCloud(), home=home) as console:
        await go(console)
        await console.shows("1 cloud", "others may read", "chmod 600")


async def test_a_token_that_ran_out_says_how_to_log_in_again(tmp_path: Path) -> None:
    cloud = FakeCloud()
    async with a_console(cloud, home=a_home(tmp_path, {})) as console:
        cloud.refusals["GET /me"] = Problem(type="token", title="", status=401, detail="The token has expired")
        cloud.refusals["GET /overview"] = cloud.refusals["GET /me"]
        cloud.fall()
        cloud.rise()
        await console.shows("Not allowed: The token has expired", "euca credentials", "contexts.toml", ":clouds")


# --- audit


def an_audited_cloud() -> FakeCloud:
    cloud = FakeCloud()
    cloud.audit = [
        an_entry(1, "DrainHost", "node03"),
        an_entry(2, "TerminateInstances", f"{WEB1}, i-2", outcome="refused", detail="not [b]yours[/b]", who="1/leo"),
    ]
    return cloud


async def test_the_audit_says_who_did_what_from_where_and_as_which_command() -> None:
    async with a_console(an_audited_cloud(), size=(240, 30)) as console:
        await console.press("8")
        await console.shows("2 entries", "ana", "DrainHost", "10.0.7.3", "euca host drain node03")
        await console.shows("✕ refused", "not [b]yours[/b]", "aws ec2 terminate-instances --instance-ids")
        lines = [line for line in console.text().splitlines() if "10.0.7.3" in line]
        assert ["leo" in lines[0], "ana" in lines[1]] == [True, True]


async def test_the_audit_is_filtered_and_new_entries_come_by_themselves() -> None:
    cloud = an_audited_cloud()
    async with a_console(cloud) as console:
        await console.press("8", "slash", *"who:ana", "enter")
        await console.shows("1 of 2 entries")
        cloud.audit.append(an_entry(3, "WakeHost", "node09"))
        await console.shows("2 of 3 entries", "WakeHost")
        await console.press("up", "enter")
        await console.shows("Entry 3 of the audit", "euca host wake node09", "hash")
        await console.press("escape")
        await console.hides("Entry 3")
