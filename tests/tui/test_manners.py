"""Manners of the console: views, copying, files, palette, help, themes, keys; a person's files lie in a folder."""

import csv
import json
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList

from app.tui.home import Home, at_home
from app.tui.memory import Memory
from app.tui.session import Ways
from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.views import a_host, an_instance

pytestmark = pytest.mark.tui
WEB1 = an_instance(1).id


def a_home(folder: Path) -> Home:
    return at_home({"XDG_CONFIG_HOME": str(folder)})


def settings(folder: Path, text: str) -> Home:
    (folder / "eucalyptus").mkdir(exist_ok=True)
    (folder / "eucalyptus" / "console.toml").write_text(text)
    return a_home(folder)


def rows(console: Console) -> list[str]:
    return [line for line in console.text().splitlines() if "i-0000" in line]


# --- views


async def test_a_saved_view_brings_back_columns_order_sorting_and_filter(tmp_path: Path) -> None:
    async with a_console(FakeCloud(), home=a_home(tmp_path)) as console:
        await console.press("3", "slash", *"web", "enter")
        await console.press("C", "down", "J", "down", "space", "down", "space", "enter")  # name below state, two less
        await console.press("s", "s", "S", "v", "s")
        await console.shows("Save this view")
        await console.type("morning")
        await console.press("enter")
        await console.shows("view: morning")
    async with a_console(FakeCloud(), home=a_home(tmp_path)) as console:
        await console.press("3")
        await console.shows("view: morning", "filter: web", "STATE▼")
        header = next(line for line in console.text().splitlines() if "INSTANCE" in line)
        assert header.split()[:2] == ["INSTANCE", "STATE▼"]
        await console.press("v", "0")
        await console.hides("view: morning")
        await console.shows("HOST")
    kept = tmp_path / "eucalyptus" / "console.json"
    assert kept.stat().st_mode & 0o777 == 0o600


async def test_a_view_with_a_column_of_another_release_says_so_and_shows_the_rest(tmp_path: Path) -> None:
    (tmp_path / "eucalyptus").mkdir()
    view = {"name": "old", "columns": ["id", "gone", "name"], "sort": ["-lost", "-name"], "filter": "gone:1"}
    kept = {"views": {"instances": [view]}, "chosen": {"instances": "old"}}
    (tmp_path / "eucalyptus" / "console.json").write_text(json.dumps(kept))
    async with a_console(FakeCloud(), home=a_home(tmp_path)) as console:
        await console.press("3")
        await console.shows("no column gone, lost", "NAME▼")
        assert "web5" in rows(console)[0]


async def test_a_view_is_deleted(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    async with a_console(FakeCloud(), home=home) as console:
        await console.press("3", "v", "s")
        await console.shows("Save this view")
        await console.type("short")
        await console.press("enter")
        await console.shows("view: short")
        await console.press("v", "d")
        await console.shows("Delete which view?")
        await console.press("enter")
        await console.shows("view short is deleted")
    assert home.memory.views("instances") == []


def test_a_file_that_can_not_be_read_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "console.json"
    path.write_text("{ my views")
    memory = Memory(path)
    memory.set_theme("nord")
    assert "nothing is kept" in memory.why_not
    assert path.read_text() == "{ my views"


def test_two_consoles_do_not_forget_each_others_views(tmp_path: Path) -> None:
    path = tmp_path / "console.json"
    one, other = Memory(path), Memory(path)
    one.set_theme("nord")
    other.note_filter("hosts", "web")
    assert (Memory(path).theme, Memory(path).filters("hosts")) == ("nord", ["web"])


async def test_rows_that_are_alike_are_sorted_by_a_second_column() -> None:
    cloud = FakeCloud()
    cloud.instances[WEB1] = an_instance(1, name="web1", state="stopped")
    async with a_console(cloud) as console:
        await console.press("3", *"sss")
        await console.shows("STATE▲")
        await console.press(*[","] * 4)
        await console.shows("NAME▽")
        assert [line.split("web")[1][0] for line in rows(console)] == list("54321")
        await console.press("S")
        await console.shows("STATE▼")
        assert [line.split("web")[1][0] for line in rows(console)] == list("15432")


@pytest.mark.parametrize("key", ["V", "ctrl+@"])
async def test_a_range_is_marked_from_the_last_mark_to_the_cursor(key: str) -> None:
    async with a_console(FakeCloud()) as console:
        await console.press("3", "space", "down", "down", key)
        await console.shows("4 marked")


async def test_a_filter_is_found_again_after_a_restart_and_letters_may_be_left_out(tmp_path: Path) -> None:
    async with a_console(FakeCloud(), home=a_home(tmp_path)) as console:
        await console.press("3", "slash", *"~wb4", "enter")
        await console.shows("1 of 5 instances", "web4")
    async with a_console(FakeCloud(), home=a_home(tmp_path)) as console:
        await console.press("3", "slash", "up", "enter")
        await console.shows("filter: ~wb4", "1 of 5 instances")


# --- copying and files


@pytest.mark.parametrize(
    ("letter", "part"),
    [
        ("i", WEB1),
        ("r", "● running"),
        ("c", "id,reservation_id"),
        ("j", '"state": "running"'),
        ("e", "RESERVATION\tr-"),
    ],
)
async def test_rows_are_copied_in_many_forms(letter: str, part: str) -> None:
    async with a_console(FakeCloud()) as console:
        await console.press("3", "y")
        await console.shows("Copy 1 instance as", "euca2ools records")
        await console.press(letter)
        await console.shows("copied 1 instance")
        assert part in console.app.clipboard


async def test_records_stand_in_the_order_of_euca_describe_instances() -> None:
    cloud = FakeCloud()
    cloud.instances = {WEB1: an_instance(1, name="w", private_ip="172.19.1.2", tags={"Name": "a\tb\x1b[31m"})}
    async with a_console(cloud) as console:
        await console.press("3", "y", "e")
        await console.until(lambda: bool(console.app.clipboard))
        reservation, instance, tag = console.app.clipboard.splitlines()
    assert reservation.split("\t") == ["RESERVATION", "r-00000000000000001", "000000000001", ""]
    assert instance.split("\t")[:10] == [
        *("INSTANCE", WEB1, "emi-0a11beef0a11beef0", "", "172.19.1.2", "running", "ana", "0", "", "m1.small"),
    ]
    assert instance.split("\t")[11:] == ["cc-01", "", "", "", "", "", "172.19.1.2"]
    assert tag.split("\t") == ["TAG", "instance", WEB1, "Name", "a·b·[31m"]


async def test_what_is_shown_is_exported_and_an_old_file_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "instances.csv").write_text("mine")
    async with a_console(FakeCloud()) as console:
        await console.press("3", "slash", *"web3", "enter", "E")
        await console.shows("Export 1 instance")
        console.app.screen.query_one("#entry-name", Input).focus()
        await console.press("enter")
        await console.shows("is there already")
        await console.type("../up")
        await console.press("enter")
        await console.shows("one name without /")
        await console.type("web")
        await console.press("enter")
        await console.shows("written")
    assert (tmp_path / "instances.csv").read_text() == "mine"
    (row,) = csv.DictReader((tmp_path / "web.csv").read_text().splitlines())
    assert (row["id"], row["name"], row["cores"]) == (an_instance(3).id, "web3", "1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["instances.csv", "web.csv"]  # noqa: ASYNC240


# --- palette and help


async def test_the_palette_does_what_keys_do_and_goes_where_names_say() -> None:
    async with a_console(FakeCloud()) as console:
        await console.press("3", "ctrl+p", *"terminate")
        await console.shows("terminate  (t)")
        await console.press("enter")
        await console.shows(f"Terminate {WEB1}?")
        await console.press("escape", "ctrl+p", *"web3")
        await console.shows("Go there.")
        await console.press("down", "enter")
        await console.shows(f"▸ {an_instance(3).id}")


async def test_the_palette_offers_a_viewer_nothing_that_changes_the_cloud() -> None:
    async with a_console(FakeCloud(role="viewer")) as console:
        await console.press("3", "ctrl+p")
        await console.shows("filter  (/)")
        await console.press(*"terminate")
        await console.hides("filter  (/)")
        assert "terminate  (t)" not in console.text()


async def test_names_in_the_palette_are_never_markup() -> None:
    cloud = FakeCloud()
    cloud.instances[WEB1] = an_instance(1, name="[red]evil[/]")
    async with a_console(cloud) as console:
        await console.press("3", "ctrl+p", *"evil")
        await console.shows("[red]evil[/]")


async def test_help_explains_what_has_the_focus_even_while_one_types() -> None:
    async with a_console(FakeCloud(), size=(120, 110)) as console:
        await console.press("3", "question_mark")
        await console.shows("keys of instances", "keys of the list, which has the focus", "pgdn")
        await console.press("escape", "slash", "s", "f1")
        await console.shows("keys of the line, which has the focus", "what was typed before")
        await console.press("escape", "t")
        await console.until(lambda: isinstance(field := console.app.focused, Input) and field.value == "st")


# --- tastes


async def test_a_theme_is_seen_while_choosing_and_kept(tmp_path: Path) -> None:
    async with a_console(FakeCloud(), home=a_home(tmp_path)) as console:
        await console.press("T")
        await console.shows("eucalyptus-light", "nord")
        console.app.screen.query_one(OptionList).highlighted = 1
        await console.until(lambda: console.app.theme == "eucalyptus-light")
        await console.press("escape")
        await console.until(lambda: console.app.theme == "eucalyptus")
        await console.press("T", "down", "enter")
        await console.until(lambda: console.app.theme == "eucalyptus-light")
    async with a_console(FakeCloud(), home=a_home(tmp_path)) as console:
        assert console.app.theme == "eucalyptus-light"


async def test_keys_of_a_persons_own_work_and_are_the_ones_shown(tmp_path: Path) -> None:
    home = settings(tmp_path, '[keys]\n"instances.reboot" = "f5"\n"help" = "ctrl+g"\n')
    async with a_console(FakeCloud(), home=home) as console:
        await console.press("3")
        await console.shows("f5 reboot", "ctrl+g help")
        await console.press("r")
        assert "Reboot" not in console.text()
        await console.press("f5")
        await console.shows(f"Reboot {WEB1}?")


async def test_the_key_that_asks_whether_to_quit_says_yes_whichever_it_is(tmp_path: Path) -> None:
    home = settings(tmp_path, '[keys]\n"quit" = "f10"\n')
    async with a_console(FakeCloud(), Ways(goes_with_us=True), home=home) as console:
        await console.press("f10")
        await console.shows("Quit lab?")
        await console.press("q")
        assert "Quit lab?" in console.text()
        await console.press("f10")
        await console.until(lambda: not console.app.is_running)


async def test_two_actions_may_change_their_keys(tmp_path: Path) -> None:
    home = settings(tmp_path, '[keys]\n"instances.reboot" = "x"\n"instances.stop" = "r"\n')
    async with a_console(FakeCloud(), home=home) as console:
        await console.press("3", "r")
        await console.shows(f"Stop {WEB1}?")
        await console.press("escape", "x")
        await console.shows(f"Reboot {WEB1}?")


async def test_keys_that_can_not_be_had_are_told_and_stay_as_they_were(tmp_path: Path) -> None:
    text = '[keys]\n"instances.reboot" = "t"\n"instances.rebot" = "f5"\n"mark" = "end"\n"sort" = "no such"\n'
    home = settings(tmp_path, f"colour = 1\n{text}")
    async with a_console(FakeCloud(), home=home, size=(120, 130)) as console:
        await console.press("3", "question_mark")
        await console.shows("settings that were not understood")
        await console.shows(
            "instances.reboot can not be t, which is instances.terminate on", "there is no setting colour"
        )
        await console.shows("did you mean instances.reboot?", "can not be end, which moves the cursor", "is no key")
        await console.press("escape", "r")
        await console.shows(f"Reboot {WEB1}?")


async def test_settings_that_make_no_sense_do_not_hinder_the_start(tmp_path: Path) -> None:
    async with a_console(FakeCloud(), home=settings(tmp_path, "theme = [")) as console:
        await console.shows("console.toml is passed over")


async def test_motion_is_left_out_when_asked(tmp_path: Path) -> None:
    async with a_console(FakeCloud(), home=settings(tmp_path, 'animations = "none"\nascii = true\n')) as console:
        assert console.app.animation_level == "none"
        await console.shows("* live")


async def test_in_a_browser_nothing_is_written_where_the_console_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with a_console(FakeCloud(), Ways(in_browser=True)) as console:
        await console.press("3", "E")
        await console.shows("writes no files")
        await console.press("o")
        await console.shows("login:")
        await console.press("S")
        await console.shows("save: a browser's console")
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240


async def test_in_ascii_mode_every_dialog_is_ascii(tmp_path: Path) -> None:
    dialogs = {"y": "Copy 1", "v": "Views of", "C": "Columns", "E": "Export", "T": "Theme", "ctrl+p": "a few letters"}
    async with a_console(FakeCloud(), Ways(ascii_only=True), home=a_home(tmp_path), size=(80, 24)) as console:
        await console.press("3", "comma")
        for key, part in dialogs.items():
            await console.press(key)
            await console.shows(part)
            assert console.text().isascii(), console.text()
            await console.press("escape")
            await console.hides(part)


async def test_the_mouse_is_only_handed_back_where_there_is_a_terminal() -> None:
    async with a_console(FakeCloud(), Ways()) as console:
        await console.press("ctrl+t")
        await console.shows("mouse: not possible here")


async def test_hints_name_the_keys_that_the_person_has(tmp_path: Path) -> None:
    home = settings(tmp_path, '[keys]\n"instances.launch" = "f9"\n"back" = "f12"\n"instances.console" = "f10"\n')
    cloud = FakeCloud()
    cloud.instances.clear()
    async with a_console(cloud, home=home, size=(120, 90)) as console:
        await console.press("3")
        await console.shows("f9 launches instances")
        cloud.change("instance", an_instance(1))
        await console.shows("1 instance")
        await console.press("slash", *"nothing", "enter")
        await console.shows("f12 shows all")
        await console.press("f12", "question_mark")
        await console.shows("f10", "console")


async def test_keys_behind_enter_belong_to_the_place_it_led_to() -> None:
    cloud = FakeCloud()
    cloud.hosts = {"node01": a_host("node01")}
    async with a_console(cloud) as console:
        await console.burst(*":hosts", "enter", "/", *"nod", "enter", "3", ":", *"x", "escape", "2")
        await console.shows("lab ▸ hosts", "filter: nod", "node01")
        assert not console.app.screen.prompting  # type: ignore[attr-defined]
