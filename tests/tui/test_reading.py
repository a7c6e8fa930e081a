"""Reading what a guest wrote, on its output and on its console: held, followed, searched, copied, saved."""

import time
from pathlib import Path

import pytest
from textual.app import App, ComposeResult

from app.api.problems import Problem
from app.tui.session import Ways
from app.tui.widgets.reader import Reader
from app.tui.widgets.terminal import Terminal
from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.fake_guest import FakeGuest
from tests.tui.test_screens import compare
from tests.tui.test_terminal import BOOT, sitting
from tests.tui.views import an_instance

pytestmark = pytest.mark.tui
WEB1 = an_instance(1).id
LINES = b"".join(b"line %d\r\n" % number for number in range(200))


async def test_output_that_is_held_counts_what_comes() -> None:
    cloud = FakeCloud()
    async with a_console(cloud) as console:
        await console.press("3", "o")
        await console.shows("2 lines", "web01 login:", "following")
        await console.press("p")
        await console.shows("held, 0 lines waiting")
        cloud.output_text += "\r\none\r\ntwo"
        await console.shows("held, 2 lines waiting")
        assert "two" not in console.text()
        await console.press("p")
        await console.shows("4 lines", "two")


async def test_output_is_searched_narrowed_and_saved_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cloud = FakeCloud()
    cloud.output_text = "boot\r\nerror one\r\nok\r\nERROR two\r\n\x1b[31mred"
    async with a_console(cloud) as console:
        await console.press("3", "o")
        await console.shows("5 lines")
        await console.press("slash", *"error")
        await console.shows("2 of 2 with error", "boot")
        await console.press("enter", "n")
        await console.shows("1 of 2 with error")
        await console.press("N")
        await console.shows("2 of 2 with error")
        await console.press("f")
        await console.hides("boot")
        await console.press("S")
        await console.shows("saved", f"{WEB1}-")
        await console.press("S")
        await console.until(lambda: "is there already" in console.app.session.doings.said[-1].text)
        await console.press("escape")
        await console.shows("boot")
    (saved,) = tmp_path.iterdir()  # noqa: ASYNC240 - nothing else runs any more
    assert saved.read_bytes().decode() == cloud.output_text
    assert saved.stat().st_mode & 0o077 == 0


async def test_what_can_not_be_saved_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cloud = FakeCloud()
    async with a_console(cloud, Ways(in_browser=True)) as console:
        await console.press("3", "o", "S")
        await console.shows("a browser's console writes no files")
    async with a_console(cloud) as console:
        await console.press("3", "o")
        await console.shows("2 lines")
        cloud.refusals[f"GET /instances/{WEB1}/output"] = Problem(type="x", title="", status=501, detail="keeps none")
        await console.press("S")
        await console.shows("save: keeps none")
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240


async def test_moving_up_holds_the_text_and_escape_follows_again() -> None:
    guest = FakeGuest(may_write=False)
    guest.greeting = LINES
    async with sitting(guest, "viewer") as console:
        await console.shows("line 199")
        await console.hides("held")
        await console.press("pageup")
        await console.shows("held, 0 lines waiting")
        await console.press("home")
        await console.shows("▶ line 0")
        await guest.say(b"more\r\nand more\r\n")
        await console.until(lambda: "held, 2 lines waiting" in console.text())
        assert "and more" not in console.text()
        await console.press("escape")
        await console.shows("and more")
        assert not await ended(console)


async def ended(console: Console) -> bool:
    await console.pilot.pause()
    return "console" not in console.text()


async def test_lines_are_selected_and_copied_as_text_without_escapes() -> None:
    guest = FakeGuest()
    guest.greeting = b"one\r\n\x1b[31mtwo\x1b[0m\x1b]52;c;ZXZpbA==\x07\r\nthree\r\n\x1bPq evil\x1b\\$ "
    async with sitting(guest) as console:
        await console.shows("typing as", "three")
        assert "evil" not in console.text()
        await console.press("ctrl+right_square_bracket")
        await console.shows("nobody is writing")
        await console.press("slash", *"one", "enter", "space", "down", "down")
        await console.shows("3 lines selected")
        await console.press("y")
        await console.shows("copied 3 lines")
        assert console.app.clipboard == "one\ntwo\nthree"
        await console.press("enter")
        await console.shows("typing as ana of 1")


async def test_while_one_types_the_keys_of_reading_are_the_guests() -> None:
    guest = FakeGuest()
    async with sitting(guest) as console:
        await console.shows("typing as ana of 1")
        await console.press("p", "y", "S", "slash", "pageup")
        await console.until(lambda: guest.typed == b"pyS/\x1b[5~")
        assert "held" not in console.text()


async def test_a_held_console_looks_as_it_did() -> None:
    guest = FakeGuest(may_write=False)
    guest.greeting, guest.writer = LINES + BOOT, "otto of 1"
    async with sitting(guest, "viewer") as console:
        await console.shows("otto of 1 is writing", "login:", "live 0.0s")
        await console.press("slash", *"line 19", "enter")
        await console.shows("11 of 11 with line 19")
        compare(console, "console-held-80x24")


async def test_in_ascii_mode_reading_is_ascii_too() -> None:
    guest = FakeGuest()
    guest.greeting = "漢字 é\r\n".encode() + b"x" * 79
    async with sitting(guest, ways=Ways(ascii_only=True)) as console:
        await console.shows("typing as")
        await console.press("ctrl+right_square_bracket")
        await console.shows("nobody is writing")
        await console.press("p", "space", "slash", *"x", "enter")
        await console.shows("1 of 1 with x")
        assert console.text().isascii(), console.text()


class Both(App[None]):
    def compose(self) -> ComposeResult:
        yield Terminal(ascii_only=False)
        yield Reader(ascii_only=False)


async def test_what_left_the_screen_is_kept_in_colour_and_bounded() -> None:
    app = Both()
    async with app.run_test(size=(80, 24)) as pilot:
        terminal, reader = app.query_one(Terminal), app.query_one(Reader)
        for number in range(12_000):
            terminal.guest.write(b"\x1b[32mok\x1b[0m %d\r\n" % number)
        reader.show(terminal.guest.lines_of_all())
        await pilot.pause()
        assert len(terminal.guest.past) == 10_000
        reader.search("ok 11999")
        assert len(reader.matches) == 1
        line = reader.lines[-1]
        assert [text for text, _ in line] == ["ok", " 11999"]
        assert line[0][1].color is not None
        reader.action_move(-1_000_000)
        assert reader.taken()[0].startswith("ok 19")


async def test_a_thousand_lines_a_second_do_not_fill_a_core() -> None:
    app = Both()
    async with app.run_test(size=(160, 48)) as pilot:
        terminal = app.query_one(Terminal)
        began_s, cpu_s = time.monotonic(), time.process_time()
        said = 0
        while (passed_s := time.monotonic() - began_s) < 3:
            while said < passed_s * 1000:
                terminal.feed(
                    b"[%8.3f] systemd[1]: Started \x1b[32mservice\x1b[0m number %d of many\r\n" % (said, said)
                )
                said += 1
            await pilot.pause(0.02)
        share = (time.process_time() - cpu_s) / (time.monotonic() - began_s)
        assert terminal.written > 1000
        assert share < 0.8, share  # about 0.3 on a quiet machine
